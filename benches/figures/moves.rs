//! The sound moves from one phone to the other, and calls between them: what of the time is ours.

use std::time::Duration;

use host::{AnswerHow, Command, Event, OrderKind, Settings};
use multipoint::{Policy, Takeover};
use pool::Instant;
use sim::Act;
use wire::h4::Channel;

use crate::callgrind;
use crate::scene::{ANNA, BEN, Found, Packet, Scene, TONES, TUNES, contains, number};
use crate::table::Table;
use crate::work::Work;

/// The promises.
const DECIDED_US: f64 = 20.0;
const SILENT_MS: f64 = 12.0;
/// What the jitter buffer is set to, and what SBC's filters and the rate converter take beside it.
const MEDIA_MS: f64 = 120.0 + 3.0;

/// How often each is done for its share of slow ones, how often all of that, and how often for what is heard.
const OFTEN: usize = 4_000;
const RUNS: usize = 3;
const HEARD: usize = 40;

/// `callsetup` becomes 1 where it is in third place, as with the simulator's phones.
const RINGS: &[u8] = b"+CIEV: 3,1\r";
/// AVRCP's answer CHANGED with EVENT_PLAYBACK_STATUS_CHANGED to PLAYING (AVRCP 1.6.2, 6.7.2).
const PLAYS: &[u8] = &[0x0D, 0x48, 0x00, 0x00, 0x19, 0x58, 0x31, 0x00, 0x00, 0x02, 0x01, 0x01];

/// A call on Ben's phone under Anna's music, again and again: music stops for it and plays again after it.
pub struct Rings(Scene);

impl Rings {
    pub fn new() -> Rings {
        Rings(ringing(Scene::new(Settings::default())))
    }

    pub fn next(&mut self) {
        let scene = &mut self.0;
        scene.act(BEN, Act::Ring("5550100", "Zoe"));
        scene.run(0.3);
        scene.act(BEN, Act::TheyHangUp);
        // Not a multiple of anything.
        scene.run(1.2037);
    }
}

/// Both play, and take the sound from each other.
pub struct Takes(Scene, usize);

impl Takes {
    pub fn new() -> Takes {
        let mut scene = Scene::new(Settings::default());
        scene.act(ANNA, Act::Play(TUNES[ANNA]));
        scene.run(3.0);
        scene.wanted = PLAYS;
        Takes(scene, ANNA)
    }

    pub fn next(&mut self) {
        let Takes(scene, who) = self;
        *who = 1 - *who;
        scene.act(*who, Act::Play(TUNES[*who]));
        scene.run(1.0037);
    }
}

fn ringing(mut scene: Scene) -> Scene {
    scene.act(ANNA, Act::Play(TUNES[ANNA]));
    scene.run(3.0);
    scene.wanted = RINGS;
    scene
}

pub fn measure(table: &mut Table) {
    decided(table, "a call rings (`+CIEV`) under another phone's music", Work::Rings, || {
        let mut rings = Rings::new();
        rings.0.timed = true;
        (0..OFTEN).for_each(|_| rings.next());
        rings.0.found
    });
    decided(table, "AVRCP tells that the other phone plays", Work::Takes, || {
        let mut takes = Takes::new();
        takes.0.timed = true;
        (0..OFTEN).for_each(|_| takes.next());
        takes.0.found
    });
    rung(table);
    taken(table);
    warm(table);
    held(table);
}

/// From the packet that something hangs on to the last order. Each run does the same: what of a time is
/// the machine's interrupts is not there in another one.
fn decided(table: &mut Table, what: &str, work: Work, run: impl Fn() -> Vec<Found>) {
    let mut found = run();
    for _ in 1..RUNS {
        for (least, again) in found.iter_mut().zip(run()) {
            least.spent = least.spent.min(again.spent);
        }
    }
    let paused = |found: &&Found| found.orders == [OrderKind::Pause] && found.sends > 0;
    let mut spent: Vec<Duration> = found.iter().filter(paused).map(|found| found.spent).collect();
    if spent.len() < OFTEN {
        let not = format!("{} of {OFTEN} led to PAUSE", spent.len());
        return table.counted(what, 0, Err(not));
    }
    spent.sort();
    let at = |share: f64| spent[((spent.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    table.timed(&format!("{what} → PAUSE out, 999 of 1,000 within: µs"), DECIDED_US, at(0.999));
    table.told("the same, the median: µs", &format!("{:.1}", at(0.5)));
    table.told("the same: instructions", &crate::shown(callgrind::inside(work, 50, "decisive")));
}

/// How long what was heard still sounds, and until what is heard does, at the sinks' boundary.
#[derive(Default)]
struct Heard {
    silent: Vec<f64>,
    sounds: Vec<f64>,
}

impl Heard {
    /// The sound moved then; what is looked at ends 0.3 s later.
    fn take(&mut self, scene: &Scene, moved: Instant, from: usize, to: usize) {
        let end = moved + Duration::from_millis(300);
        let ms = |at: Instant, since: Instant| at.since(since).as_secs_f64() * 1e3;
        self.silent.extend(scene.sound(from, moved, end).map(|(_, last)| ms(last, moved)));
        // What has not come yet is not waited for by us.
        let there = scene.began(to).map_or(moved, |began| began.max(moved));
        self.sounds.extend(scene.sound(to, moved, end).map(|(first, _)| ms(first, there)));
    }

    fn most(times: &[f64], wanted: usize) -> Result<f64, String> {
        let most = times.iter().copied().fold(0.0, f64::max);
        let few = format!("heard {} of {wanted} times", times.len());
        if times.len() == wanted { Ok(most) } else { Err(few) }
    }
}

/// When who is heard was told last.
fn moved(scene: &Scene, to: &[usize]) -> Option<Instant> {
    scene.audible().next_back().filter(|(_, who)| who == to).map(|(at, _)| at)
}

/// Music, and a call that the receiver itself rings for at first.
fn rung(table: &mut Table) {
    let mut rings = Rings(ringing(Scene::heard(Settings::default())));
    let mut heard = Heard::default();
    for _ in 0..HEARD {
        rings.next();
    }
    for found in &rings.0.found {
        heard.take(&rings.0, found.at, ANNA, TONES);
    }
    let what =
        "in the ear, a call over music: from `+CIEV` to the music's last sample, at most: ms";
    table.exact(what, SILENT_MS, Heard::most(&heard.silent, HEARD));
    let what = "the same, to the ring tone's first sample: ms";
    table.told(what, &ms(Heard::most(&heard.sounds, HEARD)));
}

/// One plays over the other, and its buffer has to fill.
fn taken(table: &mut Table) {
    let mut scene = Scene::heard(Settings::default());
    scene.act(ANNA, Act::Play(TUNES[ANNA]));
    scene.run(3.0);
    scene.wanted = PLAYS;
    let mut takes = Takes(scene, ANNA);
    let mut heard = Heard::default();
    for n in 0..HEARD {
        takes.next();
        let (to, from) = ([BEN, ANNA][n % 2], [ANNA, BEN][n % 2]);
        if let Some(at) = moved(&takes.0, &[to]) {
            heard.take(&takes.0, at, from, to);
        }
    }
    let what = "in the ear, one phone over the other: to the old one's last sample: ms";
    table.exact(what, SILENT_MS, Heard::most(&heard.silent, HEARD));
    let what = "the same, from the new one's first packet to its first sample, through a buffer of \
                120 ms that was empty: ms";
    table.exact(what, MEDIA_MS, Heard::most(&heard.sounds, HEARD));
}

/// The one that is heard pauses, and the other one has been streaming all the time.
fn warm(table: &mut Table) {
    let policy = Policy { takeover: Takeover::FirstMute, ..Policy::default() };
    let mut scene = Scene::heard(Settings { policy, ..Settings::default() });
    scene.act(ANNA, Act::Play(TUNES[ANNA]));
    scene.run(3.0);
    let (mut heard, mut who) = (Heard::default(), ANNA);
    for _ in 0..HEARD {
        let other = 1 - who;
        scene.act(other, Act::Play(TUNES[other]));
        scene.run(1.0037);
        scene.act(who, Act::Pause);
        scene.run(0.5);
        if let Some(at) = moved(&scene, &[other]) {
            heard.take(&scene, at, who, other);
        }
        who = other;
    }
    let what = "the same where it streamed unheard before (`first-mute`): ms";
    table.exact(what, 1.0, Heard::most(&heard.sounds, HEARD));
}

/// A call is held and the other phone's is answered.
fn held(table: &mut Table) {
    let mut all = Vec::new();
    for _ in 0..HEARD / 4 {
        all.push(hold_and_accept());
    }
    let all: Result<Vec<Accepted>, String> = all.into_iter().collect();
    let what =
        "hold and accept across two phones, from the button to the new call's first sample: ms";
    let all = match all {
        Ok(all) => all,
        Err(reason) => return table.counted(what, 0, Err(reason)),
    };
    let most = |of: fn(&Accepted) -> Duration| all.iter().map(of).max().unwrap_or_default();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let told = format!(
        "{:.1}; ours of it {:.1}, {:.1} of which its buffer and filters are",
        ms(most(|it| it.total)),
        ms(most(|it| it.ours)),
        ms(most(|it| it.ear)),
    );
    table.told(what, &told);
    let spent = format!("{:.0}", most(|it| it.spent).as_secs_f64() * 1e6);
    table.told("the same: the host's time of the processor, all packets of it: µs", &spent);
}

/// How long it took.
struct Accepted {
    total: Duration,
    /// From whatever we waited for to what we did then, summed up.
    ours: Duration,
    /// Of that, from the first voice packet to the first sample.
    ear: Duration,
    spent: Duration,
}

fn hold_and_accept() -> Result<Accepted, String> {
    let mut scene = Scene::heard(Settings::default());
    let answer = || Command::Answer { how: AnswerHow::Default, phone: None, index: None };
    scene.act(ANNA, Act::Ring("5550100", "Zoe"));
    scene.run(1.0);
    scene.command(answer());
    scene.run(2.0);
    scene.act(BEN, Act::Ring("5550101", "Yan"));
    scene.run(2.0);
    (scene.packets, scene.timed) = (Some(Vec::new()), true);
    let (pressed, before) = (scene.now(), scene.spent);
    scene.command(answer());
    scene.run(2.0);
    let spent = scene.spent - before;
    let packets = scene.packets.take().unwrap_or_default();
    let way = Way { packets: &packets, at: pressed };
    let voice = |open: bool, who: usize| {
        let mut told = scene.told.iter().filter(|(at, _)| *at >= pressed);
        let told = told.find(|(_, event)| {
            matches!(event, Event::Voice { phone, open: is, .. }
                if *is == open && number(*phone) == who)
        });
        told.map(|(at, _)| *at).ok_or("a voice link did not come or go")
    };
    let hold = way.next(true, Channel::Acl, b"AT+CHLD=2")?;
    let is_held = hold.next(false, Channel::Acl, b"+CIEV: 4,")?;
    let taken = is_held.next(true, Channel::Acl, b"ATA\r")?;
    let closed = voice(false, ANNA)?;
    let opened = voice(true, BEN)?;
    // Connection Request for a voice link, and Accept Synchronous Connection Request.
    let asked = taken.next(false, Channel::Event, &[0x04, 0x0A])?;
    let accepted = asked.next(true, Channel::Command, &[0x29, 0x04])?;
    let first = Way { packets: &packets, at: opened }.next(false, Channel::Synchronous, &[])?;
    let end = pressed + Duration::from_secs(2);
    let (heard, _) = scene.sound(BEN, pressed, end).ok_or("the new call is not heard")?;
    let ear = heard.since(first.at);
    let room = asked.at.max(closed);
    let waits = [hold.at.since(pressed), taken.at.since(is_held.at), accepted.at.since(room), ear];
    Ok(Accepted { total: heard.since(pressed), ours: waits.iter().sum(), ear, spent })
}

/// The packets from a moment on.
#[derive(Clone, Copy)]
struct Way<'p> {
    packets: &'p [Packet],
    at: Instant,
}

impl Way<'_> {
    /// The moment of the next packet of this kind with these octets.
    fn next(self, sent: bool, channel: Channel, octets: &[u8]) -> Result<Self, String> {
        let mut packets = self.packets.iter().filter(|packet| packet.at >= self.at);
        let found = packets.find(|packet| {
            packet.sent == sent
                && packet.channel == channel
                && (octets.is_empty() || contains(&packet.octets, octets))
        });
        let found = found.ok_or_else(|| format!("no {}", octets.escape_ascii()))?;
        Ok(Way { at: found.at, ..self })
    }
}

fn ms(time: Result<f64, String>) -> String {
    time.map_or_else(|reason| reason, |time| format!("{time:.1}"))
}
