//! What a call answers: a number, and a sentence that its thread may ask for.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ffi::{CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tandem::{ConfigError, OpenError, Refusal, SetError};

/// How a call ended. A number always means the same; new ones are added, none is used again.
///
/// 1 to 31: a verb was refused. 32 to 63: a receiver could not be opened. From 64: about the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub enum Status {
    /// Done, or under way.
    Ok = 0,
    /// No phone of this address or name is known.
    NoSuchPhone = 1,
    /// The phone has no bond here.
    NotPaired = 2,
    /// The phone is not connected.
    NotConnected = 3,
    /// The phone or the receiver cannot do this.
    NotSupported = 4,
    /// The phone said no.
    Refused = 5,
    /// No answer in time.
    TimedOut = 6,
    /// A key is not known, or a value is out of its range.
    BadValue = 7,
    /// Not now.
    Busy = 8,
    /// The controller is gone.
    ControllerLost = 9,
    /// Several phones have this name; give the address.
    Ambiguous = 10,
    /// No call rings.
    NothingToAnswer = 11,
    /// There is no such call.
    NoCall = 12,
    /// There is no such controller, or nobody answers there.
    NoController = 32,
    /// Something may not be used; tandem_last_error says what would permit it.
    Permission = 33,
    /// The controller failed; tandem_last_error says at which step.
    ControllerFailed = 34,
    /// The operating system refused something else.
    System = 35,
    /// A pointer is null, or is not one that this library gave.
    BadPointer = 64,
    /// A text is not UTF-8.
    NotUtf8 = 65,
    /// No event waits.
    Nothing = 66,
    /// The receiver has ended, and every event was read.
    Closed = 67,
    /// The event has no such field, or it is of another type.
    NoSuchField = 68,
    /// A mistake in the library itself, told on standard error. The receiver may still be closed.
    Panicked = 69,
}

impl Status {
    const ALL: [Status; 23] = [
        Status::Ok,
        Status::NoSuchPhone,
        Status::NotPaired,
        Status::NotConnected,
        Status::NotSupported,
        Status::Refused,
        Status::TimedOut,
        Status::BadValue,
        Status::Busy,
        Status::ControllerLost,
        Status::Ambiguous,
        Status::NothingToAnswer,
        Status::NoCall,
        Status::NoController,
        Status::Permission,
        Status::ControllerFailed,
        Status::System,
        Status::BadPointer,
        Status::NotUtf8,
        Status::Nothing,
        Status::Closed,
        Status::NoSuchField,
        Status::Panicked,
    ];

    const fn text(self) -> &'static std::ffi::CStr {
        match self {
            Status::Ok => c"done",
            Status::NoSuchPhone => c"no phone of this address or name is known",
            Status::NotPaired => c"the phone is not paired; open pairing mode and pair it",
            Status::NotConnected => c"the phone is not connected",
            Status::NotSupported => c"the phone or the receiver does not support this",
            Status::Refused => c"the phone refused",
            Status::TimedOut => c"no answer in time",
            Status::BadValue => c"the key is not known or the value is out of its range",
            Status::Busy => c"the receiver is busy with something that excludes this",
            Status::ControllerLost => c"the Bluetooth controller is gone",
            Status::Ambiguous => c"several phones have this name; give the address",
            Status::NothingToAnswer => c"no call rings",
            Status::NoCall => c"there is no such call",
            Status::NoController => c"there is no such controller",
            Status::Permission => c"not permitted",
            Status::ControllerFailed => c"the controller failed",
            Status::System => c"the operating system refused",
            Status::BadPointer => c"a pointer is null or not from this library",
            Status::NotUtf8 => c"a text is not UTF-8",
            Status::Nothing => c"no event waits",
            Status::Closed => c"the receiver has ended",
            Status::NoSuchField => c"the event has no such field of this type",
            Status::Panicked => c"a mistake in the library itself",
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Status {
        match refusal {
            Refusal::NoSuchPhone => Status::NoSuchPhone,
            Refusal::NotPaired => Status::NotPaired,
            Refusal::NotConnected => Status::NotConnected,
            Refusal::NotSupported => Status::NotSupported,
            Refusal::Refused => Status::Refused,
            Refusal::TimedOut => Status::TimedOut,
            Refusal::BadValue => Status::BadValue,
            Refusal::Busy => Status::Busy,
            Refusal::ControllerLost => Status::ControllerLost,
            Refusal::Ambiguous => Status::Ambiguous,
            Refusal::NothingToAnswer => Status::NothingToAnswer,
            Refusal::NoCall => Status::NoCall,
        }
    }
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Status,
    text: Cow<'static, str>,
}

impl Failure {
    pub(crate) fn new(status: Status, text: impl Into<Cow<'static, str>>) -> Failure {
        Failure { status, text: text.into() }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::new(refusal.into(), refusal.text())
    }
}

impl From<SetError> for Failure {
    fn from(error: SetError) -> Failure {
        Failure::new(error.refusal.into(), error.text)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::new(Status::BadValue, error.to_string())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Failure {
        let status = match &error {
            OpenError::Config(_) => Status::BadValue,
            OpenError::NoController(_) => Status::NoController,
            OpenError::Permission(_) => Status::Permission,
            OpenError::Controller(_) => Status::ControllerFailed,
            OpenError::System(_) => Status::System,
        };
        Failure::new(status, error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::new(Status::System, error.to_string())
    }
}

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
}

/// A C string of any text; a zero byte within, which C could not see past, becomes U+FFFD.
pub(crate) fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{FFFD}")).unwrap_or_default()
}

/// Makes a call: what it answers, whatever happens in it.
pub(crate) fn guard(call: impl FnOnce() -> Result<(), Failure>) -> Status {
    let failure = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => return Status::Ok,
        Ok(Err(failure)) => failure,
        Err(_) => {
            Failure::new(Status::Panicked, "a mistake in the library itself; see standard error")
        }
    };
    // While a thread ends, its text may be gone already; then nobody can ask for it either.
    let _ = LAST.try_with(|last| *last.borrow_mut() = c_text(&failure.text));
    failure.status
}

/// Makes a call that answers with a value; without one, with `otherwise`.
pub(crate) fn guard_value<T>(otherwise: T, call: impl FnOnce() -> Result<T, Failure>) -> T {
    let mut value = otherwise;
    guard(|| {
        value = call()?;
        Ok(())
    });
    value
}

/// What was wrong with the last call of this thread that failed: one sentence for a person.
/// Empty when none has failed. It lasts until the next call of this thread.
#[unsafe(no_mangle)]
pub extern "C" fn tandem_last_error() -> *const c_char {
    LAST.try_with(|last| last.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// What a status means: a short text that lasts for ever.
#[unsafe(no_mangle)]
pub extern "C" fn tandem_status_text(status: c_int) -> *const c_char {
    let known = Status::ALL.into_iter().find(|known| *known as c_int == status);
    known.map_or(c"a status that this version does not know", Status::text).as_ptr()
}

/// The library's version, as "0.1.0"; it lasts for ever.
#[unsafe(no_mangle)]
pub extern "C" fn tandem_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    fn last() -> String {
        // SAFETY: the text lasts until the next call of this thread.
        unsafe { CStr::from_ptr(tandem_last_error()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_panic_does_not_cross() {
        let quiet = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        let status = guard(|| panic!("a bug"));
        std::panic::set_hook(quiet);
        assert_eq!(status, Status::Panicked);
        assert!(last().contains("mistake in the library"));
    }

    #[test]
    fn each_thread_has_an_error_of_its_own() {
        assert_eq!(guard(|| Err(Refusal::Busy.into())), Status::Busy);
        let other = std::thread::spawn(last).join().unwrap();
        assert_eq!((last().as_str(), other.as_str()), (Refusal::Busy.text(), ""));
        assert_eq!(guard(|| Ok(())), Status::Ok);
        assert_eq!(last(), Refusal::Busy.text());
    }

    #[test]
    fn a_zero_byte_within_a_text_does_not_cut_it() {
        assert_eq!(c_text("a\0b").to_str().unwrap(), "a\u{FFFD}b");
    }

    #[test]
    fn every_status_has_a_number_and_a_text_of_its_own() {
        let mut numbers = Status::ALL.map(|status| status as c_int).to_vec();
        numbers.dedup();
        assert_eq!(numbers.len(), Status::ALL.len());
        for number in numbers {
            // SAFETY: the text lasts for ever.
            assert!(!unsafe { CStr::from_ptr(tandem_status_text(number)) }.is_empty());
        }
        // SAFETY: as above.
        let unknown = unsafe { CStr::from_ptr(tandem_status_text(-7)) };
        assert!(unknown.to_str().unwrap().contains("does not know"));
    }
}
