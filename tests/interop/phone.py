"""A phone made of bumble: an A2DP source with its own keys that plays a tone in real time.

It does what a phone does and nothing more: pairs by Simple Pairing without a keypad, connects,
opens A2DP, starts, suspends, goes away and comes back, and takes a connection from the receiver.
It has neither AVRCP nor HFP, so its stream has no usable status.
"""

import asyncio
import contextlib
import dataclasses

from bumble import a2dp, avdtp, hci
from bumble.core import PhysicalTransport
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.host import Host
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.rtp import MediaPacket
from bumble.transport import open_transport

import tone
from air import acknowledge_at_once

CLASS_OF_A_SMARTPHONE = 0x5A020C
SBC = a2dp.SbcMediaCodecInformation


def sbc_capabilities() -> avdtp.MediaCodecCapabilities:
    """What this phone can send: one configuration."""
    return avdtp.MediaCodecCapabilities(
        media_type=avdtp.AVDTP_AUDIO_MEDIA_TYPE,
        media_codec_type=a2dp.A2DP_SBC_CODEC_TYPE,
        media_codec_information=SBC(
            sampling_frequency=SBC.SamplingFrequency.SF_44100,
            channel_mode=SBC.ChannelMode.JOINT_STEREO,
            block_length=SBC.BlockLength.BL_16,
            subbands=SBC.Subbands.S_8,
            allocation_method=SBC.AllocationMethod.LOUDNESS,
            minimum_bitpool_value=2,
            maximum_bitpool_value=53,
        ),
    )


@dataclasses.dataclass
class Manners:
    """In what phones differ."""

    most_frames: int = 8  # SBC frames a media packet; 15 needs several ACL packets
    stamps_in_milliseconds: bool = False  # some phones count their RTP timestamps so
    secures_first: bool = True  # or waits for the receiver to authenticate
    io_capability: int = PairingDelegate.IoCapability.DISPLAY_OUTPUT_AND_YES_NO_INPUT


class Owner(PairingDelegate):
    """Who holds the phone: sees the six digits, agrees or not, and types what is read out."""

    def __init__(self, io_capability: int) -> None:
        super().__init__(io_capability)
        self.agrees = True
        self.asked = 0
        loop = asyncio.get_running_loop()
        self.sees: asyncio.Future[int] = loop.create_future()
        self.types: asyncio.Future[int] = loop.create_future()

    async def confirm(self, auto: bool = False) -> bool:
        self.asked += 1
        return self.agrees

    async def compare_numbers(self, number: int, digits: int) -> bool:
        self.asked += 1
        self.sees.set_result(number)
        return self.agrees

    async def get_number(self) -> int | None:
        self.asked += 1
        return await self.types


class Pump:
    """Sends a tone, paced by the sample count against the monotonic clock."""

    def __init__(self, music: tone.Tone, manners: Manners) -> None:
        self.music = music
        self.manners = manners
        self.task: asyncio.Task | None = None
        self.at = 0
        self.sequence = 0
        self.packets = 0

    async def start(self, channel) -> None:
        await self.stop()
        self.task = asyncio.create_task(self._send(channel))

    async def stop(self) -> None:
        if self.task:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task
            self.task = None

    async def _send(self, channel) -> None:
        length = len(self.music.frames[0])
        count = min((channel.peer_mtu - 13) // length, self.manners.most_frames, 15)
        assert count > 0, f"no SBC frame fits into an MTU of {channel.peer_mtu}"
        clock = asyncio.get_running_loop().time
        start, samples = clock(), 0
        while True:
            frames = [
                self.music.frames[(self.at + n) % len(self.music.frames)] for n in range(count)
            ]
            self.at += count
            stamp = samples
            if self.manners.stamps_in_milliseconds:
                stamp = 1000 * samples // tone.RATE
            payload = bytes([count]) + b"".join(frames)
            packet = MediaPacket(2, 0, 0, 0, self.sequence, stamp, 0, [], 96, payload)
            channel.write(bytes(packet))
            self.packets += 1
            self.sequence = (self.sequence + 1) & 0xFFFF
            samples += count * tone.SAMPLES_A_FRAME
            await asyncio.sleep(max(0.0, start + samples / tone.RATE - clock()))


class Phone:
    def __init__(self, name: str, music: tone.Tone, manners: Manners | None = None) -> None:
        self.name = name
        self.manners = manners or Manners()
        self.pump = Pump(music, self.manners)
        self.keys = MemoryKeyStore()
        self.device: Device | None = None
        self.connection: Connection | None = None
        self.protocol: avdtp.Protocol | None = None
        self.source: avdtp.LocalSource | None = None
        self.owner = Owner(self.manners.io_capability)
        self.paired = 0
        self.delays: list[int] = []
        self.connected = asyncio.Event()
        self.disconnected = asyncio.Event()
        self._transport = None

    async def power_on(self, port: int) -> None:
        """Takes a controller on the air and becomes connectable and discoverable."""
        self._transport = await open_transport(f"tcp-client:127.0.0.1:{port}")
        acknowledge_at_once(self._transport.source, self._transport.sink.transport)
        configuration = DeviceConfiguration(
            name=self.name,
            class_of_device=CLASS_OF_A_SMARTPHONE,
            classic_enabled=True,
            le_enabled=False,
        )
        host = Host(self._transport.source, self._transport.sink)
        self.device = Device(config=configuration, host=host)
        self.device.keystore = self.keys
        self.device.pairing_config_factory = lambda connection: PairingConfig(
            mitm=True, bonding=True, delegate=self.owner
        )
        self.device.sdp_service_records = {
            0x00010001: a2dp.make_audio_source_service_sdp_records(0x00010001)
        }
        self.device.on("connection", self._on_connection)
        self.listener = avdtp.Listener.for_device(self.device)
        self.listener.on("connection", self._on_protocol)
        await self.device.power_on()

    async def power_off(self) -> None:
        """Vanishes: the link is lost, nobody says goodbye."""
        await self.pump.stop()
        if self._transport:
            await self._transport.close()
            self._transport = None
        self.connection = self.protocol = self.source = None
        self.connected.clear()
        self.disconnected.set()

    @property
    def address(self) -> str:
        return str(self.device.public_address).split("/")[0].upper()

    @property
    def stream(self) -> avdtp.Stream | None:
        return self.source.stream if self.source else None

    def _on_connection(self, connection: Connection) -> None:
        if connection.transport != PhysicalTransport.BR_EDR:
            return
        self.connection = connection
        self.protocol = self.source = None
        self.disconnected.clear()
        self.connected.set()
        connection.on("disconnection", self._on_disconnection)
        connection.on("link_key", self._on_link_key)

    def _on_link_key(self) -> None:
        self.paired += 1

    def _on_disconnection(self, reason: int) -> None:
        self.connection = self.protocol = None
        self.connected.clear()
        self.disconnected.set()
        if self.pump.task:
            self.pump.task.cancel()
            self.pump.task = None

    def _on_protocol(self, protocol: avdtp.Protocol) -> None:
        """The receiver opened AVDTP, or we did: offer our one endpoint."""
        self.protocol = protocol
        self.source = protocol.add_source(sbc_capabilities(), self.pump, delay_reporting=True)
        self.source.on("delay_report", self.delays.append)

    async def connect(self, receiver: str) -> None:
        """Pages the receiver, authenticates (pairing where no key is stored) and encrypts."""
        self.connection = await self.device.connect(receiver, PhysicalTransport.BR_EDR)
        await self.secure()

    async def secure(self) -> None:
        """Authenticates and encrypts. Where the receiver does it at the same time, one side's
        request is answered with a collision, and the other's counts."""
        connection = self.connection
        encrypted = asyncio.Event()
        connection.on("connection_encryption_change", encrypted.set)
        if self.manners.secures_first:
            with contextlib.suppress(hci.HCI_Error):
                if not connection.is_encrypted:
                    await connection.authenticate()
                if not connection.is_encrypted:
                    await connection.encrypt()
        if not connection.is_encrypted:
            await connection.cancel_on_disconnection(asyncio.wait_for(encrypted.wait(), 10))

    async def open_music(self) -> None:
        """Opens A2DP, unless the receiver was quicker."""
        if self.protocol is None:
            protocol = await avdtp.Protocol.connect(self.connection)
            self.listener.set_server(self.connection, protocol)
            self._on_protocol(protocol)
            await protocol.discover_remote_endpoints()
            sink = protocol.find_remote_sink_by_codec(
                avdtp.AVDTP_AUDIO_MEDIA_TYPE, a2dp.A2DP_SBC_CODEC_TYPE
            )
            assert sink, "the receiver offers no SBC sink"
            stream = await protocol.create_stream(self.source, sink)
            await stream.open()
        await self.opened()

    async def opened(self) -> None:
        """Waits until the stream is open, whoever opened it."""
        async with asyncio.timeout(10):
            while not (self.stream and self.stream.rtp_channel):
                await asyncio.sleep(0.02)

    async def play(self) -> None:
        await self.stream.start()

    async def suspend(self) -> None:
        await self.stream.stop()

    async def disconnect(self) -> None:
        """Says goodbye, as its owner's hand would."""
        await self.pump.stop()
        await self.connection.disconnect()
        await asyncio.wait_for(self.disconnected.wait(), 5)
