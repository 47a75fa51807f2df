"""`tandemd` as a process under test, and what its Varlink socket says."""

import asyncio
import contextlib
import json
import os
import pathlib
import re
import signal
import tempfile

import air

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY = re.compile(rb"^tandemd: ready: (?P<name>.*) (?P<address>[0-9A-F:]{17})\s*$", re.M)


def program(name: str) -> pathlib.Path:
    """A program of Tandem: $TANDEMD or $TANDEM, else what was built last into `target/`."""
    if path := os.environ.get(name.upper()):
        return pathlib.Path(path)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = [target / profile / name for profile in ("release", "debug")]
    built = [path for path in built if path.exists()]
    if not built:
        raise FileNotFoundError(f"{name} is not built: cargo build --release")
    return max(built, key=lambda path: path.stat().st_mtime)


class Error(Exception):
    """A Varlink error: its short name, and its parameters."""

    def __init__(self, name: str, parameters: dict) -> None:
        super().__init__(f"{name} {parameters}" if parameters else name)
        self.name = name.rsplit(".", 1)[-1]
        self.parameters = parameters


class Control:
    """One connection to the control socket: JSON messages, each ended by a NUL byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, path: pathlib.Path) -> "Control":
        return cls(*await asyncio.open_unix_connection(str(path), limit=1 << 20))

    async def send(self, method: str, more: bool = False, **parameters) -> None:
        call = {"method": f"io.tandem.Receiver.{method}", "parameters": parameters}
        if more:
            call["more"] = True
        self.writer.write(json.dumps(call).encode() + b"\0")
        await self.writer.drain()

    async def reply(self) -> dict:
        message = await self.reader.readuntil(b"\0")
        answer = json.loads(message[:-1])
        if name := answer.get("error"):
            raise Error(name, answer.get("parameters") or {})
        return answer.get("parameters") or {}

    async def call(self, method: str, **parameters) -> dict:
        await self.send(method, **parameters)
        return await asyncio.wait_for(self.reply(), 20)

    def close(self) -> None:
        self.writer.close()


class Watch:
    """Every event since the watch began, and a way to wait for the next of a kind."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.events: list[dict] = []
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, path: pathlib.Path) -> "Watch":
        control = await Control.open(path)
        await control.send("Watch", more=True)
        return cls(control)

    async def _read(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                event = (await self.control.reply())["event"]
                async with self._news:
                    self.events.append(event)
                    self._news.notify_all()

    def of(self, kind: str, /, **fields) -> list[dict]:
        """The events of a kind whose fields have these values."""
        return [event for event in self.events if matches(event, kind, fields)]

    async def next(self, kind: str, /, after: int = 0, seconds: float = 15, **fields) -> dict:
        """The first such event at or after position `after` of `events`."""
        try:
            async with asyncio.timeout(seconds), self._news:
                at = after
                while True:
                    while at < len(self.events):
                        if matches(self.events[at], kind, fields):
                            return self.events[at]
                        at += 1
                    await self._news.wait()
        except TimeoutError:
            seen = "\n".join(json.dumps(event) for event in self.events[after:][-20:])
            raise AssertionError(f"no {kind} {fields} within {seconds} s; seen:\n{seen}") from None

    def close(self) -> None:
        self._task.cancel()
        self.control.close()


def matches(event: dict, kind: str, fields: dict) -> bool:
    return event.get("event") == kind and all(event.get(k) == v for k, v in fields.items())


class Daemon:
    """A `tandemd` that was started; its standard error goes to a file in `folder`."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        # Nearer to the root than the rest: a socket's path may have 107 octets.
        self.sockets = tempfile.TemporaryDirectory(prefix="tandem-")
        self.control = pathlib.Path(self.sockets.name) / "control"
        self.state = folder / "state"
        self.log = folder / "tandemd.log"
        self.process: asyncio.subprocess.Process | None = None
        self.began = 0  # where this run's lines begin in the log
        self.name = self.address = ""

    async def start(self, controller: str, *arguments: str) -> None:
        self.began = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                program("tandemd"),
                "--controller",
                controller,
                "--control",
                str(self.control),
                "--state-dir",
                str(self.state),
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )

    async def ready(self, seconds: float = 10) -> None:
        """Waits for the line that says so."""
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            if found := READY.search(self.log.read_bytes()[self.began :]):
                self.name = found["name"].decode()
                self.address = found["address"].decode()
                return
            if self.process.returncode is not None:
                break
            await asyncio.sleep(0.02)
        raise AssertionError(
            f"tandemd is not ready (exit code {self.process.returncode}):\n{self.said()}"
        )

    async def exit_code(self, seconds: float) -> int:
        try:
            return await asyncio.wait_for(self.process.wait(), seconds)
        except TimeoutError:
            raise AssertionError(f"tandemd still runs after {seconds} s:\n{self.said()}") from None

    async def stop(self) -> float:
        """SIGTERM: it must end with 0 within 2 s. Gives the seconds that it took."""
        clock = asyncio.get_running_loop().time
        start = clock()
        self.process.send_signal(signal.SIGTERM)
        code = await self.exit_code(4)
        took = clock() - start
        assert code == 0, f"exit code {code} after SIGTERM:\n{self.said()}"
        assert took < 2.0, f"{took:.2f} s from SIGTERM to the end"
        return took

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]


@contextlib.asynccontextmanager
async def daemon(folder: pathlib.Path, controller: str, *arguments: str):
    """Starts a `tandemd` and sees to it that it is gone afterwards."""
    one = Daemon(folder)
    await one.start(controller, *arguments)
    try:
        yield one
    finally:
        await air.end(one.process)
        one.sockets.cleanup()
