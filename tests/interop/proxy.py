"""Controllers that misbehave: servers that speak H4 badly, and a proxy that lets a good one fail."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

RESET = 0x0C03


@contextlib.asynccontextmanager
async def server(handle: Callable[..., Awaitable[None]]):
    """Serves each connection with `handle(reader, writer)`; yields the controller to name."""

    async def serve(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await handle(reader, writer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"tcp:127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


async def silent(reader, writer) -> None:
    """Accepts, reads, and never answers."""
    while await reader.read(4096):
        pass


async def refusing(reader, writer) -> None:
    """Takes Reset, and answers every other command with Hardware Failure (0x03)."""
    while True:
        kind, low, high, length = await reader.readexactly(4)
        await reader.readexactly(length)
        assert kind == 1, "a command"
        status = 0 if low | high << 8 == RESET else 0x03
        writer.write(bytes([4, 0x0E, 4, 1, low, high, status]))
        await writer.drain()


async def babbling(reader, writer) -> None:
    """Answers with bytes that are no H4 at all."""
    while await reader.read(4096):
        writer.write(bytes(range(0x80, 0x100)) * 8)
        await writer.drain()


class Proxy:
    """Stands between a receiver and a controller's port, and can cut or spoil the line."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.writers: list[asyncio.StreamWriter] = []
        self.to_receiver: asyncio.StreamWriter | None = None
        self.connections = 0

    async def handle(self, reader, writer) -> None:
        self.connections += 1
        upstream, down = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers = [writer, down]
        self.to_receiver = writer
        await asyncio.gather(copy(reader, down), copy(upstream, writer))

    def cut(self) -> None:
        """The controller dies."""
        for writer in self.writers:
            writer.transport.abort()

    def spoil(self, garbage: bytes) -> None:
        """Puts bytes onto the line that no controller sent."""
        self.to_receiver.write(garbage)


async def copy(reader, writer) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    writer.close()
