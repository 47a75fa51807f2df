//! Set-up of controllers that need firmware or a patch from the host after each power-up: Realtek,
//! Intel, Broadcom, MediaTek, Qualcomm. There is no specification of it; formats and commands are the
//! facts that the drivers of Linux and of Google's Bumble show, and the files in Debian's packages.
//!
//! **Not yet tried on hardware, no family of them**: proved against emulated controllers alone, and the
//! parsers against the files that Debian 12 and 13 ship.
//!
//! [`Setup`] does no I/O and has no clock. Who has the controller open drives it, before anything else
//! is sent (the host's own bring-up, which begins with HCI Reset, comes after it):
//!
//! 1. `let mut setup = Setup::new(vendor, product)`, then look at `setup.step()`.
//! 2. Do its [`Action`]: send to the control endpoint or over bulk out, do the vendor's control request,
//!    look the file up in a [`Library`]; at `End` that is the outcome.
//! 3. Give `feed` what comes: every HCI event as [`Input::Event`] (while [`Setup::events_on_bulk`], bulk
//!    in holds events too, not ACL data), `Data` or `Refused` after a request or bulk data, `File` after a
//!    load.
//! 4. `feed` says whether there is a new step to do. If `step().within` passes after a step was begun and
//!    there is none, feed [`Input::Elapsed`]. That ends a step whatever the controller does.
//! 5. A controller that leaves the bus ends it too: drop the `Setup`, begin anew when it is back.
//!
//! Limits: files of [`FILE_LIMIT`] bytes, none compressed. Firmware that the kernel's driver loaded
//! is recognised and left alone. Not supported: MediaTek before the MT7921, Realtek's format 3
//! (`BTNIC003`), Atheros before Rome (AR3011, AR3012).

mod broadcom;
mod controller;
pub mod file;
mod intel;
mod library;
mod mediatek;
mod parts;
mod qualcomm;
mod realtek;
mod step;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use controller::Controller;
pub use file::FILE_LIMIT;
pub use library::{Found, Library};
use parts::{Family, LocalVersion};
pub use step::{Action, Failure, Input, Outcome, Reason, Request, Step};

type Procedure = Pin<Box<dyn Future<Output = Result<Outcome, Failure>> + Send>>;

/// The set-up of one controller: says what is to be done next, and is told what came of it.
///
/// Each family's procedure is written as one `async` function; the machine that the compiler makes of
/// it is polled once for each input, and nothing ever wakes it.
pub struct Setup {
    procedure: Option<Procedure>,
    controller: Controller,
    step: Step,
}

impl Setup {
    /// Of the controller with these USB ids.
    pub fn new(vendor: u16, product: u16) -> Setup {
        Setup::begin(vendor, product, false)
    }

    /// The same, but a patch that is in the controller is dropped first, where it can be told to
    /// (Realtek): after a download that broke off, or to have another version.
    pub fn afresh(vendor: u16, product: u16) -> Setup {
        Setup::begin(vendor, product, true)
    }

    fn begin(vendor: u16, product: u16, afresh: bool) -> Setup {
        let controller = Controller::default();
        let procedure = Box::pin(set_up(controller.clone(), vendor, product, afresh));
        let step = Step::end(Outcome::NotNeeded(String::new()));
        let mut setup = Setup { procedure: Some(procedure), controller, step };
        setup.poll();
        setup
    }

    /// What to do now; after `feed` has said so, the next.
    pub fn step(&self) -> &Step {
        &self.step
    }

    /// Whether what comes over bulk in is HCI events: some of Intel's boot loaders answer there.
    pub fn events_on_bulk(&self) -> bool {
        self.controller.events_on_bulk()
    }

    /// Tells what came. True if there is a new [`step`](Setup::step) to be done.
    #[must_use]
    pub fn feed(&mut self, input: Input<'_>) -> bool {
        if self.procedure.is_none() {
            return false;
        }
        self.controller.hear(input);
        self.poll()
    }

    fn poll(&mut self) -> bool {
        let Some(procedure) = &mut self.procedure else { return false };
        match procedure.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => match self.controller.next_step() {
                Some(step) => self.step = step,
                None => return false,
            },
            Poll::Ready(outcome) => {
                self.procedure = None;
                self.step = Step::end(outcome.unwrap_or_else(Outcome::Failed));
            }
        }
        true
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("step", &self.step).finish_non_exhaustive()
    }
}

async fn set_up(
    controller: Controller,
    vendor: u16,
    product: u16,
    afresh: bool,
) -> Result<Outcome, Failure> {
    let controller = &controller;
    match Family::of(vendor, product) {
        Some(Family::Intel) => intel::set_up(controller, product).await,
        Some(Family::MediaTek) => mediatek::set_up(controller).await,
        Some(Family::Qualcomm) => qualcomm::set_up(controller).await,
        // The others answer HCI as they are, and say who made them.
        None => {
            let version = LocalVersion::read(controller).await?;
            match version.manufacturer {
                LocalVersion::REALTEK => realtek::set_up(controller, version, afresh).await,
                LocalVersion::BROADCOM => broadcom::set_up(controller, version).await,
                LocalVersion::QUALCOMM | LocalVersion::ATHEROS => {
                    qualcomm::set_up(controller).await
                }
                other => Ok(Outcome::NotNeeded(format!("parts of company {other} need nothing"))),
            }
        }
    }
}
