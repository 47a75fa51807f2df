//! `tandem_receiver`: opened, waited for, commanded.

use std::ffi::{c_char, c_int};
use std::os::fd::AsRawFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tandem::{Address, Canceller, Command, MediaAction, Next, Notice, Subscription, VolumeKind};

use crate::answer::{Failure, Status, guard, guard_value};
use crate::config::Config;
use crate::event::Event;
use crate::pointer::{Out, borrow, give, take, text};

/// A running receiver.
#[derive(Debug)]
pub struct Receiver {
    pub(crate) receiver: tandem::Receiver,
    events: Subscription,
}

// Verbs come from any thread while another reads events.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Receiver>();
};

impl Receiver {
    fn open(config: &Config) -> Result<Receiver, Failure> {
        let canceller = config.canceller.map(|callback| Box::new(callback) as Box<dyn Canceller>);
        let options = tandem::Options { canceller, air: None };
        let receiver = tandem::Receiver::open_with(config.keys.clone(), options)?;
        let events = receiver.subscribe()?;
        Ok(Receiver { receiver, events })
    }

    /// Everything as it is: what a new subscriber is told first.
    fn snapshot(&self) -> Result<Box<Notice>, Failure> {
        match self.receiver.subscribe()?.next(Some(Duration::ZERO)) {
            Next::Notice(snapshot) => Ok(snapshot),
            Next::TimedOut | Next::Closed => Err(closed()),
        }
    }
}

fn closed() -> Failure {
    Failure::new(Status::Closed, "the receiver has ended")
}

/// Opens a receiver: controller, sound, bonds. Waits until the controller is up or has failed.
/// Every event from then on, a snapshot first, waits for tandem_receiver_next.
///
/// # Safety
/// `config` is from tandem_config_new; `receiver` has room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_open(
    config: *const Config,
    receiver: *mut *mut Receiver,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (config, out) = unsafe { (borrow(config, "config")?, Out::new(receiver, "receiver")?) };
        out.write(give(Receiver::open(config)?));
        Ok(())
    })
}

/// A file descriptor that poll, select and epoll find readable while an event waits. It belongs to
/// the receiver: do not read or close it. -1 for null.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_fd(receiver: *const Receiver) -> c_int {
    guard_value(-1, || {
        // SAFETY: the caller's promise.
        Ok(unsafe { borrow(receiver, "receiver") }?.events.fd().as_raw_fd())
    })
}

/// Takes the next event, which tandem_event_free frees. TANDEM_STATUS_NOTHING when none waits,
/// TANDEM_STATUS_CLOSED when none will come. A program that leaves 1024 events unread loses the
/// oldest and is told so.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; `event` has room; no other thread is in
/// tandem_receiver_next or tandem_receiver_wait with this receiver.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_next(
    receiver: *const Receiver,
    event: *mut *mut Event,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (receiver, event) =
            unsafe { (borrow(receiver, "receiver")?, Out::new(event, "event")?) };
        match receiver.events.next(Some(Duration::ZERO)) {
            Next::Notice(notice) => event.write(give(Event::new(&notice))),
            Next::TimedOut => return Err(Failure::new(Status::Nothing, "no event waits")),
            Next::Closed => return Err(closed()),
        }
        Ok(())
    })
}

/// Waits for an event: at most `timeout_ms` milliseconds, for ever when that is negative.
/// TANDEM_STATUS_OK when tandem_receiver_next has something to say, TANDEM_STATUS_NOTHING when the
/// time is over or a signal was caught.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; no other thread is in
/// tandem_receiver_next or tandem_receiver_wait with this receiver.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_wait(
    receiver: *const Receiver,
    timeout_ms: c_int,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let receiver = unsafe { borrow(receiver, "receiver") }?;
        let timeout = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let mut fds = [PollFd::from_borrowed_fd(receiver.events.fd(), PollFlags::IN)];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(1..) => Ok(()),
            Ok(0) | Err(Errno::INTR) => Err(Failure::new(Status::Nothing, "no event waits")),
            Err(error) => Err(std::io::Error::from(error).into()),
        }
    })
}

/// Makes an event of the kind TANDEM_KIND_SNAPSHOT that tells everything as it is now.
/// tandem_event_free frees it.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; `snapshot` has room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_status(
    receiver: *const Receiver,
    snapshot: *mut *mut Event,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (receiver, snapshot) =
            unsafe { (borrow(receiver, "receiver")?, Out::new(snapshot, "snapshot")?) };
        let now = receiver.snapshot()?;
        snapshot.write(give(Event::new(&now)));
        Ok(())
    })
}

/// Hands a command over; its ticket goes to whoever wants it.
///
/// # Safety
/// `receiver` is null or a living receiver; `ticket` is null or has room.
pub(crate) unsafe fn submit(
    receiver: *const Receiver,
    ticket: *mut u64,
    command: impl FnOnce(&Receiver) -> Result<Command, Failure>,
) -> Status {
    guard(|| {
        // SAFETY: this function's contract.
        let (receiver, out) =
            unsafe { (borrow(receiver, "receiver")?, Out::wanted(ticket, "ticket")?) };
        let ticket = receiver.receiver.submit(command(receiver)?);
        if let Some(out) = out {
            out.write(ticket.0);
        }
        Ok(())
    })
}

/// As [`submit`], for a verb about one phone.
///
/// # Safety
/// As for [`submit`]; `phone` is null or ends with a zero byte.
pub(crate) unsafe fn submit_for(
    receiver: *const Receiver,
    phone: *const c_char,
    ticket: *mut u64,
    command: impl FnOnce(Address) -> Command,
) -> Status {
    // SAFETY: this function's contract, for `submit` and for `phone`.
    unsafe {
        submit(receiver, ticket, |receiver| {
            Ok(command(receiver.receiver.phone(text(phone, "phone")?)?))
        })
    }
}

/// Opens pairing mode for so many seconds, 1 to 3600. The event `done` with this ticket tells the
/// end; a null `ticket` means that nobody wants to know.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; `ticket` has room or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_pair(
    receiver: *const Receiver,
    seconds: u32,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe { submit(receiver, ticket, |_| Ok(Command::Pair { seconds })) }
}

/// Ends pairing mode.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; `ticket` has room or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_stop_pairing(
    receiver: *const Receiver,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe { submit(receiver, ticket, |_| Ok(Command::StopPairing)) }
}

/// Answers an event of the kind TANDEM_KIND_CONFIRM. `phone` is an address, or a name that only one
/// phone has, here and below; a name that nobody has is refused at once, an address when the verb
/// ends. `passkey` points to the six digits that the phone shows where they
/// were asked for (kind "enter"), and is null otherwise.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; `phone` ends with a zero byte; `passkey`
/// points to a number or is null; `ticket` has room or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_confirm(
    receiver: *const Receiver,
    phone: *const c_char,
    accept: bool,
    passkey: *const u32,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            let phone = receiver.receiver.phone(text(phone, "phone")?)?;
            let passkey = if passkey.is_null() { None } else { Some(*borrow(passkey, "passkey")?) };
            Ok(Command::Confirm { phone, accept, passkey })
        })
    }
}

/// Connects a paired phone. The end comes when its first profile is up, or after 15 s.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; `phone` ends with a zero byte; `ticket`
/// has room or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_connect(
    receiver: *const Receiver,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe { submit_for(receiver, phone, ticket, |phone| Command::Connect { phone }) }
}

/// Ends a phone's connection.
///
/// # Safety
/// As for tandem_receiver_connect.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_disconnect(
    receiver: *const Receiver,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe { submit_for(receiver, phone, ticket, |phone| Command::Disconnect { phone }) }
}

/// Ends a phone's connection and deletes its bond and all that is kept of it, its volumes too; what the
/// configuration says of it stays.
///
/// # Safety
/// As for tandem_receiver_connect.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_forget(
    receiver: *const Receiver,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe { submit_for(receiver, phone, ticket, |phone| Command::Forget { phone }) }
}

/// Presses a key of a phone's player: `action` is "play", "pause", "play_pause", "next", "previous" or
/// "stop". Without a `phone` (null) it is the one that is heard, else the one heard last. The end comes
/// with the phone's answer.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; `action` and, unless null, `phone` end with a
/// zero byte; `ticket` has room or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_media(
    receiver: *const Receiver,
    action: *const c_char,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            let action = one_of("action", text(action, "action")?, &MediaAction::ALL)?;
            Ok(Command::Media { action, phone: some_phone(receiver, phone)? })
        })
    }
}

/// Sets how loud a phone is heard, 0 to 100 percent: `kind` is "media" or "call". `phone` as for
/// tandem_receiver_media.
///
/// # Safety
/// As for tandem_receiver_media, with `kind` for `action`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_volume(
    receiver: *const Receiver,
    percent: u8,
    kind: *const c_char,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe {
        submit(receiver, ticket, |receiver| {
            let kind = one_of("kind", text(kind, "kind")?, &VolumeKind::ALL)?;
            Ok(Command::Volume { percent, kind, phone: some_phone(receiver, phone)? })
        })
    }
}

/// What a word stands for.
pub(crate) fn one_of<T: Copy>(name: &str, word: &str, all: &[(&str, T)]) -> Result<T, Failure> {
    let found = all.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|(known, _)| *known).collect();
        let reason = format!("{name}: is {word:?}; must be one of {}", known.join(", "));
        Failure::new(Status::BadValue, reason)
    })
}

/// The phone of a reference that may be null.
///
/// # Safety
/// `phone` ends with a zero byte, or is null.
pub(crate) unsafe fn some_phone(
    receiver: &Receiver,
    phone: *const c_char,
) -> Result<Option<Address>, Failure> {
    if phone.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    Ok(Some(receiver.receiver.phone(unsafe { text(phone, "phone") }?)?))
}

/// Changes a setting until the receiver is closed: key and value as for tandem_config_set, and with
/// a `phone` that is not null the keys of that phone's table. TANDEM_STATUS_BUSY for a key that
/// only counts at start.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; `key`, `value` and, unless null, `phone`
/// end with a zero byte; `ticket` has room or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_set(
    receiver: *const Receiver,
    key: *const c_char,
    value: *const c_char,
    phone: *const c_char,
    ticket: *mut u64,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (receiver, key, value, phone, out) = unsafe {
            let receiver = borrow(receiver, "receiver")?;
            let (key, value) = (text(key, "key")?, text(value, "value")?);
            let phone = some_phone(receiver, phone)?;
            (&receiver.receiver, key, value, phone, Out::wanted(ticket, "ticket")?)
        };
        let ticket = receiver.submit_set(key, value, phone)?;
        if let Some(out) = out {
            out.write(ticket.0);
        }
        Ok(())
    })
}

/// Closes a receiver: says goodbye to the phones, gives the controller back, ends the threads. Null
/// is nothing to close.
///
/// # Safety
/// `receiver` is from tandem_receiver_open, no call with it is under way, and it is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_receiver_close(receiver: *mut Receiver) {
    guard(|| {
        // SAFETY: the caller's promise.
        drop(unsafe { take(receiver, "receiver") }?);
        Ok(())
    });
}
