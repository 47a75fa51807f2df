//! What can go wrong with a dongle.

use std::{fmt, io};

use rustix::io::Errno;
use wire::h4::Channel;

use crate::access::Access;
use crate::descriptors::BadDescriptors;
use crate::dongle::Dongle;
use crate::spec::NoSuchDongle;

/// A dongle could not be taken: prints what is wrong, and what to do about it.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The system would not say which there are.
    List(crate::Error),
    /// None is the one that is meant.
    NoSuchDongle(NoSuchDongle),
    /// We may not open it.
    Permission {
        /// The dongle, as it prints.
        dongle: String,
        /// Why not, with the remedy.
        access: Access,
    },
    /// Another program has it.
    Busy {
        /// The dongle, as it prints.
        dongle: String,
        /// Which, as far as we may see it.
        holder: Option<String>,
    },
    /// It was unplugged while it was being opened.
    Unplugged {
        /// The dongle, as it prints.
        dongle: String,
    },
    /// It is not what a controller looks like.
    BadDescriptors {
        /// The dongle, as it prints.
        dongle: String,
        /// In what.
        reason: BadDescriptors,
    },
    /// Something else.
    System {
        /// The dongle, as it prints.
        dongle: String,
        /// What failed.
        doing: &'static str,
        /// How.
        error: io::Error,
    },
}

impl OpenError {
    /// What it means that a dongle's node cannot be opened.
    pub(crate) fn opening(dongle: &Dongle, error: Errno) -> OpenError {
        let name = dongle.to_string();
        match error {
            Errno::ACCESS | Errno::PERM => {
                OpenError::Permission { dongle: name, access: Access::to(&dongle.node) }
            }
            error => OpenError::system(&name, "opening its node", error),
        }
    }

    /// Sorts an error of the system; one that says who the holder is, or what we lack, is made where
    /// that is known.
    pub(crate) fn system(dongle: &str, doing: &'static str, error: Errno) -> OpenError {
        let dongle = dongle.to_owned();
        match error {
            Errno::NODEV | Errno::NOENT | Errno::NXIO | Errno::SHUTDOWN => {
                OpenError::Unplugged { dongle }
            }
            Errno::BUSY => OpenError::Busy { dongle, holder: None },
            error => OpenError::System { dongle, doing, error: error.into() },
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::List(error) => error.fmt(f),
            OpenError::NoSuchDongle(none) => none.fmt(f),
            OpenError::Permission { dongle, access } => {
                write!(f, "{dongle} {access}")?;
                access.remedy().map_or(Ok(()), |remedy| write!(f, ". {remedy}"))
            }
            OpenError::Busy { dongle, holder } => {
                let holder = holder.as_deref().unwrap_or("another program");
                write!(f, "{dongle} is in use by {holder}; end that first")
            }
            OpenError::Unplugged { dongle } => write!(f, "{dongle} was unplugged"),
            OpenError::BadDescriptors { dongle, reason } => {
                write!(f, "{dongle} cannot be driven: {reason}")
            }
            OpenError::System { dongle, doing, error } => {
                write!(f, "{dongle} cannot be opened: {doing} failed: {error}")
            }
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpenError::List(error) => Some(error),
            OpenError::NoSuchDongle(none) => Some(none),
            OpenError::BadDescriptors { reason, .. } => Some(reason),
            OpenError::System { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// The dongle is of no more use: it has to be opened again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lost {
    /// The transport is closed already.
    Closed,
    /// It was unplugged.
    Unplugged,
    /// It refuses transfers of this kind over and over.
    Stalled(Channel),
    /// Transfers of this kind fail on the bus over and over.
    Bus(Channel),
    /// The system reported an error that nothing can be done about.
    System(Errno),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::Closed => f.write_str("the dongle is closed"),
            Lost::Unplugged => f.write_str("the dongle was unplugged"),
            Lost::Stalled(channel) => write!(f, "the dongle keeps stalling ({channel:?})"),
            Lost::Bus(channel) => {
                write!(
                    f,
                    "transfers keep failing on the USB bus ({channel:?}): pulled out, or a bad plug or hub"
                )
            }
            Lost::System(error) => write!(f, "the USB driver failed: {error}"),
        }
    }
}

impl std::error::Error for Lost {}

/// A packet could not be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendError {
    /// The dongle does not take what is sent to it: the queue is full, and the packet was dropped.
    Full,
    /// A packet that is empty, too long, or of a kind that only controllers send.
    NotSendable,
    /// The dongle is lost.
    Lost(Lost),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Full => f.write_str("the dongle takes no more packets for now"),
            SendError::NotSendable => f.write_str("not a packet for a controller"),
            SendError::Lost(lost) => lost.fmt(f),
        }
    }
}

impl std::error::Error for SendError {}

impl From<Lost> for SendError {
    fn from(lost: Lost) -> Self {
        SendError::Lost(lost)
    }
}
