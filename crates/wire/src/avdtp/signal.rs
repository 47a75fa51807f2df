//! AVDTP 1.3, 8.5–8.19: the signals.

use super::capability::{Capabilities, Category, MediaType};
use super::error::ErrorCode;
use super::header::put;
use crate::{Malformed, NoRoom};

/// A stream endpoint identifier, 1 to 62.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Seid(u8);

impl Seid {
    /// The identifier with this number; `None` for 0 and what is above 62.
    pub const fn new(number: u8) -> Option<Self> {
        match number {
            1..=0x3E => Some(Seid(number)),
            _ => None,
        }
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }

    const fn from_octet(octet: u8) -> Option<Self> {
        Seid::new(octet >> 2)
    }

    const fn octet(self) -> u8 {
        self.0 << 2
    }
}

/// A signal of AVDTP 1.3 (8.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the specification's own names")]
pub enum SignalId {
    Discover = 0x01,
    GetCapabilities = 0x02,
    SetConfiguration = 0x03,
    GetConfiguration = 0x04,
    Reconfigure = 0x05,
    Open = 0x06,
    Start = 0x07,
    Close = 0x08,
    Suspend = 0x09,
    Abort = 0x0A,
    SecurityControl = 0x0B,
    GetAllCapabilities = 0x0C,
    DelayReport = 0x0D,
}

impl SignalId {
    /// Every signal.
    pub const ALL: [SignalId; 13] = [
        SignalId::Discover,
        SignalId::GetCapabilities,
        SignalId::SetConfiguration,
        SignalId::GetConfiguration,
        SignalId::Reconfigure,
        SignalId::Open,
        SignalId::Start,
        SignalId::Close,
        SignalId::Suspend,
        SignalId::Abort,
        SignalId::SecurityControl,
        SignalId::GetAllCapabilities,
        SignalId::DelayReport,
    ];

    /// The signal with this identifier.
    pub fn new(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id).checked_sub(1)?).copied()
    }

    /// The specification's name.
    pub const fn name(self) -> &'static str {
        match self {
            SignalId::Discover => "AVDTP_DISCOVER",
            SignalId::GetCapabilities => "AVDTP_GET_CAPABILITIES",
            SignalId::SetConfiguration => "AVDTP_SET_CONFIGURATION",
            SignalId::GetConfiguration => "AVDTP_GET_CONFIGURATION",
            SignalId::Reconfigure => "AVDTP_RECONFIGURE",
            SignalId::Open => "AVDTP_OPEN",
            SignalId::Start => "AVDTP_START",
            SignalId::Close => "AVDTP_CLOSE",
            SignalId::Suspend => "AVDTP_SUSPEND",
            SignalId::Abort => "AVDTP_ABORT",
            SignalId::SecurityControl => "AVDTP_SECURITY_CONTROL",
            SignalId::GetAllCapabilities => "AVDTP_GET_ALL_CAPABILITIES",
            SignalId::DelayReport => "AVDTP_DELAYREPORT",
        }
    }
}

/// Which end of a stream an endpoint is (TSEP).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum EndpointType {
    /// Sends media.
    Source = 0,
    /// Receives media.
    Sink = 1,
}

/// What a discovery says of a stream endpoint (8.6.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndpointInformation {
    /// Its identifier.
    pub seid: Seid,
    /// It has been configured.
    pub in_use: bool,
    /// What it carries.
    pub media_type: MediaType,
    /// Which end it is.
    pub endpoint_type: EndpointType,
}

impl EndpointInformation {
    /// Its two octets.
    pub const fn octets(&self) -> [u8; 2] {
        let first = self.seid.octet() | (self.in_use as u8) << 1;
        [first, self.media_type.0 << 4 | (self.endpoint_type as u8) << 3]
    }

    /// Writes a list of endpoints, as a discovery's answer carries it.
    pub fn write_all(endpoints: &[Self], out: &mut [u8]) -> Result<usize, NoRoom> {
        let mut n = 0;
        for endpoint in endpoints {
            n += put(&mut out[n..], &endpoint.octets())?;
        }
        Ok(n)
    }
}

/// The endpoints of a discovery's answer. Those with a reserved identifier are passed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Endpoints<'a>(&'a [u8]);

impl<'a> Endpoints<'a> {
    /// The endpoints in their order.
    pub fn iter(&self) -> impl Iterator<Item = EndpointInformation> + use<'a> {
        self.0.chunks_exact(2).filter_map(|octets| {
            let [first, second] = *octets else { return None };
            Some(EndpointInformation {
                seid: Seid::from_octet(first)?,
                in_use: first & 2 != 0,
                media_type: MediaType(second >> 4),
                endpoint_type: if second & 8 == 0 {
                    EndpointType::Source
                } else {
                    EndpointType::Sink
                },
            })
        })
    }
}

/// The endpoints that a START or SUSPEND names: one at least. Lists that name the same endpoints are
/// equal, whatever the reserved bits beside them are.
#[derive(Clone, Copy, Debug)]
pub struct Seids<'a>(SeidsInner<'a>);

impl PartialEq for Seids<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Seids<'_> {}

#[derive(Clone, Copy, Debug)]
enum SeidsInner<'a> {
    One(Seid),
    Octets(&'a [u8]),
}

impl<'a> Seids<'a> {
    /// A list of one.
    pub const fn one(seid: Seid) -> Self {
        Seids(SeidsInner::One(seid))
    }

    fn parse(payload: &'a [u8]) -> Result<Self, Reject> {
        if payload.is_empty() {
            return Err(Reject::Endpoint { seid: 0, code: ErrorCode::BAD_LENGTH });
        }
        match payload.iter().find(|&&octet| Seid::from_octet(octet).is_none()) {
            Some(octet) => {
                Err(Reject::Endpoint { seid: octet >> 2, code: ErrorCode::BAD_ACP_SEID })
            }
            None => Ok(Seids(SeidsInner::Octets(payload))),
        }
    }

    /// The endpoints in their order.
    pub fn iter(&self) -> impl Iterator<Item = Seid> + use<'a> {
        let (one, octets) = match self.0 {
            SeidsInner::One(seid) => (Some(seid), &[][..]),
            SeidsInner::Octets(octets) => (None, octets),
        };
        one.into_iter().chain(octets.iter().filter_map(|&octet| Seid::from_octet(octet)))
    }
}

/// A command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the fields carry the specification's own names")]
pub enum Command<'a> {
    /// 8.6
    Discover,
    /// 8.7
    GetCapabilities { acp_seid: Seid },
    /// 8.8
    GetAllCapabilities { acp_seid: Seid },
    /// 8.9
    SetConfiguration { acp_seid: Seid, int_seid: Seid, configuration: Capabilities<'a> },
    /// 8.10
    GetConfiguration { acp_seid: Seid },
    /// 8.11
    Reconfigure { acp_seid: Seid, configuration: Capabilities<'a> },
    /// 8.12
    Open { acp_seid: Seid },
    /// 8.13
    Start { acp_seids: Seids<'a> },
    /// 8.14
    Close { acp_seid: Seid },
    /// 8.15
    Suspend { acp_seids: Seids<'a> },
    /// 8.16
    Abort { acp_seid: Seid },
    /// 8.17
    SecurityControl { acp_seid: Seid, data: &'a [u8] },
    /// 8.19; the delay in tenths of a millisecond.
    DelayReport { acp_seid: Seid, delay: u16 },
}

/// How a command that cannot be read is to be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommandError {
    /// With a general reject: no such signal (8.18).
    UnknownSignal,
    /// With this reject.
    Reject(SignalId, Reject),
}

impl<'a> Command<'a> {
    /// Reads the command that follows a header with this signal identifier.
    pub fn parse(signal_id: u8, payload: &'a [u8]) -> Result<Self, CommandError> {
        let signal = SignalId::new(signal_id).ok_or(CommandError::UnknownSignal)?;
        Self::parse_signal(signal, payload).map_err(|reject| CommandError::Reject(signal, reject))
    }

    fn parse_signal(signal: SignalId, payload: &'a [u8]) -> Result<Self, Reject> {
        let bad = |code| Reject::with(signal, code);
        let seid = |octet: u8| Seid::from_octet(octet).ok_or(bad(ErrorCode::BAD_ACP_SEID));
        let configuration =
            |bytes| Capabilities::parse(bytes).map_err(|Malformed| bad(ErrorCode::BAD_LENGTH));
        match (signal, payload) {
            (SignalId::Discover, []) => Ok(Command::Discover),
            (SignalId::GetCapabilities, &[octet]) => {
                Ok(Command::GetCapabilities { acp_seid: seid(octet)? })
            }
            (SignalId::GetAllCapabilities, &[octet]) => {
                Ok(Command::GetAllCapabilities { acp_seid: seid(octet)? })
            }
            (SignalId::SetConfiguration, [acp, int, rest @ ..]) => Ok(Command::SetConfiguration {
                acp_seid: seid(*acp)?,
                int_seid: Seid::from_octet(*int).ok_or(bad(ErrorCode::BAD_PAYLOAD_FORMAT))?,
                configuration: configuration(rest)?,
            }),
            (SignalId::GetConfiguration, &[octet]) => {
                Ok(Command::GetConfiguration { acp_seid: seid(octet)? })
            }
            (SignalId::Reconfigure, [acp, rest @ ..]) => Ok(Command::Reconfigure {
                acp_seid: seid(*acp)?,
                configuration: configuration(rest)?,
            }),
            (SignalId::Open, &[octet]) => Ok(Command::Open { acp_seid: seid(octet)? }),
            (SignalId::Start, list) => Ok(Command::Start { acp_seids: Seids::parse(list)? }),
            (SignalId::Close, &[octet]) => Ok(Command::Close { acp_seid: seid(octet)? }),
            (SignalId::Suspend, list) => Ok(Command::Suspend { acp_seids: Seids::parse(list)? }),
            (SignalId::Abort, &[octet]) => Ok(Command::Abort { acp_seid: seid(octet)? }),
            (SignalId::SecurityControl, [octet, data @ ..]) => {
                Ok(Command::SecurityControl { acp_seid: seid(*octet)?, data })
            }
            (SignalId::DelayReport, &[octet, high, low]) => Ok(Command::DelayReport {
                acp_seid: seid(octet)?,
                delay: u16::from_be_bytes([high, low]),
            }),
            _ => Err(bad(ErrorCode::BAD_LENGTH)),
        }
    }

    /// Which signal it is.
    pub const fn signal(&self) -> SignalId {
        match self {
            Command::Discover => SignalId::Discover,
            Command::GetCapabilities { .. } => SignalId::GetCapabilities,
            Command::GetAllCapabilities { .. } => SignalId::GetAllCapabilities,
            Command::SetConfiguration { .. } => SignalId::SetConfiguration,
            Command::GetConfiguration { .. } => SignalId::GetConfiguration,
            Command::Reconfigure { .. } => SignalId::Reconfigure,
            Command::Open { .. } => SignalId::Open,
            Command::Start { .. } => SignalId::Start,
            Command::Close { .. } => SignalId::Close,
            Command::Suspend { .. } => SignalId::Suspend,
            Command::Abort { .. } => SignalId::Abort,
            Command::SecurityControl { .. } => SignalId::SecurityControl,
            Command::DelayReport { .. } => SignalId::DelayReport,
        }
    }

    /// Writes what follows the header; returns its length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        match *self {
            Command::Discover => Ok(0),
            Command::GetCapabilities { acp_seid }
            | Command::GetAllCapabilities { acp_seid }
            | Command::GetConfiguration { acp_seid }
            | Command::Open { acp_seid }
            | Command::Close { acp_seid }
            | Command::Abort { acp_seid } => put(out, &[acp_seid.octet()]),
            Command::SetConfiguration { acp_seid, int_seid, configuration } => {
                let n = put(out, &[acp_seid.octet(), int_seid.octet()])?;
                Ok(n + put(&mut out[n..], configuration.as_bytes())?)
            }
            Command::Reconfigure { acp_seid, configuration } => {
                let n = put(out, &[acp_seid.octet()])?;
                Ok(n + put(&mut out[n..], configuration.as_bytes())?)
            }
            Command::Start { acp_seids } | Command::Suspend { acp_seids } => {
                let mut n = 0;
                for seid in acp_seids.iter() {
                    n += put(&mut out[n..], &[seid.octet()])?;
                }
                Ok(n)
            }
            Command::SecurityControl { acp_seid, data } => {
                let n = put(out, &[acp_seid.octet()])?;
                Ok(n + put(&mut out[n..], data)?)
            }
            Command::DelayReport { acp_seid, delay } => {
                let [high, low] = delay.to_be_bytes();
                put(out, &[acp_seid.octet(), high, low])
            }
        }
    }
}

/// An answer that accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Response<'a> {
    /// To a discovery: the endpoints.
    Endpoints(Endpoints<'a>),
    /// To the capability signals and GET_CONFIGURATION.
    Capabilities(Capabilities<'a>),
    /// To SECURITY_CONTROL: the method's data.
    Security(&'a [u8]),
    /// To every other: nothing more.
    Done,
}

impl<'a> Response<'a> {
    /// Reads the answer to `signal`. What a peer adds behind it is passed over.
    pub fn parse(signal: SignalId, payload: &'a [u8]) -> Result<Self, Malformed> {
        match signal {
            SignalId::Discover if payload.len() < 2 => Err(Malformed),
            SignalId::Discover => Ok(Response::Endpoints(Endpoints(payload))),
            SignalId::GetCapabilities
            | SignalId::GetAllCapabilities
            | SignalId::GetConfiguration => {
                Ok(Response::Capabilities(Capabilities::prefix(payload)))
            }
            SignalId::SecurityControl => Ok(Response::Security(payload)),
            _ => Ok(Response::Done),
        }
    }
}

/// What follows the header of a response that rejects; which one depends on the signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reject {
    /// Most signals: the reason.
    Code(ErrorCode),
    /// SET_CONFIGURATION and RECONFIGURE: the first category that failed, and the reason.
    Category {
        /// The failing category, [`Category::NONE`] where it lies in none.
        category: Category,
        /// The reason.
        code: ErrorCode,
    },
    /// START and SUSPEND: the first endpoint that failed, and the reason.
    Endpoint {
        /// The failing endpoint's number as the command had it, legal or not.
        seid: u8,
        /// The reason.
        code: ErrorCode,
    },
}

impl Reject {
    /// The reject of the right shape for `signal` that says `code` of nothing in particular.
    pub const fn with(signal: SignalId, code: ErrorCode) -> Self {
        match signal {
            SignalId::SetConfiguration | SignalId::Reconfigure => {
                Reject::Category { category: Category::NONE, code }
            }
            SignalId::Start | SignalId::Suspend => Reject::Endpoint { seid: 0, code },
            _ => Reject::Code(code),
        }
    }

    /// Reads the reject of `signal`.
    pub fn parse(signal: SignalId, payload: &[u8]) -> Result<Self, Malformed> {
        match (Reject::with(signal, ErrorCode::BAD_HEADER_FORMAT), payload) {
            (Reject::Code(_), [code, ..]) => Ok(Reject::Code(ErrorCode(*code))),
            (Reject::Category { .. }, [category, code, ..]) => {
                Ok(Reject::Category { category: Category(*category), code: ErrorCode(*code) })
            }
            (Reject::Endpoint { .. }, [octet, code, ..]) => {
                Ok(Reject::Endpoint { seid: octet >> 2, code: ErrorCode(*code) })
            }
            _ => Err(Malformed),
        }
    }

    /// Writes what follows the header; returns its length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        match *self {
            Reject::Code(code) => put(out, &[code.0]),
            Reject::Category { category, code } => put(out, &[category.0, code.0]),
            Reject::Endpoint { seid, code } => put(out, &[seid << 2, code.0]),
        }
    }

    /// The reason.
    pub const fn code(&self) -> ErrorCode {
        match *self {
            Reject::Code(code) | Reject::Category { code, .. } | Reject::Endpoint { code, .. } => {
                code
            }
        }
    }
}
