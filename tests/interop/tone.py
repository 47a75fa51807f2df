"""Tones as SBC frames, made by Debian's `sbcenc`: joint stereo, bitpool 53, 16 blocks, 8 subbands,
44.1 kHz. A `Tone` is a loop without a seam: its length is a whole number of periods and of frames,
and it is cut out of the middle of a longer encoding, so that the filter's history fits too."""

import array
import dataclasses
import math
import pathlib
import struct
import subprocess

RATE = 44100
SAMPLES_A_FRAME = 128


@dataclasses.dataclass(frozen=True)
class Tone:
    hz: int
    frames: list[bytes]


def make(hz: int, folder: pathlib.Path, amplitude: float = 0.4) -> Tone:
    """A tone on both channels, `amplitude` of full scale."""
    period = RATE // math.gcd(RATE, hz)
    loop = math.lcm(period, SAMPLES_A_FRAME)
    sound = array.array("h")
    for n in range(2 * loop):
        value = round(32767 * amplitude * math.sin(2 * math.pi * hz * n / RATE))
        sound.extend((value, value))
    sound.byteswap()
    # Sun's audio format: what sbcenc reads. Encoding 3 is 16-bit linear, big-endian.
    header = struct.pack(">4s5I", b".snd", 24, len(sound) * 2, 3, RATE, 2)
    path = folder / f"tone-{hz}.au"
    path.write_bytes(header + sound.tobytes())
    command = ["sbcenc", "-j", "-b", "53", "-B", "16", "-s", "8", str(path)]
    encoded = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=30).stdout
    length = 4 + 8 + (8 + 16 * 53 + 7) // 8
    if encoded[0] != 0x9C or encoded[length] != 0x9C:
        raise RuntimeError("sbcenc wrote something else than was asked for")
    frames = [encoded[at : at + length] for at in range(0, len(encoded) - length + 1, length)]
    count = loop // SAMPLES_A_FRAME
    return Tone(hz, frames[count : 2 * count])
