//! Voice data, both ways.

use super::*;
use crate::VoiceStatus;
use crate::controller::{EARLY_TIMEOUT, SendError, VOICE_QUEUE};

/// The packets for the controller, in their order.
fn sent(t: &mut Tester) -> Vec<Vec<u8>> {
    t.turn();
    t.data.drain(..).map(|frame| frame.to_vec()).collect()
}

#[test]
fn voice_comes_in_where_it_was_written_with_what_is_known_of_it() {
    let (mut t, link) = one();
    t.open(link, Msbc);
    let statuses = [
        VoiceStatus::Correct,
        VoiceStatus::PossiblyInvalid,
        VoiceStatus::NoData,
        VoiceStatus::PartiallyLost,
    ];
    for (flag, expected) in statuses.into_iter().enumerate() {
        let frame = t.frame(&[0x03, 0x01 | (flag as u8) << 4, 3, 7, 8, 9]);
        let place = frame[3..].as_ptr();
        let (from, status, data) = t.controller.synchronous(frame).expect("voice");
        assert_eq!((from, status, &data[..]), (link, expected, &[7, 8, 9][..]));
        assert_eq!(data.as_ptr(), place);
    }
}

#[test]
fn damaged_and_unknown_voice_is_dropped_and_counted() {
    let (mut t, link) = one();
    t.open(link, Cvsd);
    let bad: [&[u8]; 4] = [&[], &[0x03, 0x01], &[0x03, 0x01, 2, 7], &[0x03, 0x01, 0, 7]];
    for octets in bad {
        assert!(t.controller.synchronous(t.frame(octets)).is_none(), "{octets:?}");
    }
    assert_eq!(t.controller.counters().malformed_synchronous, 4);
    // An ACL link's handle, and nobody's.
    assert!(t.controller.synchronous(t.frame(&[0x42, 0, 1, 7])).is_none());
    assert!(t.controller.synchronous(t.frame(&[0x99, 0, 1, 7])).is_none());
    t.wait(EARLY_TIMEOUT);
    assert_eq!(t.controller.counters().unknown_handles, 2);
    t.controller.close_voice(t.now, link, BY_USER).unwrap();
    assert!(t.controller.synchronous(t.frame(&[0x03, 0x01, 1, 7])).is_none(), "going");
    assert_eq!(t.controller.counters().unknown_handles, 3);
    t.told_nothing();
}

#[test]
fn voice_goes_out_in_its_own_block_before_all_else_and_without_credits() {
    let (mut t, link) = linked(Config::default(), Dongle { acl: (339, 1), ..Dongle::modern() });
    t.open(link, Msbc);
    t.controller.send(link, t.frame(&[1])).unwrap();
    let frame = t.frame(&[7, 8]);
    let place = frame.as_ptr();
    t.controller.send_voice(link, frame).unwrap();
    t.turn();
    let voice = t.data.pop_front().unwrap();
    assert_eq!(voice[..], [0x03, 0x01, 2, 7, 8]);
    assert_eq!(voice[3..].as_ptr(), place);
    assert_eq!(sent(&mut t), [[0x42, 0x20, 1, 0, 1]]);
    for n in 0..100 {
        t.controller.send_voice(link, t.frame(&[n])).unwrap();
        assert_eq!(sent(&mut t), [[0x03, 0x01, 1, n]]);
    }
}

#[test]
fn voice_that_cannot_be_sent_is_refused() {
    let (mut t, link) = one();
    assert_eq!(t.controller.send_voice(link, t.frame(&[1])), Err(SendError::NoLink));
    assert_eq!(t.controller.send_voice(LinkId(77), t.frame(&[1])), Err(SendError::NoLink));
    t.open(link, Msbc);
    assert_eq!(t.controller.voice_length(), 60);
    assert_eq!(t.controller.send_voice(link, t.frame(&[1; 61])), Err(SendError::Length));
    assert_eq!(t.controller.send_voice(link, t.frame(&[])), Err(SendError::Length));
    let mut bare = t.frame(&[1; 4]);
    bare.reset(2);
    bare.append(&[1; 4]).unwrap();
    assert_eq!(t.controller.send_voice(link, bare), Err(SendError::Length));
    for n in 0..VOICE_QUEUE {
        t.controller.send_voice(link, t.frame(&[n as u8; 60])).unwrap();
    }
    assert_eq!(t.controller.send_voice(link, t.frame(&[1])), Err(SendError::Full));
    let free = t.arena.free();
    t.controller.close_voice(t.now, link, BY_USER).unwrap();
    assert_eq!(t.arena.free(), free + VOICE_QUEUE);
    assert_eq!(t.controller.counters().flushed, VOICE_QUEUE as u64);
    assert_eq!(t.controller.send_voice(link, t.frame(&[1])), Err(SendError::NoLink));
    assert!(sent(&mut t).is_empty());
    // A link that is sent away carries nothing more.
    t.disconnected(VOICE, BY_USER);
    t.told_closed(link, BY_USER);
    t.heard.clear();
    t.open(link, Msbc);
    t.controller.disconnect(t.now, link, BY_USER).unwrap();
    assert_eq!(t.controller.send_voice(link, t.frame(&[1])), Err(SendError::NoLink));
    // A controller that does not say how much it takes.
    let (mut t, link) = linked(Config::default(), Dongle { synchronous: 0, ..Dongle::modern() });
    t.open(link, Msbc);
    t.controller.send_voice(link, t.frame(&[1; 255])).unwrap();
    assert_eq!(t.controller.send_voice(link, t.frame(&[1; 256])), Err(SendError::Length));
}

#[test]
fn links_take_turns_with_their_voice() {
    let (mut t, a) = one();
    let b = t.connected(OTHER, Handle::new(0x43));
    t.open(a, Cvsd);
    t.controller.setup_voice(t.now, b, Cvsd).unwrap();
    t.hear_any(Opcode::SETUP_SYNCHRONOUS_CONNECTION);
    t.say(Event::SynchronousConnectionComplete {
        status: Status::SUCCESS,
        connection_handle: Handle::new(0x104),
        bd_addr: OTHER,
        link_type: LinkType::Sco,
        transmission_interval: 0,
        retransmission_window: 0,
        rx_packet_length: 0,
        tx_packet_length: 0,
        air_mode: wire::hci::AirMode::Cvsd,
    });
    assert!(matches!(t.told(), Output::VoiceOpened { .. }));
    for n in 0..VOICE_QUEUE {
        t.controller.send_voice(a, t.frame(&[n as u8])).unwrap();
    }
    // The one that is full does not keep the other from sending.
    t.controller.send_voice(b, t.frame(&[9])).unwrap();
    // What one leaves behind goes with it.
    t.disconnected(VOICE, BY_USER);
    t.told_closed(a, BY_USER);
    assert_eq!(sent(&mut t), [[0x04, 0x01, 1, 9]]);
}
