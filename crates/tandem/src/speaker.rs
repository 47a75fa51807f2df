//! The audio thread: takes media and voice from their rings, renders what the sink wants, and tells the
//! radio thread what is sound, what is silence, and what the microphone hears.
//!
//! A sink is served as often as it wants; while a voice link is open also with each packet of it, which
//! has to be answered at once.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use audio::{Engine, Pace, Report, Sink};
use host::StreamId;
use pool::Instant;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use stack::MAX_LINKS;

use crate::attempt::{Attempt, Wanted};
use crate::control::warning;
use crate::ear::{Ear, Heard, Known, Packet};
use crate::meters::{self, Meter};
use crate::realtime::{self, Wish};
use crate::shared::{self, Shared};
use crate::talk::Talk;
use crate::tap::Taps;

/// How soon a sink that was lost is opened again.
const REOPEN: Duration = Duration::from_secs(2);
/// Frames rendered at once.
const BLOCK: usize = 480;

pub(crate) struct Speaker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) ear: Arc<Ear>,
    /// What of the radio thread's wishes has been carried out.
    pub(crate) known: Known,
    pub(crate) talk: Talk,
    /// Who takes sound beside the sink.
    pub(crate) taps: Taps,
    pub(crate) engine: Engine,
    pub(crate) sink: Sink,
    pub(crate) spec: String,
    pub(crate) rate: u32,
    /// When the sink's clock was started.
    pub(crate) started: Option<Instant>,
    /// When it shows next how the sound comes.
    pub(crate) show: Instant,
    /// While the sink is lost and silence stands in for it.
    pub(crate) reopen: Option<Reopen>,
}

/// How far opening the sink again is.
#[derive(Debug)]
pub(crate) enum Reopen {
    /// It is tried then.
    At(Instant),
    /// It is being tried; a sound server may be slow to answer.
    Trying(Attempt<Option<Sink>>),
}

impl Speaker {
    /// Runs until the receiver quits.
    pub(crate) fn run(&mut self, wish: Wish) {
        // The radio thread has told already what is not permitted.
        let _ = realtime::enter(wish);
        while !self.shared.is_quitting() {
            if self.wait() {
                self.ear.wakeup.clear();
            }
            self.taps.look(&self.shared);
            self.take_media();
            self.talk();
            // Until now it sounds as it was; what changed counts from here.
            self.render();
            self.take_changes();
            self.tell();
            self.show();
        }
        self.render();
        // Those who came last are told that it is over, too.
        self.taps.look(&self.shared);
        if let Err(lost) = self.sink.flush() {
            self.warn(&lost.reason);
        }
    }

    /// Sleeps until there is something to do; gives whether the radio thread said so.
    fn wait(&self) -> bool {
        // A change of a stream wakes the thread at once, so that the round delays no fade.
        let mut round = self.sink.round();
        if let Some(at) = self.talk.wake_at() {
            round = round.min(at.since(self.shared.clock.now()));
        }
        let round = Timespec { tv_sec: 0, tv_nsec: round.subsec_nanos().into() };
        let own = PollFd::from_borrowed_fd(self.ear.wakeup.as_fd(), PollFlags::IN);
        let told = |own: &PollFd<'_>| !own.revents().is_empty();
        // A signal only ends the wait early.
        let mut fds = heapless::Vec::<_, 3>::from_iter([own]);
        if let (Pace::Sink, Some(fd)) = (self.sink.pace(), self.sink.fd()) {
            let mut flags = PollFlags::IN;
            flags.set(PollFlags::OUT, self.sink.wants_write());
            let _ = fds.push(PollFd::from_borrowed_fd(fd, flags));
        }
        if let Some(fd) = self.talk.mouthpiece.fd() {
            let _ = fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
        }
        poll(&mut fds, Some(&round)).is_ok() && told(&fds[0])
    }

    /// Takes the packets that the radio thread has: what came by now is there to be rendered.
    fn take_media(&mut self) {
        let now = self.shared.clock.now();
        let Speaker { ear, engine, known, taps, .. } = self;
        while let Some(Packet { stream, payload, frames, sequence }) = ear.media.pop() {
            engine.media_heard_by(now, stream, &payload, frames, sequence, |rate, frames| {
                taps.media(StreamId(stream), known, rate, frames);
            });
        }
    }

    /// Hears and answers the phones that speak. Their links begin and end here: before what is to be heard
    /// of them is rendered.
    fn talk(&mut self) {
        let Speaker { shared, ear, engine, talk, taps, .. } = self;
        if talk.work(shared.clock.now(), engine, &ear.voices, taps) {
            shared.radio.wake();
        }
        talk.tell(engine, &shared.counters);
        if let Some(reason) = talk.mouthpiece.complaint() {
            let event = warning("microphone", format_args!("{}: {reason}", talk.mouthpiece.spec()));
            shared.report(shared::Report::Event(shared.clock.now(), event));
        }
    }

    /// Does what the radio thread wants. A stream is opened well before its first packet.
    fn take_changes(&mut self) {
        let now = self.shared.clock.now();
        if self.started.is_none()
            && let Some(at) = self.ear.started()
        {
            self.started = Some(at);
            self.sink.start(at);
        }
        let Speaker { ear, engine, known, talk, .. } = self;
        talk.take_tone(now, engine, &ear.voices);
        ear.changes(known, |control| {
            // A stream that is gone already has nothing to change.
            let _ = engine.control(now, control);
        });
    }

    /// Renders what the sink wants.
    fn render(&mut self) {
        let mut block = [0i16; 2 * BLOCK];
        loop {
            let now = self.shared.clock.now();
            self.try_reopen(now);
            let due = match self.sink.due(now) {
                Ok(0) => return,
                Ok(due) => due,
                Err(lost) => return self.lose(now, &lost.reason),
            };
            let out = &mut block[..2 * due.min(BLOCK)];
            // What is behind by more than this block is heard earlier by as much.
            let behind = (due - out.len() / 2) as u64 * 1_000_000_000 / u64::from(self.rate);
            self.engine.render(Instant::from_nanos(now.as_nanos().saturating_sub(behind)), out);
            self.taps.mix(self.rate, out);
            self.talk.rendered(out);
            if let Err(lost) = self.sink.write(out) {
                return self.lose(now, &lost.reason);
            }
        }
    }

    fn tell(&mut self) {
        let mut told = false;
        while let Some(report) = self.engine.poll() {
            match report {
                Report::Sounding(stream, on) => {
                    // The radio thread empties this queue; what it misses is told again at the next change.
                    let _ = self.ear.heard.push(Heard { stream: StreamId(stream), on });
                    told = true;
                }
                Report::Underrun(..) => {
                    self.shared.counters.underruns.fetch_add(1, Ordering::Relaxed);
                }
                Report::Overrun(..) => {
                    self.shared.counters.overruns.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        if told {
            self.shared.radio.wake();
        }
    }

    /// Leaves there how the sound comes, for whoever looks.
    fn show(&mut self) {
        let now = self.shared.clock.now();
        if now < self.show {
            return;
        }
        self.show = now + meters::ROUND;
        for link in 0..MAX_LINKS {
            let media = self.known.stream(link).and_then(|stream| self.engine.stats(stream.0));
            let voice = self.engine.voice_stats(link as u8);
            self.shared.meters.show(link, media.map(Meter::from), voice.map(Meter::from));
        }
    }

    /// The sink is gone: silence stands in for it until it can be opened again.
    fn lose(&mut self, now: Instant, reason: &str) {
        self.warn(reason);
        self.sink = Sink::null(self.rate);
        self.sink.start(now);
        self.reopen = Some(Reopen::At(now + REOPEN));
    }

    fn try_reopen(&mut self, now: Instant) {
        match &self.reopen {
            Some(Reopen::At(at)) if *at <= now => {
                let (spec, rate) = (self.spec.clone(), self.rate);
                let open = move |_: &Wanted| Sink::reopen(&spec, rate).ok();
                // It is looked at in the next round.
                let attempt = Attempt::begin("sound", open, || ()).map(Reopen::Trying);
                self.reopen = Some(attempt.unwrap_or(Reopen::At(now + REOPEN)));
            }
            Some(Reopen::Trying(attempt)) => match attempt.end() {
                Poll::Pending => {}
                Poll::Ready(Some(Some(sink))) => {
                    self.sink = sink;
                    self.sink.resume(self.started.unwrap_or(now), now);
                    self.reopen = None;
                }
                Poll::Ready(_) => self.reopen = Some(Reopen::At(now + REOPEN)),
            },
            Some(Reopen::At(_)) | None => {}
        }
    }

    fn warn(&self, reason: &str) {
        let event = warning("sound", format_args!("{}: {reason}", self.spec));
        self.shared.report(shared::Report::Event(self.shared.clock.now(), event));
    }
}
