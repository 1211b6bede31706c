//! Location paths: the part of XPath 1.0 that rules use.

use std::collections::HashMap;

use super::Document;

/// A path like `/*`, `//@*`, `/a/b`, `//b/@c`, `/a//text()`, `/a/b[@c='d'][1]` or
/// `//*[local-name()='e']`.
///
/// Prefixes are not resolved: a step with a prefix matches names with that local part.
/// Predicates are a position, `text()`, an attribute, either of them compared with a text,
/// or `local-name()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
    target: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    /// After `//`: any number of elements may stand between.
    anywhere: bool,
    name: Name,
    predicates: Vec<Predicate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Predicate {
    /// The element is the n-th of its siblings that the step selects.
    Position(u32),
    /// It has text of its own: any, or this.
    Text(Option<Vec<u8>>),
    /// It has the attribute, with any value or this one.
    Attribute(Name, Option<Vec<u8>>),
    /// Its name without prefix.
    LocalName(Vec<u8>),
}

/// `None` is `*`.
type Name = Option<Vec<u8>>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Element,
    Attribute { anywhere: bool, name: Name },
    Text { anywhere: bool },
}

impl Path {
    /// Reads a path; `None` when it says more than this understands.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        loop {
            let after = rest.strip_prefix('/')?;
            let (anywhere, after) = match after.strip_prefix('/') {
                Some(after) => (true, after),
                None => (false, after),
            };
            let (step, next) = after.split_at(step_end(after));
            let last = next.is_empty();
            if let Some(attribute) = step.strip_prefix('@') {
                let target = Target::Attribute { anywhere, name: name(attribute)? };
                return last.then_some(Self { steps, target });
            }
            if step == "text()" {
                return last.then_some(Self { steps, target: Target::Text { anywhere } });
            }
            let (step, predicates) = step.split_at(step.find('[').unwrap_or(step.len()));
            let predicates = parse_predicates(predicates)?;
            steps.push(Step { anywhere, name: name(step)?, predicates });
            if last {
                return Some(Self { steps, target: Target::Element });
            }
            rest = next;
        }
    }

    pub(super) fn select<'d>(&self, document: &'d Document) -> Vec<&'d [u8]> {
        // A bit for each prefix of the steps that an element's path matches; elements
        // stand in document order, so that parents precede children.
        let mut holding = Holding::new(self, document);
        let mut matched: Vec<u64> = Vec::with_capacity(document.elements.len());
        let full = 1_u64 << self.steps.len().min(63);
        for (index, element) in document.elements.iter().enumerate() {
            let root = element.parent as usize == index;
            let above =
                if root { Above::ROOT } else { Above::of(matched[element.parent as usize]) };
            let mut bits = 0;
            for (number, step) in self.steps.iter().enumerate().take(62) {
                let reachable = if step.anywhere { above.any } else { above.direct };
                if reachable & 1 << number != 0
                    && matches_name(&step.name, document.names.get(element.name))
                    && holding.all(number, step, index, element.parent, document)
                {
                    bits |= 1_u64 << (number + 1);
                }
            }
            // The upper half remembers what any ancestor matched.
            let ancestors = above.any;
            matched.push(Above::pack(bits, ancestors | bits));
        }
        let direct = |element: u32| Above::of(matched[element as usize]).direct & full != 0;
        let any = |element: u32| Above::of(matched[element as usize]).any & full != 0;
        let within = |element: u32, anywhere: bool| {
            if self.steps.is_empty() {
                return anywhere;
            }
            if anywhere { any(element) } else { direct(element) }
        };
        match &self.target {
            Target::Element => document
                .elements
                .iter()
                .enumerate()
                .filter(|(index, _)| u32::try_from(*index).is_ok_and(direct))
                .map(|(_, element)| document.text_of(element.start, element.end))
                .collect(),
            Target::Attribute { anywhere, name } => document
                .attributes
                .iter()
                .filter(|attribute| {
                    within(attribute.element, *anywhere)
                        && matches_name(name, document.names.get(attribute.name))
                })
                .map(|attribute| document.value_of(attribute))
                .collect(),
            Target::Text { anywhere } => document
                .texts
                .iter()
                .filter(|text| within(text.parent, *anywhere))
                .map(|text| document.text_of(text.start, text.end))
                .collect(),
        }
    }
}

/// Which prefixes of the steps are matched by the parent, and by it or any ancestor.
#[derive(Clone, Copy)]
struct Above {
    direct: u64,
    any: u64,
}

impl Above {
    /// Above the root, the empty prefix is matched.
    const ROOT: Self = Self { direct: 1, any: 1 };

    fn of(packed: u64) -> Self {
        Self { direct: packed & 0xffff_ffff, any: packed >> 32 | 1 }
    }

    fn pack(direct: u64, any: u64) -> u64 {
        direct & 0xffff_ffff | any << 32
    }
}

/// Which elements meet the predicates of a path.
struct Holding {
    /// For every step and predicate that asks for text or an attribute: the elements.
    sets: Vec<Vec<Option<Vec<bool>>>>,
    /// How many siblings a step selected so far, by step and parent.
    positions: HashMap<(usize, u32), u32>,
}

impl Holding {
    fn new(path: &Path, document: &Document) -> Self {
        let set = |predicate: &Predicate| {
            let mut held = vec![false; document.elements.len()];
            match predicate {
                Predicate::Position(_) | Predicate::LocalName(_) => return None,
                Predicate::Text(wanted) => {
                    for text in &document.texts {
                        let own = document.text_of(text.start, text.end);
                        if wanted.as_ref().is_none_or(|wanted| own == wanted) {
                            held[text.parent as usize] = true;
                        }
                    }
                }
                Predicate::Attribute(name, wanted) => {
                    for attribute in &document.attributes {
                        let own = document.value_of(attribute);
                        if matches_name(name, document.names.get(attribute.name))
                            && wanted.as_ref().is_none_or(|wanted| own == wanted)
                        {
                            held[attribute.element as usize] = true;
                        }
                    }
                }
            }
            Some(held)
        };
        Self {
            sets: path.steps.iter().map(|step| step.predicates.iter().map(set).collect()).collect(),
            positions: HashMap::new(),
        }
    }

    fn all(
        &mut self,
        number: usize,
        step: &Step,
        element: usize,
        parent: u32,
        document: &Document,
    ) -> bool {
        step.predicates.iter().zip(&self.sets[number]).all(|(predicate, set)| match predicate {
            Predicate::Position(wanted) => {
                let position = self.positions.entry((number, parent)).or_default();
                *position += 1;
                *position == *wanted
            }
            Predicate::LocalName(wanted) => {
                let name = document.names.get(document.elements[element].name);
                name[memchr::memrchr(b':', name).map_or(0, |at| at + 1)..] == **wanted
            }
            Predicate::Text(_) | Predicate::Attribute(..) => {
                set.as_ref().is_some_and(|held| held[element])
            }
        })
    }
}

/// Where the first step of a path ends: at a slash outside of predicates.
fn step_end(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (c, quote) {
            (c, Some(open)) => quote = (c != open).then_some(open),
            ('\'' | '"', None) if depth > 0 => quote = Some(c),
            ('[', None) => depth += 1,
            (']', None) => depth = depth.saturating_sub(1),
            ('/', None) if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

fn parse_predicates(text: &str) -> Option<Vec<Predicate>> {
    let mut all = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[')?;
        let mut quote = None;
        let end = inner.char_indices().find_map(|(at, c)| match (c, quote) {
            (c, Some(open)) => {
                quote = (c != open).then_some(open);
                None
            }
            ('\'' | '"', None) => {
                quote = Some(c);
                None
            }
            (']', None) => Some(at),
            _ => None,
        })?;
        all.push(predicate(inner[..end].trim())?);
        rest = inner[end + 1..].trim_start();
    }
    Some(all)
}

fn predicate(text: &str) -> Option<Predicate> {
    if let Ok(position) = text.parse() {
        return Some(Predicate::Position(position));
    }
    let (left, right) = match text.split_once('=') {
        None => (text, None),
        Some((left, right)) => {
            let right = right.trim();
            let quote = right.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
            let value = right.strip_prefix(quote)?.strip_suffix(quote)?;
            (left.trim(), Some(value.as_bytes().to_vec()))
        }
    };
    match (left, right) {
        ("text()", value) => Some(Predicate::Text(value)),
        ("local-name()", Some(value)) => Some(Predicate::LocalName(value)),
        (other, value) => Some(Predicate::Attribute(name(other.strip_prefix('@')?)?, value)),
    }
}

fn name(text: &str) -> Option<Name> {
    if text == "*" {
        return Some(None);
    }
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    (!text.is_empty() && text.chars().all(plain)).then(|| Some(text.as_bytes().to_vec()))
}

fn matches_name(wanted: &Name, name: &[u8]) -> bool {
    let Some(wanted) = wanted else { return true };
    let local = |name: &[u8]| memchr::memrchr(b':', name).map_or(0, |at| at + 1);
    wanted == name || wanted.contains(&b':') && wanted[local(wanted)..] == name[local(name)..]
}
