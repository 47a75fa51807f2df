#!/usr/bin/env python3
"""How long a call takes through the receiver: from the phone's indicator to the event that an owner's
program reads, and from `Answer` to the ATA that leaves. Prints a table in Markdown.

    $(ls -d target/python-*/bin/python) benches/calls.py

builds what it needs (release) and takes about a minute. The interpreter is that of the tests' virtual
environment, which `cargo xtask test interop` makes. `--no-build` measures what is there; `--rounds`
says how often.

A phone made of bumble rings over rootcanal; both are slow, and neither is measured. What is measured
begins and ends where the capture of `tandemd` has the packet: `+CIEV` as it came from the controller,
ATA as it went there. The other end is this process, which reads the watch and sends the call over the
socket, so what is shown includes two wake-ups and what Python takes for a line of JSON.
"""

import argparse
import asyncio
import dataclasses
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "interop"))

from receiver import Control  # noqa: E402
from scene import Scene, caller  # noqa: E402

BTSNOOP_HEADER, RECORD = 16, struct.Struct(">IIIIq")
FROM_YEAR_0_TO_1970 = 0x00DCDDB30F2F8000  # microseconds
RECEIVED = 1  # the flag
RINGS, TAKEN = b"+CIEV: 3,1\r", b"ATA\r"  # where `callsetup` is in third place


@dataclasses.dataclass
class Round:
    rang: float  # the event was read
    answered: float  # the verb was sent


def times(capture: pathlib.Path, what: bytes, flag: int) -> list[float]:
    """When packets with these octets came or went."""
    data, at, found = capture.read_bytes(), BTSNOOP_HEADER, []
    while at + RECORD.size <= len(data):
        _, length, flags, _, stamp = RECORD.unpack_from(data, at)
        at += RECORD.size
        if flags & RECEIVED == flag and what in data[at : at + length]:
            found.append((stamp - FROM_YEAR_0_TO_1970) / 1e6)
        at += length
    return found


async def rings(one: Scene, phone, count: int) -> list[Round]:
    control = await Control.open(one.receiver.control)
    rounds = []
    for _ in range(count):
        after = one.now
        call = await phone.ring("5550101")
        await one.told(phone, "incoming", after)
        rang = time.time()
        await asyncio.sleep(0.1)
        answered = time.time()
        await control.call("Answer", how="default")
        await one.told(phone, "active", after)
        phone.end(call)
        await one.told(phone, "ended", after)
        await phone.has_voice(False)
        await asyncio.sleep(0.1)
        rounds.append(Round(rang, answered))
    control.close()
    return rounds


async def measure(folder: pathlib.Path, count: int) -> list[tuple[str, list[float]]]:
    async with caller(folder) as (one, phone):
        rounds = await rings(one, phone, count)
        await one.receiver.stop()
        told = times(one.capture, RINGS, RECEIVED)
        taken = times(one.capture, TAKEN, 0)
    assert len(told) == len(taken) == count, f"{len(told)} rings and {len(taken)} ATA of {count}"
    return [
        ("`+CIEV` to `call` read by a program", [r.rang - t for r, t in zip(rounds, told)]),
        ("`Answer` sent by a program to ATA", [t - r.answered for r, t in zip(rounds, taken)]),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--rounds", type=int, default=50)
    arguments = parser.parse_args()
    if not arguments.no_build:
        subprocess.run(["cargo", "build", "--release", "--bin", "tandemd"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measure(pathlib.Path(folder), arguments.rounds))
    print(f"\n| {arguments.rounds} calls | median | 9 of 10 within | slowest |\n|---|---|---|---|")
    for what, seconds in rows:
        within = statistics.quantiles(seconds, n=10)[-1]
        figures = (statistics.median(seconds), within, max(seconds))
        print(f"| {what} | {' | '.join(f'{1000 * figure:.2f} ms' for figure in figures)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
