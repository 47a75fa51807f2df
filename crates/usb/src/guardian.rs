//! Gives a dongle back to the kernel's driver when we die: a child process that waits for that.
//!
//! A program that ends gives its interfaces up, but the kernel's driver does not come back by itself.
//! The guardian is started before the dongle is taken, and holds nothing but one end of a pair of
//! sockets. When that ends without a farewell, however we ended, it opens the node and has the
//! kernel look for a driver, for a while, in case some thread of ours still holds the interfaces.
//!
//! It is a grandchild, in a session of its own and deaf to signals: no terminal ends it, and there is no
//! zombie to wait for. The child in between ends without SIGCHLD, and a program that waits for any
//! child does not see it. (A program that adopts orphans will be told of the guardian's end.) Between
//! fork and end there are system calls only, on memory prepared before: the fork may have happened in
//! the middle of anything that another thread did. It costs the pages that the parent changes
//! afterwards.
//!
//! Not covered: a machine that dies with us, and somebody who kills the guardian too. The next start takes
//! the dongle all the same, and gives it back.

use std::ffi::{CString, c_int, c_long, c_uint};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::ptr;

use crate::usbfs::{CONNECT, DRIVER_NAME, GET_DRIVER, GetDriver, IOCTL, Request};

/// What says that the dongle was given back in order.
const FAREWELL: u8 = b'.';
/// How often, and how long apart, an interface is offered that is not free yet: two seconds.
const TRIES: usize = 20;
const BETWEEN: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// The most interfaces of a dongle.
const INTERFACES: usize = 2;

/// The promise that a dongle goes back to the kernel's driver, whatever happens to this process.
#[derive(Debug)]
pub struct Guardian {
    line: UnixStream,
}

/// What the guardian needs, made before the fork.
struct Charge {
    node: CString,
    interfaces: [Option<u8>; INTERFACES],
    /// The end that it listens on.
    line: RawFd,
}

impl Guardian {
    /// Starts one for these interfaces of the dongle behind `node`.
    pub fn start(node: &Path, interfaces: &[u8]) -> io::Result<Guardian> {
        let (line, listens) = UnixStream::pair()?;
        let node = CString::new(node.as_os_str().as_bytes())?;
        let mut charge = Charge { node, interfaces: [None; 2], line: listens.as_raw_fd() };
        for (place, interface) in charge.interfaces.iter_mut().zip(interfaces) {
            *place = Some(*interface);
        }
        let child = with_signals_blocked(|| {
            let child = fork();
            if child == 0 {
                // SAFETY: this is the child.
                unsafe { detach(&charge) };
            }
            check(child)
        })?;
        let mut status = 0;
        // It has only to fork, and ends at once.
        // SAFETY: the status is valid for writes, and the child is ours alone.
        while let Err(error) = check(unsafe { libc::waitpid(child, &mut status, libc::__WALL) }) {
            if error.kind() != io::ErrorKind::Interrupted {
                // Somebody waits for every process there is; it has ended in any case.
                break;
            }
        }
        match status {
            0 => Ok(Guardian { line }),
            _ => Err(io::Error::other("no process can be started")),
        }
    }

    /// The dongle was given back: the guardian ends and does nothing.
    pub fn dismiss(self) {
        let line = self.line.as_raw_fd();
        // SAFETY: one byte of a constant. If the guardian is dead already, so be it, without SIGPIPE.
        unsafe { libc::send(line, [FAREWELL].as_ptr().cast(), 1, libc::MSG_NOSIGNAL) };
    }
}

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A fork whose child ends without a signal, and that runs nothing of the C library's or the
/// program's in it.
fn fork() -> c_int {
    const NOTHING: c_long = 0;
    // SAFETY: no flags, no stack: a plain fork, with zero for the signal at its end.
    let child =
        unsafe { libc::syscall(libc::SYS_clone, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING) };
    child as c_int
}

/// Runs `body` with all signals held back, so that no handler of the program runs in a child.
fn with_signals_blocked<T>(body: impl FnOnce() -> T) -> T {
    // SAFETY: signal sets are plain bits, for which zero is a value; both are valid, and the mask is
    // this thread's alone.
    let before = unsafe {
        let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        before
    };
    let done = body();
    // SAFETY: the mask as it was.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut()) };
    done
}

/// The child: leaves a grandchild of its own session behind and ends.
///
/// # Safety
/// To be called in a process that was just forked, with all signals blocked. Makes system calls only.
unsafe fn detach(charge: &Charge) -> ! {
    // SAFETY: as the caller says; `_exit` runs nothing of the program's.
    unsafe {
        libc::setsid();
        match fork() {
            0 => guard(charge),
            grandchild => libc::_exit(c_int::from(grandchild < 0)),
        }
    }
}

/// The guardian.
///
/// # Safety
/// As [`detach`].
unsafe fn guard(charge: &Charge) -> ! {
    // SAFETY: as the caller says; the name and the buffer outlive the calls.
    unsafe {
        // The lowest descriptor is the line; with the others goes the parent's own end, or the line
        // would never end.
        libc::dup2(charge.line, 0);
        close_from(1);
        libc::chdir(c"/".as_ptr());
        libc::prctl(libc::PR_SET_NAME, c"tandem-guardian".as_ptr());
        let mut byte = 0u8;
        loop {
            match libc::read(0, (&raw mut byte).cast(), 1) {
                1 if byte == FAREWELL => libc::_exit(0),
                0 => break,
                // Signals are blocked; anything else is as good as the end.
                _ if *libc::__errno_location() != libc::EINTR => break,
                _ => {}
            }
        }
        let node = libc::open(charge.node.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        if node >= 0 {
            for interface in charge.interfaces.iter().flatten() {
                attach(node, *interface);
            }
        }
        libc::_exit(0);
    }
}

/// Has the kernel look for a driver, as soon as the interface is free.
///
/// # Safety
/// As [`detach`]; `node` is open.
unsafe fn attach(node: RawFd, interface: u8) {
    for _ in 0..TRIES {
        let mut connect =
            Request { interface: interface.into(), code: CONNECT, data: ptr::null_mut() };
        let mut asked = GetDriver { interface: interface.into(), driver: [0; DRIVER_NAME] };
        // SAFETY: the structures are the requests'; the time is valid.
        unsafe {
            if libc::ioctl(node, IOCTL as _, &raw mut connect) >= 0 {
                return;
            }
            // Taken already, by a driver that came with the other interface, as a rule.
            let has_driver = libc::ioctl(node, GET_DRIVER as _, &raw mut asked) >= 0;
            if has_driver && !asked.driver.starts_with(b"usbfs\0") {
                return;
            }
            libc::nanosleep(&BETWEEN, ptr::null_mut());
        }
    }
}

/// Closes every descriptor from `first` on.
///
/// # Safety
/// As [`detach`].
unsafe fn close_from(first: c_uint) {
    // SAFETY: plain numbers; descriptors of this process alone, where nobody will use them.
    unsafe {
        if libc::syscall(libc::SYS_close_range, first, c_uint::MAX, 0) == 0 {
            return;
        }
        // Kernels before 5.9: as many as there may be.
        let mut limit: libc::rlimit = mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        for descriptor in first..limit.rlim_cur.min(65_536) as c_uint {
            libc::close(descriptor as c_int);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::inotify;
    use std::io::Read;
    use std::os::fd::OwnedFd;

    const LONG: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

    /// A file in a node's place, and what tells that it was opened.
    fn node() -> (tempfile::NamedTempFile, OwnedFd) {
        let node = tempfile::NamedTempFile::new().unwrap();
        let opened =
            inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&opened, node.path(), inotify::WatchFlags::OPEN).unwrap();
        (node, opened)
    }

    fn was_opened(opened: &OwnedFd, within: &Timespec) -> bool {
        poll(&mut [PollFd::new(opened, PollFlags::IN)], Some(within)).unwrap() == 1
    }

    #[test]
    fn the_end_without_a_farewell_has_the_node_opened() {
        let (node, opened) = node();
        let guardian = Guardian::start(node.path(), &[0, 1]).unwrap();
        assert!(!was_opened(&opened, &Timespec { tv_sec: 0, tv_nsec: 0 }));
        drop(guardian);
        assert!(was_opened(&opened, &LONG));
    }

    #[test]
    fn after_a_farewell_it_ends_and_does_nothing() {
        let (node, opened) = node();
        let guardian = Guardian::start(node.path(), &[0, 1]).unwrap();
        let mut line = guardian.line.try_clone().unwrap();
        guardian.dismiss();
        assert_eq!(line.read(&mut [0]).unwrap(), 0, "its end is closed when it is gone");
        assert!(!was_opened(&opened, &Timespec { tv_sec: 0, tv_nsec: 0 }));
    }

    #[test]
    fn nobody_has_to_wait_for_it() {
        let (node, _) = node();
        let guardian = Guardian::start(node.path(), &[0]).unwrap();
        // SAFETY: a null status is allowed.
        let child = unsafe { libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG) };
        assert_eq!(check(child).map_err(|error| error.raw_os_error()), Err(Some(libc::ECHILD)));
        guardian.dismiss();
    }
}
