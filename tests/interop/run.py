#!/usr/bin/env python3
"""Runs a suite: every `async def test_…(folder)` of `test_*.py` here (`--suite interop`), or of
`demo_*.py` or `sound_*.py`, or of `test_*.py` in `tests/bed` (`--suite bed`).

    run.py [--suite SUITE] [--list] [--keep DIR] [--jobs N] [NAME…]

Each test runs in a process and a process group of its own and has a total time limit (`limit`,
an attribute set by `@limits`); what is left of the group when it ends is ended. Tests that need whole
sound in real time run alone, the others several at once. Results go into one folder a test.
Tests of the bed run in a kernel of their own each, which `testbed boot` starts.

A test that fails while the machine itself stood still, as `witness.py` saw it, is run again; that is said,
and what it left is kept as `NAME.1`. One that fails while the machine kept time has failed.
"""

import argparse
import asyncio
import contextlib
import importlib
import os
import pathlib
import shutil
import signal
import sys
import time
import traceback

from witness import Stalls, witness

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

BED = HERE.parent / "bed"
SUITES = {
    "interop": (HERE, "test"),
    "demo": (HERE, "demo"),
    "sound": (HERE, "sound"),
    "bed": (BED, "test"),
}

# How long the machine may stand still, in seconds, before what a test found means nothing: the queue
# of a sink holds 20 ms, and what is not about whole sound waits for answers of the phones.
STILL_FOR_SOUND, STILL = 0.015, 0.1
ATTEMPTS = 3


def tests(suite: str) -> list[tuple[str, float, bool]]:
    """Each test's name, its time limit in seconds, and whether it must run alone."""
    found = []
    place, prefix = SUITES[suite]
    for path in sorted(place.glob(f"{prefix}_*.py")):
        module = importlib.import_module(path.stem)
        for name, function in vars(module).items():
            if name.startswith("test_") and asyncio.iscoroutinefunction(function):
                found.append(
                    (
                        f"{path.stem}:{name}",
                        getattr(function, "limit", 60.0),
                        getattr(function, "alone", False),
                    )
                )
    return found


def run_here(name: str, folder: pathlib.Path) -> int:
    """Runs one test in this process."""
    module, name = name.split(":")
    function = getattr(importlib.import_module(module), name)
    if getattr(function, "urgent", False):
        # Whatever else the machine does, the phones must keep time. Root may ask for that.
        with contextlib.suppress(PermissionError):
            os.nice(-10)
    try:
        asyncio.run(function(folder))
    except Exception:  # whatever it is, it is the test's failure
        traceback.print_exc()
        return 1
    return 0


def kernel(folder: pathlib.Path, limit: float, alone: bool) -> list[str]:
    """What runs a command in a kernel of its own that can write to one folder."""
    from receiver import program

    # As in `run_here`: the kernel is a process among the machine's others.
    urgent = ["nice", "-n", "-10"] if alone and os.geteuid() == 0 else []
    return [*urgent, str(program("testbed")), "boot", f"--share={folder}", f"--seconds={limit}", "--"]


async def run_apart(before: list[str], name: str, limit: float, folder: pathlib.Path):
    """Runs one test in a group of its own, behind the words `before`. Gives what went wrong, or
    nothing."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    log = folder / "test.log"
    with open(log, "wb") as output:
        process = await asyncio.create_subprocess_exec(
            *before,
            sys.executable,
            str(HERE / "run.py"),
            "--one",
            name,
            "/run/share" if before else str(folder),  # as `testbed boot` has it
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        group = process.pid
        try:
            code = await asyncio.wait_for(process.wait(), limit)
        except TimeoutError:
            code = None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
            await process.wait()
    if code == 0:
        return None
    said = log.read_text(errors="replace").strip()[-3000:]
    return said if code is not None else f"not done after {limit:.0f} s\n{said}"


async def run_all(suite: str, chosen, base: pathlib.Path, jobs: int, stalls: Stalls) -> int:
    failed = []
    again = []
    started = time.monotonic()
    done = 0

    async def one(name: str, limit: float, alone: bool) -> None:
        nonlocal done
        start = time.monotonic()
        folder = base / name.replace(":", "-")
        before = kernel(folder, limit, alone) if suite == "bed" else []
        for attempt in range(1, ATTEMPTS + 1):
            began = time.monotonic()
            # The kernel's own limit comes first.
            wrong = await run_apart(before, name, limit + 5 * bool(before), folder)
            still = stalls.longest(began)
            if not wrong or attempt == ATTEMPTS or still < (STILL_FOR_SOUND if alone else STILL):
                break
            print(
                f"{name} ... is run again: the machine stood still for {1000 * still:.0f} ms\n    "
                + wrong.replace("\n", "\n    "),
                flush=True,
            )
            again.append(name)
            kept = folder.with_name(f"{folder.name}.{attempt}")
            shutil.rmtree(kept, ignore_errors=True)
            folder.rename(kept)
        done += 1
        word = "FAILED" if wrong else "ok"
        took = time.monotonic() - start
        print(f"[{done}/{len(chosen)}] {name} ... {word} ({took:.1f} s)", flush=True)
        if wrong:
            failed.append(name)
            print("    " + wrong.replace("\n", "\n    "), flush=True)

    room = asyncio.Semaphore(jobs)

    async def beside(name: str, limit: float) -> None:
        async with room:
            await one(name, limit, alone=False)

    await asyncio.gather(*(beside(name, limit) for name, limit, alone in chosen if not alone))
    for name, limit, alone in chosen:
        if alone:
            await one(name, limit, alone)
    word = "FAILED" if failed else "ok"
    if again:
        print(f"\nrun again, for the machine had stood still: {', '.join(again)}")
    print(
        f"\n{suite} result: {word}. {len(chosen) - len(failed)} passed; {len(failed)} failed; "
        f"{len(again)} run again; finished in {time.monotonic() - started:.1f}s; files in {base}"
    )
    return 1 if failed or not chosen else 0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", choices=SUITES, default="interop")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "DIR"), help=argparse.SUPPRESS)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=min(4, 2 * (os.cpu_count() or 1)))
    parser.add_argument("names", nargs="*", help="parts of names of tests")
    arguments = parser.parse_args()
    if arguments.one:
        return run_here(arguments.one[0], pathlib.Path(arguments.one[1]))
    names = arguments.names
    chosen = [t for t in tests(arguments.suite) if not names or any(part in t[0] for part in names)]
    if arguments.list:
        print("\n".join(name for name, _, _ in chosen))
        return 0
    base = arguments.keep or ROOT / "target" / arguments.suite
    with witness() as stalls:
        return asyncio.run(run_all(arguments.suite, chosen, base.resolve(), arguments.jobs, stalls))


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(BED)]
    sys.exit(main())
