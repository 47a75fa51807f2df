"""Keys and values, and what is wrong with them."""

import unittest
from pathlib import Path

import air
import tandem
from tandem._settings import flat, toml


class Settings(unittest.TestCase):
    def test_values_become_toml(self):
        for value, text in [
            (True, "true"),
            (3, "3"),
            (2.5, "2.5"),
            ("3", '"3"'),
            ("Küche 🎧\n\x7f", '"Küche 🎧\\n\\u007f"'),
            (Path("/a b"), '"/a b"'),
            ([1, 2], "[1, 2]"),
            (["a", "b"], '["a", "b"]'),
        ]:
            self.assertEqual(toml(value), text)
        for wrong in (None, b"text"):
            self.assertRaises(TypeError, toml, wrong)

    def test_a_text_arrives_letter_by_letter(self):
        name = 'Küche 🎧 "3"\n'
        with air.arguments(name=name) as arguments, tandem.Receiver(**arguments) as rx:
            self.assertEqual(rx.status()["controller"]["name"], name)
            rx.set("name", name[::-1])
            self.assertEqual(rx.status()["controller"]["name"], name[::-1])

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

    def test_the_files_controller_and_sound_count_where_none_are_given(self):
        with air.arguments() as arguments:
            folder = Path(arguments["settings"]["state_dir"])
            file = folder / "tandem.toml"
            lines = [f"state_dir = {toml(folder)}", 'sound = "null"', "seats = 3"]
            file.write_text("\n".join([*lines, 'controller = "tcp:127.0.0.1:1"']))
            with self.assertRaisesRegex(tandem.NoController, "tcp:127.0.0.1:1"):
                tandem.Receiver(config=file)
            with tandem.Receiver(air.CONTROLLER, config=file) as rx:
                self.assertEqual(rx.status()["settings"]["seats"], 3)

    def test_how_long_pairing_is_open_is_checked(self):
        for seconds in (-1, 0, 3601):
            with self.assertRaisesRegex(tandem.BadValue, "pair"):
                tandem.Receiver("sim", pair=seconds)

    def test_no_controller_is_said(self):
        with self.assertRaises(tandem.NoController) as caught:
            tandem.Receiver("tcp:127.0.0.1:1", "null", settings={"state_dir": "/tmp"})
        self.assertIsInstance(caught.exception, tandem.Error)
