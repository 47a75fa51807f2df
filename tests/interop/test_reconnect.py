"""Whom the receiver pages unasked: the phones used last when it starts, and a phone whose link was
lost; never one that went on purpose."""

import asyncio
import contextlib
import pathlib

from limits import limits
from phone import Phone
from scene import Scene, scene

COMMAND, ACL, SYNCHRONOUS, EVENT = 1, 2, 3, 4
HEADERS = {COMMAND: 3, ACL: 4, SYNCHRONOUS: 3, EVENT: 2}
CREATE_CONNECTION = 0x0405
DISCONNECTION_COMPLETE = 0x05
LOST, ON_PURPOSE = 0x08, 0x13


class Dongle:
    """A controller that keeps its address over restarts of its host, as a dongle does (rootcanal
    gives every connection a new one), and whose links can be lost: they end with 0x08."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.loses = False
        self.paged: list[str] = []  # whom it was told to connect to
        self.host: asyncio.StreamWriter | None = None
        self.controller: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task] = []

    async def plug_in(self) -> str:
        reader, self.controller = await asyncio.open_connection("127.0.0.1", self.port)
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
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                packet = await read(reader)
                if packet[0] == COMMAND and packet[1] | packet[2] << 8 == CREATE_CONNECTION:
                    self.paged.append(":".join(f"{octet:02X}" for octet in packet[9:3:-1]))
                self.controller.write(packet)
        writer.close()

    async def _to_host(self, reader) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                packet = bytearray(await read(reader))
                if self.loses and packet[:2] == bytes([EVENT, DISCONNECTION_COMPLETE]):
                    packet[6] = LOST
                if self.host and not self.host.is_closing():
                    self.host.write(packet)


async def read(reader) -> bytes:
    """One H4 packet."""
    kind = await reader.readexactly(1)
    header = await reader.readexactly(HEADERS[kind[0]])
    length = header[-1] if kind[0] != ACL else header[2] | header[3] << 8
    return kind + header + await reader.readexactly(length)


@contextlib.asynccontextmanager
async def two_phones(folder: pathlib.Path):
    """A receiver on a dongle, and two phones that are paired and have opened their music."""
    async with scene(folder) as one:
        dongle = Dongle(one.port)
        controller = await dongle.plug_in()
        one.stack.callback(dongle.unplug)
        await one.start_receiver("--pair", "60", controller=controller)
        phones = await one.phone("Phone A", 440), await one.phone("Phone B", 660)
        for phone in phones:
            await one.join(phone)
        await one.call("StopPairing")
        yield one, dongle, controller, phones


async def back(one: Scene, phone: Phone, after: int) -> None:
    """The phone is connected again, authenticated and encrypted, and its music is open."""
    await one.watch.next("phone", after, phone=phone.address, state="connected")
    await one.watch.next("profile", after, phone=phone.address, profile="a2dp", up=True)
    assert phone.connection.is_encrypted


@limits(90)
async def test_both_phones_are_back_after_a_restart(folder: pathlib.Path) -> None:
    """The one that came last is paged first, each once, with the keys that they have."""
    async with two_phones(folder) as (one, dongle, controller, (a, b)):
        assert dongle.paged == [], "the phones came by themselves"
        await one.receiver.stop()
        for phone in (a, b):
            await asyncio.wait_for(phone.disconnected.wait(), 5)
            phone.paired = 0
        await one.start_receiver(controller=controller)
        for phone in (b, a):
            await back(one, phone, 0)
        # The first is paged as soon as the controller is up, before anybody can watch.
        await one.watch.next("order", phone=a.address, order="page")
        assert dongle.paged == [b.address, a.address]
        assert one.watch.of("paired") == []
        assert (a.paired, b.paired) == (0, 0)
        await one.receiver.stop()


@limits(60)
async def test_nobody_is_paged_where_that_is_turned_off(folder: pathlib.Path) -> None:
    async with two_phones(folder) as (one, dongle, controller, (a, b)):
        await one.receiver.stop()
        await one.start_receiver("--set", "reconnect=false", controller=controller)
        status = await one.call("Status")
        assert status["settings"]["reconnect"] is False
        assert status["warnings"] == [], "the key has its effect"
        await asyncio.sleep(3)
        assert dongle.paged == []
        await one.receiver.stop()


@limits(90)
async def test_a_lost_phone_is_paged_and_one_that_went_is_not(folder: pathlib.Path) -> None:
    async with two_phones(folder) as (one, dongle, _, (a, b)):
        after = len(one.watch.events)
        await b.disconnect()
        gone = await one.watch.next("phone", after, phone=b.address, state="disconnected")
        assert int(gone["reason"], 16) == ON_PURPOSE

        dongle.loses = True
        after = len(one.watch.events)
        await a.disconnect()
        lost = await one.watch.next("phone", after, phone=a.address, state="disconnected")
        assert int(lost["reason"], 16) == LOST
        await back(one, a, after)
        [paged] = one.watch.of("order", order="page")
        assert 2.0 <= paged["t"] - lost["t"] < 2.2, (lost, paged)
        assert dongle.paged == [a.address]

        # What was said to be on purpose stays so, however long one waits for what is not done.
        dongle.loses = False
        after = len(one.watch.events)
        await a.disconnect()
        await one.watch.next("phone", after, phone=a.address, state="disconnected")
        await asyncio.sleep(4)
        assert dongle.paged == [a.address]
        await one.receiver.stop()


@limits(90)
async def test_a_phone_that_vanishes_is_paged_again_and_again(folder: pathlib.Path) -> None:
    async with two_phones(folder) as (one, dongle, _, (a, _)):
        dongle.loses = True
        after = len(one.watch.events)
        address = a.address
        await a.power_off()
        lost = await one.watch.next("phone", after, phone=address, state="disconnected")
        first = await one.watch.next("order", after, phone=address, order="page")
        after = one.watch.events.index(first) + 1
        second = await one.watch.next("order", after, phone=address, order="page")
        assert 2.0 <= first["t"] - lost["t"] < 2.2, (lost, first)
        # A page takes 5.12 s; then 4 s pass.
        assert 9.0 < second["t"] - first["t"] < 9.6, (first, second)
        # Its owner has enough of it.
        await one.call("Disconnect", phone=address)
        assert dongle.paged == [address, address]
        await one.receiver.stop()
