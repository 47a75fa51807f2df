//! What the multiplexer's own frames carry (TS 07.10, 5.4.6; RFCOMM 1.2, 5.5).

use super::Dlci;
use crate::{Malformed, NoRoom};

/// The last octet of a field of several.
const EXTENSION: u8 = 0x01;
/// The C/R bit.
const COMMAND: u8 = 0x02;

/// A message's number: six bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MessageType(pub u8);

impl MessageType {
    /// Non supported command response.
    pub const NSC: Self = MessageType(0x04);
    /// Test.
    pub const TEST: Self = MessageType(0x08);
    /// Remote line status.
    pub const RLS: Self = MessageType(0x14);
    /// Flow control off.
    pub const FCOFF: Self = MessageType(0x18);
    /// Parameter negotiation.
    pub const PN: Self = MessageType(0x20);
    /// Remote port negotiation.
    pub const RPN: Self = MessageType(0x24);
    /// Flow control on.
    pub const FCON: Self = MessageType(0x28);
    /// Modem status.
    pub const MSC: Self = MessageType(0x38);
}

/// How flow is controlled: the convergence layer field of PN (RFCOMM 1.2, 5.5.3, table 5.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FrameType(pub u8);

impl FrameType {
    /// By the FC bit of the modem status.
    pub const NO_CREDITS: Self = FrameType(0x0);
    /// By credits, in an answer.
    pub const CREDITS_ACCEPTED: Self = FrameType(0xE);
    /// By credits, in a request.
    pub const CREDITS_ASKED: Self = FrameType(0xF);
}

/// Parameters of a line (5.5.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parameters {
    /// The line.
    pub dlci: Dlci,
    /// How flow is controlled.
    pub flow: FrameType,
    /// 0 to 63, the lower the more urgent.
    pub priority: u8,
    /// N1: octets of information in a frame at most.
    pub frame_size: u16,
    /// K: the credits that the receiver has from the beginning, 0 to 7.
    pub credits: u8,
}

bitflags::bitflags! {
    /// The V.24 signals of a line (TS 07.10, 5.4.6.3.7).
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct ModemSignals: u8 {
        /// No frames can be taken (without credits only).
        const FLOW_STOPPED = 0x02;
        /// Ready to communicate (DTR, DSR).
        const READY_TO_COMMUNICATE = 0x04;
        /// Ready to receive (RTS, CTS).
        const READY_TO_RECEIVE = 0x08;
        /// Incoming call (RI).
        const INCOMING_CALL = 0x40;
        /// Data valid (DCD).
        const DATA_VALID = 0x80;
    }
}

impl ModemSignals {
    /// What an open line says.
    pub const READY: Self =
        Self::READY_TO_COMMUNICATE.union(Self::READY_TO_RECEIVE).union(Self::DATA_VALID);
}

/// The line status octet (TS 07.10, 5.4.6.3.10): an error, or none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LineStatus(pub u8);

/// The settings of a serial port (TS 07.10, 5.4.6.3.9), as they stand on the wire: rate, format,
/// flow control, XON, XOFF, and which of them are meant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PortSettings(pub [u8; 7]);

impl PortSettings {
    /// 9600 baud, 8 bits, no parity, one stop bit, no flow control.
    pub const DEFAULT: Self = PortSettings([0x03, 0x03, 0x00, 0x11, 0x13, 0x7F, 0x3F]);
}

/// A message's content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message<'a> {
    /// PN: proposes or accepts a line's parameters.
    ParameterNegotiation(Parameters),
    /// MSC: a line's signals.
    ModemStatus {
        /// The line.
        dlci: Dlci,
        /// Its signals.
        signals: ModemSignals,
        /// The octet of a break signal as it stands on the wire, where there is one.
        break_signal: Option<u8>,
    },
    /// RPN: a line's port settings, or the question for them.
    RemotePortNegotiation {
        /// The line.
        dlci: Dlci,
        /// The settings; `None` asks for them.
        settings: Option<PortSettings>,
    },
    /// RLS: an error on a line.
    RemoteLineStatus {
        /// The line.
        dlci: Dlci,
        /// The error.
        status: LineStatus,
    },
    /// TEST: is sent back.
    Test(&'a [u8]),
    /// FCon: all lines may send.
    FlowOn,
    /// FCoff: no line may send.
    FlowOff,
    /// NSC: a command is not known; its type octet.
    NonSupportedCommand(u8),
    /// One that RFCOMM does not use.
    Unknown(MessageType),
}

fn dlci(octet: u8) -> Result<Dlci, Malformed> {
    Dlci::new(octet >> 2).ok_or(Malformed)
}

/// A DLCI as an address: RFCOMM sets both lower bits.
const fn address(dlci: Dlci) -> u8 {
    dlci.number() << 2 | COMMAND | EXTENSION
}

impl<'a> Message<'a> {
    /// The number on the wire.
    pub const fn message_type(&self) -> MessageType {
        match self {
            Message::ParameterNegotiation(_) => MessageType::PN,
            Message::ModemStatus { .. } => MessageType::MSC,
            Message::RemotePortNegotiation { .. } => MessageType::RPN,
            Message::RemoteLineStatus { .. } => MessageType::RLS,
            Message::Test(_) => MessageType::TEST,
            Message::FlowOn => MessageType::FCON,
            Message::FlowOff => MessageType::FCOFF,
            Message::NonSupportedCommand(_) => MessageType::NSC,
            Message::Unknown(message_type) => *message_type,
        }
    }

    fn parse(message_type: MessageType, value: &'a [u8]) -> Result<Self, Malformed> {
        Ok(match (message_type, value) {
            (MessageType::PN, &[number, flow, priority, _, low, high, _, credits]) => {
                Message::ParameterNegotiation(Parameters {
                    dlci: Dlci::new(number & 0x3F).ok_or(Malformed)?,
                    flow: FrameType(flow >> 4),
                    priority: priority & 0x3F,
                    frame_size: u16::from_le_bytes([low, high]),
                    credits: credits & 0x07,
                })
            }
            (MessageType::MSC, &[line, signals]) => Message::ModemStatus {
                dlci: dlci(line)?,
                signals: ModemSignals::from_bits_truncate(signals),
                break_signal: None,
            },
            (MessageType::MSC, &[line, signals, break_signal, ..]) => Message::ModemStatus {
                dlci: dlci(line)?,
                signals: ModemSignals::from_bits_truncate(signals),
                break_signal: Some(break_signal),
            },
            (MessageType::RPN, &[line]) => {
                Message::RemotePortNegotiation { dlci: dlci(line)?, settings: None }
            }
            (MessageType::RPN, &[line, ref settings @ ..]) => Message::RemotePortNegotiation {
                dlci: dlci(line)?,
                settings: Some(PortSettings(settings.try_into().map_err(|_| Malformed)?)),
            },
            (MessageType::RLS, &[line, status]) => {
                Message::RemoteLineStatus { dlci: dlci(line)?, status: LineStatus(status) }
            }
            (MessageType::TEST, data) => Message::Test(data),
            (MessageType::FCON, _) => Message::FlowOn,
            (MessageType::FCOFF, _) => Message::FlowOff,
            (MessageType::NSC, &[octet]) => Message::NonSupportedCommand(octet),
            (
                MessageType::PN
                | MessageType::MSC
                | MessageType::RPN
                | MessageType::RLS
                | MessageType::NSC,
                _,
            ) => return Err(Malformed),
            _ => Message::Unknown(message_type),
        })
    }

    /// Writes the message, a command or a response, and returns its length. An
    /// [`Unknown`](Message::Unknown) one has no value.
    pub fn write(&self, command: bool, out: &mut [u8]) -> Result<usize, NoRoom> {
        let mut short = [0; 8];
        let value: &[u8] = match *self {
            Message::ParameterNegotiation(p) => {
                let [low, high] = p.frame_size.to_le_bytes();
                let (flow, priority) = (p.flow.0 << 4, p.priority & 0x3F);
                // The timer and the number of transmissions mean nothing in RFCOMM: 0.
                short = [p.dlci.number(), flow, priority, 0, low, high, 0, p.credits & 0x07];
                &short
            }
            Message::ModemStatus { dlci, signals, break_signal } => {
                short[..2].copy_from_slice(&[address(dlci), signals.bits() | EXTENSION]);
                match break_signal {
                    Some(octet) => {
                        short[1] &= !EXTENSION;
                        short[2] = octet;
                        &short[..3]
                    }
                    None => &short[..2],
                }
            }
            Message::RemotePortNegotiation { dlci, settings } => {
                short[0] = address(dlci);
                match settings {
                    Some(PortSettings(octets)) => {
                        short[1..].copy_from_slice(&octets);
                        &short
                    }
                    None => &short[..1],
                }
            }
            Message::RemoteLineStatus { dlci, status } => {
                short[..2].copy_from_slice(&[address(dlci), status.0]);
                &short[..2]
            }
            Message::Test(data) => data,
            Message::NonSupportedCommand(octet) => {
                short[0] = octet;
                &short[..1]
            }
            Message::FlowOn | Message::FlowOff | Message::Unknown(_) => &[],
        };
        // Longer ones than 127 octets do not fit the multiplexer's frames.
        let length = u8::try_from(value.len()).ok().filter(|n| *n <= 0x7F).ok_or(NoRoom)?;
        let head = [type_octet(self.message_type(), command), length << 1 | EXTENSION];
        let end = 2 + value.len();
        out.get_mut(..2).ok_or(NoRoom)?.copy_from_slice(&head);
        out.get_mut(2..end).ok_or(NoRoom)?.copy_from_slice(value);
        Ok(end)
    }
}

/// The octet that a message begins with.
fn type_octet(message_type: MessageType, command: bool) -> u8 {
    message_type.0 << 2 | if command { COMMAND } else { 0 } | EXTENSION
}

/// The messages in a frame of the multiplexer's own: each with its type octet, and whether it is a
/// command. Ends at the first that is cut off; one whose value makes no sense is [`Malformed`].
#[derive(Clone, Debug)]
pub struct Messages<'a>(&'a [u8]);

impl<'a> Messages<'a> {
    /// `information` is that of a frame on [`Dlci::CONTROL`].
    pub fn new(information: &'a [u8]) -> Self {
        Messages(information)
    }

    fn take(&mut self) -> Option<(u8, &'a [u8])> {
        let (&octet, rest) = self.0.split_first()?;
        if octet & EXTENSION == 0 {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first & EXTENSION != 0 {
            (usize::from(first >> 1), rest)
        } else {
            let (&second, rest) = rest.split_first()?;
            (usize::from(first >> 1) | usize::from(second >> 1) << 7, rest)
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((octet, value))
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = (u8, bool, Result<Message<'a>, Malformed>);

    fn next(&mut self) -> Option<Self::Item> {
        let Some((octet, value)) = self.take() else {
            self.0 = &[];
            return None;
        };
        let message = Message::parse(MessageType(octet >> 2), value);
        Some((octet, octet & COMMAND != 0, message))
    }
}
