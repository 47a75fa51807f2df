//! The verbs about calls, the microphone and the receiver's battery.

use std::ffi::c_char;

use tandem::{AnswerHow, Command, VoiceTo, dialling};

use crate::answer::{Failure, Status};
use crate::pointer::text;
use crate::receiver::{Receiver, one_of, some_phone, submit};

/// Takes the call that rings. `how` says what becomes of an active call: "hold", "end" or
/// "default", which null is too: as the setting `answer` says. Without a `phone` (null) it is the
/// one that rings, the newest where several do. `index` is the phone's own number for one of its
/// calls, 0 for the one that rings. The end comes with the phone's answer, here and below.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; `how` and `phone`, unless null, end with
/// a zero byte; `ticket` has room or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_answer(
    receiver: *const Receiver,
    how: *const c_char,
    phone: *const c_char,
    index: u8,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            let how = match how.is_null() {
                true => AnswerHow::Default,
                false => one_of("how", text(how, "how")?, &AnswerHow::ALL)?,
            };
            Ok(Command::Answer { how, phone: some_phone(receiver, phone)?, index: one_call(index) })
        })
    }
}

/// Rejects the call that rings. `phone` and `index` as for tandem_receiver_answer.
///
/// # Safety
/// As for tandem_receiver_hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_reject(
    receiver: *const Receiver,
    phone: *const c_char,
    index: u8,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            Ok(Command::Reject { phone: some_phone(receiver, phone)?, index: one_call(index) })
        })
    }
}

/// Ends the active call, else cancels the outgoing one, else closes the voice session. Without a
/// `phone` (null) it is the one in a call. `index` is the phone's own number for one of its calls,
/// 0 for the active one.
///
/// # Safety
/// As for tandem_receiver_hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_hang_up(
    receiver: *const Receiver,
    phone: *const c_char,
    index: u8,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            Ok(Command::HangUp { phone: some_phone(receiver, phone)?, index: one_call(index) })
        })
    }
}

/// Puts the active call on hold; where none is active, takes back the one that is held. Without a
/// `phone` (null) it is the one in a call, here and below.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; `phone`, unless null, ends with a zero
/// byte; `ticket` has room or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_hold(
    receiver: *const Receiver,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            Ok(Command::Hold { phone: some_phone(receiver, phone)? })
        })
    }
}

/// Exchanges the active and the held call, across phones too.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; `ticket` has room or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_swap(
    receiver: *const Receiver,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe { submit(receiver, ticket, |_| Ok(Command::Swap)) }
}

/// Joins a phone's active and held calls to a conference.
///
/// # Safety
/// As for tandem_receiver_hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_merge(
    receiver: *const Receiver,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            Ok(Command::Merge { phone: some_phone(receiver, phone)? })
        })
    }
}

/// Speaks with one member of a conference alone; the others are held. `index` is the phone's own
/// number for that call, from 1.
///
/// # Safety
/// As for tandem_receiver_hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_private(
    receiver: *const Receiver,
    index: u8,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            let index = one_call(index)
                .ok_or_else(|| Failure::new(Status::BadValue, "index: must be from 1"))?;
            Ok(Command::Private { index, phone: some_phone(receiver, phone)? })
        })
    }
}

/// Connects a phone's two calls with each other and leaves them.
///
/// # Safety
/// As for tandem_receiver_hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_transfer(
    receiver: *const Receiver,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            Ok(Command::Transfer { phone: some_phone(receiver, phone)? })
        })
    }
}

/// Moves a call's audio: `to` is "receiver" or "phone".
///
/// # Safety
/// As for tandem_receiver_hold; `to` ends with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_voice(
    receiver: *const Receiver,
    to: *const c_char,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            let to = one_of("to", text(to, "to")?, &VoiceTo::ALL)?;
            Ok(Command::Voice { to, phone: some_phone(receiver, phone)? })
        })
    }
}

/// Dials a number: 1 to 32 of 0 to 9, *, #, + and A to D; > and digits dial what is in the phone's
/// memory there. Without a `phone` (null) it is the one used for a call last, here and for
/// tandem_receiver_redial and tandem_receiver_assistant.
///
/// # Safety
/// As for tandem_receiver_hold; `number` ends with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_dial(
    receiver: *const Receiver,
    number: *const c_char,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            let number = valid("number", dialling::number(text(number, "number")?))?;
            Ok(Command::Dial { number, phone: some_phone(receiver, phone)? })
        })
    }
}

/// Dials the last number.
///
/// # Safety
/// As for tandem_receiver_hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_redial(
    receiver: *const Receiver,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            Ok(Command::Redial { phone: some_phone(receiver, phone)? })
        })
    }
}

/// Sends tones into a call, one after the other: 1 to 32 of 0 to 9, *, # and A to D.
///
/// # Safety
/// As for tandem_receiver_hold; `digits` ends with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_tones(
    receiver: *const Receiver,
    digits: *const c_char,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            let digits = valid("digits", dialling::tones(text(digits, "digits")?))?;
            Ok(Command::Tones { digits, phone: some_phone(receiver, phone)? })
        })
    }
}

/// Mutes the microphone, or not.
///
/// # Safety
/// As for tandem_receiver_swap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_mute(
    receiver: *const Receiver,
    on: bool,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe { submit(receiver, ticket, |_| Ok(Command::Mute { on })) }
}

/// Starts or stops a phone's assistant.
///
/// # Safety
/// As for tandem_receiver_hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_assistant(
    receiver: *const Receiver,
    on: bool,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            Ok(Command::Assistant { on, phone: some_phone(receiver, phone)? })
        })
    }
}

/// Tells the phones how full our battery is, 0 to 100 percent.
///
/// # Safety
/// As for tandem_receiver_swap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_battery(
    receiver: *const Receiver,
    percent: u8,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe { submit(receiver, ticket, |_| Ok(Command::Battery { percent })) }
}

/// A phone's number for one of its calls: they count from 1.
fn one_call(index: u8) -> Option<u8> {
    (index != 0).then_some(index)
}

/// A text that was checked, or what is wrong with it.
fn valid<T>(name: &str, checked: Result<T, &'static str>) -> Result<T, Failure> {
    checked.map_err(|reason| Failure::new(Status::BadValue, format!("{name}: {reason}")))
}
