//! What a stack tells and is told.

use pool::Frame;
use wire::Address;
use wire::avrcp::Volume;
use wire::h4::Channel;
use wire::hci::{ClassOfDevice, Slots, Status};
use wire::hfp::Codecs;

use crate::a2dp::Configuration;
use crate::avrcp;
use crate::controller::{ConfirmKind, ControllerInfo, Failure, Warning};
use crate::hfp::{gateway, hands_free};
use crate::{Bond, Confirmation, LinkId, Name, StreamId, VoiceCodec};

use super::Voice;

/// To be sent, or to be known.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "values are polled out without allocation")]
pub enum Output {
    /// A packet for the controller.
    Send(Channel, Frame),
    /// Something happened.
    Notice(Notice),
    /// Voice that came before its link was told of.
    Voice(Voice),
}

/// Something happened.
#[derive(Debug)]
pub enum Notice {
    /// The controller is up.
    Up(ControllerInfo),
    /// The controller is of no use until it is started again.
    Failed(Failure),
    /// Somebody wants to connect: answer with [`Call::Accept`] or [`Call::Reject`].
    Request {
        /// Who.
        address: Address,
        /// What kind of device.
        class: ClassOfDevice,
        /// Whether there is a bond.
        bonded: bool,
    },
    /// A link stands; nothing may use it yet.
    Connected {
        /// The link.
        link: LinkId,
        /// Whose.
        address: Address,
        /// Whether we placed it.
        outgoing: bool,
        /// Whether we are its central.
        central: bool,
    },
    /// A link did not come to be.
    ConnectFailed {
        /// To whom.
        address: Address,
        /// Why.
        status: Status,
        /// Whether we placed it.
        outgoing: bool,
    },
    /// A link is authenticated and encrypted.
    Secured {
        /// The link.
        link: LinkId,
        /// Whose.
        address: Address,
        /// Whether it was paired just now.
        paired: bool,
    },
    /// A link could not be secured; it is being disconnected.
    SecurityFailed {
        /// Whose.
        address: Address,
        /// Why.
        status: Status,
    },
    /// A link is gone.
    Disconnected {
        /// The link, no longer valid.
        link: LinkId,
        /// Whose.
        address: Address,
        /// Why.
        reason: Status,
    },
    /// The owner is to be asked.
    Confirm {
        /// Who pairs.
        address: Address,
        /// What is asked.
        kind: ConfirmKind,
        /// Six digits.
        passkey: Option<u32>,
    },
    /// The question is closed without an answer.
    ConfirmClosed {
        /// Who paired.
        address: Address,
    },
    /// There is a new bond.
    Paired {
        /// Whose.
        address: Address,
    },
    /// A bond is to be kept.
    Store(Bond),
    /// A bond is to be deleted.
    Erase(Address),
    /// A name was read.
    Name {
        /// Whose.
        address: Address,
        /// The name.
        name: Name,
    },
    /// A link's role changed.
    Role {
        /// The link.
        link: LinkId,
        /// Whether we are its central.
        central: bool,
    },
    /// A link's mode changed.
    Mode {
        /// The link.
        link: LinkId,
        /// Whether it is in sniff mode.
        sniff: bool,
    },
    /// How strongly a link is received.
    Rssi {
        /// The link.
        link: LinkId,
        /// In dB, against the golden range (Core 5.4, Vol 4, Part E, 7.5.4).
        rssi: i8,
    },
    /// How well a link is received.
    LinkQuality {
        /// The link.
        link: LinkId,
        /// 0 to 255, the more the better (Core 5.4, Vol 4, Part E, 7.5.3).
        quality: u8,
    },
    /// A link's media stream changed.
    Stream {
        /// The link.
        link: LinkId,
        /// Its stream.
        stream: StreamId,
        /// How.
        change: StreamChange,
    },
    /// A profile could not be opened.
    ProfileFailed {
        /// The link.
        link: LinkId,
        /// Why.
        failure: crate::avdtp::Failure,
    },
    /// A link's remote control changed.
    Remote {
        /// The link.
        link: LinkId,
        /// How.
        change: RemoteChange,
    },
    /// A link's calls, where we are the hands-free unit. What is to be sent never comes here.
    HandsFree {
        /// The link.
        link: LinkId,
        /// What the phone tells.
        told: hands_free::Output,
    },
    /// A link's peer has no line for calls that could be connected.
    CallsFailed {
        /// The link.
        link: LinkId,
    },
    /// A link's headset line (HSP), for a phone that has no hands-free profile.
    Headset {
        /// The link.
        link: LinkId,
        /// How it changed.
        change: HeadsetChange,
    },
    /// A link's calls, where we are the audio gateway.
    Gateway {
        /// The link.
        link: LinkId,
        /// How it changed.
        change: GatewayChange,
    },
    /// A link's voice changed.
    Voice {
        /// The link.
        link: LinkId,
        /// How.
        change: VoiceChange,
    },
    /// A link's media packets are larger than a block holds, and dropped; told once a stream.
    MediaTooLarge {
        /// The link.
        link: LinkId,
        /// Octets of the first.
        length: u16,
    },
    /// The controller works, but lacks something.
    Warning(Warning),
}

/// How a media stream changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StreamChange {
    /// Configured and open; media may start.
    Opened(Configuration),
    /// It is coded otherwise now.
    Reconfigured(Configuration),
    /// Media flows.
    Started,
    /// Media pauses.
    Suspended,
    /// It is gone.
    Closed,
    /// The peer reported its delay as a sink, in tenths of a millisecond.
    Delay(u16),
}

/// How a link's remote control changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RemoteChange {
    /// There is a channel; or another one than before, and nothing is known of the peer yet.
    Up,
    /// There is none any more.
    Down,
    /// It told something; a sink's own volume also when the peer begins to share it.
    Told(avrcp::Notice),
}

/// How a headset line changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeadsetChange {
    /// It is open.
    Up,
    /// It is gone.
    Down,
    /// The phone rings; again and again.
    Ring,
    /// The phone has set the loudspeaker's volume, 0 to 15.
    Speaker(u8),
    /// The phone has set the microphone's, likewise.
    Microphone(u8),
    /// The phone did not take a press of the button, or did not answer to it.
    PressFailed,
}

/// How a gateway's line changed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::large_enum_variant, reason = "values are polled out without allocation")]
pub enum GatewayChange {
    /// The unit told or asked something.
    Told(gateway::Output),
    /// The line is gone.
    Down,
}

/// How a link's voice changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VoiceChange {
    /// The peer wants a voice link: answer with [`Call::AcceptVoice`] or [`Call::RejectVoice`], in less
    /// than 5 s.
    Requested,
    /// It is open.
    Opened {
        /// The controller's handle of it.
        handle: u16,
        /// How it is coded.
        codec: VoiceCodec,
    },
    /// It did not come to be.
    Failed(Status),
    /// It is gone.
    Closed(Status),
}

/// What a stack is told to do.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "values are handed in without allocation")]
pub enum Call {
    /// Take a connection that was asked for.
    Accept(Address),
    /// Do not.
    Reject(Address, Status),
    /// Page a device and secure the link.
    Connect(Address),
    /// How long a page may take, for those that begin from now on.
    PageTimeout(Slots),
    /// Stop paging it.
    CancelConnect(Address),
    /// End a link.
    Disconnect(LinkId, Status),
    /// Let others find us.
    Discoverable(bool),
    /// Let others connect to us.
    Connectable(bool),
    /// Let others pair with us.
    Pairable(bool),
    /// The owner's answer.
    Confirm {
        /// To whom.
        address: Address,
        /// Yes or no.
        accept: bool,
        /// What the peer shows, where it was asked for.
        passkey: Option<u32>,
    },
    /// Change our name.
    Rename(Name),
    /// Whether the owner is asked when a phone pairs from now on.
    Confirmation(Confirmation),
    /// The smallest encryption key in octets that is good enough, for links from now on.
    MinKeySize(u8),
    /// Read a device's name.
    ReadName(Address),
    /// Delete a bond.
    Forget(Address),
    /// Put an idle link into sniff mode, or back.
    Sniff(LinkId, bool),
    /// Read how strongly a link is received.
    ReadRssi(LinkId),
    /// Read how well a link is received.
    ReadLinkQuality(LinkId),
    /// Secure a link that waits for it.
    Secure(LinkId),
    /// Streams that are configured from now on are coded with at most this bitpool.
    BitpoolCap(u8),
    /// Our delay as a sink changed, in tenths of a millisecond.
    Delay(u16),
    /// Open the media stream.
    OpenMedia(LinkId),
    /// Start the media stream.
    StartMedia(LinkId),
    /// Suspend the media stream.
    SuspendMedia(LinkId),
    /// Close the media stream.
    CloseMedia(LinkId),
    /// Open the remote control.
    OpenRemote(LinkId),
    /// A sink: we play this loud on this link. A source: the peer is asked to.
    Volume(LinkId, Volume),
    /// A source: its player is like this now.
    Player(LinkId, avrcp::Player),
    /// Open the line for calls, as unit or gateway.
    OpenCalls(LinkId),
    /// Close it.
    CloseCalls(LinkId),
    /// Our battery, in percent, for every phone.
    Battery(u8),
    /// How loud a phone's calls are heard, 0 to 15; a gateway's line is asked to.
    Speaker(LinkId, u8),
    /// How loud we are heard in a phone's calls, 0 to 15; a gateway's line is asked to.
    Microphone(LinkId, u8),
    /// The codecs that voice may have, for every phone; CVSD is always among them.
    VoiceCodecs(Codecs),
    /// Open a voice link, coded as is agreed with the peer.
    OpenVoice(LinkId),
    /// Take the voice link that the peer wants.
    AcceptVoice(LinkId),
    /// Do not.
    RejectVoice(LinkId, Status),
    /// Close the voice link, or stop opening it.
    CloseVoice(LinkId),
}
