"""In what the calls of phones differ: what a gateway says that it can, and what it does about it."""

import dataclasses

from bumble import hfp, sdp
from bumble.core import (
    BT_GENERIC_AUDIO_SERVICE,
    BT_HANDSFREE_AUDIO_GATEWAY_SERVICE,
    BT_HANDSFREE_SERVICE,
    BT_L2CAP_PROTOCOL_ID,
    BT_RFCOMM_PROTOCOL_ID,
    UUID,
)

from speech import CVSD, MSBC

AG, IN_SDP = hfp.AgFeature, hfp.AgSdpFeature
NETWORK = 0x0301  # the attribute: whether a call can be rejected
# Indicators, and how far each goes.
INDICATORS = {
    "service": 1,
    "call": 1,
    "callsetup": 3,
    "callheld": 2,
    "signal": 5,
    "roam": 1,
    "battchg": 5,
}
CALL_INDICATORS = ("call", "callsetup", "callheld")


@dataclasses.dataclass(frozen=True)
class Features:
    """What a phone says that it can."""

    holds: tuple[str, ...] = ("0", "1", "1x", "2", "2x", "3", "4")  # none: no three-way calling
    codecs: tuple[int, ...] = (CVSD, MSBC)  # none: no codec negotiation
    hf_indicators: tuple[int, ...] = (1, 2)
    in_band: bool = False
    call_status: bool = True  # AT+CLCC
    call_control: bool = True  # AT+CHLD=1x, 2x
    errors: bool = True  # AT+CMEE
    assistant: int = 1  # 2: with its state
    esco_s4: bool = True
    noise_reduction: bool = True
    reject: bool = True
    accessory: bool = True  # Apple's AT+XAPL
    memory: bool = True  # AT+BLDN, ATD>
    version: int = 0x0109

    @property
    def bits(self) -> int:
        """As +BRSF tells them."""
        return sum(
            bit
            for bit, there in (
                (AG.THREE_WAY_CALLING, self.holds),
                (AG.EC_NR, self.noise_reduction),
                (AG.VOICE_RECOGNITION_FUNCTION, self.assistant),
                (AG.IN_BAND_RING_TONE_CAPABILITY, self.in_band),
                (AG.REJECT_CALL, self.reject),
                (AG.ENHANCED_CALL_STATUS, self.call_status),
                (AG.ENHANCED_CALL_CONTROL, self.call_control),
                (AG.EXTENDED_ERROR_RESULT_CODES, self.errors),
                (AG.CODEC_NEGOTIATION, self.codecs),
                (AG.HF_INDICATORS, self.hf_indicators),
                (AG.ESCO_S4_SETTINGS_SUPPORTED, self.esco_s4),
                (AG.ENHANCED_VOICE_RECOGNITION_STATUS, self.assistant > 1),
            )
            if there
        )

    @property
    def sdp_bits(self) -> int:
        return sum(
            bit
            for bit, there in (
                (IN_SDP.THREE_WAY_CALLING, self.holds),
                (IN_SDP.EC_NR, self.noise_reduction),
                (IN_SDP.VOICE_RECOGNITION_FUNCTION, self.assistant),
                (IN_SDP.IN_BAND_RING_TONE_CAPABILITY, self.in_band),
                (IN_SDP.WIDE_BAND_SPEECH, MSBC in self.codecs),
                (IN_SDP.ENHANCED_VOICE_RECOGNITION_STATUS, self.assistant > 1),
            )
            if there
        )


def features(**there) -> Features:
    """None of them but these."""
    nothing = {field.name: type(field.default)() for field in dataclasses.fields(Features)}
    return Features(**{**nothing, "version": 0x0105, **there})


PLAIN = features()


@dataclasses.dataclass
class Habits:
    """What a phone does that others do not."""

    opens: bool = True  # it opens the line itself; else it waits for the receiver
    # What it says to commands that begin so, without doing anything about them; nothing: silence.
    answers: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    places: tuple[str, ...] = tuple(INDICATORS)  # of indicators, in +CIND
    tells: tuple[str, ...] = CALL_INDICATORS  # which of these it tells of, in this order
    voice_first: bool = False  # opens the voice link before it tells of anything
    insists: int = 0  # times that it asks again where its voice link is rejected
    insists_after: float = 1.0
    voice_on_hold: bool = False  # keeps the voice link while nobody is spoken with
    ring_every: float = 2.0


def service_record(
    handle: int, channel: int, classes: list[UUID], profile: UUID, version: int
) -> list[sdp.ServiceAttribute]:
    """The record of a service on an RFCOMM channel."""
    element, attribute = sdp.DataElement, sdp.ServiceAttribute
    protocols = [
        element.sequence([element.uuid(BT_L2CAP_PROTOCOL_ID)]),
        element.sequence([element.uuid(BT_RFCOMM_PROTOCOL_ID), element.unsigned_integer_8(channel)]),
    ]
    named = element.sequence([element.uuid(profile), element.unsigned_integer_16(version)])
    return [
        attribute(sdp.SDP_SERVICE_RECORD_HANDLE_ATTRIBUTE_ID, element.unsigned_integer_32(handle)),
        attribute(
            sdp.SDP_BROWSE_GROUP_LIST_ATTRIBUTE_ID,
            element.sequence([element.uuid(sdp.SDP_PUBLIC_BROWSE_ROOT)]),
        ),
        attribute(
            sdp.SDP_SERVICE_CLASS_ID_LIST_ATTRIBUTE_ID,
            element.sequence([element.uuid(uuid) for uuid in classes]),
        ),
        attribute(sdp.SDP_PROTOCOL_DESCRIPTOR_LIST_ATTRIBUTE_ID, element.sequence(protocols)),
        attribute(sdp.SDP_BLUETOOTH_PROFILE_DESCRIPTOR_LIST_ATTRIBUTE_ID, element.sequence([named])),
    ]


def record(handle: int, channel: int, features: Features) -> list[sdp.ServiceAttribute]:
    """The service record of a gateway (HFP 1.9, 6.3), with what bumble's leaves out."""
    element, attribute = sdp.DataElement, sdp.ServiceAttribute
    classes = [BT_HANDSFREE_AUDIO_GATEWAY_SERVICE, BT_GENERIC_AUDIO_SERVICE]
    network = element.unsigned_integer_8(int(features.reject))
    bits = element.unsigned_integer_16(features.sdp_bits)
    return [
        *service_record(handle, channel, classes, BT_HANDSFREE_SERVICE, features.version),
        attribute(NETWORK, network),
        attribute(sdp.SDP_SUPPORTED_FEATURES_ATTRIBUTE_ID, bits),
    ]
