"""Sound out of the box: through a PulseAudio server of our own into a null sink, whose monitor is
recorded. The recorder is attached first: a null sink that nobody records starts 2 s late."""

import asyncio
import contextlib
import os
import pathlib
import wave

from air import end
from heard import Heard
from limits import limits
from scene import scene

RATE = 48000


@contextlib.asynccontextmanager
async def process(log: pathlib.Path, *command: str, output=None, **environment: str):
    with open(log, "wb") as errors:
        one = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output or errors,
            stderr=errors,
            env=os.environ | environment,
        )
    try:
        yield one
    finally:
        await end(one)


async def until(condition, seconds: float, what: str) -> None:
    for _ in range(round(seconds / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"no {what} within {seconds} s")


def as_wav(raw: pathlib.Path, wav: pathlib.Path) -> None:
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(raw.read_bytes())


@limits(90, alone=True)
async def test_music_through_pulseaudio(folder: pathlib.Path) -> None:
    socket = folder / "pulse"
    private = {
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PULSE_RUNTIME_PATH": str(folder),
        "PULSE_SERVER": f"unix:{socket}",
    }
    server = (
        "pulseaudio",
        "-n",
        "--daemonize=no",
        "--exit-idle-time=-1",
        "--disable-shm",
        "-L",
        f"module-native-protocol-unix socket={socket} auth-anonymous=1",
        "-L",
        f"module-null-sink sink_name=ear rate={RATE} channels=2 format=s16le",
    )
    raw = folder / "monitor.raw"
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(process(folder / "pulseaudio.log", *server, **private))
        await until(socket.exists, 10, "PulseAudio socket")
        recorder = (
            "parec",
            "--device=ear.monitor",
            "--format=s16le",
            f"--rate={RATE}",
            "--channels=2",
            "--latency-msec=20",
        )
        file = stack.enter_context(open(raw, "wb"))
        await stack.enter_async_context(
            process(folder / "parec.log", *recorder, output=file, **private)
        )
        await until(lambda: raw.stat().st_size > RATE, 10, "sound from the monitor")

        one = await stack.enter_async_context(scene(folder))
        os.environ.update(private)
        receiver = await one.start_receiver("--pair", "60", sound="pulse:ear")
        phone = await one.phone("Phone A", 440)
        await one.join(phone)
        for _ in range(2):
            after = len(one.watch.events)
            await phone.play()
            await one.heard(phone, after=after)
            await asyncio.sleep(4)
            after = len(one.watch.events)
            await phone.suspend()
            await one.heard(after=after)
            await asyncio.sleep(1)
        await receiver.stop()

    as_wav(raw, folder / "monitor.wav")
    ear = Heard(folder / "monitor.wav")
    played = ear.played()
    assert [span.hz for span in played] == [440, 440], ear.describe()
    for span in played:
        assert 3.5 < span.seconds < 4.8, ear.describe()
        assert not ear.breaks(span), f"{ear.breaks(span)[:8]}; {ear.describe()}"
