"""Seats: a third phone, a phone that vanishes, and the music of the one that stays."""

import asyncio
import pathlib

from heard import Heard
from limits import limits
from scene import scene
from test_pairing import refused


@limits(120, alone=True)
async def test_a_third_phone_takes_the_idle_seat(folder: pathlib.Path) -> None:
    """The phone heard last keeps its seat, and its music goes on without a break; the one put
    out is turned away when it comes back by itself at once. (All are paired before: this air
    stands still while it computes a key.)"""
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "90")
        a, b = await one.phone("Phone A", 440), await one.phone("Phone B", 660)
        c = await one.phone("Phone C", 880)
        await one.join(c)
        await c.disconnect()
        for phone in (b, a):
            await one.join(phone)
        after = len(one.watch.events)
        await a.play()
        await one.heard(a, after=after)
        start = one.clock()
        await one.join(c)
        evicted = await one.watch.next("evicted", after)
        assert (evicted["phone"], evicted["by"]) == (b.address, c.address)
        await asyncio.wait_for(b.disconnected.wait(), 5)
        await one.watch.next("phone", after, phone=b.address, state="disconnected")
        await refused(b, receiver.address)
        connected = {
            p["address"] for p in (await one.call("Status"))["phones"] if p["connected"]
        }
        assert connected == {a.address, c.address}
        end = one.clock()
        after = len(one.watch.events)
        await a.suspend()
        await one.heard(after=after)
        await receiver.stop()
        ear = Heard(one.wav)
        assert [span.hz for span in ear.played()] == [440], ear.describe()
        [span] = ear.played()
        assert span.seconds > end - start - 1, ear.describe()
        assert not ear.breaks(span), ear.breaks(span)[:8]


@limits(90, alone=True)
async def test_a_phone_that_vanishes_while_it_plays(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60")
        a, b = await one.phone("Phone A", 440), await one.phone("Phone B", 660)
        for phone in (a, b):
            await one.join(phone)
        after = len(one.watch.events)
        address = a.address
        await a.play()
        await one.heard(a, after=after)
        await asyncio.sleep(1)
        after = len(one.watch.events)
        await a.power_off()
        gone = await one.watch.next("phone", after, phone=address, state="disconnected")
        assert gone["reason"]
        await one.heard(after=after)
        after = len(one.watch.events)
        await b.play()
        await one.heard(b, after=after)
        await asyncio.sleep(1)
        await receiver.stop()
        ear = Heard(one.wav)
        assert [span.hz for span in ear.played()] == [440, 660], ear.describe()
        assert not ear.breaks(ear.played()[0]), "the end is faded, not torn"
