"""Row 24 of who is heard, and the settings: what is set for one phone, what changes in mid-call."""

import asyncio
import pathlib

import numpy
from bumble import avc, avrcp

from heard import Heard
from limits import limits
from rows import (
    A_HZ,
    ADA,
    B_HZ,
    BEN,
    CLEO,
    hangs_up,
    joins,
    lines,
    never_two_voices,
    plays,
    settled,
    switched_on,
    talks,
    with_player,
)
from scene import Scene, scene

PLAYED = 0.4  # of full scale, before the receiver makes it softer
LATE = 0.4  # seconds that a busy machine may take until it writes what is heard


async def volumes(one: Scene) -> dict[str, dict]:
    return {p["address"]: p["volume"] for p in (await one.call("Status"))["phones"]}


@limits(90)
async def test_each_phone_has_its_own_volumes(folder: pathlib.Path) -> None:
    """Row 24: media and calls, as either side sets them; a first connection starts at `volume.first`,
    and another one where the last one ended."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", "--set", "volume.first=40")
        a = await with_player(one, "Phone A", A_HZ)
        await one.call("Set", key="volume.first", value="50")
        b = await with_player(one, "Phone B", B_HZ)
        await a.player.heard_volume(round(0.40 * 127))
        await b.player.heard_volume(round(0.50 * 127))
        first = {a.address: {"media": 40, "call": 40}, b.address: {"media": 50, "call": 50}}
        assert await volumes(one) == first, await volumes(one)
        await a.until(lambda: a.volumes.get("speaker") == 6, "AT+VGS")
        await plays(one, b)
        await asyncio.sleep(0.6 + LATE)
        soft = one.clock()
        # A's by the receiver, while B is heard; B's by the phone.
        after = one.now
        await one.call("Volume", percent=80, kind="media", phone=a.address)
        await one.call("Volume", percent=60, kind="call", phone=a.address)
        await a.player.heard_volume(round(0.80 * 127))
        await a.until(lambda: a.volumes["speaker"] == 9, "AT+VGS=9")
        await b.player.protocol.send_avrcp_command(
            avc.CommandFrame.CommandType.CONTROL, avrcp.SetAbsoluteVolumeCommand(127)
        )
        b.tell("+VGS: 12")
        await one.watch.next("volume", after, phone=b.address, kind="media", percent=100)
        await one.watch.next("volume", after, phone=b.address, kind="call", percent=80)
        set_ = {a.address: {"media": 80, "call": 60}, b.address: {"media": 100, "call": 80}}
        assert await volumes(one) == set_, await volumes(one)
        await asyncio.sleep(0.6 + LATE)
        loud = one.clock()
        for phone in (a, b):
            after = one.now
            phone.player.volumes.clear()
            phone.volumes.clear()
            await phone.phone.disconnect()
            await one.watch.next("phone", after, phone=phone.address, state="disconnected")
            phone.player.delegate.playback_status = avrcp.PlayStatus.PAUSED
        for phone, octet, gain in ((a, 102, 9), (b, 127, 12)):
            await joins(one, phone)
            await phone.player.heard_volume(octet)
            assert phone.player.volumes == [octet], "at once, and not by way of another one"
            await phone.until(lambda p=phone, g=gain: p.volumes.get("speaker") == g, "AT+VGS")
        assert await volumes(one) == set_, await volumes(one)
        await plays(one, a)
        await asyncio.sleep(0.6 + LATE)
        back = one.clock()
        await one.receiver.stop()
    ear = Heard(one.wav, (A_HZ, B_HZ))
    # Half of the volume is 12 dB softer.
    for hz, end, volume in ((B_HZ, soft, 0.5), (B_HZ, loud, 1.0), (A_HZ, back, 0.8)):
        found, wanted = numpy.median(ear.levels(hz, end - 0.5, end)), PLAYED * volume**2
        assert abs(found - wanted) < 0.08 * wanted, (hz, volume, found, wanted)


@limits(60)
async def test_what_is_set_for_one_phone(folder: pathlib.Path) -> None:
    """In a table of the configuration file: its name, whether its media takes over, whether its calls
    are answered by themselves."""
    async with scene(folder) as one:
        a = await switched_on(one, "Phone A", A_HZ)
        b = await switched_on(one, "Phone B", B_HZ)
        file = folder / "tandem.toml"
        file.write_text(
            f'blip_s = 0.5\n[phone."{a.address}"]\nname = "Car"\nauto_answer = true\n'
            f'[phone."{b.address}"]\ntakeover = false\n'
        )
        await one.start_receiver("--pair", "60", "--config", str(file))
        for phone in (a, b):
            await joins(one, phone)
        names = {p["address"]: p["name"] for p in (await one.call("Status"))["phones"]}
        assert names[a.address] == "Car", names
        # A's calls are answered after a ring, B's are not.
        after = one.now
        await b.ring(BEN)
        await one.told(b, "incoming", after)
        await asyncio.sleep(3.5)
        assert not b.calls.active
        await hangs_up(one, b)
        after = one.now
        await a.ring(ADA)
        await one.told(a, "incoming", after)
        start = one.clock()
        await one.spoken(a, after)
        assert 2 < one.clock() - start < 5, f"{one.clock() - start:.1f} s"
        await hangs_up(one, a)
        await settled(one, a, b)
        after = await plays(one, a)
        await b.player.play()
        await one.watch.next("stream", after, phone=b.address, state="playing")
        await asyncio.sleep(1.5)
        heard = [s["phone"] for e in one.watch.events[after:] if e["event"] == "audible" for s in e["phones"]]
        assert b.address not in heard and a.player.pressed == [], heard
        # It is heard when nobody else is.
        end = one.now
        await one.call("Media", action="pause", phone="Car")
        await one.heard(b, after=end, kind="media")
        await b.player.pause()


@limits(90)
async def test_settings_that_change_in_mid_call(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        a = await one.gateway("Phone A", A_HZ)
        b = await one.gateway("Phone B", B_HZ)
        for phone in (a, b):
            await one.reach(phone)
        # What the answer button does, while B waits.
        await talks(one, a)
        after = one.now
        await b.ring(BEN)
        await one.told(b, "incoming", after)
        await one.call("Set", key="answer", value="end")
        said = len(a.log)
        await one.call("Answer", how="default")
        await one.spoken(b, after)
        assert lines(a, said) == ["AT+CHUP"] and not a.calls.all
        # Whether a held call comes back, while it is held.
        await one.call("Set", key="answer", value="hold")
        after, said = one.now, len(b.log)
        await a.ring(ADA)
        await one.told(a, "incoming", after)
        await one.call("Answer", how="default")
        await one.spoken(a, after)
        assert lines(b, said) == ["AT+CHLD=2"]
        await one.call("Set", key="resume_call", value="never")
        await hangs_up(one, a)
        await asyncio.sleep(0.6)
        assert lines(b, said) == ["AT+CHLD=2"] and b.calls.held
        # Its owner takes it back.
        after = one.now
        await one.call("Hold", phone=b.address)
        await one.spoken(b, after)
        # Fewer seats: nobody in a call goes, and who has none does.
        after = one.now
        await one.call("Set", key="multipoint", value="false")
        await one.watch.next("phone", after, phone=a.address, state="disconnected")
        assert b.voice.link and b.calls.active
        await one.call("Set", key="multipoint", value="true")
        await one.reach(a)
        after = one.now
        await a.ring(CLEO)
        await one.told(a, "incoming", after)
        await one.call("Set", key="seats", value="1")
        await asyncio.sleep(0.6)
        assert a.phone.connection and b.phone.connection, "both are in a call"
        await one.call("Reject")
        await one.watch.next("phone", after, phone=a.address, state="disconnected")
        assert b.voice.link
        # What is no setting, or none of a running receiver, is said to be so.
        for error, key, value in (
            ("BadValue", "seats", "7"),
            ("BadValue", "answer", "loudly"),
            ("BadValue", "volume", "1"),
            ("Busy", "sound.rate", "44100"),
        ):
            await one.refused(error, "Set", key=key, value=value)
        await hangs_up(one, b)
        never_two_voices(one)
