"""Two phones that are not ours, and the receiver: pairing, music in turn and at once, coming back."""

import asyncio
import pathlib

import capture
from heard import Heard
from limits import limits
from phone import Manners
from scene import Scene, scene

SLACK = 0.6  # seconds: the jitter buffer, the window, and a busy machine


def check_heard(one: Scene, expected: list[tuple[int, float, float]]) -> None:
    """The tones, in this order, each from about `start` to about `end`, none with a gap."""
    ear = Heard(one.wav)
    played = ear.played()
    assert [span.hz for span in played] == [hz for hz, _, _ in expected], ear.describe()
    for span, (hz, start, end) in zip(played, expected):
        assert abs(span.start - start) < SLACK, f"{hz} Hz from {start:.2f} s: {ear.describe()}"
        assert abs(span.end - end) < SLACK, f"{hz} Hz until {end:.2f} s: {ear.describe()}"
        breaks = ear.breaks(span)
        assert not breaks, f"{hz} Hz is not even: {breaks[:8]}; {ear.describe()}"


def check_capture(one: Scene) -> None:
    """Wireshark finds nothing malformed, and finds the music."""
    assert capture.malformed(one.capture) == []
    assert capture.count(one.capture, "bta2dp || btavdtp || sbc") > 100
    for row in capture.tshark(one.capture, "bthci_evt.link_key", "bthci_evt.link_key"):
        assert not row[0].strip("0:"), "a link key reached the capture"


@limits(120, alone=True)
async def test_music_in_turn_and_at_once(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60", "--name", "Kitchen")
        assert receiver.name == "Kitchen"
        a = await one.phone("Phone A", 440)
        b = await one.phone("Phone B", 660, Manners(most_frames=15, stamps_in_milliseconds=True))
        for phone in (a, b):
            await one.join(phone)
            await one.watch.next("paired", phone=phone.address)
        phones = {p["address"]: p for p in (await one.call("Status"))["phones"]}
        assert all(phones[p.address]["connected"] and phones[p.address]["bonded"] for p in (a, b))

        expected = []
        for phone, hz in ((a, 440), (b, 660)):
            after = len(one.watch.events)
            await phone.play()
            start = one.clock()
            await one.watch.next("stream", after, phone=phone.address, state="playing")
            await one.heard(phone, after=after)
            await asyncio.sleep(3)
            after = len(one.watch.events)
            end = one.clock()
            await phone.suspend()
            await one.heard(after=after)
            expected.append((hz, start, end))
            await asyncio.sleep(0.5)

        # Both: what plays goes on until the newcomer has sounded for 2 s.
        after = len(one.watch.events)
        await a.play()
        start = one.clock()
        await one.heard(a, after=after)
        await asyncio.sleep(1.5)
        after = len(one.watch.events)
        await b.play()
        started = one.clock()
        await one.heard(b, after=after)
        taken = one.clock()
        assert 1.9 < taken - started < 4, f"B took over {taken - started:.2f} s after its start"
        expected.append((440, start, taken))
        await asyncio.sleep(2.5)
        end = one.clock()
        after = len(one.watch.events)
        await a.suspend()
        await b.suspend()
        await one.heard(after=after)
        expected.append((660, taken, end))

        for phone in (a, b):
            assert phone.pump.packets > 80
        await receiver.stop()
        check_heard(one, expected)
        check_capture(one)
        for name, after_stop in (("A", a), ("B", b)):
            assert after_stop.connection is None, f"phone {name} was told goodbye"


@limits(120, alone=True)
async def test_coming_back_with_the_stored_key(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60")
        a, b = await one.phone("Phone A", 440), await one.phone("Phone B", 660)
        for phone in (a, b):
            await one.join(phone)
        await one.call("StopPairing")

        # A plays; B goes, comes back by itself and plays at once: not heard in its first 5 s.
        after = len(one.watch.events)
        await a.play()
        await one.heard(a, after=after)
        await b.disconnect()
        gone = await one.watch.next(
            "phone", after, phone=b.address, state="disconnected", seconds=5
        )
        after = one.watch.events.index(gone) + 1
        await one.join(b)
        back = await one.watch.next("phone", after, phone=b.address, state="connected")
        await b.play()
        await asyncio.sleep(max(0.0, back["t"] + 5 - one.watch.events[-1]["t"]))
        early = [
            event
            for event in one.watch.of("audible")
            if back["t"] <= event["t"] < back["t"] + 5
            and b.address in [source["phone"] for source in event["phones"]]
        ]
        assert not early, f"B was heard {early[0]['t'] - back['t']:.2f} s after it connected"
        await b.suspend()
        await a.suspend()

        # A goes on purpose and is not chased; the receiver fetches it when it is told to.
        after = len(one.watch.events)
        await a.disconnect()
        await one.watch.next("phone", after, phone=a.address, state="disconnected", seconds=5)
        after = len(one.watch.events)
        await one.call("Connect", phone=a.address)
        await one.watch.next("profile", after, phone=a.address, profile="a2dp", up=True)
        await a.opened()
        await a.play()
        await one.heard(a, after=after)
        await a.suspend()

        assert (a.paired, b.paired) == (1, 1), "a stored key is used, nobody pairs again"
        assert len(one.watch.of("paired")) == 2
        await receiver.stop()
        check_capture(one)


@limits(90, alone=True)
async def test_bonds_outlive_the_daemon(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        first = await one.start_receiver("--pair", "60")
        a = await one.phone("Phone A", 440)
        await one.join(a)
        await one.watch.next("paired", phone=a.address)
        first.process.kill()
        await first.process.wait()
        await asyncio.wait_for(a.disconnected.wait(), 15)
        # It is left to the phone to come: both paging at once is another matter.
        second = await one.start_receiver("--set", "reconnect=false")
        assert second.address == first.address
        known = {p["address"]: p for p in (await one.call("Status"))["phones"]}
        assert known[a.address]["bonded"]
        await a.connect(second.address)
        await a.open_music()
        after = len(one.watch.events)
        await a.play()
        await one.heard(a, after=after)
        assert a.paired == 1
        # A stranger is turned away outside pairing mode.
        stranger = await one.phone("Stranger", 660)
        refused = False
        try:
            await stranger.connect(second.address)
        except Exception:  # however it is told
            refused = True
        assert refused or stranger.connection is None
        assert stranger.paired == 0
        await second.stop()
