//! A mail server (RFC 5321) that keeps what it takes, and refuses what it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use marquis_config::sections::notifications::{MailTransport, SmtpSecurity};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::harness::settings;

/// A message as it was handed over.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: Vec<String>,
    /// With the dots of transparency removed, lines ending in CRLF.
    pub text: String,
}

impl Mail {
    /// The value of a header field, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.text.split_once("\r\n\r\n").expect("a head");
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let lines = unfolded.split("\r\n").map(str::to_owned).collect::<Vec<_>>();
        let values: Vec<String> = lines
            .iter()
            .filter_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
            .collect();
        assert!(values.len() <= 1, "{name} stands there {} times", values.len());
        values.into_iter().next()
    }

    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").expect("a head").1
    }
}

/// What is done about a recipient.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    /// Answers `<code> <the address>`, as servers do.
    Refuse(u16),
    /// Hangs up.
    HangUp,
}

pub struct MailServer {
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    taken: Mutex<Vec<Mail>>,
    manners: Mutex<VecDeque<Manner>>,
    /// Everything that was said, encrypted or not.
    heard: Mutex<Vec<String>>,
}

impl MailServer {
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// Encrypted from the first byte.
    pub async fn encrypted(acceptor: TlsAcceptor) -> Self {
        Self::listen(Some(acceptor)).await
    }

    async fn listen(acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State::default());
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, acceptor) = (Arc::clone(&serving), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => serve(stream, &state).await,
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => serve(stream, &state).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { address, state }
    }

    /// Settings that send to it in plain text.
    pub fn settings(&self) -> marquis_config::Notifications {
        let mut settings = settings();
        settings.mail.transport = MailTransport::Smtp;
        settings.mail.smtp.host = "127.0.0.1".to_owned();
        settings.mail.smtp.port = self.address.port();
        settings.mail.smtp.security = SmtpSecurity::None;
        settings
    }

    /// Treats the next recipients so.
    pub fn will(&self, manners: &[Manner]) {
        self.state.manners.lock().expect("not poisoned").extend(manners);
    }

    pub fn taken(&self) -> Vec<Mail> {
        self.state.taken.lock().expect("not poisoned").clone()
    }

    pub fn heard(&self) -> Vec<String> {
        self.state.heard.lock().expect("not poisoned").clone()
    }

    /// How many manners are left.
    pub fn patience(&self) -> usize {
        self.state.manners.lock().expect("not poisoned").len()
    }
}

/// `None` when the other side is gone.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, state: &State) -> Option<()> {
    let mut stream = BufReader::new(stream);
    say(&mut stream, "220 mail.test").await?;
    let mut to = Vec::new();
    loop {
        let line = read_line(&mut stream).await?;
        state.heard.lock().expect("not poisoned").push(line.clone());
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut stream, "250-mail.test\r\n250 8BITMIME").await?,
            "HELO" | "MAIL" | "RSET" | "NOOP" => say(&mut stream, "250 OK").await?,
            "RCPT" => {
                let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                let manner = state.manners.lock().expect("not poisoned").pop_front();
                match manner {
                    None => {
                        to.push(address);
                        say(&mut stream, "250 OK").await?;
                    }
                    Some(Manner::Refuse(code)) => {
                        say(&mut stream, &format!("{code} <{address}> is not wanted")).await?;
                    }
                    Some(Manner::HangUp) => return None,
                }
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let mut text = String::new();
                loop {
                    let line = read_line(&mut stream).await?;
                    if line == "." {
                        break;
                    }
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push_str("\r\n");
                }
                let mail = Mail { to: std::mem::take(&mut to), text };
                state.taken.lock().expect("not poisoned").push(mail);
                say(&mut stream, "250 OK").await?;
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => say(&mut stream, "502 not here").await?,
        }
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut BufReader<S>, line: &str) -> Option<()>
where
    BufReader<S>: AsyncWrite,
{
    stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

/// A line that ends in CRLF; anything else is a mistake of the client.
async fn read_line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = Vec::new();
    if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
        return None;
    }
    let line = String::from_utf8(line).expect("UTF-8");
    let line = line.strip_suffix("\r\n").expect("no bare line feed");
    Some(line.to_owned())
}
