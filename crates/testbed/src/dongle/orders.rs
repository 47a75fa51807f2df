//! What can be asked of the dongle, a line an order.

use super::descriptors::{CONTROL, DATA_IN, DATA_OUT, EVENTS, Lie, VOICE_IN, VOICE_OUT};
use super::device::Device;
use super::voice::Damage;
use crate::filter::{number, on_off};

/// The orders, for those who ask for help.
pub(crate) const HELP: &str = "\
plug | unplug | quit | status | help
descriptors none|too-long|too-short|no-length|no-events|no-data|no-endpoints|no-packets|no-voice|one-setting|swapped (at the next plug)
stall control|events|data-in|data-out   the control endpoint once, others until the host clears it
nak control|events|data-in|data-out on|off   nothing is answered
short events|data-in|data-out [N]   the next transfers lose their second half, those of the host all
merge events|data-in N | split events|data-in N   N packets a transfer, N bytes a transfer; 0: as usual
zero-length on|off   whether a transfer that ends with a full packet gets an empty one
stale HEX   bytes before all other events, as a former driver leaves them
refuse SETTING|none   an alternate setting of voice that cannot be set
voice loop on|off | voice payload N|usual | voice numbers HANDLE RATE | voice close HANDLE
voice lose|duplicate|shift|error N | voice good   every so many-th piece to the host
drop|duplicate|damage KIND [N] | delay KIND MS   KIND: command[:OPCODE] event[:CODE] acl-in acl-out sco-in sco-out
reason FROM TO|off | sniff on|off | key-size N|off | unanswered OPCODE|all|off | pace N|off | inject event HEX";

/// What only the one who holds the wires can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    Plug,
    Unplug,
    Quit,
    Status,
    Help,
}

/// Does what a line says to the device. What it leaves to the caller comes back; `None` where the line
/// is no order of the dongle's.
pub(crate) fn order(device: &mut Device, words: &[&str]) -> Option<Result<Option<Order>, String>> {
    let done = match words {
        ["plug"] => return Some(Ok(Some(Order::Plug))),
        ["unplug"] => return Some(Ok(Some(Order::Unplug))),
        ["quit"] => return Some(Ok(Some(Order::Quit))),
        ["status"] => return Some(Ok(Some(Order::Status))),
        ["help"] => return Some(Ok(Some(Order::Help))),
        ["descriptors", lie] => lie.parse().map(|lie: Lie| device.identity.lie = lie),
        ["stall", name] => {
            endpoint(name).and_then(|endpoint| device.stall(endpoint).map_err(str::to_owned))
        }
        ["nak", name, word] => on_off(word).and_then(|on| nak(device, name, on)),
        ["short", name] => short(device, name, 1),
        ["short", name, count] => number(count).and_then(|count| short(device, name, count)),
        ["merge", name, count] => faults(device, name, count, |pipe, n| pipe.merge = n),
        ["split", name, count] => faults(device, name, count, |pipe, n| pipe.split = n),
        ["zero-length", word] => on_off(word).map(|on| {
            device.events.faults.unterminated = !on;
            device.data.faults.unterminated = !on;
        }),
        ["stale", bytes @ ..] => crate::hci::hex(bytes).map(|bytes| device.events.leave(&bytes)),
        ["refuse", "none"] => {
            device.refused.clear();
            Ok(())
        }
        ["refuse", setting] => number(setting).map(|setting| {
            device.refused.insert(setting as u8);
        }),
        ["voice", words @ ..] => voice(device, words)?,
        _ => return None,
    };
    device.turn();
    Some(done.map(|()| None))
}

fn voice(device: &mut Device, words: &[&str]) -> Option<Result<(), String>> {
    let voice = &mut device.voice;
    let mut damage = |kind, every: &str| {
        number(every).map(|every| voice.damage = Some((kind, u64::from(every.max(1)))))
    };
    Some(match words {
        ["lose", every] => damage(Damage::Lose, every),
        ["duplicate", every] => damage(Damage::Duplicate, every),
        ["shift", every] => damage(Damage::Shift, every),
        ["error", every] => damage(Damage::Error, every),
        ["good"] => {
            voice.damage = None;
            Ok(())
        }
        ["loop", word] => on_off(word).map(|on| voice.looped = on),
        ["payload", "usual"] => {
            voice.payload = None;
            Ok(())
        }
        ["payload", length] => number(length).and_then(|length| {
            voice.payload = Some(usize::from(length));
            if (1..=255).contains(&length) { Ok(()) } else { Err("1 to 255 bytes".to_owned()) }
        }),
        ["numbers", handle, rate] => number(handle).and_then(|handle| {
            voice.open(handle & 0x0fff, usize::from(number(rate)?), true);
            Ok(())
        }),
        ["close", handle] => number(handle).map(|handle| voice.close(handle & 0x0fff)),
        _ => return None,
    })
}

fn endpoint(name: &str) -> Result<u8, String> {
    Ok(match name {
        "control" => CONTROL,
        "events" => EVENTS,
        "data-in" => DATA_IN,
        "data-out" => DATA_OUT,
        "voice-in" => VOICE_IN,
        "voice-out" => VOICE_OUT,
        _ => return Err(format!("`{name}` is no endpoint")),
    })
}

fn nak(device: &mut Device, name: &str, on: bool) -> Result<(), String> {
    match endpoint(name)? {
        CONTROL => device.control.nak = on,
        EVENTS => device.events.faults.nak = on,
        DATA_IN => device.data.faults.nak = on,
        DATA_OUT => device.out.nak = on,
        _ => return Err(format!("{name} cannot keep silent")),
    }
    Ok(())
}

fn short(device: &mut Device, name: &str, count: u16) -> Result<(), String> {
    match endpoint(name)? {
        EVENTS => device.events.faults.short = usize::from(count),
        DATA_IN => device.data.faults.short = usize::from(count),
        DATA_OUT if count <= 1 => device.out.short = count == 1,
        _ => return Err(format!("{name} cannot be cut short so")),
    }
    Ok(())
}

fn faults(
    device: &mut Device,
    name: &str,
    count: &str,
    set: impl Fn(&mut super::pipe::Faults, usize),
) -> Result<(), String> {
    let count = usize::from(number(count)?);
    match endpoint(name)? {
        EVENTS => set(&mut device.events.faults, count),
        DATA_IN => set(&mut device.data.faults, count),
        _ => return Err(format!("{name} sends nothing in transfers")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dongle::descriptors::Identity;

    #[test]
    fn orders_do_what_they_say() {
        let identity = Identity { vendor: 1, product: 2, serial: None, lie: Lie::None };
        let mut device = Device::new(identity);
        let mut say = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            order(&mut device, &words)
        };
        assert_eq!(say("plug"), Some(Ok(Some(Order::Plug))));
        for line in [
            "descriptors no-voice",
            "stall events",
            "nak control on",
            "short data-in 3",
            "merge events 2",
            "split data-in 0x10",
            "zero-length off",
            "stale 0e 04",
            "refuse 6",
            "voice loop on",
            "voice shift 100",
            "voice payload 48",
            "voice numbers 0x42 16",
        ] {
            assert_eq!(say(line), Some(Ok(None)), "{line}");
        }
        for line in [
            "descriptors honest",
            "stall voice-in",
            "stall nothing",
            "nak control maybe",
            "short data-out 2",
            "merge data-out 2",
            "stale",
            "voice payload 256",
        ] {
            assert!(matches!(say(line), Some(Err(_))), "{line}");
        }
        for line in ["", "merge events", "voice", "voice louder", "sniff on"] {
            assert_eq!(say(line), None, "{line}");
        }
        assert_eq!(device.identity.lie, Lie::NoVoice);
        assert!(device.events.halted && device.control.nak && device.voice.looped);
        assert_eq!((device.data.faults.short, device.data.faults.split), (3, 16));
        assert!(device.refused.contains(&6) && device.data.faults.unterminated);
    }
}
