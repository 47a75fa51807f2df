"""A phone whose power goes at any moment: it leaves without a word, and comes back as the same phone."""

import asyncio

import tone
from features import Features, Habits
from gateway import Gateway
from phone import Phone
from player import Player
from scene import Scene
from steady import Steady


class Vanishing:
    """A phone with a controller and keys of its own; with each `on` it starts anew."""

    def __init__(self, one: Scene, name: str, hz: int) -> None:
        self.one, self.hz = one, hz
        self.phone = Phone(name, tone.make(hz, one.folder))
        self.controller = Steady(one.port, goes_off=True)
        self.port = 0
        self.coming: asyncio.Task | None = None
        self.gateway: Gateway | None = None
        self.player: Player | None = None

    async def on(self, features: Features | None = None, habits: Habits | None = None) -> Gateway:
        if not self.port:
            self.port = int((await self.controller.plug_in()).rpartition(":")[2])
            self.one.stack.callback(self.controller.unplug)
            self.one.stack.push_async_callback(self.phone.power_off)
        await self.phone.power_on(self.port)
        self.gateway = Gateway(self.phone, self.hz, self.one.folder, features, habits)
        self.player = Player(self.phone, opens=True)
        return self.gateway

    def connects(self) -> asyncio.Task:
        """It begins to."""
        self.coming = asyncio.create_task(self.phone.connect(self.one.receiver.address))
        return self.coming

    async def off(self, bonded: bool = True) -> None:
        """The power is gone, and soon the receiver knows, and has kept nothing of it but its bond."""
        if self.coming:
            self.coming.cancel()
        self.gateway.stop()
        await self.phone.power_off()
        await asyncio.wait_for(self.controller.off.wait(), 5)
        async with asyncio.timeout(5):
            while (left := await self.known()).get("connected"):
                await asyncio.sleep(0.02)
        assert bool(left) == bonded, left
        if left:
            assert not any(left["profiles"].values()) and left["media"]["state"] == "closed", left
            assert left["calls"] == [] and not left["voice"], left
        audible = (await self.one.call("Status"))["audible"]
        assert self.phone.address not in [source["phone"] for source in audible], audible

    async def known(self) -> dict:
        """What the receiver tells of it; nothing: it knows of no such phone."""
        phones = (await self.one.call("Status"))["phones"]
        return next((phone for phone in phones if phone["address"] == self.phone.address), {})
