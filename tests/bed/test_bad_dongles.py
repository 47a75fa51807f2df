"""Dongles that cannot be had, go away at the wrong moment, or are not what they say: each is named,
with the exit code that says what is wrong, and nothing hangs."""

import asyncio
import contextlib
import os
import pathlib

import usbfs
from bed import dongle, until
from limits import limits
from place import place, start
from receiver import daemon, program
from scene import scene

NO_CONTROLLER, PERMISSION, CONTROLLER_FAILED = 3, 4, 5


async def ends_with(folder: pathlib.Path, codes, *words: str, controller="usb", seconds=15) -> str:
    """Starts a receiver that must end by itself, with one of these codes, and say why."""
    async with daemon(folder, controller, "--sound", "null") as one:
        code = await one.exit_code(seconds)
        said = one.log.read_text(errors="replace")[one.began :]
    assert "panicked" not in said, said
    assert code in codes, f"exit code {code}, not one of {codes}:\n{said}"
    for word in words:
        assert word.lower() in said.lower(), f"{word!r} is not named in:\n{said}"
    return said


@limits(60)
async def test_a_dongle_that_another_program_holds(folder: pathlib.Path) -> None:
    async with place(folder) as (_, one):
        other = usbfs.Device(one.node)
        await ends_with(folder, {CONTROLLER_FAILED}, "1209:0b1e")
        assert one.driver() == "usbfs", "it was taken from whom it belonged to"
        other.give_back()
        other.close()
        async with daemon(folder, "usb", "--sound", "null") as receiver:
            await receiver.ready()


@limits(60)
async def test_a_node_that_may_not_be_opened(folder: pathlib.Path) -> None:
    async with place(folder) as (_, one):
        one.node.chmod(0o600)
        home = pathlib.Path("/run/nobody")
        home.mkdir()
        os.chown(home, 65534, 65534)
        process = await asyncio.create_subprocess_exec(
            program("tandemd"),
            "--controller=usb",
            "--sound=null",
            f"--control={home}/control",
            f"--state-dir={home}/state",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd="/",
            user=65534,
            group=65534,
            extra_groups=[],
        )
        said, _ = await asyncio.wait_for(process.communicate(), 10)
        assert process.returncode == PERMISSION, said.decode()
        assert str(one.node) in said.decode() and "udev rule" in said.decode(), said.decode()
        assert one.driver() == "btusb"


@limits(60)
async def test_pulled_out_while_it_is_brought_up(folder: pathlib.Path) -> None:
    async with place(folder) as (_, one):
        await one.say("delay event 150")
        for moment in (0.05, 0.4, 0.9):
            before = (await one.status())["commands"]
            async with daemon(folder, "usb", "--sound", "null") as receiver:
                await until(lambda: one.driver() == "usbfs", what="the receiver has it")
                await asyncio.sleep(moment)
                assert (await one.status())["commands"] >= before
                await one.unplug()
                code = await receiver.exit_code(10)
                assert code in {NO_CONTROLLER, CONTROLLER_FAILED}, receiver.said()
                assert "panicked" not in receiver.said()
            await one.say("delay event 0")
            await one.plug()
            await one.settled()
            await one.say("delay event 150")


@limits(60)
async def test_pulled_out_while_it_is_given_back(folder: pathlib.Path) -> None:
    async with place(folder) as (scene, one):
        receiver = await start(scene)
        phone = await scene.phone("Phone A", 440)
        await scene.join(phone)
        # The goodbye to the phone takes a while, and the dongle goes meanwhile.
        await one.say("delay event 300")
        receiver.process.terminate()
        await asyncio.sleep(0.15)
        await one.say("unplug")
        assert await receiver.exit_code(3) == 0, receiver.said()
        assert "panicked" not in receiver.said()


@limits(60)
async def test_two_dongles_alike_at_once(folder: pathlib.Path) -> None:
    async with scene(folder) as air, dongle(folder, air.port) as a:
        async with dongle(folder, air.port, port=1) as b, contextlib.AsyncExitStack() as stack:
            receivers = []
            for one in (a, b):
                await one.settled()
                place = folder / one.name
                place.mkdir()
                receivers.append(
                    await stack.enter_async_context(
                        daemon(place, f"usb:{one.name}", "--sound", "null")
                    )
                )
            for receiver in receivers:
                await receiver.ready()
            assert receivers[0].address != receivers[1].address
            assert a.driver() == b.driver() == "usbfs"
            # One goes, and the other does not mind.
            await receivers[0].stop()
            await until(lambda: a.driver() == "btusb", what="btusb has the first")
            assert b.driver() == "usbfs" and receivers[1].process.returncode is None
            await receivers[1].stop()


# Those that cannot be driven, and those that can without what is missing.
HOPELESS = ("no-events", "no-data", "no-endpoints", "no-packets", "swapped")
DOUBTFUL = ("too-short", "no-length")
USABLE = ("too-long", "no-voice", "one-setting")


@limits(120)
async def test_descriptors_that_lie(folder: pathlib.Path) -> None:
    wrong = []
    async with scene(folder) as air, dongle(folder, air.port, "--unplugged") as one:
        for lie in (*HOPELESS, *DOUBTFUL, *USABLE):
            await one.say("descriptors", lie)
            # The kernel may find nothing that it can configure.
            await one.say("plug")
            await until(one.sysfs.exists, what=f"{lie} is there")
            await asyncio.sleep(0.7)
            try:
                await lying(folder, lie)
            except AssertionError as error:
                wrong.append(f"{lie}: {error}")
            await one.unplug()
    assert not wrong, "\n".join(wrong)


async def lying(folder: pathlib.Path, lie: str) -> None:
    if lie in HOPELESS:
        await ends_with(folder, {NO_CONTROLLER, CONTROLLER_FAILED})
        return
    async with daemon(folder, "usb", "--sound", "null") as receiver:
        try:
            await receiver.ready()
        except AssertionError:
            assert lie in DOUBTFUL, receiver.said()
            code = await receiver.exit_code(5)
            assert code in {NO_CONTROLLER, CONTROLLER_FAILED}, f"{code}: {receiver.said()}"
        else:
            await receiver.stop()


@limits(90)
async def test_a_controller_that_is_wedged(folder: pathlib.Path) -> None:
    async with place(folder) as (_, one):
        for fault, end in (
            ("unanswered all", "unanswered off"),
            ("nak control on", "nak control off"),
            ("nak events on", "nak events off"),
        ):
            await one.settled()
            await one.say(fault)
            await ends_with(folder, {CONTROLLER_FAILED}, seconds=25)
            await one.say(end)
            await until(lambda: one.driver() == "btusb", what=f"btusb has it back after {fault}")
