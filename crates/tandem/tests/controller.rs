//! A controller behind a TCP port that goes away and comes back, and one that does not.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType};
use tandem::sim::World;
use tandem::{Config, Next, OpenError, Opening, Options, Receiver, Subscription};
use wire::h4::Channel;

/// A listener whose queue holds one connection: another one that comes is not answered.
fn listener() -> TcpListener {
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let fd: OwnedFd = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&fd, &any).unwrap();
    rustix::net::listen(&fd, 0).unwrap();
    fd.into()
}

/// Plays a controller until `until`, or until the other side has gone.
fn play(mut stream: TcpStream, until: impl Fn() -> bool) {
    let mut world = World::new(7);
    let start = Instant::now();
    let mut input = Vec::new();
    let mut piece = [0; 4096];
    stream.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
    while !until() {
        match stream.read(&mut piece) {
            Ok(0) => return,
            Ok(n) => input.extend_from_slice(&piece[..n]),
            Err(_) => {}
        }
        world.advance(pool::Instant::from_nanos(start.elapsed().as_nanos() as u64));
        while let Some((&kind, rest)) = input.split_first() {
            let channel = Channel::from_indicator(kind).unwrap();
            let Some(length) = channel.length(rest).filter(|length| *length <= rest.len()) else {
                break;
            };
            world.receive(channel, &rest[..length]);
            input.drain(..=length);
        }
        while let Some((channel, packet)) = world.poll() {
            let packet = [&[channel.indicator()], &packet[..]].concat();
            if stream.write_all(&packet).is_err() {
                return;
            }
        }
    }
}

fn config(at: SocketAddr, state: &tempfile::TempDir) -> Config {
    let mut config = Config::default();
    let keys = [("controller", &*format!("tcp:{at}")), ("sound", "null")];
    for (key, value) in keys.into_iter().chain([("realtime.priority", "0")]) {
        config.set(key, value).unwrap();
    }
    config.state_dir = Some(state.path().into());
    config
}

/// Waits until the controller is in that state.
fn wait_for(events: &Subscription, state: &str) {
    let patience = Instant::now() + Duration::from_secs(20);
    while Instant::now() < patience {
        if let Next::Notice(notice) = events.next(Some(Duration::from_millis(100))) {
            let told = notice.to_json();
            if told["event"] == "controller" && told["state"] == state {
                return;
            }
        }
    }
    panic!("the controller never was {state}");
}

#[test]
fn a_lost_controller_comes_back_and_one_that_does_not_answer_keeps_nobody() {
    let listener = listener();
    let at = listener.local_addr().unwrap();
    let state = tempfile::tempdir().unwrap();
    let (drop_it, dropped) = std::sync::mpsc::channel::<()>();
    let controller = std::thread::spawn(move || {
        for _ in 0..2 {
            play(listener.accept().unwrap().0, || dropped.try_recv().is_ok());
        }
        // From here on nobody is let in, and nobody is turned away.
        let waiting: Vec<_> =
            (0..2).map(|_| TcpStream::connect_timeout(&at, Duration::from_millis(100))).collect();
        let _ = dropped.recv();
        drop((listener, waiting));
    });
    let receiver = Receiver::open(config(at, &state)).unwrap();
    let handle = receiver.handle();
    let events = receiver.subscribe().unwrap();
    drop_it.send(()).unwrap();
    wait_for(&events, "lost");
    wait_for(&events, "up");
    drop_it.send(()).unwrap();
    wait_for(&events, "lost");
    // By now it is being opened again, which nobody answers.
    std::thread::sleep(Duration::from_millis(900));
    let start = Instant::now();
    receiver.close();
    let taken = start.elapsed();
    assert!(taken < Duration::from_secs(1), "closing took {taken:?}");
    drop(drop_it);
    controller.join().unwrap();

    assert_eq!(
        handle.call(tandem::Command::StopPairing),
        Err(tandem::Refusal::ControllerLost),
        "at once"
    );
    assert!(handle.set("name", "Late", None).is_err());
    assert_ne!(handle.status().name, "Late", "what was not taken does not show");
    let late = handle.subscribe().unwrap();
    assert!(matches!(late.next(None), Next::Notice(_)));
    assert!(matches!(late.next(None), Next::Closed));
}

#[test]
fn a_controller_that_hangs_up_while_it_is_brought_up_is_told_with_the_step() {
    let listener = listener();
    let at = listener.local_addr().unwrap();
    let state = tempfile::tempdir().unwrap();
    let controller = std::thread::spawn(move || {
        let mut reset = [0; 4];
        listener.accept().unwrap().0.read_exact(&mut reset).unwrap();
        reset
    });
    let error = Receiver::open(config(at, &state)).expect_err("it never came up").to_string();
    assert_eq!(error, "the controller failed: Reset: the controller closed the connection");
    assert_eq!(controller.join().unwrap(), [0x01, 0x03, 0x0C, 0x00]);
}

#[test]
fn who_opens_a_receiver_need_not_wait_for_it() {
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let state = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let opening =
        Opening::begin(config(deaf.local_addr().unwrap(), &state), Options::default()).unwrap();
    let (mut connection, _) = deaf.accept().unwrap();
    let opening = opening.end(Duration::from_millis(50)).expect_err("it never comes up");
    opening.give_up(Duration::from_secs(20));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    // The controller was given back.
    connection.read_to_end(&mut Vec::new()).unwrap();

    let mut config = config(([127, 0, 0, 1], 1).into(), &state);
    let opening = Opening::begin(config.clone(), Options::default()).unwrap();
    let end = opening.end(Duration::from_secs(20)).expect("it is refused at once");
    assert!(matches!(end, Err(OpenError::NoController(_))), "{end:?}");

    config.set("controller", "sim").unwrap();
    let opening = Opening::begin(config, Options::default()).unwrap();
    let end = opening.end(Duration::from_secs(20)).expect("it comes up");
    assert!(end.unwrap().status().up);
}

#[test]
fn what_counts_at_start_only_is_not_changed_later() {
    let state = tempfile::tempdir().unwrap();
    let mut config = config(([127, 0, 0, 1], 1).into(), &state);
    config.set("controller", "sim").unwrap();
    let receiver = Receiver::open(config).unwrap();
    let phone = Some("AA:BB:CC:DD:EE:FF".parse().unwrap());
    for (key, value, phone) in [("class", "car", None), ("name", "Ann", phone)] {
        let error = receiver.set(key, value, phone).unwrap_err();
        assert_eq!(error.refusal, tandem::Refusal::Busy, "{error}");
    }
    // One that no host could take is told as such first.
    let error = receiver.set("class", "toaster", None).unwrap_err();
    assert_eq!(error.refusal, tandem::Refusal::BadValue, "{error}");
}

#[test]
fn settings_from_many_threads_at_once_all_count() {
    let state = tempfile::tempdir().unwrap();
    let mut config = config(([127, 0, 0, 1], 1).into(), &state);
    config.set("controller", "sim").unwrap();
    let receiver = Receiver::open(config).unwrap();
    let keys = [("seats", "3"), ("name", "Many"), ("blip_s", "7"), ("evicted_for_s", "9")];
    for _ in 0..5 {
        std::thread::scope(|scope| {
            for (key, value) in keys {
                let handle = receiver.handle();
                scope.spawn(move || handle.set(key, value, None).unwrap());
            }
        });
        let settings = receiver.status().settings;
        for (key, value) in keys {
            let shown = settings[key].to_string();
            assert_eq!(shown.trim_matches('"').trim_end_matches(".0"), value, "{key}");
        }
    }
}
