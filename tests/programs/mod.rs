//! The two programs as processes: started, spoken to, and gone when the test ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take for what takes no time.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What a program must not find in its surroundings.
const SURROUNDINGS: [&str; 6] = [
    "XDG_RUNTIME_DIR",
    "RUNTIME_DIRECTORY",
    "STATE_DIRECTORY",
    "TANDEM_CONTROL",
    "NOTIFY_SOCKET",
    "JOURNAL_STREAM",
];

/// One of the programs, in `folder` and with nothing around it.
pub fn program(path: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for name in SURROUNDINGS {
        command.env_remove(name);
    }
    command
}

/// A `tandemd` with its folder. When it is dropped it is killed.
pub struct Daemon {
    child: Child,
    folder: PathBuf,
    lines: mpsc::Receiver<String>,
    said: Vec<String>,
}

impl Daemon {
    /// Starts one whose control socket is `control` in `folder`.
    pub fn start(folder: &Path, arguments: &[&str]) -> Daemon {
        Daemon::start_with(folder, arguments, |_| {})
    }

    pub fn start_with(folder: &Path, arguments: &[&str], change: impl Fn(&mut Command)) -> Daemon {
        let own = ["--control", "control", "--state-dir", "state", "--sound", "null"];
        let arguments = [&own[..], arguments].concat();
        let mut command = program(env!("CARGO_BIN_EXE_tandemd"), folder, &arguments);
        change(&mut command);
        Daemon::run(folder, command)
    }

    /// Starts one by a command that gives it `control` in `folder` as its socket.
    pub fn run(folder: &Path, mut command: Command) -> Daemon {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Daemon { child, folder: folder.into(), lines, said: Vec::new() }
    }

    /// Starts one on the simulator and waits until it is ready.
    pub fn ready(folder: &Path, arguments: &[&str]) -> Daemon {
        let arguments = [&["--controller", "sim"], arguments].concat();
        let mut daemon = Daemon::start(folder, &arguments);
        daemon.says("tandemd: ready: ");
        daemon
    }

    pub fn control(&self) -> PathBuf {
        self.folder.join("control")
    }

    /// Waits for a line that holds `words` and gives it.
    pub fn says(&mut self, words: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(words) {
                        return line;
                    }
                }
                Err(_) => panic!("{words:?} is not among:\n{}", self.said.join("\n")),
            }
        }
    }

    /// Everything that it says until it ends.
    pub fn everything(&mut self) -> String {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.said.push(line);
        }
        self.said.join("\n")
    }

    pub fn signal(&self, name: &str) {
        let status =
            Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until it ends; gives how, and how long that took.
    pub fn end(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, start.elapsed());
            }
            assert!(start.elapsed() < PATIENCE, "it still runs:\n{}", self.said.join("\n"));
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it as a service manager does: exit code 0 within 2 s.
    pub fn stop(mut self) {
        self.signal("TERM");
        let (status, took) = self.end();
        let said = self.everything();
        assert_eq!(status.code(), Some(0), "{said}");
        assert!(took < Duration::from_secs(2), "{took:?}:\n{said}");
        assert!(!self.control().exists(), "the socket is left behind");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Exit code, standard output and standard error.
pub fn told(output: &Output) -> (i32, String, String) {
    (
        output.status.code().expect("an exit code"),
        String::from_utf8(output.stdout.clone()).unwrap(),
        String::from_utf8(output.stderr.clone()).unwrap(),
    )
}
