"""A phone's player that does not do as others do."""

import asyncio
import dataclasses
import pathlib

from bumble import avdtp, avrcp

import tone
from phone import Phone
from player import EVENTS, KEY, PLAYING, Player

ERROR = avrcp.PlayStatus.ERROR
SAYS_NOTHING = [event for event in EVENTS if event != avrcp.EventId.PLAYBACK_STATUS_CHANGED]
A_MOMENT = 0.3  # seconds until a player that plays again by itself does so


@dataclasses.dataclass
class Whims:
    """What a player does that others do not."""

    ignores_pause: bool = False
    toggles_on_pause: bool = False  # PAUSE makes it play where it does not
    plays_again: int = 0  # times that it plays again by itself when it was told to pause
    suspends_after: float = 0.0  # seconds that its stream stays open when it pauses
    sends_silence: bool = False  # until then; else nothing
    says: bool = True  # what it does


class OddPlayer(Player):
    def __init__(self, phone: Phone, whims: Whims, folder: pathlib.Path) -> None:
        super().__init__(phone, opens=True)
        self.whims = whims
        self.plays = False
        self.music = phone.pump.music
        self.silence = tone.make(0, folder, amplitude=0)
        self.next: asyncio.Task | None = None  # what it does by itself a while later
        if not whims.says:
            self.delegate.supported_events = SAYS_NOTHING
            self.delegate.playback_status = ERROR

    @property
    def streams(self) -> bool:
        return bool(self.phone.stream) and self.phone.stream.state == avdtp.State.STREAMING

    def _is(self, status: avrcp.PlayStatus) -> None:
        self.plays = status == PLAYING
        if self.whims.says:
            super()._is(status)

    async def press(self, key: KEY) -> None:
        self.pressed.append(key)
        if key == KEY.PLAY:
            await self.play()
        elif key == KEY.PAUSE and not self.plays:
            if self.whims.toggles_on_pause:
                await self.play()
        elif key == KEY.PAUSE and not self.whims.ignores_pause:
            await self.pause()
            if self.whims.plays_again:
                self.whims.plays_again -= 1
                self._later(A_MOMENT, self.play)

    def _later(self, seconds: float, what) -> None:
        async def work() -> None:
            await asyncio.sleep(seconds)
            await what()

        self.next = asyncio.create_task(work())

    async def play(self) -> None:
        if self.next and self.next is not asyncio.current_task():
            self.next.cancel()
        self._is(PLAYING)
        async with self.turn:
            pump = self.phone.pump
            pump.music = self.music
            if not self.streams:
                await self.phone.play()
            elif not pump.task:
                await pump.start(self.phone.stream.rtp_channel)

    async def pause(self) -> None:
        if not self.whims.suspends_after:
            return await super().pause()
        self._is(avrcp.PlayStatus.PAUSED)
        async with self.turn:
            if self.whims.sends_silence:
                self.phone.pump.music = self.silence
            else:
                await self.phone.pump.stop()
        self._later(self.whims.suspends_after, self._suspend)

    async def _suspend(self) -> None:
        async with self.turn:
            if self.streams and not self.plays:
                await self.phone.suspend()
