//! Bounded backtracking for the few expressions no automaton can run: look-around, back
//! references, atomic groups.
//!
//! Every step is counted; at the limit the search stops and says so. Memory is bounded by
//! the same count.

use super::{
    byteset::ByteSet,
    syntax::{Assertion, Node},
};

#[derive(Clone, Debug)]
enum Op {
    Set(ByteSet),
    Assert(Assertion),
    /// Tries the first target, then the second.
    Split(usize, usize),
    Jump(usize),
    Save(usize),
    /// Remembers where an iteration of an unbounded loop began.
    Mark(usize),
    /// Leaves the loop when the iteration consumed nothing.
    Progress(usize),
    Look {
        program: usize,
        ahead: bool,
        negated: bool,
        lengths: Vec<usize>,
    },
    Atomic(usize),
    Backreference(usize, bool),
    Match,
}

/// A compiled expression.
#[derive(Clone, Debug)]
pub(crate) struct Backtracker {
    programs: Vec<Vec<Op>>,
    slots: usize,
    marks: usize,
    first: Option<ByteSet>,
}

/// The step limit was reached before the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LimitReached;

/// Instructions in one expression, to keep counted repetitions in check.
const MAX_OPS: usize = 200_000;

impl Backtracker {
    /// `Err` with words for the author when the expression cannot be compiled.
    pub(crate) fn new(node: &Node, groups: u32) -> Result<Self, String> {
        let slots = (groups as usize + 1) * 2;
        let mut compiler = Compiler { programs: vec![Vec::new()], marks: 0, size: 0 };
        compiler.emit(0, Op::Save(0))?;
        compiler.node(0, node)?;
        compiler.emit(0, Op::Save(1))?;
        compiler.emit(0, Op::Match)?;
        Ok(Self {
            programs: compiler.programs,
            slots,
            marks: compiler.marks,
            first: first_bytes(node),
        })
    }

    /// Leftmost match from byte `from` on; the slots hold start and end of every group.
    /// Every step is taken from `steps`.
    pub(crate) fn search(
        &self,
        text: &[u8],
        from: usize,
        steps: &mut u64,
    ) -> Result<Option<Vec<Option<usize>>>, LimitReached> {
        let mut run = Run {
            machine: self,
            text,
            steps,
            slots: vec![None; self.slots],
            marks: vec![usize::MAX; self.marks],
        };
        for start in from..=text.len() {
            if let Some(first) = self.first
                && !text.get(start).is_some_and(|&byte| first.contains(byte))
            {
                continue;
            }
            if run.run(0, start)?.is_some() {
                return Ok(Some(run.slots));
            }
            run.slots.fill(None);
        }
        Ok(None)
    }
}

struct Compiler {
    programs: Vec<Vec<Op>>,
    marks: usize,
    size: usize,
}

impl Compiler {
    fn emit(&mut self, program: usize, op: Op) -> Result<usize, String> {
        self.size += 1;
        if self.size > MAX_OPS {
            return Err("the expression is too large".into());
        }
        let ops = &mut self.programs[program];
        ops.push(op);
        Ok(ops.len() - 1)
    }

    fn next(&self, program: usize) -> usize {
        self.programs[program].len()
    }

    fn node(&mut self, p: usize, node: &Node) -> Result<(), String> {
        match node {
            Node::Empty => {}
            Node::Class(set) => {
                self.emit(p, Op::Set(*set))?;
            }
            Node::Assert(assertion) => {
                self.emit(p, Op::Assert(*assertion))?;
            }
            Node::Concat(nodes) => {
                for node in nodes {
                    self.node(p, node)?;
                }
            }
            Node::Alternate(nodes) => {
                let mut ends = Vec::new();
                for (index, node) in nodes.iter().enumerate() {
                    if index + 1 == nodes.len() {
                        self.node(p, node)?;
                        break;
                    }
                    let split = self.emit(p, Op::Match)?;
                    self.node(p, node)?;
                    ends.push(self.emit(p, Op::Match)?);
                    let next = self.next(p);
                    self.programs[p][split] = Op::Split(split + 1, next);
                }
                let end = self.next(p);
                for jump in ends {
                    self.programs[p][jump] = Op::Jump(end);
                }
            }
            Node::Capture(group, node) => {
                let slot = *group as usize * 2;
                self.emit(p, Op::Save(slot))?;
                self.node(p, node)?;
                self.emit(p, Op::Save(slot + 1))?;
            }
            Node::Repeat { node, min, max, greedy, possessive } => {
                if *possessive {
                    let inner = Node::Repeat {
                        node: node.clone(),
                        min: *min,
                        max: *max,
                        greedy: true,
                        possessive: false,
                    };
                    let program = self.program(&inner)?;
                    self.emit(p, Op::Atomic(program))?;
                } else {
                    self.repeat(p, node, *min, *max, *greedy)?;
                }
            }
            Node::Look { ahead, negated, node } => {
                let lengths = if *ahead {
                    Vec::new()
                } else {
                    lengths(node).ok_or("a look-behind needs alternatives of fixed length")?
                };
                let program = self.program(node)?;
                self.emit(p, Op::Look { program, ahead: *ahead, negated: *negated, lengths })?;
            }
            Node::Atomic(node) => {
                let program = self.program(node)?;
                self.emit(p, Op::Atomic(program))?;
            }
            Node::Backreference { group, caseless } => {
                self.emit(p, Op::Backreference(*group as usize, *caseless))?;
            }
        }
        Ok(())
    }

    fn program(&mut self, node: &Node) -> Result<usize, String> {
        self.programs.push(Vec::new());
        let program = self.programs.len() - 1;
        self.node(program, node)?;
        self.emit(program, Op::Match)?;
        Ok(program)
    }

    fn repeat(
        &mut self,
        p: usize,
        node: &Node,
        min: u32,
        max: Option<u32>,
        greedy: bool,
    ) -> Result<(), String> {
        for _ in 0..min {
            self.node(p, node)?;
        }
        let order = |body: usize, exit: usize| {
            if greedy { Op::Split(body, exit) } else { Op::Split(exit, body) }
        };
        match max {
            None => {
                let mark = self.marks;
                self.marks += 1;
                let split = self.emit(p, Op::Match)?;
                self.emit(p, Op::Mark(mark))?;
                self.node(p, node)?;
                self.emit(p, Op::Progress(mark))?;
                self.emit(p, Op::Jump(split))?;
                let exit = self.next(p);
                self.programs[p][split] = order(split + 1, exit);
            }
            Some(max) => {
                let mut splits = Vec::new();
                for _ in min..max {
                    splits.push(self.emit(p, Op::Match)?);
                    self.node(p, node)?;
                }
                let exit = self.next(p);
                for split in splits {
                    self.programs[p][split] = order(split + 1, exit);
                }
            }
        }
        Ok(())
    }
}

enum Undo {
    Branch(usize, usize),
    Slot(usize, Option<usize>),
    Mark(usize, usize),
}

struct Run<'a> {
    machine: &'a Backtracker,
    text: &'a [u8],
    steps: &'a mut u64,
    slots: Vec<Option<usize>>,
    marks: Vec<usize>,
}

impl Run<'_> {
    fn charge(&mut self, steps: u64) -> Result<(), LimitReached> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                *self.steps = left;
                Ok(())
            }
            None => {
                *self.steps = 0;
                Err(LimitReached)
            }
        }
    }

    /// Runs one program from `at`; the position after its match. On a match the captures
    /// stay set, otherwise everything is as before.
    fn run(&mut self, program: usize, at: usize) -> Result<Option<usize>, LimitReached> {
        let ops = &self.machine.programs[program];
        let mut stack: Vec<Undo> = Vec::new();
        let (mut pc, mut at) = (0, at);
        loop {
            self.charge(1)?;
            let go_on = match &ops[pc] {
                Op::Match => return Ok(Some(at)),
                Op::Set(set) => {
                    let hit = self.text.get(at).is_some_and(|&byte| set.contains(byte));
                    at += usize::from(hit);
                    hit
                }
                Op::Assert(assertion) => holds(*assertion, self.text, at),
                Op::Split(first, second) => {
                    stack.push(Undo::Branch(*second, at));
                    pc = *first;
                    continue;
                }
                Op::Jump(to) => {
                    pc = *to;
                    continue;
                }
                Op::Save(slot) => {
                    stack.push(Undo::Slot(*slot, self.slots[*slot]));
                    self.slots[*slot] = Some(at);
                    true
                }
                Op::Mark(mark) => {
                    stack.push(Undo::Mark(*mark, self.marks[*mark]));
                    self.marks[*mark] = at;
                    true
                }
                Op::Progress(mark) => {
                    if self.marks[*mark] == at {
                        // Skip the jump back: the loop is left.
                        pc += 1;
                    }
                    true
                }
                Op::Look { program, ahead, negated, lengths } => {
                    let before = self.slots.clone();
                    self.charge(before.len() as u64 / 8)?;
                    let hit = if *ahead {
                        self.run(*program, at)?.is_some()
                    } else {
                        self.behind(*program, lengths, at)?
                    };
                    if *negated || !hit {
                        self.slots.clone_from(&before);
                    }
                    self.record(&before, &mut stack);
                    hit != *negated
                }
                Op::Atomic(program) => {
                    let before = self.slots.clone();
                    let end = self.run(*program, at)?;
                    self.record(&before, &mut stack);
                    at = end.unwrap_or(at);
                    end.is_some()
                }
                Op::Backreference(group, caseless) => match self.referenced(*group) {
                    Some(wanted) => {
                        let hit = self.text.get(at..at + wanted.len()).is_some_and(|found| {
                            if *caseless {
                                found.eq_ignore_ascii_case(wanted)
                            } else {
                                found == wanted
                            }
                        });
                        let length = wanted.len();
                        at += if hit { length } else { 0 };
                        self.charge(length as u64 / 8)?;
                        hit
                    }
                    None => false,
                },
            };
            if go_on {
                pc += 1;
                continue;
            }
            loop {
                match stack.pop() {
                    None => return Ok(None),
                    Some(Undo::Slot(slot, old)) => self.slots[slot] = old,
                    Some(Undo::Mark(mark, old)) => self.marks[mark] = old,
                    Some(Undo::Branch(to, position)) => {
                        pc = to;
                        at = position;
                        break;
                    }
                }
            }
        }
    }

    /// Makes captures set by a sub-program undone when the search backs out of it.
    fn record(&self, before: &[Option<usize>], stack: &mut Vec<Undo>) {
        for (slot, old) in before.iter().enumerate() {
            if self.slots[slot] != *old {
                stack.push(Undo::Slot(slot, *old));
            }
        }
    }

    fn referenced(&self, group: usize) -> Option<&[u8]> {
        let start = (*self.slots.get(group * 2)?)?;
        let end = (*self.slots.get(group * 2 + 1)?)?;
        self.text.get(start..end)
    }

    fn behind(
        &mut self,
        program: usize,
        lengths: &[usize],
        at: usize,
    ) -> Result<bool, LimitReached> {
        for &length in lengths {
            if let Some(start) = at.checked_sub(length)
                && self.run(program, start)? == Some(at)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn holds(assertion: Assertion, text: &[u8], at: usize) -> bool {
    let word = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let boundary = || word(at.checked_sub(1).and_then(|i| text.get(i))) != word(text.get(at));
    match assertion {
        Assertion::Start => at == 0,
        Assertion::End => at == text.len(),
        Assertion::FinalLineEnd => at == text.len() || (at + 1 == text.len() && text[at] == b'\n'),
        Assertion::LineStart => at == 0 || (at < text.len() && text[at - 1] == b'\n'),
        Assertion::LineEnd => at == text.len() || text[at] == b'\n',
        Assertion::WordBoundary => boundary(),
        Assertion::NotWordBoundary => !boundary(),
    }
}

/// The lengths an expression can match, where they are few and finite; descending.
fn lengths(node: &Node) -> Option<Vec<usize>> {
    const MOST: usize = 256;
    let mut found = match node {
        Node::Empty | Node::Assert(_) | Node::Look { .. } => vec![0],
        Node::Class(_) => vec![1],
        Node::Capture(_, node) | Node::Atomic(node) => lengths(node)?,
        Node::Alternate(nodes) => {
            let mut all = Vec::new();
            for node in nodes {
                all.extend(lengths(node)?);
            }
            all
        }
        Node::Concat(nodes) => {
            let mut sums = vec![0];
            for node in nodes {
                let more = lengths(node)?;
                sums = sums.iter().flat_map(|sum| more.iter().map(move |m| sum + m)).collect();
                sums.sort_unstable();
                sums.dedup();
                if sums.len() > MOST {
                    return None;
                }
            }
            sums
        }
        Node::Repeat { node, min, max, .. } => {
            let max = (*max)?;
            let one = lengths(node)?;
            let &[one] = one.as_slice() else {
                return None;
            };
            (*min..=max).map(|count| count as usize * one).collect()
        }
        Node::Backreference { .. } => return None,
    };
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.dedup();
    (found.len() <= MOST).then_some(found)
}

/// The bytes a match can begin with; `None` when it can be empty or begin with anything.
fn first_bytes(node: &Node) -> Option<ByteSet> {
    let set = match node {
        Node::Class(set) => *set,
        Node::Capture(_, node) | Node::Atomic(node) => first_bytes(node)?,
        Node::Alternate(nodes) => {
            let mut set = ByteSet::EMPTY;
            for node in nodes {
                set = set.union(first_bytes(node)?);
            }
            set
        }
        Node::Concat(nodes) => {
            let first = nodes
                .iter()
                .find(|node| !matches!(node, Node::Assert(_) | Node::Look { .. } | Node::Empty))?;
            first_bytes(first)?
        }
        Node::Repeat { node, min, .. } if *min > 0 => first_bytes(node)?,
        _ => return None,
    };
    Some(set)
}
