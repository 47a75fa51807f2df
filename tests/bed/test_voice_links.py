"""Voice over isochronous transfers with Tandem's driver, byte for byte."""

import asyncio
import pathlib

from air import air
from bed import dongle
from limits import limits
from receiver import program

SECONDS = 60
# Which setting a link gets: mSBC setting 1, or 6 where the dongle is known to want that; 16 bits 2.
LINKS = (("transparent", 1, "1209:0b1e"), ("linear", 2, "1209:0b1e"), ("transparent", 6, "0bda:8520"))


@limits(130, alone=True)
async def test_a_minute_of_voice_comes_back_byte_for_byte_in_settings_1_2_and_6(
    folder: pathlib.Path,
) -> None:
    async with air(folder) as port:
        await asyncio.gather(
            *(loop(folder, port, n, *link) for n, link in enumerate(LINKS))
        )


async def loop(folder: pathlib.Path, h4: int, port: int, coding: str, setting: int, ids: str):
    async with dongle(folder, h4, f"--id={ids}", port=port) as one:
        await one.settled()
        await one.say("voice loop on")
        process = await asyncio.create_subprocess_exec(
            program("testbed"),
            "voice",
            f"--controller=usb:{one.name}",
            f"--coding={coding}",
            f"--seconds={SECONDS}",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        set_to = 0
        while process.returncode is None and not set_to:
            set_to = (await one.status())["setting"]
            await asyncio.sleep(0.1)
        said, _ = await process.communicate()
        status = await one.status()
        print(f"setting {set_to}: {said.decode().strip()} {status}", flush=True)
        assert process.returncode == 0, f"setting {set_to}: {said.decode()} {status}"
        assert set_to == setting, f"{coding}: setting {set_to}"
        assert status["busy_changes"] == status["voice_out_garbled"] == 0, status
        # Frames that the host was not there for: few even where the machine stands still at times.
        assert status["starved"] < 0.01 * status["frames"], status
