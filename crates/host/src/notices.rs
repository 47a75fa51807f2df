//! What the stack noticed.

use core::time::Duration;

use multipoint::Fact;
use pool::Instant;
use stack::a2dp::{self, Configuration};
use stack::avdtp::{Attempt, Cause};
use stack::controller::{ConfirmKind, Warning};
use stack::{Bond, Call, LinkId, Notice, StreamChange, StreamId};
use wire::Address;
use wire::hci::Status;

use crate::command::Refusal;
use crate::effect::{Effect, StreamEffect, VoiceEffect};
use crate::event::{self, Codec, Event, Profile, StreamState};
use crate::host::Host;
use crate::link::{Failed, Link};
use crate::page::is_loss;
use crate::pending::Wait;
use crate::timers::{LinkTimer, Timer};

/// A link's state is told at most this often.
const LINK_INTERVAL: Duration = Duration::from_secs(10);

/// A phone that was playing when its link was lost is told to play again if it is back so soon.
const RETURN_WITHIN: Duration = Duration::from_secs(60);

/// A change of the received strength that is told, in dB.
const RSSI_STEP: u8 = 3;

/// The same of the quality, of 255.
const QUALITY_STEP: u8 = 16;

/// What an owner is told who waits for the profile that could not be connected.
fn profile_refusal(cause: Cause) -> Refusal {
    match cause {
        // No endpoint that fits ours, or no AVDTP at all.
        Cause::NothingInCommon | Cause::Refused => Refusal::NotSupported,
        Cause::TimedOut => Refusal::TimedOut,
        Cause::Rejected(_) | Cause::Unknown | Cause::Malformed | Cause::Closed => Refusal::Refused,
    }
}

impl Host {
    pub(crate) fn notice(&mut self, now: Instant, notice: Notice) {
        match notice {
            Notice::Up(info) => self.controller_up(now, info.address),
            Notice::Failed(failure) => {
                self.controller_down();
                self.effect(Effect::Failed(failure));
            }
            Notice::Request { address, bonded, .. } => {
                let answer = match self.admit(bonded) {
                    Ok(()) => Call::Accept(address),
                    Err(status) => Call::Reject(address, status),
                };
                self.call(now, answer);
            }
            Notice::Connected { link, address, outgoing, central } => {
                self.links[usize::from(link.0)] = Some(Link::new(address, outgoing, central));
                self.prepare_volume(now, link, address);
                self.prepare_call_volume(now, link, address);
                if self.leaving {
                    self.send_away(now, link, Status::REMOTE_TERMINATED_POWER_OFF, Refusal::Busy);
                }
            }
            Notice::ConnectFailed { address, status, outgoing } => {
                if outgoing {
                    self.page_failed(now, address, status);
                }
            }
            Notice::Secured { link, address, .. } => {
                if let Some(known) = self.link_mut(link) {
                    known.secured = true;
                }
                self.call(now, Call::ReadName(address));
                self.arrived(now, link);
            }
            Notice::SecurityFailed { address, status } => {
                self.security_failed(now, address, status)
            }
            Notice::Disconnected { link, address, reason } => {
                self.disconnected(now, link, address, reason);
            }
            Notice::Confirm { address, kind, passkey } => self.ask(address, kind, passkey),
            Notice::ConfirmClosed { address } => self.phones.entry(address).asked = None,
            Notice::Paired { address } => {
                self.phones.entry(address).bonded = true;
                self.notify(Event::Paired { phone: address });
            }
            Notice::Store(bond) => self.store(bond),
            Notice::Erase(address) => {
                self.phones.entry(address).bonded = false;
                // While it is connected its music is as loud as it was.
                if self.link_of(address).is_none() {
                    self.phones.forget(address);
                }
                self.effect(Effect::Erase(address));
            }
            Notice::Name { address, name } => self.named(address, name),
            Notice::Role { link, central } => {
                self.link_changed(now, link, |link| link.central = central);
            }
            Notice::Mode { link, sniff } => self.mode(now, link, sniff),
            Notice::LinkQuality { link, quality } => self.received_with(now, link, quality),
            Notice::Rssi { link, rssi } => self.received_at(now, link, rssi),
            Notice::Stream { link, stream, change } => self.stream(now, link, stream, change),
            Notice::ProfileFailed { link, failure } => {
                if let Some(phone) = self.link(link).map(|link| link.address) {
                    self.warn("profile", format_args!("{phone}: {failure}"));
                    if failure.attempt == Attempt::Connect {
                        self.media_failed(link, profile_refusal(failure.cause));
                    }
                }
            }
            Notice::Remote { link, change } => self.remote(now, link, change),
            Notice::HandsFree { link, told } => self.hands_free(now, link, told),
            Notice::Headset { link, change } => self.headset(now, link, change),
            Notice::CallsFailed { link } => self.calls_failed(link),
            Notice::Voice { link, change } => self.voice(now, link, change),
            // That is what phones are told.
            Notice::Gateway { .. } => {}
            Notice::MediaTooLarge { link, length } => {
                if let Some(phone) = self.link(link).map(|link| link.address) {
                    let text = format_args!(
                        "{phone} sends media packets of {length} bytes, larger than can be taken, and is not heard"
                    );
                    self.warn("media", text);
                }
            }
            Notice::Warning(warning) => self.warning(warning),
        }
    }

    fn controller_up(&mut self, now: Instant, address: Address) {
        self.up = Some(address);
        self.notify(Event::Controller { up: true, address });
        self.share_air(now);
        self.call(now, Call::Connectable(!self.leaving));
        if self.pairing && !self.leaving {
            self.call(now, Call::Pairable(true));
            self.call(now, Call::Discoverable(true));
        }
        self.recall(now);
    }

    /// Where two phones may stream, each stream leaves the air room for another. It is configured so from
    /// the start: phones take a reconfiguration in mid-music badly.
    pub(crate) fn share_air(&mut self, now: Instant) {
        let cap = match self.settings.policy.seats {
            0..=1 => a2dp::HIGH_QUALITY_BITPOOL,
            _ => a2dp::SHARED_BITPOOL,
        };
        self.call(now, Call::BitpoolCap(cap));
    }

    pub(crate) fn connect_failed(&mut self, phone: Address, status: Status) {
        let refusal = match status {
            Status::PAGE_TIMEOUT | Status::CONNECTION_TIMEOUT => Refusal::TimedOut,
            // What the end of a controller is told with.
            Status::HARDWARE_FAILURE => Refusal::ControllerLost,
            _ => Refusal::Refused,
        };
        self.connect_ended(phone, refusal);
    }

    /// Nobody waits any longer for a phone's first profile.
    pub(crate) fn connect_ended(&mut self, phone: Address, why: Refusal) {
        while let Some(ticket) = self.pending.take(Wait::Profile(phone)) {
            self.done(ticket, Err(why));
        }
    }

    /// A phone's music could not be connected.
    fn media_failed(&mut self, id: LinkId, why: Refusal) {
        if let Some(link) = self.link_mut(id) {
            link.failed.media = Some(why);
            self.profiles_failed(id);
        }
    }

    /// A phone's calls could not be connected.
    pub(crate) fn calls_failed(&mut self, id: LinkId) {
        if let Some(link) = self.link_mut(id) {
            link.failed.calls = true;
            self.profiles_failed(id);
        }
    }

    /// Whoever waits for a phone's first profile waits in vain once none is left to come.
    fn profiles_failed(&mut self, id: LinkId) {
        if let Some(link) = self.link(id)
            && let Failed { media: Some(why), calls: true } = link.failed
        {
            self.connect_ended(link.address, why);
        }
    }

    fn security_failed(&mut self, now: Instant, phone: Address, status: Status) {
        if let Some(link) = self.link_of(phone).and_then(|link| self.link_mut(link)) {
            link.leaving = true;
            let link = *link;
            self.chase_refused(now, link, status);
        }
        self.warn("security", format_args!("{phone} is sent away: {status}"));
        self.connect_failed(phone, status);
    }

    fn disconnected(&mut self, now: Instant, id: LinkId, phone: Address, reason: Status) {
        let Some(link) = self.links.get_mut(usize::from(id.0)).and_then(Option::take) else {
            return;
        };
        if let Some((stream, _)) = link.stream {
            self.effect(Effect::Stream(stream, StreamEffect::Close));
        }
        self.pager.ended(now, phone);
        if link.voice.is_some() {
            self.effect(Effect::VoiceLink(id, VoiceEffect::Close));
        }
        for timer in LinkTimer::ALL {
            self.timers.disarm(Timer::Link(id, timer));
        }
        self.verbs_ended(id, phone, Refusal::NotConnected);
        self.keep_volumes(phone);
        if link.seat.is_some() {
            let (name, reason) = (self.phones.name(phone), Some(reason.0));
            self.notify(Event::Phone { phone, name, connected: false, reason });
        }
        if let Some(by) = link.evicted_by {
            self.notify(Event::Evicted { phone, by });
        }
        // Whoever gets the seat is told of after that.
        self.left(now, id, link.seat);
        let entry = self.phones.entry(phone);
        entry.asked = None;
        if is_loss(reason) && link.cut_off == Some(now) {
            entry.played_until = Some(now + RETURN_WITHIN);
        }
        if !entry.bonded {
            self.phones.forget(phone);
        }
        if !link.leaving {
            self.chase_lost(now, phone, reason, link.seat.is_some());
            self.connect_failed(phone, reason);
        }
        while let Some(ticket) = self.pending.take(Wait::Gone(phone)) {
            self.done(ticket, Ok(()));
        }
        if self.links.iter().all(Option::is_none) {
            self.gone();
        }
    }

    fn ask(&mut self, phone: Address, kind: ConfirmKind, passkey: Option<u32>) {
        let kind = match kind {
            ConfirmKind::Compare => event::ConfirmKind::Compare,
            ConfirmKind::Display => event::ConfirmKind::Display,
            ConfirmKind::Enter => event::ConfirmKind::Enter,
            ConfirmKind::Consent => event::ConfirmKind::Consent,
        };
        self.phones.entry(phone).asked = Some(kind);
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

    pub(crate) fn link_changed(
        &mut self,
        now: Instant,
        id: LinkId,
        change: impl FnOnce(&mut Link),
    ) {
        let Some(link) = self.link_mut(id) else { return };
        change(link);
        link.news = true;
        self.tell_link(now, id);
    }

    /// Tells the state of a seated phone's link, unless it was told a moment ago: then later.
    pub(crate) fn tell_link(&mut self, now: Instant, id: LinkId) {
        let Some(link) = self.link(id).filter(|link| link.news && link.seat.is_some()) else {
            return;
        };
        let Link { address: phone, central, sniff, rssi, quality, .. } = *link;
        let told = self.phones.get(phone).and_then(|phone| phone.told);
        if let Some(again) = told.map(|told| told + LINK_INTERVAL).filter(|again| *again > now) {
            return self.timers.arm(Timer::Link(id, LinkTimer::Tell), again);
        }
        if let Some(link) = self.link_mut(id) {
            link.news = false;
        }
        self.phones.entry(phone).told = Some(now);
        self.notify(Event::Link { phone, rssi, quality, central, sniff });
    }

    /// Looks at a seated phone's link from time to time.
    pub(crate) fn look(&mut self, now: Instant, id: LinkId) {
        let Some(phone) = self.link(id).map(|link| link.address) else { return };
        self.timers.arm(Timer::Link(id, LinkTimer::Look), now + LINK_INTERVAL);
        self.keep_volumes(phone);
        // The quality first, so that it is told with the strength.
        self.call(now, Call::ReadLinkQuality(id));
        self.call(now, Call::ReadRssi(id));
    }

    /// How well a link is received: told when it changed by what a person would notice.
    fn received_with(&mut self, now: Instant, id: LinkId, quality: u8) {
        let Some(link) = self.link_mut(id) else { return };
        let before = link.quality.replace(quality);
        if before.is_some_and(|before| before.abs_diff(quality) >= QUALITY_STEP) {
            link.news = true;
            self.tell_link(now, id);
        }
    }

    /// How strongly a link is received: told when it changed by what a person would notice.
    fn received_at(&mut self, now: Instant, id: LinkId, rssi: i8) {
        let Some(link) = self.link_mut(id) else { return };
        if link.rssi.is_none_or(|before| before.abs_diff(rssi) >= RSSI_STEP) {
            link.rssi = Some(rssi);
            link.news = true;
            self.tell_link(now, id);
        }
    }

    /// A bond is to be stored, and with it how loud its phone is heard.
    fn store(&mut self, mut bond: Bond) {
        let phone = self.phones.entry(bond.address);
        bond.volumes = phone.volumes();
        phone.kept = bond.volumes;
        self.effect(Effect::Store(bond));
    }

    /// Stores how loud a phone is heard, if that has changed: from time to time, and at its link's end.
    fn keep_volumes(&mut self, phone: Address) {
        let known = self.phones.get(phone).filter(|phone| phone.volumes() != phone.kept);
        let bonds = self.stack.controller().bonds();
        let bond = known.and_then(|phone| bonds.iter().find(|bond| bond.address == phone.address));
        if let Some(bond) = bond.cloned() {
            self.store(bond);
        }
    }

    fn stream(&mut self, now: Instant, id: LinkId, stream: StreamId, change: StreamChange) {
        let Some(link) = self.link_mut(id) else { return };
        let seat = link.seat;
        match change {
            StreamChange::Opened(configuration) | StreamChange::Reconfigured(configuration) => {
                link.stream = Some((stream, configuration));
                link.gains.0 = 0.0;
                self.effect(Effect::Stream(stream, StreamEffect::Open(configuration)));
                if seat.is_some() {
                    self.stream_opened(now, id);
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
                link.cut_off = core::mem::take(&mut link.playing).then_some(now);
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
    pub(crate) fn stream_opened(&mut self, now: Instant, id: LinkId) {
        let Some(phone) = self.link(id).map(|link| link.address) else { return };
        self.notify(Event::Profile { phone, profile: Profile::A2dp, up: true });
        self.stream_event(id, StreamState::Open);
        while let Some(ticket) = self.pending.take(Wait::Profile(phone)) {
            self.done(ticket, Ok(()));
        }
        self.sound();
        self.try_return(now, id);
    }

    fn stream_event(&mut self, id: LinkId, state: StreamState) {
        let Some(link) = self.link(id) else { return };
        let (phone, Some((_, configuration))) = (link.address, link.stream) else { return };
        if link.seat.is_some() {
            self.notify(Event::Stream {
                phone,
                state,
                codec: match configuration {
                    Configuration::Sbc(_) => Codec::Sbc,
                    Configuration::Aac(_) => Codec::Aac,
                },
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
