"""Row 20 of who is heard, and its settings: a lost phone is not paged during a call, and only for as long
as its owner wants it."""

import asyncio
import pathlib

from limits import limits
from rows import A_HZ, B_HZ, hangs_up, talks
from scene import scene
from steady import Steady

PAGE = 5.12  # seconds that a page takes where nobody answers


@limits(60)
async def test_nobody_is_paged_during_a_call(folder: pathlib.Path) -> None:
    """Nor longer than `reconnect_for_s`, with at most `reconnect_max_s` between two pages."""
    settings = ("--set", "reconnect_max_s=1", "--set", "reconnect_for_s=10")
    async with scene(folder) as one:
        dongle = Steady(one.port)
        controller = await dongle.plug_in()
        one.stack.callback(dongle.unplug)
        await one.start_receiver("--pair", "60", *settings, controller=controller)
        a = await one.gateway("Phone A", A_HZ)
        await one.reach(a)
        b = await one.phone("Phone B", B_HZ)
        await one.join(b)
        address = b.address
        after = await talks(one, a)
        dongle.loses = True
        await b.power_off()
        lost = await one.watch.next("phone", after, phone=address, state="disconnected")
        await asyncio.sleep(3)
        assert dongle.paged == [] and a.voice.link
        # The call ends: it is paged again and again, until its time is over.
        after = await hangs_up(one, a)
        begins = []
        for _ in range(2):
            page = await one.watch.next("order", after, phone=address, order="page")
            begins.append(page["t"])
            after = one.watch.events.index(page) + 1
        between = begins[1] - begins[0] - PAGE
        assert 0.9 < between < 1.6, between
        await asyncio.sleep(max(0.0, one.when(lost) + 10 + PAGE + 1.5 - one.clock()))
        for page in one.watch.of("order", order="page"):
            assert page["t"] - lost["t"] < 10.1, page
        # It comes by itself, and is welcome.
        before = len(dongle.paged)
        await b.power_on(one.port)
        assert before == len(one.watch.of("order", order="page")) == len(dongle.paged)
