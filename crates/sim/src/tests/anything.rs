//! Hosts that do anything at all: the air neither panics nor tells them anything illegal.

use proptest::prelude::*;
use wire::hci::{Event, Opcode};

use super::*;
use crate::Fault;

#[derive(Clone, Debug)]
enum Step {
    /// A command with these parameters, cut to a length at which it can be read.
    Command(Opcode, Vec<u8>),
    Garbage(u8, Vec<u8>),
    Data(u16, Vec<u8>),
    Wait(u32),
    InRange(bool),
    Fault(u8),
}

fn step() -> impl Strategy<Value = Step> {
    // Addresses and handles that exist are frequent.
    let octet = prop_oneof![Just(0xC0u8), 0u8..4, any::<u8>()];
    let known = (1u8..4, prop::collection::vec(octet, 64)).prop_map(|(last, mut octets)| {
        octets[..6].copy_from_slice(&address(last).0);
        octets
    });
    let handle = (1u16..4, prop::collection::vec(0u8..3, 64)).prop_map(|(handle, mut octets)| {
        octets[..2].copy_from_slice(&handle.to_le_bytes());
        octets
    });
    let opcode = prop::sample::select(Opcode::ALL);
    prop_oneof![
        8 => (opcode, prop_oneof![known, handle]).prop_map(|(o, p)| Step::Command(o, p)),
        1 => (1u8..5, prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(c, p)| Step::Garbage(c, p)),
        2 => (1u16..4, prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(h, p)| Step::Data(h, p)),
        4 => (0u32..8_000_000).prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::InRange),
        1 => (0u8..5).prop_map(Step::Fault),
    ]
}

fn take(table: &mut Table, host: usize, step: &Step) {
    let id = table.id(host);
    match step {
        Step::Command(opcode, parameters) => {
            let packet = (0..=parameters.len()).find_map(|length| {
                let header = [&opcode.0.to_le_bytes()[..], &[length as u8]].concat();
                let packet = [&header, &parameters[..length]].concat();
                Command::parse(&packet).is_ok().then_some(packet)
            });
            if let Some(packet) = packet {
                table.air.receive(id, Channel::Command, &packet);
            }
        }
        Step::Garbage(channel, packet) => {
            table.air.receive(id, Channel::from_indicator(*channel).unwrap(), packet);
        }
        Step::Data(handle, data) => {
            table.send_acl(host, Handle::new(*handle), Boundary::FirstNonFlushable, data);
        }
        Step::Wait(micros) => table.run(Duration::from_micros(u64::from(*micros))),
        Step::InRange(in_range) => {
            let other = table.id((host + 1) % 3);
            table.air.set_in_range(id, other, *in_range);
        }
        Step::Fault(0) => table.air.set_fault(id, Fault::Silent),
        Step::Fault(1) => table.air.set_fault(id, Fault::DieAfter(2)),
        Step::Fault(2) => table.air.set_fault(id, Fault::KeepCredits),
        Step::Fault(_) => table.air.repair(id),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() })]
    #[test]
    fn anything_can_be_done_to_the_air(
        seed in any::<u64>(), steps in prop::collection::vec((0usize..3, step()), 1..80),
    ) {
        let mut table = Table::new(seed, &[(); 3].map(|()| ControllerOptions::default()));
        for (host, step) in &steps {
            take(&mut table, *host, step);
        }
        table.run(Duration::from_secs(120));
        for host in 0..3 {
            for packet in core::mem::take(&mut table.hosts[host].1) {
                prop_assert!(Event::parse(&packet).is_ok(), "{packet:02X?}");
            }
            // Whoever knows of a link, its peer knows of it too, unless it never times out.
            let (id, other) = (table.id(host), table.id((host + 1) % 3));
            let ends = [table.air.is_connected(id, other), table.air.is_connected(other, id)];
            let endless = steps.iter().any(|(_, step)| {
                matches!(step, Step::Command(Opcode::WRITE_LINK_SUPERVISION_TIMEOUT, _))
            });
            prop_assert!(ends[0] == ends[1] || endless);
        }
    }
}
