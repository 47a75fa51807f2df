//! What a [`Setup`](super::Setup) asks for, what it is told, and how it ends.

use std::fmt;
use std::time::Duration;

use super::library::Found;

/// What is to be done, and how long to wait for what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What this is good for, for people: "reading the ROM version".
    pub what: &'static str,
    /// What is to be done.
    pub action: Action,
    /// If there is no new step for so long, feed [`Input::Elapsed`].
    pub within: Duration,
}

impl Step {
    pub(super) fn end(outcome: Outcome) -> Step {
        Step { what: "end", action: Action::End(outcome), within: Duration::MAX }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send this HCI command (opcode, length, parameters) as any other: to the control endpoint.
    Command(Vec<u8>),
    /// Send this HCI command as one transfer over bulk out.
    BulkCommand(Vec<u8>),
    /// Send this over bulk out as it is, as one transfer with no empty packet behind it, and feed
    /// [`Input::Data`] (of nothing) or [`Input::Refused`].
    Bulk(Vec<u8>),
    /// Do this control transfer and feed [`Input::Data`] or [`Input::Refused`].
    Request(Request),
    /// Look for this file and feed [`Input::File`].
    Load(String),
    /// Nothing but to wait.
    Wait,
    /// It is over.
    End(Outcome),
}

/// A control transfer on endpoint 0 (USB 2.0, 9.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `bmRequestType`; bit 7 tells a read.
    pub kind: u8,
    /// `bRequest`.
    pub request: u8,
    /// `wValue`.
    pub value: u16,
    /// `wIndex`.
    pub index: u16,
    /// What to write; none for a read.
    pub data: Vec<u8>,
    /// How much to read; 0 for a write.
    pub read: u16,
}

/// What came.
#[derive(Debug)]
pub enum Input<'a> {
    /// An HCI event: code, length, parameters.
    Event(&'a [u8]),
    /// The request or the bulk transfer was done, and this read (nothing by a write, and where the
    /// controller had nothing).
    Data(&'a [u8]),
    /// The command or request could not be transferred.
    Refused,
    /// What was found of the file.
    File(Found),
    /// The step's time is over.
    Elapsed,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The controller runs these files now.
    Loaded {
        /// Their names.
        files: Vec<String>,
        /// Their version or date, as far as it is known.
        version: String,
    },
    /// There was nothing to load, and why.
    NotNeeded(String),
    /// It did not work.
    Failed(Failure),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Loaded { files, version } => {
                write!(f, "loaded {}: {version}", files.join(", "))
            }
            Outcome::NotNeeded(why) => write!(f, "no firmware loaded: {why}"),
            Outcome::Failed(failure) => failure.fmt(f),
        }
    }
}

/// Why it did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// At which step: [`Step::what`].
    pub step: &'static str,
    /// What happened.
    pub reason: Reason,
    /// Whether the controller works as it is, if with its maker's errors.
    pub works_without: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The controller did not answer within this time.
    NoAnswer(Duration),
    /// The controller refused the command, with this HCI status.
    Status(u8),
    /// The transfer failed.
    Refused,
    /// The controller's answer makes no sense.
    Answer(String),
    /// None of these files is there.
    Missing {
        /// Their names.
        files: Vec<String>,
        /// The Debian package that has them.
        package: &'static str,
    },
    /// A file is there but of no use.
    File {
        /// Its name.
        file: String,
        /// Why.
        why: String,
    },
    /// This is known, and not supported.
    NotSupported(String),
}

impl Failure {
    pub(super) fn new(step: &'static str, reason: Reason) -> Failure {
        Failure { step, reason, works_without: false }
    }

    pub(super) fn answer(step: &'static str, what: impl Into<String>) -> Failure {
        Failure::new(step, Reason::Answer(what.into()))
    }

    pub(super) fn file(step: &'static str, file: &str, why: impl fmt::Display) -> Failure {
        Failure::new(step, Reason::File { file: file.to_owned(), why: why.to_string() })
    }

    pub(super) fn not_supported(step: &'static str, what: impl Into<String>) -> Failure {
        Failure::new(step, Reason::NotSupported(what.into()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "firmware: {}: ", self.step)?;
        match &self.reason {
            Reason::NoAnswer(within) => {
                write!(f, "the controller did not answer within {} ms", within.as_millis())
            }
            Reason::Status(status) => write!(f, "the controller refused it, status {status:#04x}"),
            Reason::Refused => write!(f, "the transfer failed"),
            Reason::Answer(what) => write!(f, "the controller's answer makes no sense: {what}"),
            Reason::Missing { files, package } => {
                write!(f, "{} is not there; Debian has it in {package}", files.join(" or "))
            }
            Reason::File { file, why } => write!(f, "{file}: {why}"),
            Reason::NotSupported(what) => write!(f, "{what} is not supported"),
        }
    }
}

impl std::error::Error for Failure {}
