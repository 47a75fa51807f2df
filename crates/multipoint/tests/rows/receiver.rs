//! A receiver with phones, told one fact after the other.

use tandem_multipoint::{
    Abilities, Answer, Button, Calls, Fact, Few, Order, Player, Policy, Preferences, Roster,
    SeatId, Setup, Timer, decide,
};

pub const A: SeatId = SeatId(0);
pub const B: SeatId = SeatId(1);
pub const C: SeatId = SeatId(2);

pub const IDLE: Calls = Calls { active: Few::None, held: false, setup: Setup::None };
pub const RINGING: Calls = Calls { setup: Setup::Incoming, ..IDLE };
pub const DIALLING: Calls = Calls { setup: Setup::Dialling, ..IDLE };
pub const ACTIVE: Calls = Calls { active: Few::One, ..IDLE };
pub const HELD: Calls = Calls { held: true, ..IDLE };
pub const WAITING: Calls = Calls { setup: Setup::Incoming, ..ACTIVE };
pub const BOTH: Calls = Calls { held: true, ..ACTIVE };

pub const ALL: Abilities = Abilities { reject: true, end: true, hold: true };

pub const ANSWER: Button = Button::Answer(None, None);
pub const END_AND_ACCEPT: Button = Button::Answer(Some(Answer::End), None);

pub const ARRIVED: Fact = Fact::Arrived {
    put_out: false,
    preferences: Preferences { modest: false, auto_answer: false, priority: 0 },
};

/// A receiver, and what it was ordered last.
pub struct Receiver {
    pub policy: Policy,
    pub roster: Roster,
}

impl Receiver {
    /// As many phones as there are seats, with everything that a phone can have, a while after they came.
    pub fn with(policy: Policy) -> Self {
        let mut receiver = Receiver { policy, roster: Roster::default() };
        for id in (0..policy.seats).map(SeatId) {
            receiver.tell(ARRIVED);
            receiver.tell(Fact::HandsFree(id, Some(ALL)));
            receiver.tell(Fact::Player(id, Player::Paused, false));
            receiver.tell(Fact::Elapsed(id, Timer::Settle));
        }
        receiver
    }

    /// Two of them.
    pub fn new() -> Self {
        Receiver::with(Policy::default())
    }

    /// Tells it a fact; the orders that follow, without those to timers.
    pub fn tell(&mut self, fact: Fact) -> Vec<Order> {
        let (roster, orders) = decide(self.policy, self.roster, fact);
        self.roster = roster;
        let timed = |order: &&Order| matches!(order, Order::Arm(..) | Order::Disarm(..));
        orders.as_slice().iter().filter(|order| !timed(order)).copied().collect()
    }

    /// Tells it a fact; whether that starts a timer, or starts it again.
    pub fn arms(&mut self, fact: Fact, id: SeatId, timer: Timer) -> bool {
        let (roster, orders) = decide(self.policy, self.roster, fact);
        self.roster = roster;
        orders.as_slice().contains(&Order::Arm(id, timer))
    }

    /// Tells it several; the orders that follow from all of them.
    pub fn tell_all(&mut self, facts: &[Fact]) -> Vec<Order> {
        facts.iter().flat_map(|fact| self.tell(*fact)).collect()
    }

    pub fn press(&mut self, button: Button) -> Vec<Order> {
        self.tell(Fact::Button(button))
    }

    pub fn elapse(&mut self, id: SeatId, timer: Timer) -> Vec<Order> {
        assert!(self.runs(id, timer), "{timer:?} of {id:?} does not run");
        self.tell(Fact::Elapsed(id, timer))
    }

    pub fn runs(&self, id: SeatId, timer: Timer) -> bool {
        self.roster.seats[usize::from(id.0)].runs(timer)
    }

    /// Who is heard.
    pub fn heard(&self) -> Vec<SeatId> {
        self.roster.heard().collect()
    }

    /// Play is pressed on a phone, which begins to.
    pub fn plays(&mut self, id: SeatId) -> Vec<Order> {
        let facts =
            [Fact::Player(id, Player::Playing, true), Fact::Started(id), Fact::Sounding(id, true)];
        self.tell_all(&facts)
    }

    /// A phone does what it was told, and pauses.
    pub fn pauses(&mut self, id: SeatId) -> Vec<Order> {
        self.tell_all(&[Fact::Player(id, Player::Paused, true), Fact::Stopped(id)])
    }

    /// A phone has an active call that is heard here.
    pub fn talks(&mut self, id: SeatId) {
        self.tell_all(&[
            Fact::Calls(id, RINGING),
            Fact::Calls(id, ACTIVE),
            Fact::VoiceAsked(id),
            Fact::VoiceOpened(id),
        ]);
        assert_eq!(self.heard(), [id]);
    }
}
