//! What can be asked of the phone, and what it must have for that.

use pool::Instant;
use wire::hfp::{AgFeatures, CallStatus, Command, HfFeatures, Hold};

use super::dialogue::{About, Kind, Waiting, text};
use super::output::{Order, Refused, Ticket};
use super::{HandsFree, Phase};
use crate::hfp::{Call, call};

impl HandsFree {
    /// Asks something of the phone; [`Output::Done`](super::Output::Done) with the ticket follows.
    pub fn order(&mut self, now: Instant, order: Order<'_>) -> Result<Ticket, Refused> {
        if self.phase != Phase::Up {
            return Err(Refused::NotUp);
        }
        let mut digits = heapless::String::<8>::new();
        let (command, kind) = match order {
            Order::Answer => (Command::Answer, Kind::Call),
            Order::HangUp => (Command::Chup, Kind::Call),
            Order::Hold(hold) => {
                self.can_hold(hold)?;
                let releases = hold == Hold::ReleaseActive;
                (Command::Chld(hold), if releases { Kind::ReleaseActive } else { Kind::Call })
            }
            Order::Dial(number) => {
                let dialled = |letter: char| "0123456789*#+,ABCDabcdpPwWT".contains(letter);
                if number.is_empty() || !number.chars().all(dialled) {
                    return Err(Refused::Invalid);
                }
                (Command::Dial(number.as_bytes()), Kind::Call)
            }
            Order::DialMemory(place) => {
                core::fmt::write(&mut digits, format_args!("{place}")).unwrap_or_default();
                (Command::DialMemory(digits.as_bytes()), Kind::Call)
            }
            Order::Redial => (Command::Bldn, Kind::Call),
            Order::Tone(tone) => match tone {
                '0'..='9' | '*' | '#' | 'A'..='D' => (Command::Vts(tone as u8), Kind::Other),
                _ => return Err(Refused::Invalid),
            },
            Order::VoiceRecognition(on) => {
                self.both(HfFeatures::VOICE_RECOGNITION, AgFeatures::VOICE_RECOGNITION)?;
                (Command::Bvra(on.into()), Kind::VoiceRecognition(on))
            }
            Order::VoiceReady => {
                let ours = HfFeatures::ENHANCED_VOICE_RECOGNITION;
                self.both(ours, AgFeatures::ENHANCED_VOICE_RECOGNITION)?;
                (Command::Bvra(2), Kind::Other)
            }
            Order::VoiceLink => {
                self.both(HfFeatures::CODEC_NEGOTIATION, AgFeatures::CODEC_NEGOTIATION)?;
                (Command::Bcc, Kind::Other)
            }
            Order::RespondAndHold => (Command::Btrh(0), Kind::Call),
            Order::AcceptHeld => (Command::Btrh(1), Kind::Call),
            Order::RejectHeld => (Command::Btrh(2), Kind::Call),
        };
        let about = self.about(&order);
        let text = text(&command).ok_or(Refused::Invalid)?;
        if self.waiting.is_full() {
            return Err(Refused::Full);
        }
        if let Order::Dial(number) = order {
            self.calls.dialled = call::text(number.as_bytes());
        }
        self.tickets = self.tickets.wrapping_add(1);
        let ticket = Ticket(self.tickets);
        // There is room: it was asked for.
        let _ = self.waiting.push_back(Waiting { kind, about, ticket, text });
        self.pump(now);
        Ok(ticket)
    }

    /// The calls that an order is for, as they are now; none where its owner knows better.
    fn about(&self, order: &Order<'_>) -> About {
        let calls = self.calls();
        let ringing = calls.iter().any(Call::is_ringing);
        let has = |status: CallStatus| calls.iter().any(|call| call.status == status);
        let is_for = |call: &&Call| match order {
            Order::Answer => call.is_ringing(),
            Order::HangUp if has(CallStatus::Active) => call.status == CallStatus::Active,
            Order::HangUp => !call.is_answered(),
            Order::Hold(Hold::ReleaseOne(index) | Hold::Private(index)) => call.index == *index,
            // What becomes of the active call is for the sake of the other one.
            Order::Hold(_) if ringing => call.is_ringing(),
            Order::Hold(_) if has(CallStatus::Held) => call.status == CallStatus::Held,
            Order::Hold(_) => true,
            _ => false,
        };
        let is_for = calls.iter().filter(is_for);
        About {
            // A call that its owner takes on the phone may be hung up here all the same.
            ringing: *order != Order::HangUp && is_for.clone().any(Call::is_ringing),
            calls: is_for.map(|call| call.index).collect(),
        }
    }

    fn both(&self, ours: HfFeatures, theirs: AgFeatures) -> Result<(), Refused> {
        let both = self.settings.features.contains(ours) && self.phone.features.contains(theirs);
        if both { Ok(()) } else { Err(Refused::NotSupported) }
    }

    /// Only what the phone lists is asked of calls; of single calls only with both sides' feature.
    fn can_hold(&self, hold: Hold) -> Result<(), Refused> {
        if matches!(hold, Hold::ReleaseOne(_) | Hold::Private(_)) {
            self.both(HfFeatures::ENHANCED_CALL_CONTROL, AgFeatures::ENHANCED_CALL_CONTROL)?;
        }
        if self.phone.holds.contains(hold.needs()) { Ok(()) } else { Err(Refused::NotSupported) }
    }
}
