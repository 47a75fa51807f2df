//! What an Intel part says of itself (0xFC05), and the names of the files that it wants.

use std::fmt;

use crate::firmware::file::Engine;

/// The only platform there is.
const PLATFORM: u8 = 0x37;

/// The answer in either form, without its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Version {
    Legacy(Legacy),
    Tlv(Tlv),
}

impl Version {
    pub(super) fn parse(answer: &[u8]) -> Option<Version> {
        match *answer {
            [PLATFORM, variant, revision, firmware, firmware_revision, b, w, y, patch] => {
                let build = [b, w, y];
                let version =
                    Legacy { variant, revision, firmware, firmware_revision, build, patch };
                Some(Version::Legacy(version))
            }
            _ => Tlv::parse(answer).map(Version::Tlv),
        }
    }
}

/// What a part runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Image {
    BootLoader,
    IntermediateLoader,
    Firmware,
}

/// The form of fixed length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Legacy {
    variant: u8,
    revision: u8,
    firmware: u8,
    firmware_revision: u8,
    /// Number, week, year since 2000.
    build: [u8; 3],
    pub(super) patch: u8,
}

impl Legacy {
    /// Wilkins Peak and Stone Peak, whose ROM is patched.
    pub(super) fn is_rom(&self) -> bool {
        matches!(self.variant, 0x07 | 0x08)
    }

    /// The patch for just this ROM, and the one for all of the variant.
    pub(super) fn patch_files(&self) -> Vec<String> {
        let Legacy { variant, revision, firmware, firmware_revision, build: [b, w, y], .. } = self;
        let stem = format!("intel/ibt-hw-{PLATFORM:x}.{variant:x}");
        vec![
            format!(
                "{stem}.{revision:x}-fw-{firmware:x}.{firmware_revision:x}.{b:x}.{w:x}.{y:x}.bseq"
            ),
            format!("{stem}.bseq"),
        ]
    }

    pub(super) fn image(&self) -> Option<Image> {
        match self.firmware {
            0x06 => Some(Image::BootLoader),
            0x23 => Some(Image::Firmware),
            _ => None,
        }
    }

    /// The files' name without its ending.
    pub(super) fn file(&self, device_revision: u16) -> Option<String> {
        let Legacy { variant, revision, firmware_revision, .. } = self;
        match variant {
            // Snowfield Peak, Windstorm Peak.
            0x0b | 0x0c => Some(format!("intel/ibt-{variant}-{device_revision}")),
            // Jefferson Peak, Thunder Peak, Harrison Peak, Cyclone Peak.
            0x11..=0x14 => Some(format!("intel/ibt-{variant}-{revision}-{firmware_revision}")),
            _ => None,
        }
    }
}

impl fmt::Display for Legacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [build, week, year] = self.build;
        let (major, minor) = (self.firmware_revision >> 4, self.firmware_revision & 0x0f);
        let year = 2000 + u16::from(year);
        write!(f, "variant {:02x} revision {major}.{minor} ", self.variant)?;
        write!(f, "build {build} week {week} {year}")
    }
}

/// The form of types, lengths and values: those that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tlv {
    /// What the controller and its radio are, for the files' names.
    cnvi: u32,
    cnvr: u32,
    /// Platform and variant.
    hardware: u32,
    pub(super) image: Option<Image>,
    /// Week, year since 2000.
    date: [u8; 2],
    build: u32,
    pub(super) limited: u8,
    secure_boot_engine: u8,
    /// Tells firmwares of the newest parts apart.
    firmware_id: String,
}

impl Tlv {
    fn parse(mut answer: &[u8]) -> Option<Tlv> {
        let mut version = Tlv::default();
        while let [kind, length, rest @ ..] = answer {
            let (value, behind) = rest.split_at_checked(usize::from(*length))?;
            version.take(*kind, value);
            answer = behind;
        }
        let platform = version.hardware.to_le_bytes()[1];
        (answer.is_empty() && platform == PLATFORM).then_some(version)
    }

    fn take(&mut self, kind: u8, value: &[u8]) {
        match (kind, value) {
            (0x10, &[a, b, c, d]) => self.cnvi = u32::from_le_bytes([a, b, c, d]),
            (0x11, &[a, b, c, d]) => self.cnvr = u32::from_le_bytes([a, b, c, d]),
            (0x12, &[a, b, c, d]) => self.hardware = u32::from_le_bytes([a, b, c, d]),
            (0x1c, [0x01, ..]) => self.image = Some(Image::BootLoader),
            (0x1c, [0x02, ..]) => self.image = Some(Image::IntermediateLoader),
            (0x1c, [0x03, ..]) => self.image = Some(Image::Firmware),
            (0x1d, &[week, year, ..]) => self.date = [week, year],
            (0x1f, &[a, b, c, d]) => self.build = u32::from_le_bytes([a, b, c, d]),
            (0x2e, &[limited, ..]) => self.limited = limited,
            (0x2f, &[engine, ..]) => self.secure_boot_engine = engine,
            (0x50, id) => self.firmware_id = identifier(id),
            _ => {}
        }
    }

    fn variant(&self) -> u8 {
        self.hardware.to_le_bytes()[2] & 0x3f
    }

    /// Whether this part's boot loader speaks the old form.
    pub(super) fn is_legacy(&self) -> bool {
        matches!(self.variant(), 0x11..=0x14)
    }

    pub(super) fn engine(&self) -> Option<Engine> {
        match self.secure_boot_engine {
            0x00 => Some(Engine::Rsa),
            0x01 => Some(Engine::Ecdsa),
            _ => None,
        }
    }

    /// The name, without its ending, of the file that is to be loaded next, or was the last.
    pub(super) fn file(&self) -> Option<String> {
        let stem = format!("intel/ibt-{:04x}-{:04x}", in_name(self.cnvi), in_name(self.cnvr));
        match (self.variant(), self.image) {
            // Typhoon Peak, Solar, Solar-F, Magnetar, Gale Peak, BlazarU.
            (0x17..=0x19 | 0x1b..=0x1d, _) => Some(stem),
            // BlazarI.
            (0x1e, Some(Image::BootLoader)) => Some(format!("{stem}-iml")),
            (0x1e, _) if self.firmware_id.is_empty() => Some(stem),
            (0x1e, _) => Some(format!("{stem}-{}", self.firmware_id)),
            _ => None,
        }
    }
}

impl fmt::Display for Tlv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [week, year] = self.date;
        let year = 2000 + u16::from(year);
        write!(f, "variant {:02x} build {} week {week} {year}", self.variant(), self.build)
    }
}

/// Type and step as files are named for them: twelve and four bits, the two bytes exchanged.
fn in_name(top: u32) -> u16 {
    let [low, middle, _, high] = top.to_le_bytes();
    let kind = u16::from_le_bytes([low, middle & 0x0f]);
    (kind << 4 | u16::from(high & 0x0f)).swap_bytes()
}

/// What the controller says becomes part of a file's name: nothing may be in it that leads elsewhere.
fn identifier(bytes: &[u8]) -> String {
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or(&[]);
    match text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)) {
        true => text.iter().map(|byte| char::from(*byte)).collect(),
        false => String::new(),
    }
}
