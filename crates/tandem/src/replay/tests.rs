use std::time::Duration;

use host::{AnswerHow, Bond, Change, Codec, Command, Limits, Settings};
use snoop::{Content, LinkType, Writer};
use stack::{KeyType, LinkKey, Volumes};
use wire::Address;

use super::*;
use crate::demo::{self, DemoOptions};

/// The capture of the demonstration in virtual time.
fn demonstration() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let options = DemoOptions { fast: true, folder: folder.path().into() };
    demo::run(&options, &mut Vec::new()).unwrap();
    std::fs::read(folder.path().join("capture.btsnoop")).unwrap()
}

fn replayed(capture: &[u8]) -> (End, Progress) {
    let mut replay = Replay::new(Records::new(capture).unwrap()).unwrap_or_else(|e| panic!("{e}"));
    (replay.run(usize::MAX).unwrap().unwrap(), replay.progress())
}

/// A record as a test may change it.
struct Changed<'a> {
    n: usize,
    record: Record<'a>,
    text: Option<String>,
}

/// The capture once more, with what `change` makes of each record; without it where that says no.
fn rewritten(capture: &[u8], mut change: impl FnMut(&mut Changed<'_>) -> bool) -> Vec<u8> {
    let mut records = Records::new(capture).unwrap().peekable();
    let start = records.peek().unwrap().time;
    let epoch = Duration::from_micros(start as u64);
    let mut writer = Writer::new(Vec::new(), LinkType::Monitor, epoch).unwrap();
    for (n, record) in records.enumerate() {
        let text = record.content.text().map(Cow::into_owned);
        let mut changed = Changed { n, record, text };
        if !change(&mut changed) {
            continue;
        }
        let at = Duration::from_micros((record.time - start) as u64);
        match (changed.text, record.content) {
            (Some(text), _) => writer.note(at, text).unwrap(),
            (None, Content::Packet { direction, channel, packet }) => {
                writer.packet(at, direction, channel, packet).unwrap();
            }
            _ => {}
        }
    }
    writer.into_inner()
}

fn text<'c>(changed: &'c Changed<'_>) -> &'c str {
    changed.text.as_deref().unwrap_or_default()
}

#[test]
fn the_demonstration_replays_to_the_bit() {
    let capture = demonstration();
    let (end, progress) = replayed(&capture);
    assert_eq!(end, End::Whole);
    assert!(progress.inputs > 1_000 && progress.decisions > 30, "{progress:?}");
    assert!(progress.packets > 100 && progress.notes > 4, "{progress:?}");
    // The copy that the cases below are made from is no worse.
    assert_eq!(replayed(&rewritten(&capture, |_| true)), (End::Whole, progress));

    changes_are_noticed(&capture);
    every_cut_is_replayed_to_its_end(&capture);
}

fn changes_are_noticed(capture: &[u8]) {
    // A setting.
    let (end, progress) = replayed(&rewritten(capture, |changed| {
        if let Some(text) = &mut changed.text
            && text.starts_with("tandem settings")
        {
            assert!(text.contains(" takeover=last "), "{text}");
            *text = text.replace(" takeover=last ", " takeover=first ");
        }
        true
    }));
    assert!(matches!(end, End::Differs(_)), "{end:?}");
    assert!(progress.decisions > 0, "nothing was the same before it: {progress:?}");
    // A wake that something came of.
    let records: Vec<_> = Records::new(capture).unwrap().collect();
    let is_wake = |record: &Record<'_>| record.content.text().as_deref() == Some("tandem wake");
    let matters = |pair: &[Record<'_>]| {
        let sent = matches!(pair[1].content, Content::Packet { direction: Direction::Sent, .. });
        is_wake(&pair[0]) && sent
    };
    let at = records.windows(2).position(matters).unwrap();
    let (end, _) = replayed(&rewritten(capture, |changed| changed.n != at));
    let End::Differs(Difference { recorded: Some(_), replayed: None }) = end else {
        panic!("a dropped wake: {end:?}")
    };
    // The owner's command.
    let (end, _) =
        replayed(&rewritten(capture, |changed| !text(changed).starts_with("tandem command")));
    let End::Differs(Difference { recorded: Some(_), replayed: None }) = end else {
        panic!("a dropped command: {end:?}")
    };
    // What one phone sent.
    let mut received = 0;
    let (end, _) = replayed(&rewritten(capture, |changed| {
        let is = matches!(
            changed.record.content,
            Content::Packet { direction: Direction::Received, channel: Channel::Acl, .. }
        );
        received += usize::from(is);
        !is || received != 5
    }));
    assert!(matches!(end, End::Differs(_)), "a dropped packet: {end:?}");
    // A decision that the capture claims.
    let mut decided = 0;
    let (end, _) = replayed(&rewritten(capture, |changed| {
        if text(changed).starts_with("tandem decided") {
            decided += 1;
            if decided == 9 {
                changed.text = Some("tandem decided fact=NewcomerLeft order=TurnAway".into());
            }
        }
        true
    }));
    let End::Differs(Difference { recorded: Some(recorded), replayed: Some(replayed) }) = end
    else {
        panic!("{end:?}")
    };
    assert!(recorded.ends_with("TurnAway") && replayed.starts_with("tandem decided"), "{replayed}");
}

fn every_cut_is_replayed_to_its_end(capture: &[u8]) {
    let part = capture.len() / 7;
    for cut in (1..7).map(|n| n * part) {
        let (end, progress) = replayed(&capture[..cut]);
        assert!(matches!(end, End::Cut | End::Whole), "cut at {cut}: {end:?}");
        assert!(progress.inputs > 0);
    }
    let half = Records::new(capture).unwrap().count() / 2;
    let gap = rewritten(capture, |changed| {
        if changed.n == half {
            changed.text = Some(Lost(3).to_string());
        }
        true
    });
    assert_eq!(replayed(&gap).0, End::Gap(3));
}

#[test]
fn every_input_comes_back_from_its_line() {
    let known: Address = "AA:BB:CC:DD:EE:FF".parse().unwrap();
    let phone = Some(known);
    let command = |command| Fed::Command { ticket: u64::MAX, command };
    let all = [
        Fed::Sounding { stream: 255, on: true },
        Fed::Microphone { link: 6, length: 60 },
        Fed::WidebandUnusable,
        Fed::Wake,
        Fed::TransportLost,
        Fed::TransportReady,
        command(Command::StopPairing),
        command(Command::Confirm { phone: known, accept: true, passkey: None }),
        command(Command::Answer { how: AnswerHow::Hold, phone, index: Some(2) }),
        command(Command::Dial { number: "+49 30%".try_into().unwrap(), phone: None }),
        command(Command::Set(Change::Name("Änne's\t\"phone\"\n".try_into().unwrap()))),
        command(Command::Set(Change::Name("".try_into().unwrap()))),
        command(Command::Set(Change::BlipSeconds(0.1 + 0.2))),
        command(Command::Set(Change::Priority { phone: known, priority: 9 })),
        command(Command::Shutdown),
    ];
    for fed in all {
        let line = fed.to_string();
        assert!(line.len() <= snoop::LONGEST_NOTE && !line.contains(['\n', '\t']), "{line}");
        let (word, pairs) = note::parse(&line).unwrap();
        let pairs: Vec<_> = pairs.collect();
        assert_eq!(Fed::parse(word, &pairs), Some(fed), "{line}");
    }
    assert_eq!(
        command(Command::Answer { how: AnswerHow::Hold, phone, index: None }).to_string(),
        format!("tandem command ticket={} verb=answer how=hold phone=AA:BB:CC:DD:EE:FF", u64::MAX)
    );
}

/// Everything in it is as long as it gets.
fn beginning() -> Beginning {
    let name: host::Name = " ".repeat(248).as_str().try_into().unwrap();
    let settings = Settings {
        name: name.clone(),
        codecs: [Codec::Aac, Codec::Sbc].into_iter().collect(),
        legacy_pin: Some([b'7'; 16].into_iter().collect()),
        settle_seconds: 1.0 / 3.0,
        ..Settings::default()
    };
    let bond = Bond {
        address: Address([1; 6]),
        local: Address([2; 6]),
        key: LinkKey([0x5a; 16]),
        key_type: KeyType::UnauthenticatedP256,
        name,
        last_used: u64::MAX,
        volumes: Volumes { media: Some(100), call: Some(100) },
    };
    Beginning { limits: Limits::default(), settings, bonds: vec![bond] }
}

#[test]
fn a_beginning_comes_back_from_its_lines() {
    let beginning = beginning();
    let mut begun = Begun::default();
    for line in beginning.notes() {
        assert!(line.len() <= snoop::LONGEST_NOTE, "{}", line.len());
        let (word, pairs) = note::parse(&line).unwrap();
        let pairs: Vec<_> = pairs.collect();
        assert_eq!(begun.note(word, &pairs), Ok(true), "{line}");
    }
    assert_eq!(begun.whole(), Ok(beginning));
}

#[test]
fn no_key_and_no_pin_reaches_a_capture_unasked() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let written = |keep_keys| {
        let mut capture =
            crate::capture::Capture::create(file.path(), std::time::SystemTime::now(), keep_keys)
                .unwrap();
        capture.begin(&beginning());
        capture.flush().unwrap();
        String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).into_owned()
    };
    let (key, pin) = ("5a".repeat(16), "37".repeat(16));
    let blanked = written(false);
    assert!(!blanked.contains(&key) && !blanked.contains(&pin));
    assert!(blanked.contains("tandem bond ") && blanked.contains("tandem settings "));
    let kept = written(true);
    assert!(kept.contains(&key) && kept.contains(&pin));
}

#[test]
fn what_cannot_be_replayed_is_refused_with_the_reason() {
    let capture = |notes: &[&str]| {
        let mut writer =
            Writer::new(Vec::new(), LinkType::Monitor, Duration::from_secs(1)).unwrap();
        for note in notes {
            writer.note(Duration::ZERO, note).unwrap();
        }
        writer.into_inner()
    };
    let refused = |notes: &[&str]| {
        let capture = capture(notes);
        Replay::new(Records::new(&capture).unwrap()).err().expect("it is refused")
    };
    assert_eq!(refused(&[]), Refused::Foreign);
    assert_eq!(refused(&["btmon"]), Refused::Foreign);
    assert_eq!(refused(&["tandem heard none"]), Refused::Foreign);
    assert_eq!(refused(&["tandem capture notes=2"]), Refused::Version("2".into()));
    assert_eq!(refused(&[HEAD]), Refused::Note("limits".into()));
    assert_eq!(refused(&[HEAD, "tandem limits blocks=9"]), Refused::Note("limits".into()));
    let huge = "tandem limits blocks=99999999999999 block_size=2048 effects=256";
    assert_eq!(refused(&[HEAD, huge]), Refused::Note("limits".into()));

    let mut notes = vec![HEAD.to_owned()];
    notes.extend(beginning().notes());
    notes.push("tandem command ticket=1 verb=sing".into());
    let notes: Vec<&str> = notes.iter().map(String::as_str).collect();
    let capture = capture(&notes);
    let mut replay = Replay::new(Records::new(&capture).unwrap()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(replay.run(9), Err(Refused::Note("command".into())));
}
