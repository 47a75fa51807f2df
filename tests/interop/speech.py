"""What goes over a voice link: a tone as octets of the link's coding, and what came, taken apart.

CVSD links carry 16-bit linear samples at 8 kHz (the controller codes them; rootcanal hands the octets
on as they are). Wideband links carry mSBC at 16 kHz, a frame of 60 octets in 7.5 ms: the two octets of
the H2 header with a counter of two bits (HFP 1.9, 5.7.2), 57 octets of mSBC, and one of padding. mSBC
is coded and decoded by Debian's `sbcenc` and `sbcdec`.
"""

import array
import dataclasses
import math
import pathlib
import struct
import subprocess

import numpy

CVSD, MSBC = 1, 2  # as AT+BAC numbers them
NAMES = {CVSD: "cvsd", MSBC: "msbc"}
RATES = {CVSD: 8000, MSBC: 16000}
OCTETS_A_SECOND = {CVSD: 16000, MSBC: 8000}
FRAME = 60
SAMPLES_A_FRAME = 120
H2 = (0x08, 0x38, 0xC8, 0xF8)
MSBC_OCTETS = 57
AMPLITUDE = 0.4  # of full scale


def _linear(hz: int, rate: int, samples: int) -> array.array:
    turn = 2 * math.pi * hz / rate
    return array.array("h", (round(32767 * AMPLITUDE * math.sin(turn * n)) for n in range(samples)))


def _au(sound: array.array, rate: int, path: pathlib.Path) -> None:
    """Sun's audio format, which the tools read; encoding 3 is 16-bit linear, big-endian."""
    sound = array.array("h", sound)
    sound.byteswap()
    header = struct.pack(">4s5I", b".snd", 24, len(sound) * 2, 3, rate, 1)
    path.write_bytes(header + sound.tobytes())


class Tone:
    """A tone in one coding, without end and without a seam."""

    def __init__(self, hz: int, codec: int, folder: pathlib.Path) -> None:
        self.hz, self.codec = hz, codec
        rate = RATES[codec]
        period = rate // math.gcd(rate, hz)
        if codec == CVSD:
            self.loop = _linear(hz, rate, period).tobytes()
        else:
            self.loop = self._frames(math.lcm(period, 4 * SAMPLES_A_FRAME), folder)
        self.at = 0

    def _frames(self, loop: int, folder: pathlib.Path) -> bytes:
        """The second of two rounds, so that the filter's history fits, with headers."""
        path = folder / f"tone-{self.hz}-msbc.au"
        _au(_linear(self.hz, RATES[MSBC], 2 * loop), RATES[MSBC], path)
        command = ["sbcenc", "-m", str(path)]
        coded = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=30).stdout
        count = loop // SAMPLES_A_FRAME
        assert len(coded) == 2 * count * MSBC_OCTETS and coded[0] == 0xAD, "not what was asked for"
        frames = (coded[at : at + MSBC_OCTETS] for at in range(len(coded) // 2, len(coded), MSBC_OCTETS))
        return b"".join(bytes([1, H2[n % 4]]) + frame + b"\0" for n, frame in enumerate(frames))

    def take(self, octets: int) -> bytes:
        taken = b""
        while len(taken) < octets:
            part = self.loop[self.at : self.at + octets - len(taken)]
            taken += part
            self.at = (self.at + len(part)) % len(self.loop)
        return taken


@dataclasses.dataclass
class Frames:
    """mSBC frames of a stream of octets, and what is wrong with their order."""

    coded: bytes
    count: int
    astray: int  # octets outside of any frame
    jumps: int  # frames whose number does not follow


def frames(octets: bytes) -> Frames:
    found, astray, jumps, at, number = [], 0, 0, 0, None
    while at + 2 + MSBC_OCTETS <= len(octets):
        if octets[at] != 1 or octets[at + 1] not in H2 or octets[at + 2] != 0xAD:
            astray, at = astray + 1, at + 1
            continue
        this = H2.index(octets[at + 1])
        jumps += number is not None and this != (number + 1) % 4
        number = this
        found.append(octets[at + 2 : at + 2 + MSBC_OCTETS])
        at += FRAME
    return Frames(b"".join(found), len(found), astray, jumps)


def decode(coded: bytes, folder: pathlib.Path) -> numpy.ndarray:
    """What mSBC frames sound like, full scale 1."""
    source, target = folder / "heard.msbc", folder / "heard.au"
    source.write_bytes(coded)
    command = ["sbcdec", "-m", "-f", str(target), str(source)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, timeout=30)
    return numpy.frombuffer(target.read_bytes()[24:], ">i2").astype(float) / 32768


def linear(octets: bytes) -> numpy.ndarray:
    return numpy.frombuffer(octets[: len(octets) & ~1], "<i2").astype(float) / 32768


def purity(sound: numpy.ndarray, hz: float, rate: int) -> float:
    """How far a tone stands above everything else, in dB."""
    turn = 2 * numpy.pi * hz * numpy.arange(len(sound)) / rate
    basis = numpy.stack([numpy.sin(turn), numpy.cos(turn), numpy.ones(len(sound))], axis=1)
    fit = basis @ numpy.linalg.lstsq(basis, sound, rcond=None)[0]
    rest = numpy.mean((sound - fit) ** 2) or 1e-12
    return 10 * math.log10((numpy.mean(fit**2) or 1e-12) / rest)


def cleanness(sound: numpy.ndarray, hz: float, rate: int) -> list[float]:
    """A tone's quarters of a second in dB, the worst first. The other side's clock is not ours, so that
    the tone may be off by a thousandth, and that may change slowly: its pitch is found first."""
    length = rate // 4
    found = []
    for at in range(0, len(sound) - length + 1, length):
        piece = sound[at : at + length]
        turns = numpy.exp(-2j * numpy.pi * hz * numpy.arange(length) / rate) * piece
        window = numpy.hanning(length // 2)
        halves = [numpy.sum(half * window) for half in (turns[: length // 2], turns[length // 2 :])]
        off = numpy.angle(halves[1] / halves[0]) / (2 * numpy.pi * (length // 2) / rate)
        found.append(purity(piece, hz + min(max(off, -hz / 1000), hz / 1000), rate))
    return sorted(found)
