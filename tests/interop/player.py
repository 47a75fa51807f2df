"""A phone's player, made of bumble's AVRCP: it tells what it plays, and has keys that the receiver
presses."""

import asyncio
import contextlib

from bumble import avc, avdtp, avrcp

from phone import Phone
from scene import Scene

PLAYING, PAUSED = avrcp.PlayStatus.PLAYING, avrcp.PlayStatus.PAUSED
STOPPED = avrcp.PlayStatus.STOPPED
KEY = avc.PassThroughFrame.OperationId
TITLE, ARTIST = avrcp.MediaAttributeId.TITLE, avrcp.MediaAttributeId.ARTIST_NAME
EVENTS = (avrcp.EventId.PLAYBACK_STATUS_CHANGED, avrcp.EventId.TRACK_CHANGED)


class Delegate(avrcp.Delegate):
    """The phone's player, whose keys the receiver presses."""

    def __init__(self, player: "Player") -> None:
        super().__init__(EVENTS)
        self.player = player

    async def on_key_event(self, key: KEY, pressed: bool, data: bytes) -> None:
        if pressed:
            await self.player.press(key)


class Protocol(avrcp.Protocol):
    """bumble's, which asks for tracks but does not tell them."""

    title = "Öl"

    def _on_command_pdu(self, pdu_id, pdu: bytes) -> None:
        if pdu_id != avrcp.PduId.GET_ELEMENT_ATTRIBUTES:
            return super()._on_command_pdu(pdu_id, pdu)
        label = self.receive_command_state.transaction_label
        attribute = avrcp.MediaAttribute
        utf_8 = avrcp.CharacterSetId.UTF_8
        attributes = [attribute(TITLE, utf_8, self.title), attribute(ARTIST, utf_8, "Die Band")]
        self.send_avrcp_response(
            label,
            avc.ResponseFrame.ResponseCode.IMPLEMENTED_OR_STABLE,
            avrcp.GetElementAttributesResponse(attributes),
        )
        self.receive_command_state = None


class Player:
    """The remote control of one phone."""

    def __init__(self, phone: Phone, opens: bool) -> None:
        self.phone = phone
        self.opens = opens
        self.obeys = True  # keys do something
        self.pressed: list[KEY] = []
        self.volumes: list[int] = []
        self.delegate = Delegate(self)
        self.protocol = Protocol(self.delegate)
        self.protocol.listen(phone.device)
        target = avrcp.TargetServiceSdpRecord(0x00010002).to_service_attributes()
        controller = avrcp.ControllerServiceSdpRecord(0x00010003).to_service_attributes()
        phone.device.sdp_service_records |= {0x00010002: target, 0x00010003: controller}
        self.task: asyncio.Task | None = None
        self.turn = asyncio.Lock()  # one key after the other

    async def join(self, one: Scene) -> None:
        """Connects with music and remote control."""
        after = 0 if self.phone.connection else one.now
        await one.join(self.phone)
        if self.opens:
            await self.protocol.connect(self.phone.connection)
        address = self.phone.address
        await one.watch.next("profile", after, phone=address, profile="avrcp", up=True)
        if avrcp.EventId.PLAYBACK_STATUS_CHANGED in self.delegate.supported_events:
            # bumble loses what comes while it opens the channel, and is asked again 3 s later.
            await one.watch.next("playback", after, phone=address)
        self.task = asyncio.create_task(self._hear_volume())

    async def _hear_volume(self) -> None:
        async for volume in self.protocol.monitor_volume():
            self.volumes.append(volume)

    def _is(self, status: avrcp.PlayStatus) -> None:
        self.delegate.playback_status = status
        self.protocol.notify_playback_status_changed(status)

    async def press(self, key: KEY) -> None:
        """The receiver presses a key."""
        self.pressed.append(key)
        if not self.obeys:
            return
        if key == KEY.PLAY:
            await self.play()
        elif key == KEY.PAUSE:
            await self.pause()

    async def play(self) -> None:
        self._is(PLAYING)
        async with self.turn:
            await self.phone.play()

    async def pause(self) -> None:
        self._is(PAUSED)
        async with self.turn:
            await self.phone.suspend()

    async def stop(self) -> None:
        self._is(STOPPED)
        async with self.turn:
            if self.phone.stream.state == avdtp.State.STREAMING:
                await self.phone.suspend()

    async def was_told(self, *keys: KEY, seconds: float = 5) -> None:
        """Waits until exactly these keys were pressed since this was asked last."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(self.pressed) < len(keys):
                    await asyncio.sleep(0.02)
        assert self.pressed == list(keys), f"{self.phone.name}: {self.pressed}, not {keys}"
        self.pressed.clear()

    async def heard_volume(self, wanted: int) -> None:
        async with asyncio.timeout(5):
            while wanted not in self.volumes[-1:]:
                await asyncio.sleep(0.02)
