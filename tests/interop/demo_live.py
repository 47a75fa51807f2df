"""`tandem demo`, in real time: a minute and a half, as its reader sees it."""

import json
import pathlib

from demo_fast import TONES, assert_heard, assert_said, run_demo, tandem
from heard import Heard
from limits import limits


@limits(180, alone=True)
async def test_demo_in_real_time_tells_the_same(folder: pathlib.Path) -> None:
    left = await run_demo(folder)
    assert_said((folder / "demo.log").read_text())
    assert_heard(Heard(left / "heard.wav", TONES), 0.7)

    record = left / "capture.btsnoop"
    assert tandem("replay", record).splitlines()[-1] == "identical"
    tandem("timeline", record, "-o", folder / "timeline.json")
    timeline = json.loads((folder / "timeline.json").read_text())
    assert all(0 < switch["ours"] < 0.5 for switch in timeline["switches"]), timeline["switches"]
