//! A phone: a virtual controller, a whole protocol stack as an A2DP source and an audio gateway, and
//! somebody who presses its keys. It pairs without asking, secures the links that it places, and opens
//! its profiles. Its music and its calls are tones that are encoded and paced in virtual time.
//!
//! | file | what it is |
//! |---|---|
//! | `options` | what it is, and its manners |
//! | `act` | what its owner does |
//! | `music` | the stream, and the tone on it |
//! | `player` | what AVRCP tells of the music |
//! | `calls` | calls, and their voice link |
//! | `speech` | what is said and heard over it |
//! | `due` | what it does by itself, later |

mod act;
mod calls;
mod due;
mod music;
mod options;
mod player;
mod speech;

use core::time::Duration;

use pool::{Arena, Instant};
use stack::controller::{self, Authenticate};
use stack::hfp::{self, gateway};
use stack::{Bond, Call, CallsRole, LinkId, Notice, Output, Stack, VoiceCodec, a2dp};
use wire::Address;
use wire::avrcp::Volume;
use wire::h4::Channel;
use wire::hci::{ClassOfDevice, Status};

use crate::{Air, ControllerId};

pub use act::{Act, Audio};
use calls::{Calls, Voice};
use due::{Agenda, Due};
use music::Stream;
pub use options::{Manners, PhoneOptions};
pub use player::Player;
pub use speech::{Heard, Speaker};

/// Blocks of a phone's arena.
const BLOCKS: usize = 64;
/// Octets in one: a media packet of the largest size with its headers.
const BLOCK: usize = 2048;
/// A smartphone (Assigned Numbers, 2.8).
const CLASS: ClassOfDevice = ClassOfDevice([0x0C, 0x02, 0x5A]);

/// A phone on the air.
pub struct Phone {
    id: ControllerId,
    receiver: Address,
    options: PhoneOptions,
    stack: Stack,
    arena: Arena,
    bonds: Vec<Bond>,
    link: Option<LinkId>,
    secured: bool,
    agenda: Agenda,
    /// When it has something to do by itself; set anew when nothing is left to do.
    due: Option<Instant>,
    stream: Stream,
    /// With AVRCP.
    player: Option<Player>,
    /// With HFP.
    calls: Option<Calls>,
}

impl Phone {
    /// Switches a phone on that will connect to `receiver`.
    pub fn new(
        air: &mut Air,
        name: &str,
        address: Address,
        receiver: Address,
        options: PhoneOptions,
    ) -> Phone {
        let id = air.add_controller(address, options.controller.clone());
        let arena = Arena::new(BLOCKS, BLOCK);
        let bonds = options.bonds.clone();
        let mut stack = Stack::new(config(name, &options), bonds.clone(), arena.clone());
        stack.start(air.now());
        let softphone = options.manners.softphone;
        let calls = options.calls.clone().map(|settings| Calls::new(settings, softphone));
        Phone {
            id,
            receiver,
            stack,
            arena,
            bonds,
            link: None,
            secured: false,
            agenda: Agenda::default(),
            due: Some(air.now()),
            stream: Stream::default(),
            player: options.remote_control.then(|| Player::new(name)),
            calls,
            options,
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
        self.stream.is_playing()
    }

    /// Its bonds.
    pub fn bonds(&self) -> &[Bond] {
        &self.bonds
    }

    /// Its calls, whether the receiver knows of them or not.
    pub fn calls(&self) -> &[hfp::Call] {
        self.calls.as_ref().map_or(&[], Calls::list)
    }

    /// Whether there is a service level connection.
    pub fn has_line(&self) -> bool {
        self.calls.as_ref().is_some_and(Calls::is_up)
    }

    /// How its voice link is coded, while there is one.
    pub fn voice(&self) -> Option<VoiceCodec> {
        match &self.calls.as_ref()?.voice {
            Voice::On(codec, _) => Some(*codec),
            _ => None,
        }
    }

    /// What came over its last voice link.
    pub fn heard(&self) -> Option<&Heard> {
        self.calls.as_ref()?.heard.as_ref()
    }

    /// What the receiver said and asked on the line, calls and their ends aside.
    pub fn told(&self) -> &[gateway::Output] {
        self.calls.as_ref().map_or(&[], |calls| &calls.told)
    }

    /// Its owner, or somebody whom they talk to, does something.
    pub fn act(&mut self, now: Instant, act: Act) {
        self.due = Some(now);
        match act {
            Act::Connect => self.call(now, Call::Connect(self.receiver)),
            Act::Disconnect => {
                if let Some(link) = self.link {
                    let reason = Status::REMOTE_USER_TERMINATED_CONNECTION;
                    self.call(now, Call::Disconnect(link, reason));
                }
            }
            Act::Play(hertz) => self.play(now, hertz),
            Act::Pause => self.pause(now),
            Act::Next => self.player_is(now, |player| player.next(now)),
            Act::Chime(hertz, millis) => {
                self.chime(now, hertz, Duration::from_millis(millis.into()));
            }
            Act::Volume(percent) => {
                if let Some(link) = self.link {
                    self.call(now, Call::Volume(link, Volume::from_percent(percent)));
                }
            }
            Act::Forget => self.call(now, Call::Forget(self.receiver)),
            Act::Leave | Act::Return => {}
            _ => self.act_on_calls(now, act),
        }
    }

    /// When it has something to do by itself.
    pub fn next_at(&self) -> Option<Instant> {
        self.due
    }

    fn find_due(&self) -> Option<Instant> {
        let own = [self.agenda.next_at(), self.stream.due_at(), self.speaks_at()];
        own.into_iter().chain([self.stack.wake_at()]).flatten().min()
    }

    fn speaks_at(&self) -> Option<Instant> {
        self.calls.as_ref().filter(|_| self.options.sound)?.due_at()
    }

    /// Does what is due, and talks with its controller until nothing is left.
    pub fn advance(&mut self, air: &mut Air) {
        let now = air.now();
        let is_due = self.due.is_some_and(|at| at <= now);
        if !is_due && !air.has_packet_for(self.id) {
            return;
        }
        if self.stack.wake_at().is_some_and(|at| at <= now) {
            self.stack.wake(now);
        }
        while let Some(due) = self.agenda.next(now) {
            self.perform(now, due);
        }
        while self.stream.due_at().is_some_and(|at| at <= now) {
            self.send_music();
        }
        while self.speaks_at().is_some_and(|at| at <= now) {
            self.speak();
        }
        loop {
            let mut idle = true;
            while let Some((channel, bytes)) = air.poll(self.id) {
                idle = false;
                self.receive(now, channel, &bytes);
            }
            while let Some(output) = self.stack.poll(now) {
                idle = false;
                match output {
                    Output::Send(channel, packet) => air.receive(self.id, channel, &packet),
                    Output::Notice(notice) => self.notice(now, notice),
                    Output::Voice(voice) => self.hear(&voice),
                }
            }
            if idle {
                break;
            }
        }
        self.due = self.find_due();
    }

    fn hear(&mut self, voice: &stack::Voice) {
        if let Some(heard) = self.calls.as_mut().and_then(|calls| calls.heard.as_mut()) {
            heard.take(voice.status, &voice.frame);
        }
    }

    fn receive(&mut self, now: Instant, channel: Channel, bytes: &[u8]) {
        // A block that lacks loses a packet as the air would.
        let Some(mut packet) = self.arena.take() else { return };
        if packet.append(bytes).is_err() {
            return;
        }
        if channel == Channel::Synchronous {
            if let Some(voice) = self.stack.voice(packet) {
                self.hear(&voice);
            }
        } else {
            // A source is sent no media.
            let _ = self.stack.receive(now, channel, packet);
        }
    }

    fn call(&mut self, now: Instant, call: Call) {
        // What cannot be done any more is overtaken by a notice that is on the way.
        let _ = self.stack.call(now, call);
    }

    fn perform(&mut self, now: Instant, due: Due) {
        match (due, self.link) {
            (Due::OpenMusic, Some(link)) => {
                self.call(now, Call::OpenMedia(link));
                self.call(now, Call::OpenRemote(link));
            }
            (Due::OpenCalls, Some(link)) => self.call(now, Call::OpenCalls(link)),
            (Due::CloseBoth, Some(link)) => {
                self.call(now, Call::CloseMedia(link));
                self.call(now, Call::CloseCalls(link));
                self.open_soon(now);
            }
            (Due::OpenMusic | Due::OpenCalls | Due::CloseBoth, None) => {}
            (Due::ComeBack, _) => self.act(now, Act::Connect),
            (Due::Suspend, _) => self.suspend(now),
            (Due::Resume, _) => self.resume(now),
            (Due::ChimeEnds, _) => self.fall_silent(now),
            (Due::Alert, _) => self.alert(now),
            (Due::TheyAnswer, _) => self.act(now, Act::TheyAnswer),
            (Due::OpenVoice, _) => self.open_voice(now),
            (Due::GiveUpCodec, _) => self.give_up_codec(now),
        }
    }

    /// Opens its profiles when it has thought about it.
    fn open_soon(&mut self, now: Instant) {
        let manners = self.options.manners;
        self.agenda.put(now + manners.opens_music_after, Due::OpenMusic);
        self.agenda.put(now + manners.opens_calls_after, Due::OpenCalls);
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
                self.calls_linked(now, link);
                if outgoing {
                    self.call(now, Call::Secure(link));
                }
            }
            Notice::Secured { .. } => self.secured(now),
            Notice::Disconnected { reason, .. } => self.disconnected(now, reason),
            Notice::Store(bond) => {
                self.bonds.retain(|old| old.address != bond.address);
                self.bonds.push(bond);
            }
            Notice::Erase(address) => self.bonds.retain(|bond| bond.address != address),
            Notice::Stream { link, stream, change } => {
                self.stream_changed(now, link, stream, change);
            }
            Notice::Remote { change, .. } => self.remote(now, change),
            Notice::Gateway { change, .. } => self.gateway_told(now, change),
            Notice::Voice { link, change } => self.voice_changed(now, link, change),
            _ => {}
        }
    }

    fn secured(&mut self, now: Instant) {
        self.secured = true;
        self.open_soon(now);
        let manners = self.options.manners;
        if let Some(after) = manners.opens_twice {
            self.agenda.put(now + after, Due::CloseBoth);
        }
        if let Some(hertz) = manners.plays_on_connecting {
            self.play(now, hertz);
        }
    }

    fn disconnected(&mut self, now: Instant, reason: Status) {
        self.link = None;
        self.secured = false;
        for due in [Due::OpenMusic, Due::OpenCalls, Due::CloseBoth, Due::Suspend, Due::OpenVoice] {
            self.agenda.strike(due);
        }
        self.stream.link_lost();
        self.calls_unlinked();
        if let Some(after) = self.options.manners.comes_back_after
            && reason == Status::REMOTE_USER_TERMINATED_CONNECTION
        {
            self.agenda.put(now + after, Due::ComeBack);
        }
    }
}

/// What a phone's stack is set up with.
fn config(name: &str, options: &PhoneOptions) -> stack::Config {
    let seid = wire::avdtp::Seid::new(1).expect("1 is a stream endpoint identifier");
    stack::Config {
        controller: controller::Config {
            name: stack::Name::try_from(name).unwrap_or_default(),
            class: CLASS,
            central: false,
            authenticate: Authenticate::OnDemand,
            ..controller::Config::default()
        },
        endpoints: [a2dp::sbc_source(seid)].into_iter().collect(),
        remote_control: options.remote_control,
        calls: options.calls.clone().map(CallsRole::Gateway),
        initiative: None,
        media_mtu: wire::l2cap::DEFAULT_MTU,
        identity: stack::sdp::DeviceId {
            source: stack::sdp::VendorIdSource::BluetoothSig,
            vendor: 0xFFFF,
            product: 2,
            version: 0x0100,
        },
        delay: 0,
    }
}
