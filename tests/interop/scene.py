"""An air, a receiver and phones, set up together and taken down in order."""

import asyncio
import contextlib
import pathlib

import tone
from air import air
from features import Features, Habits
from gateway import Gateway
from phone import Manners, Phone
from receiver import Control, Daemon, Error, Watch, daemon


class Scene:
    def __init__(self, folder: pathlib.Path, stack: contextlib.AsyncExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.port = 0
        self.receiver: Daemon | None = None
        self.watch: Watch | None = None
        self.ready_at = 0.0

    @property
    def wav(self) -> pathlib.Path:
        return self.folder / "heard.wav"

    @property
    def capture(self) -> pathlib.Path:
        return self.folder / "capture.btsnoop"

    @property
    def now(self) -> int:
        """Where the next event will be."""
        return len(self.watch.events)

    def when(self, event: dict) -> float:
        """Seconds since the receiver was ready, by its own clock."""
        return event["t"] - self.watch.events[0]["t"]

    def clock(self) -> float:
        """Seconds since the receiver was ready, by this process's clock."""
        return asyncio.get_running_loop().time() - self.ready_at

    async def start_receiver(
        self, *arguments: str, controller: str | None = None, sound: str | None = None
    ) -> Daemon:
        """Starts a receiver on the air, waits for readiness and watches it."""
        if "--microphone" not in arguments:
            arguments = ("--microphone", "null", *arguments)
        self.receiver = await self.stack.enter_async_context(
            daemon(
                self.folder,
                controller or f"tcp:127.0.0.1:{self.port}",
                "--sound",
                sound or f"wav:{self.wav}",
                "--snoop",
                str(self.capture),
                *arguments,
            )
        )
        await self.receiver.ready()
        self.ready_at = asyncio.get_running_loop().time()
        self.watch = await Watch.open(self.receiver.control)
        self.stack.callback(self.watch.close)
        await self.watch.next("snapshot")
        return self.receiver

    async def phone(self, name: str, hz: int, manners: Manners | None = None) -> Phone:
        phone = Phone(name, tone.make(hz, self.folder), manners)
        await phone.power_on(self.port)
        self.stack.push_async_callback(phone.power_off)
        return phone

    async def gateway(
        self, name: str, hz: int, features: Features | None = None, habits: Habits | None = None
    ) -> Gateway:
        """A phone that can call, whose music and voice are this tone."""
        phone = await self.phone(name, hz)
        return Gateway(phone, hz, self.folder, features, habits)

    async def call(self, method: str, **parameters) -> dict:
        """One call to the receiver, on a connection of its own."""
        control = await Control.open(self.receiver.control)
        try:
            return await control.call(method, **parameters)
        finally:
            control.close()

    async def refused(self, name: str, method: str, **parameters) -> None:
        """One call to the receiver that must be refused so."""
        try:
            answer = await self.call(method, **parameters)
        except Error as error:
            assert error.name == name, f"{method} {parameters}: {error}"
        else:
            raise AssertionError(f"{method} {parameters} was not refused: {answer}")

    async def join(self, phone: Phone) -> None:
        """Pairs or comes back where that is to be done, and opens A2DP."""
        after = 0 if phone.connection else self.now
        if not phone.connection:
            await phone.connect(self.receiver.address)
        await phone.open_music()
        for kind, fields in (
            ("phone", {"state": "connected"}),
            ("profile", {"profile": "a2dp", "up": True}),
            ("stream", {"state": "open"}),
        ):
            await self.watch.next(kind, after, phone=phone.address, **fields)

    async def reach(self, gateway: Gateway) -> None:
        """Pairs or comes back where that is to be done, and sets up the calls."""
        after = self.now
        if not gateway.phone.connection:
            await gateway.phone.connect(self.receiver.address)
        if gateway.is_up:
            # The receiver was quicker.
            after = 0
        elif gateway.habits.opens and not gateway.line:
            await gateway.open()
        await gateway.opened(10)
        await self.watch.next("profile", after, phone=gateway.address, profile="hfp", up=True)

    async def told(self, gateway: Gateway, state: str, after: int = 0, **fields) -> dict:
        """Waits until a call of this phone is said to be so."""
        return await self.watch.next("call", after, phone=gateway.address, state=state, **fields)

    async def spoken(self, gateway: Gateway, after: int = 0) -> None:
        """Waits until a call of this phone is spoken in here."""
        await self.told(gateway, "active", after)
        await self.watch.next("voice", after, phone=gateway.address, state="open")
        await gateway.has_voice()
        await self.heard(gateway, after=after, kind="call")

    async def heard(
        self,
        *phones: Phone | Gateway,
        after: int = 0,
        seconds: float = 5,
        kind: str | None = None,
    ) -> dict:
        """Waits until exactly these phones are audible, with this kind of sound."""
        wanted = [phone.address for phone in phones]
        async with asyncio.timeout(seconds + 1):
            at = after
            while True:
                event = await self.watch.next("audible", at, seconds)
                kinds = {source["kind"] for source in event["phones"]}
                if [source["phone"] for source in event["phones"]] == wanted and (
                    kind is None or kinds == {kind}
                ):
                    return event
                at = self.watch.events.index(event) + 1


@contextlib.asynccontextmanager
async def caller(
    folder: pathlib.Path,
    *arguments: str,
    features: Features | None = None,
    habits: Habits | None = None,
):
    """A scene with a receiver and one phone that is ready to call."""
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60", *arguments)
        gateway = await one.gateway("Phone A", 500, features, habits)
        await one.reach(gateway)
        yield one, gateway


@contextlib.asynccontextmanager
async def scene(folder: pathlib.Path):
    async with contextlib.AsyncExitStack() as stack:
        one = Scene(folder, stack)
        one.port = await stack.enter_async_context(air(folder))
        yield one
