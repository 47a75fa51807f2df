"""Phones that come and go oddly: everything twice, everything at once, and back as soon as they were put
out. Each profile works once, and nobody else notices."""

import asyncio
import pathlib
from functools import partial

from bumble import l2cap

from gateway import Gateway
from heard import Heard
from limits import limits
from phone import Phone
from player import KEY, Player
from rows import A_HZ, B_HZ, C_HZ, hangs_up, plays, talks, with_player
from scene import Scene, scene
from test_pairing import refused

AVDTP, AVCTP, RFCOMM = 25, 23, 3
INITIATIVE = 2.0  # seconds after which the receiver opens what a phone has not


def ups(one: Scene, phone: Phone, after: int = 0) -> dict[str, int]:
    """How often each of its profiles came up more than it went down."""
    told: dict[str, int] = {}
    for event in one.watch.events[after:]:
        if event["event"] == "profile" and event["phone"] == phone.address:
            profile = event["profile"]
            told[profile] = told.get(profile, 0) + (1 if event["up"] else -1)
    return told


async def works(one: Scene, a: Gateway) -> None:
    """Its music is heard and pauses by our key; a call is spoken in, and ends."""
    after = await plays(one, a)
    a.player.pressed.clear()
    await one.call("Media", action="pause", phone=a.address)
    await one.watch.next("playback", after, phone=a.address, status="paused")
    await one.watch.next("stream", after, phone=a.address, state="suspended")
    assert a.player.pressed == [KEY.PAUSE]
    await talks(one, a)
    await hangs_up(one, a)


@limits(60, urgent=True)
async def test_each_channel_twice(folder: pathlib.Path) -> None:
    """A second channel for signalling, control and lines, while the first ones are in use."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        a = await with_player(one, "Phone A", A_HZ)
        await plays(one, a)
        for psm in (AVDTP, AVCTP, RFCOMM):
            try:
                spec = l2cap.ClassicChannelSpec(psm)
                opening = a.phone.connection.create_l2cap_channel(spec=spec)
                channel = await asyncio.wait_for(opening, 3)
                print(f"{psm}: open", flush=True)
                await asyncio.sleep(0.3)
                await asyncio.wait_for(channel.disconnect(), 3)
            except Exception as error:  # turned away, however that is told
                print(f"{psm}: {error!r}", flush=True)
        await asyncio.sleep(0.3)
        after = one.now
        await a.player.pause()
        await one.heard(after=after)
        await works(one, a)
        assert ups(one, a.phone) == {"a2dp": 1, "avrcp": 1, "hfp": 1}
        assert not one.watch.of("phone", state="disconnected")
        await one.receiver.stop()
    ear = Heard(one.wav, (A_HZ,))
    music = next(span for span in ear.played() if span.hz == A_HZ)
    assert music.seconds > 1 and not ear.breaks(music), ear.describe()


@limits(60)
async def test_all_profiles_twice(folder: pathlib.Path) -> None:
    """It closes all of them as soon as they are up, and opens them once more."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        a = await with_player(one, "Phone A", A_HZ)
        after = one.now
        await a.line.close()
        await a.player.protocol.avctp_protocol.l2cap_channel.disconnect()
        await a.phone.stream.close()
        await a.phone.protocol.l2cap_channel.disconnect()
        a.phone.protocol = None
        for profile in ("a2dp", "avrcp", "hfp"):
            await one.watch.next("profile", after, phone=a.address, profile=profile, up=False)
        assert a.phone.connection
        await asyncio.gather(
            a.open(), a.phone.open_music(), a.player.protocol.connect(a.phone.connection)
        )
        for profile in ("a2dp", "avrcp", "hfp"):
            await one.watch.next("profile", after, phone=a.address, profile=profile, up=True)
        await asyncio.sleep(INITIATIVE + 0.5)
        assert ups(one, a.phone) == {"a2dp": 1, "avrcp": 1, "hfp": 1}
        await works(one, a)
        await one.receiver.stop()


@limits(90)
async def test_both_sides_at_once(folder: pathlib.Path) -> None:
    """It opens its profiles at the very moment at which the receiver loses patience and does, too."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "90")
        a = await one.gateway("Phone A", A_HZ)
        a.player = Player(a.phone, opens=False)
        for late in (0.0, 0.01, 0.03):
            came = one.now
            await a.phone.connect(one.receiver.address)
            await asyncio.sleep(INITIATIVE - late)
            opening = (a.open, a.phone.open_music, partial(a.player.protocol.connect, a.phone.connection))
            outcomes = await asyncio.gather(*(open() for open in opening), return_exceptions=True)
            print(f"{late}: {outcomes}", flush=True)
            for profile in ("a2dp", "avrcp", "hfp"):
                await one.watch.next("profile", came, phone=a.address, profile=profile, up=True)
            await a.opened()
            await a.phone.opened()
            await asyncio.sleep(0.5)
            assert ups(one, a.phone, came) == {"a2dp": 1, "avrcp": 1, "hfp": 1}
            await works(one, a)
            after = one.now
            await a.phone.disconnect()
            await one.watch.next("phone", after, phone=a.address, state="disconnected")


@limits(90, urgent=True)
async def test_back_at_once_after_eviction(folder: pathlib.Path) -> None:
    """Promise 4: two phones that come back by themselves do not push each other out for ever, and the
    one that is heard notices nothing."""
    seconds = 6
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "90", "--set", f"evicted_for_s={seconds}")
        a, b, c = [
            await one.phone(f"Phone {name}", hz)
            for name, hz in (("A", A_HZ), ("B", B_HZ), ("C", C_HZ))
        ]
        for phone in (b, c):
            # This air stands still while it computes a key.
            await one.join(phone)
            await phone.disconnect()
        await one.join(a)
        await one.join(b)
        after = one.now
        await a.play()
        await one.heard(a, after=after)
        await one.join(c)
        evicted = await one.watch.next("evicted", after)
        assert (evicted["phone"], evicted["by"]) == (b.address, c.address)
        await asyncio.wait_for(b.disconnected.wait(), 5)
        after = one.now
        tries = 0
        while one.watch.events[-1]["t"] - evicted["t"] < seconds - 3:
            await refused(b, receiver.address)
            tries += 1
        assert tries > 1 and c.connection and a.connection
        assert not [e for e in one.watch.events[after:] if e["event"] == "evicted"]
        # A seat that is free is given to it all the same.
        await c.disconnect()
        await one.watch.next("phone", after, phone=c.address, state="disconnected")
        await one.join(b)
        # And after a while it may put out another again.
        after = one.now
        await one.join(c)
        evicted = await one.watch.next("evicted", after)
        assert evicted["phone"] == b.address
        await asyncio.wait_for(b.disconnected.wait(), 5)
        await asyncio.sleep(seconds)
        after = one.now
        await one.join(b)
        evicted = await one.watch.next("evicted", after)
        assert (evicted["phone"], evicted["by"]) == (c.address, b.address)
        assert a.connection and not one.watch.of("phone", phone=a.address, state="disconnected")
        await receiver.stop()
    ear = Heard(one.wav, (A_HZ, B_HZ, C_HZ))
    assert [span.hz for span in ear.played()] == [A_HZ], ear.describe()
    assert not ear.breaks(ear.played()[0]), ear.breaks(ear.played()[0])[:8]
