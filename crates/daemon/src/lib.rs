//! `tandemd`: the receiver as a daemon, controlled over Varlink.
//!
//! The main thread reads the configuration, opens the socket and the receiver, says that it is ready,
//! and then waits for signals and writes the journal. The receiver has threads of its own
//! (`tandem`), and so has each client of the control socket ([`varlink`]).

mod arguments;
mod control;
mod daemon;
mod journal;
mod log;
mod opening;
mod reload;
mod signals;
pub mod varlink;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

pub use arguments::Arguments;
pub use control::{INTERFACE, control};

/// The program: reads the command line, runs until a signal ends it, and gives the exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match daemon::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(format_args!("{failure}"));
            ExitCode::from(failure.code)
        }
    }
}

/// One line on standard error, whatever the log level. If that is closed, there is nobody to tell.
fn say(line: fmt::Arguments<'_>) {
    let _ = io::stderr().write_all(format!("tandemd: {line}\n").as_bytes());
}
