//! USB/IP's URB stream, the device's side (Linux's *USB/IP protocol* page, "USBIP_CMD_SUBMIT" and
//! after): what `vhci_hcd` writes to the socket that a device was attached with, and reads from it.
//!
//! Every message begins with 48 bytes, big-endian. Submissions are followed by the data that goes out
//! and by 16 bytes an isochronous packet; returns by the data that came in, packed, and the same.
//! The negotiation before the stream (lists, imports) is not spoken: nobody imports.

/// The length of what each message begins with.
const HEADER: usize = 48;
/// The length of one isochronous packet's description.
const DESCRIPTION: usize = 16;
/// More than this in one URB is no URB of usbfs or of a driver of ours.
const MOST_BYTES: usize = 1 << 20;
/// More packets than this in one isochronous URB the kernel does not take (USBIP_MAX_ISO_PACKETS).
const MOST_PACKETS: usize = 1024;

/// Linux's error numbers as URBs end with them.
pub(crate) mod status {
    pub(crate) const OK: i32 = 0;
    /// Stalled.
    pub(crate) const PIPE: i32 = -32;
    /// More data than there was room for.
    pub(crate) const OVERFLOW: i32 = -75;
    /// Garbled on the wire.
    pub(crate) const PROTOCOL: i32 = -71;
    /// Taken back.
    pub(crate) const CONNRESET: i32 = -104;
}

/// One packet of an isochronous URB.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Packet {
    pub(crate) offset: u32,
    pub(crate) length: u32,
    pub(crate) actual: u32,
    pub(crate) status: i32,
}

/// A URB that the host submits.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Urb {
    pub(crate) number: u32,
    /// The endpoint's address, with bit 7 set for those that send to the host.
    pub(crate) endpoint: u8,
    /// How many bytes it has room for, or sends.
    pub(crate) length: usize,
    pub(crate) setup: [u8; 8],
    /// What goes out.
    pub(crate) data: Vec<u8>,
    /// Empty where it is not isochronous.
    pub(crate) packets: Vec<Packet>,
}

impl Urb {
    pub(crate) fn is_in(&self) -> bool {
        self.endpoint & 0x80 != 0
    }
}

/// What the host asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Request {
    Submit(Urb),
    /// Take `target` back, if it has not ended yet.
    Unlink {
        number: u32,
        target: u32,
    },
}

/// How a URB ended.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Return {
    pub(crate) number: u32,
    pub(crate) status: i32,
    /// What came in; for isochronous URBs the packets' bytes one after another.
    pub(crate) data: Vec<u8>,
    /// How many bytes went out or came in.
    pub(crate) actual: usize,
    pub(crate) packets: Vec<Packet>,
}

/// These bytes are no USB/IP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Garbled;

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

/// The first request in `bytes` and its length, or nothing where it is not complete.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Request, usize)>, Garbled> {
    if bytes.len() < HEADER {
        return Ok(None);
    }
    let number = word(bytes, 4);
    match word(bytes, 0) {
        1 => submit(bytes, number),
        2 => Ok(Some((Request::Unlink { number, target: word(bytes, 20) }, HEADER))),
        _ => Err(Garbled),
    }
}

fn submit(bytes: &[u8], number: u32) -> Result<Option<(Request, usize)>, Garbled> {
    let is_in = word(bytes, 12) == 1;
    let length = word(bytes, 24) as usize;
    // Where a URB is not isochronous the field holds 0 or, says the protocol's page, all ones.
    let count = match word(bytes, 32) {
        u32::MAX => 0,
        count => count as usize,
    };
    let endpoint = word(bytes, 16);
    if length > MOST_BYTES || count > MOST_PACKETS || endpoint > 15 {
        return Err(Garbled);
    }
    let out = if is_in { 0 } else { length };
    let end = HEADER + out + count * DESCRIPTION;
    if bytes.len() < end {
        return Ok(None);
    }
    let (data, packets) = bytes[HEADER..end].split_at(out);
    let packets: Vec<Packet> = packets.chunks_exact(DESCRIPTION).map(packet).collect();
    let fits = |packet: &Packet| packet.offset as usize + packet.length as usize <= length;
    if !packets.iter().all(fits) {
        return Err(Garbled);
    }
    let mut setup = [0; 8];
    setup.copy_from_slice(&bytes[40..48]);
    let endpoint = endpoint as u8 | if is_in { 0x80 } else { 0 };
    let urb = Urb { number, endpoint, length, setup, data: data.to_vec(), packets };
    Ok(Some((Request::Submit(urb), end)))
}

fn packet(bytes: &[u8]) -> Packet {
    Packet {
        offset: word(bytes, 0),
        length: word(bytes, 4),
        actual: word(bytes, 8),
        status: word(bytes, 12) as i32,
    }
}

impl Return {
    /// Appends the message that tells of it.
    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        let errors = self.packets.iter().filter(|packet| packet.status != 0).count() as u32;
        header(to, 3, self.number);
        for field in
            [self.status as u32, self.actual as u32, 0, self.packets.len() as u32, errors, 0, 0]
        {
            to.extend(field.to_be_bytes());
        }
        to.extend(&self.data);
        for packet in &self.packets {
            for field in [packet.offset, packet.length, packet.actual, packet.status as u32] {
                to.extend(field.to_be_bytes());
            }
        }
    }
}

/// Appends the answer to an unlink: [`status::CONNRESET`] where the URB was taken back (it gets no
/// return then), [`status::OK`] where it had ended before.
pub(crate) fn unlinked(number: u32, status: i32, to: &mut Vec<u8>) {
    header(to, 4, number);
    to.extend((status as u32).to_be_bytes());
    to.extend([0; 24]);
}

fn header(to: &mut Vec<u8>, kind: u32, number: u32) {
    for field in [kind, number, 0, 0, 0] {
        to.extend(field.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A submission as the kernel writes it.
    fn submission(is_in: bool, endpoint: u32, data: &[u8], packets: &[(u32, u32)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let count = packets.len() as u32;
        let fields = [1, 7, 0x10002, u32::from(is_in), endpoint, 0, data.len() as u32, 0, count, 1];
        fields.iter().for_each(|field: &u32| bytes.extend(field.to_be_bytes()));
        bytes.extend([0x20, 0, 0, 0, 0, 0, 3, 0]);
        if !is_in {
            bytes.extend(data);
        }
        for (offset, length) in packets {
            [*offset, *length, 0, 0].iter().for_each(|field| bytes.extend(field.to_be_bytes()));
        }
        bytes
    }

    #[test]
    fn a_submission_is_taken_once_it_is_complete() {
        let bytes = submission(false, 0, &[3, 0x0c, 0], &[]);
        for end in 0..bytes.len() {
            assert_eq!(parse(&bytes[..end]), Ok(None), "{end} bytes");
        }
        let Ok(Some((Request::Submit(urb), 51))) = parse(&bytes) else { panic!("a URB") };
        assert_eq!((urb.number, urb.endpoint, urb.length), (7, 0, 3));
        assert_eq!((urb.setup[0], &urb.data[..]), (0x20, &[3, 0x0c, 0][..]));
    }

    #[test]
    fn what_comes_in_has_room_and_no_data() {
        let bytes = submission(true, 3, &[0; 27], &[(0, 9), (9, 9), (18, 9)]);
        let Ok(Some((Request::Submit(urb), length))) = parse(&bytes) else { panic!("a URB") };
        assert_eq!((length, urb.endpoint, urb.length), (48 + 48, 0x83, 27));
        assert!(urb.data.is_empty() && urb.is_in());
        assert_eq!(urb.packets[2], Packet { offset: 18, length: 9, actual: 0, status: 0 });
    }

    #[test]
    fn packets_outside_of_their_urb_are_no_usbip() {
        assert_eq!(parse(&submission(true, 3, &[0; 9], &[(1, 9)])), Err(Garbled));
        let mut bytes = submission(true, 1, &[], &[]);
        bytes[3] = 9;
        assert_eq!(parse(&bytes), Err(Garbled));
    }

    #[test]
    fn returns_and_unlinks_have_the_kernels_layout() {
        let packet = Packet { offset: 9, length: 9, actual: 2, status: -75 };
        let done =
            Return { number: 5, status: -32, data: vec![1, 2], actual: 2, packets: vec![packet] };
        let mut bytes = Vec::new();
        done.write(&mut bytes);
        assert_eq!(bytes.len(), 48 + 2 + 16);
        let words: Vec<u32> = [0, 4, 20, 24, 32, 36].iter().map(|at| word(&bytes, *at)).collect();
        assert_eq!(words, [3, 5, -32i32 as u32, 2, 1, 1]);
        assert_eq!((&bytes[48..50], word(&bytes, 50 + 12) as i32), (&[1, 2][..], -75));
        bytes.clear();
        unlinked(6, status::CONNRESET, &mut bytes);
        assert_eq!((bytes.len(), word(&bytes, 0), word(&bytes, 20) as i32), (48, 4, -104));
    }
}
