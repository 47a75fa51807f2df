"""Captures, record by record."""

import pathlib
import tempfile
import unittest

import air
import tandem


class Capture(unittest.TestCase):
    def test_a_receivers_capture_is_read_in_order_and_again(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        path = folder / "capture.btsnoop"
        with air.arguments(snoop=path) as arguments, tandem.Receiver(**arguments) as rx:
            rx.pair(60)
        capture = tandem.Capture(path)
        records = list(capture)
        self.assertEqual(records, list(capture))
        times = [record["t"] for record in records]
        self.assertEqual((times[0], times), (0.0, sorted(times)))
        self.assertGreater(records[0]["time"], 1_700_000_000)
        packets = [record for record in records if "packet" in record]
        reset = packets[0]
        self.assertEqual((reset["direction"], reset["channel"]), ("sent", "command"))
        self.assertEqual((reset["packet"], reset["cut"]), (b"\x03\x0c\x00", False))
        self.assertIn(("received", "event"), {(p["direction"], p["channel"]) for p in packets})
        self.assertTrue(any("pairing" in record.get("note", "") for record in records))

    def test_what_is_no_capture_is_said(self):
        with self.assertRaisesRegex(FileNotFoundError, "/nowhere/at/all"):
            tandem.Capture("/nowhere/at/all")
        with self.assertRaisesRegex(tandem.BadValue, "not a btsnoop capture"):
            tandem.Capture(__file__)
