//! What the stack noticed.

use multipoint::Fact;
use pool::Instant;
use stack::a2dp::Configuration;
use stack::controller::{ConfirmKind, Warning};
use stack::{Call, LinkId, Notice, StreamChange, StreamId};
use wire::Address;
use wire::hci::Status;

use crate::command::Refusal;
use crate::effect::{Effect, StreamEffect};
use crate::event::{self, Codec, Event, Profile, StreamState};
use crate::host::Host;
use crate::link::Link;
use crate::pending::Wait;

impl Host {
    pub(crate) fn notice(&mut self, now: Instant, notice: Notice) {
        match notice {
            Notice::Up(info) => self.controller_up(now, info.address),
            Notice::Failed(failure) => {
                self.controller_down(now);
                self.effect(Effect::Failed(failure));
            }
            Notice::Request { address, bonded, .. } => {
                let answer = match self.admit(bonded) {
                    Ok(()) => Call::Accept(address),
                    Err(status) => Call::Reject(address, status),
                };
                self.call(now, answer);
            }
            Notice::Connected { link, address, outgoing } => {
                self.links[usize::from(link.0)] = Some(Link::new(address, outgoing));
            }
            Notice::ConnectFailed { address, status, outgoing } => {
                if outgoing {
                    self.connect_failed(address, status);
                }
            }
            Notice::Secured { link, address, .. } => {
                if let Some(known) = self.link_mut(link) {
                    known.secured = true;
                }
                self.call(now, Call::ReadName(address));
                self.arrived(now, link);
            }
            Notice::SecurityFailed { address, status } => self.connect_failed(address, status),
            Notice::Disconnected { link, address, reason } => {
                self.disconnected(now, link, address, reason);
            }
            Notice::Confirm { address, kind, passkey } => self.ask(address, kind, passkey),
            Notice::ConfirmClosed { address } => self.phones.entry(address).asked = false,
            Notice::Paired { address } => {
                self.phones.entry(address).bonded = true;
                self.notify(Event::Paired { phone: address });
            }
            Notice::Store(bond) => self.effect(Effect::Store(bond)),
            Notice::Erase(address) => {
                self.phones.entry(address).bonded = false;
                self.effect(Effect::Erase(address));
            }
            Notice::Name { address, name } => self.named(address, name),
            Notice::Role { link, central } => {
                self.link_changed(link, |link| link.central = central);
            }
            Notice::Mode { link, sniff } => self.link_changed(link, |link| link.sniff = sniff),
            Notice::Stream { link, stream, change } => self.stream(now, link, stream, change),
            Notice::ProfileFailed { link, failure } => {
                if let Some(phone) = self.link(link).map(|link| link.address) {
                    self.warn("profile", format_args!("{phone}: {failure}"));
                }
            }
            Notice::Warning(warning) => self.warning(warning),
        }
    }

    fn controller_up(&mut self, now: Instant, address: Address) {
        self.up = Some(address);
        self.notify(Event::Controller { up: true, address });
        self.call(now, Call::Connectable(self.leaving.is_none()));
        if self.pairing {
            self.call(now, Call::Pairable(true));
            self.call(now, Call::Discoverable(true));
        }
    }

    fn connect_failed(&mut self, phone: Address, status: Status) {
        while let Some(ticket) = self.pending.take(Wait::Profile(phone)) {
            let refusal = match status {
                Status::PAGE_TIMEOUT | Status::CONNECTION_TIMEOUT => Refusal::TimedOut,
                _ => Refusal::Refused,
            };
            self.done(ticket, Err(refusal));
        }
    }

    fn disconnected(&mut self, now: Instant, id: LinkId, phone: Address, reason: Status) {
        let Some(link) = self.links.get_mut(usize::from(id.0)).and_then(Option::take) else {
            return;
        };
        if link.stream.is_some() {
            self.effect(Effect::Stream(StreamId(id.0), StreamEffect::Close));
        }
        self.left(now, id, link.seat);
        if link.seat.is_some() {
            let (name, reason) = (self.phones.name(phone), Some(reason.0));
            self.notify(Event::Phone { phone, name, connected: false, reason });
        }
        if let Some(by) = link.evicted_by {
            self.notify(Event::Evicted { phone, by });
        }
        self.phones.entry(phone).asked = false;
        self.connect_failed(phone, reason);
        while let Some(ticket) = self.pending.take(Wait::Gone(phone)) {
            self.done(ticket, Ok(()));
        }
        if self.links.iter().all(Option::is_none) {
            self.gone();
        }
    }

    fn ask(&mut self, phone: Address, kind: ConfirmKind, passkey: Option<u32>) {
        self.phones.entry(phone).asked = true;
        let kind = match kind {
            ConfirmKind::Compare => event::ConfirmKind::Compare,
            ConfirmKind::Display => event::ConfirmKind::Display,
            ConfirmKind::Enter => event::ConfirmKind::Enter,
            ConfirmKind::Consent => event::ConfirmKind::Consent,
        };
        self.notify(Event::Confirm { phone, kind, passkey });
    }

    fn named(&mut self, phone: Address, name: stack::Name) {
        let known = self.phones.entry(phone);
        if known.name == name {
            return;
        }
        known.name = name.clone();
        let seated = self.link_of(phone).and_then(|link| self.link(link)?.seat).is_some();
        if seated {
            self.notify(Event::Phone { phone, name, connected: true, reason: None });
        }
    }

    fn link_changed(&mut self, id: LinkId, change: impl FnOnce(&mut Link)) {
        let Some(link) = self.link_mut(id) else { return };
        change(link);
        let Link { address: phone, central, sniff, .. } = *link;
        self.notify(Event::Link { phone, rssi: None, central, sniff });
    }

    fn stream(&mut self, now: Instant, id: LinkId, stream: StreamId, change: StreamChange) {
        let Some(link) = self.link_mut(id) else { return };
        let seat = link.seat;
        match change {
            StreamChange::Opened(configuration) | StreamChange::Reconfigured(configuration) => {
                link.stream = Some(configuration);
                self.effect(Effect::Stream(stream, StreamEffect::Open(configuration)));
                if seat.is_some() {
                    self.stream_opened(id, configuration);
                }
            }
            StreamChange::Started => {
                link.playing = true;
                self.stream_event(id, StreamState::Playing);
                self.decide_for(now, seat, Fact::Started);
            }
            StreamChange::Suspended => {
                link.playing = false;
                self.effect(Effect::Stream(stream, StreamEffect::Flush));
                self.stream_event(id, StreamState::Suspended);
                self.decide_for(now, seat, Fact::Stopped);
            }
            StreamChange::Closed => {
                let phone = link.address;
                link.playing = false;
                self.stream_event(id, StreamState::Closed);
                if let Some(link) = self.link_mut(id) {
                    link.stream = None;
                }
                self.effect(Effect::Stream(stream, StreamEffect::Close));
                self.decide_for(now, seat, Fact::Stopped);
                if seat.is_some() {
                    self.notify(Event::Profile { phone, profile: Profile::A2dp, up: false });
                }
            }
            // The delay of a sink: we are one.
            StreamChange::Delay(_) => {}
        }
    }

    fn decide_for(
        &mut self,
        now: Instant,
        seat: Option<multipoint::SeatId>,
        fact: fn(multipoint::SeatId) -> Fact,
    ) {
        if let Some(id) = seat {
            self.decide(now, fact(id));
        }
    }

    /// A seated phone's stream is open, or coded anew.
    pub(crate) fn stream_opened(&mut self, id: LinkId, _configuration: Configuration) {
        let Some(link) = self.link(id) else { return };
        let (phone, seat) = (link.address, link.seat);
        self.notify(Event::Profile { phone, profile: Profile::A2dp, up: true });
        self.stream_event(id, StreamState::Open);
        while let Some(ticket) = self.pending.take(Wait::Profile(phone)) {
            self.done(ticket, Ok(()));
        }
        if let Some(seat) = seat {
            self.fade(seat);
        }
    }

    fn stream_event(&mut self, id: LinkId, state: StreamState) {
        let Some(link) = self.link(id) else { return };
        let (phone, Some(configuration)) = (link.address, link.stream) else { return };
        if link.seat.is_some() {
            self.notify(Event::Stream {
                phone,
                state,
                codec: Codec::Sbc,
                rate: configuration.sampling_frequency(),
                channels: configuration.channels(),
            });
        }
    }

    fn warning(&mut self, warning: Warning) {
        match warning {
            Warning::Refused { step, status } => self.warn(
                "controller",
                format_args!("the controller refused {step} ({status}); done without"),
            ),
            Warning::TurnedAway { address, status } => {
                self.warn("turned_away", format_args!("{address} was turned away: {status}"));
            }
            Warning::NoSimplePairing => self.warn(
                "controller",
                format_args!("the controller lacks Secure Simple Pairing; only PINs are left"),
            ),
            Warning::NoSecureConnections => self.warn(
                "controller",
                format_args!("Secure Connections alone is allowed, and the controller lacks it: nobody can pair"),
            ),
        }
    }

    /// Tells of something that the owner should know; a text that is too long is cut.
    pub(crate) fn warn(&mut self, code: &'static str, text: core::fmt::Arguments<'_>) {
        struct Cut(heapless::String<160>);
        impl core::fmt::Write for Cut {
            fn write_str(&mut self, text: &str) -> core::fmt::Result {
                text.chars().try_for_each(|c| self.0.push(c)).map_err(|_| core::fmt::Error)
            }
        }
        let mut cut = Cut(heapless::String::new());
        // The only error is that it was cut.
        let _ = core::fmt::write(&mut cut, text);
        self.notify(Event::Warning { code, text: cut.0 });
    }
}
