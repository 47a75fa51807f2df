"""Pairing with phones that are not ours: who is asked, who may come, and what happens to keys."""

import asyncio
import pathlib

from bumble.pairing import PairingDelegate

from limits import limits
from phone import Manners, Phone
from scene import Scene, scene


async def refused(phone: Phone, receiver: str, seconds: float = 15) -> None:
    """The phone tries to connect and does not come to stay."""
    try:
        async with asyncio.timeout(seconds):
            await phone.connect(receiver)
            await phone.disconnected.wait()
    except TimeoutError:
        raise AssertionError(f"{phone.name} was let in") from None
    # A page that is rejected, a failed authentication; bumble cancels what a lost link ends.
    except (Exception, asyncio.CancelledError):
        pass
    if phone.connection is not None:
        await asyncio.wait_for(phone.disconnected.wait(), 10)


async def bonded(one: Scene) -> list[str]:
    return [p["address"] for p in (await one.call("Status"))["phones"] if p["bonded"]]


@limits(60)
async def test_the_six_digits_are_the_same_on_both_sides(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60", "--set", "pairing.confirm=ask")
        phone = await one.phone("Phone A", 440)
        connecting = asyncio.create_task(phone.connect(receiver.address))
        asked = await one.watch.next("confirm", phone=phone.address, kind="compare")
        number = await asyncio.wait_for(phone.owner.sees, 5)
        assert int(asked["passkey"]) == number
        assert await bonded(one) == []
        await one.call("Confirm", phone=phone.address, accept=True)
        await connecting
        await one.watch.next("paired", phone=phone.address)
        assert await bonded(one) == [phone.address]
        await receiver.stop()


@limits(60)
async def test_the_receivers_owner_refuses(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60", "--set", "pairing.confirm=ask")
        phone = await one.phone("Phone A", 440)
        connecting = asyncio.create_task(refused(phone, receiver.address))
        await one.watch.next("confirm", phone=phone.address)
        await one.call("Confirm", phone=phone.address, accept=False)
        await connecting
        assert await bonded(one) == []
        assert one.watch.of("paired") == []
        await receiver.stop()


@limits(60)
async def test_a_phone_that_can_only_type(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60", "--set", "pairing.confirm=ask")
        manners = Manners(io_capability=PairingDelegate.IoCapability.KEYBOARD_INPUT_ONLY)
        phone = await one.phone("Phone A", 440, manners)
        connecting = asyncio.create_task(phone.connect(receiver.address))
        shown = await one.watch.next("confirm", phone=phone.address, kind="display")
        phone.owner.types.set_result(int(shown["passkey"]))
        await connecting
        await one.watch.next("paired", phone=phone.address)
        await receiver.stop()


@limits(90)
async def test_a_phone_that_lost_its_key(folder: pathlib.Path) -> None:
    """Outside pairing mode it is refused and the bond stays; inside it may pair again."""
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60")
        phone = await one.phone("Phone A", 440)
        await one.join(phone)
        await one.watch.next("paired", phone=phone.address)
        await phone.disconnect()
        await one.call("StopPairing")
        await phone.keys.delete_all()
        phone.paired = 0
        await refused(phone, receiver.address)
        assert phone.paired == 0
        assert await bonded(one) == [phone.address], "the bond stays"
        after = len(one.watch.events)
        await one.call("Pair", seconds=60)
        await one.watch.next("pairing", after, open=True)
        await one.join(phone)
        await one.watch.next("paired", after, phone=phone.address)
        assert phone.paired == 1
        await receiver.stop()


@limits(60)
async def test_strangers_outside_pairing_mode(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        receiver = await one.start_receiver()
        phone = await one.phone("Stranger", 440)
        await refused(phone, receiver.address)
        assert phone.paired == 0
        assert await bonded(one) == []
        await receiver.stop()


@limits(60)
async def test_a_phone_that_leaves_everything_to_the_receiver(folder: pathlib.Path) -> None:
    """It neither authenticates nor opens A2DP: the receiver does both."""
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60")
        phone = await one.phone("Phone A", 440, Manners(secures_first=False))
        await phone.connect(receiver.address)
        assert phone.connection.is_encrypted
        await phone.opened()
        await one.watch.next("profile", phone=phone.address, profile="a2dp", up=True)
        after = len(one.watch.events)
        await phone.play()
        await one.heard(phone, after=after)
        await receiver.stop()


@limits(60)
async def test_forgetting_a_phone(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60")
        phone = await one.phone("Phone A", 440)
        await one.join(phone)
        await one.call("StopPairing")
        await one.call("Forget", phone=phone.address)
        await asyncio.wait_for(phone.disconnected.wait(), 5)
        assert await bonded(one) == []
        assert list((receiver.state / "bonds").glob("*.toml")) == []
        await refused(phone, receiver.address)
        await receiver.stop()
