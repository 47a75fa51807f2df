//! A phone's music: a tone that is encoded and paced in virtual time, the stream that it flows on, and
//! the player that is told of it.

use core::f64::consts::TAU;
use core::time::Duration;

use codec::sbc;
use pool::Instant;
use stack::a2dp::{Configuration, Packetiser};
use stack::{Call, LinkId, RemoteChange, StreamChange, StreamId, avrcp};
use wire::avrcp::{KeyState, OperationId};

use super::due::Due;
use super::{Act, Phone, Player};

/// SBC frames in a media packet.
const FRAMES: u8 = 8;
/// The tones' level: half of full scale.
const AMPLITUDE: f64 = 16_384.0;

/// The stream, and what is to flow on it.
#[derive(Default)]
pub(super) struct Stream {
    /// While it is open.
    configuration: Option<Configuration>,
    /// What the stack calls it.
    id: Option<StreamId>,
    flows: bool,
    /// It is being suspended from here.
    suspending: bool,
    /// The tone that is to be heard.
    wants: Option<u32>,
    tone: Option<Tone>,
    /// What is played again after the call that it was paused for.
    pub(super) interrupted: Option<u32>,
}

/// A tone on its way.
struct Tone {
    hertz: u32,
    encoder: sbc::Encoder,
    header: sbc::Header,
    packetiser: Packetiser,
    since: Instant,
    /// Samples of each channel that were sent.
    samples: u64,
}

impl Stream {
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.tone.as_ref().map(Tone::due_at)
    }

    pub(super) fn is_playing(&self) -> bool {
        self.tone.as_ref().is_some_and(|tone| tone.hertz > 0)
    }

    /// The link is gone; what is wanted is wanted still.
    pub(super) fn link_lost(&mut self) {
        *self = Stream { wants: self.wants, interrupted: self.interrupted, ..Stream::default() };
    }
}

impl Phone {
    pub(super) fn play(&mut self, now: Instant, hertz: u32) {
        self.agenda.strike(Due::Resume);
        self.agenda.strike(Due::ChimeEnds);
        self.stream.interrupted = None;
        self.player_is(now, |player| player.play(now, hertz));
        self.sound(now, hertz);
    }

    pub(super) fn pause(&mut self, now: Instant) {
        self.agenda.strike(Due::Resume);
        self.stream.interrupted = None;
        self.fall_silent(now);
    }

    /// A tone without the player.
    pub(super) fn chime(&mut self, now: Instant, hertz: u32, length: Duration) {
        if self.stream.wants.is_none() {
            self.sound(now, hertz);
            self.agenda.put(now + length, Due::ChimeEnds);
        }
    }

    fn sound(&mut self, now: Instant, hertz: u32) {
        self.agenda.strike(Due::Suspend);
        self.stream.wants = Some(hertz);
        match self.link.filter(|_| self.secured) {
            // It is started once it is suspended.
            Some(_) if self.stream.suspending => {}
            Some(_) if self.stream.flows => self.stream.tone = self.compose(now, hertz),
            Some(link) if self.stream.configuration.is_some() => {
                self.call(now, Call::StartMedia(link));
            }
            Some(link) => self.call(now, Call::OpenMedia(link)),
            None => {}
        }
    }

    /// Pauses for a call, to play again after it.
    pub(super) fn interrupt(&mut self, now: Instant) {
        self.agenda.strike(Due::Resume);
        if let Some(hertz) = self.stream.wants {
            self.stream.interrupted = Some(hertz);
            self.fall_silent(now);
        }
    }

    pub(super) fn resume(&mut self, now: Instant) {
        if let Some(hertz) = self.stream.interrupted.take() {
            self.play(now, hertz);
        }
    }

    pub(super) fn fall_silent(&mut self, now: Instant) {
        self.stream.wants = None;
        self.player_is(now, |player| player.pause(now));
        let manners = self.options.manners;
        if manners.suspends_after.is_zero() {
            return self.suspend(now);
        }
        match &mut self.stream.tone {
            Some(tone) if manners.sends_silence => tone.hertz = 0,
            tone => *tone = None,
        }
        self.agenda.put(now + manners.suspends_after, Due::Suspend);
    }

    pub(super) fn suspend(&mut self, now: Instant) {
        self.stream.tone = None;
        if let Some(link) = self.link {
            self.stream.suspending = self.stream.flows;
            self.call(now, Call::SuspendMedia(link));
        }
    }

    /// The receiver presses the player's keys, or tells its volume.
    pub(super) fn remote(&mut self, now: Instant, change: RemoteChange) {
        match change {
            RemoteChange::Up => self.player_is(now, |_| {}),
            RemoteChange::Told(avrcp::Notice::Volume(volume)) => {
                if let Some(player) = &mut self.player {
                    player.volume = Some(volume);
                }
            }
            RemoteChange::Told(avrcp::Notice::Pressed { operation, state: KeyState::Pressed }) => {
                let Some(player) = &mut self.player else { return };
                if let Some(act) = player.pressed(operation) {
                    self.obey(now, operation, act);
                }
            }
            RemoteChange::Down | RemoteChange::Told(_) => {}
        }
    }

    /// Does what a key asks for, if it has manners.
    fn obey(&mut self, now: Instant, key: OperationId, act: Act) {
        let manners = self.options.manners;
        let hertz = self.stream.wants;
        match (act, hertz) {
            (Act::Pause, _) if manners.ignores_pause => {}
            (Act::Pause, None) if manners.toggles_on_pause && key == OperationId::PAUSE => {
                let tone = self.player.as_ref().map(Player::hertz);
                self.play(now, tone.unwrap_or_default());
            }
            _ => self.act(now, act),
        }
        if let (Act::Pause, Some(hertz), Some(after)) = (act, hertz, manners.resumes_after) {
            self.stream.interrupted = Some(hertz);
            self.agenda.put(now + after, Due::Resume);
        }
    }

    /// Changes the player, if there is one, and lets the receiver know.
    pub(super) fn player_is(&mut self, now: Instant, change: impl FnOnce(&mut Player)) {
        let Some(player) = &mut self.player else { return };
        change(player);
        let keyless = self.options.manners.refuses_keys;
        let told = avrcp::Player { keyless, ..player.told() };
        if let Some(link) = self.link {
            self.call(now, Call::Player(link, told));
        }
    }

    pub(super) fn stream_changed(
        &mut self,
        now: Instant,
        link: LinkId,
        id: StreamId,
        change: StreamChange,
    ) {
        self.stream.id = Some(id);
        match change {
            StreamChange::Opened(configuration) | StreamChange::Reconfigured(configuration) => {
                self.stream.configuration = Some(configuration);
                if self.stream.wants.is_some() {
                    self.call(now, Call::StartMedia(link));
                }
            }
            StreamChange::Started => {
                self.stream.flows = true;
                self.stream.tone = self.stream.wants.and_then(|hertz| self.compose(now, hertz));
            }
            StreamChange::Suspended => {
                self.stream.flows = false;
                self.stream.tone = None;
                if core::mem::take(&mut self.stream.suspending) && self.stream.wants.is_some() {
                    self.call(now, Call::StartMedia(link));
                }
            }
            StreamChange::Closed => {
                self.stream.configuration = None;
                self.stream.flows = false;
                self.stream.suspending = false;
                self.stream.tone = None;
            }
            StreamChange::Delay(_) => {}
        }
    }

    fn compose(&self, now: Instant, hertz: u32) -> Option<Tone> {
        if !self.options.sound {
            return None;
        }
        let Configuration::Sbc(sbc) = self.stream.configuration? else { return None };
        let header = header(sbc).ok()?;
        Some(Tone {
            hertz,
            encoder: sbc::Encoder::new(header),
            header,
            packetiser: Packetiser::new(0, self.stack.scms_t(self.stream.id?)),
            since: now,
            samples: 0,
        })
    }

    pub(super) fn send_music(&mut self) {
        let (Some(id), Some(tone)) = (self.stream.id, &mut self.stream.tone) else { return };
        let mtu = usize::from(self.stack.media_mtu(id).unwrap_or(wire::l2cap::DEFAULT_MTU));
        let frames = tone.packetiser.frames_in(mtu, tone.header.frame_length()).clamp(1, FRAMES);
        let packet = self.arena.take();
        let samples = u64::from(frames) * tone.header.samples() as u64;
        if let Some(mut packet) = packet
            && tone.encode(frames, &mut packet)
        {
            // What the link does not take is lost, as on the air.
            let _ = self.stack.send_media(id, packet);
        }
        tone.samples += samples;
    }
}

impl Tone {
    fn due_at(&self) -> Instant {
        let rate = u64::from(self.header.frequency().hertz());
        self.since + Duration::from_nanos(self.samples * 1_000_000_000 / rate)
    }

    /// Encodes the next frames as a media packet; `false` when they do not fit.
    fn encode(&mut self, frames: u8, packet: &mut pool::Frame) -> bool {
        let rate = f64::from(self.header.frequency().hertz());
        let (samples, channels) = (self.header.samples(), self.header.channels());
        let mut pcm = [0i16; sbc::MAX_SAMPLES];
        let mut at = self.samples;
        for _ in 0..frames {
            for sample in pcm[..samples * channels].chunks_mut(channels) {
                let phase = TAU * f64::from(self.hertz) * (at as f64 / rate);
                sample.fill((AMPLITUDE * phase.sin()) as i16);
                at += 1;
            }
            let encoded = self.encoder.encode(&pcm[..samples * channels], packet.spare_mut());
            if !encoded.is_ok_and(|length| packet.grow(length).is_ok()) {
                return false;
            }
        }
        let samples = u32::from(frames) * samples as u32;
        self.packetiser.packet(packet, frames, samples).is_ok()
    }
}

/// The codec's name for what A2DP agreed on: the best bitpool of the range.
fn header(sbc: wire::a2dp::sbc::Configuration) -> Result<sbc::Header, sbc::Error> {
    use wire::a2dp::sbc::{AllocationMethod, ChannelMode, SamplingFrequency};
    let frequency = match sbc.sampling_frequency {
        SamplingFrequency::Hz16000 => sbc::Frequency::Hz16000,
        SamplingFrequency::Hz32000 => sbc::Frequency::Hz32000,
        SamplingFrequency::Hz44100 => sbc::Frequency::Hz44100,
        SamplingFrequency::Hz48000 => sbc::Frequency::Hz48000,
    };
    let mode = match sbc.channel_mode {
        ChannelMode::Mono => sbc::Mode::Mono,
        ChannelMode::DualChannel => sbc::Mode::DualChannel,
        ChannelMode::Stereo => sbc::Mode::Stereo,
        ChannelMode::JointStereo => sbc::Mode::JointStereo,
    };
    let allocation = match sbc.allocation_method {
        AllocationMethod::Snr => sbc::Allocation::Snr,
        AllocationMethod::Loudness => sbc::Allocation::Loudness,
    };
    let subbands = sbc.subbands.subbands();
    let bitpool = sbc.bitpools.maximum().min(sbc::Header::max_bitpool(mode, subbands));
    sbc::Header::new(frequency, mode, allocation, sbc.block_length.blocks(), subbands, bitpool)
}
