//! Finding, connecting, naming, leaving.

use super::*;
use crate::Fault;

#[test]
fn a_device_that_scans_is_found_with_its_name() {
    let mut table = Table::new(3, &[(); 3].map(|()| ControllerOptions::default()));
    let mut builder = EirBuilder::default();
    let extended_inquiry_response = builder.name("Kitchen", 48).unwrap().eir();
    table.done(
        1,
        Command::WriteExtendedInquiryResponse { fec_required: false, extended_inquiry_response },
    );
    table.done(1, Command::WriteClassOfDevice { class_of_device: ClassOfDevice::new(0x240414) });
    table.done(2, Command::WriteScanEnable { scan_enable: ScanEnable::Page });
    table.done(0, Command::WriteInquiryMode { inquiry_mode: InquiryMode::Extended });
    let inquiry = Command::Inquiry { lap: Lap::GENERAL, inquiry_length: 4, num_responses: 0 };
    table.pending(0, inquiry);
    let (class, rssi, name) = table.expect(0, |event| match event {
        Event::ExtendedInquiryResult { response } => Some((
            response.result.class_of_device,
            response.result.rssi,
            response.extended_inquiry_response.name().map(str::to_owned),
        )),
        _ => None,
    });
    assert_eq!((class.raw(), rssi, name.as_deref()), (0x240414, -50, Some("Kitchen")));
    let started = table.air.now();
    table.expect(0, |event| match event {
        Event::InquiryComplete { status } => {
            assert_eq!(status, Status::SUCCESS);
            Some(())
        }
        Event::InquiryResult { .. } | Event::InquiryResultWithRssi { .. } => {
            panic!("host 2 does not scan for inquiries")
        }
        _ => None,
    });
    assert!(table.air.now().since(started) < Duration::from_millis(5200));
}

#[test]
fn a_page_is_accepted_and_both_hosts_have_a_link() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    for (host, handle) in [(0, a), (1, b)] {
        let returned = table.complete(host, Command::RoleDiscovery { connection_handle: handle });
        let role = returns::RoleDiscovery::parse(&returned).unwrap().current_role;
        assert_eq!(role, if host == 0 { Role::Central } else { Role::Peripheral });
    }
    assert_eq!(table.complaints(0), []);
    assert_eq!(table.complaints(1), []);
}

#[test]
fn the_accepting_side_can_become_central_at_once() {
    let mut table = two(1);
    table.page(0, 1);
    let bd_addr = table.request(1);
    table.pending(1, Command::AcceptConnectionRequest { bd_addr, role: Role::Central });
    let role = table.expect(1, |event| match event {
        Event::RoleChange { new_role, .. } => Some(new_role),
        _ => None,
    });
    assert_eq!(role, Role::Central);
    table.connected(1).unwrap();
    let handle = table.connected(0).unwrap();
    let returned = table.complete(0, Command::RoleDiscovery { connection_handle: handle });
    assert_eq!(returns::RoleDiscovery::parse(&returned).unwrap().current_role, Role::Peripheral);
}

#[test]
fn a_page_that_nobody_hears_times_out() {
    let mut table = two(1);
    table.done(1, Command::WriteScanEnable { scan_enable: ScanEnable::None });
    table.done(0, Command::WritePageTimeout { page_timeout: Slots::from_millis(1500) });
    let begun = table.air.now();
    table.page(0, 1);
    assert_eq!(table.connected(0), Err(Status::PAGE_TIMEOUT));
    let took = table.air.now().since(begun).as_millis();
    assert!((1500..1510).contains(&took), "{took} ms");
}

#[test]
fn a_page_is_heard_as_soon_as_the_device_scans() {
    let mut table = two(1);
    table.done(1, Command::WriteScanEnable { scan_enable: ScanEnable::None });
    table.page(0, 1);
    table.run(Duration::from_secs(2));
    table.done(1, Command::WriteScanEnable { scan_enable: ScanEnable::Page });
    assert_eq!(table.request(1), address(1));
}

#[test]
fn a_page_can_be_rejected_cancelled_and_left_unanswered() {
    let mut table = two(1);
    table.page(0, 1);
    let bd_addr = table.request(1);
    let reason = Status::REJECTED_UNACCEPTABLE_BD_ADDR;
    table.pending(1, Command::RejectConnectionRequest { bd_addr, reason });
    assert_eq!(table.connected(0), Err(reason));
    assert_eq!(table.connected(1), Err(reason));

    table.done(1, Command::WriteScanEnable { scan_enable: ScanEnable::None });
    table.page(0, 1);
    table.done(0, Command::CreateConnectionCancel { bd_addr: address(2) });
    assert_eq!(table.connected(0), Err(Status::UNKNOWN_CONNECTION_IDENTIFIER));
    let again = table.complete(0, Command::CreateConnectionCancel { bd_addr: address(2) });
    assert_eq!(again[0], Status::UNKNOWN_CONNECTION_IDENTIFIER.0);

    table.done(1, Command::WriteScanEnable { scan_enable: ScanEnable::Page });
    table.page(0, 1);
    table.request(1);
    let late = Status::CONNECTION_ACCEPT_TIMEOUT_EXCEEDED;
    assert_eq!(table.connected(0), Err(late));
    assert_eq!(table.connected(1), Err(late));
}

#[test]
fn a_second_link_to_the_same_device_is_refused() {
    let mut table = two(1);
    table.connect(0, 1);
    let again = Command::CreateConnection {
        bd_addr: address(2),
        packet_type: PacketTypes::ALL,
        page_scan_repetition_mode: PageScanRepetitionMode::R1,
        reserved: 0,
        clock_offset: ClockOffset::UNKNOWN,
        allow_role_switch: true,
    };
    assert_eq!(table.status(0, again), Status::CONNECTION_ALREADY_EXISTS);
}

#[test]
fn both_sides_page_at_once_and_one_link_comes_of_it() {
    for seed in 0..20 {
        let mut table = two(seed);
        table.page(0, 1);
        table.page(1, 0);
        let mut links = [0; 2];
        let mut ended = [0; 2];
        while ended != [1; 2] || links != [1; 2] {
            let next = table.air.next_at().expect("something more happens");
            table.air.advance(next);
            table.collect();
            for host in 0..2 {
                for packet in core::mem::take(&mut table.hosts[host].1) {
                    match Event::parse(&packet).unwrap() {
                        Event::ConnectionRequest { bd_addr, .. } => {
                            let role = Role::Peripheral;
                            table.send(host, Command::AcceptConnectionRequest { bd_addr, role });
                        }
                        Event::ConnectionComplete { status: Status::SUCCESS, .. } => {
                            links[host] += 1;
                            ended[host] += 1;
                        }
                        Event::ConnectionComplete { status, .. } => {
                            assert_eq!(status, Status::CONNECTION_ALREADY_EXISTS, "seed {seed}");
                        }
                        _ => {}
                    }
                }
            }
            assert!(links[0] <= 1 && links[1] <= 1, "seed {seed}");
        }
    }
}

#[test]
fn a_name_is_read_with_and_without_a_link() {
    let mut table = two(1);
    table.done(1, Command::WriteLocalName { local_name: Name::new("Küche") });
    for linked in [false, true] {
        if linked {
            table.connect(0, 1);
        }
        table.pending(
            0,
            Command::RemoteNameRequest {
                bd_addr: address(2),
                page_scan_repetition_mode: PageScanRepetitionMode::R1,
                reserved: 0,
                clock_offset: ClockOffset::UNKNOWN,
            },
        );
        let name = table.expect(0, |event| match event {
            Event::RemoteNameRequestComplete { status, remote_name, .. } => {
                assert_eq!(status, Status::SUCCESS);
                Some(remote_name.as_str().to_owned())
            }
            _ => None,
        });
        assert_eq!(name, "Küche");
    }
}

#[test]
fn a_disconnection_carries_its_reason_to_the_peer() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    let reason = Status::REMOTE_TERMINATED_POWER_OFF;
    table.pending(0, Command::Disconnect { connection_handle: a, reason });
    assert_eq!(table.disconnected(0), (a, Status::CONNECTION_TERMINATED_BY_LOCAL_HOST));
    assert_eq!(table.disconnected(1), (b, reason));
    let again = Command::Disconnect { connection_handle: a, reason };
    assert_eq!(table.status(0, again), Status::UNKNOWN_CONNECTION_IDENTIFIER);
    assert!(!table.air.is_connected(table.id(0), table.id(1)));
}

#[test]
fn a_device_out_of_range_is_lost_after_the_supervision_timeout() {
    let mut table = two(1);
    let (a, b) = table.connect(0, 1);
    let link_supervision_timeout = Slots::from_millis(5000);
    table.done(
        0,
        Command::WriteLinkSupervisionTimeout { connection_handle: a, link_supervision_timeout },
    );
    table.expect(1, |event| match event {
        Event::LinkSupervisionTimeoutChanged { link_supervision_timeout: timeout, .. } => {
            assert_eq!(timeout, link_supervision_timeout);
            Some(())
        }
        _ => None,
    });
    let (x, y) = (table.id(0), table.id(1));
    table.air.set_in_range(x, y, false);
    table.run(Duration::from_secs(4));
    table.air.set_in_range(x, y, true);
    table.run(Duration::from_secs(10));
    assert!(table.air.is_connected(x, y));
    table.air.set_in_range(x, y, false);
    let gone = table.air.now();
    assert_eq!(table.disconnected(0), (a, Status::CONNECTION_TIMEOUT));
    assert_eq!(table.disconnected(1), (b, Status::CONNECTION_TIMEOUT));
    let took = table.air.now().since(gone).as_millis();
    assert!((5000..5010).contains(&took), "{took} ms");
}

#[test]
fn a_reset_or_dead_controller_is_lost_to_its_peer() {
    for dead in [false, true] {
        let mut table = two(1);
        let (_, b) = table.connect(0, 1);
        if dead {
            let id = table.id(0);
            table.air.set_fault(id, Fault::Silent);
        } else {
            table.done(0, Command::Reset {});
        }
        assert_eq!(table.disconnected(1), (b, Status::CONNECTION_TIMEOUT));
    }
}

#[test]
fn links_beyond_the_limit_are_turned_away() {
    let one = ControllerOptions { max_links: 1, ..ControllerOptions::default() };
    let mut table =
        Table::new(1, &[one, ControllerOptions::default(), ControllerOptions::default()]);
    table.connect(1, 0);
    table.page(2, 0);
    assert_eq!(table.connected(2), Err(Status::REJECTED_LIMITED_RESOURCES));
}

#[test]
fn features_version_and_clock_of_the_peer_are_read() {
    let mut table = two(1);
    let (handle, _) = table.connect(0, 1);
    let connection_handle = handle;
    table.pending(0, Command::ReadRemoteSupportedFeatures { connection_handle });
    let features = table.expect(0, |event| match event {
        Event::ReadRemoteSupportedFeaturesComplete { lmp_features, .. } => Some(lmp_features),
        _ => None,
    });
    assert!(features.contains(LmpFeatures::SECURE_SIMPLE_PAIRING | LmpFeatures::SNIFF_MODE));
    table.pending(0, Command::ReadRemoteExtendedFeatures { connection_handle, page_number: 1 });
    let host_features = table.expect(0, |event| match event {
        Event::ReadRemoteExtendedFeaturesComplete { extended_lmp_features, .. } => {
            Some(HostFeatures::from_bits_retain(extended_lmp_features))
        }
        _ => None,
    });
    assert_eq!(host_features, HostFeatures::SECURE_SIMPLE_PAIRING);
    table.pending(0, Command::ReadRemoteVersionInformation { connection_handle });
    table.expect(0, |event| match event {
        Event::ReadRemoteVersionInformationComplete { version, .. } => {
            assert_eq!(version, 12);
            Some(())
        }
        _ => None,
    });
    table.pending(0, Command::ReadClockOffset { connection_handle });
    table.expect(0, |event| match event {
        Event::ReadClockOffsetComplete { clock_offset, .. } => Some(clock_offset),
        _ => None,
    });
}

#[test]
fn commands_that_are_missing_refused_or_ignored_are() {
    let missing = vec![Opcode::WRITE_INQUIRY_MODE];
    let mut table = Table::new(1, &[ControllerOptions { missing, ..ControllerOptions::default() }]);
    let supported = table.complete(0, Command::ReadLocalSupportedCommands {});
    let supported = returns::ReadLocalSupportedCommands::parse(&supported).unwrap();
    assert!(!supported.supported_commands.has(Opcode::WRITE_INQUIRY_MODE));
    assert!(supported.supported_commands.has(Opcode::WRITE_SCAN_ENABLE));
    let inquiry_mode = InquiryMode::Rssi;
    let answer = table.complete(0, Command::WriteInquiryMode { inquiry_mode });
    assert_eq!(answer, [Status::UNKNOWN_HCI_COMMAND.0]);
    let id = table.id(0);
    table.air.set_fault(id, Fault::Refuse(Opcode::READ_BD_ADDR, Status::HARDWARE_FAILURE));
    assert_eq!(table.complete(0, Command::ReadBdAddr {}), [Status::HARDWARE_FAILURE.0]);
    table.air.repair(id);
    table.done(0, Command::ReadBdAddr {});
    table.air.set_fault(id, Fault::Ignore(Opcode::READ_BD_ADDR));
    table.send(0, Command::ReadBdAddr {});
    table.run(Duration::from_secs(5));
    assert_eq!(table.take(0), [""; 0]);
    assert_eq!(table.complaints(0), []);
    table.send(0, Command::ReadBufferSize {});
    assert_eq!(table.complaints(0), [Complaint::NoCommandCredit(Opcode::READ_BUFFER_SIZE)]);
}

#[test]
fn unknown_and_malformed_commands_are_answered() {
    let mut table = two(1);
    let opcode = Opcode(0xFC20);
    let answer = table.complete(0, Command::Other { opcode, parameters: &[1] });
    assert_eq!(answer, [Status::UNKNOWN_HCI_COMMAND.0]);
    table.air.receive(table.id(0), Channel::Command, &[0x1A, 0x0C, 1, 9]);
    let status = table.expect(0, |event| match event {
        Event::CommandComplete { return_parameters, .. } => Some(return_parameters[0]),
        _ => None,
    });
    assert_eq!(status, Status::INVALID_HCI_COMMAND_PARAMETERS.0);
    assert_eq!(table.complaints(0), [Complaint::MalformedCommand]);
}
