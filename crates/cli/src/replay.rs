//! `tandem replay`: decides again what a capture of ours was decided in, and holds it against that.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use tandem::replay::{Difference, End, Progress, Replay};
use tandem::snoop::Capture;

use crate::failure::Failure;
use crate::phone::clean;

/// Records between two looks at how far it is.
const STEP: usize = 20_000;

pub(crate) fn run(capture: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let fail =
        |error: &dyn std::fmt::Display| Failure::Failed(format!("{}: {error}", capture.display()));
    let opened = Capture::open(capture).map_err(|error| fail(&error))?;
    let mut replay = Replay::new(opened.records()).map_err(|refused| fail(&refused))?;
    let (theirs, ours) = (clean(replay.program()), env!("CARGO_PKG_VERSION"));
    if theirs != ours {
        writeln!(
            out,
            "written by version {theirs}, replayed by {ours}, which may decide otherwise"
        )?;
    }
    let shows = io::stderr().is_terminal();
    let end = loop {
        if let Some(end) = replay.run(STEP).map_err(|refused| fail(&refused))? {
            break end;
        }
        if shows {
            // Whoever cannot be shown it misses nothing.
            let _ = write!(io::stderr(), "\r{:.3} s", replay.progress().at.as_secs_f64());
        }
    };
    if shows {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    let progress = replay.progress();
    let Progress { at, inputs, decisions, packets, notes } = progress;
    writeln!(
        out,
        "{:.6} s: {inputs} inputs; the same so far: {decisions} decisions, {packets} packets sent, \
         {notes} notes",
        at.as_secs_f64()
    )?;
    let at = at.as_secs_f64();
    match end {
        End::Whole => writeln!(out, "identical")?,
        End::Cut => writeln!(out, "identical until the capture is cut off, at {at:.6} s")?,
        End::Gap(records) => {
            return Err(fail(&format_args!(
                "identical until {at:.6} s, where the capture lacks {records} records; what follows \
                 cannot be replayed"
            )));
        }
        End::Differs(Difference { recorded, replayed }) => {
            let side = |side: Option<String>| side.map_or("nothing".into(), |text| clean(&text));
            writeln!(out, "first difference at {at:.6} s")?;
            writeln!(out, "  recorded: {}", side(recorded))?;
            writeln!(out, "  replayed: {}", side(replayed))?;
            return Err(fail(&"the replay differs"));
        }
    }
    Ok(())
}
