"""What is said and heard in a call: a tone each way in either codec, what is lost or damaged on the
way, and voice that nobody can place. (The air hands voice on as it is: no codec of a controller.)"""

import asyncio
import os
import pathlib
import random

import numpy

import speech
from features import Features
from gateway import Gateway
from heard import Heard, Span
from limits import limits
from scene import Scene, caller, scene
from speech import CVSD, MSBC, NAMES
from steady import Steady
from voice import STATUS

MINE = 1000  # the receiver's microphone, Hz
MICROPHONE = ("--microphone", f"tone:{MINE}")
SYNCHRONOUS = 3
# Seconds that each call is spoken in; a minute where that is asked for.
SECONDS = float(os.environ.get("TANDEM_VOICE_SECONDS", 4))
STEADY = 0.5  # seconds at the beginning of a call that are not judged


async def speak(one: Scene, a: Gateway, seconds: float) -> tuple[float, float]:
    """A call for so long; gives when it began to be heard and when it ended, as heard.wav counts."""
    after = one.now
    a.voice.came.clear()
    call = await a.ring("5550101")
    await one.told(a, "incoming", after)
    await one.call("Answer", how="default")
    await one.spoken(a, after)
    start = one.clock()
    await asyncio.sleep(seconds)
    end = one.clock()
    a.end(call)
    await one.told(a, "ended", after)
    await one.heard(after=after)
    await a.has_voice(False)
    return start, end


def tone_of(ear: Heard, hz: int, start: float, end: float) -> Span:
    """The longest piece of a tone in a call."""
    found = [s for s in ear.played() if s.hz == hz and s.end > start and s.start < end]
    assert found, f"{hz} Hz from {start:.2f} to {end:.2f} s: {ear.describe()}"
    return max(found, key=lambda span: span.seconds)


def check_sent(a: Gateway, seconds: float, least: float) -> None:
    """The receiver's microphone came to the phone: all of it, in order, clean."""
    octets = a.voice.octets()
    took = len(octets) / speech.OCTETS_A_SECOND[a.voice.codec]
    assert abs(took - seconds) < 0.5, f"{took:.2f} s of voice in {seconds:.2f} s"
    if a.voice.codec == MSBC:
        taken = speech.frames(octets)
        assert taken.astray < speech.FRAME and taken.jumps == 0, taken
    sound, rate = a.voice.sound(), a.voice.rate
    steady = sound[round(STEADY * rate) :]
    found = [round(quarter) for quarter in speech.cleanness(steady, MINE, rate)]
    print(f"{NAMES[a.voice.codec]}: {took:.2f} s to the phone, {found} dB", flush=True)
    # A machine that stands still for a moment spoils a quarter of a second, or two.
    assert found[len(found) // 6] > least, f"{found} dB"
    assert numpy.abs(steady).max() > 0.05, "hardly to be heard"


@limits(60 + 2 * SECONDS, alone=True)
async def test_a_tone_each_way_in_either_codec(folder: pathlib.Path) -> None:
    """HFP/HF/ACC/BV-01 to -15: who sets the link up, and how, does not change what is heard."""
    calls = []
    async with caller(folder, *MICROPHONE) as (one, a):
        for codec in (CVSD, MSBC):
            a.features = Features(codecs=(CVSD, MSBC)[:codec])
            calls.append((codec, *await speak(one, a, SECONDS)))
            assert a.voice.codec == codec
            check_sent(a, calls[-1][2] - calls[-1][1], 30)
        await one.receiver.stop()
    ear = Heard(one.wav, (500,))
    for codec, start, end in calls:
        span = tone_of(ear, 500, start, end)
        assert span.seconds > end - start - 0.5, f"{NAMES[codec]}: {ear.describe()}"
        breaks = ear.breaks(span)
        assert not breaks, f"{NAMES[codec]}: {breaks[:8]}"


@limits(60, alone=True)
async def test_voice_in_packets_of_any_length(folder: pathlib.Path) -> None:
    calls = []
    async with caller(folder, *MICROPHONE) as (one, a):
        for octets, enhanced in ((48, True), (120, False), (24, True), (240, False)):
            a.voice.packet, a.voice.enhanced = octets, enhanced
            for codec in (CVSD, MSBC):
                a.features = Features(codecs=(CVSD, MSBC)[:codec])
                calls.append((octets, codec, *await speak(one, a, 1.5)))
        await one.receiver.stop()
    ear = Heard(one.wav, (500,))
    for octets, codec, start, end in calls:
        span = tone_of(ear, 500, start, end)
        assert span.seconds > end - start - 0.5, f"{octets}, {NAMES[codec]}: {ear.describe()}"
        assert not ear.breaks(span), f"{octets}, {NAMES[codec]}: {ear.breaks(span)[:8]}"


@limits(60)
async def test_the_receiver_sets_voice_up_where_codecs_are_not_agreed_on(
    folder: pathlib.Path,
) -> None:
    async with caller(folder, *MICROPHONE) as (one, a):
        for line in range(2):
            if line:
                await a.line.close()
                a.features = Features(codecs=())
                await one.reach(a)
            after = one.now
            call = await a.ring("5550101")
            a.answer(call, on_handset=True)
            await one.told(a, "active", after)
            asked = a.voice.asked
            await one.call("Voice", to="receiver")
            await one.spoken(a, after)
            assert a.voice.asked == asked + (not line), "who sets it up"
            await asyncio.sleep(1)
            a.end(call)
            await one.told(a, "ended", after)
            await a.has_voice(False)


@limits(60)
async def test_the_microphone_is_muted(folder: pathlib.Path) -> None:
    async with caller(folder, *MICROPHONE) as (one, a):
        after = one.now
        a.answer(await a.ring("5550101"))
        await one.spoken(a, after)
        clock = asyncio.get_running_loop().time
        for on in (True, False):
            await one.call("Mute", on=on)
            await asyncio.sleep(0.4)
            since = clock()
            await asyncio.sleep(0.6)
            sound = a.voice.sound(since)
            assert len(sound) > 0.3 * a.voice.rate, "voice goes out all the time"
            assert (numpy.abs(sound[400:]).max() < 0.01) == on, f"muted: {on}"


@limits(60, alone=True)
async def test_one_packet_in_twenty_is_lost(folder: pathlib.Path) -> None:
    """Lost without a word, told to be lost, damaged: the tone goes on, what it cannot hide is soft."""

    def gone(octets: bytes):
        return None

    def told(octets: bytes):
        return STATUS.NO_DATA, bytes(len(octets))

    def damaged(octets: bytes):
        return STATUS.POSSIBLY_INVALID_DATA, dice.randbytes(len(octets))

    def damaged_in_secret(octets: bytes):
        return STATUS.CORRECTLY_RECEIVED_DATA, dice.randbytes(len(octets))

    calls = []
    async with caller(folder, *MICROPHONE) as (one, a):
        for codec, harm in (
            (MSBC, gone),
            (MSBC, told),
            (MSBC, damaged),
            (MSBC, damaged_in_secret),
            (CVSD, gone),
            (CVSD, told),
        ):
            dice = random.Random(5)
            a.features = Features(codecs=(CVSD, MSBC)[:codec])

            def spoil(number: int, octets: bytes, harm=harm):
                if dice.random() < 0.05:
                    return harm(octets)
                return STATUS.CORRECTLY_RECEIVED_DATA, octets

            a.voice.spoil = spoil
            calls.append((f"{NAMES[codec]}, {harm.__name__}", *await speak(one, a, 3)))
            if harm is not gone:
                check_sent(a, calls[-1][2] - calls[-1][1], 30)
        await one.receiver.stop()
    ear = Heard(one.wav, (500,))
    for what, start, end in calls:
        heard = [s for s in ear.played() if s.hz == 500 and s.end > start and s.start < end]
        seconds = sum(span.seconds for span in heard)
        print(f"{what}: {seconds:.2f} s of {end - start:.2f} s are the tone", flush=True)
        # Of CVSD that is not there at all, nobody knows where it is missing.
        least = 0.3 if what == "cvsd, gone" else 0.7
        assert seconds > least * (end - start), f"{what}: {ear.describe()}"


@limits(60, alone=True)
async def test_voice_that_belongs_to_nobody(folder: pathlib.Path) -> None:
    """For handles that no link has, of no length, longer than they are: the call is not disturbed."""
    async with scene(folder) as one:
        steady = Steady(one.port)  # it puts whole packets on the line
        controller = await steady.plug_in()
        one.stack.callback(steady.unplug)
        await one.start_receiver("--pair", "60", *MICROPHONE, controller=controller)
        a = await one.gateway("Phone A", 500)
        await one.reach(a)
        after = one.now
        call = await a.ring("5550101")
        a.answer(call)
        await one.spoken(a, after)
        start = one.clock()
        for handle in (0x0000, 0x0123, 0x0AAA):  # rootcanal gives out the highest ones
            for octets in (b"", b"\xff", bytes(60), bytes(range(255))):
                head = bytes([SYNCHRONOUS, handle & 0xFF, handle >> 8, len(octets)])
                for _ in range(25):
                    steady.host.write(head + octets)
        await asyncio.sleep(1.5)
        end = one.clock()
        a.end(call)
        await one.told(a, "ended", after)
        await one.heard(after=after)
        await one.receiver.stop()
    ear = Heard(one.wav, (500,))
    span = tone_of(ear, 500, start, end)
    assert span.seconds > end - start - 0.5 and not ear.breaks(span), ear.describe()
