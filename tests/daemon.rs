//! `tandemd` as a process: exit codes, signals, readiness, the socket, and what it says.

mod programs;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use programs::{Daemon, PATIENCE, program, told};
use serde_json::{Value, json};

fn call(control: &Path, method: &str, parameters: Value) -> Value {
    let mut stream = UnixStream::connect(control).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let call =
        json!({ "method": format!("io.tandem.Receiver.{method}"), "parameters": parameters });
    stream.write_all(format!("{call}\0").as_bytes()).unwrap();
    let mut reply = Vec::new();
    let mut byte = [0];
    loop {
        stream.read_exact(&mut byte).unwrap();
        if byte[0] == 0 {
            return serde_json::from_slice(&reply).unwrap();
        }
        reply.push(byte[0]);
    }
}

/// Starts one that must end by itself, and gives its exit code and what it said.
fn ends(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut daemon = Daemon::start(folder, arguments);
    let (status, _) = daemon.end();
    (status.code().unwrap(), daemon.everything())
}

#[test]
fn it_says_when_it_is_ready_and_goodbye_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemon =
        Daemon::start(folder.path(), &["--controller", "sim", "--name", "Kitchen", "--pair", "60"]);
    let ready = daemon.says("ready");
    let address = ready.strip_prefix("tandemd: ready: Kitchen ").expect("name and address");
    assert_eq!(address.split(':').count(), 6, "{address}");
    let mode = std::fs::metadata(daemon.control()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    daemon.says("pairing mode is open");
    let status = call(&daemon.control(), "Status", json!({}));
    assert_eq!(status["parameters"]["controller"]["address"], address);
    // A phone is connected, and somebody watches without reading.
    daemon.says("is connected");
    let mut watcher = UnixStream::connect(daemon.control()).unwrap();
    watcher.write_all(b"{\"method\":\"io.tandem.Receiver.Watch\",\"more\":true}\0").unwrap();
    daemon.stop();
}

#[test]
fn an_interrupt_ends_it_too_even_before_it_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    // A controller that never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let controller = format!("tcp:{}", silent.local_addr().unwrap());
    for signal in ["INT", "TERM"] {
        let mut daemon = Daemon::start(folder.path(), &["--controller", &controller]);
        let (mut connection, _) = silent.accept().unwrap();
        // A changed configuration does not hurry it.
        daemon.signal("HUP");
        daemon.signal(signal);
        let (status, took) = daemon.end();
        assert_eq!(status.code(), Some(0), "{}", daemon.everything());
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert!(!daemon.control().exists(), "the socket is left behind");
        // It hung up on the controller, as a receiver that ran does.
        connection.read_to_end(&mut Vec::new()).unwrap();
    }
    let mut daemon = Daemon::ready(folder.path(), &[]);
    daemon.signal("INT");
    let (status, _) = daemon.end();
    assert_eq!(status.code(), Some(0), "{}", daemon.everything());
}

#[test]
fn the_service_manager_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut daemon = Daemon::start_with(folder.path(), &["--controller", "sim"], |command| {
        command.env("NOTIFY_SOCKET", &path);
    });
    let told = || {
        let mut message = [0; 256];
        let length = manager.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    };
    assert_eq!(told().trim_end(), "READY=1");
    daemon.says("ready");
    daemon.signal("HUP");
    let reloading = told();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(told().trim_end(), "READY=1");
    daemon.stop();
    assert_eq!(told().trim_end(), "STOPPING=1");
}

#[test]
fn a_changed_configuration_is_applied() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tandem.toml");
    std::fs::write(&file, "name = \"One\"\nseats = 2\ntakeover = \"last\"\n").unwrap();
    let mut daemon =
        Daemon::ready(folder.path(), &["--config", "tandem.toml", "--set", "takeover=mix"]);
    let text = "name = \"Two\"\nseats = 3\ntakeover = \"first\"\ncodecs = [\"sbc\"]\n\
                [sound]\nrate = 44100\n[log]\nlevel = \"debug\"\n";
    std::fs::write(&file, text).unwrap();
    daemon.signal("HUP");
    daemon.says("read again, 6 changed");
    let settings = || call(&daemon.control(), "Status", json!({}))["parameters"].take();
    let start = std::time::Instant::now();
    while settings()["settings"]["seats"] != 3 && start.elapsed() < PATIENCE {}
    let status = settings();
    assert_eq!(status["controller"]["name"], "Two");
    assert_eq!(status["settings"]["takeover"], "mix", "the command line counts");

    std::fs::write(&file, "name = \"Three\"\nseats = 9\n").unwrap();
    daemon.signal("HUP");
    let said = daemon.says("stays as it was");
    assert!(said.contains("tandem.toml:2: seats"), "{said}");
    assert_eq!(call(&daemon.control(), "Status", json!({}))["parameters"]["settings"]["seats"], 3);
    daemon.signal("TERM");
    daemon.end();
    let said = daemon.everything();
    for line in [
        "info: name: now \"Two\"",
        "info: log.level: now \"debug\"",
        "warning: sound.rate: 44100 counts at the next start",
        "warning: takeover: stays as the command line sets it",
    ] {
        assert!(said.contains(line), "{line} is not in:\n{said}");
    }
}

#[test]
fn verbs_about_calls_are_checked_and_their_refusals_named() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::ready(folder.path(), &[]);
    let cases = [
        ("Answer", json!({}), "NothingToAnswer"),
        ("Answer", json!({ "how": "hold", "index": 1 }), "NothingToAnswer"),
        ("Answer", json!({ "how": "perhaps" }), "BadValue: how"),
        ("Answer", json!({ "index": 0 }), "BadValue: index"),
        ("Answer", json!({ "index": 256 }), "BadValue: index"),
        ("Reject", json!({}), "NothingToAnswer"),
        ("HangUp", json!({}), "NoCall"),
        ("Hold", json!({ "phone": "00:00:00:00:00:01" }), "NoSuchPhone"),
        ("Swap", json!({}), "NoCall"),
        ("Merge", json!({}), "NoCall"),
        ("Private", json!({ "index": 1 }), "NoCall"),
        ("Transfer", json!({}), "NoCall"),
        ("Voice", json!({ "to": "receiver" }), "NoCall"),
        ("Voice", json!({ "to": "sender" }), "BadValue: to"),
        ("Dial", json!({ "number": "+4912" }), "NotConnected"),
        ("Dial", json!({ "number": "" }), "BadValue: number"),
        ("Dial", json!({ "number": "1\r\nATH" }), "BadValue: number"),
        ("Dial", json!({ "number": "9".repeat(33) }), "BadValue: number"),
        ("Redial", json!({}), "NotConnected"),
        ("Tones", json!({ "digits": "1A#" }), "NoCall"),
        ("Tones", json!({ "digits": "1,2" }), "BadValue: digits"),
        ("Assistant", json!({ "on": true }), "NotConnected"),
        ("Battery", json!({ "percent": 101 }), "BadValue: percent"),
        ("Volume", json!({ "percent": 50, "kind": "call" }), "NotConnected"),
    ];
    for (method, parameters, refusal) in cases {
        let reply = call(&daemon.control(), method, parameters.clone());
        let name = reply["error"].as_str().and_then(|name| name.rsplit('.').next());
        let text = reply["parameters"]["text"].as_str().unwrap_or_default();
        let told = format!("{}: {text}", name.unwrap_or("done"));
        assert!(told.starts_with(refusal), "{method} {parameters}: {told}");
    }
    let missing = [
        ("Private", json!({}), "index"),
        ("Voice", json!({}), "to"),
        ("Dial", json!({}), "number"),
        ("Tones", json!({ "digits": 12 }), "digits"),
        ("Mute", json!({}), "on"),
        ("Swap", json!({ "phone": "A" }), "phone"),
    ];
    for (method, parameters, name) in missing {
        let reply = call(&daemon.control(), method, parameters);
        assert_eq!(reply["error"], "org.varlink.service.InvalidParameter", "{method}");
        assert_eq!(reply["parameters"]["parameter"], name, "{method}");
    }
    for (method, parameters) in
        [("Mute", json!({ "on": true })), ("Battery", json!({ "percent": 100 }))]
    {
        assert_eq!(call(&daemon.control(), method, parameters)["error"], Value::Null, "{method}");
    }
    daemon.stop();
}

#[test]
fn mistakes_end_it_with_their_code_and_a_line_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.toml"), "name = \"A\"\n\nsets = 3\n").unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    let cases: [(&[&str], i32, &[&str]); 9] = [
        (&["--sond", "null"], 2, &["--sond"]),
        (&["--pair", "0"], 2, &["--pair"]),
        (&["--set", "seats"], 2, &["KEY=VALUE"]),
        (&["--set", "seats=9"], 2, &["--set seats=9", "from 1 to 6"]),
        (&["--log", "loud"], 2, &["--log loud", "debug"]),
        (&["--config", "bad.toml"], 2, &["bad.toml:3: sets", "seats"]),
        (&["--config", "none.toml"], 2, &["none.toml"]),
        (&["--controller", "bluetooth0"], 2, &["bluetooth0", "tcp:HOST:PORT"]),
        (&["--controller", "unix:nobody"], 3, &["unix:nobody"]),
    ];
    for (arguments, code, words) in cases {
        let (found, said) = ends(folder.path(), arguments);
        assert_eq!(found, code, "{arguments:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{arguments:?}: {word} is not in: {said}");
        }
        assert!(
            !folder.path().join("control").exists(),
            "{arguments:?}: the socket is left behind"
        );
    }

    let sim = ["--controller", "sim"];
    let output = |arguments: &[&str]| {
        let mut command = program(env!("CARGO_BIN_EXE_tandemd"), folder.path(), arguments);
        told(&command.output().unwrap())
    };
    let (code, _, said) = output(&[&sim[..], &["--state-dir", "s"]].concat());
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("--control"), "{said}");
    let (code, _, said) = output(&[&sim[..], &["--state-dir", "s", "--control", "file"]].concat());
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("a file of this name is no socket"), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
}

#[test]
fn it_tells_its_version_and_how_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let run = |argument: &str| {
        let mut command = program(env!("CARGO_BIN_EXE_tandemd"), folder.path(), &[argument]);
        told(&command.output().unwrap())
    };
    let (code, out, _) = run("--version");
    assert_eq!((code, out.as_str()), (0, concat!("tandemd ", env!("CARGO_PKG_VERSION"), "\n")));
    let (code, out, _) = run("--help");
    assert_eq!(code, 0);
    for flag in [
        "--config",
        "--controller",
        "--state-dir",
        "--control",
        "--sound",
        "--microphone",
        "--snoop",
        "--name",
        "--pair",
        "--set",
        "--log",
    ] {
        assert!(out.contains(flag), "{flag}");
    }
}

#[test]
fn a_living_daemons_socket_is_not_taken_and_a_killed_ones_is() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::ready(folder.path(), &[]);
    let other = tempfile::tempdir().unwrap();
    let control = daemon.control();
    let arguments =
        ["--controller", "sim", "--state-dir", "state", "--control", control.to_str().unwrap()];
    let mut second = program(env!("CARGO_BIN_EXE_tandemd"), other.path(), &arguments);
    let (code, _, said) = told(&second.output().unwrap());
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("another tandemd answers here"), "{said}");
    call(&control, "Status", json!({}));
    daemon.signal("KILL");
    drop(daemon);
    assert!(control.exists());
    Daemon::ready(folder.path(), &[]).stop();
}

#[test]
fn the_log_says_as_much_as_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::ready(folder.path(), &["--log", "error", "--pair", "60"]);
    while call(&daemon.control(), "Status", json!({}))["parameters"]["phones"] == json!([]) {}
    daemon.signal("TERM");
    daemon.end();
    let said = daemon.everything();
    assert_eq!(said.lines().count(), 1, "{said}");
    let mut daemon = Daemon::ready(folder.path(), &["--log", "debug"]);
    daemon.says("tandemd: debug: tandem");
    daemon.stop();
}

/// A daemon's command without a word of sound.
fn without_sound(folder: &Path, arguments: &[&str]) -> Command {
    let own = ["--control", "control", "--state-dir", "state", "--controller", "sim"];
    program(env!("CARGO_BIN_EXE_tandemd"), folder, &[&own[..], arguments].concat())
}

#[test]
fn sound_that_is_not_permitted_says_so_in_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    // Not even root may write what a sensor says.
    let sound = "raw:/sys/kernel/uevent_seqnum";
    let output = without_sound(folder.path(), &["--sound", sound]).output().unwrap();
    let (code, _, said) = told(&output);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains(sound) && said.contains("permission denied"), "{said}");
    let nowhere = "wav:no/such/folder/heard.wav";
    let output = without_sound(folder.path(), &["--sound", nowhere]).output().unwrap();
    assert_eq!(told(&output).0, 2, "{}", told(&output).2);
}

#[test]
fn nobody_is_left_to_wonder_why_nothing_is_heard() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = without_sound(folder.path(), &[]);
    command.env("PULSE_SERVER", "unix:/nowhere");
    let mut daemon = Daemon::run(folder.path(), command);
    daemon.says("no sound server answers");
    daemon.says("ready");
    let status = call(&daemon.control(), "Status", json!({}));
    let warnings = status["parameters"]["warnings"].as_array().unwrap();
    let sound: Vec<_> = warnings.iter().filter(|warning| warning["code"] == "sound").collect();
    assert_eq!(sound.len(), 1, "{warnings:?}");
    assert!(sound[0]["text"].as_str().unwrap().contains("no sound server answers"));
    daemon.stop();
}

#[test]
fn whatever_is_sent_to_the_socket_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::ready(folder.path(), &[]);
    let mut state = 1u32;
    for length in [1usize, 17, 300, 5000, 40_000] {
        let mut stream = UnixStream::connect(daemon.control()).unwrap();
        let noise: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        // It may hang up before everything is written.
        let _ = stream.write_all(&noise);
        let _ = stream.write_all(b"\0");
    }
    for parameters in [json!({ "phone": 1 }), json!({ "phone": "x".repeat(10_000) }), json!({})] {
        let reply = call(&daemon.control(), "Connect", parameters);
        assert!(reply["error"].is_string(), "{reply}");
    }
    let wrong = call(&daemon.control(), "Pair", json!({ "seconds": 60, "colour": "red" }));
    assert_eq!(wrong["error"], "org.varlink.service.InvalidParameter");
    assert_eq!(wrong["parameters"]["parameter"], "colour");
    assert_eq!(call(&daemon.control(), "Status", json!({}))["error"], Value::Null);
    daemon.signal("TERM");
    daemon.end();
    let said = daemon.everything();
    assert!(!said.contains("panicked"), "{said}");
}
