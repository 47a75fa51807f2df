//! The values that parameters take.

use core::fmt;

use bitflags::bitflags;

use super::bytes::{Field, Reader, Writer, bits, enumeration, wraps};
use crate::error::{Malformed, NoRoom};

/// A connection handle: twelve bits that name a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Handle(u16);

impl Handle {
    /// The handle in the lower twelve bits; the upper four are not part of it.
    pub const fn new(raw: u16) -> Handle {
        Handle(raw & 0x0FFF)
    }

    /// The number.
    pub const fn raw(self) -> u16 {
        self.0
    }
}

impl Field<'_> for Handle {
    fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Handle::new(u16::get(reader)?))
    }
    fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        self.0.put(writer)
    }
}

/// What a device says it is (Assigned Numbers, 2.8), least significant octet first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ClassOfDevice(pub [u8; 3]);

impl ClassOfDevice {
    /// From the usual way of writing it, such as 0x240404.
    pub const fn new(class: u32) -> ClassOfDevice {
        let [a, b, c, _] = class.to_le_bytes();
        ClassOfDevice([a, b, c])
    }

    /// The usual number.
    pub const fn raw(self) -> u32 {
        let [a, b, c] = self.0;
        u32::from_le_bytes([a, b, c, 0])
    }

    /// Major device class: 1 computer, 2 phone, 4 audio and video.
    pub const fn major(self) -> u8 {
        self.0[1] & 0x1F
    }

    /// Minor device class.
    pub const fn minor(self) -> u8 {
        self.0[0] >> 2
    }
}

impl fmt::Debug for ClassOfDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:06X}", self.raw())
    }
}

/// A 128-bit link key. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkKey(pub [u8; 16]);

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey(..)")
    }
}

/// The lower address part that an inquiry looks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Lap(pub [u8; 3]);

impl Lap {
    /// General/Unlimited Inquiry Access Code.
    pub const GENERAL: Lap = Lap([0x33, 0x8B, 0x9E]);
    /// Limited Inquiry Access Code.
    pub const LIMITED: Lap = Lap([0x00, 0x8B, 0x9E]);
}

/// A PIN of 1 to 16 octets (legacy pairing). `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PinCode {
    length: u8,
    octets: [u8; 16],
}

impl PinCode {
    /// `None` unless 1 to 16 octets long.
    pub fn new(pin: &[u8]) -> Option<PinCode> {
        let mut octets = [0; 16];
        octets.get_mut(..pin.len())?.copy_from_slice(pin);
        let length = u8::try_from(pin.len()).ok().filter(|length| *length > 0)?;
        Some(PinCode { length, octets })
    }

    /// The PIN's octets.
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl fmt::Debug for PinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinCode(..)")
    }
}

impl Field<'_> for PinCode {
    fn get(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let [length] = reader.array()?;
        let octets: [u8; 16] = reader.array()?;
        PinCode::new(octets.get(..usize::from(length)).ok_or(Malformed)?).ok_or(Malformed)
    }
    fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.put(&[self.length])?;
        writer.put(&self.octets)
    }
}

/// A device's name: at most 248 octets, UTF-8, padded with zeros on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    /// Octets on the wire.
    pub const SIZE: usize = 248;

    /// The name, cut at the last character that fits.
    pub fn new(name: &'a str) -> Name<'a> {
        Name(name.get(..name.floor_char_boundary(Self::SIZE)).unwrap_or_default().as_bytes())
    }

    /// The octets before the first zero, whatever they are.
    pub fn as_bytes(&self) -> &'a [u8] {
        let end = self.0.iter().position(|octet| *octet == 0).unwrap_or(self.0.len());
        self.0.get(..end).unwrap_or_default()
    }

    /// The name up to the first octet that is not UTF-8.
    pub fn as_str(&self) -> &'a str {
        match self.as_bytes().utf8_chunks().next() {
            Some(chunk) => chunk.valid(),
            None => "",
        }
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A name ends at its first zero; one that the controller cut short is taken as it is.
impl<'a> Field<'a> for Name<'a> {
    fn get(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let octets = reader.take(reader.remaining().min(Self::SIZE))?;
        Ok(Name(Name(octets).as_bytes()))
    }
    fn put(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.put(self.0)?;
        writer.zeros(Self::SIZE - self.0.len())
    }
}

/// A span of time in baseband slots of 0.625 ms.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slots(pub u16);

impl Slots {
    /// Rounded down; at most 40.9 s.
    pub const fn from_millis(millis: u32) -> Slots {
        let slots = millis as u64 * 8 / 5;
        Slots(if slots > 0xFFFF { 0xFFFF } else { slots as u16 })
    }

    /// In microseconds.
    pub const fn micros(self) -> u32 {
        self.0 as u32 * 625
    }
}

/// How much a peer's clock differs, to speed paging up: bits 16–2 of the difference, and whether it
/// is valid.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ClockOffset(pub u16);

impl ClockOffset {
    /// Nothing is known.
    pub const UNKNOWN: ClockOffset = ClockOffset(0);

    /// The offset as heard in an inquiry, marked valid.
    pub const fn valid(self) -> ClockOffset {
        ClockOffset(self.0 | 0x8000)
    }
}

wraps! {
    ClassOfDevice([u8; 3]), LinkKey([u8; 16]), Lap([u8; 3]), Slots(u16),
    ClockOffset(u16),
}

enumeration! {
    /// A device's part in a piconet.
    Role {
        /// Sets the time (formerly "master").
        Central = 0,
        /// Follows it.
        Peripheral = 1,
    }
    /// The kind of a link.
    LinkType {
        /// Synchronous, of the older kind.
        Sco = 0,
        /// Data.
        Acl = 1,
        /// Synchronous, with retransmission.
        Esco = 2,
    }
    /// Who may find us and who may connect to us.
    ScanEnable {
        /// Neither.
        None = 0,
        /// Inquiry scan: we can be found.
        Inquiry = 1,
        /// Page scan: we can be connected to.
        Page = 2,
        /// Both.
        InquiryAndPage = 3,
    }
    /// How a scan listens.
    ScanType {
        /// One window an interval.
        Standard = 0,
        /// Two windows in a row on complementary frequencies: found faster.
        Interlaced = 1,
    }
    /// What inquiry results carry.
    InquiryMode {
        /// The bare minimum.
        Standard = 0,
        /// With RSSI.
        Rssi = 1,
        /// With RSSI, or with the extended inquiry response where a device has one.
        Extended = 2,
    }
    /// How often a device listens for pages.
    PageScanRepetitionMode {
        /// Continuously.
        R0 = 0,
        /// Every 1.28 s at least.
        R1 = 1,
        /// Every 2.56 s at least.
        R2 = 2,
    }
    /// What a device can show and be told during pairing.
    IoCapability {
        /// Shows six digits.
        DisplayOnly = 0,
        /// Shows six digits and can be told yes or no.
        DisplayYesNo = 1,
        /// Digits can be typed.
        KeyboardOnly = 2,
        /// Neither: just works.
        NoInputNoOutput = 3,
    }
    /// Whether a device has pairing data that came another way.
    OobDataPresent {
        /// None.
        No = 0,
        /// For P-192.
        P192 = 1,
        /// For P-256.
        P256 = 2,
        /// For both.
        P192AndP256 = 3,
    }
    /// What a device wants from pairing: whether somebody in the middle must be kept out (MITM), and
    /// whether the key is kept.
    AuthenticationRequirements {
        /// No MITM protection, key not kept.
        NoBonding = 0,
        /// MITM protection, key not kept.
        MitmNoBonding = 1,
        /// No MITM protection, dedicated bonding.
        DedicatedBonding = 2,
        /// MITM protection, dedicated bonding.
        MitmDedicatedBonding = 3,
        /// No MITM protection, general bonding.
        GeneralBonding = 4,
        /// MITM protection, general bonding.
        MitmGeneralBonding = 5,
    }
    /// How a link key came to be.
    KeyType {
        /// Legacy pairing with a PIN.
        Combination = 0,
        /// The local device's unit key (deprecated).
        LocalUnit = 1,
        /// The remote device's unit key (deprecated).
        RemoteUnit = 2,
        /// Made with the published debug key: everybody can know it.
        DebugCombination = 3,
        /// P-192, nobody in the middle kept out.
        UnauthenticatedP192 = 4,
        /// P-192, authenticated.
        AuthenticatedP192 = 5,
        /// Changed on an existing link; as strong as the one before.
        Changed = 6,
        /// P-256, nobody in the middle kept out.
        UnauthenticatedP256 = 7,
        /// P-256, authenticated.
        AuthenticatedP256 = 8,
    }
    /// Which key protects a link.
    KeyFlag {
        /// The link's own.
        SemiPermanent = 0,
        /// A temporary one of the piconet.
        Temporary = 1,
    }
    /// Whether a link is encrypted, and how.
    Encryption {
        /// Not encrypted.
        Off = 0,
        /// E0.
        E0 = 1,
        /// AES-CCM.
        AesCcm = 2,
    }
    /// A link's power mode.
    Mode {
        /// Fully there.
        Active = 0,
        /// On hold.
        Hold = 1,
        /// Sniff: listens at intervals.
        Sniff = 2,
    }
    /// What happens while a passkey is typed.
    KeypressNotificationType {
        /// Typing began.
        EntryStarted = 0,
        /// A digit was typed.
        DigitEntered = 1,
        /// A digit was erased.
        DigitErased = 2,
        /// All was erased.
        Cleared = 3,
        /// Typing ended.
        EntryCompleted = 4,
    }
    /// Whether the controller waits for the host to take its packets.
    HostFlowControl {
        /// For neither kind.
        Off = 0,
        /// For ACL data.
        Acl = 1,
        /// For synchronous data.
        Synchronous = 2,
        /// For both.
        AclAndSynchronous = 3,
    }
    /// Which of a link's power levels is meant.
    PowerLevelType {
        /// In use now.
        Current = 0,
        /// The greatest.
        Maximum = 1,
    }
}

bitflags! {
    /// What a link may do by itself or for its peer.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct LinkPolicy: u16 {
        /// Role switches are allowed.
        const ROLE_SWITCH = 1 << 0;
        /// Hold mode is allowed.
        const HOLD = 1 << 1;
        /// Sniff mode is allowed.
        const SNIFF = 1 << 2;
    }

    /// Baseband packet types of an ACL link. The `NO_` bits forbid; the others allow.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct PacketTypes: u16 {
        /// 2-DH1 may not be used.
        const NO_2DH1 = 1 << 1;
        /// 3-DH1 may not be used.
        const NO_3DH1 = 1 << 2;
        /// DM1 may be used.
        const DM1 = 1 << 3;
        /// DH1 may be used.
        const DH1 = 1 << 4;
        /// 2-DH3 may not be used.
        const NO_2DH3 = 1 << 8;
        /// 3-DH3 may not be used.
        const NO_3DH3 = 1 << 9;
        /// DM3 may be used.
        const DM3 = 1 << 10;
        /// DH3 may be used.
        const DH3 = 1 << 11;
        /// 2-DH5 may not be used.
        const NO_2DH5 = 1 << 12;
        /// 3-DH5 may not be used.
        const NO_3DH5 = 1 << 13;
        /// DM5 may be used.
        const DM5 = 1 << 14;
        /// DH5 may be used.
        const DH5 = 1 << 15;
        /// Everything may be used.
        const ALL = 0xCC18;
    }
}

bits!(LinkPolicy, PacketTypes);
