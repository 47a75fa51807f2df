//! Signalling commands (Core 5.4, Vol 3, Part A, 4). A C-frame on a BR/EDR link may carry several.

use super::{Cid, Information, Options, Psm, u16_at};
use crate::{Malformed, NoRoom};

const COMMAND_REJECT: u8 = 0x01;
const CONNECTION_REQUEST: u8 = 0x02;
const CONNECTION_RESPONSE: u8 = 0x03;
const CONFIGURATION_REQUEST: u8 = 0x04;
const CONFIGURATION_RESPONSE: u8 = 0x05;
const DISCONNECTION_REQUEST: u8 = 0x06;
const DISCONNECTION_RESPONSE: u8 = 0x07;
const ECHO_REQUEST: u8 = 0x08;
const ECHO_RESPONSE: u8 = 0x09;
const INFORMATION_REQUEST: u8 = 0x0A;
const INFORMATION_RESPONSE: u8 = 0x0B;

/// Octets of a command's header: code, identifier, length.
const COMMAND_HEADER: usize = 4;
/// The continuation flag.
const CONTINUATION: u16 = 0x0001;

/// Why a command is rejected (4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reject {
    /// The command is unknown or malformed.
    NotUnderstood,
    /// The C-frame was longer than the rejecting device takes.
    MtuExceeded {
        /// What it takes.
        actual_mtu: u16,
    },
    /// A channel that the command names does not exist.
    InvalidCid {
        /// The end point on the rejecting device.
        local: Cid,
        /// The end point on the device that is rejected.
        remote: Cid,
    },
    /// A reason that the specification reserves.
    Reserved(u16),
}

/// The outcome of a connection request (4.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ConnectionResult(pub u16);

impl ConnectionResult {
    /// The channel exists now.
    pub const SUCCESS: Self = ConnectionResult(0x0000);
    /// Another response will follow.
    pub const PENDING: Self = ConnectionResult(0x0001);
    /// No such service.
    pub const PSM_NOT_SUPPORTED: Self = ConnectionResult(0x0002);
    /// The link is not secure enough.
    pub const SECURITY_BLOCK: Self = ConnectionResult(0x0003);
    /// No room for another channel.
    pub const NO_RESOURCES: Self = ConnectionResult(0x0004);
    /// The source CID is outside the dynamic range.
    pub const INVALID_SOURCE_CID: Self = ConnectionResult(0x0006);
    /// The source CID belongs to another channel of this link.
    pub const SOURCE_CID_ALREADY_ALLOCATED: Self = ConnectionResult(0x0007);
}

/// What a pending response waits for (4.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ConnectionStatus(pub u16);

impl ConnectionStatus {
    /// Nothing to be said.
    pub const NO_FURTHER_INFORMATION: Self = ConnectionStatus(0x0000);
    /// Authentication.
    pub const AUTHENTICATION_PENDING: Self = ConnectionStatus(0x0001);
    /// Somebody's consent.
    pub const AUTHORIZATION_PENDING: Self = ConnectionStatus(0x0002);
}

/// The outcome of a configuration request (4.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ConfigurationResult(pub u16);

impl ConfigurationResult {
    /// Accepted.
    pub const SUCCESS: Self = ConfigurationResult(0x0000);
    /// Other values are proposed.
    pub const UNACCEPTABLE: Self = ConfigurationResult(0x0001);
    /// Refused without a reason.
    pub const REJECTED: Self = ConfigurationResult(0x0002);
    /// There were options that are not known; they are listed.
    pub const UNKNOWN_OPTIONS: Self = ConfigurationResult(0x0003);
    /// Another response will follow.
    pub const PENDING: Self = ConfigurationResult(0x0004);
    /// The flow specification is refused.
    pub const FLOW_SPECIFICATION_REJECTED: Self = ConfigurationResult(0x0005);
}

/// The content of a signalling command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command<'a> {
    /// A request was not taken.
    Reject(Reject),
    /// Asks for a channel.
    ConnectionRequest {
        /// The service.
        psm: Psm,
        /// The end point on the sender's side.
        source_cid: Cid,
    },
    /// Answers to that.
    ConnectionResponse {
        /// The end point on the side of the response's sender.
        destination_cid: Cid,
        /// The end point as in the request.
        source_cid: Cid,
        /// The outcome.
        result: ConnectionResult,
        /// What is being waited for.
        status: ConnectionStatus,
    },
    /// Proposes parameters.
    ConfigurationRequest {
        /// The end point on the receiver's side.
        destination_cid: Cid,
        /// Whether more options come in another request.
        continuation: bool,
        /// The parameters.
        options: Options<'a>,
    },
    /// Answers to that.
    ConfigurationResponse {
        /// The end point on the receiver's side.
        source_cid: Cid,
        /// Whether more options come in another response.
        continuation: bool,
        /// The outcome.
        result: ConfigurationResult,
        /// What the outcome is about.
        options: Options<'a>,
    },
    /// Ends a channel.
    DisconnectionRequest {
        /// The end point on the receiver's side.
        destination_cid: Cid,
        /// The end point on the sender's side.
        source_cid: Cid,
    },
    /// Answers to that, with the identifiers of the request.
    DisconnectionResponse {
        /// The end point on the side of the response's sender.
        destination_cid: Cid,
        /// The end point on the receiver's side.
        source_cid: Cid,
    },
    /// Asks to be answered.
    EchoRequest(&'a [u8]),
    /// Answers to that.
    EchoResponse(&'a [u8]),
    /// Asks what the peer can do.
    InformationRequest {
        /// One of the constants of [`Information`].
        info_type: u16,
    },
    /// Answers to that.
    InformationResponse(Information<'a>),
}

impl<'a> Command<'a> {
    /// The code on the wire.
    pub fn code(&self) -> u8 {
        match self {
            Command::Reject(_) => COMMAND_REJECT,
            Command::ConnectionRequest { .. } => CONNECTION_REQUEST,
            Command::ConnectionResponse { .. } => CONNECTION_RESPONSE,
            Command::ConfigurationRequest { .. } => CONFIGURATION_REQUEST,
            Command::ConfigurationResponse { .. } => CONFIGURATION_RESPONSE,
            Command::DisconnectionRequest { .. } => DISCONNECTION_REQUEST,
            Command::DisconnectionResponse { .. } => DISCONNECTION_RESPONSE,
            Command::EchoRequest(_) => ECHO_REQUEST,
            Command::EchoResponse(_) => ECHO_RESPONSE,
            Command::InformationRequest { .. } => INFORMATION_REQUEST,
            Command::InformationResponse(_) => INFORMATION_RESPONSE,
        }
    }

    fn parse(code: u8, data: &'a [u8]) -> Result<Self, Malformed> {
        let exactly = |length: usize| if data.len() == length { Ok(()) } else { Err(Malformed) };
        let cid = |at| u16_at(data, at).map(Cid);
        Ok(match code {
            COMMAND_REJECT => Command::Reject(match (u16_at(data, 0)?, data.len()) {
                (0, 2) => Reject::NotUnderstood,
                (1, 4) => Reject::MtuExceeded { actual_mtu: u16_at(data, 2)? },
                (2, 6) => Reject::InvalidCid { local: cid(2)?, remote: cid(4)? },
                (reason, _) => Reject::Reserved(reason),
            }),
            CONNECTION_REQUEST => {
                exactly(4)?;
                Command::ConnectionRequest { psm: Psm(u16_at(data, 0)?), source_cid: cid(2)? }
            }
            CONNECTION_RESPONSE => {
                exactly(8)?;
                Command::ConnectionResponse {
                    destination_cid: cid(0)?,
                    source_cid: cid(2)?,
                    result: ConnectionResult(u16_at(data, 4)?),
                    status: ConnectionStatus(u16_at(data, 6)?),
                }
            }
            CONFIGURATION_REQUEST => Command::ConfigurationRequest {
                destination_cid: cid(0)?,
                continuation: u16_at(data, 2)? & CONTINUATION != 0,
                options: Options::parse(data.get(4..).ok_or(Malformed)?)?,
            },
            CONFIGURATION_RESPONSE => Command::ConfigurationResponse {
                source_cid: cid(0)?,
                continuation: u16_at(data, 2)? & CONTINUATION != 0,
                result: ConfigurationResult(u16_at(data, 4)?),
                options: Options::parse(data.get(6..).ok_or(Malformed)?)?,
            },
            DISCONNECTION_REQUEST => {
                exactly(4)?;
                Command::DisconnectionRequest { destination_cid: cid(0)?, source_cid: cid(2)? }
            }
            DISCONNECTION_RESPONSE => {
                exactly(4)?;
                Command::DisconnectionResponse { destination_cid: cid(0)?, source_cid: cid(2)? }
            }
            ECHO_REQUEST => Command::EchoRequest(data),
            ECHO_RESPONSE => Command::EchoResponse(data),
            INFORMATION_REQUEST => {
                exactly(2)?;
                Command::InformationRequest { info_type: u16_at(data, 0)? }
            }
            INFORMATION_RESPONSE => Command::InformationResponse(Information::parse(
                u16_at(data, 0)?,
                u16_at(data, 2)?,
                data.get(4..).ok_or(Malformed)?,
            )?),
            _ => return Err(Malformed),
        })
    }

    fn write(&self, put: &mut Put<'_>) -> Result<(), NoRoom> {
        match *self {
            Command::Reject(Reject::NotUnderstood) => put.words(&[0]),
            Command::Reject(Reject::MtuExceeded { actual_mtu }) => put.words(&[1, actual_mtu]),
            Command::Reject(Reject::InvalidCid { local, remote }) => {
                put.words(&[2, local.0, remote.0])
            }
            Command::Reject(Reject::Reserved(reason)) => put.words(&[reason]),
            Command::ConnectionRequest { psm, source_cid } => put.words(&[psm.0, source_cid.0]),
            Command::ConnectionResponse { destination_cid, source_cid, result, status } => {
                put.words(&[destination_cid.0, source_cid.0, result.0, status.0])
            }
            Command::ConfigurationRequest { destination_cid, continuation, options } => {
                put.words(&[destination_cid.0, u16::from(continuation)])?;
                put.bytes(options.bytes())
            }
            Command::ConfigurationResponse { source_cid, continuation, result, options } => {
                put.words(&[source_cid.0, u16::from(continuation), result.0])?;
                put.bytes(options.bytes())
            }
            Command::DisconnectionRequest { destination_cid, source_cid }
            | Command::DisconnectionResponse { destination_cid, source_cid } => {
                put.words(&[destination_cid.0, source_cid.0])
            }
            Command::EchoRequest(data) | Command::EchoResponse(data) => put.bytes(data),
            Command::InformationRequest { info_type } => put.words(&[info_type]),
            Command::InformationResponse(information) => {
                let (info_type, result) = information.head();
                put.words(&[info_type, result])?;
                match information {
                    Information::ConnectionlessMtu(mtu) => put.words(&[mtu]),
                    Information::ExtendedFeatures(mask) => put.bytes(&mask.bits().to_le_bytes()),
                    Information::FixedChannels(mask) => put.bytes(&mask.to_le_bytes()),
                    Information::Unknown { data, .. } => put.bytes(data),
                    Information::NotSupported { .. } => Ok(()),
                }
            }
        }
    }
}

struct Put<'b> {
    out: &'b mut [u8],
    at: usize,
}

impl Put<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        let end = self.at + bytes.len();
        self.out.get_mut(self.at..end).ok_or(NoRoom)?.copy_from_slice(bytes);
        self.at = end;
        Ok(())
    }

    fn words(&mut self, words: &[u16]) -> Result<(), NoRoom> {
        words.iter().try_for_each(|word| self.bytes(&word.to_le_bytes()))
    }
}

/// A signalling command with the identifier that pairs request and response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signal<'a> {
    /// 1 to 255; 0 is illegal.
    pub identifier: u8,
    /// The content.
    pub command: Command<'a>,
}

impl Signal<'_> {
    /// Writes the command with its header and returns the length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let mut put = Put { out, at: COMMAND_HEADER };
        self.command.write(&mut put)?;
        let Put { out, at } = put;
        let length = u16::try_from(at - COMMAND_HEADER).map_err(|_| NoRoom)?;
        let [low, high] = length.to_le_bytes();
        let head = [self.command.code(), self.identifier, low, high];
        out.get_mut(..COMMAND_HEADER).ok_or(NoRoom)?.copy_from_slice(&head);
        Ok(at)
    }
}

/// A command that cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadSignal {
    /// Of an unknown code, or malformed: to be rejected as *command not understood* unless it is a
    /// response.
    NotUnderstood {
        /// The code.
        code: u8,
        /// To be named in the reject.
        identifier: u8,
    },
    /// The rest of the C-frame is no command: too short for a header, shorter than its header
    /// says, or with identifier 0. Nothing follows it.
    Truncated {
        /// To be named in a reject, if it could be read and is not 0.
        identifier: Option<u8>,
    },
}

/// The commands of a C-frame's payload, in their order.
#[derive(Clone, Debug)]
pub struct Signals<'a>(&'a [u8]);

impl<'a> Signals<'a> {
    /// `payload` is the C-frame without its basic header.
    pub fn new(payload: &'a [u8]) -> Self {
        Signals(payload)
    }

    /// Code and identifier of the first command, though the rest of it may be missing.
    pub fn first(payload: &[u8]) -> Option<(u8, u8)> {
        match payload {
            &[code, identifier, ..] => Some((code, identifier)),
            _ => None,
        }
    }

    /// Whether a command of this code is a request, so that somebody waits for an answer.
    pub fn is_request(code: u8) -> bool {
        matches!(
            code,
            CONNECTION_REQUEST
                | CONFIGURATION_REQUEST
                | DISCONNECTION_REQUEST
                | ECHO_REQUEST
                | INFORMATION_REQUEST
        )
    }

    /// Whether a command of this code is a response or a reject, which is never itself rejected.
    pub fn is_response(code: u8) -> bool {
        matches!(
            code,
            COMMAND_REJECT
                | CONNECTION_RESPONSE
                | CONFIGURATION_RESPONSE
                | DISCONNECTION_RESPONSE
                | ECHO_RESPONSE
                | INFORMATION_RESPONSE
        )
    }
}

impl<'a> Iterator for Signals<'a> {
    type Item = Result<Signal<'a>, BadSignal>;

    fn next(&mut self) -> Option<Self::Item> {
        let payload = core::mem::take(&mut self.0);
        if payload.is_empty() {
            return None;
        }
        let identified = payload.get(1).copied().filter(|&identifier| identifier != 0);
        let truncated = Some(Err(BadSignal::Truncated { identifier: identified }));
        let (&[code, identifier, low, high, ref rest @ ..], Some(_)) = (payload, identified) else {
            return truncated;
        };
        let length = usize::from(u16::from_le_bytes([low, high]));
        let Some((data, rest)) = rest.split_at_checked(length) else { return truncated };
        self.0 = rest;
        Some(match Command::parse(code, data) {
            Ok(command) => Ok(Signal { identifier, command }),
            Err(Malformed) => Err(BadSignal::NotUnderstood { code, identifier }),
        })
    }
}
