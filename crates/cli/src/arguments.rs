//! The command line.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::calls::CallVerb;

const AFTER: &str = "\
The daemon's socket: --control, else $TANDEM_CONTROL, else $XDG_RUNTIME_DIR/tandem/control, else the one
that /run/tandem/*/control names. A PHONE is an address or a name that only one phone has.

Exit codes: 0 done, 1 refused (the error's name and text), 2 usage, 3 no daemon at the socket.";

/// Asks and commands tandemd, a Bluetooth receiver that keeps several phones connected at once.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "tandem",
    version,
    after_help = AFTER,
    arg_required_else_help = true,
    subcommand_value_name = "COMMAND"
)]
pub struct Arguments {
    /// The daemon's control socket
    #[arg(long, global = true, value_name = "SOCKET")]
    pub control: Option<PathBuf>,

    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Who is connected, who is heard, and how the receiver is set
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Everything that happens, one line an event, until interrupted
    Watch {
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// A live screen of phones, who is heard, and counters
    Top,
    /// Let phones pair
    Pair {
        /// For how many seconds, 1 to 3600 [default: the setting pairing.seconds]
        #[arg(value_parser = clap::value_parser!(u32).range(1..=3600))]
        seconds: Option<u32>,
    },
    /// Let no more phones pair
    StopPairing,
    /// Answer a phone that asks to pair
    Confirm {
        /// Which phone
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: String,
        /// Say no
        #[arg(long, conflicts_with = "passkey")]
        reject: bool,
        /// The six digits that the phone shows, where it asks for them
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=999_999))]
        passkey: Option<u32>,
    },
    /// Connect a phone that is paired
    Connect {
        /// Which phone
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: String,
    },
    /// Disconnect a phone
    Disconnect {
        /// Which phone
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: String,
    },
    /// Disconnect a phone and delete its bond, its volumes and all else that is kept of it
    Forget {
        /// Which phone
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: String,
    },
    /// Let a phone play
    Play {
        /// Which phone [default: the one that is heard, else was heard last]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// Let a phone pause
    Pause {
        /// Which phone [default: the one that is heard, else was heard last]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// Let a phone that plays pause, or play again
    PlayPause {
        /// Which phone [default: the one that is heard, else was heard last]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// Let a phone stop
    Stop {
        /// Which phone [default: the one that is heard, else was heard last]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// The next track
    Next {
        /// Which phone [default: the one that is heard, else was heard last]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// The track before, or this one from its beginning
    Previous {
        /// Which phone [default: the one that is heard, else was heard last]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// What is about calls
    #[command(flatten)]
    Calls(CallVerb),
    /// How loud a phone's music is
    Volume {
        /// 0 to 100
        #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: u8,
        /// Which phone [default: the one that is heard, else was heard last]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
        /// Its calls instead of its music
        #[arg(long)]
        call: bool,
    },
    /// Change a setting until the daemon ends
    Set {
        /// The setting's key, as in the configuration file
        key: String,
        /// Its value
        value: String,
        /// Only for this phone
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        phone: Option<String>,
    },
    /// The receiver's main job on simulated phones: music, calls, a phone that is lost
    ///
    /// Takes a minute and a half, or a second with --fast. Leaves heard.wav, capture.btsnoop and
    /// timeline.svg in a folder.
    Demo {
        /// In virtual time: seconds instead of minutes
        #[arg(long)]
        fast: bool,
        /// Where its files go
        #[arg(long, value_name = "DIR", default_value = "tandem-demo")]
        folder: PathBuf,
    },
    /// Bluetooth dongles: which are there, whether they may be opened, and what to do if not
    Probe {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// What passes between the receiver and its controller, live, for Wireshark
    ///
    /// tandem capture | wireshark -k -i -
    Capture {
        /// As a btsnoop file, which `tandem timeline` reads
        #[arg(long)]
        btsnoop: bool,
    },
    /// From a capture: who was connected, streaming, ringing, talking and heard when
    ///
    /// From one of ours, also how long each switch took us, and the phones. In others, who was heard is inferred.
    Timeline {
        /// A btsnoop file
        capture: PathBuf,
        /// Draw it into this file (.svg) or write it there (.json) instead of printing it
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Decide again what a capture of ours was decided in, and say whether anything differs
    ///
    /// Captures of other programs do not hold what a receiver was told and when it woke: they are refused.
    Replay {
        /// A btsnoop file that tandemd wrote (--snoop)
        capture: PathBuf,
    },
    /// Take over the bonds that BlueZ has, so that phones need not pair again
    ///
    /// A bond belongs to the dongle that it was made with: it is of use where tandemd drives the same one.
    /// A daemon that runs on the state folder must be stopped before.
    ImportBonds {
        /// BlueZ's folder (/var/lib/bluetooth), or that of one controller in it
        folder: PathBuf,
        /// Where tandemd keeps bonds
        #[arg(long, value_name = "DIR")]
        state_dir: Option<PathBuf>,
        /// Replace bonds that are newer than BlueZ's, too
        #[arg(long)]
        replace: bool,
    },
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page
    Man {
        /// Write a page for each command into this folder instead
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
}
