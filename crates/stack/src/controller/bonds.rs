//! The bonds: a bounded table with one place for each device (Core 5.4, Vol 3, Part C, 5.2.2.1).
//! A key does not outlive the controller that it was made on, and is never replaced by a weaker one.

use wire::Address;

use crate::{Bond, KeyType, LinkKey, MAX_BONDS, Name};

/// All bonds.
#[derive(Debug)]
pub(super) struct Bonds {
    table: Vec<Bond>,
}

impl Bonds {
    /// Takes over stored bonds; of too many, those used last, and of several for one device the one
    /// used last.
    pub(super) fn new(mut stored: Vec<Bond>) -> Self {
        stored.sort_by_key(|bond| core::cmp::Reverse(bond.last_used));
        let mut table: Vec<Bond> = Vec::with_capacity(MAX_BONDS);
        for bond in stored {
            let known = table.iter().any(|other| other.address == bond.address);
            if !known && table.len() < MAX_BONDS {
                table.push(bond);
            }
        }
        Bonds { table }
    }

    /// The bond with a device that was made on the controller `local`.
    pub(super) fn find(&self, address: Address, local: Address) -> Option<&Bond> {
        self.table.iter().find(|bond| bond.address == address && bond.local == local)
    }

    pub(super) fn all(&self) -> &[Bond] {
        &self.table
    }

    fn next_use(&self) -> u64 {
        self.table.iter().map(|bond| bond.last_used).max().map_or(1, |last| last.saturating_add(1))
    }

    /// Notes that a bond was used now; gives it to be stored.
    pub(super) fn used(&mut self, address: Address, local: Address) -> Option<Bond> {
        let next = self.next_use();
        let bond = self.find_mut(address, local)?;
        bond.last_used = next;
        Some(bond.clone())
    }

    /// Whether one of the `rivals` counts as used later.
    pub(super) fn is_behind(&self, address: Address, rivals: impl Fn(Address) -> bool) -> bool {
        let used = self.table.iter().find(|bond| bond.address == address).map(|b| b.last_used);
        self.table.iter().any(|bond| Some(bond.last_used) > used && rivals(bond.address))
    }

    /// Notes a device's name; gives the bond to be stored if that is news.
    pub(super) fn named(&mut self, address: Address, local: Address, name: &Name) -> Option<Bond> {
        let bond = self.find_mut(address, local)?;
        if bond.name == *name {
            return None;
        }
        bond.name = name.clone();
        Some(bond.clone())
    }

    fn find_mut(&mut self, address: Address, local: Address) -> Option<&mut Bond> {
        self.table.iter_mut().find(|bond| bond.address == address && bond.local == local)
    }

    /// Adds or replaces the bond with a device. Where there is no room, the bond used longest ago of
    /// those that `may_go` makes it; its address is given back second.
    pub(super) fn put(
        &mut self,
        address: Address,
        local: Address,
        key: LinkKey,
        key_type: KeyType,
        may_go: impl Fn(Address) -> bool,
    ) -> (Bond, Option<Address>) {
        let last_used = self.next_use();
        let old = self.remove(address);
        let (name, volumes) = old.map(|old| (old.name, old.volumes)).unwrap_or_default();
        let mut gone = None;
        if self.table.len() >= MAX_BONDS {
            let oldest = (self.table.iter().enumerate())
                .min_by_key(|(_, bond)| (!may_go(bond.address), bond.last_used))
                .map(|(index, _)| index);
            gone = oldest.map(|index| self.table.swap_remove(index).address);
        }
        let bond = Bond { address, local, key, key_type, name, last_used, volumes };
        self.table.push(bond.clone());
        (bond, gone)
    }

    pub(super) fn remove(&mut self, address: Address) -> Option<Bond> {
        let index = self.table.iter().position(|bond| bond.address == address)?;
        Some(self.table.swap_remove(index))
    }
}

/// Whether a key was made with P-256.
pub(super) fn is_p256(key_type: KeyType) -> bool {
    matches!(key_type, KeyType::UnauthenticatedP256 | KeyType::AuthenticatedP256)
}

/// What a key is worth against an eavesdropper, and whether somebody looked when it was made.
fn worth(key_type: KeyType) -> (u8, bool) {
    match key_type {
        KeyType::Combination => (0, false),
        KeyType::UnauthenticatedP192 => (1, false),
        KeyType::AuthenticatedP192 => (1, true),
        KeyType::UnauthenticatedP256 => (2, false),
        KeyType::AuthenticatedP256 => (2, true),
    }
}

/// Whether `new` is worth less than `old` in either respect.
pub(super) fn is_weaker(new: KeyType, old: KeyType) -> bool {
    let ((new_curve, new_seen), (old_curve, old_seen)) = (worth(new), worth(old));
    new_curve < old_curve || (old_seen && !new_seen)
}

/// The key types that are kept (Core 5.4, Vol 4, Part E, 7.7.24). Unit keys are shared with others,
/// debug keys are known to everybody: both are refused.
pub(super) fn key_type(made: wire::hci::KeyType) -> Option<KeyType> {
    use wire::hci::KeyType as Made;
    match made {
        Made::Combination => Some(KeyType::Combination),
        Made::UnauthenticatedP192 => Some(KeyType::UnauthenticatedP192),
        Made::AuthenticatedP192 => Some(KeyType::AuthenticatedP192),
        Made::UnauthenticatedP256 => Some(KeyType::UnauthenticatedP256),
        Made::AuthenticatedP256 => Some(KeyType::AuthenticatedP256),
        Made::LocalUnit | Made::RemoteUnit | Made::DebugCombination | Made::Changed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Volumes;

    const LOCAL: Address = Address([1; 6]);

    fn bond(n: u8, last_used: u64) -> Bond {
        Bond {
            address: Address([n; 6]),
            local: LOCAL,
            key: LinkKey([n; 16]),
            key_type: KeyType::UnauthenticatedP256,
            name: Name::new(),
            last_used,
            volumes: Volumes::default(),
        }
    }

    #[test]
    fn a_full_table_makes_room_with_the_bond_used_longest_ago_that_may_go() {
        let mut bonds = Bonds::new((0..MAX_BONDS as u8).map(|n| bond(n, 10 + n as u64)).collect());
        let in_use = Address([0; 6]);
        let (new, gone) = bonds.put(
            Address([99; 6]),
            LOCAL,
            LinkKey([9; 16]),
            KeyType::UnauthenticatedP192,
            |address| address != in_use,
        );
        assert_eq!(gone, Some(Address([1; 6])));
        assert_eq!(new.last_used, 10 + MAX_BONDS as u64);
        assert_eq!(bonds.all().len(), MAX_BONDS);
        assert!(bonds.find(in_use, LOCAL).is_some());
    }

    #[test]
    fn too_many_stored_bonds_lose_the_oldest() {
        let bonds = Bonds::new((0..60).map(|n| bond(n, n as u64)).collect());
        assert_eq!(bonds.all().len(), MAX_BONDS);
        assert!(bonds.find(Address([59; 6]), LOCAL).is_some());
        assert!(bonds.find(Address([0; 6]), LOCAL).is_none());
    }

    #[test]
    fn a_bond_counts_on_its_own_controller_only() {
        let bonds = Bonds::new(vec![bond(5, 1)]);
        assert!(bonds.find(Address([5; 6]), LOCAL).is_some());
        assert!(bonds.find(Address([5; 6]), Address([2; 6])).is_none());
    }

    #[test]
    fn keys_are_weaker_in_either_respect() {
        use KeyType::*;
        let order = [
            Combination,
            UnauthenticatedP192,
            AuthenticatedP192,
            UnauthenticatedP256,
            AuthenticatedP256,
        ];
        for key_type in order {
            assert!(!is_weaker(key_type, key_type));
            assert!(!is_weaker(AuthenticatedP256, key_type));
        }
        assert!(is_weaker(UnauthenticatedP192, UnauthenticatedP256));
        assert!(is_weaker(UnauthenticatedP256, AuthenticatedP192));
        assert!(is_weaker(AuthenticatedP192, UnauthenticatedP256));
        assert!(is_weaker(Combination, UnauthenticatedP192));
    }
}
