"""Sound from a simulated phone, and to it."""

import array
import asyncio
import inspect
import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
import unittest

import air
import tandem

TONE = array.array("h", (int(8_000 * math.sin(n * 2 * math.pi / 20)) for n in range(3_200)))


def peak(block):
    """The loudest sample of a block, seen without a copy."""
    return max(map(abs, memoryview(block).cast("B").cast("h")))


class Audio(unittest.TestCase):
    def setUp(self):
        settings = self.enterContext(air.arguments(microphone="null"))
        self.anna = (simulated := tandem.sim.Air()).phone("Anna")
        settings["controller"] = simulated
        self.rx = self.enterContext(tandem.Receiver(**settings, pair=60))

    def test_a_block_is_seen_without_a_copy(self):
        with self.rx.audio("mix", rate=44_100) as audio:
            block = audio.read(441, timeout=5)
        view = memoryview(block)
        self.assertEqual((view.format, view.ndim, view.readonly), ("h", 2, True))
        self.assertEqual(view.shape, (len(block), 2))
        self.assertEqual((view.strides, view.nbytes), ((4, 2), 4 * len(block)))
        self.assertTrue(0 < len(block) <= 441 and block.lost == 0, block)
        del block
        self.assertEqual(view[0, 0], 0, "the view keeps it")
        self.assertEqual(bytes(view), bytes(view.nbytes))
        with self.assertRaises(TypeError):
            view[0, 0] = 1

    def test_numpy_takes_it(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("numpy is not installed")
        with self.rx.audio("mix") as audio:
            block = audio.read(480, timeout=5)
        self.assertEqual(numpy.asarray(block).shape, (len(block), 2))
        flat = numpy.frombuffer(block, dtype=numpy.int16)
        self.assertTrue(numpy.shares_memory(flat, numpy.asarray(block)))

    def test_who_does_not_read_is_told_what_is_missing(self):
        with self.rx.audio("mix") as audio:
            audio.read(48_000, timeout=5)
            time.sleep(1.2)
            block = audio.read(48_000, timeout=5)
            while not block.lost:
                block = audio.read(48_000, timeout=5)
            self.assertGreater(block.lost, 4_800)

    def test_values_are_checked(self):
        for arguments, options in [
            (("noise",), {}),
            (("mix",), {"rate": 7_000}),
            (("mix",), {"channels": 3}),
            (("mix", air.NOBODY), {}),
        ]:
            self.assertRaises(tandem.BadValue, self.rx.audio, *arguments, **options)
        self.assertRaises(tandem.NoSuchPhone, self.rx.audio, "media", "Nobody")
        with self.rx.audio("media") as audio:
            self.assertRaises(tandem.BadValue, audio.read, 0)
            self.assertIsNone(audio.read(480, timeout=0.05), "nothing plays")
        self.assertRaises(EOFError, audio.read, 480)
        self.assertEqual(list(audio), [])
        for wrong in (b"123", array.array("f", [1.0])):
            self.assertRaises(tandem.BadValue, self.rx.microphone.write, wrong)
        self.assertRaises(TypeError, self.rx.microphone.write, "text")

    def test_waiting_lets_other_threads_run_and_closing_ends_the_iteration(self):
        audio = self.rx.audio("media")
        threading.Timer(0.3, self.rx.close).start()
        self.assertEqual(list(audio), [])
        self.assertRaises(tandem.ControllerLost, self.rx.audio)
        self.assertRaises(tandem.ControllerLost, self.rx.microphone.write, TONE)

    def test_a_writer_is_told_that_the_receiver_was_closed(self):
        self.rx.microphone.write(TONE)
        self.rx.close()
        self.assertRaises(tandem.ControllerLost, self.rx.microphone.write, TONE)

    def measured(self, kind):
        """What is measured of Anna's sound, once it is loud."""
        for _ in range(100):
            meters = self.rx.status()["phones"][0]["meters"]
            if (meter := meters[kind]) and meter["peak_db"] is not None:
                return meter
            time.sleep(0.05)
        self.fail(f"nothing is measured of {kind}")

    def test_the_phones_are_heard_and_spoken_to(self):
        self.anna.connect()
        self.anna.play(440)
        with self.rx.audio() as mix, self.rx.audio("media", rate=44_100, channels=1) as media:
            self.assertEqual(select.select([mix], [], [], 5)[0], [mix])
            loud = next(block for block in media if peak(block) > 3_000)
            self.assertEqual(memoryview(loud).shape[1], 1)
            next(block for block in mix if peak(block) > 3_000)
        media = self.measured("media")
        self.assertEqual(set(media), {"peak_db", "buffer_ms", "jitter_ms", "drift_ppm"})
        self.assertTrue(-30 < media["peak_db"] < 0 and media["jitter_ms"] < 50, media)
        self.anna.ring("+1 555 0100")
        while not (isinstance(event := next(self.rx), tandem.Call) and event.state == "incoming"):
            pass
        with self.rx.audio("voice") as voice:
            self.rx.answer()
            next(block for block in voice if peak(block) > 3_000)
            speech = self.measured("voice")
            self.assertTrue(-30 < speech["peak_db"] < 0 and speech["jitter_ms"] < 50, speech)
            self.assertIsNone(self.rx.status()["phones"][0]["meters"]["media"], "it is paused")
            start = time.monotonic()
            for _ in range(5):
                self.rx.microphone.write(TONE)
            # A second of sound, of which a quarter may wait.
            self.assertGreater(time.monotonic() - start, 0.6)
            self.rx.microphone.close()
            self.rx.microphone.write(bytes(TONE))


class Aio(unittest.IsolatedAsyncioTestCase):
    async def test_it_is_read_and_written_with_await(self):
        settings = self.enterContext(air.arguments(microphone="null"))
        async with tandem.aio.Receiver(**settings) as rx, asyncio.timeout(20):
            async with rx.audio("mix", rate=16_000, channels=1) as audio:
                self.assertLessEqual(len(await audio.read(160)), 160)
                frames = 0
                async for block in audio:
                    frames += len(block)
                    if frames > 3_200:
                        break
            await rx.microphone.write(TONE)
            rx.microphone.close()
            media = rx.audio("media")
            reader = asyncio.create_task(media.read(480))
            await asyncio.sleep(0.1)
            await rx.close()
            with self.assertRaises(EOFError):
                await reader

    async def test_closing_it_ends_who_waits_for_it(self):
        settings = self.enterContext(air.arguments(microphone="null"))
        async with tandem.aio.Receiver(**settings) as rx, asyncio.timeout(20):
            media = rx.audio("media")
            readers = [asyncio.create_task(media.read(480)) for _ in range(2)]
            await asyncio.sleep(0.1)
            media.close()
            ends = await asyncio.gather(*readers, return_exceptions=True)
            self.assertEqual([type(end) for end in ends], [EOFError, EOFError])
            media.close()
            with self.assertRaises(EOFError):
                await media.read(480)

    def test_it_has_what_the_other_one_has(self):
        for cls in ("Audio", "Microphone"):
            here, there = getattr(tandem.aio, cls), getattr(tandem, cls)
            for name in ("read", "write", "close"):
                if hasattr(there, name):
                    ours, theirs = (inspect.signature(getattr(c, name)) for c in (here, there))
                    self.assertEqual({*ours.parameters}, {*theirs.parameters} - {"timeout"})


class Echo(unittest.TestCase):
    def test_that_nobody_takes_it_out_is_told(self):
        for who, told in [("receiver", True), ("phone", False)]:
            settings = self.enterContext(air.arguments(echo_cancellation=who))
            with tandem.Receiver(**settings) as rx:
                self.assertEqual("canceller" in str(rx.status()["warnings"]), told, who)


class Programs(unittest.TestCase):
    def test_a_program_that_waits_for_sound_is_interrupted(self):
        folder = self.enterContext(air.arguments())["settings"]["state_dir"]
        text = (
            f"import tandem\nwith tandem.Receiver({air.CONTROLLER!r}, 'null') as rx:\n"
            " with rx.audio('media') as audio:\n  print('waits', flush=True)\n  next(audio)\n"
        )
        program = subprocess.Popen(
            [sys.executable, "-c", text],
            env={**os.environ, "STATE_DIRECTORY": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(program.communicate)
        self.addCleanup(program.kill)
        self.assertEqual(program.stdout.readline(), "waits\n")
        time.sleep(0.2)
        program.send_signal(signal.SIGINT)
        _, error = program.communicate(timeout=20)
        self.assertIn("KeyboardInterrupt", error)
