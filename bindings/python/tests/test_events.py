"""Events as classes."""

import re
import unittest
from pathlib import Path

import tandem
from tandem import events

SOURCES = Path(__file__).resolve().parents[3] / "crates"


def told(name, /, **fields):
    return {"seq": 7, "t": 1.5, "time": "2026-01-02T03:04:05.000000Z", "event": name, **fields}


class Classes(unittest.TestCase):
    def test_fields_become_attributes_that_match_works_on(self):
        event = events.event(told("confirm", phone="AA", kind="compare", passkey=123456))
        match event:
            case tandem.Confirm(phone, "compare", passkey, seq=seq):
                self.assertEqual((phone, passkey, seq), ("AA", 123456, 7))
            case _:
                self.fail(event)
        self.assertEqual((event.t, event.event, event.more), (1.5, "confirm", {}))
        self.assertIn(event, {event})

    def test_a_call_is_matched_by_its_state(self):
        match events.event(told("call", phone="AA", index=1, state="incoming", number="123")):
            case tandem.Call(phone, index, "incoming", number, name):
                self.assertEqual((phone, index, number, name), ("AA", 1, "123", None))
            case event:
                self.fail(event)

    def test_what_is_not_known_is_none_and_what_is_new_is_kept(self):
        event = events.event(told("phone", phone="AA", name="", state="connected", colour="red"))
        self.assertIsInstance(event, tandem.Phone)
        self.assertIsNone(event.reason)
        self.assertEqual(event.more, {"colour": "red"})

    def test_an_event_of_another_version_is_an_event_all_the_same(self):
        event = events.event(told("teleported", phone="AA"))
        self.assertIs(type(event), tandem.Event)
        self.assertEqual((event.event, event.more), ("teleported", {"phone": "AA"}))

    def test_every_event_of_the_receiver_has_its_class(self):
        source = (SOURCES / "tandem/src/notice.rs").read_text()
        names = set(re.findall(r'Event::\w+ \{ \.\. \} => "(\w+)"', source)) | {"snapshot", "lost"}
        self.assertGreater(len(names), 10)
        self.assertEqual(names, set(events.CLASSES))
        for name, cls in events.CLASSES.items():
            self.assertIs(getattr(tandem, cls.__name__), cls, name)

    def test_every_refusal_has_its_exception(self):
        source = (SOURCES / "host/src/command.rs").read_text()
        names = set(re.findall(r'Refusal::\w+ => "(\w+)"', source))
        self.assertGreater(len(names), 8)
        for name in names:
            self.assertTrue(issubclass(getattr(tandem, name), tandem.Error), name)
