//! The file in a browser's form: `multipart/form-data` (RFC 7578) that is in memory already.

use bytes::Bytes;
use memchr::memmem;

/// The first file of a form; `None` when it is no form, or there is none in it. Nothing of
/// what the form says about the file is believed, its name and type not even read.
pub(super) fn file(content_type: &str, body: &Bytes) -> Option<Bytes> {
    let delimiter = format!("--{}", boundary(content_type)?);
    let separator = format!("\r\n{delimiter}");
    let mut at = match body.starts_with(delimiter.as_bytes()) {
        true => delimiter.len(),
        // What stands before the first part is nothing (RFC 2046, section 5.1.1).
        false => memmem::find(body, separator.as_bytes())? + separator.len(),
    };
    loop {
        let rest = body.get(at..).filter(|rest| !rest.starts_with(b"--"))?;
        let head = at + memmem::find(rest, b"\r\n")? + 2;
        let content = head + memmem::find(body.get(head..)?, b"\r\n\r\n")? + 4;
        let end = content + memmem::find(body.get(content..)?, separator.as_bytes())?;
        if is_file(body.get(head..content)?) {
            return Some(body.slice(content..end));
        }
        at = end + separator.len();
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let (media_type, parameters) = content_type.split_once(';')?;
    if !media_type.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    (1..=70).contains(&boundary.len()).then_some(boundary)
}

/// Whether a part is a file: only those have a `filename`.
fn is_file(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.lines()
        .filter_map(|line| line.strip_prefix("content-disposition:"))
        .any(|value| value.split(';').any(|part| part.trim_start().starts_with("filename")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"--x\"";

    fn form(content: &[u8]) -> Bytes {
        let before = b"----x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nfilename=\"a\"\r\n----x\r\ncontent-disposition: form-data; name=\"avatar\"; filename=\"../../a.php\"\r\nContent-Type: image/png\r\n\r\n";
        [before.as_slice(), content, b"\r\n----x--\r\n"].concat().into()
    }

    proptest! {
        #[test]
        fn the_file_is_what_was_put_in(content in proptest::collection::vec(any::<u8>(), 0..200)) {
            let found = file(TYPE, &form(&content));
            prop_assert_eq!(found.as_deref(), Some(content.as_slice()));
        }

        #[test]
        fn anything_can_be_sent(
            body in "(--x|\r\n|--|[a-z:;= ]|content-disposition: filename=){0,40}",
            kind in "multipart/form-data; ?boundary=\"?[-x]{0,80}\"?",
        ) {
            let _ = file(&kind, &body.into());
        }
    }

    #[test]
    fn what_is_no_form_has_no_file() {
        let whole = form(b"picture");
        for kind in [
            "image/png",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=--x",
            "multipart/form-data; boundary=other",
        ] {
            assert_eq!(file(kind, &whole), None, "{kind}");
        }
        assert_eq!(file(TYPE, &whole.slice(..whole.len() - 12)), None, "cut off");
        assert_eq!(file(TYPE, &Bytes::from_static(b"----x--\r\n")), None);
        let preamble = Bytes::from([b"hello\r\n".as_slice(), &whole].concat());
        assert_eq!(file(TYPE, &preamble).as_deref(), Some(b"picture".as_slice()));
    }
}
