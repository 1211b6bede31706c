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
    /// as editors write them.
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
