//! What a decision comes to.

use crate::fact::Timer;
use crate::roster::{MAX_SEATS, SeatId};

/// Something to be done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Order {
    /// The newcomer gets this seat.
    Seat(SeatId),
    /// The newcomer gets none: disconnect it.
    TurnAway,
    /// This seat's phone has to go: disconnect it.
    Disconnect(SeatId),

    /// This seat's player is to pause.
    Pause(SeatId),
    /// This seat's player is to play.
    Play(SeatId),

    /// Take the ringing call (ATA).
    Answer(SeatId),
    /// End the active call, cancel the one being dialled, or reject the ringing one (AT+CHUP).
    HangUp(SeatId),
    /// Hold the active call and take the other one, if there is one (AT+CHLD=2).
    Hold(SeatId),
    /// End the active call and take the one that waits (AT+CHLD=1).
    EndAndAccept(SeatId),
    /// Reject the call that waits (AT+CHLD=0).
    RejectWaiting(SeatId),

    /// Ask for a voice link: AT+BCC where both sides negotiate codecs, else set it up.
    OpenVoice(SeatId),
    /// Accept the voice link that the phone asks for.
    AcceptVoice(SeatId),
    /// Reject it (0x0D).
    RejectVoice(SeatId),
    /// Close the voice link, or take back what was asked for. [`VoiceClosed`](crate::Fact::VoiceClosed)
    /// follows, at once where nothing is left to close.
    CloseVoice(SeatId),
    /// Tell the owner that this seat's call goes on on the phone.
    CallOnPhone(SeatId),

    /// Start (or start again) a timer.
    Arm(SeatId, Timer),
    /// Stop a timer.
    Disarm(SeatId, Timer),
}

/// Orders of one decision at most.
const MAX_ORDERS: usize = 8 * MAX_SEATS;

/// The orders of one decision, in order. What comes of carrying one out is to be decided about after
/// the last of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Orders {
    orders: [Order; MAX_ORDERS],
    len: u8,
}

impl Default for Orders {
    fn default() -> Self {
        Orders { orders: [Order::TurnAway; MAX_ORDERS], len: 0 }
    }
}

impl Orders {
    /// Appends an order. A decision that gave more than fit would be a defect of ours: it asserts.
    pub(crate) fn push(&mut self, order: Order) {
        debug_assert!((self.len as usize) < MAX_ORDERS, "a decision's orders are bounded");
        if let Some(slot) = self.orders.get_mut(self.len as usize) {
            *slot = order;
            self.len += 1;
        }
    }

    /// The orders as a slice.
    pub fn as_slice(&self) -> &[Order] {
        &self.orders[..self.len as usize]
    }
}

impl core::fmt::Debug for Orders {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

impl<'a> IntoIterator for &'a Orders {
    type Item = &'a Order;
    type IntoIter = core::slice::Iter<'a, Order>;

    fn into_iter(self) -> Self::IntoIter {
        self.as_slice().iter()
    }
}
