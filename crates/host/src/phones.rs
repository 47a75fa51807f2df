//! What is known of phones beyond their links: names, bonds, wishes of the owner, and who was put
//! out a moment ago.

use multipoint::Preferences;
use pool::Instant;
use stack::{Bond, MAX_BONDS, Name, Volumes};
use wire::Address;
use wire::avrcp::Volume;

use crate::event::ConfirmKind;

/// Phones that are remembered at most: every bond, and as many strangers as links.
const MAX_PHONES: usize = MAX_BONDS + stack::MAX_LINKS;

/// A phone.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Phone {
    pub(crate) address: Address,
    pub(crate) name: Name,
    pub(crate) bonded: bool,
    /// Its owner's choices for it.
    pub(crate) preferences: Preferences,
    /// Its media volume, once it or its owner has set one, or it shares ours.
    pub(crate) volume: Option<Volume>,
    /// The volume of its calls in percent, once it connected.
    pub(crate) call_volume: Option<u8>,
    /// How loud it is heard, as it was stored with its bond last.
    pub(crate) kept: Volumes,
    /// Its link was lost while it played; until then it is told to play again when it comes.
    pub(crate) played_until: Option<Instant>,
    /// It was put out; until then it does not come back by itself.
    pub(crate) put_out_until: Option<Instant>,
    /// It was sent away by its owner, or refused us: it is not paged unasked.
    pub(crate) left_alone: bool,
    /// What the owner is asked about its pairing.
    pub(crate) asked: Option<ConfirmKind>,
    /// When its link's state was told last.
    pub(crate) told: Option<Instant>,
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
            volume: bond.volumes.media.map(Volume::from_percent),
            call_volume: bond.volumes.call,
            kept: bond.volumes,
            ..Phone::new(bond.address)
        }));
        Phones(phones)
    }

    pub(crate) fn get(&self, address: Address) -> Option<&Phone> {
        self.0.iter().find(|phone| phone.address == address)
    }

    /// The phone, made if it is not known. When there is no room, a stranger is forgotten for it, one
    /// whom the owner neither knows nor is asked about if there is any; a bonded phone never: there
    /// are fewer bonds than places.
    pub(crate) fn entry(&mut self, address: Address) -> &mut Phone {
        let known = self.0.iter().position(|phone| phone.address == address);
        let n = known.unwrap_or_else(|| {
            if self.0.len() >= MAX_PHONES {
                let which = |is: fn(&Phone) -> bool| self.0.iter().position(is);
                let plain = Preferences::default();
                let stranger = self
                    .0
                    .iter()
                    .position(|p| !p.bonded && p.preferences == plain && p.asked.is_none())
                    .or_else(|| which(|p| !p.bonded && p.asked.is_none()))
                    .or_else(|| which(|p| !p.bonded));
                self.0.remove(stranger.unwrap_or(0));
            }
            self.0.push(Phone::new(address));
            self.0.len() - 1
        });
        &mut self.0[n]
    }

    /// Forgets a phone that has no bond and no link any more, but for its owner's choices.
    pub(crate) fn forget(&mut self, address: Address) {
        if let Some(phone) = self.0.iter_mut().find(|phone| phone.address == address) {
            *phone = Phone { preferences: phone.preferences, ..Phone::new(address) };
        }
    }

    pub(crate) fn name(&self, address: Address) -> Name {
        self.get(address).map(|phone| phone.name.clone()).unwrap_or_default()
    }

    pub(crate) fn is_put_out(&self, address: Address, now: Instant) -> bool {
        self.get(address).and_then(|phone| phone.put_out_until).is_some_and(|until| now < until)
    }
}

impl Phone {
    /// How loud it is heard.
    pub(crate) fn volumes(&self) -> Volumes {
        Volumes { media: self.volume.map(Volume::percent), call: self.call_volume }
    }

    fn new(address: Address) -> Self {
        Phone {
            address,
            name: Name::new(),
            bonded: false,
            preferences: Preferences::default(),
            volume: None,
            call_volume: None,
            kept: Volumes::default(),
            played_until: None,
            put_out_until: None,
            left_alone: false,
            asked: None,
            told: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: usize) -> Address {
        Address([n as u8, 0, 0, 0, 0, 1])
    }

    #[test]
    fn whoever_is_bonded_or_asked_about_is_not_forgotten_for_strangers() {
        let mut phones = Phones::new(&[]);
        for n in 0..MAX_BONDS {
            phones.entry(address(n)).bonded = true;
        }
        phones.entry(address(200)).asked = Some(ConfirmKind::Compare);
        // However many phones the owner has wishes for.
        for n in MAX_BONDS..5 * MAX_BONDS {
            phones.entry(address(n)).preferences.modest = true;
        }
        assert_eq!(phones.0.len(), MAX_PHONES);
        assert!((0..MAX_BONDS).all(|n| phones.get(address(n)).is_some_and(|phone| phone.bonded)));
        assert!(phones.get(address(200)).is_some_and(|phone| phone.asked.is_some()));
    }
}
