"""Two things in one instant: whichever comes first, at most one voice link is open, nobody is told
twice, and everything settles."""

import asyncio
import contextlib
import pathlib

from limits import limits
from player import KEY
from receiver import Error
from rows import (
    A_HZ,
    ADA,
    B_HZ,
    BEN,
    hangs_up,
    lines,
    never_two_voices,
    orders,
    plays,
    settled,
    talks,
    two_callers,
    with_player,
)
from scene import Scene, scene


async def presses(one: Scene, verb: str, **parameters) -> str:
    """Presses a button that may be for nobody by now; what comes of it."""
    try:
        await one.call(verb, **parameters)
        return "ok"
    except Error as error:
        return error.name


async def rests(one: Scene, *phones) -> None:
    """All calls end, nothing is heard, and no phone is thought to have a call."""
    after = one.now
    for phone in phones:
        if phone.calls.all:
            await hangs_up(one, phone)
        phone.on_handset = False
        await phone.has_voice(False)
    if one.watch.of("audible")[-1]["phones"]:
        await one.heard(after=after)
    for known in (await one.call("Status"))["phones"]:
        assert known["calls"] == [], known
    never_two_voices(one)


@limits(120)
async def test_calls_that_meet(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        a, b = await two_callers(one, seconds=90)

        # Both ring, and the button is pressed at once: it is one of them, and the other one waits.
        after = one.now
        await asyncio.gather(a.ring(ADA), b.ring(BEN))
        await one.watch.next("call", after, state="incoming")
        assert await presses(one, "Answer", how="default") == "ok"
        taken, waits = (a, b) if a.calls.active else (b, a)
        await one.spoken(taken, after)
        await one.told(waits, "incoming", after)
        assert waits.calls.ringing and lines(waits) == []
        # It ends in the instant that the other one is given up and rings again.
        after = one.now
        taken.end(*taken.calls.all)
        waits.end(*waits.calls.all)
        await waits.ring(BEN)
        await one.told(taken, "ended", after)
        await one.heard(waits, after=after, kind="ring")
        await rests(one, a, b)

        # The caller gives up as it is answered: here, and there.
        for n in range(4):
            after, said = one.now, len(b.log)
            call = await b.ring(BEN)
            await one.told(b, "incoming", after, number=BEN)
            pressed = asyncio.create_task(presses(one, "Answer", how="default"))
            await asyncio.sleep(0.002 * n)
            if call in b.calls.all:
                b.end(call)
            assert await pressed in ("ok", "Refused", "NothingToAnswer", "NoCall"), pressed
            await one.told(b, "ended", after)
            assert lines(b, said) in ([], ["ATA"])
            await rests(one, a, b)
        after, said = one.now, len(b.log)
        call = await b.ring(BEN)
        await one.told(b, "incoming", after, number=BEN)
        pressed = asyncio.create_task(presses(one, "Answer", how="default"))
        b.answer(call)
        await pressed
        await one.spoken(b, after)
        assert b.calls.active == [call]
        # It is hung up on both sides.
        pressed = asyncio.create_task(presses(one, "HangUp"))
        b.end(call)
        assert await pressed in ("ok", "Refused", "NoCall")
        await one.told(b, "ended", after)
        await rests(one, a, b)

        # Both dial.
        after = one.now
        a.dial(ADA)
        b.dial(BEN)
        for phone in (a, b):
            await one.told(phone, "outgoing", after)
        await asyncio.sleep(0.5)
        heard = one.watch.of("audible")[-1]["phones"]
        assert len(heard) == 1 and heard[0]["kind"] == "ring", heard
        assert (a.voice.link is None) != (b.voice.link is None)
        await rests(one, a, b)


@limits(120)
async def test_buttons_that_are_pressed_twice(folder: pathlib.Path) -> None:
    """Twice is not the opposite of once; and what was asked for may be overtaken."""
    async with scene(folder) as one:
        a, b = await two_callers(one, seconds=90)
        async def slowly(verb: str, steps: tuple, **parameters) -> None:
            """Pressed at first, and again at each step that a phone takes its time for."""
            pressed = []
            for phone, line, _ in steps:
                phone.habits.answers = {line: ()}
            for phone, line, does in steps:
                said = len(phone.log)
                for _ in range(2):
                    pressed.append(asyncio.create_task(presses(one, verb, **parameters)))
                await phone.asked(line, said)
                pressed.append(asyncio.create_task(presses(one, verb, **parameters)))
                await asyncio.sleep(0.2)
                phone.habits.answers = {}
                phone.tell("OK")
                does()
            assert "ok" in await asyncio.gather(*pressed), pressed

        # Answered again and again.
        after = await talks(one, a)
        call = await b.ring(BEN)
        await one.told(b, "incoming", after)
        said, asked = len(a.log), len(b.log)
        holds = (a, "AT+CHLD=2", lambda: a.hold("2"))
        await slowly("Answer", (holds, (b, "ATA", lambda: b.answer(call))), how="hold")
        await one.spoken(b, after)
        await asyncio.sleep(0.5)
        assert (lines(a, said), lines(b, asked)) == (["AT+CHLD=2"], ["ATA"])
        assert a.calls.held and b.calls.active
        # Swapped again and again.
        after, said, asked = one.now, len(a.log), len(b.log)
        await slowly("Swap", ((b, "AT+CHLD=2", lambda: b.hold("2")), holds))
        await one.spoken(a, after)
        await asyncio.sleep(0.5)
        told = [[line for line in lines(*which) if line != "AT+BCC"] for which in ((a, said), (b, asked))]
        assert told == [["AT+CHLD=2"], ["AT+CHLD=2"]], told
        assert a.calls.active and b.calls.held
        # Hung up twice: the second is for the call that comes back, or for none.
        after = one.now
        await asyncio.gather(*(presses(one, "HangUp") for _ in range(2)))
        await one.told(a, "ended", after)
        assert not a.calls.all
        await rests(one, a, b)

        # The caller gives up while A is asked to hold: A's call comes back.
        after = await talks(one, a)
        call = await b.ring(BEN)
        await one.told(b, "incoming", after)
        said = len(a.log)
        a.habits.answers = {"AT+CHLD=2": ()}  # it takes its time
        pressed = asyncio.create_task(presses(one, "Answer", how="hold"))
        await a.asked("AT+CHLD=2", said)
        b.end(call)
        await one.told(b, "ended", after)
        a.habits.answers = {}
        a.tell("OK")
        a.hold("2")
        after = one.now
        await one.told(a, "held", after)
        await one.told(a, "active", after)
        await one.watch.next("voice", after, phone=a.address, state="open")
        assert await pressed != "ok"
        told = [line for line in lines(a, said) if line != "AT+BCC"]
        assert told == ["AT+CHLD=2", "AT+CHLD=2"] and lines(b)[-1] != "ATA", (told, lines(b))
        # A vanishes while it is asked to hold: B's is taken at once.
        after, asked = one.now, len(b.log)
        await b.ring(BEN)
        await one.told(b, "incoming", after)
        said = len(a.log)
        a.habits.answers = {"AT+CHLD=2": ()}
        pressed = asyncio.create_task(presses(one, "Answer", how="hold"))
        await a.asked("AT+CHLD=2", said)
        start = one.clock()
        await a.phone.disconnect()
        assert await pressed == "ok"
        assert one.clock() - start < 1.5, f"{one.clock() - start:.1f} s"
        await one.spoken(b, after)
        assert lines(b, asked) == ["ATA"]
        never_two_voices(one)


@limits(90)
async def test_music_that_meets(folder: pathlib.Path) -> None:
    """Both play at once, and one is heard; a call rings in the instant that music begins, or its owner
    pauses it in the moment after the call."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", "--set", "resume_delay_ms=200")
        a = await with_player(one, "Phone A", A_HZ)
        b = await with_player(one, "Phone B", B_HZ)
        await settled(one, a, b)
        for _ in range(2):
            after = one.now
            await asyncio.gather(a.player.play(), b.player.play())
            await one.watch.next("order", after, order="pause")
            await asyncio.sleep(0.8)
            pressed = a.player.pressed + b.player.pressed
            assert pressed == [KEY.PAUSE], pressed
            heard = one.watch.of("audible")[-1]["phones"]
            winner, loser = (b, a) if a.player.pressed else (a, b)
            assert [source["phone"] for source in heard] == [winner.address], heard
            loser.player.pressed.clear()
            after = one.now
            await winner.player.pause()
            await one.heard(after=after)
        # Music begins in the instant that a call rings: it is not heard, and is told to pause.
        after = one.now
        call, _ = await asyncio.gather(a.ring(ADA), b.player.play())
        await one.heard(a, after=after, kind="ring")
        await b.player.was_told(KEY.PAUSE)
        await one.watch.next("stream", after, phone=b.address, state="suspended")
        a.end(call)
        await one.told(a, "ended", after)
        await asyncio.sleep(0.8)
        # Whether it was heard before that decides whether it is resumed: at most once.
        assert b.player.pressed in ([], [KEY.PLAY]), b.player.pressed
        b.player.pressed.clear()
        with contextlib.suppress(Exception):  # it may play, or not
            await b.player.pause()
        await asyncio.sleep(0.3)
        # The call ended a moment ago, and its owner presses play and pause before we would resume it.
        await one.call("Set", key="resume_delay_ms", value="1500")
        await plays(one, b)
        after = await talks(one, a)
        await b.player.was_told(KEY.PAUSE)
        await one.watch.next("stream", after, phone=b.address, state="suspended")
        after = await hangs_up(one, a)
        await b.player.play()
        await one.heard(b, after=after, kind="media")
        await b.player.pause()
        await asyncio.sleep(1.7)
        assert b.player.pressed == [] and "play" not in orders(one, b, after), "its owner paused it"
        never_two_voices(one)
