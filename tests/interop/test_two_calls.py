"""Calls on two phones at once, and calls beside music: who is heard, who is held, who waits, and who
comes back. Voice and music of A are 500 Hz, of B 800 Hz."""

import asyncio
import pathlib

from bumble import avdtp, hci

from features import Features, Habits
from gateway import Gateway
from heard import Heard
from limits import limits
from player import KEY, Player
from scene import Scene, scene

ADA, BEN, CLEO = "+15550101", "5550102", "5550103"
NO_ROOM = hci.HCI_CONNECTION_REJECTED_DUE_TO_LIMITED_RESOURCES_ERROR


async def two(one: Scene, *, a: dict | None = None, b: dict | None = None, settings: tuple = ()):
    """A receiver and two phones that are ready to call."""
    await one.start_receiver("--pair", "90", *settings)
    phones = [
        await one.gateway("Phone A", 500, **(a or {})),
        await one.gateway("Phone B", 800, **(b or {})),
    ]
    for phone in phones:
        await one.reach(phone)
    return phones


async def talks(one: Scene, a: Gateway, number: str = ADA) -> int:
    """A's call is spoken in here."""
    after = one.now
    call = await a.ring(number)
    await one.told(a, "incoming", after)
    await one.call("Answer", how="default", phone=a.address)
    await one.spoken(a, after)
    assert a.calls.active == [call]
    return after


def orders(one: Scene, gateway: Gateway, after: int) -> list[str]:
    return [
        event["order"]
        for event in one.watch.events[after:]
        if event["event"] == "order" and event["phone"] == gateway.address
    ]


def never_two_voices(one: Scene) -> None:
    """At most one voice link is open at any time."""
    there: set[str] = set()
    for event in one.watch.of("voice"):
        (there.add if event["state"] == "open" else there.discard)(event["phone"])
        assert len(there) < 2, f"two voice links at {event['t']}"


async def rests(one: Scene, *phones: Gateway) -> None:
    """All calls end, and nothing is heard."""
    after = one.now
    for phone in phones:
        phone.end(*phone.calls.all)
        phone.on_handset = False
    for phone in phones:
        await phone.has_voice(False)
    if one.watch.of("audible")[-1]["phones"]:
        await one.heard(after=after)


@limits(90)
async def test_two_phones_that_ring_at_once_are_not_mixed_up(folder: pathlib.Path) -> None:
    """Each has its ring, its caller, its list of calls."""
    async with scene(folder) as one:
        a, b = await two(one)
        after, said = one.now, len(b.log)
        await asyncio.gather(a.ring(ADA, "Ada"), b.ring(BEN, "Ben"))
        for phone, number, name in ((a, ADA, "Ada"), (b, BEN, "Ben")):
            await one.told(phone, "incoming", after, number=number, name=name, index=1)
        phones = {p["address"]: p["calls"] for p in (await one.call("Status"))["phones"]}
        assert [[c["number"] for c in phones[p.address]] for p in (a, b)] == [[ADA], [BEN]]
        # The one that is named is meant; the other one rings on.
        await one.call("Reject", phone="Phone B")
        await b.asked("AT+CHUP", said)
        await one.told(b, "ended", after)
        await one.heard(a, after=after, kind="ring")
        assert a.calls.ringing and not [t for _, t in a.log if t in ("ATA", "AT+CHUP")]
        # The newest is meant where none is named.
        after = one.now
        await b.ring(CLEO)
        await one.told(b, "incoming", after, number=CLEO)
        await one.call("Answer", how="default")
        await one.spoken(b, after)
        assert a.calls.ringing and b.calls.active
        wrong = [
            event
            for event in one.watch.of("call")
            if (event["phone"] == a.address) != (event.get("number", ADA) == ADA)
            and event.get("number")
        ]
        assert not wrong, wrong
        await rests(one, a, b)
        never_two_voices(one)


@limits(120, alone=True)
async def test_music_makes_room_for_calls_and_comes_back(folder: pathlib.Path) -> None:
    """HF_SNK_CT_HFAV_CLH_MD_BV_01 to _06: rows 1 to 5 and 7 of who is heard."""
    async with scene(folder) as one:
        a, b = await two(one)
        player = Player(b.phone, opens=True)
        await player.join(one)
        # Nothing takes over from a phone that came a moment ago.
        await asyncio.sleep(5)
        after = one.now
        await player.play()
        await one.heard(b, after=after, kind="media")
        await asyncio.sleep(1)

        async def paused(after: int) -> None:
            await one.watch.next("order", after, phone=b.address, order="pause")
            await one.watch.next("playback", after, phone=b.address, status="paused")

        async def resumed(ended: float, after: int) -> None:
            await one.heard(b, after=after, kind="media")
            event = await one.watch.next("order", after, phone=b.address, order="play")
            assert 0.4 < event["t"] - ended < 1.5, f"resumed after {event['t'] - ended:.2f} s"
            assert player.pressed == [KEY.PAUSE, KEY.PLAY], player.pressed
            player.pressed.clear()
            await asyncio.sleep(1)

        # Missed.
        after = one.now
        call = await a.ring(ADA)
        await one.heard(a, after=after, kind="ring")
        await paused(after)
        a.end(call)
        ended = await one.told(a, "ended", after)
        await resumed(ended["t"], after)
        # Answered here, and play is pressed in the middle of it: not heard, and told to pause.
        after = await talks(one, a)
        await paused(after)
        pressed = one.now
        await player.play()
        await one.watch.next("order", pressed, phone=b.address, order="pause")
        await one.watch.next("playback", pressed, phone=b.address, status="paused")
        assert not [e for e in one.watch.events[after:] if e["event"] == "audible"
                    and b.address in [s["phone"] for s in e["phones"]]]
        player.pressed.remove(KEY.PAUSE)
        await asyncio.sleep(1)
        a.end(*a.calls.all)
        ended = await one.told(a, "ended", after)
        await resumed(ended["t"], after)
        # Dialled.
        after = one.now
        await one.call("Dial", number=BEN, phone=a.address)
        await one.heard(a, after=after, kind="ring")
        await paused(after)
        await one.call("HangUp")
        ended = await one.told(a, "ended", after)
        await resumed(ended["t"], after)
        # What its owner paused is not resumed.
        async with asyncio.timeout(5):
            while b.phone.stream.state != avdtp.State.STREAMING:
                await asyncio.sleep(0.02)
        after = one.now
        await player.pause()
        await one.heard(after=after)
        after = await talks(one, a)
        a.end(*a.calls.all)
        await one.heard(after=after)
        await asyncio.sleep(1)
        assert player.pressed == [], "nobody is resumed whom we did not pause"
        await one.receiver.stop()
    ear = Heard(one.wav, (500, 800))
    tones = [span.hz for span in ear.played() if span.hz > 0]
    assert tones[0] == 800 and 500 in tones and tones.count(800) >= 4, ear.describe()


@limits(60)
async def test_music_and_a_call_of_one_phone_are_its_own_affair(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        a = await one.gateway("Phone A", 500)
        player = Player(a.phone, opens=True)
        await player.join(one)
        await one.reach(a)
        after = one.now
        await player.play()
        await one.heard(a, after=after, kind="media")
        after = one.now
        call = await a.ring(ADA)
        await player.pause()
        await one.heard(a, after=after, kind="ring")
        a.answer(call)
        await one.spoken(a, after)
        a.end(call)
        await one.told(a, "ended", after)
        await player.play()
        await one.heard(a, after=after, kind="media")
        await asyncio.sleep(1)
        assert player.pressed == [] and not {"pause", "play"} & set(orders(one, a, after))


@limits(120, alone=True)
async def test_hold_and_accept_across_phones(folder: pathlib.Path) -> None:
    """Rows 9, 12 and 13, with a phone that closes its voice link on hold, and one that does not."""
    async with scene(folder) as one:
        a, b = await two(one)
        for stays in (False, True):
            a.habits.voice_on_hold = stays
            await talks(one, a)
            after, said, links = one.now, len(a.log), b.voice.opened
            await b.ring(BEN)
            await one.told(b, "incoming", after, number=BEN)
            await asyncio.sleep(1)
            assert a.voice.link and b.voice.opened == links, "it waits without a voice link"
            assert [text for _, text in a.log[said:]] == [] and a.calls.active
            await one.call("Answer", how="default")
            held = await a.asked("AT+CHLD=2", said)
            answered = await b.asked("ATA")
            assert held < answered and a.calls.held
            closed = await one.watch.next("voice", after, phone=a.address, state="closed")
            await one.spoken(b, after)
            opened = await one.watch.next("voice", after, phone=b.address, state="open")
            assert closed["t"] <= opened["t"] and not a.voice.link
            assert {"hold"} <= set(orders(one, a, after)), orders(one, a, after)
            assert {"answer"} <= set(orders(one, b, after)), orders(one, b, after)
            await asyncio.sleep(0.7)
            # Across phones and back.
            after, said = one.now, len(a.log)
            await one.call("Swap")
            await a.asked("AT+CHLD=2", said)
            await one.spoken(a, after)
            assert b.calls.held and not b.voice.link
            await asyncio.sleep(0.7)
            after = one.now
            await one.call("Swap")
            await one.spoken(b, after)
            assert a.calls.held
            # B's ends: whom we held comes back by itself.
            after, said = one.now, len(a.log)
            b.end(*b.calls.all)
            await one.told(b, "ended", after)
            await a.asked("AT+CHLD=2", said)
            await one.spoken(a, after)
            await asyncio.sleep(0.5)
            b.log.clear()
            await rests(one, a, b)
        never_two_voices(one)
        await one.receiver.stop()
    ear = Heard(one.wav, (500, 800))
    tones = [span.hz for span in ear.played() if span.hz > 0 and span.seconds > 0.3]
    turns = [hz for n, hz in enumerate(tones) if not n or tones[n - 1] != hz]
    assert turns[:3] == [500, 800, 500], ear.describe()


@limits(90)
async def test_end_and_accept_and_reject_across_phones(folder: pathlib.Path) -> None:
    """Rows 10, 11 and 13."""
    async with scene(folder) as one:
        a, b = await two(one)
        await talks(one, a)
        # Rejected: A is not disturbed.
        after, said, links = one.now, len(a.log), a.voice.opened
        await b.ring(BEN)
        await one.told(b, "incoming", after, number=BEN)
        await one.call("Reject")
        await b.asked("AT+CHUP")
        await one.told(b, "ended", after)
        assert a.voice.link and a.voice.opened == links and a.calls.active
        assert not [t for _, t in a.log[said:] if t != "AT+CLCC"] and not orders(one, a, after)
        # Ended for B's.
        after, said = one.now, len(b.log)
        await b.ring(CLEO)
        await one.told(b, "incoming", after, number=CLEO)
        await one.call("Answer", how="end")
        hung_up = await a.asked("AT+CHUP")
        assert hung_up < await b.asked("ATA", said)
        await one.told(a, "ended", after)
        await one.spoken(b, after)
        assert not a.calls.all
        # The active one ends while another rings: that rings in full.
        after = one.now
        await a.ring(ADA)
        await one.told(a, "incoming", after, number=ADA)
        b.end(*b.calls.all)
        await one.told(b, "ended", after)
        await one.heard(a, after=after, kind="ring")
        await one.call("Answer", how="default")
        await one.spoken(a, after)
        # What its owner holds on the phone stays held.
        a.hold("2")
        await one.told(a, "held", after)
        await a.has_voice(False)
        said = len(a.log)
        await talks(one, b, BEN)
        b.end(*b.calls.all)
        await one.heard(after=after)
        await asyncio.sleep(0.5)
        assert a.calls.held and not [t for _, t in a.log[said:] if t.startswith("AT+CHLD=")]
        await rests(one, a, b)
        never_two_voices(one)


@limits(120)
async def test_a_call_that_cannot_be_held_goes_on_at_its_phone(folder: pathlib.Path) -> None:
    """Row 14: no hold listed, an error, an OK that changes nothing, another call on hold there."""
    async with scene(folder) as one:
        a, b = await two(one, a={"features": Features(holds=("0", "1"))})
        for features, answers in (
            (Features(holds=("0", "1")), {}),
            (Features(), {"AT+CHLD=2": ("ERROR",)}),
            (Features(), {"AT+CHLD=2": ("OK",)}),
            (Features(), {}),
        ):
            a.habits.answers = answers
            if features != a.features:
                await a.line.close()
                a.features = features
                await one.reach(a)
            await talks(one, a)
            if features.holds == Features().holds and not answers:
                # One held, one active: there is nothing to hold it with.
                after = one.now
                await a.ring(CLEO)
                await one.told(a, "incoming", after)
                await one.call("Answer", how="hold")
                await a.until(lambda: a.calls.held and a.calls.active, "two calls")
            after, said = one.now, len(b.log)
            await b.ring(BEN)
            await one.told(b, "incoming", after, number=BEN)
            await one.call("Answer", how="hold", phone=b.address)
            await b.asked("ATA", said)
            await one.watch.next("warning", after, code="call_on_phone")
            await one.spoken(b, after)
            assert a.calls.active and not a.voice.link and a.on_handset
            # B's ends: A's voice is asked for again.
            after, said = one.now, len(a.log)
            b.end(*b.calls.all)
            await a.asked("AT+BCC", said)
            await a.has_voice()
            await one.heard(a, after=after, kind="call")
            await rests(one, a, b)
        never_two_voices(one)


@limits(90)
async def test_voice_links_that_are_not_wanted_now(folder: pathlib.Path) -> None:
    """Row 15: rejected while another is spoken in, each retry too; and asked for when its turn comes."""
    habits = Habits(insists=3, insists_after=0.2)
    async with scene(folder) as one:
        a, b = await two(one, b={"features": Features(in_band=True), "habits": habits})
        await talks(one, a)
        after, asked, said = one.now, b.voice.asked, len(b.log)
        await b.ring(BEN)
        await one.told(b, "incoming", after, number=BEN)
        await b.until(lambda: b.voice.asked >= asked + 4, "it insists")
        await asyncio.sleep(0.5)
        assert not b.voice.link and b.voice.rejected and set(b.voice.rejected) == {NO_ROOM}
        assert len([t for _, t in b.log[said:] if t.startswith("AT+BCS=")]) >= 4, "+BCS is answered"
        assert a.voice.link and "reject_voice" in orders(one, b, after)
        await one.call("Answer", how="hold")
        await one.spoken(b, after)
        # B dialled a computer's number meanwhile: A's voice is turned away, too.
        after, asked = one.now, a.voice.asked
        a.hold("2")
        a.on_handset = False
        a.follow()
        await a.until(lambda: a.voice.asked > asked, "A asks")
        await asyncio.sleep(0.5)
        assert b.voice.link and not a.voice.link
        await rests(one, a, b)
        never_two_voices(one)


@limits(90)
async def test_answer_and_resume_as_they_are_set(folder: pathlib.Path) -> None:
    settings = ("--set", "answer=end", "--set", "resume_call=never")
    async with scene(folder) as one:
        a, b = await two(one, settings=settings)
        await talks(one, a)
        after = one.now
        await b.ring(BEN)
        await one.told(b, "incoming", after)
        await one.call("Answer", how="default")
        await a.asked("AT+CHUP")
        await one.spoken(b, after)
        after, said = one.now, len(b.log)
        await a.ring(ADA)
        await one.told(a, "incoming", after)
        await one.call("Answer", how="hold")
        await b.asked("AT+CHLD=2", said)
        await one.spoken(a, after)
        after, said = one.now, len(b.log)
        a.end(*a.calls.all)
        await one.told(a, "ended", after)
        await asyncio.sleep(1)
        assert b.calls.held and not [t for _, t in b.log[said:] if t.startswith("AT+CHLD=")]
        # Answered by itself after a ring, where that is set for the phone.
        b.end(*b.calls.all)
        await one.call("Set", key="auto_answer", value="true", phone=a.address)
        after = one.now
        await a.ring(ADA)
        await one.spoken(a, after)
        after, said = one.now, len(b.log)
        await one.call("Set", key="auto_answer", value="true", phone=b.address)
        await b.ring(BEN)
        await one.told(b, "incoming", after)
        await asyncio.sleep(b.habits.ring_every + 1)
        assert not [t for _, t in b.log[said:] if t == "ATA"], "not while a call is active"
        await rests(one, a, b)


@limits(90)
async def test_a_phone_in_a_call_keeps_its_seat(folder: pathlib.Path) -> None:
    """Promise 4: the newcomer takes the other seat; with calls in both it is turned away."""
    async with scene(folder) as one:
        a, b = await two(one)
        c = await one.phone("Phone C", 660)
        await one.join(c)
        await one.watch.next("evicted", by=c.address)
        await c.disconnect()
        for phone in (a, b):
            if not phone.phone.connection:
                await one.reach(phone)
        await talks(one, a)
        after = one.now
        await one.join(c)
        evicted = await one.watch.next("evicted", after)
        assert (evicted["phone"], evicted["by"]) == (b.address, c.address)
        assert a.voice.link and a.calls.active
        await c.disconnect()
        await one.watch.next("phone", after, phone=c.address, state="disconnected")
        await one.reach(b)
        after = one.now
        await b.ring(BEN)
        await one.told(b, "incoming", after, number=BEN)
        await c.connect(one.receiver.address)
        await asyncio.wait_for(c.disconnected.wait(), 10)
        assert a.phone.connection and b.phone.connection and a.voice.link
        assert not [e for e in one.watch.events[after:] if e["event"] == "evicted"]
        await rests(one, a, b)


@limits(60)
async def test_a_call_goes_before_a_voice_session(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        a, b = await two(one)
        after = one.now
        a.listen(True)
        await one.heard(a, after=after, kind="voice")
        after = one.now
        await b.ring(BEN)
        await one.heard(b, after=after, kind="ring")
        await one.call("Answer", how="default")
        await one.spoken(b, after)
        assert not a.voice.link and not [t for _, t in a.log if t.startswith("AT+CHLD=2")], a.log
        a.listens = False
        await rests(one, a, b)
        never_two_voices(one)
