//! `tandem_audio`: sound that a program takes and gives itself; and the hook for its echo canceller.

use std::ffi::{c_char, c_int, c_void};
use std::fmt;
use std::os::fd::AsRawFd;

use tandem::{AudioKind, Canceller, Refusal};

use crate::answer::{Failure, Status, guard, guard_value};
use crate::config::Config;
use crate::pointer::{Out, borrow, borrow_mut, give, slice, slice_mut, take};
use crate::receiver::{Receiver, some_phone};

/// Everything that is heard, with its gains, fades and tones.
pub const TANDEM_AUDIO_MIX: u32 = 1;
/// What a phone plays, as it was decoded: before any gain, as its packets come.
pub const TANDEM_AUDIO_MEDIA: u32 = 2;
/// The far end's voice, as its packets come; and the microphone.
pub const TANDEM_AUDIO_VOICE: u32 = 3;

/// Sound that a program takes and gives itself.
#[derive(Debug)]
pub struct Audio(tandem::Audio);

/// An echo canceller: takes out of `near`, what the microphone heard, what of `far`, what was
/// played, is in it. Both hold `frames` samples, at most 2.5 ms, of one channel at `rate` samples a
/// second. `far` is the mix as it was rendered for the sink, handed over in order and without a
/// break like `near`: the echo follows its cause by what lies in the buffers between, up to a round
/// of the sink and the devices' own, and a canceller has to follow that delay when it changes. It
/// is called on the audio thread: it must not wait, nor call this library, nor throw.
pub type EchoCanceller = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        far: *const i16,
        near: *mut i16,
        frames: usize,
        rate: u32,
    ),
>;

/// A program's canceller.
#[derive(Clone, Copy)]
pub(crate) struct Callback {
    function: unsafe extern "C" fn(*mut c_void, *const i16, *mut i16, usize, u32),
    context: *mut c_void,
}

// SAFETY: who sets it promises that it may be called with its context from the audio thread.
unsafe impl Send for Callback {}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}

impl Canceller for Callback {
    fn process(&mut self, far: &[i16], near: &mut [i16], rate: u32) {
        let frames = near.len().min(far.len());
        // SAFETY: who set it promised that it may be called with its context until the receiver is
        // closed; both point to so many samples.
        unsafe { (self.function)(self.context, far.as_ptr(), near.as_mut_ptr(), frames, rate) }
    }
}

/// Has a function take echo out of what the microphone hears, before it is coded; phones are told
/// to leave that to the receiver, as by `echo_cancellation`. A null `canceller` takes it back. A
/// configuration with a canceller is for one receiver at a time.
///
/// # Safety
/// `config` is from tandem_config_new; `canceller` may be called with `context` from another thread
/// until every receiver that is opened with it is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_config_set_canceller(
    config: *mut Config,
    canceller: EchoCanceller,
    context: *mut c_void,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let config = unsafe { borrow_mut(config, "config")? };
        config.canceller = canceller.map(|function| Callback { function, context });
        Ok(())
    })
}

/// Opens sound to read, and of the kind TANDEM_AUDIO_VOICE to write: interleaved 16-bit samples at
/// `rate` frames a second, 8000 to 48000, in one channel or two. `phone` is whose media or voice it
/// is, a name that is known, or an address, which may be that of a phone to come; null: whichever
/// phone's is heard. It begins within 100 ms, holds what is not read for 680 ms at 48 kHz, and loses
/// the oldest then. TANDEM_STATUS_BAD_VALUE for a kind, rate, channels or a phone of the mix that
/// cannot be; TANDEM_STATUS_BUSY when eight are open. It may outlive the receiver, and ends with it.
///
/// # Safety
/// `receiver` is from tandem_receiver_open and not closed; `phone`, unless null, ends with a zero
/// byte; `audio` has room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_audio_open(
    receiver: *const Receiver,
    kind: u32,
    phone: *const c_char,
    rate: u32,
    channels: u8,
    audio: *mut *mut Audio,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (receiver, phone, out) = unsafe {
            let receiver = borrow(receiver, "receiver")?;
            (&receiver.receiver, some_phone(receiver, phone)?, Out::new(audio, "audio")?)
        };
        let kind = match kind {
            TANDEM_AUDIO_MIX => AudioKind::Mix,
            TANDEM_AUDIO_MEDIA => AudioKind::Media,
            TANDEM_AUDIO_VOICE => AudioKind::Voice,
            _ => return Err(Failure::new(Status::BadValue, "kind: is none of TANDEM_AUDIO_...")),
        };
        let opened = receiver.audio(kind, phone, rate, channels);
        out.write(give(Audio(opened.map_err(|refusal| match refusal {
            Refusal::BadValue => Failure::new(Status::BadValue, tandem::NO_SUCH_AUDIO),
            other => other.into(),
        })?)));
        Ok(())
    })
}

/// A file descriptor that poll, select and epoll find readable from when something can be read until
/// a read found less than it had room for, and at the end. It belongs to the audio object: do not
/// read or close it. -1 for null.
///
/// # Safety
/// `audio` is from tandem_audio_open and not closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_audio_fd(audio: *const Audio) -> c_int {
    guard_value(-1, || {
        // SAFETY: the caller's promise.
        Ok(unsafe { borrow(audio, "audio") }?.0.fd().as_raw_fd())
    })
}

/// Reads up to `frames` frames into `samples` and tells in `read` how many they are, and in `lost`
/// how many are missing before them because they were not read in time: a read ends where some are
/// missing. Never waits. TANDEM_STATUS_NOTHING when none wait, TANDEM_STATUS_CLOSED when none will
/// come.
///
/// # Safety
/// `audio` is from tandem_audio_open and not closed, and no other thread uses it; `samples` has
/// room for `frames` frames; `read` has room; `lost` has room or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_audio_read(
    audio: *mut Audio,
    samples: *mut i16,
    frames: usize,
    read: *mut usize,
    lost: *mut u64,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (audio, samples, read, lost) = unsafe {
            let audio = &mut borrow_mut(audio, "audio")?.0;
            let samples = slice_mut(samples, frames, audio.channels(), "samples")?;
            (audio, samples, Out::new(read, "read")?, Out::wanted(lost, "lost")?)
        };
        let closed = audio.is_closed();
        let heard = audio.read(samples);
        if heard.frames == 0 && frames > 0 {
            return Err(match closed {
                true => Failure::new(Status::Closed, "the receiver has ended"),
                false => Failure::new(Status::Nothing, "no sound waits"),
            });
        }
        read.write(heard.frames);
        if let Some(lost) = lost {
            lost.write(heard.lost);
        }
        Ok(())
    })
}

/// Writes frames that phones hear as the microphone, in place of the one that is configured from
/// the first call until this audio object is closed. Tells in `written` how many were taken, fewer
/// than given when a quarter of a second waits, and in `missed` for how many frames phones were
/// sent silence since the last call because nothing was written in time. Never waits. While no
/// voice link is open what was taken is dropped. TANDEM_STATUS_NOT_SUPPORTED for another kind than
/// TANDEM_AUDIO_VOICE, TANDEM_STATUS_CLOSED when the receiver has ended.
///
/// # Safety
/// `audio` is from tandem_audio_open and not closed, and no other thread uses it; `samples` holds
/// `frames` frames; `written` has room; `missed` has room or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_audio_write(
    audio: *mut Audio,
    samples: *const i16,
    frames: usize,
    written: *mut usize,
    missed: *mut u64,
) -> Status {
    guard(|| {
        // SAFETY: the caller's promise.
        let (audio, samples, written, missed) = unsafe {
            let audio = &mut borrow_mut(audio, "audio")?.0;
            let samples = slice(samples, frames, audio.channels(), "samples")?;
            (audio, samples, Out::new(written, "written")?, Out::wanted(missed, "missed")?)
        };
        if !audio.is_writable() {
            return Err(Failure::new(Status::NotSupported, "only a voice is written"));
        }
        if audio.is_closed() {
            return Err(Failure::new(Status::Closed, "the receiver has ended"));
        }
        let said = audio.write(samples);
        written.write(said.frames);
        if let Some(missed) = missed {
            missed.write(said.missed);
        }
        Ok(())
    })
}

/// Closes an audio object; null is nothing to close.
///
/// # Safety
/// `audio` is from tandem_audio_open and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_audio_close(audio: *mut Audio) {
    guard(|| {
        // SAFETY: the caller's promise.
        drop(unsafe { take(audio, "audio") }?);
        Ok(())
    });
}
