"""The receiver for ``asyncio``: ``async with``, ``async for``, verbs to await."""

from __future__ import annotations

import asyncio
import os
from types import TracebackType
from typing import Self

from . import _tandem
from ._settings import Settings, Value, toml
from .errors import Error, TimedOut
from .events import Event, event
from .receiver import MARGIN, opened


class Receiver:
    """As `tandem.Receiver`, but opened by ``async with``."""

    def __init__(
        self,
        controller: str = "usb",
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

    async def __aenter__(self) -> Self:
        if self._core is not None:
            raise Error("the receiver was opened before")
        self._core = await asyncio.to_thread(opened, *self._arguments)
        self._events = self._core.subscribe()
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
        if self._core is not None:
            await asyncio.to_thread(self._core.close)

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

    def status(self) -> dict[str, object]:
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
        """Ends a phone's connection and deletes its bond."""
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


async def readable(fd: int) -> None:
    """Waits until a file descriptor is readable."""
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    loop.add_reader(fd, arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(fd)
