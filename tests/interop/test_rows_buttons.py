"""The buttons: whom each of them means where none is named, and what it does there."""

import pathlib

from calls import State
from limits import limits
from player import KEY, Player
from rows import (
    A_HZ,
    ADA,
    B_HZ,
    BEN,
    C_HZ,
    CLEO,
    hangs_up,
    lines,
    never_two_voices,
    plays,
    settled,
    talks,
    two_callers,
    with_player,
)
from scene import Scene, scene


async def presses(one: Scene, action: str, player: Player, *keys: KEY) -> None:
    await one.call("Media", action=action)
    await player.was_told(*keys)


@limits(60)
async def test_whom_the_keys_of_a_player_mean(folder: pathlib.Path) -> None:
    """The phone that is heard, else the one heard last, else the one that came last."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        await one.refused("NotConnected", "Media", action="next")
        a = await with_player(one, "Phone A", A_HZ)
        b = await with_player(one, "Phone B", B_HZ)
        await presses(one, "next", b.player, KEY.FORWARD)
        await settled(one, a, b)
        # It is heard.
        await plays(one, a)
        await presses(one, "next", a.player, KEY.FORWARD)
        await presses(one, "previous", a.player, KEY.BACKWARD)
        after = one.now
        await presses(one, "play_pause", a.player, KEY.PAUSE)
        await one.heard(after=after)
        # It was heard last.
        await presses(one, "previous", a.player, KEY.BACKWARD)
        after = one.now
        await presses(one, "play_pause", a.player, KEY.PLAY)
        await one.heard(a, after=after, kind="media")
        # The other one takes over, and is meant from then on.
        await plays(one, b)
        await a.player.was_told(KEY.PAUSE)
        await presses(one, "next", b.player, KEY.FORWARD)
        # In a call of A's A is heard: its player is meant, and B's stays paused.
        await talks(one, a)
        await b.player.was_told(KEY.PAUSE)
        await presses(one, "next", a.player, KEY.FORWARD)
        await hangs_up(one, a)
        await b.player.was_told(KEY.PLAY)
        # One that is named is meant whatever else there is; each key that there is.
        a.player.obeys = False
        for action, key in (("stop", KEY.STOP), ("pause", KEY.PAUSE), ("next", KEY.FORWARD)):
            await one.call("Media", action=action, phone=a.address)
            await a.player.was_told(key)
        assert b.player.pressed == []
        await one.refused("BadValue", "Media", action="shout")


@limits(90)
async def test_what_hanging_up_ends(folder: pathlib.Path) -> None:
    """The active call, else the outgoing one, else the voice session; what rings is rejected."""
    async with scene(folder) as one:
        a, b = await two_callers(one)
        # B rings, A speaks: A's is ended, and B rings on, in full.
        await talks(one, a)
        after = one.now
        await b.ring(BEN)
        await one.told(b, "incoming", after)
        said = len(a.log)
        await one.call("HangUp")
        await one.told(a, "ended", after)
        await one.heard(b, after=after, kind="ring")
        assert (lines(a, said), lines(b)) == (["AT+CHUP"], [])
        await one.refused("NoCall", "HangUp")
        await one.call("Reject")
        await one.told(b, "ended", after)
        # A dials, with a voice session on B: the call is cancelled, then the session is closed.
        after = one.now
        b.listen(True)
        await one.heard(b, after=after, kind="voice")
        await one.watch.next("voice", after, phone=b.address, state="open")
        a.dial(ADA)
        await one.heard(a, after=after, kind="ring")
        said = len(a.log)
        ringing = one.now
        await one.call("HangUp")
        await one.told(a, "ended", ringing)
        assert lines(a, said) == ["AT+CHUP"]
        b.on_handset = False
        b.follow()
        await one.heard(b, after=ringing, kind="voice")
        await one.watch.next("voice", ringing, phone=b.address, state="open")
        after = one.now
        await one.call("HangUp")
        await b.has_voice(False)
        await one.heard(after=after)
        await one.refused("NoCall", "HangUp")
        never_two_voices(one)


@limits(90)
async def test_which_of_three_phones_is_meant(folder: pathlib.Path) -> None:
    """`answer` takes the newest that rings, `redial`, `dial` and the assistant the phone that was used
    for a call last, `swap` the phone's own calls before those of others; `merge` the one with two."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", "--set", "seats=3")
        a, b, c = phones = [
            await one.gateway("Phone A", A_HZ),
            await one.gateway("Phone B", B_HZ),
            await one.gateway("Phone C", C_HZ),
        ]
        for phone in phones:
            await one.reach(phone)
        # Three ring, and C's is the newest; then A's again.
        for phone, number in ((b, BEN), (a, ADA), (c, CLEO)):
            after = one.now
            await phone.ring(number)
            await one.told(phone, "incoming", after, number=number)
        after = one.now
        await one.call("Answer", how="default")
        await one.spoken(c, after)
        assert [lines(phone) for phone in phones] == [[], [], ["ATA"]]
        await one.call("Reject")
        await one.told(a, "ended", after)
        await one.call("Answer", how="hold")
        await one.spoken(b, after)
        assert c.calls.held and [lines(phone)[-1] for phone in phones] == ["AT+CHUP", "ATA", "AT+CHLD=2"]
        # B was used last; it has two calls now, C one that is held.
        after = one.now
        await b.ring(ADA)
        await one.told(b, "incoming", after, number=ADA)
        await one.call("Answer", how="hold")
        await b.until(lambda: b.calls.held and b.calls.active, "two calls")
        await one.told(b, "held", after)
        said = [len(phone.log) for phone in phones]
        before = b.calls.active[0]
        await one.call("Swap")
        await b.until(lambda: before.state == State.HELD, "its own calls are exchanged")
        await one.call("Merge")
        await b.until(lambda: all(call.conference for call in b.calls.all), "a conference")
        said = [lines(phone, at) for phone, at in zip(phones, said)]
        assert said == [[], ["AT+CHLD=2", "AT+CHLD=3"], []], said
        # Its conference ends: C's call comes back, and C is the one used last.
        after = one.now
        await one.call("HangUp")
        await b.until(lambda: not b.calls.all, "the conference is over")
        await one.spoken(c, after)
        await one.refused("NoCall", "Merge")
        await hangs_up(one, c)
        a.last_number = b.last_number = c.last_number = "5550177"
        for phone in (c, a, b):
            if phone is not c:
                after = await talks(one, phone)
                await hangs_up(one, phone)
            said, after = len(phone.log), one.now
            await one.call("Redial")
            await one.told(phone, "outgoing", after)
            await one.call("HangUp")
            await one.told(phone, "ended", after)
            await one.call("Assistant", on=True)
            await one.heard(phone, after=after, kind="assistant")
            after = one.now
            await one.call("Assistant", on=False)
            await one.heard(after=after)
            assert lines(phone, said) == ["AT+BLDN", "AT+CHUP", "AT+BVRA=1", "AT+BVRA=0"]
            await phone.has_voice(False)
        never_two_voices(one)


@limits(60)
async def test_whose_calls_are_joined(folder: pathlib.Path) -> None:
    """Two phones have two calls each, and A's are on the phone: the ones that are heard are meant."""
    async with scene(folder) as one:
        a, b = await two_callers(one)
        await talks(one, a)
        for phone, number in ((a, CLEO), (b, BEN), (b, ADA)):
            after = one.now
            await phone.ring(number)
            await one.told(phone, "incoming", after, number=number)
            await one.call("Answer", how="hold")
            await one.told(phone, "active", after, number=number)
        await b.has_voice()
        assert a.calls.active and a.calls.held and not a.voice.link
        said, asked = len(a.log), len(b.log)
        await one.call("Tones", digits="5")
        assert (a.tones, b.tones) == ("", "5")
        await one.call("Merge")
        await b.until(lambda: all(call.conference for call in b.calls.all), "a conference")
        assert (lines(a, said), lines(b, asked)) == ([], ["AT+VTS=5", "AT+CHLD=3"])
        # They end, and A's active one is heard here again.
        after = one.now
        await one.call("HangUp")
        await b.until(lambda: not b.calls.all, "the conference is over")
        await one.heard(a, after=after, kind="call")
        await a.has_voice()
        never_two_voices(one)
