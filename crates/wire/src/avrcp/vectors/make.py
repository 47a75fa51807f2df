"""Writes vectors.txt: AVCTP messages as bumble encodes them, one a line, each with a name.

    pip install bumble==0.0.236
    python make.py > vectors.txt
"""

import struct

from bumble import avc, avctp, avrcp

Command = avc.CommandFrame.CommandType
Code = avc.ResponseFrame.ResponseCode
PANEL = avc.Frame.SubunitType.PANEL
UNIT = avc.Frame.SubunitType.UNIT
Key = avc.PassThroughFrame.OperationId
Press = avc.PassThroughFrame.StateFlag
SIG = avrcp.AVRCP_BLUETOOTH_SIG_COMPANY_ID
Capability = avrcp.GetCapabilitiesCommand.CapabilityId
Attribute = avrcp.MediaAttributeId
Event = avrcp.EventId
Setting = avrcp.ApplicationSetting


class Sink:
    """Takes the place of an L2CAP channel."""

    EVENT_OPEN = EVENT_CLOSE = ""

    def on(self, *_):
        pass

    def write(self, pdu):
        self.pdu = pdu


def message(name, label, command, frame, ipid=False):
    sink = Sink()
    protocol = avctp.Protocol(sink)
    if ipid:
        protocol.send_ipid(label, 0x1234)
    elif command:
        protocol.send_command(label, avrcp.AVRCP_PID, bytes(frame))
    else:
        protocol.send_response(label, avrcp.AVRCP_PID, bytes(frame))
    print(f"{name} {sink.pdu.hex()}")


def pdu(body):
    payload = bytes(body)
    return struct.pack(">BBH", body.pdu_id, 0, len(payload)) + payload


def command(name, label, ctype, body):
    frame = avc.VendorDependentCommandFrame(ctype, PANEL, 0, SIG, pdu(body))
    message(name, label, True, frame)


def response(name, label, code, body):
    frame = avc.VendorDependentResponseFrame(code, PANEL, 0, SIG, pdu(body))
    message(name, label, False, frame)


def key(name, label, code, state, operation):
    if isinstance(code, Command):
        frame = avc.PassThroughCommandFrame(code, PANEL, 0, state, operation, b"")
        message(name, label, True, frame)
    else:
        frame = avc.PassThroughResponseFrame(code, PANEL, 0, state, operation, b"")
        message(name, label, False, frame)


message("invalid_pid", 9, False, b"", ipid=True)
message(
    "unit_info",
    1,
    True,
    avc.CommandFrame(Command.STATUS, UNIT, 7, avc.Frame.OperationCode.UNIT_INFO, b"\xff" * 5),
)
key("play_pressed", 0, Command.CONTROL, Press.PRESSED, Key.PLAY)
key("play_released", 1, Command.CONTROL, Press.RELEASED, Key.PLAY)
key("pause_pressed", 2, Command.CONTROL, Press.PRESSED, Key.PAUSE)
key("stop_pressed", 3, Command.CONTROL, Press.PRESSED, Key.STOP)
key("forward_pressed", 4, Command.CONTROL, Press.PRESSED, Key.FORWARD)
key("backward_pressed", 5, Command.CONTROL, Press.PRESSED, Key.BACKWARD)
key("volume_up_pressed", 6, Command.CONTROL, Press.PRESSED, Key.VOLUME_UP)
key("volume_down_pressed", 7, Command.CONTROL, Press.PRESSED, Key.VOLUME_DOWN)
key("play_accepted", 0, Code.ACCEPTED, Press.PRESSED, Key.PLAY)
key("play_rejected", 0, Code.REJECTED, Press.PRESSED, Key.PLAY)

command(
    "get_companies", 3, Command.STATUS, avrcp.GetCapabilitiesCommand(Capability.COMPANY_ID)
)
command(
    "get_events", 4, Command.STATUS, avrcp.GetCapabilitiesCommand(Capability.EVENTS_SUPPORTED)
)
command(
    "list_settings", 5, Command.STATUS, avrcp.ListPlayerApplicationSettingAttributesCommand()
)
command(
    "list_setting_values",
    5,
    Command.STATUS,
    avrcp.ListPlayerApplicationSettingValuesCommand(Setting.AttributeId.REPEAT_MODE),
)
command(
    "get_settings",
    5,
    Command.STATUS,
    avrcp.GetCurrentPlayerApplicationSettingValueCommand(
        [Setting.AttributeId.REPEAT_MODE, Setting.AttributeId.SHUFFLE_ON_OFF]
    ),
)
command(
    "set_settings",
    5,
    Command.CONTROL,
    avrcp.SetPlayerApplicationSettingValueCommand(
        [Setting.AttributeId.REPEAT_MODE, Setting.AttributeId.SHUFFLE_ON_OFF], [2, 1]
    ),
)
command(
    "inform_character_set",
    6,
    Command.CONTROL,
    avrcp.InformDisplayableCharacterSetCommand([avrcp.CharacterSetId.UTF_8]),
)
command(
    "inform_battery",
    6,
    Command.CONTROL,
    avrcp.InformBatteryStatusOfCtCommand(
        avrcp.InformBatteryStatusOfCtCommand.BatteryStatus.FULL_CHARGE
    ),
)
command(
    "get_attributes",
    7,
    Command.STATUS,
    avrcp.GetElementAttributesCommand(0, [Attribute.TITLE, Attribute.PLAYING_TIME]),
)
command("get_all_attributes", 7, Command.STATUS, avrcp.GetElementAttributesCommand(0, []))
command("get_play_status", 8, Command.STATUS, avrcp.GetPlayStatusCommand())
for event in Event:
    if 1 <= event <= 13:
        command(
            f"register_{int(event)}",
            9,
            Command.NOTIFY,
            avrcp.RegisterNotificationCommand(event, 10),
        )
command("set_volume", 10, Command.CONTROL, avrcp.SetAbsoluteVolumeCommand(0x64))
command("set_player", 11, Command.CONTROL, avrcp.SetAddressedPlayerCommand(0x1234))

response(
    "companies", 3, Code.IMPLEMENTED_OR_STABLE,
    avrcp.GetCapabilitiesResponse(Capability.COMPANY_ID, [SIG.to_bytes(3, "big")]),
)
response(
    "events", 4, Code.IMPLEMENTED_OR_STABLE,
    avrcp.GetCapabilitiesResponse(
        Capability.EVENTS_SUPPORTED, [Event.PLAYBACK_STATUS_CHANGED, Event.VOLUME_CHANGED]
    ),
)
response(
    "settings_listed", 5, Code.IMPLEMENTED_OR_STABLE,
    avrcp.ListPlayerApplicationSettingAttributesResponse(
        [Setting.AttributeId.REPEAT_MODE, Setting.AttributeId.SHUFFLE_ON_OFF]
    ),
)
response(
    "settings_got", 5, Code.IMPLEMENTED_OR_STABLE,
    avrcp.GetCurrentPlayerApplicationSettingValueResponse(
        [Setting.AttributeId.REPEAT_MODE, Setting.AttributeId.SHUFFLE_ON_OFF], [2, 1]
    ),
)
response("settings_set", 5, Code.ACCEPTED, avrcp.SetPlayerApplicationSettingValueResponse())
response(
    "attributes", 7, Code.IMPLEMENTED_OR_STABLE,
    avrcp.GetElementAttributesResponse(
        [
            avrcp.MediaAttribute(Attribute.TITLE, avrcp.CharacterSetId.UTF_8, "Größe"),
            avrcp.MediaAttribute(Attribute.PLAYING_TIME, avrcp.CharacterSetId.UTF_8, "215000"),
        ]
    ),
)
response(
    "play_status", 8, Code.IMPLEMENTED_OR_STABLE,
    avrcp.GetPlayStatusResponse(215000, 1500, avrcp.PlayStatus.PAUSED),
)
response(
    "play_status_unknown", 8, Code.IMPLEMENTED_OR_STABLE,
    avrcp.GetPlayStatusResponse(0xFFFFFFFF, 0xFFFFFFFF, avrcp.PlayStatus.ERROR),
)


def notification(name, code, event):
    response(name, 9, code, avrcp.RegisterNotificationResponse(event))


notification(
    "status_interim", Code.INTERIM, avrcp.PlaybackStatusChangedEvent(avrcp.PlayStatus.PLAYING)
)
notification(
    "status_changed", Code.CHANGED, avrcp.PlaybackStatusChangedEvent(avrcp.PlayStatus.STOPPED)
)
notification("track_none", Code.INTERIM, avrcp.TrackChangedEvent(0xFFFFFFFFFFFFFFFF))
notification("track_changed", Code.CHANGED, avrcp.TrackChangedEvent(7))
notification("position_changed", Code.CHANGED, avrcp.PlaybackPositionChangedEvent(4711))
notification("now_playing_changed", Code.CHANGED, avrcp.NowPlayingContentChangedEvent())
notification("players_changed", Code.CHANGED, avrcp.AvailablePlayersChangedEvent())
notification(
    "player_changed", Code.CHANGED,
    avrcp.AddressedPlayerChangedEvent(avrcp.AddressedPlayerChangedEvent.Player(3, 9)),
)
notification("uids_changed", Code.CHANGED, avrcp.UidsChangedEvent(5))
notification("volume_interim", Code.INTERIM, avrcp.VolumeChangedEvent(0x7F))
response("volume_set", 10, Code.ACCEPTED, avrcp.SetAbsoluteVolumeResponse(0x64))
response(
    "player_set", 11, Code.ACCEPTED,
    avrcp.SetAddressedPlayerResponse(avrcp.StatusCode.OPERATION_COMPLETED),
)
response(
    "rejected", 9, Code.REJECTED,
    avrcp.RejectedResponse(
        avrcp.PduId.REGISTER_NOTIFICATION, avrcp.StatusCode.ADDRESSED_PLAYER_CHANGED
    ),
)
