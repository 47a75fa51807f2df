"""Calls with one phone: in, out, waiting, held, in conference; what is sent along with them; phones
that can little. Where a case of the SIG's fits, it is named."""

import asyncio
import pathlib
import random

from features import PLAIN, Features, Habits, features
from heard import Heard
from limits import limits
from scene import caller, scene
from speech import CVSD, MSBC, NAMES

ADA, BEN = "+15550101", "5550102"


@limits(60)
async def test_a_call_comes_in(folder: pathlib.Path) -> None:
    """HFP/HF/ICA/BV-01, -04, -06; TCA/BV-01, -02, -04; ICR/BV-01, -02; CLI/BV-01; ACT transfers."""
    async with caller(folder) as (one, a):
        # Answered here, ended here.
        after, said = one.now, len(a.log)
        await a.ring(ADA, "Ada")
        await one.told(a, "incoming", after)
        await one.told(a, "incoming", after, number=ADA, name="Ada", index=1)
        await one.heard(a, after=after, kind="ring")
        [call] = (await one.call("Status"))["phones"][0]["calls"]
        assert (call["state"], call["number"], call["index"]) == ("incoming", ADA, 1), call
        await one.call("Answer", how="default")
        await a.asked("ATA", said)
        await one.spoken(a, after)
        assert one.watch.of("voice", codec="msbc") and (await one.call("Status"))["phones"][0]["voice"]
        await one.call("HangUp")
        await a.asked("AT+CHUP", said)
        await one.told(a, "ended", after, index=1)
        await one.watch.next("voice", after, phone=a.address, state="closed")
        await one.heard(after=after)

        # Rejected here; given up by the caller.
        for verb in ("Reject", None):
            after, said = one.now, len(a.log)
            call = await a.ring(BEN)
            await one.told(a, "incoming", after, number=BEN)
            if verb:
                await one.call(verb)
                await a.asked("AT+CHUP", said)
            else:
                a.end(call)
            await one.told(a, "ended", after)
            await one.heard(after=after)
        await one.refused("NothingToAnswer", "Answer", how="default")
        await one.refused("NothingToAnswer", "Reject")
        await one.refused("NoCall", "HangUp")

        # Answered at the phone, and the audio stays there; then it is fetched, and sent back.
        after, said = one.now, len(a.log)
        call = await a.ring(ADA)
        await one.told(a, "incoming", after)
        a.answer(call, on_handset=True)
        await one.told(a, "active", after)
        await one.heard(a, after=after, kind="call")
        assert not a.voice.link and not [text for _, text in a.log[said:] if "BCC" in text]
        await one.call("Voice", to="receiver")
        await a.asked("AT+BCC", said)
        await one.spoken(a, after)
        after = one.now
        await one.call("Voice", to="phone")
        await a.has_voice(False)
        await one.watch.next("voice", after, phone=a.address, state="closed")
        assert a.calls.active and a.on_handset
        a.end(call)
        await one.told(a, "ended", after)
        # Answered at the phone, with the audio here.
        after = one.now
        call = await a.ring(ADA)
        a.answer(call)
        await one.spoken(a, after)
        a.end(call)
        await one.heard(after=after)


@limits(60, alone=True)
async def test_ringing_is_heard(folder: pathlib.Path) -> None:
    """HFP/HF/ICA/BV-02, -03: the phone's own ring over its voice link; else a tone of ours."""
    async with caller(folder, features=Features(in_band=True)) as (one, a):
        after = one.now
        call = await a.ring(ADA)
        await one.watch.next("voice", after, phone=a.address, state="open")
        await one.heard(a, after=after, kind="ring")
        own = one.clock()
        await asyncio.sleep(1.5)
        own_end = one.clock()
        a.end(call)
        await one.heard(after=after)
        a.ring_in_band(False)
        after = one.now
        call = await a.ring(ADA)
        await one.heard(a, after=after, kind="ring")
        local = one.clock()
        await asyncio.sleep(2.5)
        local_end = one.clock()
        assert not a.voice.link
        a.end(call)
        await one.heard(after=after)
        await one.receiver.stop()
    ear = Heard(one.wav, (500,))
    phones = [span for span in ear.played() if span.hz == 500]
    assert len(phones) == 1 and abs(phones[0].start - own) < 0.6, ear.describe()
    assert phones[0].end - phones[0].start > own_end - own - 0.6, ear.describe()
    ours = [s for s in ear.played() if local - 0.6 < s.start and s.end < local_end + 0.6]
    assert ours and all(span.hz != 500 for span in ours), ear.describe()


@limits(60)
async def test_calls_are_made(folder: pathlib.Path) -> None:
    """HFP/HF/OCN/BV-01, OCM/BV-01, -02, OCL/BV-01, -02; TCA/BV-03; CIT/BV-01."""
    async with caller(folder) as (one, a):
        a.memory["2"] = "5550199"
        await one.refused("Refused", "Redial")
        after, said = one.now, len(a.log)
        await one.call("Dial", number=ADA)
        await a.asked(f"ATD{ADA};", said)
        await one.told(a, "outgoing", after, index=1)
        call = a.calls.outgoing
        a.alert(call)
        await one.heard(a, after=after, kind="ring")
        await a.has_voice()
        a.answer(call)
        await one.spoken(a, after)
        a.end(call)
        await one.told(a, "ended", after)

        for verb, parameters, line in (
            ("Redial", {}, "AT+BLDN"),
            ("Dial", {"number": ">2"}, "ATD>2;"),
        ):
            after, said = one.now, len(a.log)
            await one.call(verb, **parameters)
            await a.asked(line, said)
            await one.told(a, "outgoing", after)
            await one.call("HangUp")
            await a.asked("AT+CHUP", said)
            await one.told(a, "ended", after)
            await one.heard(after=after)
        await one.refused("Refused", "Dial", number=">3")
        for number in ("", "12 34", "0;ATA", "x", ">", "1" * 200):
            await one.refused("BadValue", "Dial", number=number)

        # Dialled at the phone; the other end does not answer.
        after = one.now
        call = a.dial(BEN)
        await one.told(a, "outgoing", after, number=BEN)
        a.end(call)
        await one.told(a, "ended", after)
        assert not a.calls.all


@limits(90)
async def test_two_calls_of_one_phone(folder: pathlib.Path) -> None:
    """HFP/HF/TWC/BV-01 to -06; ECS/BV-01 to -03; ECC/BV-01, -02."""
    async with caller(folder) as (one, a):

        async def spoken_and_waiting() -> tuple:
            after = one.now
            first = await a.ring(ADA)
            await one.told(a, "incoming", after, number=ADA)
            await one.call("Answer", how="default")
            await one.told(a, "active", after)
            second = await a.ring(BEN)
            await one.told(a, "incoming", after, number=BEN, index=second.index)
            return first, second

        async def does(line: str, verb: str, **parameters) -> int:
            after, said = one.now, len(a.log)
            await one.call(verb, **parameters)
            await a.asked(line, said)
            return after

        def states() -> list[tuple[int, str]]:
            return [(call.index, call.state.name) for call in a.calls.all]

        # Hold and accept, swap, confer, speak with one, end one, leave both to each other.
        await spoken_and_waiting()
        after = await does("AT+CHLD=2", "Answer", how="hold")
        await one.told(a, "held", after, index=1)
        await one.told(a, "active", after, index=2)
        assert states() == [(1, "HELD"), (2, "ACTIVE")] and a.voice.link
        after = await does("AT+CHLD=2", "Swap")
        await one.told(a, "active", after, index=1)
        await one.told(a, "held", after, index=2)
        after = await does("AT+CHLD=3", "Merge")
        await one.told(a, "active", after, index=2)
        assert all(call.conference for call in a.calls.all)
        after = await does("AT+CHLD=21", "Private", index=1)
        await one.told(a, "held", after, index=2)
        after = await does("AT+CHLD=4", "Transfer")
        await one.told(a, "ended", after, index=1)
        await one.told(a, "ended", after, index=2)
        await one.heard(after=after)

        # Rejected, and the first goes on.
        await spoken_and_waiting()
        after = await does("AT+CHLD=0", "Reject")
        await one.told(a, "ended", after, index=2)
        assert states() == [(1, "ACTIVE")]
        # Put on hold, and taken back.
        after = await does("AT+CHLD=2", "Hold")
        await one.told(a, "held", after, index=1)
        after = await does("AT+CHLD=2", "Hold")
        await one.told(a, "active", after, index=1)
        a.end(*a.calls.all)
        await one.told(a, "ended", after, index=1)

        # End and accept; then the one of two that is named is ended.
        await spoken_and_waiting()
        after = await does("AT+CHLD=1", "Answer", how="end")
        await one.told(a, "ended", after, index=1)
        await one.told(a, "active", after, index=2)
        third = await a.ring(ADA)
        await one.told(a, "incoming", after, index=third.index)
        await does("AT+CHLD=2", "Answer", how="hold")
        after = await does("AT+CHLD=12", "HangUp", index=2)
        await one.told(a, "ended", after, index=2)
        assert a.calls.all == [third]
        # What was active ends: who waits rings in full.
        fourth = await a.ring(BEN)
        await one.told(a, "incoming", after, index=fourth.index)
        after = one.now
        a.end(third)
        await one.told(a, "ended", after, index=third.index)
        await one.heard(a, after=after, kind="ring")
        after = await does("ATA", "Answer", how="default")
        await one.spoken(a, after)
        a.end(fourth)
        await one.told(a, "ended", after, index=fourth.index)


@limits(60)
async def test_what_a_phone_does_not_list_is_not_asked_of_it(folder: pathlib.Path) -> None:
    async with caller(folder, features=Features(holds=("0", "1"), call_control=False)) as (one, a):
        after, said = one.now, len(a.log)
        a.answer(await a.ring(ADA))
        await one.spoken(a, after)
        second = await a.ring(BEN)
        await one.told(a, "incoming", after, index=second.index)
        await one.refused("NotSupported", "Answer", how="hold")
        await one.refused("NotSupported", "Hold")
        # Its owner can.
        a.hold("2")
        await one.told(a, "held", after, index=1)
        for verb, parameters in (
            ("Swap", {}),
            ("Merge", {}),
            ("Transfer", {}),
            ("Private", {"index": 1}),
        ):
            await one.refused("NotSupported", verb, **parameters)
        assert not [text for _, text in a.log[said:] if text.startswith(("AT+CHLD=", "ATA"))]


@limits(60)
async def test_what_goes_along_with_calls(folder: pathlib.Path) -> None:
    """HFP/HF/TDC/BV-01, RSV/BV-01 to -03, RMV/BV-01, VRA/BV-01, -02, VRD/BV-01, ENO/BV-01, HFI. Here it is the receiver that
    opens the line."""
    async with caller(folder, habits=Habits(opens=False)) as (one, a):
        who = {"phone": a.address}
        # Before any call: our battery, the phone's indicators.
        await one.call("Battery", percent=64)
        await a.until(lambda: a.battery.get("BIEV 2") == "64", "AT+BIEV=2,64")
        after = one.now
        for name, value, told in (("battchg", 5, 100), ("signal", 1, 1), ("roam", 1, 1), ("service", 0, 0)):
            a.indicate(name, value)
            kind = {"battchg": "battery", "roam": "roaming"}.get(name, name)
            await one.watch.next("indicator", after, indicator=kind, value=told, **who)

        await one.refused("NoCall", "Tones", digits="1")
        a.answer(await a.ring(ADA))
        await one.spoken(a, after)
        await one.call("Tones", digits="12*#D")
        assert a.tones == "12*#D"
        await one.refused("BadValue", "Tones", digits="x")
        # Volume: ours to the phone, the phone's to us.
        await one.call("Volume", percent=100, kind="call")
        await a.until(lambda: a.volumes.get("speaker") == 15, "AT+VGS=15")
        after = one.now
        a.tell("+VGS: 3")
        event = await one.watch.next("volume", after, kind="call", **who)
        assert event["percent"] == 20, event
        a.end(*a.calls.all)
        await one.heard(after=after)

        # The assistant, from either side.
        after = one.now
        await one.call("Assistant", on=True)
        await a.asked("AT+BVRA=1")
        await one.heard(a, after=after, kind="assistant")
        await a.has_voice()
        a.assist(False)
        await one.heard(after=after)
        after = one.now
        a.assist(True)
        await one.heard(a, after=after, kind="assistant")
        await one.call("Assistant", on=False)
        await a.asked("AT+BVRA=0")
        await one.heard(after=after)

        # Apple's phones take the battery in a way of their own, in tenths.
        await a.line.close()
        a.features, a.habits = features(accessory=True), Habits()
        await one.reach(a)
        await a.until(lambda: a.battery.get("IPHONEACCEV 1") == "6", "AT+IPHONEACCEV=1,1,6")


def sample(count: int) -> list[Features]:
    """Some of the combinations that there are, the same each time."""
    dice = random.Random(20)
    holds = ((), ("0", "1"), ("0", "1", "2"), ("0", "1", "1x", "2", "2x", "3"))
    return [
        features(
            holds=dice.choice(holds),
            codecs=dice.choice(((), (CVSD,), (CVSD, MSBC))),
            hf_indicators=dice.choice(((), (2,), (1, 2))),
            assistant=dice.randrange(3),
            version=dice.choice((0x0105, 0x0106, 0x0107, 0x0108, 0x0109)),
            **{
                name: dice.random() < 0.5
                for name in (
                    "in_band", "call_status", "call_control", "errors", "esco_s4",
                    "noise_reduction", "reject", "accessory", "memory",
                )
            },
        )
        for _ in range(count)
    ]


@limits(120)
async def test_phones_of_every_ability(folder: pathlib.Path) -> None:
    """HFP/HF/SLC/BV-01 to -10: nothing, everything, and what is in between; each takes a call."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        a = await one.gateway("Phone A", 500)
        await a.phone.connect(one.receiver.address)
        for able in (PLAIN, Features(), *sample(14)):
            a.features, a.rings_in_band = able, able.in_band
            after = one.now
            await one.reach(a)
            call = await a.ring(ADA)
            await one.told(a, "incoming", after, number=ADA)
            await one.call("Answer", how="default")
            await one.spoken(a, after)
            wideband = MSBC in able.codecs
            assert a.voice.codec == (MSBC if wideband else CVSD), able
            [event] = one.watch.of("voice", state="open")[-1:]
            assert event["codec"] == NAMES[a.voice.codec], event
            a.end(call)
            await one.told(a, "ended", after)
            await a.has_voice(False)
            asked = [text for _, text in a.log]
            for line, there in (
                ("AT+BAC", able.codecs),
                ("AT+CHLD=?", able.holds),
                ("AT+BIND", able.hf_indicators),
                ("AT+CLCC", able.call_status),
            ):
                assert any(line in text for text in asked) == bool(there), (line, able, asked)
            await a.line.close()
            await one.watch.next("profile", after, phone=a.address, profile="hfp", up=False)
            a.log.clear()
