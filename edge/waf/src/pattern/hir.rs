//! Translation of a parsed expression into the automaton library's form.

use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, Hir, Look, Repetition};

use super::syntax::{Assertion, Node};

/// Translates `node`. `None` when it needs look-around, back references or atomic groups,
/// unless `relaxed`: then these are widened, so that the result matches wherever the
/// expression does, and possibly elsewhere.
pub(crate) fn translate(node: &Node, relaxed: bool) -> Option<Hir> {
    Some(match node {
        Node::Empty => Hir::empty(),
        Node::Class(set) => Hir::class(Class::Bytes(ClassBytes::new(
            set.ranges().into_iter().map(|(low, high)| ClassBytesRange::new(low, high)),
        ))),
        Node::Assert(assertion) => Hir::look(match assertion {
            Assertion::Start => Look::Start,
            Assertion::End => Look::End,
            Assertion::LineStart => Look::StartLF,
            Assertion::LineEnd => Look::EndLF,
            Assertion::WordBoundary => Look::WordAscii,
            Assertion::NotWordBoundary => Look::WordAsciiNegate,
            Assertion::FinalLineEnd if relaxed => Look::EndLF,
            Assertion::FinalLineEnd => return None,
        }),
        Node::Concat(nodes) => Hir::concat(all(nodes, relaxed)?),
        Node::Alternate(nodes) => Hir::alternation(all(nodes, relaxed)?),
        Node::Repeat { node, min, max, greedy, possessive } => {
            if *possessive && !relaxed {
                return None;
            }
            Hir::repetition(Repetition {
                min: *min,
                max: *max,
                greedy: *greedy,
                sub: Box::new(translate(node, relaxed)?),
            })
        }
        Node::Capture(_, node) if relaxed => translate(node, relaxed)?,
        Node::Capture(index, node) => Hir::capture(Capture {
            index: *index,
            name: None,
            sub: Box::new(translate(node, relaxed)?),
        }),
        Node::Look { .. } if relaxed => Hir::empty(),
        Node::Atomic(node) if relaxed => translate(node, relaxed)?,
        Node::Backreference { .. } if relaxed => Hir::repetition(Repetition {
            min: 0,
            max: None,
            greedy: true,
            sub: Box::new(Hir::dot(regex_syntax::hir::Dot::AnyByte)),
        }),
        Node::Look { .. } | Node::Atomic(_) | Node::Backreference { .. } => return None,
    })
}

fn all(nodes: &[Node], relaxed: bool) -> Option<Vec<Hir>> {
    nodes.iter().map(|node| translate(node, relaxed)).collect()
}
