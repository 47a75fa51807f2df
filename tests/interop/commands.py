"""What an audio gateway does at each AT command (HFP 1.9, 4.34; Apple's accessory commands).

`obey` gives the lines of the answer. What a command brings about is told when these are out, by
`settle`.
"""

import copy
import re
from collections.abc import Callable

from bumble import hfp

from calls import Calls, Impossible, some
from features import INDICATORS, Features, Habits

HF = hfp.HfFeature
NOT_ALLOWED, NOT_SUPPORTED, NOT_FOUND = 3, 4, 22
COMMAND = re.compile(r"AT(?:\+(?P<name>[A-Z]+)(?P<kind>=\?|\?|=)?|(?P<basic>[AD]))(?P<rest>.*)")
OPERATOR, OWN_NUMBER = "Tele Test", "5550100"
DIGITS = re.compile(r"[0-9A-D*#]")


class Refused(Exception):
    def __init__(self, code: int = NOT_SUPPORTED) -> None:
        super().__init__(code)
        self.code = code


class Commands:
    """The state of one service level connection, and of what is set over it."""

    features: Features
    habits: Habits
    calls: Calls

    def __init__(self, features: Features, habits: Habits) -> None:
        self.features, self.habits = features, habits
        self.calls = Calls()
        self.values = {"service": 1, "call": 0, "callsetup": 0, "callheld": 0, "signal": 4}
        self.values |= {"roam": 0, "battchg": 3}
        self.rings_in_band = features.in_band
        self.last_number = ""
        self.memory: dict[str, str] = {}
        self.tones = ""  # DTMF that was sent
        self.volumes: dict[str, int] = {}
        self.battery: dict[str, str] = {}  # of the receiver, by the way that it was told in
        self.assisting = False
        self.on_handset = False  # the owner wants to speak there
        self.noise_reduction = features.noise_reduction
        self.reset()

    def reset(self) -> None:
        """A new line: everything is to be set up again."""
        self.is_up = self.tells_indicators = self.caller_id = self.call_waiting = False
        self.extended_errors = False
        self.their_bits = HF(0)
        self.their_codecs: list[int] = []
        self.their_indicators: list[int] = []
        self.silenced: set[str] = set()  # indicators, by AT+BIA
        self.afterwards: list[Callable[[], None]] = []

    @property
    def negotiates(self) -> bool:
        return bool(self.features.codecs) and HF.CODEC_NEGOTIATION in self.their_bits

    def enabled(self, name: str) -> bool:
        return name not in self.silenced

    def obey(self, text: str) -> list[str]:
        found = COMMAND.fullmatch(text)
        kinds = {"=": "set", "?": "read", "=?": "test", None: "do"}
        try:
            if not found:
                raise Refused
            name = f"{(found['name'] or found['basic']).lower()}_{kinds[found['kind']]}"
            if not (handler := getattr(self, f"on_{name}", None)):
                raise Refused
            return [*(handler(found["rest"]) or ()), "OK"]
        except Refused as refused:
            return [f"+CME ERROR: {refused.code}" if self.extended_errors else "ERROR"]
        except Impossible:
            return [f"+CME ERROR: {NOT_ALLOWED}" if self.extended_errors else "ERROR"]

    def settle(self) -> None:
        while self.afterwards:
            self.afterwards.pop(0)()

    def _only_if(self, there: object) -> None:
        if not there:
            raise Refused

    # The service level connection.

    def on_brsf_set(self, rest: str) -> list[str]:
        self.their_bits = HF(int(rest))
        return [f"+BRSF: {self.features.bits}"]

    def on_bac_set(self, rest: str) -> None:
        self._only_if(self.features.codecs)
        self.their_codecs = [int(codec) for codec in rest.split(",")]

    def on_cind_test(self, _: str) -> list[str]:
        places = (f'("{name}",(0-{INDICATORS[name]}))' for name in self.habits.places)
        return ["+CIND: " + ",".join(places)]

    def on_cind_read(self, _: str) -> list[str]:
        return ["+CIND: " + ",".join(str(self.values[name]) for name in self.habits.places)]

    def on_cmer_set(self, rest: str) -> None:
        mode, _, _, indicators = (rest.split(",") + ["0"] * 4)[:4]
        if mode != "3" or indicators not in ("0", "1"):
            raise Refused(NOT_ALLOWED)
        self.tells_indicators = indicators == "1"
        if not self._three_way and not self._indicators_both:
            self._up()

    @property
    def _three_way(self) -> bool:
        return bool(self.features.holds) and HF.THREE_WAY_CALLING in self.their_bits

    @property
    def _indicators_both(self) -> bool:
        return bool(self.features.hf_indicators) and HF.HF_INDICATORS in self.their_bits

    def on_chld_test(self, _: str) -> list[str]:
        self._only_if(self.features.holds)
        if not self._indicators_both:
            self._up()
        return [f"+CHLD: ({','.join(self.features.holds)})"]

    def on_bind_set(self, rest: str) -> None:
        self._only_if(self.features.hf_indicators)
        self.their_indicators = [int(number) for number in rest.split(",")]

    def on_bind_test(self, _: str) -> list[str]:
        self._only_if(self.features.hf_indicators)
        return [f"+BIND: ({','.join(map(str, self.features.hf_indicators))})"]

    def on_bind_read(self, _: str) -> list[str]:
        self._only_if(self.features.hf_indicators)
        self._up()
        return [f"+BIND: {number},1" for number in self.features.hf_indicators]

    def _up(self) -> None:
        """It is up once its last answer is out."""
        self.afterwards.append(self.came_up)

    def on_bia_set(self, rest: str) -> None:
        for name, value in zip(self.habits.places, rest.split(",")):
            if name not in ("call", "callsetup", "callheld"):
                (self.silenced.add if value == "0" else self.silenced.discard)(name)

    # What the receiver turns on, and what it asks.

    def on_clip_set(self, rest: str) -> None:
        self.caller_id = rest == "1"

    def on_ccwa_set(self, rest: str) -> None:
        self._only_if(self.features.holds)
        self.call_waiting = rest == "1"

    def on_cmee_set(self, rest: str) -> None:
        self._only_if(self.features.errors)
        self.extended_errors = rest == "1"

    def on_nrec_set(self, rest: str) -> None:
        self._only_if(self.features.noise_reduction and rest == "0")
        self.noise_reduction = False

    def on_cops_set(self, rest: str) -> None:
        self._only_if(rest == "3,0")

    def on_cops_read(self, _: str) -> list[str]:
        return [f'+COPS: 0,0,"{OPERATOR}"']

    def on_cnum_do(self, _: str) -> list[str]:
        return [f'+CNUM: ,"{OWN_NUMBER}",129,,4']

    def on_btrh_read(self, _: str) -> None:
        """No call is on response and hold."""

    def on_clcc_do(self, _: str) -> list[str]:
        self._only_if(self.features.call_status)
        return [
            f"+CLCC: {call.index},{int(call.incoming)},{int(call.state)},0,{int(call.conference)}"
            + (f',"{call.number}",{call.kind}' if call.number else "")
            for call in self.calls.all
        ]

    def on_biev_set(self, rest: str) -> None:
        number, value = rest.split(",")
        self._only_if(int(number) in self.features.hf_indicators)
        self.battery[f"BIEV {number}"] = value

    def on_xapl_set(self, _: str) -> list[str]:
        self._only_if(self.features.accessory)
        return ["+XAPL=iPhone,2"]

    def on_iphoneaccev_set(self, rest: str) -> None:
        self._only_if(self.features.accessory)
        _, *pairs = rest.split(",")
        self.battery |= {f"IPHONEACCEV {k}": v for k, v in zip(pairs[::2], pairs[1::2])}

    def on_vgs_set(self, rest: str) -> None:
        self.volumes["speaker"] = int(rest)

    def on_vgm_set(self, rest: str) -> None:
        self.volumes["microphone"] = int(rest)

    # Calls.

    def on_a_do(self, _: str) -> None:
        if not (call := self.calls.ringing):
            raise Impossible("nothing rings")
        self.on_handset = False
        self.afterwards.append(lambda: self.answer(call))

    def on_chup_do(self, _: str) -> None:
        calls = self.calls
        some(calls.all)
        ends = calls.active or [call for call in (calls.outgoing, calls.ringing) if call][:1]
        self.afterwards.append(lambda: self.end(*ends))

    def on_d_do(self, rest: str) -> None:
        number = rest.removesuffix(";")
        if number.startswith(">"):
            self._only_if(self.features.memory)
            if not (number := self.memory.get(number[1:], "")):
                raise Refused(NOT_FOUND)
        self._dial(number)

    def on_bldn_do(self, _: str) -> None:
        self._only_if(self.features.memory and self.last_number)
        self._dial(self.last_number)

    def _dial(self, number: str) -> None:
        if not re.fullmatch(r"\+?[0-9A-D*#]+", number):
            raise Refused(NOT_ALLOWED)
        copy.deepcopy(self.calls).dial(number)
        self.afterwards.append(lambda: self.dial(number))

    def on_chld_set(self, rest: str) -> None:
        kind = rest[:1] + ("x" if rest[1:] else "")
        self._only_if(kind in self.features.holds)
        copy.deepcopy(self.calls).hold(rest)
        self.afterwards.append(lambda: self.hold(rest))

    def on_vts_set(self, rest: str) -> None:
        if not self.calls.active or not DIGITS.fullmatch(rest):
            raise Refused(NOT_ALLOWED)
        self.tones += rest

    # Voice.

    def on_bcs_set(self, rest: str) -> None:
        self._only_if(int(rest) in self.their_codecs)

    def on_bcc_do(self, _: str) -> None:
        self._only_if(self.negotiates and self.wants_voice(anywhere=True))

        def open_it() -> None:
            self.on_handset = False
            self.follow()

        self.afterwards.append(open_it)

    def on_bvra_set(self, rest: str) -> None:
        self._only_if(self.features.assistant)
        if rest in ("0", "1"):
            self.assisting = rest == "1"
        self.afterwards.append(self.follow)
