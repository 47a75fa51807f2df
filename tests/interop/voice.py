"""The voice link of a phone: set up and taken down by either side, a tone sent over it by our own
clock (the air paces nothing), and what comes back kept packet by packet.

bumble knows the enhanced commands only; the older ones are added here. rootcanal takes a link's air
mode from the voice setting, which the enhanced commands leave as it was: it is written before each.
"""

import asyncio
import contextlib
import dataclasses
import pathlib
from collections.abc import Callable

import numpy
from bumble import hci, hfp
from bumble.device import Connection, ScoLink

import speech
from speech import CVSD, MSBC

# Voice settings: linear, two's complement, 16 bits; on air CVSD, or as it is.
SETTINGS = {CVSD: 0x0060, MSBC: 0x0063}
PARAMETERS = {
    CVSD: (hfp.DefaultCodecParameters.ESCO_CVSD_S4, hfp.DefaultCodecParameters.ESCO_CVSD_S3),
    MSBC: (hfp.DefaultCodecParameters.ESCO_MSBC_T2, hfp.DefaultCodecParameters.ESCO_MSBC_T1),
}
TRANSPARENT = hci.CodingFormat(hci.CodecID.TRANSPARENT)
ESCO = 2
STATUS = hci.HCI_SynchronousDataPacket.Status
MOST_BEHIND = 0.1  # seconds; what is later is not sent any more


@hci.HCI_Command.command
@dataclasses.dataclass
class HCI_Setup_Synchronous_Connection_Command(hci.HCI_AsyncCommand):
    connection_handle: int = dataclasses.field(metadata=hci.metadata(2))
    transmit_bandwidth: int = dataclasses.field(metadata=hci.metadata(4))
    receive_bandwidth: int = dataclasses.field(metadata=hci.metadata(4))
    max_latency: int = dataclasses.field(metadata=hci.metadata(2))
    voice_setting: int = dataclasses.field(metadata=hci.metadata(2))
    retransmission_effort: int = dataclasses.field(metadata=hci.metadata(1))
    packet_type: int = dataclasses.field(metadata=hci.metadata(2))


@dataclasses.dataclass
class Packet:
    time: float
    status: STATUS
    octets: bytes


def unspoiled(number: int, octets: bytes) -> tuple[STATUS, bytes] | None:
    return STATUS.CORRECTLY_RECEIVED_DATA, octets


class Rejected(Exception):
    """The receiver would not have a voice link, or none came about: the status says why."""

    def __init__(self, status: int) -> None:
        super().__init__(hci.HCI_Constant.error_name(status))
        self.status = status


class Voice:
    """One phone's. `spoil` may change a packet, or lose it by giving nothing."""

    def __init__(self, hz: int, folder: pathlib.Path, changed: Callable[[], None]) -> None:
        self.hz, self.folder, self.changed = hz, folder, changed
        self.enhanced = True
        self.packet = 0  # octets of a packet; 0: as the link is
        self.spoil = unspoiled
        self.accepts = lambda: True  # whether the receiver may open one
        self.link: ScoLink | None = None
        self.codec = CVSD
        self.opened = 0  # links there have been
        self.asked = 0  # times that we asked for one
        self.rejected: list[int] = []  # why that failed, each time
        self.sent = 0
        self.came: list[Packet] = []
        self.tones = {codec: speech.Tone(hz, codec, folder) for codec in (CVSD, MSBC)}
        self.connection: Connection | None = None
        self._result: asyncio.Future | None = None
        self._pump: asyncio.Task | None = None
        self._tasks: set[asyncio.Task] = set()

    def attach(self, connection: Connection) -> None:
        """To an ACL link; what was on an earlier one is gone with it."""
        self.connection, self.link = connection, None
        connection.on("sco_connection", self._on_link)
        connection.on("sco_connection_failure", self._on_failure)
        connection.on("sco_request", self._on_request)

    async def open(self, codec: int) -> None:
        """Sets a link up, with each set of parameters that the profile has for the codec in turn."""
        for parameters in PARAMETERS[codec]:
            self.codec = codec
            self.asked += 1
            self._result = asyncio.get_running_loop().create_future()
            try:
                await self._set_up(hfp.ESCO_PARAMETERS[parameters], codec)
                await asyncio.wait_for(self._result, 10)
                return
            except Rejected as rejected:
                last = rejected
            except hci.HCI_Error as error:
                last = Rejected(error.error_code)
            finally:
                self._result = None
            self.rejected.append(last.status)
        raise last

    async def _set_up(self, parameters: hfp.EscoParameters, codec: int) -> None:
        device = self.connection.device
        handle = self.connection.handle
        if not self.enhanced:
            command = HCI_Setup_Synchronous_Connection_Command(
                connection_handle=handle,
                transmit_bandwidth=8000,
                receive_bandwidth=8000,
                max_latency=parameters.max_latency,
                voice_setting=SETTINGS[codec],
                retransmission_effort=parameters.retransmission_effort,
                packet_type=parameters.packet_type,
            )
        else:
            await device.send_sync_command(
                hci.HCI_Write_Voice_Setting_Command(voice_setting=SETTINGS[codec])
            )
            fields = dict(parameters.asdict())
            if codec == MSBC:
                formats = ("transmit_coding", "receive_coding", "input_coding", "output_coding")
                fields |= {f"{name}_format": TRANSPARENT for name in formats}
                fields |= {"input_bandwidth": 8000, "output_bandwidth": 8000}
            command = hci.HCI_Enhanced_Setup_Synchronous_Connection_Command(
                connection_handle=handle, **fields
            )
        await device.send_async_command(command)

    async def close(self, reason: int = hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR) -> None:
        if self.link:
            with contextlib.suppress(hci.HCI_Error):
                await self.link.disconnect(reason)

    def _on_request(self, link_type: int) -> None:
        """The receiver sets one up."""
        device, peer = self.connection.device, self.connection.peer_address
        if self.accepts():
            # Anything: both codings are 8000 octets a second on air.
            command = hci.HCI_Accept_Synchronous_Connection_Request_Command(
                peer, 8000, 8000, 0xFFFF, SETTINGS[self.codec], 0xFF, 0x003F
            )
        else:
            command = hci.HCI_Reject_Synchronous_Connection_Request_Command(
                peer, hci.HCI_CONNECTION_REJECTED_DUE_TO_LIMITED_RESOURCES_ERROR
            )
        task = asyncio.create_task(device.send_async_command(command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_link(self, link: ScoLink) -> None:
        self.link = link
        self.opened += 1
        link.sink = self._on_packet
        link.on("disconnection", lambda reason: self._on_end(link))
        self._pump = asyncio.create_task(self._send(link, self.tones[self.codec]))
        if self._result and not self._result.done():
            self._result.set_result(None)
        self.changed()

    def _on_failure(self, status: int) -> None:
        if self._result and not self._result.done():
            self._result.set_exception(Rejected(status))
        self.changed()

    def _on_end(self, link: ScoLink) -> None:
        if self.link is link:
            self.end()
            self.changed()

    def end(self) -> None:
        """There is no link any more."""
        self.link = None
        if self._pump:
            self._pump.cancel()
            self._pump = None
        if self._result and not self._result.done():
            self._result.set_exception(Rejected(hci.HCI_CONNECTION_TIMEOUT_ERROR))

    def _on_packet(self, packet: hci.HCI_SynchronousDataPacket) -> None:
        now = asyncio.get_running_loop().time()
        self.came.append(Packet(now, packet.packet_status, packet.data))

    async def _send(self, link: ScoLink, tone: speech.Tone) -> None:
        octets = self.packet or link.tx_packet_length
        seconds = octets / speech.OCTETS_A_SECOND[tone.codec]
        clock = asyncio.get_running_loop().time
        due = clock()
        while True:
            if clock() - due < MOST_BEHIND:
                self._write(link.handle, tone.take(octets))
            due += seconds
            await asyncio.sleep(max(0.0, due - clock()))

    def _write(self, handle: int, octets: bytes) -> None:
        packet = self.spoil(self.sent, octets)
        self.sent += 1
        if packet:
            self.connection.device.host.send_hci_packet(
                hci.HCI_SynchronousDataPacket(
                    connection_handle=handle,
                    packet_status=packet[0],
                    data_total_length=len(packet[1]),
                    data=packet[1],
                )
            )

    # What came.

    def octets(self, since: float = 0.0) -> bytes:
        return b"".join(packet.octets for packet in self.came if packet.time >= since)

    def sound(self, since: float = 0.0) -> numpy.ndarray:
        """What the receiver sent, as sound."""
        octets = self.octets(since)
        if self.codec == CVSD:
            return speech.linear(octets)
        return speech.decode(speech.frames(octets).coded, self.folder)

    @property
    def rate(self) -> int:
        return speech.RATES[self.codec]
