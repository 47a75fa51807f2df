"""The USB driver by itself, through `crates/usb/examples/hand.rs`: what a controller answers, whatever
the dongle does to the transfers, voice both ways, and the dongle in the kernel's hand again."""

import asyncio
import contextlib
import os
import pathlib
import struct

from air import air
from bed import ROOT, dongle, udevd, until
from limits import limits

READ_ADDRESS = 0x1009
READ_COMMANDS = 0x1002
RESET = 0x0C03
WRITE_NAME = 0x0C13
READ_NAME = 0x0C14
HANDLE = 0x0123


def program() -> pathlib.Path:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = [target / profile / "examples" / "hand" for profile in ("release", "debug")]
    return max((path for path in built if path.exists()), key=lambda path: path.stat().st_mtime)


class Hand:
    """The example, and what it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    def say(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n".encode())

    async def hear(self, word: str, seconds: float = 10) -> str:
        """The rest of the next line that begins with a word."""
        async with asyncio.timeout(seconds):
            while line := (await self.process.stdout.readline()).decode().rstrip("\n"):
                first, _, rest = line.partition(" ")
                if first == word:
                    return rest
                assert first != "error", line
        raise AssertionError(f"it ended before it said {word}")

    async def ask(self, opcode: int, body: bytes = b"") -> bytes:
        """Sends a command and gives what comes back behind the status."""
        self.say("command " + (struct.pack("<HB", opcode, len(body)) + body).hex())
        while True:
            event = bytes.fromhex(await self.hear("event"))
            assert len(event) == 2 + event[1], event.hex()
            if event[0] == 0x0E and event[3:5] == struct.pack("<H", opcode):
                assert event[5] == 0, event.hex()
                return event[6:]

    async def health(self) -> dict[str, int]:
        self.say("health")
        fields = (await self.hear("health")).removeprefix("Health { ").removesuffix(" }")
        return {key: int(value) for key, value in (field.split(": ") for field in fields.split(", "))}


@contextlib.asynccontextmanager
async def hand(spec: str = "usb"):
    process = await asyncio.create_subprocess_exec(
        program(), spec, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20
    )
    try:
        yield Hand(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def back(one) -> None:
    await until(lambda: one.driver(0) == one.driver(1) == "btusb", what="btusb has it back")


@limits(60)
async def test_commands_and_events_of_every_length(folder: pathlib.Path) -> None:
    async with air(folder) as port, dongle(folder, port) as one:
        for order in ("zero-length on", "zero-length off", "split events 5"):
            await one.settled()
            async with hand() as it:
                await it.hear("open")
                maps = pathlib.Path(f"/proc/{it.process.pid}/maps").read_text()
                assert str(one.node) in maps, "no memory is shared with the kernel"
                # Not before: it is the kernel's own driver that does not survive it.
                await one.say(*order.split())
                assert one.driver(0) == one.driver(1) == "usbfs"
                await it.ask(RESET)
                assert len(await it.ask(READ_ADDRESS)) == 6
                assert len(await it.ask(READ_COMMANDS)) == 64
                await it.ask(WRITE_NAME, bytes(range(248)))
                assert await it.ask(READ_NAME) == bytes(range(248))
                health = await it.health()
                assert health["bad_packets"] == health["resyncs"] == health["resubmits"] == 0, health
                for usual in ("zero-length on", "split events 0"):
                    await one.say(*usual.split())
                it.say("close")
                await it.hear("closed")
            await back(one)


@limits(60)
async def test_stalls_are_cleared(folder: pathlib.Path) -> None:
    async with air(folder) as port, dongle(folder, port) as one:
        await one.settled()
        async with hand() as it:
            await it.hear("open")
            for endpoint in ("events", "data-in", "control", "events"):
                await one.say("stall", endpoint)
                assert len(await it.ask(READ_ADDRESS)) == 6
            health = await it.health()
            assert health["stalls"] >= 3, health


@limits(60)
async def test_the_dongle_goes_back_after_a_crash(folder: pathlib.Path) -> None:
    async with air(folder) as port, dongle(folder, port) as one:
        await one.settled()
        for how in ("abort", "kill"):
            async with hand() as it:
                await it.hear("open")
                await it.ask(READ_ADDRESS)
                if how == "abort":
                    it.say("abort")
                else:
                    it.process.kill()
                await it.process.wait()
                await back(one)
            await one.settled()


@limits(60)
async def test_pulling_the_plug_is_told(folder: pathlib.Path) -> None:
    async with air(folder) as port, dongle(folder, port) as one:
        await one.settled()
        async with hand() as it:
            await it.hear("open")
            await it.ask(READ_ADDRESS)
            it.say(f"voice {HANDLE:x}:linear16")
            await it.ask(READ_ADDRESS)
            await one.unplug()
            line = (await it.process.stdout.readline()).decode()
            while line.startswith("sco"):
                line = (await it.process.stdout.readline()).decode()
            assert line == "error the dongle was unplugged\n", line


@limits(60)
async def test_one_hand_at_a_time(folder: pathlib.Path) -> None:
    async with air(folder) as port, dongle(folder, port) as one:
        await one.settled()
        async with hand() as it:
            await it.hear("open")
            async with hand() as other:
                line = (await other.process.stdout.readline()).decode()
                assert "is in use by hand (process " in line, line
            assert len(await it.ask(READ_ADDRESS)) == 6


def payload(number: int, length: int) -> bytes:
    return struct.pack("<I", number) + bytes((number + at) & 0xFF for at in range(4, length))


@limits(120)
async def test_voice_both_ways(folder: pathlib.Path) -> None:
    async with air(folder) as port, dongle(folder, port) as one:
        await one.settled()
        await one.say("voice", "loop", "on")
        for coding, length, setting in (("transparent", 24, 1), ("linear16", 48, 2)):
            async with hand() as it:
                await it.hear("open")
                it.say(f"voice {HANDLE:x}:{coding}")
                await until(lambda: setting_of(one) == setting, what=f"setting {setting}")
                sent = [payload(number, length) for number in range(300)]
                speaking = asyncio.create_task(speak(it, sent))
                heard = [bytes.fromhex(await it.hear("sco")) for _ in range(200)]
                speaking.cancel()
                assert all(packet[:3] == struct.pack("<HB", HANDLE, length) for packet in heard)
                numbers = [struct.unpack("<I", packet[3:7])[0] for packet in heard]
                # Some may have been dropped where the machine was late; none may come twice or torn.
                assert numbers == sorted(set(numbers)), numbers
                assert all(packet[3:] == sent[n] for packet, n in zip(heard, numbers)), "torn"
                health = await it.health()
                assert health["resyncs"] == 0, health
                it.say("voice")
                await until(lambda: setting_of(one) == 0, what="setting 0")
                assert (await one.status())["busy_changes"] == 0
                it.say("close")
                await it.hear("closed")
            await back(one)


def setting_of(one) -> int:
    return int((one.sysfs / f"{one.name}:1.1" / "bAlternateSetting").read_text())


async def speak(it: Hand, sent: list[bytes]) -> None:
    """Sends voice at the pace of 3 ms a packet, whatever the clock of this machine does."""
    start = asyncio.get_running_loop().time()
    for number, packet in enumerate(sent):
        it.say("sco " + (struct.pack("<HB", HANDLE, len(packet)) + packet).hex())
        late = asyncio.get_running_loop().time() - start - number * 0.003
        await asyncio.sleep(max(0, 0.003 - late))


@limits(120)
async def test_damaged_voice_is_found_again(folder: pathlib.Path) -> None:
    async with air(folder) as port, dongle(folder, port) as one:
        await one.settled()
        await one.say("voice", "numbers", hex(HANDLE), 8000)
        for damage in ("lose", "duplicate", "shift", "error"):
            await one.say("voice", damage, 40)
            async with hand() as it:
                await it.hear("open")
                it.say(f"voice {HANDLE:x}:transparent")
                heard = [bytes.fromhex(await it.hear("sco")) for _ in range(300)]
                # Above the handle's 12 bits: how well it was received.
                words = [struct.unpack_from("<H", packet)[0] for packet in heard]
                assert all(word & 0x0FFF == HANDLE for word in words)
                assert all(len(packet) == 3 + packet[2] for packet in heard)
                health = await it.health()
                assert health["resyncs"] > 0 or health["voice_lost"] > 0, (damage, health)
            await one.say("voice", "good")


@limits(60)
async def test_a_setting_that_is_refused_is_told(folder: pathlib.Path) -> None:
    async with air(folder) as port, dongle(folder, port) as one:
        await one.settled()
        await one.say("refuse", 1)
        async with hand() as it:
            await it.hear("open")
            it.say(f"voice {HANDLE:x}:transparent")
            assert await it.hear("report") == "WidebandUnusable"
            assert len(await it.ask(READ_ADDRESS)) == 6


@limits(60)
async def test_dongles_that_come_and_go_are_told(folder: pathlib.Path) -> None:
    async with air(folder) as port, udevd(folder), dongle(folder, port, "--serial=7") as one:
        async with hand("--watch") as it:
            assert (await it.hear("arrived")).startswith("usb:1-1 1209:0b1e")
            for _ in range(3):
                await one.unplug()
                assert (await it.hear("left")).startswith("usb:1-1 1209:0b1e")
                await one.plug()
                assert (await it.hear("arrived")).startswith("usb:1-1 1209:0b1e")
