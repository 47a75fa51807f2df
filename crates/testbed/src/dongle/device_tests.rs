//! The dongle's answers, without a kernel.

use super::*;
use crate::dongle::descriptors::Lie;

fn device() -> Device {
    Device::new(Identity { vendor: 0x1209, product: 1, serial: None, lie: Lie::None })
}

/// Submits a URB, and gives the status and the data of the answer, if there is one.
fn submit(device: &mut Device, urb: Urb) -> Option<(i32, Vec<u8>)> {
    device.request(Request::Submit(urb));
    answer(device)
}

fn answer(device: &mut Device) -> Option<(i32, Vec<u8>)> {
    let bytes = std::mem::take(&mut device.answers);
    let status = i32::from_be_bytes(bytes.get(20..24)?.try_into().ok()?);
    Some((status, bytes[48..].to_vec()))
}

fn control(setup: [u8; 8], data: &[u8]) -> Urb {
    let endpoint = setup[0] & 0x80;
    let length = usize::from(u16::from_le_bytes([setup[6], setup[7]]));
    Urb { number: 1, endpoint, length, setup, data: data.to_vec(), ..Urb::default() }
}

#[test]
fn descriptors_are_read_as_far_as_is_asked() {
    let mut device = device();
    let (status, data) =
        submit(&mut device, control([0x80, 6, 0, 1, 0, 0, 8, 0], &[])).expect("an answer");
    assert_eq!((status, data), (0, vec![18, 1, 0, 2, 0xe0, 1, 1, 64]));
    let qualifier = submit(&mut device, control([0x80, 6, 0, 6, 0, 0, 10, 0], &[]));
    assert_eq!(qualifier, Some((status::PIPE, vec![])));
}

#[test]
fn a_command_goes_to_the_controller_and_its_event_comes_back() {
    let mut device = device();
    let reset = control([0x20, 0, 0, 0, 0, 0, 3, 0], &[3, 0x0c, 0]);
    assert_eq!(submit(&mut device, reset), Some((0, vec![])));
    assert_eq!(device.packets.remove(0).opcode(), Some(0x0c03));
    let waiting = Urb { number: 2, endpoint: EVENTS, length: 16, ..Urb::default() };
    assert_eq!(submit(&mut device, waiting), None);
    device.receive(&Packet::event(0x0e, &[1, 3, 0x0c, 0]));
    assert_eq!(answer(&mut device), Some((0, vec![0x0e, 4, 1, 3, 0x0c, 0])));
}

#[test]
fn a_stall_lasts_until_it_is_cleared() {
    let mut device = device();
    let data = |number| Urb {
        number,
        endpoint: DATA_OUT,
        length: 5,
        data: vec![1, 0x20, 1, 0, 9],
        ..Urb::default()
    };
    device.stall(DATA_OUT).expect("an endpoint");
    assert_eq!(submit(&mut device, data(1)), Some((status::PIPE, vec![])));
    assert_eq!(submit(&mut device, data(2)), Some((status::PIPE, vec![])));
    assert!(device.packets.is_empty());
    assert_eq!(submit(&mut device, control([2, 1, 0, 0, 2, 0, 0, 0], &[])), Some((0, vec![])));
    assert_eq!(submit(&mut device, data(3)), Some((0, vec![])));
    assert_eq!(device.packets.len(), 1);
    device.stall(CONTROL).expect("an endpoint");
    let status = control([0x80, 0, 0, 0, 0, 0, 2, 0], &[]);
    assert_eq!(submit(&mut device, status.clone()), Some((status::PIPE, vec![])));
    assert_eq!(submit(&mut device, status), Some((0, vec![0, 0])));
    assert!(device.stall(VOICE_IN).is_err());
}

#[test]
fn settings_are_taken_or_refused() {
    let mut device = device();
    let set = |setting| control([1, 11, setting, 0, 1, 0, 0, 0], &[]);
    assert_eq!(submit(&mut device, set(6)), Some((0, vec![])));
    assert_eq!(device.voice.setting, 6);
    device.refused.insert(2);
    assert_eq!(submit(&mut device, set(2)), Some((status::PIPE, vec![])));
    assert_eq!(submit(&mut device, set(7)), Some((status::PIPE, vec![])));
    let get = control([0x81, 10, 0, 0, 1, 0, 1, 0], &[]);
    assert_eq!(submit(&mut device, get), Some((0, vec![6])));
}

#[test]
fn what_is_taken_back_gets_no_return() {
    let mut device = device();
    let waiting = Urb { number: 2, endpoint: EVENTS, length: 16, ..Urb::default() };
    assert_eq!(submit(&mut device, waiting), None);
    device.request(Request::Unlink { number: 3, target: 2 });
    assert_eq!(answer(&mut device).map(|(status, _)| status), Some(status::CONNRESET));
    device.request(Request::Unlink { number: 4, target: 2 });
    assert_eq!(answer(&mut device).map(|(status, _)| status), Some(0));
    device.receive(&Packet::event(0x10, &[1]));
    assert_eq!(answer(&mut device), None);
}

#[test]
fn data_of_several_transfers_is_put_together_and_counted() {
    let mut device = device();
    for piece in [&[1, 0x20, 3, 0, 7][..], &[8, 9]] {
        let (length, data) = (piece.len(), piece.to_vec());
        submit(&mut device, Urb { endpoint: DATA_OUT, length, data, ..Urb::default() });
    }
    assert_eq!(device.packets.len(), 1);
    assert_eq!(device.packets[0].bytes, [1, 0x20, 3, 0, 7, 8, 9]);
    assert!(device.counters.data_torn > 0);
}

#[test]
fn voice_follows_its_links() {
    let mut device = device();
    let complete = [0, 2, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 2];
    device.receive(&Packet::event(0x2c, &complete));
    device.voice.set(2);
    let packets =
        (0..3).map(|n| crate::usbip::Packet { offset: n * 17, length: 17, ..Default::default() });
    let (length, packets) = (51, packets.collect());
    let urb = Urb { endpoint: VOICE_IN, length, packets, ..Urb::default() };
    assert_eq!(submit(&mut device, urb), None);
    (0..6).for_each(|_| device.frame());
    let (_, data) = answer(&mut device).expect("a packet of silence");
    assert_eq!(data[..3], [2, 1, 48], "at 16 bytes a frame");
    device.receive(&Packet::event(0x05, &[0, 2, 1, 0x13]));
    let before = device.voice.counters.in_packets;
    (0..6).for_each(|_| device.frame());
    assert_eq!(device.voice.counters.in_packets, before, "the link is gone");
}
