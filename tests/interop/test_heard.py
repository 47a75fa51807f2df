"""The ear itself: it must hear a gap of a few milliseconds, and must not mind a drifting clock."""

import pathlib
import wave

import numpy

from heard import Heard
from limits import limits

RATE = 48000


def sound(hz: float, seconds: float) -> numpy.ndarray:
    return 0.4 * numpy.sin(2 * numpy.pi * hz * numpy.arange(round(seconds * RATE)) / RATE)


def heard(folder: pathlib.Path, *pieces: numpy.ndarray) -> Heard:
    path = folder / "heard.wav"
    samples = numpy.round(numpy.concatenate(pieces) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(numpy.repeat(samples, 2).tobytes())
    return Heard(path)


@limits(30)
async def test_tones_are_told_apart(folder: pathlib.Path) -> None:
    nothing = numpy.zeros(RATE)
    ear = heard(folder, nothing, sound(440, 2), sound(660, 2), nothing, sound(523, 1))
    found = [(span.hz, round(span.start, 1), round(span.end, 1)) for span in ear.spans()]
    assert found == [(0, 0, 1), (440, 1, 3), (660, 3, 5), (0, 5, 6), (-1, 6, 7)], ear.describe()
    mixed = heard(folder, sound(440, 1) / 2 + sound(660, 1) / 2)
    assert [span.hz for span in mixed.spans()] == [-1], "both at once are neither"


@limits(30)
async def test_breaks_are_heard(folder: pathlib.Path) -> None:
    even = sound(440.0 * 1.0002, 4)
    assert heard(folder, even).breaks(heard(folder, even).played()[0]) == []
    cut = len(even) // 2
    lost = heard(folder, even[:cut], even[cut + RATE * 3 // 1000 :])
    assert lost.breaks(lost.played()[0]), "3 ms are missing"
    dip = even.copy()
    dip[cut : cut + RATE * 4 // 1000] = 0
    silent = heard(folder, dip)
    assert silent.breaks(silent.played()[0]), "4 ms are silent"
