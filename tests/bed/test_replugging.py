"""Pulled out and plugged in again, many times: the receiver has the dongle and the phone each time,
and nothing adds up."""

import asyncio
import os
import pathlib

from bed import BLUETOOTH, dongle, udevd, until
from limits import limits
from place import start
from scene import scene
from steady import Steady

# A make that btusb leaves alone, so that nobody else is at it.
LEFT_ALONE = "0a5c:2033"
WARM = 5  # cycles until everything that is made once is made


def status(process: pathlib.Path) -> dict[str, str]:
    lines = (process / "status").read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


def holds(pid: int) -> dict[str, int]:
    """What a process holds, and the kernel for it."""
    proc = pathlib.Path("/proc")
    own = status(proc / str(pid))
    all_of_them = [status(entry) for entry in proc.iterdir() if entry.name.isdigit()]
    # The kernel's own threads, children of process 2, come and go.
    processes = [one for one in all_of_them if "2" not in (one["PPid"], one["Pid"])]
    return {
        "files": len(os.listdir(proc / str(pid) / "fd")),
        "threads": int(own["Threads"]),
        "kilobytes": int(own["RssAnon"].split()[0]),
        "processes": len(processes),
        "controllers of the kernel": len(list(BLUETOOTH.iterdir())),
    }


async def cycles(folder: pathlib.Path, count: int, ids: str, driver: str | None) -> None:
    """Plugs a dongle of a make so many times, which this driver of the kernel's has without us. A
    phone is paged back each time."""
    async with scene(folder) as one, udevd(folder):
        steady = Steady(one.port)
        controller = await steady.plug_in()
        one.stack.callback(steady.unplug)
        port = int(controller.rpartition(":")[2])
        plugged = await one.stack.enter_async_context(dongle(folder, port, f"--id={ids}"))
        await until(lambda: plugged.driver() == driver, what=f"it is {driver}'s")
        receiver = await start(one)
        phone = await one.phone("Phone A", 440)
        await one.join(phone)
        for cycle in range(count):
            after = len(one.watch.events)
            await plugged.unplug()
            await one.watch.next("controller", after, state="lost")
            await one.watch.next("phone", after, phone=phone.address, state="disconnected")
            await asyncio.wait_for(phone.disconnected.wait(), 5)
            await plugged.plug()
            await one.watch.next("controller", after, seconds=15, state="up")
            paged = await one.watch.next("order", after, phone=phone.address, order="page")
            back = one.watch.events.index(paged)
            await one.watch.next("phone", back, seconds=15, phone=phone.address, state="connected")
            assert plugged.driver(0) == plugged.driver(1) == "usbfs"
            if cycle == WARM:
                before = holds(receiver.process.pid)
        after = holds(receiver.process.pid)
        print(f"after {WARM} cycles {before}, after {count} {after}")
        assert after.pop("kilobytes") < before.pop("kilobytes") + 512
        assert after == before, f"{before} became {after}"
        await receiver.stop()
        await until(
            lambda: plugged.driver(0) == plugged.driver(1) == driver, what=f"it is {driver}'s again"
        )


@limits(420)
async def test_fifty_times_unplugged_and_nothing_leaks(folder: pathlib.Path) -> None:
    await cycles(folder, 50, LEFT_ALONE, None)


@limits(120)
async def test_ten_times_taken_while_the_kernel_brings_it_up(folder: pathlib.Path) -> None:
    await cycles(folder, 10, "1209:0b1e", "btusb")
