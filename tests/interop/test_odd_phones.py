"""Phones that do not do as others do, or not as they should: each is heard where it can be, is
answered as AVDTP says where it cannot, and leaves nothing behind."""

import asyncio
import pathlib
import random
from functools import partial

from bumble import sdp
from bumble.core import BT_AUDIO_SINK_SERVICE, BT_L2CAP_PROTOCOL_ID, PhysicalTransport

from heard import Heard
from limits import limits
from phone import Phone
from scene import Scene, scene
from source import (
    ABORT,
    CLOSE,
    GET_CONFIGURATION,
    GOOD,
    OPEN,
    OUR_SEID,
    REJECT,
    SET_CONFIGURATION,
    START,
    SUSPEND,
    Shape,
    Source,
    configuration,
)

MEDIA_CODEC, NO_CATEGORY = 7, 0


async def source(one: Scene) -> Source:
    """A phone that is paired, connected and has opened signalling."""
    phone = await one.phone("Odd phone", 440)
    await phone.connect(one.receiver.address)
    odd = Source(phone)
    await odd.connect()
    return odd


async def plays(one: Scene, odd: Source) -> None:
    """A normal stream, from its configuration to its end, is heard as such."""
    after = len(one.watch.events)
    await odd.configure()
    await odd.open()
    await odd.about(START)
    await odd.play(GOOD, GOOD.tone(440, 0.6, one.folder))
    assert (await one.heard(odd.phone, after=after))["phones"][0]["kind"] == "media"
    await odd.about(CLOSE)
    await odd.release()
    await one.heard(after=after)


SHAPES = [
    (Shape(48000, "joint", 16, 8, "loudness", 51), {}),
    (Shape(44100, "stereo", 16, 8, "snr", 53), {}),
    (Shape(32000, "dual", 12, 8, "loudness", 35), {}),
    (Shape(16000, "mono", 16, 8, "loudness", 28), {}),
    (Shape(16000, "joint", 4, 4, "snr", 29), {}),
    (Shape(32000, "mono", 8, 4, "loudness", 31), {}),
    (Shape(44100, "dual", 4, 8, "snr", 40), {}),
    (Shape(48000, "stereo", 8, 4, "loudness", 62), {}),
    (Shape(48000, "mono", 12, 4, "snr", 24), {}),
    (Shape(44100, "joint", 16, 8, "loudness", 19), {}),
    (Shape(48000, "dual", 16, 8, "loudness", 76), {}),
    # In packets that are larger than the MTU of the channel, and each of them twice.
    (Shape(44100, "joint", 16, 8, "loudness", 53), {"largest": 1800}),
    (Shape(48000, "stereo", 16, 8, "loudness", 53), {"times": 2}),
]


@limits(60, alone=True)
async def test_sbc_of_every_shape(folder: pathlib.Path) -> None:
    """Each with a tone of its own: all of them are heard, in this order, without a break."""
    tones = [400 + 120 * n for n in range(len(SHAPES))]
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60")
        odd = await source(one)
        for (shape, manners), hz in zip(SHAPES, tones):
            frames = shape.tone(hz, 0.4, folder)
            await odd.configure(shape)
            await odd.open()
            await odd.about(START)
            await odd.play(shape, frames, **manners)
            await odd.about(CLOSE)
            await odd.release()
        rates = [event["rate"] for event in one.watch.of("stream", state="playing")]
        assert rates == [shape.rate for shape, _ in SHAPES]
        await receiver.stop()
        assert not one.watch.of("warning", code="media")
    ear = Heard(one.wav, tuple(tones))
    assert [span.hz for span in ear.played()] == tones, ear.describe()
    for span, (shape, _) in zip(ear.played(), SHAPES):
        assert span.seconds > 0.2 and not ear.breaks(span), (shape, span, ear.breaks(span)[:8])


# What is asked, and the service category and error code of the reject (A2DP 1.3, 5.1.3).
ILLEGAL = [
    (bytes([1, 0, 7, 6, 0, 4]) + GOOD.information, MEDIA_CODEC, 0xC2),  # ATRAC
    (bytes([1, 0]), MEDIA_CODEC, 0x29),  # no codec
    (configuration()[2:], 1, 0x29),  # no media transport
    (configuration() + bytes([1, 0]), 1, 0x29),  # twice
    (configuration() + bytes([0x2A, 0]), 0x2A, 0x17),  # no such category
    (configuration() + bytes([8, 9]), None, 0x11),  # beyond its end
    (configuration()[:-4] + bytes([0x31, 0x15, 2, 53]), MEDIA_CODEC, 0xC3),  # two rates
    (configuration()[:-4] + bytes([0x01, 0x15, 2, 53]), MEDIA_CODEC, 0xC3),  # no rate
    (configuration()[:-4] + bytes([0x20, 0x15, 2, 53]), MEDIA_CODEC, 0xC5),
    (configuration()[:-4] + bytes([0x21, 0x35, 2, 53]), MEDIA_CODEC, 0xDD),
    (configuration()[:-4] + bytes([0x21, 0x11, 2, 53]), MEDIA_CODEC, 0xC7),
    (configuration()[:-4] + bytes([0x21, 0x14, 2, 53]), MEDIA_CODEC, 0xC9),
    (configuration()[:-4] + bytes([0x21, 0x15, 1, 53]), MEDIA_CODEC, 0xCB),
    (configuration()[:-4] + bytes([0x21, 0x15, 2, 251]), MEDIA_CODEC, 0xCD),
    (configuration()[:-4] + bytes([0x21, 0x15, 53, 2]), MEDIA_CODEC, 0xCD),
]


@limits(60)
async def test_signalling_that_is_odd(folder: pathlib.Path) -> None:
    """One phone tries it all on one link, and plays at the end."""
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60")
        odd = await source(one)
        await records_in_small_pieces(odd)
        await illegal_configurations(odd)
        await abort_in_every_state(odd)
        await plays(one, odd)
        assert not one.watch.of("phone", state="disconnected")
        await receiver.stop()


async def records_in_small_pieces(odd: Source) -> None:
    """The smallest MTU that there is: what comes in pieces is what comes at once."""

    async def records(mtu: int) -> tuple[list[str], list[int]]:
        client = sdp.Client(odd.phone.connection, mtu)
        await client.connect()
        pieces = []

        def on_pdu(pdu: bytes) -> None:
            pieces.append(len(pdu))
            client.on_pdu(pdu)

        client.channel.sink = on_pdu
        everything = [(0, 0xFFFF)]
        sinks = await client.search_attributes([BT_AUDIO_SINK_SERVICE], everything)
        whole = await client.search_attributes([BT_L2CAP_PROTOCOL_ID], everything)
        await client.disconnect()
        assert sinks and whole
        return [str(attribute) for record in sinks + whole for attribute in record], pieces

    at_once, [_, _] = await records(1000)
    in_pieces, pieces = await records(48)
    assert in_pieces == at_once
    assert len(pieces) > 4 and max(pieces) <= 48, pieces


async def illegal_configurations(odd: Source) -> None:
    seids = bytes([odd.seid << 2, OUR_SEID << 2])

    async def refused(seids: bytes, services: bytes, category: int | None, code: int) -> None:
        kind, answer = await odd.ask(SET_CONFIGURATION, seids + services)
        said = f"{(seids + services).hex(' ')}: {kind} {answer.hex(' ')}"
        assert kind == REJECT and answer[-1] == code, said
        assert category is None or answer[0] == category, said
        assert not await odd.in_use(), said

    for services, category, code in ILLEGAL:
        await refused(seids, services, category, code)
    for nobody in (0, 5, 0x3F):
        no_seids = bytes([nobody << 2, OUR_SEID << 2])
        await refused(no_seids, configuration(), NO_CATEGORY, 0x12)
    # Reserved bits are passed over.
    reserved = bytes([seids[0] | 3, seids[1] | 3, 1, 0, 7, 6, 0x0F]) + configuration()[5:]
    await odd.accepted(SET_CONFIGURATION, reserved)
    assert GOOD.information in await odd.about(GET_CONFIGURATION)
    kind, answer = await odd.ask(SET_CONFIGURATION, seids + configuration())
    assert (kind, answer) == (REJECT, bytes([NO_CATEGORY, 0x13])), "in use"
    await odd.about(ABORT)


async def abort_in_every_state(odd: Source) -> None:
    opening, start = partial(odd.about, OPEN), partial(odd.about, START)
    ways = [
        [],
        [odd.configure],
        [odd.configure, opening],
        [odd.configure, odd.open],
        [odd.configure, odd.open, start],
        [odd.configure, odd.open, start, partial(odd.about, SUSPEND)],
        [odd.configure, odd.open, start, partial(odd.about, CLOSE)],
    ]
    for way in ways:
        for step in way:
            await step()
        await odd.about(ABORT)
        if odd.media:
            await odd.release()
        assert not await odd.in_use(), way
    # Nobody: it is passed over, and the next command is answered.
    odd.signalling.send_pdu(bytes([0, ABORT, 5 << 2]))


@limits(40)
async def test_garbage(folder: pathlib.Path) -> None:
    """On signalling, on unknown channels, and in place of media; then it plays."""
    dice = random.Random(20)

    def rubbish(longest: int) -> bytes:
        return dice.randbytes(dice.randrange(longest))

    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60")
        odd = await source(one)
        connection = odd.phone.connection
        for _ in range(150):
            odd.signalling.send_pdu(rubbish(60))
            cid = dice.choice([0, 1, 2, 3, 4, 7, 0x3F, 0x4F, 0x50, 0x1234, 0xFFFF])
            connection.send_l2cap_pdu(cid, rubbish(40))
        # Nothing of it counts: all that garbage may have begun is over with the channel.
        await odd.signalling.disconnect()
        await odd.connect()
        await odd.configure()
        await odd.open()
        await odd.about(START)
        for _ in range(60):
            odd.media.send_pdu(rubbish(600))
        assert await odd.in_use()
        for _ in range(2):
            odd.media.send_pdu(bytes(5000))
        warning = await one.watch.next("warning", code="media")
        assert "5000" in warning["text"] and odd.phone.address in warning["text"]
        await odd.about(CLOSE)
        await odd.release()
        start = one.clock()
        await plays(one, odd)
        assert len(one.watch.of("warning", code="media")) == 1, "told once a stream"
        assert not one.watch.of("phone", state="disconnected")
        await receiver.stop()
        assert "panicked" not in receiver.said()
    ear = Heard(one.wav)
    assert any(s.hz == 440 and s.end > start and s.seconds > 0.3 for s in ear.played()), (
        ear.describe()
    )


@limits(60)
async def test_short_visits(folder: pathlib.Path) -> None:
    """Phones that leave in the middle of everything leave nothing behind."""
    async with scene(folder) as one:
        receiver = await one.start_receiver("--pair", "60")
        a, b = await asyncio.gather(one.phone("Odd phone", 440), one.phone("Odder phone", 660))
        for phone in (a, b):
            await phone.connect(receiver.address)
            await one.watch.next("paired", phone=phone.address)
            await phone.disconnect()
        async with asyncio.TaskGroup() as both:
            both.create_task(visits(one, a, range(1, LONGEST_VISIT + 1, 2)))
            both.create_task(visits(one, b, range(2, LONGEST_VISIT + 1, 2)))
        await a.connect(receiver.address)
        odd = Source(a)
        await odd.connect()
        await plays(one, odd)
        assert (a.paired, b.paired) == (1, 1)
        await receiver.stop()


LONGEST_VISIT = 12


async def visits(one: Scene, phone: Phone, lengths: range) -> None:
    """Visits that end after so many steps."""
    odd = Source(phone)

    async def connect() -> None:
        await phone.device.connect(one.receiver.address, PhysicalTransport.BR_EDR)

    async def records() -> None:
        await sdp.Client(phone.connection).connect()

    async def music() -> None:
        await odd.play(GOOD, GOOD.tone(440, 0.2, one.folder))

    async def transport() -> None:
        odd.media = await odd.channel()

    steps = [connect, phone.secure, records, odd.open_signalling, odd.find, odd.configure]
    steps += [partial(odd.about, OPEN), transport, partial(odd.about, START), music]
    steps += [partial(odd.about, SUSPEND), partial(odd.about, CLOSE)]
    assert len(steps) == LONGEST_VISIT
    for length in lengths:
        for step in steps[:length]:
            await asyncio.wait_for(step(), 5)
        await phone.disconnect()
        # As soon as the receiver has heard of its end.
        async with asyncio.timeout(5):
            while (status := await known(one, phone))["connected"]:
                await asyncio.sleep(0.02)
        assert status["media"]["state"] == "closed" and not any(status["profiles"].values()), (length, status)
        audible = (await one.call("Status"))["audible"]
        assert phone.address not in [source["phone"] for source in audible], length


async def known(one: Scene, phone: Phone) -> dict:
    """What the receiver tells of a phone."""
    phones = (await one.call("Status"))["phones"]
    [status] = [status for status in phones if status["address"] == phone.address]
    return status
