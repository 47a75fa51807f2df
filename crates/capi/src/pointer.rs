//! What a C program hands in, checked as far as a pointer can be.

use std::ffi::{CStr, c_char};

use crate::answer::{Failure, Status};

/// A pointer that may be read or written: not null, and aligned.
fn check<T>(pointer: *const T, name: &'static str) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(Failure::new(Status::BadPointer, format!("{name} is null")));
    }
    if !pointer.is_aligned() {
        return Err(Failure::new(Status::BadPointer, format!("{name} is not from this library")));
    }
    Ok(())
}

/// Borrows an object.
///
/// # Safety
/// A pointer that is not null points to a living object that nobody changes meanwhile.
pub(crate) unsafe fn borrow<'a, T>(
    pointer: *const T,
    name: &'static str,
) -> Result<&'a T, Failure> {
    check(pointer, name)?;
    // SAFETY: it is neither null nor misaligned; the rest is the caller's promise.
    Ok(unsafe { &*pointer })
}

/// Borrows an object to change it.
///
/// # Safety
/// A pointer that is not null points to a living object that nobody else uses meanwhile.
pub(crate) unsafe fn borrow_mut<'a, T>(
    pointer: *mut T,
    name: &'static str,
) -> Result<&'a mut T, Failure> {
    check(pointer, name)?;
    // SAFETY: it is neither null nor misaligned; the rest is the caller's promise.
    Ok(unsafe { &mut *pointer })
}

/// Takes an object back that [`give`] gave away; `None` for null.
///
/// # Safety
/// A pointer that is not null came from [`give`], and nobody uses it any more.
pub(crate) unsafe fn take<T>(
    pointer: *mut T,
    name: &'static str,
) -> Result<Option<Box<T>>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    check(pointer, name)?;
    // SAFETY: it came from `Box::into_raw` in `give`, and is not used any more.
    Ok(Some(unsafe { Box::from_raw(pointer) }))
}

/// Gives an object away; [`take`] takes it back.
pub(crate) fn give<T>(object: T) -> *mut T {
    Box::into_raw(Box::new(object))
}

/// Borrows a text.
///
/// # Safety
/// A pointer that is not null points to bytes that end with a zero and that nobody changes.
pub(crate) unsafe fn text<'a>(
    pointer: *const c_char,
    name: &'static str,
) -> Result<&'a str, Failure> {
    check(pointer, name)?;
    // SAFETY: it is not null; that it ends with a zero is the caller's promise.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    bytes.to_str().map_err(|_| Failure::new(Status::NotUtf8, format!("{name} is not UTF-8")))
}

/// How many samples so many frames are, which start at `pointer`.
fn samples(
    pointer: *const i16,
    frames: usize,
    channels: usize,
    name: &'static str,
) -> Result<usize, Failure> {
    check(pointer, name)?;
    let samples =
        frames.checked_mul(channels).filter(|samples| *samples <= isize::MAX as usize / 2);
    samples.ok_or_else(|| Failure::new(Status::BadValue, format!("{name} are too many")))
}

/// Borrows frames of sound.
///
/// # Safety
/// A pointer that is not null points to so many frames that nobody changes meanwhile.
pub(crate) unsafe fn slice<'a>(
    pointer: *const i16,
    frames: usize,
    channels: usize,
    name: &'static str,
) -> Result<&'a [i16], Failure> {
    let samples = samples(pointer, frames, channels, name)?;
    // SAFETY: it is neither null, misaligned nor too long; the rest is the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(pointer, samples) })
}

/// Borrows room for frames of sound.
///
/// # Safety
/// A pointer that is not null points to room for so many frames that nobody else uses meanwhile.
pub(crate) unsafe fn slice_mut<'a>(
    pointer: *mut i16,
    frames: usize,
    channels: usize,
    name: &'static str,
) -> Result<&'a mut [i16], Failure> {
    let samples = samples(pointer, frames, channels, name)?;
    // SAFETY: it is neither null, misaligned nor too long; any bytes are samples; the rest is the
    // caller's promise.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer, samples) })
}

/// Where a call leaves its result.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Where a result must be left.
    ///
    /// # Safety
    /// A pointer that is not null points to room for a `T`, whatever is in it, until the call ends.
    pub(crate) unsafe fn new(pointer: *mut T, name: &'static str) -> Result<Out<T>, Failure> {
        check(pointer, name).map(|()| Out(pointer))
    }

    /// Where a result may be left: null means that nobody wants it.
    ///
    /// # Safety
    /// As for [`Out::new`].
    pub(crate) unsafe fn wanted(
        pointer: *mut T,
        name: &'static str,
    ) -> Result<Option<Out<T>>, Failure> {
        if pointer.is_null() {
            return Ok(None);
        }
        // SAFETY: this function has the same contract.
        unsafe { Out::new(pointer, name) }.map(Some)
    }

    pub(crate) fn write(self, value: T) {
        // SAFETY: `new` checked the pointer, and its caller promised room behind it. What was there
        // is not dropped: it may be anything.
        unsafe { self.0.write(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_misaligned_pointers_are_refused() {
        let numbers = [7u64, 8];
        let odd = numbers.as_ptr().cast::<u8>().wrapping_add(3).cast::<u64>();
        // SAFETY: the pointers are refused before they are read.
        unsafe {
            assert!(borrow(std::ptr::null::<u64>(), "x").is_err());
            assert!(borrow(odd, "x").is_err());
            assert!(borrow_mut(std::ptr::null_mut::<u64>(), "x").is_err());
            assert!(take(odd.cast_mut(), "x").is_err());
            assert!(matches!(take(std::ptr::null_mut::<u64>(), "x"), Ok(None)));
            assert!(text(std::ptr::null(), "x").is_err());
            assert!(Out::new(std::ptr::null_mut::<u64>(), "x").is_err());
            assert!(matches!(Out::wanted(std::ptr::null_mut::<u64>(), "x"), Ok(None)));
        }
        let sound = [1i16, 2, 3, 4];
        // SAFETY: what is read is there; the rest is refused before.
        unsafe {
            assert_eq!(slice(sound.as_ptr(), 2, 2, "x").unwrap(), sound);
            assert!(slice(sound.as_ptr(), usize::MAX / 2, 2, "x").is_err());
            assert!(slice_mut(sound.as_ptr().cast_mut(), usize::MAX, 2, "x").is_err());
            assert!(
                slice_mut(sound.as_ptr().cast::<u8>().wrapping_add(1) as _, 1, 1, "x").is_err()
            );
            assert!(slice(std::ptr::null(), 0, 2, "x").is_err());
        }
        // SAFETY: it points to a number.
        assert_eq!(*unsafe { borrow(numbers.as_ptr(), "x") }.unwrap(), 7);
    }

    #[test]
    fn a_text_must_be_utf_8() {
        let latin = [b'G', 0xFC, 0].as_ptr().cast();
        // SAFETY: the bytes end with a zero.
        let failure = unsafe { text(latin, "name") }.unwrap_err();
        assert!(format!("{failure:?}").contains("NotUtf8"));
        // SAFETY: as above.
        assert_eq!(unsafe { text(c"Gü".as_ptr(), "name") }.unwrap(), "Gü");
    }
}
