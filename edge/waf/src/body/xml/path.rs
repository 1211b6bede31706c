//! Location paths: the part of XPath 1.0 that rules use.

use super::Document;

/// A path like `/*`, `//@*`, `/a/b`, `//b/@c` or `/a//text()`.
///
/// Prefixes are not resolved: a step with a prefix matches names with that local part.
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
            let end = after.find('/').unwrap_or(after.len());
            let (step, next) = after.split_at(end);
            let last = next.is_empty();
            if let Some(attribute) = step.strip_prefix('@') {
                let target = Target::Attribute { anywhere, name: name(attribute)? };
                return last.then_some(Self { steps, target });
            }
            if step == "text()" {
                return last.then_some(Self { steps, target: Target::Text { anywhere } });
            }
            steps.push(Step { anywhere, name: name(step)? });
            if last {
                return Some(Self { steps, target: Target::Element });
            }
            rest = next;
        }
    }

    pub(super) fn select<'d>(&self, document: &'d Document) -> Vec<&'d [u8]> {
        // A bit for each prefix of the steps that an element's path matches; elements
        // stand in document order, so that parents precede children.
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
