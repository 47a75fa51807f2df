"""The calls of a phone that knows HSP 1.2 alone: it rings, and there is one button."""

from bumble import rfcomm, sdp
from bumble.core import BT_GENERIC_AUDIO_SERVICE, UUID

from calls import Impossible
from features import PLAIN, service_record
from gateway import RECORD, Gateway

HEADSET = UUID.from_16_bits(0x1108)
HEADSET_AUDIO_GATEWAY = UUID.from_16_bits(0x1112)
HSP_VERSION = 0x0102


class HeadsetGateway(Gateway):
    def __init__(self, phone, hz, folder, habits=None) -> None:
        super().__init__(phone, hz, folder, PLAIN, habits)

    def record(self) -> list[sdp.ServiceAttribute]:
        classes = [HEADSET_AUDIO_GATEWAY, BT_GENERIC_AUDIO_SERVICE]
        return service_record(RECORD, self.channel, classes, HEADSET, HSP_VERSION)

    async def find(self) -> int | None:
        return await rfcomm.find_rfcomm_channel_with_uuid(self.phone.connection, HEADSET)

    def _on_dlc(self, dlc: rfcomm.DLC) -> None:
        super()._on_dlc(dlc)
        self.came_up()

    def obey(self, text: str) -> list[str]:
        if not text.startswith(("AT+CKPD=", "AT+VGS=", "AT+VGM=")):
            return ["ERROR"]
        return super().obey(text)

    def on_ckpd_set(self, rest: str) -> None:
        """The button: answers what rings, else ends what there is."""
        self._only_if(rest == "200")
        if call := self.calls.ringing:
            self.on_handset = False
            self.afterwards.append(lambda: self.answer(call))
        elif self.calls.all:
            self.afterwards.append(lambda: self.end(*self.calls.all))
        else:
            raise Impossible("there is no call")
