//! A test as it is run: requests in order, each with what is expected of it.

/// A test of a suite.
#[derive(Debug, Clone)]
pub struct Test {
    /// `942100-3`.
    pub title: String,
    /// The requests, in order.
    pub stages: Vec<Stage>,
}

/// One request and what is expected of it.
#[derive(Debug, Clone, Default)]
pub struct Stage {
    /// Method, as sent.
    pub method: String,
    /// Target, as sent.
    pub uri: String,
    /// Protocol, as sent.
    pub version: String,
    /// Header fields, as sent and in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// The whole request, where the suite has it byte for byte.
    pub raw: Option<Vec<u8>>,
    /// What is expected.
    pub expected: Expectation,
}

/// What a stage expects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Rules that must match.
    pub ids: Vec<u64>,
    /// Rules that must not.
    pub no_ids: Vec<u64>,
    /// Statuses, one of which the answer must have; empty for any.
    pub statuses: Vec<u16>,
    /// Whether the connection may end without an answer.
    pub error: bool,
}

impl Expectation {
    /// Whether rules are asked for, and not only an answer of the server.
    #[must_use]
    pub fn asks_for_rules(&self) -> bool {
        !self.ids.is_empty() || !self.no_ids.is_empty()
    }
}

impl Stage {
    /// A request as it goes over the wire: head, empty line, body. Lines may end in LF alone,
    /// as editors write them. A chunked body is what its chunks hold.
    #[must_use]
    pub fn from_wire(raw: &[u8]) -> Self {
        let crlf = raw.windows(4).position(|four| four == b"\r\n\r\n").map(|at| (at, at + 4));
        let lf = raw.windows(2).position(|two| two == b"\n\n").map(|at| (at, at + 2));
        let first = [crlf, lf].into_iter().flatten().min_by_key(|(end, _)| *end);
        let (end, body) = first.unwrap_or((raw.len(), raw.len()));
        let head = String::from_utf8_lossy(&raw[..end]).into_owned();
        let mut lines = head.lines();
        let mut line = lines.next().unwrap_or_default().split(' ');
        let mut word = |otherwise: &str| line.next().unwrap_or(otherwise).to_owned();
        let mut stage = Self {
            method: word(""),
            uri: word("/"),
            version: word("HTTP/1.1"),
            body: raw[body..].to_vec(),
            ..Self::default()
        };
        for line in lines {
            if let Some((name, value)) = line.split_once(':') {
                stage.headers.push((name.into(), value.trim_start().into()));
            }
        }
        let coding = stage.header("transfer-encoding").unwrap_or_default();
        if coding.to_ascii_lowercase().trim_end().ends_with("chunked")
            && let Some(body) = unchunked(&stage.body)
        {
            stage.body = body;
        }
        stage
    }

    /// The bytes to send, with a marker field after the request line.
    #[must_use]
    pub fn bytes(&self, marker: &str) -> Vec<u8> {
        let field = format!("X-CRS-Test: {marker}\r\n");
        if let Some(raw) = &self.raw {
            let line = raw.windows(2).position(|two| two == b"\r\n").map_or(raw.len(), |at| at + 2);
            return [&raw[..line], field.as_bytes(), &raw[line..]].concat();
        }
        let mut bytes =
            format!("{} {} {}\r\n{field}", self.method, self.uri, self.version).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The value of a header field.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What the chunks hold; `None` if these are none. A capture that ends early is taken as it is.
fn unchunked(mut text: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(end) = text.iter().position(|&byte| byte == b'\n') {
        let line = std::str::from_utf8(&text[..end]).ok()?;
        let size = line.split(';').next().unwrap_or(line).trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        text = &text[end + 1..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(&text[..size.min(text.len())]);
        text = text.get(size..).unwrap_or_default();
        text = text.strip_prefix(b"\r").unwrap_or(text);
        text = text.strip_prefix(b"\n").unwrap_or(text);
    }
    text.is_empty().then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(head: &str, body: &str) -> Vec<u8> {
        Stage::from_wire(format!("POST / HTTP/1.1\r\n{head}\r\n\r\n{body}").as_bytes()).body
    }

    #[test]
    fn chunks_are_put_together() {
        let chunked = "Host: x\r\nTransfer-Encoding: Chunked";
        let wire = "3;a=b\r\na=1\r\n0A\r\n UNION SEL\r\n0\r\nTrailer: x\r\n\r\n";
        assert_eq!(body(chunked, wire), b"a=1 UNION SEL");
        assert_eq!(body(chunked, "3\na=1\n2\nbc\n0\n\n"), b"a=1bc", "as editors write them");
        assert_eq!(body(chunked, "a\r\nabc"), b"abc", "the capture ends early");
        assert_eq!(body(chunked, "a=1&b=2"), b"a=1&b=2", "these are no chunks");
        assert_eq!(body("Host: x", "3\r\na=1\r\n0\r\n\r\n"), b"3\r\na=1\r\n0\r\n\r\n");
    }
}
