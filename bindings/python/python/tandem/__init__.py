"""Tandem: a Bluetooth receiver in a library.

::

    with tandem.Receiver(controller="usb", sound="wav:heard.wav") as rx:
        rx.pair(60)
        for event in rx:
            print(event)
"""

from . import aio, sim
from ._settings import Settings
from ._tandem import Capture
from .audio import Audio, Block, Microphone
from .errors import (
    Ambiguous,
    BadValue,
    Busy,
    ControllerFailed,
    ControllerLost,
    Error,
    NoCall,
    NoController,
    NoSuchPhone,
    NothingToAnswer,
    NotConnected,
    NotPaired,
    NotPermitted,
    NotSupported,
    Refused,
    TimedOut,
)
from .events import (
    Audible,
    Call,
    Confirm,
    Controller,
    Done,
    Event,
    Evicted,
    Indicator,
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
    Voice,
    Volume,
    Warning,
)
from .receiver import Receiver

__all__ = [
    "Ambiguous",
    "Audible",
    "Audio",
    "BadValue",
    "Block",
    "Busy",
    "Call",
    "Capture",
    "Confirm",
    "Controller",
    "ControllerFailed",
    "ControllerLost",
    "Done",
    "Error",
    "Event",
    "Evicted",
    "Indicator",
    "Link",
    "Lost",
    "Microphone",
    "NoCall",
    "NoController",
    "NoSuchPhone",
    "NotConnected",
    "NotPaired",
    "NotPermitted",
    "NotSupported",
    "NothingToAnswer",
    "Order",
    "Paired",
    "Pairing",
    "Phone",
    "Playback",
    "Profile",
    "Receiver",
    "Refused",
    "Settings",
    "Snapshot",
    "Stream",
    "TimedOut",
    "Track",
    "Voice",
    "Volume",
    "Warning",
    "aio",
    "sim",
]
