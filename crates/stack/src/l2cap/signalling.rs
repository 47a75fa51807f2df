//! The signalling channel: what is sent on it, and what each command of a peer does (Core 5.4,
//! Vol 3, Part A, 4 and 6.1).

use pool::Instant;
use wire::l2cap::{
    BadSignal, Cid, Command, ConfigOption, ConfigurationResult, ConnectionResult, ConnectionStatus,
    ExtendedFeatures, Information, MINIMUM_MTU, Mode, Options, OptionsBuilder, Psm, Reject, Signal,
    Signals,
};

use super::channel::{End, State};
use super::configure::{ANSWER, judge};
use super::{
    CONFIGURATION_ATTEMPTS, ChannelId, EXTENDED_RESPONSE_TIME_OUT, Mux, Refusal, TRANSMISSIONS,
};
use crate::LinkId;

impl Mux {
    /// Sends the request that the channel's state calls for, under the identifier that it has.
    pub(super) fn send_request(&mut self, id: ChannelId) {
        let Some(channel) = self.channel(id) else { return };
        let identifier = channel.identifier;
        let mut buffer = [0; 4];
        let command = match channel.state {
            State::WaitConnectResponse { .. } => {
                Command::ConnectionRequest { psm: channel.psm, source_cid: id.cid }
            }
            State::Configuring => {
                let mut options = OptionsBuilder::new(&mut buffer);
                if !channel.without_mtu && !channel.fetching {
                    let pushed = options.push(ConfigOption::Mtu(channel.local_mtu));
                    debug_assert!(pushed.is_ok(), "the buffer holds an MTU option");
                }
                Command::ConfigurationRequest {
                    destination_cid: channel.remote_cid,
                    continuation: false,
                    options: options.finish(),
                }
            }
            State::WaitDisconnect(_) => Command::DisconnectionRequest {
                destination_cid: channel.remote_cid,
                source_cid: id.cid,
            },
            State::Free | State::WaitSecurity | State::WaitConsent | State::Open => return,
        };
        self.signal(id.link, identifier, command);
    }

    /// Answers the connection request that made the channel.
    pub(super) fn respond_connection(
        &mut self,
        id: ChannelId,
        result: ConnectionResult,
        status: ConnectionStatus,
    ) {
        let Some(channel) = self.channel(id) else { return };
        let exists = matches!(result, ConnectionResult::SUCCESS | ConnectionResult::PENDING);
        let response = Command::ConnectionResponse {
            destination_cid: if exists { id.cid } else { Cid(0) },
            source_cid: channel.remote_cid,
            result,
            status,
        };
        self.signal(id.link, channel.connection_identifier, response);
    }

    pub(super) fn reject(&mut self, link: LinkId, identifier: u8, reason: Reject) {
        self.signal(link, identifier, Command::Reject(reason));
    }

    /// Takes the payload of a C-frame.
    pub(super) fn signals(&mut self, now: Instant, link: LinkId, payload: &[u8]) {
        for signal in Signals::new(payload) {
            if !self.has_room() {
                self.counters.overrun += 1;
                return;
            }
            match signal {
                Ok(signal) => self.command(now, link, signal),
                Err(BadSignal::NotUnderstood { code, identifier }) => {
                    self.counters.malformed += 1;
                    if !Signals::is_response(code) {
                        self.reject(link, identifier, Reject::NotUnderstood);
                    }
                }
                Err(BadSignal::Truncated { identifier }) => {
                    self.counters.malformed += 1;
                    if let Some(identifier) = identifier {
                        self.reject(link, identifier, Reject::NotUnderstood);
                    }
                }
            }
        }
    }

    fn command(&mut self, now: Instant, link: LinkId, signal: Signal<'_>) {
        let identifier = signal.identifier;
        let on = |cid| ChannelId { link, cid };
        match signal.command {
            Command::Reject(reason) => self.rejected(link, identifier, reason),
            Command::ConnectionRequest { psm, source_cid } => {
                self.connection_request(now, link, identifier, psm, source_cid);
            }
            Command::ConnectionResponse { destination_cid, source_cid, result, .. } => {
                self.connection_response(now, link, identifier, destination_cid, source_cid, result)
            }
            Command::ConfigurationRequest { destination_cid, continuation, options } => {
                self.configuration_request(
                    now,
                    on(destination_cid),
                    identifier,
                    continuation,
                    options,
                );
            }
            Command::ConfigurationResponse { source_cid, continuation, result, options } => {
                self.configuration_response(
                    now,
                    on(source_cid),
                    identifier,
                    continuation,
                    result,
                    options,
                );
            }
            Command::DisconnectionRequest { destination_cid, source_cid } => {
                self.disconnection_request(on(destination_cid), identifier, source_cid);
            }
            Command::DisconnectionResponse { destination_cid, source_cid } => {
                self.disconnection_response(on(source_cid), identifier, destination_cid);
            }
            Command::EchoRequest(data) => {
                self.signal(link, identifier, Command::EchoResponse(data));
            }
            Command::InformationRequest { info_type } => {
                let information = match info_type {
                    Information::EXTENDED_FEATURES => {
                        Information::ExtendedFeatures(ExtendedFeatures::FIXED_CHANNELS)
                    }
                    // The signalling channel is the only fixed one.
                    Information::FIXED_CHANNELS => {
                        Information::FixedChannels(1 << Cid::SIGNALLING.0)
                    }
                    info_type => Information::NotSupported { info_type },
                };
                self.signal(link, identifier, Command::InformationResponse(information));
            }
            // We never ask.
            Command::EchoResponse(_) | Command::InformationResponse(_) => {
                self.counters.unexpected += 1;
            }
        }
    }

    /// A request of ours was not taken as a command.
    fn rejected(&mut self, link: LinkId, identifier: u8, _reason: Reject) {
        let id = Self::ids(link).find(|&id| {
            self.channel(id).is_some_and(|channel| {
                channel.identifier == identifier && channel.deadline.is_some()
            })
        });
        let Some(id) = id else {
            self.counters.unexpected += 1;
            return;
        };
        match self.state(id) {
            State::WaitConnectResponse { abandoned: false } => {
                self.finish(id, End::Refused(Refusal::NotUnderstood));
            }
            State::WaitConnectResponse { abandoned: true } => self.finish(id, End::Local),
            // The peer says that the channel does not exist, or knows no configuration.
            State::Configuring => self.finish(id, End::Configuration),
            State::WaitDisconnect(end) => self.finish(id, end),
            State::Free | State::WaitSecurity | State::WaitConsent | State::Open => {
                self.counters.unexpected += 1;
            }
        }
    }

    fn connection_request(
        &mut self,
        now: Instant,
        link: LinkId,
        identifier: u8,
        psm: Psm,
        source_cid: Cid,
    ) {
        let existing = Self::ids(link)
            .find(|&id| self.channel(id).is_some_and(|channel| channel.remote_cid == source_cid));
        let refusal = if !source_cid.is_dynamic() {
            Some(ConnectionResult::INVALID_SOURCE_CID)
        } else if let Some(id) = existing {
            if self.repeated_connection_request(id, identifier) {
                return;
            }
            Some(ConnectionResult::SOURCE_CID_ALREADY_ALLOCATED)
        } else {
            match self.listener(psm) {
                None => Some(ConnectionResult::PSM_NOT_SUPPORTED),
                Some(options) => match self.occupy(link, psm, options) {
                    None => Some(ConnectionResult::NO_RESOURCES),
                    Some(id) => {
                        let waits = options.needs_security && !self.is_secured(link);
                        return self.incoming(now, id, identifier, source_cid, waits);
                    }
                },
            }
        };
        if let Some(result) = refusal {
            let status = ConnectionStatus::NO_FURTHER_INFORMATION;
            let destination_cid = Cid(0);
            let response =
                Command::ConnectionResponse { destination_cid, source_cid, result, status };
            self.signal(link, identifier, response);
        }
    }

    fn is_secured(&self, link: LinkId) -> bool {
        self.links.get(usize::from(link.0)).is_some_and(|state| state.secured)
    }

    /// Answers a request that was already answered, if that is what it is.
    fn repeated_connection_request(&mut self, id: ChannelId, identifier: u8) -> bool {
        let Some(channel) = self.channel(id) else { return false };
        if channel.outgoing || channel.connection_identifier != identifier {
            return false;
        }
        let (result, status) = match channel.state {
            State::WaitSecurity => {
                (ConnectionResult::PENDING, ConnectionStatus::AUTHENTICATION_PENDING)
            }
            State::WaitConsent => {
                (ConnectionResult::PENDING, ConnectionStatus::AUTHORIZATION_PENDING)
            }
            State::Configuring => {
                (ConnectionResult::SUCCESS, ConnectionStatus::NO_FURTHER_INFORMATION)
            }
            _ => return false,
        };
        self.respond_connection(id, result, status);
        true
    }

    /// A channel of the peer's has been given a place.
    fn incoming(
        &mut self,
        now: Instant,
        id: ChannelId,
        identifier: u8,
        source_cid: Cid,
        waits: bool,
    ) {
        let Some(channel) = self.channel_mut(id) else { return };
        channel.remote_cid = source_cid;
        channel.connection_identifier = identifier;
        let ask = channel.ask;
        if waits {
            let status = ConnectionStatus::AUTHENTICATION_PENDING;
            self.respond_connection(id, ConnectionResult::PENDING, status);
            self.ask_security(now, id);
        } else if ask {
            self.ask_consent(now, id);
        } else {
            self.admit(now, id);
        }
    }

    fn connection_response(
        &mut self,
        now: Instant,
        link: LinkId,
        identifier: u8,
        destination_cid: Cid,
        source_cid: Cid,
        result: ConnectionResult,
    ) {
        // A refusal may leave the source CID out, so the identifier is what counts.
        let waiting = Self::ids(link).find_map(|id| match self.channel(id)?.state {
            State::WaitConnectResponse { abandoned }
                if self.channel(id)?.identifier == identifier =>
            {
                Some((id, abandoned))
            }
            _ => None,
        });
        let Some((id, abandoned)) =
            waiting.filter(|(id, _)| source_cid == id.cid || source_cid == Cid(0))
        else {
            self.counters.unexpected += 1;
            return;
        };
        match result {
            ConnectionResult::PENDING => {
                if let Some(channel) = self.channel_mut(id) {
                    channel.transmissions = TRANSMISSIONS;
                }
                self.arm(id, now + EXTENDED_RESPONSE_TIME_OUT);
            }
            ConnectionResult::SUCCESS => {
                let taken = Self::ids(link).any(|other| {
                    self.channel(other).is_some_and(|other| other.remote_cid == destination_cid)
                });
                if taken || !destination_cid.is_dynamic() {
                    return self.finish(id, End::Refused(Refusal::NotUnderstood));
                }
                let Some(channel) = self.channel_mut(id) else { return };
                channel.remote_cid = destination_cid;
                channel.state = State::Configuring;
                if abandoned {
                    self.leave(now, id, End::Local);
                } else {
                    self.request(now, id);
                }
            }
            _ if abandoned => self.finish(id, End::Local),
            refusal => self.finish(id, End::Refused(Refusal::Peer(refusal))),
        }
    }

    fn configuration_request(
        &mut self,
        now: Instant,
        id: ChannelId,
        identifier: u8,
        continuation: bool,
        options: Options<'_>,
    ) {
        if !matches!(self.state(id), State::Configuring | State::Open) {
            let remote = self.channel(id).map_or(Cid(0), |channel| channel.remote_cid);
            return self.reject(id.link, identifier, Reject::InvalidCid { local: id.cid, remote });
        }
        let Some(channel) = self.channel_mut(id) else { return };
        let remote_cid = channel.remote_cid;
        let respond = move |continuation, result, options| Command::ConfigurationResponse {
            source_cid: remote_cid,
            continuation,
            result,
            options,
        };
        if channel.state == State::Open {
            if channel.answered == identifier {
                // Our response got lost.
                let response = respond(false, ConfigurationResult::SUCCESS, Options::NONE);
                return self.signal(id.link, identifier, response);
            }
            // Both directions are configured anew. Our request goes before our response, so that
            // the peer has it before it can think that it is done.
            channel.state = State::Configuring;
            channel.ours_accepted = false;
            channel.theirs_accepted = false;
            self.request(now, id);
        }
        let Some(channel) = self.channel_mut(id) else { return };
        channel.answered = identifier;
        let fits = channel.collected.extend_from_slice(options.bytes()).is_ok();
        if fits && continuation {
            let response = respond(true, ConfigurationResult::SUCCESS, Options::NONE);
            return self.signal(id.link, identifier, response);
        }
        let collected = core::mem::take(&mut channel.collected);
        let mut answer = [0; ANSWER];
        let parsed = if fits { Options::parse(&collected) } else { Err(wire::Malformed) };
        let (result, options, mtu) = match parsed.map(|options| judge(options, &mut answer)) {
            Ok(verdict) => (verdict.result, verdict.options, verdict.mtu),
            Err(wire::Malformed) => (ConfigurationResult::REJECTED, Options::NONE, None),
        };
        let accepted = result == ConfigurationResult::SUCCESS;
        channel.theirs_accepted = accepted;
        channel.remote_mtu = mtu.unwrap_or(channel.remote_mtu);
        channel.their_attempts += u8::from(!accepted);
        let insists = channel.their_attempts >= CONFIGURATION_ATTEMPTS;
        self.signal(id.link, identifier, respond(false, result, options));
        if insists {
            self.leave(now, id, End::Configuration);
        } else {
            self.settle(now, id);
        }
    }

    fn configuration_response(
        &mut self,
        now: Instant,
        id: ChannelId,
        identifier: u8,
        continuation: bool,
        result: ConfigurationResult,
        options: Options<'_>,
    ) {
        let largest = self.largest_mtu;
        let waiting = self.channel_mut(id).filter(|channel| {
            channel.state == State::Configuring
                && !channel.ours_accepted
                && channel.identifier == identifier
        });
        let Some(channel) = waiting else {
            self.counters.unexpected += 1;
            return;
        };
        let most = Self::offered(options, channel.local_mtu, largest);
        let basic = options.iter().all(
            |option| !matches!(option, ConfigOption::Retransmission(r) if r.mode != Mode::Basic),
        );
        match result {
            ConfigurationResult::SUCCESS if !continuation => {
                channel.ours_accepted = true;
                channel.fetching = false;
                channel.deadline = None;
                return self.settle(now, id);
            }
            ConfigurationResult::PENDING => {
                channel.transmissions = TRANSMISSIONS;
                return self.arm(id, now + EXTENDED_RESPONSE_TIME_OUT);
            }
            // The response is longer than fits a C-frame: an empty request fetches the rest.
            ConfigurationResult::SUCCESS => channel.fetching = true,
            ConfigurationResult::UNACCEPTABLE if basic => {
                channel.fetching = false;
                channel.local_mtu = most;
            }
            ConfigurationResult::UNKNOWN_OPTIONS => {
                channel.fetching = false;
                channel.without_mtu = true;
            }
            _ => return self.leave(now, id, End::Configuration),
        }
        channel.our_attempts += 1;
        if channel.our_attempts >= CONFIGURATION_ATTEMPTS {
            self.leave(now, id, End::Configuration);
        } else {
            self.request(now, id);
        }
    }

    /// The MTU to offer after the peer found ours unacceptable: its proposal, if we can take that
    /// much.
    fn offered(options: Options<'_>, ours: u16, largest: u16) -> u16 {
        let proposals = options.iter().filter_map(|option| match option {
            ConfigOption::Mtu(mtu) => Some(mtu),
            _ => None,
        });
        proposals.last().map_or(ours, |mtu| mtu.clamp(MINIMUM_MTU, largest))
    }

    fn disconnection_request(&mut self, id: ChannelId, identifier: u8, source_cid: Cid) {
        let Some(channel) = self.channel(id).filter(|channel| channel.remote_cid.is_dynamic())
        else {
            let invalid = Reject::InvalidCid { local: id.cid, remote: source_cid };
            return self.reject(id.link, identifier, invalid);
        };
        if channel.remote_cid != source_cid {
            // 4.6: silently discarded.
            self.counters.unexpected += 1;
            return;
        }
        let end = match channel.state {
            State::WaitDisconnect(end) => end,
            _ => End::Peer,
        };
        let response = Command::DisconnectionResponse { destination_cid: id.cid, source_cid };
        self.signal(id.link, identifier, response);
        self.finish(id, end);
    }

    fn disconnection_response(&mut self, id: ChannelId, identifier: u8, destination_cid: Cid) {
        match self.channel(id).map(|channel| (channel.state, channel)) {
            Some((State::WaitDisconnect(end), channel))
                if channel.identifier == identifier && channel.remote_cid == destination_cid =>
            {
                self.finish(id, end);
            }
            _ => self.counters.unexpected += 1,
        }
    }
}
