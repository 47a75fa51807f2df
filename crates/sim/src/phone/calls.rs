//! A phone's calls: what happens to them on the phone and in the network, the line to the receiver that
//! tells of them (`stack`'s gateway), and the voice link, which the phone opens by itself when a call is
//! spoken in, as phones do: a codec is chosen first where the receiver has a choice.
//!
//! The calls are the phone's and go on without a receiver. A call that is answered on the phone with the
//! audio there stays there; so does one whose voice link the receiver closes, until it is asked for.

use core::time::Duration;

use pool::Instant;
use stack::hfp::gateway::{self, Gateway};
use stack::{Call, GatewayChange, LinkId, VoiceChange, VoiceCodec};
use wire::hci::Status;
use wire::hfp::{AgFeatures, CallStatus};

use super::due::Due;
use super::speech::{Heard, Speaker};
use super::{Act, Audio, Phone};

/// How long music that was paused for a call waits after it.
const RESUMES_AFTER: Duration = Duration::from_millis(500);
/// How long the receiver has to answer which codec it takes.
const CODEC_TIMEOUT: Duration = Duration::from_secs(3);

/// Calls, line and voice.
pub(super) struct Calls {
    /// The calls; also where no receiver hears of them.
    own: Gateway,
    /// There is a service level connection.
    up: bool,
    /// It rings over the voice link; a softphone rings by itself.
    in_band: bool,
    /// The calls whose voice has been seen to, a bit for each index; the same of those that ring.
    begun: u16,
    rung: u16,
    /// A softphone's calls have been told.
    known: bool,
    /// The audio of calls belongs to the receiver.
    here: bool,
    /// The next call that begins is answered on the phone.
    stays: bool,
    microphone: bool,
    assistant: bool,
    pub(super) voice: Voice,
    pub(super) heard: Option<Heard>,
    pub(super) told: Vec<gateway::Output>,
}

/// How far the voice link is.
pub(super) enum Voice {
    Off,
    /// It is opened soon.
    Due,
    /// The receiver is asked for a codec.
    Choosing,
    Opening,
    On(VoiceCodec, Box<Speaker>),
    Closing,
}

impl Calls {
    pub(super) fn new(settings: gateway::Settings, softphone: bool) -> Self {
        Calls {
            in_band: settings.features.contains(AgFeatures::IN_BAND_RING) && !softphone,
            own: Gateway::new(settings),
            up: false,
            begun: 0,
            rung: 0,
            known: false,
            here: false,
            stays: false,
            microphone: false,
            assistant: false,
            voice: Voice::Off,
            heard: None,
            told: Vec::new(),
        }
    }

    pub(super) fn list(&self) -> &[stack::hfp::Call] {
        self.own.calls()
    }

    pub(super) fn is_up(&self) -> bool {
        self.up
    }

    pub(super) fn due_at(&self) -> Option<Instant> {
        match &self.voice {
            Voice::On(_, speaker) => Some(speaker.due_at()),
            _ => None,
        }
    }

    /// Whether anything is to be heard over the voice link.
    fn wants_voice(&self) -> bool {
        self.microphone || self.assistant || self.here && !self.list().is_empty()
    }

    /// Somebody is in a call, or is about to be: music pauses.
    fn is_busy(&self) -> bool {
        self.assistant || !self.list().is_empty()
    }

    /// The calls with which sound began since this was asked last.
    fn begins(&mut self) -> bool {
        let bits = |which: fn(&stack::hfp::Call) -> bool| {
            let calls = self.own.calls().iter().filter(|call| which(call));
            calls.fold(0, |bits, call| bits | 1u16 << call.index.min(15))
        };
        let (begun, rung) = (bits(|call| !call.is_ringing()), bits(stack::hfp::Call::is_ringing));
        let began = begun & !self.begun != 0;
        let rings = self.in_band && rung & !self.rung != 0 && begun == 0;
        (self.begun, self.rung) = (begun, rung);
        began || rings
    }
}

impl Phone {
    /// Its owner, or whoever they talk to, does something about calls.
    pub(super) fn act_on_calls(&mut self, now: Instant, act: Act) {
        let Some(calls) = &mut self.calls else { return };
        match act {
            Act::Ring(number, name) => self.change_calls(now, |gateway| {
                gateway.incoming(now, number, name);
            }),
            Act::TheyHangUp => self.change_calls(now, |gateway| they_hang_up(gateway, now)),
            Act::Answer(audio) => {
                calls.stays = audio == Audio::Phone;
                self.change_calls(now, |gateway| gateway.take_call(now));
                if let Some(calls) = &mut self.calls {
                    calls.stays = false;
                }
            }
            Act::HangUp => self.change_calls(now, |gateway| gateway.hang_up(now)),
            Act::Dial(number) => {
                self.change_calls(now, |gateway| gateway.dial_here(now, number));
                self.dialled(now);
            }
            Act::TheyAnswer => self.change_calls(now, |gateway| gateway.connect(now)),
            Act::Hold(hold) => self.change_calls(now, |gateway| gateway.hold(now, hold)),
            Act::Move(audio) => self.move_audio(now, audio),
            Act::Microphone(on) => {
                calls.microphone = on;
                self.session(now, on);
            }
            Act::Assistant(on) => {
                calls.assistant = on;
                if let Some(gateway) = self.link.and_then(|link| self.stack.gateway(link)) {
                    gateway.recognise(on);
                }
                self.calls_changed(now);
                self.session(now, on);
            }
            Act::InBand(on) => {
                calls.in_band = on;
                if let Some(gateway) = self.link.and_then(|link| self.stack.gateway(link)) {
                    gateway.set_in_band(on);
                }
            }
            Act::Speaker(gain) => {
                if let Some(link) = self.link {
                    self.call(now, Call::Speaker(link, gain));
                }
            }
            _ => {}
        }
    }

    /// What is due of a call that was dialled.
    pub(super) fn alert(&mut self, now: Instant) {
        self.change_calls(now, |gateway| gateway.alert(now));
        if let Some(after) = self.options.manners.answered_after {
            self.agenda.put(now + after, Due::TheyAnswer);
        }
    }

    fn dialled(&mut self, now: Instant) {
        self.agenda.put(now + self.options.manners.alerts_after, Due::Alert);
    }

    /// Changes the calls where they are told of, or on the phone alone.
    fn change_calls(&mut self, now: Instant, change: impl FnOnce(&mut Gateway)) {
        let Some(calls) = &mut self.calls else { return };
        let told = !self.options.manners.softphone || calls.known;
        match self.link.filter(|_| told).and_then(|link| self.stack.gateway(link)) {
            Some(gateway) => change(gateway),
            None => {
                change(&mut calls.own);
                while calls.own.poll().is_some() {}
            }
        }
        self.calls_changed(now);
    }

    /// Takes over what the line knows, and does what phones do.
    fn calls_changed(&mut self, now: Instant) {
        let Some(calls) = &mut self.calls else { return };
        let told = !self.options.manners.softphone || calls.known;
        if let Some(gateway) = self.link.filter(|_| told).and_then(|link| self.stack.gateway(link))
        {
            calls.own.set_calls(now, gateway.calls());
            while calls.own.poll().is_some() {}
        }
        if calls.begins() {
            calls.here = !core::mem::take(&mut calls.stays);
            if matches!(calls.voice, Voice::On(..)) {
                self.make_known(now);
            } else if calls.here {
                self.want_voice(now, self.options.manners.opens_voice_after);
            }
        }
        let Some(calls) = &mut self.calls else { return };
        if calls.list().is_empty() {
            (calls.here, calls.known) = (false, false);
        }
        let (busy, wants_voice) = (calls.is_busy(), calls.wants_voice());
        if !wants_voice {
            self.close_voice(now);
        }
        if busy {
            self.interrupt(now);
        } else if self.stream.interrupted.is_some() {
            self.agenda.put(now + RESUMES_AFTER, Due::Resume);
        }
    }

    fn move_audio(&mut self, now: Instant, audio: Audio) {
        let Some(calls) = &mut self.calls else { return };
        calls.here = audio == Audio::Receiver;
        match audio {
            Audio::Receiver => self.want_voice(now, Duration::ZERO),
            Audio::Phone => self.close_voice(now),
        }
    }

    /// A program's microphone or the assistant wants voice, or does no more.
    fn session(&mut self, now: Instant, on: bool) {
        if on {
            return self.want_voice(now, Duration::ZERO);
        }
        if self.calls.as_ref().is_some_and(|calls| !calls.wants_voice()) {
            self.close_voice(now);
        }
    }

    fn want_voice(&mut self, now: Instant, after: Duration) {
        let Some(calls) = &mut self.calls else { return };
        if calls.up && matches!(calls.voice, Voice::Off) {
            calls.voice = Voice::Due;
            self.agenda.put(now + after, Due::OpenVoice);
        }
    }

    /// Chooses a codec, or opens the voice link where there is nothing to choose.
    pub(super) fn open_voice(&mut self, now: Instant) {
        let (Some(calls), Some(link)) = (&mut self.calls, self.link) else { return };
        if !matches!(calls.voice, Voice::Due) {
            return;
        }
        let Some(gateway) = self.stack.gateway(link).filter(|_| calls.up && calls.wants_voice())
        else {
            calls.voice = Voice::Off;
            return;
        };
        let best = gateway.best_codec();
        if gateway.choose_codec(best) {
            calls.voice = Voice::Choosing;
            self.agenda.put(now + CODEC_TIMEOUT, Due::GiveUpCodec);
        } else {
            calls.voice = Voice::Opening;
            self.call(now, Call::OpenVoice(link));
        }
    }

    /// The receiver did not answer which codec it takes.
    pub(super) fn give_up_codec(&mut self, now: Instant) {
        if let Some(calls) = &mut self.calls
            && matches!(calls.voice, Voice::Choosing)
        {
            self.voice_ended(now);
        }
    }

    fn close_voice(&mut self, now: Instant) {
        let Some(calls) = &mut self.calls else { return };
        self.agenda.strike(Due::OpenVoice);
        match calls.voice {
            Voice::Off | Voice::Closing => {}
            Voice::Due | Voice::Choosing => calls.voice = Voice::Off,
            Voice::Opening | Voice::On(..) => {
                calls.voice = Voice::Closing;
                if let Some(link) = self.link {
                    self.call(now, Call::CloseVoice(link));
                }
            }
        }
    }

    /// There is no voice link any more, or it did not come to be.
    fn voice_ended(&mut self, now: Instant) {
        let Some(calls) = &mut self.calls else { return };
        let was = core::mem::replace(&mut calls.voice, Voice::Off);
        self.agenda.strike(Due::GiveUpCodec);
        self.make_known(now);
        let wanted = self.calls.as_ref().is_some_and(Calls::wants_voice);
        let again = match was {
            // It was moved away and back.
            Voice::Closing => Some(Duration::ZERO),
            _ => self.options.manners.asks_again_after,
        };
        match again.filter(|_| wanted) {
            Some(after) => self.want_voice(now, after),
            None => {
                if let Some(calls) = &mut self.calls {
                    calls.here = false;
                }
            }
        }
    }

    /// A softphone tells its calls once their voice link is there, or was tried.
    fn make_known(&mut self, now: Instant) {
        let Some(calls) = &mut self.calls else { return };
        let silent = self.options.manners.softphone && !calls.known;
        if silent && let Some(gateway) = self.link.and_then(|link| self.stack.gateway(link)) {
            calls.known = calls.own.calls().iter().any(stack::hfp::Call::is_answered);
            if calls.known {
                gateway.set_calls(now, calls.own.calls());
            }
        }
    }

    /// A headset's button was pressed: it takes the call that rings, else ends the one that is on.
    fn button(&mut self, now: Instant) {
        let Some(calls) = &self.calls else { return };
        let rings = calls.list().iter().any(stack::hfp::Call::is_ringing);
        self.act(now, if rings { Act::Answer(Audio::Receiver) } else { Act::HangUp });
    }

    /// The receiver says something on the line.
    pub(super) fn gateway_told(&mut self, now: Instant, change: GatewayChange) {
        let Some(calls) = &mut self.calls else { return };
        let told = match change {
            GatewayChange::Told(told) => told,
            GatewayChange::Down => {
                calls.up = false;
                return self.close_voice(now);
            }
        };
        match &told {
            gateway::Output::Up { .. } => {
                calls.up = true;
                // Calls that are on move here.
                if calls.list().iter().any(|call| !call.is_ringing()) {
                    calls.here = true;
                }
                if calls.wants_voice() {
                    self.want_voice(now, self.options.manners.opens_voice_after);
                }
            }
            gateway::Output::Call(_) | gateway::Output::CallEnded(_) => {
                return self.calls_changed(now);
            }
            gateway::Output::Dialled(_) => self.dialled(now),
            gateway::Output::VoiceLink => {
                calls.here = true;
                self.want_voice(now, Duration::ZERO);
            }
            gateway::Output::Codecs(_) if matches!(calls.voice, Voice::Choosing) => {
                calls.voice = Voice::Due;
                self.open_voice(now);
            }
            gateway::Output::Codec(_) if matches!(calls.voice, Voice::Choosing) => {
                calls.voice = Voice::Opening;
                self.agenda.strike(Due::GiveUpCodec);
                if let Some(link) = self.link {
                    self.call(now, Call::OpenVoice(link));
                }
            }
            gateway::Output::Pressed => self.button(now),
            gateway::Output::VoiceRecognition(on) => {
                calls.assistant = *on;
                self.calls_changed(now);
                self.session(now, *on);
            }
            _ => {}
        }
        if let Some(calls) = &mut self.calls {
            calls.told.push(told);
        }
    }

    /// The voice link changed.
    pub(super) fn voice_changed(&mut self, now: Instant, link: LinkId, change: VoiceChange) {
        let Some(calls) = &mut self.calls else { return };
        match change {
            VoiceChange::Requested if calls.microphone || calls.is_busy() => {
                calls.here = !calls.list().is_empty();
                calls.voice = Voice::Opening;
                self.agenda.strike(Due::OpenVoice);
                self.call(now, Call::AcceptVoice(link));
            }
            VoiceChange::Requested => {
                self.call(now, Call::RejectVoice(link, Status::REJECTED_LIMITED_RESOURCES));
            }
            VoiceChange::Opened { codec, .. } => {
                calls.heard = Some(Heard::new(codec));
                let speaker = Speaker::new(now, codec, self.options.voice);
                calls.voice = Voice::On(codec, Box::new(speaker));
                let wanted = calls.wants_voice();
                self.make_known(now);
                self.tell_dummy(true);
                if !wanted {
                    self.close_voice(now);
                }
            }
            VoiceChange::Failed(_) => self.voice_ended(now),
            VoiceChange::Closed(_) => {
                self.tell_dummy(false);
                self.voice_ended(now);
            }
        }
    }

    /// Tells a call that is in no list.
    fn tell_dummy(&mut self, on: bool) {
        let (Some(calls), Some(link)) = (&self.calls, self.link) else { return };
        let Some(settings) = &self.options.calls else { return };
        let place =
            settings.places.iter().position(|i| *i == stack::hfp::hands_free::Indicator::Call);
        if self.options.manners.dummy_call
            && calls.microphone | !on
            && calls.list().is_empty()
            && let (Some(place), Some(gateway)) = (place, self.stack.gateway(link))
        {
            gateway.say_raw(&format!("+CIEV: {},{}", place + 1, u8::from(on)));
        }
    }

    /// The line is there, or may be soon: it knows the phone's calls.
    pub(super) fn calls_linked(&mut self, now: Instant, link: LinkId) {
        let Some(calls) = &mut self.calls else { return };
        calls.known = calls.list().iter().any(stack::hfp::Call::is_answered);
        let told = !self.options.manners.softphone || calls.known;
        if told && let Some(gateway) = self.stack.gateway(link) {
            gateway.set_calls(now, calls.own.calls());
        }
    }

    /// The link is gone; the calls are not.
    pub(super) fn calls_unlinked(&mut self) {
        if let Some(calls) = &mut self.calls {
            (calls.up, calls.here, calls.voice) = (false, false, Voice::Off);
        }
    }

    /// Sends the next packet of the tone in a call.
    pub(super) fn speak(&mut self) {
        let (Some(calls), Some(link)) = (&mut self.calls, self.link) else { return };
        let Voice::On(_, speaker) = &mut calls.voice else { return };
        let packet = self.arena.take();
        if let Some(mut packet) = packet
            && speaker.write(&mut packet)
        {
            // What the link does not take is lost, as on the air.
            let _ = self.stack.send_voice(link, packet);
        }
    }
}

/// The ringing call ends, else the one that is spoken in, else any.
fn they_hang_up(gateway: &mut Gateway, now: Instant) {
    let order: [fn(&stack::hfp::Call) -> bool; 3] =
        [stack::hfp::Call::is_ringing, |call| call.status == CallStatus::Active, |_| true];
    let ends = order.into_iter().find_map(|which| gateway.calls().iter().find(|call| which(call)));
    if let Some(index) = ends.map(|call| call.index) {
        gateway.end(now, index);
    }
}
