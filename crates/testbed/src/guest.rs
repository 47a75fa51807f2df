//! Runs a job in the kernel: the inside. The first process of the guest.
//!
//! It makes the usual places (`/proc`, `/sys`, `/run`, …), lets the shared folder be written to, brings
//! loopback up, runs the job, ends whatever the job left behind, says how the job ended and
//! turns the guest off. There is no udevd and no systemd: a job starts what it needs.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::fs;
use std::io::{self, Error, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};

use rustix::mount::{MountFlags, mount, mount_bind};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SendFlags, SocketType, sendto, socket};
use rustix::process::{Pid, WaitOptions, wait};
use rustix::system::{RebootCommand, reboot};
use rustix::termios::{OptionalActions, OutputModes, tcgetattr, tcsetattr};

use crate::boot::{BROKEN, ENDED, JOB};

/// Where temporary files go: the host's `/tmp` cannot be written to.
const TEMPORARY: &str = "/var/tmp";

/// Where the shared folder is, too: sockets' paths must be short.
const SHORT: &str = "/run/share";

/// Runs the job that the shared folder names, and turns the guest off.
pub(crate) fn run(share: &Path) -> io::Result<ExitCode> {
    if !rustix::process::getpid().is_init() {
        return Err(Error::other("`guest` is what the kernel starts first; use `boot`"));
    }
    let code = prepare(share).and_then(|()| job(share)).unwrap_or_else(|error| {
        eprintln!("testbed: in the guest: {error}");
        BROKEN
    });
    rustix::fs::sync();
    println!("\n{ENDED}{code}");
    io::stdout().flush()?;
    reboot(RebootCommand::PowerOff)?;
    Ok(ExitCode::SUCCESS)
}

fn prepare(share: &Path) -> io::Result<()> {
    plain_console()?;
    let no = MountFlags::empty();
    for (kind, place, data) in [
        ("proc", "/proc", c""),
        ("sysfs", "/sys", c""),
        ("tmpfs", "/run", c"mode=0755"),
        ("tmpfs", TEMPORARY, c"mode=1777"),
    ] {
        mounted(kind, Path::new(place), no, data)?;
    }
    // The kernel has mounted devtmpfs itself.
    for (kind, place, data) in
        [("devpts", "/dev/pts", c"mode=0620,ptmxmode=0666"), ("tmpfs", "/dev/shm", c"mode=1777")]
    {
        fs::create_dir_all(place)?;
        mounted(kind, Path::new(place), no, data)?;
    }
    // Not there where it is below one of these places outside.
    if !share.is_dir() {
        fs::create_dir_all(share)?;
    }
    let here = CString::new(share.as_os_str().as_bytes())?;
    mounted("hostfs", share, no, &here)?;
    fs::create_dir(SHORT)?;
    mount_bind(share, SHORT)?;
    loopback()
}

fn mounted(kind: &str, place: &Path, flags: MountFlags, data: &CStr) -> io::Result<()> {
    mount(kind, place, kind, flags, data)
        .map_err(|error| Error::other(format!("{kind} on {}: {error}", place.display())))
}

/// The console passes lines on as they are, without a carriage return at each end.
fn plain_console() -> io::Result<()> {
    let mut settings = tcgetattr(io::stdout())?;
    settings.output_modes.remove(OutputModes::OPOST);
    Ok(tcsetattr(io::stdout(), OptionalActions::Now, &settings)?)
}

/// Brings `lo` up, whose index is always 1 (rtnetlink(7), RTM_NEWLINK).
fn loopback() -> io::Result<()> {
    const NEW_LINK: u16 = 16;
    const REQUEST: u16 = 1;
    const UP: u32 = 1;
    let mut message = Vec::with_capacity(32);
    message.extend(32u32.to_ne_bytes());
    message.extend(NEW_LINK.to_ne_bytes());
    message.extend(REQUEST.to_ne_bytes());
    message.extend([0; 8]); // sequence number and port
    message.extend([0; 4]); // family, type
    message.extend(1i32.to_ne_bytes());
    message.extend(UP.to_ne_bytes());
    message.extend(UP.to_ne_bytes()); // which flags change
    let route = socket(AddressFamily::NETLINK, SocketType::RAW, None)?;
    sendto(&route, &message, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    Ok(())
}

fn job(share: &Path) -> io::Result<u8> {
    let described: serde_json::Value = serde_json::from_slice(&fs::read(share.join(JOB))?)?;
    let job: Vec<String> = serde_json::from_value(described["job"].clone())?;
    let environment: BTreeMap<String, String> =
        serde_json::from_value(described["environment"].clone())?;
    let folder = described["folder"].as_str().unwrap_or("/");
    let (program, arguments) =
        job.split_first().ok_or_else(|| Error::other("there is nothing to run"))?;
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .env("TMPDIR", TEMPORARY)
        .env("XDG_RUNTIME_DIR", "/run")
        .current_dir(folder)
        .spawn()
        .map_err(|error| Error::other(format!("{program}: {error}")))?;
    let pid = Pid::from_child(&child);
    loop {
        // Orphans become ours; they are waited for, too.
        match wait(WaitOptions::empty())? {
            Some((ended, status)) if ended == pid => {
                let status = ExitStatus::from_raw(status.as_raw());
                let signal = status.signal().map(|signal| 128 + signal);
                let code = status.code().or(signal).unwrap_or_default();
                return Ok(u8::try_from(code).unwrap_or(BROKEN));
            }
            _ => {}
        }
    }
}
