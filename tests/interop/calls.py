"""The calls of a phone, as its network and its owner make them: no dialogue with anyone, only what
each step does to the calls, and what a gateway's indicators say of them (HFP 1.9, 4.10 and 4.22)."""

import dataclasses
import enum


class State(enum.IntEnum):
    """As +CLCC numbers them."""

    ACTIVE = 0
    HELD = 1
    DIALLING = 2
    ALERTING = 3
    INCOMING = 4
    WAITING = 5


OUTGOING = (State.DIALLING, State.ALERTING)
RINGING = (State.INCOMING, State.WAITING)


@dataclasses.dataclass(eq=False)
class Call:
    index: int
    incoming: bool
    state: State
    number: str
    name: str = ""
    conference: bool = False

    @property
    def kind(self) -> int:
        """The type of its number: 145 is international."""
        return 145 if self.number.startswith("+") else 129


class Impossible(Exception):
    """The calls are not so that this could be done."""


class Calls:
    def __init__(self) -> None:
        self.all: list[Call] = []

    def of(self, *states: State) -> list[Call]:
        return [call for call in self.all if call.state in states]

    @property
    def active(self) -> list[Call]:
        return self.of(State.ACTIVE)

    @property
    def held(self) -> list[Call]:
        return self.of(State.HELD)

    @property
    def ringing(self) -> Call | None:
        return next(iter(self.of(*RINGING)), None)

    @property
    def outgoing(self) -> Call | None:
        return next(iter(self.of(*OUTGOING)), None)

    def get(self, index: int) -> Call:
        for call in self.all:
            if call.index == index:
                return call
        raise Impossible(f"no call {index}")

    def indicators(self) -> dict[str, int]:
        setup = 0
        if self.ringing:
            setup = 1
        elif self.outgoing:
            setup = 2 if self.outgoing.state == State.DIALLING else 3
        held = (1 if self.active else 2) if self.held else 0
        return {
            "call": int(bool(self.active or self.held)),
            "callsetup": setup,
            "callheld": held,
        }

    def _add(self, incoming: bool, state: State, number: str, name: str) -> Call:
        used = {call.index for call in self.all}
        index = next(n for n in range(1, 100) if n not in used)
        call = Call(index, incoming, state, number, name)
        self.all.append(call)
        return call

    def ring(self, number: str, name: str = "") -> Call:
        """Somebody calls."""
        state = State.WAITING if self.active or self.held else State.INCOMING
        return self._add(True, state, number, name)

    def dial(self, number: str) -> Call:
        """Somebody is called; who is spoken with is put on hold."""
        if self.ringing or self.outgoing or (self.active and self.held):
            raise Impossible("no room for another call")
        self._hold_active()
        return self._add(False, State.DIALLING, number, "")

    def answer(self, call: Call) -> None:
        """It is answered, here or there."""
        call.state = State.ACTIVE

    def end(self, *calls: Call) -> None:
        """They are over. Who waited for one of them rings in full now."""
        for call in calls:
            self.all.remove(call)
        self._part()
        if not self.active and not self.held:
            for call in self.of(State.WAITING):
                call.state = State.INCOMING

    def hang_up(self) -> None:
        """AT+CHUP: the active ones, else the outgoing one, else the one that rings."""
        if self.active:
            self.end(*self.active)
        elif self.outgoing or self.ringing:
            self.end(self.outgoing or self.ringing)

    def hold(self, operation: str) -> None:
        """AT+CHLD (HFP 1.9, 4.34.2)."""
        active, held, waiting = self.active, self.held, self.of(State.WAITING)
        match operation[:1], operation[1:]:
            case "0", "":
                self.end(*some(waiting or held))
            case "1", "":
                some(active or waiting or held)
                self.end(*active)
                self._take(waiting or held)
            case "1", index:
                self.end(self.get(int(index)))
            case "2", "":
                some(active or waiting or held)
                self._hold_active()
                self._take(waiting or held)
            case "2", index:
                chosen = self.get(int(index))
                self._hold_active()
                chosen.state, chosen.conference = State.ACTIVE, False
                self._part()
            case "3", "":
                for call in some(active) + some(held):
                    call.state, call.conference = State.ACTIVE, True
            case "4", "":
                self.end(*some(active), *some(held))
            case _:
                raise Impossible(f"no such operation: {operation}")

    def _hold_active(self) -> None:
        for call in self.active:
            call.state = State.HELD

    def _take(self, calls: list[Call]) -> None:
        for call in calls:
            call.state = State.ACTIVE

    def _part(self) -> None:
        """A conference of one is none."""
        members = [call for call in self.all if call.conference]
        if len(members) == 1:
            members[0].conference = False


def some(calls: list[Call]) -> list[Call]:
    if not calls:
        raise Impossible("there is no such call")
    return calls
