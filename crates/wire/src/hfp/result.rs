//! Result codes (HFP 1.9, 4.34), both ways.

use core::fmt::{self, Write};

use super::command::separated;
use super::text::Writer;
use super::{
    AgFeatures, Arguments, CallMode, CallStatus, CmeError, Direction, HfIndicators, Holds, Value,
    VoiceRecognitionState,
};
use crate::{Malformed, NoRoom};

/// The type of an international number.
const INTERNATIONAL: u8 = 145;
/// The type of any other number.
const NATIONAL: u8 = 129;

/// Who calls: +CLIP, +CCWA.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Caller<'a> {
    /// The number, empty where it is withheld.
    pub number: &'a [u8],
    /// The name, empty where the phone knows none.
    pub name: &'a [u8],
}

/// A call: +CLCC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallEntry<'a> {
    /// 1 and up.
    pub index: u8,
    /// Who began it.
    pub direction: Direction,
    /// Its state.
    pub status: CallStatus,
    /// What it carries; `None` where the phone does not know.
    pub mode: Option<CallMode>,
    /// Whether it is part of a conference.
    pub multiparty: bool,
    /// Whom it is with.
    pub caller: Caller<'a>,
}

/// A text of a voice recognition session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VoiceText<'a> {
    /// What it belongs to: four hexadecimal digits.
    pub id: &'a [u8],
    /// What the phone heard (0), says (1), asks (2), or that it failed (3).
    pub kind: u8,
    /// New (1), instead of the one before (2), or added to it (3).
    pub operation: u8,
    /// The text.
    pub text: &'a [u8],
}

/// How voice recognition goes: +BVRA.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VoiceRecognition<'a> {
    /// Whether it goes.
    pub on: bool,
    /// What it is doing, where the phone says.
    pub state: Option<VoiceRecognitionState>,
    /// What was heard or said, where the phone says.
    pub text: Option<VoiceText<'a>>,
}

/// What an audio gateway says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResultCode<'a> {
    /// The command is done.
    Ok,
    /// The command failed.
    Error,
    /// The command failed, and why.
    CmeError(CmeError),
    /// There is no carrier.
    NoCarrier,
    /// The other side is busy.
    Busy,
    /// The other side does not answer.
    NoAnswer,
    /// The phone does not let the number be dialled for a while.
    Delayed,
    /// The phone does not let the number be dialled.
    Blacklisted,
    /// A call rings.
    Ring,
    /// +BRSF: what it can do.
    Brsf(AgFeatures),
    /// +CIND: the indicators' names and ranges, or their values.
    Cind(Arguments<'a>),
    /// +CIEV: an indicator changed.
    Ciev {
        /// Its place among the indicators, from 1.
        indicator: u8,
        /// Its value.
        value: u8,
    },
    /// +CLIP: who calls.
    Clip(Caller<'a>),
    /// +CCWA: who waits.
    Ccwa(Caller<'a>),
    /// +CLCC: one of the calls.
    Clcc(CallEntry<'a>),
    /// +COPS: the operator's name, empty where there is none.
    Cops(&'a [u8]),
    /// +CNUM: a number of the phone's own.
    Cnum(&'a [u8]),
    /// +CHLD: what can be asked of calls.
    Chld(Holds),
    /// +BIND: the indicators that the phone listens to.
    Bind(HfIndicators),
    /// +BIND: whether it wants to hear of one.
    BindState {
        /// Its assigned number.
        indicator: u16,
        /// Whether.
        enabled: bool,
    },
    /// +BSIR: whether it rings over the voice link.
    Bsir(bool),
    /// +BVRA: voice recognition.
    Bvra(VoiceRecognition<'a>),
    /// +VGS: the loudspeaker's volume, 0 to 15.
    Vgs(u8),
    /// +VGM: the microphone's, likewise.
    Vgm(u8),
    /// +BCS: the number of the codec for the next voice link.
    Bcs(u8),
    /// +BTRH: response and hold: held (0), accepted (1), rejected (2).
    Btrh(u8),
    /// +BINP: a number for a voice tag.
    Binp(&'a [u8]),
    /// +XAPL: the phone listens to Apple's accessory commands.
    Xapl,
    /// Anything else.
    Unknown(&'a [u8]),
}

impl<'a> ResultCode<'a> {
    /// Reads a line. What is not known is [`Unknown`](ResultCode::Unknown); what is, and makes no
    /// sense, is [`Malformed`].
    pub fn parse(line: &'a [u8]) -> Result<Self, Malformed> {
        let line = line.trim_ascii();
        Ok(match line {
            b"OK" => ResultCode::Ok,
            b"ERROR" => ResultCode::Error,
            b"NO CARRIER" => ResultCode::NoCarrier,
            b"BUSY" => ResultCode::Busy,
            b"NO ANSWER" => ResultCode::NoAnswer,
            b"DELAYED" => ResultCode::Delayed,
            b"BLACKLISTED" => ResultCode::Blacklisted,
            b"RING" => ResultCode::Ring,
            [b'+', rest @ ..] => {
                // The specification writes a colon, the headset profile an equals sign.
                let Some(at) = rest.iter().position(|byte| matches!(byte, b':' | b'=')) else {
                    return Ok(ResultCode::Unknown(line));
                };
                let arguments = Arguments::new(rest[at + 1..].trim_ascii());
                Self::extended(&rest[..at], arguments, line).ok_or(Malformed)?
            }
            _ => ResultCode::Unknown(line),
        })
    }

    fn extended(name: &[u8], arguments: Arguments<'a>, line: &'a [u8]) -> Option<Self> {
        let first = arguments.get(0);
        let gain = || first.number().filter(|gain| *gain <= 15);
        Some(match name {
            b"CME ERROR" => ResultCode::CmeError(CmeError(first.number()?)),
            b"BRSF" => ResultCode::Brsf(AgFeatures::from_bits_truncate(first.number()?)),
            b"CIND" => ResultCode::Cind(arguments),
            b"CIEV" => {
                ResultCode::Ciev { indicator: first.number()?, value: arguments.get(1).number()? }
            }
            b"CLIP" => ResultCode::Clip(Self::caller(arguments, 4)),
            b"CCWA" => ResultCode::Ccwa(Self::caller(arguments, 3)),
            b"CLCC" => ResultCode::Clcc(Self::call(arguments)?),
            b"COPS" => ResultCode::Cops(arguments.get(2).text()),
            b"CNUM" => ResultCode::Cnum(arguments.get(1).text()),
            b"CHLD" => {
                let names = first.list().iter().chain(arguments.iter().skip(1));
                ResultCode::Chld(names.map(|name| Holds::named(name.bytes())).collect())
            }
            b"BIND" if first.is_list() => {
                let numbers = first.list().iter().filter_map(|indicator| indicator.number());
                ResultCode::Bind(numbers.map(HfIndicators::numbered).collect())
            }
            b"BIND" => ResultCode::BindState {
                indicator: first.number()?,
                enabled: arguments.get(1).flag()?,
            },
            b"BSIR" => ResultCode::Bsir(first.flag()?),
            b"BVRA" => ResultCode::Bvra(Self::voice(arguments)?),
            b"VGS" => ResultCode::Vgs(gain()?),
            b"VGM" => ResultCode::Vgm(gain()?),
            b"BCS" => ResultCode::Bcs(first.number()?),
            b"BTRH" => ResultCode::Btrh(first.number()?),
            b"BINP" => ResultCode::Binp(first.text()),
            b"XAPL" => ResultCode::Xapl,
            _ => ResultCode::Unknown(line),
        })
    }

    /// A caller: number first, and a name, which some phones put one place off, and some without
    /// quotes, where a number would be something else.
    fn caller(arguments: Arguments<'a>, at: usize) -> Caller<'a> {
        let quoted = |value: &Value<'a>| value.bytes().first() == Some(&b'"');
        let bare = Some(arguments.get(at)).filter(|value| value.number::<u32>().is_none());
        let place = [at, at + 1, at - 1].map(|at| arguments.get(at)).into_iter().find(quoted);
        let name = place.or(bare).map_or(&[][..], Value::text);
        Caller { number: arguments.get(0).text(), name }
    }

    fn call(arguments: Arguments<'a>) -> Option<CallEntry<'a>> {
        let number = |at: usize| arguments.get(at).number::<u8>();
        Some(CallEntry {
            index: number(0).filter(|index| *index > 0)?,
            direction: Direction::new(number(1)?)?,
            status: CallStatus::new(number(2)?)?,
            mode: CallMode::new(number(3)?),
            multiparty: number(4) == Some(1),
            caller: Caller { number: arguments.get(5).text(), name: arguments.get(7).text() },
        })
    }

    fn voice(arguments: Arguments<'a>) -> Option<VoiceRecognition<'a>> {
        let state = arguments.get(1).number().map(VoiceRecognitionState::from_bits_truncate);
        let text = || {
            Some(VoiceText {
                id: Some(arguments.get(2).text()).filter(|id| !id.is_empty())?,
                kind: arguments.get(3).number()?,
                operation: arguments.get(4).number()?,
                text: arguments.get(5).text(),
            })
        };
        Some(VoiceRecognition { on: arguments.get(0).flag()?, state, text: text() })
    }

    /// Writes the result code between the ends of lines, and returns the length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let mut w = Writer::new(out);
        let written =
            w.bytes(b"\r\n").and_then(|()| self.put(&mut w)).and_then(|()| w.bytes(b"\r\n"));
        w.finish(written)
    }

    fn put(&self, w: &mut Writer<'_>) -> fmt::Result {
        match *self {
            ResultCode::Ok => w.write_str("OK"),
            ResultCode::Error => w.write_str("ERROR"),
            ResultCode::CmeError(CmeError(code)) => write!(w, "+CME ERROR: {code}"),
            ResultCode::NoCarrier => w.write_str("NO CARRIER"),
            ResultCode::Busy => w.write_str("BUSY"),
            ResultCode::NoAnswer => w.write_str("NO ANSWER"),
            ResultCode::Delayed => w.write_str("DELAYED"),
            ResultCode::Blacklisted => w.write_str("BLACKLISTED"),
            ResultCode::Ring => w.write_str("RING"),
            ResultCode::Brsf(features) => write!(w, "+BRSF: {}", features.bits()),
            ResultCode::Cind(arguments) => {
                w.write_str("+CIND: ")?;
                w.verbatim(arguments.bytes())
            }
            ResultCode::Ciev { indicator, value } => write!(w, "+CIEV: {indicator},{value}"),
            ResultCode::Clip(caller) => {
                w.write_str("+CLIP: ")?;
                number(w, caller.number)?;
                named(w, ",,,", caller.name)
            }
            ResultCode::Ccwa(caller) => {
                w.write_str("+CCWA: ")?;
                number(w, caller.number)?;
                named(w, ",1,", caller.name)
            }
            ResultCode::Clcc(call) => put_call(w, &call),
            ResultCode::Cops([]) => w.write_str("+COPS: 0"),
            ResultCode::Cops(name) => {
                w.write_str("+COPS: 0,0,")?;
                w.quoted(name)
            }
            ResultCode::Cnum(own) => {
                w.write_str("+CNUM: ,")?;
                number(w, own)?;
                w.write_str(",,4")
            }
            ResultCode::Chld(holds) => {
                w.write_str("+CHLD: (")?;
                separated(
                    w,
                    holds
                        .iter()
                        .filter_map(|hold| Holds::NAMES.get(hold.bits().trailing_zeros() as usize)),
                )?;
                w.write_str(")")
            }
            ResultCode::Bind(indicators) => {
                let numbers = (1..=2).filter(|n| indicators.contains(HfIndicators::numbered(*n)));
                w.write_str("+BIND: (")?;
                separated(w, numbers)?;
                w.write_str(")")
            }
            ResultCode::BindState { indicator, enabled } => {
                write!(w, "+BIND: {indicator},{}", u8::from(enabled))
            }
            ResultCode::Bsir(on) => write!(w, "+BSIR: {}", u8::from(on)),
            ResultCode::Bvra(voice) => put_voice(w, &voice),
            ResultCode::Vgs(gain) => write!(w, "+VGS: {gain}"),
            ResultCode::Vgm(gain) => write!(w, "+VGM: {gain}"),
            ResultCode::Bcs(codec) => write!(w, "+BCS: {codec}"),
            ResultCode::Btrh(state) => write!(w, "+BTRH: {state}"),
            ResultCode::Binp(digits) => {
                w.write_str("+BINP: ")?;
                w.quoted(digits)
            }
            ResultCode::Xapl => w.write_str("+XAPL=iPhone,2"),
            ResultCode::Unknown(line) => w.verbatim(line),
        }
    }
}

/// A number and its type.
fn number(w: &mut Writer<'_>, number: &[u8]) -> fmt::Result {
    w.quoted(number)?;
    write!(w, ",{}", if number.starts_with(b"+") { INTERNATIONAL } else { NATIONAL })
}

/// A name, if there is one, behind what stands between.
fn named(w: &mut Writer<'_>, between: &str, name: &[u8]) -> fmt::Result {
    if name.is_empty() {
        return Ok(());
    }
    w.write_str(between)?;
    w.quoted(name)
}

fn put_call(w: &mut Writer<'_>, call: &CallEntry<'_>) -> fmt::Result {
    let mode = call.mode.map_or(9, |mode| mode as u8);
    let multiparty = u8::from(call.multiparty);
    let (direction, status) = (call.direction as u8, call.status as u8);
    write!(w, "+CLCC: {},{direction},{status},{mode},{multiparty}", call.index)?;
    if call.caller == Caller::default() {
        return Ok(());
    }
    w.write_str(",")?;
    number(w, call.caller.number)?;
    named(w, ",", call.caller.name)
}

fn put_voice(w: &mut Writer<'_>, voice: &VoiceRecognition<'_>) -> fmt::Result {
    write!(w, "+BVRA: {}", u8::from(voice.on))?;
    if let Some(state) = voice.state {
        write!(w, ",{}", state.bits())?;
    }
    if let Some(text) = voice.text {
        w.write_str(",")?;
        w.plain(text.id)?;
        write!(w, ",{},{},", text.kind, text.operation)?;
        w.quoted(text.text)?;
    }
    Ok(())
}
