//! Voice in frames, without a kernel.

use super::*;

/// An isochronous URB of so many packets of the setting's size.
fn urb(number: u32, endpoint: u8, size: u32, count: u32) -> Urb {
    let packets =
        (0..count).map(|n| Packet { offset: n * size, length: size, ..Packet::default() });
    let length = (size * count) as usize;
    let data = if endpoint & 0x80 == 0 { vec![0; length] } else { Vec::new() };
    Urb { number, endpoint, length, data, packets: packets.collect(), ..Urb::default() }
}

/// A voice interface at a setting with a link, and what the host gets in so many frames.
fn heard(voice: &mut Voice, frames: usize) -> Vec<u8> {
    let size = u32::from(VOICE_PACKETS[usize::from(voice.setting)]);
    let mut bytes = Vec::new();
    for _ in 0..frames {
        voice.submit(urb(1, 0x83, size, 1));
        voice.frame().into_iter().for_each(|done| bytes.extend(done.data));
    }
    bytes
}

fn at(setting: u8, rate: usize) -> Voice {
    let mut voice = Voice::default();
    voice.set(setting);
    voice.open(0x0102, rate, true);
    voice
}

/// The numbers of the packets in a stream that is whole.
fn numbers(bytes: &[u8], length: usize) -> Vec<u32> {
    let packets = bytes.chunks_exact(HEADER + length).map(|packet| {
        assert_eq!(packet[..3], [0x02, 0x01, length as u8]);
        let number = u32::from_le_bytes(packet[3..7].try_into().expect("four bytes"));
        assert!((0..length).all(|at| packet[3 + at] == numbered(number, at)));
        number
    });
    packets.collect()
}

#[test]
fn each_setting_carries_its_link_whole() {
    for (setting, rate, length) in [(1, 8, 24), (2, 16, 48), (4, 16, 96), (6, 8, 60)] {
        let mut voice = at(setting, rate);
        let bytes = heard(&mut voice, 3000);
        let found = numbers(&bytes, length);
        let expected = 3000 * rate / length;
        assert!(found.len() + 1 >= expected, "setting {setting}: {} packets", found.len());
        assert!(found.iter().enumerate().all(|(n, number)| n as u32 == *number));
    }
}

#[test]
fn what_the_host_sends_is_put_together_and_comes_back() {
    let mut voice = Voice { looped: true, ..Voice::default() };
    voice.set(2);
    let packet: Vec<u8> = [0x02, 0x01, 48].into_iter().chain(0..48).collect();
    let mut out = urb(9, 0x03, 17, 3);
    out.data.copy_from_slice(&packet);
    voice.submit(out);
    let bytes = heard(&mut voice, 6);
    assert_eq!(bytes, packet);
    assert_eq!((voice.counters.out_packets, voice.counters.in_packets), (1, 1));
    assert!(voice.to_controller.is_empty());
}

#[test]
fn a_stream_without_a_header_of_a_link_is_counted_and_left() {
    let mut voice = at(2, 16);
    let good: Vec<u8> = [0x02, 0x01, 48].into_iter().chain([7; 48]).collect();
    for (number, first) in [(1, 0x55), (2, 0x02)] {
        let mut out = urb(number, 0x03, 17, 3);
        out.data.copy_from_slice(&good);
        out.data[0] = first;
        voice.submit(out);
    }
    (0..6).for_each(|_| drop(voice.frame()));
    assert_eq!(voice.to_controller, [good]);
    assert!(voice.counters.out_garbled >= 1);
}

#[test]
fn what_was_under_way_for_a_link_that_ends_is_late_and_not_garbled() {
    let mut voice = at(2, 16);
    let packet: Vec<u8> = [0x02, 0x01, 48].into_iter().chain([7; 48]).collect();
    for number in 1..=2 {
        let mut out = urb(number, 0x03, 17, 3);
        out.data.copy_from_slice(&packet);
        voice.submit(out);
    }
    // In the middle of the first.
    (0..2).for_each(|_| drop(voice.frame()));
    voice.close(0x0102);
    (0..4).for_each(|_| drop(voice.frame()));
    assert!(voice.to_controller.is_empty());
    assert_eq!((voice.counters.out_late, voice.counters.out_garbled), (2, 0));
    // The handle may come again.
    voice.open(0x0102, 16, false);
    let mut out = urb(3, 0x03, 17, 3);
    out.data.copy_from_slice(&packet);
    voice.submit(out);
    (0..3).for_each(|_| drop(voice.frame()));
    assert_eq!(voice.to_controller, [packet]);
}

#[test]
fn the_air_flows_at_the_links_rate_and_silence_fills_it() {
    let mut voice = Voice::default();
    voice.set(2);
    voice.open(0x0102, 16, false);
    let sent: Vec<u8> = (0..1920u32).map(|n| (n % 251) as u8 | 1).collect();
    for piece in sent.chunks(120) {
        voice.receive(&[&[0x02, 0x01, 120][..], piece].concat());
    }
    let bytes = heard(&mut voice, 1920 / 16 + 30);
    let heard: Vec<u8> = bytes.chunks_exact(51).flat_map(|packet| packet[3..].to_vec()).collect();
    assert_eq!(heard[..1920], sent);
    assert!(heard[1920..].iter().all(|byte| *byte == 0), "then silence");
    assert_eq!(voice.counters.underruns, 1);
}

#[test]
fn damage_reaches_every_so_many_th_piece() {
    let whole = heard(&mut at(2, 16), 300).len();
    for (damage, change) in [(Damage::Lose, -170), (Damage::Duplicate, 0), (Damage::Shift, -10)] {
        let mut voice = at(2, 16);
        voice.damage = Some((damage, 30));
        let bytes = heard(&mut voice, 300);
        let got = bytes.len() as isize - whole as isize;
        assert!((got - change).abs() <= 17, "{damage:?}: {got} bytes more");
        if damage == Damage::Duplicate {
            assert!(bytes.windows(34).any(|two| two[..17] == two[17..]), "nothing came twice");
        }
    }
}

#[test]
fn urbs_of_a_former_setting_can_be_taken_back() {
    let mut voice = at(2, 16);
    voice.submit(urb(1, 0x83, 17, 3));
    voice.set(1);
    assert_eq!(voice.counters.busy_changes, 1);
    assert!(voice.frame().is_empty());
    assert!(voice.unlink(1) && !voice.unlink(1));
}
