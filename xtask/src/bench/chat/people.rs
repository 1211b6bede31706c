//! The people who talk: registered at the server under measurement, over the plain listener.

use std::cell::Cell;
use std::error::Error;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Somebody with a token.
#[derive(Debug, Clone)]
pub struct Person {
    /// User id.
    pub id: String,
    /// Access token.
    pub token: Rc<str>,
}

/// Connections that register at once: hashing a password keeps a processor busy.
const REGISTERING: usize = 4;

/// Registers `count` people named after `run`.
///
/// # Errors
/// When one is not registered.
pub async fn register(port: u16, run: &str, count: usize) -> Result<Vec<Person>, Box<dyn Error>> {
    let next = Rc::new(Cell::new(0));
    let mut registering = JoinSet::new();
    for _ in 0..REGISTERING {
        let (next, run) = (Rc::clone(&next), run.to_owned());
        registering.spawn_local(async move {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
            let mut people = Vec::new();
            loop {
                let number = next.get();
                if number >= count {
                    return Ok(people);
                }
                next.set(number + 1);
                let name = format!("{run}-{number}");
                let account = serde_json::json!({
                    "email": format!("{name}@example.org"), "username": name,
                    "password": "Password123!",
                });
                let body = account.to_string();
                let answer = exchange(&mut stream, "POST", "/api/v1/auth/register", &body).await?;
                people.push(person(&answer)?);
            }
        });
    }
    let mut people = Vec::new();
    while let Some(registered) = registering.join_next().await {
        let registered: io::Result<Vec<Person>> = registered?;
        people.extend(registered?);
    }
    Ok(people)
}

/// The key set that tokens are checked against.
///
/// # Errors
/// When the server does not give it.
pub async fn keys(port: u16) -> Result<Value, Box<dyn Error>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    Ok(exchange(&mut stream, "GET", "/.well-known/jwks.json", "").await?)
}

fn person(answer: &Value) -> io::Result<Person> {
    let text = |pointer| answer.pointer(pointer).and_then(Value::as_str);
    match (text("/user/id"), text("/access_token")) {
        (Some(id), Some(token)) => Ok(Person { id: id.to_owned(), token: token.into() }),
        _ => Err(io::Error::other(format!("not registered: {answer}"))),
    }
}

/// One request and the JSON of its answer; the connection stays open.
async fn exchange(
    stream: &mut TcpStream,
    method: &str,
    path: &str,
    body: &str,
) -> io::Result<Value> {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut read = Vec::new();
    loop {
        if let Some(body) = body_of(&read)? {
            return serde_json::from_slice(body).map_err(io::Error::other);
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The body of an answer with a `content-length`, once it is whole.
fn body_of(read: &[u8]) -> io::Result<Option<&[u8]>> {
    let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length
        .and_then(|length| length.trim().parse().ok())
        .ok_or_else(|| io::Error::other(format!("no content-length in {head}")))?;
    Ok(read.get(end + 4..end + 4 + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(body_of(whole).expect("well-formed"), Some(&b"{}"[..]));
        assert_eq!(body_of(&whole[..whole.len() - 1]).expect("so far"), None);
        assert_eq!(body_of(&whole[..10]).expect("so far"), None);
        assert!(body_of(b"HTTP/1.1 200 OK\r\n\r\n{}").is_err());
    }
}
