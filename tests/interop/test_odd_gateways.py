"""Phones whose calls are not as they should be: each works as far as it can, costs nobody else
anything, and leaves nothing behind."""

import asyncio
import pathlib

from features import Features, Habits, features
from gateway import Gateway
from headset_gateway import HeadsetGateway
from limits import limits
from player import Player
from scene import Scene, caller, scene
from speech import CVSD, MSBC

ADA, BEN = "+15550101", "5550102"


async def again(one: Scene, a: Gateway, **habits) -> None:
    """The line is closed and opened again by a phone of other habits."""
    after = one.now
    if a.line:
        await a.line.close()
        await one.watch.next("profile", after, phone=a.address, profile="hfp", up=False)
    a.habits = Habits(**habits)
    a.log.clear()
    await one.reach(a)


async def works(one: Scene, a: Gateway) -> None:
    """A call comes, is answered here and ends."""
    after = one.now
    call = await a.ring(ADA)
    await one.told(a, "incoming", after)
    await one.call("Answer", how="default", phone=a.address)
    await one.spoken(a, after)
    a.end(call)
    await one.told(a, "ended", after)
    await one.heard(after=after)
    await a.has_voice(False)


@limits(60)
async def test_computers_and_their_microphones(folder: pathlib.Path) -> None:
    """Row 23: a voice link alone is a voice session, and so is one with a dummy `call` indicator;
    what +CLCC lists is a call, whatever the indicators say."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        a, b = await one.gateway("Computer", 500), await one.gateway("Phone B", 800)
        player = Player(b.phone, opens=True)
        await player.join(one)
        await one.reach(a)
        after = one.now
        await player.play()
        await one.heard(b, after=after, kind="media")
        for dummy in (False, True):
            after = one.now
            a.listen(True)
            if dummy:
                a.indicate("call", 1)
            await one.heard(a, after=after, kind="voice")
            await asyncio.sleep(0.5)
            assert not one.watch.events[after:] or not [
                e for e in one.watch.events[after:] if e["event"] == "call"
            ]
            a.listen(False)
            if dummy:
                a.indicate("call", 0)
            await one.heard(b, after=after, kind="media", seconds=8)
        # It is hung up here, once as soon as it is known.
        for at_once in (False, True):
            after = one.now
            a.listen(True)
            await one.heard(a, after=after, kind="voice")
            if not at_once:
                await one.watch.next("voice", after, phone=a.address, state="open")
            await one.call("HangUp")
            await a.has_voice(False)
            await one.heard(b, after=after, kind="media", seconds=8)
            a.listens = a.on_handset = False
        await player.pause()
        # A call of which only `call` is told, after the voice link.
        a.habits.tells, a.habits.voice_first = ("call",), True
        after = one.now
        call = await a.ring(BEN)
        a.answer(call)
        await one.told(a, "active", after, number=BEN)
        await one.heard(a, after=after, kind="call")
        a.end(call)
        await one.told(a, "ended", after)
        # In every order that there is.
        for tells in (
            ("callsetup", "call", "callheld"),
            ("callheld", "callsetup", "call"),
            ("call", "callheld", "callsetup"),
        ):
            a.habits.tells = tells
            await works(one, a)


@limits(120)
async def test_phones_that_answer_otherwise(folder: pathlib.Path) -> None:
    refused = ("ERROR",)
    optional = ("AT+CLIP", "AT+CCWA", "AT+CMEE", "AT+NREC", "AT+COPS", "AT+XAPL", "AT+VGS", "AT+VGM",
                "AT+BTRH", "AT+BIA", "AT+CNUM", "AT+CLCC", "AT+BIEV", "AT+IPHONEACCEV")
    async with caller(folder) as (one, a):
        for habits in (
            {"answers": {line: refused for line in optional}},
            {"answers": {line: ("+CME ERROR: 4", "OK") for line in optional}},
            # Nothing is said of what it can.
            {"answers": {"AT+BRSF": ("OK",)}},
            # Results that nobody asked for, on the way up and in every order.
            {"answers": {"AT+BRSF": ("+CIEV: 2,0", "RING", f"+BRSF: {Features().bits}", "", "OK")}},
            {"answers": {"AT+BRSF": (f"+BRSF:{Features().bits}", "OK"), "AT+CMEE": ("OK", "OK")}},
            {"answers": {"AT+CHLD=?": ("+CHLD: 0,1,2", "OK")}},
            {"answers": {"AT+CIND=?": (
                '+CIND: ( "call" , ( 0 , 1 ) ) ,("unheard of",(0-9)),("callsetup",(0,1,2,3)),'
                '("callheld",(0-2))', "OK"),
                "AT+CIND?": ("+CIND: 0,5,0,0", "OK")},
             "places": ("call", "signal", "callsetup", "callheld")},
        ):
            await again(one, a, **habits)
            await works(one, a)


@limits(120)
async def test_lines_that_never_come_up_are_closed(folder: pathlib.Path) -> None:
    """HFP/HF/SLC/BI-01: steps that are not answered, refused, or answered with nonsense."""
    async with caller(folder) as (one, a):
        for step, answers in (
            ("AT+BRSF", ()),
            ("AT+BRSF", ("ERROR",)),
            ("AT+CIND=?", ("OK",)),
            ("AT+CIND=?", ("+CIND: ((((", "OK")),
            ("AT+CIND?", ("+CME ERROR: 100",)),
            ("AT+CMER", ("ERROR",)),
            ("AT+CMER", ()),
        ):
            if a.line:
                await a.line.close()
                await one.watch.next("profile", phone=a.address, profile="hfp", up=False)
            after = one.now
            a.habits = Habits(answers={step: answers})
            await a.open()
            await a.until(lambda: not a.line, f"closed after {step}: {answers}", 8)
            ups = [e for e in one.watch.events[after:] if e["event"] == "profile" and e["up"]]
            assert not [e for e in ups if e["profile"] == "hfp"], f"{step}: {answers}"
            assert a.phone.connection, "the phone itself stays"
        await again(one, a)
        await works(one, a)


@limits(60)
async def test_commands_that_are_not_answered(folder: pathlib.Path) -> None:
    async with caller(folder, habits=Habits(answers={"ATA": (), "ATD": ()})) as (one, a):
        after = one.now
        call = await a.ring(ADA)
        await one.told(a, "incoming", after)
        start = one.clock()
        await one.refused("TimedOut", "Answer", how="default")
        assert 4 < one.clock() - start < 6.5, f"{one.clock() - start:.1f} s"
        # It answers late: only now can it be asked again.
        a.habits.answers = {"ATD": ()}
        a.tell("ERROR")
        await one.call("Reject")
        await one.told(a, "ended", after)
        assert not a.calls.all and call.incoming
        await works(one, a)
        # It never does: its line is given up, and it may open another.
        await one.refused("TimedOut", "Dial", number=BEN)
        await a.until(lambda: not a.line, "the line is closed", 20)
        await again(one, a)
        await works(one, a)


@limits(60)
async def test_a_line_that_is_lost_in_a_call(folder: pathlib.Path) -> None:
    async with caller(folder) as (one, a):
        for properly in (True, False):
            after = one.now
            call = await a.ring(ADA)
            a.answer(call)
            await one.spoken(a, after)
            after = one.now
            await (a.line.close() if properly else a.drop())
            await one.watch.next("profile", after, phone=a.address, profile="hfp", up=False)
            await one.told(a, "ended", after)
            # The voice link alone, if it is still there, is no call.
            assert a.phone.connection
            await a.voice.close()
            await one.heard(after=after)
            # Back again, in the middle of the same call.
            after = one.now
            a.on_handset = False
            await one.reach(a)
            await one.told(a, "active", after)
            await one.spoken(a, after)
            a.end(call)
            await one.told(a, "ended", after)
            await one.heard(after=after)
        await works(one, a)


@limits(60)
async def test_two_lines_of_one_phone(folder: pathlib.Path) -> None:
    """Both sides open one at once, or the phone opens another: one of them works, and calls do."""
    async with caller(folder) as (one, a):
        first = a.line
        try:
            await asyncio.wait_for(a.open(), 3)
            await asyncio.sleep(1)
        except Exception as error:  # turned away, however that is told
            print(f"the second line: {error!r}", flush=True)
        if a.line is not first and not a.is_up:
            a.line, a.is_up = first, first.is_open
        assert a.line, "none is left"
        await works(one, a)
        # The link is placed by the receiver, and both open the line as soon as it is there.
        after = one.now
        await a.phone.disconnect()
        await one.watch.next("phone", after, phone=a.address, state="disconnected")
        a.line = None
        connecting = asyncio.create_task(one.call("Connect", phone=a.address))
        await asyncio.wait_for(a.phone.connected.wait(), 10)
        connection = a.phone.connection
        while not connection.is_encrypted:
            await asyncio.sleep(0.01)
        try:
            await asyncio.wait_for(a.open(), 3)
        except Exception as error:  # likewise
            print(f"at once: {error!r}", flush=True)
        await connecting
        await a.opened(10)
        await one.watch.next("profile", after, phone=a.address, profile="hfp", up=True)
        await works(one, a)


@limits(60)
async def test_a_codec_that_changes_in_a_call(folder: pathlib.Path) -> None:
    async with caller(folder) as (one, a):
        after = one.now
        call = await a.ring(ADA)
        a.answer(call)
        await one.spoken(a, after)
        assert a.voice.codec == MSBC
        for codec, name in ((CVSD, "cvsd"), (MSBC, "msbc")):
            after = one.now
            a.features = Features(codecs=(CVSD, MSBC)[:codec])
            await a.change_codec()
            await one.watch.next("voice", after, phone=a.address, state="closed")
            await one.watch.next("voice", after, phone=a.address, state="open", codec=name)
            await a.has_voice()
            assert a.voice.codec == codec
        # One that nobody knows is not agreed on, and harms nothing.
        said = len(a.log)
        a.tell("+BCS: 9")
        await a.asked("AT+BAC=", said)
        a.end(call)
        await one.told(a, "ended", after)
        await works(one, a)


@limits(60)
async def test_floods_and_nonsense(folder: pathlib.Path) -> None:
    nonsense = (
        "+CIEV: ", "+CIEV: 0,1", "+CIEV: 99,1", "+CIEV: 2,999999999999", "+CIEV: -1,-1", "+CIEV: 2",
        "+CLIP: ", '+CLIP: "', '+CLIP: "+1555', "+CLIP: ,,,,,,,,,,", f'+CLIP: "{"9" * 400}",145',
        '+CCWA: "\xff\xfe",129', "+CLCC: 1,1,9,9,9", "+CLCC: 0", "+CLCC: 255,255,255", "+BCS: ",
        "+VGS: 99", "+VGM: -3", "+BSIR: 7", "+BVRA: 9", "+CME ERROR: 99999", "OK", "ERROR", "NO CARRIER",
        "+BIND: 1,2,3,4,5", "+XAPL=", "+CHLD: (9)", "x" * 3000, "+", ":", "\x00\x01\x02", "RING RING",
    )
    async with caller(folder) as (one, a):
        after = one.now
        for n in range(40):
            for text in nonsense:
                a.tell(text)
            a.tell(f"+CIEV: 5,{n % 6}")
        a.line.dlc.write("\r\n+CIEV: 2")  # and the rest of the line never comes
        a.line.dlc.write("\r\n")
        for n in range(2000):
            a.tell(f"+CIEV: 5,{n % 6}")
        await asyncio.wait_for(a.line.dlc.drain(), 20)
        # Everything is as the list of calls says, which is empty.
        assert (await one.call("Status"))["phones"][0]["connected"]
        await one.watch.next("indicator", after, phone=a.address, indicator="signal")
        if not a.line:
            await one.reach(a)
        await works(one, a)
        status = (await one.call("Status"))["phones"][0]
        assert status["calls"] == [], status["calls"]
        for text in ("RING",) * 50:
            a.tell(text)
        await works(one, a)


@limits(60)
async def test_a_phone_that_knows_only_headsets(folder: pathlib.Path) -> None:
    """HSP/HS/IAC, RVC: it rings and has one button."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        a = HeadsetGateway(await one.phone("Old phone", 500), 500, folder)
        await one.reach(a)
        after, said = one.now, len(a.log)
        call = await a.ring(ADA)
        await one.told(a, "incoming", after)
        await one.heard(a, after=after, kind="ring")
        await one.call("Answer", how="default")
        await a.asked("AT+CKPD=200", said)
        await one.spoken(a, after)
        assert a.voice.codec == CVSD
        after = one.now
        a.tell("+VGS=6")
        await one.watch.next("volume", after, phone=a.address, kind="call", percent=40)
        await one.call("Volume", percent=80, kind="call")
        await a.until(lambda: a.volumes.get("speaker") == 12, "AT+VGS=12")
        for verb, parameters in (
            ("Hold", {}),
            ("Dial", {"number": ADA}),
            ("Assistant", {"on": True}),
        ):
            await one.refused("NotSupported", verb, **parameters)
        said = len(a.log)
        await one.call("HangUp")
        await a.asked("AT+CKPD=200", said)
        await one.told(a, "ended", after)
        await one.heard(after=after)
        assert not a.calls.all and call.incoming


@limits(60)
async def test_voice_that_is_opened_unasked(folder: pathlib.Path) -> None:
    """Again and again, closed in between, and while the line is not up."""
    async with caller(folder) as (one, a):
        for n in range(5):
            after = one.now
            a.listen(True)
            await a.has_voice()
            await one.watch.next("voice", after, phone=a.address, state="open")
            a.listen(False)
            await one.watch.next("voice", after, phone=a.address, state="closed")
            await a.has_voice(False)
        await a.line.close()
        await one.watch.next("profile", phone=a.address, profile="hfp", up=False)
        try:
            await a.voice.open(CVSD)
            await a.voice.close()
        except Exception as error:  # it may be turned away
            print(f"without a line: {error!r}", flush=True)
        a.features = features()
        await one.reach(a)
        await works(one, a)
