"""`tandem demo --fast`: what it leaves is there, and right."""

import asyncio
import pathlib
import wave
import xml.etree.ElementTree

import numpy

import capture
from limits import limits
from receiver import program

SVG = "{http://www.w3.org/2000/svg}"


async def run_demo(folder: pathlib.Path) -> pathlib.Path:
    log = folder / "demo.log"
    with open(log, "wb") as output:
        process = await asyncio.create_subprocess_exec(
            program("tandem"),
            "demo",
            "--fast",
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        code = await process.wait()
    assert code == 0, f"exit code {code}:\n{log.read_text(errors='replace')[-4000:]}"
    assert log.read_text().strip(), "it says who is heard"
    return folder / "tandem-demo"


@limits(180)
async def test_demo_leaves_three_files_that_are_right(folder: pathlib.Path) -> None:
    left = await run_demo(folder)

    with wave.open(str(left / "heard.wav")) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        assert (file.getsampwidth(), channels) == (2, 2)
        sound = numpy.frombuffer(file.readframes(file.getnframes()), "<i2")
    sound = sound.reshape(-1, 2).astype(float) / 32768
    second = [sound[at : at + rate] for at in range(0, len(sound) - rate + 1, rate)]
    loud = [piece for piece in second if numpy.sqrt(numpy.mean(piece**2)) > 0.01]
    assert len(loud) >= 5, f"{len(loud)} of {len(second)} seconds are heard"
    dominant = {round(numpy.argmax(abs(numpy.fft.rfft(piece[:, 0])))) for piece in loud}
    music, calls = {440, 660, 880}, {300, 500}
    assert music | calls <= dominant, f"three players and two calls are heard: {dominant} Hz"

    assert capture.malformed(left / "capture.btsnoop") == []
    assert capture.count(left / "capture.btsnoop", "btavdtp") > 10

    drawing = xml.etree.ElementTree.parse(left / "timeline.svg").getroot()
    assert drawing.tag == f"{SVG}svg"
    marks = [node for node in drawing.iter() if node.tag in (f"{SVG}rect", f"{SVG}path")]
    texts = [node for node in drawing.iter(f"{SVG}text")]
    assert len(marks) >= 4 and len(texts) >= 4, "phones, spans and a time axis are drawn"


@limits(360)
async def test_demo_repeats_itself(folder: pathlib.Path) -> None:
    """One seed, one date: twice the same bytes."""
    runs = []
    for name in ("first", "second"):
        (folder / name).mkdir()
        left = await run_demo(folder / name)
        runs.append({path.name: path.read_bytes() for path in sorted(left.iterdir())})
    assert runs[0].keys() == runs[1].keys()
    for name in runs[0]:
        assert runs[0][name] == runs[1][name], f"{name} differs"
