//! Stock Socket.IO clients: `socket.io-client` on Node and `python-socketio`, each a process
//! that a test steers by JSON lines (`tests/realtime/client.{js,py}` say which).
//!
//! What always holds: TLS is verified against the gateway's own certificate; what a client
//! was told is kept in order until a test asks for it; every wait has a deadline.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use marquis_testkit::Child;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::PATIENCE;
use crate::api::unique;

pub use client::Client;

pub mod client;
pub mod history;
pub mod nodes;
pub mod relay;

/// Whose client it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// `socket.io-client` of npm.
    Node,
    /// `python-socketio` of PyPI.
    Python,
}

/// Both of them.
pub const LIBRARIES: [Library; 2] = [Library::Node, Library::Python];

/// How a client speaks to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// WebSocket from the first byte.
    WebSocket,
    /// HTTP long-polling and nothing else.
    Polling,
    /// Long-polling, then an upgrade to WebSocket: the libraries' default.
    Upgrade,
}

/// All of them.
pub const TRANSPORTS: [Transport; 3] =
    [Transport::WebSocket, Transport::Polling, Transport::Upgrade];

impl Transport {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::WebSocket => &["websocket"],
            Self::Polling => &["polling"],
            Self::Upgrade => &["polling", "websocket"],
        }
    }
}

/// How to connect.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Port on this machine.
    pub port: u16,
    /// File of the certificate to trust.
    pub certificate: PathBuf,
    /// Sent as `auth.token`.
    pub token: Option<String>,
    /// Sent as the header field `Authorization`.
    pub authorization: Option<String>,
    /// Transport.
    pub transport: Transport,
    /// Whether the library reconnects by itself.
    pub reconnection: bool,
}

/// Something that happened to a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// The server emitted an event with these arguments.
    Event(String, Vec<Value>),
    /// The namespace was joined.
    Connected,
    /// The connection was refused, with `{message, data}`.
    Refused(Value),
    /// The connection ended, for this reason.
    Disconnected(String),
}

/// Where the two libraries are installed.
#[derive(Debug)]
pub struct Programs {
    /// For `NODE_PATH`.
    pub node_modules: PathBuf,
    /// The interpreter that finds the packages.
    pub python: PathBuf,
}

/// Installs the libraries once and says where they are.
///
/// # Panics
///
/// When they cannot be installed, with the reason.
pub fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        // target/<profile>/deps/e2e-<hash>
        let test = std::env::current_exe().expect("the path of this executable");
        let target = test.ancestors().nth(3).expect("the target directory");
        let installed = Command::new(sources().join("install.sh"))
            .arg(target.join("realtime"))
            .output()
            .expect("tests/realtime/install.sh runs");
        let said = String::from_utf8_lossy(&installed.stdout);
        let mut lines = said.lines().map(PathBuf::from);
        match (installed.status.success(), lines.next(), lines.next()) {
            (true, Some(node_modules), Some(python)) => Programs { node_modules, python },
            _ => panic!("no Socket.IO clients: {}", String::from_utf8_lossy(&installed.stderr)),
        }
    })
}

/// The directory of the programs in JavaScript and Python.
#[must_use]
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("realtime")
}

type Answer = Result<Value, String>;

#[derive(Debug, Default)]
struct Waiting {
    answers: HashMap<u64, oneshot::Sender<Answer>>,
    clients: HashMap<String, mpsc::UnboundedSender<Happening>>,
}

/// One process with any number of clients.
#[derive(Debug)]
pub struct Driver {
    library: Library,
    stdin: Mutex<ChildStdin>,
    waiting: Arc<Mutex<Waiting>>,
    next: AtomicU64,
    _child: Child,
}

impl Driver {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// When the program or its libraries are missing.
    #[must_use]
    pub fn start(library: Library) -> Arc<Self> {
        let programs = programs();
        let mut command = match library {
            Library::Node => Command::new("node"),
            Library::Python => Command::new(&programs.python),
        };
        command.arg(sources().join(match library {
            Library::Node => "client.js",
            Library::Python => "client.py",
        }));
        command.env("NODE_PATH", &programs.node_modules);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Child::spawn(command).expect("it starts");
        let stdin = child.inner().stdin.take().expect("a pipe");
        let stdout = child.inner().stdout.take().expect("a pipe");
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let told = Arc::clone(&waiting);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                dispatch(&mut lock(&told), &line);
            }
            // Whoever still waits learns that nothing will come.
            *lock(&told) = Waiting::default();
        });
        let stdin = Mutex::new(stdin);
        Arc::new(Self { library, stdin, waiting, next: AtomicU64::new(1), _child: child })
    }

    /// Makes a client; what becomes of its connection is told to it.
    pub async fn open(self: &Arc<Self>, opening: &Opening) -> Client {
        let name = unique("client");
        let (sender, happenings) = mpsc::unbounded_channel();
        lock(&self.waiting).clients.insert(name.clone(), sender);
        let command = json!({
            "do": "open", "name": name, "url": format!("https://localhost:{}", opening.port),
            "ca": opening.certificate, "token": opening.token,
            "authorization": opening.authorization, "transports": opening.transport.names(),
            "reconnection": opening.reconnection,
        });
        let mut client = Client::new(Arc::clone(self), name, happenings);
        client.tell(without_nulls(command)).await.expect("it opens");
        client
    }

    async fn tell(&self, mut command: Value) -> Answer {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        command["id"] = json!(id);
        let (sender, answer) = oneshot::channel();
        lock(&self.waiting).answers.insert(id, sender);
        self.write(&format!("{command}\n"));
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        answer.expect("an answer in time").expect("the client process lives")
    }
}

impl Driver {
    fn write(&self, line: &str) {
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        stdin.write_all(line.as_bytes()).expect("the client process lives");
    }
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

fn without_nulls(mut command: Value) -> Value {
    if let Some(fields) = command.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    command
}

fn dispatch(waiting: &mut Waiting, line: &str) {
    let said: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    if let Some(answer) = said["id"].as_u64().and_then(|id| waiting.answers.remove(&id)) {
        let error = said["error"].as_str();
        // A test that stopped waiting does not want it.
        let _ = answer.send(error.map_or_else(|| Ok(said["ok"].clone()), |e| Err(e.to_owned())));
        return;
    }
    let Some(client) = said["name"].as_str().and_then(|name| waiting.clients.get(name)) else {
        return;
    };
    let happening = match said["life"].as_str() {
        Some("connect") => Happening::Connected,
        Some("refused") => Happening::Refused(said["detail"].clone()),
        Some(_) => Happening::Disconnected(said["detail"].as_str().unwrap_or("").to_owned()),
        None => {
            let args = said["args"].as_array().cloned().unwrap_or_default();
            Happening::Event(said["event"].as_str().unwrap_or_default().to_owned(), args)
        }
    };
    let _ = client.send(happening);
}
