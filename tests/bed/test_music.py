"""Music from a phone over rootcanal, the dongle, the kernel and usbfs to what the ear hears."""

import asyncio
import pathlib

from bed import cpu
from limits import limits
from place import place, start
from test_two_phones import check_capture, check_heard


@limits(90, alone=True)
async def test_music_from_a_phone_is_heard_through_the_dongle(folder: pathlib.Path) -> None:
    async with place(folder) as (one, dongle):
        receiver = await start(one)
        assert dongle.driver(0) == dongle.driver(1) == "usbfs"
        phone = await one.phone("Phone A", 440)
        await one.join(phone)
        after = len(one.watch.events)
        await phone.play()
        began = one.clock()
        await one.watch.next("stream", after, phone=phone.address, state="playing")
        await one.heard(phone, after=after)
        await asyncio.sleep(6)
        after = len(one.watch.events)
        ended = one.clock()
        await phone.suspend()
        await one.heard(after=after)
        status, used = await dongle.status(), cpu(receiver.process.pid)
        await receiver.stop()
        # A real-time thread that spins leaves the only processor to nobody else.
        assert max(used.values()) < 0.5 * one.clock(), used
        check_heard(one, [(440, began, ended)])
        check_capture(one)
        assert status["data_in"] > phone.pump.packets > 200, status
