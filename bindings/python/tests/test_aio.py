"""The receiver for asyncio."""

import asyncio
import gc
import inspect
import socket
import threading
import time
import unittest
from unittest import mock

import air
import tandem


class Aio(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        settings = self.enterContext(air.arguments())
        self.rx = await self.enterAsyncContext(tandem.aio.Receiver(**settings))

    async def test_events_and_verbs_go_on_together(self):
        async def heard():
            async for event in self.rx:
                match event:
                    case tandem.Pairing(open=True, seconds=seconds):
                        return seconds

        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            reader = group.create_task(heard())
            await self.rx.pair(60)
        self.assertEqual(reader.result(), 60)
        await self.rx.stop_pairing()

    async def test_refusals_are_raised(self):
        with self.assertRaises(tandem.NoSuchPhone):
            await self.rx.connect(air.NOBODY)
        with self.assertRaises(tandem.BadValue):
            await self.rx.pair(0)
        with self.assertRaises(tandem.NothingToAnswer):
            await self.rx.answer(hold=True)
        with self.assertRaises(tandem.NoCall):
            await self.rx.hang_up()
        await self.rx.battery(80)
        with self.assertRaises(tandem.Busy):
            await self.rx.set("class", "car")

    async def test_a_setting_is_changed(self):
        await self.rx.set("name", "Den")
        self.assertEqual(self.rx.status()["controller"]["name"], "Den")

    async def test_closing_ends_the_iteration(self):
        async def read():
            return [event async for event in self.rx]

        reader = asyncio.create_task(read())
        await asyncio.sleep(0.1)
        await self.rx.close()
        events = await asyncio.wait_for(reader, 5)
        self.assertIsInstance(events[0], tandem.Snapshot)

    async def test_waiting_can_be_cancelled(self):
        async for _ in self.rx:
            break
        with self.assertRaises(TimeoutError):
            async with asyncio.timeout(0.2):
                async for _ in self.rx:
                    pass
        await self.rx.set("name", "Den")

    async def test_one_that_nobody_closed_is_told(self):
        settings = self.enterContext(air.arguments())
        forgotten = await tandem.aio.Receiver(**settings).__aenter__()
        with self.assertWarnsRegex(ResourceWarning, "was not closed"):
            del forgotten
            gc.collect()

    async def test_it_is_opened_first(self):
        closed = tandem.aio.Receiver(air.CONTROLLER)
        with self.assertRaises(tandem.Error):
            await closed.pair()

    async def test_opening_can_be_cancelled(self):
        # Nobody ever answers there.
        deaf = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        settings = self.enterContext(air.arguments())
        settings["controller"] = f"tcp:127.0.0.1:{deaf.getsockname()[1]}"
        start = time.monotonic()
        with self.assertRaises(TimeoutError):
            async with asyncio.timeout(0.3), tandem.aio.Receiver(**settings):
                self.fail("it is open")
        self.assertLess(time.monotonic() - start, 1)
        controller, _ = deaf.accept()
        with controller:
            controller.settimeout(5)
            while controller.recv(100):
                pass

    async def test_what_came_of_a_cancelled_opening_is_closed_beside_the_loop(self):
        never, other = socket.socketpair()
        self.enterContext(never)
        self.enterContext(other)
        closed = []
        begun = mock.Mock()
        begun.fileno.return_value = never.fileno()
        begun.give_up = lambda: closed.append(threading.current_thread())
        with mock.patch("tandem.aio.opening", return_value=begun):
            with self.assertRaises(TimeoutError):
                async with asyncio.timeout(0.1), tandem.aio.Receiver(air.CONTROLLER):
                    self.fail("it is open")
        self.assertEqual(len(closed), 1)
        self.assertIsNot(closed[0], threading.current_thread())

    def test_it_has_every_verb_of_the_other_one(self):
        def parameters(method):
            found = inspect.signature(method).parameters.values()
            return [(p.name, p.kind, p.default) for p in found]

        def verbs(cls):
            return {
                name: parameters(method)
                for name, method in vars(cls).items()
                if not name.startswith("_")
                and name not in ("next", "fileno")
                and not isinstance(method, property)
            }

        self.assertEqual(verbs(tandem.aio.Receiver), verbs(tandem.Receiver))
