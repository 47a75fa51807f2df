"""`tandem demo --fast`: what it says and leaves is there, and right."""

import asyncio
import json
import pathlib
import subprocess
import xml.etree.ElementTree

import numpy

import capture
from heard import Heard, Span
from limits import limits
from receiver import program

SVG = "{http://www.w3.org/2000/svg}"

# Each phone's music, and the tone in its calls.
ANNA, BEN, CLEO = 440, 660, 880
ANNAS_CALL, BENS_CALL = 300, 500
CHIME = 1270  # the notification on Ben's phone, from 21.0 to 21.8 s
RING, WAITING = (400, 450), 425  # the receiver's own tones
TONES = (ANNA, BEN, CLEO, ANNAS_CALL, BENS_CALL, 700, CHIME)

# What is to be heard: the tone, and from when to when, in seconds.
HEARD = [
    (ANNA, 5, 9),
    (BENS_CALL, 12, 17),
    # Through the notification.
    (ANNA, 17.5, 25),
    (BEN, 25, 30),
    (ANNA, 30, 35),
    # Ringing at the other end, then a call, in which another one waits.
    (ANNAS_CALL, 35, 44),
    (BENS_CALL, 44, 49),
    (ANNAS_CALL, 49, 53),
    # While the third phone comes.
    (ANNA, 53.5, 64),
    # Until it is out of range.
    (CLEO, 64, 69),
    # It is back, paged.
    (CLEO, 77.5, 85),
]
MOMENT = 0.3  # seconds

# What it says, in this order.
SAID = [
    "Anna's phone is connected",
    "Ben's phone is connected",
    "♪ music from Anna's phone",
    "♪ ringing on Ben's phone",
    "Anna's phone is told to pause",
    "Ben's phone says who calls: Zoe, +1 555 0100",
    "♪ the call on Ben's phone",
    "Anna's phone is told to play again",
    "A notification chimes on Ben's phone",
    "Ben's phone stops streaming, and was not heard over music from Anna's phone",
    "♪ music from Ben's phone",
    "♪ music from Anna's phone",
    "a quiet tone tells of it over the call on Anna's phone",
    "Anna's phone is told to hold its call",
    "♪ the call on Ben's phone",
    "♪ the call on Anna's phone",
    "Anna's phone is told to go on with the call that it held",
    "♪ music from Anna's phone",
    "Ben's phone gave its seat",
    "Cleo's phone is connected",
    "♪ music from Cleo's phone",
    "the link to Cleo's phone is lost",
    "Cleo's phone is paged",
    "Cleo's phone is connected again",
    "Cleo's phone is told to play again: it was playing when it was lost",
    "♪ music from Cleo's phone",
]


async def run_demo(folder: pathlib.Path, *how: str) -> pathlib.Path:
    log = folder / "demo.log"
    with open(log, "wb") as output:
        process = await asyncio.create_subprocess_exec(
            program("tandem"),
            "demo",
            *how,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        code = await process.wait()
    assert code == 0, f"exit code {code}:\n{log.read_text(errors='replace')[-4000:]}"
    return folder / "tandem-demo"


def tandem(*arguments: str | pathlib.Path) -> str:
    done = subprocess.run([program("tandem"), *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def assert_said(said: str) -> None:
    at = 0
    for words in SAID:
        assert (found := said.find(words, at)) >= 0, f"{words!r} comes after:\n{said[:at]}"
        at = found + len(words)


def tones(heard: Heard) -> list[Span]:
    """Which tones are heard, one after the other. What interrupts one for a moment is left out: the
    waiting tone, and in real time a machine that did not keep up."""
    found: list[Span] = []
    # The ring, and what a tone comes or goes under, is no single tone.
    for span in (span for span in heard.played() if span.hz > 0):
        if found and found[-1].hz == span.hz and span.start - found[-1].end < MOMENT:
            span = Span(span.hz, found.pop().start, span.end)
        found.append(span)
    return found


def assert_heard(heard: Heard, late: float) -> None:
    """What is to be heard is, and nothing else; what begins to sound may be so late."""
    found, story = tones(heard), heard.describe()
    assert [span.hz for span in found] == [hz for hz, _, _ in HEARD], story
    for span, (_, start, end) in zip(found, HEARD):
        assert start <= span.start < start + late and abs(span.end - end) < 0.2, f"{span}: {story}"
    for hz in RING:
        assert heard.levels(hz, 9.1, 9.35, 0.2).min() > 0.02, "Ben's phone rings"
    assert heard.levels(WAITING, 41, 41.4, 0.1).max() > 0.01, "another call waits"
    # −100 dB of full scale.
    assert heard.levels(CHIME, 20.8, 22.2).max() < 1e-5, "a notification is not heard"
    assert numpy.abs(heard.sound[round(70 * heard.rate) : round(77 * heard.rate)]).max() == 0, story


@limits(180)
async def test_demo_tells_and_leaves_what_is_heard(folder: pathlib.Path) -> None:
    left = await run_demo(folder, "--fast")
    assert_said((folder / "demo.log").read_text())
    heard = Heard(left / "heard.wav", TONES)
    # A stream begins through its buffer, a call with its voice link.
    assert_heard(heard, 0.5)
    whole = [span for span in heard.played() if span.hz > 0]
    assert len(whole) == len(HEARD) + 1, f"only the waiting tone interrupts: {heard.describe()}"
    for span in whole:
        assert heard.breaks(span) == [], span


@limits(180)
async def test_demo_leaves_a_capture_that_holds_and_a_drawing(folder: pathlib.Path) -> None:
    left = await run_demo(folder, "--fast")
    record = left / "capture.btsnoop"
    assert capture.malformed(record) == []
    assert capture.count(record, "btavdtp") > 10
    assert tandem("replay", record).splitlines()[-1] == "identical"

    tandem("timeline", record, "-o", folder / "timeline.json")
    timeline = json.loads((folder / "timeline.json").read_text())
    anna, ben, cleo = timeline["phones"]
    assert [phone["name"] for phone in (anna, ben, cleo)] == [
        "Anna's phone",
        "Ben's phone",
        "Cleo's phone",
    ]
    chime, music = ben["streaming"]
    assert 0.7 < chime[1] - chime[0] < 0.9, "a notification streams"
    media = [heard for heard in ben["heard"] if heard["kind"] == "media"]
    assert [round(heard["from"]) for heard in media] == [round(music[0])], "and is not heard"
    [lost], [paged] = cleo["lost"], cleo["paged"]
    assert [span[1] for span in cleo["connected"]][0] == lost[0]
    assert 1.9 < paged[0] - lost[0] < 2.3 and paged[1] == lost[1] == cleo["connected"][1][0]
    assert len(anna["connected"]) == len(ben["connected"]) == 1
    assert timeline["heard"] == "recorded" and len(timeline["switches"]) >= len(HEARD)

    drawing = xml.etree.ElementTree.parse(left / "timeline.svg").getroot()
    assert drawing.tag == f"{SVG}svg"
    texts = {node.text for node in drawing.iter(f"{SVG}text")}
    states = {"connected", "lost", "paged", "streaming", "ringing", "talking", "voice link"}
    assert states | {"heard: media", "heard: call", "heard: ring"} <= texts


@limits(360)
async def test_demo_repeats_itself(folder: pathlib.Path) -> None:
    """One seed, one date: twice the same bytes, and the same words."""
    runs = []
    for name in ("first", "second"):
        (folder / name).mkdir()
        left = await run_demo(folder / name, "--fast")
        files = [folder / name / "demo.log", *sorted(left.iterdir())]
        runs.append({path.name: path.read_bytes() for path in files})
    assert runs[0].keys() == runs[1].keys()
    for name in runs[0]:
        assert runs[0][name] == runs[1][name], f"{name} differs"
