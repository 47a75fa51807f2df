//! A phone that opens the channel for AVDTP signalling and leaves it at that, and who opens AVRCP.

use core::time::Duration;

use host::{Command, Event, Profile, Refusal, Settings};
use pool::{Arena, Instant};
use stack::controller::{self, Authenticate};
use stack::{Call, LinkId, Notice, Output, Stack, a2dp, sdp};
use tandem_sim::{ControllerId, ControllerOptions, RECEIVER};
use wire::hci::Status;

use crate::receiver::{Receiver, phone};

/// A phone that has nothing to play: it finds no endpoint that fits, and does no more.
struct Idler {
    id: ControllerId,
    stack: Stack,
    arena: Arena,
}

impl Idler {
    fn new(receiver: &mut Receiver) -> Idler {
        Idler::with(receiver, false)
    }

    fn with(receiver: &mut Receiver, remote_control: bool) -> Idler {
        let air = receiver.world.air();
        let id = air.add_controller(phone(9), ControllerOptions::default());
        let arena = Arena::new(64, 2048);
        let seid = wire::avdtp::Seid::new(1).expect("1 is a stream endpoint identifier");
        let config = stack::Config {
            controller: controller::Config {
                central: false,
                authenticate: Authenticate::OnDemand,
                ..controller::Config::default()
            },
            endpoints: [a2dp::sbc_sink(seid)].into_iter().collect(),
            remote_control,
            calls: None,
            initiative: None,
            media_mtu: wire::l2cap::DEFAULT_MTU,
            identity: sdp::DeviceId {
                source: sdp::VendorIdSource::BluetoothSig,
                vendor: 0xFFFF,
                product: 2,
                version: 0x0100,
            },
            delay: 0,
        };
        let mut stack = Stack::new(config, Vec::new(), arena.clone());
        stack.start(air.now());
        Idler { id, stack, arena }
    }

    /// Talks with its controller; gives what it noticed.
    fn advance(&mut self, receiver: &mut Receiver) -> Vec<Notice> {
        let air = receiver.world.air();
        let now = air.now();
        if self.stack.wake_at().is_some_and(|at| at <= now) {
            self.stack.wake(now);
        }
        while let Some((channel, bytes)) = air.poll(self.id) {
            let mut packet = self.arena.take().expect("every block comes home");
            packet.append(&bytes).expect("a packet fits a block");
            let _ = self.stack.receive(now, channel, packet);
        }
        let mut notices = Vec::new();
        while let Some(output) = self.stack.poll(now) {
            match output {
                Output::Send(channel, packet) => air.receive(self.id, channel, &packet),
                Output::Notice(notice) => notices.push(notice),
                Output::Voice(_) => panic!("there is no voice"),
            }
        }
        notices
    }
}

/// Lets both live for so long; the idler answers what it notices with a call, or not.
fn live(
    receiver: &mut Receiver,
    idler: &mut Idler,
    seconds: f64,
    mut answer: impl FnMut(Instant, Notice) -> Option<Call>,
) {
    for _ in 0..(seconds / 0.005) as u32 {
        receiver.run_for(0.005);
        let now = receiver.now();
        for notice in idler.advance(receiver) {
            if let Some(call) = answer(now, notice) {
                let _ = idler.stack.call(now, call);
            }
        }
        let _ = idler.advance(receiver);
    }
}

#[test]
fn a_phone_that_opens_signalling_and_no_more_is_asked_after_two_seconds() {
    let mut receiver = Receiver::new(Settings::default(), 0);
    let mut idler = Idler::new(&mut receiver);
    let mut opened = None::<Instant>;
    let _ = idler.stack.call(Instant::ZERO, Call::Pairable(true));
    live(&mut receiver, &mut idler, 10.0, |now, notice| match notice {
        Notice::Up(_) => Some(Call::Connect(RECEIVER)),
        Notice::Connected { link, .. } => Some(Call::Secure(link)),
        Notice::Secured { link, .. } => {
            opened = Some(now);
            Some(Call::OpenMedia(link))
        }
        _ => None,
    });
    let opened = opened.expect("the link was secured");
    let tried =
        receiver.when(opened, |event| matches!(event, Event::Warning { code: "profile", .. }));
    let tried = tried.expect("we asked for its endpoints, and found none");
    let seated = receiver
        .when(opened, |event| matches!(event, Event::Phone { connected: true, .. }))
        .expect("it has a seat");
    // Three attempts with a second between them end in the warning.
    let after = tried.since(seated);
    assert!((4000..4100).contains(&after.as_millis()), "{after:?}");
}

#[test]
fn whoever_connects_a_phone_without_music_is_told_as_soon_as_that_is_known() {
    let mut receiver = Receiver::new(Settings::default(), 0);
    let mut idler = Idler::new(&mut receiver);
    let mut link = None::<LinkId>;
    for call in [Call::Pairable(true), Call::Connectable(true)] {
        let _ = idler.stack.call(Instant::ZERO, call);
    }
    live(&mut receiver, &mut idler, 3.0, |_, notice| match notice {
        Notice::Up(_) => Some(Call::Connect(RECEIVER)),
        Notice::Connected { link: id, .. } => {
            link = Some(id);
            Some(Call::Secure(id))
        }
        _ => None,
    });
    let now = receiver.now();
    let reason = Status::REMOTE_USER_TERMINATED_CONNECTION;
    let _ = idler.stack.call(now, Call::Disconnect(link.expect("it connected"), reason));
    live(&mut receiver, &mut idler, 1.0, |_, _| None);
    let ticket = receiver.command(Command::Connect { phone: phone(9) });
    assert_eq!(receiver.result(ticket), None, "it is paged");
    live(&mut receiver, &mut idler, 10.0, |_, notice| match notice {
        Notice::Request { address, .. } => Some(Call::Accept(address)),
        _ => None,
    });
    assert_eq!(receiver.result(ticket), Some(Err(Refusal::NotSupported)), "{:#?}", receiver.told);
    let done = |event: &Event| matches!(event, Event::Done { ticket: t, .. } if *t == ticket);
    let took = receiver.when(now, done).expect("it ended").since(now);
    assert!(took.as_secs() < 7, "{took:?}");
}

/// When the remote control came up on a receiver after the link was secured, and how often it did:
/// the phone opens it so much later, or never.
fn remote_opens(opens: Option<Duration>) -> (Duration, usize) {
    let mut receiver = Receiver::new(Settings::default(), 0);
    let mut idler = Idler::with(&mut receiver, true);
    let mut link = None::<LinkId>;
    let _ = idler.stack.call(Instant::ZERO, Call::Pairable(true));
    let connect = |notice: &Notice| match notice {
        Notice::Up(_) => Some(Call::Connect(RECEIVER)),
        Notice::Connected { link, .. } => Some(Call::Secure(*link)),
        _ => None,
    };
    let seated = |event: &Event| matches!(event, Event::Phone { connected: true, .. });
    while receiver.count(seated) == 0 {
        live(&mut receiver, &mut idler, 0.005, |_, notice| {
            if let Notice::Secured { link: id, .. } = notice {
                link = Some(id);
            }
            connect(&notice)
        });
    }
    let seated = receiver.when(Instant::ZERO, seated).expect("it has a seat");
    if let Some(after) = opens {
        live(&mut receiver, &mut idler, after.as_secs_f64(), |_, _| None);
        let now = receiver.now();
        let _ = idler.stack.call(now, Call::OpenRemote(link.expect("it is secured")));
    }
    live(&mut receiver, &mut idler, 6.0, |_, _| None);
    assert_eq!(receiver.complaints(), []);
    let up = |event: &Event| matches!(event, Event::Profile { profile: Profile::Avrcp, .. });
    let at = receiver.when(seated, up).expect("it came up");
    (at.since(seated), receiver.count(up))
}

#[test]
fn remote_control_is_opened_after_two_seconds_where_the_phone_has_not() {
    let (after, times) = remote_opens(None);
    assert!((2000..2200).contains(&after.as_millis()), "{after:?}");
    assert_eq!(times, 1);
    let (after, times) = remote_opens(Some(Duration::from_millis(500)));
    assert!((500..600).contains(&after.as_millis()), "{after:?}");
    assert_eq!(times, 1);
}

#[test]
fn remote_control_that_both_open_at_once_comes_up_once_and_stays() {
    for milliseconds in (1960..2060).step_by(10) {
        let (after, times) = remote_opens(Some(Duration::from_millis(milliseconds)));
        assert!((1960..2200).contains(&after.as_millis()), "{milliseconds}: {after:?}");
        assert_eq!(times, 1, "{milliseconds}");
    }
}
