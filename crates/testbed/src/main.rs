//! A real kernel with a dongle made of software, to test Tandem on a machine that has neither USB
//! nor Bluetooth.
//!
//! * `testbed kernel` builds Linux for User-Mode Linux ([`kernel`]), once for one source and
//!   configuration.
//! * `testbed boot -- JOB…` runs a job in it ([`boot`] outside, [`guest`] inside).
//! * `testbed dongle` plays a Bluetooth dongle on the guest's USB bus ([`dongle`]), with an H4
//!   controller such as rootcanal behind it, and goes wrong on command.
//! * `testbed filter` stands between an H4 host and an H4 controller ([`proxy`]).
//!
//! * `testbed voice` carries voice to such a dongle and back with Tandem's own driver ([`voice`]); all
//!   else shares no code with what it tests.
//!
//! Linux on x86-64 only. It is never shipped.

mod boot;
mod control;
mod dongle;
mod filter;
mod guest;
mod hci;
mod kernel;
mod proxy;
mod usbip;
mod voice;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "A kernel with an emulated Bluetooth dongle to test on")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the kernel where it is not built yet, and print where it is.
    Kernel,
    /// Run a job in the kernel; its output and exit code become ours.
    Boot {
        /// The only folder that the job can write to, at the same path inside and outside, and inside
        /// also as /run/share.
        #[arg(long)]
        share: PathBuf,
        /// Seconds until everything is ended.
        #[arg(long, default_value_t = 60.0)]
        seconds: f64,
        /// Megabytes of memory.
        #[arg(long, default_value_t = 1024)]
        memory: u32,
        /// The job: a program and its arguments.
        #[arg(last = true, required = true)]
        job: Vec<OsString>,
    },
    /// In the guest: play a Bluetooth dongle on the USB bus.
    Dongle(dongle::Options),
    /// Stand between an H4 host and an H4 controller.
    Filter(proxy::Options),
    /// In the guest: carry voice to a dongle that gives it back, and compare.
    Voice(voice::Options),
    /// What the kernel starts first.
    #[command(hide = true)]
    Guest {
        /// The shared folder.
        share: PathBuf,
        /// What the kernel adds of its own.
        #[arg(allow_hyphen_values = true)]
        _rest: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("testbed: {error}");
            ExitCode::from(boot::BROKEN)
        }
    }
}

fn run(command: Command) -> std::io::Result<ExitCode> {
    match command {
        Command::Kernel => {
            println!("{}", kernel::kernel()?.display());
            Ok(ExitCode::SUCCESS)
        }
        Command::Boot { share, seconds, memory, job } => {
            let code =
                boot::Boot { kernel: kernel::kernel()?, share, seconds, memory, job }.run()?;
            Ok(ExitCode::from(code))
        }
        Command::Dongle(options) => dongle::run(options).map(|()| ExitCode::SUCCESS),
        Command::Filter(options) => proxy::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Voice(options) => voice::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Guest { share, .. } => guest::run(&share),
    }
}
