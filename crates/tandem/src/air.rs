//! A simulated air whose phones a program commands while the receiver runs: the controller `sim` without
//! the script of the demonstration.
//!
//! Limits: [`MAX_ORDERS`] that the receiver has not carried out yet. Not here: how phones behave (they are
//! polite ones with all profiles), faults, virtual time: that is the crate `sim`'s.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use host::Refusal;
use pool::Queue;
use sim::{Act, PhoneOptions, World};
use wire::Address;

use crate::wakeup::Wakeup;

/// Orders that may wait.
pub const MAX_ORDERS: usize = 256;
/// The most phones on an air.
pub const MAX_PHONES: usize = 64;

/// An air with phones, for one receiver; cheap to clone, for any thread.
#[derive(Clone, Debug)]
pub struct Air(Arc<Scene>);

#[derive(Debug)]
struct Scene {
    orders: Queue<Order>,
    woken: Wakeup,
    /// Phones so far; held while an order is handed over, so that they come in order.
    phones: Mutex<usize>,
    taken: AtomicBool,
}

#[derive(Debug)]
enum Order {
    Phone { name: String, address: Address, options: Box<PhoneOptions> },
    Act(usize, Act),
}

impl Air {
    /// An air with nobody on it.
    pub fn new() -> io::Result<Air> {
        Ok(Air(Arc::new(Scene {
            orders: Queue::new(MAX_ORDERS),
            woken: Wakeup::new()?,
            phones: Mutex::new(0),
            taken: AtomicBool::new(false),
        })))
    }

    /// Switches a phone on; gives its number, and its address.
    ///
    /// # Errors
    /// `Busy` when there are [`MAX_PHONES`], or too many orders wait.
    pub fn phone(&self, name: &str, options: PhoneOptions) -> Result<(usize, Address), Refusal> {
        let mut phones = self.0.phones.lock().unwrap_or_else(PoisonError::into_inner);
        let n = u8::try_from(*phones).ok().filter(|n| usize::from(*n) < MAX_PHONES);
        let address = Address([0x10 + n.ok_or(Refusal::Busy)?, 0x00, 0x00, 0x5E, 0x00, 0x02]);
        self.order(Order::Phone { name: name.into(), address, options: Box::new(options) })?;
        *phones += 1;
        Ok((*phones - 1, address))
    }

    /// Has a phone's owner do something, at once, or as soon as a receiver runs.
    ///
    /// # Errors
    /// `NoSuchPhone`; `Busy` when too many orders wait.
    pub fn act(&self, phone: usize, act: Act) -> Result<(), Refusal> {
        let phones = self.0.phones.lock().unwrap_or_else(PoisonError::into_inner);
        if phone >= *phones {
            return Err(Refusal::NoSuchPhone);
        }
        self.order(Order::Act(phone, act))
    }

    fn order(&self, order: Order) -> Result<(), Refusal> {
        self.0.orders.push(order).map_err(|_| Refusal::Busy)?;
        self.0.woken.wake();
        Ok(())
    }

    /// For the receiver that it is for; false for a second one.
    pub(crate) fn take(&self) -> bool {
        !self.0.taken.swap(true, Ordering::Relaxed)
    }

    /// Readable while orders wait.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.woken.as_fd()
    }

    /// Carries out what was ordered.
    pub(crate) fn perform(&self, world: &mut World) {
        self.0.woken.clear();
        while let Some(order) = self.0.orders.pop() {
            match order {
                Order::Phone { name, address, options } => {
                    world.add(&name, address, *options);
                }
                Order::Act(phone, act) => world.act(phone, act),
            }
        }
    }
}

/// A text for an [`Act`], which is a small value and borrows it: each is kept once, to the process's end.
pub fn text(text: &str) -> &'static str {
    static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(text) {
        return known;
    }
    let known: &'static str = Box::leak(text.into());
    kept.insert(known);
    known
}

#[cfg(test)]
mod tests {
    use wire::avrcp::PlayStatus;

    use super::*;

    #[test]
    fn phones_come_before_what_their_owners_do_and_nothing_is_without_a_limit() {
        let air = Air::new().expect("an air");
        assert_eq!(air.act(0, Act::Connect), Err(Refusal::NoSuchPhone));
        let (anna, address) = air.phone("Anna", PhoneOptions::default()).expect("room");
        assert_eq!(air.act(anna, Act::Play(440)), Ok(()));
        let mut world = World::new(1);
        air.perform(&mut world);
        assert_eq!(address.to_string(), "02:00:5E:00:00:10");
        let status = world.phone(anna).player().map(sim::Player::status);
        assert_eq!(status, Some(PlayStatus::Playing));
        let acts = (0..).take_while(|_| air.act(anna, Act::Pause).is_ok()).count();
        assert_eq!(acts, MAX_ORDERS);
        air.perform(&mut world);
        let phones =
            (0..).take_while(|_| air.phone("Ben", PhoneOptions::default()).is_ok()).count();
        assert_eq!(phones, MAX_PHONES - 1);
        assert!(air.take() && !air.clone().take());
        assert!(std::ptr::eq(text("+1 555"), text(&String::from("+1 555"))));
    }
}
