"""A receiver, as a context manager and an iterator over its events."""

from __future__ import annotations

import os
import warnings
from types import TracebackType
from typing import Any, Self

from . import _tandem
from ._settings import Settings, Value, flat, toml
from .audio import Audio, Microphone, sound
from .errors import BadValue, TimedOut
from .events import Event, event
from .sim import Air

#: What a caller waits beyond the receiver's own time-outs, in seconds.
MARGIN = 0.5


def opening(
    controller: str | Air | None,
    sound: str | None,
    settings: Settings | None,
    config: str | os.PathLike[str] | None,
    pair: int | None,
) -> _tandem.Opening:
    """A receiver that is being opened: it ends when its controller is up, or has failed."""
    air = controller._core if isinstance(controller, Air) else None
    keys = []
    if controller is not None:
        keys.append(("controller", toml("sim" if isinstance(controller, Air) else controller)))
    if sound is not None:
        keys.append(("sound", toml(sound)))
    keys.extend(flat(settings or {}))
    return _tandem.Opening(config, keys, pair, air)


def how(hold: bool, end: bool) -> str:
    """What becomes of an active call when another is answered."""
    if hold and end:
        raise BadValue("hold, end: only one of them")
    return "hold" if hold else "end" if end else "default"


class Receiver:
    """A Bluetooth receiver: drives one controller, keeps several phones connected.

    ``controller`` and ``sound`` are what ``tandemd`` takes for ``--controller`` and ``--sound``, and
    default to those of the file ``config``, else to the first dongle and a sound server;
    a controller may also be a `tandem.sim.Air`;
    ``settings`` are the keys of its configuration, flat (``{"sound.rate": 44100}``) or nested, over
    those of the file; ``pair`` opens pairing mode for so many seconds.

    Iterating gives the events, a snapshot first, until the receiver is closed. Verbs return when
    they are done, and raise an `Error` otherwise; they may be called from any thread.
    """

    def __init__(
        self,
        controller: str | Air | None = None,
        sound: str | None = None,
        *,
        settings: Settings | None = None,
        config: str | os.PathLike[str] | None = None,
        pair: int | None = None,
    ) -> None:
        self._core = opening(controller, sound, settings, config, pair).end()
        self._events = self._core.subscribe()
        self._microphone = Microphone(self._core)
        self._open = True

    def close(self) -> None:
        """Says goodbye to the phones and gives the controller back. Again, it does nothing."""
        self._open = False
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

    def __del__(self) -> None:
        if getattr(self, "_open", False):
            warnings.warn(f"{self!r} was not closed", ResourceWarning, source=self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        try:
            told = self._events.next()
        except EOFError:
            raise StopIteration from None
        assert told is not None
        return event(told)

    def next(self, timeout: float | None = None) -> Event | None:
        """The next event; None when none came in so many seconds. `EOFError` when none will."""
        told = self._events.next(timeout)
        return None if told is None else event(told)

    def fileno(self) -> int:
        """A file descriptor that is readable while an event waits, for ``select``."""
        return self._events.fileno()

    def audio(
        self,
        kind: str = "mix",
        phone: str | None = None,
        *,
        rate: int | None = None,
        channels: int | None = None,
    ) -> Audio:
        """Sound to read in blocks: the ``mix`` as it is heard, the ``media`` of a phone as it was
        decoded, or the far end's ``voice``.

        Without a phone it is that of whichever is heard. Rate and channels are
        48000 and 2 where none are asked for, for a voice 16000 and 1.
        """
        return Audio(*sound(self._core, kind, phone, rate, channels))

    @property
    def microphone(self) -> Microphone:
        """What phones hear, once something is written to it."""
        return self._microphone

    def status(self) -> dict[str, Any]:
        """Everything as it is: controller, phones, audible, settings, warnings, counters.

        Of a receiver that is closed, as it was left: its controller lost, no phone connected.
        """
        return self._core.status()

    def pair(self, seconds: int = 180) -> None:
        """Opens pairing mode for so many seconds, 1 to 3600."""
        ends = self._core.subscribe()
        self._end(ends, self._core.pair(seconds))

    def stop_pairing(self) -> None:
        """Ends pairing mode."""
        ends = self._core.subscribe()
        self._end(ends, self._core.stop_pairing())

    def confirm(self, phone: str, accept: bool, passkey: int | None = None) -> None:
        """Answers a `Confirm` event. ``phone`` is an address, or a name that only one phone has."""
        ends = self._core.subscribe()
        self._end(ends, self._core.confirm(phone, accept, passkey))

    def connect(self, phone: str) -> None:
        """Connects a paired phone; done when its first profile is up."""
        ends = self._core.subscribe()
        self._end(ends, self._core.connect(phone), _tandem.CONNECT_TIMEOUT)

    def disconnect(self, phone: str) -> None:
        """Ends a phone's connection."""
        ends = self._core.subscribe()
        self._end(ends, self._core.disconnect(phone))

    def forget(self, phone: str) -> None:
        """Ends a phone's connection and deletes its bond and all that is kept of it, its volumes too.

        What the configuration says of it stays.
        """
        ends = self._core.subscribe()
        self._end(ends, self._core.forget(phone))

    def media(self, action: str, phone: str | None = None) -> None:
        """Presses ``play``, ``pause``, ``play_pause``, ``next``, ``previous`` or ``stop``.

        Without a phone it is the one that is heard, else the one heard last.
        """
        ends = self._core.subscribe()
        self._end(ends, self._core.media(action, phone))

    def volume(self, percent: int, kind: str = "media", phone: str | None = None) -> None:
        """Sets how loud a phone's music, or its ``call``, is heard: 0 to 100."""
        ends = self._core.subscribe()
        self._end(ends, self._core.volume(percent, kind, phone))

    def answer(
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
        ends = self._core.subscribe()
        self._end(ends, self._core.answer(how(hold, end), phone, index))

    def reject(self, phone: str | None = None, *, index: int | None = None) -> None:
        """Rejects the call that rings."""
        ends = self._core.subscribe()
        self._end(ends, self._core.reject(phone, index))

    def hang_up(self, phone: str | None = None, *, index: int | None = None) -> None:
        """Ends the active call, else cancels the outgoing one, else closes the voice session."""
        ends = self._core.subscribe()
        self._end(ends, self._core.hang_up(phone, index))

    def hold(self, phone: str | None = None) -> None:
        """Puts the active call on hold; where none is active, takes the held one back."""
        ends = self._core.subscribe()
        self._end(ends, self._core.hold(phone))

    def swap(self) -> None:
        """Exchanges the active and the held call, across phones too."""
        ends = self._core.subscribe()
        self._end(ends, self._core.swap())

    def merge(self, phone: str | None = None) -> None:
        """Joins a phone's active and held calls to a conference."""
        ends = self._core.subscribe()
        self._end(ends, self._core.merge(phone))

    def private(self, index: int, phone: str | None = None) -> None:
        """Speaks with one member of a conference alone."""
        ends = self._core.subscribe()
        self._end(ends, self._core.private(index, phone))

    def transfer(self, phone: str | None = None) -> None:
        """Connects a phone's two calls with each other and leaves them."""
        ends = self._core.subscribe()
        self._end(ends, self._core.transfer(phone))

    def voice(self, to: str, phone: str | None = None) -> None:
        """Moves a call's audio to the ``receiver`` or the ``phone``."""
        ends = self._core.subscribe()
        self._end(ends, self._core.voice(to, phone))

    def dial(self, number: str, phone: str | None = None) -> None:
        """Dials a number; ``>`` and digits dial what is in the phone's memory there.

        Without a phone it is the one used for a call last, here and for `redial` and `assistant`.
        """
        ends = self._core.subscribe()
        self._end(ends, self._core.dial(number, phone))

    def redial(self, phone: str | None = None) -> None:
        """Dials the last number."""
        ends = self._core.subscribe()
        self._end(ends, self._core.redial(phone))

    def tones(self, digits: str, phone: str | None = None) -> None:
        """Sends tones into a call: 1 to 32 of 0 to 9, ``*``, ``#`` and A to D."""
        ends = self._core.subscribe()
        self._end(ends, self._core.tones(digits, phone))

    def mute(self, on: bool = True) -> None:
        """Mutes the microphone, or not."""
        ends = self._core.subscribe()
        self._end(ends, self._core.mute(on))

    def assistant(self, on: bool = True, phone: str | None = None) -> None:
        """Starts or stops a phone's assistant."""
        ends = self._core.subscribe()
        self._end(ends, self._core.assistant(on, phone))

    def battery(self, percent: int) -> None:
        """Tells the phones how full our battery is, 0 to 100 percent."""
        ends = self._core.subscribe()
        self._end(ends, self._core.battery(percent))

    def set(self, key: str, value: Value, phone: str | None = None) -> None:
        """Changes a setting until the receiver is closed, for one phone its own table's."""
        self._core.set(key, toml(value), phone)

    def _end(
        self, ends: _tandem.Events, ticket: int, timeout: float = _tandem.COMMAND_TIMEOUT
    ) -> None:
        if not ends.ended(ticket, timeout + MARGIN):
            raise TimedOut("no answer in time")
