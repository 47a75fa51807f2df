//! Configuration parameter options (Core 5.4, Vol 3, Part A, 5).

use super::u16_at;
use crate::{Malformed, NoRoom};

const MTU: u8 = 0x01;
const FLUSH_TIMEOUT: u8 = 0x02;
const QUALITY_OF_SERVICE: u8 = 0x03;
const RETRANSMISSION: u8 = 0x04;
const FRAME_CHECK_SEQUENCE: u8 = 0x05;
const EXTENDED_FLOW: u8 = 0x06;
const EXTENDED_WINDOW: u8 = 0x07;
/// Set in the type of an option that may be skipped by who does not know it.
const HINT: u8 = 0x80;

/// How much a quality of service is meant (5.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ServiceType {
    /// Nothing will be sent in this direction.
    NoTraffic,
    /// What the link can give.
    BestEffort,
    /// The figures are to be kept.
    Guaranteed,
    /// A value that the specification reserves.
    Reserved(u8),
}

impl ServiceType {
    fn new(value: u8) -> Self {
        match value {
            0 => ServiceType::NoTraffic,
            1 => ServiceType::BestEffort,
            2 => ServiceType::Guaranteed,
            other => ServiceType::Reserved(other),
        }
    }

    fn value(self) -> u8 {
        match self {
            ServiceType::NoTraffic => 0,
            ServiceType::BestEffort => 1,
            ServiceType::Guaranteed => 2,
            ServiceType::Reserved(other) => other,
        }
    }
}

/// A flow specification (5.3). Rates in octets a second, sizes in octets, times in microseconds;
/// 0 and 0xFFFF_FFFF mean *not specified* and *do not care* where the specification says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QualityOfService {
    /// Reserved, 0.
    pub flags: u8,
    /// The level of service.
    pub service_type: ServiceType,
    /// The rate at which tokens are gained.
    pub token_rate: u32,
    /// The size of the token bucket.
    pub token_bucket_size: u32,
    /// The most that is sent back to back.
    pub peak_bandwidth: u32,
    /// The delay that is acceptable.
    pub access_latency: u32,
    /// The variation of delay that is acceptable.
    pub delay_variation: u32,
}

impl QualityOfService {
    /// What a device accepts that promises nothing.
    pub const BEST_EFFORT: Self = QualityOfService {
        flags: 0,
        service_type: ServiceType::BestEffort,
        token_rate: 0,
        token_bucket_size: 0,
        peak_bandwidth: 0,
        access_latency: u32::MAX,
        delay_variation: u32::MAX,
    };
}

/// The mode of a channel (5.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// B-frames, without flow control or retransmission by L2CAP.
    Basic,
    /// The retransmission mode of version 1.2.
    Retransmission,
    /// The flow control mode of version 1.2.
    FlowControl,
    /// Enhanced retransmission mode.
    EnhancedRetransmission,
    /// Streaming mode.
    Streaming,
    /// A value that the specification reserves.
    Reserved(u8),
}

impl Mode {
    fn new(value: u8) -> Self {
        match value {
            0 => Mode::Basic,
            1 => Mode::Retransmission,
            2 => Mode::FlowControl,
            3 => Mode::EnhancedRetransmission,
            4 => Mode::Streaming,
            other => Mode::Reserved(other),
        }
    }

    fn value(self) -> u8 {
        match self {
            Mode::Basic => 0,
            Mode::Retransmission => 1,
            Mode::FlowControl => 2,
            Mode::EnhancedRetransmission => 3,
            Mode::Streaming => 4,
            Mode::Reserved(other) => other,
        }
    }
}

/// The retransmission and flow control option (5.4). All but the mode is 0 in basic mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retransmission {
    /// The mode that is asked for.
    pub mode: Mode,
    /// Frames that may be outstanding.
    pub tx_window_size: u8,
    /// Transmissions of one frame at most.
    pub max_transmit: u8,
    /// Milliseconds.
    pub retransmission_time_out: u16,
    /// Milliseconds.
    pub monitor_time_out: u16,
    /// The largest payload of an information frame, in octets.
    pub maximum_pdu_payload_size: u16,
}

impl Retransmission {
    /// Basic mode.
    pub const BASIC: Self = Retransmission {
        mode: Mode::Basic,
        tx_window_size: 0,
        max_transmit: 0,
        retransmission_time_out: 0,
        monitor_time_out: 0,
        maximum_pdu_payload_size: 0,
    };
}

/// One configuration option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigOption<'a> {
    /// The largest SDU that the sender of the option can receive.
    Mtu(u16),
    /// Milliseconds after which the sender of the option gives a packet up; 0xFFFF: never.
    FlushTimeout(u16),
    /// The flow that the sender of the option will send.
    QualityOfService(QualityOfService),
    /// The mode.
    Retransmission(Retransmission),
    /// 0: no check sequence, 1: 16 bits.
    FrameCheckSequence(u8),
    /// The extended flow specification, 16 octets, not looked into.
    ExtendedFlow([u8; 16]),
    /// The extended window size.
    ExtendedWindow(u16),
    /// An option of a type that is not known.
    Unknown {
        /// The type, without the hint bit.
        option_type: u8,
        /// Whether it may be skipped.
        hint: bool,
        /// Its value, at most 255 octets (longer ones cannot be written).
        value: &'a [u8],
    },
}

impl<'a> ConfigOption<'a> {
    /// Reads one option and returns it with what follows it.
    fn parse(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Malformed> {
        let &[kind, length, ref rest @ ..] = bytes else { return Err(Malformed) };
        let (value, rest) = rest.split_at_checked(usize::from(length)).ok_or(Malformed)?;
        let option = match (kind & !HINT, value) {
            (MTU, &[a, b]) => ConfigOption::Mtu(u16::from_le_bytes([a, b])),
            (FLUSH_TIMEOUT, &[a, b]) => ConfigOption::FlushTimeout(u16::from_le_bytes([a, b])),
            (QUALITY_OF_SERVICE, value) => Self::quality_of_service(value)?,
            (RETRANSMISSION, &[mode, tx_window_size, max_transmit, ref times @ ..])
                if times.len() == 6 =>
            {
                ConfigOption::Retransmission(Retransmission {
                    mode: Mode::new(mode),
                    tx_window_size,
                    max_transmit,
                    retransmission_time_out: u16_at(times, 0)?,
                    monitor_time_out: u16_at(times, 2)?,
                    maximum_pdu_payload_size: u16_at(times, 4)?,
                })
            }
            (FRAME_CHECK_SEQUENCE, &[kind]) => ConfigOption::FrameCheckSequence(kind),
            (EXTENDED_FLOW, value) => {
                ConfigOption::ExtendedFlow(value.try_into().map_err(|_| Malformed)?)
            }
            (EXTENDED_WINDOW, &[a, b]) => ConfigOption::ExtendedWindow(u16::from_le_bytes([a, b])),
            (MTU..=EXTENDED_WINDOW, _) => return Err(Malformed),
            (option_type, value) => {
                ConfigOption::Unknown { option_type, hint: kind & HINT != 0, value }
            }
        };
        Ok((option, rest))
    }

    fn quality_of_service(value: &[u8]) -> Result<Self, Malformed> {
        let &[flags, service_type, ref numbers @ ..] = value else { return Err(Malformed) };
        let (numbers, []) = numbers.as_chunks::<4>() else { return Err(Malformed) };
        let &[rate, bucket, peak, latency, variation] = numbers else { return Err(Malformed) };
        Ok(ConfigOption::QualityOfService(QualityOfService {
            flags,
            service_type: ServiceType::new(service_type),
            token_rate: u32::from_le_bytes(rate),
            token_bucket_size: u32::from_le_bytes(bucket),
            peak_bandwidth: u32::from_le_bytes(peak),
            access_latency: u32::from_le_bytes(latency),
            delay_variation: u32::from_le_bytes(variation),
        }))
    }

    /// Writes the option and returns its length. A value of an unknown option that is longer than
    /// 255 octets does not fit any buffer.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let mut put = Put { out, at: 0 };
        match *self {
            ConfigOption::Mtu(mtu) => put.option(MTU, &mtu.to_le_bytes())?,
            ConfigOption::FlushTimeout(time) => put.option(FLUSH_TIMEOUT, &time.to_le_bytes())?,
            ConfigOption::QualityOfService(ref q) => {
                put.bytes(&[QUALITY_OF_SERVICE, 22, q.flags, q.service_type.value()])?;
                let numbers = [
                    q.token_rate,
                    q.token_bucket_size,
                    q.peak_bandwidth,
                    q.access_latency,
                    q.delay_variation,
                ];
                for number in numbers {
                    put.bytes(&number.to_le_bytes())?;
                }
            }
            ConfigOption::Retransmission(ref r) => {
                put.bytes(&[RETRANSMISSION, 9, r.mode.value(), r.tx_window_size, r.max_transmit])?;
                put.bytes(&r.retransmission_time_out.to_le_bytes())?;
                put.bytes(&r.monitor_time_out.to_le_bytes())?;
                put.bytes(&r.maximum_pdu_payload_size.to_le_bytes())?;
            }
            ConfigOption::FrameCheckSequence(kind) => put.option(FRAME_CHECK_SEQUENCE, &[kind])?,
            ConfigOption::ExtendedFlow(ref value) => put.option(EXTENDED_FLOW, value)?,
            ConfigOption::ExtendedWindow(size) => {
                put.option(EXTENDED_WINDOW, &size.to_le_bytes())?
            }
            ConfigOption::Unknown { option_type, hint, value } => {
                put.option(option_type & !HINT | if hint { HINT } else { 0 }, value)?
            }
        }
        Ok(put.at)
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

    fn option(&mut self, kind: u8, value: &[u8]) -> Result<(), NoRoom> {
        let length = u8::try_from(value.len()).map_err(|_| NoRoom)?;
        self.bytes(&[kind, length])?;
        self.bytes(value)
    }
}

/// A run of configuration options, checked when it was parsed or built.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options<'a>(&'a [u8]);

impl<'a> Options<'a> {
    /// No options.
    pub const NONE: Options<'static> = Options(&[]);

    /// Checks that `bytes` are whole options, and that those of a known type have its length.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = bytes;
        while !rest.is_empty() {
            (_, rest) = ConfigOption::parse(rest)?;
        }
        Ok(Options(bytes))
    }

    /// The options in their order.
    pub fn iter(&self) -> impl Iterator<Item = ConfigOption<'a>> + use<'a> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (option, after) = ConfigOption::parse(rest).ok()?;
            rest = after;
            Some(option)
        })
    }

    /// The options as they stand on the wire.
    pub fn bytes(&self) -> &'a [u8] {
        self.0
    }
}

/// Puts options one behind the other into a buffer.
#[derive(Debug)]
pub struct OptionsBuilder<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

impl<'b> OptionsBuilder<'b> {
    /// Starts at the front of `buffer`.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        OptionsBuilder { buffer, length: 0 }
    }

    /// Appends an option; if it does not fit, nothing changes.
    pub fn push(&mut self, option: ConfigOption<'_>) -> Result<(), NoRoom> {
        let spare = self.buffer.get_mut(self.length..).ok_or(NoRoom)?;
        self.length += option.write(spare)?;
        Ok(())
    }

    /// The options pushed so far.
    pub fn finish(self) -> Options<'b> {
        let OptionsBuilder { buffer, length } = self;
        Options(buffer.get(..length).unwrap_or_default())
    }
}
