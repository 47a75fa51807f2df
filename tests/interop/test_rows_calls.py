"""Rows 2, 8 to 10 and 13 to 15 of who is heard, where phones do not do as they are told: calls that are
not ended or held in time, voice links that do not come, or not by themselves. The rest of these rows is
in `test_two_calls`."""

import asyncio
import pathlib

from features import Features
from gateway import Gateway
from limits import limits
from rows import (
    A_HZ,
    ADA,
    B_HZ,
    BEN,
    CLEO,
    hangs_up,
    lines,
    never_two_voices,
    orders,
    plays,
    talks,
    two_callers,
    with_player,
)
from scene import Scene, scene


async def rings(one: Scene, gateway: Gateway, number: str = BEN) -> int:
    after = one.now
    await gateway.ring(number)
    await one.told(gateway, "incoming", after, number=number)
    return after


async def returns(one: Scene, a: Gateway, b: Gateway) -> None:
    """B's call ends, A's is heard here again, and ends."""
    after = await hangs_up(one, b)
    await a.has_voice()
    await one.heard(a, after=after, kind="call")
    await hangs_up(one, a)


@limits(90)
async def test_who_does_not_hold_in_two_seconds(folder: pathlib.Path) -> None:
    """Rows 9, 10 and 14: whoever says OK and neither holds nor ends, or refuses, keeps its call, which
    goes on at the phone."""
    async with scene(folder) as one:
        a, b = await two_callers(one)
        for how, line, answer, least, most in (
            ("hold", "AT+CHLD=2", "ERROR", 0, 1),
            ("hold", "AT+CHLD=2", "OK", 1.9, 3),
            ("end", "AT+CHUP", "OK", 1.9, 3),
            ("end", "AT+CHUP", "ERROR", 0, 1),
        ):
            await talks(one, a)
            a.habits.answers = {line: (answer,)}
            said, asked = len(a.log), len(b.log)
            after = await rings(one, b)
            await one.call("Answer", how=how)
            ordered, answered = await a.asked(line, said), await b.asked("ATA", asked)
            assert least <= answered - ordered < most, (how, answer, answered - ordered)
            await one.spoken(b, after)
            await one.watch.next("warning", after, code="call_on_phone")
            closed = await one.watch.next("voice", after, phone=a.address, state="closed")
            opened = await one.watch.next("voice", after, phone=b.address, state="open")
            assert closed["t"] <= opened["t"] and a.calls.active and a.on_handset
            a.habits.answers = {}
            await returns(one, a, b)
        never_two_voices(one)


@limits(90)
async def test_who_opens_the_voice_link(folder: pathlib.Path) -> None:
    """Rows 2, 14 and 15: of a phone that negotiates no codec we open it ourselves; a phone that opens
    none is asked once, and where none comes the call counts as on the phone."""
    features = Features(holds=("0", "1"), codecs=())
    async with scene(folder) as one:
        a, b = await two_callers(one, features=features)
        await talks(one, a)
        after = await rings(one, b)
        await one.call("Answer", how="hold")
        await one.spoken(b, after)
        assert a.calls.active and a.on_handset and lines(a) == ["ATA"]
        asked = a.voice.asked
        await returns(one, a, b)
        assert a.voice.asked == asked and a.voice.opened == 2, "we opened it"
        # B's call is answered on the handset: its claim stands, and the link is not dragged over.
        links, said = b.voice.opened, len(b.log)
        after = one.now
        call = await b.ring(BEN)
        await one.told(b, "incoming", after)
        b.answer(call, on_handset=True)
        await one.heard(b, after=after, kind="call")
        await asyncio.sleep(0.5)
        assert b.voice.opened == links and lines(b, said) == []
        await one.call("Voice", to="receiver")
        await one.spoken(b, after)
        await hangs_up(one, b)
        # It is answered here, and no link comes: after 3 s it is asked for, after 3 more given up.
        b.follow = lambda: None
        after = await rings(one, b)
        said = len(b.log)
        await one.call("Answer", how="default")
        await one.heard(b, after=after, kind="call")
        answered = await b.asked("ATA", said)
        wanted = await b.asked("AT+BCC", said)
        assert 2.9 < wanted - answered < 4, wanted - answered
        await one.watch.next("warning", after, code="call_on_phone")
        assert lines(b, said) == ["ATA", "AT+BCC"] and b.calls.active
        del b.follow
        # Another phone's call is heard meanwhile, and this one is ended from here all the same.
        await one.call("HangUp")
        await one.told(b, "ended", after)
        await talks(one, a)
        never_two_voices(one)


@limits(90)
async def test_whose_call_comes_back(folder: pathlib.Path) -> None:
    """Rows 8, 9 and 13: not the one whose phone has another call that waits; that rings in full. Nor one
    that its owner took back and held again."""
    async with scene(folder) as one:
        a, b = await two_callers(one)
        await talks(one, a)
        after = await rings(one, b)
        await one.call("Answer", how="hold")
        await one.spoken(b, after)
        assert a.calls.held
        # A's other caller waits while B speaks; B's ends.
        after = await rings(one, a, CLEO)
        said = len(a.log)
        await hangs_up(one, b)
        await one.heard(a, after=after, kind="ring")
        await asyncio.sleep(0.6)
        assert lines(a, said) == [] and a.calls.held and not a.calls.active
        # Answered, with the held one left as it is; ended, and the held one is not ours to take.
        await one.call("Answer", how="default", phone=a.address)
        await a.until(lambda: a.calls.active, "the second call is active")
        assert a.calls.active[0].number == CLEO, a.calls.all
        await one.spoken(a, after)
        await hangs_up(one, a)
        # Its owner takes the held one back, and holds it: it is his, not ours.
        await talks(one, a)
        after = await rings(one, b)
        await one.call("Answer", how="hold")
        await one.spoken(b, after)
        after, said = one.now, len(a.log)
        a.hold("2")
        await one.told(a, "active", after)
        assert b.voice.link and not a.voice.link
        after = one.now
        a.hold("2")
        await one.told(a, "held", after)
        after = await hangs_up(one, b)
        await one.heard(after=after)
        await asyncio.sleep(0.6)
        assert a.calls.held and lines(a, said) == []
        await hangs_up(one, a)
        # B's ends because B vanishes: A's comes back.
        await talks(one, a)
        after = await rings(one, b)
        await one.call("Answer", how="hold")
        await one.spoken(b, after)
        after, said = one.now, len(a.log)
        await b.phone.disconnect()
        await one.watch.next("phone", after, phone=b.address, state="disconnected")
        await one.spoken(a, after)
        assert lines(a, said)[0] == "AT+CHLD=2"
        await hangs_up(one, a)
        never_two_voices(one)


@limits(60)
async def test_music_and_calls_in_every_order(folder: pathlib.Path) -> None:
    """B plays, A calls, and the call is answered on A's handset: B stays paused for as long as it lasts,
    wherever its audio goes."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", "--set", "resume_delay_ms=200")
        a = await one.gateway("Phone A", A_HZ)
        await one.reach(a)
        b = await with_player(one, "Phone B", B_HZ)
        await plays(one, b)
        after = one.now
        call = await a.ring(ADA)
        await one.told(a, "incoming", after)
        a.answer(call, on_handset=True)
        await one.heard(a, after=after, kind="call")
        await one.watch.next("playback", after, phone=b.address, status="paused")
        for to in ("receiver", "phone"):
            await one.call("Voice", to=to)
            await a.has_voice(to == "receiver")
            await asyncio.sleep(0.5)
            assert orders(one, b, after) == ["pause"], to
        await hangs_up(one, a)
        await one.heard(b, after=after, kind="media")
        assert orders(one, b, after) == ["pause", "play"]
