"""Linux's usbfs from Python (<linux/usbdevice_fs.h>): another hand at the dongle than Tandem's, to
check the dongle with, and to hold it where it shall be busy."""

import contextlib
import ctypes
import os
import pathlib
import select
import struct

CONTROL = 0xC0185500
SET_INTERFACE = 0x80085504
SUBMIT = 0x8038550A
DISCARD = 0x550B
REAP = 0x4008550D
CLAIM = 0x8004550F
RELEASE = 0x80045510
IOCTL = 0xC0105512
DISCONNECT = 0x5516
CONNECT = 0x5517

ISOCHRONOUS, INTERRUPT, BULK = 0, 1, 3
AS_SOON_AS_POSSIBLE = 2


LIBC = ctypes.CDLL(None, use_errno=True)


def ioctl(file: int, request: int, argument) -> int:
    """Python's own passes a copy of what is small, and the kernel keeps where a URB lies."""
    if isinstance(argument, bytes):
        argument = ctypes.create_string_buffer(argument, len(argument))
    pointer = ctypes.byref(argument) if argument is not None else None
    result = LIBC.ioctl(file, ctypes.c_ulong(request), pointer)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


class Description(ctypes.Structure):
    """One isochronous packet."""

    _fields_ = [(name, ctypes.c_uint) for name in ("length", "actual", "status")]


def urb_type(packets: int):
    class Urb(ctypes.Structure):
        _fields_ = [
            ("type", ctypes.c_ubyte),
            ("endpoint", ctypes.c_ubyte),
            ("status", ctypes.c_int),
            ("flags", ctypes.c_uint),
            ("buffer", ctypes.c_void_p),
            ("length", ctypes.c_int),
            ("actual", ctypes.c_int),
            ("start_frame", ctypes.c_int),
            ("packets", ctypes.c_int),
            ("errors", ctypes.c_int),
            ("signal", ctypes.c_uint),
            ("context", ctypes.c_void_p),
            ("descriptions", Description * packets),
        ]

    return Urb


class Transfer:
    """A URB and its room."""

    def __init__(self, kind: int, endpoint: int, length: int, packets: int = 0) -> None:
        self.room = ctypes.create_string_buffer(length)
        self.urb = urb_type(packets)()
        self.urb.type, self.urb.endpoint = kind, endpoint
        self.urb.buffer, self.urb.length = ctypes.addressof(self.room), length
        self.urb.packets = packets
        if packets:
            self.urb.flags = AS_SOON_AS_POSSIBLE
            for description in self.urb.descriptions:
                description.length = length // packets

    @property
    def data(self) -> bytes:
        """What came; of isochronous packets what each holds."""
        if not self.urb.packets:
            return self.room.raw[: self.urb.actual]
        size = self.urb.length // self.urb.packets
        pieces = enumerate(self.urb.descriptions)
        return b"".join(self.room.raw[n * size : n * size + one.actual] for n, one in pieces)


class Device:
    """A dongle's node, opened, with the interfaces claimed and the kernel's driver off."""

    def __init__(self, node: pathlib.Path, interfaces: tuple[int, ...] = (0, 1)) -> None:
        self.file = os.open(node, os.O_RDWR | os.O_CLOEXEC)
        self.interfaces = interfaces
        self.pending: dict[int, Transfer] = {}
        for interface in interfaces:
            with contextlib.suppress(OSError):  # nobody had it
                self._interface_ioctl(interface, DISCONNECT)
        for interface in interfaces:
            ioctl(self.file, CLAIM, struct.pack("I", interface))

    def _interface_ioctl(self, interface: int, code: int) -> None:
        ioctl(self.file, IOCTL, struct.pack("iiP", interface, code, 0))

    def give_back(self) -> None:
        """To the kernel's driver."""
        for interface in self.interfaces:
            ioctl(self.file, RELEASE, struct.pack("I", interface))
        self._interface_ioctl(self.interfaces[0], CONNECT)

    def close(self) -> None:
        os.close(self.file)

    def control(self, kind: int, request: int, value: int, index: int, data: bytes) -> int:
        room = ctypes.create_string_buffer(data, max(len(data), 1))
        address = ctypes.addressof(room)
        setup = struct.pack("BBHHHI4xP", kind, request, value, index, len(data), 1000, address)
        return ioctl(self.file, CONTROL, setup)

    def command(self, opcode: int, parameters: bytes = b"") -> None:
        packet = struct.pack("<HB", opcode, len(parameters)) + parameters
        self.control(0x20, 0, 0, 0, packet)

    def setting(self, setting: int) -> None:
        """The alternate setting of voice."""
        ioctl(self.file, SET_INTERFACE, struct.pack("II", 1, setting))

    def submit(self, transfer: Transfer) -> None:
        address = ctypes.addressof(transfer.urb)
        ioctl(self.file, SUBMIT, transfer.urb)
        self.pending[address] = transfer

    def discard_all(self) -> None:
        for transfer in list(self.pending.values()):
            with contextlib.suppress(OSError):  # it has just ended
                ioctl(self.file, DISCARD, transfer.urb)
        while self.pending:
            self.reap(1)

    def reap(self, seconds: float) -> list[Transfer]:
        """The transfers that end within a time, at least one of them."""
        poll = select.poll()
        poll.register(self.file, select.POLLOUT)
        if not poll.poll(seconds * 1000):
            raise TimeoutError("no transfer ends")
        done = []
        while self.pending:
            address = ctypes.c_void_p()
            try:
                ioctl(self.file, REAP, address)
            except BlockingIOError:
                break
            done.append(self.pending.pop(address.value))
        return done
