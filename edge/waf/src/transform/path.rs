//! Path normalisation: repeated slashes, `.` and `..` segments.

/// Which bytes separate segments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Separators {
    /// `/`.
    Slash,
    /// `/`, and `\` which becomes `/`.
    Both,
}

/// Removes self-references, resolves back-references and collapses slashes in one pass
/// over the bytes, deciding at the last byte of each segment. A relative path keeps the
/// back-references that would leave it; an absolute one never rises above its root. A
/// trailing slash appears only where the original had one.
pub(super) fn normalize(input: &[u8], separators: Separators) -> Option<Vec<u8>> {
    let both = separators == Separators::Both;
    let separator = |byte: u8| byte == b'/' || both && byte == b'\\';
    let (&first, &last) = (input.first()?, input.last()?);
    if is_normal(input) && !(both && memchr::memchr(b'\\', input).is_some()) {
        return None;
    }
    let relative = !separator(first);
    let at = |i: usize| if separator(input[i]) { b'/' } else { input[i] };
    let end = input.len() - 1;
    let mut out: Vec<u8> = Vec::with_capacity(input.len());
    // A back-reference had nothing to remove: those after it stay as well.
    let mut unresolved = false;
    let mut i = 0;
    while i <= end {
        let start = i;
        let byte = at(i);
        let segment_ends = i == end || at(i + 1) == b'/';
        if segment_ends && !(byte == b'/' && i != end) {
            if byte == b'.' {
                let referenced = match out.last() {
                    Some(b'.') => {
                        if relative && (unresolved || out.len() <= 2) {
                            unresolved = true;
                            false
                        } else {
                            remove_segment(&mut out, &mut unresolved, !relative && i == end);
                            true
                        }
                    }
                    None => true,
                    Some(b'/') => {
                        if i != end {
                            out.pop();
                        }
                        true
                    }
                    Some(_) => false,
                };
                if referenced {
                    if i == end {
                        break;
                    }
                    // The separator after the reference is looked at next.
                    i += 1;
                    if at(i) != b'/' {
                        continue;
                    }
                }
            } else if !out.is_empty() {
                unresolved = false;
            }
        }
        let mut copied = at(i);
        if copied == b'/' {
            while i < end && at(i + 1) == b'/' {
                i += 1;
            }
            if relative && out.is_empty() {
                i += 1;
                continue;
            }
            // libmodsecurity converts a separator and its successor, not those it skips.
            if i > start + 1 {
                copied = input[i];
            }
        }
        out.push(copied);
        i += 1;
    }
    if !separator(last) && out.last() == Some(&b'/') {
        out.pop();
    }
    Some(out)
}

/// Whether no segment is empty or ends with a dot.
fn is_normal(input: &[u8]) -> bool {
    !input.ends_with(b".")
        && memchr::memchr_iter(b'/', input)
            .all(|at| at == 0 || !matches!(input[at - 1], b'/' | b'.'))
}

/// Removes the back-reference's first dot, which is already copied, and the segment
/// before it.
fn remove_segment(out: &mut Vec<u8>, unresolved: &mut bool, keep_root: bool) {
    let before = out.len().saturating_sub(3);
    let slash = out.iter().take(before + 1).rposition(|byte| *byte == b'/').unwrap_or(0);
    if slash == 0 {
        *unresolved = true;
        // The root is the slash that the path begins with.
        let root = out.first().copied();
        out.clear();
        if keep_root {
            out.extend(root);
        }
    } else {
        out.truncate(slash);
    }
}
