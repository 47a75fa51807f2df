//! What MULTIPOINT promises, held against a whole receiver and phones in virtual time.

mod calls;
mod calls_two;
mod chase;
mod headset;
mod initiative;
mod manners;
mod media;
mod one_device;
mod overtaken;
mod owner;
mod paging;
mod phone_settings;
mod receiver;
mod refused;
mod remote;
mod seats;
mod settings;
mod together;
mod tones;
mod visits;
mod voices;

use host::{AnswerHow, Command, Settings};
use multipoint::Takeover;
use stack::hfp::gateway;
use tandem_sim::{Manners, PhoneOptions};

const ANNA: usize = 0;
const BEN: usize = 1;
const CLEO: usize = 2;
const DORA: usize = 3;

const ANSWER: Command = Command::Answer { how: AnswerHow::Default, phone: None, index: None };
const REJECT: Command = Command::Reject { phone: None, index: None };
const HANG_UP: Command = Command::HangUp { phone: None, index: None };

fn with(takeover: Takeover) -> Settings {
    let policy = multipoint::Policy { takeover, ..multipoint::Policy::default() };
    Settings { policy, ..Settings::default() }
}

/// Two phones with everything, connected and settled.
fn two() -> receiver::Receiver {
    phones(&[PhoneOptions::default(), PhoneOptions::default()])
}

/// Phones that are made like this, connected and settled.
fn phones(phones: &[PhoneOptions]) -> receiver::Receiver {
    receiver::Receiver::of(Settings::default(), phones).connect(phones.len())
}

/// A phone whose gateway is made otherwise.
fn gateway(change: impl FnOnce(&mut gateway::Settings)) -> PhoneOptions {
    let mut settings = gateway::Settings::default();
    change(&mut settings);
    PhoneOptions { calls: Some(settings), ..PhoneOptions::default() }
}

/// A phone that behaves like this.
fn mannered(manners: Manners) -> PhoneOptions {
    PhoneOptions { manners, ..PhoneOptions::default() }
}

/// A phone that rings by itself, not over its voice link.
fn silent_ring() -> PhoneOptions {
    gateway(|settings| settings.features -= wire::hfp::AgFeatures::IN_BAND_RING)
}
