#!/usr/bin/env python3
"""Tandem's USB driver beside libusb and bumble, on one emulated dongle in one boot of the bed's kernel
(`tests/README.md`, "The bed"): what music and voice cost, and how many system calls a media packet
takes. Prints tables in Markdown.

    $(ls -d target/python-*/bin/python) benches/bed/peers.py

builds what it needs (release, with `--features libusb`) and takes about six minutes. The interpreter
is that of the tests' virtual environment, which `cargo xtask test interop` makes. `--no-build` measures
what is there; `--rounds` and `--seconds` say how often and for how long.

What is compared, in turns A B C A B C:

* music: a phone made of bumble streams SBC, 44.1 kHz joint stereo, bitpool 53, over rootcanal to the
  dongle. `tandemd` decodes it into a file, by usbfs or by libusb; bumble as a receiver only counts the
  packets and decodes nothing.
* voice: the dongle sends the numbered packets of one link, 8 kHz in 16 bits as a link of 64 kbit/s on air
  has it over USB: 51 bytes in 3 ms, alternate setting 2. Whoever has the dongle sends them back.

What is counted is the CPU (user and system, all threads) of the receiver's process alone, in the guest,
for a second of audio that it took, by random looks (`looks.py`). The guest is User-Mode Linux, which
makes system calls many times dearer than they are: ratios count here, not milliseconds, and no latency
is measured. Behind each ± stands the standard error of the rounds. Fails where what came is wrong, or
a burst costs more system calls a packet than it may.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import importlib.metadata
import json
import math
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "interop"), str(ROOT / "tests" / "bed")]

import usb1  # noqa: E402
from bumble.transport import usb as bumble_usb  # noqa: E402

from air import air, end  # noqa: E402
from bed import Dongle, dongle, until  # noqa: E402
from phone import Phone  # noqa: E402
from receiver import daemon, program  # noqa: E402
from test_driver import HANDLE, hand, setting_of  # noqa: E402
from tone import RATE, SAMPLES_A_FRAME, make  # noqa: E402

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BUILDS = (
    ("--bin", "tandemd", "--features", "libusb"),
    ("-p", "tandem-usb", "--example", "hand", "--features", "libusb"),
    ("-p", "tandem-testbed"),
)
# A make that the kernel's own driver leaves alone: so nobody else is at the dongle in between.
LEFT_ALONE = "--id=0a5c:2033"

WARM = 1.5  # seconds that are not counted
MS_A_VOICE_PACKET = 3
VOICE_BYTES_A_MS = 16
HOLD = 0.12  # seconds for which the receiver is held, for packets to gather
MOST_CALLS_IN_BURSTS = 3.0

USBFS, LIBUSB, BUMBLE = NAMES = "Tandem, usbfs", "Tandem, libusb", "bumble, libusb"
SPECS = {USBFS: "usb", LIBUSB: "libusb"}


class Row:
    """A figure for each receiver, one a round."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.rounds: dict[str, list[float]] = {name: [] for name in NAMES}

    def add(self, name: str, figure: float) -> None:
        self.rounds[name].append(figure)
        print(f"{self.what}, {name}: {figure:.1f}", file=sys.stderr, flush=True)

    def mean(self, name: str) -> float:
        return statistics.mean(self.rounds[name])

    def shown(self, unit: str) -> list[str]:
        """Each mean, with its standard error."""
        texts = []
        for figures in self.rounds.values():
            error = statistics.stdev(figures) / math.sqrt(len(figures)) if len(figures) > 1 else 0
            mean = f"{statistics.mean(figures):.0f}" if figures else ""
            texts.append(f"{mean} ± {error:.0f} {unit}" if figures else "-")
        return texts

    def ratios(self) -> list[str]:
        return [f"**{self.mean(name) / self.mean(USBFS):.2f}**" for name in NAMES]


async def share(pid: int, seconds: float) -> dict[str, float]:
    """The share of the next seconds in which a process runs, and each of its threads."""
    looks = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / "looks.py"),
        str(pid),
        str(seconds),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        said, _ = await asyncio.wait_for(looks.communicate(), seconds + 10)
    finally:
        await end(looks)
    return json.loads(said)


# Music.


@contextlib.asynccontextmanager
async def tandemd(folder: pathlib.Path, controller: str):
    """A receiver that is ready to pair: its process and its address."""
    sound = ("--sound", f"wav:{folder / 'heard.wav'}")
    async with daemon(folder, controller, "--pair", "60", *sound) as one:
        await one.ready(20)
        yield one.process, one.address
        await one.stop()


@contextlib.asynccontextmanager
async def bumble(kind: str, heard: list[str]):
    """The same made of bumble; `heard` gets what it says at its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / "bumble_receiver.py"),
        kind,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path[:2])},
    )
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().split()
        assert line[:1] == ["ready"], f"bumble is not ready: {line}"
        yield process, line[1]
        process.stdin.close()
        heard += (await asyncio.wait_for(process.stdout.readline(), 10)).decode().split()
        await asyncio.wait_for(process.wait(), 10)
    finally:
        await end(process)


@contextlib.asynccontextmanager
async def playing(folder: pathlib.Path, port: int, address: str):
    """A phone that has paired with a receiver and plays."""
    phone = Phone("Phone", make(441, folder))
    await phone.power_on(port)
    try:
        await phone.connect(address)
        await phone.open_music()
        await phone.play()
        await asyncio.sleep(WARM)
        yield phone
        await phone.suspend()
    finally:
        await phone.power_off()


async def music(name: str, folder: pathlib.Path, port: int, seconds: float) -> tuple[float, float]:
    """What a second of music costs with this receiver, and what its thread at the dongle has of that."""
    folder.mkdir()
    heard: list[str] = []
    receiver = tandemd(folder, SPECS[name]) if name in SPECS else bumble("music", heard)
    async with receiver as (process, address), playing(folder, port, address) as phone:
        packets, began = phone.pump.packets, time.monotonic()
        shares = await share(process.pid, seconds)
        packets, seconds = phone.pump.packets - packets, time.monotonic() - began
    if name == BUMBLE:
        assert int(heard[1]) > 0.98 * packets, f"bumble heard {heard[1]} packets of {packets}"
    audio = packets * phone.manners.most_frames * SAMPLES_A_FRAME / RATE
    assert audio > 0.8 * seconds, f"the phone played {audio:.1f} s in {seconds} s"
    whole, radio = shares["any"], shares.get("radio", 0)
    return 1000 * whole * seconds / audio, 1000 * radio * seconds / audio


# Voice.


async def two_way(pid: int, one: Dongle, seconds: float) -> tuple[float, float]:
    """What a second costs that came, and how much of it, in percent, was sent back."""
    await until(lambda: setting_of(one) == 2, 10, "setting 2")
    await asyncio.sleep(WARM)
    status, began = await one.status(), time.monotonic()
    spent = (await share(pid, seconds))["any"]
    after, seconds = await one.status(), time.monotonic() - began
    came, back = (after[way] - status[way] for way in ("voice_in", "voice_out"))
    assert after["voice_out_garbled"] == 0, after
    audio = came * MS_A_VOICE_PACKET / 1000
    assert audio > 0.8 * seconds, f"{audio:.1f} s came in {seconds} s"
    return 1000 * spent * seconds / audio, 100 * back / came


async def voice(name: str, one: Dongle, seconds: float) -> tuple[float, float]:
    if name == BUMBLE:
        heard: list[str] = []
        async with bumble("voice", heard) as (process, _):
            result = await two_way(process.pid, one, seconds)
        assert heard[2:] == ["torn", "0"], heard
        return result
    async with hand(SPECS[name]) as it:
        await it.hear("open", 20)
        it.say("loop on")
        it.say(f"voice {HANDLE:x}:linear16")
        result = await two_way(it.process.pid, one, seconds)
        it.say("loop off")
        packets = [bytes.fromhex(await it.hear("sco")) for _ in range(32)]
        numbers = [int.from_bytes(packet[3:7], "little") for packet in packets]
        assert numbers == list(range(numbers[0], numbers[0] + 32)), f"torn: {numbers}"
        it.say("close")
        await it.hear("closed")
    return result


# System calls.


@dataclasses.dataclass
class Calls:
    """What wake-ups of a kind took."""

    wakes: int = 0
    packets: int = 0
    usb: int = 0  # waiting, reaping, submitting
    clock: int = 0
    others: int = 0

    def __iadd__(self, other: "Calls") -> "Calls":
        for field in dataclasses.fields(self):
            name = field.name
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    def cells(self) -> str:
        a_packet = (f"{calls / self.packets:.2f}" for calls in (self.usb, self.others, self.clock))
        return " | ".join((f"{self.wakes}", f"{self.packets / self.wakes:.1f}", *a_packet))


def sorted_by_wake(log: str) -> tuple[Calls, Calls]:
    """What strace saw of wake-ups for one packet, and for several. A transfer is a packet's: nothing
    else comes while music plays."""
    alone, bursts, wake = Calls(), Calls(), Calls()
    for line in log.splitlines():
        found = re.match(r"(\w+)\((.*)\) += (-?\d+)", line)
        if not found:
            continue  # a signal, or a call that it interrupted
        call, arguments, result = found.groups()
        if call == "ppoll":
            if wake.packets:
                kind = alone if wake.packets == 1 else bursts
                kind += wake
            wake = Calls(wakes=1, usb=1)
        elif call == "ioctl":
            wake.usb += 1
            wake.packets += "REAPURB" in arguments and int(result) == 0
        elif call == "clock_gettime":
            wake.clock += 1
        else:
            wake.others += 1
    return alone, bursts


async def system_calls(folder: pathlib.Path, port: int, seconds: float) -> tuple[Calls, Calls]:
    """What tandemd's thread at the dongle calls while music plays. Half of the time it is held every
    now and then, so that packets gather."""
    folder.mkdir()
    log = folder / "strace"
    async with tandemd(folder, "usb") as (process, address), playing(folder, port, address):
        tasks = pathlib.Path(f"/proc/{process.pid}/task").iterdir()
        [radio] = [task.name for task in tasks if (task / "comm").read_text() == "radio\n"]
        tracer = await asyncio.create_subprocess_exec("strace", "-qq", "-o", str(log), "-p", radio)
        try:
            await asyncio.sleep(seconds / 2)
            for _ in range(round(seconds / 2 / (3 * HOLD))):
                process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(HOLD)
                process.send_signal(signal.SIGCONT)
                await asyncio.sleep(2 * HOLD)
        finally:
            await end(tracer)
    return sorted_by_wake(log.read_text())


# All of it.


def constant(path: str, name: str) -> int:
    return int(re.search(rf"const {name}: usize = (\d+);", (ROOT / path).read_text())[1])


def depths() -> list[list[str]]:
    """How much voice is on the bus or waits for it, in milliseconds, by the sources."""
    packets = constant("crates/usb/src/voice/setting.rs", "PACKETS")
    out = packets * constant("crates/usb/src/voice/mod.rs", "TRANSFERS_OUT")
    theirs = bumble_usb.MAX_SCO_IN_PACKETS
    return [
        ["voice out: in flight", *[f"{out} ms"] * 2, f"one packet ({MS_A_VOICE_PACKET} ms), then a gap"],
        ["voice in: handed over every", *[f"{packets} ms"] * 2, f"{theirs} ms"],
    ]


def versions() -> str:
    lock = (ROOT / "Cargo.lock").read_text()
    bindings = re.search(r'name = "libusb1-sys"\nversion = "(.*)"', lock)[1]
    bumble_usb.load_libusb()
    theirs = ".".join(map(str, usb1.getVersion()[:3]))
    of = importlib.metadata.version
    return (
        f"Linux {os.uname().release} for User-Mode Linux; Python {sys.version.split()[0]}; "
        f"bumble {of('bumble')} with libusb1 {of('libusb1')} on libusb {theirs}; "
        f"rootcanal {of('rootcanal')}; libusb1-sys {bindings} with its own libusb."
    )


async def inside(folder: pathlib.Path, rounds: int, seconds: float) -> int:
    """In the guest: measures, and prints the tables."""
    songs, radio = Row("music"), Row("music, the thread at the dongle")
    links, back = Row("voice"), Row("voice, sent back")
    async with air(folder) as port, dongle(folder, port, LEFT_ALONE) as one:
        alone, bursts = await system_calls(folder / "calls", port, seconds)
        for number in range(rounds):
            for place, name in enumerate(NAMES):
                whole, part = await music(name, folder / f"{number}-{place}", port, seconds)
                songs.add(name, whole)
                if name != BUMBLE:
                    radio.add(name, part)
        await one.say("voice", "numbers", HANDLE, VOICE_BYTES_A_MS)
        for number in range(rounds):
            for name in NAMES:
                for row, figure in zip((links, back), await voice(name, one, seconds)):
                    row.add(name, figure)
    rows = [
        ["music: CPU, as a multiple", *songs.ratios()],
        ["for a second, in the guest", *songs.shown("ms")],
        ["of it the thread at the dongle", *radio.shown("ms")],
        ["voice: CPU, as a multiple", *links.ratios()],
        ["for a second, in the guest", *links.shown("ms")],
        ["sent back of what came", *back.shown("%")],
        *depths(),
    ]
    print(f"\n| | {' | '.join(NAMES)} |\n|---|---|---|---|")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))
    print("\n| system calls a media packet | wake-ups | packets each | wait, reap, submit | others | clock |")
    print("|---|---|---|---|---|---|")
    print(f"| alone | {alone.cells()} |\n| in bursts | {bursts.cells()} |\n\n{versions()}")
    if bursts.usb > MOST_CALLS_IN_BURSTS * bursts.packets:
        print(f"a media packet of a burst takes more than {MOST_CALLS_IN_BURSTS} system calls")
        return 1
    return 0


def outside(arguments: argparse.Namespace) -> int:
    """Builds, boots and has it measured inside."""
    if not arguments.no_build:
        for build in BUILDS:
            subprocess.run(["cargo", "build", "--release", *build], cwd=ROOT, check=True)
    folder = TARGET / "peers"
    shutil.rmtree(folder, ignore_errors=True)
    limit = 120 + arguments.rounds * arguments.seconds * 12 + arguments.rounds * 90
    # As the tests that stream in real time: the kernel is a process among the machine's others.
    urgent = ["nice", "-n", "-10"] if os.geteuid() == 0 else []
    boot = [str(program("testbed")), "boot", f"--share={folder}", f"--seconds={limit}", "--"]
    job = [sys.executable, __file__, "--inside"]
    job += [f"--rounds={arguments.rounds}", f"--seconds={arguments.seconds}"]
    return subprocess.run([*urgent, *boot, *job]).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:
        return outside(arguments)
    # Short paths for sockets.
    return asyncio.run(inside(pathlib.Path("/run/share"), arguments.rounds, arguments.seconds))


if __name__ == "__main__":
    sys.exit(main())
