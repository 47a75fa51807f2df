"""Sound that a program takes and gives itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

from . import _tandem
from ._tandem import Block
from .errors import BadValue, ControllerLost

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Audio", "Block", "Microphone"]


class Array(Protocol):
    """What an array of ``numpy`` is to type checkers, which know of its buffer from 3.12 on only."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


#: How many bytes are handed over at once: there is room for less.
AT_ONCE = 32_768
#: How long a writer waits for room, in seconds.
PATIENCE = 0.01


def sound(
    core: _tandem.Receiver, kind: str, phone: str | None, rate: int | None, channels: int | None
) -> tuple[_tandem.Audio, int, int]:
    """Opens sound, with the rate and the channels of its kind where none are asked for."""
    voice = kind == "voice"
    rate = rate if rate is not None else 16_000 if voice else 48_000
    channels = channels if channels is not None else 1 if voice else 2
    return core.audio(kind, phone, rate, channels), rate, channels


class Audio:
    """Sound in blocks, read by one thread at a time.

    Iterating gives what came, at most a tenth of a second at a time, until it or the receiver is
    closed. A block is seen through the buffer protocol without a copy: 16-bit samples of the shape
    (frames, channels), as in ``numpy.asarray(block)`` or ``numpy.frombuffer(block, "i2")``. Who
    reads too slowly loses the oldest: ``block.lost`` says how many frames are missing before it.
    """

    def __init__(self, core: _tandem.Audio, rate: int, channels: int) -> None:
        self._core = core
        self.rate = rate
        self.channels = channels

    def read(self, frames: int, timeout: float | None = None) -> Block | None:
        """What waits, at most so many frames, once there is anything; None when nothing came in so
        many seconds. `EOFError` at the end."""
        return self._core.read(frames, timeout)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Block:
        try:
            block = self._core.read(self.rate // 10)
        except EOFError:
            raise StopIteration from None
        assert block is not None
        return block

    def fileno(self) -> int:
        """A file descriptor that is readable when more came after a read found less."""
        return self._core.fileno()

    def close(self) -> None:
        """Ends it. Again, it does nothing."""
        self._core.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Spoken:
    """Samples on their way to the phones: 16-bit, one channel, 16000 a second."""

    #: Samples a second.
    rate = 16_000

    def __init__(self, core: _tandem.Receiver) -> None:
        self._receiver = core
        self._voice: _tandem.Audio | None = None

    def close(self) -> None:
        """Has phones hear the configured microphone again. Again, it does nothing."""
        if self._voice is not None:
            self._voice.close()
        self._voice = None

    def _pieces(self, buffer: Buffer | Array) -> Iterator[int]:
        """Writes all, and stops where there is no room; gives what was missed since it did last."""
        view = memoryview(cast("Buffer", buffer))
        if view.format not in ("h", "B", "b", "c") or view.nbytes % 2:
            raise BadValue(f"buffer: must hold 16-bit samples or their bytes, not {view.format!r}")
        if self._voice is None:
            self._voice = self._receiver.audio("voice", None, self.rate, 1)
        voice, rest = self._voice, view.cast("B")
        while True:
            try:
                written, missed = voice.write(rest[:AT_ONCE])
            except EOFError:
                raise ControllerLost("the microphone or its receiver is closed") from None
            rest = rest[written:]
            if missed or rest:
                yield missed
            if not rest:
                return


class Microphone(Spoken):
    """What phones hear in place of the configured microphone, from the first `write` to `close`.

    16-bit samples of one channel, 16000 a second. While no voice link is open they are dropped.
    """

    def write(self, buffer: Buffer | Array) -> int:
        """Says samples: an ``array("h")``, a ``numpy`` array of 16 bits, their bytes.

        It is done when there was room for all of them, and gives how many samples of silence phones
        heard meanwhile because nothing was written in time.
        """
        missed = 0
        for more in self._pieces(buffer):
            missed += more
            time.sleep(PATIENCE)
        return missed
