//! The host: what a controller says goes in, what is to be done comes out.

use std::collections::VecDeque;

use multipoint::{Fact, MAX_SEATS, Order, Roster, Tone};
use pool::{Arena, Instant};
use stack::hfp::hands_free;
use stack::{Bond, Call, Config, MAX_LINKS, Output, Stack, a2dp, avrcp, controller, sdp};
use wire::Address;
use wire::h4::Channel;
use wire::hci::{ClassOfDevice, Status};
use wire::hfp::Codecs;

use crate::buttons::{Asked, MAX_ASKED, Tones};
use crate::command::{Command, Refusal, Ticket};
use crate::effect::{Effect, Effects, Input};
use crate::event::{Codec, Event, Source};
use crate::limits::{Limits, Settings};
use crate::link::Link;
use crate::page::Pager;
use crate::pending::Pending;
use crate::phones::Phones;
use crate::timers::{LinkTimer, Timer, Timers};

/// Sink endpoints of every link (AVDTP stream endpoint identifiers).
const SBC_SINK: u8 = 1;
const AAC_SINK: u8 = 2;
/// Facts that wait to be decided about, at most.
const MAX_FACTS: usize = 64;
/// The largest media packet that we offer to take: what a block of the transport holds.
const MEDIA_MTU: u16 = 1017;
/// What the Device ID record tells: no company identifier is assigned to us (0xFFFF).
const IDENTITY: sdp::DeviceId = sdp::DeviceId {
    source: sdp::VendorIdSource::BluetoothSig,
    vendor: 0xFFFF,
    product: 0x0001,
    version: 0x0010,
};
/// The service classes that the extended inquiry response names: A2DP sink, hands-free.
const SERVICES: [u16; 2] = [0x110B, 0x111E];

/// One controller: the protocol stack governed by the multipoint policy.
#[derive(Debug)]
pub struct Host {
    pub(crate) settings: Settings,
    pub(crate) stack: Stack,
    pub(crate) roster: Roster,
    pub(crate) links: [Option<Link>; MAX_LINKS],
    pub(crate) seats: [Option<stack::LinkId>; MAX_SEATS],
    /// The newcomer that the policy lets wait for a seat.
    pub(crate) waiting: Option<stack::LinkId>,
    /// Those that came meanwhile, to be put to the policy after it; all of them are links.
    pub(crate) newcomers: heapless::Deque<stack::LinkId, MAX_LINKS>,
    pub(crate) phones: Phones,
    pub(crate) pending: Pending,
    pub(crate) pager: Pager,
    pub(crate) timers: Timers,
    pub(crate) effects: VecDeque<Effect>,
    /// The controller's address while it is up.
    pub(crate) up: Option<Address>,
    /// Shutting down, or shut down: nobody is let in any more.
    pub(crate) leaving: bool,
    /// Whom to tell when everybody is gone.
    pub(crate) goodbye: Option<Ticket>,
    /// Pairing mode stands open.
    pub(crate) pairing: bool,
    /// AT commands of the policy that are not answered yet.
    pub(crate) asked: heapless::Vec<Asked, MAX_ASKED>,
    /// Keys of the policy that are not answered yet.
    pub(crate) pressed: heapless::Vec<(avrcp::Ticket, Order), MAX_ASKED>,
    /// Tones that are being sent.
    pub(crate) tones: Option<Tones>,
    /// The microphone is muted.
    pub(crate) muted: bool,
    /// Who is heard, and which tone, as told last.
    pub(crate) sources: heapless::Vec<Source, MAX_SEATS>,
    pub(crate) tone: Tone,
    /// Facts that came of what is being carried out.
    pub(crate) facts: heapless::Deque<Fact, MAX_FACTS>,
    pub(crate) deciding: bool,
    /// Each decision is told.
    pub(crate) tells_decisions: bool,
    /// Keys pressed so far, by which their answers are known.
    pub(crate) keys: u32,
}

impl Host {
    /// A host with all of its memory.
    pub fn new(limits: Limits, settings: Settings, bonds: Vec<Bond>) -> Host {
        let arena = Arena::new(limits.blocks, limits.block_size);
        let stack = Stack::new(config(&settings), bonds, arena);
        let phones = Phones::new(stack.controller().bonds());
        Host {
            settings,
            stack,
            roster: Roster::default(),
            links: [const { None }; MAX_LINKS],
            seats: [None; MAX_SEATS],
            waiting: None,
            newcomers: heapless::Deque::new(),
            phones,
            pending: Pending::default(),
            pager: Pager::default(),
            timers: Timers::default(),
            effects: VecDeque::with_capacity(limits.effects),
            up: None,
            leaving: false,
            goodbye: None,
            pairing: false,
            asked: heapless::Vec::new(),
            pressed: heapless::Vec::new(),
            tones: None,
            muted: false,
            sources: heapless::Vec::new(),
            tone: Tone::None,
            facts: heapless::Deque::new(),
            deciding: false,
            tells_decisions: false,
            keys: 0,
        }
    }

    /// From now on each decision of the policy is told: for captures, which can be replayed by that.
    pub fn tell_decisions(&mut self) {
        self.tells_decisions = true;
    }

    /// Takes an input in; its effects are to be drained before the next.
    pub fn feed(&mut self, now: Instant, input: Input) -> Effects<'_> {
        match input {
            Input::Received(Channel::Synchronous, packet) => {
                if let Some(voice) = self.stack.voice(packet) {
                    self.effect(Effect::Voice(voice));
                    return Effects::new(None, &mut self.effects);
                }
            }
            Input::Received(channel, packet) => {
                if let Some(media) = self.stack.receive(now, channel, packet) {
                    // Nothing else can have come of it.
                    return Effects::new(Some(media), &mut self.effects);
                }
            }
            Input::Microphone(link, payload) => {
                // A link that is gone needs no more.
                let _ = self.stack.send_voice(link, payload);
            }
            Input::WidebandUnusable => self.wideband_unusable(now),
            Input::Sounding(stream, on) => self.sounding(now, stream, on),
            Input::Command(ticket, command) => self.command(now, ticket, command),
            Input::Wake => self.wake(now),
            Input::TransportLost => self.transport_lost(now),
            Input::TransportReady => self.transport_ready(now),
        }
        self.settle(now);
        Effects::new(None, &mut self.effects)
    }

    /// When [`Input::Wake`] wants to be fed.
    pub fn wake_at(&self) -> Option<Instant> {
        self.stack.wake_at().into_iter().chain(self.timers.next()).min()
    }

    /// The step at which the controller's bring-up is, while it is brought up.
    pub fn bring_up_step(&self) -> Option<&'static str> {
        self.stack.controller().step()
    }

    /// The phone on a link.
    pub fn phone_on(&self, link: stack::LinkId) -> Option<Address> {
        self.link(link).map(|link| link.address)
    }

    /// Takes notice of what the stack did, until it does nothing more.
    fn settle(&mut self, now: Instant) {
        loop {
            while let Some(output) = self.stack.poll(now) {
                match output {
                    Output::Send(channel, packet) => self.effect(Effect::Send(channel, packet)),
                    Output::Notice(notice) => self.notice(now, notice),
                    Output::Voice(voice) => self.effect(Effect::Voice(voice)),
                }
            }
            // Whom to page follows from everything else.
            let more = self.next_newcomer(now) || self.open_due_voice(now);
            if !more && !self.page(now) && !self.rest(now) {
                break;
            }
        }
        self.end_overtaken_verbs();
        self.assert_projection();
    }

    fn wake(&mut self, now: Instant) {
        if self.stack.wake_at().is_some_and(|at| at <= now) {
            self.stack.wake(now);
        }
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                Timer::Pairing => self.close_pairing(now),
                Timer::Seat(id, timer) => {
                    self.decide(now, multipoint::Fact::Elapsed(id, timer));
                }
                Timer::Goodbye => self.gone(),
                // It is looked at when all is settled.
                Timer::Page => {}
                Timer::Pending => self.pending_overdue(now),
                Timer::Link(id, LinkTimer::Tell) => self.tell_link(now, id),
                Timer::Link(id, LinkTimer::Rings) => self.rings_ended(now, id),
                Timer::Link(id, LinkTimer::Idle) => self.idle(now, id),
                Timer::Link(id, LinkTimer::Look) => self.look(now, id),
            }
        }
    }

    fn transport_lost(&mut self, now: Instant) {
        self.stack.transport_lost(now);
        self.settle(now);
        self.controller_down();
        self.gone();
    }

    fn transport_ready(&mut self, now: Instant) {
        self.stack.start(now);
        self.settle(now);
        self.controller_down();
        self.leaving = self.goodbye.is_some();
    }

    pub(crate) fn controller_down(&mut self) {
        if let Some(address) = self.up.take() {
            self.notify(Event::Controller { up: false, address });
        }
        while let Some((ticket, _)) = self.pending.take_any() {
            self.done(ticket, Err(Refusal::ControllerLost));
        }
    }

    /// Shutting down is done.
    pub(crate) fn gone(&mut self) {
        if let Some(ticket) = self.goodbye.take() {
            self.timers.disarm(Timer::Goodbye);
            self.done(ticket, Ok(()));
        }
    }

    pub(crate) fn call(&mut self, now: Instant, call: Call) {
        // What cannot be done any more is overtaken by a notice that is on the way.
        let _ = self.stack.call(now, call);
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(crate) fn notify(&mut self, event: Event) {
        self.effects.push_back(Effect::Notify(event));
    }

    pub(crate) fn done(&mut self, ticket: Ticket, result: Result<(), Refusal>) {
        self.notify(Event::Done { ticket, result });
    }

    /// The link of a phone that is connected, seated or not, on its way out or not.
    pub(crate) fn link_of(&self, phone: Address) -> Option<stack::LinkId> {
        (0u8..)
            .zip(&self.links)
            .find(|(_, link)| link.as_ref().is_some_and(|link| link.address == phone))
            .map(|(n, _)| stack::LinkId(n))
    }

    pub(crate) fn link(&self, id: stack::LinkId) -> Option<&Link> {
        self.links.get(usize::from(id.0))?.as_ref()
    }

    pub(crate) fn link_mut(&mut self, id: stack::LinkId) -> Option<&mut Link> {
        self.links.get_mut(usize::from(id.0))?.as_mut()
    }

    /// Turns whoever asks away with the reason that fits.
    pub(crate) fn admit(&self, bonded: bool) -> Result<(), Status> {
        if self.leaving {
            Err(Status::REJECTED_LIMITED_RESOURCES)
        } else if bonded || self.pairing {
            Ok(())
        } else {
            Err(Status::REJECTED_UNACCEPTABLE_BD_ADDR)
        }
    }

    /// Commands need a controller, leaving excepted.
    fn command(&mut self, now: Instant, ticket: Ticket, command: Command) {
        match command {
            Command::Shutdown => self.shut_down(now, ticket),
            Command::Set(change) => self.set(now, ticket, change),
            _ if self.up.is_none() => self.done(ticket, Err(Refusal::ControllerLost)),
            _ if self.leaving => self.done(ticket, Err(Refusal::Busy)),
            command => self.carry_out(now, ticket, command),
        }
    }
}

/// What the stack is set up with.
fn config(settings: &Settings) -> Config {
    let [a, b, c, _] = settings.class.to_le_bytes();
    let seid = |n| wire::avdtp::Seid::new(n).expect("1 and 2 are stream endpoint identifiers");
    let endpoint = |codec: &Codec| match codec {
        Codec::Sbc => a2dp::sbc_sink(seid(SBC_SINK)),
        Codec::Aac => a2dp::aac_sink(seid(AAC_SINK)),
    };
    Config {
        controller: controller::Config {
            name: settings.name.clone(),
            class: ClassOfDevice([a, b, c]),
            services: SERVICES.into_iter().collect(),
            confirm: settings.confirm,
            secure_connections: settings.secure_connections,
            min_key_size: settings.min_key_size,
            legacy_pin: settings.legacy_pin.clone(),
            ..controller::Config::default()
        },
        endpoints: settings.codecs.iter().map(endpoint).collect(),
        remote_control: true,
        calls: Some(stack::CallsRole::Unit(calls(settings))),
        initiative: Some(stack::INITIATIVE),
        media_mtu: MEDIA_MTU,
        identity: IDENTITY,
        delay: settings.delay,
    }
}

/// What we are in calls.
fn calls(settings: &Settings) -> hands_free::Settings {
    let defaults = hands_free::Settings::default();
    let codecs = if settings.msbc { Codecs::CVSD | Codecs::MSBC } else { Codecs::CVSD };
    hands_free::Settings {
        codecs,
        noise_reduction_off: settings.noise_reduction_off,
        response_and_hold: true,
        accessory: Some(hands_free::Accessory {
            vendor: IDENTITY.vendor,
            product: IDENTITY.product,
            version: IDENTITY.version,
        }),
        ..defaults
    }
}
