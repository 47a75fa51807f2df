//! `tandem`: the command that asks and commands a running `tandemd`, and looks at dongles and
//! captures without one.
//!
//! Exit codes: 0 done, 1 refused or failed, 2 usage, 3 no daemon at the socket. Whoever reads our output
//! may stop at any time: a broken pipe is no error.

mod arguments;
mod calls;
mod capture;
mod client;
mod failure;
mod import;
mod pages;
mod phone;
mod probe;
mod replay;
mod socket;
mod status;
mod timeline;
mod top;
mod verbs;
mod watch;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use tandem::demo::{self, DemoOptions};

pub use arguments::{Arguments, Verb};
pub use calls::{CallVerb, Place, Switch};
pub use failure::Failure;

/// The program: reads the command line, does what it says, and gives the exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    let done = run(&arguments, &mut out).and_then(|()| out.flush().map_err(Failure::from));
    match done {
        Ok(()) | Err(Failure::NobodyReads) => ExitCode::SUCCESS,
        Err(failure) => {
            // If standard error is gone as well, the exit code still tells.
            let _ = writeln!(io::stderr(), "tandem: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

/// Does what the command line says; what there is to read goes to `out`.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<(), Failure> {
    match &arguments.verb {
        Verb::Demo { fast, folder } => {
            let options = DemoOptions { fast: *fast, folder: folder.clone() };
            demo::run(&options, out).map_err(Failure::Failed)
        }
        Verb::Probe { json } => probe::run(*json, out),
        Verb::Timeline { capture, output } => timeline::run(capture, output.as_deref(), out),
        Verb::Replay { capture } => replay::run(capture, out),
        Verb::ImportBonds { folder, state_dir, replace } => {
            import::run(folder, state_dir.clone(), *replace, out)
        }
        Verb::Completions { shell } => pages::completions(*shell, out),
        Verb::Man { folder } => pages::man(folder.as_deref(), out),
        verb => {
            let socket = socket::find(arguments.control.as_deref())?;
            let mut client = client::Client::connect(&socket)?;
            match verb {
                Verb::Status { json } => status::run(&mut client, *json, out),
                Verb::Watch { json } => watch::run(&mut client, *json, out),
                Verb::Capture { btsnoop } => capture::run(&mut client, *btsnoop, out),
                Verb::Top => top::run(&mut client, &socket, out),
                verb => verbs::run(verb, &mut client, out),
            }
        }
    }
}
