"""The receiver for ``asyncio``: ``async with``, ``async for``, verbs to await."""

from __future__ import annotations

import asyncio
import os
import warnings
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from . import _tandem
from ._settings import Settings, Value, toml
from .audio import PATIENCE, Array, Block, Spoken, sound
from .errors import Error, TimedOut
from .events import Event, event
from .receiver import MARGIN, how, opening
from .sim import Air

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Receiver:
    """As `tandem.Receiver`, but opened by ``async with``."""

    def __init__(
        self,
        controller: str | Air | None = None,
        sound: str | None = None,
        *,
        settings: Settings | None = None,
        config: str | os.PathLike[str] | None = None,
        pair: int | None = None,
    ) -> None:
        self._arguments = (controller, sound, settings, config, pair)
        self._core: _tandem.Receiver | None = None
        self._events: _tandem.Events | None = None
        self._turn = asyncio.Lock()
        self._microphone: Microphone | None = None
        self._open = False

    async def __aenter__(self) -> Self:
        if self._core is not None:
            raise Error("the receiver was opened before")
        begun = opening(*self._arguments)
        try:
            await readable(begun.fileno())
        except BaseException:
            # It may just have ended: then what came of it is closed, which takes its time and is not
            # for the loop's thread. It goes on when this is cancelled again.
            await asyncio.shield(asyncio.to_thread(begun.give_up))
            raise
        self._core = begun.end()
        self._events = self._core.subscribe()
        self._microphone = Microphone(self._core)
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Says goodbye to the phones and gives the controller back. Again, it does nothing."""
        self._open = False
        if self._core is not None:
            await asyncio.to_thread(self._core.close)

    def __del__(self) -> None:
        if getattr(self, "_open", False):
            warnings.warn(f"{self!r} was not closed", ResourceWarning, source=self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._events is None:
            raise Error("the receiver is not open: async with tandem.aio.Receiver(...) as rx")
        async with self._turn:
            while True:
                try:
                    told = self._events.next(0)
                except EOFError:
                    raise StopAsyncIteration from None
                if told is not None:
                    return event(told)
                await readable(self._events.fileno())

    def audio(
        self,
        kind: str = "mix",
        phone: str | None = None,
        *,
        rate: int | None = None,
        channels: int | None = None,
    ) -> Audio:
        """Sound to read in blocks, with ``async for``; else as `tandem.Receiver.audio`."""
        return Audio(*sound(self._running(), kind, phone, rate, channels))

    @property
    def microphone(self) -> Microphone:
        """What phones hear, once something is written to it."""
        self._running()
        assert self._microphone is not None
        return self._microphone

    def status(self) -> dict[str, Any]:
        """Everything as it is: controller, phones, audible, settings, warnings, counters."""
        return self._running().status()

    async def pair(self, seconds: int = 180) -> None:
        """Opens pairing mode for so many seconds, 1 to 3600."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().pair(seconds))

    async def stop_pairing(self) -> None:
        """Ends pairing mode."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().stop_pairing())

    async def confirm(self, phone: str, accept: bool, passkey: int | None = None) -> None:
        """Answers a `Confirm` event. ``phone`` is an address, or a name that only one phone has."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().confirm(phone, accept, passkey))

    async def connect(self, phone: str) -> None:
        """Connects a paired phone; done when its first profile is up."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().connect(phone), _tandem.CONNECT_TIMEOUT)

    async def disconnect(self, phone: str) -> None:
        """Ends a phone's connection."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().disconnect(phone))

    async def forget(self, phone: str) -> None:
        """Ends a phone's connection and deletes its bond and all that is kept of it, its volumes too.

        What the configuration says of it stays.
        """
        ends = self._running().subscribe()
        await self._end(ends, self._running().forget(phone))

    async def media(self, action: str, phone: str | None = None) -> None:
        """Presses ``play``, ``pause``, ``play_pause``, ``next``, ``previous`` or ``stop``.

        Without a phone it is the one that is heard, else the one heard last.
        """
        ends = self._running().subscribe()
        await self._end(ends, self._running().media(action, phone))

    async def volume(self, percent: int, kind: str = "media", phone: str | None = None) -> None:
        """Sets how loud a phone's music, or its ``call``, is heard: 0 to 100."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().volume(percent, kind, phone))

    async def answer(
        self,
        phone: str | None = None,
        *,
        hold: bool = False,
        end: bool = False,
        index: int | None = None,
    ) -> None:
        """Takes the call that rings, the newest where several do.

        An active call is put on hold, or ended; with neither word, as the setting ``answer`` says.
        ``index`` is the phone's own number for one of its calls, here and below.
        """
        ends = self._running().subscribe()
        await self._end(ends, self._running().answer(how(hold, end), phone, index))

    async def reject(self, phone: str | None = None, *, index: int | None = None) -> None:
        """Rejects the call that rings."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().reject(phone, index))

    async def hang_up(self, phone: str | None = None, *, index: int | None = None) -> None:
        """Ends the active call, else cancels the outgoing one, else closes the voice session."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().hang_up(phone, index))

    async def hold(self, phone: str | None = None) -> None:
        """Puts the active call on hold; where none is active, takes the held one back."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().hold(phone))

    async def swap(self) -> None:
        """Exchanges the active and the held call, across phones too."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().swap())

    async def merge(self, phone: str | None = None) -> None:
        """Joins a phone's active and held calls to a conference."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().merge(phone))

    async def private(self, index: int, phone: str | None = None) -> None:
        """Speaks with one member of a conference alone."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().private(index, phone))

    async def transfer(self, phone: str | None = None) -> None:
        """Connects a phone's two calls with each other and leaves them."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().transfer(phone))

    async def voice(self, to: str, phone: str | None = None) -> None:
        """Moves a call's audio to the ``receiver`` or the ``phone``."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().voice(to, phone))

    async def dial(self, number: str, phone: str | None = None) -> None:
        """Dials a number; ``>`` and digits dial what is in the phone's memory there.

        Without a phone it is the one used for a call last, here and for `redial` and `assistant`.
        """
        ends = self._running().subscribe()
        await self._end(ends, self._running().dial(number, phone))

    async def redial(self, phone: str | None = None) -> None:
        """Dials the last number."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().redial(phone))

    async def tones(self, digits: str, phone: str | None = None) -> None:
        """Sends tones into a call: 1 to 32 of 0 to 9, ``*``, ``#`` and A to D."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().tones(digits, phone))

    async def mute(self, on: bool = True) -> None:
        """Mutes the microphone, or not."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().mute(on))

    async def assistant(self, on: bool = True, phone: str | None = None) -> None:
        """Starts or stops a phone's assistant."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().assistant(on, phone))

    async def battery(self, percent: int) -> None:
        """Tells the phones how full our battery is, 0 to 100 percent."""
        ends = self._running().subscribe()
        await self._end(ends, self._running().battery(percent))

    async def set(self, key: str, value: Value, phone: str | None = None) -> None:
        """Changes a setting until the receiver is closed, for one phone its own table's."""
        await asyncio.to_thread(self._running().set, key, toml(value), phone)

    def _running(self) -> _tandem.Receiver:
        if self._core is None:
            raise Error("the receiver is not open: async with tandem.aio.Receiver(...) as rx")
        return self._core

    async def _end(
        self, ends: _tandem.Events, ticket: int, timeout: float = _tandem.COMMAND_TIMEOUT
    ) -> None:
        try:
            async with asyncio.timeout(timeout + MARGIN):
                while not ends.ended(ticket, 0):
                    await readable(ends.fileno())
        except TimeoutError as error:
            if isinstance(error, TimedOut):
                raise
            raise TimedOut("no answer in time") from None


class Audio:
    """As `tandem.Audio`, iterated with ``async for``."""

    def __init__(self, core: _tandem.Audio, rate: int, channels: int) -> None:
        self._core = core
        self.rate = rate
        self.channels = channels
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self._closed = False

    async def read(self, frames: int) -> Block:
        """What waits, at most so many frames, once there is anything. `EOFError` at the end."""
        async with self._turn:
            try:
                while (block := self._core.read(frames, 0)) is None:
                    if self._closed:
                        raise EOFError("the audio is closed")
                    self._woken.clear()
                    await readable(self._core.fileno(), self._woken)
                return block
            finally:
                if self._closed:
                    self._core.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Block:
        try:
            return await self.read(self.rate // 10)
        except EOFError:
            raise StopAsyncIteration from None

    def close(self) -> None:
        """Ends it. Again, it does nothing."""
        self._closed = True
        self._woken.set()
        # Who reads lets go of its file descriptor first.
        if not self._turn.locked():
            self._core.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Microphone(Spoken):
    """As `tandem.Microphone`, written with ``await``."""

    async def write(self, buffer: Buffer | Array) -> int:
        """Says samples; done when there was room for all of them."""
        missed = 0
        for more in self._pieces(buffer):
            missed += more
            await asyncio.sleep(PATIENCE)
        return missed


async def readable(fd: int, woken: asyncio.Event | None = None) -> None:
    """Waits until a file descriptor is readable, or until it is woken."""
    loop = asyncio.get_running_loop()
    arrived = woken or asyncio.Event()
    loop.add_reader(fd, arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(fd)
