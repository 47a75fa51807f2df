//! A roster in few octets, and back.

use tandem_multipoint::{
    Asked, Audio, Auto, Few, MAX_SEATS, Media, Player, Resume, Roster, Seat, SeatId, Setup, Told,
    Voice,
};

use crate::phones::World;

/// A roster of up to three seats.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Packed([u64; 4]);

impl core::hash::Hash for Packed {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        let mix = |hash: u64, word: &u64| {
            (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        };
        let hash = self.0.iter().fold(0x51_7c_c1_b7, mix);
        state.write_u64(hash ^ (hash >> 29));
    }
}

/// Takes a hash as it comes.
#[derive(Clone, Copy, Default)]
pub struct AsItIs(u64);

impl core::hash::Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("only whole words are hashed")
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Bits go in, or come out.
struct Bits {
    word: u64,
    at: u32,
    reads: bool,
}

impl Bits {
    fn number(&mut self, value: &mut u8, bits: u32) {
        let mask = (1 << bits) - 1;
        if self.reads {
            *value = (self.word >> self.at & mask) as u8;
        } else {
            assert!(u64::from(*value) <= mask);
            self.word |= u64::from(*value) << self.at;
        }
        self.at += bits;
        assert!(self.at <= 64);
    }

    fn one_of<T: Copy + PartialEq>(&mut self, value: &mut T, all: &[T]) {
        let mut index = all.iter().position(|one| one == value).expect("one of all") as u8;
        self.number(&mut index, all.len().next_power_of_two().trailing_zeros());
        *value = all[usize::from(index)];
    }

    fn flag(&mut self, value: &mut bool) {
        self.one_of(value, &[false, true]);
    }
}

fn media(seat: &mut Seat, bits: &mut Bits) {
    use Player::{Absent, Paused, Playing, Stopped, Unknown};
    bits.one_of(&mut seat.media, &[Media::Idle, Media::Playing]);
    bits.one_of(&mut seat.player, &[Absent, Unknown, Paused, Playing, Stopped]);
    bits.one_of(&mut seat.told, &[Told::No, Told::Waiting, Told::Obeyed, Told::Defied]);
    let resumes = [Resume::No, Resume::Heard, Resume::Paused, Resume::Due, Resume::Late];
    bits.one_of(&mut seat.resume, &resumes);
    let flags = [
        &mut seat.sounding,
        &mut seat.spent,
        &mut seat.blip,
        &mut seat.begun,
        &mut seat.eager,
        &mut seat.echo,
    ];
    flags.into_iter().for_each(|flag| bits.flag(flag));
}

fn calls(seat: &mut Seat, bits: &mut Bits) {
    bits.one_of(&mut seat.calls.active, &[Few::None, Few::One, Few::Many]);
    bits.one_of(&mut seat.calls.setup, &[Setup::None, Setup::Incoming, Setup::Dialling]);
    let links = [Voice::None, Voice::Asked, Voice::Opening, Voice::Open, Voice::Closing];
    bits.one_of(&mut seat.voice, &links);
    bits.one_of(&mut seat.audio, &[Audio::Phone, Audio::Awaited, Audio::Owed]);
    let asked = [Asked::Nothing, Asked::Answer, Asked::Hold, Asked::End, Asked::Retrieve];
    bits.one_of(&mut seat.asked, &asked);
    bits.one_of(&mut seat.auto, &[Auto::No, Auto::Counting, Auto::Done]);
    let flags = [
        &mut seat.calls.held,
        &mut seat.in_band,
        &mut seat.assistant,
        &mut seat.session,
        &mut seat.held_by_us,
    ];
    flags.into_iter().for_each(|flag| bits.flag(flag));
}

fn seat(world: &World, n: usize, seat: &mut Seat, bits: &mut Bits) {
    bits.flag(&mut seat.taken);
    if !seat.taken {
        return;
    }
    let phone = &world.phones[n];
    seat.preferences = phone.preferences;
    bits.one_of(&mut seat.hands_free, &[None, Some(phone.abilities)]);
    for flag in [&mut seat.leaving, &mut seat.settling] {
        bits.flag(flag);
    }
    let ranks =
        [&mut seat.joined, &mut seat.heard, &mut seat.started, &mut seat.rang, &mut seat.talked];
    ranks.into_iter().for_each(|rank| bits.number(rank, 2));
    media(seat, bits);
    calls(seat, bits);
}

fn rest(world: &World, roster: &mut Roster, bits: &mut Bits) {
    bits.number(&mut roster.audible, 3);
    bits.number(&mut roster.ducked, 3);
    bits.one_of(&mut roster.waiting, &[None, Some(world.phones[0].preferences)]);
    let seats = [None, Some(SeatId(0)), Some(SeatId(1)), Some(SeatId(2))];
    bits.one_of(&mut roster.accepting, &seats);
}

/// Packs a roster.
pub fn pack(world: &World, roster: &Roster) -> Packed {
    let (mut roster, mut words) = (*roster, [0; 4]);
    let write = |word: &mut u64, fields: &mut dyn FnMut(&mut Bits)| {
        let mut bits = Bits { word: 0, at: 0, reads: false };
        fields(&mut bits);
        *word = bits.word;
    };
    write(&mut words[3], &mut |bits| rest(world, &mut roster, bits));
    for (n, word) in words[..3].iter_mut().enumerate() {
        write(word, &mut |bits| seat(world, n, &mut roster.seats[n], bits));
    }
    Packed(words)
}

/// Unpacks it again.
pub fn unpack(world: &World, packed: &Packed) -> Roster {
    let mut roster = Roster::default();
    let read = |word| Bits { word, at: 0, reads: true };
    rest(world, &mut roster, &mut read(packed.0[3]));
    for n in 0..3 {
        seat(world, n, &mut roster.seats[n], &mut read(packed.0[n]));
    }
    roster
}

/// The same roster with its phones sitting elsewhere: seat n's in seat `to[n]`.
pub fn moved(roster: &Roster, to: [usize; MAX_SEATS]) -> Roster {
    let mut moved = Roster { audible: 0, ducked: 0, ..*roster };
    for (n, &m) in to.iter().enumerate() {
        moved.seats[m] = roster.seats[n];
        moved.audible |= (roster.audible >> n & 1) << m;
        moved.ducked |= (roster.ducked >> n & 1) << m;
    }
    moved.accepting = roster.accepting.map(|id| SeatId(to[usize::from(id.0)] as u8));
    moved
}
