//! A whole conversation with one AVRCP session: a peer's packets, its owner's orders, and time, out
//! of any bytes. It never panics, never asks to be woken in the past, registers nothing in a storm,
//! and sends packets of legal length that can be read.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use pool::Instant;
use stack::avrcp::{Key, Output, Player, QUICK, SPACING, Session, Text, Ticket, Track};
use wire::avctp;
use wire::avrcp::{EventId, PlayStatus, PlayerId, Volume};

const MTU: usize = 300;

fuzz_target!(|data: &[u8]| {
    let mut bytes = data.iter().copied();
    let Some(first) = bytes.next() else { return };
    let mut session = match first & 1 {
        0 => Session::sink(Volume::from_octet(first)),
        _ => Session::source(Player::default()),
    };
    let mut now = Instant::ZERO;
    // When each event was registered last on this channel.
    let mut registered = [None::<Instant>; 14];
    // How often in a row the playback status was registered again at once.
    let mut quick = 0;
    session.opened(now, 0, MTU);
    while let Some(step) = bytes.next() {
        let Some(value) = bytes.next() else { return };
        match step % 16 {
            0 => {
                session.opened(now, u16::from(value & 1), MTU);
            }
            1 if value > 250 => {
                session.closed(now, u16::from(value & 1));
                registered = Default::default();
                quick = 0;
            }
            2 => {
                let _ = session.key(now, Ticket(7), Key::Next);
            }
            3 => session.set_volume(now, Volume::from_octet(value)),
            4 => session.refresh(now),
            5 => {
                let title = Text::try_from("Ode").unwrap_or_default();
                let track = Some(Track { title, ..Track::default() });
                let status = PlayStatus::new(value & 1).unwrap_or(PlayStatus::Error);
                let id = PlayerId(u16::from(value & 2));
                let _ = session.set_player(Player { id, status, track, ..Player::default() });
            }
            6 | 7 => {
                now += Duration::from_millis(u64::from(value) * 20);
                session.wake(now);
                assert!(session.wake_at().is_none_or(|at| at > now));
            }
            8 => {
                let packet: Vec<u8> = bytes.by_ref().take(usize::from(value)).collect();
                session.receive(now, u16::from(step >> 7), &packet);
            }
            // A PDU: label and code, which, how whole, parameters.
            _ => {
                let mut take = || bytes.next().unwrap_or(0);
                let (code, id, packet_type, length) =
                    (take() & 0xF, take(), take() & 3, take() & 63);
                let direction = code >> 3 << 1;
                let head = [value & 0xF0 | direction, 0x11, 0x0E, code, 0x48, 0, 0, 0x19, 0x58];
                let mut packet = head.to_vec();
                packet.extend([id, packet_type, 0, length]);
                packet.extend(bytes.by_ref().take(usize::from(length)));
                session.receive(now, 0, &packet);
            }
        }
        while let Some(output) = session.poll() {
            let Output::Send { pdu, .. } = output else { continue };
            assert!(pdu.len() <= MTU);
            assert!(avctp::Header::parse(&pdu).is_ok());
            if let [_, _, _, 3, .., event, _, _, _, _] = pdu[..] {
                let last = registered[usize::from(event)].replace(now);
                let spaced = last.is_none_or(|last| now - last >= SPACING);
                if event == EventId::PlaybackStatusChanged as u8 {
                    quick = if spaced { 0 } else { quick + 1 };
                    assert!(quick <= QUICK);
                } else {
                    assert!(spaced);
                }
            }
        }
    }
});
