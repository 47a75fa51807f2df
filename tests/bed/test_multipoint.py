"""Two phones and a third through the dongle and the kernel: music that makes room for a call, hold and
accept, taking over, eviction, and a link that is lost."""

import asyncio
import pathlib

from heard import Heard
from limits import limits
from place import place, start
from player import Player

A, B = 500, 800  # Hz, of music and voice alike


@limits(150, alone=True)
async def test_two_phones_share_the_dongle(folder: pathlib.Path) -> None:
    async with place(folder) as (one, dongle):
        receiver = await start(one, "--set", "blip_s=1")
        a = await one.gateway("Phone A", A)
        b = await one.gateway("Phone B", B)
        player = Player(a.phone, opens=True)  # before it is asked what it has
        for phone in (a, b):
            await one.reach(phone)
        await player.join(one)
        await one.join(b.phone)
        await asyncio.sleep(5)  # nothing takes over sooner

        # Music, a call that silences it, and music again.
        after = one.now
        await player.play()
        await one.heard(a, after=after, kind="media")
        await asyncio.sleep(1)
        after = one.now
        call = await b.ring("5550102")
        await one.heard(b, after=after, kind="ring")
        await one.call("Answer", how="default")
        await one.spoken(b, after)
        await dongle.sets(1)  # one link, in wide band
        spoken = one.clock()
        await asyncio.sleep(2)
        hung_up = one.clock()
        b.end(call)
        await one.told(b, "ended", after)
        await one.heard(a, after=after, kind="media", seconds=8)

        # A second call is answered, and the first one held; it comes back.
        await player.pause()
        after = one.now
        first = await a.ring("5550101")
        await one.told(a, "incoming", after)
        await one.call("Answer", how="default")
        await one.spoken(a, after)
        after, said = one.now, len(a.log)
        second = await b.ring("5550102")
        await one.told(b, "incoming", after)
        await one.call("Answer", how="default")
        await a.asked("AT+CHLD=2", said)
        await one.spoken(b, after)
        assert a.calls.held and not a.voice.link
        after, said = one.now, len(a.log)
        b.end(second)
        await a.asked("AT+CHLD=2", said)
        await one.spoken(a, after)
        a.end(first)
        await one.told(a, "ended", after)
        await a.has_voice(False)

        # B's sound takes over from A's after a second, as it has no player.
        after = one.now
        await player.play()
        await one.heard(a, after=after, kind="media", seconds=8)
        await asyncio.sleep(1)
        after = one.now
        await b.phone.play()
        await one.heard(b, after=after, kind="media")

        # A third phone takes A's seat: B was heard last.
        c = await one.phone("Phone C", 440)
        after = one.now
        await one.join(c)
        await one.watch.next("evicted", after, phone=a.address, by=c.address)

        # B is lost.
        await b.phone.power_off()
        await one.watch.next("phone", after, phone=b.address, state="disconnected", seconds=30)
        await one.heard(after=after)
        await dongle.sets(0)
        status = await dongle.status()
        await receiver.stop()
    assert status["busy_changes"] == 0, status
    spans = [
        span for span in Heard(one.wav, (A, B)).played() if span.end > spoken and span.start < hung_up
    ]
    voice = sum(min(s.end, hung_up) - max(s.start, spoken) for s in spans if s.hz == B)
    # Whose voice it was; how whole it is on a busy machine is not asked here.
    assert voice > 0.5 * (hung_up - spoken), spans
    assert not [s for s in spans if s.hz == A and s.start > spoken + 0.2], spans
