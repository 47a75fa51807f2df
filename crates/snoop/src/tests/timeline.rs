use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use wire::Address;
use wire::avdtp::{MessageType, SignalId};
use wire::h4::Channel;
use wire::hci::{Event, LinkType as Carries, Status};
use wire::l2cap::{Cid, Command, Psm};

use super::script::{IPHONE, PIXEL, Script};
use crate::Direction::{Received, Sent};
use crate::note::{Audible, Call, Kind, State};
use crate::timeline::{HeardSpan, Span, Switch};
use crate::{Direction, Records, Timeline};

fn ms(from: u64, to: u64) -> Span {
    Span { from: Duration::from_millis(from), to: Duration::from_millis(to) }
}

/// Two phones, music that moves from the one to the other, a call.
fn evening(script: &mut Script, with_notes: bool) -> Timeline {
    let note = |script: &mut Script, audible: &[(Address, Kind)]| {
        if with_notes {
            script.heard(audible);
        }
    };
    script.at(0).writer.controller(Duration::ZERO, Address([1; 6]), "tandem0").unwrap();
    note(script, &[]);
    script.at(1000).up(0x40, PIXEL, Carries::Acl).at(1500).name(PIXEL, "Pixel 9 <Anna's>");
    script.at(2000).open(0x40, Psm::AVDTP, 0x41).open(0x40, Psm::AVDTP, 0x42);
    script.at(3000).up(0x41, IPHONE, Carries::Acl).open(0x41, Psm::SDP, 0x43);
    script.open(0x41, Psm::AVDTP, 0x41).open(0x41, Psm::AVDTP, 0x44);
    script.at(4000).accepted(Received, 0x40, 0x41, SignalId::Start);
    note(script.at(4200), &[(PIXEL, Kind::Media)]);
    script.at(12_000).accepted(Received, 0x41, 0x41, SignalId::Start);
    note(script.at(12_300), &[(IPHONE, Kind::Media)]);
    script.at(13_000).accepted(Sent, 0x40, 0x41, SignalId::Suspend);
    script.at(20_000).up(0x80, PIXEL, Carries::Esco);
    note(script, &[(PIXEL, Kind::Call)]);
    script.at(30_000).down(0x80);
    note(script, &[(IPHONE, Kind::Media)]);
    script.at(36_000).down(0x40);
    note(script.at(38_000), &[(IPHONE, Kind::Media)]);
    note(script.at(40_000), &[]);
    script.at(40_000).down(0x41).at(42_000);
    script.event(Event::HardwareError { hardware_code: 0 });
    script.timeline()
}

#[test]
fn an_evening_with_two_phones() {
    let timeline = evening(&mut Script::new(), true);
    assert_eq!((timeline.length, timeline.inferred), (Duration::from_secs(42), false));
    let [pixel, iphone] = &timeline.phones[..] else { panic!("{:?}", timeline.phones) };
    assert_eq!((pixel.address, pixel.name.as_deref()), (PIXEL, Some("Pixel 9 <Anna's>")));
    assert_eq!(pixel.connected, [ms(1000, 36_000)]);
    assert_eq!(pixel.streaming, [ms(4000, 13_000)]);
    assert_eq!(pixel.voice, [ms(20_000, 30_000)]);
    assert_eq!(
        pixel.heard,
        [
            HeardSpan { span: ms(4200, 12_300), kind: Kind::Media },
            HeardSpan { span: ms(20_000, 30_000), kind: Kind::Call },
        ]
    );
    assert_eq!((iphone.address, iphone.name.as_deref()), (IPHONE, None));
    assert_eq!(iphone.connected, [ms(3000, 40_000)]);
    assert_eq!(iphone.streaming, [ms(12_000, 40_000)], "ends with the link");
    assert_eq!(
        iphone.heard,
        [
            HeardSpan { span: ms(12_300, 20_000), kind: Kind::Media },
            HeardSpan { span: ms(30_000, 40_000), kind: Kind::Media },
        ]
    );
}

#[test]
fn a_phone_is_lost_until_it_is_back_and_paged_until_it_answers_or_does_not() {
    let mut script = Script::new();
    let failed = |script: &mut Script, phone| {
        script.came(Status::PAGE_TIMEOUT, 0, phone, Carries::Acl);
    };
    script.at(0).up(1, PIXEL, Carries::Acl).up(2, PIXEL, Carries::Esco);
    // A voice link that times out is no phone lost.
    script.at(500).gone(2, Status::CONNECTION_TIMEOUT);
    script.at(1000).gone(1, Status::CONNECTION_TIMEOUT);
    failed(script.at(3000).page(PIXEL).at(8120), PIXEL);
    script.at(12_000).page(PIXEL).at(12_200).up(1, PIXEL, Carries::Acl);
    // On purpose, and back by itself.
    script.at(20_000).down(1).at(25_000).up(1, PIXEL, Carries::Acl);
    // Lost once more, and one who never came, until the end.
    script.at(30_000).gone(1, Status::CONNECTION_TIMEOUT);
    let timeline = script.at(39_000).page(IPHONE).at(40_000).note("tandem wake").timeline();
    let [pixel, iphone] = &timeline.phones[..] else { panic!("{timeline:?}") };
    assert_eq!(pixel.connected, [ms(0, 1000), ms(12_200, 20_000), ms(25_000, 30_000)]);
    assert_eq!(pixel.lost, [ms(1000, 12_200), ms(30_000, 40_000)]);
    assert_eq!(pixel.paged, [ms(3000, 8120), ms(12_000, 12_200)]);
    assert_eq!((&iphone.connected, &iphone.paged), (&vec![], &vec![ms(39_000, 40_000)]));
    let svg = timeline.to_svg();
    for drawn in ["lost, 1.000 s to 12.200 s", "paged, 12.000 s to 12.200 s"] {
        assert!(svg.contains(drawn), "{drawn}");
    }
    keep("lost.svg", &svg);
}

#[test]
fn without_our_notes_whoever_streams_or_talks_is_taken_to_be_heard() {
    let timeline = evening(&mut Script::new(), false);
    assert!(timeline.inferred);
    let heard: Vec<_> = timeline.phones.iter().map(|phone| &phone.heard[..]).collect();
    assert_eq!(
        heard,
        [
            &[
                HeardSpan { span: ms(4000, 13_000), kind: Kind::Media },
                HeardSpan { span: ms(20_000, 30_000), kind: Kind::Voice },
            ][..],
            &[HeardSpan { span: ms(12_000, 40_000), kind: Kind::Media }],
        ]
    );
    assert_eq!(timeline.to_json()["heard"], "inferred");
    assert!(timeline.to_svg().contains("heard (inferred)"));
}

/// The indicators of a phone and a call that comes, is answered, held for a while, and ends.
fn lines(script: &mut Script, by: Direction) -> Timeline {
    script.up(0x40, PIXEL, Carries::Acl).open(0x40, Psm::RFCOMM, 0x41);
    let names = "\r\n+CIND: (\"service\",(0,1)),(\"call\",(0,1)),(\"callsetup\",(0-3)),\
                 (\"callheld\",(0-2)),(\"signal\",(0-5))\r\n\r\nOK\r\n";
    script.says(by, 0x40, 0x41, names).says(by, 0x40, 0x41, "\r\n+CIND: 1,0,0,0,5\r\n");
    script.at(1000).says(by, 0x40, 0x41, "\r\n+CIEV: 5,3\r\n");
    script.at(2000).says(by, 0x40, 0x41, "\r\n+CIEV: 3,1\r\n\r\nRING\r\n\r\n+CLIP: \"1\",129\r\n");
    let other = if by == Sent { Received } else { Sent };
    script.at(3000).says(other, 0x40, 0x41, "ATA\r");
    script.at(3200).says(by, 0x40, 0x41, "\r\nOK\r\n\r\n+CIEV: 2,1\r\n\r\n+CIEV: 3,0\r\n");
    script.at(3300).up(0x80, PIXEL, Carries::Esco);
    script.at(5000).says(by, 0x40, 0x41, "\r\n+CIEV: 4,2\r\n");
    script.at(6000).says(by, 0x40, 0x41, "\r\n+CIEV: 4,0\r\n");
    script.at(8000).down(0x80).at(9000).down(0x40);
    script.timeline()
}

#[test]
fn a_foreign_captures_calls_are_read_off_the_lines_of_either_side() {
    for by in [Received, Sent] {
        let timeline = lines(&mut Script::new(), by);
        let phone = &timeline.phones[0];
        assert_eq!(phone.ringing, [ms(2000, 3200)]);
        assert_eq!(phone.talking, [ms(3200, 5000), ms(6000, 9000)], "ends with the link");
        assert_eq!(phone.voice, [ms(3300, 8000)]);
        assert!(timeline.inferred && timeline.switches.is_empty());
        assert_eq!(phone.heard, [HeardSpan { span: ms(3300, 8000), kind: Kind::Call }]);
        keep("lines.svg", &timeline.to_svg());
    }
}

#[test]
fn our_own_notes_go_before_the_lines() {
    let mut script = Script::new();
    let call = |index, state| Call { phone: PIXEL, index, state };
    script.at(0).heard(&[]).note(call(1, State::Incoming));
    script.at(10).note(call(1, State::Active)).at(12).note(call(2, State::Incoming));
    script.at(20).note(call(1, State::Held)).note(call(2, State::Active));
    script.at(30).note(call(2, State::Ended)).at(40).note(call(1, State::Ended));
    let timeline = lines(script.at(50), Received);
    let phone = &timeline.phones[0];
    assert_eq!(phone.ringing, [ms(0, 10), ms(12, 20)]);
    assert_eq!(phone.talking, [ms(10, 20), ms(20, 30)]);
}

#[test]
fn a_switchs_time_is_ours_and_the_phones() {
    let decided = |fact: &str, orders: &[&str]| {
        let orders: String = orders.iter().map(|order| format!(" order={order}")).collect();
        format!("tandem decided fact={fact}{orders}")
    };
    let anything = [0x40, 0x20, 0, 0];
    let acl = Channel::Acl;
    let mut script = Script::new();
    // Music moves: what we learn comes at 100, we are done at 103, the other phone pauses at 190.
    script.at(100).packet(Received, acl, &anything);
    script.note(decided(
        "Player(SeatId(1),Playing,true)",
        &["Pause(SeatId(0))", "Arm(SeatId(0),Told)"],
    ));
    script.at(101).heard(&[(IPHONE, Kind::Media)]).at(103).packet(Sent, acl, &anything);
    // Its OK is not what it does, nor is what the ear says.
    script.at(120).packet(Received, acl, &anything);
    script.at(150).note("tandem sounding stream=8 on=false");
    script.note(decided("Sounding(SeatId(0),false)", &[]));
    script
        .at(190)
        .packet(Received, acl, &anything)
        .note(decided("Player(SeatId(0),Paused,true)", &[]));
    // A call is held for another: the owner's command, two phones' answers, the voice link.
    script.at(1000).note("tandem command ticket=1 verb=answer how=hold");
    script.note(decided("Button(Answer(None,None))", &["Hold(SeatId(0))"]));
    script.at(1002).packet(Sent, acl, &anything);
    script.at(1100).packet(Received, acl, &anything);
    script.note(decided("Calls(SeatId(0),Calls{held:true})", &["Answer(SeatId(1))"]));
    script.at(1101).packet(Sent, acl, &anything);
    script.at(1301).packet(Received, acl, &anything).note(decided("Calls(SeatId(1),Calls{})", &[]));
    script.note(decided("InBand(SeatId(1),true)", &["OpenVoice(SeatId(1))"]));
    script.heard(&[(PIXEL, Kind::Call)]);
    script.at(1350).packet(Received, acl, &anything).note(decided("VoiceOpened(SeatId(1))", &[]));
    script.at(2000).note("tandem wake");
    // Somebody who stops by himself.
    script.at(3000).packet(Received, acl, &anything).note(decided("Stopped(SeatId(1))", &[]));
    let timeline = script.heard(&[]).timeline();
    let audible = |phone, kind| vec![Audible { phone, kind }];
    let ms = Duration::from_millis;
    let start = ms(100);
    let switch = |at, heard, ours, phones: Option<u64>, from, to| Switch {
        at: ms(at) - start,
        heard: ms(heard) - start,
        ours: ms(ours),
        phones: phones.map(ms),
        from,
        to,
    };
    let (media, call) = (audible(IPHONE, Kind::Media), audible(PIXEL, Kind::Call));
    assert_eq!(
        timeline.switches,
        [
            switch(100, 101, 3, Some(87), vec![], media.clone()),
            switch(1000, 1301, 3, Some(298 + 49), media, call.clone()),
            switch(3000, 3000, 0, None, call, vec![]),
        ]
    );
    let json = timeline.to_json();
    assert_eq!(
        json["switches"][0].to_string(),
        r#"{"at":0.0,"from":[],"heard":0.001,"ours":0.003,"phones":0.087,"to":[{"kind":"media","phone":"09:09:09:09:09:09"}]}"#
    );
    let svg = timeline.to_svg();
    keep("switches.svg", &svg);
    assert!(svg.contains("301.00 ms") && svg.contains("347.00 ms") && svg.contains("nobody"));
}

#[test]
fn only_what_was_accepted_starts_or_ends_a_stream() {
    let mut script = Script::new();
    script.up(0x40, PIXEL, Carries::Acl).open(0x40, Psm::AVDTP, 0x41).open(0x40, Psm::AVDTP, 0x42);
    // On the media channel the same bytes are music.
    script.at(1).accepted(Received, 0x40, 0x42, SignalId::Start);
    script.at(2).signal(Received, 0x40, 0x41, SignalId::Start, MessageType::ResponseReject);
    script.at(3).accepted(Received, 0x40, 0x41, SignalId::Start);
    script.at(4).accepted(Received, 0x40, 0x41, SignalId::Start);
    script.at(5).signal(Sent, 0x40, 0x41, SignalId::Suspend, MessageType::ResponseReject);
    script.at(6).accepted(Sent, 0x40, 0x41, SignalId::DelayReport);
    script.at(7).accepted(Received, 0x40, 0x41, SignalId::Abort);
    script.at(8).accepted(Sent, 0x40, 0x41, SignalId::Start);
    // The phone closes the media channel, then we ours of signalling.
    script.at(9).command(
        Sent,
        0x40,
        Command::DisconnectionResponse { destination_cid: Cid(0x42), source_cid: Cid(0x142) },
    );
    script.at(10).accepted(Sent, 0x40, 0x41, SignalId::Start);
    script.at(11).command(
        Received,
        0x40,
        Command::DisconnectionResponse { destination_cid: Cid(0x141), source_cid: Cid(0x41) },
    );
    script.at(12).accepted(Sent, 0x40, 0x41, SignalId::Start);
    script.at(13).open(0x40, Psm::AVDTP, 0x45).accepted(Sent, 0x40, 0x45, SignalId::Start);
    let reset = [0x0e, 4, 1, 3, 0x0c, 0];
    let timeline = script.at(14).packet(Received, Channel::Event, &reset).timeline();
    assert_eq!(timeline.phones[0].streaming, [ms(3, 7), ms(8, 9), ms(10, 11), ms(13, 14)]);
    assert_eq!(timeline.phones[0].connected, [ms(0, 14)], "a reset ends everything");
}

#[test]
fn json_holds_everything_in_seconds() {
    let json = evening(&mut Script::new(), true).to_json();
    assert_eq!(json["start"], "2026-11-21T05:31:02.250Z");
    assert_eq!((&json["length"], &json["heard"]), (&42.0.into(), &"recorded".into()));
    let pixel = &json["phones"][0];
    assert_eq!(pixel["address"], "01:02:03:04:05:06");
    assert_eq!(pixel["name"], "Pixel 9 <Anna's>");
    assert_eq!(pixel["connected"].to_string(), "[[1.0,36.0]]");
    assert_eq!(pixel["heard"][1].to_string(), r#"{"from":20.0,"kind":"call","to":30.0}"#);
    assert!(json["phones"][1]["name"].is_null());
}

#[test]
fn dates_are_right_on_the_days_that_are_easy_to_get_wrong() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.000Z"),
        (951_782_400, "2000-02-29T00:00:00.000Z"),
        (951_868_800, "2000-03-01T00:00:00.000Z"),
        (1_709_251_199, "2024-02-29T23:59:59.000Z"),
        (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        (4_107_456_000, "2100-02-28T00:00:00.000Z"),
        (1_798_761_599, "2026-12-31T23:59:59.000Z"),
    ] {
        assert_eq!(crate::timeline::iso8601(seconds * 1_000_000), text);
    }
}

/// Lays the drawing at `$TANDEM_DRAWINGS`, to be looked at.
fn keep(name: &str, svg: &str) {
    if let Some(folder) = std::env::var_os("TANDEM_DRAWINGS") {
        std::fs::write(std::path::Path::new(&folder).join(name), svg).unwrap();
    }
}

#[test]
fn the_drawing_names_escapes_and_bounds_everything() {
    let svg = evening(&mut Script::new(), true).to_svg();
    keep("evening.svg", &svg);
    assert!(svg.contains("Pixel 9 &lt;Anna's&gt;") && !svg.contains("<Anna"));
    for text in ["connected", "streaming", "voice link", "heard: media", "heard: call", "45 s"] {
        assert_eq!(svg.contains(text), text != "45 s", "{text}");
    }
    keep("inferred.svg", &evening(&mut Script::new(), false).to_svg());

    let empty = Timeline::of(Records::new(&Script::new().writer.into_inner()).unwrap());
    assert!(empty.to_svg().contains("No phone was connected."));
    keep("empty.svg", &empty.to_svg());
    let mut brief = Script::new();
    let brief =
        brief.up(1, PIXEL, Carries::Acl).name(PIXEL, &"長い名前\u{1}".repeat(20)).timeline();
    let svg = brief.to_svg();
    keep("brief.svg", &svg);
    assert!(svg.contains('…') && !svg.contains(['\u{1}']) && !svg.contains("NaN"));

    let mut day = Script::new();
    for hour in 0..30 {
        day.at(hour * 3_600_000).up(1, PIXEL, Carries::Acl).up(2, IPHONE, Carries::Acl);
        day.open(1, Psm::AVDTP, 0x41).accepted(Received, 1, 0x41, SignalId::Start);
        day.heard(&[(PIXEL, Kind::Media)]).at(hour * 3_600_000 + 900_000).down(1);
        day.heard(&[(IPHONE, Kind::Ring), (PIXEL, Kind::Assistant)]);
        day.at(hour * 3_600_000 + 1_000_000).heard(&[]);
    }
    let svg = day.timeline().to_svg();
    keep("day.svg", &svg);
    assert!(svg.contains("24:00 h"));
}

proptest! {
    #[test]
    fn any_events_and_data_are_followed_without_harm(
        packets in vec((any::<bool>(), any::<bool>(), vec(any::<u8>(), 0..40)), 0..60),
    ) {
        let mut script = Script::new();
        script.up(0x40, PIXEL, Carries::Acl).open(0x40, Psm::AVDTP, 0x41);
        for (n, (sent, event, mut bytes)) in packets.into_iter().enumerate() {
            script.at(n as u64);
            let direction = if sent { Sent } else { Received };
            if event && !sent {
                script.packet(Received, Channel::Event, &bytes);
            } else {
                // Often one that belongs to the link, and to its signalling.
                if bytes.len() > 8 {
                    bytes[0] = 0x40;
                    bytes[1] = if bytes[1] < 200 { 0x20 } else { 0x10 };
                    bytes[2] = bytes.len() as u8 - 4;
                    bytes[3] = 0;
                    bytes[6..8].copy_from_slice(&[[1, 0], [0x41, 0]][usize::from(event)]);
                }
                script.packet(direction, Channel::Acl, &bytes);
            }
        }
        let timeline = script.timeline();
        for phone in &timeline.phones {
            let heard = phone.heard.iter().map(|heard| heard.span);
            for span in phone.connected.iter().chain(&phone.streaming).copied().chain(heard) {
                prop_assert!(span.from <= span.to && span.to <= timeline.length);
            }
        }
        timeline.to_svg();
    }
}
