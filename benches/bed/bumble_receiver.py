"""bumble on its `usb:` transport, to be measured as a process of its own. It does the least there is:
music is taken and counted, not decoded; voice goes back to where it came from.

    bumble_receiver.py music|voice

Says `ready ADDRESS` once it can be reached. At the end of its input it tells what came and ends.
"""

import asyncio
import struct
import sys

from bumble.transport import open_transport

from test_phones import ReferenceReceiver

HCI_SYNCHRONOUS_DATA_PACKET = 3
KEPT = 32  # voice packets that are looked at, at the end


class Echo:
    """Sends voice back, and keeps the last few packets."""

    def __init__(self, transport) -> None:
        self.sink = transport.sink
        self.count = 0
        self.last: list[bytes] = []

    def on_packet(self, packet: bytes) -> None:
        if packet[0] == HCI_SYNCHRONOUS_DATA_PACKET:
            self.count += 1
            self.last.append(packet)
            if len(self.last) > KEPT:
                del self.last[0]
            self.sink.on_packet(packet)

    @property
    def torn(self) -> int:
        """How many of the last packets do not follow the one before, by the dongle's numbers."""
        numbers = [struct.unpack_from("<I", packet, 4)[0] for packet in self.last]
        return sum(b != a + 1 for a, b in zip(numbers, numbers[1:]))


async def end_of_input() -> None:
    await asyncio.to_thread(sys.stdin.read)


async def music() -> None:
    receiver = ReferenceReceiver()
    await receiver.power_on("usb:0")
    print(f"ready {receiver.address.split('/')[0]}", flush=True)
    await end_of_input()
    print(f"heard {sum(map(len, receiver.packets.values()))}", flush=True)
    await receiver.transport.close()


async def voice() -> None:
    # The setting is chosen when the transport is opened, and stays.
    transport = await open_transport("usb:0+sco=2")
    echo = Echo(transport)
    transport.source.set_packet_sink(echo)
    print("ready -", flush=True)
    await end_of_input()
    print(f"heard {echo.count} torn {echo.torn}", flush=True)
    await transport.close()


asyncio.run({"music": music, "voice": voice}[sys.argv[1]]())
