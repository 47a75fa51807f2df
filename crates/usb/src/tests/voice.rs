//! Voice: settings, pace, and finding the way again.

use pool::{Arena, Instant};
use proptest::prelude::*;
use rustix::io::Errno;
use wire::h4::Channel;

use super::rig::{BLOCKS, NOW, open, open_with, packet, receive};
use crate::fake::{Call, FakeDongle, FakeNode, descriptors, endpoint};
use crate::voice::incoming::Incoming;
use crate::{
    Coding, FAILURES, Lost, PROVE_WITHIN, TRANSFERS_IN, TRANSFERS_OUT, Transport, VoiceLink,
    VoiceReport,
};

const CVSD: VoiceLink = VoiceLink { handle: 0x0101, coding: Coding::Linear16 };
const MSBC: VoiceLink = VoiceLink { handle: 0x0102, coding: Coding::Transparent };

fn link(handle: u16, coding: Coding) -> VoiceLink {
    VoiceLink { handle, coding }
}

/// A voice packet of a link, with a payload that counts up from `first`.
fn voice(link: VoiceLink, length: usize, first: u8) -> Vec<u8> {
    let [low, high] = link.handle.to_le_bytes();
    let mut bytes = vec![low, high, length as u8];
    bytes.extend((0..length).map(|n| first.wrapping_add(n as u8)));
    bytes
}

/// Sends voice from the dongle in bus packets of `size`; gives the packets that come of it.
fn come(
    transport: &mut Transport<FakeNode>,
    dongle: &FakeDongle,
    bytes: &[u8],
    size: usize,
) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for part in bytes.chunks(size) {
        dongle.frame(Ok(part));
        found.extend(receive(transport).into_iter().map(|(_, packet)| packet));
    }
    found
}

/// Runs the bus for so many frames; gives what went to the dongle.
fn go(transport: &mut Transport<FakeNode>, dongle: &FakeDongle, frames: usize) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    for _ in 0..frames {
        sent.extend(dongle.frame(Ok(&[])));
        receive(transport);
    }
    sent
}

/// As vendor and product.
fn of_make(vendor: u16, product: u16) -> Vec<u8> {
    let mut bytes = descriptors();
    bytes[8..10].copy_from_slice(&vendor.to_le_bytes());
    bytes[10..12].copy_from_slice(&product.to_le_bytes());
    bytes
}

#[test]
fn links_and_codecs_have_their_settings() {
    use Coding::{Linear8, Linear16, Transparent};
    for (codings, expected) in [
        (&[][..], 0),
        (&[Linear16], 2),
        (&[Linear16, Linear16], 4),
        (&[Linear16, Linear16, Linear16], 5),
        (&[Linear8], 1),
        (&[Linear8, Linear8], 2),
        (&[Linear8, Linear8, Linear8], 3),
        (&[Transparent], 1),
        (&[Transparent, Linear16], 3),
        (&[Transparent, Transparent], 2),
    ] {
        let (mut transport, dongle) = open();
        let links: Vec<_> =
            codings.iter().enumerate().map(|(n, coding)| link(n as u16 + 1, *coding)).collect();
        transport.set_voice(&links).unwrap();
        assert_eq!(dongle.setting(), expected, "{codings:?}");
        assert_eq!(transport.voice_report(), None);
    }
    for ((vendor, product), expected) in [((0x0bda, 0x8520), 6), ((0x8087, 0x0029), 1)] {
        let (mut transport, dongle) = open_with(of_make(vendor, product), BLOCKS);
        transport.set_voice(&[MSBC]).unwrap();
        assert_eq!(dongle.setting(), expected);
        transport.set_voice(&[MSBC, CVSD]).unwrap();
        assert!(receive(&mut transport).is_empty());
        assert_eq!(dongle.setting(), 3);
    }
}

#[test]
fn a_setting_is_changed_while_nothing_is_in_flight() {
    let (mut transport, dongle) = open();
    transport.set_voice(&[CVSD]).unwrap();
    let running = || (dongle.pending(endpoint::VOICE_IN), dongle.pending(endpoint::VOICE_OUT));
    assert_eq!(running(), (TRANSFERS_IN, TRANSFERS_OUT));
    transport.set_voice(&[CVSD, link(5, Coding::Linear16)]).unwrap();
    assert_eq!(dongle.setting(), 2, "the old transfers are not back yet");
    // Another wish before it is done: only the last counts.
    transport.set_voice(&[]).unwrap();
    transport.set_voice(&[CVSD, MSBC]).unwrap();
    assert!(receive(&mut transport).is_empty());
    assert_eq!(dongle.log(), ["setting 2", "setting 3"]);
    assert_eq!(running(), (TRANSFERS_IN, TRANSFERS_OUT));
    transport.set_voice(&[]).unwrap();
    assert!(receive(&mut transport).is_empty());
    assert_eq!((dongle.setting(), running()), (0, (0, 0)));
}

#[test]
fn voice_comes_from_the_dongle() {
    let (mut transport, dongle) = open();
    transport.set_voice(&[CVSD]).unwrap();
    let sent: Vec<_> = (0..50).map(|n| voice(CVSD, 48, n)).collect();
    assert_eq!(come(&mut transport, &dongle, &sent.concat(), 17), sent);
    assert_eq!((transport.health().resyncs, transport.health().voice_lost), (0, 0));
    let calls = dongle.calls(Call::Submit);
    assert!(calls > 0 && dongle.pending(endpoint::VOICE_IN) == TRANSFERS_IN);
}

#[test]
fn voice_goes_to_the_dongle_in_packets_of_the_setting() {
    // Two frames of mSBC, 15 ms, are five packets of 24.
    let (mut transport, dongle) = open();
    transport.set_voice(&[MSBC]).unwrap();
    for first in [0, 60] {
        let frame = packet(&transport, &voice(MSBC, 60, first));
        transport.send(Channel::Synchronous, frame).unwrap();
    }
    assert_eq!(transport.health().voice_queued, 2);
    // What is on its way already is empty.
    let sent = go(&mut transport, &dongle, 3 * TRANSFERS_OUT + 15);
    let expected: Vec<_> = (0..5).map(|n| voice(MSBC, 24, 24 * n)).collect();
    assert_eq!(sent.concat(), expected.concat());
    assert!(sent[..3 * TRANSFERS_OUT].iter().all(Vec::is_empty));
    assert!(sent[3 * TRANSFERS_OUT..].iter().all(|packet| packet.len() == 9));
    assert_eq!(transport.health().voice_queued, 0);
}

#[test]
fn two_links_take_turns() {
    let other = link(0x0105, Coding::Linear16);
    let (mut transport, dongle) = open();
    transport.set_voice(&[CVSD, other]).unwrap();
    for link in [CVSD, CVSD, other, other] {
        let frame = packet(&transport, &voice(link, 120, 1));
        transport.send(Channel::Synchronous, frame).unwrap();
    }
    let sent = go(&mut transport, &dongle, 3 * TRANSFERS_OUT + 12).concat();
    let handles: Vec<_> = sent.chunks(99).map(|packet| packet[0]).collect();
    assert_eq!(handles, [1, 5, 1, 5]);
}

#[test]
fn setting_6_alternates_seven_and_eight_milliseconds() {
    let (mut transport, dongle) = open_with(of_make(0x0bda, 0x8520), BLOCKS);
    transport.set_voice(&[MSBC]).unwrap();
    let mut sent = Vec::new();
    for n in 0..12 {
        let frame = packet(&transport, &voice(MSBC, 60, n));
        transport.send(Channel::Synchronous, frame).unwrap();
        sent.extend(go(&mut transport, &dongle, if n % 2 == 0 { 7 } else { 8 }));
    }
    let full: Vec<_> = (0..sent.len()).filter(|n| !sent[*n].is_empty()).collect();
    let gaps: Vec<_> = full.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.len() >= 9, "{gaps:?}");
    assert!(gaps.chunks(2).all(|pair| pair == &[8, 7][..pair.len()]), "{gaps:?}");
    assert!(full.iter().all(|n| sent[*n].len() == 63));
}

#[test]
fn voice_that_nobody_wants_or_that_is_too_much_is_dropped() {
    let (mut transport, _dongle) = open();
    let early = packet(&transport, &voice(CVSD, 48, 0));
    transport.send(Channel::Synchronous, early).unwrap();
    assert_eq!(transport.health().voice_dropped, 1);
    transport.set_voice(&[CVSD]).unwrap();
    for _ in 0..11 {
        let frame = packet(&transport, &voice(CVSD, 48, 0));
        transport.send(Channel::Synchronous, frame).unwrap();
    }
    let health = transport.health();
    assert_eq!((health.voice_queued, health.voice_dropped), (10, 2), "30 ms are kept");
    transport.set_voice(&[MSBC]).unwrap();
    assert_eq!(transport.health().voice_queued, 0, "the link is gone");
}

#[test]
fn a_lost_bus_packet_costs_one_voice_packet() {
    let (mut transport, dongle) = open();
    transport.set_voice(&[CVSD, link(5, Coding::Linear16)]).unwrap();
    let sent: Vec<_> = (0..20).map(|n| voice(CVSD, 48, n)).collect();
    let mut found = Vec::new();
    for (n, part) in sent.concat().chunks(17).enumerate() {
        dongle.frame(if n == 13 { Err(Errno::PROTO) } else { Ok(part) });
        found.extend(receive(&mut transport).into_iter().map(|(_, packet)| packet));
    }
    let expected: Vec<_> = (0..20).filter(|n| *n != 4).map(|n| sent[n].clone()).collect();
    assert_eq!(found, expected);
    let health = transport.health();
    assert_eq!((health.voice_lost, health.resyncs), (1, 1));
}

#[test]
fn of_a_single_link_a_packet_with_a_hole_is_marked_and_keeps_its_place() {
    // The beginning, with the header; the middle; the end; two in a row over a packet's end.
    for lost in [&[12][..], &[13], &[14], &[14, 15]] {
        let (mut transport, dongle) = open();
        transport.set_voice(&[CVSD]).unwrap();
        let mut sent: Vec<_> = (0..20).map(|n| voice(CVSD, 48, n)).collect();
        let stream = sent.concat();
        let mut found = Vec::new();
        for (n, part) in stream.chunks(17).enumerate() {
            dongle.frame(if lost.contains(&n) { Err(Errno::PROTO) } else { Ok(part) });
            found.extend(receive(&mut transport).into_iter().map(|(_, packet)| packet));
        }
        for n in lost {
            let packet = &mut sent[n / 3];
            packet[n % 3 * 17..][..17].fill(0);
            packet[..3].copy_from_slice(&[0x01, 0x31, 48]);
        }
        assert_eq!(found, sent, "{lost:?}");
        let health = transport.health();
        assert_eq!((health.voice_lost as usize, health.resyncs), (lost.len(), 0));
    }
}

#[test]
fn a_setting_in_which_nothing_comes_gives_way_and_then_it_is_told() {
    let (mut transport, dongle) = open_with(of_make(0x0bda, 0x8520), BLOCKS);
    transport.set_voice(&[MSBC]).unwrap();
    let patience = PROVE_WITHIN as usize + 3;
    for _ in 0..patience {
        dongle.frame(Ok(&[0xff; 9]));
        assert!(receive(&mut transport).is_empty());
    }
    assert_eq!((dongle.setting(), transport.voice_report()), (1, None));
    go(&mut transport, &dongle, patience);
    assert_eq!(transport.voice_report(), Some(VoiceReport::WidebandUnusable));
    assert_eq!((dongle.setting(), transport.voice_report()), (0, None));
    assert_eq!(dongle.log(), ["setting 6", "setting 1", "setting 0"]);
    // The call goes on with CVSD; the next one need not try again.
    transport.set_voice(&[CVSD]).unwrap();
    assert_eq!((dongle.setting(), transport.voice_report()), (2, None));
    transport.set_voice(&[MSBC]).unwrap();
    assert_eq!(transport.voice_report(), Some(VoiceReport::WidebandUnusable));
}

#[test]
fn a_setting_that_proved_good_is_kept_through_silence() {
    let (mut transport, dongle) = open();
    transport.set_voice(&[MSBC]).unwrap();
    assert_eq!(come(&mut transport, &dongle, &voice(MSBC, 24, 0), 9).len(), 1);
    go(&mut transport, &dongle, 3 * PROVE_WITHIN as usize);
    assert_eq!((dongle.setting(), transport.voice_report()), (1, None));
}

#[test]
fn a_setting_that_is_refused_gives_way() {
    let (mut transport, dongle) = open_with(of_make(0x0bda, 0x8520), BLOCKS);
    dongle.refuse(Call::SetInterface, Errno::PIPE, 1);
    transport.set_voice(&[MSBC]).unwrap();
    assert_eq!((dongle.setting(), transport.voice_report()), (1, None));

    let (mut transport, dongle) = open();
    dongle.refuse(Call::SetInterface, Errno::NOSPC, 9);
    transport.set_voice(&[CVSD]).unwrap();
    assert_eq!(transport.voice_report(), Some(VoiceReport::Unusable));
    let (mut transport, dongle) = open();
    dongle.refuse(Call::SetInterface, Errno::NODEV, 1);
    assert_eq!(transport.set_voice(&[CVSD]), Err(Lost::Unplugged));
    assert_eq!(dongle.drivers(), [None; 2]);
}

#[test]
fn a_bus_without_room_for_voice_is_told_of() {
    let (mut transport, dongle) = open();
    dongle.refuse(Call::Submit, Errno::NOSPC, 99);
    transport.set_voice(&[CVSD]).unwrap();
    assert_eq!((dongle.setting(), transport.voice_report()), (0, Some(VoiceReport::Unusable)));
}

#[test]
fn a_dongle_without_voice_says_so() {
    let without = descriptors()[..18 + 9 + 9 + 3 * 7].to_vec();
    let (mut transport, dongle) = open_with(without, BLOCKS);
    transport.set_voice(&[MSBC]).unwrap();
    assert_eq!(transport.voice_report(), Some(VoiceReport::Unusable));
    assert_eq!(dongle.calls(Call::SetInterface), 0);
}

#[test]
fn the_plug_may_be_pulled_in_the_middle_of_a_call() {
    let (mut transport, dongle) = open();
    let arena = transport.arena().clone();
    transport.set_voice(&[CVSD]).unwrap();
    come(&mut transport, &dongle, &voice(CVSD, 48, 0), 17);
    dongle.unplug();
    assert_eq!(transport.receive(NOW).err(), Some(Lost::Unplugged));
    drop(transport);
    assert_eq!((dongle.in_flight(), arena.free()), (0, BLOCKS));
}

#[test]
fn isochronous_transfers_that_fail_for_ever_end_the_transport() {
    let (mut transport, dongle) = open();
    transport.set_voice(&[CVSD]).unwrap();
    for _ in 0..FAILURES {
        dongle.fail(endpoint::VOICE_IN, Errno::INVAL, 0);
        assert!(receive(&mut transport).is_empty());
    }
    dongle.fail(endpoint::VOICE_IN, Errno::INVAL, 0);
    assert_eq!(transport.receive(NOW).err(), Some(Lost::Bus(Channel::Synchronous)));
}

#[test]
fn zeros_before_packets_are_skipped_where_they_are_known() {
    let arena = Arena::new(4, 2048);
    for (zeros, resyncs) in [(true, 0), (false, 2)] {
        let mut incoming = Incoming::new(arena.clone(), zeros);
        incoming.set_links(&[MSBC]);
        let mut found = 0;
        for n in 0..6 {
            let mut bytes = if n % 3 == 1 { vec![0; 5] } else { Vec::new() };
            bytes.extend(voice(MSBC, 60, n));
            incoming.feed(&bytes, Instant::ZERO);
            found += std::iter::from_fn(|| incoming.packet()).count();
        }
        assert_eq!((found, incoming.resyncs), (6, resyncs), "{zeros}");
    }
}

proptest! {
    /// Damage of any kind costs the packets that it hit, and at most two more; no packet is let
    /// through that is not of a known link, and the stream is found again.
    #[test]
    fn voice_is_found_again_after_any_damage(
        damage in prop::collection::vec((any::<u8>(), 0..17usize, 0..4u8), 1..40),
        at in 5..20usize,
        alone in any::<bool>(),
    ) {
        let arena = Arena::new(4, 2048);
        let mut incoming = Incoming::new(arena, false);
        incoming.set_links(if alone { &[CVSD] } else { &[CVSD, MSBC] });
        let good: Vec<_> = (0..40).map(|n| voice(CVSD, 48, n)).collect();
        let mut parts: Vec<Option<Vec<u8>>> =
            good.concat().chunks(17).map(|part| Some(part.to_vec())).collect();
        let count = damage.len();
        for (n, (byte, place, how)) in damage.into_iter().enumerate() {
            let part = &mut parts[3 * at + n];
            match how {
                0 => *part = None,
                1 => *part = Some(Vec::new()),
                2 => if let Some(bytes) = part { bytes.truncate(place) },
                _ => if let Some(bytes) = part { bytes[place] ^= byte },
            }
        }
        let mut found = Vec::new();
        for part in parts {
            match part {
                Some(bytes) => incoming.feed(&bytes, Instant::ZERO),
                None => incoming.gap(17, Instant::ZERO),
            }
            found.extend(std::iter::from_fn(|| incoming.packet()).map(|packet| packet.to_vec()));
        }
        let after = at + count.div_ceil(3) + 8;
        for (n, packet) in good.iter().enumerate() {
            if n < at || n >= after {
                prop_assert!(found.contains(packet), "{n} of {at}..{after}");
            }
        }
        for packet in found {
            let handle = u16::from_le_bytes([packet[0], packet[1] & 0x0f]);
            prop_assert!([CVSD.handle, MSBC.handle].contains(&handle));
            prop_assert_eq!(packet.len(), 3 + usize::from(packet[2]));
        }
    }

    #[test]
    fn any_cutting_of_voice_gives_the_same_packets(
        lengths in prop::collection::vec(prop_oneof![Just((CVSD, 48)), Just((MSBC, 24))], 1..60),
        cuts in prop::collection::vec(1..64usize, 1..60),
    ) {
        let mut incoming = Incoming::new(Arena::new(4, 2048), false);
        incoming.set_links(&[CVSD, MSBC]);
        let sent: Vec<_> =
            lengths.iter().map(|(link, length)| voice(*link, *length, 3)).collect();
        let bytes = sent.concat();
        let (mut rest, mut found) = (&bytes[..], Vec::new());
        for cut in cuts.into_iter().cycle() {
            let (part, behind) = rest.split_at(cut.min(rest.len()));
            incoming.feed(part, Instant::ZERO);
            found.extend(std::iter::from_fn(|| incoming.packet()).map(|packet| packet.to_vec()));
            rest = behind;
            if rest.is_empty() { break; }
        }
        prop_assert_eq!(found, sent);
        prop_assert_eq!(incoming.resyncs, 0);
    }
}

#[test]
fn what_only_looks_like_a_header_is_none() {
    let mut incoming = Incoming::new(Arena::new(4, 2048), false);
    incoming.set_links(&[MSBC]);
    let mut feed = |bytes: &[u8]| {
        incoming.feed(bytes, Instant::ZERO);
        std::iter::from_fn(|| incoming.packet()).map(|packet| packet.to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(feed(&voice(MSBC, 24, 1)), [voice(MSBC, 24, 1)]);
    // The end of a packet, in whose payload there are headers with nothing behind them.
    assert!(feed(&[9, 0x02, 0x01, 6, 0x02, 0x01, 24, 7, 7]).is_empty());
    assert!(feed(&voice(MSBC, 24, 2)).is_empty(), "nothing is behind it yet");
    let found = feed(&voice(MSBC, 24, 3));
    assert_eq!(found, [voice(MSBC, 24, 2), voice(MSBC, 24, 3)]);
    // Reserved bits, no payload, a link that is not up.
    for wrong in [[0x02, 0x41, 24], [0x02, 0x81, 24], [0x02, 0x01, 0], [0x03, 0x01, 24]] {
        let mut bytes = wrong.to_vec();
        bytes.resize(27, 5);
        assert!(feed(&bytes).is_empty(), "{wrong:?}");
        assert!(feed(&voice(MSBC, 24, 4)).is_empty());
        assert_eq!(feed(&voice(MSBC, 24, 5)), [voice(MSBC, 24, 4), voice(MSBC, 24, 5)]);
    }
    // What the controller says of the quality of the packet is no matter.
    let mut doubtful = voice(MSBC, 24, 6);
    doubtful[1] |= 0x10;
    assert_eq!(feed(&doubtful), [doubtful]);
}
