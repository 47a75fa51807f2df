"""A dongle is plugged in, and the receiver starts: our rule under the real udevd."""

import asyncio
import contextlib
import grp
import os
import pathlib
import re
import shlex
import stat

from bed import ROOT, add_group, dongle, properties, udevd, until
from limits import limits
from receiver import READY, program
from scene import scene

TANDEM = 913  # the user's and the group's number
WANTED = pathlib.Path("/run/wanted")
# What systemd does with a unit that udev wants, we do: another rule tells us which it is.
TELL = """ACTION!="remove", TAG=="systemd", ENV{SYSTEMD_WANTS}=="?*", \
RUN+="/bin/sh -c 'echo $env{SYSTEMD_WANTS} >> /run/wanted'"
"""


def wanted() -> list[str]:
    """The units of ours that udev has asked for."""
    units = WANTED.read_text().split() if WANTED.exists() else []
    return [unit for unit in units if unit.startswith("tandemd")]


def unit(name: str) -> tuple[str, dict[str, str]]:
    """The instance of a unit of ours, and its settings (the last one of each)."""
    template, instance = re.fullmatch(r"(tandemd@)(.*)\.service", name).groups()
    lines = (ROOT / "udev" / f"{template}.service").read_text().splitlines()
    return instance, dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")


@contextlib.asynccontextmanager
async def service(name: str, log: pathlib.Path):
    """Starts a unit as systemd does, so far as that matters here: its user, its group, its command,
    its folders. Not: its confinement."""
    instance, settings = unit(name)
    assert settings["User"] == settings["Group"] == "tandem"
    folders = {"STATE_DIRECTORY": "/run/state", "RUNTIME_DIRECTORY": "/run/tandem"}
    for folder in folders.values():
        os.makedirs(folder)
        os.chown(folder, TANDEM, TANDEM)
    command = settings["ExecStart"].replace("%i", instance).replace("$TANDEMD_OPTIONS", "--sound=null")
    words = shlex.split(command)
    assert words[0] == "/usr/bin/tandemd"
    with open(log, "wb") as output:
        process = await asyncio.create_subprocess_exec(
            program("tandemd"),
            *words[1:],
            stdout=output,
            stderr=output,
            env={**os.environ, **folders},
            user=TANDEM,
            group=TANDEM,
            extra_groups=[],
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@limits(60)
async def test_a_plug_event_starts_the_receiver(folder: pathlib.Path) -> None:
    add_group("tandem", TANDEM)
    tell = folder / "99-tell.rules"
    tell.write_text(TELL)
    rules = ROOT / "udev" / "70-tandem.rules", tell
    async with (
        scene(folder) as one,
        udevd(folder, *rules),
        dongle(folder, one.port, "--unplugged") as plugged,
    ):
        assert wanted() == []
        await plugged.plug()
        (name,) = await until(wanted, what="udev wants a unit")
        assert name == "tandemd@1209:0b1e.service"
        found = properties(plugged.sysfs)
        assert "systemd" in found["TAGS"].split(":") and found["SYSTEMD_WANTS"] == name, found
        node = plugged.node.stat()
        assert grp.getgrgid(node.st_gid).gr_name == "tandem"
        assert stat.S_IMODE(node.st_mode) == 0o660

        log = folder / "tandemd.log"
        async with service(name, log) as process:
            await until(lambda: READY.search(log.read_bytes()), 10, log.read_text())
            assert plugged.driver() == "usbfs"
            # Pulled out and plugged in again: it waits, and systemd is asked again.
            await plugged.unplug()
            await plugged.plug()
            await until(lambda: len(wanted()) == 2, what="udev wants it again")
            assert process.returncode is None, log.read_text()
            await until(lambda: plugged.driver() == "usbfs", 15, "the receiver has it again")
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 4) == 0, log.read_text()
        await until(lambda: plugged.driver() == "btusb", what="btusb has it back")
