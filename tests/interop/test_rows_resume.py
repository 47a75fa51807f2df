"""Rows 5, 6, 7, 21 and 22 of who is heard: who is told to pause, and who to play again, with the keys
that the phone's player saw. The delays are shortened."""

import asyncio
import contextlib
import pathlib

from bumble import avrcp

from limits import limits
from player import EVENTS, KEY, PAUSED, PLAYING
from rows import A_HZ, B_HZ, BEN, hangs_up, joins, orders, plays, switched_on, talks, with_player
from scene import Scene, scene
from steady import Steady

DELAY, CHECKED = 0.2, 0.8  # seconds until music is resumed, and until nobody will be any more
SHORT = ("--set", f"resume_delay_ms={DELAY * 1000:.0f}")


@contextlib.asynccontextmanager
async def two(folder: pathlib.Path, *arguments: str):
    """Two phones with calls and players; what one of them plays is heard at once."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "90", *SHORT, *arguments)
        a = await with_player(one, "Phone A", A_HZ)
        # The receiver opens its remote control: bumble may lose what comes while it does.
        b = await switched_on(one, "Phone B", B_HZ, opens=False)
        b.player.delegate.supported_events = [*EVENTS, avrcp.EventId.ADDRESSED_PLAYER_CHANGED]
        await joins(one, b)
        yield one, a, b


async def paused_for_a_call(one: Scene, a, b) -> int:
    """B plays, and is told to pause for A's call; from A's ring on."""
    await plays(one, b)
    after = await talks(one, a)
    await b.player.was_told(KEY.PAUSE)
    await one.watch.next("playback", after, phone=b.address, status="paused")
    await one.watch.next("stream", after, phone=b.address, state="suspended")
    return after


async def nobody_is_resumed(one: Scene, a, b, seconds: float = CHECKED) -> None:
    """A's call ends, and no key follows."""
    await hangs_up(one, a)
    await asyncio.sleep(seconds)
    assert (a.player.pressed, b.player.pressed) == ([], [])


@limits(90)
async def test_only_what_we_paused_is_resumed(folder: pathlib.Path) -> None:
    """Row 5, one reason to forget it after the other; settings that change in mid-call."""
    async with two(folder) as (one, a, b):
        # Once, after the delay.
        after = await paused_for_a_call(one, a, b)
        await one.call("Set", key="resume_delay_ms", value="900")
        await hangs_up(one, a)
        ended = await one.told(a, "ended", after)
        await b.player.was_told(KEY.PLAY)
        ordered = await one.watch.next("order", after, phone=b.address, order="play")
        assert 0.89 < ordered["t"] - ended["t"] < 1.4, ordered["t"] - ended["t"]
        await one.heard(b, after=after, kind="media")
        await asyncio.sleep(CHECKED)
        assert b.player.pressed == [], "once"
        await b.player.pause()
        # Its owner is quicker.
        await paused_for_a_call(one, a, b)
        after = await hangs_up(one, a)
        await b.player.play()
        await one.heard(b, after=after, kind="media")
        await asyncio.sleep(1.2)
        assert b.player.pressed == [], "it plays already"
        await b.player.pause()
        await one.call("Set", key="resume_delay_ms", value=f"{DELAY * 1000:.0f}")
        # Its player stops.
        after = await paused_for_a_call(one, a, b)
        await b.player.stop()
        await one.watch.next("playback", after, phone=b.address, status="stopped")
        await nobody_is_resumed(one, a, b)
        # Another of its players is chosen.
        await paused_for_a_call(one, a, b)
        other = avrcp.AddressedPlayerChangedEvent.Player(player_id=7, uid_counter=0)
        b.player.protocol.notify_addressed_player_changed(other)
        await nobody_is_resumed(one, a, b)
        # Another phone starts.
        await paused_for_a_call(one, a, b)
        after = one.now
        await a.player.play()
        await one.watch.next("playback", after, phone=a.address, status="playing")
        await nobody_is_resumed(one, a, b)
        await one.heard(a, after=after, kind="media")
        await a.player.pause()
        # It is turned off, in mid-call.
        after = await paused_for_a_call(one, a, b)
        await one.call("Set", key="resume", value="never")
        await nobody_is_resumed(one, a, b)
        await one.call("Set", key="resume", value="auto")
        # It has taken too long.
        await one.call("Set", key="resume_within", value="1")
        await paused_for_a_call(one, a, b)
        await asyncio.sleep(1.3)
        await nobody_is_resumed(one, a, b)
        await one.call("Set", key="resume_within", value="600")
        # The link goes, and comes back.
        after = await paused_for_a_call(one, a, b)
        await b.phone.disconnect()
        await one.watch.next("phone", after, phone=b.address, state="disconnected")
        await b.player.join(one)
        await nobody_is_resumed(one, a, b)


@limits(90)
async def test_who_is_told_to_pause_and_how_often(folder: pathlib.Path) -> None:
    """Rows 6 and 7."""
    async with two(folder, "--set", "pause_check_s=0.5") as (one, a, b):
        # Play in mid-call, where nothing had played before.
        after = await talks(one, a)
        await b.player.play()
        await b.player.was_told(KEY.PAUSE)
        await one.watch.next("playback", after, phone=b.address, status="paused")
        await nobody_is_resumed(one, a, b)
        audible = [s["kind"] for e in one.watch.of("audible") for s in e["phones"]]
        assert "media" not in audible, audible
        # It streams, and says that it is paused: the key might make it play.
        b.player._is(PAUSED)
        await b.phone.play()
        after = await talks(one, a)
        await asyncio.sleep(0.8)
        assert b.player.pressed == [] and orders(one, b, after) == []
        await b.phone.suspend()
        await nobody_is_resumed(one, a, b)
        # It does not pause: it stays unheard, and nothing more is sent.
        b.player.obeys = False
        await plays(one, b)
        after = await talks(one, a)
        await b.player.was_told(KEY.PAUSE)
        await asyncio.sleep(1.2)
        assert b.player.pressed == [] and orders(one, b, after) == ["pause"]
        heard = [s for e in one.watch.events[after:] if e["event"] == "audible" for s in e["phones"]]
        assert {source["phone"] for source in heard} == {a.address}
        after = await hangs_up(one, a)
        await one.heard(b, after=after, kind="media")
        await asyncio.sleep(CHECKED)
        assert b.player.pressed == []


@limits(90)
async def test_the_assistant_pauses_music(folder: pathlib.Path) -> None:
    """Row 22, begun and ended by either side; a call goes before it, and it is for the phone used for
    a call last."""
    async with two(folder) as (one, a, b):
        for ours in (True, False):
            await plays(one, b)
            after, said = one.now, len(a.log)
            if ours:
                await one.call("Assistant", on=True, phone=a.address)
                await a.asked("AT+BVRA=1", said)
            else:
                a.assist(True)
            await one.heard(a, after=after, kind="assistant")
            await one.watch.next("voice", after, phone=a.address, state="open")
            await b.player.was_told(KEY.PAUSE)
            await one.watch.next("stream", after, phone=b.address, state="suspended")
            # It is no call: nothing rings, and music pressed now is not heard.
            assert not [e for e in one.watch.events[after:] if e["event"] == "call"]
            if ours:
                a.assist(False)
            else:
                await one.call("Assistant", on=False, phone=a.address)
                await a.asked("AT+BVRA=0", said)
            await b.player.was_told(KEY.PLAY)
            await one.heard(b, after=after, kind="media")
            await one.watch.next("voice", after, phone=a.address, state="closed")
            await b.player.pause()
        # A call of another phone goes before it.
        after = one.now
        a.assist(True)
        await one.heard(a, after=after, kind="assistant")
        await b.ring(BEN)
        await one.heard(b, after=after, kind="ring")
        await one.call("Answer", how="default")
        await one.spoken(b, after)
        assert not a.voice.link
        a.assisting = False
        await hangs_up(one, b)
        # The phone used for a call last is meant where none is named.
        said = len(b.log)
        await one.call("Assistant", on=True)
        await b.asked("AT+BVRA=1", said)


@limits(90)
async def test_who_was_lost_plays_again(folder: pathlib.Path) -> None:
    """Row 21: after a link loss, if nobody else is heard; not where it went on purpose."""
    async with scene(folder) as one:
        dongle = Steady(one.port)
        controller = await dongle.plug_in()
        one.stack.callback(dongle.unplug)
        await one.start_receiver("--pair", "90", *SHORT, controller=controller)
        a = await with_player(one, "Phone A", A_HZ)
        b = await with_player(one, "Phone B", B_HZ)
        for lost, taken in ((True, False), (True, True), (False, False)):
            await plays(one, b)
            dongle.loses = lost
            after = one.now
            await b.phone.disconnect()
            await one.watch.next("phone", after, phone=b.address, state="disconnected")
            b.player.delegate.playback_status = PAUSED
            if taken:
                await plays(one, a)
            back = one.now
            if lost and not taken:  # the receiver pages it at once, and opens what it has
                for profile in ("a2dp", "avrcp"):
                    up = {"phone": b.address, "profile": profile, "up": True}
                    await one.watch.next("profile", after, **up)
            else:
                await b.player.join(one)
            if lost and not taken:
                await b.player.was_told(KEY.PLAY, seconds=8)
                await one.heard(b, after=back, kind="media")
                await b.player.pause()
            else:
                await asyncio.sleep(1)
                assert b.player.pressed == [], f"lost: {lost}, taken: {taken}"
            if taken:
                await a.player.pause()
        assert PLAYING not in (a.player.delegate.playback_status, b.player.delegate.playback_status)
