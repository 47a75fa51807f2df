//! A receiver, two phones and its ears in virtual time: the host on the simulator's air, and an engine
//! for each source, as if the mix were that one alone. Each sink asks by itself, every millisecond.

use std::collections::VecDeque;
use std::time::Duration;

use audio::analysis;
use audio::{Control, Engine, VoiceCoding};
use host::{
    Command, Effect, Event, Host, Input, Limits, LinkId, OrderKind, Settings, StreamEffect, Ticket,
    Tone, VoiceCodec, VoiceEffect,
};
use pool::{Arena, Frame, Instant};
use rustix::time::{ClockId, clock_gettime};
use sim::{Act, PhoneOptions, World};
use wire::Address;
use wire::h4::Channel;

use crate::streaming::{FADE_MS, stream_control};

/// Both phones, by number, and the receiver's own tones as a source beside them.
pub const ANNA: usize = 0;
pub const BEN: usize = 1;
pub const TONES: usize = 2;
/// What each plays, in hertz.
pub const TUNES: [u32; 2] = [440, 660];

/// Frames a second at the sinks.
const RATE: u32 = 48_000;
/// Octets of a voice packet on this air.
const VOICE: usize = 60;
/// Media that does not flow for so long begins anew.
const PAUSE: Duration = Duration::from_millis(100);
/// A sink's round.
const ROUND: Duration = Duration::from_millis(1);

/// A packet between the host and its controller.
pub struct Packet {
    pub at: Instant,
    pub sent: bool,
    pub channel: Channel,
    pub octets: Vec<u8>,
}

/// What came of the packets that were looked for.
pub struct Found {
    pub at: Instant,
    /// The processor's time from the packet's being fed to the last effect's being there.
    pub spent: Duration,
    /// What was ordered, in order, and whether packets for the controller went with that.
    pub orders: Vec<OrderKind>,
    pub sends: usize,
}

/// One source as it is heard.
struct Ear {
    engine: Engine,
    sound: Vec<i16>,
}

/// See the module.
pub struct Scene {
    world: World,
    host: Host,
    arena: Arena,
    inputs: VecDeque<Input>,
    effects: Vec<Effect>,
    tickets: u64,
    /// Streams that are sound, where no ear says so.
    sounding: Vec<host::StreamId>,
    /// A packet from the controller with these octets is looked for.
    pub wanted: &'static [u8],
    pub found: Vec<Found>,
    /// What is heard, where there are ears.
    ears: Vec<Ear>,
    /// The processor's time is taken; not under valgrind, which has no such clock.
    pub timed: bool,
    /// When each phone's media began to flow, and when it flowed last.
    flow: [Option<(Instant, Instant)>; 2],
    /// What was told.
    pub told: Vec<(Instant, Event)>,
    /// Every packet, while it is wanted.
    pub packets: Option<Vec<Packet>>,
    /// The processor's time that the host took.
    pub spent: Duration,
}

impl Scene {
    /// Two phones with everything, connected and settled; nobody listens.
    pub fn new(settings: Settings) -> Scene {
        Scene::with(settings, Vec::new())
    }

    /// The same, and it is listened to.
    pub fn heard(settings: Settings) -> Scene {
        let ear = |_| {
            let config = audio::Config { rate: RATE, ..audio::Config::default() };
            Ear { engine: Engine::new(config), sound: Vec::new() }
        };
        Scene::with(settings, (0..=TONES).map(ear).collect())
    }

    fn with(settings: Settings, ears: Vec<Ear>) -> Scene {
        let mut world = World::new(7);
        for (n, name) in ["Anna", "Ben"].into_iter().enumerate() {
            world.add(name, address(n), PhoneOptions::default());
        }
        let mut scene = Scene {
            world,
            host: Host::new(Limits::default(), settings, Vec::new()),
            arena: Arena::new(64, 2048),
            inputs: VecDeque::from([Input::TransportReady]),
            effects: Vec::with_capacity(64),
            tickets: 0,
            sounding: Vec::new(),
            wanted: &[],
            found: Vec::new(),
            ears,
            timed: false,
            flow: [None; 2],
            told: Vec::new(),
            packets: None,
            spent: Duration::ZERO,
        };
        scene.work();
        scene.run(0.5);
        scene.command(Command::Pair { seconds: 180 });
        for n in [ANNA, BEN] {
            scene.act(n, Act::Connect);
            scene.run(2.0);
        }
        scene.run(6.0);
        assert!([ANNA, BEN].iter().all(|n| scene.world.phone(*n).has_line()), "both are there");
        scene
    }

    pub fn now(&mut self) -> Instant {
        self.world.air().now()
    }

    pub fn act(&mut self, phone: usize, act: Act) {
        self.render();
        self.world.act(phone, act);
        self.work();
    }

    pub fn command(&mut self, command: Command) {
        self.render();
        self.tickets += 1;
        self.inputs.push_back(Input::Command(Ticket(self.tickets), command));
        self.work();
    }

    /// Lets so many seconds pass.
    pub fn run(&mut self, seconds: f64) {
        let end = self.now() + Duration::from_secs_f64(seconds);
        while self.now() < end {
            let now = self.now();
            let next = [self.world.next_at(), self.host.wake_at()].into_iter().flatten().min();
            // What is due already is for a host that is not ours.
            let next = next.map_or(end, |next| if next > now { next } else { now + ROUND });
            let round = if self.ears.is_empty() { end } else { now + ROUND };
            self.world.advance(next.min(round).min(end));
            self.render();
            self.work();
        }
    }

    /// Who is heard, one after the other, and since when.
    pub fn audible(&self) -> impl DoubleEndedIterator<Item = (Instant, Vec<usize>)> {
        self.told.iter().filter_map(|(at, event)| match event {
            Event::Audible { sources } => {
                Some((*at, sources.iter().map(|source| number(source.phone)).collect()))
            }
            _ => None,
        })
    }

    /// When a phone's media began to flow.
    pub fn began(&self, phone: usize) -> Option<Instant> {
        self.flow.get(phone)?.map(|(began, _)| began)
    }

    /// When a source is first heard in this time, and from when on it is not.
    pub fn sound(&self, source: usize, from: Instant, to: Instant) -> Option<(Instant, Instant)> {
        let frame = |at: Instant| {
            (u128::from(at.as_nanos()) * u128::from(RATE)).div_ceil(1_000_000_000) as usize
        };
        let at = |frame: usize| {
            Instant::from_nanos((frame as u128 * 1_000_000_000 / u128::from(RATE)) as u64)
        };
        let sound = &self.ears[source].sound;
        let range = frame(from)..frame(to).min(sound.len());
        let heard = |frame: &usize| sound[*frame] != 0;
        let first = range.clone().find(heard)?;
        let last = range.rev().find(heard)?;
        Some((at(first), at(last + 1)))
    }

    /// Lets the host do all that can be done now.
    fn work(&mut self) {
        loop {
            while let Some((channel, octets)) = self.world.poll() {
                let mut packet = self.arena.take().expect("every block comes home");
                packet.append(&octets).expect("a packet fits a block");
                packet.set_arrival(self.world.air().now());
                self.inputs.push_back(Input::Received(channel, packet));
            }
            let now = self.now();
            if self.host.wake_at().is_some_and(|at| at <= now) {
                self.inputs.push_back(Input::Wake);
            }
            let Some(input) = self.inputs.pop_front() else { return };
            self.take(now, input);
        }
    }

    fn take(&mut self, now: Instant, input: Input) {
        let mut wanted = false;
        if let Input::Received(channel, packet) = &input {
            wanted = !self.wanted.is_empty() && contains(packet, self.wanted);
            self.log(now, false, *channel, packet);
        }
        let timed = self.timed;
        let clock = move || if timed { processor() } else { Duration::ZERO };
        let before = clock();
        if wanted {
            decisive(&mut self.host, now, input, &mut self.effects);
        } else {
            self.effects.extend(self.host.feed(now, input));
        }
        let spent = clock().saturating_sub(before);
        self.spent += spent;
        if wanted {
            self.found.push(found(now, spent, &self.effects));
        }
        let mut effects = std::mem::take(&mut self.effects);
        effects.drain(..).for_each(|effect| self.carry_out(now, effect));
        self.effects = effects;
    }

    fn carry_out(&mut self, now: Instant, effect: Effect) {
        match effect {
            Effect::Send(channel, packet) => {
                self.log(now, true, channel, &packet);
                self.world.receive(channel, &packet);
            }
            Effect::Media(media) => self.media(now, media),
            Effect::Stream(stream, effect) => {
                if !matches!(effect, StreamEffect::Gain(_)) {
                    self.sounding.retain(|other| *other != stream);
                }
                let ear = self.ears.get_mut(usize::from(stream.link().0));
                ear.into_iter().for_each(|ear| ear.told(now, stream_control(stream, effect)));
            }
            Effect::Voice(voice) => self.voice(now, &voice),
            Effect::VoiceLink(link, effect) => {
                let ear = self.ears.get_mut(usize::from(link.0));
                ear.into_iter().for_each(|ear| ear.told(now, voice_control(link, effect)));
            }
            Effect::Tone(tone) => {
                let tone = match tone {
                    Tone::None => audio::Tone::None,
                    Tone::Ring => audio::Tone::Ring,
                    Tone::Waiting => audio::Tone::Waiting,
                };
                let ear = self.ears.get_mut(TONES);
                ear.into_iter().for_each(|ear| ear.told(now, Control::Tone(tone)));
            }
            Effect::Notify(event) => self.told.push((now, event)),
            Effect::Store(_) => {}
            other => panic!("not what good phones lead to: {other:?}"),
        }
    }

    fn media(&mut self, now: Instant, media: stack::Media) {
        let stack::Media { stream, media } = media;
        let flow = &mut self.flow[usize::from(stream.link().0)];
        let began =
            flow.filter(|(_, last)| now.since(*last) < PAUSE).map_or(now, |(began, _)| began);
        *flow = Some((began, now));
        let Some(ear) = self.ears.get_mut(usize::from(stream.link().0)) else {
            if !self.sounding.contains(&stream) {
                self.sounding.push(stream);
                self.inputs.push_back(Input::Sounding(stream, true));
            }
            return;
        };
        let stack::a2dp::Payload::Sbc(wire::a2dp::sbc::Payload::Frames(frames)) = media.payload
        else {
            panic!("these phones send whole frames of SBC");
        };
        ear.engine.media(now, stream.0, &media.frame, frames, media.sequence_number);
    }

    /// A voice packet is heard and answered, or, where nobody listens, not.
    fn voice(&mut self, now: Instant, voice: &stack::Voice) {
        let link = voice.link;
        let Some(ear) = self.ears.get_mut(usize::from(link.0)) else { return };
        ear.engine.voice(now, link.0, &voice.frame, false);
        let mut reply = self.arena.take().expect("every block comes home");
        let mut octets = [0; VOICE];
        ear.engine.voice_reply(now, link.0, &mut octets);
        reply.append(&octets).expect("room");
        self.inputs.push_back(Input::Microphone(link, reply));
    }

    /// Until now it sounds as it was: what changes counts from here.
    fn render(&mut self) {
        let now = self.now();
        let due = (u128::from(now.as_nanos()) * u128::from(RATE) / 1_000_000_000) as u64;
        for ear in &mut self.ears {
            let mut block = vec![0; 2 * (due - ear.engine.rendered()) as usize];
            ear.engine.render(now, &mut block);
            ear.sound.extend(analysis::channel(&block, 0));
            while let Some(report) = ear.engine.poll() {
                if let audio::Report::Sounding(stream, on) = report {
                    self.inputs.push_back(Input::Sounding(host::StreamId(stream), on));
                }
            }
        }
    }

    fn log(&mut self, at: Instant, sent: bool, channel: Channel, packet: &Frame) {
        if let Some(packets) = &mut self.packets {
            packets.push(Packet { at, sent, channel, octets: packet.to_vec() });
        }
    }
}

impl Ear {
    fn told(&mut self, now: Instant, control: Control) {
        // What is gone already has nothing to change.
        let _ = self.engine.control(now, control);
    }
}

/// The host takes a packet that something hangs on, and tells what is to be done. callgrind looks for this
/// function by its name.
#[inline(never)]
fn decisive(host: &mut Host, now: Instant, input: Input, effects: &mut Vec<Effect>) {
    effects.extend(host.feed(now, input));
}

fn found(at: Instant, spent: Duration, effects: &[Effect]) -> Found {
    let orders = effects.iter().filter_map(|effect| match effect {
        Effect::Notify(Event::Order { order, .. }) => Some(*order),
        _ => None,
    });
    let sends = effects.iter().filter(|effect| matches!(effect, Effect::Send(..))).count();
    Found { at, spent, orders: orders.collect(), sends }
}

/// The time of the processor that this thread has had: whoever else is at it does not count.
fn processor() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

pub fn contains(octets: &[u8], wanted: &[u8]) -> bool {
    octets.windows(wanted.len()).any(|window| window == wanted)
}

const fn address(n: usize) -> Address {
    Address([0x10 + n as u8, 0x00, 0x00, 0x5E, 0x00, 0x02])
}

/// Which phone has this address.
pub fn number(phone: Address) -> usize {
    usize::from(phone.0[0]) - 0x10
}

/// A change of a voice link for the ear.
fn voice_control(link: LinkId, effect: VoiceEffect) -> Control {
    let link = link.0;
    match effect {
        VoiceEffect::Open { codec, .. } => Control::OpenVoice {
            link,
            coding: match codec {
                VoiceCodec::Cvsd => VoiceCoding::Cvsd,
                VoiceCodec::Msbc => VoiceCoding::Msbc,
            },
            microphone_rate: codec::msbc::RATE,
        },
        VoiceEffect::Close => Control::CloseVoice { link },
        VoiceEffect::Gain(gain) => Control::VoiceGain { link, gain, fade_ms: FADE_MS },
        VoiceEffect::Mute(muted) => Control::Mute { link, muted },
    }
}
