"""The calls of one phone, as over H4 (`tests/interop/test_calls.py`), through the dongle and the kernel.

Their voice flows in real time, 333 packets a second either way, in a kernel with one processor: beside
others the air falls behind by seconds, and no command is answered in time.
"""

import contextlib
import pathlib

import test_calls
from features import Features, Habits
from limits import limits
from place import place, start


@contextlib.asynccontextmanager
async def caller(
    folder: pathlib.Path,
    *arguments: str,
    features: Features | None = None,
    habits: Habits | None = None,
):
    """As that of a scene, with the receiver on a dongle."""
    async with place(folder) as (one, _):
        await start(one, *arguments)
        gateway = await one.gateway("Phone A", 500, features, habits)
        await one.reach(gateway)
        yield one, gateway


test_calls.caller = caller


@limits(120, alone=True)
async def test_a_call_comes_in_through_the_dongle(folder: pathlib.Path) -> None:
    await test_calls.test_a_call_comes_in(folder)


@limits(120, alone=True)
async def test_calls_are_made_through_the_dongle(folder: pathlib.Path) -> None:
    await test_calls.test_calls_are_made(folder)


@limits(120, alone=True)
async def test_two_calls_of_one_phone_through_the_dongle(folder: pathlib.Path) -> None:
    """Waiting, held, merged, private and rejected ones."""
    await test_calls.test_two_calls_of_one_phone(folder)
