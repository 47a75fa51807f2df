//! Commands (HFP 1.9, 4.34; HSP 1.2, 4.8; Apple's accessory commands), both ways.

use core::fmt::{self, Write};

use super::text::Writer;
use super::{Arguments, BatteryLevel, Codec, Codecs, HfFeatures, HfIndicators, Hold};
use crate::{Malformed, NoRoom};

/// What a hands-free unit or a headset says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command<'a> {
    /// AT+BRSF: what we can do.
    Brsf(HfFeatures),
    /// AT+BAC: the codecs that we have.
    Bac(Codecs),
    /// AT+CIND=?: which indicators there are.
    CindTest,
    /// AT+CIND?: their values.
    CindRead,
    /// AT+CMER: whether indicators are told when they change.
    Cmer(bool),
    /// AT+CHLD=?: what can be asked of calls.
    ChldTest,
    /// AT+CHLD: asks it.
    Chld(Hold),
    /// AT+BIND: the indicators that we have.
    Bind(HfIndicators),
    /// AT+BIND=?: the ones that the phone listens to.
    BindTest,
    /// AT+BIND?: the ones that it wants to hear of.
    BindRead,
    /// AT+BIEV: one of ours.
    Biev {
        /// Its assigned number.
        indicator: u16,
        /// Its value.
        value: u16,
    },
    /// AT+BIA: which indicators are told, in their order.
    Bia(Arguments<'a>),
    /// AT+CLIP: whether callers are told.
    Clip(bool),
    /// AT+CCWA: whether waiting calls are told.
    Ccwa(bool),
    /// AT+CMEE: whether errors say why.
    Cmee(bool),
    /// AT+NREC: whether the phone reduces echo and noise. It can only be turned off.
    Nrec(bool),
    /// AT+COPS=3,0: the operator is told by its long name.
    CopsFormat,
    /// AT+COPS?: the operator.
    CopsRead,
    /// AT+CNUM: the phone's own number.
    Cnum,
    /// AT+CLCC: the calls.
    Clcc,
    /// ATA: answers.
    Answer,
    /// AT+CHUP: hangs up, or rejects.
    Chup,
    /// ATD: dials a number.
    Dial(&'a [u8]),
    /// ATD>: dials what is in the memory there.
    DialMemory(&'a [u8]),
    /// AT+BLDN: dials the last number.
    Bldn,
    /// AT+VTS: sends a tone.
    Vts(u8),
    /// AT+BVRA: voice recognition off (0), on (1), ready for more (2).
    Bvra(u8),
    /// AT+VGS: the loudspeaker's volume, 0 to 15.
    Vgs(u8),
    /// AT+VGM: the microphone's, likewise.
    Vgm(u8),
    /// AT+BTRH?: whether a call is held by response and hold.
    BtrhRead,
    /// AT+BTRH: hold (0), accept (1), reject (2).
    Btrh(u8),
    /// AT+BCS: takes a codec.
    Bcs(Codec),
    /// AT+BCC: asks for the voice link.
    Bcc,
    /// AT+BINP=1: asks for a number for a voice tag.
    Binp,
    /// AT+XAPL: an accessory that Apple's phones know more about.
    Xapl {
        /// The maker, in its own digits.
        vendor: u16,
        /// The product.
        product: u16,
        /// The version.
        version: u16,
        /// What it can tell: battery (2), docked (4), Siri (8), noise reduction (16).
        features: u8,
    },
    /// AT+IPHONEACCEV: the accessory's battery.
    IphoneAccev(BatteryLevel),
    /// AT+CKPD=200: the headset's button.
    Ckpd,
    /// Anything else, without the AT.
    Unknown(&'a [u8]),
}

/// The base of the numbers in AT+XAPL.
const HEX: u32 = 16;

impl<'a> Command<'a> {
    /// Reads a line; an [`Unknown`](Command::Unknown) command is fine, something else than a
    /// command is not.
    pub fn parse(line: &'a [u8]) -> Result<Self, Malformed> {
        let [b'A' | b'a', b'T' | b't', body @ ..] = line else { return Err(Malformed) };
        let body = body.trim_ascii();
        let unknown = Command::Unknown(body);
        match body {
            [b'A' | b'a'] => return Ok(Command::Answer),
            [b'D' | b'd', b'>', place @ ..] => return Ok(Command::DialMemory(dialled(place))),
            [b'D' | b'd', number @ ..] => return Ok(Command::Dial(dialled(number))),
            _ => {}
        }
        let end = body.iter().position(|b| matches!(b, b'=' | b'?')).unwrap_or(body.len());
        let (name, rest) = body.split_at(end);
        let mut upper = [0; 16];
        let Some(upper) = upper.get_mut(..name.len()) else { return Ok(unknown) };
        upper.copy_from_slice(name);
        upper.make_ascii_uppercase();
        Ok(match rest {
            b"" => Self::bare(upper),
            b"?" => Self::read(upper),
            b"=?" => Self::test(upper),
            [b'=', arguments @ ..] => Self::set(upper, Arguments::new(arguments)),
            _ => None,
        }
        .unwrap_or(unknown))
    }

    fn bare(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"+CNUM" => Command::Cnum,
            b"+CLCC" => Command::Clcc,
            b"+CHUP" => Command::Chup,
            b"+BLDN" => Command::Bldn,
            b"+BCC" => Command::Bcc,
            _ => return None,
        })
    }

    fn read(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"+CIND" => Command::CindRead,
            b"+BIND" => Command::BindRead,
            b"+COPS" => Command::CopsRead,
            b"+BTRH" => Command::BtrhRead,
            _ => return None,
        })
    }

    fn test(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"+CIND" => Command::CindTest,
            b"+BIND" => Command::BindTest,
            b"+CHLD" => Command::ChldTest,
            _ => return None,
        })
    }

    fn set(name: &[u8], arguments: Arguments<'a>) -> Option<Self> {
        let first = arguments.get(0);
        Some(match name {
            b"+BRSF" => Command::Brsf(HfFeatures::from_bits_truncate(first.number()?)),
            b"+BAC" => Command::Bac(
                arguments.iter().filter_map(|c| Codec::new(c.number()?)).map(Codecs::of).collect(),
            ),
            b"+CMER" if first.number() == Some(3u8) => Command::Cmer(arguments.get(3).flag()?),
            b"+CHLD" => Command::Chld(Hold::parse(first.bytes())?),
            b"+BIND" => {
                let numbers = arguments.iter().filter_map(|indicator| indicator.number());
                Command::Bind(numbers.map(HfIndicators::numbered).collect())
            }
            b"+BIEV" => {
                Command::Biev { indicator: first.number()?, value: arguments.get(1).number()? }
            }
            b"+BIA" => Command::Bia(arguments),
            b"+CLIP" => Command::Clip(first.flag()?),
            b"+CCWA" => Command::Ccwa(first.flag()?),
            b"+CMEE" => Command::Cmee(first.flag()?),
            b"+NREC" => Command::Nrec(first.flag()?),
            b"+COPS" => Command::CopsFormat,
            b"+VTS" => match first.text() {
                [tone] => Command::Vts(*tone),
                _ => return None,
            },
            b"+BVRA" => Command::Bvra(first.number()?),
            b"+VGS" => Command::Vgs(first.number().filter(|gain| *gain <= 15)?),
            b"+VGM" => Command::Vgm(first.number().filter(|gain| *gain <= 15)?),
            b"+BTRH" => Command::Btrh(first.number()?),
            b"+BCS" => Command::Bcs(Codec::new(first.number()?)?),
            b"+BINP" => Command::Binp,
            b"+XAPL" => {
                let text = core::str::from_utf8(first.bytes()).ok()?;
                let mut parts = text.split('-').map(|part| u16::from_str_radix(part, HEX).ok());
                let (vendor, product) = (parts.next()??, parts.next()??);
                let version = parts.next()??;
                let features = arguments.get(1).number()?;
                Command::Xapl { vendor, product, version, features }
            }
            // Pairs of keys and values, of which only the battery's is listened to.
            b"+IPHONEACCEV" => {
                let mut values = arguments.iter().skip(1);
                loop {
                    let (key, value) = (values.next()?, values.next()?);
                    if key.number() == Some(1u8) {
                        break Command::IphoneAccev(BatteryLevel::new(value.number()?)?);
                    }
                }
            }
            b"+CKPD" if first.number() == Some(200u16) => Command::Ckpd,
            _ => return None,
        })
    }

    /// Writes the command with its carriage return, and returns the length.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, NoRoom> {
        let mut w = Writer::new(out);
        let written = self.put(&mut w).and_then(|()| w.bytes(b"\r"));
        w.finish(written)
    }

    fn put(&self, w: &mut Writer<'_>) -> fmt::Result {
        let flag = |on: bool| u8::from(on);
        match *self {
            Command::Brsf(features) => write!(w, "AT+BRSF={}", features.bits()),
            Command::Bac(codecs) => {
                w.write_str("AT+BAC=")?;
                separated(w, codecs.each().map(|codec| codec as u8))
            }
            Command::CindTest => w.write_str("AT+CIND=?"),
            Command::CindRead => w.write_str("AT+CIND?"),
            Command::Cmer(on) => write!(w, "AT+CMER=3,0,0,{}", flag(on)),
            Command::ChldTest => w.write_str("AT+CHLD=?"),
            Command::Chld(hold) => write!(w, "AT+CHLD={hold}"),
            Command::Bind(indicators) => {
                w.write_str("AT+BIND=")?;
                let numbers = (1..=2).filter(|n| indicators.contains(HfIndicators::numbered(*n)));
                separated(w, numbers)
            }
            Command::BindTest => w.write_str("AT+BIND=?"),
            Command::BindRead => w.write_str("AT+BIND?"),
            Command::Biev { indicator, value } => write!(w, "AT+BIEV={indicator},{value}"),
            Command::Bia(wanted) => {
                w.write_str("AT+BIA=")?;
                w.verbatim(wanted.bytes())
            }
            Command::Clip(on) => write!(w, "AT+CLIP={}", flag(on)),
            Command::Ccwa(on) => write!(w, "AT+CCWA={}", flag(on)),
            Command::Cmee(on) => write!(w, "AT+CMEE={}", flag(on)),
            Command::Nrec(on) => write!(w, "AT+NREC={}", flag(on)),
            Command::CopsFormat => w.write_str("AT+COPS=3,0"),
            Command::CopsRead => w.write_str("AT+COPS?"),
            Command::Cnum => w.write_str("AT+CNUM"),
            Command::Clcc => w.write_str("AT+CLCC"),
            Command::Answer => w.write_str("ATA"),
            Command::Chup => w.write_str("AT+CHUP"),
            Command::Dial(number) => {
                w.write_str("ATD")?;
                w.plain(number)?;
                w.write_str(";")
            }
            Command::DialMemory(place) => {
                w.write_str("ATD>")?;
                w.plain(place)?;
                w.write_str(";")
            }
            Command::Bldn => w.write_str("AT+BLDN"),
            Command::Vts(tone) => {
                w.write_str("AT+VTS=")?;
                w.plain(&[tone])
            }
            Command::Bvra(state) => write!(w, "AT+BVRA={state}"),
            Command::Vgs(gain) => write!(w, "AT+VGS={gain}"),
            Command::Vgm(gain) => write!(w, "AT+VGM={gain}"),
            Command::BtrhRead => w.write_str("AT+BTRH?"),
            Command::Btrh(action) => write!(w, "AT+BTRH={action}"),
            Command::Bcs(codec) => write!(w, "AT+BCS={}", codec as u8),
            Command::Bcc => w.write_str("AT+BCC"),
            Command::Binp => w.write_str("AT+BINP=1"),
            Command::Xapl { vendor, product, version, features } => {
                write!(w, "AT+XAPL={vendor:04X}-{product:04X}-{version:04X},{features}")
            }
            Command::IphoneAccev(level) => write!(w, "AT+IPHONEACCEV=1,1,{}", level.level()),
            Command::Ckpd => w.write_str("AT+CKPD=200"),
            Command::Unknown(body) => {
                w.write_str("AT")?;
                w.verbatim(body)
            }
        }
    }
}

/// What is dialled, without the semicolon that makes it a voice call.
fn dialled(number: &[u8]) -> &[u8] {
    let number = number.trim_ascii();
    number.strip_suffix(b";").unwrap_or(number)
}

/// Numbers with commas between them.
pub(super) fn separated<N: fmt::Display>(
    w: &mut Writer<'_>,
    numbers: impl Iterator<Item = N>,
) -> fmt::Result {
    for (at, number) in numbers.enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(w, "{comma}{number}")?;
    }
    Ok(())
}
