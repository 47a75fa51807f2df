//! Carries a firmware set-up out on a dongle: see [`crate::firmware`], which decides everything.
//!
//! Blocks for as long as the set-up takes: some seconds where a whole firmware is loaded.

use std::ops::ControlFlow;
use std::time::Duration;

use pool::Instant;
use rustix::event::{PollFd, Timespec, poll};
use rustix::io::Errno;
use wire::h4::Channel;

use crate::error::{Lost, SendError};
use crate::firmware::{Action, Input, Library, Outcome, Request, Setup};
use crate::system::Node;
use crate::transport::Transport;

/// How long a request or a piece of bulk data may take on the bus.
const TRANSFER: Duration = Duration::from_secs(2);

impl<N: Node> Transport<N> {
    /// Gives the dongle, which was just opened and is known by these USB ids, the firmware that it
    /// needs, with files out of `library`, at the time that `clock` tells.
    ///
    /// # Errors
    /// The dongle is lost. Everything else is an [`Outcome`].
    pub fn set_up(
        &mut self,
        (vendor, product): (u16, u16),
        library: &Library,
        mut clock: impl FnMut() -> Instant,
    ) -> Result<Outcome, Lost> {
        let mut setup = Setup::new(vendor, product);
        loop {
            let step = setup.step().clone();
            if let Action::End(outcome) = step.action {
                self.data.framer.carry(Channel::Acl);
                return Ok(outcome);
            }
            let until = clock() + step.within;
            if self.act(step.action, library, &mut setup)?.is_break() {
                continue;
            }
            let pipe = if setup.events_on_bulk() { Channel::Event } else { Channel::Acl };
            self.data.framer.carry(pipe);
            self.hear(until, &mut setup, &mut clock)?;
        }
    }

    /// Does what a step asks for; breaks if that led to the next.
    fn act(
        &mut self,
        action: Action,
        library: &Library,
        setup: &mut Setup,
    ) -> Result<ControlFlow<()>, Lost> {
        let mut data;
        let done = match action {
            Action::Command(bytes) => self.send_now(Channel::Command, &bytes).map(|()| None),
            Action::BulkCommand(bytes) => self.send_now(Channel::Acl, &bytes).map(|()| None),
            Action::Bulk(mut bytes) => {
                let endpoint = self.layout.acl_out.address;
                let sent = self.ring.node().bulk(endpoint, &mut bytes, TRANSFER);
                sent.map(|_| Some(Input::Data(&[])))
            }
            Action::Request(request) => {
                data = request.data.clone();
                data.resize(data.len().max(request.read.into()), 0);
                let moved = self.ring.node().control(head(&request), &mut data, TRANSFER);
                moved.map(|moved| {
                    data.truncate(if request.read > 0 { moved } else { 0 });
                    Some(Input::Data(&data))
                })
            }
            Action::Load(file) => Ok(Some(Input::File(library.find(&file)))),
            Action::Wait | Action::End(_) => Ok(None),
        };
        let heard = match done {
            Ok(heard) => heard,
            Err(Errno::NODEV | Errno::SHUTDOWN) => return Err(self.lose(Lost::Unplugged)),
            Err(_) => Some(Input::Refused),
        };
        let new_step = heard.is_some_and(|heard| setup.feed(heard));
        Ok(if new_step { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// Listens until there is a new step.
    fn hear(
        &mut self,
        until: Instant,
        setup: &mut Setup,
        clock: &mut impl FnMut() -> Instant,
    ) -> Result<(), Lost> {
        loop {
            let now = clock();
            while let Some((channel, packet)) = self.receive(now)? {
                if channel == Channel::Event && setup.feed(Input::Event(&packet)) {
                    return Ok(());
                }
            }
            if now >= until {
                if setup.feed(Input::Elapsed) {
                    return Ok(());
                }
                // It ends every step; this keeps us from spinning should one not.
                debug_assert!(false, "a step goes on after its time");
            }
            let left = until.since(now).max(Duration::from_micros(100));
            let left =
                Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
            // A signal only makes it look sooner.
            let _ =
                poll(&mut [PollFd::from_borrowed_fd(self.ring.node().fd(), N::READY)], Some(&left));
        }
    }

    fn send_now(&mut self, channel: Channel, bytes: &[u8]) -> Result<(), Errno> {
        let mut packet = self.arena().take().ok_or(Errno::NOMEM)?;
        packet.append(bytes).map_err(|_| Errno::MSGSIZE)?;
        self.send(channel, packet).map_err(|error| match error {
            SendError::Lost(_) => Errno::NODEV,
            SendError::Full => Errno::NOBUFS,
            SendError::NotSendable => Errno::INVAL,
        })
    }
}

/// The first six octets of a control request (USB 2.0, 9.3); the length is that of its data.
fn head(request: &Request) -> [u8; 6] {
    let [[v0, v1], [i0, i1]] = [request.value, request.index].map(u16::to_le_bytes);
    [request.kind, request.request, v0, v1, i0, i1]
}
