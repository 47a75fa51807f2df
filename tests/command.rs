//! `tandem` as a process: against a daemon on the simulator, against a daemon that misbehaves,
//! and without one.

mod programs;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use programs::{Daemon, program, told};
use serde_json::Value;

fn tandem(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    told(&program(env!("CARGO_BIN_EXE_tandem"), folder, arguments).output().unwrap())
}

/// A command to the daemon in `folder`.
fn ask(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    tandem(folder, &[&["--control", "control"], arguments].concat())
}

/// Whether a status shows this setting.
fn shows(status: &str, key: &str, value: &str) -> bool {
    status.lines().any(|line| line.split_whitespace().eq([key, value]))
}

/// What is measured of the one phone's media, once it is loud.
fn measured(folder: &Path) -> Value {
    for _ in 0..100 {
        let (_, out, _) = ask(folder, &["status", "--json"]);
        let status: Value = serde_json::from_str(&out).unwrap();
        let meters = &status["phones"][0]["meters"];
        assert!(meters.is_object() && meters["voice"].is_null(), "{out}");
        if meters["media"]["peak_db"].is_number() {
            return meters["media"].clone();
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing is measured");
}

#[test]
fn a_daemon_is_asked_and_commanded() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut daemon = Daemon::ready(here, &["--name", "Kitchen", "--snoop", "capture.btsnoop"]);

    let (code, out, _) = ask(here, &["status"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("Kitchen on controller "), "{out}");
    assert!(out.contains("Heard: nobody\nNo phones yet: tandem pair\n"), "{out}");
    let (code, out, _) = ask(here, &["status", "--json"]);
    let status: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &status["controller"]["name"]), (0, &Value::from("Kitchen")));

    let (code, out, _) = ask(here, &["pair", "90"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "Open for pairing for 90 s: choose \"Kitchen\" on the phone.\n")
    );
    daemon.says("pairing mode is open for 90 s");
    let heard = daemon.says("heard: ");
    let phone = heard.split("heard: ").nth(1).unwrap().split(" (").next().unwrap().to_string();
    let (_, out, _) = ask(here, &["status"]);
    assert!(out.contains(&format!("Heard: {phone} (media)")), "{out}");
    assert!(out.contains("open for pairing"), "{out}");
    let media = measured(here);
    assert!((-30.0..-1.0).contains(&media["peak_db"].as_f64().unwrap()), "{media}");
    assert!((0.0..50.0).contains(&media["jitter_ms"].as_f64().unwrap()), "{media}");
    let (_, out, _) = ask(here, &["status"]);
    assert!(out.contains(" dB  buffer ") && out.contains(" ms  jitter "), "{out}");
    assert_eq!(ask(here, &["stop-pairing"]).0, 0);
    daemon.says("pairing mode is over");

    assert_eq!(ask(here, &["set", "seats", "3"]), (0, String::new(), String::new()));
    let (_, out, _) = ask(here, &["status"]);
    assert!(shows(&out, "seats", "3"), "{out}");
    assert_eq!(ask(here, &["set", "takeover", "false", "--phone", &phone]).0, 0);
    assert_eq!(ask(here, &["disconnect", &phone]).0, 0);
    daemon.says(&format!("{phone} ("));
    assert_eq!(ask(here, &["forget", &phone]).0, 0);
    let (code, _, error) = ask(here, &["connect", &phone]);
    assert_eq!(code, 1, "{error}");
    assert!(error.starts_with("tandem: NoSuchPhone: ") || error.starts_with("tandem: NotPaired: "));

    daemon.stop();
    let (code, out, _) = tandem(here, &["timeline", "capture.btsnoop"]);
    assert_eq!(code, 0);
    assert!(out.contains(&phone) && out.contains("  heard "), "{out}");
    assert_eq!(tandem(here, &["timeline", "capture.btsnoop", "-o", "t.svg"]).0, 0);
    assert!(std::fs::read_to_string(here.join("t.svg")).unwrap().contains("<svg"));
    assert_eq!(tandem(here, &["timeline", "capture.btsnoop", "-o", "t.json"]).0, 0);
    let timeline = std::fs::read(here.join("t.json")).unwrap();
    assert!(serde_json::from_slice::<Value>(&timeline).unwrap()["phones"].is_array());
}

#[test]
fn a_daemons_capture_replays_to_the_bit_and_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let identical = |capture: &str, words: &str| {
        let (code, out, error) = tandem(here, &["replay", capture]);
        assert_eq!((code, error.as_str()), (0, ""), "{out}");
        assert!(out.lines().last().is_some_and(|line| line.starts_with("identical")), "{out}");
        let inputs = out.split(" s: ").nth(1).and_then(|rest| rest.split(' ').next());
        assert!(inputs.is_some_and(|n| n.parse::<u32>().unwrap() > 20), "{out}");
        assert!(out.contains(words), "{out}");
    };
    let mut daemon = Daemon::ready(here, &["--pair", "60", "--snoop", "killed"]);
    daemon.says("heard: ");
    assert_eq!(ask(here, &["set", "takeover", "mix"]).0, 0);
    assert_eq!(ask(here, &["answer"]).0, 1);
    daemon.signal("KILL");
    daemon.end();
    identical("killed", " decisions");
    let whole = std::fs::read(here.join("killed")).unwrap();
    std::fs::write(here.join("cut"), &whole[..whole.len() - 1]).unwrap();
    identical("cut", "until the capture is cut off");

    // With bonds, whose keys are not in the capture.
    let daemon = Daemon::ready(here, &["--snoop", "again"]);
    daemon.stop();
    identical("again", " packets sent");
    let again = std::fs::read(here.join("again")).unwrap();
    let bonds = std::fs::read_dir(here.join("state/bonds")).unwrap();
    assert!(String::from_utf8_lossy(&again).contains("tandem bond "));
    for bond in bonds {
        let bond = std::fs::read_to_string(bond.unwrap().path()).unwrap();
        let key = bond.lines().find_map(|line| line.strip_prefix("key = ")).unwrap().to_owned();
        let octets: Vec<u8> = (1..33)
            .step_by(2)
            .map(|n| u8::from_str_radix(&key[n..n + 2], 16).expect("hexadecimal digits"))
            .collect();
        assert!(!String::from_utf8_lossy(&again).contains(key.trim_matches('"')));
        for capture in [&whole, &again] {
            assert!(!capture.windows(16).any(|part| part == octets), "a key is in a capture");
        }
    }

    std::fs::write(here.join("foreign"), b"btsnoop\0\0\0\0\x01\0\0\x03\xea").unwrap();
    let (code, _, error) = tandem(here, &["replay", "foreign"]);
    assert!(code == 1 && error.contains("not a capture of Tandem's: it does not say"), "{error}");
    assert_eq!(tandem(here, &["timeline", "foreign"]).0, 0);
}

#[test]
fn bonds_of_bluez_are_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let device = here.join("bluetooth/00:1A:7D:DA:71:13/AA:BB:CC:DD:EE:FF");
    std::fs::create_dir_all(&device).unwrap();
    let info = "[General]\nName=Anna's phone\n\n[LinkKey]\n\
        Key=00112233445566778899AABBCCDDEEFF\nType=4\nPINLength=0\n";
    std::fs::write(device.join("info"), info).unwrap();
    let import = ["import-bonds", "bluetooth", "--state-dir", "state"];
    let (code, out, error) = tandem(here, &import);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(out.starts_with("AA:BB:CC:DD:EE:FF (Anna's phone) on 00:1A:7D:DA:71:13: imported\n"));
    let _daemon = Daemon::ready(here, &[]);
    let (_, out, _) = ask(here, &["status"]);
    assert!(out.contains("Anna's phone  AA:BB:CC:DD:EE:FF"), "{out}");
    let (code, _, error) = tandem(here, &import);
    assert!(code == 1 && error.contains("a daemon runs here"), "{error}");
}

#[test]
fn refusals_are_named_with_their_text() {
    let folder = tempfile::tempdir().unwrap();
    let _daemon = Daemon::ready(folder.path(), &[]);
    let cases: [(&[&str], &str); 28] = [
        (&["connect", "Nobody"], "tandem: NoSuchPhone: Nobody: "),
        (&["disconnect", "00:00:00:00:00:01"], "tandem: NoSuchPhone: "),
        (&["forget", "Nobody"], "tandem: NoSuchPhone: "),
        (&["confirm", "Nobody", "--reject"], "tandem: NoSuchPhone: "),
        (&["set", "seats", "9"], "tandem: BadValue: seats: "),
        (&["set", "sound.rate", "44100"], "tandem: Busy: sound.rate: "),
        (&["volume", "50", "--call"], "tandem: NotConnected: "),
        (&["answer"], "tandem: NothingToAnswer: "),
        (&["answer", "--hold"], "tandem: NothingToAnswer: "),
        (&["answer", "--end", "--index", "2"], "tandem: NothingToAnswer: "),
        (&["answer", "00:00:00:00:00:01"], "tandem: NoSuchPhone: "),
        (&["answer", "Nobody"], "tandem: NoSuchPhone: Nobody: "),
        (&["reject"], "tandem: NothingToAnswer: "),
        (&["hang-up"], "tandem: NoCall: "),
        (&["hang-up", "--index", "2"], "tandem: NoCall: "),
        (&["hold"], "tandem: NoCall: "),
        (&["swap"], "tandem: NoCall: "),
        (&["merge"], "tandem: NoCall: "),
        (&["private", "1"], "tandem: NoCall: "),
        (&["transfer"], "tandem: NoCall: "),
        (&["voice", "receiver"], "tandem: NoCall: "),
        (&["voice", "phone"], "tandem: NoCall: "),
        (&["dial", "+491234"], "tandem: NotConnected: "),
        (&["dial", ">7"], "tandem: NotConnected: "),
        (&["dial", "12;34"], "tandem: BadValue: number: "),
        (&["redial"], "tandem: NotConnected: "),
        (&["tones", "12#"], "tandem: NoCall: "),
        (&["tones", "+1"], "tandem: BadValue: digits: "),
    ];
    for (arguments, words) in cases {
        let (code, out, error) = ask(folder.path(), arguments);
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}: {error}");
        assert!(error.starts_with(words), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn what_needs_no_phone_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let _daemon = Daemon::ready(folder.path(), &[]);
    let verbs: [&[&str]; 5] = [
        &["mute", "on"],
        &["mute", "off"],
        &["battery", "80"],
        &["set", "answer", "end"],
        &["set", "resume_delay_ms", "250"],
    ];
    for verb in verbs {
        let done = ask(folder.path(), verb);
        assert_eq!(done, (0, String::new(), String::new()), "{verb:?}");
    }
    let (_, out, _) = ask(folder.path(), &["status"]);
    assert!(shows(&out, "answer", "end"), "{out}");
    let (code, _, error) = ask(folder.path(), &["assistant", "on"]);
    assert!(code == 1 && error.starts_with("tandem: NotConnected: "), "{error}");
}

#[test]
fn what_passes_is_captured_live_for_wireshark_and_for_us() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let _daemon = Daemon::ready(here, &[]);
    let capture = |arguments: &[&str]| {
        let arguments = [&["--control", "control", "capture"], arguments].concat();
        let mut command = program(env!("CARGO_BIN_EXE_tandem"), here, &arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    // What Wireshark reads from a pipe: pcap, the records of the Linux monitor.
    let mut pcap = capture(&[]);
    let mut ours = capture(&["--btsnoop"]);
    let (mut out, mut octets) = (ours.stdout.take().unwrap(), [0; 24]);
    pcap.stdout.as_mut().unwrap().read_exact(&mut octets).unwrap();
    assert_eq!((&octets[..4], octets[23]), (&[0xA1, 0xB2, 0xC3, 0xD4][..], 254));
    let mut btsnoop = vec![0; 16];
    out.read_exact(&mut btsnoop).unwrap();
    assert!(btsnoop.starts_with(b"btsnoop\0"));

    assert_eq!(ask(here, &["pair", "60"]).0, 0);
    while !btsnoop.windows(15).any(|octets| octets == b"tandem command ") {
        let mut octets = [0; 256];
        let length = out.read(&mut octets).unwrap();
        assert!(length > 0, "it ended");
        btsnoop.extend_from_slice(&octets[..length]);
    }
    // It began in mid-conversation.
    std::fs::write(here.join("live"), btsnoop).unwrap();
    assert_eq!(tandem(here, &["timeline", "live"]).0, 0);
    assert_eq!(tandem(here, &["replay", "live"]).0, 1);

    // Nobody reads any more, and that is no error.
    drop((out, pcap.stdout.take()));
    for child in [pcap, ours] {
        assert_eq!(told(&child.wait_with_output().unwrap()), (0, String::new(), String::new()));
    }
}

#[test]
fn watch_tells_what_happens_until_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let daemon = Daemon::ready(here, &[]);
    let watch = |arguments: &[&str]| {
        let arguments = [&["--control", "control", "watch"], arguments].concat();
        let mut command = program(env!("CARGO_BIN_EXE_tandem"), here, &arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        (child, out)
    };
    let (mut json, mut events) = watch(&["--json"]);
    let (mut people, mut lines) = watch(&[]);
    let mut next = || {
        let mut line = String::new();
        events.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    assert_eq!(next()["event"], "snapshot");
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    assert!(first.contains("Tandem on controller "), "{first}");
    assert_eq!(first.find("  "), Some(12), "a time and two spaces: {first}");
    assert_eq!(ask(here, &["pair", "60"]).0, 0);
    let event =
        std::iter::repeat_with(&mut next).find(|event| event["event"] == "pairing").unwrap();
    assert_eq!((&event["open"], &event["seconds"]), (&true.into(), &60.into()));

    // Nobody reads any more: the next event ends them, and that is no error.
    drop((events, lines));
    assert_eq!(ask(here, &["stop-pairing"]).0, 0);
    for child in [&mut json, &mut people] {
        let status = child.wait().unwrap();
        let mut error = String::new();
        child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        assert_eq!((status.code(), error.as_str()), (Some(0), ""));
    }

    // The daemon's end is told.
    let (child, mut lines) = watch(&[]);
    lines.read_line(&mut String::new()).unwrap();
    daemon.stop();
    let (code, _, error) = told(&child.wait_with_output().unwrap());
    assert_eq!(code, 3, "{error}");
    assert!(error.contains("the daemon has ended"), "{error}");
}

#[test]
fn without_a_daemon_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for verb in ["status", "watch", "stop-pairing"] {
        let (code, _, error) = ask(here, &[verb]);
        assert_eq!(code, 3, "{error}");
        assert!(error.contains("there is no control; start tandemd"), "{error}");
    }
    drop(UnixListener::bind(here.join("control")).unwrap());
    let (code, _, error) = ask(here, &["status"]);
    assert_eq!(code, 3, "{error}");
    assert!(error.contains("has died"), "{error}");

    // Named by the environment.
    let mut command = program(env!("CARGO_BIN_EXE_tandem"), here, &["status"]);
    command.env("TANDEM_CONTROL", "elsewhere");
    let (code, _, error) = told(&command.output().unwrap());
    assert_eq!(code, 3, "{error}");
    assert!(error.contains("elsewhere"), "{error}");
}

#[test]
fn a_daemon_that_misbehaves_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[u8], i32, &str); 6] = [
        (b"", 3, "the daemon has ended"),
        (b"{\"parameters\":", 3, "the daemon has ended"),
        (b"HTTP/1.1 400 Bad Request\0", 1, "does not speak Varlink"),
        (b"[]\0", 1, "does not speak Varlink"),
        (
            b"{\"error\":\"io.tandem.Receiver.Busy\",\"parameters\":{\"text\":\"full\"}}\0",
            1,
            "Busy: full",
        ),
        (
            b"{\"error\":\"org.varlink.service.MethodNotFound\"}\0",
            1,
            "org.varlink.service.MethodNotFound",
        ),
    ];
    for (reply, code, words) in cases {
        let path = folder.path().join("control");
        let listener = UnixListener::bind(&path).unwrap();
        let answer = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut call = [0; 1024];
            let length = stream.read(&mut call).unwrap();
            assert!(call[..length].ends_with(b"\0"));
            stream.write_all(reply).unwrap();
        });
        let (found, _, error) = ask(folder.path(), &["stop-pairing"]);
        assert_eq!(found, code, "{error}");
        assert!(error.contains(words), "{error}");
        answer.join().unwrap();
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn usage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (code, _, error) = tandem(here, &[]);
    assert_eq!(code, 2);
    assert!(error.contains("Usage: tandem") && error.contains("stop-pairing"), "{error}");
    let wrong: [&[&str]; 12] = [
        &["answer", "--hold", "--end"],
        &["answer", "--index", "0"],
        &["private"],
        &["voice", "away"],
        &["mute"],
        &["assistant", "perhaps"],
        &["battery", "101"],
        &["sing"],
        &["pair", "soon"],
        &["pair", "4000"],
        &["confirm", "A", "--passkey", "1000000"],
        &["timeline", "capture", "-o", "drawing.png"],
    ];
    for arguments in wrong {
        assert_eq!(tandem(here, arguments).0, 2, "{arguments:?}");
    }
    let (code, _, error) = ask(here, &["top"]);
    assert!(code == 3 || error.contains("needs a terminal"), "{error}");
    let (code, out, _) = tandem(here, &["--version"]);
    assert_eq!((code, out.as_str()), (0, concat!("tandem ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[test]
fn what_needs_no_daemon_needs_none() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (code, out, error) = tandem(here, &["probe", "--json"]);
    assert_eq!(code, 0, "{error}");
    assert!(serde_json::from_str::<Value>(&out).unwrap()["dongles"].is_array());
    assert_eq!(tandem(here, &["probe"]).0, 0);
    let (code, out, _) = tandem(here, &["completions", "bash"]);
    assert!(code == 0 && out.contains("stop-pairing"));
    let (code, out, _) = tandem(here, &["man"]);
    assert!(code == 0 && out.contains(".TH tandem 1"));
    std::fs::write(here.join("noise"), [0xA5; 100]).unwrap();
    let (code, _, error) = tandem(here, &["timeline", "noise"]);
    assert!(code == 1 && error.starts_with("tandem: noise: "), "{error}");
}
