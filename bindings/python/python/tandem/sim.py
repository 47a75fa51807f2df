"""A simulated air with phones, to try a program without a dongle.

::

    air = tandem.sim.Air()
    anna = air.phone("Anna")
    with tandem.Receiver(controller=air, sound="null", pair=60) as rx:
        anna.connect()
        anna.play(440)
"""

from __future__ import annotations

from . import _tandem


class Air:
    """An air for one receiver, which takes it as its ``controller``.

    What is ordered before that receiver is open is done when it is.
    """

    def __init__(self) -> None:
        self._core = _tandem.Air()

    def phone(self, name: str, *, voice: int = 300) -> Phone:
        """Switches a phone on that has all profiles and behaves politely; in its calls a tone of
        ``voice`` hertz is heard."""
        number, address = self._core.phone(name, voice)
        return Phone(self._core, number, name, address)


class Phone:
    """What a phone's owner does, and whoever is called. Each returns at once."""

    def __init__(self, core: _tandem.Air, number: int, name: str, address: str) -> None:
        self._core = core
        self._number = number
        self.name = name
        self.address = address

    def connect(self) -> None:
        """Connects to the receiver, pairing where there is no bond."""
        self._act("connect")

    def disconnect(self) -> None:
        """Disconnects."""
        self._act("disconnect")

    def forget(self) -> None:
        """Deletes the bond."""
        self._act("forget")

    def leave(self) -> None:
        """Walks out of range."""
        self._act("leave")

    def come_back(self) -> None:
        """Comes back into range."""
        self._act("come_back")

    def play(self, hertz: int) -> None:
        """Plays a tone, now or as soon as there is a stream for it."""
        self._act("play", hertz)

    def pause(self) -> None:
        """Pauses."""
        self._act("pause")

    def next(self) -> None:
        """Plays another track."""
        self._act("next")

    def chime(self, hertz: int, ms: int) -> None:
        """A notification's tone, of which the player knows nothing."""
        self._act("chime", hertz, ms)

    def volume(self, percent: int) -> None:
        """Sets how loud its music is heard."""
        self._act("volume", percent)

    def ring(self, number: str, name: str = "") -> None:
        """A call comes in."""
        self._act("ring", words=(number, name))

    def dial(self, number: str) -> None:
        """Dials on the phone."""
        self._act("dial", words=(number,))

    def they_answer(self) -> None:
        """Who was dialled answers."""
        self._act("they_answer")

    def they_hang_up(self) -> None:
        """Whoever calls, or is in the call, hangs up."""
        self._act("they_hang_up")

    def answer(self, to: str = "phone") -> None:
        """Answers on the phone, with the audio there or on the ``receiver``."""
        self._act("answer", words=(to,))

    def hang_up(self) -> None:
        """Hangs up or rejects on the phone."""
        self._act("hang_up")

    def voice(self, to: str) -> None:
        """Moves a call's audio to the ``phone`` or the ``receiver``."""
        self._act("voice", words=(to,))

    def microphone(self, on: bool = True) -> None:
        """Opens a program's microphone, or closes it: a voice session."""
        self._act("microphone", on)

    def assistant(self, on: bool = True) -> None:
        """Starts or stops the assistant on the phone."""
        self._act("assistant", on)

    def in_band_ring(self, on: bool) -> None:
        """Rings over the voice link from now on, or does not."""
        self._act("in_band_ring", on)

    def call_volume(self, gain: int) -> None:
        """Sets how loud its calls are heard, 0 to 15."""
        self._act("call_volume", gain)

    def _act(self, act: str, *numbers: int, words: tuple[str, ...] = ()) -> None:
        self._core.act(self._number, act, [int(number) for number in numbers], list(words))
