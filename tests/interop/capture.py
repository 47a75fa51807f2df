"""A btsnoop capture through the eyes of tshark."""

import pathlib
import subprocess


def tshark(path: pathlib.Path, display: str, *fields: str) -> list[list[str]]:
    """The packets that a display filter picks, as rows of fields."""
    command = ["tshark", "-r", str(path), "-Y", display, "-T", "fields"]
    for field in fields or ("frame.number", "_ws.col.Protocol", "_ws.col.Info"):
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"tshark: {done.stderr.strip()}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def malformed(path: pathlib.Path) -> list[str]:
    """Packets that Wireshark's dissectors call malformed, one line each."""
    return [" ".join(row) for row in tshark(path, "_ws.malformed")]


def count(path: pathlib.Path, display: str) -> int:
    return len(tshark(path, display, "frame.number"))
