use core::time::Duration;
use std::collections::VecDeque;

use proptest::prelude::*;
use wire::avctp;
use wire::avrcp::{
    Command, CommandType, Event, EventId, Header, PassThrough, Pdu, PduId, PlayStatus, PlayerId,
};
use wire::sdp::{AttributeId, AttributeLists, Uuid};

use super::*;
use crate::sdp::Record;

const CID: Cid = 0x40;

/// A sink and a source, and the air between them.
struct Pair {
    sink: Session,
    source: Session,
    now: Instant,
    notices: Vec<(bool, Notice)>,
    packets: usize,
}

impl Pair {
    fn new(mtu: usize) -> Self {
        let mut pair = Pair {
            sink: Session::sink(Volume::from_octet(64)),
            source: Session::source(Player::default()),
            now: Instant::ZERO,
            notices: Vec::new(),
            packets: 0,
        };
        assert_eq!(pair.sink.opened(pair.now, CID, mtu), Use::Control);
        assert_eq!(pair.source.opened(pair.now, CID, mtu), Use::Control);
        pair.settle();
        pair
    }

    /// Moves packets until none is on its way; each side is polled dry before it hears another.
    fn settle(&mut self) {
        let mut air = VecDeque::new();
        loop {
            self.drain(&mut air);
            let Some((sink, pdu)) = air.pop_front() else { return };
            self.packets += 1;
            let peer = if sink { &mut self.source } else { &mut self.sink };
            peer.receive(self.now, CID, &pdu);
        }
    }

    fn drain(&mut self, air: &mut VecDeque<(bool, crate::avctp::Pdu)>) {
        for sink in [true, false] {
            let session = if sink { &mut self.sink } else { &mut self.source };
            while let Some(output) = session.poll() {
                match output {
                    Output::Send { pdu, .. } => air.push_back((sink, pdu)),
                    Output::Notice(notice) => self.notices.push((sink, notice)),
                    Output::Open => panic!("there is a channel"),
                }
            }
        }
    }

    fn wait(&mut self, duration: Duration) {
        let end = self.now + duration;
        let next =
            |pair: &Pair| [pair.sink.wake_at(), pair.source.wake_at()].into_iter().flatten().min();
        while let Some(at) = next(self).filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.sink.wake(self.now);
            self.source.wake(self.now);
            self.settle();
        }
        self.now = end;
    }

    fn play(&mut self, change: impl FnOnce(&mut Player)) {
        let mut player = self.source.player().expect("a source has one").clone();
        change(&mut player);
        self.source.set_player(player).expect("it is a source");
        self.settle();
    }

    fn told(&mut self) -> Vec<(bool, Notice)> {
        core::mem::take(&mut self.notices)
    }
}

fn track(title: &str) -> Track {
    let text = |text: &str| Text::try_from(text).expect("short");
    Track {
        title: text(title), artist: text("Größe"), duration: Some(215_000), ..Track::default()
    }
}

#[test]
fn a_sink_follows_a_source() {
    let mut pair = Pair::new(672);
    let volume = Volume::from_octet(64);
    let status = Notice::Playback { status: PlayStatus::Stopped, interim: true };
    let told = pair.told();
    for notice in [(true, status), (false, Notice::Volume(volume))] {
        assert!(told.contains(&notice), "{told:?}");
    }
    assert_eq!(pair.sink.track(), &Track::default());

    pair.wait(Duration::from_secs(1));
    pair.play(|player| {
        player.track = Some(track("Ode"));
        player.status = PlayStatus::Playing;
        player.position = Some(0);
    });
    let status = Notice::Playback { status: PlayStatus::Playing, interim: false };
    assert!(pair.told().contains(&(true, status)));
    assert_eq!(pair.sink.track(), &track("Ode"));
    assert_eq!(pair.sink.status(), Some(PlayStatus::Playing));

    pair.wait(Duration::from_secs(1));
    pair.play(|player| {
        player.id = PlayerId(7);
        player.track = Some(track("Joy"));
        player.status = PlayStatus::Paused;
    });
    pair.wait(Duration::from_secs(1));
    let told = pair.told();
    let status = Notice::Playback { status: PlayStatus::Paused, interim: false };
    assert!(told.contains(&(true, Notice::Player(PlayerId(7)))), "{told:?}");
    assert!(told.contains(&(true, status)), "{told:?}");
    assert_eq!(pair.sink.track(), &track("Joy"));

    let counters = [pair.sink.counters(), pair.source.counters()];
    let clean = |counters: Counters| Counters { rejected: 0, ..counters } == Counters::default();
    assert!(counters.into_iter().all(clean), "{counters:?}");
    let packets = pair.packets;
    pair.wait(Duration::from_secs(3600));
    assert_eq!(pair.packets, packets, "what rests costs nothing");
}

#[test]
fn keys_and_volume_go_both_ways() {
    let mut pair = Pair::new(672);
    pair.told();
    pair.sink.key(pair.now, Ticket(5), Key::Pause).expect("there is a player");
    pair.settle();
    let operation = Key::Pause.operation();
    let pressed = |state| (false, Notice::Pressed { operation, state });
    let outcome = (true, Notice::Key { ticket: Ticket(5), outcome: Outcome::Accepted });
    let told = pair.told();
    let states = [wire::avrcp::KeyState::Pressed, wire::avrcp::KeyState::Released];
    assert!(states.into_iter().all(|state| told.contains(&pressed(state))), "{told:?}");
    assert!(told.contains(&outcome));

    pair.source.set_volume(pair.now, Volume::from_octet(100));
    pair.settle();
    assert_eq!(pair.sink.volume(), Some(Volume::from_octet(100)));
    let set = Notice::Volume(Volume::from_octet(100));
    assert_eq!(pair.told(), [(true, set), (false, set)]);
    pair.wait(Duration::from_secs(1));
    pair.sink.set_volume(pair.now, Volume::from_octet(30));
    pair.settle();
    assert_eq!(pair.told(), [(false, Notice::Volume(Volume::from_octet(30)))]);
}

#[test]
fn a_volume_that_changes_in_haste_ends_as_the_last_one() {
    let mut pair = Pair::new(672);
    for volume in 0..100 {
        pair.sink.set_volume(pair.now, Volume::from_octet(volume));
        pair.settle();
        pair.wait(Duration::from_millis(20));
    }
    pair.wait(Duration::from_secs(5));
    let last = pair.told().into_iter().rev().find_map(|(sink, notice)| match notice {
        Notice::Volume(volume) if !sink => Some(volume),
        _ => None,
    });
    assert_eq!(last, Some(Volume::from_octet(99)));
}

#[test]
fn records_tell_what_a_peer_is() {
    let controller = Record::avrcp_controller("Remote control", Features::PLAYER).expect("short");
    let target = Record::avrcp_target("Volume", Features::AMPLIFIER).expect("short");
    let mut lists = vec![0x36, 0, 0];
    for record in [&controller, &target] {
        let attributes: Vec<u8> =
            record.attributes().raw().flat_map(|(.., octets)| octets.concat()).collect();
        lists.extend([0x36, 0, attributes.len() as u8]);
        lists.extend(attributes);
    }
    let length = (lists.len() - 3) as u16;
    lists[1..3].copy_from_slice(&length.to_be_bytes());
    let lists = AttributeLists::parse(&lists).expect("legal");
    let service = |features| Some(Service { version: 0x0106, features });
    let peer = Peer::from_records(lists);
    assert_eq!(peer.controller, service(Features::PLAYER));
    assert_eq!(peer.target, service(Features::AMPLIFIER));
    for record in lists.iter() {
        assert!(record.contains(PEER_CLASS), "one search finds both");
        assert_eq!(record.psm(), Some(wire::l2cap::Psm::AVCTP));
        assert_eq!(record.protocol_parameter(Uuid::AVCTP), Some(0x0104));
        let wanted = |id| PEER_ATTRIBUTES.iter().any(|range| range.contains(id));
        assert!(wanted(AttributeId::SUPPORTED_FEATURES));
    }
    assert!(Features(0xFFFF).has(Features::PLAYER));
    assert!(!Features::AMPLIFIER.has(Features::PLAYER));
}

#[test]
fn an_old_record_is_one_of_keys() {
    // A record of AVRCP 1.0 without a list of profiles: class 0x110C.
    let lists = [0x35, 10, 0x35, 8, 0x09, 0, 1, 0x35, 3, 0x19, 0x11, 0x0C];
    let peer = Peer::from_records(AttributeLists::parse(&lists).expect("legal"));
    let service = Service { version: 0x0100, features: Features(0) };
    assert_eq!(peer, Peer { target: Some(service), controller: None });
}

#[test]
fn what_is_not_polled_is_dropped_and_counted() {
    let mut session = Session::sink(Volume::MAX);
    session.set_peer(Peer::default());
    session.opened(Instant::ZERO, CID, 672);
    for _ in 0..100 {
        session.receive(Instant::ZERO, CID, &[0, 0x11, 0x0E, 1, 0xFF, 0x30, 7, 7, 7, 7, 7]);
    }
    let answers = core::iter::from_fn(|| session.poll()).count();
    assert!(answers < MAX_SENDS);
    assert_eq!(session.counters().overrun, 100 - answers as u32);
    session.receive(Instant::ZERO, CID, &[0, 0x11, 0x0E, 1, 0xFF, 0x30, 7, 7, 7, 7, 7]);
    assert!(session.poll().is_some());
}

#[test]
fn a_third_channel_is_one_too_many() {
    let mut session = Session::sink(Volume::MAX);
    assert_eq!(session.opened(Instant::ZERO, 1, 672), Use::Control);
    assert_eq!(session.opened(Instant::ZERO, 2, 672), Use::Control);
    assert_eq!(session.opened(Instant::ZERO, 3, 672), Use::Surplus);
    session.closed(Instant::ZERO, 3);
    assert!(session.is_up());
    session.closed(Instant::ZERO, 1);
    session.closed(Instant::ZERO, 2);
    assert!(!session.is_up());
    assert_eq!(session.wake_at(), None);
}

#[test]
fn labels_of_what_may_still_be_answered_are_no_one_elses() {
    let mut session = Session::sink(Volume::MAX);
    let mut now = Instant::ZERO;
    session.opened(now, CID, 672);
    let mut outstanding = Vec::new();
    for round in 0..40 {
        while let Some(output) = session.poll() {
            let Output::Send { pdu, .. } = output else { continue };
            let label = pdu[0] >> 4;
            assert!(!outstanding.contains(&label), "round {round}: {outstanding:?}");
            let registers = matches!(pdu[..], [_, _, _, 3, .., 0, 0, 0, _]);
            let answers = phone(Say::Right, &pdu, 0);
            if registers {
                outstanding.push(label);
            }
            for answer in answers {
                session.receive(now, CID, &answer);
            }
        }
        now += Duration::from_secs(1);
        session.wake(now);
        session.refresh(now);
        assert!(outstanding.len() <= MAX_REGISTRATIONS);
    }
    assert_eq!(outstanding.len(), MAX_REGISTRATIONS);
}

#[test]
fn a_status_that_is_only_asked_for_is_not_followed() {
    let listen = |way: fn(&Command<'_>) -> Say| {
        let mut session = Session::sink(Volume::MAX);
        session.opened(Instant::ZERO, CID, 672);
        while let Some(output) = session.poll() {
            let Output::Send { pdu, .. } = output else { continue };
            let (_, operands) = Header::<CommandType>::parse(&pdu[3..]).expect("a command");
            let asked = Pdu::parse(operands).expect("a PDU");
            let command = Command::parse(asked.id, asked.parameters).expect("legal");
            for answer in phone(way(&command), &pdu, 0) {
                session.receive(Instant::ZERO, CID, &answer);
            }
        }
        (session.status(), session.followed_status())
    };
    let told = listen(|_| Say::Right);
    assert_eq!(told, (Some(PlayStatus::Stopped), Some(PlayStatus::Stopped)));
    let asked = listen(|command| match command {
        Command::RegisterNotification { .. } => Say::Refuse(0),
        _ => Say::Right,
    });
    assert_eq!(asked, (Some(PlayStatus::Playing), None), "it is Playing until asked again");
}

#[test]
fn a_session_is_of_a_known_size() {
    // One a link: what a peer can make it hold is in there.
    assert!(size_of::<Session>() < 24 * 1024, "{}", size_of::<Session>());
}

/// What a phone may say to a command of ours.
#[derive(Clone, Copy, Debug)]
enum Say {
    Right,
    Nothing,
    Refuse(u8),
    NotImplemented,
    ChangedAtOnce,
    ChangedTwice,
    OtherPlayer,
    Fragments,
}

fn say() -> impl Strategy<Value = Say> {
    prop_oneof![
        4 => Just(Say::Right),
        1 => Just(Say::Nothing),
        1 => prop_oneof![Just(0u8), Just(0x15), Just(0x16)].prop_map(Say::Refuse),
        1 => Just(Say::NotImplemented),
        1 => Just(Say::ChangedAtOnce),
        1 => Just(Say::ChangedTwice),
        1 => Just(Say::OtherPlayer),
        1 => Just(Say::Fragments),
    ]
}

/// A phone of any ways: what it sends for a packet of ours.
fn phone(say: Say, packet: &[u8], player: u8) -> Vec<Vec<u8>> {
    let label = packet[0] & 0xF0;
    let (header, operands) = Header::<CommandType>::parse(&packet[3..]).expect("a command");
    if let Ok(key) = PassThrough::parse(operands)
        && header.opcode == wire::avrcp::Opcode::PASS_THROUGH
    {
        let mut frame = [0; 16];
        let code = wire::avrcp::ResponseCode::Accepted;
        let n = key.write(code, &mut frame).expect("short");
        return vec![[&[label | 2, 0x11, 0x0E], &frame[..n]].concat()];
    }
    let pdu = Pdu::parse(operands).expect("a PDU");
    let answer = |code: u8, id: u8, packet_type: u8, parameters: &[u8]| {
        let head = [label | 2, 0x11, 0x0E, code, 0x48, 0, 0, 0x19, 0x58, id, packet_type];
        let length = (parameters.len() as u16).to_be_bytes();
        [&head[..], &length, parameters].concat()
    };
    let (id, command) = (pdu.id.0, Command::parse(pdu.id, pdu.parameters).expect("legal"));
    let value = |event: EventId| -> Vec<u8> {
        let rest: &[u8] = match event {
            EventId::TrackChanged => &[0; 8],
            EventId::AddressedPlayerChanged => &[0, player, 0, 0],
            EventId::PlaybackPosChanged => &[0, 0, 0, player],
            EventId::AvailablePlayersChanged => &[],
            _ => &[player & 1],
        };
        [&[event as u8], rest].concat()
    };
    match (say, command) {
        (Say::Nothing, _) => vec![],
        (Say::Refuse(status), _) => vec![answer(0xA, id, 0, &[status])],
        (Say::NotImplemented, _) => vec![answer(0x8, id, 0, pdu.parameters)],
        (_, Command::GetCapabilities(_)) => {
            vec![answer(0xC, id, 0, &[3, 7, 1, 2, 5, 6, 10, 11, 13])]
        }
        (Say::ChangedAtOnce, Command::RegisterNotification { event, .. }) => {
            vec![answer(0xD, id, 0, &value(event))]
        }
        (Say::ChangedTwice, Command::RegisterNotification { event, .. }) => {
            vec![answer(0xD, id, 0, &value(event)); 2]
        }
        (Say::OtherPlayer, Command::RegisterNotification { event, .. }) => {
            let changed = answer(0xD, id, 0, &value(EventId::AddressedPlayerChanged));
            vec![answer(0xF, id, 0, &value(event)), changed]
        }
        (_, Command::RegisterNotification { event, .. }) => {
            vec![answer(0xF, id, 0, &value(event))]
        }
        (Say::Fragments, Command::GetElementAttributes(_)) => vec![answer(0xC, id, 1, &[1, 0])],
        (Say::Fragments, Command::RequestContinuingResponse(PduId(id))) => {
            vec![answer(0xC, id, 2, &[0; 400])]
        }
        (_, Command::RequestContinuingResponse(PduId(id))) => vec![answer(0xC, id, 3, &[])],
        (_, Command::GetPlayStatus) => vec![answer(0xC, id, 0, &[0, 0, 0, 0, 0, 0, 0, 0, 1])],
        _ => vec![answer(0x9, id, 0, &[0])],
    }
}

/// How often an event may be registered in so many seconds: once each time the least spacing is over.
fn most(seconds: u64) -> usize {
    (seconds * 1000 / SPACING.as_millis() as u64) as usize + 1
}

proptest! {
    /// Whatever a phone does, nothing is registered in a storm, labels are no one else's, and what
    /// is to be done later is later.
    #[test]
    fn whatever_a_phone_does_there_is_no_storm(
        ways in proptest::collection::vec((say(), any::<u8>()), 1..40),
    ) {
        const SECONDS: u64 = 20;
        let mut session = Session::sink(Volume::MAX);
        let mut now = Instant::ZERO;
        session.opened(now, CID, 672);
        let mut registered = [0usize; 14];
        let mut sent = 0usize;
        let end = now + Duration::from_secs(SECONDS);
        'run: loop {
            while let Some(output) = session.poll() {
                let Output::Send { pdu, .. } = output else { continue };
                let (say, player) = ways[sent % ways.len()];
                sent += 1;
                if let [_, _, _, 3, .., event, 0, 0, 0, _] = pdu[..] {
                    registered[usize::from(event)] += 1;
                }
                // Its answers take ten milliseconds: so fast is no phone for ever.
                now += Duration::from_millis(10);
                for answer in phone(say, &pdu, player) {
                    session.receive(now, CID, &answer);
                }
            }
            match session.wake_at() {
                Some(at) if at <= end && now <= end => {
                    now = now.max(at);
                    session.wake(now);
                    prop_assert!(session.wake_at().is_none_or(|next| next > now));
                }
                _ => break 'run,
            }
        }
        prop_assert!(registered.iter().all(|count| *count <= most(SECONDS)), "{registered:?}");
    }

    /// Any bytes, in any order with any calls: no panic, and never more than there is room for.
    #[test]
    fn whatever_comes(
        source: bool,
        steps in proptest::collection::vec((0u8..12, proptest::collection::vec(any::<u8>(), 0..40)), 0..60),
        mtu in 0usize..700,
    ) {
        let mut session = match source {
            true => Session::source(Player::default()),
            false => Session::sink(Volume::MAX),
        };
        let mut now = Instant::ZERO;
        for (step, octets) in steps {
            let first = octets.first().copied().unwrap_or(0);
            let vendor = |code: u8| {
                let head = [first & 0xF0 | (code >> 3) << 1, 0x11, 0x0E, code, 0x48, 0, 0, 0x19, 0x58];
                let rest = octets.get(1..).unwrap_or_default();
                let (id, parameters) = rest.split_first().unwrap_or((&0x31, &[]));
                let id = [0x10, 0x20, 0x30, 0x31, 0x31, 0x31, 0x40, 0x50][usize::from(*id) % 8];
                let length = [0, parameters.len() as u8];
                [&head[..], &[id, first & 3], &length, parameters].concat()
            };
            match step {
                0 => { session.opened(now, u16::from(first & 1), mtu); }
                1 if first > 200 => session.closed(now, u16::from(first & 1)),
                2 => session.receive(now, 0, &octets),
                3 | 4 => session.receive(now, 0, &vendor([0x9, 0xA, 0xC, 0xD, 0xF, 0xF][usize::from(first) % 6])),
                5 => session.receive(now, 1, &vendor(first % 4)),
                6 => { let _ = session.key(now, Ticket(0), Key::Play); }
                7 => session.set_volume(now, Volume::from_octet(first)),
                8 => session.refresh(now),
                9 => {
                    let player = Player { id: PlayerId(u16::from(first & 1)), ..Player::default() };
                    assert_eq!(session.set_player(player).is_ok(), source);
                }
                _ => {
                    now += Duration::from_millis(u64::from(first) * 40);
                    session.wake(now);
                    prop_assert!(session.wake_at().is_none_or(|at| at > now));
                }
            }
            if first & 1 == 0 {
                while let Some(output) = session.poll() {
                    if let Output::Send { pdu, .. } = output {
                        prop_assert!(avctp::Header::parse(&pdu).is_ok());
                    }
                }
            }
        }
    }

    /// Tracks of any texts come over whole, in whatever fragments they go.
    #[test]
    fn tracks_come_over_whole(
        title in "\\PC{0,60}",
        artist in "\\PC{0,60}",
        album in "[a-zA-Z ]{0,240}",
        genre in "[a-zA-Z ]{0,240}",
        number in proptest::option::of(any::<u32>()),
        mtu in 48usize..700,
    ) {
        let mut pair = Pair::new(mtu);
        let text = |text: &str| Text::try_from(text).unwrap_or_default();
        let track = Track {
            title: text(&title),
            artist: text(&artist),
            album: text(&album),
            genre: text(&genre),
            number,
            total: Some(12),
            duration: None,
        };
        pair.wait(Duration::from_secs(1));
        pair.play(|player| player.track = Some(track.clone()));
        prop_assert_eq!(pair.sink.track(), &track);
        prop_assert_eq!(pair.sink.counters(), Counters::default());
    }
}

#[test]
fn events_of_the_player_end_with_it() {
    let specific = EventId::ALL.into_iter().filter(|event| event.is_player_specific());
    let numbers: Vec<u8> = specific.map(|event| event as u8).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 8, 9]);
    let event = Event::PlaybackPosChanged(None);
    assert!(event.id().is_player_specific());
}
