"""A receiver on the simulator."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

import air
import tandem

EXAMPLE = Path(__file__).resolve().parents[1] / "examples/events.py"


class Receiver(unittest.TestCase):
    def setUp(self):
        settings = self.enterContext(air.arguments())
        self.rx = self.enterContext(tandem.Receiver(**settings))

    def until(self, cls):
        """The first event of this class."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            event = self.rx.next(timeout=1)
            if isinstance(event, cls):
                return event
        self.fail(f"no {cls.__name__}")

    def test_the_first_event_is_a_snapshot(self):
        event = next(self.rx)
        self.assertIsInstance(event, tandem.Snapshot)
        self.assertEqual(event.controller["state"], "up")
        self.assertEqual(event.controller["name"], "Kitchen")

    def test_verbs_return_when_done_and_events_tell_of_them(self):
        self.rx.pair(60)
        pairing = self.until(tandem.Pairing)
        self.assertTrue(pairing.open)
        done = self.until(tandem.Done)
        self.assertEqual(done.result, "Ok")
        self.assertGreater(done.seq, 0)
        self.rx.stop_pairing()
        self.assertFalse(self.until(tandem.Pairing).open)

    def test_refusals_are_raised(self):
        for verb in (self.rx.connect, self.rx.disconnect, self.rx.forget):
            self.assertRaises(tandem.NoSuchPhone, verb, air.NOBODY)
            self.assertRaises(tandem.NoSuchPhone, verb, "Nobody")
        self.assertRaises(tandem.NoSuchPhone, self.rx.confirm, air.NOBODY, True)
        self.assertRaises(tandem.BadValue, self.rx.pair, 0)
        self.assertRaises(tandem.BadValue, self.rx.set, "seats", 77)
        self.assertRaises(tandem.Busy, self.rx.set, "class", "car")
        self.assertRaises(tandem.NotConnected, self.rx.media, "play")
        self.assertRaises(tandem.BadValue, self.rx.media, "dance")
        self.assertRaises(tandem.BadValue, self.rx.volume, 300)
        self.assertRaises(tandem.NotConnected, self.rx.volume, 50, "call")

    def test_verbs_about_calls_need_a_call(self):
        for verb in (self.rx.answer, self.rx.reject):
            self.assertRaises(tandem.NothingToAnswer, verb)
        self.assertRaises(tandem.NothingToAnswer, self.rx.answer, hold=True, index=1)
        self.assertRaises(tandem.NothingToAnswer, self.rx.answer, end=True)
        for verb in (self.rx.hang_up, self.rx.hold, self.rx.swap, self.rx.merge, self.rx.transfer):
            self.assertRaises(tandem.NoCall, verb)
        self.assertRaises(tandem.NoCall, self.rx.private, 1)
        self.assertRaises(tandem.NoCall, self.rx.voice, "receiver")
        self.assertRaises(tandem.NoCall, self.rx.tones, "12#")
        self.assertRaises(tandem.NotConnected, self.rx.dial, "+4912")
        for verb in (self.rx.redial, self.rx.assistant):
            self.assertRaises(tandem.NotConnected, verb)
        self.assertRaises(tandem.NoSuchPhone, self.rx.hold, air.NOBODY)
        self.rx.mute()
        self.rx.mute(False)
        self.rx.battery(80)

    def test_values_of_verbs_about_calls_are_checked_and_named(self):
        for name, verb in [
            ("number", lambda: self.rx.dial("12;34")),
            ("digits", lambda: self.rx.tones("")),
            ("index", lambda: self.rx.private(0)),
            ("index", lambda: self.rx.answer(index=300)),
            ("index", lambda: self.rx.hang_up(index=-1)),
            ("seconds", lambda: self.rx.pair(-1)),
            ("percent", lambda: self.rx.volume(-1)),
            ("percent", lambda: self.rx.battery(-1)),
            ("passkey", lambda: self.rx.confirm(air.NOBODY, True, -1)),
            ("rate", lambda: self.rx.audio(rate=-1)),
            ("channels", lambda: self.rx.audio(channels=1000)),
            ("rate.*8000", lambda: self.rx.audio(rate=7_999)),
            ("action.*dance.*play_pause", lambda: self.rx.media("dance")),
            ("kind.*media, call", lambda: self.rx.volume(50, "loud")),
            ("only one", lambda: self.rx.answer(hold=True, end=True)),
        ]:
            with self.assertRaisesRegex(tandem.BadValue, name):
                verb()
        self.assertRaises(tandem.BadValue, self.rx.voice, "away")
        self.assertRaises(tandem.BadValue, self.rx.battery, 101)

    def test_a_setting_is_changed(self):
        self.rx.set("name", "Den")
        self.rx.set("takeover", "mix")
        status = self.rx.status()
        self.assertEqual(status["controller"]["name"], "Den")
        self.assertEqual(status["settings"]["takeover"], "mix")
        self.assertIsInstance(status["phones"], list)

    def test_waiting_lets_other_threads_run(self):
        while self.rx.next(timeout=0.3) is not None:
            self.rx.set("name", "Quiet")
            break
        ran = []
        thread = threading.Thread(target=lambda: ran.append(time.monotonic()))
        start = time.monotonic()
        threading.Timer(0.05, thread.start).start()
        while self.rx.next(timeout=0.4) is not None:
            pass
        thread.join()
        self.assertLess(ran[0] - start, 0.35)

    def test_the_file_descriptor_tells_of_events(self):
        ready, _, _ = select.select([self.rx], [], [], 5)
        self.assertEqual(ready, [self.rx])

    def test_a_child_that_closes_it_leaves_it_to_its_parent(self):
        child = os.fork()
        if child == 0:
            try:
                self.rx.close()
                os._exit(0)
            finally:
                os._exit(1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.rx.mute()

    def test_closing_ends_the_iteration_in_another_thread(self):
        threading.Timer(0.3, self.rx.close).start()
        seen = list(self.rx)
        self.assertIsInstance(seen[0], tandem.Snapshot)
        self.assertRaises(EOFError, self.rx.next, 0)
        self.assertRaises(tandem.ControllerLost, self.rx.pair, 60)
        status = self.rx.status()
        self.assertEqual(status["controller"]["state"], "lost")
        self.assertFalse(status["controller"]["pairing"])
        self.rx.close()


class Programs(unittest.TestCase):
    """The example, as its user runs it."""

    def start(self):
        folder = self.enterContext(air.arguments())["settings"]["state_dir"]
        program = subprocess.Popen(
            [sys.executable, EXAMPLE, air.CONTROLLER, "null"],
            env={**os.environ, "STATE_DIRECTORY": folder, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(program.communicate)
        self.addCleanup(program.kill)
        return program

    def test_the_example_prints_events_until_interrupted(self):
        program = self.start()
        self.assertIn("Snapshot(", program.stdout.readline())
        while "Pairing(" not in program.stdout.readline():
            self.assertIsNone(program.poll())
        # It waits for an event now, inside the library.
        time.sleep(0.3)
        start = time.monotonic()
        program.send_signal(signal.SIGINT)
        _, error = program.communicate(timeout=20)
        self.assertIn("KeyboardInterrupt", error)
        self.assertEqual(program.returncode, -signal.SIGINT, error)
        self.assertLess(time.monotonic() - start, 4)

    def test_a_receiver_that_is_not_closed_is_told_and_ends(self):
        folder = self.enterContext(air.arguments())["settings"]["state_dir"]
        text = f"import tandem; rx = tandem.Receiver({air.CONTROLLER!r}, 'null'); rx.next()"
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-c", text],
            env={**os.environ, "STATE_DIRECTORY": folder},
            capture_output=True,
            text=True,
            timeout=30,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("ResourceWarning", done.stderr)


class Opening(unittest.TestCase):
    """At a controller that never answers."""

    def test_ctrl_c_ends_it_and_hangs_up(self):
        deaf = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        settings = self.enterContext(air.arguments())
        settings["controller"] = f"tcp:127.0.0.1:{deaf.getsockname()[1]}"
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        start = time.monotonic()
        with self.assertRaises(KeyboardInterrupt):
            tandem.Receiver(**settings)
        self.assertLess(time.monotonic() - start, 2)
        controller, _ = deaf.accept()
        with controller:
            controller.settimeout(5)
            while controller.recv(100):
                pass


class Several(unittest.TestCase):
    def test_one_receiver_after_the_other(self):
        for _ in range(2):
            with air.arguments() as settings, tandem.Receiver(**settings) as rx:
                self.assertIsInstance(next(rx), tandem.Snapshot)

    def test_two_receivers_beside_each_other(self):
        one, other = (tandem.Receiver(tandem.sim.Air(), "null") for _ in range(2))
        with one, other:
            self.assertEqual((next(one).phones, next(other).phones), ([], []))
