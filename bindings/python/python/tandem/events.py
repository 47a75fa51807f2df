"""What happens, as small classes that ``match`` works on::

    match event:
        case tandem.Confirm(phone, "compare", passkey):
            ...
        case tandem.Phone(phone, state="connected"):
            ...
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened; of this class itself when the package has no class of its name."""

    #: Its name on the control socket.
    event: str
    #: Grows by one with each event of a receiver.
    seq: int
    #: Seconds since the receiver's start.
    t: float
    #: The wall clock, ISO 8601.
    time: str
    #: Fields that the class does not have.
    more: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Snapshot(Event):
    """Everything as it is; the first event of a receiver."""

    controller: dict[str, Any]
    phones: list[dict[str, Any]]
    audible: list[dict[str, Any]]
    settings: dict[str, Any]
    warnings: list[dict[str, str]]
    counters: dict[str, int]


@dataclass(frozen=True, slots=True)
class Lost(Event):
    """So many events were dropped because they were not read in time."""

    count: int


@dataclass(frozen=True, slots=True)
class Controller(Event):
    """The controller came up or was lost: ``up``, ``lost``."""

    state: str
    address: str


@dataclass(frozen=True, slots=True)
class Pairing(Event):
    """Pairing mode opened or ended."""

    open: bool
    seconds: int


@dataclass(frozen=True, slots=True)
class Confirm(Event):
    """The owner is asked; the answer is ``Receiver.confirm``.

    The kind is ``compare``, ``display``, ``enter`` or ``consent``.
    """

    phone: str
    kind: str
    passkey: int | None = None


@dataclass(frozen=True, slots=True)
class Paired(Event):
    """A phone has a new bond."""

    phone: str


@dataclass(frozen=True, slots=True)
class Phone(Event):
    """A phone's connection came up or went: ``connected``, ``disconnected``."""

    phone: str
    name: str
    state: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Profile(Event):
    """A profile came up or went."""

    phone: str
    profile: str
    up: bool


@dataclass(frozen=True, slots=True)
class Stream(Event):
    """A media stream changed: ``open``, ``playing``, ``suspended``, ``closed``."""

    phone: str
    state: str
    codec: str
    rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class Audible(Event):
    """Who is heard: dictionaries of ``phone``, ``kind`` and ``gain``; none is silence."""

    phones: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Track(Event):
    """A phone's player has another track. Texts are empty where the phone does not say."""

    phone: str
    title: str
    artist: str
    album: str
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Playback(Event):
    """What a phone's player does: ``playing``, ``paused``, ``stopped``."""

    phone: str
    status: str
    position_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Volume(Event):
    """How loud a phone is heard, in percent. The kind is ``media`` or ``call``."""

    phone: str
    kind: str
    percent: int


@dataclass(frozen=True, slots=True)
class Call(Event):
    """A call is there, has changed, or is over; again when more is known of it.

    The state is ``incoming``, ``outgoing``, ``active``, ``held`` or ``ended``, the index the
    phone's own number for the call.
    """

    phone: str
    index: int
    state: str
    number: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Voice(Event):
    """A voice link came up or went: ``open``, ``closed``. The codec is ``cvsd`` or ``msbc``."""

    phone: str
    state: str
    codec: str


@dataclass(frozen=True, slots=True)
class Indicator(Event):
    """An indicator of a phone.

    ``battery`` is in percent, ``signal`` 0 to 5, ``service`` and ``roaming`` 0 or 1.
    """

    phone: str
    indicator: str
    value: int


@dataclass(frozen=True, slots=True)
class Order(Event):
    """What the policy told a phone."""

    phone: str
    order: str


@dataclass(frozen=True, slots=True)
class Evicted(Event):
    """A phone lost its seat to another."""

    phone: str
    by: str


@dataclass(frozen=True, slots=True)
class Done(Event):
    """A verb ended: ``Ok`` or an error's name."""

    ticket: int
    result: str


@dataclass(frozen=True, slots=True)
class Link(Event):
    """A link's state."""

    phone: str
    rssi: int | None
    quality: int | None
    role: str
    mode: str


@dataclass(frozen=True, slots=True)
class Warning(Event):
    """Something that the owner should know."""

    code: str
    text: str


#: The classes by the names of their events.
CLASSES: dict[str, type[Event]] = {
    name.lower(): cls
    for name, cls in list(globals().items())
    if isinstance(cls, type) and issubclass(cls, Event) and cls is not Event
}


def event(told: dict[str, Any]) -> Event:
    """The event of these fields. What its class does not have is in ``more``."""
    cls = CLASSES.get(told["event"], Event)
    names = {f.name for f in fields(cls)} - {"more"}
    known: dict[str, Any] = {name: told.get(name) for name in names}
    more = {name: value for name, value in told.items() if name not in names}
    return cls(**known, more=more)
