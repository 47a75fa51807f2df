"""AudioMuxElements (ISO 14496-3, 1.7.3) out of the loops of AAC that the decoder is tested with, which
ffmpeg encoded. bumble packs those of audioMuxVersion 0, which begin at a bit of its choice; those of
version 1, which some phones send, are spelled out here."""

import dataclasses
import pathlib
from collections.abc import Callable

from bumble.codecs import AacAudioRtpPacket

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "crates/codec/tests/vectors"
SAMPLES_A_UNIT = 1024
RATES = (96000, 88200, 64000, 48000, 44100, 32000)
LOW_COMPLEXITY = 2


@dataclasses.dataclass(frozen=True)
class Loop:
    """A tone without a seam, as units of AAC."""

    rate: int
    channels: int
    units: list[bytes]

    def elements(self, pack: Callable[[int, int, bytes], bytes]) -> list[bytes]:
        return [pack(self.rate, self.channels, unit) for unit in self.units]


def loop(name: str) -> Loop:
    """A loop in ADTS (ISO 13818-7, 6.2), each frame of one unit."""
    data, units = (VECTORS / name).read_bytes(), []
    rate, channels = RATES[data[2] >> 2 & 15], (data[2] & 1) << 2 | data[3] >> 6
    while data:
        length = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
        units.append(data[7:length])
        data = data[length:]
    return Loop(rate, channels, units)


def version_0(rate: int, channels: int, unit: bytes) -> bytes:
    return bytes(AacAudioRtpPacket.for_simple_aac(rate, channels, unit))


def version_1(rate: int, channels: int, unit: bytes) -> bytes:
    bits = [
        (0, 1),  # useSameStreamMux
        (1, 1),  # audioMuxVersion
        (0, 1),  # audioMuxVersionA
        (0, 2),  # taraBufferFullness, one byte
        (0xFF, 8),
        (1, 1),  # allStreamsSameTimeFraming
        (0, 6),  # numSubFrames
        (0, 4),  # numProgram
        (0, 3),  # numLayer
        (0, 2),  # ascLen, one byte
        (16, 8),
        (LOW_COMPLEXITY, 5),
        (RATES.index(rate), 4),
        (channels, 4),
        (0, 3),  # GASpecificConfig: 1,024 samples, no core coder, no extension
        (0, 3),  # frameLengthType
        (0xFF, 8),  # latmBufferFullness
        (0, 1),  # otherDataPresent
        (0, 1),  # crcCheckPresent
        *[(255, 8)] * (len(unit) // 255),
        (len(unit) % 255, 8),
        *((octet, 8) for octet in unit),
    ]
    value = length = 0
    for what, width in bits:
        value, length = value << width | what, length + width
    padding = -length % 8
    return (value << padding).to_bytes((length + padding) // 8, "big")
