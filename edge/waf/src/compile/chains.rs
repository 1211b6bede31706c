//! Transformation chains as a tree: rules that share a beginning share its results.

use super::classes::{ClassMask, Classes};
use crate::{pattern::byteset::ByteSet, transform::Transformation};

/// One step: a transformation after those of its parent. Node 0 is the untouched value.
#[derive(Debug)]
pub(crate) struct ChainNode {
    pub(crate) parent: u32,
    pub(crate) transformation: Transformation,
    /// A value touching none of these classes passes the whole chain unchanged; `None`:
    /// the chain must run.
    pub(crate) triggers: Option<ClassMask>,
}

/// All chains of a rule set.
#[derive(Debug)]
pub(crate) struct Chains {
    pub(crate) nodes: Vec<ChainNode>,
}

impl Chains {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![ChainNode {
                parent: 0,
                transformation: Transformation::None,
                triggers: Some(0),
            }],
        }
    }

    /// The nodes of a chain after the root, in order of application.
    pub(crate) fn path(
        &mut self,
        transformations: &[Transformation],
        classes: &mut Classes,
    ) -> Vec<u32> {
        let mut path = Vec::new();
        let mut parent = 0;
        for &transformation in transformations {
            if transformation == Transformation::None {
                continue;
            }
            let known =
                self.nodes.iter().skip(1).position(|node| {
                    node.parent == parent && node.transformation == transformation
                });
            let index = match known {
                Some(index) => index + 1,
                None => {
                    let own = triggers(transformation)
                        .and_then(|set| classes.bit(set))
                        .map(|bit| 1 << bit);
                    let inherited = self.nodes[parent as usize].triggers;
                    self.nodes.push(ChainNode {
                        parent,
                        transformation,
                        triggers: inherited.zip(own).map(|(a, b): (ClassMask, ClassMask)| a | b),
                    });
                    self.nodes.len() - 1
                }
            };
            parent = u32::try_from(index).unwrap_or(0);
            path.push(parent);
        }
        path
    }
}

/// Bytes without which a transformation leaves a value as it is; `None` where there is no
/// such set.
fn triggers(transformation: Transformation) -> Option<ByteSet> {
    use Transformation as T;
    let blanks = || ByteSet::of(*b" \t\n\x0b\x0c\r\x85\xa0\xc2\0");
    Some(match transformation {
        T::None => ByteSet::EMPTY,
        T::UrlDecode | T::UrlDecodeUni => ByteSet::of(*b"%+"),
        T::HtmlEntityDecode => ByteSet::of(*b"&"),
        T::JsDecode | T::EscapeSeqDecode => ByteSet::of(*b"\\"),
        T::CssDecode => ByteSet::of(*b"\\"),
        T::RemoveNulls | T::ReplaceNulls => ByteSet::of([0]),
        T::Lowercase => ByteSet::of(b'A'..=b'Z'),
        T::Uppercase => ByteSet::of(b'a'..=b'z'),
        // A NUL disappears.
        T::Utf8ToUnicode => ByteSet::of(0x80..=0xff).union(ByteSet::of([0])),
        T::NormalizePath => ByteSet::of(*b"/."),
        T::NormalizePathWin => ByteSet::of(*b"/\\."),
        T::CompressWhitespace | T::RemoveWhitespace | T::Trim | T::TrimLeft | T::TrimRight => {
            blanks()
        }
        T::CmdLine => blanks().union(ByteSet::of(*b"\"'\\^,;/(")).union(ByteSet::of(b'A'..=b'Z')),
        T::RemoveComments | T::RemoveCommentsChar | T::ReplaceComments => ByteSet::of(*b"/*-#<!>"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::UnicodeMap;

    /// Every value up to three bytes over an alphabet that holds all special characters.
    #[test]
    fn without_a_trigger_nothing_changes() {
        let alphabet: Vec<u8> = (0..=u8::MAX)
            .filter(|b| !b.is_ascii_alphanumeric() || b"aAxX0uU9fF".contains(b))
            .collect();
        let unicode = UnicodeMap::default();
        for transformation in Transformation::all() {
            let Some(set) = triggers(transformation) else {
                continue;
            };
            let quiet: Vec<u8> = alphabet.iter().copied().filter(|&b| !set.contains(b)).collect();
            let letter = if set.contains(b'a') { b'A' } else { b'a' };
            let mut values: Vec<Vec<u8>> = vec![Vec::new()];
            for &a in &quiet {
                values.push(vec![a]);
                for &b in &quiet {
                    values.push(vec![a, b]);
                    values.push(vec![a, letter, b, b'1', a]);
                }
            }
            for value in values {
                assert_eq!(
                    transformation.apply(&value, &unicode),
                    value.as_slice(),
                    "{}",
                    transformation.name()
                );
            }
        }
    }
}
