//! What is always true of a step, written over rosters and orders alone.

use tandem_multipoint::{
    Asked, Audio, Button, Calls, Fact, Few, MAX_SEATS, Media, Order, Orders, Player, Policy,
    Resume, Roster, Seat, SeatId, Setup, Takeover, Timer, Told, Voice,
};

use crate::phones::runs;
use crate::state::{Broken, first, heard, in_call, owed, says_it_plays, silenced, state, strength};

/// One decision.
pub struct Step<'a> {
    pub policy: Policy,
    pub before: &'a Roster,
    pub fact: Fact,
    pub after: &'a Roster,
    pub orders: &'a Orders,
}

/// What is wrong with a step, if anything.
pub fn violation(step: &Step<'_>) -> Broken {
    state(step.policy, step.after)
        .or_else(|| step.calls())
        .or_else(|| step.media())
        .or_else(|| step.takeover())
        .or_else(|| step.incumbent())
        .or_else(|| step.resumed())
        .or_else(|| step.held())
        .or_else(|| step.seats())
        .or_else(|| step.links())
        .or_else(|| step.features())
        .or_else(|| step.timers())
}

impl Step<'_> {
    fn ordered(&self, order: Order) -> bool {
        self.orders.as_slice().contains(&order)
    }

    /// Whether it is so for any seat that is taken, before or after.
    fn any(&self, is: impl Fn(usize, SeatId, &Seat, &Seat) -> bool) -> bool {
        let seats = self.before.seats.iter().zip(&self.after.seats).enumerate();
        let mut taken = seats.filter(|(_, (before, after))| before.taken || after.taken);
        taken.any(|(n, (before, after))| is(n, SeatId(n as u8), before, after))
    }

    fn pressed(&self) -> bool {
        matches!(self.fact, Fact::Button(_))
    }

    /// Calls are answered, held and ended one after the other, and for a reason.
    fn calls(&self) -> Broken {
        let makes_room = |s: &Seat| matches!(s.asked, Asked::Hold | Asked::End);
        let waits = self.after.seats.iter().any(makes_room);
        first(&[
            (
                self.any(|_, id, _, s| self.ordered(Order::Answer(id)) && s.asked != Asked::Answer),
                "an answer that is not waited for",
            ),
            (
                self.any(|_, id, b, _| self.ordered(Order::Answer(id)) && b.asked == Asked::Answer),
                "answered twice",
            ),
            (
                self.any(|_, id, _, _| self.ordered(Order::Answer(id))) && waits,
                "answered before the others made room",
            ),
            (
                self.any(|_, id, _, s| {
                    self.ordered(Order::HangUp(id)) && !self.pressed() && s.asked != Asked::End
                }),
                "hung up unasked",
            ),
            (
                self.any(|_, id, _, s| {
                    self.ordered(Order::CallOnPhone(id)) && s.calls.active == Few::None
                }),
                "a call goes on on the phone that is none",
            ),
            (
                self.any(|_, id, _, s| {
                    let alone = Calls { active: Few::One, ..Calls::default() };
                    self.ordered(Order::Hold(id)) && s.asked == Asked::Hold && s.calls != alone
                }),
                "a phone with more than one call was asked to hold",
            ),
        ])
    }

    /// Who is told to pause, and who is not.
    fn media(&self) -> Broken {
        let told = |id| self.ordered(Order::Pause(id));
        let anew = |id: SeatId| {
            let unsaid = matches!(
                self.before.seats[usize::from(id.0)].player,
                Player::Absent | Player::Unknown
            );
            self.fact == Fact::Player(id, Player::Playing, true)
                || self.fact == Fact::Started(id)
                || self.fact == Fact::Sounding(id, true) && unsaid
        };
        let stronger = silenced(self.after);
        let both = matches!(self.policy.takeover, Takeover::FirstMute | Takeover::Mix);
        first(&[
            (
                self.any(|_, id, _, s| {
                    told(id) && (!says_it_plays(s) || s.player == Player::Absent)
                }),
                "a pause for a phone that lacks the feature, or does not play",
            ),
            (
                self.any(|n, id, _, _| told(id) && heard(self.after, n)),
                "who is heard was told to pause",
            ),
            (
                self.any(|_, id, _, s| told(id) && strength(s) > 1),
                "the phone in the call was told to pause",
            ),
            (
                self.any(|_, id, b, _| told(id) && b.told != Told::No && !anew(id)),
                "told to pause twice",
            ),
            (
                !stronger && both && self.any(|_, id, _, _| told(id)),
                "told to pause by a policy that lets both play",
            ),
            (
                !stronger
                    && self.policy.takeover == Takeover::First
                    && self.after.audible != 0
                    && self.any(|n, _, _, s| {
                        !heard(self.after, n) && says_it_plays(s) && s.told == Told::No
                    }),
                "a newcomer plays under the first and was not told to pause",
            ),
            (
                self.policy.takeover == Takeover::Last
                    && !silenced(self.before)
                    && !stronger
                    && self.after.audible != 0
                    && self.any(|n, _, b, s| {
                        heard(self.before, n)
                            && !heard(self.after, n)
                            && says_it_plays(s)
                            && b.told == Told::No
                            && s.told == Told::No
                    }),
                "who lost the ear was not told to pause",
            ),
        ])
    }

    /// Among equal claims the incumbent stays: but for a button, an owner's choice, a call that rings anew,
    /// one that is taken, and whose sound is on the phone while another's comes here.
    fn incumbent(&self) -> Broken {
        let (before, after) = (self.before, self.after);
        if !silenced(before) || !silenced(after) || before.audible == after.audible {
            return None;
        }
        let seat = |roster: &Roster| roster.audible.trailing_zeros() as usize;
        let (loser, winner) = (seat(before), seat(after));
        let (lost, won) = (&after.seats[loser], &after.seats[winner]);
        let here = |s: &Seat| {
            matches!(s.voice, Voice::Asked | Voice::Opening | Voice::Open)
                || s.audio != Audio::Phone
        };
        let taken = matches!(won.asked, Asked::Answer | Asked::Retrieve);
        let chosen = matches!(self.fact, Fact::Preferences(..));
        let equal = strength(lost) == strength(won) && strength(lost) != 3;
        let kept = here(lost) || !here(won);
        (equal && kept && !taken && !chosen && !self.pressed())
            .then_some("among equal claims the incumbent did not stay")
    }

    /// The ear is taken only by a start, and never by one of ours.
    fn takeover(&self) -> Broken {
        let (before, after) = (self.before, self.after);
        let changed = self.fact == Fact::PolicyChanged || matches!(self.fact, Fact::Left(_));
        if silenced(before) || silenced(after) || changed || before.audible == 0 {
            return None;
        }
        if self.policy.takeover == Takeover::Mix || before.audible == after.audible {
            return None;
        }
        let incumbent = before.audible.trailing_zeros() as usize;
        let gone = after.seats[incumbent].media == Media::Idle
            || matches!(after.seats[incumbent].told, Told::Waiting | Told::Obeyed)
                && !self.ordered(Order::Pause(SeatId(incumbent as u8)));
        if gone {
            return None;
        }
        let winner = after.audible.trailing_zeros() as usize;
        let (id, seat) = (SeatId(winner as u8), &before.seats[winner]);
        let sounded = self.fact == Fact::Elapsed(id, Timer::Blip) && seat.sounding && !seat.spent;
        let seen = match seat.player {
            Player::Paused | Player::Stopped => true,
            Player::Playing => seat.begun,
            Player::Absent | Player::Unknown => false,
        };
        let began = self.fact == Fact::Player(id, Player::Playing, true)
            || self.fact == Fact::Started(id) && seat.eager;
        first(&[
            (self.policy.takeover != Takeover::Last, "the first did not keep the ear"),
            (
                !(sounded && !seen || began),
                "a take-over without two seconds of sound, or a player that began to play",
            ),
            (
                seat.settling || seat.preferences.modest,
                "a take-over by a phone that may not take over",
            ),
            (seat.echo, "an echo of our own order took the ear"),
            (
                !after.seats[incumbent].spent,
                "who lost the ear may take it back without starting anew",
            ),
        ])
    }

    /// Nobody is resumed whom we did not pause; whom we paused is resumed or forgotten once.
    fn resumed(&self) -> Broken {
        let returned = |id| self.fact == Fact::Returned(id);
        let forgotten = |n: usize, id, b: &Seat, s: &Seat| {
            let stopped = s.player == Player::Stopped && b.player != Player::Stopped;
            let other = |m: usize| {
                let began = self.fact == Fact::Player(SeatId(m as u8), Player::Playing, true);
                m != n && (began || heard(self.after, m) && !silenced(self.after))
            };
            !self.policy.resume
                || stopped
                || self.fact == Fact::OtherPlayer(id)
                || self.fact == Fact::Left(id)
                || self.fact == Fact::Elapsed(id, Timer::ResumeWithin)
                || heard(self.after, n) && !silenced(self.after)
                || (0..MAX_SEATS).any(other)
                // The time has come, and it plays, or cannot be told.
                || s.told != Told::Waiting && matches!(b.resume, Resume::Due | Resume::Late)
        };
        let play = |id| self.ordered(Order::Play(id));
        first(&[
            (
                self.any(|_, id, b, _| play(id) && !owed(b) && !returned(id)),
                "resumed without having been paused by us",
            ),
            (
                self.any(|_, id, _, s| play(id) && s.player == Player::Playing),
                "resumed while it plays",
            ),
            (self.any(|_, id, _, s| play(id) && owed(s)), "resumed, and to be resumed again"),
            (
                self.any(|_, id, _, _| play(id)) && silenced(self.after),
                "resumed under something stronger",
            ),
            (
                self.any(|n, id, _, _| {
                    play(id)
                        && self.policy.takeover != Takeover::Mix
                        && self.after.audible & !(1 << n) != 0
                }),
                "resumed while another is heard",
            ),
            (
                self.any(|n, id, b, s| {
                    let had = heard(self.before, n) && !silenced(self.before)
                        || b.resume == Resume::Heard
                        || b.echo;
                    !owed(b) && owed(s) && !(self.ordered(Order::Pause(id)) && had)
                }),
                "to be resumed without having been heard, and paused by us",
            ),
            (
                self.any(|n, id, b, s| owed(b) && !owed(s) && !play(id) && !forgotten(n, id, b, s)),
                "whom we paused is neither resumed nor rightly forgotten",
            ),
        ])
    }

    /// No call is taken off hold that we did not hold; whom we held comes back or is forgotten once.
    fn held(&self) -> Broken {
        let taken = |b: &Seat, s: &Seat| b.asked != Asked::Retrieve && s.asked == Asked::Retrieve;
        let wanted = |id, b: &Seat| {
            let accepting = self.before.accepting == Some(id) && b.calls.setup == Setup::None;
            self.pressed() || accepting
        };
        first(&[
            (
                self.any(|_, id, b, s| {
                    taken(b, s) && !b.held_by_us && b.asked != Asked::Hold && !wanted(id, b)
                }),
                "a call was taken off hold that we did not hold",
            ),
            (
                self.any(|_, id, _, s| {
                    let takes = self.ordered(Order::Hold(id)) && s.calls.active == Few::None;
                    takes && s.asked != Asked::Retrieve
                }),
                "a held call was taken without waiting for it",
            ),
            (
                self.any(|_, _, b, s| taken(b, s) && s.held_by_us),
                "taken off hold, and to be taken again",
            ),
            (
                self.any(|_, _, b, s| !b.held_by_us && s.held_by_us && b.asked != Asked::Hold),
                "held by us without having been asked to",
            ),
            (
                self.any(|_, _, b, s| {
                    let goes_on = s.calls.held && s.calls.active == Few::None;
                    let forgotten = !self.policy.resume_call || !goes_on;
                    b.held_by_us && !s.held_by_us && !taken(b, s) && !forgotten
                }),
                "a call that we held is neither taken back nor rightly forgotten",
            ),
        ])
    }

    /// Who keeps a seat.
    fn seats(&self) -> Broken {
        let (policy, before, after) = (self.policy, self.before, self.after);
        let limit = usize::from(policy.seats);
        let staying =
            |roster: &Roster| roster.seats.iter().filter(|s| s.taken && !s.leaving).count();
        let last = after.seats.iter().map(|s| s.heard).max().unwrap_or(0);
        let several = staying(before) > 1 && policy.takeover != Takeover::Mix;
        let keeps = |s: &Seat| in_call(s) || several && s.heard == last && last > 0;
        let free = |s: &Seat| s.taken && !s.leaving && !keeps(s);
        let put_out = matches!(self.fact, Fact::Arrived { put_out: true, .. });
        let taken = before.seats.iter().filter(|s| s.taken).count();
        first(&[
            (staying(after) > limit && staying(after) > staying(before), "more phones than seats"),
            (
                self.any(|_, id, b, _| {
                    self.ordered(Order::Seat(id)) && b.taken && self.fact != Fact::Left(id)
                }),
                "a newcomer was given a seat that is taken",
            ),
            (
                self.any(|_, id, _, s| self.ordered(Order::Disconnect(id)) && in_call(s)),
                "a phone in a call lost its seat",
            ),
            (
                self.any(|_, id, _, s| {
                    self.ordered(Order::Disconnect(id)) && several && s.heard == last && last > 0
                }),
                "the phone heard last lost its seat",
            ),
            (
                self.ordered(Order::TurnAway)
                    && self.fact != Fact::PolicyChanged
                    && before.waiting.is_none()
                    && (taken < limit
                        || staying(before) < limit
                        || !put_out
                            && policy.takeover != Takeover::Mix
                            && before.seats.iter().any(free)),
                "a newcomer was turned away without a reason",
            ),
        ])
    }

    /// A voice link is opened only in its turn, and where there is room.
    fn links(&self) -> Broken {
        let opens = |id| self.ordered(Order::AcceptVoice(id)) || self.ordered(Order::OpenVoice(id));
        let linked = |s: &Seat| matches!(s.voice, Voice::Opening | Voice::Open | Voice::Closing);
        let others =
            |n: usize| self.after.seats.iter().enumerate().any(|(m, s)| m != n && linked(s));
        let asks = |id, b: &Seat| b.voice == Voice::Asked || self.fact == Fact::VoiceAsked(id);
        first(&[
            (self.any(|n, id, _, _| opens(id) && others(n)), "a voice link without room for it"),
            (
                self.any(|n, id, _, _| opens(id) && silenced(self.after) && !heard(self.after, n)),
                "a voice link out of turn",
            ),
            (
                self.any(|_, id, b, _| {
                    let answers = self.ordered(Order::AcceptVoice(id))
                        || self.ordered(Order::RejectVoice(id));
                    answers && !asks(id, b)
                }),
                "an answer to no request",
            ),
            (
                self.any(|_, id, b, s| {
                    let dragged =
                        b.audio == Audio::Phone && s.audio == Audio::Phone || self.pressed();
                    let wanted = matches!(self.fact, Fact::Button(Button::Voice(..)));
                    self.ordered(Order::OpenVoice(id))
                        && dragged
                        && !wanted
                        && b.voice == Voice::None
                        && !asks(id, b)
                        && b.audio == Audio::Phone
                        && !self.ordered(Order::Hold(id))
                }),
                "a call was dragged over",
            ),
            (
                self.any(|_, id, b, s| {
                    let was = matches!(b.voice, Voice::Opening | Voice::Open)
                        || self.fact == Fact::VoiceOpened(id);
                    self.ordered(Order::CloseVoice(id)) && !(was && s.voice == Voice::Closing)
                }),
                "no link to close",
            ),
        ])
    }

    /// No order goes to an empty seat, and none to a phone that lacks the feature for it.
    fn features(&self) -> Broken {
        let lacks = |order: &Order| {
            let seat = |id: &SeatId| &self.after.seats[usize::from(id.0)];
            let can = |id: &SeatId| seat(id).hands_free;
            match order {
                Order::TurnAway | Order::Disarm(..) => false,
                Order::Seat(id)
                | Order::Disconnect(id)
                | Order::Arm(id, _)
                | Order::CallOnPhone(id) => !seat(id).taken,
                Order::Pause(id) | Order::Play(id) => seat(id).player == Player::Absent,
                Order::Answer(id) | Order::HangUp(id) | Order::OpenVoice(id) => can(id).is_none(),
                Order::Hold(id) => !can(id).is_some_and(|can| can.hold),
                Order::EndAndAccept(id) => !can(id).is_some_and(|can| can.end),
                Order::RejectWaiting(id) => !can(id).is_some_and(|can| can.reject),
                Order::AcceptVoice(id) | Order::RejectVoice(id) | Order::CloseVoice(id) => {
                    !seat(id).taken
                }
            }
        };
        self.orders
            .as_slice()
            .iter()
            .any(lacks)
            .then_some("an order to an empty seat, or for what the phone lacks")
    }

    /// The timers that were ordered are those that run.
    fn timers(&self) -> Broken {
        let gone = |id| self.fact == Fact::Left(id);
        let broken = self.any(|_, id, b, s| {
            Timer::ALL.into_iter().any(|timer| {
                let ended = self.fact == Fact::Elapsed(id, timer);
                let orders = self.orders.as_slice().iter();
                let last = orders.rev().find_map(|order| match *order {
                    Order::Arm(seat, of) if (seat, of) == (id, timer) => Some(true),
                    Order::Disarm(seat, of) if (seat, of) == (id, timer) => Some(false),
                    _ => None,
                });
                let was = runs(b, timer) && !ended;
                last.unwrap_or(was) != runs(s, timer) || gone(id) && was && last.is_none()
            })
        });
        broken.then_some("the timers that were ordered are not those that run")
    }
}
