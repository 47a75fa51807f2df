"""A phone whose power goes at every step, beside another one that plays or is in a call: the other one's
owner notices nothing, the receiver keeps nothing of it, and takes it again."""

import asyncio
import contextlib
import pathlib
from functools import partial

from bumble import sdp
from bumble.core import BT_L2CAP_PROTOCOL_ID, PhysicalTransport

from features import Habits
from gateway import Gateway
from heard import Heard
from limits import limits
from phone import Owner
from player import KEY
from receiver import Error
from rows import A_HZ, ADA, B_HZ, BEN, C_HZ, hangs_up, lines, never_two_voices, talks, with_player
from scene import Scene, scene
from source import GOOD, OPEN, START, Source
from vanishing import Vanishing


class Hesitant(Owner):
    """Never says whether it agrees."""

    def __init__(self, io_capability: int) -> None:
        super().__init__(io_capability)
        self.looks = asyncio.Event()

    async def confirm(self, auto: bool = False) -> bool:
        self.looks.set()
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def two(folder: pathlib.Path, *arguments: str):
    """A phone A that is bonded and off, and a phone B that has everything and plays."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "90", *arguments)
        a = Vanishing(one, "Phone A", A_HZ)
        await a.on()
        await one.reach(a.gateway)
        await a.off()
        b = await with_player(one, "Phone B", B_HZ)
        after = one.now
        await b.player.play()
        await one.heard(b, after=after, kind="media")
        yield one, a, b


async def works(one: Scene, a: Vanishing) -> None:
    """It comes by itself, and a call is answered here, spoken in, and over."""
    gateway = await a.on()
    await one.reach(gateway)
    await talks(one, gateway)
    await hangs_up(one, gateway)


def visits(one: Scene, a: Vanishing):
    """Steps of a visit: what each needs, and what it does."""
    habits = [Habits(answers={step: ()}) for step in ("AT+BRSF", "AT+CIND=?", "AT+CMER", "AT+CHLD=?")]

    async def link() -> None:
        await a.phone.device.connect(one.receiver.address, PhysicalTransport.BR_EDR)

    async def secured() -> None:
        await a.phone.connect(one.receiver.address)

    async def records() -> None:
        await secured()
        client = sdp.Client(a.phone.connection)
        await client.connect()
        asking = asyncio.create_task(client.search_services([BT_L2CAP_PROTOCOL_ID]))
        await asyncio.sleep(0)
        asking.cancel()

    async def line(step: str) -> None:
        await secured()
        await a.gateway.open()
        await a.gateway.asked(step)

    async def stream(*steps) -> None:
        await secured()
        source = Source(a.phone)
        for step in (Source.connect, Source.configure, *steps):
            await step(source)

    async def opening(source: Source) -> None:
        await source.about(OPEN)

    async def transport(source: Source) -> None:
        source.media = await source.channel()

    async def start(source: Source) -> None:
        await source.about(START)

    async def music(source: Source) -> None:
        await source.play(GOOD, GOOD.tone(A_HZ, 0.3, one.folder))

    async def everything() -> None:
        await one.reach(a.gateway)
        await one.join(a.phone)

    return [
        (None, link),
        (None, secured),
        (None, records),
        *((habit, partial(line, next(iter(habit.answers)))) for habit in habits),
        (None, stream),
        (None, partial(stream, opening)),
        (None, partial(stream, opening, transport)),
        (None, partial(stream, opening, transport, start, music)),
        (None, everything),
    ]


@limits(120, urgent=True)
async def test_while_another_plays(folder: pathlib.Path) -> None:
    """After its link, in security, records, calls' set-up, and its stream's: the music does not break."""
    async with two(folder) as (one, a, b):
        for habits, visit in visits(one, a):
            await a.on(habits=habits)
            await visit()
            await a.off()
        assert b.phone.pump.task and b.player.pressed == []
        after = one.now
        await b.player.pause()
        await one.heard(after=after)
        await works(one, a)
        assert not one.watch.of("phone", phone=b.address, state="disconnected")
        await one.receiver.stop()
    ear = Heard(one.wav, (A_HZ, B_HZ))
    music = [span for span in ear.played() if span.hz == B_HZ]
    assert len(music) == 1 and not ear.breaks(music[0]), (ear.describe(), ear.breaks(music[0])[:8])


@limits(120, urgent=True)
async def test_in_a_call_beside_music(folder: pathlib.Path) -> None:
    """While it rings, dials, is answered, is spoken in, or has its microphone open: the music that was
    paused for it comes back each time."""

    async def rings(one: Scene, a: Gateway) -> None:
        after = one.now
        await a.ring(ADA)
        await one.told(a, "incoming", after, number=ADA)

    async def dials(one: Scene, a: Gateway) -> None:
        a.habits.answers = {"ATD": ()}
        dialling = asyncio.create_task(one.call("Dial", number=BEN, phone=a.address))
        await a.asked("ATD")
        a.dial(BEN)
        await one.told(a, "outgoing", number=BEN)
        dialling.cancel()

    async def is_answered(one: Scene, a: Gateway) -> None:
        await rings(one, a)
        a.habits.answers = {"ATA": ()}
        answering = asyncio.create_task(one.call("Answer", how="default"))
        await a.asked("ATA")
        answering.cancel()

    async def is_spoken_in(one: Scene, a: Gateway) -> None:
        await talks(one, a)

    async def listens(one: Scene, a: Gateway) -> None:
        a.listen(True)
        await a.has_voice()

    async with two(folder, "--set", "resume_delay_ms=200") as (one, a, b):
        for step in (rings, dials, is_answered, is_spoken_in, listens):
            gateway = await a.on()
            await one.reach(gateway)
            after = one.now
            await step(one, gateway)
            await b.player.was_told(KEY.PAUSE)
            await one.watch.next("playback", after, phone=b.address, status="paused")
            await a.off()
            await one.heard(b, after=after, kind="media")
            await b.player.was_told(KEY.PLAY)
            calls = [e["state"] for e in one.watch.events[after:] if e["event"] == "call"]
            assert not calls or calls[-1] == "ended", (step, calls)
        after = one.now
        await b.player.pause()
        await one.heard(after=after)
        await works(one, a)
        await one.receiver.stop()


@limits(120)
async def test_in_a_call_beside_a_call(folder: pathlib.Path) -> None:
    """While it is asked to hold, while another is asked to hold for it, and on hold."""
    async with two(folder) as (one, a, b):
        after = one.now
        await b.player.pause()
        await one.heard(after=after)
        # It does not answer to AT+CHLD=2: the other call is taken as soon as it is gone.
        gateway = await a.on(habits=Habits(answers={"AT+CHLD=2": ()}))
        await one.reach(gateway)
        await talks(one, gateway)
        after = one.now
        await b.ring(BEN)
        await one.told(b, "incoming", after, number=BEN)
        answering = asyncio.create_task(one.call("Answer", how="hold"))
        await gateway.asked("AT+CHLD=2")
        assert lines(b) == []
        gone = asyncio.get_running_loop().time()
        await a.off()
        assert await b.asked("ATA") - gone < 1
        await answering
        await one.spoken(b, after)
        # The other one is asked to hold for it, and does when it is gone: its call is taken back.
        gateway = await a.on()
        await one.reach(gateway)
        b.habits.answers = {"AT+CHLD=2": ()}
        after, said = one.now, len(b.log)
        await gateway.ring(ADA)
        await one.told(gateway, "incoming", after, number=ADA)
        answering = asyncio.create_task(one.call("Answer", how="hold", phone=gateway.address))
        await b.asked("AT+CHLD=2", said)
        await a.off()
        with contextlib.suppress(Error):
            await answering
        b.habits.answers = {}
        after, said = one.now, len(b.log)
        b.tell("OK")
        b.hold("2")
        await b.asked("AT+CHLD=2", said)
        await one.told(b, "active", after)
        await one.watch.next("voice", after, phone=b.address, state="open")
        assert b.calls.active and not b.calls.held
        # It is on hold for the other one: that one's end takes nothing off hold.
        await hangs_up(one, b)
        gateway = await a.on()
        await one.reach(gateway)
        await talks(one, gateway)
        after = one.now
        await b.ring(BEN)
        await one.told(b, "incoming", after)
        await one.call("Answer", how="hold")
        await one.spoken(b, after)
        await one.told(gateway, "held", after)
        await a.off()
        assert b.voice.link and b.calls.active
        said = len(b.log)
        await one.heard(after=await hangs_up(one, b))
        assert lines(b, said) == []
        await works(one, a)
        never_two_voices(one)
        assert not one.watch.of("phone", phone=b.address, state="disconnected")


@limits(90)
async def test_in_pairing_and_paging(folder: pathlib.Path) -> None:
    """It is off when the receiver pages it, goes while it is paired with, and while it pages."""
    # This air stands still while it computes a key, and loses links when that takes long.
    async with two(folder, "--set", "security.secure_connections=off") as (one, a, b):
        # It is off when it is paged.
        await one.refused("TimedOut", "Connect", phone=a.phone.address)
        # It pages, and is off before it is answered.
        await a.on()
        a.connects()
        await asyncio.sleep(0.05)
        await a.off()
        # It is paired with, and is off while its owner looks at it.
        c = Vanishing(one, "Phone C", C_HZ)
        await c.on()
        c.phone.owner = Hesitant(c.phone.manners.io_capability)
        c.connects()
        await asyncio.wait_for(c.phone.owner.looks.wait(), 10)
        await c.off(bonded=False)
        assert not one.watch.of("paired", phone=c.phone.address)
        await c.on()
        c.phone.owner = Owner(c.phone.manners.io_capability)
        await c.connects()
        await one.watch.next("paired", phone=c.phone.address)
        await c.off()
        assert b.phone.pump.task and b.player.pressed == []
        await works(one, a)
        assert not one.watch.of("phone", phone=b.address, state="disconnected")
