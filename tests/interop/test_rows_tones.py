"""Rows 1, 3, 4, 12 and 13 of who is heard, with the ear on the receiver's own tones: the ring where the
phone does not ring by itself, and the quiet tone of a call that waits. A's voice is 1000 Hz, B's voice
and music are 1600 Hz."""

import asyncio
import pathlib

import numpy

from features import Features, Habits
from heard import Heard
from limits import limits
from player import KEY
from rows import (
    A_HZ,
    B_HZ,
    BEN,
    RINGS,
    WAITS,
    hangs_up,
    lines,
    never_two_voices,
    orders,
    plays,
    talks,
    with_player,
)
from scene import scene

LOUD = ("--set", "volume.first=100")
FULL = 0.25  # a tone of the phones is 0.4 of full scale, and the ring's sines are 0.18 each
HALF = 0.25  # as loud is half of the volume
NOTHING = 0.004
LATE = 0.2  # seconds that a busy machine may take until it writes what is heard
FADED = 0.035  # seconds: the fade's 10 ms, and both ends of the window that measures it


def has_ring(ear: Heard, start: float, end: float) -> bool:
    return all(ear.levels(hz, start, end).max() > 0.12 for hz in RINGS)


def fade(ear: Heard, hz: int, start: float, end: float) -> float:
    """Seconds from the last time that a tone is whole to the first that it is gone."""
    levels = ear.levels(hz, start, end, window=0.01)
    whole = numpy.nonzero(levels > 0.9 * levels[0])[0].max()
    gone = numpy.nonzero(levels[whole:] < 0.05 * levels[0])[0]
    assert len(gone), f"{hz} Hz does not end from {start:.2f} to {end:.2f} s: {ear.describe()}"
    return float(gone.min()) * 0.005


@limits(60, urgent=True)
async def test_a_call_silences_the_others_music(folder: pathlib.Path) -> None:
    """Missed, rejected, rung over the phone's own voice link, and dialled without ever being answered:
    from `callsetup` 1 or 2 on."""
    silent = []  # what happened, from when to when
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", *LOUD, "--set", "resume_delay_ms=200")
        a = await one.gateway("Phone A", A_HZ)
        await one.reach(a)
        b = await with_player(one, "Phone B", B_HZ)
        await plays(one, b)
        await asyncio.sleep(1)
        for how in ("missed", "rejected", "in band", "dialled"):
            if how == "in band":
                a.ring_in_band(True)
            own_sound = how in ("in band", "dialled")
            b.player.obeys = how != "missed"
            after, said = one.now, len(a.log)
            call = a.dial(BEN) if how == "dialled" else await a.ring(BEN)
            heard = await one.heard(a, after=after, kind="ring")
            await b.player.was_told(KEY.PAUSE)
            if not b.player.obeys:  # it takes its time: that it is silent at once is our doing
                await asyncio.sleep(0.4)
                await b.player.pause()
                b.player.obeys = True
            await one.watch.next("stream", after, phone=b.address, state="suspended")
            assert a.values["callsetup"] == 1 + (how == "dialled")
            if own_sound:
                await one.watch.next("voice", after, phone=a.address, state="open")
            await asyncio.sleep(1.3)
            end = one.now
            if how == "rejected":
                await one.call("Reject")
                assert lines(a, said) == ["AT+CHUP"]
            else:
                a.end(call)
            ended = await one.told(a, "ended", after)
            silent.append((how, own_sound, one.when(heard), one.when(ended)))
            await b.player.was_told(KEY.PLAY)
            await one.heard(b, after=end, kind="media")
            assert orders(one, b, after) == ["pause", "play"]
            await asyncio.sleep(1)
        assert not one.watch.of("call", state="active")
        await one.receiver.stop()
    ear = Heard(one.wav, (A_HZ, B_HZ))
    first = silent[0][2]
    steady = ear.sharpest(first - 0.5, first - 0.1)
    for how, own_sound, start, end in silent:
        assert ear.levels(B_HZ, start - 0.5, start - 0.05).min() > FULL, f"{how}: {ear.describe()}"
        assert ear.levels(B_HZ, start + LATE, end).max() < NOTHING, f"{how}: {ear.describe()}"
        assert fade(ear, B_HZ, start - 0.1, start + LATE) <= FADED, how
        assert ear.sharpest(start - 0.1, start + LATE) < 2 * steady, f"{how}: it clicks"
        own = ear.levels(A_HZ, start + LATE, end)
        assert has_ring(ear, start + LATE, end) != own_sound, how
        assert (own.max() > FULL) == own_sound, how
        assert ear.levels(B_HZ, end + 0.4, end + 1.2).max() > FULL, f"{how}: {ear.describe()}"


@limits(90)
async def test_a_call_that_waits_is_a_quiet_tone(folder: pathlib.Path) -> None:
    """It beeps over A's voice, B's voice link stays closed although B wants to ring over it, and the
    answer button means B. Who still rings when the active call ends rings in full."""
    habits = Habits(insists=1, insists_after=0.5)
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", *LOUD)
        a = await one.gateway("Phone A", A_HZ)
        b = await one.gateway("Phone B", B_HZ, features=Features(in_band=True), habits=habits)
        for phone in (a, b):
            await one.reach(phone)
        after = await talks(one, a)
        await asyncio.sleep(0.5)
        before = one.clock()
        call = await b.ring(BEN)
        waits = await one.told(b, "incoming", after)
        await b.until(lambda: b.voice.rejected, "its voice link is rejected")
        await asyncio.sleep(1.5)
        softer = one.clock()
        await one.call("Volume", percent=50, kind="call", phone=a.address)
        await asyncio.sleep(2.1)
        assert b.voice.opened == 0 and a.voice.link and a.calls.active and lines(a) == ["ATA"]
        assert [s["phone"] for s in one.watch.of("audible")[-1]["phones"]] == [a.address]
        waited = one.clock()
        await one.call("Answer", how="default")
        await one.spoken(b, after)
        assert (lines(a), lines(b)) == (["ATA", "AT+CHLD=2"], ["ATA"]) and b.calls.active == [call]
        answered = one.clock()
        await asyncio.sleep(1)
        talked = one.clock()
        # B's ends, A's comes back, and B rings again until A's ends, too.
        after = await hangs_up(one, b)
        await one.spoken(a, after)
        await b.ring(BEN)
        await one.told(b, "incoming", after)
        await asyncio.sleep(0.5)
        after = await hangs_up(one, a)
        rings = await one.heard(b, after=after, kind="ring")
        await asyncio.sleep(1.5)
        rang = one.clock()
        await one.call("Reject")
        await one.heard(after=after)
        never_two_voices(one)
        await one.receiver.stop()
    ear = Heard(one.wav, (A_HZ, B_HZ))
    start = one.when(waits)
    voice = [ear.levels(A_HZ, *when) for when in ((start - 0.4, softer), (softer + LATE, waited))]
    voice = [numpy.median(levels) for levels in voice]
    assert voice[0] > FULL and abs(voice[1] / voice[0] - HALF) < 0.03, voice
    assert ear.levels(B_HZ, start - 0.4, waited).max() < NOTHING, ear.describe()
    beeps = ear.levels(WAITS, before - 0.4, waited)
    begins = numpy.nonzero((beeps[1:] > 0.012) & (beeps[:-1] <= 0.012))[0] * 0.025 + before - 0.4
    assert len(begins) == 2 and abs(begins[0] - start) < LATE, begins
    assert abs(begins[1] - begins[0] - 3) < 0.1, begins
    # It is 12 dB softer than A's voice, whatever the volume.
    beeps = [ear.levels(WAITS, *when).max() for when in ((before, softer), (softer + LATE, waited))]
    for beep, level in zip(beeps, voice):
        assert abs(beep / level - 0.25) < 0.04, (beeps, voice)
    assert ear.levels(WAITS, answered + LATE, talked).max() < 0.02, "answered: nobody waits"
    assert numpy.median(ear.levels(B_HZ, answered + LATE, talked)) > FULL, ear.describe()
    # In full: the ring, or B's own over its voice link.
    full = ear.levels(B_HZ, one.when(rings) + 0.6, rang).max() > FULL
    assert full or has_ring(ear, one.when(rings), rang), ear.describe()
