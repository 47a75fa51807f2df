"""What the tests of who is heard share. Their rows are those of the table of situations that the
receiver's policy is made for."""

import asyncio

from features import Features, Habits
from gateway import Gateway
from phone import Phone
from player import Player
from scene import Scene

ADA, BEN, CLEO = "+15550101", "5550102", "5550103"
A_HZ, B_HZ, C_HZ = 1000, 1600, 2200  # far from the receiver's own tones
RINGS, WAITS = (400, 450), 425  # which are these
SETTLES = 5  # seconds after connecting in which nothing takes over
CALM = 0.6  # seconds after which a change of the playback status is asked for at once again


async def with_player(one: Scene, name: str, hz: int, **of) -> Gateway:
    """A phone with calls and a player, `gateway.player`, all of it up."""
    gateway = await switched_on(one, name, hz, **of)
    await joins(one, gateway)
    return gateway


async def two_callers(
    one: Scene,
    features: Features | None = None,
    habits: Habits | None = None,
    seconds: int = 60,
) -> tuple[Gateway, Gateway]:
    """A receiver, a phone A that may be odd, and a phone B as phones should be; both may call."""
    if not one.receiver:
        await one.start_receiver("--pair", str(seconds))
    a = await one.gateway("Phone A", A_HZ, features, habits)
    b = await one.gateway("Phone B", B_HZ)
    for phone in (a, b):
        await one.reach(phone)
    return a, b


async def switched_on(one: Scene, name: str, hz: int, opens: bool = True, **of) -> Gateway:
    """A phone with calls and a player that is not connected yet."""
    gateway = await one.gateway(name, hz, **of)
    gateway.player = Player(gateway.phone, opens)
    return gateway


async def joins(one: Scene, gateway: Gateway) -> None:
    """It comes, for the first time or again, and all that it has comes up."""
    if gateway.player.opens:
        await gateway.player.join(one)
        await one.reach(gateway)
    else:  # the calls first: what is not there after 2 s the receiver opens
        await one.reach(gateway)
        await gateway.player.join(one)


async def settled(one: Scene, *phones: Phone | Gateway) -> None:
    """Waits until these have been connected for so long that they may take over."""
    addresses = [phone.address for phone in phones]
    came = [e for e in one.watch.of("phone", state="connected") if e["phone"] in addresses]
    due = max(one.when(event) for event in came) + SETTLES + 0.2
    await asyncio.sleep(max(0.0, due - one.clock()))


async def plays(one: Scene, gateway: Gateway) -> int:
    """Its music begins and is heard, alone; from there on."""
    after = one.now
    await gateway.player.play()
    await one.heard(gateway, after=after, kind="media")
    await asyncio.sleep(CALM)
    return after


async def talks(one: Scene, gateway: Gateway, number: str = ADA) -> int:
    """Its call is answered and spoken in here; from the ring on."""
    after = one.now
    await gateway.ring(number)
    await one.told(gateway, "incoming", after)
    await one.call("Answer", how="default", phone=gateway.address)
    await one.spoken(gateway, after)
    return after


async def hangs_up(one: Scene, gateway: Gateway) -> int:
    """Its calls end at the other end; from there on."""
    after = one.now
    gateway.end(*gateway.calls.all)
    await one.told(gateway, "ended", after)
    await gateway.has_voice(False)
    return after


def orders(one: Scene, phone: Phone | Gateway, after: int = 0) -> list[str]:
    """What the receiver's policy told a phone from there on."""
    events = one.watch.events[after:]
    return [e["order"] for e in events if e["event"] == "order" and e["phone"] == phone.address]


def lines(gateway: Gateway, after: int = 0) -> list[str]:
    """What a phone was told about its calls from there on; questions are not counted."""
    told = ("ATA", "ATD", "AT+CHUP", "AT+CHLD=", "AT+BLDN", "AT+BVRA", "AT+BCC", "AT+VTS")
    return [text for _, text in gateway.log[after:] if text.startswith(told) and "?" not in text]


def never_two_voices(one: Scene) -> None:
    """At most one voice link is open at any time."""
    there: set[str] = set()
    for event in one.watch.of("voice"):
        (there.add if event["state"] == "open" else there.discard)(event["phone"])
        assert len(there) < 2, f"two voice links at {event['t']}"
