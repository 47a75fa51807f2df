//! The driver against the stand-in for usbfs.

use pool::{Frame, Instant};
use wire::h4::Channel;

use crate::fake::{Call, FakeDongle, FakeNode, descriptors, endpoint, plug};
use crate::{DATA_TRANSFERS, EVENT_TRANSFERS, Options, Transport};

const NOW: Instant = Instant::from_millis(5);

fn open() -> (Transport<FakeNode>, FakeDongle) {
    open_with(descriptors(), 64)
}

fn open_with(descriptors: Vec<u8>, blocks: usize) -> (Transport<FakeNode>, FakeDongle) {
    let (node, dongle) = plug(descriptors).unwrap();
    let options = Options { blocks, ..Options::default() };
    (Transport::from_node(node, "usb:1-1", &options).unwrap(), dongle)
}

fn receive(transport: &mut Transport<FakeNode>) -> Vec<(Channel, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some((channel, packet)) = transport.receive(NOW).unwrap() {
        assert_eq!(packet.arrival(), NOW);
        all.push((channel, packet.to_vec()));
    }
    all
}

fn packet(transport: &Transport<FakeNode>, bytes: &[u8]) -> Frame {
    let mut frame = transport.arena().take().unwrap();
    frame.append(bytes).unwrap();
    frame
}

fn acl(body: usize) -> Vec<u8> {
    let [low, high] = (body as u16).to_le_bytes();
    let mut bytes = vec![0x2a, 0x20, low, high];
    bytes.extend((0..body).map(|n| n as u8));
    bytes
}

fn event(body: usize) -> Vec<u8> {
    let mut bytes = vec![0x0e, body as u8];
    bytes.extend((0..body).map(|n| n as u8 ^ 0x55));
    bytes
}

#[test]
fn packets_come_in_the_blocks_that_the_dongle_wrote() {
    let (mut transport, dongle) = open();
    dongle.acl(&acl(600));
    dongle.event(&event(4));
    assert_eq!(receive(&mut transport), [(Channel::Acl, acl(600)), (Channel::Event, event(4))]);
    assert_eq!(transport.arena().copied(), 0);
    assert_eq!(dongle.pending(endpoint::EVENTS), EVENT_TRANSFERS);
    assert_eq!(dongle.pending(endpoint::ACL_IN), DATA_TRANSFERS);
}

#[test]
fn a_lone_packet_costs_a_reap_a_submission_and_an_empty_reap() {
    let (mut transport, dongle) = open();
    let calls = || (dongle.calls(Call::Submit), dongle.calls(Call::Reap));
    let before = calls();
    dongle.acl(&acl(700));
    assert_eq!(receive(&mut transport).len(), 1);
    let after = calls();
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 2));
}

#[test]
fn commands_and_data_go_out() {
    let (mut transport, dongle) = open();
    let reset = packet(&transport, &[0x03, 0x0c, 0]);
    transport.send(Channel::Command, reset).unwrap();
    let setup_and_command = [0x20, 0, 0, 0, 0, 0, 3, 0, 0x03, 0x0c, 0];
    assert_eq!(dongle.take(endpoint::COMMANDS).as_deref(), Some(&setup_and_command[..]));
    let data = packet(&transport, &acl(60));
    transport.send(Channel::Acl, data).unwrap();
    assert_eq!(dongle.take(endpoint::ACL_OUT), Some(acl(60)));
    assert!(receive(&mut transport).is_empty());
}
