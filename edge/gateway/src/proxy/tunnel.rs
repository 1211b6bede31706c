//! WebSockets, passed through byte by byte in both directions.
//!
//! The gateway reads frame headers only as far as it must to know where frames end (RFC 6455,
//! section 5.2): at a stop it sends each side a Close frame with status 1001, going away, between
//! two frames, so that clients reconnect at once instead of waiting for a timeout.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use marquis_kernel::random;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::conn::Client;
use crate::conn::activity::{Counted, Counters};
use crate::upstream::link::Link;
use crate::upstream::server::Lease;

const BUFFER: usize = 16 * 1024;
/// Time for the other side's Close frame and the end of the stream.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs the tunnel as soon as the client's connection has been handed over.
pub(super) fn spawn(
    client: &Arc<Client>,
    on_upgrade: hyper::upgrade::OnUpgrade,
    link: Link,
    lease: Lease,
    idle: Duration,
) {
    let gate = Arc::clone(&client.gate);
    let gauge: fn(&Counters) -> &AtomicI64 = |counters| &counters.tunnels;
    let counted = Counted::new(&gate.counters, client.worker, gauge);
    let draining = gate.draining.clone();
    let tracked = gate.tunnels.token();
    tokio::spawn(async move {
        let _held = (counted, lease, tracked);
        match on_upgrade.await {
            Ok(upgraded) => run(TokioIo::new(upgraded), link, idle, draining).await,
            Err(error) => {
                tracing::info!(error = &error as &dyn std::error::Error, "upgrade failed");
            }
        }
    });
}

async fn run<C>(client: C, mut link: Link, idle: Duration, draining: CancellationToken)
where
    C: AsyncRead + AsyncWrite + Unpin,
{
    let activity = Activity { epoch: Instant::now(), last: AtomicU64::new(0) };
    let (client_read, client_write) = tokio::io::split(client);
    let early = link.read.split();
    let (server_read, server_write) = link.io.into_split();
    let to_client = Direction {
        source: server_read,
        sink: client_write,
        frames: Frames::default(),
        close: vec![0x88, 0x02, 0x03, 0xe9],
    };
    let to_server = Direction {
        source: client_read,
        sink: server_write,
        frames: Frames::default(),
        close: masked_close(),
    };
    let both = async {
        tokio::join!(
            to_client.pump(&early, &activity, &draining),
            to_server.pump(&[], &activity, &draining),
        )
    };
    tokio::select! {
        _ = both => {}
        () = activity.idle_for(idle) => {}
        () = farewell(&draining) => {}
    }
}

async fn farewell(draining: &CancellationToken) {
    draining.cancelled().await;
    tokio::time::sleep(FAREWELL).await;
}

/// A Close frame as clients send it: masked.
fn masked_close() -> Vec<u8> {
    let mask: [u8; 4] = random::bytes();
    let [high, low] = 1001_u16.to_be_bytes();
    let mut frame = vec![0x88, 0x82];
    frame.extend_from_slice(&mask);
    frame.extend_from_slice(&[high ^ mask[0], low ^ mask[1]]);
    frame
}

/// When something last moved, for both directions.
struct Activity {
    epoch: Instant,
    last: AtomicU64,
}

impl Activity {
    fn touch(&self) {
        let millis = u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(millis, Ordering::Relaxed);
    }

    /// Returns after `idle` of silence; never when that is zero.
    async fn idle_for(&self, idle: Duration) {
        if idle.is_zero() {
            return std::future::pending().await;
        }
        loop {
            let due = self.epoch + Duration::from_millis(self.last.load(Ordering::Relaxed)) + idle;
            if Instant::now() >= due {
                return;
            }
            tokio::time::sleep_until(due).await;
        }
    }
}

struct Direction<R, W> {
    source: R,
    sink: W,
    frames: Frames,
    close: Vec<u8>,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Direction<R, W> {
    /// Copies until one end closes. At a stop it says goodbye between two frames.
    async fn pump(mut self, early: &[u8], activity: &Activity, draining: &CancellationToken) {
        let mut buffer = vec![0; BUFFER];
        let mut leaving = false;
        if !early.is_empty() {
            self.frames.pass(early);
            if self.sink.write_all(early).await.is_err() {
                return;
            }
        }
        loop {
            if leaving && self.frames.at_boundary() {
                let _ = self.sink.write_all(&self.close).await;
                let _ = self.sink.flush().await;
                // The other side closes; what it still says has no taker.
                while matches!(self.source.read(&mut buffer).await, Ok(count) if count > 0) {}
                return;
            }
            let count = tokio::select! {
                biased;
                () = draining.cancelled(), if !leaving => {
                    leaving = true;
                    continue;
                }
                read = self.source.read(&mut buffer) => match read {
                    Ok(0) | Err(_) => break,
                    Ok(count) => count,
                },
            };
            activity.touch();
            self.frames.pass(&buffer[..count]);
            if self.sink.write_all(&buffer[..count]).await.is_err()
                || self.sink.flush().await.is_err()
            {
                return;
            }
        }
        let _ = self.sink.shutdown().await;
    }
}

/// Knows where WebSocket frames end.
#[derive(Debug, Default)]
struct Frames {
    header: Vec<u8>,
    payload: u64,
}

impl Frames {
    fn at_boundary(&self) -> bool {
        self.payload == 0 && self.header.is_empty()
    }

    fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let take = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
                self.payload -= take as u64;
                bytes = &bytes[take..];
                continue;
            }
            self.header.push(bytes[0]);
            bytes = &bytes[1..];
            if let Some(payload) = Self::payload(&self.header) {
                self.payload = payload;
                self.header.clear();
            }
        }
    }

    /// Length of the payload once the header is complete.
    fn payload(header: &[u8]) -> Option<u64> {
        let second = *header.get(1)?;
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        let (extended, short) = match second & 0x7f {
            126 => (2, 0),
            127 => (8, 0),
            short => (0, u64::from(short)),
        };
        if header.len() < 2 + extended + mask {
            return None;
        }
        let length =
            header[2..2 + extended].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Some(if extended == 0 { short } else { length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_end_where_they_should() {
        let mut wire = vec![0x81, 0x05];
        wire.extend_from_slice(b"hello");
        wire.extend_from_slice(&[0x82, 0xfe, 0x01, 0x00, 1, 2, 3, 4]);
        wire.extend_from_slice(&[7; 256]);
        wire.extend_from_slice(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        wire.extend_from_slice(&[7; 65_536]);
        wire.extend_from_slice(&[0x89, 0x00]);
        let ends = [7, 7 + 8 + 256, 7 + 8 + 256 + 10 + 65_536, wire.len()];
        let mut frames = Frames::default();
        for (index, byte) in wire.iter().enumerate() {
            frames.pass(&[*byte]);
            assert_eq!(frames.at_boundary(), ends.contains(&(index + 1)), "{index}");
        }
        let mut frames = Frames::default();
        frames.pass(&wire);
        assert!(frames.at_boundary());
    }

    #[test]
    fn the_close_frame_is_masked() {
        let frame = masked_close();
        assert_eq!(frame[..2], [0x88, 0x82]);
        let code = [frame[6] ^ frame[2], frame[7] ^ frame[3]];
        assert_eq!(u16::from_be_bytes(code), 1001);
    }
}
