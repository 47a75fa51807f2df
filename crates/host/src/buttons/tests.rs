use multipoint::{Calls, Few, Seat, Voice};
use stack::hfp::hands_free::AtError;

use super::*;
use crate::limits::{Limits, Settings};
use crate::link::Link;

const SEAT: SeatId = SeatId(0);
const LINK: LinkId = LinkId(0);

/// A host whose phone's voice link has been asked for.
fn asks() -> Host {
    let mut host = Host::new(Limits::default(), Settings::default(), Vec::new());
    let link = Link::new(Address([1; 6]), false, true);
    host.links[0] = Some(Link { seat: Some(SEAT), calls: true, ..link });
    host.seats[0] = Some(LINK);
    let calls = Calls { active: Few::One, ..Calls::default() };
    let (voice, hands_free) = (Voice::Opening, Some(Default::default()));
    host.roster.seats[0] = Seat { taken: true, calls, voice, hands_free, ..Seat::default() };
    host.asked(LINK, hands_free::Ticket(1), Order::OpenVoice(SEAT));
    host
}

/// What became of the voice link when the phone says no to one of the commands.
fn refused(mut host: Host, ticket: u32) -> Voice {
    let no = Err(AtError::TimedOut);
    host.answered(Instant::ZERO, LINK, hands_free::Ticket(ticket), no);
    host.roster.seats[0].voice
}

#[test]
fn what_a_phone_says_late_is_not_about_what_it_was_asked_since() {
    assert_eq!(refused(asks(), 1), Voice::None);
    let mut again = asks();
    again.asked(LINK, hands_free::Ticket(2), Order::OpenVoice(SEAT));
    assert_eq!(refused(again, 1), Voice::Opening);
    // It was taken back, and the phone asks by itself now.
    let mut taken_back = asks();
    taken_back.withdraw(Order::OpenVoice(SEAT));
    assert_eq!(refused(taken_back, 1), Voice::Opening);
}
