//! Between the radio thread and the ear: what is to be heard goes one way, what is heard the other.
//!
//! Media goes through a ring of its own that drops the oldest when the audio thread lags; what
//! changes a stream is never dropped, since a stream changes far less often than the ring is long.

use host::{StreamEffect, StreamId};
use pool::{Frame, Instant, Queue};
use stack::a2dp::Configuration;
use wire::a2dp::sbc::Payload;

use crate::wakeup::Wakeup;

/// Media packets on their way: about a second and a half of one stream.
const MEDIA: usize = 128;
/// Changes of streams on their way.
const CHANGES: usize = 256;
/// A fade between sources, in milliseconds: silence within 10 ms of the decision.
pub(crate) const FADE_MS: u32 = 8;

/// What the audio thread is to do, media aside.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// The sink's clock starts here.
    Start(Instant),
    /// As the engine takes it.
    Control(audio::Control),
}

/// A media packet for the engine.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) stream: u8,
    pub(crate) payload: Frame,
    pub(crate) frames: u8,
    pub(crate) sequence: u16,
}

/// A stream became sound, or silence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    pub(crate) stream: StreamId,
    pub(crate) on: bool,
}

/// The queues between the two threads.
#[derive(Debug)]
pub(crate) struct Ear {
    pub(crate) changes: Queue<Change>,
    pub(crate) media: Queue<Packet>,
    pub(crate) heard: Queue<Heard>,
    /// Wakes the audio thread.
    pub(crate) wakeup: Wakeup,
}

impl Ear {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Ear {
            changes: Queue::new(CHANGES),
            media: Queue::new(MEDIA),
            heard: Queue::new(CHANGES),
            wakeup: Wakeup::new()?,
        })
    }

    /// Hands a media packet on; gives how many older ones were dropped for it.
    pub(crate) fn media(&self, media: stack::Media) -> usize {
        self.media.force_push(packet(media))
    }

    pub(crate) fn start(&self, now: Instant) {
        self.change(Change::Start(now));
    }

    pub(crate) fn stream(&self, stream: StreamId, effect: StreamEffect) {
        self.change(Change::Control(control(stream, effect)));
    }

    fn change(&self, change: Change) {
        let taken = self.changes.push(change).is_ok();
        debug_assert!(taken, "the audio thread takes changes faster than phones make them");
        self.wakeup.wake();
    }
}

/// A media packet as the engine takes it. A piece of a frame counts as one frame: the decoder
/// conceals it.
pub(crate) fn packet(media: stack::Media) -> Packet {
    let frames = match media.media.payload {
        Payload::Frames(frames) => frames,
        _ => 1,
    };
    Packet {
        stream: media.stream.0,
        payload: media.media.frame,
        frames,
        sequence: media.media.sequence_number,
    }
}

/// A change of a stream as the engine takes it.
pub(crate) fn control(stream: StreamId, effect: StreamEffect) -> audio::Control {
    let stream = stream.0;
    match effect {
        StreamEffect::Open(configuration) => open(stream, configuration),
        StreamEffect::Flush => audio::Control::Flush { stream },
        StreamEffect::Close => audio::Control::Close { stream },
        StreamEffect::Gain(gain) => audio::Control::Gain { stream, gain, fade_ms: FADE_MS },
    }
}

fn open(stream: u8, configuration: Configuration) -> audio::Control {
    audio::Control::Open {
        stream,
        codec: audio::StreamCodec::Sbc,
        rate: configuration.sampling_frequency(),
        channels: configuration.channels(),
    }
}
