"""Keys and values, and what is wrong with them."""

import unittest
from pathlib import Path

import tandem
from tandem._settings import flat, toml


class Settings(unittest.TestCase):
    def test_values_become_toml(self):
        for value, text in [
            (True, "true"),
            (3, "3"),
            (2.5, "2.5"),
            ("3", '"3"'),
            ("Küche\n\x7f", '"K\\u00fcche\\n\\u007f"'),
            (Path("/a b"), '"/a b"'),
            ([1, 2], "[1, 2]"),
            (["a", "b"], '["a", "b"]'),
        ]:
            self.assertEqual(toml(value), text)
        self.assertRaises(TypeError, toml, None)

    def test_tables_become_dotted_keys(self):
        nested = {"sound": {"rate": 44100}, "phone": {"AA:BB": {"takeover": False}}, "a.b": 1}
        self.assertEqual(
            list(flat(nested)),
            [("sound.rate", "44100"), ("phone.AA:BB.takeover", "false"), ("a.b", "1")],
        )

    def test_a_mistake_is_named(self):
        for settings, what in [
            ({"seats": 77}, "seats"),
            ({"seets": 2}, "did you mean seats"),
            ({"seats": "2"}, "seats"),
            ({"phone": {"nobody": {"takeover": True}}}, "nobody"),
        ]:
            with self.assertRaisesRegex(tandem.BadValue, what):
                tandem.Receiver("sim", settings=settings)

    def test_a_configuration_file_is_read(self):
        with self.assertRaisesRegex(tandem.BadValue, "/nowhere/tandem.toml"):
            tandem.Receiver("sim", config="/nowhere/tandem.toml")

    def test_no_controller_is_said(self):
        with self.assertRaises(tandem.NoController) as caught:
            tandem.Receiver("tcp:127.0.0.1:1", "null", settings={"state_dir": "/tmp"})
        self.assertIsInstance(caught.exception, tandem.Error)
