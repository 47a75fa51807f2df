//! The demonstration in virtual time: the host, engine, capture and world of a receiver, stepped by one
//! thread.

use std::path::Path;
use std::time::{Duration, SystemTime};

use audio::{Engine, Microphone, Sink};
use host::{Command, Effect, Event, Host, Input, Limits, StreamId, Ticket};
use pool::{Arena, Instant};
use sim::World;

use super::story::Story;
use super::{ANSWER, PAIRING_SECONDS, config};
use crate::capture::{Capture, Tap};
use crate::ear;
use crate::ear::voice::{Reply, Voices};
use crate::mouthpiece::Mouthpiece;
use crate::replay::Beginning;
use crate::talk::Talk;
use crate::tap::Taps;

/// The seed of the world: the same files each time.
const SEED: u64 = 1;
/// The date that time begins at: 1 January 2026, since 1970.
const DATE: Duration = Duration::from_secs(1_767_225_600);
/// How often the mix is rendered.
const TICK: Duration = Duration::from_millis(10);
/// Frames of the mix in a tick.
const FRAMES: usize = 480;

/// Runs it into files of `folder`.
pub(super) fn run(folder: &Path, story: &mut Story<'_>) -> Result<(), String> {
    let config = config(folder);
    let wav = config.sound.clone().unwrap_or_default();
    let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
    let path = folder.join("capture.btsnoop");
    let mut capture = Capture::create(&path, SystemTime::UNIX_EPOCH + DATE, false).map_err(fail)?;
    let settings = config.host_settings();
    let beginning = Beginning { limits: Limits::default(), settings, bonds: Vec::new() };
    capture.begin(&beginning);
    let mut stage = Stage {
        world: World::demo(SEED),
        host: beginning.host(),
        engine: Engine::new(audio::Config { streams: 4, ..audio::Config::default() }),
        sink: Sink::open(&wav, config.rate).map_err(|error| error.to_string())?,
        voices: Voices::new(),
        talk: Talk::new(Mouthpiece::new("null".into(), Microphone::null())),
        arena: Arena::new(64, 2048),
        tap: Tap::new(),
        capture,
        started: None,
        rendered: Instant::ZERO,
    };
    stage.host.tell_decisions();
    stage.feed(Instant::ZERO, Input::TransportReady, story)?;
    let pair = Command::Pair { seconds: PAIRING_SECONDS };
    let mut pair = Some(Input::Command(Ticket(1), pair));
    let end = Instant::ZERO + sim::DEMO_LENGTH;
    let mut now = Instant::ZERO;
    while now < end {
        let times = [
            stage.world.next_at(),
            stage.host.wake_at(),
            Some(stage.rendered + TICK),
            stage.talk.wake_at(),
            story.next_at().map(|after| Instant::ZERO + after),
        ];
        let next = times.into_iter().flatten().min().unwrap_or(end);
        now = whole(next).max(now).min(end);
        let pressed = story.act(now.since(Instant::ZERO));
        stage.step(now, story)?;
        if stage.started.is_some()
            && let Some(pair) = pair.take()
        {
            stage.feed(now, pair, story)?;
        }
        for _ in 0..pressed {
            stage.feed(now, Input::Command(Ticket(2), ANSWER), story)?;
        }
    }
    stage.sink.flush().map_err(|lost| lost.to_string())?;
    stage.capture.flush().map_err(fail)
}

/// The next whole microsecond, which is what captures hold.
fn whole(at: Instant) -> Instant {
    Instant::from_nanos(at.as_nanos().next_multiple_of(1_000))
}

/// Everything that virtual time moves.
struct Stage {
    world: World,
    host: Host,
    engine: Engine,
    sink: Sink,
    voices: Voices,
    talk: Talk,
    arena: Arena,
    tap: Tap,
    capture: Capture,
    /// When the controller came up: sample 0 of what is heard.
    started: Option<Instant>,
    /// What is heard has been rendered until here.
    rendered: Instant,
}

impl Stage {
    fn step(&mut self, now: Instant, story: &mut Story<'_>) -> Result<(), String> {
        self.world.advance(now);
        while let Some((channel, bytes)) = self.world.poll() {
            let Some(mut packet) = self.arena.take() else { break };
            packet.append(&bytes).map_err(|error| error.to_string())?;
            packet.set_arrival(now);
            self.feed(now, Input::Received(channel, packet), story)?;
        }
        if self.host.wake_at().is_some_and(|at| at <= now) {
            self.feed(now, Input::Wake, story)?;
        }
        self.talk.work(now, &mut self.engine, &self.voices, &mut Taps::default());
        while let Some(Reply { line, payload }) = self.voices.reply() {
            self.feed(now, Input::Microphone(line.link, payload), story)?;
        }
        if self.rendered + TICK <= now {
            self.render(now)?;
            self.talk.take_tone(now, &mut self.engine, &self.voices);
            while let Some(report) = self.engine.poll() {
                if let audio::Report::Sounding(stream, on) = report {
                    self.feed(now, Input::Sounding(StreamId(stream), on), story)?;
                }
            }
        }
        Ok(())
    }

    /// Renders what is heard until now; nothing before the start.
    fn render(&mut self, now: Instant) -> Result<(), String> {
        while self.rendered + TICK <= now {
            self.rendered += TICK;
            if self.started.is_none() {
                continue;
            }
            let mut block = [0i16; 2 * FRAMES];
            self.engine.render(self.rendered, &mut block);
            self.sink.write(&block).map_err(|lost| lost.to_string())?;
        }
        Ok(())
    }

    fn feed(&mut self, now: Instant, input: Input, story: &mut Story<'_>) -> Result<(), String> {
        let Stage { tap, capture, .. } = self;
        tap.input(now, &input, |record| capture.put(&record));
        for effect in self.host.feed(now, input) {
            tap.effect(|| now, &effect, |record| capture.put(&record));
            match effect {
                Effect::Send(channel, packet) => self.world.receive(channel, &packet),
                Effect::Media(media) => {
                    let packet = ear::packet(media);
                    let ear::Packet { stream, payload, frames, sequence } = packet;
                    self.engine.media(now, stream, &payload, frames, sequence);
                }
                Effect::Stream(stream, effect) => {
                    // A stream that is gone already has nothing to change.
                    let _ = self.engine.control(now, ear::control(stream, effect));
                }
                Effect::Voice(voice) => {
                    self.voices.hear(voice);
                }
                Effect::VoiceLink(link, effect) => self.voices.link(link, effect),
                Effect::Tone(tone) => self.voices.sound(tone),
                Effect::Notify(event) => {
                    if matches!(event, Event::Controller { up: true, .. }) {
                        self.started.get_or_insert(now);
                    }
                    capture.event(now, &event);
                    story.tell(now.as_secs_f64(), &event);
                }
                Effect::Failed(failure) => return Err(format!("the controller failed: {failure}")),
                // Nobody comes back after the demonstration.
                Effect::Store(_) | Effect::Erase(_) | Effect::Decided(..) => {}
            }
        }
        Ok(())
    }
}
