//! The demonstration: the receiver's main job on the embedded simulator, heard, captured and drawn.
//!
//! In real time it is a receiver like any other, with its threads, on the controller `sim`. With
//! `fast` the same host, engine, capture and world are stepped in virtual time by one thread.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use audio::{Engine, Microphone, Sink};
use host::{
    AnswerHow, CallState, Command, Effect, Event, Host, Input, Limits, OrderKind, SourceKind,
    StreamId, StreamState, Ticket,
};
use pool::{Arena, Instant};
use sim::World;
use wire::Address;

use crate::capture::{Capture, Tap};
use crate::config::Config;
use crate::ear;
use crate::ear::voice::{Reply, Voices};
use crate::hub::Next;
use crate::mouthpiece::Mouthpiece;
use crate::notice::What;
use crate::notice::source_kind;
use crate::receiver::Receiver;
use crate::replay::Beginning;
use crate::status::Status;
use crate::talk::Talk;
use crate::tap::Taps;

/// How the demonstration is run.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// In virtual time, as fast as it goes.
    pub fast: bool,
    /// Where its files go; made if it is not there.
    pub folder: PathBuf,
}

impl Default for DemoOptions {
    fn default() -> Self {
        DemoOptions { fast: false, folder: "tandem-demo".into() }
    }
}

/// The seed of the demonstration's world in virtual time: the same files each time.
const SEED: u64 = 1;
/// The date that virtual time begins at: 1 January 2026, since 1970.
const DATE: Duration = Duration::from_secs(1_767_225_600);
/// How often the mix is rendered in virtual time.
const TICK: Duration = Duration::from_millis(10);
/// Frames of the mix in a tick.
const FRAMES: usize = 480;
/// How long pairing mode stays open: the whole demonstration.
const PAIRING_SECONDS: u32 = 80;
/// What the receiver's owner does: presses the answer button.
const ANSWER: Command = Command::Answer { how: AnswerHow::Default, phone: None, index: None };

/// Runs the demonstration and says on `out` what happens.
///
/// # Errors
/// A sentence: a file that cannot be written, or a controller that did not come up.
pub fn run(options: &DemoOptions, out: &mut dyn Write) -> Result<(), String> {
    let folder = &options.folder;
    let fail = |what: &str| {
        let place = folder.join(what).display().to_string();
        move |error: std::io::Error| format!("{place}: {error}")
    };
    std::fs::create_dir_all(folder).map_err(fail(""))?;
    let pace = if options.fast { "in virtual time" } else { "in real time" };
    let _ = writeln!(
        out,
        "A virtual dongle and three virtual phones, {pace}, {} s of music and calls.\n",
        sim::DEMO_LENGTH.as_secs()
    );
    let mut story = Story { status: Status::default(), out };
    if options.fast {
        fast(folder, &mut story)?
    } else {
        live(folder, &mut story)?
    }
    let capture =
        snoop::Capture::open(&folder.join("capture.btsnoop")).map_err(|e| e.to_string())?;
    let timeline = snoop::Timeline::of(capture.records());
    std::fs::write(folder.join("timeline.svg"), timeline.to_svg()).map_err(fail("timeline.svg"))?;
    let _ = writeln!(
        story.out,
        "\nHear it:  {0}/heard.wav\nSee it:   {0}/timeline.svg\nStudy it: {0}/capture.btsnoop (opens in Wireshark)",
        folder.display()
    );
    Ok(())
}

fn config(folder: &Path) -> Config {
    Config {
        controller: "sim".into(),
        sound: Some(format!("wav:{}", folder.join("heard.wav").display())),
        microphone: Some("null".into()),
        snoop: Some(folder.join("capture.btsnoop")),
        state_dir: Some(folder.join("state")),
        pair: Some(PAIRING_SECONDS),
        ..Config::default()
    }
}

/// As a receiver with its threads.
fn live(folder: &Path, story: &mut Story<'_>) -> Result<(), String> {
    // The phones of the demonstration are new each time.
    let _ = std::fs::remove_dir_all(folder.join("state"));
    let receiver = Receiver::open(config(folder)).map_err(|error| error.to_string())?;
    let events = receiver.subscribe().map_err(|error| error.to_string())?;
    // The end is the last thing to wait for.
    let mut moments = sim::DEMO_ANSWERS.into_iter().chain([sim::DEMO_LENGTH]).peekable();
    while let Some(moment) = moments.peek() {
        let left = moment.as_secs_f64() - receiver.seconds();
        if left <= 0.0 {
            moments.next();
            if moments.peek().is_some() {
                receiver.submit(ANSWER);
            }
            continue;
        }
        match events.next(Some(Duration::from_secs_f64(left))) {
            Next::Notice(notice) => {
                if let What::Event(event) = &notice.what {
                    story.tell(notice.t, event);
                }
            }
            Next::TimedOut => {}
            Next::Closed => return Err("the receiver ended by itself".into()),
        }
    }
    receiver.close();
    let _ = std::fs::remove_dir_all(folder.join("state"));
    Ok(())
}

/// In virtual time.
fn fast(folder: &Path, story: &mut Story<'_>) -> Result<(), String> {
    let config = config(folder);
    let wav = config.sound.clone().unwrap_or_default();
    let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
    let path = folder.join("capture.btsnoop");
    let mut capture = Capture::create(&path, SystemTime::UNIX_EPOCH + DATE, false).map_err(fail)?;
    let settings = config.host_settings();
    let beginning =
        Beginning { limits: Limits::default(), settings, bonds: Vec::new(), seed: [0; 32] };
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
    let mut answers = sim::DEMO_ANSWERS.map(|after| Instant::ZERO + after).into_iter().peekable();
    let mut now = Instant::ZERO;
    while now < end {
        let times = [
            stage.world.next_at(),
            stage.host.wake_at(),
            Some(stage.rendered + TICK),
            stage.talk.wake_at(),
            answers.peek().copied(),
        ];
        let next = times.into_iter().flatten().min().unwrap_or(end);
        now = whole(next).max(now).min(end);
        stage.step(now, story)?;
        if stage.started.is_some()
            && let Some(pair) = pair.take()
        {
            stage.feed(now, pair, story)?;
        }
        if answers.next_if(|at| *at <= now).is_some() {
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

/// Tells what happens, for people.
struct Story<'o> {
    status: Status,
    out: &'o mut dyn Write,
}

impl Story<'_> {
    fn tell(&mut self, t: f64, event: &Event) {
        self.status.apply(t, event);
        let name = |phone: &Address| self.name(*phone);
        let line = match event {
            Event::Controller { up: true, .. } => "the receiver is up".into(),
            Event::Pairing { open: true, .. } => "pairing mode is open".into(),
            Event::Paired { phone } => format!("{phone} is paired"),
            Event::Phone { phone, connected: true, name, .. } if !name.is_empty() => {
                format!("{phone} is {name}, connected")
            }
            Event::Phone { phone, connected: false, .. } => {
                format!("{} is disconnected", name(phone))
            }
            Event::Stream { phone, state: StreamState::Playing, .. } => {
                format!("{} plays", name(phone))
            }
            Event::Stream { phone, state: StreamState::Suspended, .. } => {
                format!("{} pauses", name(phone))
            }
            Event::Track { phone, track } if !track.title.is_empty() => {
                format!("{} has \"{}\"", name(phone), track.title)
            }
            Event::Order { phone, order: OrderKind::Pause } => {
                format!("{} is told to pause", name(phone))
            }
            Event::Order { phone, order: OrderKind::Play } => {
                format!("{} is told to play again", name(phone))
            }
            Event::Order { phone, order: OrderKind::Answer } => {
                format!("{} is told to answer", name(phone))
            }
            Event::Order { phone, order: OrderKind::Hold } => {
                format!("{} is told to hold its call, or to take it back", name(phone))
            }
            Event::Call { phone, state: CallState::Incoming, name: caller, .. }
                if !caller.is_empty() =>
            {
                format!("{caller} calls {}", name(phone))
            }
            Event::Call { phone, state: CallState::Ended, .. } => {
                format!("a call on {} is over", name(phone))
            }
            Event::Evicted { phone, by } => {
                format!("{} gave its seat to {}", name(phone), name(by))
            }
            Event::Audible { sources } if sources.is_empty() => "♪ silence".into(),
            Event::Audible { sources } => {
                let heard: Vec<String> = sources
                    .iter()
                    .map(|source| match source.kind {
                        SourceKind::Media => name(&source.phone),
                        kind => format!("{}'s {}", name(&source.phone), source_kind(kind)),
                    })
                    .collect();
                format!("♪ {} is heard", heard.join(" and "))
            }
            _ => return,
        };
        // Whoever reads may have had enough.
        let _ = writeln!(self.out, "{t:7.2} s  {line}");
        let _ = self.out.flush();
    }

    fn name(&self, phone: Address) -> String {
        match self.status.phones.get(&phone) {
            Some(known) if !known.name.is_empty() => known.name.clone(),
            _ => phone.to_string(),
        }
    }
}
