//! Starts a receiver: opens everything, in an order in which a mistake costs nothing, then the threads.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use audio::{Engine, Microphone, Sink, Sound, Tone};
use host::{Bond, Command, Limits};

use crate::air::Air;
use crate::attempt::Wanted;
use crate::bonds::{BondStore, Damaged};
use crate::canceller::{Canceller, Echo};
use crate::capture::{Capture, Tap};
use crate::config::{Config, ConfigError};
use crate::control::{Control, warning};
use crate::ear::{Ear, Known};
use crate::error::OpenError;
use crate::mouthpiece::Mouthpiece;
use crate::port::{Port, VoiceLinks};
use crate::radio::{REOPEN_FIRST, Radio, Ready};
use crate::realtime::{self, Wish};
use crate::receiver::{Handle, Options};
use crate::replay::Beginning;
use crate::shared::Shared;
use crate::speaker::Speaker;
use crate::status::Status;
use crate::talk::Talk;
use crate::tap::Taps;
use crate::told::Told;

/// How long the controller may take to come up.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
/// How soon is seen, while it comes up, that nobody wants it any more.
const READY_ROUND: Duration = Duration::from_millis(50);
/// What is told where phones are to leave echo to us, and nobody takes it out.
const NO_CANCELLER: &str = "phones are told to leave echo to the receiver, which has no canceller of \
                            its own: an embedder hands one over, or echo_cancellation is \"phone\"";
/// The threads' stacks. What is not touched of them costs nothing; what real time needs is touched and
/// locked at the start.
const STACK: usize = 1024 * 1024;

pub(crate) fn start(
    mut config: Config,
    options: Options,
    wanted: &Wanted,
) -> Result<(Handle, Vec<JoinHandle<()>>), OpenError> {
    config.take_controller()?;
    // Who takes echo out himself is not to be given sound that it was taken out of.
    config.settings.noise_reduction_off |= options.canceller.is_some();
    let system = |error: io::Error| OpenError::System(format!("starting failed: {error}"));
    let store = config.keeps_bonds().then(|| open_store(&config)).transpose()?;
    let (bonds, damaged) =
        store.as_ref().map_or_else(|| Ok(Default::default()), BondStore::load).map_err(system)?;
    let port = open_port(&config, options.air)?;
    let (spec, silent) = sound(&config);
    let sink = Sink::open(&spec, config.rate)?;
    let (mouthpiece, deaf) = microphone(&config)?;
    let engine = engine(&config)?;
    let mut capture = open_capture(&config)?;

    let mut status = Status::new(&config.settings.name, &bonds, config.phone_names());
    status.settings = config.shown();
    let shared = Arc::new(Shared::new(config.clone(), status).map_err(system)?);
    let ear = Arc::new(Ear::new().map_err(system)?);
    let handle = Handle(shared.clone());
    shared.switchboard.microphone_rate.store(mouthpiece.rate(), Ordering::Relaxed);
    let mut talk = Talk::new(mouthpiece);
    let mut warnings = prepare(&damaged, &[port.arena(), talk.arena()]);
    warnings.extend(deaf.map(|text| ("microphone", text)));
    match options.canceller {
        Some(canceller) => talk.echo = Some(echo(canceller, &config, talk.mouthpiece.rate())?),
        None if config.settings.noise_reduction_off => warnings.push(("echo", NO_CANCELLER.into())),
        None => {}
    }
    warnings.extend(silent.map(|text| ("sound", text.to_string())));

    let beginning = beginning(&config, bonds);
    if let Some(capture) = &mut capture {
        capture.begin(&beginning);
    }
    let mut host = beginning.host();
    if capture.is_some() {
        host.tell_decisions();
    }

    let ready = Ready::new(Told::new());
    // Boxed: they are too large for the threads' stacks.
    let mut radio = Box::new(Radio {
        shared: shared.clone(),
        ear: ear.clone(),
        host,
        port,
        voice_links: VoiceLinks::default(),
        tap: capture.is_some().then(Tap::new),
        ready: Some(ready.clone()),
        reopen: None,
        backoff: REOPEN_FIRST,
        broken: None,
        more: false,
        ask: pool::Instant::ZERO,
    });
    let mut speaker = Box::new(Speaker {
        shared: shared.clone(),
        ear,
        known: Known::default(),
        talk,
        taps: Taps::default(),
        engine,
        sink,
        spec,
        rate: config.rate,
        started: None,
        show: pool::Instant::ZERO,
        reopen: None,
    });
    let control = Control {
        shared: shared.clone(),
        bonds: store,
        capture,
        ready: Some(ready.clone()),
        lost: 0,
    };

    let mut threads = Vec::new();
    let mut spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
        let whole = Whole(shared.clone());
        let body = move || {
            let _whole = whole;
            body();
        };
        let thread = thread::Builder::new().name(name.into()).stack_size(STACK).spawn(body);
        thread.map(|thread| threads.push(thread)).map_err(system)
    };
    let lower = config.priority.saturating_sub(1);
    let wish =
        |priority, n: usize| Wish { priority, cpu: config.cpus.get(n).copied(), pinned: n == 0 };
    let (radio_wish, audio_wish) = (wish(config.priority, 0), wish(lower, 1));
    let started = spawn("control", Box::new(move || control.run()))
        .and_then(|()| spawn("audio", Box::new(move || speaker.run(audio_wish))))
        .and_then(|()| spawn("radio", Box::new(move || radio.run(radio_wish))))
        .and_then(|()| wait_until_ready(&ready, &shared, wanted));
    if let Err(error) = started {
        end(&shared, &mut threads);
        return Err(error);
    }
    for (code, text) in warnings {
        tracing::warn!("{text}");
        shared.hub.publish(shared.clock.seconds(), warning(code, format_args!("{text}")));
    }
    apply_phones(&handle, &config);
    Ok((handle, threads))
}

/// Waits until the controller is up or has failed, or nobody wants it any more.
fn wait_until_ready(
    ready: &Told<Result<(), OpenError>>,
    shared: &Shared,
    wanted: &Wanted,
) -> Result<(), OpenError> {
    for _ in 0..READY_TIMEOUT.as_millis() / READY_ROUND.as_millis() {
        if let Some(ready) = ready.wait(READY_ROUND) {
            return ready;
        }
        if wanted.is_gone() {
            return Err(OpenError::System("the receiver is not wanted any more".into()));
        }
        if shared.is_quitting() {
            // One of the threads fell.
            break;
        }
    }
    Err(OpenError::Controller("the controller did not come up".into()))
}

/// Held by each thread of a receiver: one that falls takes the receiver with it, so that nobody waits
/// for one that cannot answer.
struct Whole(Arc<Shared>);

impl Drop for Whole {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fall();
        }
    }
}

/// Ends the threads: the control thread, which comes first, after those that report to it.
pub(crate) fn end(shared: &Shared, threads: &mut Vec<JoinHandle<()>>) {
    // A panic there has been printed already.
    shared.quit();
    for thread in threads.drain(1.min(threads.len())..) {
        let _ = thread.join();
    }
    shared.finish();
    for thread in threads.drain(..) {
        let _ = thread.join();
    }
}

/// What the host is made of.
fn beginning(config: &Config, bonds: Vec<Bond>) -> Beginning {
    Beginning { limits: Limits::default(), settings: config.host_settings(), bonds }
}

fn apply_phones(handle: &Handle, config: &Config) {
    for phone in config.phones.keys() {
        for key in ["takeover", "priority", "auto_answer"] {
            if let Some(change) = config.change(key, Some(*phone)) {
                handle.submit(Command::Set(change));
            }
        }
    }
    if let Some(seconds) = config.pair {
        handle.submit(Command::Pair { seconds });
    }
}

/// What is not as it should be, but does not keep the receiver from starting.
fn prepare(damaged: &[Damaged], arenas: &[&pool::Arena]) -> Vec<(&'static str, String)> {
    let mut warnings: Vec<(&'static str, String)> = damaged
        .iter()
        .map(|Damaged { file, reason }| {
            ("bond", format!("{}: {reason}; this phone has to pair again", file.display()))
        })
        .collect();
    if !arenas.iter().all(|arena| realtime::lock(arena.extent())) {
        let text = "memory cannot be locked; LimitMEMLOCK=8M in the systemd unit, or \"memlock\" \
                    in /etc/security/limits.conf, would permit it";
        warnings.push(("realtime", text.into()));
    }
    warnings
}

/// The sink that was asked for, or `pulse` where a server answers, else `null` and a warning.
fn sound(config: &Config) -> (String, Option<&'static str>) {
    match &config.sound {
        Some(spec) => (spec.clone(), None),
        None if audio::pulse_answers() => ("pulse".into(), None),
        None => ("null".into(), Some("no sound server answers; sound goes nowhere (see --sound)")),
    }
}

/// The microphone that was asked for, or `pulse` where a server has one, else silence and a warning. A
/// device is opened for a moment, to see whether it can be.
fn microphone(config: &Config) -> Result<(Mouthpiece, Option<String>), OpenError> {
    let (spec, opened) = match &config.microphone {
        Some(spec) => (spec.as_str(), Ok(Microphone::open(spec)?)),
        None => ("pulse", Microphone::open("pulse")),
    };
    Ok(match opened {
        Ok(microphone) => (Mouthpiece::new(spec.into(), microphone), None),
        Err(error) => {
            let silent = Mouthpiece::new("null".into(), Microphone::null());
            (silent, Some(format!("{error}; phones are sent silence (see --microphone)")))
        }
    })
}

/// The engine, with the owner's tones.
fn engine(config: &Config) -> Result<Engine, OpenError> {
    let mut engine = Engine::new(audio::Config {
        rate: config.rate,
        latency_ms: config.latency_ms,
        // The number of seats may be changed at any time; the one more is for a stream that fades out.
        streams: multipoint::MAX_SEATS + 1,
    });
    for (key, tone, file) in [
        ("tones.ring", Tone::Ring, &config.ring_tone),
        ("tones.waiting", Tone::Waiting, &config.waiting_tone),
    ] {
        if let Some(file) = file {
            let sound = Sound::read(file);
            let sound = sound.map_err(|why| OpenError::Config(ConfigError::new(key, why)))?;
            engine.replace_tone(tone, sound);
        }
    }
    Ok(engine)
}

/// The embedder's canceller with what it is told.
fn echo(canceller: Box<dyn Canceller>, config: &Config, rate: u32) -> Result<Echo, OpenError> {
    Echo::new(canceller, config.rate, rate).ok_or_else(|| {
        let why =
            format!("is {}; with a canceller it must be at most six times {rate}", config.rate);
        OpenError::Config(ConfigError::new("sound.rate", why))
    })
}

fn open_store(config: &Config) -> Result<BondStore, OpenError> {
    let state = config.state_folder().ok_or_else(|| missing("state_dir"))?;
    Ok(BondStore::open(&state)?)
}

fn open_port(config: &Config, air: Option<Air>) -> Result<Port, OpenError> {
    let seed = entropy()?;
    let wrong = |why: &str| OpenError::Config(reason("controller", why.into()));
    match air {
        None => Port::open(&config.controller, seed),
        Some(_) if config.controller != "sim" => Err(wrong("must be sim with an air")),
        Some(air) if air.take() => Ok(Port::commanded(air, seed)),
        Some(_) => Err(wrong("the air has had its receiver")),
    }
}

fn open_capture(config: &Config) -> Result<Option<Capture>, OpenError> {
    let Some(path) = &config.snoop else { return Ok(None) };
    let capture = Capture::create(path, SystemTime::now(), config.log_keys);
    let wrong = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            OpenError::Permission(format!("snoop: {}: {error}", path.display()))
        }
        _ => OpenError::Config(reason("snoop", format!("{}: {error}", path.display()))),
    };
    capture.map(Some).map_err(wrong)
}

fn reason(key: &str, reason: String) -> ConfigError {
    ConfigError { file: None, line: None, key: Some(key.into()), reason }
}

fn missing(key: &str) -> OpenError {
    OpenError::Config(reason(key, "is not set, and neither are $XDG_STATE_HOME and $HOME".into()))
}

fn entropy() -> Result<u64, OpenError> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| OpenError::System(format!("no entropy: {error}")))?;
    Ok(u64::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use host::{Event, Refusal};

    use super::*;
    use crate::hub::Next;
    use crate::notice::What;

    #[test]
    fn a_thread_that_falls_takes_the_receiver_with_it() {
        let shared = Arc::new(Shared::new(Config::default(), Status::default()).unwrap());
        let handle = Handle(shared.clone());
        let subscription = handle.subscribe().unwrap();
        // Taken by the radio thread, which will never answer it.
        let taken = shared.ticket();
        let end = shared.hub.wait_for(taken);
        let waiting = shared.ticket();
        let still_waiting = shared.hub.wait_for(waiting);
        shared.command(waiting, Command::StopPairing);
        let whole = Whole(shared.clone());
        let fallen = thread::spawn(move || {
            let _whole = whole;
            panic!("a defect, as a test has it");
        });
        assert!(fallen.join().is_err());
        assert!(shared.is_quitting() && shared.is_finished());
        assert_eq!(end.wait(Duration::ZERO), Some(Err(Refusal::ControllerLost)));
        assert_eq!(still_waiting.wait(Duration::ZERO), Some(Err(Refusal::ControllerLost)));
        assert_eq!(handle.call(Command::StopPairing), Err(Refusal::ControllerLost));
        let mut lost = false;
        loop {
            match subscription.next(Some(Duration::ZERO)) {
                Next::Notice(notice) => {
                    lost |= matches!(notice.what, What::Event(Event::Controller { up: false, .. }));
                }
                Next::Closed => break,
                Next::TimedOut => panic!("it is open for ever"),
            }
        }
        assert!(lost, "nobody was told");
    }

    #[test]
    fn what_is_wrong_with_microphone_and_tones_names_the_key_and_the_file() {
        let config = |set: fn(&mut Config)| {
            let mut config = Config::default();
            set(&mut config);
            config
        };
        let missing = config(|config| config.waiting_tone = Some("/nowhere/beep.wav".into()));
        let no_sound = config(|config| config.ring_tone = Some("/dev/null".into()));
        let errors = [&missing, &no_sound].map(|config| engine(config).map(drop).unwrap_err());
        let microphones = ["wav:/nowhere/said.wav", "tone:loud", "alsa:hw:0"].map(|spec| {
            let config = Config { microphone: Some(spec.into()), ..Config::default() };
            microphone(&config).map(drop).unwrap_err()
        });
        let expected = [
            ["tones.waiting", "/nowhere/beep.wav"],
            ["tones.ring", "/dev/null"],
            ["microphone", "/nowhere/said.wav"],
            ["microphone", "tone:loud"],
            ["microphone", "alsa:hw:0"],
        ];
        for (error, words) in errors.iter().chain(&microphones).zip(expected) {
            let text = error.to_string();
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
            assert_eq!(error.exit_code(), 2);
        }
        assert!(engine(&Config::default()).is_ok());
    }

    #[test]
    fn a_thread_that_ends_is_no_fall() {
        let shared = Arc::new(Shared::new(Config::default(), Status::default()).unwrap());
        drop(Whole(shared.clone()));
        assert!(!shared.is_quitting());
    }
}
