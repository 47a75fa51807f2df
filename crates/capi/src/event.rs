//! `tandem_event`: what happened, read through accessors, so that events can grow.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char};

use serde_json::Value;
use tandem::{Notice, Refusal, What};

use crate::answer::{Failure, Status, c_text, guard, guard_value};
use crate::pointer::{Out, borrow, take, text};

/// What happened. The fields of each kind are those of the events of `tandem watch --json`.
#[derive(Debug)]
pub struct Event {
    kind: Kind,
    seq: u64,
    t: f64,
    result: Option<Status>,
    fields: BTreeMap<String, Field>,
    json: CString,
}

/// A field, found by its path.
#[derive(Debug)]
enum Field {
    Text(CString),
    Number(f64),
    Flag(bool),
    List(usize),
}

/// Kinds of events. A number always means the same; new ones are added, so a program must pass over
/// those that it does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub enum Kind {
    /// No event.
    None = 0,
    /// Everything as it is, in the fields of a status: the first event of a receiver.
    /// controller.address, controller.name, controller.state, controller.pairing, phones.0.address
    /// and so on.
    Snapshot = 1,
    /// Events were dropped because they were not read in time: count.
    Lost = 2,
    /// The controller came up or was lost: state (up, lost), address.
    Controller = 3,
    /// Pairing mode opened or ended: open, seconds.
    Pairing = 4,
    /// The owner is asked whether a phone may pair: phone, kind (compare, display, enter, consent),
    /// passkey. The answer is tandem_receiver_confirm.
    Confirm = 5,
    /// A phone has a new bond: phone.
    Paired = 6,
    /// A phone's connection came up or went: phone, name, state (connected, disconnected), reason.
    Phone = 7,
    /// A profile came up or went: phone, profile, up.
    Profile = 8,
    /// A media stream changed: phone, state (open, playing, suspended, closed), codec, rate, channels.
    Stream = 9,
    /// Who is heard changed: phones, a list of phone, kind, gain. Empty: silence.
    Audible = 10,
    /// What the policy told a phone: phone, order.
    Order = 11,
    /// A phone lost its seat to another: phone, by.
    Evicted = 12,
    /// A verb ended: ticket, result; see tandem_event_result.
    Done = 13,
    /// A link's state: phone, rssi, quality, role, mode.
    Link = 14,
    /// Something that the owner should know: code, text.
    Warning = 15,
    /// A phone's player has another track: phone, title, artist, album, duration_ms.
    Track = 16,
    /// What a phone's player does: phone, status (playing, paused, stopped), position_ms.
    Playback = 17,
    /// How loud a phone is heard: phone, kind (media, call), percent.
    Volume = 18,
    /// A call is there, has changed, or is over: phone, index, state (incoming, outgoing, active, held,
    /// ended), number, name.
    Call = 19,
    /// A voice link came up or went: phone, state (open, closed), codec.
    Voice = 20,
    /// An indicator of a phone: phone, indicator (battery, signal, service, roaming), value.
    Indicator = 21,
}

impl Kind {
    fn of(what: &What) -> Kind {
        use tandem::Event as Told;
        match what {
            What::Snapshot(_) => Kind::Snapshot,
            What::Lost(_) => Kind::Lost,
            What::Event(event) => match event {
                Told::Controller { .. } => Kind::Controller,
                Told::Pairing { .. } => Kind::Pairing,
                Told::Confirm { .. } => Kind::Confirm,
                Told::Paired { .. } => Kind::Paired,
                Told::Phone { .. } => Kind::Phone,
                Told::Profile { .. } => Kind::Profile,
                Told::Stream { .. } => Kind::Stream,
                Told::Audible { .. } => Kind::Audible,
                Told::Order { .. } => Kind::Order,
                Told::Evicted { .. } => Kind::Evicted,
                Told::Done { .. } => Kind::Done,
                Told::Link { .. } => Kind::Link,
                Told::Warning { .. } => Kind::Warning,
                Told::Track { .. } => Kind::Track,
                Told::Playback { .. } => Kind::Playback,
                Told::Volume { .. } => Kind::Volume,
                Told::Call { .. } => Kind::Call,
                Told::Voice { .. } => Kind::Voice,
                Told::Indicator { .. } => Kind::Indicator,
            },
        }
    }
}

impl Event {
    pub(crate) fn new(notice: &Notice) -> Event {
        let json = notice.to_json();
        let mut fields = BTreeMap::new();
        flatten(&mut fields, String::new(), &json);
        let result = match &notice.what {
            What::Event(tandem::Event::Done { result, .. }) => Some(status(*result)),
            _ => None,
        };
        Event {
            kind: Kind::of(&notice.what),
            seq: notice.seq,
            t: notice.t,
            result,
            fields,
            json: c_text(&json.to_string()),
        }
    }

    fn field(&self, path: &str) -> Result<&Field, Failure> {
        self.fields.get(path).ok_or_else(|| no_such_field(path))
    }
}

fn status(result: Result<(), Refusal>) -> Status {
    result.map_or_else(Status::from, |()| Status::Ok)
}

fn no_such_field(path: &str) -> Failure {
    Failure::new(Status::NoSuchField, format!("{path}: the event has no such field of this type"))
}

/// Every field under its path: names and places in lists, joined with dots.
fn flatten(fields: &mut BTreeMap<String, Field>, path: String, value: &Value) {
    let under = |name: &str| {
        if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
    };
    let field = match value {
        Value::Null => return,
        Value::Bool(flag) => Field::Flag(*flag),
        // What is told fits a double: addresses are texts, counters stay far below 2^53.
        Value::Number(number) => Field::Number(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Field::Text(c_text(text)),
        Value::Array(list) => {
            for (place, item) in list.iter().enumerate() {
                flatten(fields, under(&place.to_string()), item);
            }
            Field::List(list.len())
        }
        Value::Object(object) => {
            return object.iter().for_each(|(name, item)| flatten(fields, under(name), item));
        }
    };
    fields.insert(path, field);
}

/// What kind of event it is; TANDEM_KIND_NONE for null. Its name is the text "event".
///
/// # Safety
/// `event` is from this library and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_event_kind(event: *const Event) -> Kind {
    guard_value(Kind::None, || {
        // SAFETY: the caller's promise.
        Ok(unsafe { borrow(event, "event") }?.kind)
    })
}

/// The event's number: it grows by one with each event of a receiver. 0 for null.
///
/// # Safety
/// `event` is from this library and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_event_seq(event: *const Event) -> u64 {
    guard_value(0, || {
        // SAFETY: the caller's promise.
        Ok(unsafe { borrow(event, "event") }?.seq)
    })
}

/// When it happened, in seconds since the receiver's start. 0 for null. The wall clock's time is
/// the text "time".
///
/// # Safety
/// `event` is from this library and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_event_time(event: *const Event) -> f64 {
    guard_value(0.0, || {
        // SAFETY: the caller's promise.
        Ok(unsafe { borrow(event, "event") }?.t)
    })
}

/// The text of a field, for example "phone"; null when the event has no such field or it is no text.
/// Fields within fields and lists are named with dots: "controller.address", "phones.0.name". The
/// text lasts as long as the event.
///
/// # Safety
/// `event` is from this library and not freed; `field` ends with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_event_text(
    event: *const Event,
    field: *const c_char,
) -> *const c_char {
    guard_value(std::ptr::null(), || {
        // SAFETY: the caller's promise.
        let (event, field) = unsafe { (borrow(event, "event")?, text(field, "field")?) };
        match event.field(field)? {
            Field::Text(text) => Ok(text.as_ptr()),
            _ => Err(no_such_field(field)),
        }
    })
}

/// The number in a field, for example "passkey".
///
/// # Safety
/// `event` is from this library and not freed; `field` ends with a zero byte; `number` has room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_event_number(
    event: *const Event,
    field: *const c_char,
    number: *mut f64,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (event, field, number) = unsafe {
            (borrow(event, "event")?, text(field, "field")?, Out::new(number, "number")?)
        };
        match event.field(field)? {
            Field::Number(value) => number.write(*value),
            _ => return Err(no_such_field(field)),
        }
        Ok(())
    })
}

/// The truth of a field, for example "up".
///
/// # Safety
/// `event` is from this library and not freed; `field` ends with a zero byte; `flag` has room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_event_flag(
    event: *const Event,
    field: *const c_char,
    flag: *mut bool,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (event, field, flag) =
            unsafe { (borrow(event, "event")?, text(field, "field")?, Out::new(flag, "flag")?) };
        match event.field(field)? {
            Field::Flag(value) => flag.write(*value),
            _ => return Err(no_such_field(field)),
        }
        Ok(())
    })
}

/// How many items a list has, for example "phones". Those of the first are then "phones.0.address"
/// and so on.
///
/// # Safety
/// `event` is from this library and not freed; `field` ends with a zero byte; `count` has room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_event_count(
    event: *const Event,
    field: *const c_char,
    count: *mut usize,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (event, field, count) =
            unsafe { (borrow(event, "event")?, text(field, "field")?, Out::new(count, "count")?) };
        match event.field(field)? {
            Field::List(length) => count.write(*length),
            _ => return Err(no_such_field(field)),
        }
        Ok(())
    })
}

/// Which verb ended and how, for events of the kind TANDEM_KIND_DONE; any other has no such field.
///
/// # Safety
/// `event` is from this library and not freed; `ticket` and `result` have room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_event_result(
    event: *const Event,
    ticket: *mut u64,
    result: *mut Status,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (event, ticket, result) = unsafe {
            (borrow(event, "event")?, Out::new(ticket, "ticket")?, Out::new(result, "result")?)
        };
        let (Some(end), Field::Number(number)) = (event.result, event.field("ticket")?) else {
            return Err(no_such_field("result"));
        };
        ticket.write(*number as u64);
        result.write(end);
        Ok(())
    })
}

/// The whole event as a JSON object; null for null. The text lasts as long as the event.
///
/// # Safety
/// `event` is from this library and not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_event_json(event: *const Event) -> *const c_char {
    guard_value(std::ptr::null(), || {
        // SAFETY: the caller's promise.
        Ok(unsafe { borrow(event, "event") }?.json.as_ptr())
    })
}

/// Frees an event and its texts; null is nothing to free.
///
/// # Safety
/// `event` is from this library and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_event_free(event: *mut Event) {
    guard(|| {
        // SAFETY: the caller's promise.
        drop(unsafe { take(event, "event") }?);
        Ok(())
    });
}

#[cfg(test)]
mod tests;
