"""Calls with bumble's own audio gateway, as it comes: it says OK after an error, knows only the commands
of the profile's core, and names a caller without quotes."""

import asyncio
import pathlib

from bumble import hfp, rfcomm

from limits import limits
from scene import scene

RECORD = 0x00010020
FEATURES = [
    hfp.AgFeature.THREE_WAY_CALLING,
    hfp.AgFeature.REJECT_CALL,
    hfp.AgFeature.ENHANCED_CALL_STATUS,
    hfp.AgFeature.ENHANCED_CALL_CONTROL,
    hfp.AgFeature.CODEC_NEGOTIATION,
    hfp.AgFeature.EXTENDED_ERROR_RESULT_CODES,
    hfp.AgFeature.HF_INDICATORS,
    hfp.AgFeature.IN_BAND_RING_TONE_CAPABILITY,
]
HOLDS = [
    hfp.CallHoldOperation.RELEASE_ALL_HELD_CALLS,
    hfp.CallHoldOperation.RELEASE_ALL_ACTIVE_CALLS,
    hfp.CallHoldOperation.HOLD_ALL_ACTIVE_CALLS,
    hfp.CallHoldOperation.ADD_HELD_CALL,
]
INDICATORS = [
    hfp.AgIndicatorState.service(),
    hfp.AgIndicatorState.call(),
    hfp.AgIndicatorState.callsetup(),
    hfp.AgIndicatorState.callheld(),
    hfp.AgIndicatorState.signal(),
    hfp.AgIndicatorState.roam(),
    hfp.AgIndicatorState.battchg(),
]
NUMBER = "+15550101"


@limits(60)
async def test_a_gateway_that_is_not_ours(folder: pathlib.Path) -> None:
    async with scene(folder) as one:
        await one.start_receiver("--pair", "60")
        phone = await one.phone("Plain", 500)
        loop = asyncio.get_running_loop()
        lines: asyncio.Queue[rfcomm.DLC] = asyncio.Queue()
        server = rfcomm.Server(phone.device)
        configuration = hfp.AgConfiguration(
            supported_ag_features=FEATURES,
            supported_ag_indicators=INDICATORS,
            supported_hf_indicators=[
                hfp.HfIndicator.ENHANCED_SAFETY,
                hfp.HfIndicator.BATTERY_LEVEL,
            ],
            supported_ag_call_hold_operations=HOLDS,
            supported_audio_codecs=[hfp.AudioCodec.CVSD, hfp.AudioCodec.MSBC],
        )
        channel = server.listen(lines.put_nowait)
        phone.device.sdp_service_records |= {
            RECORD: hfp.make_ag_sdp_records(RECORD, channel, configuration)
        }
        await phone.connect(one.receiver.address)
        gateway = hfp.AgProtocol(await asyncio.wait_for(lines.get(), 10), configuration)
        asked: asyncio.Queue[tuple] = asyncio.Queue()
        for event in ("answer", "hang_up", "dial", "call_hold", "voice_recognition"):
            gateway.on(event, lambda *more, event=event: asked.put_nowait((event, *more)))
        await one.watch.next("profile", phone=phone.address, profile="hfp", up=True, seconds=10)

        async def wants(event: str, *more) -> None:
            async with asyncio.timeout(5):
                assert await asked.get() == (event, *more)

        def is_now(**indicators: int) -> None:
            for name, value in indicators.items():
                gateway.update_ag_indicator(hfp.AgIndicator(name), value)

        # A call comes in, and is answered and ended here.
        after = one.now
        call = hfp.CallInfo(
            1,
            hfp.CallInfoDirection.MOBILE_TERMINATED_CALL,
            hfp.CallInfoStatus.INCOMING,
            hfp.CallInfoMode.VOICE,
            hfp.CallInfoMultiParty.NOT_IN_CONFERENCE,
            NUMBER,
        )
        gateway.calls.append(call)
        is_now(callsetup=1)
        gateway.send_ring()
        gateway.send_cli_notification(
            hfp.CallLineIdentification(number=NUMBER, type=145, alpha="Ada")
        )
        await one.watch.next("call", after, phone=phone.address, state="incoming", number=NUMBER)
        answered = loop.create_task(one.call("Answer", how="default"))
        await wants("answer")
        await answered
        call.status = hfp.CallInfoStatus.ACTIVE
        is_now(call=1, callsetup=0)
        await one.watch.next("call", after, phone=phone.address, state="active")
        await one.watch.next("audible", after)

        # Held and taken back.
        held = loop.create_task(one.call("Hold"))
        await wants("call_hold", hfp.CallHoldOperation.HOLD_ALL_ACTIVE_CALLS, None)
        await held
        call.status = hfp.CallInfoStatus.HELD
        is_now(callheld=2)
        await one.watch.next("call", after, phone=phone.address, state="held")
        taken = loop.create_task(one.call("Hold"))
        await wants("call_hold", hfp.CallHoldOperation.HOLD_ALL_ACTIVE_CALLS, None)
        await taken
        after = one.now
        call.status = hfp.CallInfoStatus.ACTIVE
        is_now(callheld=0)
        await one.watch.next("call", after, phone=phone.address, state="active")
        ended = loop.create_task(one.call("HangUp"))
        await wants("hang_up")
        await ended
        gateway.calls.clear()
        is_now(call=0)
        await one.watch.next("call", after, phone=phone.address, state="ended")

        # One is made from here.
        after = one.now
        dialled = loop.create_task(one.call("Dial", number=NUMBER))
        await wants("dial", f"{NUMBER};")
        await dialled
        call.direction = hfp.CallInfoDirection.MOBILE_ORIGINATED_CALL
        call.status = hfp.CallInfoStatus.DIALING
        gateway.calls.append(call)
        is_now(callsetup=2)
        await one.watch.next("call", after, phone=phone.address, state="outgoing", number=NUMBER)
        gateway.calls.clear()
        is_now(callsetup=0)
        await one.watch.next("call", after, phone=phone.address, state="ended")
