"""How much of the time a process runs, by looks at random moments.

    looks.py PID SECONDS

Prints as JSON the shares of the time in which any of its threads ran, and each by its name. The bed's
kernel counts CPU by who runs at its tick, and transfers of voice keep step with that: by its counters
the same work costs nothing or ten times what it does, by the moment at which it began. So this thread
comes at random moments, before all others, and looks who is in state R. It takes threads that have no
real-time priority to one first: on one processor, what has one runs or waits for something, and
does not wait to run.
"""

import json
import os
import pathlib
import random
import sys
import time

PRIORITY = 20  # below that of tandemd's own threads
OUR_PRIORITY = 95
APART = (0.002, 0.012)  # seconds


def main(pid: int, seconds: float) -> None:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(OUR_PRIORITY))
    threads = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if os.sched_getscheduler(int(task.name)) == os.SCHED_OTHER:
            os.sched_setscheduler(int(task.name), os.SCHED_FIFO, os.sched_param(PRIORITY))
        name = (task / "comm").read_text().strip()
        threads.append((name, os.open(task / "stat", os.O_RDONLY)))
    looks, ran = 0, {"any": 0} | {name: 0 for name, _ in threads}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(random.uniform(*APART))
        running = {name for name, stat in threads if b") R " in os.pread(stat, 64, 0)}
        looks += 1
        for name in running | ({"any"} if running else set()):
            ran[name] += 1
    print(json.dumps({name: count / looks for name, count in ran.items()}))


main(int(sys.argv[1]), float(sys.argv[2]))
