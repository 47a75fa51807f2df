"""What a test in the bed has at hand: dongles to plug in, the kernel's view of them, udevd.

Everything here runs in the guest, as root, with the air (rootcanal) beside it.
"""

import asyncio
import contextlib
import json
import os
import pathlib
import subprocess
import time

from receiver import program

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEVICES = pathlib.Path("/sys/bus/usb/devices")
BLUETOOTH = pathlib.Path("/sys/class/bluetooth")
NODES = pathlib.Path("/dev/bus/usb")


async def until(condition, seconds: float = 5, what: str = ""):
    """Waits until `condition()` gives something, and gives that."""
    end = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        await asyncio.sleep(0.01)


class Wrong(Exception):
    """An order that the dongle did not take."""


class Orders:
    """A line to a dongle or a filter: orders, each answered."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    async def say(self, *words) -> str:
        reader, writer = await asyncio.open_unix_connection(str(self.path))
        try:
            writer.write((" ".join(map(str, words)) + "\n").encode())
            answer = (await reader.readline()).decode().strip()
        finally:
            writer.close()
        if answer.startswith("error: "):
            raise Wrong(answer)
        return answer


class Dongle(Orders):
    """A dongle in a port of the virtual hub."""

    def __init__(self, path: pathlib.Path, port: int) -> None:
        super().__init__(path)
        self.port = port

    @property
    def name(self) -> str:
        """Its folder in sysfs: bus 1 is the hub for full speed."""
        return f"1-{self.port + 1}"

    @property
    def sysfs(self) -> pathlib.Path:
        return DEVICES / self.name

    def read(self, attribute: str) -> str:
        return (self.sysfs / attribute).read_text().strip()

    @property
    def node(self) -> pathlib.Path:
        """Its node, which changes each time that it is plugged in."""
        return NODES / f"{int(self.read('busnum')):03}/{int(self.read('devnum')):03}"

    def driver(self, interface: int = 0) -> str | None:
        """The driver that has an interface."""
        with contextlib.suppress(FileNotFoundError):
            path = self.sysfs / f"{self.name}:1.{interface}" / "driver"
            return pathlib.Path(os.readlink(path)).name
        return None

    async def there(self) -> None:
        await until(lambda: (self.sysfs / f"{self.name}:1.0").exists(), what=f"{self.name} is there")

    async def gone(self) -> None:
        await until(lambda: not self.sysfs.exists(), what=f"{self.name} is gone")

    async def settled(self) -> None:
        """Waits until the kernel's own driver has it and has nothing more to ask."""
        await until(lambda: self.driver() == "btusb", what="btusb has the dongle")
        quiet = -1
        while quiet != (quiet := (await self.status())["commands"]):
            await asyncio.sleep(0.3)

    async def plug(self) -> None:
        await self.say("plug")
        await self.there()

    async def unplug(self) -> None:
        await self.say("unplug")
        await self.gone()

    async def sets(self, setting: int) -> None:
        """Waits until the interface for voice has this setting: it is told of after its link."""
        async with asyncio.timeout(3):
            while (await self.status())["setting"] != setting:
                await asyncio.sleep(0.02)

    async def status(self) -> dict:
        return json.loads(await self.say("status"))


@contextlib.asynccontextmanager
async def dongle(folder: pathlib.Path, h4: int, *arguments: str, port: int = 0):
    """Plugs a dongle in, with a controller at a port of this machine behind it."""
    one = Dongle(folder / f"dongle-{port}", port)
    with open(folder / f"dongle-{port}.log", "wb") as log:
        process = await asyncio.create_subprocess_exec(
            program("testbed"),
            "dongle",
            f"--h4=127.0.0.1:{h4}",
            f"--control={one.path}",
            f"--port={port}",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    try:
        ready = await asyncio.wait_for(process.stdout.readline(), 10)
        assert ready == b"dongle: ready\n", log_of(folder, port)
        if "--unplugged" not in arguments:
            await one.there()
        yield one
        assert process.returncode is None, f"the dongle ended: {log_of(folder, port)}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        one.path.unlink(missing_ok=True)


def log_of(folder: pathlib.Path, port: int) -> str:
    return (folder / f"dongle-{port}.log").read_text(errors="replace")


@contextlib.asynccontextmanager
async def udevd(folder: pathlib.Path, *rules: pathlib.Path):
    """Runs the real udevd with the system's rules and these, and has it look at what is there."""
    places = pathlib.Path("/run/udev/rules.d")
    places.mkdir(parents=True, exist_ok=True)
    for rule in rules:
        (places / rule.name).write_bytes(rule.read_bytes())
    daemon = next(
        path
        for path in map(pathlib.Path, ("/lib/systemd/systemd-udevd", "/usr/lib/systemd/systemd-udevd"))
        if path.exists()
    )
    with open(folder / "udevd.log", "wb") as log:
        process = await asyncio.create_subprocess_exec(
            "systemd-udevd", executable=daemon, stdout=log, stderr=log
        )
    try:
        await until(lambda: pathlib.Path("/run/udev/control").exists(), what="udevd listens")
        run("udevadm", "trigger", "--action=add")
        run("udevadm", "settle", "--timeout=20")
        yield
        assert process.returncode is None, (folder / "udevd.log").read_text(errors="replace")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def properties(path: pathlib.Path) -> dict[str, str]:
    """What udevd keeps of a device."""
    said = run("udevadm", "info", "--query=property", f"--path={path.resolve()}")
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def add_group(name: str, number: int) -> None:
    """Makes a system group: the guest's root is the host's and cannot be written to."""
    groups = pathlib.Path("/run/group")
    groups.write_text(pathlib.Path("/etc/group").read_text() + f"{name}:x:{number}:\n")
    run("mount", "--bind", str(groups), "/etc/group")


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def cpu(pid: int) -> dict[str, float]:
    """The seconds that each thread of a process has run."""
    threads: dict[str, float] = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name, fields = (task / "stat").read_text().rsplit(") ", 1)
        used = sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")
        name = name.split("(", 1)[1]
        threads[name] = threads.get(name, 0.0) + used
    return threads
