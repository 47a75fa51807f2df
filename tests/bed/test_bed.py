"""The bed itself, without Tandem: the kernel's own driver and a hand of our own at usbfs find the
dongle to be what it says. What fails here is no fault of Tandem."""

import contextlib
import fcntl
import pathlib
import socket
import struct
import time

import usbfs
from air import air
from bed import BLUETOOTH, dongle, properties, udevd, until
from limits import limits

AF_BLUETOOTH, BTPROTO_HCI, SOL_HCI, HCI_FILTER = 31, 1, 0, 2
HCI_DEVICE_UP = 0x400448C9
SIZES = (0, 9, 17, 25, 33, 49, 63)
HANDLE = 0x0123


@limits(30)
async def test_the_kernels_own_driver_brings_the_dongle_up(folder: pathlib.Path) -> None:
    async with air(folder) as port, dongle(folder, port) as one:
        await until(lambda: (BLUETOOTH / "hci0").exists(), what="hci0")
        await until(lambda: one.driver(0) == one.driver(1) == "btusb", what="btusb has both")
        assert (one.read("idVendor"), one.read("speed")) == ("1209", "12")
        with socket.socket(AF_BLUETOOTH, socket.SOCK_RAW, BTPROTO_HCI) as raw:
            with contextlib.suppress(BlockingIOError):  # it is up still from its setup
                fcntl.ioctl(raw, HCI_DEVICE_UP, 0)
            # Not every Python knows the family.
            address = struct.pack("HHH", AF_BLUETOOTH, 0, 0)
            assert usbfs.LIBC.bind(raw.fileno(), address, len(address)) == 0
            # Commands complete (0x0e), for any opcode.
            events = struct.pack("<IIIHxx", 1 << 4, 1 << 0x0E, 0, 0)
            raw.setsockopt(SOL_HCI, HCI_FILTER, events)
            raw.settimeout(5)
            # Read BD_ADDR (0x1009), and a large answer: Read Local Supported Commands (0x1002).
            for opcode, length in ((0x1009, 6), (0x1002, 64)):
                raw.send(struct.pack("<BHB", 1, opcode, 0))
                while True:
                    event = raw.recv(300)
                    if event[1] == 0x0E and event[4:6] == struct.pack("<H", opcode):
                        break
                assert event[6] == 0 and len(event) == 7 + length, event.hex()
        status = await one.status()
        assert status["commands"] > 10 and status["events"] >= status["commands"]


def numbered(number: int, length: int) -> bytes:
    head = struct.pack("<I", number)
    return head + bytes((number + at) & 0xFF for at in range(4, length))


@limits(30)
async def test_isochronous_transfers_carry_numbered_packets_both_ways(folder: pathlib.Path) -> None:
    async with air(folder) as port, dongle(folder, port) as one:
        await one.settled()
        device = usbfs.Device(one.node)
        assert one.driver() == "usbfs"
        await one.say("voice loop on")
        for setting, length in ((1, 24), (2, 48), (6, 60)):
            sent, heard, seconds = looped(device, setting, length, 400)
            expected = b"".join(sent)
            assert heard == expected, f"setting {setting}: {len(heard)} of {len(expected)} bytes"
            frames = 400 * (1 if setting == 6 else 3)
            assert seconds > 0.8 * frames / 1000, f"{frames} frames in {seconds:.3f} s"
        device.setting(0)
        assert (await one.status())["busy_changes"] == 0
        device.give_back()
        device.close()
        await until(lambda: one.driver() == "btusb", what="btusb has it back")


def looped(device: usbfs.Device, setting: int, length: int, count: int):
    """Sends so many numbered packets and gets them back: what was sent, what was heard, the time."""
    device.setting(setting)
    size, frames = SIZES[setting], 8
    ins = [usbfs.Transfer(usbfs.ISOCHRONOUS, 0x83, size * frames, frames) for _ in range(6)]
    for transfer in ins:
        device.submit(transfer)
    header = struct.pack("<HB", HANDLE, length)
    sent = [header + numbered(number, length) for number in range(count)]
    stream = b"".join(sent)
    pieces = [stream[at : at + size * frames] for at in range(0, len(stream), size * frames)]
    heard = bytearray()
    start, outs = time.monotonic(), 0
    while len(heard) < len(stream):
        while outs < 6 and pieces:
            # The last one may be shorter; all of its packets are full ones.
            piece = pieces.pop(0)
            packets = len(piece) // size
            out = usbfs.Transfer(usbfs.ISOCHRONOUS, 0x03, len(piece), packets)
            out.room.raw = piece
            device.submit(out)
            outs += 1
        for transfer in device.reap(2):
            assert transfer.urb.status == 0, transfer.urb.status
            if transfer.urb.endpoint == 0x83:
                heard += transfer.data
                device.submit(transfer)
            else:
                outs -= 1
    seconds = time.monotonic() - start
    device.discard_all()
    return sent, bytes(heard), seconds


@limits(60)
async def test_udevd_sees_the_dongle_come_and_go(folder: pathlib.Path) -> None:
    async with air(folder) as port, udevd(folder), dongle(folder, port, "--serial=7") as one:
        await until(lambda: "ID_SERIAL_SHORT" in properties(one.sysfs), what="udev's properties")
        found = properties(one.sysfs)
        assert found["ID_SERIAL_SHORT"] == "7" and ":e00101:" in found["ID_USB_INTERFACES"], found
        await one.unplug()
        await one.plug()
        await until(lambda: "ID_SERIAL_SHORT" in properties(one.sysfs), what="udev's properties")
