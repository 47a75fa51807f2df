"""Remote control with bumble's AVRCP at the phone's end: what it plays, keys, volume both ways, and
who is told to pause for whom."""

import asyncio
import pathlib

from bumble import avc, avrcp

import capture
from limits import limits
from player import KEY, Player
from receiver import Error
from scene import scene


@limits(90)
async def test_tracks_keys_and_volume(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", "--set", "volume.first=40")
        phone = await one.phone("Phone A", 440)
        # It waits for the receiver to open the remote control.
        player = Player(phone, opens=False)
        await player.join(one)

        after = len(one.watch.events)
        await player.play()
        who = {"phone": phone.address}
        await one.watch.next("playback", after, status="playing", **who)
        player.protocol.title = "Zweites"
        player.delegate.current_track_uid = 0
        player.protocol.notify_track_changed(0)
        await one.watch.next("track", after, title="Zweites", artist="Die Band", **who)
        status = (await one.call("Status"))["phones"][0]
        assert status["profiles"]["avrcp"] and status["playback"]["status"] == "playing", status
        assert status["track"]["title"] == "Zweites", status

        # Keys, and the phone's answers.
        await one.call("Media", action="play_pause")
        await one.watch.next("playback", after, status="paused", **who)
        await one.call("Media", action="next", phone="Phone A")
        assert player.pressed == [KEY.PAUSE, KEY.FORWARD]

        # Volume: what it is at first, what the receiver makes of it, what the phone does.
        await player.heard_volume(round(0.40 * 127))
        await one.call("Volume", percent=80, kind="media")
        await player.heard_volume(round(0.80 * 127))
        after = len(one.watch.events)
        await player.protocol.send_avrcp_command(
            avc.CommandFrame.CommandType.CONTROL, avrcp.SetAbsoluteVolumeCommand(32)
        )
        event = await one.watch.next("volume", after, kind="media", **who)
        assert event["percent"] == 25, event
        for wrong in ({"percent": 101, "kind": "media"}, {"percent": 1, "kind": "loud"}):
            try:
                await one.call("Volume", **wrong)
                raise AssertionError(f"{wrong} was taken")
            except Error as error:
                assert error.name == "BadValue", error
        assert capture.malformed(one.capture) == []


@limits(90)
async def test_who_loses_the_ear_is_paused(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        a = Player(await one.phone("Phone A", 440), opens=True)
        b = Player(await one.phone("Phone B", 660), opens=False)
        for player in (a, b):
            await player.join(one)
        # Nothing takes over from those that came a moment ago.
        await asyncio.sleep(5)
        after = len(one.watch.events)
        await a.play()
        await one.heard(a.phone, after=after)
        after = len(one.watch.events)
        start = one.clock()
        await b.play()
        await one.heard(b.phone, after=after)
        assert one.clock() - start < 1, "its player says that it plays: nothing is waited for"
        await one.watch.next("order", after, phone=a.phone.address, order="pause")
        await one.watch.next("playback", after, phone=a.phone.address, status="paused")
        await one.watch.next("stream", after, phone=a.phone.address, state="suspended")
        assert (a.pressed, b.pressed) == ([KEY.PAUSE], [])
        after = len(one.watch.events)
        await b.pause()
        await one.heard(after=after)
        await asyncio.sleep(1)
        assert (a.pressed, b.pressed) == ([KEY.PAUSE], []), "nobody is resumed"


@limits(60)
async def test_a_player_that_comes_later(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        phone = await one.phone("Phone A", 440)
        await one.join(phone)
        await asyncio.sleep(4)  # it is asked for its records, and has none of a player
        player = Player(phone, opens=True)
        await player.join(one)
        after = one.now
        await player.play()
        await one.watch.next("playback", after, phone=phone.address, status="playing")
        await one.call("Media", action="pause")
        await one.watch.next("playback", after, phone=phone.address, status="paused")
