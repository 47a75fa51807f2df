//! The owner's commands, carried out.

use core::time::Duration;

use multipoint::{Answer, Blips, Fact, Policy, Preferences};
use pool::Instant;
use stack::Call;
use wire::Address;
use wire::hci::Status;

use crate::command::{Change, Command, Refusal, Ticket};
use crate::event::{ConfirmKind, Event};
use crate::govern::SENT_AWAY;
use crate::host::Host;
use crate::link::{Failed, Link};
use crate::pending::Wait;
use crate::timers::Timer;

/// Pairing mode lasts at most so long.
const MAX_PAIRING_SECONDS: u32 = 3600;
/// How long a connection may take until its first profile is up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long any other command may take.
pub(crate) const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest passkey: six digits.
const MAX_PASSKEY: u32 = 999_999;
/// How long saying goodbye may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

impl Host {
    pub(crate) fn carry_out(&mut self, now: Instant, ticket: Ticket, command: Command) {
        match command {
            Command::Pair { seconds } => self.open_pairing(now, ticket, seconds),
            Command::StopPairing => {
                self.close_pairing(now);
                self.done(ticket, Ok(()));
            }
            Command::Confirm { phone, accept, passkey } => {
                self.confirm(now, ticket, phone, accept, passkey);
            }
            Command::Connect { phone } => self.connect(now, ticket, phone),
            Command::Disconnect { phone } => self.disconnect(now, ticket, phone),
            Command::Forget { phone } => self.forget(now, ticket, phone),
            Command::Media { action, phone } => self.media(now, ticket, action, phone),
            Command::Volume { percent, kind, phone } => {
                self.set_volume(now, ticket, percent, kind, phone);
            }
            Command::Answer { .. }
            | Command::Reject { .. }
            | Command::HangUp { .. }
            | Command::Hold { .. }
            | Command::Swap
            | Command::Merge { .. }
            | Command::Private { .. }
            | Command::Transfer { .. }
            | Command::Voice { .. }
            | Command::Dial { .. }
            | Command::Redial { .. }
            | Command::Tones { .. }
            | Command::Mute { .. }
            | Command::Assistant { .. }
            | Command::Battery { .. } => self.call_verb(now, ticket, command),
            // Taken care of before the controller is asked for.
            Command::Set(_) | Command::Shutdown => self.done(ticket, Err(Refusal::Busy)),
        }
    }

    fn open_pairing(&mut self, now: Instant, ticket: Ticket, seconds: u32) {
        if !(1..=MAX_PAIRING_SECONDS).contains(&seconds) {
            return self.done(ticket, Err(Refusal::BadValue));
        }
        self.pairing = true;
        self.timers.arm(Timer::Pairing, now + Duration::from_secs(seconds.into()));
        self.call(now, Call::Pairable(true));
        self.call(now, Call::Discoverable(true));
        self.notify(Event::Pairing { open: true, seconds });
        self.done(ticket, Ok(()));
    }

    pub(crate) fn close_pairing(&mut self, now: Instant) {
        if self.pairing {
            self.pairing = false;
            self.timers.disarm(Timer::Pairing);
            self.call(now, Call::Pairable(false));
            self.call(now, Call::Discoverable(false));
            self.notify(Event::Pairing { open: false, seconds: 0 });
        }
    }

    fn connect(&mut self, now: Instant, ticket: Ticket, phone: Address) {
        if !self.stack.controller().is_bonded(phone) {
            let known = self.phones.get(phone).is_some();
            let refusal = if known { Refusal::NotPaired } else { Refusal::NoSuchPhone };
            return self.done(ticket, Err(refusal));
        }
        // One that is on its way out is paged as soon as it is gone.
        let link = self.link_of(phone).filter(|&id| self.link(id).is_some_and(|l| !l.leaving));
        let is_up = |link: &Link| link.seat.is_some() && (link.stream.is_some() || link.calls);
        if link.and_then(|link| self.link(link)).is_some_and(is_up) {
            return self.done(ticket, Ok(()));
        }
        if !self.wait(now, ticket, Wait::Profile(phone), CONNECT_TIMEOUT) {
            return;
        }
        match link {
            Some(id) => {
                if let Some(link) = self.link_mut(id) {
                    link.failed = Failed::default();
                }
                self.call(now, Call::OpenMedia(id));
                self.call(now, Call::OpenCalls(id));
            }
            None => {
                if self.page_asked(now, phone).is_err() {
                    self.pending.withdraw(ticket);
                    self.done(ticket, Err(Refusal::Busy));
                }
            }
        }
    }

    fn confirm(
        &mut self,
        now: Instant,
        ticket: Ticket,
        phone: Address,
        accept: bool,
        passkey: Option<u32>,
    ) {
        let Some(kind) = self.phones.get(phone).and_then(|phone| phone.asked) else {
            return self.done(ticket, Err(Refusal::NoSuchPhone));
        };
        let wanted = kind == ConfirmKind::Enter && accept;
        if wanted && passkey.is_none_or(|passkey| passkey > MAX_PASSKEY) {
            return self.done(ticket, Err(Refusal::BadValue));
        }
        self.phones.entry(phone).asked = None;
        self.call(now, Call::Confirm { address: phone, accept, passkey });
        self.done(ticket, Ok(()));
    }

    fn disconnect(&mut self, now: Instant, ticket: Ticket, phone: Address) {
        if let Some(link) = self.link_of(phone) {
            if self.wait(now, ticket, Wait::Gone(phone), COMMAND_TIMEOUT) {
                self.leave_alone(phone);
                self.send_away(now, link, SENT_AWAY, Refusal::Refused);
            }
        } else if self.pending.is_wanted(Wait::Profile(phone)) {
            self.stop_paging(now, phone);
            self.connect_ended(phone, Refusal::Refused);
            self.leave_alone(phone);
            self.done(ticket, Ok(()));
        } else if self.pager.give_up(phone) {
            self.leave_alone(phone);
            self.done(ticket, Ok(()));
        } else {
            self.done(ticket, Err(self.not_connected(phone)));
        }
    }

    fn forget(&mut self, now: Instant, ticket: Ticket, phone: Address) {
        if self.phones.get(phone).is_none() {
            return self.done(ticket, Err(Refusal::NoSuchPhone));
        }
        self.pager.give_up(phone);
        self.stop_paging(now, phone);
        self.connect_ended(phone, Refusal::NotPaired);
        self.call(now, Call::Forget(phone));
        match self.link_of(phone) {
            None => self.done(ticket, Ok(())),
            Some(link) => {
                self.send_away(now, link, SENT_AWAY, Refusal::NotPaired);
                self.wait(now, ticket, Wait::Gone(phone), COMMAND_TIMEOUT);
            }
        }
    }

    /// Changes a setting.
    pub(crate) fn set(&mut self, now: Instant, ticket: Ticket, change: Change) {
        match change {
            Change::Name(name) => {
                self.settings.name = name.clone();
                self.call(now, Call::Rename(name));
            }
            Change::Seats(seats) if (1..=multipoint::MAX_SEATS as u8).contains(&seats) => {
                self.change_policy(now, |policy| policy.seats = seats);
                self.share_air(now);
            }
            Change::Takeover(takeover) => {
                self.change_policy(now, |policy| policy.takeover = takeover);
            }
            Change::PairingSeconds(seconds) if (1..=MAX_PAIRING_SECONDS).contains(&seconds) => {
                self.settings.pairing_seconds = seconds;
            }
            Change::BlipSeconds(seconds) if (0.0..=60.0).contains(&seconds) => {
                self.settings.blip_seconds = seconds;
            }
            Change::Confirm(confirm) => {
                self.settings.confirm = confirm;
                self.call(now, Call::Confirmation(confirm));
            }
            Change::MinKeySize(octets) if (7..=16).contains(&octets) => {
                self.settings.min_key_size = octets;
                self.call(now, Call::MinKeySize(octets));
            }
            Change::EvictedForSeconds(seconds) => self.settings.evicted_for_seconds = seconds,
            Change::Reconnect(on) => {
                self.settings.reconnect = on;
                if !on {
                    self.pager.give_all_up();
                }
            }
            Change::ReconnectMaxSeconds(seconds) if (1..=3600).contains(&seconds) => {
                self.settings.reconnect_max_seconds = seconds;
            }
            Change::ReconnectForSeconds(seconds) => self.settings.reconnect_for_seconds = seconds,
            Change::VolumeFirst(percent) if percent <= 100 => {
                self.settings.volume_first = percent;
            }
            Change::MayTakeOver { phone, on } => self.prefer(now, phone, |p| p.modest = !on),
            Change::AutoAnswer { phone, on } => self.prefer(now, phone, |p| p.auto_answer = on),
            Change::Priority { phone, priority } => {
                self.prefer(now, phone, |p| p.priority = priority);
            }
            Change::AnswerEnds(ends) => {
                let answer = if ends { Answer::End } else { Answer::Hold };
                self.change_policy(now, |policy| policy.answer = answer);
            }
            Change::Resume(on) => self.change_policy(now, |policy| policy.resume = on),
            Change::ResumeCall(on) => self.change_policy(now, |policy| policy.resume_call = on),
            Change::Blips(on) => {
                let blips = if on { Blips::Mix } else { Blips::Ignore };
                self.change_policy(now, |policy| policy.blips = blips);
            }
            Change::ResumeDelayMs(ms) => self.settings.resume_delay_ms = ms,
            Change::ResumeWithinSeconds(seconds) => self.settings.resume_within_seconds = seconds,
            Change::PauseCheckSeconds(seconds) if (0.0..=60.0).contains(&seconds) => {
                self.settings.pause_check_seconds = seconds;
            }
            Change::Seats(_)
            | Change::PairingSeconds(_)
            | Change::MinKeySize(_)
            | Change::BlipSeconds(_)
            | Change::PauseCheckSeconds(_)
            | Change::VolumeFirst(_)
            | Change::ReconnectMaxSeconds(_) => {
                return self.done(ticket, Err(Refusal::BadValue));
            }
        }
        self.done(ticket, Ok(()));
    }

    fn change_policy(&mut self, now: Instant, change: impl FnOnce(&mut Policy)) {
        change(&mut self.settings.policy);
        self.decide(now, Fact::PolicyChanged);
    }

    /// Its owner chooses something for a phone.
    fn prefer(&mut self, now: Instant, phone: Address, change: impl FnOnce(&mut Preferences)) {
        let entry = self.phones.entry(phone);
        change(&mut entry.preferences);
        let preferences = entry.preferences;
        if let Some(link) = self.link_of(phone) {
            self.decide_about(now, link, |seat| Fact::Preferences(seat, preferences));
        }
    }

    /// Says goodbye to every phone.
    pub(crate) fn shut_down(&mut self, now: Instant, ticket: Ticket) {
        self.leaving = true;
        if let Some(earlier) = self.goodbye.replace(ticket) {
            self.done(earlier, Ok(()));
        }
        self.call(now, Call::Connectable(false));
        self.call(now, Call::Discoverable(false));
        self.pager.give_all_up();
        while let Some((ticket, wait)) = self.pending.take_any() {
            if let Wait::Profile(phone) = wait {
                self.stop_paging(now, phone);
            }
            self.done(ticket, Err(Refusal::Busy));
        }
        if self.up.is_none() || self.links.iter().all(Option::is_none) {
            return self.gone();
        }
        self.timers.arm(Timer::Goodbye, now + GOODBYE_TIMEOUT);
        for n in 0..self.links.len() as u8 {
            let status = Status::REMOTE_TERMINATED_POWER_OFF;
            self.send_away(now, stack::LinkId(n), status, Refusal::Busy);
        }
    }

    pub(crate) fn not_connected(&self, phone: Address) -> Refusal {
        match self.phones.get(phone) {
            Some(_) => Refusal::NotConnected,
            None => Refusal::NoSuchPhone,
        }
    }

    /// Lets a command wait; ends it and says `false` where too many wait already.
    pub(crate) fn wait(
        &mut self,
        now: Instant,
        ticket: Ticket,
        wait: Wait,
        timeout: Duration,
    ) -> bool {
        let waits = self.pending.add(ticket, wait, now + timeout);
        if !waits {
            self.done(ticket, Err(Refusal::Busy));
        }
        self.arm_pending();
        waits
    }

    /// Commands that took too long.
    pub(crate) fn pending_overdue(&mut self, now: Instant) {
        while let Some((ticket, wait)) = self.pending.take_overdue(now) {
            if let Wait::Profile(phone) = wait
                && !self.pending.is_wanted(wait)
                && self.link_of(phone).is_none()
            {
                self.stop_paging(now, phone);
            }
            self.done(ticket, Err(Refusal::TimedOut));
        }
        self.arm_pending();
    }

    fn arm_pending(&mut self) {
        match self.pending.next() {
            Some(at) => self.timers.arm(Timer::Pending, at),
            None => self.timers.disarm(Timer::Pending),
        }
    }
}
