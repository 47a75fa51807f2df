//! A transport on the stand-in for usbfs, and packets for it.

use std::time::Duration;

use pool::{Frame, Instant};
use wire::h4::Channel;

use crate::fake::{FakeDongle, FakeNode, descriptors, plug};
use crate::{Options, Transport};

pub(super) const NOW: Instant = Instant::from_millis(5);
pub(super) const BLOCKS: usize = 128;

pub(super) fn open() -> (Transport<FakeNode>, FakeDongle) {
    open_with(descriptors(), BLOCKS)
}

pub(super) fn open_with(descriptors: Vec<u8>, blocks: usize) -> (Transport<FakeNode>, FakeDongle) {
    let (node, dongle) = plug(descriptors).unwrap();
    let options = Options { blocks, ..options() };
    (Transport::from_node(node, "usb:1-1", &options).unwrap(), dongle)
}

/// All packets that there are now.
pub(super) fn receive(transport: &mut Transport<FakeNode>) -> Vec<(Channel, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some((channel, packet)) = transport.receive(NOW).unwrap() {
        assert_eq!(packet.arrival(), NOW);
        all.push((channel, packet.to_vec()));
    }
    all
}

pub(super) fn packet(transport: &Transport<FakeNode>, bytes: &[u8]) -> Frame {
    let mut frame = transport.arena().take().unwrap();
    frame.append(bytes).unwrap();
    frame
}

/// A data packet with a body of so many octets.
pub(super) fn acl(body: usize) -> Vec<u8> {
    let [low, high] = (body as u16).to_le_bytes();
    let mut bytes = vec![0x2a, 0x20, low, high];
    bytes.extend((0..body).map(|n| n as u8));
    bytes
}

/// An event with a body of so many octets.
pub(super) fn event(body: usize) -> Vec<u8> {
    let mut bytes = vec![0x0e, body as u8];
    bytes.extend((0..body).map(|n| n as u8 ^ 0x55));
    bytes
}

pub(super) fn command(body: usize) -> Vec<u8> {
    let mut bytes = vec![0x03, 0x0c, body as u8];
    bytes.resize(3 + body, 7);
    bytes
}

/// Those of a dongle that nothing is left in.
pub(super) fn options() -> Options {
    Options { quiet: Duration::ZERO, ..Options::default() }
}
