//! Why the command did not do what it was told, and its exit code.

use std::fmt;
use std::io;

/// A command failed.
#[derive(Debug)]
pub enum Failure {
    /// The daemon refused; name and text are its error's.
    Refused {
        /// The error's name.
        name: String,
        /// What it says.
        text: String,
    },
    /// Something else went wrong.
    Failed(String),
    /// The command line cannot be followed.
    Usage(String),
    /// There is no daemon at the socket.
    NoDaemon(String),
    /// Whoever read our output is gone.
    NobodyReads,
}

impl Failure {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::NobodyReads => 0,
            Failure::Refused { .. } | Failure::Failed(_) => 1,
            Failure::Usage(_) => 2,
            Failure::NoDaemon(_) => 3,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused { name, text } if text.is_empty() => f.write_str(name),
            Failure::Refused { name, text } => write!(f, "{name}: {text}"),
            Failure::Failed(text) | Failure::Usage(text) | Failure::NoDaemon(text) => {
                f.write_str(text)
            }
            Failure::NobodyReads => f.write_str("nobody reads the output"),
        }
    }
}

impl std::error::Error for Failure {}

/// What went wrong with our own output; other errors are told with their place.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::NobodyReads,
            _ => Failure::Failed(format!("the output cannot be written: {error}")),
        }
    }
}
