"""Pulled out and plugged in again, many times: the receiver has the dongle each time, and nothing
adds up."""

import os
import pathlib

from bed import BLUETOOTH, until
from limits import limits
from place import place, start

CYCLES = 50
WARM = 5  # cycles until everything that is made once is made


def holds(pid: int) -> dict[str, int]:
    """What a process holds, and the kernel for it."""
    status = dict(
        line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    processes = [entry for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit()]
    return {
        "files": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
        "kilobytes": int(status["RssAnon"].split()[0]),
        "processes": len(processes),
        "controllers of the kernel": len(list(BLUETOOTH.iterdir())),
    }


@limits(240)
async def test_fifty_times_unplugged_and_nothing_leaks(folder: pathlib.Path) -> None:
    async with place(folder) as (one, dongle):
        receiver = await start(one)
        for cycle in range(CYCLES):
            after = len(one.watch.events)
            await dongle.unplug()
            await one.watch.next("controller", after, state="lost")
            await dongle.plug()
            await one.watch.next("controller", after, seconds=15, state="up")
            assert dongle.driver(0) == dongle.driver(1) == "usbfs"
            if cycle == WARM:
                before = holds(receiver.process.pid)
        after = holds(receiver.process.pid)
        print(f"after {WARM} cycles {before}, after {CYCLES} {after}")
        assert after.pop("kilobytes") < before.pop("kilobytes") + 512
        assert after == before, f"{before} became {after}"
        # It is as good as new.
        phone = await one.phone("Phone A", 440)
        await one.call("Pair", seconds=60)
        one.receiver.address = one.watch.of("controller", state="up")[-1]["address"]
        await one.join(phone)
        await receiver.stop()
        await until(lambda: dongle.driver(0) == dongle.driver(1) == "btusb", what="btusb has it")
