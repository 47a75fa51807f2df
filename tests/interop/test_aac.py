"""AAC beside SBC: which one a phone that has both gets, and whether it is heard, however it is packed."""

import asyncio
import pathlib

from bumble import a2dp, avdtp
from bumble.rtp import MediaPacket

import latm
import tone
from heard import Heard
from limits import limits
from phone import Manners, Phone, Pump, sbc_capabilities
from scene import Scene, scene

AAC = a2dp.AacMediaCodecInformation
STEREO, MONO = latm.loop("tone-441.adts"), latm.loop("tone-480-mono.adts")
STEREO_HZ, MONO_HZ = 44100 * 82 / 8192, 48000 * 82 / 8192


def aac_capabilities(loop: latm.Loop) -> avdtp.MediaCodecCapabilities:
    """One configuration, as an iPhone offers it."""
    return avdtp.MediaCodecCapabilities(
        media_type=avdtp.AVDTP_AUDIO_MEDIA_TYPE,
        media_codec_type=a2dp.A2DP_MPEG_2_4_AAC_CODEC_TYPE,
        media_codec_information=AAC(
            object_type=AAC.ObjectType.MPEG_2_AAC_LC,
            sampling_frequency=AAC.SamplingFrequency.from_int(loop.rate),
            channels=AAC.Channels.STEREO if loop.channels == 2 else AAC.Channels.MONO,
            vbr=1,
            bitrate=264000,
        ),
    )


class AacPump(Pump):
    """Sends a loop of elements, paced by the sample count against the monotonic clock."""

    def __init__(self, loop: latm.Loop) -> None:
        self.loop = loop
        self.elements = loop.elements(latm.version_0)
        self.marks = True  # or never says where an element ends
        self.largest = 1000  # octets a packet; longer elements are cut
        self.task: asyncio.Task | None = None
        self.at = self.sequence = self.packets = 0

    async def _send(self, channel) -> None:
        clock = asyncio.get_running_loop().time
        start, samples = clock(), 0
        while True:
            element = self.elements[self.at % len(self.elements)]
            self.at += 1
            for at in range(0, len(element), self.largest):
                last = at + self.largest >= len(element)
                marker = int(self.marks and last)
                piece = element[at : at + self.largest]
                packet = MediaPacket(2, 0, 0, marker, self.sequence, samples, 0, [], 96, piece)
                channel.write(bytes(packet))
                self.packets += 1
                self.sequence = (self.sequence + 1) & 0xFFFF
            samples += latm.SAMPLES_A_UNIT
            await asyncio.sleep(max(0.0, start + samples / self.loop.rate - clock()))


class BothPhone(Phone):
    """A phone with SBC and AAC, which chooses AAC where it opens the stream and the receiver has it."""

    def __init__(self, name: str, music: tone.Tone, loop: latm.Loop) -> None:
        super().__init__(name, music, Manners())
        self.aac_pump = AacPump(loop)
        self.sources: dict[int, avdtp.LocalSource] = {}

    def _on_protocol(self, protocol: avdtp.Protocol) -> None:
        self.protocol = protocol
        aac = aac_capabilities(self.aac_pump.loop)
        for codec, capabilities, pump in (
            (a2dp.A2DP_SBC_CODEC_TYPE, sbc_capabilities(), self.pump),
            (a2dp.A2DP_MPEG_2_4_AAC_CODEC_TYPE, aac, self.aac_pump),
        ):
            source = protocol.add_source(capabilities, pump, delay_reporting=True)
            source.on("delay_report", self.delays.append)
            source.on("configuration", lambda source=source: setattr(self, "source", source))
            self.sources[codec] = source

    async def open_music(self) -> None:
        if self.protocol is None:
            protocol = await avdtp.Protocol.connect(self.connection)
            self.listener.set_server(self.connection, protocol)
            self._on_protocol(protocol)
            await self.choose(a2dp.A2DP_MPEG_2_4_AAC_CODEC_TYPE, a2dp.A2DP_SBC_CODEC_TYPE)
        await self.opened()

    async def choose(self, *codecs: int) -> None:
        """Opens a stream in the first of these codecs that the receiver has."""
        await self.protocol.discover_remote_endpoints()
        for codec in codecs:
            sink = self.protocol.find_remote_sink_by_codec(avdtp.AVDTP_AUDIO_MEDIA_TYPE, codec)
            if sink:
                self.source = self.sources[codec]
                stream = await self.protocol.create_stream(self.source, sink)
                return await stream.open()
        raise AssertionError("the receiver has none of them")

    async def power_off(self) -> None:
        await self.aac_pump.stop()
        await super().power_off()


async def both(one: Scene, name: str, loop: latm.Loop = STEREO) -> BothPhone:
    phone = BothPhone(name, tone.make(660, one.folder), loop)
    await phone.power_on(one.port)
    one.stack.push_async_callback(phone.power_off)
    return phone


async def stream(one: Scene, phone: Phone, codec: str, **fields) -> None:
    await one.watch.next("stream", phone=phone.address, codec=codec, **fields)


async def heard_alone(one: Scene, wanted: list[float]) -> None:
    """These tones were heard, one after the other, each without a break."""
    await one.receiver.stop()
    ear = Heard(one.wav, (STEREO_HZ, MONO_HZ, 660))
    played = ear.played()
    assert [span.hz for span in played] == wanted, ear.describe()
    for span in played:
        assert span.seconds > 1.5, ear.describe()
        assert ear.breaks(span) == [], ear.describe()


@limits(60, alone=True)
async def test_a_phone_that_opens_has_aac_heard_however_it_is_packed(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        phone = await both(one, "Ada")
        await one.join(phone)
        await stream(one, phone, "aac", state="open", rate=44100, channels=2)
        status = await one.call("Status")
        assert status["phones"][0]["media"] == {"state": "open", "codec": "aac"}, status
        pump = phone.aac_pump
        for pack, marks, largest in (
            (latm.version_0, True, 1000),
            (latm.version_1, True, 1000),
            (latm.version_1, False, 1000),
            (latm.version_0, True, 150),
            (latm.version_1, False, 150),
        ):
            pump.elements = STEREO.elements(pack)
            pump.marks, pump.largest, pump.at = marks, largest, 0
            await phone.play()
            await asyncio.sleep(2)
            await phone.suspend()
            await asyncio.sleep(0.5)
        await heard_alone(one, [STEREO_HZ] * 5)


@limits(60, alone=True)
async def test_the_receiver_opens_aac_of_what_a_phone_has(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        phone = await both(one, "Ben", MONO)
        await phone.connect(one.receiver.address)
        # It does no more: after a while the receiver opens A2DP.
        await stream(one, phone, "aac", state="open", rate=48000, channels=1)
        await phone.opened()
        await phone.play()
        await stream(one, phone, "aac", state="playing", rate=48000, channels=1)
        await asyncio.sleep(2.5)
        await phone.suspend()
        await heard_alone(one, [MONO_HZ])


@limits(60, alone=True)
async def test_a_phone_goes_from_aac_to_sbc_and_back(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        phone = await both(one, "Cleo")
        await one.join(phone)
        codecs = (a2dp.A2DP_MPEG_2_4_AAC_CODEC_TYPE, "aac"), (a2dp.A2DP_SBC_CODEC_TYPE, "sbc")
        for at, (codec, name) in enumerate((*codecs, codecs[0])):
            after = len(one.watch.events)
            if at > 0:
                await phone.stream.close()
                await phone.choose(codec)
                await phone.opened()
            await phone.play()
            await one.watch.next("stream", after, phone=phone.address, state="playing", codec=name)
            await asyncio.sleep(2.2)
            await phone.suspend()
            await asyncio.sleep(0.5)
        await heard_alone(one, [STEREO_HZ, 660, STEREO_HZ])


@limits(60)
async def test_sbc_alone_where_the_configuration_says_so(folder: pathlib.Path) -> None:
    for receiver_opens in (False, True):
        inner = folder / ("theirs" if receiver_opens else "ours")
        inner.mkdir()
        async with scene(inner) as one:
            await one.start_receiver("--pair", "60", "--set", 'codecs=["sbc"]')
            phone = await both(one, "Dora")
            if receiver_opens:
                await phone.connect(one.receiver.address)
            else:
                await one.join(phone)
                assert len(phone.protocol.remote_endpoints) == 1, "one endpoint, for SBC"
            await stream(one, phone, "sbc", state="open", rate=44100, channels=2)
            assert one.watch.of("stream", codec="aac") == []

