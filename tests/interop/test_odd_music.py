"""Phones whose music is odd, each beside another phone that calls or plays: what the receiver's owner
hears is what they would hear of any phone, and no key is pressed that such a phone would take amiss."""

import asyncio
import itertools
import pathlib

import capture
from gateway import Gateway
from heard import Heard
from limits import limits
from odd_player import OddPlayer, Whims
from phone import Phone
from player import KEY, Player
from rows import ADA, A_HZ, B_HZ, C_HZ, hangs_up, orders, settled, talks, with_player
from scene import Scene, scene

AVCTP, RFCOMM = 0x17, 3
A_WHILE = 0.7  # seconds in which a tone is heard for certain
QUICK = ("--set", "pause_check_s=1", "--set", "blip_s=0.5")


async def beside(one: Scene, whims: Whims, *settings: str) -> tuple[Gateway, OddPlayer]:
    """A receiver, a phone A that calls, and a phone B without calls, whose player has whims and plays."""
    await one.start_receiver("--pair", "60", *QUICK, *settings)
    a = await one.gateway("Phone A", A_HZ)
    b = OddPlayer(await one.phone("Phone B", B_HZ), whims, one.folder)
    await one.reach(a)
    await b.join(one)
    await starts(one, b)
    return a, b


async def starts(one: Scene, player: Player) -> int:
    """Its owner presses play, and it is heard for a while; from there on."""
    after = one.now
    await player.play()
    await one.heard(player.phone, after=after, kind="media")
    await asyncio.sleep(A_WHILE)
    return after


async def rings(one: Scene, a: Gateway) -> int:
    """A call rings, and is heard; from there on."""
    after = one.now
    await a.ring(ADA)
    await one.heard(a, after=after, kind="ring")
    return after


async def paused(one: Scene, phone: Phone, after: int) -> None:
    """It was told to pause, and says that it did."""
    await one.watch.next("order", after, phone=phone.address, order="pause")
    await one.watch.next("playback", after, phone=phone.address, status="paused")


def never_heard(one: Scene, phone: Phone, after: int, before: int | None = None) -> None:
    events = [e for e in one.watch.events[after:before] if e["event"] == "audible"]
    heard = [e for e in events if phone.address in [source["phone"] for source in e["phones"]]]
    assert not heard, heard


def turns(one: Scene) -> list[int]:
    """The phones' tones as they were heard, one after the other."""
    played = Heard(one.wav, (A_HZ, B_HZ, C_HZ)).played()
    tones = [span.hz for span in played if span.hz > 0 and span.seconds > 0.2]
    return [hz for hz, _ in itertools.groupby(tones)]


@limits(60, urgent=True)
async def test_neither_remote_control_nor_calls(folder: pathlib.Path) -> None:
    """It is asked for neither; it is muted for a call, and heard again when that is over."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        a, b = await one.gateway("Phone A", A_HZ), await one.phone("Phone B", B_HZ)
        await one.reach(a)
        await one.join(b)
        after = one.now
        await b.play()
        await one.heard(b, after=after, kind="media")
        await asyncio.sleep(A_WHILE)
        after = await talks(one, a)
        await one.refused("NotSupported", "Media", action="pause", phone=b.address)
        await one.refused("NotSupported", "Dial", number=ADA, phone=b.address)
        await asyncio.sleep(A_WHILE)
        assert orders(one, b, after) == []
        after = await hangs_up(one, a)
        await one.heard(b, after=after, kind="media")
        await asyncio.sleep(A_WHILE)
        ups = {e["profile"] for e in one.watch.of("profile", phone=b.address)}
        assert ups == {"a2dp"}, ups
        await one.receiver.stop()
    assert turns(one) == [B_HZ, A_HZ, B_HZ]
    # A has calls and no remote control, B neither: whoever lacks something is not asked for it.
    asked = [int(psm, 16) for psm, in capture.tshark(one.capture, "btl2cap.psm", "btl2cap.psm")]
    assert AVCTP not in asked, asked


@limits(60, urgent=True)
async def test_pause_is_ignored(folder: pathlib.Path) -> None:
    """Row 6: it stays muted for as long as something else is heard, and nothing more is sent."""
    async with scene(folder) as one:
        a, b = await beside(one, Whims(ignores_pause=True))
        player = Player(a.phone, opens=True)
        await player.join(one)
        called = await rings(one, a)
        await one.watch.next("order", called, phone=b.phone.address, order="pause")
        await asyncio.sleep(1.5)
        await one.call("Answer", how="default")
        await one.spoken(a, called)
        await asyncio.sleep(A_WHILE)
        ended = await hangs_up(one, a)
        await one.heard(b.phone, after=ended, kind="media")
        never_heard(one, b.phone, called, ended)
        await asyncio.sleep(A_WHILE)
        await settled(one, a)
        # Another phone's music is as good as a call.
        played = await starts(one, player)
        await asyncio.sleep(1.5)
        never_heard(one, b.phone, played)
        await player.pause()
        await one.heard(b.phone, after=played, kind="media")
        await asyncio.sleep(A_WHILE)
        assert b.streams and b.pressed == [KEY.PAUSE] and player.pressed == []
        await one.receiver.stop()
    assert turns(one) == [B_HZ, A_HZ, B_HZ, A_HZ, B_HZ]


@limits(60, urgent=True)
async def test_it_plays_again_by_itself(folder: pathlib.Path) -> None:
    """In a call it is told each time, and never heard; after a call it is not told to do what it does."""
    async with scene(folder) as one:
        a, b = await beside(one, Whims(plays_again=2), "--set", "resume_delay_ms=1000")
        called = await talks(one, a)
        async with asyncio.timeout(5):
            while len(b.pressed) < 3:
                await asyncio.sleep(0.02)
        await asyncio.sleep(A_WHILE)
        ended = await hangs_up(one, a)
        never_heard(one, b.phone, called, ended)
        await one.heard(b.phone, after=ended, kind="media")
        await asyncio.sleep(A_WHILE)
        assert b.pressed == [KEY.PAUSE] * 3 + [KEY.PLAY]
        b.pressed.clear()
        # Now by itself between the end of the call and our PLAY.
        called = await rings(one, a)
        await paused(one, b.phone, called)
        ended = await hangs_up(one, a)
        await b.play()
        await one.heard(b.phone, after=ended, kind="media")
        await asyncio.sleep(1.3)
        assert b.pressed == [KEY.PAUSE]
        await one.receiver.stop()
    assert turns(one)[:3] == [B_HZ, A_HZ, B_HZ]


@limits(90, urgent=True)
async def test_suspend_comes_late(folder: pathlib.Path) -> None:
    """The stream stays open after a pause, with silence or nothing. It toggles, too: one PAUSE too many
    and it would play."""
    async with scene(folder) as one:
        a, b = await beside(one, Whims(suspends_after=2, toggles_on_pause=True))
        who = {"phone": b.phone.address}
        for b.whims.sends_silence in (False, True):
            # A call that is missed before the stream is suspended: it plays on without a START.
            after = await rings(one, a)
            await paused(one, b.phone, after)
            ended = await hangs_up(one, a)
            await one.watch.next("order", ended, **who, order="play")
            await one.heard(b.phone, after=ended, kind="media")
            await asyncio.sleep(A_WHILE)
            states = [e["state"] for e in one.watch.events[after:] if e["event"] == "stream"]
            assert states == [] and b.streams
            # One that outlasts it.
            after = await talks(one, a)
            await paused(one, b.phone, after)
            await one.watch.next("stream", after, **who, state="suspended")
            ended = await hangs_up(one, a)
            await one.heard(b.phone, after=ended, kind="media")
            await asyncio.sleep(A_WHILE)
            never_heard(one, b.phone, after, ended)
            await b.was_told(*[KEY.PAUSE, KEY.PLAY] * 2)
            # Its owner paused it, and its stream is still open: it is left alone.
            after = one.now
            await b.pause()
            await one.watch.next("playback", after, **who, status="paused")
            after = await talks(one, a)
            assert b.streams
            await asyncio.sleep(A_WHILE)
            await hangs_up(one, a)
            await one.watch.next("stream", after, **who, state="suspended")
            await asyncio.sleep(A_WHILE)
            assert b.pressed == [] and not b.plays
            await starts(one, b)
        # It loses the ear, and its owner wants it back before its stream is suspended.
        player = Player(a.phone, opens=True)
        await player.join(one)
        await settled(one, a, b.phone)
        after = await starts(one, player)
        await paused(one, b.phone, after)
        assert b.streams
        after = await starts(one, b)
        await paused(one, a.phone, after)
        states = [e["state"] for e in one.watch.events[after:] if e["event"] == "stream"]
        assert "playing" not in states and b.pressed == player.pressed == [KEY.PAUSE]
        await one.receiver.stop()
    assert turns(one) == [B_HZ, A_HZ] * 5 + [B_HZ]


@limits(60, urgent=True)
async def test_nothing_says_whether_it_plays(folder: pathlib.Path) -> None:
    """It has keys and no status, and toggles: it is told to pause while it sounds, and then alone."""
    async with scene(folder) as one:
        whims = Whims(says=False, toggles_on_pause=True, suspends_after=3, sends_silence=True)
        a, b = await beside(one, whims)
        called = await rings(one, a)
        await one.watch.next("order", called, phone=b.phone.address, order="pause")
        await asyncio.sleep(1.3)
        ended = await hangs_up(one, a)
        await one.watch.next("order", ended, phone=b.phone.address, order="play")
        await one.heard(b.phone, after=ended, kind="media")
        await b.was_told(KEY.PAUSE, KEY.PLAY)
        await asyncio.sleep(A_WHILE)
        assert b.plays
        await b.pause()
        await asyncio.sleep(A_WHILE)
        # Silence alone is no music.
        called = await talks(one, a)
        assert b.streams
        await hangs_up(one, a)
        await one.watch.next("stream", called, phone=b.phone.address, state="suspended")
        await asyncio.sleep(0.7)
        assert b.pressed == [] and not b.plays
        # It may take over by its sound.
        player = Player(a.phone, opens=True)
        await player.join(one)
        await settled(one, a)
        await starts(one, player)
        await starts(one, b)
        await paused(one, a.phone, called)
        await one.receiver.stop()
    assert turns(one)[-2:] == [A_HZ, B_HZ]


@limits(60, urgent=True)
async def test_start_without_playing(folder: pathlib.Path) -> None:
    """Row 17: it streams, and its player says that it is paused. Where nobody else is heard, it is; under
    music that is no start. It is told nothing: its keys toggle."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", *QUICK)
        a = await with_player(one, "Phone A", A_HZ)
        phone = await one.phone("Phone B", B_HZ)
        b = OddPlayer(phone, Whims(toggles_on_pause=True), folder)
        await b.join(one)

        async def streams(after: int) -> None:
            await phone.play()
            await one.watch.next("stream", after, phone=phone.address, state="playing")

        after = one.now
        await streams(after)
        await one.heard(phone, after=after, kind="media")
        await asyncio.sleep(A_WHILE)
        called = await talks(one, a)
        await asyncio.sleep(A_WHILE)
        ended = await hangs_up(one, a)
        await one.heard(phone, after=ended, kind="media")
        never_heard(one, phone, called, ended)
        # It loses the ear to a player that begins, and does not get it back by another START.
        await settled(one, a, phone)
        played = await starts(one, a.player)
        await phone.suspend()
        await streams(played)
        await asyncio.sleep(1.5)
        never_heard(one, phone, played)
        after = one.now
        await a.player.pause()
        await one.heard(phone, after=after, kind="media")
        await asyncio.sleep(A_WHILE)
        assert b.pressed == a.player.pressed == [] and orders(one, phone) == []
        await one.receiver.stop()
    assert turns(one) == [B_HZ, A_HZ, B_HZ, A_HZ, B_HZ]


@limits(60, urgent=True)
async def test_it_plays_as_soon_as_it_is_connected(folder: pathlib.Path) -> None:
    """Row 17: with remote control or without, it takes nothing over, however long it goes on; what its
    owner starts later does."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", *QUICK, "--set", "seats=3")
        a = Player(await one.phone("Phone A", A_HZ), opens=True)
        b = Player(await one.phone("Phone B", B_HZ), opens=True)
        c = await one.phone("Phone C", C_HZ)
        for phone in (b.phone, c):
            # This air stands still while it computes a key.
            await one.join(phone)
            await phone.disconnect()
        await a.join(one)
        came = await starts(one, a)
        await b.join(one)
        await b.play()
        await one.join(c)
        await c.play()
        await settled(one, b.phone, c)
        await asyncio.sleep(1)
        assert b.phone.pump.task and c.pump.task, "they play on"
        never_heard(one, b.phone, came)
        never_heard(one, c, came)
        assert a.pressed == b.pressed == [], "nobody is told anything"
        await b.pause()
        after = await starts(one, b)
        await one.watch.next("playback", after, phone=a.phone.address, status="paused")
        await c.suspend()
        after = one.now
        await c.play()
        await one.heard(c, after=after, kind="media")
        await asyncio.sleep(A_WHILE)
        assert a.pressed == b.pressed == [KEY.PAUSE]
        await one.receiver.stop()
    assert turns(one) == [A_HZ, B_HZ, C_HZ]
