//! Two sessions back to back over a link that keeps order, and a session against a peer that
//! misbehaves.

mod procedures;
mod walks;

use core::time::Duration;
use std::collections::VecDeque;

use pool::Instant;
use wire::avdtp::Seid;

use super::*;
use crate::a2dp::{sbc_sink, sbc_source};

fn seid(number: u8) -> Seid {
    Seid::new(number).expect("a legal identifier")
}

/// What travels between the two, in order each way.
#[derive(Debug)]
enum Travel {
    Connect(Cid),
    Accept { theirs: Cid, ours: Cid },
    Disconnect(Cid),
    Disconnected(Cid),
    Data(Cid, Vec<u8>),
}

#[derive(Debug)]
struct Channel {
    peer: Option<Cid>,
}

/// A session with the little of L2CAP that it needs.
struct Side {
    session: Session,
    channels: Vec<(Cid, Channel)>,
    next_cid: Cid,
    mtu: usize,
    out: VecDeque<Travel>,
    told: Vec<Output>,
}

impl Side {
    fn new(endpoints: &[Endpoint], outgoing: bool, mtu: usize) -> Self {
        Side {
            session: Session::new(endpoints, outgoing),
            channels: Vec::new(),
            next_cid: 0x40,
            mtu,
            out: VecDeque::new(),
            told: Vec::new(),
        }
    }

    fn cid(&mut self) -> Cid {
        self.next_cid += 1;
        self.next_cid
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll() {
            match output {
                Output::Signal { cid, pdu } => {
                    assert!(pdu.len() <= self.mtu, "no packet exceeds the peer's MTU");
                    let channel = self.channels.iter().find(|(ours, _)| *ours == cid);
                    if let Some((_, Channel { peer: Some(peer) })) = channel {
                        self.out.push_back(Travel::Data(*peer, pdu.to_vec()));
                    }
                }
                Output::OpenSignalling | Output::OpenTransport { .. } => {
                    let cid = self.cid();
                    self.channels.push((cid, Channel { peer: None }));
                    self.out.push_back(Travel::Connect(cid));
                    self.told.push(output);
                }
                Output::CloseChannel { cid } => {
                    let channel = self.channels.iter().find(|(ours, _)| *ours == cid);
                    if let Some((_, Channel { peer: Some(peer) })) = channel {
                        self.out.push_back(Travel::Disconnect(*peer));
                    }
                }
                told => self.told.push(told),
            }
        }
    }

    fn take(&mut self, now: Instant, travel: Travel) {
        match travel {
            Travel::Connect(theirs) => {
                let ours = self.cid();
                self.channels.push((ours, Channel { peer: Some(theirs) }));
                self.out.push_back(Travel::Accept { theirs, ours });
                if self.session.opened(now, ours, false, self.mtu) == Use::Surplus {
                    self.out.push_back(Travel::Disconnect(theirs));
                }
            }
            Travel::Accept { theirs: cid, ours: peer } => {
                let channel = self.channels.iter_mut().find(|(ours, _)| *ours == cid);
                channel.expect("we asked").1.peer = Some(peer);
                if self.session.opened(now, cid, true, self.mtu) == Use::Surplus {
                    self.out.push_back(Travel::Disconnect(peer));
                }
            }
            Travel::Disconnect(cid) => {
                let at = self.channels.iter().position(|(ours, _)| *ours == cid);
                if let Some(at) = at {
                    let (_, channel) = self.channels.remove(at);
                    self.session.closed(now, cid);
                    self.drain();
                    self.out.push_back(Travel::Disconnected(channel.peer.expect("open")));
                }
            }
            Travel::Disconnected(cid) => {
                let before = self.channels.len();
                self.channels.retain(|(ours, _)| *ours != cid);
                if self.channels.len() < before {
                    self.session.closed(now, cid);
                }
            }
            Travel::Data(cid, pdu) => self.session.receive(now, cid, &pdu),
        }
        self.drain();
    }

    fn count(&self, like: impl Fn(&Output) -> bool) -> usize {
        self.told.iter().filter(|output| like(output)).count()
    }
}

/// A sink and a source on one link; the second placed it.
struct Pair {
    now: Instant,
    sides: [Side; 2],
}

const SINK: usize = 0;
const SOURCE: usize = 1;

impl Pair {
    fn new(mtu: usize) -> Self {
        let sinks = [sbc_sink(seid(1)), sbc_sink(seid(2))];
        let sources = [sbc_source(seid(5)), sbc_source(seid(7))];
        let mut sides = [Side::new(&sinks, false, mtu), Side::new(&sources, true, mtu)];
        for side in &mut sides {
            side.session.set_peer_version(0x0103);
        }
        sides[SINK].session.set_delay(Instant::ZERO, 1500);
        // So that what the two choose differs.
        sides[SINK].session.set_bitpool_cap(51);
        Pair { now: Instant::ZERO, sides }
    }

    fn order(&mut self, side: usize, order: impl FnOnce(&mut Session, Instant)) {
        order(&mut self.sides[side].session, self.now);
        self.sides[side].drain();
    }

    /// Lets one thing that `side` sent arrive.
    fn deliver(&mut self, side: usize) -> bool {
        let Some(travel) = self.sides[side].out.pop_front() else { return false };
        self.sides[1 - side].take(self.now, travel);
        true
    }

    /// Everything arrives, in the order that `pick` says; where nothing travels, time goes on.
    fn settle(&mut self, mut pick: impl FnMut() -> usize) {
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < 5000, "it settles");
            let side = pick() & 1;
            if self.deliver(side) || self.deliver(1 - side) {
                continue;
            }
            let wake = self.sides.iter().filter_map(|side| side.session.wake_at()).min();
            let Some(at) = wake else { return };
            self.now = self.now.max(at);
            for side in &mut self.sides {
                side.session.wake(self.now);
                side.drain();
            }
        }
    }

    fn states(&self) -> [Vec<State>; 2] {
        [0, 1].map(|side: usize| {
            let session = &self.sides[side].session;
            session.endpoints().map(|(_, state)| state).collect()
        })
    }

    /// Both sides' one stream, if exactly one is in `state` on each and it is the same.
    fn one(&self, state: State) -> Option<(Seid, Seid)> {
        let find = |side: usize| {
            let mut all =
                self.sides[side].session.streams.iter().filter(|s| s.state != State::Idle);
            let stream = all.next()?;
            let agreement = stream.agreement?;
            (all.next().is_none() && stream.state == state).then_some((
                stream.seid(),
                agreement.peer,
                agreement.configuration,
            ))
        };
        let (sink, source) = (find(SINK)?, find(SOURCE)?);
        let same = sink.0 == source.1 && sink.1 == source.0 && sink.2 == source.2;
        same.then_some((sink.0, source.0))
    }
}

const PLAY: Preference = Preference { start: true };

/// Orders that a walk gives, possible or not.
#[derive(Clone, Copy, Debug)]
enum Order {
    Connect(bool),
    Start,
    Suspend,
    Close,
    Abort,
    Reconfigure,
    DropTransport,
    DropSignalling,
    Deliver(u8),
}

impl Pair {
    fn drop_channel(&mut self, side: usize, cid: Option<Cid>) {
        let channel = self.sides[side].channels.iter().find(|(ours, _)| Some(*ours) == cid);
        if let Some(&(_, Channel { peer: Some(peer) })) = channel {
            self.sides[side].out.push_back(Travel::Disconnect(peer));
        }
    }

    fn walk(&mut self, side: usize, order: Order) {
        let session = &self.sides[side].session;
        let active = session.streams.iter().find(|s| s.state != State::Idle);
        let (seid, transport, configuration) = match active {
            Some(s) => (s.seid(), s.transport, s.agreement.map(|a| a.configuration)),
            None => (session.streams[0].seid(), None, None),
        };
        let lane = session.lanes.first().map(|lane| lane.cid);
        match order {
            Order::Connect(start) => {
                self.order(side, |s, now| s.connect(now, Preference { start }))
            }
            Order::Start => self.order(side, |s, now| {
                let _ = s.start(now, seid);
            }),
            Order::Suspend => self.order(side, |s, now| {
                let _ = s.suspend(now, seid);
            }),
            Order::Close => self.order(side, |s, now| {
                let _ = s.close(now, seid);
            }),
            Order::Abort => self.order(side, |s, now| {
                let _ = s.abort(now, seid);
            }),
            Order::Reconfigure => {
                if let Some(Configuration::Sbc(mut sbc)) = configuration {
                    use wire::a2dp::sbc::SamplingFrequency::{Hz44100, Hz48000};
                    sbc.sampling_frequency = if side == 0 { Hz44100 } else { Hz48000 };
                    let other = Configuration::Sbc(sbc);
                    self.order(side, |s, now| {
                        let _ = s.reconfigure(now, seid, other);
                    });
                }
            }
            Order::DropTransport => self.drop_channel(side, transport),
            Order::DropSignalling => self.drop_channel(side, lane),
            Order::Deliver(count) => {
                for _ in 0..count {
                    self.deliver(side);
                }
            }
        }
    }
}
