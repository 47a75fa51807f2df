"""What the ear heard: which tone a WAV file holds at which time, and whether it ever breaks.

Tones here are steady, so a tone that is played without a gap keeps its loudness and its phase
turns evenly: a lost or repeated piece shows as a jump of the phase, a click as neither tone.
"""

import dataclasses
import pathlib
import wave

import numpy

WINDOW = 0.05  # seconds a judged window
QUIET = 0.003  # root mean square of full scale below which nothing is heard
STEP = 0.01  # seconds between two measurements of the phase


@dataclasses.dataclass(frozen=True)
class Span:
    """Something that is heard from `start` to `end`, in seconds since readiness: a tone's Hz,
    0 for silence, -1 for anything else."""

    hz: int
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


class Heard:
    def __init__(self, path: pathlib.Path, tones: tuple[int, ...] = (440, 660)) -> None:
        with wave.open(str(path)) as file:
            assert file.getsampwidth() == 2 and file.getnchannels() == 2, "stereo s16"
            self.rate = file.getframerate()
            data = file.readframes(file.getnframes())
        self.sound = numpy.frombuffer(data, "<i2").reshape(-1, 2).astype(float) / 32768
        self.tones = tones

    @property
    def seconds(self) -> float:
        return len(self.sound) / self.rate

    def _amplitude(self, piece: numpy.ndarray, hz: float) -> complex:
        window = numpy.hanning(len(piece))
        turn = numpy.exp(-2j * numpy.pi * hz * numpy.arange(len(piece)) / self.rate)
        return 2 * numpy.sum(piece * window * turn) / numpy.sum(window)

    def label(self, piece: numpy.ndarray) -> int:
        """The dominant tone: it holds nine tenths of the energy in both channels."""
        energy = numpy.mean(piece**2, axis=0)
        if numpy.sqrt(energy.max()) < QUIET:
            return 0
        for hz in self.tones:
            powers = [abs(self._amplitude(piece[:, side], hz)) ** 2 / 2 for side in (0, 1)]
            if all(power > 0.9 * whole for power, whole in zip(powers, energy)):
                return hz
        return -1

    def spans(self) -> list[Span]:
        """The whole file as spans. Windows that a change falls into belong to neither side."""
        length = round(WINDOW * self.rate)
        labels = [
            self.label(self.sound[at : at + length])
            for at in range(0, len(self.sound) - length + 1, length)
        ]
        spans: list[Span] = []
        for n, hz in enumerate(labels):
            if spans and spans[-1].hz == hz:
                spans[-1] = Span(hz, spans[-1].start, (n + 1) * WINDOW)
            else:
                spans.append(Span(hz, n * WINDOW, (n + 1) * WINDOW))
        # One window between two sure ones is the change itself.
        sure = [span for span in spans if span.hz >= 0 or span.seconds > 1.5 * WINDOW]
        merged: list[Span] = []
        for span in sure:
            if merged and merged[-1].hz == span.hz and span.start - merged[-1].end < 1e-6:
                merged[-1] = Span(span.hz, merged[-1].start, span.end)
            else:
                merged.append(span)
        return merged

    def played(self) -> list[Span]:
        """The spans in which something is heard."""
        return [span for span in self.spans() if span.hz != 0]

    def breaks(self, span: Span) -> list[str]:
        """Where a tone is not even: its loudness dips, or its phase jumps. The edges, where it
        is faded in and out, are left out."""
        step = round(STEP * self.rate)
        first = round((span.start + 2 * WINDOW) * self.rate)
        last = round((span.end - 2 * WINDOW) * self.rate)
        starts = numpy.arange(first, last - 2 * step, step)
        found = []
        for side in (0, 1):
            values = numpy.array(
                [self._amplitude(self.sound[at : at + 2 * step, side], span.hz) for at in starts]
            )
            if len(values) < 3:
                continue
            loudness = numpy.abs(values)
            middle = numpy.median(loudness)
            for at in numpy.nonzero(numpy.abs(loudness - middle) > 0.1 * middle)[0]:
                found.append(f"channel {side}: {loudness[at] / middle:.2f} of its loudness "
                             f"at {starts[at] / self.rate:.2f} s")
            # The receiver's clock is not the phone's: an even drift is no break.
            turns = numpy.angle(values[1:] / values[:-1] * numpy.exp(
                -2j * numpy.pi * span.hz * step / self.rate))
            jumps = numpy.abs(turns - numpy.median(turns)) > 0.3
            for at in numpy.nonzero(jumps)[0]:
                found.append(f"channel {side}: the phase jumps by {turns[at]:.2f} rad "
                             f"at {starts[at] / self.rate:.2f} s")
        return found

    def levels(self, hz: float, start: float, end: float, window: float = WINDOW) -> numpy.ndarray:
        """How loud a tone is from `start` to `end`, full scale 1, each half of a window later; the
        softer channel counts."""
        length, step = round(window * self.rate), round(window * self.rate / 2)
        first, last = round(start * self.rate), round(end * self.rate) - length
        return numpy.array(
            [
                min(abs(self._amplitude(self.sound[at : at + length, side], hz)) for side in (0, 1))
                for at in range(max(first, 0), min(last, len(self.sound) - length) + 1, step)
            ]
        )

    def sharpest(self, start: float, end: float) -> float:
        """The sharpest corner of the wave from `start` to `end`: a click is far sharper than a tone."""
        piece = self.sound[round(start * self.rate) : round(end * self.rate)]
        return float(numpy.abs(numpy.diff(piece, 2, axis=0)).max())

    def describe(self) -> str:
        return "; ".join(
            f"{span.start:.2f}–{span.end:.2f} s "
            + {0: "silence", -1: "something else"}.get(span.hz, f"{span.hz} Hz")
            for span in self.spans()
        )
