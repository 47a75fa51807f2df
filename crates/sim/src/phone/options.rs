//! What a phone is, and how it behaves.

use core::time::Duration;

use stack::Bond;
use stack::hfp::gateway;

use crate::ControllerOptions;

/// What a phone is made as.
#[derive(Clone, Debug)]
pub struct PhoneOptions {
    /// Its controller.
    pub controller: ControllerOptions,
    /// What it is bonded with from the start.
    pub bonds: Vec<Bond>,
    /// Whether it has AVRCP.
    pub remote_control: bool,
    /// What its audio gateway is; `None`: it has no HFP.
    pub calls: Option<gateway::Settings>,
    /// The tone that is heard in its calls, in hertz.
    pub voice: u32,
    /// Whether its tones are made at all; without them streams and voice links open and carry nothing.
    pub sound: bool,
    /// How it behaves.
    pub manners: Manners,
}

impl Default for PhoneOptions {
    /// A polite phone with all profiles.
    fn default() -> Self {
        PhoneOptions {
            controller: ControllerOptions::default(),
            bonds: Vec::new(),
            remote_control: true,
            calls: Some(gateway::Settings::default()),
            voice: 300,
            sound: true,
            manners: Manners::default(),
        }
    }
}

impl PhoneOptions {
    /// One that plays music and has no keys for it.
    pub fn player() -> Self {
        PhoneOptions { remote_control: false, calls: None, ..PhoneOptions::default() }
    }

    /// One that plays music, without calls.
    pub fn remote_player() -> Self {
        PhoneOptions { calls: None, ..PhoneOptions::default() }
    }
}

/// How a phone behaves; what is `None`, or false, it does not do.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Manners {
    /// How long it thinks between being connected and opening its music and remote control.
    pub opens_music_after: Duration,
    /// The same for its calls; with the receiver's own delay both sides open at once.
    pub opens_calls_after: Duration,
    /// It closes both again after this, and opens them once more.
    pub opens_twice: Option<Duration>,
    /// It plays this tone as soon as it is connected.
    pub plays_on_connecting: Option<u32>,
    /// It comes back by itself when it was put out.
    pub comes_back_after: Option<Duration>,
    /// Its player does not pause when it is told to.
    pub ignores_pause: bool,
    /// Its player has no keys: each is refused.
    pub refuses_keys: bool,
    /// PAUSE makes it play where it does not.
    pub toggles_on_pause: bool,
    /// It plays again by itself so long after it was told to pause.
    pub resumes_after: Option<Duration>,
    /// How long its stream stays open when the music pauses.
    pub suspends_after: Duration,
    /// Silence flows until then; otherwise nothing.
    pub sends_silence: bool,
    /// How long it takes from a call that is spoken in to the voice link.
    pub opens_voice_after: Duration,
    /// It asks again for a voice link that it did not get, so much later, for ever.
    pub asks_again_after: Option<Duration>,
    /// How long a network takes until the one who is dialled is rung.
    pub alerts_after: Duration,
    /// Who is dialled answers so long after that.
    pub answered_after: Option<Duration>,
    /// A softphone: a call is told when it is answered and its voice link is open, as one that was
    /// never set up.
    pub softphone: bool,
    /// A program's open microphone is told as a call that is in no list.
    pub dummy_call: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Manners {
            opens_music_after: Duration::from_millis(150),
            opens_calls_after: Duration::from_millis(250),
            opens_twice: None,
            plays_on_connecting: None,
            comes_back_after: None,
            ignores_pause: false,
            refuses_keys: false,
            toggles_on_pause: false,
            resumes_after: None,
            suspends_after: Duration::ZERO,
            sends_silence: false,
            opens_voice_after: Duration::from_millis(50),
            asks_again_after: None,
            alerts_after: Duration::from_millis(500),
            answered_after: None,
            softphone: false,
            dummy_call: false,
        }
    }
}
