//! Where WebSocket frames end (RFC 6455, section 5.2), so that a Close frame can be put between
//! two of them. Nothing else of a frame is looked at.

use marquis_kernel::random;

/// Opcode of a Close frame.
const CLOSE: u8 = 0x8;
/// Longest header: two bytes, eight of length, four of mask.
const HEADER: usize = 14;

/// Follows one direction of a WebSocket.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frames {
    header: [u8; HEADER],
    have: usize,
    payload: u64,
    closing: bool,
}

impl Frames {
    /// Whether a new frame may begin here.
    pub(crate) const fn at_boundary(&self) -> bool {
        self.payload == 0 && self.have == 0
    }

    /// Whether a Close frame has begun: nothing may follow it.
    pub(crate) const fn closing(&self) -> bool {
        self.closing
    }

    /// Takes note of bytes that pass.
    pub(crate) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let count = self.advance(bytes);
            bytes = &bytes[count..];
        }
    }

    /// Takes note of bytes up to the end of the current or next frame; returns how many.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            if self.payload > 0 {
                let left = bytes.len() - at;
                let take = usize::try_from(self.payload).unwrap_or(usize::MAX).min(left);
                self.payload -= take as u64;
                at += take;
            } else {
                self.header[self.have] = bytes[at];
                self.have += 1;
                at += 1;
                let Some(payload) = payload(&self.header[..self.have]) else { continue };
                self.closing |= self.header[0] & 0x0f == CLOSE;
                self.payload = payload;
                self.have = 0;
            }
            if self.at_boundary() {
                break;
            }
        }
        at
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
    let length = header[2..2 + extended].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    Some(if extended == 0 { short } else { length })
}

/// A Close frame with status 1001, going away, as servers send it.
pub(crate) const GOING_AWAY: [u8; 4] = [0x88, 0x02, 0x03, 0xe9];

/// The same as clients send it: masked.
pub(crate) fn masked_going_away() -> [u8; 8] {
    let mask: [u8; 4] = random::bytes();
    let [high, low] = [GOING_AWAY[2] ^ mask[0], GOING_AWAY[3] ^ mask[1]];
    [0x88, 0x82, mask[0], mask[1], mask[2], mask[3], high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire() -> (Vec<u8>, Vec<usize>) {
        let mut wire = vec![0x81, 0x05];
        wire.extend_from_slice(b"hello");
        wire.extend_from_slice(&[0x82, 0xfe, 0x01, 0x00, 1, 2, 3, 4]);
        wire.extend_from_slice(&[7; 256]);
        wire.extend_from_slice(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        wire.extend_from_slice(&[7; 65_536]);
        wire.extend_from_slice(&[0x89, 0x00]);
        let ends = vec![7, 7 + 8 + 256, 7 + 8 + 256 + 10 + 65_536, wire.len()];
        (wire, ends)
    }

    #[test]
    fn frames_end_where_they_should() {
        let (wire, ends) = wire();
        let mut frames = Frames::default();
        for (index, byte) in wire.iter().enumerate() {
            frames.pass(&[*byte]);
            assert_eq!(frames.at_boundary(), ends.contains(&(index + 1)), "{index}");
        }
        let mut frames = Frames::default();
        frames.pass(&wire);
        assert!(frames.at_boundary());
        let (mut frames, mut at) = (Frames::default(), 0);
        for end in ends {
            at += frames.advance(&wire[at..]);
            assert_eq!(at, end);
        }
        assert!(!frames.closing());
    }

    #[test]
    fn close_frames_are_noticed() {
        let mut frames = Frames::default();
        frames.pass(&[0x81, 0x01, 0x88]);
        assert!(!frames.closing(), "that was content");
        frames.pass(&GOING_AWAY[..2]);
        assert!(frames.closing() && !frames.at_boundary());
        frames.pass(&GOING_AWAY[2..]);
        assert!(frames.at_boundary());
    }

    #[test]
    fn clients_mask_theirs() {
        let frame = masked_going_away();
        assert_eq!(frame[..2], [0x88, 0x82]);
        let code = [frame[6] ^ frame[2], frame[7] ^ frame[3]];
        assert_eq!(u16::from_be_bytes(code), 1001);
    }
}
