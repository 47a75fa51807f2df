//! HCI packets as H4 carries them (Bluetooth Core 5.4, Vol 4, Part A, 2): an indicator, a header
//! with a length, the rest. Enough to cut a stream into packets, and to look at a few.

/// The indicators of H4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Command = 1,
    Acl = 2,
    Sco = 3,
    Event = 4,
}

impl Kind {
    /// The header's length, and the length that a header tells.
    fn header(self) -> usize {
        match self {
            Kind::Command | Kind::Sco => 3,
            Kind::Acl => 4,
            Kind::Event => 2,
        }
    }

    /// The whole packet's length, once its header is there.
    pub(crate) fn length(self, bytes: &[u8]) -> Option<usize> {
        let rest = match (self, bytes) {
            (Kind::Command | Kind::Sco, [_, _, length, ..]) => usize::from(*length),
            (Kind::Acl, [_, _, low, high, ..]) => usize::from(u16::from_le_bytes([*low, *high])),
            (Kind::Event, [_, length, ..]) => usize::from(*length),
            _ => return None,
        };
        Some(self.header() + rest)
    }
}

/// One packet, without its indicator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Packet {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
}

impl Packet {
    /// An event with these parameters.
    pub(crate) fn event(code: u8, parameters: &[u8]) -> Packet {
        let mut bytes = vec![code, parameters.len() as u8];
        bytes.extend(parameters);
        Packet { kind: Kind::Event, bytes }
    }

    /// Appends it with its indicator.
    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        to.push(self.kind as u8);
        to.extend(&self.bytes);
    }

    /// What a command asks for.
    pub(crate) fn opcode(&self) -> Option<u16> {
        match (self.kind, &self.bytes[..]) {
            (Kind::Command, [low, high, ..]) => Some(u16::from_le_bytes([*low, *high])),
            _ => None,
        }
    }

    /// What an event tells.
    pub(crate) fn event_code(&self) -> Option<u8> {
        (self.kind == Kind::Event).then(|| self.bytes.first().copied()).flatten()
    }
}

/// Bytes that are no H4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Garbled(pub(crate) u8);

/// Cuts a stream into packets.
#[derive(Default)]
pub(crate) struct Framer(Vec<u8>);

impl Framer {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    pub(crate) fn next(&mut self) -> Result<Option<Packet>, Garbled> {
        let Some((indicator, rest)) = self.0.split_first() else { return Ok(None) };
        let kind = match indicator {
            1 => Kind::Command,
            2 => Kind::Acl,
            3 => Kind::Sco,
            4 => Kind::Event,
            other => return Err(Garbled(*other)),
        };
        let Some(length) = kind.length(rest).filter(|length| rest.len() >= *length) else {
            return Ok(None);
        };
        let bytes = rest[..length].to_vec();
        self.0.drain(..=length);
        Ok(Some(Packet { kind, bytes }))
    }
}

/// Bytes written as hexadecimal digits, with or without spaces.
pub(crate) fn hex(words: &[&str]) -> Result<Vec<u8>, String> {
    let digits: String = words.concat();
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    bytes
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| format!("`{}` is not bytes in hexadecimal", words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_cut_wherever_it_is_torn() {
        let stream = [1, 3, 0x0c, 0, 2, 1, 0x20, 2, 0, 9, 8, 3, 5, 0, 1, 7, 4, 0x0e, 1, 0];
        for piece in 1..stream.len() {
            let (mut framer, mut found) = (Framer::default(), Vec::new());
            for bytes in stream.chunks(piece) {
                framer.push(bytes);
                while let Some(packet) = framer.next().expect("H4") {
                    found.push(packet);
                }
            }
            let kinds: Vec<_> = found.iter().map(|packet| packet.kind).collect();
            assert_eq!(kinds, [Kind::Command, Kind::Acl, Kind::Sco, Kind::Event], "{piece}");
            assert_eq!(found[0].opcode(), Some(0x0c03));
            assert_eq!(found[1].bytes, [1, 0x20, 2, 0, 9, 8]);
            assert_eq!(found[3].event_code(), Some(0x0e));
            let mut again = Vec::new();
            found.iter().for_each(|packet| packet.write(&mut again));
            assert_eq!(again, stream);
        }
    }

    #[test]
    fn what_is_no_packet_is_told() {
        let mut framer = Framer::default();
        framer.push(&[9]);
        assert_eq!(framer.next(), Err(Garbled(9)));
        assert_eq!(hex(&["0e04", "01"]), Ok(vec![0x0e, 4, 1]));
        assert!(hex(&["0e0"]).is_err() && hex(&[]).is_err() && hex(&["xx"]).is_err());
    }
}
