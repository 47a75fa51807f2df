"""Promises 1 and 4 and row 18: who holds a seat. Music alone; A is 1000 Hz, B 1600 Hz."""

import asyncio
import contextlib
import pathlib

from bumble.core import PhysicalTransport

from limits import limits
from phone import Manners, Phone
from player import KEY, Player
from rows import A_HZ, B_HZ, C_HZ
from scene import Scene, scene
from test_pairing import refused

D_HZ = 3000


async def bonded(one: Scene, *names_and_tones: tuple[str, int]) -> list[Phone]:
    """Phones that are paired, of which the first came first; none is put out for another."""
    await one.call("Set", key="seats", value="6")
    phones = [await one.phone(name, hz) for name, hz in names_and_tones]
    for phone in phones:
        await one.join(phone)
    return phones


async def connected(one: Scene) -> set[str]:
    return {p["address"] for p in (await one.call("Status"))["phones"] if p["connected"]}


async def leaves(one: Scene, *phones: Phone) -> None:
    for phone in phones:
        after = one.now
        await phone.disconnect()
        await one.watch.next("phone", after, phone=phone.address, state="disconnected")


async def heard(one: Scene, phone: Phone) -> None:
    """It plays, is heard and pauses."""
    after = one.now
    await phone.play()
    await one.heard(phone, after=after, kind="media")
    await phone.suspend()
    await one.heard(after=after)


async def takes_the_seat_of(one: Scene, newcomer: Phone, victim: Phone) -> None:
    after = one.now
    await one.join(newcomer)
    [evicted] = [e for e in one.watch.events[after:] if e["event"] == "evicted"]
    assert (evicted["phone"], evicted["by"]) == (victim.address, newcomer.address), evicted
    await asyncio.wait_for(victim.disconnected.wait(), 5)


@limits(90)
async def test_three_seats_two_and_one(folder: pathlib.Path) -> None:
    """Who goes for a newcomer: the one heard longest ago, else the one that came first, where priority
    does not say otherwise; never the one heard last, with `mix` the one that started last."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "90", "--set", "evicted_for_s=5")
        a, b, c, d = await bonded(
            one, ("Phone A", A_HZ), ("Phone B", B_HZ), ("Phone C", C_HZ), ("Phone D", D_HZ)
        )
        await leaves(one, d)
        await one.call("Set", key="seats", value="3")
        assert await connected(one) == {a.address, b.address, c.address}
        # B and C were never heard; B came first.
        await heard(one, a)
        await takes_the_seat_of(one, d, b)
        # It may come back after a while; now C came first of those that were not heard, but counts more.
        await refused(b, one.receiver.address)
        await one.call("Set", key="priority", value="5", phone=c.address)
        await one.call("Set", key="evicted_for_s", value="0")
        await asyncio.sleep(max(0.0, one.when(one.watch.of("evicted")[0]) + 5.1 - one.clock()))
        await takes_the_seat_of(one, b, d)
        # Two seats: the one that was heard longest ago goes at once, and whoever is heard last stays.
        await heard(one, b)
        await heard(one, c)
        after = one.now
        await one.call("Set", key="seats", value="2")
        await one.watch.next("phone", after, phone=a.address, state="disconnected")
        assert await connected(one) == {b.address, c.address}
        await takes_the_seat_of(one, a, b)
        # Both play, and A started last: with `mix` that counts.
        await one.call("Set", key="takeover", value="mix")
        for phone in (c, a):
            after = one.now
            await phone.play()
            await one.watch.next("stream", after, phone=phone.address, state="playing")
        await one.heard(a, c)
        await takes_the_seat_of(one, d, c)
        await one.heard(a)
        # One seat: the newcomer wins.
        after = one.now
        await one.call("Set", key="multipoint", value="false")
        await one.watch.next("phone", after, phone=d.address, state="disconnected")
        assert await connected(one) == {a.address}
        await takes_the_seat_of(one, b, a)
        assert await connected(one) == {b.address}


@limits(60)
async def test_a_phone_in_a_call_keeps_the_only_seat(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", "--set", "multipoint=false")
        b = await one.phone("Phone B", B_HZ)
        await one.join(b)
        a = await one.gateway("Phone A", A_HZ)
        await one.reach(a)
        await one.watch.next("evicted", phone=b.address, by=a.address)
        call = await a.ring("5550101")
        await one.told(a, "incoming")
        # It connected a moment ago and was put out: twice a reason.
        await refused(b, one.receiver.address)
        a.answer(call)
        await one.spoken(a)
        c = await one.phone("Phone C", C_HZ)
        await refused(c, one.receiver.address)
        assert a.voice.link and len(one.watch.of("evicted")) == 1
        a.end(call)
        await one.told(a, "ended")
        after = one.now
        await one.join(c)
        await one.watch.next("evicted", after, phone=a.address, by=c.address)


@limits(60)
async def test_pairing_mode_with_all_seats_taken(folder: pathlib.Path) -> None:
    """Row 18: a stranger finds the receiver, and only once it is paired somebody goes for it. Outside
    of pairing mode it does not find it, and its page puts nobody out."""
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60")
        a, b = await one.phone("Phone A", A_HZ), await one.phone("Phone B", B_HZ)
        for phone in (a, b):
            await one.join(phone)
        await heard(one, a)
        stranger = await one.phone("Stranger", C_HZ, Manners(secures_first=False))

        async def finds() -> bool:
            found = asyncio.Event()

            def on_inquiry_result(address, *_) -> None:
                if str(address).split("/")[0].upper() == receiver.address:
                    found.set()

            stranger.device.on("inquiry_result", on_inquiry_result)
            await stranger.device.start_discovery(auto_restart=False)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(found.wait(), 3.5)
            await stranger.device.stop_discovery()
            return found.is_set()

        await one.call("StopPairing")
        assert not await finds()
        after = one.now
        await one.call("Pair", seconds=60)
        assert await finds()
        # Its page, without a bond, puts nobody out.
        stranger.owner.agrees = False
        await refused(stranger, receiver.address)
        assert await connected(one) == {a.address, b.address}
        assert not [e for e in one.watch.events[after:] if e["event"] in ("evicted", "paired")]
        stranger.owner.agrees = True
        await one.join(stranger)
        evicted = await one.watch.next("evicted", after)
        paired = await one.watch.next("paired", after)
        assert (evicted["phone"], evicted["by"]) == (b.address, stranger.address)
        assert paired["seq"] < evicted["seq"]
        await one.call("StopPairing")
        after, there = one.now, await connected(one)
        await refused(await one.phone("Another stranger", D_HZ), receiver.address)
        assert await connected(one) == there == {a.address, stranger.address}
        assert not [e for e in one.watch.events[after:] if e["event"] in ("evicted", "paired")]


@limits(90)
async def test_a_phone_that_comes_and_goes(folder: pathlib.Path) -> None:
    """Each second; a third and a fourth at once. The one that plays is not disturbed."""
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "90")
        c, d = await bonded(one, ("Phone C", C_HZ), ("Phone D", D_HZ))
        await leaves(one, c, d)
        a = Player(await one.phone("Phone A", A_HZ), opens=True)
        await a.join(one)
        b = await one.phone("Phone B", B_HZ)
        await one.join(b)
        await one.call("Set", key="seats", value="2")
        began = one.now
        await a.play()
        await one.heard(a.phone, after=began, kind="media")
        quiet = one.now
        for n in range(4):
            after = one.now
            await b.disconnect()
            await asyncio.sleep(0.3 * (n % 3))
            await b.device.connect(receiver.address, PhysicalTransport.BR_EDR)
            if n % 3 == 2:  # it does not even wait until it is let in
                await b.disconnect()
                await b.device.connect(receiver.address, PhysicalTransport.BR_EDR)
            await b.secure()
        await b.open_music()
        await one.watch.next("profile", after, phone=b.address, profile="a2dp", up=True)
        assert await connected(one) == {a.phone.address, b.address}
        assert len(one.watch.of("paired")) == 4, "with the keys that they have"
        # A third and a fourth at once.
        after = one.now
        results = await asyncio.gather(
            *(phone.connect(receiver.address) for phone in (c, d)), return_exceptions=True
        )
        print(results, flush=True)
        await one.watch.next("evicted", after, phone=b.address)
        await asyncio.sleep(1.5)
        there = await connected(one)
        assert a.phone.address in there and b.address not in there and len(there) == 2, there
        assert not [e for e in one.watch.events[quiet:] if e["event"] == "audible"]
        assert a.pressed == [] and a.phone.stream.state.name == "STREAMING"
        # Everything works as before.
        await one.call("Media", action="pause")
        await a.was_told(KEY.PAUSE)
        await one.heard(after=quiet)
        [other] = [phone for phone in (c, d) if phone.address in there]
        await other.open_music()
        await heard(one, other)
