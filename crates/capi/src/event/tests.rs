use std::ffi::CStr;
use std::sync::Arc;
use std::time::SystemTime;

use tandem::{Address, Ticket, status::Phone};

use super::*;

fn event(what: What) -> Event {
    Event::new(&Notice { seq: 7, t: 1.5, time: SystemTime::UNIX_EPOCH, what })
}

fn told(event: tandem::Event) -> Event {
    self::event(What::Event(event))
}

fn read<'a>(event: &'a Event, field: &CStr) -> Option<&'a str> {
    // SAFETY: the event lives, the field ends with a zero; the text lasts as long as the event.
    unsafe {
        let text = tandem_event_text(event, field.as_ptr());
        (!text.is_null()).then(|| CStr::from_ptr(text).to_str().unwrap())
    }
}

fn number(event: &Event, field: &CStr) -> Result<f64, Status> {
    let mut value = -1.0;
    // SAFETY: the event lives, the field ends with a zero, the value has room.
    match unsafe { tandem_event_number(event, field.as_ptr(), &mut value) } {
        Status::Ok => Ok(value),
        other => {
            assert_eq!(value, -1.0, "written without success");
            Err(other)
        }
    }
}

#[test]
fn fields_are_read_by_name_and_type() {
    let pairing = told(tandem::Event::Pairing { open: true, seconds: 60 });
    let mut open = false;
    // SAFETY: the event lives, the field ends with a zero, the value has room.
    unsafe {
        assert_eq!(tandem_event_kind(&pairing), Kind::Pairing);
        assert_eq!((tandem_event_seq(&pairing), tandem_event_time(&pairing)), (7, 1.5));
        assert_eq!(tandem_event_flag(&pairing, c"open".as_ptr(), &mut open), Status::Ok);
    }
    assert!(open);
    assert_eq!(read(&pairing, c"event"), Some("pairing"));
    assert_eq!(read(&pairing, c"time"), Some("1970-01-01T00:00:00.000000Z"));
    assert_eq!(number(&pairing, c"seconds"), Ok(60.0));
    assert_eq!(read(&pairing, c"seconds"), None);
    assert_eq!(number(&pairing, c"time"), Err(Status::NoSuchField));
    assert_eq!(number(&pairing, c"nothing"), Err(Status::NoSuchField));
    let evicted = told(tandem::Event::Evicted { phone: Address([1; 6]), by: Address([2; 6]) });
    assert_eq!(read(&evicted, c"phone"), Some("01:01:01:01:01:01"));
    assert_eq!(read(&evicted, c"by"), Some("02:02:02:02:02:02"));
}

#[test]
fn a_snapshot_is_read_by_paths() {
    let mut status = tandem::Status { up: true, name: "Den".into(), ..Default::default() };
    let phone = Phone { name: "An\0na".into(), bonded: true, ..Default::default() };
    status.phones.insert(Address([9; 6]), phone);
    let snapshot = event(What::Snapshot(Arc::new(status)));
    assert_eq!(read(&snapshot, c"controller.state"), Some("up"));
    assert_eq!(read(&snapshot, c"phones.0.address"), Some("09:09:09:09:09:09"));
    assert_eq!(read(&snapshot, c"phones.0.name"), Some("An\u{FFFD}na"));
    let (mut count, mut bonded, mut connected) = (0, false, true);
    // SAFETY: the event lives, the fields end with a zero, the values have room.
    unsafe {
        assert_eq!(tandem_event_count(&snapshot, c"phones".as_ptr(), &mut count), Status::Ok);
        let flag = |field: &CStr, out: &mut bool| tandem_event_flag(&snapshot, field.as_ptr(), out);
        assert_eq!(flag(c"phones.0.bonded", &mut bonded), Status::Ok);
        assert_eq!(flag(c"phones.0.connected", &mut connected), Status::Ok);
        assert_eq!(flag(c"phones.1.connected", &mut connected), Status::NoSuchField);
        let json = CStr::from_ptr(tandem_event_json(&snapshot)).to_str().unwrap();
        assert!(json.contains("An\\u0000na"), "{json}");
    }
    assert_eq!((count, bonded, connected), (1, true, false));
}

#[test]
fn the_end_of_a_verb_is_told_as_ticket_and_status() {
    let (mut ticket, mut result) = (0, Status::Ok);
    let done = told(tandem::Event::Done { ticket: Ticket(42), result: Err(Refusal::NotPaired) });
    // SAFETY: the event lives, the values have room.
    assert_eq!(unsafe { tandem_event_result(&done, &mut ticket, &mut result) }, Status::Ok);
    assert_eq!((ticket, result), (42, Status::NotPaired));
    assert_eq!(read(&done, c"result"), Some("NotPaired"));
    let other = event(What::Lost(3));
    // SAFETY: as above.
    let answer = unsafe { tandem_event_result(&other, &mut ticket, &mut result) };
    assert_eq!(answer, Status::NoSuchField);
}

#[test]
fn null_is_no_event() {
    let null = std::ptr::null();
    // SAFETY: null is checked for.
    unsafe {
        assert_eq!(tandem_event_kind(null), Kind::None);
        assert_eq!((tandem_event_seq(null), tandem_event_time(null)), (0, 0.0));
        assert!(tandem_event_text(null, c"phone".as_ptr()).is_null());
        assert!(tandem_event_json(null).is_null());
        let mut value = 0.0;
        let answer = tandem_event_number(null, c"passkey".as_ptr(), &mut value);
        assert_eq!(answer, Status::BadPointer);
        let event = event(What::Lost(3));
        assert!(tandem_event_text(&event, std::ptr::null()).is_null());
        let answer = tandem_event_number(&event, c"count".as_ptr(), std::ptr::null_mut());
        assert_eq!(answer, Status::BadPointer);
        tandem_event_free(std::ptr::null_mut());
    }
}
