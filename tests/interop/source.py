"""An A2DP source spelled out in octets, for phones that do not do as the specification says.

Where `phone.py` lets bumble speak AVDTP, here each signal and each media packet is written by hand,
right or wrong. SBC frames come from Debian's `sbcenc`, in any shape that SBC has.
"""

import array
import asyncio
import dataclasses
import math
import pathlib
import struct
import subprocess

from bumble import l2cap

from phone import Phone

AVDTP_PSM = 25
DISCOVER, GET_CAPABILITIES, SET_CONFIGURATION, GET_CONFIGURATION = 1, 2, 3, 4
OPEN, START, CLOSE, SUSPEND, ABORT = 6, 7, 8, 9, 10
DELAY_REPORT = 13
COMMAND, ACCEPT, REJECT = 0, 2, 3
SBC, SINK = 0, 1
OUR_SEID = 9
PATIENCE = 5  # seconds until an answer must have come


@dataclasses.dataclass(frozen=True)
class Shape:
    """How SBC is coded (A2DP 1.3, 4.3.2)."""

    rate: int
    mode: str
    blocks: int
    subbands: int
    allocation: str
    bitpool: int

    @property
    def channels(self) -> int:
        return 1 if self.mode == "mono" else 2

    @property
    def length(self) -> int:
        """Octets of a frame (A2DP 1.3, 12.9)."""
        bits = self.blocks * self.bitpool * (2 if self.mode == "dual" else 1)
        if self.mode == "joint":
            bits += self.subbands
        return 4 + 4 * self.subbands * self.channels // 8 + (bits + 7) // 8

    @property
    def information(self) -> bytes:
        """The codec's information element, of this configuration alone."""
        rate = 0x80 >> (16000, 32000, 44100, 48000).index(self.rate)
        mode = 0x08 >> ("mono", "dual", "stereo", "joint").index(self.mode)
        blocks = 0x80 >> (4, 8, 12, 16).index(self.blocks)
        subbands = 0x08 >> (4, 8).index(self.subbands)
        allocation = 0x02 >> ("snr", "loudness").index(self.allocation)
        return bytes([rate | mode, blocks | subbands | allocation, 2, self.bitpool])

    def tone(self, hz: int, seconds: float, folder: pathlib.Path) -> list[bytes]:
        """A tone as frames of this shape."""
        sound = array.array("h")
        for n in range(round(seconds * self.rate)):
            value = round(0.4 * 32767 * math.sin(2 * math.pi * hz * n / self.rate))
            sound.extend([value] * self.channels)
        sound.byteswap()
        size = len(sound) * 2
        header = struct.pack(">4s5I", b".snd", 24, size, 3, self.rate, self.channels)
        path = folder / f"tone-{hz}.au"
        path.write_bytes(header + sound.tobytes())
        command = ["sbcenc", "-b", str(self.bitpool), "-B", str(self.blocks)]
        command += ["-s", str(self.subbands)]
        command += {"joint": ["-j"], "dual": ["-d"]}.get(self.mode, [])
        command += ["-S"] if self.allocation == "snr" else []
        made = subprocess.run(
            [*command, str(path)], stdout=subprocess.PIPE, check=True, timeout=30
        ).stdout
        frames = [made[at : at + self.length] for at in range(0, len(made), self.length)]
        assert all(frame[0] == 0x9C for frame in frames), f"{self}: not what was asked for"
        return frames


GOOD = Shape(44100, "joint", 16, 8, "loudness", 53)


def configuration(shape: Shape = GOOD) -> bytes:
    """Media transport, and SBC of a shape: the services of a SET_CONFIGURATION."""
    return bytes([1, 0, 7, 6, 0, SBC]) + shape.information


class Source:
    """Signalling and media of one phone that is connected and encrypted."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.signalling: l2cap.ClassicChannel | None = None
        self.media: l2cap.ClassicChannel | None = None
        self.seid = 0
        self.label = 0
        self.sequence = 0
        self.stamp = 0
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def channel(self) -> l2cap.ClassicChannel:
        spec = l2cap.ClassicChannelSpec(AVDTP_PSM)
        opening = self.phone.connection.create_l2cap_channel(spec=spec)
        return await asyncio.wait_for(opening, PATIENCE)

    async def open_signalling(self) -> None:
        self.signalling = await self.channel()
        self.signalling.sink = self._on_signal

    async def connect(self) -> None:
        """Opens signalling and finds the SBC sink."""
        await self.open_signalling()
        await self.find()

    async def find(self) -> None:
        """Looks for the endpoint that takes SBC."""
        for seid, _ in await self.endpoints():
            services = await self.accepted(GET_CAPABILITIES, bytes([seid << 2]))
            if bytes([7, 6, 0, SBC]) in services:
                self.seid = seid
        assert self.seid, "the receiver offers no SBC"

    def _on_signal(self, pdu: bytes) -> None:
        label, kind = pdu[0] >> 4, pdu[0] & 3
        if kind != COMMAND:
            self.answers.put_nowait(pdu)
        elif pdu[1] == DELAY_REPORT:
            self.signalling.send_pdu(bytes([label << 4 | ACCEPT, DELAY_REPORT]))
        else:
            # Not supported: this phone waits for nobody to open its stream.
            self.signalling.send_pdu(bytes([label << 4 | REJECT, pdu[1], 0x19]))

    async def ask(self, signal: int, payload: bytes = b"") -> tuple[int, bytes]:
        """Sends a command; gives the answer's message type and payload."""
        self.label = (self.label + 1) % 16
        self.signalling.send_pdu(bytes([self.label << 4 | COMMAND, signal]) + payload)
        while True:
            answer = await asyncio.wait_for(self.answers.get(), PATIENCE)
            # Of garbage sent before, answers may still be on their way.
            if answer[0] >> 4 == self.label and len(answer) > 1 and answer[1] == signal:
                return answer[0] & 3, answer[2:]

    async def accepted(self, signal: int, payload: bytes = b"") -> bytes:
        kind, answer = await self.ask(signal, payload)
        assert kind == ACCEPT, f"signal {signal} {payload.hex(' ')}: {kind} {answer.hex(' ')}"
        return answer

    async def about(self, signal: int) -> bytes:
        """A command about the endpoint in use, which must be accepted."""
        return await self.accepted(signal, bytes([self.seid << 2]))

    async def endpoints(self) -> list[tuple[int, bool]]:
        """Each endpoint's identifier, and whether it is in use."""
        answer = await self.accepted(DISCOVER)
        return [(octet >> 2, bool(octet & 2)) for octet in answer[::2]]

    async def in_use(self) -> bool:
        return dict(await self.endpoints())[self.seid]

    async def configure(self, shape: Shape = GOOD) -> None:
        seids = bytes([self.seid << 2, OUR_SEID << 2])
        await self.accepted(SET_CONFIGURATION, seids + configuration(shape))

    async def open(self) -> None:
        await self.about(OPEN)
        self.media = await self.channel()

    async def release(self) -> None:
        """Closes the media channel, as the initiator does after CLOSE and ABORT."""
        await asyncio.wait_for(self.media.disconnect(), PATIENCE)
        self.media = None

    async def play(
        self, shape: Shape, frames: list[bytes], largest: int = 1017, times: int = 1
    ) -> None:
        """Sends frames in real time in packets up to `largest`, each so often."""
        count = min((largest - 13) // shape.length, 15)
        clock = asyncio.get_running_loop().time
        start, samples = clock(), 0
        for at in range(0, len(frames), count):
            part = frames[at : at + count]
            header = struct.pack(">BBHII", 0x80, 96, self.sequence, self.stamp + samples, 0)
            for _ in range(times):
                self.media.send_pdu(header + bytes([len(part)]) + b"".join(part))
            self.sequence = (self.sequence + 1) & 0xFFFF
            samples += len(part) * shape.blocks * shape.subbands
            await asyncio.sleep(max(0.0, start + samples / shape.rate - clock()))
        self.stamp += samples
