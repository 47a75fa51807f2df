//! A Varlink service on a Unix socket (<https://varlink.org>): one thread a client, blocking reads
//! and writes, so that a client that stalls stops nobody but itself.
//!
//! Messages are JSON objects, each ended by a NUL byte. The flags `oneway` and `more` are served,
//! calls that arrive before the reply to an earlier one are answered in order, and
//! `org.varlink.service` describes the service.
//!
//! Limits: [`MAX_CLIENTS`] clients, [`MAX_MESSAGE`] bytes a call; a client that leaves a call half
//! sent or a reply unread for [`STALLED`] is hung up on, and so is one whose message is no call.
//!
//! Not here: `upgrade` (no method of ours has a use for it), TCP and other transports.

mod message;
mod server;
mod service;
#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use serde_json::{Map, Value, json};

pub use message::MAX_MESSAGE;
pub use server::{BindError, Listener, MAX_CLIENTS, Server};

/// How long a client may leave a call half sent, or a reply unread.
pub const STALLED: Duration = Duration::from_secs(30);

/// What a service says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// Who makes it.
    pub vendor: &'static str,
    /// What it is.
    pub product: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Where to read about it; empty: nowhere.
    pub url: &'static str,
}

/// A call of a method.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Interface and method, with dots.
    pub method: String,
    /// The parameters by name; those that are null are left out.
    pub parameters: Map<String, Value>,
    /// The caller wants no reply.
    pub oneway: bool,
    /// The caller takes several replies.
    pub more: bool,
    /// The caller wants to speak something else afterwards.
    pub upgrade: bool,
}

/// How a call ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// With a last reply.
    Reply(Value),
    /// With an error.
    Error(Error),
    /// Without a reply: the connection is closed.
    HangUp,
}

/// An error reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// Its whole name.
    pub name: String,
    /// Its parameters.
    pub parameters: Value,
}

impl Error {
    /// An error of the interface `interface` with a sentence for a person.
    pub fn new(interface: &str, name: &str, text: &str) -> Self {
        Error { name: format!("{interface}.{name}"), parameters: json!({ "text": text }) }
    }

    /// The interface has no such method.
    pub fn method_not_found(method: &str) -> Self {
        Self::of_service("MethodNotFound", "method", method)
    }

    /// A parameter is missing, unknown, or of the wrong type.
    pub fn invalid_parameter(parameter: &str) -> Self {
        Self::of_service("InvalidParameter", "parameter", parameter)
    }

    /// The method replies more than once and was not called with `more`.
    pub fn expected_more() -> Self {
        Error { name: "org.varlink.service.ExpectedMore".into(), parameters: json!({}) }
    }

    fn of_service(name: &str, parameter: &str, value: &str) -> Self {
        Error {
            name: format!("org.varlink.service.{name}"),
            parameters: json!({ parameter: value }),
        }
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        Answer::Error(error)
    }
}

/// What a service serves beside `org.varlink.service`.
pub trait Interface: Send + Sync + 'static {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Its definition in Varlink's language.
    fn description(&self) -> &'static str;

    /// Who serves it.
    fn identity(&self) -> Identity;

    /// Answers a call of `method`, which is named without the interface. Replies before the last
    /// one go to `replies`; its errors are the connection's end.
    fn call(&self, method: &str, call: &Call, replies: &mut Replies<'_>) -> io::Result<Answer>;
}

/// Where the replies to one call go.
#[derive(Debug)]
pub struct Replies<'a> {
    connection: &'a mut message::Connection,
    oneway: bool,
}

impl Replies<'_> {
    /// Sends a reply that is not the last.
    pub fn go_on(&mut self, parameters: &Value) -> io::Result<()> {
        if self.oneway {
            return Ok(());
        }
        self.connection.send(&json!({ "parameters": parameters, "continues": true }))
    }

    /// Waits until `other` is readable. Fails when the client is gone.
    pub fn wait_for(&self, other: std::os::fd::BorrowedFd<'_>) -> io::Result<()> {
        self.connection.wait_for(other)
    }

    fn end(&mut self, answer: Answer) -> io::Result<()> {
        let reply = match answer {
            Answer::HangUp => return Ok(()),
            _ if self.oneway => return Ok(()),
            Answer::Reply(parameters) => json!({ "parameters": parameters }),
            Answer::Error(error) => json!({ "error": error.name, "parameters": error.parameters }),
        };
        self.connection.send(&reply)
    }
}
