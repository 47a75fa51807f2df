//! RFCOMM 1.2: several serial lines over one L2CAP channel, in the subset of TS 07.10 that it uses.
//!
//! [`Frame`] is what an L2CAP packet on [`PSM`](crate::l2cap::Psm::RFCOMM) holds (5.1), [`Message`]
//! what the multiplexer's own frames carry (5.4, 5.5). An octet of credits behind the header is told
//! from the lengths alone, as L2CAP keeps frames apart. Bytes are checked by their frame check
//! sequence; whether a frame makes sense in the state of its line is not asked here.

mod fcs;
mod frame;
mod message;
#[cfg(test)]
mod tests;

pub use frame::{Frame, Kind, MAX_OVERHEAD};
pub use message::{
    FrameType, LineStatus, Message, MessageType, Messages, ModemSignals, Parameters, PortSettings,
};

/// The largest frame of a line whose sides have not agreed on one (5.5.3, N1).
pub const DEFAULT_FRAME_SIZE: u16 = 127;

/// A registered service, 1 to 30 (5.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServerChannel(u8);

impl ServerChannel {
    /// A channel by its number; `None` outside of 1 to 30.
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 1 && number <= 30 { Some(ServerChannel(number)) } else { None }
    }

    /// The number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The line to this service. `of_initiator`: the service is the session's initiator's.
    pub const fn dlci(self, of_initiator: bool) -> Dlci {
        Dlci(self.0 << 1 | of_initiator as u8)
    }
}

/// A data link connection: the multiplexer's own, or a line to a service (5.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Dlci(u8);

impl Dlci {
    /// The multiplexer's own.
    pub const CONTROL: Self = Dlci(0);

    /// A connection by its number: 0, or 2 to 61.
    pub const fn new(number: u8) -> Option<Self> {
        if number == 0 || number >= 2 && number <= 61 { Some(Dlci(number)) } else { None }
    }

    /// The number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The service; `None` for the multiplexer's own connection.
    pub const fn server_channel(self) -> Option<ServerChannel> {
        ServerChannel::new(self.0 >> 1)
    }

    /// Whether the service is the session's initiator's.
    pub const fn of_initiator(self) -> bool {
        self.0 & 1 != 0
    }
}
