"""Tandem: a Bluetooth receiver in a library.

::

    with tandem.Receiver(controller="usb", sound="wav:heard.wav") as rx:
        rx.pair(60)
        for event in rx:
            print(event)
"""

from . import aio
from .errors import (
    Ambiguous,
    BadValue,
    Busy,
    ControllerFailed,
    ControllerLost,
    Error,
    NoController,
    NoSuchPhone,
    NotConnected,
    NotPaired,
    NotPermitted,
    NotSupported,
    Refused,
    TimedOut,
)
from .events import (
    Audible,
    Confirm,
    Controller,
    Done,
    Event,
    Evicted,
    Link,
    Lost,
    Order,
    Paired,
    Pairing,
    Phone,
    Playback,
    Profile,
    Snapshot,
    Stream,
    Track,
    Volume,
    Warning,
)
from .receiver import Receiver

__all__ = [
    "Ambiguous",
    "Audible",
    "BadValue",
    "Busy",
    "Confirm",
    "Controller",
    "ControllerFailed",
    "ControllerLost",
    "Done",
    "Error",
    "Event",
    "Evicted",
    "Link",
    "Lost",
    "NoController",
    "NoSuchPhone",
    "NotConnected",
    "NotPaired",
    "NotPermitted",
    "NotSupported",
    "Order",
    "Paired",
    "Pairing",
    "Phone",
    "Playback",
    "Profile",
    "Receiver",
    "Refused",
    "Snapshot",
    "Stream",
    "TimedOut",
    "Track",
    "Volume",
    "Warning",
    "aio",
]
