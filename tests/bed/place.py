"""A scene (`tests/interop/scene.py`) whose receiver is on a dongle."""

import contextlib
import pathlib

from bed import dongle
from receiver import Daemon
from scene import Scene, scene


@contextlib.asynccontextmanager
async def place(folder: pathlib.Path, *arguments: str):
    """An air, and a dongle in port 0 that the kernel's own driver has brought up."""
    async with scene(folder) as one, dongle(folder, one.port, *arguments) as dongle_0:
        await dongle_0.settled()
        yield one, dongle_0


async def start(one: Scene, *arguments: str) -> Daemon:
    """Starts the receiver on the first dongle that there is."""
    return await one.start_receiver("--pair", "60", *arguments, controller="usb")
