//! Voice links.

mod accept;
mod data;
mod ends;
mod setup;

use super::*;
use crate::VoiceCodec::{Cvsd, Msbc};
use crate::controller::{
    Authenticate, LEAVING_TIMEOUT, OrderError, VOICE_ANSWER_TIMEOUT, VOICE_TIMEOUT,
};
use crate::{MAX_LINKS, VoiceCodec};
use wire::hci::AirMode;

pub(super) const VOICE: Handle = Handle::new(0x0103);
const SECOND: Handle = Handle::new(0x0043);
const BY_USER: Status = Status::REMOTE_USER_TERMINATED_CONNECTION;
const BY_HOST: Status = Status::CONNECTION_TERMINATED_BY_LOCAL_HOST;
const LIMITED: Status = Status::REJECTED_LIMITED_RESOURCES;
const CANCELLED: Status = Status::OPERATION_CANCELLED_BY_HOST;
const UNKNOWN: Status = Status::UNKNOWN_HCI_COMMAND;

pub(super) fn linked(config: Config, dongle: Dongle) -> (Tester, LinkId) {
    let config = Config { authenticate: Authenticate::OnDemand, ..config };
    let mut t = Tester::up_with(config, Vec::new(), dongle);
    t.controller.set_pairable(t.now, true);
    let link = t.connected(PHONE, HANDLE);
    (t, link)
}

pub(super) fn one() -> (Tester, LinkId) {
    linked(Config::default(), Dongle::modern())
}

impl Tester {
    fn wants_voice(&mut self, bd_addr: Address, link_type: LinkType) {
        self.say(Event::ConnectionRequest { bd_addr, class_of_device: CLASS, link_type });
    }

    pub(super) fn voice(&mut self, status: Status, handle: Handle, link_type: LinkType) {
        self.voice_of(PHONE, status, handle, link_type);
    }

    fn voice_of(&mut self, bd_addr: Address, status: Status, handle: Handle, kind: LinkType) {
        self.say(Event::SynchronousConnectionComplete {
            status,
            connection_handle: handle,
            bd_addr,
            link_type: kind,
            transmission_interval: 12,
            retransmission_window: 4,
            rx_packet_length: 60,
            tx_packet_length: 60,
            air_mode: AirMode::Cvsd,
        });
    }

    fn voice_failed(&mut self, status: Status) {
        self.voice(status, Handle::new(0), LinkType::Esco);
    }

    pub(super) fn disconnected(&mut self, connection_handle: Handle, reason: Status) {
        let status = Status::SUCCESS;
        self.say(Event::DisconnectionComplete { status, connection_handle, reason });
    }

    #[track_caller]
    fn told_requested(&mut self, extended: bool) {
        let told = self.told();
        let as_wanted = matches!(told, Output::VoiceRequested { extended: e, .. } if e == extended);
        assert!(as_wanted, "{told:?}");
    }

    #[track_caller]
    pub(super) fn told_opened(&mut self, link: LinkId, codec: VoiceCodec, extended: bool) {
        match self.told() {
            Output::VoiceOpened { link: l, handle, codec: c, extended: e } => {
                assert_eq!((l, handle, c, e), (link, VOICE.raw(), codec, extended));
            }
            other => panic!("told {other:?}"),
        }
    }

    #[track_caller]
    fn told_failed(&mut self, link: LinkId, why: Status) {
        match self.told() {
            Output::VoiceFailed { link: l, status } => assert_eq!((l, status), (link, why)),
            other => panic!("told {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn told_closed(&mut self, link: LinkId, why: Status) {
        match self.told() {
            Output::VoiceClosed { link: l, reason } => assert_eq!((l, reason), (link, why)),
            other => panic!("told {other:?}"),
        }
    }

    /// Nothing is under way any more, and a voice link can be set up.
    #[track_caller]
    fn voice_is_over(&mut self, link: LinkId) {
        self.told_nothing();
        self.hear_nothing();
        assert_eq!(self.controller.wake_at(), None);
        self.controller.setup_voice(self.now, link, Cvsd).expect("no voice link");
        self.hear_any(Opcode::SETUP_SYNCHRONOUS_CONNECTION);
    }

    #[track_caller]
    pub(super) fn open(&mut self, link: LinkId, codec: VoiceCodec) {
        self.controller.setup_voice(self.now, link, codec).unwrap();
        self.hear_any(Opcode::SETUP_SYNCHRONOUS_CONNECTION);
        self.voice(Status::SUCCESS, VOICE, LinkType::Esco);
        self.told_opened(link, codec, true);
    }

    #[track_caller]
    fn asked(&mut self) {
        self.wants_voice(PHONE, LinkType::Esco);
        self.told_requested(true);
    }

    #[track_caller]
    fn hear_rejection(&mut self, reason: Status) {
        self.hear(Command::RejectSynchronousConnectionRequest { bd_addr: PHONE, reason });
    }

    #[track_caller]
    fn hear_disconnect(&mut self, connection_handle: Handle, reason: Status) {
        self.hear(Command::Disconnect { connection_handle, reason });
    }
}

// Handle, 8000 octets a second either way, latency, voice setting, effort, packet types.
const S4: &str = "28 04 11 42 00 40 1F 00 00 40 1F 00 00 0C 00 60 00 02 80 03";
const S3: &str = "28 04 11 42 00 40 1F 00 00 40 1F 00 00 0A 00 60 00 01 80 03";
const S2: &str = "28 04 11 42 00 40 1F 00 00 40 1F 00 00 07 00 60 00 01 80 03";
const S1: &str = "28 04 11 42 00 40 1F 00 00 40 1F 00 00 07 00 60 00 01 C8 03";
const D1: &str = "28 04 11 42 00 40 1F 00 00 40 1F 00 00 FF FF 60 00 FF C4 03";
const D0: &str = "28 04 11 42 00 40 1F 00 00 40 1F 00 00 FF FF 60 00 FF C1 03";
const T2: &str = "28 04 11 42 00 40 1F 00 00 40 1F 00 00 0D 00 63 00 02 80 03";
const T1: &str = "28 04 11 42 00 40 1F 00 00 40 1F 00 00 08 00 63 00 02 C8 03";

const ACCEPT_ESCO: &str = "29 04 15 01 02 03 04 05 06 40 1F 00 00 40 1F 00 00 FF FF 60 00 FF 38 00";
const ACCEPT_MSBC: &str = "29 04 15 01 02 03 04 05 06 40 1F 00 00 40 1F 00 00 FF FF 63 00 FF 38 00";
const ACCEPT_SCO: &str = "29 04 15 01 02 03 04 05 06 40 1F 00 00 40 1F 00 00 FF FF 60 00 FF C7 03";
