//! Runs a job in the kernel: the outside.
//!
//! The kernel is an ordinary process. Its root is the host's file system, read-only; the shared folder
//! is the one place that both sides write to. Everything that it runs lives in a process
//! namespace that dies with us.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Error, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, getuid, kill_process};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The job's output ends with this and its exit code: the kernel's own says nothing.
pub(crate) const ENDED: &str = "testbed: the job ended with ";
/// The file in the shared folder that says what to run.
pub(crate) const JOB: &str = "job.json";
/// The folder in the shared folder where the kernel notes its process.
const KERNEL: &str = ".kernel";

/// Our exit code where time ran out, as `timeout`'s.
const OUT_OF_TIME: u8 = 124;
/// Our exit code where the bed itself failed.
pub(crate) const BROKEN: u8 = 125;

/// A job to run.
pub(crate) struct Boot {
    pub(crate) kernel: PathBuf,
    pub(crate) share: PathBuf,
    pub(crate) seconds: f64,
    pub(crate) memory: u32,
    pub(crate) job: Vec<OsString>,
}

impl Boot {
    /// Runs the job and passes on what it prints. Gives its exit code.
    pub(crate) fn run(&self) -> io::Result<u8> {
        fs::create_dir_all(&self.share)?;
        let share = self.share.canonicalize()?;
        let name = |path: &PathBuf| {
            let plain = path.to_str().filter(|text| !text.contains([' ', '"', ',']));
            plain.map(str::to_owned).ok_or_else(|| {
                Error::other(format!("{} cannot stand on a kernel's command line", path.display()))
            })
        };
        let job = share.join(JOB);
        fs::write(&job, self.describe()?)?;
        pin()?;
        let mut child = self.spawn(&name(&share)?, &name(&std::env::current_exe()?)?)?;
        let code = self.follow(&mut child);
        // Where it still runs (our output cannot be written), it must not outlive us.
        let _ = child.kill();
        child.wait()?;
        fs::remove_file(job)?;
        let _ = fs::remove_dir_all(share.join(KERNEL));
        code
    }

    /// What to run, where, and with which environment, as JSON.
    fn describe(&self) -> io::Result<String> {
        let text = |text: OsString| {
            text.into_string().map_err(|text| Error::other(format!("{text:?} is not UTF-8")))
        };
        let job: Vec<String> = self.job.iter().cloned().map(text).collect::<io::Result<_>>()?;
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let folder = std::env::current_dir()?;
        let described = serde_json::json!({
            "job": job, "environment": environment, "folder": folder.display().to_string(),
        });
        Ok(described.to_string())
    }

    fn spawn(&self, share: &str, init: &str) -> io::Result<Child> {
        // `--pdeathsig`: it dies with us; `--kill-child`: all that it runs dies with it.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child"]);
        if !getuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.arg("--mount-proc").arg(&self.kernel).arg(format!("mem={}M", self.memory));
        command.args([
            "root=/dev/root",
            "rootfstype=hostfs",
            "rootflags=/",
            "ro",
            "quiet",
            "panic=-1",
        ]);
        command.args(["con=null", "con0=null,fd:1", "con1=null", "ssl=null"]);
        command.arg(format!("uml_dir={share}/{KERNEL}/")).arg(format!("init={init}"));
        command.args(["--", "guest", share]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()
    }

    fn follow(&self, child: &mut Child) -> io::Result<u8> {
        let output = child.stdout.take().ok_or_else(|| Error::other("no output"))?;
        let (done, wait) = mpsc::channel::<()>();
        let (pid, limit) = (Pid::from_child(child), Duration::from_secs_f64(self.seconds));
        let watchdog = std::thread::spawn(move || {
            let out_of_time = wait.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout);
            if out_of_time {
                let _ = kill_process(pid, Signal::KILL);
            }
            out_of_time
        });
        let code = pass_on(BufReader::new(output), &mut io::stdout().lock());
        drop(done);
        match (code?, watchdog.join()) {
            (Some(code), _) => Ok(code),
            (None, Ok(true)) => {
                eprintln!("testbed: not done after {} s", self.seconds);
                Ok(OUT_OF_TIME)
            }
            (None, _) => Err(Error::other("the kernel ended, the job had not")),
        }
    }
}

/// Keeps us and what we start on one processor, another for each of us as far as they go. The kernel
/// and its programs are host processes that hand over to one another at each system call, a hundred
/// times slower on a busy machine where that wakes another processor.
fn pin() -> io::Result<()> {
    let allowed = sched_getaffinity(None)?;
    let processors: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu)).collect();
    let Some(one) = processors.get(std::process::id() as usize % processors.len().max(1)) else {
        return Ok(());
    };
    let mut only = CpuSet::new();
    only.set(*one);
    Ok(sched_setaffinity(None, &only)?)
}

/// Copies lines until the one that says how the job ended.
fn pass_on(mut from: impl BufRead, to: &mut impl Write) -> io::Result<Option<u8>> {
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        if let Some(code) = text.strip_prefix(ENDED.as_bytes()) {
            return Ok(std::str::from_utf8(code).ok().and_then(|code| code.parse().ok()));
        }
        to.write_all(&line)?;
        to.flush()?;
        line.clear();
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_job_ends_with_its_code_and_what_it_printed() {
        let mut out = Vec::new();
        let said = format!("one\n\ntwo\n{ENDED}7\nthe kernel's last words\n");
        assert_eq!(pass_on(said.as_bytes(), &mut out).unwrap(), Some(7));
        assert_eq!(out, b"one\n\ntwo\n");
    }

    #[test]
    fn a_kernel_that_just_ends_gives_no_code() {
        let mut out = Vec::new();
        assert_eq!(pass_on("one\ntw".as_bytes(), &mut out).unwrap(), None);
        assert_eq!(out, b"one\ntw");
    }
}
