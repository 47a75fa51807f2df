//! The radio thread: waits for the controller, the owner and the clock, feeds the host, and carries
//! out its effects.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use host::{Effect, Event, Host, Input, LinkId, StreamEffect, VoiceEffect};
use pool::Instant;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use stack::MAX_LINKS;

use crate::attempt::Attempt;
use crate::capture::Tap;
use crate::control::warning;
use crate::ear::voice::Reply;
use crate::ear::{Ear, Heard};
use crate::error::OpenError;
use crate::health;
use crate::port::{Lost, Port, VoiceLinks};
use crate::realtime::{self, Wish};
use crate::shared::{Report, Shared};
use crate::told::Told;

/// The first wait before a lost controller is opened again; it doubles.
pub(crate) const REOPEN_FIRST: Duration = Duration::from_millis(500);
/// The longest wait before a lost controller is opened again.
const REOPEN_LONGEST: Duration = Duration::from_secs(5);
/// Packets taken in a row before commands, the clock and the end are looked at.
const BURST: usize = 64;
/// How soon a transport that lacked a block is looked at again.
const STARVED: Duration = Duration::from_millis(2);

/// Told by the control thread that the controller is up, or by the radio thread that it will not be.
pub(crate) type Ready = Arc<Told<Result<(), OpenError>>>;

pub(crate) struct Radio {
    pub(crate) shared: Arc<Shared>,
    pub(crate) ear: Arc<Ear>,
    pub(crate) host: Host,
    pub(crate) port: Port,
    pub(crate) voice_links: VoiceLinks,
    pub(crate) tap: Option<Tap>,
    /// Where a failure before the first readiness is told.
    pub(crate) ready: Option<Ready>,
    /// While the controller is lost.
    pub(crate) reopen: Option<Reopen>,
    /// How long to wait when the controller is lost next; short again once it was up.
    pub(crate) backoff: Duration,
    /// Why the port is of no more use, seen while effects were carried out.
    pub(crate) broken: Option<String>,
    /// More packets may wait than were taken.
    pub(crate) more: bool,
    /// When the transport is asked next how it is doing.
    pub(crate) ask: Instant,
}

/// How far opening the controller again is.
pub(crate) enum Reopen {
    /// It is tried then.
    At(Instant),
    /// It is being tried.
    Trying(Attempt<Result<Port, OpenError>>),
}

impl Radio {
    /// Runs until the receiver quits.
    pub(crate) fn run(&mut self, wish: Wish) {
        if let Some(refused) = realtime::enter(wish) {
            self.tell(warning("realtime", format_args!("{refused}")));
        }
        self.feed(Input::TransportReady);
        while !self.shared.is_quitting() {
            if self.wait() {
                self.shared.radio.clear();
            }
            if let Err(Lost(reason)) = self.work() {
                self.lose(reason);
            }
            if let Some(reason) = self.broken.take() {
                self.lose(reason);
            }
        }
    }

    /// Sleeps until there is something to do; gives whether another thread said so.
    fn wait(&self) -> bool {
        let now = self.shared.clock.now();
        let reopen = match self.reopen {
            Some(Reopen::At(at)) => Some(at),
            Some(Reopen::Trying(_)) | None => None,
        };
        let more = self.more.then_some(now);
        let starved = self.port.is_starved().then_some(now + STARVED);
        let deadline = [self.host.wake_at(), self.port.wake_at(), reopen, starved, more];
        let deadline = deadline.into_iter().flatten().min();
        let timeout = deadline.map(|at| {
            let left = at.since(now);
            Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() }
        });
        let own = PollFd::from_borrowed_fd(self.shared.radio.as_fd(), PollFlags::IN);
        let told = |own: &PollFd<'_>| !own.revents().is_empty();
        // A signal only ends the wait early, as any input does.
        let (ready, told) = match self.port.fd().filter(|_| !self.port.is_clogged()) {
            None => {
                let mut fds = [own];
                (poll(&mut fds, timeout.as_ref()), told(&fds[0]))
            }
            Some(fd) => {
                let mut fds = [own, PollFd::from_borrowed_fd(fd, self.port.readiness())];
                (poll(&mut fds, timeout.as_ref()), told(&fds[0]))
            }
        };
        if let (Ok(0), Some(due)) = (ready, deadline) {
            self.shared.health.woke(due.max(now), self.shared.clock.now());
        }
        ready.is_ok() && told
    }

    fn work(&mut self) -> Result<(), Lost> {
        let now = self.shared.clock.now();
        if now >= self.ask {
            self.ask = now + health::ROUND;
            if let Some(health) = self.port.health() {
                self.shared.health.tell(&health);
            }
        }
        if let Some(tap) = self.shared.gallery.tap.pop() {
            self.tap = Some(tap);
            self.host.tell_decisions();
        }
        self.try_reopen(now);
        if self.reopen.is_none() {
            self.port.flush()?;
            self.more = false;
            for n in 1..=BURST {
                let received = self.port.receive(self.shared.clock.now())?;
                let Some((channel, packet)) = received else { break };
                self.more = n == BURST;
                self.feed(Input::Received(channel, packet));
                if self.broken.is_some() {
                    return Ok(());
                }
            }
        }
        while let Some(Reply { line, payload }) = self.ear.voices.reply() {
            self.feed(Input::Microphone(line.link, payload));
        }
        while let Some((ticket, command)) = self.shared.next_command() {
            self.feed(Input::Command(ticket, command));
        }
        while let Some(Heard { stream, on }) = self.ear.heard.pop() {
            self.feed(Input::Sounding(stream, on));
        }
        if self.host.wake_at().is_some_and(|at| at <= self.shared.clock.now()) {
            self.feed(Input::Wake);
        }
        if !self.more && self.voice_links.is_any() {
            self.look_at_voice();
        }
        Ok(())
    }

    /// Tells what the transport cannot do for the voice links that are up.
    fn look_at_voice(&mut self) {
        use usb::VoiceReport::{Unusable, WidebandUnusable};
        match self.port.voice_report() {
            Some(WidebandUnusable) => {
                let text = "the dongle does not carry wideband speech; calls go on in narrowband";
                self.tell(warning("voice", format_args!("{text}")));
                self.feed(Input::WidebandUnusable);
            }
            Some(Unusable) => {
                let text = "the dongle does not carry the sound of calls over USB";
                self.tell(warning("voice", format_args!("{text}")));
            }
            None => {}
        }
    }

    /// Feeds the host and carries out what comes of it.
    fn feed(&mut self, input: Input) {
        let now = self.shared.clock.now();
        let Radio { shared, ear, host, port, voice_links, tap, ready, broken, backoff, .. } = self;
        let mut tap = tap.as_mut().filter(|_| shared.gallery.is_copying());
        if let Some(tap) = &mut tap {
            shared.captured(tap.input(now, &input, |record| shared.capture(record)));
        }
        // A bit for each link.
        let mut opened = 0u32;
        for effect in host.feed(now, input) {
            if let Some(tap) = &mut tap {
                let at = || shared.clock.now();
                shared.captured(tap.effect(at, &effect, |record| shared.capture(record)));
            }
            match effect {
                Effect::Media(media) => {
                    shared.counters.media_packets.fetch_add(1, Ordering::Relaxed);
                    let dropped = ear.media(media);
                    shared.counters.media_dropped.fetch_add(dropped as u64, Ordering::Relaxed);
                }
                Effect::Send(channel, packet) => {
                    if let Err(Lost(reason)) = port.send(now, channel, packet) {
                        broken.get_or_insert(reason);
                    }
                }
                Effect::Stream(stream, effect) => {
                    opened |= u32::from(matches!(effect, StreamEffect::Open(_))) << stream.link().0;
                    ear.stream(stream, effect);
                }
                Effect::Voice(voice) => {
                    shared.counters.voice_packets.fetch_add(1, Ordering::Relaxed);
                    let dropped = ear.voice(voice);
                    shared.counters.voice_dropped.fetch_add(dropped as u64, Ordering::Relaxed);
                }
                Effect::VoiceLink(link, effect) => {
                    opened |= u32::from(matches!(effect, VoiceEffect::Open { .. })) << link.0;
                    voice_links.note(link, effect);
                    ear.voice_link(link, effect);
                }
                Effect::Tone(tone) => ear.tone(tone),
                Effect::Notify(event) => {
                    if matches!(event, Event::Controller { up: true, .. }) {
                        ear.start(now);
                        // The control thread tells it, once it knows.
                        *ready = None;
                        *backoff = REOPEN_FIRST;
                    }
                    shared.report(Report::Event(now, event));
                }
                // For the capture alone.
                Effect::Decided(..) => {}
                Effect::Store(bond) => shared.report(Report::Store(bond)),
                Effect::Erase(phone) => shared.report(Report::Erase(phone)),
                Effect::Failed(failure) => {
                    broken.get_or_insert(format!("the controller failed: {failure}"));
                }
            }
        }
        for link in (0..MAX_LINKS as u8).filter(|link| opened >> link & 1 != 0).map(LinkId) {
            shared.switchboard.connect(link, host.phone_on(link));
        }
        // All at once: each change of the setting costs the dongle a moment.
        if let Some(links) = voice_links.changed()
            && let Err(Lost(reason)) = port.set_voice(&links)
        {
            broken.get_or_insert(reason);
        }
    }

    /// The port is of no more use: everyone is told, and it is opened again after a while.
    fn lose(&mut self, mut reason: String) {
        self.broken = None;
        if let Some(step) = self.host.bring_up_step() {
            reason = format!("the controller failed: {step}: {reason}");
        }
        if let Some(ready) = self.ready.take() {
            ready.tell(Err(OpenError::Controller(reason.clone())));
        }
        self.shared.counters.transport_losses.fetch_add(1, Ordering::Relaxed);
        self.tell(warning("controller", format_args!("{reason}")));
        // One that hangs may take its time over this.
        self.port.close();
        let now = self.shared.clock.now();
        self.more = false;
        self.wait_to_reopen(now);
        self.feed(Input::TransportLost);
        // What was to be sent meanwhile went to a port that is closed.
        self.broken = None;
    }

    fn wait_to_reopen(&mut self, now: Instant) {
        self.reopen = Some(Reopen::At(now + self.backoff));
        self.backoff = (self.backoff * 2).min(REOPEN_LONGEST);
    }

    /// Opens the controller again, if it is lost, in steps of which none waits.
    fn try_reopen(&mut self, now: Instant) {
        match &self.reopen {
            Some(Reopen::At(at)) if *at <= now => {
                let Some(reopening) = self.port.reopening() else {
                    return self.reopened();
                };
                let shared = self.shared.clone();
                let told = move || shared.radio.wake();
                match Attempt::begin("reopen", reopening, told) {
                    Ok(attempt) => self.reopen = Some(Reopen::Trying(attempt)),
                    Err(_) => self.wait_to_reopen(now),
                }
            }
            Some(Reopen::Trying(attempt)) => match attempt.end() {
                Poll::Pending => {}
                Poll::Ready(Some(Ok(port))) => {
                    self.port = port;
                    self.reopened();
                }
                Poll::Ready(end) => {
                    // That it is not there was told when it was lost.
                    if let Some(Err(error)) = end
                        && !matches!(error, OpenError::NoController(_))
                    {
                        self.tell(warning("controller", format_args!("{error}")));
                    }
                    self.wait_to_reopen(now);
                }
            },
            Some(Reopen::At(_)) | None => {}
        }
    }

    fn reopened(&mut self) {
        self.reopen = None;
        self.feed(Input::TransportReady);
    }

    fn tell(&self, event: Event) {
        self.shared.report(Report::Event(self.shared.clock.now(), event));
    }
}
