//! The demonstration: who takes part, what happens when, and the words for it. The receiver's own part
//! is its answer button; pairing mode has to be open from the start.

use core::time::Duration;

use pool::Instant;
use stack::hfp::gateway;
use wire::Address;
use wire::hfp::AgFeatures;

use crate::{Act, ControllerOptions, PhoneOptions, World};

/// The phones of the demonstration, the tones that they play, and the tones in their calls.
pub const CAST: [(&str, u32, u32); 3] =
    [("Anna's phone", 440, 300), ("Ben's phone", 660, 500), ("Cleo's phone", 880, 700)];

/// The tone of the notification on Ben's phone: no harmonic of the others.
pub const CHIME: u32 = 1270;

/// How long the demonstration takes.
pub const DEMO_LENGTH: Duration = Duration::from_secs(87);

/// Something that happens in the demonstration.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scene {
    /// When.
    pub at: Duration,
    /// What it is.
    pub does: Does,
    /// What people would say of it.
    pub words: &'static str,
}

/// Who does what.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Does {
    /// One of the [`CAST`], by number.
    Phone(usize, Act),
    /// The receiver's owner presses the answer button.
    Answer,
}

const ANNA: usize = 0;
const BEN: usize = 1;
const CLEO: usize = 2;

const fn at(seconds: u64, does: Does, words: &'static str) -> Scene {
    Scene { at: Duration::from_secs(seconds), does, words }
}

const fn plays(phone: usize) -> Does {
    Does::Phone(phone, Act::Play(CAST[phone].1))
}

const fn hung_up(phone: usize) -> Does {
    Does::Phone(phone, Act::TheyHangUp)
}

/// The demonstration, in the order of time.
pub const DEMO: [Scene; 21] = {
    use Does::{Answer, Phone};
    [
        at(1, Phone(ANNA, Act::Connect), "Anna connects a phone, for the first time"),
        at(3, Phone(BEN, Act::Connect), "Ben connects a phone, too"),
        at(5, plays(ANNA), "Anna presses play"),
        at(9, Phone(BEN, Act::Ring("+1 555 0100", "Zoe")), "Zoe calls Ben"),
        at(12, Answer, "The receiver's answer button is pressed"),
        at(17, hung_up(BEN), "Zoe hangs up"),
        at(21, Phone(BEN, Act::Chime(CHIME, 800)), "A notification chimes on Ben's phone"),
        at(25, plays(BEN), "Ben presses play"),
        at(30, plays(ANNA), "Anna presses play"),
        at(35, Phone(ANNA, Act::Dial("+1 555 0199")), "Anna calls Max: the music pauses"),
        at(38, Phone(ANNA, Act::TheyAnswer), "Max answers"),
        at(41, Phone(BEN, Act::Ring("+1 555 0101", "Yan")), "Yan calls Ben"),
        at(44, Answer, "The answer button is pressed: hold one call, take the other"),
        at(49, hung_up(BEN), "Yan hangs up"),
        at(53, hung_up(ANNA), "Max hangs up: the music goes on"),
        at(57, Phone(CLEO, Act::Connect), "Cleo connects a phone: the third one for two seats"),
        at(64, plays(CLEO), "Cleo presses play"),
        at(69, Phone(CLEO, Act::Leave), "Cleo walks out of range: the music breaks off"),
        at(75, Phone(CLEO, Act::Pause), "Cleo's phone pauses, as phones do then"),
        at(77, Phone(CLEO, Act::Return), "Cleo comes back into range"),
        at(85, Phone(CLEO, Act::Pause), "Cleo presses pause"),
    ]
};

impl World {
    /// The world of the demonstration.
    pub fn demo(seed: u64) -> World {
        World::demo_on(seed, ControllerOptions::default())
    }

    /// The demonstration with a receiver's controller that is made otherwise.
    pub fn demo_on(seed: u64, options: ControllerOptions) -> World {
        let mut world = World::with_controller(seed, options);
        for (n, (name, _, voice)) in CAST.into_iter().enumerate() {
            let address = Address([0x10 + n as u8, 0x00, 0x00, 0x5E, 0x00, 0x02]);
            // Ben's phone leaves the ringing to the receiver.
            let mut gateway = gateway::Settings::default();
            gateway.features.set(AgFeatures::IN_BAND_RING, n != BEN);
            let calls = Some(gateway);
            world.add(name, address, PhoneOptions { voice, calls, ..PhoneOptions::default() });
        }
        for scene in DEMO {
            if let Does::Phone(phone, act) = scene.does {
                world.at(Instant::ZERO + scene.at, phone, act);
            }
        }
        world
    }
}
