//! The small values that AVRCP's PDUs are made of.

/// What a player does (6.7.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the specification's own names")]
pub enum PlayStatus {
    Stopped = 0x00,
    Playing = 0x01,
    Paused = 0x02,
    FwdSeek = 0x03,
    RevSeek = 0x04,
    Error = 0xFF,
}

impl PlayStatus {
    /// The status with this number.
    pub const fn new(octet: u8) -> Option<Self> {
        match octet {
            0x00 => Some(PlayStatus::Stopped),
            0x01 => Some(PlayStatus::Playing),
            0x02 => Some(PlayStatus::Paused),
            0x03 => Some(PlayStatus::FwdSeek),
            0x04 => Some(PlayStatus::RevSeek),
            0xFF => Some(PlayStatus::Error),
            _ => None,
        }
    }
}

/// How a battery does (6.5.8, table 6.37).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the specification's own names")]
pub enum BatteryStatus {
    Normal = 0x0,
    Warning = 0x1,
    Critical = 0x2,
    External = 0x3,
    FullCharge = 0x4,
}

impl BatteryStatus {
    /// The status with this number.
    pub const fn new(octet: u8) -> Option<Self> {
        match octet {
            0x0 => Some(BatteryStatus::Normal),
            0x1 => Some(BatteryStatus::Warning),
            0x2 => Some(BatteryStatus::Critical),
            0x3 => Some(BatteryStatus::External),
            0x4 => Some(BatteryStatus::FullCharge),
            _ => None,
        }
    }
}

/// How a device that a Bluetooth adapter is plugged into does (table 6.38).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the specification's own names")]
pub enum SystemStatus {
    PowerOn = 0x00,
    PowerOff = 0x01,
    Unplugged = 0x02,
}

impl SystemStatus {
    /// The status with this number.
    pub const fn new(octet: u8) -> Option<Self> {
        match octet {
            0x00 => Some(SystemStatus::PowerOn),
            0x01 => Some(SystemStatus::PowerOff),
            0x02 => Some(SystemStatus::Unplugged),
            _ => None,
        }
    }
}

/// An absolute volume (6.13.1), 0 to 127: how much of the loudest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Volume(u8);

impl Volume {
    /// Silent.
    pub const MIN: Volume = Volume(0);
    /// The loudest.
    pub const MAX: Volume = Volume(0x7F);

    /// The volume with this number; the top bit does not count.
    pub const fn from_octet(octet: u8) -> Self {
        Volume(octet & 0x7F)
    }

    /// Its number, 0 to 127.
    pub const fn octet(self) -> u8 {
        self.0
    }

    /// The volume that is nearest to so many percent; more than a hundred is the loudest.
    pub const fn from_percent(percent: u8) -> Self {
        let percent = if percent > 100 { 100 } else { percent as u32 };
        Volume(((percent * 127 + 50) / 100) as u8)
    }

    /// How many percent it is nearest to.
    pub const fn percent(self) -> u8 {
        ((self.0 as u32 * 100 + 63) / 127) as u8
    }

    /// So many steps of 127 louder, or softer, as far as it goes.
    #[must_use]
    pub const fn stepped(self, steps: i8) -> Self {
        let volume = self.0.saturating_add_signed(steps);
        if volume > Self::MAX.0 { Self::MAX } else { Volume(volume) }
    }
}

/// A media player of the target (6.10.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PlayerId(pub u16);

/// How a command went (6.15.3). Any octet; those with a name have an associated constant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StatusCode(pub u8);

impl StatusCode {
    /// The PDU is not known.
    pub const INVALID_COMMAND: StatusCode = StatusCode(0x00);
    /// An identifier in it is not known.
    pub const INVALID_PARAMETER: StatusCode = StatusCode(0x01);
    /// What follows a known identifier is wrong.
    pub const PARAMETER_CONTENT_ERROR: StatusCode = StatusCode(0x02);
    /// Something else went wrong.
    pub const INTERNAL_ERROR: StatusCode = StatusCode(0x03);
    /// Nothing went wrong.
    pub const OPERATION_COMPLETED: StatusCode = StatusCode(0x04);
    /// There is no such player.
    pub const INVALID_PLAYER_ID: StatusCode = StatusCode(0x11);
    /// There is no player at all.
    pub const NO_AVAILABLE_PLAYERS: StatusCode = StatusCode(0x15);
    /// Another player is addressed now: what was registered of the last one has ended.
    pub const ADDRESSED_PLAYER_CHANGED: StatusCode = StatusCode(0x16);

    /// Reads a rejected PDU's parameters. Some targets leave the code out.
    pub fn parse(parameters: &[u8]) -> Self {
        parameters.first().map_or(StatusCode::INTERNAL_ERROR, |code| StatusCode(*code))
    }
}
