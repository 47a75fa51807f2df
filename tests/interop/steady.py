"""A controller between rootcanal and a host, that stays what it is when its host goes."""

import asyncio
import contextlib

from air import acknowledge_at_once

COMMAND, ACL, SYNCHRONOUS, EVENT = 1, 2, 3, 4
HEADERS = {COMMAND: 3, ACL: 4, SYNCHRONOUS: 3, EVENT: 2}
CREATE_CONNECTION = 0x0405
DISCONNECTION_COMPLETE = 0x05
CONNECTION_COMPLETE = 0x03
COMMAND_COMPLETE = 0x0E
DISCONNECT = bytes([COMMAND, 0x06, 0x04, 3])
RESET = bytes([COMMAND, 0x03, 0x0C, 0])
RESET_COMPLETE = RESET[1:3] + bytes([0])
POWER_OFF = 0x15
LOST = 0x08


class Steady:
    """A controller that keeps its address over restarts of its host, as a dongle does (rootcanal
    gives every connection a new one), and whose links can be lost: they end with 0x08. A host that
    goes takes its links with it, as power does; where it `goes_off`, the controller forgets all else,
    too, and nobody can page it."""

    def __init__(self, port: int, goes_off: bool = False) -> None:
        self.port = port
        self.goes_off = goes_off
        self.off = asyncio.Event()  # it has forgotten all
        self.loses = False
        self.paged: list[str] = []  # whom it was told to connect to
        self.handles: set[bytes] = set()  # of the links that are up
        self.host: asyncio.StreamWriter | None = None
        self.controller: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task] = []

    async def plug_in(self) -> str:
        reader, self.controller = await asyncio.open_connection("127.0.0.1", self.port)
        line = self.controller.transport
        acknowledge_at_once(line.get_protocol(), line)
        self._tasks.append(asyncio.create_task(self._to_host(reader)))
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = server
        return f"tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def unplug(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        self.controller.close()

    async def _serve(self, reader, writer) -> None:
        self.host = writer
        self.off.clear()
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                packet = await read(reader)
                if packet[0] == COMMAND and packet[1] | packet[2] << 8 == CREATE_CONNECTION:
                    self.paged.append(":".join(f"{octet:02X}" for octet in packet[9:3:-1]))
                self.controller.write(packet)
        writer.close()
        for handle in self.handles:
            self.controller.write(DISCONNECT + handle + bytes([POWER_OFF]))
        if self.goes_off:
            self.controller.write(RESET)

    async def _to_host(self, reader) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                packet = bytearray(await read(reader))
                self._follow(packet)
                if self.loses and packet[:2] == bytes([EVENT, DISCONNECTION_COMPLETE]):
                    packet[6] = LOST
                if self.host and not self.host.is_closing():
                    self.host.write(packet)
                elif packet[:2] == bytes([EVENT, COMMAND_COMPLETE]) and packet[4:7] == RESET_COMPLETE:
                    self.off.set()

    def _follow(self, packet: bytearray) -> None:
        """Takes note of links that begin and end."""
        if packet[0] == EVENT and packet[3] == 0:
            if packet[1] == CONNECTION_COMPLETE:
                self.handles.add(bytes(packet[4:6]))
            elif packet[1] == DISCONNECTION_COMPLETE:
                self.handles.discard(bytes(packet[4:6]))


async def read(reader) -> bytes:
    """One H4 packet."""
    kind = await reader.readexactly(1)
    header = await reader.readexactly(HEADERS[kind[0]])
    length = header[-1] if kind[0] != ACL else header[2] | header[3] << 8
    return kind + header + await reader.readexactly(length)
