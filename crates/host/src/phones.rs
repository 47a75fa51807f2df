//! What is known of phones beyond their links: names, bonds, wishes of the owner, and who was put
//! out a moment ago.

use pool::Instant;
use stack::{Bond, MAX_BONDS, Name};
use wire::Address;

/// Phones that are remembered at most: every bond, and as many strangers as links.
const MAX_PHONES: usize = MAX_BONDS + stack::MAX_LINKS;

/// A phone.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Phone {
    pub(crate) address: Address,
    pub(crate) name: Name,
    pub(crate) bonded: bool,
    /// Its owner keeps its media from taking over.
    pub(crate) modest: bool,
    /// It was put out; until then it does not come back by itself.
    pub(crate) put_out_until: Option<Instant>,
    /// The owner is asked about its pairing.
    pub(crate) asked: bool,
}

/// The phones.
#[derive(Debug)]
pub(crate) struct Phones(Vec<Phone>);

impl Phones {
    pub(crate) fn new(bonds: &[Bond]) -> Self {
        let mut phones = Vec::with_capacity(MAX_PHONES);
        phones.extend(bonds.iter().take(MAX_BONDS).map(|bond| Phone {
            name: bond.name.clone(),
            bonded: true,
            ..Phone::new(bond.address)
        }));
        Phones(phones)
    }

    pub(crate) fn get(&self, address: Address) -> Option<&Phone> {
        self.0.iter().find(|phone| phone.address == address)
    }

    /// The phone, made if it is not known. When there is no room, a stranger is forgotten for it.
    pub(crate) fn entry(&mut self, address: Address) -> &mut Phone {
        let known = self.0.iter().position(|phone| phone.address == address);
        let n = known.unwrap_or_else(|| {
            if self.0.len() >= MAX_PHONES {
                let stranger = self.0.iter().position(|phone| !phone.bonded && !phone.modest);
                self.0.remove(stranger.unwrap_or(0));
            }
            self.0.push(Phone::new(address));
            self.0.len() - 1
        });
        &mut self.0[n]
    }

    pub(crate) fn name(&self, address: Address) -> Name {
        self.get(address).map(|phone| phone.name.clone()).unwrap_or_default()
    }

    pub(crate) fn is_bonded(&self, address: Address) -> bool {
        self.get(address).is_some_and(|phone| phone.bonded)
    }

    pub(crate) fn is_put_out(&self, address: Address, now: Instant) -> bool {
        self.get(address).and_then(|phone| phone.put_out_until).is_some_and(|until| now < until)
    }
}

impl Phone {
    fn new(address: Address) -> Self {
        Phone {
            address,
            name: Name::new(),
            bonded: false,
            modest: false,
            put_out_until: None,
            asked: false,
        }
    }
}
