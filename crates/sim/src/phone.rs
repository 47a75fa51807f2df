//! A phone: a virtual controller, a whole protocol stack as an A2DP source, and somebody who presses
//! its keys. It pairs without asking, secures the links that it places, opens A2DP, and plays a tone
//! that is encoded and paced in virtual time. With AVRCP it has a player, which its owner and the
//! receiver press the keys of (`player`). It has no HFP yet.

use core::f64::consts::TAU;
use core::time::Duration;

use codec::sbc;
use pool::{Arena, Instant};
use stack::a2dp::{Configuration, Packetiser};
use stack::controller::{self, Authenticate};
use stack::{
    Bond, Call, LinkId, Notice, Output, RemoteChange, Stack, StreamChange, StreamId, a2dp, avrcp,
};
use wire::Address;
use wire::avrcp::{KeyState, Volume};
use wire::hci::{ClassOfDevice, Status};

use crate::player::Player;
use crate::{Air, ControllerId, ControllerOptions};

/// Blocks of a phone's arena.
const BLOCKS: usize = 64;
/// Octets in one: a media packet of the largest size with its headers.
const BLOCK: usize = 2048;
/// SBC frames in a media packet.
const FRAMES: u8 = 8;
/// The tones' level: half of full scale.
const AMPLITUDE: f64 = 16_384.0;
/// A smartphone (Assigned Numbers, 2.8).
const CLASS: ClassOfDevice = ClassOfDevice([0x0C, 0x02, 0x5A]);
/// How long a phone thinks between being connected and opening its music.
const THOUGHT: Duration = Duration::from_millis(150);

/// What its owner does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Act {
    /// Connects to the receiver, pairing where there is no bond.
    Connect,
    /// Disconnects.
    Disconnect,
    /// Plays a tone of so many hertz, now or as soon as there is a stream for it.
    Play(u32),
    /// Pauses.
    Pause,
    /// Plays another track, or the tone's next one.
    Next,
    /// Sets the receiver's volume to so many percent. Takes AVRCP.
    Volume(u8),
    /// Deletes the bond.
    Forget,
    /// Walks out of the receiver's range, the phone in a pocket. Takes a [`World`](crate::World).
    Leave,
    /// Comes back into range.
    Return,
}

/// A phone on the air.
pub struct Phone {
    id: ControllerId,
    receiver: Address,
    stack: Stack,
    arena: Arena,
    bonds: Vec<Bond>,
    link: Option<LinkId>,
    secured: bool,
    /// When the music is opened.
    opens_at: Option<Instant>,
    /// The stream, while it is open, and whether it flows.
    stream: Option<Configuration>,
    /// What the stream is called.
    stream_id: StreamId,
    flows: bool,
    wants: Option<u32>,
    music: Option<Music>,
    /// With AVRCP.
    player: Option<Player>,
}

/// A tone on its way.
struct Music {
    hertz: u32,
    encoder: sbc::Encoder,
    header: sbc::Header,
    packetiser: Packetiser,
    since: Instant,
    /// Samples of each channel that were sent.
    samples: u64,
}

impl Phone {
    /// Switches a phone on that will connect to `receiver`, with AVRCP or without.
    pub fn new(
        air: &mut Air,
        name: &str,
        address: Address,
        receiver: Address,
        remote_control: bool,
    ) -> Phone {
        let id = air.add_controller(address, ControllerOptions::default());
        let arena = Arena::new(BLOCKS, BLOCK);
        let seid = wire::avdtp::Seid::new(1).expect("1 is a stream endpoint identifier");
        let config = stack::Config {
            controller: controller::Config {
                name: stack::Name::try_from(name).unwrap_or_default(),
                class: CLASS,
                central: false,
                authenticate: Authenticate::OnDemand,
                ..controller::Config::default()
            },
            endpoints: [a2dp::sbc_source(seid)].into_iter().collect(),
            remote_control,
            calls: None,
            initiative: None,
            media_mtu: wire::l2cap::DEFAULT_MTU,
            identity: stack::sdp::DeviceId {
                source: stack::sdp::VendorIdSource::BluetoothSig,
                vendor: 0xFFFF,
                product: 2,
                version: 0x0100,
            },
            delay: 0,
        };
        let mut stack = Stack::new(config, Vec::new(), arena.clone());
        stack.start(air.now());
        Phone {
            id,
            receiver,
            stack,
            arena,
            bonds: Vec::new(),
            link: None,
            secured: false,
            opens_at: None,
            stream: None,
            stream_id: StreamId(0),
            flows: false,
            wants: None,
            music: None,
            player: remote_control.then(|| Player::new(name)),
        }
    }

    /// Its player, with AVRCP.
    pub fn player(&self) -> Option<&Player> {
        self.player.as_ref()
    }

    /// Its controller, to take it out of range or break it.
    pub fn controller(&self) -> ControllerId {
        self.id
    }

    /// Whether it has a secured link to the receiver.
    pub fn is_connected(&self) -> bool {
        self.secured
    }

    /// Whether its music flows.
    pub fn is_playing(&self) -> bool {
        self.music.is_some()
    }

    /// Its bonds.
    pub fn bonds(&self) -> &[Bond] {
        &self.bonds
    }

    /// Its owner does something.
    pub fn act(&mut self, now: Instant, act: Act) {
        match act {
            Act::Connect => self.call(now, Call::Connect(self.receiver)),
            Act::Disconnect => {
                if let Some(link) = self.link {
                    self.call(
                        now,
                        Call::Disconnect(link, Status::REMOTE_USER_TERMINATED_CONNECTION),
                    );
                }
            }
            Act::Play(hertz) => {
                self.wants = Some(hertz);
                self.player_is(now, |player| player.play(now, hertz));
                match self.link.filter(|_| self.secured) {
                    Some(link) if self.stream.is_some() => self.call(now, Call::StartMedia(link)),
                    Some(link) => self.call(now, Call::OpenMedia(link)),
                    None => {}
                }
            }
            Act::Pause => {
                self.wants = None;
                self.music = None;
                self.player_is(now, |player| player.pause(now));
                if let Some(link) = self.link {
                    self.call(now, Call::SuspendMedia(link));
                }
            }
            Act::Next => self.player_is(now, |player| player.next(now)),
            Act::Volume(percent) => {
                if let Some(link) = self.link {
                    self.call(now, Call::Volume(link, Volume::from_percent(percent)));
                }
            }
            Act::Forget => self.call(now, Call::Forget(self.receiver)),
            Act::Leave | Act::Return => {}
        }
    }

    /// When it has something to do by itself.
    pub fn next_at(&self) -> Option<Instant> {
        let music = self.music.as_ref().map(Music::due_at);
        [self.stack.wake_at(), self.opens_at, music].into_iter().flatten().min()
    }

    /// Does what is due, and talks with its controller until nothing is left.
    pub fn advance(&mut self, air: &mut Air) {
        let now = air.now();
        if self.stack.wake_at().is_some_and(|at| at <= now) {
            self.stack.wake(now);
        }
        if self.opens_at.take_if(|at| *at <= now).is_some()
            && let Some(link) = self.link
        {
            self.call(now, Call::OpenMedia(link));
            self.call(now, Call::OpenRemote(link));
        }
        while self.music.as_ref().is_some_and(|music| music.due_at() <= now) {
            self.send_music();
        }
        loop {
            let mut idle = true;
            while let Some((channel, bytes)) = air.poll(self.id) {
                idle = false;
                // A source is sent no media, and a block that lacks loses a packet as the air would.
                if let Some(mut packet) = self.arena.take()
                    && packet.append(&bytes).is_ok()
                {
                    let _ = self.stack.receive(now, channel, packet);
                }
            }
            while let Some(output) = self.stack.poll(now) {
                idle = false;
                match output {
                    Output::Send(channel, packet) => air.receive(self.id, channel, &packet),
                    Output::Notice(notice) => self.notice(now, notice),
                }
            }
            if idle {
                return;
            }
        }
    }

    fn call(&mut self, now: Instant, call: Call) {
        // What cannot be done any more is overtaken by a notice that is on the way.
        let _ = self.stack.call(now, call);
    }

    fn notice(&mut self, now: Instant, notice: Notice) {
        match notice {
            Notice::Up(_) => {
                self.call(now, Call::Connectable(true));
                self.call(now, Call::Pairable(true));
            }
            Notice::Request { address, .. } => self.call(now, Call::Accept(address)),
            Notice::Connected { link, outgoing, .. } => {
                self.link = Some(link);
                if outgoing {
                    self.call(now, Call::Secure(link));
                }
            }
            Notice::Secured { .. } => {
                self.secured = true;
                self.opens_at = Some(now + THOUGHT);
            }
            Notice::Disconnected { .. } => {
                self.link = None;
                self.secured = false;
                self.opens_at = None;
                self.stream = None;
                self.flows = false;
                self.music = None;
            }
            Notice::Store(bond) => {
                self.bonds.retain(|old| old.address != bond.address);
                self.bonds.push(bond);
            }
            Notice::Erase(address) => self.bonds.retain(|bond| bond.address != address),
            Notice::Stream { link, stream, change } => {
                self.stream_id = stream;
                self.stream(now, link, change);
            }
            Notice::Remote { change, .. } => self.remote(now, change),
            _ => {}
        }
    }

    /// The receiver presses the player's keys, or tells its volume.
    fn remote(&mut self, now: Instant, change: RemoteChange) {
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
                    self.act(now, act);
                }
            }
            RemoteChange::Down | RemoteChange::Told(_) => {}
        }
    }

    /// Changes the player, if there is one, and lets the receiver know.
    fn player_is(&mut self, now: Instant, change: impl FnOnce(&mut Player)) {
        let Some(player) = &mut self.player else { return };
        change(player);
        let told = player.told();
        if let Some(link) = self.link {
            self.call(now, Call::Player(link, told));
        }
    }

    fn stream(&mut self, now: Instant, link: LinkId, change: StreamChange) {
        match change {
            StreamChange::Opened(configuration) | StreamChange::Reconfigured(configuration) => {
                self.stream = Some(configuration);
                if self.wants.is_some() {
                    self.call(now, Call::StartMedia(link));
                }
            }
            StreamChange::Started => {
                self.flows = true;
                self.music = self.wants.and_then(|hertz| self.compose(now, hertz));
            }
            StreamChange::Suspended => {
                self.flows = false;
                self.music = None;
            }
            StreamChange::Closed => {
                self.stream = None;
                self.flows = false;
                self.music = None;
            }
            StreamChange::Delay(_) => {}
        }
    }

    fn compose(&self, now: Instant, hertz: u32) -> Option<Music> {
        let Configuration::Sbc(sbc) = self.stream? else { return None };
        let header = header(sbc).ok()?;
        Some(Music {
            hertz,
            encoder: sbc::Encoder::new(header),
            header,
            packetiser: Packetiser::new(0, self.stack.scms_t(self.stream_id)),
            since: now,
            samples: 0,
        })
    }

    fn send_music(&mut self) {
        let stream = self.stream_id;
        let mtu = usize::from(self.stack.media_mtu(stream).unwrap_or(wire::l2cap::DEFAULT_MTU));
        let Some(music) = &mut self.music else { return };
        let frames = music.packetiser.frames_in(mtu, music.header.frame_length()).clamp(1, FRAMES);
        let packet = self.arena.take();
        let samples = u64::from(frames) * music.header.samples() as u64;
        if let Some(mut packet) = packet
            && music.encode(frames, &mut packet)
        {
            // What the link does not take is lost, as on the air.
            let _ = self.stack.send_media(stream, packet);
        }
        music.samples += samples;
    }
}

impl Music {
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
