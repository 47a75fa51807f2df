//! Live captures: from now on what a capture file would hold, for whoever looks on. The control thread
//! writes records into each viewer's own memory. A viewer that reads too slowly loses whole records, and
//! its capture says how many.
//!
//! Limits: [`MAX_VIEWERS`] at once, [`MAX_UNSEEN`] octets each. A live capture begins in mid-conversation:
//! it says nothing of the host at its start, and cannot be replayed.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use host::Event;
use pool::{Instant, Queue};
use snoop::{LinkType, Writer};

use crate::capture::{Capture, Record, Tap};
use crate::wakeup::Wakeup;

/// So many may look on at once.
pub const MAX_VIEWERS: usize = 4;
/// Octets that a viewer may leave unread before records are left out.
pub const MAX_UNSEEN: usize = 1 << 20;

/// The viewers of one receiver.
#[derive(Debug)]
pub(crate) struct Gallery {
    inner: Mutex<Inner>,
    /// Whether the radio thread is to copy what passes.
    copying: AtomicBool,
    /// Its end of the capture, on the way to a radio thread that began without one.
    pub(crate) tap: Queue<Tap>,
}

#[derive(Debug)]
struct Inner {
    views: Vec<View>,
    /// The radio thread has its end of the capture, or will.
    tapped: bool,
    /// A file is written, too.
    file: bool,
    closed: bool,
}

/// One viewer's capture.
#[derive(Debug)]
struct View {
    capture: Capture<Page>,
    page: Page,
    /// Records that it had no room for since the last one.
    lost: u32,
}

/// What was written and is not read yet; the control thread has one end, the viewer the other.
#[derive(Clone, Debug)]
struct Page(Arc<Unseen>);

#[derive(Debug)]
struct Unseen {
    octets: Mutex<Vec<u8>>,
    closed: AtomicBool,
    wakeup: Wakeup,
}

/// Locks whatever happened: a panic elsewhere leaves these values whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gallery {
    /// Nobody looks on; `file` says whether a capture file is written.
    pub(crate) fn new(file: bool) -> Self {
        let inner = Inner { views: Vec::new(), tapped: file, file, closed: false };
        Gallery { inner: Mutex::new(inner), copying: AtomicBool::new(file), tap: Queue::new(1) }
    }

    /// For the radio thread: whether what passes is wanted.
    pub(crate) fn is_copying(&self) -> bool {
        self.copying.load(Ordering::Relaxed)
    }

    /// Somebody looks on from now on, whose times count from `started`. `None`: too many do.
    pub(crate) fn enter(&self, started: SystemTime, keep_keys: bool) -> io::Result<Option<Viewer>> {
        let page = Page(Arc::new(Unseen {
            octets: Mutex::default(),
            closed: AtomicBool::new(false),
            wakeup: Wakeup::new()?,
        }));
        let start = started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let writer = Writer::new(page.clone(), LinkType::Monitor, start)?;
        let mut view =
            View { capture: Capture::new(writer, keep_keys), page: page.clone(), lost: 0 };
        view.flush();
        let mut inner = lock(&self.inner);
        inner.views.retain(View::is_watched);
        if inner.views.len() >= MAX_VIEWERS {
            return Ok(None);
        }
        if !std::mem::replace(&mut inner.tapped, true) {
            // There is room: this is done once.
            let _ = self.tap.push(Tap::new());
        }
        page.0.closed.store(inner.closed, Ordering::Release);
        inner.views.push(view);
        self.copying.store(true, Ordering::Relaxed);
        Ok(Some(Viewer(page)))
    }

    /// From the control thread: a record passed.
    pub(crate) fn write(&self, record: &Record) {
        lock(&self.inner).views.iter_mut().for_each(|view| view.write(record));
    }

    /// From the control thread: who is heard, and what becomes of calls.
    pub(crate) fn event(&self, at: Instant, event: &Event) {
        lock(&self.inner).views.iter_mut().for_each(|view| view.capture.event(at, event));
    }

    /// From the control thread: what was written is to be seen, and who has gone is forgotten.
    pub(crate) fn flush(&self) {
        let mut inner = lock(&self.inner);
        inner.views.retain_mut(|view| {
            view.flush();
            view.is_watched()
        });
        let copying = inner.file || !inner.views.is_empty();
        self.copying.store(copying, Ordering::Relaxed);
    }

    /// The receiver ends: so does every view, after what is unread.
    pub(crate) fn close(&self) {
        let mut inner = lock(&self.inner);
        inner.closed = true;
        for View { page: Page(page), .. } in inner.views.drain(..) {
            page.closed.store(true, Ordering::Release);
            page.wakeup.wake();
        }
    }
}

impl View {
    fn is_watched(&self) -> bool {
        // Its own, and its capture's.
        Arc::strong_count(&self.page.0) > 2
    }

    fn write(&mut self, record: &Record) {
        if lock(&self.page.0.octets).len() > MAX_UNSEEN {
            self.lost = self.lost.saturating_add(1);
            return;
        }
        self.capture.skipped(record, std::mem::take(&mut self.lost));
        self.capture.write(record);
    }

    fn flush(&mut self) {
        // Nothing fails in memory.
        let _ = self.capture.flush();
    }
}

impl Write for Page {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        lock(&self.0.octets).extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !lock(&self.0.octets).is_empty() {
            self.0.wakeup.wake();
        }
        Ok(())
    }
}

/// A live capture: the octets of a btsnoop file of the monitor link type, which never ends by itself.
/// Dropping it ends it.
#[derive(Debug)]
pub struct Viewer(Page);

impl Viewer {
    /// What was captured since the last time, empty where there is nothing new; `None` once the
    /// receiver has ended and everything was read.
    pub fn next(&self) -> Option<Vec<u8>> {
        let Unseen { octets, closed, wakeup } = &*self.0.0;
        let closed = closed.load(Ordering::Acquire);
        let mut unseen = lock(octets);
        if !closed {
            // Under the lock: what comes after it wakes again.
            wakeup.clear();
        }
        let octets = std::mem::take(&mut *unseen);
        (!octets.is_empty() || !closed).then_some(octets)
    }

    /// Readable while there is something to read; for `poll` and the like.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.0.wakeup.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use host::Input;
    use snoop::{Records, note};

    use super::*;

    fn record(tap: &mut Tap) -> Record {
        let mut record = None;
        tap.input(Instant::from_millis(5), &Input::Wake, |taken| {
            record = Some(taken);
            true
        });
        record.unwrap()
    }

    fn notes(octets: &[u8]) -> Vec<String> {
        let texts = Records::new(octets).unwrap();
        let texts = texts.filter_map(|record| record.content.text().map(|text| text.into_owned()));
        texts.filter(|text| note::parse(text).is_some()).collect()
    }

    #[test]
    fn who_looks_on_sees_what_passes_from_then_on() {
        let gallery = Gallery::new(false);
        assert!(!gallery.is_copying());
        let viewer = gallery.enter(UNIX_EPOCH, false).unwrap().unwrap();
        assert!(gallery.is_copying());
        let mut tap = gallery.tap.pop().expect("the radio thread's end");
        gallery.write(&record(&mut tap));
        gallery.flush();
        assert_eq!(notes(&viewer.next().unwrap()), ["tandem wake"]);
        assert_eq!(viewer.next(), Some(Vec::new()));

        let another = gallery.enter(UNIX_EPOCH, false).unwrap().unwrap();
        assert!(gallery.tap.pop().is_none(), "it has one already");
        gallery.write(&record(&mut tap));
        drop(viewer);
        gallery.close();
        assert_eq!(notes(&another.next().unwrap()), ["tandem wake"]);
        assert_eq!(another.next(), None);
        let late = gallery.enter(UNIX_EPOCH, false).unwrap().unwrap();
        assert!(late.next().is_some_and(|header| !header.is_empty()) && late.next().is_none());
    }

    #[test]
    fn when_nobody_looks_on_nothing_is_copied() {
        for file in [false, true] {
            let gallery = Gallery::new(file);
            drop(gallery.enter(UNIX_EPOCH, false).unwrap().unwrap());
            gallery.flush();
            assert_eq!(gallery.is_copying(), file);
        }
    }

    #[test]
    fn one_who_reads_too_slowly_is_told_what_is_missing() {
        let gallery = Gallery::new(false);
        let viewer = gallery.enter(UNIX_EPOCH, false).unwrap().unwrap();
        let mut tap = gallery.tap.pop().unwrap();
        let record = record(&mut tap);
        let mut written = 0;
        while lock(&viewer.0.0.octets).len() <= MAX_UNSEEN {
            gallery.write(&record);
            written += 1;
        }
        for _ in 0..3 {
            gallery.write(&record);
        }
        let mut seen = viewer.next().unwrap();
        gallery.write(&record);
        seen.extend(viewer.next().unwrap());
        let notes = notes(&seen);
        assert_eq!(notes.len(), written + 2);
        assert_eq!(notes[written..], ["tandem lost records=3", "tandem wake"]);
    }

    #[test]
    fn so_many_and_no_more() {
        let gallery = Gallery::new(false);
        let mut viewers: Vec<_> =
            (0..MAX_VIEWERS).map(|_| gallery.enter(UNIX_EPOCH, false).unwrap().unwrap()).collect();
        assert!(gallery.enter(UNIX_EPOCH, false).unwrap().is_none());
        viewers.pop();
        assert!(gallery.enter(UNIX_EPOCH, false).unwrap().is_some());
    }
}
