"""The phones' calls against a hands-free unit that is not ours (bumble's): what fails here is no fault
of Tandem. Voice comes back from it as it was sent."""

import asyncio
import contextlib
import pathlib

from bumble import hci, hfp, rfcomm
from bumble.device import Device, DeviceConfiguration
from bumble.host import Host
from bumble.keys import MemoryKeyStore
from bumble.transport import open_transport

import speech
import tone
from air import acknowledge_at_once, air
from calls import State
from features import PLAIN, Features, Habits
from gateway import Gateway
from headset_gateway import HEADSET_AUDIO_GATEWAY, HeadsetGateway
from limits import limits
from phone import Phone
from speech import CVSD, MSBC
from voice import SETTINGS, Rejected, unspoiled

CLASS_OF_A_HEADSET = 0x240404
HZ = 500
ALL = hfp.HfConfiguration(
    supported_hf_features=list(hfp.HfFeature),
    supported_hf_indicators=[hfp.HfIndicator.ENHANCED_SAFETY, hfp.HfIndicator.BATTERY_LEVEL],
    supported_audio_codecs=[hfp.AudioCodec.CVSD, hfp.AudioCodec.MSBC],
)
NONE = hfp.HfConfiguration([], [], [])


class ReferenceUnit:
    """bumble's hands-free side, one at a time."""

    def __init__(self, configuration: hfp.HfConfiguration) -> None:
        self.configuration = configuration
        self.protocol: hfp.HfProtocol | None = None
        self.told: list[tuple[str, object]] = []
        self.rejects = 0  # voice links
        self.task: asyncio.Task | None = None

    async def power_on(self, port: int) -> None:
        self.transport = await open_transport(f"tcp-client:127.0.0.1:{port}")
        acknowledge_at_once(self.transport.source, self.transport.sink.transport)
        configuration = DeviceConfiguration(
            name="reference",
            class_of_device=CLASS_OF_A_HEADSET,
            classic_enabled=True,
            le_enabled=False,
        )
        host = Host(self.transport.source, self.transport.sink)
        self.device = Device(config=configuration, host=host)
        self.device.keystore = MemoryKeyStore()
        channel = rfcomm.Server(self.device).listen(self._on_dlc)
        record = hfp.make_hf_sdp_records(0x00010001, channel, self.configuration)
        self.device.sdp_service_records = {0x00010001: record}
        self.device.on("sco_request", self._on_request)
        self.device.on("sco_connection", self._on_link)
        await self.device.power_on()

    @property
    def address(self) -> str:
        return str(self.device.public_address)

    def _on_dlc(self, dlc: rfcomm.DLC) -> None:
        self.protocol = hfp.HfProtocol(dlc, self.configuration)
        for event in ("ring", "cli_notification", "speaker_volume", "voice_recognition"):
            self.protocol.on(event, lambda *what, event=event: self.told.append((event, *what)))
        self.protocol.on(
            "ag_indicator",
            lambda state: self.told.append((state.indicator.value, state.current_status)),
        )
        self.task = asyncio.create_task(self.protocol.run())

    async def open(self, connection) -> None:
        """Opens a line by itself."""
        found = await hfp.find_ag_sdp_record(connection)
        multiplexer = await rfcomm.Client(connection).start()
        self._on_dlc(await multiplexer.open_dlc(found[0]))

    def _on_request(self, connection, link_type: int) -> None:
        if self.rejects:
            self.rejects -= 1
            command = hci.HCI_Reject_Synchronous_Connection_Request_Command(
                connection.peer_address, hci.HCI_CONNECTION_REJECTED_DUE_TO_LIMITED_RESOURCES_ERROR
            )
        else:
            setting = SETTINGS[self.protocol.active_codec if self.protocol else CVSD]
            command = hci.HCI_Accept_Synchronous_Connection_Request_Command(
                connection.peer_address, 8000, 8000, 0xFFFF, setting, 0xFF, 0x0388
            )
        self.request = asyncio.create_task(self.device.send_async_command(command))

    def _on_link(self, link) -> None:
        link.sink = lambda packet: self.device.host.send_sco_sdu(link.handle, packet.data)

    async def saw(self, *what) -> None:
        async with asyncio.timeout(5):
            while what not in self.told:
                await asyncio.sleep(0.01)

    async def ask(self, command: str) -> bool:
        try:
            await self.protocol.execute_command(command)
            return True
        except hfp.HfpProtocolError:
            return False


@contextlib.asynccontextmanager
async def pair(folder: pathlib.Path, features: Features, habits: Habits, theirs=ALL):
    """A gateway and a reference unit with a service level connection."""
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(air(folder))
        unit = ReferenceUnit(theirs)
        await unit.power_on(port)
        stack.push_async_callback(unit.transport.close)
        phone = Phone("Phone A", tone.make(440, folder))
        await phone.power_on(port)
        stack.push_async_callback(phone.power_off)
        gateway = Gateway(phone, HZ, folder, features, habits)
        await phone.connect(unit.address)
        if habits.opens:
            await gateway.open()
        else:
            [connection] = unit.device.connections.values()
            await unit.open(connection)
        await gateway.opened()
        yield gateway, unit


@limits(60)
async def test_a_call_from_ring_to_end(folder: pathlib.Path) -> None:
    async with pair(folder, Features(), Habits()) as (gateway, unit):
        assert unit.protocol.supported_ag_features == Features().bits
        assert await unit.ask("AT+CLIP=1") and await unit.ask("AT+CCWA=1")
        first = await gateway.ring("+15550101", "Ada")
        await unit.saw("callsetup", 1)
        await unit.saw("ring")
        await gateway.until(lambda: any("+CLIP" in text for _, text in gateway.said), "+CLIP")
        assert [text for _, text in gateway.said if "CLIP" in text] == ['+CLIP: "+15550101",145,,,"Ada"']
        await unit.protocol.answer_incoming_call()
        await unit.saw("call", 1)
        await unit.saw("callsetup", 0)
        await gateway.has_voice()
        assert gateway.voice.codec == MSBC

        second = await gateway.ring("5550102")
        assert second.state == State.WAITING and gateway.said[-1][1] == '+CCWA: "5550102",129,1'
        assert await unit.ask("AT+CHLD=2")
        await unit.saw("callheld", 1)
        calls = await unit.protocol.query_current_calls()
        assert [(call.index, call.status) for call in calls] == [(1, 1), (2, 0)]
        before = len(unit.told)
        assert await unit.ask("AT+CHLD=2")
        await gateway.until(lambda: first.state == State.ACTIVE, "swapped")
        await asyncio.sleep(0.1)
        assert unit.told[before:] == [("callheld", 1)], "a swap is told"
        assert await unit.ask("AT+CHLD=3") and first.conference and second.conference
        await unit.saw("callheld", 0)
        assert await unit.ask("AT+CHLD=22") and first.state == State.HELD
        assert await unit.ask("AT+CHLD=11") and gateway.calls.all == [second]
        assert not await unit.ask("AT+CHLD=4")
        await unit.protocol.terminate_call()
        await unit.saw("call", 0)
        await gateway.has_voice(False)
        assert gateway.calls.indicators() == {"call": 0, "callsetup": 0, "callheld": 0}


@limits(60)
async def test_calls_that_are_made_here_and_there(folder: pathlib.Path) -> None:
    habits = Habits(opens=False, places=("call", "battchg", "callsetup", "service", "callheld"))
    async with pair(folder, Features(codecs=()), habits) as (gateway, unit):
        gateway.memory["2"] = "5550199"
        assert not await unit.ask("AT+BLDN"), "nothing was dialled"
        assert await unit.ask("ATD5550103;")
        await unit.saw("callsetup", 2)
        call = gateway.calls.outgoing
        gateway.alert(call)
        await unit.saw("callsetup", 3)
        await gateway.has_voice()
        assert gateway.voice.codec == CVSD
        gateway.answer(call)
        await unit.saw("call", 1)
        assert await unit.ask("AT+VTS=5") and await unit.ask("AT+VTS=#") and gateway.tones == "5#"
        assert not await unit.ask("AT+VTS=x")
        gateway.end(call)
        await unit.saw("call", 0)
        for command, number in (("AT+BLDN", "5550103"), ("ATD>2;", "5550199")):
            assert await unit.ask(command) and gateway.calls.outgoing.number == number
            assert await unit.ask("AT+CHUP") and not gateway.calls.all
        assert not await unit.ask("ATD>3;") and not await unit.ask("AT+CHUP")
        for command in ("AT+COPS=3,0", "AT+COPS?", "AT+CNUM", "AT+NREC=0", "AT+CMEE=1", "AT+BTRH?"):
            assert await unit.ask(command), command
        assert not await unit.ask("AT+NONSENSE") and gateway.said[-1][1] == "+CME ERROR: 4"
        assert await unit.ask("AT+BIEV=2,71") and gateway.battery == {"BIEV 2": "71"}
        assert await unit.ask("AT+VGS=9") and gateway.volumes == {"speaker": 9}
        # Answered at the phone, the audio stays there until the unit asks for it.
        call = await gateway.ring("")
        gateway.answer(call, on_handset=True)
        await unit.saw("call", 1)
        await asyncio.sleep(0.2)
        assert not gateway.voice.link
        assert not await unit.ask("AT+BCC"), "codecs are not agreed on"
        gateway.on_handset = False
        gateway.follow()
        await gateway.has_voice()
        await gateway.line.close()
        await gateway.until(lambda: not gateway.line, "the line is closed")
        await unit.open(next(iter(unit.device.connections.values())))
        await gateway.opened()


@limits(60)
async def test_voice_comes_back_as_it_went(folder: pathlib.Path) -> None:
    async with pair(folder, Features(), Habits()) as (gateway, unit):
        voice, sent = gateway.voice, []
        voice.spoil = lambda number, octets: sent.append(octets) or unspoiled(number, octets)
        for codec, enhanced, packet in ((1, True, 0), (2, False, 0), (1, False, 48), (2, True, 24)):
            gateway.features = Features(codecs=(CVSD, MSBC)[:codec])
            voice.enhanced, voice.packet = enhanced, packet
            call = await gateway.ring("5550104")
            gateway.answer(call)
            await gateway.has_voice()
            await asyncio.sleep(1.2)
            link = voice.link
            gateway.end(call)
            await gateway.has_voice(False)
            assert voice.codec == codec and link.air_mode == {CVSD: 2, MSBC: 3}[codec], link
            came = voice.octets()
            assert b"".join(sent).startswith(came), "not what was sent"
            seconds = len(came) / speech.OCTETS_A_SECOND[codec]
            assert 1.1 < seconds < 1.5, f"{seconds:.2f} s"
            sound = voice.sound()[400:]
            assert speech.purity(sound, HZ, voice.rate) > 50
            assert speech.cleanness(sound, HZ + 0.3, voice.rate)[0] > 50
            assert speech.purity(sound, HZ + 20, voice.rate) < 10
            if codec == MSBC:
                taken = speech.frames(came)
                assert taken.count > 140 and taken.astray < 60 and taken.jumps == 0, taken
            sent.clear()
            voice.came.clear()


@limits(60)
async def test_a_phone_that_is_turned_away_and_insists(folder: pathlib.Path) -> None:
    async with pair(folder, Features(), Habits(insists=2, insists_after=0.1)) as (gateway, unit):
        unit.rejects = 4  # each codec's two sets of parameters, twice
        call = await gateway.ring("5550105")
        gateway.answer(call)
        await gateway.has_voice()
        assert gateway.voice.asked == 5 and gateway.voice.opened == 1
        # The unit closes it: the call goes on at the phone, until the unit wants it back.
        async with asyncio.timeout(5):
            while not unit.device.sco_links:
                await asyncio.sleep(0.01)
        [link] = unit.device.sco_links.values()
        await link.disconnect()
        await gateway.has_voice(False)
        await asyncio.sleep(0.2)
        assert gateway.on_handset and not gateway.voice.link and gateway.calls.active
        assert await unit.ask("AT+BCC")
        await gateway.has_voice()
        unit.rejects = 99
        await gateway.voice.close()
        try:
            await gateway.voice.open(CVSD)
            raise AssertionError("it was not turned away")
        except Rejected as rejected:
            assert rejected.status == hci.HCI_CONNECTION_REJECTED_DUE_TO_LIMITED_RESOURCES_ERROR
        # The line goes in the middle of it all.
        await gateway.drop()
        await gateway.until(lambda: not gateway.line, "the line is gone")


@limits(60)
async def test_plain_phones_and_units(folder: pathlib.Path) -> None:
    for n, (features, theirs) in enumerate(((PLAIN, ALL), (Features(), NONE), (PLAIN, NONE))):
        place = folder / str(n)
        place.mkdir()
        async with pair(place, features, Habits(), theirs) as (gateway, unit):
            asked = [text for _, text in gateway.log]
            assert asked[0].startswith("AT+BRSF=") and not any("BAC" in text for text in asked)
            call = await gateway.ring("5550106")
            await unit.saw("callsetup", 1)
            await unit.protocol.answer_incoming_call()
            await gateway.has_voice()
            assert gateway.voice.codec == CVSD
            gateway.end(call)
            await gateway.has_voice(False)


@limits(60)
async def test_a_headset_and_its_button(folder: pathlib.Path) -> None:
    """Spelled out by hand: bumble knows no headsets."""
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(air(folder))
        unit = ReferenceUnit(NONE)
        await unit.power_on(port)
        stack.push_async_callback(unit.transport.close)
        phone = Phone("Phone A", tone.make(440, folder))
        await phone.power_on(port)
        stack.push_async_callback(phone.power_off)
        gateway = HeadsetGateway(phone, HZ, folder, Habits(opens=False))
        await phone.connect(unit.address)
        [connection] = unit.device.connections.values()
        channel = await rfcomm.find_rfcomm_channel_with_uuid(connection, HEADSET_AUDIO_GATEWAY)
        multiplexer = await rfcomm.Client(connection).start()
        dlc = await multiplexer.open_dlc(channel)
        lines: asyncio.Queue[str] = asyncio.Queue()
        dlc.sink = lambda octets: [lines.put_nowait(line) for line in octets.decode().split()]
        await gateway.opened()

        async def ask(command: str) -> str:
            dlc.write(f"{command}\r")
            return await asyncio.wait_for(lines.get(), 5)

        call = await gateway.ring("5550107")
        assert await lines.get() == "RING" and not gateway.voice.link
        assert await ask("AT+CKPD=200") == "OK"
        await gateway.has_voice()
        assert gateway.calls.active == [call] and gateway.voice.codec == CVSD
        assert await ask("AT+VGS=7") == "OK" and gateway.volumes == {"speaker": 7}
        assert await ask("AT+CLCC") == "ERROR"
        assert await ask("AT+CKPD=200") == "OK"
        await gateway.has_voice(False)
        assert not gateway.calls.all
