//! What is sent without being ordered: what we want turned on, and our own values. A chore that is
//! added twice is done once, with the latest value.

use pool::Instant;
use wire::hfp::{BatteryLevel, Command, HfIndicators};

use super::dialogue::What;
use super::output::AtError;
use super::{HandsFree, Phase};

bitflags::bitflags! {
    /// Chores, the most urgent first.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) struct Chores: u32 {
        /// AT+BAC: which codecs we have now.
        const CODECS = 1 << 0;
        /// AT+CLCC: which calls there are.
        const CALLS = 1 << 1;
        /// AT+CIND?: what the indicators are by now.
        const INDICATORS = 1 << 2;
        /// AT+CLIP.
        const CALLERS = 1 << 3;
        /// AT+CCWA.
        const CALL_WAITING = 1 << 4;
        /// AT+CMEE.
        const ERRORS = 1 << 5;
        /// AT+NREC.
        const NOISE_REDUCTION = 1 << 6;
        /// AT+VGS.
        const SPEAKER = 1 << 7;
        /// AT+VGM.
        const MICROPHONE = 1 << 8;
        /// AT+BTRH?.
        const RESPONSE_AND_HOLD = 1 << 9;
        /// AT+COPS=3,0.
        const OPERATOR_FORMAT = 1 << 10;
        /// AT+COPS?.
        const OPERATOR = 1 << 11;
        /// AT+CNUM.
        const NUMBER = 1 << 12;
        /// AT+XAPL.
        const ACCESSORY = 1 << 13;
        /// AT+BIEV or AT+IPHONEACCEV.
        const BATTERY = 1 << 14;
        /// AT+BIEV.
        const SAFETY = 1 << 15;

        const VOLUMES = Self::SPEAKER.bits() | Self::MICROPHONE.bits();
    }
}

/// What AT+XAPL says that we tell: the battery.
const ACCESSORY_BATTERY: u8 = 0x02;

impl HandsFree {
    /// Has a chore done as soon as its turn comes; once we are up all that have a value are.
    pub(super) fn chore(&mut self, now: Instant, chore: Chores) {
        if self.phase == Phase::Up {
            self.chores.insert(chore);
            self.pump(now);
        }
    }

    /// Sends a chore's command, if there is one to be sent.
    pub(super) fn do_chore(&mut self, now: Instant, chore: Chores) {
        self.chores.remove(chore);
        if chore == Chores::CALLS && !self.calls.ask() {
            return;
        }
        if let Some(command) = self.chore_command(chore) {
            self.transmit(now, What::Chore(chore), None, command);
        }
    }

    fn chore_command(&self, chore: Chores) -> Option<Command<'static>> {
        let listens = |indicator| self.phone.enabled.contains(indicator);
        Some(match chore {
            Chores::CODECS => Command::Bac(self.settings.codecs),
            Chores::CALLS => Command::Clcc,
            Chores::INDICATORS => Command::CindRead,
            Chores::CALLERS => Command::Clip(true),
            Chores::CALL_WAITING => Command::Ccwa(true),
            Chores::ERRORS => Command::Cmee(true),
            Chores::NOISE_REDUCTION => Command::Nrec(false),
            Chores::SPEAKER => Command::Vgs(self.settings.speaker),
            Chores::MICROPHONE => Command::Vgm(self.settings.microphone),
            Chores::RESPONSE_AND_HOLD => Command::BtrhRead,
            Chores::OPERATOR_FORMAT => Command::CopsFormat,
            Chores::OPERATOR => Command::CopsRead,
            Chores::NUMBER => Command::Cnum,
            Chores::ACCESSORY => {
                let own = self.settings.accessory?;
                let (vendor, product, version) = (own.vendor, own.product, own.version);
                Command::Xapl { vendor, product, version, features: ACCESSORY_BATTERY }
            }
            Chores::BATTERY if listens(HfIndicators::BATTERY_LEVEL) => {
                Command::Biev { indicator: 2, value: self.battery?.into() }
            }
            Chores::BATTERY if self.phone.accessory => {
                Command::IphoneAccev(BatteryLevel::percent(self.battery?))
            }
            Chores::SAFETY if listens(HfIndicators::ENHANCED_SAFETY) => {
                Command::Biev { indicator: 1, value: self.safety?.into() }
            }
            _ => return None,
        })
    }

    /// A chore was answered. What a phone does not have is not asked again.
    pub(super) fn chore_done(&mut self, now: Instant, chore: Chores, result: Result<(), AtError>) {
        match (chore, result) {
            (Chores::CALLS, Ok(())) => self.calls_listed(now),
            (Chores::CALLS, Err(_)) => self.calls_not_listed(now),
            (Chores::ACCESSORY, Ok(())) if self.phone.accessory && self.battery.is_some() => {
                self.chores.insert(Chores::BATTERY);
            }
            (Chores::OPERATOR_FORMAT, Err(_)) => self.chores.remove(Chores::OPERATOR),
            _ => {}
        }
    }
}
