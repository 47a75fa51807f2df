//! Sound as blocks that Python looks into without a copy, and the microphone.

use std::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyBufferError, PyEOFError};
use pyo3::ffi;
use pyo3::prelude::*;

use crate::events::{SLICE, end};
use crate::failure::bad;

/// The most frames that are read at once.
const MOST_FRAMES: usize = 48_000;

/// Sound to read, and of the kind `voice` to write. Closed, it is at its end.
#[pyclass(frozen, module = "tandem._tandem")]
pub(crate) struct Audio(Mutex<Option<tandem::Audio>>);

/// Frames of sound: 16-bit samples through the buffer protocol, of the shape (frames, channels).
#[pyclass(frozen, module = "tandem._tandem")]
pub(crate) struct Block {
    samples: Box<[i16]>,
    shape: [isize; 2],
    strides: [isize; 2],
    lost: u64,
}

fn ended() -> PyErr {
    PyEOFError::new_err("the audio or its receiver is closed")
}

impl Audio {
    pub(crate) fn new(audio: tandem::Audio) -> Audio {
        Audio(Mutex::new(Some(audio)))
    }

    /// Does something with it, without the GIL.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut tandem::Audio) -> T + Send,
    ) -> PyResult<T> {
        let done =
            py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(act));
        done.ok_or_else(ended)
    }
}

/// What waits, at most so many frames.
fn block(audio: &mut tandem::Audio, frames: usize) -> Option<Block> {
    let channels = audio.channels();
    let mut samples = vec![0; frames * channels];
    let heard = audio.read(&mut samples);
    samples.truncate(heard.frames * channels);
    let (shape, width) = ([heard.frames, channels], size_of::<i16>());
    (heard.frames > 0).then(|| Block {
        samples: samples.into(),
        shape: shape.map(|length| length as isize),
        strides: [channels * width, width].map(|stride| stride as isize),
        lost: heard.lost,
    })
}

#[pymethods]
impl Audio {
    /// What waits, at most so many frames; None when nothing came within the time, EOFError when
    /// nothing will.
    #[pyo3(signature = (frames, timeout=None))]
    fn read(&self, py: Python<'_>, frames: usize, timeout: Option<f64>) -> PyResult<Option<Block>> {
        if !(1..=MOST_FRAMES).contains(&frames) {
            return Err(bad(py, "frames", "must be from 1 to 48000"));
        }
        let end = end(timeout)?;
        loop {
            let (closed, block) =
                self.with(py, |audio| (audio.is_closed(), block(audio, frames)))?;
            if block.is_some() {
                return Ok(block);
            }
            if closed {
                return Err(ended());
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(None);
            }
            self.with(py, |audio| audio.wait(left.map_or(SLICE, |left| left.min(SLICE))))?;
            py.check_signals()?;
        }
    }

    /// Says 16-bit samples as bytes, as far as there is room; gives how many bytes were taken, and how
    /// many frames of silence phones were sent because there were no samples.
    fn write(&self, py: Python<'_>, buffer: &Bound<'_, PyAny>) -> PyResult<(usize, u64)> {
        let bytes = PyBuffer::<u8>::get(buffer)?.to_vec(py)?;
        let samples: Vec<i16> =
            bytes.as_chunks().0.iter().map(|sample| i16::from_ne_bytes(*sample)).collect();
        let (closed, channels, said) =
            self.with(py, |audio| (audio.is_closed(), audio.channels(), audio.write(&samples)))?;
        let taken = said.frames * channels * size_of::<i16>();
        if closed { Err(ended()) } else { Ok((taken, said.missed)) }
    }

    /// A file descriptor that is readable when more can be read, after a read that found less.
    fn fileno(&self, py: Python<'_>) -> PyResult<RawFd> {
        self.with(py, |audio| audio.fd().as_raw_fd())
    }

    /// Ends it.
    fn close(&self, py: Python<'_>) {
        py.detach(|| drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take()));
    }
}

#[pymethods]
impl Block {
    /// Frames that are missing before it because they were not read in time.
    #[getter]
    fn lost(&self) -> u64 {
        self.lost
    }

    /// Its frames.
    fn __len__(&self) -> usize {
        self.shape[0] as usize
    }

    fn __repr__(&self) -> String {
        format!("Block({} frames of {}, lost={})", self.shape[0], self.shape[1], self.lost)
    }

    /// # Safety
    /// Python's promise: `view` is there to be filled.
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        if view.is_null() || flags & ffi::PyBUF_WRITABLE == ffi::PyBUF_WRITABLE {
            return Err(PyBufferError::new_err("a block cannot be changed"));
        }
        let wants = |flag| flags & flag == flag;
        let block = slf.get();
        let (shape, strides) = (block.shape.as_ptr().cast_mut(), block.strides.as_ptr().cast_mut());
        let format =
            if wants(ffi::PyBUF_FORMAT) { c"h".as_ptr().cast_mut() } else { ptr::null_mut() };
        // SAFETY: `view` has room for this; what it points to is part of the block, which does not
        // change, and which the view keeps by the reference in `obj`. Nobody writes through a view that
        // says it is only read.
        unsafe {
            (*view).buf = block.samples.as_ptr().cast_mut().cast::<c_void>();
            (*view).len = size_of_val(&*block.samples) as isize;
            (*view).itemsize = size_of::<i16>() as isize;
            (*view).readonly = 1;
            (*view).format = format;
            (*view).ndim = 2;
            (*view).shape = if wants(ffi::PyBUF_ND) { shape } else { ptr::null_mut() };
            (*view).strides = if wants(ffi::PyBUF_STRIDES) { strides } else { ptr::null_mut() };
            (*view).suboffsets = ptr::null_mut();
            (*view).internal = ptr::null_mut();
            (*view).obj = slf.into_ptr();
        }
        Ok(())
    }
}
