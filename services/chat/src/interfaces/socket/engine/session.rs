//! One client's session, whichever transport carries it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::payload::Incoming;
use super::{Engine, EngineSettings, Peer};

/// Engine.IO's ping.
const PING: Bytes = Bytes::from_static(b"2");

/// The public name of a session: 15 random bytes in base64, which nobody guesses.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sid([u8; Sid::LENGTH]);

impl Sid {
    const LENGTH: usize = 20;

    pub(super) fn random(bytes: [u8; 15]) -> Self {
        let mut text = [b'A'; Self::LENGTH];
        // 15 bytes are exactly 20 characters.
        let _ = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text);
        Self(text)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; Self::LENGTH] = text.as_bytes().try_into().ok()?;
        bytes.is_ascii().then_some(Self(bytes))
    }

    /// The name as clients know it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The client closed it, or its connection broke.
    ClientLeft,
    /// The client did not answer a ping.
    Silent,
    /// The client did not say in time who it is.
    Unadmitted,
    /// The client sent what the protocol does not allow.
    Malformed,
    /// A packet was larger than allowed.
    TooLarge,
    /// Two polls at once.
    Overlap,
    /// The client reads slower than its packets come.
    Slow,
    /// Its person may not go on.
    Dismissed,
    /// This node stops.
    ServerStops,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Polling,
    /// A WebSocket has been probed; long-polling goes on until the client changes over.
    Probing,
    WebSocket,
    Over,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    queue: VecDeque<Bytes>,
    /// Bytes in the queue, and those that are being written.
    backlog: usize,
    polling: bool,
    upgrading: bool,
    admitted: bool,
    awaiting_pong: bool,
    /// Pongs to come before the client has surely handled its admission.
    settling: u8,
    ping_due: Instant,
    admission_due: Instant,
}

impl State {
    fn await_pong(&mut self, settings: &EngineSettings) {
        self.awaiting_pong = true;
        self.ping_due = Instant::now() + settings.ping_timeout;
    }

    /// A pong has come; false when the next ping is due at once.
    fn answered(&mut self, settings: &EngineSettings) -> bool {
        self.settling = self.settling.saturating_sub(1);
        if self.settling > 0 {
            self.await_pong(settings);
            return false;
        }
        self.awaiting_pong = false;
        self.ping_due = Instant::now() + settings.ping_interval;
        true
    }
}

/// One client's session.
pub struct Session {
    sid: Sid,
    max_backlog: usize,
    state: Mutex<State>,
    peer: Mutex<Option<Arc<dyn Peer>>>,
    /// Wakes whoever writes: a poll or the WebSocket.
    written: Notify,
    /// Wakes whoever waits for room in the queue.
    drained: Notify,
    /// Wakes the WebSocket in the middle of a write.
    over: Notify,
    engine: Weak<Engine>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("sid", &self.sid).finish_non_exhaustive()
    }
}

/// What there is to write.
pub(super) enum Take {
    Packets(Vec<Bytes>),
    /// Nothing now.
    Nothing,
    /// The session is carried by something else.
    Moved,
    /// Nothing ever.
    Over,
}

impl Session {
    pub(super) fn new(
        sid: Sid,
        websocket: bool,
        settings: &EngineSettings,
        engine: Weak<Engine>,
    ) -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            phase: if websocket { Phase::WebSocket } else { Phase::Polling },
            queue: VecDeque::new(),
            backlog: 0,
            polling: false,
            upgrading: false,
            admitted: false,
            awaiting_pong: false,
            settling: 0,
            ping_due: now + settings.ping_interval,
            admission_due: now + settings.connect_timeout,
        };
        Arc::new(Self {
            sid,
            max_backlog: settings.max_backlog,
            state: Mutex::new(state),
            peer: Mutex::new(None),
            written: Notify::new(),
            drained: Notify::new(),
            over: Notify::new(),
            engine,
        })
    }

    pub(super) fn attach(&self, peer: Arc<dyn Peer>) {
        *self.peer.lock() = Some(peer);
    }

    /// The session's public name.
    #[must_use]
    pub const fn sid(&self) -> Sid {
        self.sid
    }

    /// Puts packets into the queue; whether the session goes on. One whose queue is full ends.
    pub fn send(&self, packets: &[Bytes]) -> bool {
        {
            let mut state = self.state.lock();
            if state.phase == Phase::Over {
                return false;
            }
            let bytes: usize = packets.iter().map(Bytes::len).sum();
            if state.backlog + bytes <= self.max_backlog {
                state.backlog += bytes;
                state.queue.extend(packets.iter().cloned());
                drop(state);
                self.written.notify_one();
                return true;
            }
        }
        self.end(Ending::Slow);
        false
    }

    /// Waits until the queue is at most half full; whether the session goes on.
    pub async fn room(&self) -> bool {
        loop {
            let drained = self.drained.notified();
            {
                let state = self.state.lock();
                if state.phase == Phase::Over {
                    return false;
                }
                if state.backlog <= self.max_backlog / 2 {
                    return true;
                }
            }
            drained.await;
        }
    }

    /// The client has said who it is, or is nobody any more and has to say it again in time.
    pub fn admitted(&self, admitted: bool) {
        let timeout = self.engine.upgrade().map(|engine| engine.settings.connect_timeout);
        let mut state = self.state.lock();
        state.admitted = admitted;
        if let (false, Some(timeout)) = (admitted, timeout) {
            state.admission_due = Instant::now() + timeout;
        }
    }

    /// From here on the peer hears of the client's life only when what was sent so far has
    /// been handled there. A pong does not say so: clients answer a ping while they read, and
    /// hand packets that came with it to the application afterwards. The answer to a second
    /// ping, sent after the first was answered, comes behind what the application asks for.
    pub fn settle(&self) {
        let Some(engine) = self.engine.upgrade() else { return };
        {
            let mut state = self.state.lock();
            // A ping that is under way may have been answered before.
            state.settling = if state.awaiting_pong { 3 } else { 2 };
            if state.awaiting_pong {
                return;
            }
            state.await_pong(&engine.settings);
        }
        self.send(&[PING]);
    }

    /// Ends the session. What waits in its queue is still written, if that is quick.
    pub fn end(&self, why: Ending) {
        {
            let mut state = self.state.lock();
            if std::mem::replace(&mut state.phase, Phase::Over) == Phase::Over {
                return;
            }
            if why == Ending::Slow || why == Ending::Silent {
                state.queue = VecDeque::new();
            }
        }
        if let Some(engine) = self.engine.upgrade() {
            engine.forget(self.sid);
        }
        self.written.notify_waiters();
        self.written.notify_one();
        self.drained.notify_waiters();
        self.over.notify_one();
        tracing::debug!(sid = ?self.sid, ?why, "a session ended");
        // The peer holds the session: without this neither would ever go.
        if let Some(peer) = self.peer.lock().take() {
            peer.ended(why);
        }
    }

    /// Ends when the session does. One waits at a time.
    pub(super) async fn over(&self) {
        while self.phase() != Phase::Over {
            self.over.notified().await;
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.state.lock().phase
    }

    /// Waits for something to write, a change of phase, or nothing.
    pub(super) async fn written(&self) {
        self.written.notified().await;
    }

    /// Hands a wake-up on to whoever it was meant for.
    pub(super) fn pass_on(&self) {
        self.written.notify_one();
    }

    /// Takes everything that waits, for a transport that works in one of these phases.
    pub(super) fn take(&self, phases: &[Phase]) -> Take {
        let mut state = self.state.lock();
        let over = state.phase == Phase::Over;
        if !over && !phases.contains(&state.phase) {
            return Take::Moved;
        }
        if !state.queue.is_empty() {
            let packets = Vec::from(std::mem::take(&mut state.queue));
            return Take::Packets(packets);
        }
        if over { Take::Over } else { Take::Nothing }
    }

    /// So many bytes have left.
    pub(super) fn sent(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.backlog = state.backlog.saturating_sub(bytes);
        let room = state.backlog <= self.max_backlog / 2;
        drop(state);
        if room {
            self.drained.notify_waiters();
        }
    }

    /// A poll begins; whether it is the only one.
    pub(super) fn begin_poll(&self) -> bool {
        !std::mem::replace(&mut self.state.lock().polling, true)
    }

    pub(super) fn end_poll(&self) {
        self.state.lock().polling = false;
    }

    /// An upgrade begins; whether there may be one.
    pub(super) fn begin_upgrade(&self) -> bool {
        let mut state = self.state.lock();
        if state.phase != Phase::Polling || state.upgrading {
            return false;
        }
        state.upgrading = true;
        true
    }

    /// The WebSocket was probed: a waiting poll is answered, so that the client can change over.
    pub(super) fn probed(&self) -> bool {
        self.change(Phase::Polling, Phase::Probing)
    }

    /// The client has changed over.
    pub(super) fn upgraded(&self) -> bool {
        self.state.lock().upgrading = false;
        self.change(Phase::Probing, Phase::WebSocket)
    }

    /// The upgrade came to nothing: long-polling goes on.
    pub(super) fn abandon_upgrade(&self) {
        let mut state = self.state.lock();
        state.upgrading = false;
        if state.phase == Phase::Probing {
            state.phase = Phase::Polling;
        }
    }

    fn change(&self, from: Phase, to: Phase) -> bool {
        let mut state = self.state.lock();
        if state.phase != from {
            return false;
        }
        state.phase = to;
        drop(state);
        self.written.notify_waiters();
        self.written.notify_one();
        true
    }

    /// A packet has come. The next one is handled when the future, if any, is done.
    pub(super) fn receive(&self, packet: Incoming<'_>) -> Option<BoxFuture<'static, ()>> {
        let peer = self.peer.lock().as_ref().map(Arc::clone)?;
        match packet {
            Incoming::Close => self.end(Ending::ClientLeft),
            Incoming::Noop => {}
            Incoming::Pong => {
                let engine = self.engine.upgrade()?;
                if self.state.lock().answered(&engine.settings) {
                    peer.alive();
                } else {
                    self.send(&[PING]);
                }
            }
            Incoming::Text(text) => return peer.text(text),
            Incoming::Binary(bytes) => return peer.binary(bytes),
        }
        None
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        let state = self.state.lock();
        now >= state.ping_due || (!state.admitted && now >= state.admission_due)
    }

    pub(super) fn on_time(&self, now: Instant, settings: &EngineSettings) {
        let ending = {
            let mut state = self.state.lock();
            if !state.admitted && now >= state.admission_due {
                Some(Ending::Unadmitted)
            } else if now < state.ping_due {
                return;
            } else if state.awaiting_pong {
                Some(Ending::Silent)
            } else {
                state.await_pong(settings);
                None
            }
        };
        match ending {
            Some(why) => self.end(why),
            None => {
                self.send(&[PING]);
            }
        }
    }
}
