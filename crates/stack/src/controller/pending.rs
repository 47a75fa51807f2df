//! What is on its way to becoming a link: pages, those that wait, and connection requests.

use std::collections::VecDeque;

use wire::Address;
use wire::hci::{ClassOfDevice, Status};

use super::timers::MAX_INCOMING;

/// Pages that wait at most.
pub const MAX_PAGES: usize = 8;
/// Devices remembered for not letting us be central.
const MAX_NO_SWITCH: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PageState {
    /// The controller was not ready; the timer says when to try again.
    Held,
    /// Create Connection has been given.
    Paging,
    /// Create Connection Cancel has been given; what to say when it ends.
    Cancelling(Status),
}

#[derive(Debug)]
pub(super) struct Page {
    pub(super) address: Address,
    pub(super) state: PageState,
    pub(super) tries: u8,
}

#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) address: Address,
    pub(super) class: ClassOfDevice,
    pub(super) accepted: bool,
    /// Whether we asked to be central.
    pub(super) switch: bool,
    /// Whether a page of ours to the same device has already ended for its sake.
    pub(super) ours: bool,
}

/// What is on its way to becoming a link.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) queue: VecDeque<Address>,
    pub(super) page: Option<Page>,
    pub(super) incoming: [Option<Incoming>; MAX_INCOMING],
    /// Devices that did not let us be central.
    pub(super) no_switch: heapless::Deque<Address, MAX_NO_SWITCH>,
    /// A role that was told before its link stood.
    pub(super) early_role: Option<(Address, bool)>,
}

impl Pending {
    pub(super) fn new() -> Self {
        Pending {
            queue: VecDeque::with_capacity(MAX_PAGES),
            page: None,
            incoming: [const { None }; MAX_INCOMING],
            no_switch: heapless::Deque::new(),
            early_role: None,
        }
    }

    pub(super) fn slot(&self, address: Address) -> Option<usize> {
        self.incoming.iter().position(|s| s.as_ref().is_some_and(|s| s.address == address))
    }

    pub(super) fn wants(&self, address: Address) -> bool {
        self.queue.contains(&address) || self.page.as_ref().is_some_and(|p| p.address == address)
    }

    pub(super) fn accepted(&self) -> usize {
        self.incoming.iter().flatten().filter(|incoming| incoming.accepted).count()
    }

    /// Whether a device let us be central, or was never asked.
    pub(super) fn may_switch(&self, address: Address) -> bool {
        !self.no_switch.iter().any(|&other| other == address)
    }

    pub(super) fn remember_no_switch(&mut self, address: Address) {
        if self.no_switch.is_full() {
            self.no_switch.pop_front();
        }
        let _ = self.no_switch.push_back(address);
    }
}
