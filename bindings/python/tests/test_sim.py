"""Phones that a program commands."""

import unittest

import air
import tandem


class Phones(unittest.TestCase):
    def setUp(self):
        arguments = self.enterContext(air.arguments(microphone="null"))
        self.air = tandem.sim.Air()
        self.anna = self.air.phone("Anna", voice=500)
        arguments["controller"] = self.air
        self.rx = self.enterContext(tandem.Receiver(**arguments, pair=60))
        self.anna.connect()

    def until(self, wanted):
        while not wanted(event := self.rx.next(timeout=10)):
            self.assertIsNotNone(event)
        return event

    def test_a_phone_does_what_its_owner_says(self):
        self.anna.play(440)
        audible = self.until(lambda e: isinstance(e, tandem.Audible) and e.phones)
        self.assertEqual(audible.phones[0]["phone"], self.anna.address)
        with self.rx.audio("media") as music:
            next(music)
        self.anna.pause()
        self.until(lambda e: isinstance(e, tandem.Audible) and not e.phones)
        self.anna.ring("+1 555 0100", "Zoe")
        call = self.until(lambda e: isinstance(e, tandem.Call) and e.number)
        self.assertEqual((call.state, call.number), ("incoming", "+1 555 0100"))
        self.rx.answer()
        self.until(lambda e: isinstance(e, tandem.Call) and e.state == "active")
        self.anna.they_hang_up()
        self.until(lambda e: isinstance(e, tandem.Call) and e.state == "ended")
        self.anna.disconnect()
        self.until(lambda e: isinstance(e, tandem.Phone) and e.state == "disconnected")

    def test_values_are_checked_and_an_air_has_one_receiver(self):
        self.assertRaises(tandem.BadValue, self.anna.volume, 101)
        self.assertRaises(tandem.BadValue, self.anna.volume, -1)
        self.assertRaises(tandem.BadValue, self.anna.answer, "nobody")
        with air.arguments() as arguments, self.assertRaises(tandem.BadValue):
            tandem.Receiver(**{**arguments, "controller": self.air})
        with self.assertRaises(tandem.Busy):
            for n in range(100):
                self.air.phone(f"phone {n}")
