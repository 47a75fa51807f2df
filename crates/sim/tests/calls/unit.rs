//! A bare stack as a hands-free unit, in a world with one phone, in virtual time.

use core::time::Duration;

use pool::{Arena, Instant};
use stack::controller::{self, Authenticate};
use stack::hfp::hands_free::{self, Order};
use stack::{Call, CallsRole, LinkId, Notice, Output, Stack, VoiceChange, VoiceCodec, a2dp};
use tandem_sim::{Act, Heard, PhoneOptions, Speaker, World};
use wire::Address;
use wire::h4::Channel;
use wire::hci::Status;
use wire::hfp::CallStatus;

/// The tone of the unit's microphone.
const MICROPHONE: u32 = 1000;
/// The tone in the phone's calls.
pub const VOICE: u32 = 300;

/// A hands-free unit that takes every voice link, and a world with one phone.
pub struct Unit {
    pub world: World,
    stack: Stack,
    arena: Arena,
    pub notices: Vec<(Instant, Notice)>,
    link: Option<LinkId>,
    /// The voice link, while there is one.
    speaker: Option<Speaker>,
    pub heard: Option<Heard>,
    pub refuses_voice: bool,
}

impl Unit {
    pub fn new(options: PhoneOptions, initiative: Option<Duration>) -> Unit {
        Unit::with(options, initiative, hands_free::Settings::default())
    }

    pub fn with(
        options: PhoneOptions,
        initiative: Option<Duration>,
        settings: hands_free::Settings,
    ) -> Unit {
        let mut world = World::new(3);
        world.add("Anna", Address([0x10, 0, 0, 0x5E, 0, 2]), options);
        let arena = Arena::new(64, 2048);
        let seid = wire::avdtp::Seid::new(1).expect("1 is a stream endpoint identifier");
        let config = stack::Config {
            controller: controller::Config {
                authenticate: Authenticate::Always,
                ..controller::Config::default()
            },
            endpoints: [a2dp::sbc_sink(seid)].into_iter().collect(),
            remote_control: true,
            calls: Some(CallsRole::Unit(settings)),
            initiative,
            media_mtu: wire::l2cap::DEFAULT_MTU,
            identity: stack::sdp::DeviceId {
                source: stack::sdp::VendorIdSource::BluetoothSig,
                vendor: 0xFFFF,
                product: 1,
                version: 0x0100,
            },
            delay: 0,
        };
        let mut stack = Stack::new(config, Vec::new(), arena.clone());
        stack.start(Instant::ZERO);
        let mut unit = Unit {
            world,
            stack,
            arena,
            notices: Vec::new(),
            link: None,
            speaker: None,
            heard: None,
            refuses_voice: false,
        };
        unit.run(1.0);
        unit
    }

    /// The same with the phone connected, and the line up.
    pub fn connected(options: PhoneOptions) -> Unit {
        Unit::new(options, None).connect()
    }

    pub fn connect(mut self) -> Unit {
        self.act(Act::Connect);
        self.run(3.0);
        assert_eq!(self.ups(), 1, "{:#?}", self.notices);
        assert!(self.world.phone(0).has_line());
        self
    }

    pub fn act(&mut self, act: Act) {
        self.world.act(0, act);
        self.work();
    }

    pub fn order(&mut self, order: Order<'_>) {
        let now = self.world.air().now();
        let link = self.link.expect("a link");
        self.stack.order(now, link, order).expect("it is taken");
        self.work();
    }

    pub fn call(&mut self, call: fn(LinkId) -> Call) {
        let now = self.world.air().now();
        let link = self.link.expect("a link");
        self.stack.call(now, call(link)).expect("it can be done");
        self.work();
    }

    pub fn run(&mut self, seconds: f64) {
        let end = self.world.air().now() + Duration::from_secs_f64(seconds);
        loop {
            self.work();
            let now = self.world.air().now();
            if now >= end {
                return;
            }
            let next = [self.world.next_at(), self.stack.wake_at()].into_iter().flatten().min();
            let soon = now + Duration::from_millis(1);
            let next = next.map_or(end, |next| if next > now { next } else { soon });
            self.world.advance(next.min(end));
        }
    }

    fn work(&mut self) {
        let now = self.world.air().now();
        if self.stack.wake_at().is_some_and(|at| at <= now) {
            self.stack.wake(now);
        }
        loop {
            let mut idle = true;
            while let Some((channel, bytes)) = self.world.poll() {
                idle = false;
                let mut packet = self.arena.take().expect("every block comes home");
                packet.append(&bytes).expect("a packet fits a block");
                if channel == Channel::Synchronous {
                    // What comes while the link is being closed is for nobody.
                    let Some(voice) = self.stack.voice(packet) else { continue };
                    let heard = self.heard.as_mut().expect("it is open");
                    heard.take(voice.status, &voice.frame);
                    self.speak(voice.link);
                } else {
                    let _ = self.stack.receive(now, channel, packet);
                }
            }
            while let Some(output) = self.stack.poll(now) {
                idle = false;
                match output {
                    Output::Send(channel, packet) => self.world.receive(channel, &packet),
                    Output::Notice(notice) => self.notice(now, notice),
                    Output::Voice(_) => panic!("nothing overtakes anything on this air"),
                }
            }
            if idle {
                return;
            }
        }
    }

    /// One packet for each that came: so a transport without a clock of its own keeps time.
    fn speak(&mut self, link: LinkId) {
        let mut packet = self.arena.take().expect("every block comes home");
        if self.speaker.as_mut().is_some_and(|speaker| speaker.write(&mut packet)) {
            self.stack.send_voice(link, packet).expect("there is room");
        }
    }

    fn notice(&mut self, now: Instant, notice: Notice) {
        let call = match &notice {
            Notice::Up(_) => {
                let _ = self.stack.call(now, Call::Pairable(true));
                Some(Call::Connectable(true))
            }
            Notice::Request { address, .. } => Some(Call::Accept(*address)),
            Notice::Connected { link, .. } => {
                self.link = Some(*link);
                None
            }
            Notice::Disconnected { .. } => {
                self.link = None;
                None
            }
            Notice::Voice { link, change: VoiceChange::Requested } => {
                Some(match self.refuses_voice {
                    true => Call::RejectVoice(*link, Status::REJECTED_LIMITED_RESOURCES),
                    false => Call::AcceptVoice(*link),
                })
            }
            Notice::Voice { change: VoiceChange::Opened { codec, .. }, .. } => {
                self.speaker = Some(Speaker::new(now, *codec, MICROPHONE));
                self.heard = Some(Heard::new(*codec));
                None
            }
            Notice::Voice { change: VoiceChange::Closed(_), .. } => {
                self.speaker = None;
                None
            }
            _ => None,
        };
        self.notices.push((now, notice));
        if let Some(call) = call {
            self.stack.call(now, call).expect("it can be done");
        }
    }

    pub fn count(&self, is: impl Fn(&Notice) -> bool) -> usize {
        self.notices.iter().filter(|(_, notice)| is(notice)).count()
    }

    /// What the phone has told on the line.
    pub fn told(&self, is: impl Fn(&hands_free::Output) -> bool) -> usize {
        self.count(|notice| matches!(notice, Notice::HandsFree { told, .. } if is(told)))
    }

    /// How often the line came up.
    pub fn ups(&self) -> usize {
        self.told(|told| matches!(told, hands_free::Output::Up { .. }))
    }

    /// The calls as the phone tells them.
    pub fn calls(&self) -> Vec<CallStatus> {
        let link = self.link.expect("a link");
        let hands_free = self.stack.hands_free(link).expect("a unit");
        hands_free.calls().iter().map(|call| call.status).collect()
    }

    /// Whether sound goes both ways, in this codec, since a moment ago.
    #[track_caller]
    pub fn assert_voice(&mut self, codec: VoiceCodec) {
        let samples = |unit: &Unit| {
            let (here, there) = (unit.heard.as_ref(), unit.world.phone(0).heard());
            [here, there].map(|heard| heard.map_or(0, Heard::samples))
        };
        let before = samples(self);
        self.run(1.0);
        let rate = match codec {
            VoiceCodec::Cvsd => 8000,
            VoiceCodec::Msbc => 16_000,
        };
        assert_eq!(self.world.phone(0).voice(), Some(codec));
        for (before, after) in before.into_iter().zip(samples(self)) {
            assert!((after - before).abs_diff(rate) <= rate / 50, "{} of {rate}", after - before);
        }
        assert_eq!(self.heard.as_ref().and_then(Heard::tone), Some(VOICE));
        assert_eq!(self.world.phone(0).heard().and_then(Heard::tone), Some(MICROPHONE));
    }

    #[track_caller]
    pub fn assert_no_voice(&mut self) {
        assert_eq!(self.world.phone(0).voice(), None);
        assert!(self.speaker.is_none());
    }

    /// Neither host broke a controller's rules.
    #[track_caller]
    pub fn assert_no_complaints(&mut self) {
        let (here, there) = (self.world.receiver(), self.world.phone(0).controller());
        assert_eq!(self.world.air().complaints(here), []);
        assert_eq!(self.world.air().complaints(there), []);
    }
}
