//! A Socket.IO client reduced to what a load generator needs: Engine.IO 4 packets in
//! WebSocket frames on a plain TCP connection, so that the generator costs a fraction of
//! what it measures.
//!
//! Frames of a client are masked (RFC 6455, section 5.3); the mask is zero, which is a mask
//! like any other and leaves the payload as it is. Servers do not fragment small messages,
//! and one that does is an error here.

use std::io::{self, Error, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// A connected client.
pub struct Socket {
    stream: TcpStream,
    read: Vec<u8>,
    /// Bytes at the front of `read` that were given out.
    taken: usize,
    write: Vec<u8>,
}

/// What the server sent, without Engine.IO's own traffic.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet<'p> {
    /// `42["name",...]`: what follows `42`.
    Event(&'p str),
    /// `43<id>[...]`: what follows `43`.
    Ack(&'p str),
    /// Any other Socket.IO packet: what follows `4`.
    Other(&'p str),
    /// Engine.IO's open packet, its JSON.
    Open(&'p str),
    /// Engine.IO's ping.
    Ping,
    /// Nothing the load generator knows.
    Unknown(&'p str),
}

impl Socket {
    /// Connects from `source`, upgrades, and joins the namespace with `token`.
    ///
    /// # Errors
    /// When the server refuses any of it.
    pub async fn connect(source: Ipv4Addr, port: u16, token: &str) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((source, 0)))?;
        let stream = socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        stream.set_nodelay(true)?;
        let mut client = Self { stream, read: Vec::new(), taken: 0, write: Vec::new() };
        client.upgrade(port).await?;
        match parse(client.message().await?) {
            Packet::Open(_) => {}
            other => return Err(unexpected(&other)),
        }
        client.send(&format!("40{{\"token\":\"{token}\"}}")).await?;
        loop {
            match parse(client.message().await?) {
                Packet::Other(joined) if joined.starts_with("0{") => return Ok(client),
                Packet::Event(_) | Packet::Ping => {}
                other => return Err(unexpected(&other)),
            }
        }
    }

    async fn upgrade(&mut self, port: u16) -> io::Result<()> {
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost:{port}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).await?;
        loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.read[..end]).into_owned();
                self.taken = end + 4;
                if head.starts_with("HTTP/1.1 101 ") {
                    return Ok(());
                }
                let line = head.lines().next().unwrap_or_default();
                return Err(Error::other(format!("no upgrade: {line}")));
            }
            self.fill().await?;
        }
    }

    /// Sends one text message.
    ///
    /// # Errors
    /// As the connection.
    pub async fn send(&mut self, text: &str) -> io::Result<()> {
        self.write.clear();
        frame(0x1, text.as_bytes(), &mut self.write);
        self.stream.write_all(&self.write).await
    }

    /// The next packet of interest; pings are answered on the way. May be dropped while it
    /// waits: nothing is lost.
    ///
    /// # Errors
    /// When the connection ends.
    pub async fn packet(&mut self) -> io::Result<Packet<'_>> {
        loop {
            let (from, to) = self.message_range().await?;
            match self.read.get(from) {
                Some(b'2') if to - from == 1 => self.send("3").await?,
                _ => return Ok(parse(text(&self.read[from..to])?)),
            }
        }
    }

    /// Leaves as a client does: namespace first, then the WebSocket, then the connection.
    ///
    /// # Errors
    /// When the server has gone first.
    pub async fn leave(mut self) -> io::Result<()> {
        self.send("41").await?;
        self.write.clear();
        frame(0x8, &1000_u16.to_be_bytes(), &mut self.write);
        self.stream.write_all(&self.write).await?;
        // Until the server's own close, so that the server does not see a reset.
        while self.message_range().await.is_ok() {}
        Ok(())
    }

    /// Vanishes: the server sees a reset.
    ///
    /// # Errors
    /// As the connection.
    pub fn vanish(self) -> io::Result<()> {
        self.stream.set_zero_linger()
    }

    async fn message(&mut self) -> io::Result<&str> {
        let (from, to) = self.message_range().await?;
        text(&self.read[from..to])
    }

    async fn message_range(&mut self) -> io::Result<(usize, usize)> {
        loop {
            if let Some(header) = Header::read(&self.read[self.taken..])? {
                let from = self.taken + header.size;
                let to = from + header.length;
                if self.read.len() >= to {
                    self.taken = to;
                    match header.code {
                        0x1 | 0x2 => return Ok((from, to)),
                        0x8 => return Err(ErrorKind::ConnectionAborted.into()),
                        0x9 => {
                            self.write.clear();
                            frame(0xA, &self.read[from..to], &mut self.write);
                            self.stream.write_all(&self.write).await?;
                        }
                        _ => {}
                    }
                    continue;
                }
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.taken > 0 {
            self.read.drain(..self.taken);
            self.taken = 0;
        }
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

struct Header {
    code: u8,
    size: usize,
    length: usize,
}

impl Header {
    /// `None` while bytes are missing.
    fn read(bytes: &[u8]) -> io::Result<Option<Self>> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        if first & 0x80 == 0 || second & 0x80 != 0 {
            return Err(Error::other("a fragmented or masked frame of a server"));
        }
        let (size, length) = match second {
            126 => match rest {
                [high, low, ..] => (4, usize::from(u16::from_be_bytes([*high, *low]))),
                _ => return Ok(None),
            },
            127 => return Err(Error::other("a frame of 64 KiB or more")),
            &short => (2, usize::from(short)),
        };
        Ok(Some(Self { code: first & 0x0F, size, length }))
    }
}

/// One unfragmented frame with the mask zero.
fn frame(code: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | code);
    match u8::try_from(payload.len()) {
        Ok(length) if length < 126 => out.push(0x80 | length),
        _ => {
            let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
            out.push(0x80 | 126);
            out.extend(length.to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend(payload);
}

fn parse(text: &str) -> Packet<'_> {
    if let Some(rest) = text.strip_prefix("42") {
        Packet::Event(rest)
    } else if let Some(rest) = text.strip_prefix("43") {
        Packet::Ack(rest)
    } else if let Some(rest) = text.strip_prefix('4') {
        Packet::Other(rest)
    } else if let Some(rest) = text.strip_prefix('0') {
        Packet::Open(rest)
    } else if text == "2" {
        Packet::Ping
    } else {
        Packet::Unknown(text)
    }
}

fn text(bytes: &[u8]) -> io::Result<&str> {
    std::str::from_utf8(bytes).map_err(Error::other)
}

fn unexpected(packet: &Packet<'_>) -> Error {
    Error::other(format!("the server sent {packet:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_masked_with_zero_and_sized_by_the_standard() {
        let mut out = Vec::new();
        frame(0x1, b"3", &mut out);
        assert_eq!(out, [0x81, 0x81, 0, 0, 0, 0, b'3']);
        out.clear();
        frame(0x1, &[b'x'; 300], &mut out);
        assert_eq!(out[..4], [0x81, 0xFE, 1, 44]);
        assert_eq!(out.len(), 4 + 4 + 300);
    }

    #[test]
    fn a_header_is_read_when_it_is_whole() {
        assert!(Header::read(&[0x81]).expect("so far").is_none());
        assert!(Header::read(&[0x81, 126, 1]).expect("so far").is_none());
        let header = Header::read(&[0x81, 126, 1, 44, 0]).expect("well-formed").expect("whole");
        assert_eq!((header.code, header.size, header.length), (1, 4, 300));
        assert!(Header::read(&[0x01, 1]).is_err(), "fragmented");
        assert!(Header::read(&[0x81, 0x81]).is_err(), "masked");
    }

    #[test]
    fn packets_are_told_apart() {
        assert_eq!(parse("42[\"a\"]"), Packet::Event("[\"a\"]"));
        assert_eq!(parse("4317[{}]"), Packet::Ack("17[{}]"));
        assert_eq!(parse("40{\"sid\":\"x\"}"), Packet::Other("0{\"sid\":\"x\"}"));
        assert_eq!(parse("0{}"), Packet::Open("{}"));
        assert_eq!(parse("2"), Packet::Ping);
    }
}
