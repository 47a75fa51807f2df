"""However the receiver ends, the kernel's own driver has the dongle again and can use it."""

import pathlib
import signal

from bed import BLUETOOTH, until
from limits import limits
from place import place, start


async def in_the_kernels_hand(dongle) -> None:
    """btusb has both interfaces, and the kernel a controller."""
    await until(lambda: dongle.driver(0) == dongle.driver(1) == "btusb", what="btusb has it back")
    await until(lambda: any(BLUETOOTH.iterdir()), what="the kernel's controller")


async def brought_up(dongle, before: int) -> None:
    """The controller has answered the kernel, too."""
    await in_the_kernels_hand(dongle)
    await dongle.settled()
    assert (await dongle.status())["commands"] > before + 5, "the kernel brought nothing up"


async def commands(dongle) -> int:
    return (await dongle.status())["commands"]


@limits(60)
async def test_the_kernel_has_its_dongle_back_after_sigterm(folder: pathlib.Path) -> None:
    async with place(folder) as (one, dongle):
        receiver = await start(one)
        assert dongle.driver(0) == dongle.driver(1) == "usbfs"
        before = await commands(dongle)
        await receiver.stop()
        await brought_up(dongle, before)


@limits(60)
async def test_the_kernel_has_its_dongle_back_after_kill_9(folder: pathlib.Path) -> None:
    async with place(folder) as (one, dongle):
        receiver = await start(one)
        before = await commands(dongle)
        receiver.process.send_signal(signal.SIGKILL)
        await receiver.exit_code(2)
        await brought_up(dongle, before)


@limits(60)
async def test_the_kernel_has_its_dongle_back_after_an_error(folder: pathlib.Path) -> None:
    async with place(folder) as (one, dongle):
        # Read BD_ADDR: without an answer the receiver gives up.
        await dongle.say("unanswered 0x1009")
        await one.stack.enter_async_context(failing(one, code=5))
        # The kernel may have met the fault as well: whether it brought anything up says nothing.
        await in_the_kernels_hand(dongle)


def failing(one, code: int):
    """A receiver that does not come up, and says so."""
    import contextlib

    from receiver import daemon

    @contextlib.asynccontextmanager
    async def run():
        async with daemon(one.folder, "usb", "--sound", "null") as receiver:
            assert await receiver.exit_code(30) == code, receiver.said()
            yield receiver

    return run()
