//! Whatever a controller says, in whatever order: nothing panics, nothing grows, no link is secured
//! but by the whole of its way, and no voice link opens that was not asked for, or ends but once.

use core::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;

use super::*;
use crate::{MAX_LINKS, VoiceCodec};
use wire::hci::{AirMode, IoCapability, KeyType as Made, LinkKey as WireLinkKey};

fn statuses() -> impl Strategy<Value = Status> {
    prop_oneof![4 => Just(Status::SUCCESS), 1 => any::<u8>().prop_map(Status)]
}

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    Event(Vec<u8>),
    Noise(Vec<u8>),
    Data(Channel, Vec<u8>),
    Wait(u16),
    Order(u8),
    OrderVoice(u8),
    /// What a sound controller would say to the next command that it heard.
    Proceed,
}

fn event(event: Event<'_>) -> Happening {
    let mut out = [0; Event::LONGEST];
    let length = event.write(&mut out).expect("room for an event");
    Happening::Event(out[..length].to_vec())
}

/// Events that a controller may well say, of two peers.
fn likely() -> impl Strategy<Value = Happening> {
    let peers = prop_oneof![Just((PHONE, HANDLE)), Just((OTHER, Handle::new(0x43)))];
    let made = prop_oneof![
        Just(Made::UnauthenticatedP256),
        Just(Made::UnauthenticatedP192),
        Just(Made::DebugCombination),
        Just(Made::Changed)
    ];
    let ciphers = prop_oneof![1 => Just(Encryption::Off), 1 => Just(Encryption::E0), 3 => Just(Encryption::AesCcm)];
    (0..18u8, peers, statuses(), made, ciphers).prop_map(
        |(which, (bd_addr, connection_handle), status, key_type, encryption_enabled)| {
            event(match which {
                0 | 1 => Event::ConnectionRequest {
                    bd_addr,
                    class_of_device: CLASS,
                    link_type: LinkType::Acl,
                },
                2 | 3 => Event::ConnectionComplete {
                    status,
                    connection_handle,
                    bd_addr,
                    link_type: LinkType::Acl,
                    encryption_enabled: false,
                },
                4 => Event::DisconnectionComplete {
                    status,
                    connection_handle,
                    reason: Status::CONNECTION_TIMEOUT,
                },
                5 | 6 => Event::AuthenticationComplete { status, connection_handle },
                7 | 8 => Event::EncryptionChange { status, connection_handle, encryption_enabled },
                9 => Event::EncryptionKeyRefreshComplete { status, connection_handle },
                10 => Event::LinkKeyRequest { bd_addr },
                11 => {
                    Event::LinkKeyNotification { bd_addr, link_key: WireLinkKey(NEW_KEY), key_type }
                }
                12 => Event::IoCapabilityRequest { bd_addr },
                13 => Event::IoCapabilityResponse {
                    bd_addr,
                    io_capability: IoCapability::DisplayYesNo,
                    oob_data_present: wire::hci::OobDataPresent::No,
                    authentication_requirements:
                        wire::hci::AuthenticationRequirements::GeneralBonding,
                },
                14 => Event::UserConfirmationRequest { bd_addr, numeric_value: 1 },
                15 => Event::SimplePairingComplete { status, bd_addr },
                16 => Event::RoleChange { status, bd_addr, new_role: Role::Central },
                _ => Event::ReadRemoteSupportedFeaturesComplete {
                    status,
                    connection_handle,
                    lmp_features: LmpFeatures::empty(),
                },
            })
        },
    )
}

fn voice_complete(
    status: Status,
    bd_addr: Address,
    connection_handle: Handle,
    link_type: LinkType,
) -> Event<'static> {
    Event::SynchronousConnectionComplete {
        status,
        connection_handle,
        bd_addr,
        link_type,
        transmission_interval: 12,
        retransmission_window: 4,
        rx_packet_length: 60,
        tx_packet_length: 60,
        air_mode: AirMode::Cvsd,
    }
}

/// The same of voice. Handles are mistaken at times.
fn likely_of_voice() -> impl Strategy<Value = Happening> {
    let handles = prop_oneof![8 => 0x103..0x105u16, 1 => Just(HANDLE.raw())];
    let kinds = prop_oneof![2 => Just(LinkType::Esco), 1 => Just(LinkType::Sco)];
    let peers = prop_oneof![Just(PHONE), Just(OTHER)];
    (0..4u8, peers, statuses(), handles, kinds).prop_map(
        |(which, bd_addr, status, handle, kind)| {
            let connection_handle = Handle::new(handle);
            event(match which {
                0 | 1 => {
                    Event::ConnectionRequest { bd_addr, class_of_device: CLASS, link_type: kind }
                }
                2 => voice_complete(status, bd_addr, connection_handle, kind),
                _ => Event::DisconnectionComplete {
                    status,
                    connection_handle,
                    reason: Status::CONNECTION_TIMEOUT,
                },
            })
        },
    )
}

fn happenings() -> impl Strategy<Value = Happening> {
    prop_oneof![
        20 => likely(),
        8 => likely_of_voice(),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Happening::Noise),
        // Noise with a sound header.
        2 => (any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(code, mut rest)| {
            let mut packet = vec![code, rest.len() as u8];
            packet.append(&mut rest);
            Happening::Noise(packet)
        }),
        2 => (any::<bool>(), 0x42..0x44u8, 0..3u8, prop::collection::vec(any::<u8>(), 0..12)).prop_map(
            |(acl, low, high, rest)| {
                let channel = if acl { Channel::Acl } else { Channel::Synchronous };
                Happening::Data(channel, [&[low, high][..], &rest].concat())
            }
        ),
        2 => (0..40_000u16).prop_map(Happening::Wait),
        3 => any::<u8>().prop_map(Happening::Order),
        6 => any::<u8>().prop_map(Happening::OrderVoice),
        60 => Just(Happening::Proceed),
    ]
}

/// What a sound controller says to a command, in the end.
fn soundly(command: &Command<'_>) -> Vec<Event<'static>> {
    let status = Status::SUCCESS;
    let handle_of = |address| if address == PHONE { HANDLE } else { Handle::new(0x43) };
    let voice_of = |address| Handle::new(if address == PHONE { 0x103 } else { 0x104 });
    let whose = |handle| if handle == HANDLE { PHONE } else { OTHER };
    match *command {
        Command::AcceptConnectionRequest { bd_addr, .. }
        | Command::CreateConnection { bd_addr, .. } => vec![Event::ConnectionComplete {
            status,
            connection_handle: handle_of(bd_addr),
            bd_addr,
            link_type: LinkType::Acl,
            encryption_enabled: false,
        }],
        Command::ReadRemoteSupportedFeatures { connection_handle } => {
            let lmp_features = LmpFeatures::empty();
            vec![Event::ReadRemoteSupportedFeaturesComplete {
                status,
                connection_handle,
                lmp_features,
            }]
        }
        Command::AuthenticationRequested { connection_handle } => {
            vec![Event::LinkKeyRequest { bd_addr: whose(connection_handle) }]
        }
        Command::LinkKeyRequestReply { bd_addr, .. } => {
            let connection_handle = handle_of(bd_addr);
            vec![Event::AuthenticationComplete { status, connection_handle }]
        }
        Command::LinkKeyRequestNegativeReply { bd_addr } => {
            vec![Event::IoCapabilityRequest { bd_addr }]
        }
        Command::IoCapabilityRequestReply { bd_addr, .. } => {
            vec![Event::UserConfirmationRequest { bd_addr, numeric_value: 1 }]
        }
        Command::UserConfirmationRequestReply { bd_addr } => vec![
            Event::SimplePairingComplete { status, bd_addr },
            Event::LinkKeyNotification {
                bd_addr,
                link_key: WireLinkKey(NEW_KEY),
                key_type: Made::UnauthenticatedP256,
            },
            Event::AuthenticationComplete { status, connection_handle: handle_of(bd_addr) },
        ],
        Command::SetConnectionEncryption { connection_handle, .. } => {
            let encryption_enabled = Encryption::AesCcm;
            vec![Event::EncryptionChange { status, connection_handle, encryption_enabled }]
        }
        Command::SetupSynchronousConnection { connection_handle, .. } => {
            let address = whose(connection_handle);
            vec![voice_complete(status, address, voice_of(address), LinkType::Esco)]
        }
        Command::AcceptSynchronousConnectionRequest { bd_addr, .. } => {
            vec![voice_complete(status, bd_addr, voice_of(bd_addr), LinkType::Esco)]
        }
        Command::RejectSynchronousConnectionRequest { bd_addr, reason } => {
            vec![voice_complete(reason, bd_addr, Handle::new(0), LinkType::Esco)]
        }
        Command::Disconnect { connection_handle, reason } => {
            vec![Event::DisconnectionComplete { status, connection_handle, reason }]
        }
        _ => Vec::new(),
    }
}

/// What has been seen of a link's way.
#[derive(Clone, Copy, Default)]
struct Way {
    up: bool,
    proven: bool,
    on: bool,
    voice: Voice,
}

/// What the glue knows of a link's voice.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
enum Voice {
    #[default]
    None,
    Requested,
    Awaited,
    Open,
}

struct Witness {
    t: Tester,
    /// What a sound controller has yet to say.
    due: VecDeque<Vec<u8>>,
    secured: u32,
    opened: u32,
    ways: [Way; MAX_LINKS],
}

impl Witness {
    /// Looks at an event before the implementation does.
    fn note(&mut self, packet: &[u8]) {
        let Ok(event) = Event::parse(packet) else { return };
        let way = |witness: &mut Witness, handle| {
            let id = witness.t.controller.links.by_handle(handle)?;
            Some(id.0 as usize)
        };
        match event {
            Event::AuthenticationComplete { status: Status::SUCCESS, connection_handle } => {
                if let Some(index) = way(self, connection_handle) {
                    self.ways[index].proven = true;
                }
            }
            Event::EncryptionChange {
                status: Status::SUCCESS,
                connection_handle,
                encryption_enabled,
            } => {
                if let Some(index) = way(self, connection_handle) {
                    self.ways[index].on = encryption_enabled != Encryption::Off;
                }
            }
            _ => {}
        }
    }

    fn check(&mut self) {
        self.t.turn();
        while let Some(told) = self.t.told.pop_front() {
            match told {
                Output::Connected { link, .. } => {
                    self.ways[link.0 as usize] = Way { up: true, ..Way::default() };
                }
                Output::Disconnected { link, .. } => {
                    assert!(self.ways[link.0 as usize].up, "a link ends once");
                    assert_eq!(self.ways[link.0 as usize].voice, Voice::None, "voice ends first");
                    self.ways[link.0 as usize] = Way::default();
                }
                Output::Secured { link, .. } => {
                    let way = self.ways[link.0 as usize];
                    self.secured += 1;
                    assert!(way.up && way.proven && way.on, "secured without its way");
                }
                Output::VoiceRequested { link, extended } => {
                    self.voice(link, &[Voice::None], Voice::Requested);
                    // A request for SCO waits until somebody thinks of it.
                    let codec = VoiceCodec::Cvsd;
                    let controller = &mut self.t.controller;
                    if extended && controller.accept_voice(self.t.now, link, codec).is_ok() {
                        self.voice(link, &[Voice::Requested], Voice::Awaited);
                    }
                }
                Output::VoiceOpened { link, .. } => {
                    self.opened += 1;
                    self.voice(link, &[Voice::Awaited], Voice::Open);
                }
                Output::VoiceFailed { link, .. } => {
                    self.voice(link, &[Voice::Requested, Voice::Awaited], Voice::None);
                }
                Output::VoiceClosed { link, .. } => {
                    self.voice(link, &[Voice::Open], Voice::None);
                }
                Output::Received(channel, frame) => self.data(channel, frame),
                Output::ConnectionRequest { address, .. } => {
                    let _ = self.t.controller.accept(self.t.now, address);
                }
                _ => {}
            }
            self.t.turn();
        }
        let counters = self.t.controller.counters();
        assert_eq!(counters.outputs_lost, 0);
        assert!(self.t.controller.links.count() <= MAX_LINKS);
        while let Some(octets) = self.t.heard.pop_front() {
            let command = Command::parse(&octets).expect("a well-formed command");
            for event in soundly(&command) {
                let mut out = [0; Event::LONGEST];
                let length = event.write(&mut out).expect("room for an event");
                self.due.push_back(out[..length].to_vec());
            }
        }
        self.t.data.clear();
    }

    fn voice(&mut self, link: LinkId, from: &[Voice], to: Voice) {
        let voice = &mut self.ways[link.0 as usize].voice;
        assert!(from.contains(voice), "from {voice:?} to {to:?}");
        *voice = to;
    }

    fn data(&mut self, channel: Channel, frame: Frame) {
        if channel == Channel::Acl {
            let _ = self.t.controller.acl(frame);
        } else {
            let _ = self.t.controller.synchronous(frame);
        }
    }

    /// Whoever governs calls does something. What is told of it has been looked at before.
    fn order_voice(&mut self, which: u8) {
        let (now, link) = (self.t.now, LinkId(which >> 7));
        let codec = if which & 8 == 0 { VoiceCodec::Cvsd } else { VoiceCodec::Msbc };
        let controller = &mut self.t.controller;
        let reason = Status::REMOTE_USER_TERMINATED_CONNECTION;
        let to = match which % 5 {
            0 => controller.setup_voice(now, link, codec).map(|()| Voice::Awaited),
            1 | 2 => controller.accept_voice(now, link, codec).map(|()| Voice::Awaited),
            3 => controller.reject_voice(now, link, reason).map(|()| Voice::None),
            _ => {
                let voice = self.ways[link.0 as usize].voice;
                let closed = controller.close_voice(now, link, reason);
                closed.map(|()| if voice == Voice::Requested { Voice::None } else { voice })
            }
        };
        if let Ok(to) = to {
            self.ways[link.0 as usize].voice = to;
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Event(packet) | Happening::Noise(packet) => {
                self.note(&packet);
                self.t.controller.event(self.t.now, &packet);
            }
            Happening::Proceed => {
                if let Some(packet) = self.due.pop_front() {
                    return self.happen(Happening::Event(packet));
                }
            }
            Happening::Data(channel, octets) => {
                let frame = self.t.frame(&octets);
                self.data(channel, frame);
            }
            Happening::Wait(millis) => self.t.wait(ms(millis.into())),
            Happening::OrderVoice(which) => self.order_voice(which),
            Happening::Order(which) => {
                let now = self.t.now;
                let controller = &mut self.t.controller;
                match which % 8 {
                    0 => controller.set_pairable(now, which & 8 != 0),
                    1 => drop(controller.connect(now, PHONE)),
                    2 => controller.cancel_connect(now, PHONE),
                    3 => {
                        let reason = Status::REMOTE_USER_TERMINATED_CONNECTION;
                        let _ = controller.disconnect(now, LinkId(which >> 6), reason);
                    }
                    4 => drop(controller.confirm(now, PHONE, which & 8 != 0, Some(1))),
                    5 => drop(controller.request_name(now, OTHER)),
                    6 if which > 250 => controller.start(now),
                    6 => controller.set_discoverable(now, which & 8 != 0),
                    _ => {
                        let frame = self.t.frame(&[1, 2, 3]);
                        let _ = self.t.controller.send(LinkId(which >> 6), frame);
                        let frame = self.t.frame(&[4, 5, 6]);
                        let _ = self.t.controller.send_voice(LinkId(which >> 6), frame);
                    }
                }
            }
        }
        self.check();
    }
}

/// Links secured and voice opened in all cases: the property must not hold for want of any.
static SECURED: AtomicU32 = AtomicU32::new(0);
static OPENED: AtomicU32 = AtomicU32::new(0);

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    fn everything(steps in prop::collection::vec(happenings(), 1..120)) {
        let bonds = vec![bond(PHONE, KeyType::UnauthenticatedP256)];
        let t = Tester::pairable(Config::default(), bonds);
        let mut witness =
            Witness { t, due: VecDeque::new(), secured: 0, opened: 0, ways: [Way::default(); MAX_LINKS] };
        for step in steps {
            witness.happen(step);
        }
        SECURED.fetch_add(witness.secured, Ordering::Relaxed);
        OPENED.fetch_add(witness.opened, Ordering::Relaxed);
        // Left alone, everything settles: no timer runs for ever.
        witness.t.wait(ms(300_000));
        witness.check();
        prop_assert_eq!(witness.t.controller.wake_at(), None);
    }
}

#[test]
fn nothing_said_breaks_or_secures() {
    everything();
    let secured = SECURED.load(Ordering::Relaxed);
    assert!(secured > 100, "only {secured} links were secured");
    let opened = OPENED.load(Ordering::Relaxed);
    assert!(opened > 100, "only {opened} voice links were opened");
}
