//! Data, credits, roles, sniff mode, voice.

use super::*;
use crate::Fault;

fn completed(table: &mut Table, host: usize) -> Vec<(Handle, u16)> {
    table.expect(host, |event| match event {
        Event::NumberOfCompletedPackets { completed } => {
            Some(completed.iter().map(|c| (c.connection_handle, c.num_completed_packets)).collect())
        }
        _ => None,
    })
}

#[test]
fn data_arrives_in_order_and_every_packet_is_credited() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    let first = Boundary::FirstNonFlushable;
    (0..8).for_each(|n| table.send_acl(0, a, first, &[n; 600]));
    let mut credits = 0;
    while credits < 8 {
        for (handle, count) in completed(&mut table, 0) {
            assert_eq!(handle, a);
            credits += count;
        }
    }
    table.run(Duration::from_millis(50));
    let got: Vec<_> = table.data.iter().map(|(_, _, packet)| packet.clone()).collect();
    assert_eq!(got.len(), 8);
    for (n, packet) in (0..8).zip(&got) {
        let header = AclHeader::parse(packet).unwrap();
        assert_eq!((header.handle, header.boundary), (b, Boundary::FirstFlushable));
        assert_eq!(packet[4..], [n; 600]);
    }
    assert_eq!(table.complaints(0), []);
}

#[test]
fn two_links_share_the_air_fairly() {
    let mut table = Table::new(1, &[(); 3].map(|()| ControllerOptions::default()));
    let (a, _) = table.connect(0, 1);
    let (b, _) = table.connect(0, 2);
    let first = Boundary::FirstNonFlushable;
    (0..4).for_each(|n| table.send_acl(0, a, first, &[n; 900]));
    (0..4).for_each(|n| table.send_acl(0, b, first, &[n; 900]));
    table.run(Duration::from_secs(1));
    let order: Vec<usize> = table.data.iter().map(|(host, ..)| *host).collect();
    let of_first_four = |host| order[..4].iter().filter(|other| **other == host).count();
    assert!(of_first_four(1) >= 1 && of_first_four(2) >= 1, "{order:?}");
    assert_eq!(order.len(), 8);
}

#[test]
fn a_megabyte_takes_as_long_as_the_bandwidth_says() {
    let fast = ControllerOptions { bandwidth: 2_000_000, ..ControllerOptions::default() };
    let mut table = Table::new(1, &[fast.clone(), fast]);
    let (a, _) = table.connect(0, 1);
    let begun = table.air.now();
    let mut credits = 8;
    for _ in 0..1000 {
        while credits == 0 {
            credits += completed(&mut table, 0).iter().map(|(_, count)| count).sum::<u16>();
        }
        credits -= 1;
        table.send_acl(0, a, Boundary::FirstNonFlushable, &[0; 1000]);
    }
    let took = table.air.now().since(begun).as_secs_f64();
    // 8 Mbit at 2 Mbit/s, and a slot a packet.
    assert!((4.5..4.75).contains(&took), "{took} s");
    assert_eq!(table.complaints(0), []);
}

#[test]
fn what_a_host_does_wrong_is_noted() {
    let small =
        ControllerOptions { acl_length: 27, acl_packets: 2, ..ControllerOptions::default() };
    let mut table = Table::new(1, &[small, ControllerOptions::default()]);
    let (a, _) = table.connect(0, 1);
    let first = Boundary::FirstNonFlushable;
    table.send_acl(0, a, Boundary::Continuing, &[0; 5]);
    table.send_acl(0, a, first, &[0; 28]);
    (0..3).for_each(|_| table.send_acl(0, a, first, &[0; 27]));
    table.send_acl(0, Handle::new(0xE00), first, &[0; 5]);
    table.air.receive(table.id(0), Channel::Acl, &[1, 2, 3]);
    assert_eq!(
        table.complaints(0),
        [
            Complaint::Continuation,
            Complaint::TooLong(28),
            Complaint::Overflow,
            Complaint::UnknownHandle(0xE00),
            Complaint::MalformedData,
        ]
    );
    table.expect(0, |event| match event {
        Event::DataBufferOverflow { .. } => Some(()),
        _ => None,
    });
}

#[test]
fn a_controller_may_split_what_it_hands_up() {
    let small = ControllerOptions { acl_to_host: 27, ..ControllerOptions::default() };
    let mut table = Table::new(1, &[ControllerOptions::default(), small]);
    let (a, _) = table.connect(0, 1);
    table.send_acl(0, a, Boundary::FirstNonFlushable, &[9; 60]);
    table.run(Duration::from_millis(100));
    let lengths: Vec<_> = table
        .data
        .iter()
        .map(|(_, _, packet)| AclHeader::parse(packet).unwrap())
        .map(|header| (header.boundary, header.length))
        .collect();
    assert_eq!(
        lengths,
        [(Boundary::FirstFlushable, 27), (Boundary::Continuing, 27), (Boundary::Continuing, 6),]
    );
}

#[test]
fn a_host_that_controls_the_flow_gets_no_more_than_it_can_hold() {
    let mut table = two(1);
    table.done(
        1,
        Command::HostBufferSize {
            host_acl_data_packet_length: 1021,
            host_synchronous_data_packet_length: 0,
            host_total_num_acl_data_packets: 2,
            host_total_num_synchronous_data_packets: 0,
        },
    );
    let flow_control_enable = HostFlowControl::Acl;
    table.done(1, Command::SetControllerToHostFlowControl { flow_control_enable });
    let (a, b) = table.connect(0, 1);
    (0..5).for_each(|n| table.send_acl(0, a, Boundary::FirstNonFlushable, &[n; 10]));
    table.run(Duration::from_millis(100));
    assert_eq!(table.data.len(), 2);
    let completed = [Completed { connection_handle: b, num_completed_packets: 2 }];
    let completed = List::new(&completed);
    table.send(1, Command::HostNumberOfCompletedPackets { completed });
    table.run(Duration::from_millis(100));
    assert_eq!(table.data.len(), 4);
}

#[test]
fn data_waits_while_out_of_range_and_arrives_after() {
    let mut table = two(1);
    let (a, _) = table.connect(0, 1);
    let (x, y) = (table.id(0), table.id(1));
    table.air.set_in_range(x, y, false);
    (0..3).for_each(|n| table.send_acl(0, a, Boundary::FirstNonFlushable, &[n; 10]));
    table.run(Duration::from_secs(2));
    assert_eq!(table.data.len(), 0);
    table.air.set_in_range(x, y, true);
    table.run(Duration::from_secs(1));
    let order: Vec<u8> = table.data.iter().map(|(_, _, packet)| packet[4]).collect();
    assert_eq!(order, [0, 1, 2]);
}

#[test]
fn a_flush_drops_what_waits_and_gives_its_credits_back() {
    let mut table = two(1);
    let (a, _) = table.connect(0, 1);
    (0..5).for_each(|n| table.send_acl(0, a, Boundary::FirstNonFlushable, &[n; 500]));
    table.done(0, Command::Flush { connection_handle: a });
    table.run(Duration::from_secs(1));
    assert_eq!(table.data.len(), 1);
    let told = table.take(0).join("\n");
    let counts = told
        .match_indices("num_completed_packets: ")
        .map(|(at, text)| told[at + text.len()..].chars().next().unwrap().to_digit(10).unwrap());
    // The answer to Flush came first; the events before it were passed over.
    assert!(counts.sum::<u32>() <= 5);
    assert_eq!(table.complaints(0), []);
    (0..8).for_each(|n| table.send_acl(0, a, Boundary::FirstNonFlushable, &[n; 500]));
    assert_eq!(table.complaints(0), []);
}

#[test]
fn a_controller_that_dies_mid_stream_says_nothing_more() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    let id = table.id(0);
    table.air.set_fault(id, Fault::DieAfter(3));
    table.take(0);
    (0..6).for_each(|n| table.send_acl(0, a, Boundary::FirstNonFlushable, &[n; 10]));
    table.run(Duration::from_secs(1));
    assert_eq!(table.data.len(), 0);
    assert_eq!(table.take(0), [""; 0]);
    assert_eq!(table.disconnected(1), (b, Status::CONNECTION_TIMEOUT));
    table.air.repair(id);
    table.done(0, Command::Reset {});
}

#[test]
fn roles_are_switched_where_the_policy_allows_it() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    let role = |table: &mut Table, host| {
        table.expect(host, |event| match event {
            Event::RoleChange { status, new_role, .. } => Some((status, new_role)),
            _ => None,
        })
    };
    table.pending(1, Command::SwitchRole { bd_addr: address(1), role: Role::Central });
    assert_eq!(role(&mut table, 1), (Status::SUCCESS, Role::Central));
    assert_eq!(role(&mut table, 0), (Status::SUCCESS, Role::Peripheral));
    table.done(
        1,
        Command::WriteLinkPolicySettings {
            connection_handle: b,
            link_policy_settings: LinkPolicy::SNIFF,
        },
    );
    table.pending(0, Command::SwitchRole { bd_addr: address(2), role: Role::Central });
    assert_eq!(role(&mut table, 0), (Status::ROLE_CHANGE_NOT_ALLOWED, Role::Peripheral));
    let _ = a;
}

fn sniff(connection_handle: Handle) -> Command<'static> {
    Command::SniffMode {
        connection_handle,
        sniff_max_interval: Slots::from_millis(500),
        sniff_min_interval: Slots::from_millis(200),
        sniff_attempt: 4,
        sniff_timeout: 1,
    }
}

fn mode(table: &mut Table, host: usize) -> (Status, Mode) {
    table.expect(host, |event| match event {
        Event::ModeChange { status, current_mode, .. } => Some((status, current_mode)),
        _ => None,
    })
}

#[test]
fn a_link_sleeps_wakes_and_delays_data_meanwhile() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    table.pending(0, sniff(a));
    assert_eq!(mode(&mut table, 0), (Status::SUCCESS, Mode::Sniff));
    assert_eq!(mode(&mut table, 1), (Status::SUCCESS, Mode::Sniff));
    assert_eq!(table.status(0, sniff(a)), Status::COMMAND_DISALLOWED);
    let begun = table.air.now();
    table.send_acl(0, a, Boundary::FirstNonFlushable, &[1]);
    completed(&mut table, 0);
    let waited = table.air.now().since(begun);
    assert!(waited > Duration::from_millis(5), "{waited:?}");
    table.pending(1, Command::ExitSniffMode { connection_handle: b });
    assert_eq!(mode(&mut table, 0), (Status::SUCCESS, Mode::Active));
    let begun = table.air.now();
    table.send_acl(0, a, Boundary::FirstNonFlushable, &[1]);
    completed(&mut table, 0);
    assert!(table.air.now().since(begun) < Duration::from_millis(5));
}

#[test]
fn a_peer_may_forbid_sniff_mode() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    table.done(
        1,
        Command::WriteLinkPolicySettings {
            connection_handle: b,
            link_policy_settings: LinkPolicy::ROLE_SWITCH,
        },
    );
    table.pending(0, sniff(a));
    let expected = (Status::UNSUPPORTED_LMP_PARAMETER_VALUE, Mode::Active);
    assert_eq!(mode(&mut table, 0), expected);
}

const VOICE: SynchronousParameters = SynchronousParameters {
    transmit_bandwidth: 8000,
    receive_bandwidth: 8000,
    max_latency: 13,
    voice_setting: VoiceSetting::TRANSPARENT,
    retransmission_effort: RetransmissionEffort::Quality,
    packet_type: VoicePacketTypes::NO_3EV3,
};

fn voice_up(table: &mut Table, host: usize) -> Result<(Handle, AirMode), Status> {
    table.expect(host, |event| match event {
        Event::SynchronousConnectionComplete { status, connection_handle, air_mode, .. } => {
            Some(status.ok().map(|()| (connection_handle, air_mode)))
        }
        _ => None,
    })
}

#[test]
fn a_voice_link_carries_octets_both_ways_and_ends() {
    let mut table = two(1);
    let (a, _) = table.connect(0, 1);
    table.pending(
        0,
        Command::SetupSynchronousConnection { connection_handle: a, parameters: VOICE },
    );
    let bd_addr = table.request(1);
    table.pending(1, Command::AcceptSynchronousConnectionRequest { bd_addr, parameters: VOICE });
    let (x, air_mode) = voice_up(&mut table, 0).unwrap();
    let (y, _) = voice_up(&mut table, 1).unwrap();
    assert_eq!(air_mode, AirMode::Transparent);
    for (host, handle) in [(0, x), (1, y)] {
        let header = SynchronousHeader { handle, status: PacketStatus::Correct, length: 60 };
        let packet = [&header.to_bytes()[..], &[host as u8; 60]].concat();
        table.air.receive(table.id(host), Channel::Synchronous, &packet);
    }
    table.run(Duration::from_millis(50));
    assert_eq!(table.data.len(), 2);
    for (host, channel, packet) in &table.data {
        assert_eq!(*channel, Channel::Synchronous);
        assert_eq!(packet[3..], [1 - *host as u8; 60]);
    }
    let reason = Status::REMOTE_USER_TERMINATED_CONNECTION;
    table.pending(1, Command::Disconnect { connection_handle: y, reason });
    assert_eq!(table.disconnected(0), (x, reason));
    assert!(table.air.is_connected(table.id(0), table.id(1)));
}

#[test]
fn a_voice_link_can_be_turned_down_and_dies_with_its_acl_link() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    let setup = Command::SetupSynchronousConnection { connection_handle: a, parameters: VOICE };
    table.pending(0, setup);
    let bd_addr = table.request(1);
    let reason = Status::REJECTED_LIMITED_RESOURCES;
    table.pending(1, Command::RejectSynchronousConnectionRequest { bd_addr, reason });
    assert_eq!(voice_up(&mut table, 0), Err(reason));
    table.pending(0, setup);
    table.request(1);
    table.pending(1, Command::AcceptSynchronousConnectionRequest { bd_addr, parameters: VOICE });
    let (x, _) = voice_up(&mut table, 0).unwrap();
    let reason = Status::REMOTE_USER_TERMINATED_CONNECTION;
    table.pending(1, Command::Disconnect { connection_handle: b, reason });
    assert_eq!(table.disconnected(0), (x, reason));
    assert_eq!(table.disconnected(0), (a, reason));
}

#[test]
fn of_two_voice_links_that_cross_the_centrals_is_the_one() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    for (host, connection_handle) in [(0, a), (1, b)] {
        let setup = Command::SetupSynchronousConnection { connection_handle, parameters: VOICE };
        table.pending(host, setup);
    }
    let bd_addr = table.request(1);
    assert_eq!(voice_up(&mut table, 1), Err(Status::LMP_ERROR_TRANSACTION_COLLISION));
    table.pending(1, Command::AcceptSynchronousConnectionRequest { bd_addr, parameters: VOICE });
    assert!(voice_up(&mut table, 0).is_ok());
    assert!(voice_up(&mut table, 1).is_ok());
}
