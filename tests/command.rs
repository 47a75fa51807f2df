//! `tandem` as a process: against a daemon on the simulator, against a daemon that misbehaves,
//! and without one.

mod programs;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;
use std::thread;

use programs::{Daemon, program, told};
use serde_json::Value;

fn tandem(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    told(&program(env!("CARGO_BIN_EXE_tandem"), folder, arguments).output().unwrap())
}

/// A command to the daemon in `folder`.
fn ask(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    tandem(folder, &[&["--control", "control"], arguments].concat())
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
    assert_eq!(ask(here, &["stop-pairing"]).0, 0);
    daemon.says("pairing mode is over");

    assert_eq!(ask(here, &["set", "seats", "3"]), (0, String::new(), String::new()));
    assert!(ask(here, &["status"]).1.contains("seats             3\n"));
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
    assert!(out.contains("answer            end\n"), "{out}");
    let (code, _, error) = ask(folder.path(), &["assistant", "on"]);
    assert!(code == 1 && error.starts_with("tandem: NotConnected: "), "{error}");
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
