//! What the floors above and the machines in this crate name things by.

use wire::Address;
use zeroize::Zeroize;

/// An index into the table of ACL links, 0 to [`MAX_LINKS`] − 1. Reused after the link's end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkId(pub u8);

/// Active ACL links of a piconet (Core 5.4, Vol 2, Part B, 4.1.1).
pub const MAX_LINKS: usize = 7;

/// A media stream: the stream endpoint that the peer on this link has configured. One number for
/// the life of the connection, and not the number of the next connections on the same link: what is
/// said late of a stream is not taken for its successor's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StreamId(pub u8);

impl StreamId {
    /// The bits that the link takes.
    const LINK: u8 = MAX_LINKS.next_power_of_two() as u8 - 1;

    /// The stream of a link's connection, which is the `serial`-th of all.
    pub(crate) const fn new(link: LinkId, serial: u8) -> Self {
        StreamId(serial << Self::LINK.count_ones() | link.0 & Self::LINK)
    }

    /// The link that it runs on.
    pub const fn link(self) -> LinkId {
        LinkId(self.0 & Self::LINK)
    }
}

/// How voice is coded on a synchronous link.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VoiceCodec {
    /// CVSD, made by the controller: the host has 16-bit linear samples at 8 kHz.
    Cvsd,
    /// mSBC, made by the host, at 16 kHz.
    Msbc,
}

/// How well a voice packet was received: its Packet_Status_Flag (Core 5.4, Vol 4, Part E, 5.4.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VoiceStatus {
    /// Well, as far as the controller knows.
    Correct,
    /// Parts of it may be wrong.
    PossiblyInvalid,
    /// Not at all: the payload means nothing.
    NoData,
    /// In part.
    PartiallyLost,
}

/// A device name, at most 248 bytes of UTF-8 (Core 5.4, Vol 4, Part E, 7.3.11).
pub type Name = heapless::String<248>;

/// Bonds that are kept at most; past that the one used longest ago makes room.
pub const MAX_BONDS: usize = 32;

/// How a link key was made (Core 5.4, Vol 4, Part E, 7.7.24), the values that we keep.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum KeyType {
    /// Legacy pairing with a PIN.
    Combination = 0x00,
    /// P-192, without protection from a man in the middle.
    UnauthenticatedP192 = 0x04,
    /// P-192, compared or typed in.
    AuthenticatedP192 = 0x05,
    /// P-256 (Secure Connections), without protection from a man in the middle.
    UnauthenticatedP256 = 0x07,
    /// P-256 (Secure Connections), compared or typed in.
    AuthenticatedP256 = 0x08,
}

/// What lets a phone come back without pairing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bond {
    /// The phone.
    pub address: Address,
    /// The controller that the key was made on; with another one the key is of no use.
    pub local: Address,
    /// The link key.
    pub key: LinkKey,
    /// How the key was made.
    pub key_type: KeyType,
    /// The phone's name as last read, empty if never.
    pub name: Name,
    /// A running number that grows with each use, so that the phones can be put in order: those that
    /// are connected, then of two the one that was connected last.
    pub last_used: u64,
    /// How loud it is heard.
    pub volumes: Volumes,
}

/// How loud a phone was heard last, in percent; `None` before that was set. Kept with the bond for the
/// floors above: nothing here goes by it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Volumes {
    /// Its media.
    pub media: Option<u8>,
    /// Its calls.
    pub call: Option<u8>,
}

/// A 128-bit link key; wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKey(pub [u8; 16]);

impl core::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("LinkKey(…)")
    }
}

impl Drop for LinkKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Whether the owner is asked when a phone pairs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Confirmation {
    /// No: the receiver says that it has neither keys nor a screen (NoInputNoOutput).
    #[default]
    Auto,
    /// Yes: the receiver can show six digits and be told yes or no (DisplayYesNo).
    Ask,
}

/// Use of Secure Connections (P-256 keys and AES-CCM).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum SecureConnections {
    /// Where both sides can.
    #[default]
    Auto,
    /// Phones that cannot are refused.
    Only,
    /// Never.
    Off,
}
