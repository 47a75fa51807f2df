"""Whom the receiver pages unasked: the phones used last when it starts, and a phone whose link was
lost; never one that went on purpose."""

import asyncio
import contextlib
import pathlib

from limits import limits
from phone import Phone
from scene import Scene, scene
from steady import LOST, Steady

ON_PURPOSE = 0x13


@contextlib.asynccontextmanager
async def two_phones(folder: pathlib.Path):
    """A receiver on a dongle, and two phones that are paired and have opened their music."""
    async with scene(folder) as one:
        dongle = Steady(one.port)
        controller = await dongle.plug_in()
        one.stack.callback(dongle.unplug)
        await one.start_receiver("--pair", "60", controller=controller)
        phones = await one.phone("Phone A", 440), await one.phone("Phone B", 660)
        for phone in phones:
            await one.join(phone)
        await one.call("StopPairing")
        yield one, dongle, controller, phones


async def back(one: Scene, phone: Phone, after: int) -> None:
    """The phone is connected again, authenticated and encrypted, and its music is open."""
    await one.watch.next("phone", after, phone=phone.address, state="connected")
    await one.watch.next("profile", after, phone=phone.address, profile="a2dp", up=True)
    assert phone.connection.is_encrypted


@limits(90)
async def test_both_phones_are_back_after_a_restart(folder: pathlib.Path) -> None:
    """The one that came last is paged first, each once, with the keys that they have."""
    async with two_phones(folder) as (one, dongle, controller, (a, b)):
        assert dongle.paged == [], "the phones came by themselves"
        await one.receiver.stop()
        for phone in (a, b):
            await asyncio.wait_for(phone.disconnected.wait(), 5)
            phone.paired = 0
        await one.start_receiver(controller=controller)
        for phone in (b, a):
            await back(one, phone, 0)
        # The first is paged as soon as the controller is up, before anybody can watch.
        await one.watch.next("order", phone=a.address, order="page")
        assert dongle.paged == [b.address, a.address]
        assert one.watch.of("paired") == []
        assert (a.paired, b.paired) == (0, 0)
        await one.receiver.stop()


@limits(60)
async def test_nobody_is_paged_where_that_is_turned_off(folder: pathlib.Path) -> None:
    async with two_phones(folder) as (one, dongle, controller, (a, b)):
        await one.receiver.stop()
        await one.start_receiver("--set", "reconnect=false", controller=controller)
        status = await one.call("Status")
        assert status["settings"]["reconnect"] is False
        assert status["warnings"] == [], "the key has its effect"
        await asyncio.sleep(3)
        assert dongle.paged == []
        await one.receiver.stop()


@limits(90)
async def test_a_lost_phone_is_paged_and_one_that_went_is_not(folder: pathlib.Path) -> None:
    async with two_phones(folder) as (one, dongle, _, (a, b)):
        after = len(one.watch.events)
        await b.disconnect()
        gone = await one.watch.next("phone", after, phone=b.address, state="disconnected")
        assert int(gone["reason"], 16) == ON_PURPOSE

        dongle.loses = True
        after = len(one.watch.events)
        await a.disconnect()
        lost = await one.watch.next("phone", after, phone=a.address, state="disconnected")
        assert int(lost["reason"], 16) == LOST
        await back(one, a, after)
        [paged] = one.watch.of("order", order="page")
        assert 2.0 <= paged["t"] - lost["t"] < 2.2, (lost, paged)
        assert dongle.paged == [a.address]

        # What was said to be on purpose stays so, however long one waits for what is not done.
        dongle.loses = False
        after = len(one.watch.events)
        await a.disconnect()
        await one.watch.next("phone", after, phone=a.address, state="disconnected")
        await asyncio.sleep(4)
        assert dongle.paged == [a.address]
        await one.receiver.stop()


@limits(90)
async def test_a_phone_that_vanishes_is_paged_again_and_again(folder: pathlib.Path) -> None:
    async with two_phones(folder) as (one, dongle, _, (a, _)):
        dongle.loses = True
        after = len(one.watch.events)
        address = a.address
        await a.power_off()
        lost = await one.watch.next("phone", after, phone=address, state="disconnected")
        first = await one.watch.next("order", after, phone=address, order="page")
        after = one.watch.events.index(first) + 1
        second = await one.watch.next("order", after, phone=address, order="page")
        assert 2.0 <= first["t"] - lost["t"] < 2.2, (lost, first)
        # A page takes 5.12 s; then 4 s pass.
        assert 9.0 < second["t"] - first["t"] < 9.6, (first, second)
        # Its owner has enough of it.
        await one.call("Disconnect", phone=address)
        assert dongle.paged == [address, address]
        await one.receiver.stop()
