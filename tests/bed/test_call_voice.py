"""A call from a phone over rootcanal, the dongle and isochronous transfers to what the ear hears, and
from the microphone back to the phone, in either codec."""

import asyncio
import pathlib

import speech
from features import Features
from heard import Heard
from limits import limits
from place import place, start
from speech import CVSD, MSBC, NAMES

MINE = 1000  # the receiver's microphone, Hz
SECONDS = 5
SETTINGS = {CVSD: 2, MSBC: 1}  # of the interface for voice


@limits(120, alone=True)
async def test_a_call_is_heard_both_ways_through_the_dongle(folder: pathlib.Path) -> None:
    calls = []
    async with place(folder) as (one, dongle):
        receiver = await start(one, "--microphone", f"tone:{MINE}")
        a = await one.gateway("Phone A", 500)
        await one.reach(a)
        for codec in (CVSD, MSBC):
            a.features = Features(codecs=(CVSD, MSBC)[:codec])
            a.voice.came.clear()
            after = one.now
            call = await a.ring("5550101")
            await one.told(a, "incoming", after)
            await one.call("Answer", how="default")
            await one.spoken(a, after)
            await dongle.sets(SETTINGS[codec])
            began = one.clock()
            await asyncio.sleep(SECONDS)
            calls.append((codec, began, one.clock()))
            a.end(call)
            await one.told(a, "ended", after)
            await a.has_voice(False)
            check_sent(a)
        await dongle.sets(0)
        status = await dongle.status()
        await receiver.stop()
    assert status["busy_changes"] == status["voice_out_garbled"] == 0, status
    # Late wake-ups of this kernel may cost a frame here and there.
    ear = Heard(one.wav, (500,))
    for codec, began, ended in calls:
        spans = [s for s in ear.played() if s.hz == 500 and s.end > began and s.start < ended]
        seconds = sum(span.seconds for span in spans)
        assert seconds > 0.85 * (ended - began), f"{NAMES[codec]}: {ear.describe()}"


def check_sent(a) -> None:
    """What came to the phone holds the receiver's microphone, without a byte astray."""
    octets = a.voice.octets()
    came = len(octets) / speech.OCTETS_A_SECOND[a.voice.codec]
    assert came > 0.9 * SECONDS, f"{came:.1f} s came"
    if a.voice.codec == MSBC:
        taken = speech.frames(octets)
        assert taken.astray < 0.02 * len(octets), taken
    rate = a.voice.rate
    sound = a.voice.sound()[rate:]
    # In pieces, so that a late frame costs its own piece alone.
    pieces = [sound[at : at + rate // 4] for at in range(0, len(sound) - rate // 4, rate // 4)]
    pure = [piece for piece in pieces if speech.purity(piece, MINE, rate) > 20]
    assert len(pure) > 0.7 * len(pieces), f"{len(pure)} of {len(pieces)} quarters of a second"
