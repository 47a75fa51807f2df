//! Who was connected, streaming, ringing, talking and heard when, read off a capture; as JSON
//! ([`Timeline::to_json`]) and as a drawing ([`Timeline::to_svg`]).
//!
//! *Connected* is the life of the ACL link, *voice* that of synchronous links. *Lost* is a phone from the
//! supervision time-out of its link until it is connected again, *paged* while we look for it (Core 5.4,
//! Vol 4, Part E, 7.1.5). *Streaming* goes from an
//! accepted AVDTP START to an accepted SUSPEND, CLOSE or ABORT, or the end of either channel (AVDTP
//! 1.3, 8.13 to 8.16). *Ringing* (or dialled), *talking* and *heard* are what our own notes say
//! ([`crate::note`]). A capture without them was written by somebody else: calls are then read off the
//! lines of the hands-free profile, and every phone that streams or has a voice link is taken to be
//! heard, labelled *inferred*. Our own also tell how long each switch of who is heard took.
//!
//! Limits: one stream a link; links that were up before the capture began are not seen, nor is LE.

mod follow;
mod gateway;
mod json;
mod link;
mod svg;
mod switch;

use std::time::Duration;

use wire::Address;

use crate::note::{Audible, Kind};
use crate::reader::Records;

/// A stretch of time, counted from the capture's first record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Its beginning.
    pub from: Duration,
    /// Its end; that of the capture where the end was not seen.
    pub to: Duration,
}

/// A stretch of time in which a phone was heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeardSpan {
    /// When.
    pub span: Span,
    /// What of it was heard.
    pub kind: Kind,
}

/// What a capture tells of one phone. Spans are in the order of their beginnings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Phone {
    /// Its address.
    pub address: Address,
    /// Its name, if the capture holds an answer to a name request.
    pub name: Option<String>,
    /// When an ACL link was up.
    pub connected: Vec<Span>,
    /// When its link had timed out and it was not back yet.
    pub lost: Vec<Span>,
    /// When it was paged, whether it answered or not.
    pub paged: Vec<Span>,
    /// When its music was on the way.
    pub streaming: Vec<Span>,
    /// When a call rang, or was being dialled.
    pub ringing: Vec<Span>,
    /// When a call was spoken in.
    pub talking: Vec<Span>,
    /// When a voice link was up.
    pub voice: Vec<Span>,
    /// When it was heard.
    pub heard: Vec<HeardSpan>,
}

/// Another one was heard, or something else of the same one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Switch {
    /// When we learned what led to it.
    pub at: Duration,
    /// When who was heard changed.
    pub heard: Duration,
    /// How much of the time was ours: from what we learned to the last packet that we sent for it.
    pub ours: Duration,
    /// How much of it was phones': from what they were told until they did it. `None` where none
    /// was told anything, or none answered.
    pub phones: Option<Duration>,
    /// Who was heard before.
    pub from: Vec<Audible>,
    /// Who was heard after it.
    pub to: Vec<Audible>,
}

/// What a capture tells of everybody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timeline {
    /// The first record's time, in microseconds since the Unix epoch.
    pub start: i64,
    /// The time from the first record to the last.
    pub length: Duration,
    /// The phones, in the order in which they appeared.
    pub phones: Vec<Phone>,
    /// Each change of who was heard, in a capture of ours.
    pub switches: Vec<Switch>,
    /// Whether who was heard is a conclusion from who streamed, rather than written in the capture.
    pub inferred: bool,
    /// Whether the capture ended with an incomplete record.
    pub torn: bool,
}

impl Timeline {
    /// Reads all of `records`.
    pub fn of(records: Records<'_>) -> Timeline {
        follow::follow(records)
    }
}

/// The date and time of `micros` since the Unix epoch, UTC: `2026-11-21T05:31:02.250Z`.
pub(crate) fn iso8601(micros: i64) -> String {
    let (days, rest) = (micros.div_euclid(86_400_000_000), micros.rem_euclid(86_400_000_000));
    let (year, month, day) = date(days);
    let (millis, seconds) = (rest / 1000 % 1000, rest / 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. Years are
/// counted from March here, so that a leap day is a year's last.
fn date(days: i64) -> (i64, i64, i64) {
    // From 0000-03-01, in cycles of 400 years.
    let days = days + 719_468;
    let (cycle, day_of_cycle) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (cycle * 400 + year_of_cycle + i64::from(month <= 2), month, day)
}
