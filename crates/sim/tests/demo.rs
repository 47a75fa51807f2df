//! The demonstration against a whole host, in virtual time: phones pair, connect, play, take over,
//! call, chime, are put out, get lost and come back, and nobody breaks a controller's rules.

use core::time::Duration;

use host::{
    AnswerHow, Command, Effect, Event, Host, Input, Limits, OrderKind, Settings, SourceKind,
    StreamEffect, StreamState, Ticket,
};
use pool::{Arena, Instant};
use tandem_sim::{Act, ControllerOptions, DEMO, DEMO_LENGTH, Does, World};
use wire::Address;
use wire::hci::{LmpFeatures, LmpFeaturesPage2, Opcode};

/// The phones, by the last octet of their addresses.
const ANNA: u8 = 0;
const BEN: u8 = 1;
const CLEO: u8 = 2;

/// What the demonstration came to.
#[derive(PartialEq, Debug, Default)]
struct Outcome {
    /// What the owner was told, and when.
    told: Vec<(Instant, Event)>,
    /// Media packets and voice packets by second.
    media: Vec<u32>,
    voice: Vec<u32>,
}

fn run(mut world: World, length: Duration) -> (World, Outcome) {
    let arena = Arena::new(64, 2048);
    let mut host = Host::new(Limits::default(), Settings::default(), Vec::new());
    let seconds = vec![0; length.as_secs() as usize + 1];
    let mut outcome = Outcome { media: seconds.clone(), voice: seconds, ..Outcome::default() };
    let mut inputs = vec![Input::TransportReady];
    let (mut sounding, mut later) = (Vec::new(), Vec::new());
    let answers = DEMO.into_iter().filter(|scene| scene.does == Does::Answer);
    let mut answers = answers.map(|scene| Instant::ZERO + scene.at).peekable();
    loop {
        let now = world.air().now();
        if answers.next_if(|at| *at <= now).is_some() {
            let answer = Command::Answer { how: AnswerHow::Default, phone: None, index: None };
            inputs.push(Input::Command(Ticket(2), answer));
        }
        while let Some((channel, bytes)) = world.poll() {
            let mut packet = arena.take().expect("every block comes home");
            packet.append(&bytes).expect("a packet fits a block");
            packet.set_arrival(now);
            inputs.push(Input::Received(channel, packet));
        }
        if host.wake_at().is_some_and(|at| at <= now) {
            inputs.push(Input::Wake);
        }
        let idle = inputs.is_empty();
        for input in inputs.drain(..) {
            for effect in host.feed(now, input) {
                match effect {
                    Effect::Send(channel, packet) => world.receive(channel, &packet),
                    Effect::Media(media) => {
                        outcome.media[now.as_secs_f64() as usize] += 1;
                        if !sounding.contains(&media.stream) {
                            sounding.push(media.stream);
                            later.push(Input::Sounding(media.stream, true));
                        }
                    }
                    Effect::Voice(_) => outcome.voice[now.as_secs_f64() as usize] += 1,
                    Effect::Stream(stream, StreamEffect::Flush | StreamEffect::Close) => {
                        sounding.retain(|other| *other != stream);
                    }
                    Effect::Notify(event) => {
                        if matches!(event, Event::Controller { up: true, .. }) {
                            let pair = Command::Pair { seconds: 180 };
                            later.push(Input::Command(Ticket(1), pair));
                        }
                        outcome.told.push((now, event));
                    }
                    _ => {}
                }
            }
        }
        inputs.append(&mut later);
        if !idle || !inputs.is_empty() {
            continue;
        }
        if now >= Instant::ZERO + length {
            return (world, outcome);
        }
        let next = [world.next_at(), host.wake_at(), answers.peek().copied()];
        let next = next.into_iter().flatten().min();
        let soon = now + Duration::from_millis(100);
        world.advance(next.map_or(soon, |next| next.clamp(now, soon)).min(Instant::ZERO + length));
    }
}

/// Who was heard, one after the other, and as what.
fn heard(outcome: &Outcome) -> Vec<(u8, SourceKind)> {
    let audible = outcome.told.iter().filter_map(|(_, event)| match event {
        Event::Audible { sources } => sources.first(),
        _ => None,
    });
    audible.map(|source| (source.phone.0[0] - 0x10, source.kind)).collect()
}

/// The demonstration's story, as it is heard.
fn story() -> Vec<(u8, SourceKind)> {
    use SourceKind::{Call, Media, Ring};
    let [anna, ben, cleo] = [ANNA, BEN, CLEO];
    vec![
        (anna, Media),
        (ben, Ring),
        (ben, Call),
        (anna, Media),
        (ben, Media),
        (anna, Media),
        (anna, Ring),
        (anna, Call),
        (ben, Call),
        (anna, Call),
        (anna, Media),
        (cleo, Media),
        // Lost, and back.
        (cleo, Media),
    ]
}

/// When an event was told.
fn when(outcome: &Outcome, wanted: impl Fn(&Event) -> bool) -> Vec<f64> {
    let told = outcome.told.iter().filter(|(_, event)| wanted(event));
    told.map(|(at, _)| at.as_secs_f64()).collect()
}

/// A notification is a stream that nobody hears, and no order comes of it.
fn assert_a_chime_is_not_heard(outcome: &Outcome) {
    let is = |event: &Event, phone: u8, wanted| {
        matches!(event, Event::Stream { phone: whose, state, .. }
            if whose.0[0] == 0x10 + phone && *state == wanted)
    };
    let [began, ..] = when(outcome, |event| is(event, BEN, StreamState::Playing))[..] else {
        panic!("no chime");
    };
    let ended = when(outcome, |event| is(event, BEN, StreamState::Suspended))[0];
    assert!((21.0..21.1).contains(&began) && (21.8..21.9).contains(&ended), "{began} to {ended}");
    let came = when(outcome, |event| matches!(event, Event::Audible { .. } | Event::Order { .. }));
    assert_eq!(came.iter().find(|at| (began..ended + 1.0).contains(at)), None);
}

/// A phone whose link was lost is paged, and told to play again.
fn assert_it_is_lost_and_comes_back(outcome: &Outcome) {
    let lost = when(outcome, |event| {
        matches!(event, Event::Phone { connected: false, reason: Some(0x08), .. })
    });
    let ordered = |wanted| {
        when(outcome, move |event| {
            matches!(event, Event::Order { phone, order }
                if phone.0[0] == 0x10 + CLEO && *order == wanted)
        })
    };
    let (paged, plays) = (ordered(OrderKind::Page), ordered(OrderKind::Play));
    let [lost] = lost[..] else { panic!("lost {lost:?}") };
    assert!((74.0..74.1).contains(&lost), "{lost}");
    let [paged] = paged[..] else { panic!("paged {paged:?}") };
    assert!((1.9..2.3).contains(&(paged - lost)), "lost {lost}, paged {paged}");
    let [plays] = plays[..] else { panic!("told to play {plays:?}") };
    assert!((77.0..81.0).contains(&plays), "{plays}");
    // Nothing of it while it is away.
    assert_eq!(outcome.media[71..77], [0; 6], "{:?}", outcome.media);
    assert!((41..=45).contains(&outcome.media[83]), "{:?}", outcome.media);
}

#[test]
fn the_demonstration_runs_and_nobody_complains() {
    for seed in 1..4 {
        let (mut world, outcome) = run(World::demo(seed), DEMO_LENGTH);
        let receiver = world.receiver();
        assert_eq!(world.air().complaints(receiver), [], "seed {seed}");
        for phone in 0..3 {
            let controller = world.phone(phone).controller();
            assert_eq!(world.air().complaints(controller), [], "seed {seed}, phone {phone}");
            assert_eq!(world.phone(phone).bonds().len(), 1, "seed {seed}, phone {phone}");
        }
        assert_eq!(heard(&outcome), story(), "seed {seed}");
        assert_a_chime_is_not_heard(&outcome);
        assert_it_is_lost_and_comes_back(&outcome);
        // Eight frames of 128 samples a packet, at 44.1 kHz.
        assert!((42..=44).contains(&outcome.media[7]), "{:?}", outcome.media);
        // A unit of mSBC every 7.5 ms.
        for second in [14, 39, 46, 51] {
            let packets = outcome.voice[second];
            assert!((131..=135).contains(&packets), "second {second}: {packets}");
        }
    }
}

/// Controllers that are old, small or slow.
fn odd_controllers() -> [(&'static str, ControllerOptions); 4] {
    let usual = ControllerOptions::default();
    let features = LmpFeatures::THREE_SLOT_PACKETS
        | LmpFeatures::ENCRYPTION
        | LmpFeatures::SECURE_SIMPLE_PAIRING
        | LmpFeatures::EXTENDED_FEATURES;
    let missing = vec![
        Opcode::WRITE_SECURE_CONNECTIONS_HOST_SUPPORT,
        Opcode::SET_EVENT_MASK_PAGE_2,
        Opcode::WRITE_INQUIRY_MODE,
        Opcode::WRITE_INQUIRY_SCAN_TYPE,
        Opcode::WRITE_PAGE_SCAN_TYPE,
        Opcode::WRITE_EXTENDED_INQUIRY_RESPONSE,
        Opcode::WRITE_DEFAULT_LINK_POLICY_SETTINGS,
        Opcode::WRITE_DEFAULT_ERRONEOUS_DATA_REPORTING,
        Opcode::SNIFF_MODE,
        Opcode::SWITCH_ROLE,
    ];
    let features_page_2 = LmpFeaturesPage2::empty();
    [
        (
            "old",
            ControllerOptions { version: 4, features, features_page_2, missing, ..usual.clone() },
        ),
        (
            "small",
            ControllerOptions { acl_length: 27, acl_packets: 2, acl_to_host: 27, ..usual.clone() },
        ),
        ("slow", ControllerOptions { command_latency: Duration::from_millis(40), ..usual.clone() }),
        ("lumpy", ControllerOptions { completed_at_once: 5, command_credits: 4, ..usual }),
    ]
}

#[test]
fn it_runs_on_odd_controllers_too() {
    for (name, options) in odd_controllers() {
        let (mut world, outcome) = run(World::demo_on(1, options), DEMO_LENGTH);
        let receiver = world.receiver();
        assert_eq!(world.air().complaints(receiver), [], "{name}");
        assert_eq!(heard(&outcome), story(), "{name}");
        assert_a_chime_is_not_heard(&outcome);
        assert!((41..=45).contains(&outcome.media[7]), "{name}: {:?}", outcome.media);
    }
}

#[test]
fn the_same_seed_gives_the_same_demonstration() {
    let (_, first) = run(World::demo(9), DEMO_LENGTH);
    let (_, second) = run(World::demo(9), DEMO_LENGTH);
    assert_eq!(first, second);
}

#[test]
fn a_phone_that_walks_away_is_lost_and_comes_back_with_its_key() {
    let mut world = World::new(5);
    let phone = world.add_phone("Dora's phone", Address([0x10, 0, 0, 0x5E, 0, 2]));
    for (seconds, act) in [
        (1, Act::Connect),
        (3, Act::Play(440)),
        (6, Act::Leave),
        (20, Act::Return),
        (21, Act::Connect),
    ] {
        world.at(Instant::from_millis(seconds * 1000), phone, act);
    }
    let (here, there) = (world.receiver(), world.phone(phone).controller());
    let (mut world, outcome) = run(world, Duration::from_secs(30));
    let count =
        |wanted: fn(&Event) -> bool| outcome.told.iter().filter(|(_, event)| wanted(event)).count();
    let lost =
        |event: &Event| matches!(event, Event::Phone { connected: false, reason: Some(0x08), .. });
    assert_eq!(count(lost), 1, "{:?}", outcome.told);
    assert_eq!(count(|event| matches!(event, Event::Paired { .. })), 1, "{:?}", outcome.told);
    assert!(world.air().is_connected(here, there), "{:?}", outcome.told);
    assert!(outcome.media[5] > 40 && outcome.media[15] == 0, "{:?}", outcome.media);
    assert!(outcome.media[28] > 40, "{:?}", outcome.media);
    assert_eq!(world.air().complaints(here), []);
    assert_eq!(world.air().complaints(there), []);
}
