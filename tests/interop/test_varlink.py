"""The control socket with PyPI's `varlink`: a client that is not ours, and that takes the
interface's definition from the daemon and checks what it sends and gets against it."""

import asyncio
import pathlib

import varlink
from limits import limits
from receiver import ROOT
from scene import scene

INTERFACE = "io.tandem.Receiver"


def refused(name: str, call, *arguments, **parameters) -> str:
    """Calls what must be refused, and gives the error's text."""
    try:
        call(*arguments, **parameters)
    except varlink.VarlinkError as error:
        assert error.error() == f"{INTERFACE}.{name}", error
        text = error.parameters()["text"]
        assert text
        return text
    raise AssertionError(f"{name} was expected")


def talk(control: pathlib.Path, name: str, address: str) -> None:
    with varlink.Client(f"unix:{control}") as client:
        assert INTERFACE in client.get_interfaces()
        with client.open("org.varlink.service") as service:
            info = service.GetInfo()
            assert info["interfaces"] == ["org.varlink.service", INTERFACE]
            assert info["product"] == "tandemd" and info["version"]
        source = ROOT / "crates/daemon/io.tandem.Receiver.varlink"
        assert client.get_interface(INTERFACE).get_description() == source.read_text()

        with client.open(INTERFACE) as receiver, client.open(INTERFACE) as watcher:
            status = receiver.Status()
            assert status["controller"]["state"] == "up"
            assert status["controller"]["name"] == name
            assert status["controller"]["address"] == address
            assert status["phones"] == [] and status["audible"] == []
            assert status["settings"]["seats"] == 2

            events = (reply["event"] for reply in watcher.Watch(_more=True))
            assert next(events)["event"] == "snapshot"
            receiver.Pair(60)
            event = next(event for event in events if event["event"] == "pairing")
            assert event["open"] is True and event["seconds"] == 60
            assert event["t"] > 0 and event["time"].endswith("Z")
            receiver.StopPairing(_oneway=True)
            event = next(event for event in events if event["event"] == "pairing")
            assert event["open"] is False

            receiver.Set("takeover", "mix")
            assert receiver.Status()["settings"]["takeover"] == "mix"
            assert "loudest" in refused("BadValue", receiver.Set, "takeover", "loudest")
            assert "sound.rate" in refused("Busy", receiver.Set, "sound.rate", "44100")
            assert "colour" in refused("BadValue", receiver.Set, "colour", "red")
            refused("BadValue", receiver.Pair, 0)
            stranger = "00:00:00:00:00:01"
            for phone in ("Nobody", stranger):
                refused("NoSuchPhone", receiver.Connect, phone)
                refused("NoSuchPhone", receiver.Disconnect, phone)
                refused("NoSuchPhone", receiver.Forget, phone)
                refused("NoSuchPhone", receiver.Confirm, phone, True)
            # After all these errors it still answers.
            assert receiver.Status()["controller"]["state"] == "up"


@limits(60)
async def test_a_varlink_client(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        receiver = await one.start_receiver("--name", "Küche", sound="null")
        await asyncio.to_thread(talk, receiver.control, receiver.name, receiver.address)
        assert receiver.name == "Küche"
        await receiver.stop()
        assert not receiver.control.exists()
