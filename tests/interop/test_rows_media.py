"""Rows 16 and 17 of who is heard: two phones play at once, under each policy; what counts as a start, and
what each phone's own settings change. All settings change in mid-play."""

import asyncio
import pathlib

import numpy

import tone
from heard import Heard
from limits import limits
from player import KEY, Player
from rows import A_HZ, B_HZ, C_HZ, settled
from scene import Scene, scene

LOUD = ("--set", "volume.first=100")
PLAYED = 0.4  # of full scale
DUCKED = 0.25


async def player(one: Scene, name: str, hz: int) -> Player:
    music = Player(await one.phone(name, hz), opens=True)
    await music.join(one)
    return music


async def starts(one: Scene, music: Player) -> int:
    """It begins to play, heard or not; from there on."""
    after = one.now
    await music.play()
    await one.watch.next("playback", after, phone=music.phone.address, status="playing")
    await one.watch.next("stream", after, phone=music.phone.address, state="playing")
    return after


def audible(one: Scene) -> list[str]:
    return [source["phone"] for source in one.watch.of("audible")[-1]["phones"]]


@limits(90)
async def test_who_wins_as_it_is_set(folder: pathlib.Path) -> None:
    """Row 16: `first`, `first-mute`, `mix` and `last`."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", *LOUD, "--set", "takeover=first")
        a, b = await player(one, "Phone A", A_HZ), await player(one, "Phone B", B_HZ)
        both = [a.phone.address, b.phone.address]
        # The newcomer is told to pause.
        await starts(one, a)
        after = await starts(one, b)
        await b.was_told(KEY.PAUSE)
        await one.watch.next("stream", after, phone=b.phone.address, state="suspended")
        assert audible(one) == both[:1]
        # It streams unheard, and is heard when the other one ends.
        await one.call("Set", key="takeover", value="first-mute")
        await starts(one, b)
        await asyncio.sleep(0.8)
        assert audible(one) == both[:1] and (a.pressed, b.pressed) == ([], [])
        muted = one.clock()
        await asyncio.sleep(0.6)
        # Both are heard.
        after = one.now
        await one.call("Set", key="takeover", value="mix")
        mixed = one.when(await one.heard(a.phone, b.phone, after=after, kind="media"))
        await asyncio.sleep(1)
        both_end = one.clock()
        await settled(one, a.phone, b.phone)
        # One wins at once: the one that started last.
        after = one.now
        await one.call("Set", key="takeover", value="last")
        last = one.when(await one.heard(b.phone, after=after, kind="media"))
        await a.was_told(KEY.PAUSE)
        await one.watch.next("stream", after, phone=a.phone.address, state="suspended")
        await asyncio.sleep(0.6)
        # And the one that does so now.
        after = await starts(one, a)
        await one.heard(a.phone, after=after, kind="media")
        await b.was_told(KEY.PAUSE)
        assert a.pressed == []
        await one.receiver.stop()
    ear = Heard(one.wav, (A_HZ, B_HZ))

    def level(hz: int, start: float, end: float) -> float:
        return float(numpy.median(ear.levels(hz, start, end)))

    for start, end, first, second in (
        (muted, muted + 0.5, PLAYED, 0),
        (mixed + 0.3, both_end, PLAYED, PLAYED),
        (last + 0.2, last + 0.6, 0, PLAYED),
    ):
        found = level(A_HZ, start, end), level(B_HZ, start, end)
        wrong = [abs(is_ - should) > 0.1 * PLAYED for is_, should in zip(found, (first, second))]
        assert not any(wrong), f"{start:.2f}–{end:.2f} s: {found}; {ear.describe()}"


@limits(60)
async def test_whoever_plays_as_it_comes(folder: pathlib.Path) -> None:
    """Row 17: whatever starts within 5 s after connecting; with nobody audible it is heard at once."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", "--set", "blip_s=0.5")
        a = await player(one, "Phone A", A_HZ)
        after = await starts(one, a)
        await one.heard(a.phone, after=after, kind="media")
        assert one.when(one.watch.events[-1]) < 5 + one.when(one.watch.of("phone")[0])
        b = await player(one, "Phone B", B_HZ)
        after = await starts(one, b)
        await settled(one, b.phone)
        await asyncio.sleep(1.2)
        assert audible(one) == [a.phone.address] and (a.pressed, b.pressed) == ([], [])
        assert not [e for e in one.watch.events[after:] if e["event"] == "audible"]
        # Its owner starts it.
        await b.pause()
        after = await starts(one, b)
        await one.heard(b.phone, after=after, kind="media")
        await a.was_told(KEY.PAUSE)


@limits(90)
async def test_sound_that_nobody_announces(folder: pathlib.Path) -> None:
    """Row 17: a phone without a status takes over with `blip_s` of sound that is not silence; until then
    it is not heard, or ducked; and its owner may keep it from taking over."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", *LOUD, "--set", "blip_s=0.8")
        a = await player(one, "Phone A", A_HZ)
        c = await one.phone("Phone C", C_HZ)
        await one.join(c)
        await settled(one, a.phone, c)
        sound, silence = c.pump.music, tone.make(C_HZ, folder, 0.0)
        await starts(one, a)

        async def sounds(music: tone.Tone, seconds: float) -> tuple[float, float]:
            c.pump.music, after = music, one.now
            await c.play()
            start = one.when(await one.watch.next("stream", after, phone=c.address, state="playing"))
            await asyncio.sleep(seconds)
            end = one.clock()
            await c.suspend()
            await one.watch.next("stream", after, phone=c.address, state="suspended")
            await asyncio.sleep(0.3)
            return start, end

        after = one.now
        unheard = [await sounds(sound, 0.4), await sounds(silence, 1.4)]
        await one.call("Set", key="takeover", value="false", phone=c.address)
        unheard.append(await sounds(sound, 1.4))
        await one.call("Set", key="takeover", value="true", phone=c.address)
        assert not [e for e in one.watch.events[after:] if e["event"] == "audible"]
        # Ducked.
        await one.call("Set", key="blips", value="mix")
        ducked = await sounds(sound, 0.6)
        event = await one.heard(a.phone, c, after=after)
        assert [source["gain"] for source in event["phones"]] == [1.0, DUCKED], event
        after = one.watch.events.index(event)
        await one.heard(a.phone, after=after)
        await one.call("Set", key="blips", value="ignore")
        assert a.pressed == []
        # Long enough.
        await one.call("Set", key="blip_s", value="0.3")
        after = one.now
        await c.play()
        start = one.clock()
        await one.heard(c, after=after, kind="media")
        assert 0.25 < one.clock() - start < 1.5, f"{one.clock() - start:.2f} s"
        await a.was_told(KEY.PAUSE)
        await one.receiver.stop()
    ear = Heard(one.wav, (A_HZ, C_HZ))
    for start, end in unheard:
        assert ear.levels(C_HZ, start, end + 0.2).max() < 0.004, ear.describe()
        assert numpy.median(ear.levels(A_HZ, start, end)) > 0.9 * PLAYED
    start, end = ducked
    loudest = ear.levels(C_HZ, start, end + 0.2).max()
    assert abs(loudest - DUCKED * PLAYED) < 0.2 * DUCKED * PLAYED, loudest
    assert numpy.median(ear.levels(A_HZ, start, end)) > 0.9 * PLAYED
