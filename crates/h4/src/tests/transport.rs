use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant as Clock};

use pool::{Arena, Frame, Instant};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::OpenptFlags;
use wire::h4::Channel;

use crate::{Lost, OpenErrorKind, QUEUE, SendError, Transport};

fn arena() -> Arena {
    Arena::new(96, 2048)
}

/// Waits for the transport as its owner would, one second at most.
fn wait(transport: &Transport) -> bool {
    let Some(fd) = transport.fd() else { return false };
    let mut flags = PollFlags::IN;
    flags.set(PollFlags::OUT, transport.wants_write());
    let second = Timespec { tv_sec: 1, tv_nsec: 0 };
    poll(&mut [PollFd::from_borrowed_fd(fd, flags)], Some(&second)).unwrap() > 0
}

fn next(transport: &mut Transport) -> Result<(Channel, Frame), Lost> {
    let limit = Clock::now() + Duration::from_secs(10);
    while Clock::now() < limit {
        if let Some(packet) = transport.receive(Instant::from_millis(1))? {
            return Ok(packet);
        }
        wait(transport);
    }
    panic!("no packet came");
}

fn frame(arena: &Arena, bytes: &[u8]) -> Frame {
    let mut frame = arena.take().unwrap();
    frame.append(bytes).unwrap();
    frame
}

fn tcp() -> (Transport, TcpStream, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let spec = format!("tcp:127.0.0.1:{}", listener.local_addr().unwrap().port());
    let transport = Transport::open(&spec, arena()).unwrap();
    let (peer, _) = listener.accept().unwrap();
    (transport, peer, listener)
}

fn unix(arena: Arena) -> (Transport, UnixStream, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h4");
    let listener = UnixListener::bind(&path).unwrap();
    let transport = Transport::open(&format!("unix:{}", path.display()), arena).unwrap();
    let (peer, _) = listener.accept().unwrap();
    (transport, peer, folder)
}

#[test]
fn packets_pass_both_ways_over_tcp() {
    let (mut transport, mut peer, _listener) = tcp();
    assert!(transport.receive(Instant::ZERO).unwrap().is_none());
    peer.write_all(&[4, 0x0e, 1, 7, 3, 1, 0, 1, 5]).unwrap();
    let (channel, event) = next(&mut transport).unwrap();
    assert_eq!((channel, &event[..]), (Channel::Event, &[0x0e, 1, 7][..]));
    assert_eq!(event.arrival(), Instant::from_millis(1));
    assert_eq!(next(&mut transport).unwrap().0, Channel::Synchronous);
    transport.send(Channel::Command, frame(&arena(), &[3, 0x0c, 0])).unwrap();
    let mut sent = [0; 4];
    peer.read_exact(&mut sent).unwrap();
    assert_eq!(sent, [1, 3, 0x0c, 0]);
    assert!(!transport.wants_write());
}

#[test]
fn a_peer_that_dribbles_is_waited_for() {
    let (mut transport, mut peer, _folder) = unix(arena());
    let writer = std::thread::spawn(move || {
        for byte in [2, 1, 0x20, 3, 0, 7, 8, 9, 4, 0x0e, 0] {
            peer.write_all(&[byte]).unwrap();
            std::thread::sleep(Duration::from_millis(1));
        }
        peer
    });
    assert_eq!(next(&mut transport).unwrap().1[..], [1, 0x20, 3, 0, 7, 8, 9]);
    assert_eq!(next(&mut transport).unwrap().1[..], [0x0e, 0]);
    writer.join().unwrap();
}

#[test]
fn a_peer_that_dies_loses_the_stream_after_its_last_packet() {
    let (mut transport, mut peer, listener) = tcp();
    peer.write_all(&[4, 0x0e, 0, 4, 0x0f]).unwrap();
    drop(peer);
    assert!(next(&mut transport).is_ok());
    assert_eq!(next(&mut transport).unwrap_err(), Lost::Closed);
    assert!(transport.fd().is_none() && !transport.is_open());
    assert_eq!(transport.receive(Instant::ZERO).unwrap_err(), Lost::Closed);
    let refused = transport.send(Channel::Command, frame(&arena(), &[3, 0x0c, 0]));
    assert_eq!(refused, Err(SendError::Lost(Lost::Closed)));

    transport.reopen().unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(&[4, 0x13, 0]).unwrap();
    let (_, event) = next(&mut transport).unwrap();
    assert_eq!(event[..], [0x13, 0], "nothing is left of the old stream");
}

#[test]
fn a_peer_that_dies_while_we_send_loses_the_stream() {
    let (mut transport, peer, _folder) = unix(arena());
    drop(peer);
    let arena = arena();
    let failed =
        (0..2).find_map(|_| transport.send(Channel::Acl, frame(&arena, &[1, 0x20, 0, 0])).err());
    assert_eq!(failed, Some(SendError::Lost(Lost::Closed)));
    assert!(!transport.is_open());
}

#[test]
fn garbage_loses_the_stream() {
    let (mut transport, mut peer, _folder) = unix(arena());
    peer.write_all(&[4, 0x0e, 0, 0xff, 1, 2]).unwrap();
    assert!(next(&mut transport).is_ok());
    assert_eq!(next(&mut transport).unwrap_err(), Lost::UnknownType(0xff));
    assert!(!transport.is_open());
}

#[test]
fn a_slow_peer_gets_everything_in_order_and_the_queue_is_bounded() {
    let (mut transport, mut peer, _folder) = unix(arena());
    let ours = arena();
    let packet = |n: u32| {
        let mut bytes = vec![1, 0x20, 0xe8, 3];
        bytes.resize(4 + 1000, n as u8);
        bytes
    };
    let mut sent = 0;
    loop {
        match transport.send(Channel::Acl, frame(&ours, &packet(sent))) {
            Ok(()) => sent += 1,
            Err(full) => {
                assert_eq!(full, SendError::Full);
                break;
            }
        }
    }
    assert!(sent as usize > QUEUE && transport.wants_write());
    let reader = std::thread::spawn(move || {
        for n in 0..sent {
            let mut bytes = [0; 1005];
            peer.read_exact(&mut bytes).unwrap();
            assert_eq!((bytes[0], &bytes[1..]), (2, &packet(n)[..]));
        }
    });
    while transport.wants_write() {
        assert!(wait(&transport));
        transport.flush().unwrap();
    }
    reader.join().unwrap();
    assert_eq!((ours.free(), ours.copied()), (ours.blocks(), 0));
}

#[test]
fn a_packet_without_headroom_is_copied_and_counted() {
    let ours = arena();
    let (mut transport, mut peer, _folder) = unix(ours.clone());
    let mut whole = frame(&ours, &[9, 3, 0x0c, 0]);
    drop(whole.split_to(1));
    transport.send(Channel::Command, whole).unwrap();
    let mut sent = [0; 4];
    peer.read_exact(&mut sent).unwrap();
    assert_eq!((sent, ours.copied()), ([1, 3, 0x0c, 0], 3));
}

#[test]
fn a_starved_transport_says_so_and_goes_on() {
    let ours = Arena::new(1, 2048);
    let (mut transport, mut peer, _folder) = unix(ours.clone());
    let held = ours.take();
    peer.write_all(&[4, 0x0e, 0]).unwrap();
    assert!(wait(&transport));
    assert!(transport.receive(Instant::ZERO).unwrap().is_none());
    assert!(transport.is_starved());
    drop(held);
    assert!(next(&mut transport).is_ok());
    assert!(!transport.is_starved());
}

fn failure(spec: &str) -> (OpenErrorKind, String) {
    let error = Transport::open(spec, arena()).expect_err(spec);
    (error.kind, error.to_string())
}

#[test]
fn what_cannot_be_opened_says_why_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let refused = format!("tcp:127.0.0.1:{port}");
    assert_eq!(
        failure(&refused),
        (
            OpenErrorKind::Refused,
            format!("{refused}: nobody listens there; start the controller first")
        )
    );
    assert_eq!(failure("tcp:no-such-host.invalid:1").0, OpenErrorKind::NotFound);
    assert_eq!(failure(&format!("unix:{}", at("none"))).0, OpenErrorKind::NotFound);
    assert_eq!(failure(&format!("serial:{}@9600", at("none"))).0, OpenErrorKind::NotFound);
    assert_eq!(failure("serial:/dev/null@9600").0, OpenErrorKind::NotSerial);
    assert_eq!(failure("h4").0, OpenErrorKind::BadSpec);

    drop(UnixListener::bind(at("dead")).unwrap());
    assert_eq!(failure(&format!("unix:{}", at("dead"))).0, OpenErrorKind::Refused);
    let long = format!("unix:/{}", "x".repeat(200));
    assert_eq!(failure(&long).0, OpenErrorKind::Other);

    // Root may open anything.
    if !rustix::process::geteuid().is_root() {
        let _listener = UnixListener::bind(at("closed")).unwrap();
        std::fs::set_permissions(at("closed"), PermissionsExt::from_mode(0o0)).unwrap();
        assert_eq!(failure(&format!("unix:{}", at("closed"))).0, OpenErrorKind::Permission);
    }
}

#[test]
fn permission_errors_name_the_remedy() {
    let spec = "serial:/dev/ttyUSB0@115200".parse().unwrap();
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let error = crate::OpenError::system(&spec, denied);
    assert_eq!(error.kind, OpenErrorKind::Permission);
    assert!(error.to_string().contains("usermod -aG dialout"), "{error}");
}

#[test]
fn packets_pass_both_ways_over_a_serial_line() {
    let line = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    rustix::pty::grantpt(&line).unwrap();
    rustix::pty::unlockpt(&line).unwrap();
    let path = rustix::pty::ptsname(&line, Vec::new()).unwrap().into_string().unwrap();
    let mut peer = std::fs::File::from(line);
    let spec = format!("serial:{path}@3000000");
    let mut transport = Transport::open(&spec, arena()).unwrap();

    // Every byte that a terminal would change or act upon.
    let all: Vec<u8> = (0..=254).collect();
    let event = [&[4, 0xff, 255][..], &all].concat();
    peer.write_all(&event).unwrap();
    assert_eq!(next(&mut transport).unwrap().1[..], event[1..]);
    let arena = arena();
    transport.send(Channel::Event, frame(&arena, &event[1..])).unwrap();
    let mut sent = vec![0; event.len()];
    peer.read_exact(&mut sent).unwrap();
    assert_eq!(sent, event, "nor is anything echoed");

    let mode = rustix::termios::tcgetattr(transport.fd().unwrap()).unwrap();
    assert_eq!((mode.input_speed(), mode.output_speed()), (3_000_000, 3_000_000));
    assert!(mode.control_modes.contains(rustix::termios::ControlModes::CRTSCTS));
    if !rustix::process::geteuid().is_root() {
        assert_eq!(failure(&spec).0, OpenErrorKind::Busy);
    }

    drop(peer);
    assert_eq!(next(&mut transport).unwrap_err(), Lost::Closed);
    assert_eq!(transport.reopen().unwrap_err().kind, OpenErrorKind::NotFound);
}
