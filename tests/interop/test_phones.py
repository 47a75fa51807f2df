"""The phones against a sink that is not ours (bumble's): what fails here is no fault of Tandem."""

import asyncio
import contextlib
import pathlib

from bumble import a2dp, avdtp
from bumble.core import PhysicalTransport
from bumble.device import Device, DeviceConfiguration
from bumble.host import Host
from bumble.keys import MemoryKeyStore
from bumble.transport import open_transport

import tone
from air import air
from limits import limits
from phone import SBC, Manners, Phone

CLASS_OF_A_SPEAKER = 0x240414


class ReferenceReceiver:
    """An A2DP sink made of bumble that counts what it is sent, a list of packets a phone."""

    def __init__(self) -> None:
        self.packets: dict[str, list] = {}

    async def power_on(self, controller: str) -> None:
        self.transport = await open_transport(controller)
        configuration = DeviceConfiguration(
            name="reference",
            class_of_device=CLASS_OF_A_SPEAKER,
            classic_enabled=True,
            le_enabled=False,
        )
        host = Host(self.transport.source, self.transport.sink)
        self.device = Device(config=configuration, host=host)
        self.device.keystore = MemoryKeyStore()
        self.device.sdp_service_records = {
            0x00010001: a2dp.make_audio_sink_service_sdp_records(0x00010001)
        }
        listener = avdtp.Listener.for_device(self.device)
        listener.on("connection", self._on_protocol)
        await self.device.power_on()

    def _on_protocol(self, protocol: avdtp.Protocol) -> None:
        everything = SBC(15, 15, 15, 3, 3, 2, 53)
        sink = protocol.add_sink(
            avdtp.MediaCodecCapabilities(
                avdtp.AVDTP_AUDIO_MEDIA_TYPE, a2dp.A2DP_SBC_CODEC_TYPE, everything
            )
        )
        phone = str(protocol.l2cap_channel.connection.peer_address).split("/")[0]
        sink.on("rtp_packet", self.packets.setdefault(phone, []).append)

    @property
    def address(self) -> str:
        return str(self.device.public_address)

    async def open_music_of(self, phone: Phone) -> None:
        """Pages a phone and opens its source, as a receiver does that comes back."""
        connection = await self.device.connect(phone.address, PhysicalTransport.BR_EDR)
        await connection.authenticate()
        await connection.encrypt()
        protocol = await avdtp.Protocol.connect(connection)
        self._on_protocol(protocol)
        [source] = await protocol.discover_remote_endpoints()
        sink = protocol.local_endpoints[0]
        sink.configuration = source.capabilities
        stream = await protocol.create_stream(sink, source)
        await stream.open()
        stream.rtp_channel.sink = sink.on_avdtp_packet


@limits(60)
async def test_two_phones_stream_and_come_back(folder: pathlib.Path) -> None:
    reference = ReferenceReceiver()
    a = Phone("Phone A", tone.make(440, folder))
    b = Phone("Phone B", tone.make(660, folder), Manners(15, stamps_in_milliseconds=True))
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(air(folder))
        await reference.power_on(f"tcp-client:127.0.0.1:{port}")
        stack.push_async_callback(reference.transport.close)
        for phone in (a, b):
            await phone.power_on(port)
            stack.push_async_callback(phone.power_off)
            await phone.connect(reference.address)
            await phone.open_music()
        for phone in (a, b):
            await phone.play()
        await asyncio.sleep(2)
        for phone in (a, b):
            await phone.suspend()
            frames = sum(packet.payload[0] for packet in reference.packets[phone.address])
            seconds = frames * tone.SAMPLES_A_FRAME / tone.RATE
            assert 1.8 < seconds < 2.5, f"{phone.name} sent {seconds:.2f} s in 2 s"
            assert phone.paired == 1
        # Back with the stored key, once by each side.
        await a.disconnect()
        await a.connect(reference.address)
        await a.open_music()
        await b.disconnect()
        await reference.open_music_of(b)
        await b.opened()
        before = len(reference.packets[b.address])
        await b.play()
        await asyncio.sleep(0.5)
        assert len(reference.packets[b.address]) > before
        assert (a.paired, b.paired) == (1, 1), "a stored key is used, nobody pairs again"
