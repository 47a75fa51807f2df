"""Everything that dongles do wrongly, one after another, under music: the receiver lives, and plays
again when it is over."""

import asyncio
import contextlib
import pathlib

from bed import BLUETOOTH
from limits import limits
from place import place, start

# What is said, for how long it lasts, and what ends it.
FAULTS = (
    ("stall events", 0.5, None),
    ("stall data-in", 0.5, None),
    ("stall data-out", 0.5, None),
    ("short events 1", 0.5, None),
    ("short data-in 3", 0.5, None),
    ("short data-out", 0.5, None),
    ("merge data-in 3", 1.0, "merge data-in 0"),
    ("merge events 2", 1.0, "merge events 0"),
    ("split data-in 100", 1.0, "split data-in 0"),
    ("split events 3", 1.0, "split events 0"),
    ("zero-length off", 1.0, "zero-length on"),
    ("drop acl-in 5", 0.5, None),
    ("drop event:0x13 2", 0.5, None),
    ("duplicate acl-in 5", 0.5, None),
    ("duplicate event 2", 0.5, None),
    ("damage acl-in 3", 0.5, None),
    ("damage event 2", 0.5, None),
    ("delay event 100", 1.0, "delay event 0"),
    ("delay acl-in 150", 1.0, "delay acl-in 0"),
    ("inject event ff00", 0.3, None),
    ("stale 0e04010000aa", 0.5, None),
    ("inject event 100142", 1.0, None),  # Hardware Error
    ("inject event 0eff01", 0.3, None),  # an event that is longer than what came of it
)


async def play(one, phone) -> None:
    """The phone is heard; it comes back first where the fault cost it its link."""
    if phone.connection is None:
        up = one.watch.of("controller", state="up")
        one.receiver.address = up[-1]["address"] if up else one.receiver.address
        await phone.connect(one.receiver.address)
    await phone.open_music()
    after = len(one.watch.events)
    await phone.play()
    await one.heard(phone, after=after, seconds=8)


async def again(one, phone) -> None:
    """As a phone's owner does it: play, and where that does not help, off and on again."""
    try:
        async with asyncio.timeout(12):
            if phone.connection is not None:
                await phone.suspend()
            await play(one, phone)
    except Exception:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(5):
                await phone.power_off()
        await one.call("Pair", seconds=60)
        await phone.power_on(one.port)
        async with asyncio.timeout(20):
            await play(one, phone)


@limits(240, alone=True)
async def test_every_fault_is_survived(folder: pathlib.Path) -> None:
    wrong = []
    async with place(folder) as (one, dongle):
        receiver = await start(one)
        phone = await one.phone("Phone A", 440)
        await one.join(phone)
        await play(one, phone)
        for fault, seconds, end in FAULTS:
            began = asyncio.get_running_loop().time()
            await dongle.say(fault)
            await asyncio.sleep(seconds)
            if end:
                await dongle.say(end)
            try:
                await again(one, phone)
            except Exception as error:  # all of them are told at the end
                wrong.append(f"{fault}: {type(error).__name__} {error}"[:300])
            print(f"{fault}: {asyncio.get_running_loop().time() - began:.1f} s", flush=True)
            if receiver.process.returncode is not None:
                raise AssertionError(f"after {fault}: {receiver.said()}")
        assert dongle.driver() == "usbfs" and "panicked" not in receiver.said()
        await receiver.stop()
    assert not any("usbfs" in str(entry) for entry in BLUETOOTH.iterdir())
    assert not wrong, "\n".join(wrong)
