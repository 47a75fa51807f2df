"""The air: rootcanal, a virtual controller for everyone who connects to its HCI port.

Each connection to `port` is a controller of its own (plain H4), and all of them share one radio.
rootcanal 1.10.0 has no sniff mode, reports 0x15 where a phone's socket closes, and dies when its
test port is hung up: nobody connects there.
"""

import asyncio
import contextlib
import pathlib
import socket

from rootcanal.binaries import get_package_binary_resource_path

READY = b"initialize: Finished"


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def acknowledge_at_once(protocol: asyncio.Protocol, transport: asyncio.Transport) -> None:
    """rootcanal writes a packet in pieces and waits with the second one until the first is
    acknowledged, which takes 40 ms where nobody asks for more."""
    take, line = protocol.data_received, transport.get_extra_info("socket")

    def data_received(data: bytes) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        take(data)

    protocol.data_received = data_received


async def end(process: asyncio.subprocess.Process, seconds: float = 2.0) -> int:
    """Ends a process that we started: SIGTERM, and SIGKILL where that is not enough."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), seconds)
        except TimeoutError:
            process.kill()
    return await process.wait()


@contextlib.asynccontextmanager
async def air(folder: pathlib.Path):
    """Runs rootcanal and yields its HCI port."""
    for attempt in range(3):
        hci, test, link, ble = free_ports(4)
        with open(folder / "rootcanal.log", "wb") as log:
            process = await asyncio.create_subprocess_exec(
                get_package_binary_resource_path("rootcanal"),
                f"-hci_port={hci}",
                f"-test_port={test}",
                f"-link_port={link}",
                f"-link_ble_port={ble}",
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                cwd=folder,
            )
        if await _ready(process, folder / "rootcanal.log"):
            break
        await end(process)
        if attempt == 2:
            raise RuntimeError(f"rootcanal did not start, see {folder / 'rootcanal.log'}")
    try:
        yield hci
    finally:
        await end(process)


async def _ready(process: asyncio.subprocess.Process, log: pathlib.Path) -> bool:
    for _ in range(200):
        if READY in log.read_bytes():
            return True
        if process.returncode is not None:
            return False
        await asyncio.sleep(0.05)
    return False
