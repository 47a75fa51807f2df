"""Phones whose calls are odd, each beside another phone that is in a call or plays: the other's call is
spoken in and its music is heard as beside any phone. Voice and music of A are 1000 Hz, of B 1600 Hz."""

import asyncio
import itertools
import pathlib

from bumble import hci

from calls import State
from features import Features, Habits
from gateway import Gateway
from heard import Heard
from limits import limits
from player import KEY, Player
from rows import (
    A_HZ,
    ADA,
    B_HZ,
    BEN,
    C_HZ,
    hangs_up,
    lines,
    never_two_voices,
    orders,
    talks,
    two_callers,
)
from scene import Scene, scene

NO_ROOM = hci.HCI_CONNECTION_REJECTED_DUE_TO_LIMITED_RESOURCES_ERROR
A_WHILE = 0.7  # seconds in which a tone is heard for certain


async def music(one: Scene, gateway: Gateway) -> Player:
    """Its player plays, and is heard for a while."""
    player = Player(gateway.phone, opens=True)
    await player.join(one)
    after = one.now
    await player.play()
    await one.heard(gateway, after=after, kind="media")
    await asyncio.sleep(A_WHILE)
    return player


def turns(one: Scene) -> list[int]:
    """The phones' tones as they were heard, one after the other."""
    played = Heard(one.wav, (A_HZ, B_HZ, C_HZ)).played()
    tones = [span.hz for span in played if span.hz > 0 and span.seconds > 0.2]
    return [hz for hz, _ in itertools.groupby(tones)]


@limits(60, urgent=True)
async def test_no_ring_of_its_own(folder: pathlib.Path) -> None:
    """Row 1: the ring is ours, and no voice link is opened for it; the music comes back."""
    async with scene(folder) as one:
        a, b = await two_callers(one, Features(in_band=False))
        player = await music(one, b)
        after = one.now
        start = one.clock()
        call = await a.ring(ADA)
        await one.heard(a, after=after, kind="ring")
        await one.watch.next("playback", after, phone=b.address, status="paused")
        await asyncio.sleep(1.5)
        assert not a.voice.link and a.voice.asked == 0
        end = one.clock()
        a.end(call)
        await one.heard(b, after=after, kind="media")
        await asyncio.sleep(A_WHILE)
        assert player.pressed == [KEY.PAUSE, KEY.PLAY]
        await one.receiver.stop()
    assert turns(one) == [B_HZ], "the phone that rings is not heard itself"
    ear = Heard(one.wav, (A_HZ, B_HZ))
    ring = [s for s in ear.played() if s.hz < 0 and start - 0.3 < s.start and s.end < end + 0.8]
    assert sum(span.seconds for span in ring) > 0.6, ear.describe()


@limits(60, urgent=True)
async def test_a_hold_that_is_none(folder: pathlib.Path) -> None:
    """Rows 9 and 14: no hold listed; an error; OK, and nothing else. Its call goes on at the phone, and
    its voice comes back when the other call is over."""
    nothing_listed = Features(holds=())
    async with scene(folder) as one:
        a, b = await two_callers(one, nothing_listed)
        for features, answers, asks in (
            (nothing_listed, {}, 0),
            (Features(), {"AT+CHLD=2": ("ERROR",)}, 1),
            (Features(), {"AT+CHLD=2": ("OK",)}, 1),
        ):
            if a.features != features:
                after = one.now
                await a.line.close()
                await one.watch.next("profile", after, phone=a.address, profile="hfp", up=False)
                a.features = features
                await one.reach(a)
            a.habits.answers = answers
            await talks(one, a)
            await asyncio.sleep(A_WHILE)
            after, said, taken = one.now, len(a.log), len(b.log)
            await b.ring(BEN)
            await one.told(b, "incoming", after, number=BEN)
            pressed = asyncio.get_running_loop().time()
            await one.call("Answer", how="hold")
            answered = await b.asked("ATA", taken)
            # An error is as good as no hold; an OK has two seconds to come true.
            waited = answers.get("AT+CHLD=2") == ("OK",)
            assert (1.8 < answered - pressed) == waited, f"{answered - pressed:.2f} s"
            await one.watch.next("warning", after, code="call_on_phone")
            closed = await one.watch.next("voice", after, phone=a.address, state="closed")
            await one.spoken(b, after)
            opened = await one.watch.next("voice", after, phone=b.address, state="open")
            assert closed["t"] <= opened["t"] and a.calls.active and a.on_handset
            assert lines(a, said) == ["AT+CHLD=2"] * asks
            await asyncio.sleep(A_WHILE)
            after, said = one.now, len(a.log)
            await hangs_up(one, b)
            await a.asked("AT+BCC", said)
            await a.has_voice()
            await one.heard(a, after=after, kind="call")
            await asyncio.sleep(A_WHILE)
            assert lines(a, said) == ["AT+BCC"]
            await hangs_up(one, a)
        never_two_voices(one)
        await one.receiver.stop()
    assert turns(one) == [A_HZ, B_HZ, A_HZ, B_HZ, A_HZ, B_HZ, A_HZ]


@limits(60, urgent=True)
async def test_a_microphone_that_insists(folder: pathlib.Path) -> None:
    """Rows 15 and 23: a computer's voice link is rejected as often as it asks while another phone's call
    is on, and is a voice session once that is over."""
    async with scene(folder) as one:
        a, b = await two_callers(one, habits=Habits(insists=30, insists_after=0.2))
        await talks(one, b)
        after, said = one.now, len(a.log)
        a.listen(True)
        await a.until(lambda: len(a.voice.rejected) >= 8, "it is turned away again and again")
        assert set(a.voice.rejected) == {NO_ROOM} and a.voice.opened == 0
        assert len([text for _, text in a.log[said:] if text.startswith("AT+BCS=")]) >= 4
        told = orders(one, a, after)
        assert told and set(told) == {"reject_voice"}, told
        assert b.voice.link and not [e for e in one.watch.events[after:] if e["event"] == "call"]
        ended = await hangs_up(one, b)
        await a.has_voice()
        await one.heard(a, after=ended, kind="voice")
        await asyncio.sleep(A_WHILE)
        await one.call("HangUp")
        await a.has_voice(False)
        never_two_voices(one)
        await one.receiver.stop()
    assert turns(one) == [B_HZ, A_HZ]


@limits(60, urgent=True)
async def test_an_open_microphone_keeps_no_seat(folder: pathlib.Path) -> None:
    """A computer's voice session silences music and gives way to a call; and when a third phone comes,
    the computer goes: to have been heard with a session is not to have been heard."""
    async with scene(folder) as one:
        # The third phone is paired before: this air stands still while it computes a key.
        await one.start_receiver("--pair", "60")
        c = await one.phone("Phone C", C_HZ)
        await one.join(c)
        after = one.now
        await c.disconnect()
        await one.watch.next("phone", after, phone=c.address, state="disconnected")
        a, b = await two_callers(one)
        player = await music(one, b)
        after = one.now
        a.listen(True)
        await one.heard(a, after=after, kind="voice")
        await one.watch.next("playback", after, phone=b.address, status="paused")
        await asyncio.sleep(A_WHILE)
        # The same phone's call is one, and takes it from there.
        after = one.now
        await b.ring(BEN)
        await one.heard(b, after=after, kind="ring")
        await one.watch.next("voice", after, phone=a.address, state="closed")
        await one.call("Answer", how="default")
        await one.spoken(b, after)
        await asyncio.sleep(A_WHILE)
        assert lines(a) == [], "a session is neither held nor ended with commands"
        await hangs_up(one, b)
        after = one.now
        a.on_handset = False
        a.listen(True)
        await one.heard(a, after=after, kind="voice")
        await c.connect(one.receiver.address)
        evicted = await one.watch.next("evicted", after)
        assert (evicted["phone"], evicted["by"]) == (a.address, c.address)
        await asyncio.wait_for(a.phone.disconnected.wait(), 5)
        assert b.phone.connection and KEY.PLAY not in player.pressed[:1]
        await one.receiver.stop()
    assert turns(one)[:3] == [B_HZ, A_HZ, B_HZ]


@limits(60)
async def test_a_call_that_its_owner_holds(folder: pathlib.Path) -> None:
    """Row 13: it was on hold before the phone came, and nothing that happens elsewhere takes it off."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        a, b = await one.gateway("Phone A", A_HZ), await one.gateway("Phone B", B_HZ)
        await one.reach(b)
        call = a.calls.ring(ADA)
        a.calls.answer(call)
        a.hold("2")
        await one.reach(a)
        await one.told(a, "held", number=ADA)
        said = len(a.log)
        for how in ("hold", "end"):
            after = one.now
            await b.ring(BEN)
            await one.told(b, "incoming", after, number=BEN)
            await one.call("Answer", how=how)
            await one.spoken(b, after)
            await hangs_up(one, b)
            await one.heard(after=after)
        # Nor does what its owner hears meanwhile: music comes back, this call does not.
        player = await music(one, b)
        after = await talks(one, b, BEN)
        await player.pause()
        await hangs_up(one, b)
        await asyncio.sleep(1)
        assert lines(a, said) == [] and orders(one, a) == [] and call.state == State.HELD
        # Its owner takes it off again there.
        after = one.now
        a.hold("2")
        await one.told(a, "active", after)
        await one.spoken(a, after)
        await hangs_up(one, a)


@limits(60, urgent=True)
async def test_a_softphone(folder: pathlib.Path) -> None:
    """Row 23: its voice link comes first, then `call` alone, and never `callsetup`. Beside music it is a
    session and then a call; beside a call it waits."""
    habits = Habits(tells=("call",), voice_first=True, insists=20, insists_after=0.2)
    async with scene(folder) as one:
        a, b = await two_callers(one, habits=habits)
        player = await music(one, b)
        after = one.now
        call = await a.ring(ADA)
        await one.heard(a, after=after, kind="voice")
        a.answer(call)
        await one.told(a, "active", after, number=ADA)
        await one.heard(a, after=after, kind="call")
        await asyncio.sleep(A_WHILE)
        await hangs_up(one, a)
        await one.heard(b, after=after, kind="media")
        await asyncio.sleep(A_WHILE)
        assert player.pressed == [KEY.PAUSE, KEY.PLAY]
        await player.pause()
        await talks(one, b, BEN)
        after = one.now
        call = a.calls.ring(ADA)
        a.follow()
        await a.until(lambda: len(a.voice.rejected) >= 4, "it is turned away again and again")
        a.answer(call)
        await one.told(a, "active", after, number=ADA)
        await asyncio.sleep(A_WHILE)
        assert set(a.voice.rejected) == {NO_ROOM} and not a.voice.link and b.voice.link
        assert lines(b) == ["ATA"], "nobody asked for room"
        ended = await hangs_up(one, b)
        await one.heard(a, after=ended, kind="call")
        await a.has_voice()
        await asyncio.sleep(A_WHILE)
        await hangs_up(one, a)
        never_two_voices(one)
        await one.receiver.stop()
    assert turns(one) == [B_HZ, A_HZ, B_HZ, A_HZ]
