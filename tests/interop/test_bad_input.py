"""What goes wrong before and around the phones: it is named, with the exit code that says which."""

import asyncio
import contextlib
import pathlib

from air import free_ports
from limits import limits
from proxy import Proxy, babbling, refusing, server, silent
from receiver import daemon
from scene import scene

USAGE, NO_CONTROLLER, CONTROLLER_FAILED = 2, 3, 5


async def ends_with(
    folder: pathlib.Path, code: int, *words: str, controller: str, arguments=(), seconds=10
) -> None:
    """Starts a daemon that must end by itself, and tell why in these words."""
    folder.mkdir(exist_ok=True)
    async with daemon(folder, controller, "--sound", "null", *arguments) as one:
        found = await one.exit_code(seconds)
        said = one.said()
    assert found == code, f"exit code {found}, not {code}:\n{said}"
    for word in words:
        assert word.lower() in said.lower(), f"{word!r} is not named in:\n{said}"
    assert "panicked" not in said, said


@limits(30)
async def test_no_such_controller(folder: pathlib.Path) -> None:
    [port] = free_ports(1)
    address = f"127.0.0.1:{port}"
    await ends_with(folder, NO_CONTROLLER, address, controller=f"tcp:{address}")
    missing = str(folder / "no-socket")
    await ends_with(folder, NO_CONTROLLER, missing, controller=f"unix:{missing}")
    missing = str(folder / "no-tty")
    await ends_with(folder, NO_CONTROLLER, missing, controller=f"serial:{missing}@115200")


@limits(30)
async def test_a_controller_that_is_silent(folder: pathlib.Path) -> None:
    async with server(silent) as controller:
        await ends_with(folder, CONTROLLER_FAILED, "Reset", controller=controller, seconds=25)


@limits(30)
async def test_a_controller_that_refuses(folder: pathlib.Path) -> None:
    async with server(refusing) as controller:
        await ends_with(folder, CONTROLLER_FAILED, "Read", controller=controller)


@limits(40)
async def test_a_controller_that_babbles(folder: pathlib.Path) -> None:
    async with server(babbling) as controller:
        await ends_with(folder, CONTROLLER_FAILED, controller=controller, seconds=30)


@limits(60)
async def test_mistakes_in_the_configuration(folder: pathlib.Path) -> None:
    async with server(silent) as controller:

        async def wrong(text: str, *words: str) -> None:
            file = folder / "tandem.toml"
            file.write_text(text)
            arguments = ("--config", str(file))
            await ends_with(
                folder, USAGE, *words, controller=controller, arguments=arguments
            )

        await wrong('name = "Kitchen"\nsets = 3\n', "tandem.toml:2", "sets")
        await wrong("seats = 7\n", "tandem.toml:1", "seats")
        await wrong('seats = "two"\n', "tandem.toml:1", "seats")
        await wrong("name = \n", "tandem.toml:1")
        await wrong('[phone."nonsense"]\npriority = 1\n', "nonsense")

        async def set_wrong(assignment: str, *words: str) -> None:
            await ends_with(
                folder, USAGE, *words, controller=controller, arguments=("--set", assignment)
            )

        await set_wrong("security.min_key_size=3", "security.min_key_size")
        await set_wrong("takeover=loudest", "takeover", "last")
        await set_wrong('codecs=["aac"]', 'codecs: must name "sbc" too')
        await set_wrong("colour=red", "colour")
        arguments = ("--config", str(folder / "nowhere.toml"))
        await ends_with(
            folder, USAGE, "nowhere.toml", controller=controller, arguments=arguments
        )
    await ends_with(folder, USAGE, "bluetooth0", controller="bluetooth0")


@limits(60)
async def test_bonds_that_cannot_be_read(folder: pathlib.Path) -> None:
    """Each costs itself alone, is named, and stays where it is."""
    bonds = folder / "state" / "bonds"
    bonds.mkdir(parents=True)
    good = (
        'version = 1\naddress = "00:00:00:00:00:0{n}"\nlocal = "DA:4C:10:DE:17:00"\n'
        'key = "000102030405060708090a0b0c0d0e0f"\nkey_type = 7\nname = "Old"\nlast_used = 1\n'
    )
    texts = {
        "00-00-00-00-00-01": good.format(n=1),
        "00-00-00-00-00-02": good.format(n=2)[:60],
        "00-00-00-00-00-03": good.format(n=3).replace("version = 1", "version = 99"),
        "00-00-00-00-00-04": "\x00\xff" * 50,
    }
    for name, text in texts.items():
        (bonds / f"{name}.toml").write_text(text)
    (bonds / "00-00-00-00-00-05.toml").mkdir()
    async with scene(folder) as one:
        receiver = await one.start_receiver()
        known = [phone["address"] for phone in (await one.call("Status"))["phones"]]
        assert known == ["00:00:00:00:00:01"], known
        said = receiver.said()
        for n in (2, 3, 4, 5):
            assert f"00-00-00-00-00-0{n}.toml" in said, said
        assert "99" in said, said
        await receiver.stop()
    for name, text in texts.items():
        assert (bonds / f"{name}.toml").read_text() == text, "a damaged bond is left alone"


@limits(120, alone=True)
async def test_a_controller_that_dies_and_returns(folder: pathlib.Path) -> None:
    """Mid-stream: everyone is told, the transport is opened again, the phone is heard again."""
    async with scene(folder) as one:
        proxy = Proxy(one.port)
        controller = await one.stack.enter_async_context(server(proxy.handle))
        receiver = await one.start_receiver("--pair", "90", controller=controller)
        phone = await one.phone("Phone A", 440)
        await one.join(phone)
        for spoil in (False, True):
            after = len(one.watch.events)
            await phone.play()
            await one.heard(phone, after=after)
            after = len(one.watch.events)
            if spoil:
                proxy.spoil(bytes(range(0x80, 0x100)) * 8)
            else:
                proxy.cut()
            await one.watch.next("controller", after, state="lost")
            await one.watch.next("phone", after, phone=phone.address, state="disconnected")
            await one.heard(after=after)
            up = await one.watch.next("controller", after, state="up", seconds=20)
            assert up["address"] == receiver.address
            after = one.watch.events.index(up)
            # Whoever is quicker: the receiver may page the phone that it lost.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(phone.disconnected.wait(), 10)
            if not phone.connected.is_set():
                await phone.connect(receiver.address)
            await phone.open_music()
        after = len(one.watch.events)
        await phone.play()
        await one.heard(phone, after=after)
        assert phone.paired == 1
        assert proxy.connections == 3
        await receiver.stop()
