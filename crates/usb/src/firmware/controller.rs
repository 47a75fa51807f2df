//! The controller as a family's procedure sees it: it sends, and awaits what follows.
//!
//! Nothing happens here: a step is put into a mailbox for [`Setup`](super::Setup) to show, and what
//! [`Setup::feed`](super::Setup::feed) is told is taken out of it. One input at a time; the mailbox is
//! locked only to make `Setup` movable between threads, and never contended.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use super::library::{Found, Library};
use super::step::{Action, Failure, Input, Reason, Request, Step};

/// How long a controller may take to answer a command or a request.
pub(super) const ANSWER: Duration = Duration::from_secs(5);
/// How long a file may take.
const READING: Duration = Duration::from_secs(10);
/// How many events are kept that came before they were waited for.
const EVENTS: usize = 8;

const COMMAND_COMPLETE: u8 = 0x0e;
const COMMAND_STATUS: u8 = 0x0f;

#[derive(Default)]
struct Mailbox {
    step: Option<Step>,
    input: Option<Heard>,
    events: VecDeque<Event>,
    events_on_bulk: bool,
}

/// An [`Input`] that is ours.
enum Heard {
    Event(Event),
    Data(Vec<u8>),
    Refused,
    File(Found),
    Elapsed,
}

struct Event {
    code: u8,
    parameters: Vec<u8>,
}

#[derive(Clone, Default)]
pub(super) struct Controller(Arc<Mutex<Mailbox>>);

impl Controller {
    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // For `Setup`.

    pub(super) fn hear(&self, input: Input<'_>) {
        let heard = match input {
            Input::Event([code, length, parameters @ ..])
                if usize::from(*length) == parameters.len() =>
            {
                Heard::Event(Event { code: *code, parameters: parameters.to_vec() })
            }
            Input::Event(_) => return,
            Input::Data(data) => Heard::Data(data.to_vec()),
            Input::Refused => Heard::Refused,
            Input::File(found) => Heard::File(found),
            Input::Elapsed => Heard::Elapsed,
        };
        self.mailbox().input = Some(heard);
    }

    pub(super) fn next_step(&self) -> Option<Step> {
        self.mailbox().step.take()
    }

    pub(super) fn events_on_bulk(&self) -> bool {
        self.mailbox().events_on_bulk
    }

    // For the procedures.

    pub(super) fn expect_events_on_bulk(&self, expect: bool) {
        self.mailbox().events_on_bulk = expect;
    }

    /// Sends a command and awaits its completion; what follows the status is returned.
    pub(super) async fn command(
        &self,
        what: &'static str,
        opcode: u16,
        parameters: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        succeeded(what, self.exchange(what, Action::Command(packet(opcode, parameters))).await?)
    }

    /// The same over bulk out.
    pub(super) async fn bulk_command(
        &self,
        what: &'static str,
        opcode: u16,
        parameters: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        succeeded(what, self.exchange(what, Action::BulkCommand(packet(opcode, parameters))).await?)
    }

    /// The same, and the status is returned too, whatever it is.
    pub(super) async fn try_command(
        &self,
        what: &'static str,
        opcode: u16,
        parameters: &[u8],
    ) -> Result<(u8, Vec<u8>), Failure> {
        self.exchange(what, Action::Command(packet(opcode, parameters))).await
    }

    async fn exchange(&self, what: &'static str, action: Action) -> Result<(u8, Vec<u8>), Failure> {
        let sent = match &action {
            Action::Command(packet) | Action::BulkCommand(packet) => [packet[0], packet[1]],
            _ => unreachable!("only commands are exchanged"),
        };
        self.begin(what, action, ANSWER);
        loop {
            match self.heard().await {
                Heard::Event(event) => match (event.code, &event.parameters[..]) {
                    (COMMAND_COMPLETE, [_, low, high, status, rest @ ..])
                        if [*low, *high] == sent =>
                    {
                        return Ok((*status, rest.to_vec()));
                    }
                    // A status of 0 says that the answer is yet to come.
                    (COMMAND_STATUS, [status, _, low, high])
                        if *status != 0 && [*low, *high] == sent =>
                    {
                        return Ok((*status, Vec::new()));
                    }
                    _ => self.keep(event),
                },
                Heard::Refused => return Err(Failure::new(what, Reason::Refused)),
                Heard::Elapsed => return Err(Failure::new(what, Reason::NoAnswer(ANSWER))),
                Heard::Data(_) | Heard::File(_) => {}
            }
        }
    }

    /// Sends a command and awaits an event with this code, whatever it says: its parameters.
    pub(super) async fn converse(
        &self,
        what: &'static str,
        opcode: u16,
        parameters: &[u8],
        code: u8,
    ) -> Result<Vec<u8>, Failure> {
        self.forget_events();
        self.begin(what, Action::Command(packet(opcode, parameters)), ANSWER);
        loop {
            match self.heard().await {
                Heard::Event(event) if event.code == code => return Ok(event.parameters),
                Heard::Refused => return Err(Failure::new(what, Reason::Refused)),
                Heard::Elapsed => return Err(Failure::new(what, Reason::NoAnswer(ANSWER))),
                Heard::Event(_) | Heard::Data(_) | Heard::File(_) => {}
            }
        }
    }

    /// Sends a command that is not answered, and lets this time pass.
    pub(super) async fn tell(
        &self,
        what: &'static str,
        opcode: u16,
        parameters: &[u8],
        pause: Duration,
    ) -> Result<(), Failure> {
        self.begin(what, Action::Command(packet(opcode, parameters)), pause);
        self.until_elapsed(what).await
    }

    /// Lets this time pass.
    pub(super) async fn pause(&self, what: &'static str, pause: Duration) -> Result<(), Failure> {
        self.begin(what, Action::Wait, pause);
        self.until_elapsed(what).await
    }

    async fn until_elapsed(&self, what: &'static str) -> Result<(), Failure> {
        loop {
            match self.heard().await {
                Heard::Elapsed => return Ok(()),
                Heard::Refused => return Err(Failure::new(what, Reason::Refused)),
                Heard::Event(event) => self.keep(event),
                Heard::Data(_) | Heard::File(_) => {}
            }
        }
    }

    /// Forgets the events that came unasked.
    pub(super) fn forget_events(&self) {
        self.mailbox().events.clear();
    }

    /// An event with this code that has come, and what its parameters begin with.
    pub(super) fn kept(&self, code: u8, beginning: &[u8]) -> Option<Vec<u8>> {
        let events = &mut self.mailbox().events;
        let at = events.iter().position(|event| event.is(code, beginning))?;
        events.remove(at).map(|event| event.parameters)
    }

    /// Awaits an event with this code whose parameters begin so; it may have come already.
    pub(super) async fn event(
        &self,
        what: &'static str,
        (code, beginning): (u8, &[u8]),
        within: Duration,
    ) -> Result<Vec<u8>, Failure> {
        if let Some(parameters) = self.kept(code, beginning) {
            return Ok(parameters);
        }
        self.begin(what, Action::Wait, within);
        loop {
            match self.heard().await {
                Heard::Event(event) if event.is(code, beginning) => return Ok(event.parameters),
                Heard::Event(event) => self.keep(event),
                Heard::Elapsed => return Err(Failure::new(what, Reason::NoAnswer(within))),
                Heard::Data(_) | Heard::File(_) | Heard::Refused => {}
            }
        }
    }

    /// Does a control transfer; what was read is returned.
    pub(super) async fn request(
        &self,
        what: &'static str,
        request: Request,
    ) -> Result<Vec<u8>, Failure> {
        self.transfer(what, Action::Request(request)).await
    }

    /// Sends this over bulk out.
    pub(super) async fn bulk(&self, what: &'static str, data: &[u8]) -> Result<(), Failure> {
        self.transfer(what, Action::Bulk(data.to_vec())).await.map(drop)
    }

    async fn transfer(&self, what: &'static str, action: Action) -> Result<Vec<u8>, Failure> {
        self.begin(what, action, ANSWER);
        loop {
            match self.heard().await {
                Heard::Data(data) => return Ok(data),
                Heard::Refused => return Err(Failure::new(what, Reason::Refused)),
                Heard::Elapsed => return Err(Failure::new(what, Reason::NoAnswer(ANSWER))),
                Heard::Event(event) => self.keep(event),
                Heard::File(_) => {}
            }
        }
    }

    /// A file, if it is there.
    pub(super) async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let what = "looking for a file";
        self.begin(what, Action::Load(name.to_owned()), READING);
        loop {
            match self.heard().await {
                Heard::File(Found::Plain(bytes)) if bytes.len() <= super::FILE_LIMIT => {
                    return Ok(Some(bytes));
                }
                Heard::File(Found::Plain(_)) => {
                    return Err(Failure::file(what, name, Library::TOO_LONG));
                }
                Heard::File(Found::Missing) => return Ok(None),
                Heard::File(Found::Useless(why)) => return Err(Failure::file(what, name, why)),
                Heard::Elapsed => return Err(Failure::file(what, name, "cannot be read")),
                Heard::Event(event) => self.keep(event),
                Heard::Data(_) | Heard::Refused => {}
            }
        }
    }

    /// The first of these files that is there, and its name.
    pub(super) async fn load_first(
        &self,
        names: &[String],
        package: &'static str,
    ) -> Result<(String, Vec<u8>), Failure> {
        for name in names {
            if let Some(bytes) = self.load(name).await? {
                return Ok((name.clone(), bytes));
            }
        }
        let reason = Reason::Missing { files: names.to_vec(), package };
        Err(Failure::new("looking for the firmware", reason))
    }

    fn begin(&self, what: &'static str, action: Action, within: Duration) {
        self.mailbox().step = Some(Step { what, action, within });
    }

    fn heard(&self) -> impl Future<Output = Heard> + Send + '_ {
        poll_fn(|_| self.mailbox().input.take().map_or(Poll::Pending, Poll::Ready))
    }

    fn keep(&self, event: Event) {
        let events = &mut self.mailbox().events;
        if events.len() == EVENTS {
            events.pop_front();
        }
        events.push_back(event);
    }
}

impl Event {
    fn is(&self, code: u8, beginning: &[u8]) -> bool {
        self.code == code && self.parameters.starts_with(beginning)
    }
}

fn succeeded(what: &'static str, reply: (u8, Vec<u8>)) -> Result<Vec<u8>, Failure> {
    match reply {
        (0, rest) => Ok(rest),
        (status, _) => Err(Failure::new(what, Reason::Status(status))),
    }
}

/// An HCI command packet (Core 5.4, vol. 4 part E, 5.4.1).
fn packet(opcode: u16, parameters: &[u8]) -> Vec<u8> {
    let length = u8::try_from(parameters.len()).expect("no command is longer than HCI allows");
    let mut packet = Vec::with_capacity(3 + parameters.len());
    packet.extend(opcode.to_le_bytes());
    packet.push(length);
    packet.extend(parameters);
    packet
}
