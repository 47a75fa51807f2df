"""Pulled out and plugged in again, many times: the receiver has the dongle each time, and nothing
adds up."""

import os
import pathlib

from bed import BLUETOOTH, dongle, udevd, until
from limits import limits
from place import start
from scene import scene

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
    """Plugs a dongle of a make so many times, which this driver of the kernel's has without us."""
    async with (
        scene(folder) as one,
        udevd(folder),
        dongle(folder, one.port, f"--id={ids}") as plugged,
    ):
        await until(lambda: plugged.driver() == driver, what=f"it is {driver}'s")
        receiver = await start(one)
        for cycle in range(count):
            after = len(one.watch.events)
            await plugged.unplug()
            await one.watch.next("controller", after, state="lost")
            await plugged.plug()
            await one.watch.next("controller", after, seconds=15, state="up")
            assert plugged.driver(0) == plugged.driver(1) == "usbfs"
            if cycle == WARM:
                before = holds(receiver.process.pid)
        after = holds(receiver.process.pid)
        print(f"after {WARM} cycles {before}, after {count} {after}")
        assert after.pop("kilobytes") < before.pop("kilobytes") + 512
        assert after == before, f"{before} became {after}"
        # It is as good as new.
        phone = await one.phone("Phone A", 440)
        await one.call("Pair", seconds=60)
        receiver.address = one.watch.of("controller", state="up")[-1]["address"]
        await one.join(phone)
        await receiver.stop()
        await until(
            lambda: plugged.driver(0) == plugged.driver(1) == driver, what=f"it is {driver}'s again"
        )


@limits(180)
async def test_fifty_times_unplugged_and_nothing_leaks(folder: pathlib.Path) -> None:
    await cycles(folder, 50, LEFT_ALONE, None)


@limits(120)
async def test_ten_times_taken_while_the_kernel_brings_it_up(folder: pathlib.Path) -> None:
    await cycles(folder, 10, "1209:0b1e", "btusb")
