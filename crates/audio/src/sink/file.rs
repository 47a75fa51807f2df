//! Sound into files and pipes: RIFF WAVE (PCM, 16 bits, stereo) and bare s16le.
//!
//! Frames are gathered for [`GATHER_MS`] and written with one call. A `wav` header states what was
//! in the file when it was last rewritten ([`HEADER_MS`]), and data goes before header: whenever
//! the program is killed, the file is whole as far as it says. Beyond 4 GiB (6.2 hours at 48 kHz)
//! the header stays at its largest sizes, which readers take as *to the end of the file*.
//!
//! A pipe whose reader lags is never waited for: what it does not take is kept up to one second
//! and then dropped, whole frames at a time. (A process that has not set SIGPIPE aside, as Rust
//! programs do, dies with the reader of its pipe.)

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use super::{Contents, Lost, OpenError, OpenErrorKind};

/// How much sound is gathered for one write, in milliseconds.
const GATHER_MS: usize = 250;
/// How often the header is rewritten at least, in milliseconds of sound.
const HEADER_MS: usize = 500;
/// Bytes of a header.
pub(super) const HEADER: usize = 44;
/// Bytes of a stereo frame.
const FRAME: usize = 4;
/// What a pipe that is ready to be written takes without blocking (POSIX's least `PIPE_BUF` is
/// 512; Linux takes a page).
const PIPE_PIECE: usize = 4096;

enum Target {
    File(File),
    Pipe(File),
    Stdout,
}

/// A `wav:` or `raw:` sink.
pub(super) struct FileSink {
    target: Target,
    name: String,
    rate: u32,
    wav: bool,
    gathered: Vec<u8>,
    gather: usize,
    /// Bytes of sound in the file, and those that the header states.
    data: u64,
    stated: u64,
    /// Bytes of a frame that a pipe has taken in part.
    torn: usize,
    dropped: u64,
}

impl FileSink {
    pub(super) fn wav(path: &str, rate: u32, contents: Contents) -> Result<Self, OpenError> {
        let spec = format!("wav:{path}");
        let file = create(&spec, path, contents)?;
        let (pipe, size) = file.metadata().map_or((false, 0), |m| (!m.is_file(), m.len()));
        if pipe {
            let reason =
                format!("{path} is not a plain file; a wav header must be rewritten, use raw:");
            return Err(OpenError::usage(&spec, reason));
        }
        let mut sink = FileSink::on(Target::File(file), path, rate, true);
        match contents {
            Contents::Gone => {
                sink.header().map_err(|lost| OpenError::failed(&spec, lost.reason))?
            }
            Contents::Kept => sink.data = size.saturating_sub(HEADER as u64),
        }
        Ok(sink)
    }

    pub(super) fn raw(path: &str, rate: u32, contents: Contents) -> Result<Self, OpenError> {
        let file = create(&format!("raw:{path}"), path, contents)?;
        let plain = file.metadata().map(|m| m.is_file()).unwrap_or(true);
        let target = if plain { Target::File(file) } else { Target::Pipe(file) };
        Ok(FileSink::on(target, path, rate, false))
    }

    pub(super) fn stdout(rate: u32) -> Self {
        FileSink::on(Target::Stdout, "standard output", rate, false)
    }

    fn on(target: Target, name: &str, rate: u32, wav: bool) -> Self {
        // Somebody may be listening at the end of a pipe: little is gathered there.
        let gather_ms = if matches!(target, Target::File(_)) { GATHER_MS } else { 10 };
        let second = rate as usize * FRAME;
        let room = if matches!(target, Target::File(_)) { second / 2 } else { second };
        FileSink {
            target,
            name: name.into(),
            rate,
            wav,
            gathered: Vec::with_capacity(room),
            gather: second * gather_ms / 1000,
            data: 0,
            stated: 0,
            torn: 0,
            dropped: 0,
        }
    }

    /// The next frame to be written is that one, from the start of a file; what lies between is
    /// silence. A pipe just goes on.
    pub(super) fn go_on_at(&mut self, frame: u64) {
        if matches!(self.target, Target::File(_)) {
            (self.data, self.stated) = (frame * FRAME as u64, 0);
        }
    }

    /// Whether it goes to a reader, as to one of standard output.
    pub(super) fn is_pipe(&self) -> bool {
        !matches!(self.target, Target::File(_))
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn write(&mut self, frames: &[i16]) -> Result<(), Lost> {
        for piece in frames.chunks(1024) {
            if self.gathered.len() + piece.len() * 2 > self.gathered.capacity() {
                self.hand_over()?;
                self.make_room(piece.len() * 2);
            }
            let end = self.gathered.len();
            self.gathered.resize(end + piece.len() * 2, 0);
            let (bytes, _) = self.gathered[end..].as_chunks_mut::<2>();
            bytes.iter_mut().zip(piece).for_each(|(bytes, sample)| *bytes = sample.to_le_bytes());
        }
        if self.gathered.len() >= self.gather {
            self.hand_over()?;
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), Lost> {
        self.hand_over()?;
        if self.wav { self.header() } else { Ok(()) }
    }

    /// Drops the oldest whole frames of a pipe that is full.
    fn make_room(&mut self, bytes: usize) {
        let over = (self.gathered.len() + bytes).saturating_sub(self.gathered.capacity());
        if over == 0 {
            return;
        }
        // The rest of a torn frame stays, or its sample is patched from two.
        let torn = ((FRAME - self.torn) % FRAME).min(self.gathered.len());
        let end = (torn + over.next_multiple_of(FRAME)).min(self.gathered.len());
        self.dropped += ((end - torn) / FRAME) as u64;
        self.gathered.drain(torn..end);
    }

    fn hand_over(&mut self) -> Result<(), Lost> {
        match &self.target {
            Target::File(file) => {
                let at = if self.wav { HEADER as u64 } else { 0 } + self.data;
                file.write_all_at(&self.gathered, at).map_err(|e| self.lost(e))?;
                self.data += self.gathered.len() as u64;
                self.gathered.clear();
            }
            Target::Pipe(pipe) => {
                let taken = offer(pipe.as_fd(), &self.gathered).map_err(|e| self.lost(e))?;
                self.took(taken);
            }
            Target::Stdout => {
                let stdout = io::stdout();
                let taken = offer(stdout.as_fd(), &self.gathered).map_err(|e| self.lost(e))?;
                self.took(taken);
            }
        }
        let second = u64::from(self.rate) * FRAME as u64;
        if self.wav && self.data - self.stated >= second * HEADER_MS as u64 / 1000 {
            self.header()?;
        }
        Ok(())
    }

    fn took(&mut self, bytes: usize) {
        self.gathered.drain(..bytes);
        self.data += bytes as u64;
        self.torn = (self.torn + bytes) % FRAME;
    }

    fn header(&mut self) -> Result<(), Lost> {
        if let Target::File(file) = &self.target {
            file.write_all_at(&header(self.rate, self.data), 0).map_err(|e| self.lost(e))?;
            self.stated = self.data;
        }
        Ok(())
    }

    fn lost(&self, error: io::Error) -> Lost {
        let hint = match error.kind() {
            io::ErrorKind::StorageFull => " (make room, or write elsewhere)",
            io::ErrorKind::BrokenPipe => " (its reader is gone)",
            _ => "",
        };
        Lost { reason: format!("writing {}: {error}{hint}", self.name) }
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = self.flush();
    }
}

fn create(spec: &str, path: &str, contents: Contents) -> Result<File, OpenError> {
    // Opening a pipe that nobody reads would wait for ever without NONBLOCK.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let mut options = File::options();
    options.write(true).create(true).truncate(contents == Contents::Gone).custom_flags(flags);
    options.open(path).map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => format!("cannot create {path}: its folder does not exist"),
            io::ErrorKind::PermissionDenied => {
                format!("cannot write {path}: permission denied; choose a folder you may write")
            }
            _ if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                format!("nobody reads the pipe {path}; start its reader first")
            }
            _ => format!("cannot write {path}: {error}"),
        };
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => OpenErrorKind::Permission,
            _ => OpenErrorKind::Failed,
        };
        OpenError { sink: spec.into(), reason, kind }
    })
}

/// Writes as much as a pipe takes without waiting.
fn offer(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    let mut taken = 0;
    while taken < bytes.len() {
        let mut ready = [PollFd::new(&fd, PollFlags::OUT)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        if poll(&mut ready, Some(&at_once))? == 0 {
            break;
        }
        let piece = &bytes[taken..(taken + PIPE_PIECE).min(bytes.len())];
        match rustix::io::write(fd, piece) {
            Ok(0) => break,
            Ok(n) => taken += n,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(taken)
}

/// A RIFF WAVE header for `data` bytes of stereo s16.
fn header(rate: u32, data: u64) -> [u8; HEADER] {
    let most = u64::from(u32::MAX) - 36;
    let size = data.min(most) as u32;
    let mut header = [0; HEADER];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"RIFF");
    put(4, &(size + 36).to_le_bytes());
    put(8, b"WAVEfmt ");
    put(16, &16u32.to_le_bytes());
    put(20, &1u16.to_le_bytes());
    put(22, &2u16.to_le_bytes());
    put(24, &rate.to_le_bytes());
    put(28, &(rate * FRAME as u32).to_le_bytes());
    put(32, &(FRAME as u16).to_le_bytes());
    put(34, &16u16.to_le_bytes());
    put(36, b"data");
    put(40, &size.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_frame_is_finished_before_whole_ones_are_dropped() {
        let mut sink = FileSink::on(Target::Stdout, "a pipe", 16_000, false);
        let room = sink.gathered.capacity();
        sink.gathered.extend((0..room).map(|i| (i / 4) as u8));
        sink.took(5);
        sink.gathered.extend([0; 5]);
        sink.make_room(8);
        assert_eq!(sink.gathered[..5], [1, 1, 1, 4, 4], "frame 1 is whole, 2 and 3 are gone");
        assert_eq!((sink.dropped, sink.gathered.len()), (2, room - 8));
        sink.gathered.clear();
    }
}
