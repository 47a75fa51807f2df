"""A witness of the machine: when it stood still.

Tests of sound in real time hold for a machine that gives its processors to those who ask. A virtual one
is set aside for tens of milliseconds at times, and then nobody can keep a queue of 20 ms filled. The
witness is a process above all of ours (first-in-first-out at the highest priority, or where nobody may
have that, the least nice of all), which sleeps and looks how late it wakes up: what keeps *it* waiting
is not in our hands. Where it may not be above all, it sees nothing.

    with witness() as stalls:
        …
        stalls.longest(since)
"""

import contextlib
import dataclasses
import os
import subprocess
import sys
import threading
import time

NAP = 0.002  # seconds that the witness sleeps
WORTH = 0.005  # seconds late from which it says so


@dataclasses.dataclass
class Stalls:
    seen: list[tuple[float, float]] = dataclasses.field(default_factory=list)

    def longest(self, since: float) -> float:
        """The longest that the machine stood still since a moment of the monotonic clock, in seconds."""
        return max((late for at, late in list(self.seen) if at >= since), default=0.0)


@contextlib.contextmanager
def witness():
    stalls = Stalls()
    process = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

    def hear() -> None:
        for line in process.stdout:
            at, late = line.split()
            stalls.seen.append((float(at), float(late)))

    ear = threading.Thread(target=hear, daemon=True)
    ear.start()
    try:
        yield stalls
    finally:
        process.kill()
        process.wait()
        ear.join()


def watch() -> None:
    try:
        most = os.sched_get_priority_max(os.SCHED_FIFO)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(most))
    except PermissionError:
        try:
            os.nice(-20)
        except PermissionError:
            return  # what it saw might be our own load
    parent = os.getppid()
    last = time.monotonic()
    while os.getppid() == parent:
        time.sleep(NAP)
        now = time.monotonic()
        if now - last - NAP > WORTH:
            print(f"{now:.4f} {now - last - NAP:.4f}", flush=True)
        last = now


if __name__ == "__main__":
    watch()
