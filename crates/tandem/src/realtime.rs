//! Makes the calling thread a real-time one, as far as it is permitted: SCHED_FIFO, a processor of
//! its own, a stack that is there before it is needed, and locked memory.
//!
//! Only what the real-time threads touch is locked. `mlockall` would lock every library and thread
//! stack, some 200 MB, and fail at the common limit of 8 MB.

use std::fmt::Write;
use std::ptr::NonNull;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// How much stack is touched and locked before a thread starts its work.
const STACK: usize = 64 * 1024;

/// What a thread asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    /// SCHED_FIFO priority; 0: an ordinary thread.
    pub(crate) priority: u8,
    /// The processor to stay on.
    pub(crate) cpu: Option<usize>,
    /// Without one: stay on the last of several all the same, if real-time scheduling is permitted.
    /// Interrupts and ordinary threads gather on the first as a rule.
    pub(crate) pinned: bool,
}

/// Applies a wish to the calling thread. Gives what was refused, with the setting that would permit
/// it; the thread runs on either way.
pub(crate) fn enter(wish: Wish) -> Option<String> {
    let mut refused = String::new();
    lock_stack();
    let granted = wish.priority > 0 && fifo(wish.priority);
    let last = || (wish.pinned && granted).then(last_processor).flatten();
    if let Some(cpu) = wish.cpu.or_else(last) {
        let mut set = CpuSet::new();
        if cpu < CpuSet::MAX_CPU {
            set.set(cpu);
        }
        if let Err(error) = sched_setaffinity(None, &set) {
            let _ =
                write!(refused, "pinning to processor {cpu} failed ({error}); see realtime.cpu. ");
        }
    }
    if wish.priority > 0 && !granted {
        let _ = write!(
            refused,
            "real-time scheduling is not permitted; LimitRTPRIO={0} in the systemd unit, or \
             \"rtprio {0}\" in /etc/security/limits.conf, would permit it",
            wish.priority
        );
    }
    (!refused.is_empty()).then_some(refused)
}

/// Locks memory into RAM; gives whether it was permitted.
pub(crate) fn lock(extent: (NonNull<u8>, usize)) -> bool {
    // SAFETY: the extent is mapped memory of ours; locking changes neither contents nor validity.
    unsafe { libc::mlock(extent.0.as_ptr().cast(), extent.1) == 0 }
}

/// The last processor that we may run on, if there is a choice.
fn last_processor() -> Option<usize> {
    let permitted = sched_getaffinity(None).ok()?;
    (permitted.count() > 1).then(|| (0..CpuSet::MAX_CPU).rfind(|cpu| permitted.is_set(*cpu)))?
}

fn fifo(priority: u8) -> bool {
    // SAFETY: the structure is plain data, filled in before the call that reads it; thread 0 is the
    // calling thread.
    unsafe {
        let mut parameter: libc::sched_param = std::mem::zeroed();
        parameter.sched_priority = i32::from(priority);
        libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &parameter) == 0
    }
}

/// Touches the stack below the caller's frame, so that it is mapped, and locks it.
#[inline(never)]
fn lock_stack() {
    let mut stack = [0u8; STACK];
    let touched = std::hint::black_box(&mut stack);
    for page in touched.chunks_mut(4096) {
        page[0] = 1;
    }
    if let Some(start) = NonNull::new(touched.as_mut_ptr()) {
        // It stays locked after this function returns: the pages belong to the thread's stack.
        let _ = lock((start, STACK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impossible_wish_is_named_and_survived() {
        std::thread::spawn(|| {
            let refused = enter(Wish { priority: 0, cpu: Some(1023), pinned: false }).unwrap();
            assert!(refused.contains("realtime.cpu"), "{refused}");
            assert_eq!(enter(Wish { priority: 0, cpu: None, pinned: true }), None);
        })
        .join()
        .unwrap();
    }
}
