"""The calls of a phone made of bumble: an audio gateway (HFP 1.9) with a service record, a service
level connection that either side may open, calls, indicators and a voice link.

bumble's RFCOMM, SDP and SCO carry it. The dialogue is our own: bumble's `AgProtocol` says OK after an
error, and knows no AT+VTS, +BLDN, +COPS, +CNUM, +NREC, +BTRH and no reading of its calls out of what
was ordered. What phones differ in is in `Features` (what they say that they can) and `Habits` (what
they do about it).
"""

import asyncio
import pathlib
from collections.abc import Callable

from bumble import hfp, rfcomm, sdp

from calls import Call, State
from commands import Commands
from features import Features, Habits, record
from phone import Phone
from speech import CVSD
from voice import Rejected, Voice

RECORD = 0x00010010
PATIENCE = 5  # seconds until something that is waited for must have come


class Line:
    """One RFCOMM channel, as lines. (bumble tells nobody of the other side's DISC.)"""

    def __init__(self, dlc: rfcomm.DLC, gateway: "Gateway") -> None:
        self.dlc, self.gateway = dlc, gateway
        self.buffer = b""
        self.is_open = True
        disconnected = dlc.on_disc_frame

        def on_disc_frame(frame) -> None:
            disconnected(frame)
            self._end()

        dlc.on_disc_frame = on_disc_frame
        dlc.on("close", self._end)

    def begin(self) -> None:
        """Hears what there is to hear, from what came before on."""
        self.dlc.sink = self._read

    def _read(self, octets: bytes) -> None:
        self.buffer += octets
        while b"\r" in self.buffer:
            line, self.buffer = self.buffer.split(b"\r", 1)
            if text := line.decode().strip():
                self.gateway.hear(self, text)

    def write(self, text: str) -> None:
        if self.is_open:
            self.dlc.write(f"\r\n{text}\r\n")

    def _end(self) -> None:
        if self.is_open:
            self.is_open = False
            self.gateway.line_closed(self)

    async def close(self) -> None:
        """Properly, and the session with it where it is ours."""
        multiplexer = self.dlc.multiplexer
        async with asyncio.timeout(PATIENCE):
            await self.dlc.disconnect()
            if multiplexer.role == rfcomm.Multiplexer.Role.INITIATOR:
                # Its answer to that is to close the channel.
                await multiplexer.disconnect()


class Gateway(Commands):
    """The calls of one phone, which is on and not connected yet."""

    def __init__(
        self,
        phone: Phone,
        hz: int,
        folder: pathlib.Path,
        features: Features | None = None,
        habits: Habits | None = None,
    ) -> None:
        super().__init__(features or Features(), habits or Habits())
        self.phone = phone
        self.log: list[tuple[float, str]] = []  # what the receiver said, and when
        self.said: list[tuple[float, str]] = []  # and we to it
        self.line: Line | None = None
        self.lines = 0  # there have been
        self.listens = False  # a program has the microphone open, without any call
        self.voice = Voice(hz, folder, self._voice_changed)
        self.voice.accepts = lambda: self.wants_voice(anywhere=True)
        self._waiting: list[asyncio.Future] = []
        self._tasks: dict[str, asyncio.Task] = {}
        self.channel = rfcomm.Server(phone.device).listen(self._on_dlc)
        phone.device.sdp_service_records |= {RECORD: self.record()}
        phone.device.on("connection", self.voice.attach)

    @property
    def address(self) -> str:
        return self.phone.address

    def record(self) -> list[sdp.ServiceAttribute]:
        return record(RECORD, self.channel, self.features)

    # The line.

    def _on_dlc(self, dlc: rfcomm.DLC) -> None:
        """A line is open, whoever opened it."""
        self.reset()
        self.lines += 1
        self.line = Line(dlc, self)
        self.line.begin()
        self._happened()

    def line_closed(self, line: Line) -> None:
        if self.line is line:
            self.line = None
            self.is_up = False
            for task in self._tasks.values():
                task.cancel()
        self._happened()

    async def open(self) -> None:
        """Opens a line to the receiver, as its record says where."""
        channel = await self.find()
        assert channel, "the receiver has no record of a hands-free unit"
        async with asyncio.timeout(PATIENCE):
            multiplexer = await rfcomm.Client(self.phone.connection).start()
            self._on_dlc(await multiplexer.open_dlc(channel))

    async def find(self) -> int | None:
        """The receiver's channel, as its record says."""
        found = await hfp.find_hf_sdp_record(self.phone.connection)
        return found and found[0]

    async def opened(self, seconds: float = PATIENCE) -> None:
        """Waits until the service level connection is up."""
        await self.until(lambda: self.is_up, "the service level connection is up", seconds)

    async def drop(self) -> None:
        """The line is gone without a word on it."""
        await self.line.dlc.multiplexer.l2cap_channel.disconnect()

    def stop(self) -> None:
        """The phone is off: nothing is rung, told or said any more."""
        self.is_up = False
        self.voice.end()
        for task in self._tasks.values():
            task.cancel()

    def hear(self, line: Line, text: str) -> None:
        self.log.append((asyncio.get_running_loop().time(), text))
        own = [start for start in self.habits.answers if text.startswith(start)]
        if own:
            answers = self.habits.answers[max(own, key=len)]
        else:
            answers = self.obey(text)
        for answer in answers:
            self._say(line, answer)
        self.settle()
        self._happened()

    def came_up(self) -> None:
        self.is_up = True
        self.follow()

    def tell(self, text: str) -> None:
        """Says something that was not asked for."""
        if self.line:
            self._say(self.line, text)

    def _say(self, line: Line, text: str) -> None:
        self.said.append((asyncio.get_running_loop().time(), text))
        line.write(text)

    # What happens on the phone.

    def indicate(self, name: str, value: int) -> None:
        """An indicator changes, or is told again."""
        self.values[name] = value
        if self.tells_indicators and name in self.habits.places and self.enabled(name):
            self.tell(f"+CIEV: {self.habits.places.index(name) + 1},{value}")

    def changed(self, again: str = "") -> None:
        """The calls changed: tells what that means, and has the voice link follow."""
        now = self.calls.indicators()
        for name in self.habits.tells:
            if self.values[name] != now[name] or name == again:
                self.indicate(name, now[name])
        self._keep("ring", self._ring, bool(self.calls.of(State.INCOMING)))
        self.follow()

    async def ring(self, number: str, name: str = "") -> Call:
        """Somebody calls, while the owner speaks or not."""
        call = self.calls.ring(number, name)
        if call.state == State.INCOMING:
            self.on_handset = False
        if self.habits.voice_first:
            self.follow()
            await self.until(lambda: self.voice.link, "the voice link is open")
        self.changed()
        if call.state == State.WAITING and self.call_waiting:
            self.tell(f'+CCWA: "{number}",{call.kind},1' + (f',"{name}"' if name else ""))
        return call

    def dial(self, number: str) -> Call:
        """The owner dials, here or there."""
        call = self.calls.dial(number)
        self.last_number = number
        self.on_handset = False
        self.changed()
        return call

    def alert(self, call: Call) -> None:
        """Whom we call hears it ring."""
        call.state = State.ALERTING
        self.changed()

    def answer(self, call: Call, on_handset: bool = False) -> None:
        """It is answered: by the other end, or by the owner, maybe with the audio on the phone."""
        if on_handset:
            self.on_handset = True
        self.calls.answer(call)
        self.changed()

    def end(self, *calls: Call) -> None:
        self.calls.end(*calls)
        self.changed()

    def hold(self, operation: str) -> None:
        """As AT+CHLD would."""
        held = self.values["callheld"]
        self.calls.hold(operation)
        swapped = operation == "2" and held == 1 == self.calls.indicators()["callheld"]
        self.changed(again="callheld" if swapped else "")

    def ring_in_band(self, on: bool) -> None:
        """From now on it rings over the voice link, or does not."""
        self.rings_in_band = on
        self.tell(f"+BSIR: {int(on)}")

    def assist(self, on: bool) -> None:
        """The phone's assistant begins or ends to listen by itself."""
        self.assisting = on
        self.tell(f"+BVRA: {int(on)}" + (",1" if on and self.features.assistant > 1 else ""))
        self.follow()

    def listen(self, on: bool) -> None:
        """A program opens the receiver's microphone, or closes it."""
        self.listens = on
        self.follow()

    async def _ring(self) -> None:
        while call := next(iter(self.calls.of(State.INCOMING)), None):
            self.tell("RING")
            if self.caller_id and call.number:
                alpha = f',,,"{call.name}"' if call.name else ""
                self.tell(f'+CLIP: "{call.number}",{call.kind}{alpha}')
            await asyncio.sleep(self.habits.ring_every)

    # The voice link.

    def wants_voice(self, anywhere: bool = False) -> bool:
        """Whether there is something to be heard, here (or `anywhere`)."""
        if self.on_handset and not anywhere:
            return False
        calls = self.calls
        return bool(
            self.assisting
            or self.listens
            or calls.active
            or calls.outgoing
            or (calls.ringing and (self.habits.voice_first or self.rings_in_band))
            or (calls.held and self.habits.voice_on_hold)
        )

    def follow(self) -> None:
        """Opens or closes the voice link where it is not as it should be."""
        if self.is_up:
            self._keep("voice", self._follow, bool(self.voice.link) != self.wants_voice())

    async def _follow(self) -> None:
        tries = 1 + self.habits.insists
        while tries and self.is_up and bool(self.voice.link) != self.wants_voice():
            if self.voice.link:
                await self.voice.close()
                continue
            try:
                await self.open_voice()
            except (Rejected, TimeoutError):
                tries -= 1
                if tries:
                    await asyncio.sleep(self.habits.insists_after)
        if self.wants_voice() and not self.voice.link:
            self.on_handset = True

    async def open_voice(self) -> None:
        """Agrees on a codec where both sides do that, and sets the link up."""
        codec = CVSD
        if self.negotiates:
            common = [codec for codec in self.features.codecs if codec in self.their_codecs]
            codec = max(common or [CVSD])
            before = len(self.log)
            self.tell(f"+BCS: {codec}")
            await self.asked(f"AT+BCS={codec}", before)
        await self.voice.open(codec)

    async def change_codec(self) -> None:
        """In a call: closes the voice link, agrees on a codec anew and opens it again."""
        if self._is_busy("voice"):
            await self._tasks["voice"]
        self._keep("voice", self._change_codec, True)
        await self._tasks["voice"]

    async def _change_codec(self) -> None:
        await self.voice.close()
        await self.open_voice()

    def _voice_changed(self) -> None:
        if not self.voice.link and self.wants_voice() and not self._is_busy("voice"):
            # The receiver closed it: the call goes on here.
            self.on_handset = True
        elif self.voice.link and not self._is_busy("voice"):
            self.on_handset = False
        self._happened()

    # Waiting.

    def _is_busy(self, what: str) -> bool:
        return what in self._tasks and not self._tasks[what].done()

    def _keep(self, what: str, work: Callable, wanted: bool) -> None:
        if wanted and not self._is_busy(what):
            self._tasks[what] = asyncio.create_task(work())

    def _happened(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    async def until(self, look: Callable[[], object], what: str, seconds: float = PATIENCE):
        """Looks after everything that happens, until there is something."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := look()):
                    future = asyncio.get_running_loop().create_future()
                    self._waiting.append(future)
                    await future
                return found
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s: {what}; {self.transcript()}") from None

    async def asked(self, start: str, after: int = 0, seconds: float = PATIENCE) -> float:
        """Waits for a line of the receiver that begins so, from `after` on; gives its time."""

        def look() -> float | None:
            return next((time for time, text in self.log[after:] if text.startswith(start)), None)

        return await self.until(look, start, seconds)

    async def has_voice(self, there: bool = True, seconds: float = PATIENCE) -> None:
        await self.until(
            lambda: bool(self.voice.link) == there, f"voice link: {there}", seconds
        )

    def transcript(self) -> str:
        both = [(time, f"<- {text}") for time, text in self.log]
        both += [(time, f"-> {text}") for time, text in self.said]
        return "\n".join(f"{time:.3f} {text}" for time, text in sorted(both)[-40:])
