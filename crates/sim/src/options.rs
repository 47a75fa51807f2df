//! What a virtual controller is, and what is wrong with it.

use core::time::Duration;

use wire::hci::{LmpFeatures, LmpFeaturesPage2, Opcode, Status};

/// What a virtual controller is made as.
#[derive(Clone, Debug)]
pub struct ControllerOptions {
    /// HCI and LMP version: 4 is 2.1, 8 is 4.2, 12 is 5.3.
    pub version: u8,
    /// The company identifier; 0xFFFF is for tests.
    pub manufacturer: u16,
    /// LMP features, page 0.
    pub features: LmpFeatures,
    /// LMP features, page 2.
    pub features_page_2: LmpFeaturesPage2,
    /// Commands that it does not know.
    pub missing: Vec<Opcode>,
    /// The longest data of an ACL packet from its host, in octets.
    pub acl_length: u16,
    /// How many ACL packets it holds.
    pub acl_packets: u16,
    /// The longest data of an ACL packet to its host; longer ones are split.
    pub acl_to_host: usize,
    /// The longest data of a synchronous packet.
    pub voice_length: u8,
    /// How many synchronous packets it holds.
    pub voice_packets: u16,
    /// Commands that the host may have outstanding.
    pub command_credits: u8,
    /// ACL links at once.
    pub max_links: usize,
    /// The longest encryption key it makes, in octets.
    pub max_key_size: u8,
    /// How strongly others hear it, in dBm.
    pub rssi: i8,
    /// How long it takes to answer its host.
    pub command_latency: Duration,
    /// Net data rate on the air, bit/s.
    pub bandwidth: u32,
    /// Tell the host of packets sent when so many are (or none is left).
    pub completed_at_once: u16,
}

impl Default for ControllerOptions {
    /// A current dongle with everything: 5.3, eight ACL packets of 1021 octets, 1.4 Mbit/s.
    fn default() -> Self {
        ControllerOptions {
            version: 12,
            manufacturer: 0xFFFF,
            features: LmpFeatures::all() - LmpFeatures::BR_EDR_NOT_SUPPORTED,
            features_page_2: LmpFeaturesPage2::all(),
            missing: Vec::new(),
            acl_length: 1021,
            acl_packets: 8,
            acl_to_host: 1021,
            voice_length: 64,
            voice_packets: 8,
            command_credits: 1,
            max_links: 7,
            max_key_size: 16,
            rssi: -50,
            command_latency: Duration::from_micros(300),
            bandwidth: 1_400_000,
            completed_at_once: 1,
        }
    }
}

/// What can be made to go wrong with a controller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It is dead: it answers nothing and is not on the air. Its links die at the other end when the
    /// supervision timeout has passed.
    Silent,
    /// It refuses this command with this error.
    Refuse(Opcode, Status),
    /// It never answers this command.
    Ignore(Opcode),
    /// It takes so many more ACL packets from its host and then dies.
    DieAfter(u32),
    /// It never tells of packets sent.
    KeepCredits,
    /// So many of a hundred voice packets do not reach it: its host gets none where it did not ask for
    /// erroneous data to be reported, else an empty one that says so.
    LoseVoice(u8),
    /// So many of a hundred voice packets reach it damaged.
    DamageVoice {
        /// Of a hundred.
        percent: u8,
        /// Whether its host is told.
        marked: bool,
    },
}

/// What a host did that it must not do. A host under test has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Complaint {
    /// A command that is not one.
    MalformedCommand,
    /// A command sent without a credit for it.
    NoCommandCredit(Opcode),
    /// A data packet that is not one.
    MalformedData,
    /// A data packet for a link that is not there.
    UnknownHandle(u16),
    /// A data packet longer than the buffers.
    TooLong(u16),
    /// More data packets than there are buffers.
    Overflow,
    /// A fragment that continues nothing.
    Continuation,
}
