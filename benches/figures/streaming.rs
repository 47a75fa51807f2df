//! A receiver with one phone that streams: H4 bytes in memory, the framer, the host, the ring to
//! the audio thread and the engine, wired as the threads of `tandem` wire them, in virtual time.

use std::time::Duration;

use audio::{Control, Engine, StreamCodec};
use h4::Framer;
use host::{Command, Effect, Host, Input, Limits, Settings, StreamEffect, StreamId, Ticket};
use pool::{Arena, Frame, Instant, Queue};
use usb::Transport;
use wire::h4::Channel;

use crate::bus::Bus;
use crate::counting;
use crate::music::{self, Music};
use crate::scripted::{HANDLE, Script};

/// The arena's blocks and their size, as the radio thread has them.
const BLOCKS: (usize, usize) = (256, 4096);
/// Packets that fit the ring to the audio thread.
const RING: usize = 128;
/// Frames a second that the ear hears.
const RATE: u32 = 48_000;
/// How long a phone may take until it streams, in virtual milliseconds, and when the music begins.
const PATIENCE: u32 = 10_000;
const START: Instant = Instant::from_millis(20_000);

/// The receiver and its phone.
pub struct Streaming {
    /// Where the packets arrive.
    pub arena: Arena,
    framer: Framer,
    host: Host,
    engine: Engine,
    ring: Queue<stack::Media>,
    sound: Vec<i16>,
    now: Instant,
    packets: u64,
    music: Music,
    script: Script,
    /// The script's share of the allocator's calls.
    aside: u64,
}

impl Streaming {
    /// Brings a controller up, pairs a phone and lets it start a stream.
    pub fn start() -> Self {
        let arena = Arena::new(BLOCKS.0, BLOCKS.1);
        let mut streaming = Streaming {
            framer: Framer::new(arena.clone()),
            arena,
            host: Host::new(Limits::default(), Settings::default(), Vec::new()),
            engine: Engine::new(audio::Config { rate: RATE, ..audio::Config::default() }),
            ring: Queue::new(RING),
            sound: vec![0; RATE as usize / 5],
            now: Instant::from_millis(1_000),
            packets: 0,
            music: Music::new(HANDLE, wire::l2cap::Cid::FIRST_DYNAMIC),
            script: Script::default(),
            aside: 0,
        };
        let mut commands = [
            Some(Input::TransportReady),
            Some(Input::Command(Ticket(1), Command::Pair { seconds: 60 })),
        ];
        for at in 0..PATIENCE {
            // Once the controller has come up.
            let command = commands.get_mut(at as usize / 1_000).and_then(Option::take);
            command.into_iter().for_each(|command| streaming.feed(command));
            streaming.now += Duration::from_millis(1);
            streaming.turn();
        }
        let cid = streaming.script.streams_to().expect("the phone streams in time");
        streaming.music = Music::new(HANDLE, cid);
        streaming
    }

    /// How often this thread called the allocator, without what the script took for itself.
    pub fn allocations(&self) -> u64 {
        counting::calls() - self.aside
    }

    /// One media packet from memory to its effect, which is dropped. Gives where its payload lies
    /// and how long it is.
    #[inline]
    pub fn packet(&mut self) -> (*const u8, usize) {
        write(&mut self.framer, self.now, self.music.next());
        let (channel, packet) = self.framer.packet().expect("framing holds").expect("a packet");
        let mut payload = (std::ptr::null(), 0);
        for effect in self.host.feed(self.now, Input::Received(channel, packet)) {
            if let Effect::Media(media) = effect {
                payload = (media.media.frame.as_ptr(), media.media.frame.len());
            }
        }
        payload
    }

    /// The same by way of the USB driver, from the transfer that the bus has filled.
    #[inline]
    pub fn packet_from(&mut self, transport: &mut Transport<Bus>) -> (*const u8, usize) {
        let (channel, packet) =
            transport.receive(self.now).expect("the bus holds").expect("a packet");
        let mut payload = (std::ptr::null(), 0);
        for effect in self.host.feed(self.now, Input::Received(channel, packet)) {
            if let Effect::Media(media) = effect {
                payload = (media.media.frame.as_ptr(), media.media.frame.len());
            }
        }
        assert!(transport.receive(self.now).expect("the bus holds").is_none());
        payload
    }

    /// The next packet as it is on the bus: without H4's packet type.
    #[inline]
    pub fn next(&mut self) -> &[u8] {
        &self.music.next()[1..]
    }

    /// Whether all of a payload lies in the memory that the transport writes to: then nobody has
    /// copied it.
    pub fn is_inside(arena: &Arena, (payload, length): (*const u8, usize)) -> bool {
        let (start, size) = arena.extent();
        let from = (payload as usize).wrapping_sub(start.as_ptr() as usize);
        length == music::MEDIA_LEN - 13 && from < size - length
    }

    /// One media packet all the way, with the sound that falls due meanwhile and whatever else the
    /// time brings. Gives how many samples were heard, silent ones not counted.
    pub fn played(&mut self) -> usize {
        self.packets += 1;
        let nanos = self.packets * 1_000_000_000 * u64::from(music::SAMPLES);
        self.now = START + Duration::from_nanos(nanos / u64::from(music::RATE));
        write(&mut self.framer, self.now, self.music.next());
        self.turn();
        while let Some(stack::Media { stream, media }) = self.ring.pop() {
            let (frame, sequence) = (&media.frame, media.sequence_number);
            self.engine.media(self.now, stream.0, frame, music::FRAMES, sequence);
        }
        let heard = self.render();
        while let Some(report) = self.engine.poll() {
            if let audio::Report::Sounding(stream, on) = report {
                self.feed(Input::Sounding(StreamId(stream), on));
            }
        }
        heard
    }

    /// What the radio thread does when it wakes.
    fn turn(&mut self) {
        loop {
            while let Some((channel, packet)) = self.framer.packet().expect("framing holds") {
                self.feed(Input::Received(channel, packet));
            }
            let before = counting::calls();
            let answer = self.script.next();
            let some = answer.is_some();
            if let Some(packet) = answer {
                write(&mut self.framer, self.now, &packet);
            }
            self.aside += counting::calls() - before;
            if !some {
                break;
            }
        }
        if self.host.wake_at().is_some_and(|at| at <= self.now) {
            self.feed(Input::Wake);
        }
    }

    fn feed(&mut self, input: Input) {
        for effect in self.host.feed(self.now, input) {
            match effect {
                Effect::Media(media) => assert_eq!(self.ring.force_push(media), 0, "none is lost"),
                Effect::Send(channel, packet) => {
                    let before = counting::calls();
                    take(&mut self.script, channel, &packet);
                    self.aside += counting::calls() - before;
                }
                Effect::Stream(stream, effect) => tell(&mut self.engine, self.now, stream, effect),
                Effect::Notify(_) | Effect::Store(_) => {}
                other => panic!("not what a good phone leads to: {other:?}"),
            }
        }
    }

    fn render(&mut self) -> usize {
        let since = self.now.since(START).as_nanos() * u128::from(RATE);
        let due = (since / 1_000_000_000) as u64 - self.engine.rendered();
        let sound = &mut self.sound[..due as usize * 2];
        self.engine.render(self.now, sound);
        sound.iter().filter(|sample| **sample != 0).count()
    }
}

/// Puts bytes where the transport would read them to.
#[inline]
pub fn write(framer: &mut Framer, now: Instant, bytes: &[u8]) {
    let room = framer.room().expect("a block is free");
    room[..bytes.len()].copy_from_slice(bytes);
    framer.filled(bytes.len(), now);
}

/// Hands a packet to the controller.
fn take(script: &mut Script, channel: Channel, packet: &Frame) {
    script.take(&[&[channel.indicator()][..], packet].concat());
}

fn tell(engine: &mut Engine, now: Instant, stream: StreamId, effect: StreamEffect) {
    engine.control(now, stream_control(stream, effect)).expect("a control that the engine takes");
}

/// A fade, in milliseconds, as `tandem` asks for it.
pub const FADE_MS: u32 = 8;

/// A change of a stream for the ear.
pub fn stream_control(stream: StreamId, effect: StreamEffect) -> Control {
    let stream = stream.0;
    match effect {
        StreamEffect::Open(configuration) => Control::Open {
            stream,
            codec: StreamCodec::Sbc,
            rate: configuration.sampling_frequency(),
            channels: configuration.channels(),
        },
        StreamEffect::Flush => Control::Flush { stream },
        StreamEffect::Close => Control::Close { stream },
        StreamEffect::Gain(gain) => Control::Gain { stream, gain, fade_ms: FADE_MS },
    }
}
