//! The table of ACL links.

use wire::Address;
use wire::hci::{Encryption, Handle, IoCapability};

use super::output::ConfirmKind;
use crate::{KeyType, LinkId, LinkKey, MAX_LINKS};

/// How far a link's security has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Nothing has been asked for yet.
    Idle,
    /// The peer's features are being read.
    Exploring,
    /// We authenticate the peer, or shall again when the retry timer says so.
    Authenticating,
    /// We turn encryption on, or shall again when the retry timer says so.
    Encrypting,
    /// The size of the key is being read.
    Measuring,
    /// All of it is done.
    Done,
    /// The link is being disconnected.
    Leaving {
        /// Whether the controller has been told.
        told: bool,
    },
}

/// A pairing on a link that we agreed to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Pairing {
    /// What the owner has been asked.
    pub(super) question: Option<ConfirmKind>,
}

/// One ACL link.
#[derive(Debug)]
pub(super) struct Link {
    /// Tells this link from earlier ones with its number.
    pub(super) serial: u32,
    pub(super) handle: Handle,
    pub(super) address: Address,
    pub(super) central: bool,
    /// Whether we placed it.
    pub(super) outgoing: bool,
    /// Whether the glue knows of it.
    pub(super) announced: bool,
    pub(super) stage: Stage,
    pub(super) secured: bool,
    pub(super) encryption: Encryption,
    /// The worth of the key that the controller was given for this link.
    pub(super) offered: Option<KeyType>,
    /// The key that a pairing on this link made, until the bond is stored.
    pub(super) fresh: Option<(LinkKey, KeyType)>,
    /// The peer lost the bond's key: act as if there were none.
    pub(super) set_aside: bool,
    pub(super) pairing: Option<Pairing>,
    pub(super) remote_io: Option<IoCapability>,
    /// Whether the link was given more time because somebody pairs.
    pub(super) extended: bool,
    /// How often authentication or encryption has been tried.
    pub(super) attempts: u8,
    /// Whether the peer knows sniff mode; unknown counts as yes.
    pub(super) sniff: bool,
    /// Whether the supervision time-out has been written.
    pub(super) supervised: bool,
}

impl Link {
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.stage, Stage::Leaving { .. })
    }
}

/// What no handle is: handles have 12 bits.
pub(super) const NO_HANDLE: u16 = 0xFFFF;

/// All links.
#[derive(Debug)]
pub(super) struct Links {
    slots: [Option<Link>; MAX_LINKS],
    /// The handles of links that carry data, for the hot path.
    handles: [u16; MAX_LINKS],
    serial: u32,
}

impl Links {
    pub(super) fn new() -> Self {
        Links { slots: [const { None }; MAX_LINKS], handles: [NO_HANDLE; MAX_LINKS], serial: 0 }
    }

    pub(super) fn get(&self, link: LinkId) -> Option<&Link> {
        self.slots.get(link.0 as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, link: LinkId) -> Option<&mut Link> {
        self.slots.get_mut(link.0 as usize)?.as_mut()
    }

    /// The links there are.
    pub(super) fn ids(&self) -> impl Iterator<Item = LinkId> + use<> {
        let present: [bool; MAX_LINKS] = core::array::from_fn(|i| self.slots[i].is_some());
        (0..MAX_LINKS).filter(move |&i| present[i]).map(|i| LinkId(i as u8))
    }

    pub(super) fn count(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    fn position(&self, mut is: impl FnMut(&Link) -> bool) -> Option<LinkId> {
        let index = self.slots.iter().position(|slot| slot.as_ref().is_some_and(&mut is))?;
        Some(LinkId(index as u8))
    }

    pub(super) fn by_handle(&self, handle: Handle) -> Option<LinkId> {
        self.position(|link| link.handle == handle)
    }

    pub(super) fn by_address(&self, address: Address) -> Option<LinkId> {
        self.position(|link| link.address == address)
    }

    /// The link that data with this handle belongs to.
    #[inline]
    pub(super) fn carrying(&self, handle: u16) -> Option<LinkId> {
        let index = self.handles.iter().position(|&h| h == handle)?;
        Some(LinkId(index as u8))
    }

    /// Enters a link; `None` if the table is full.
    pub(super) fn add(
        &mut self,
        handle: Handle,
        address: Address,
        central: bool,
        outgoing: bool,
    ) -> Option<LinkId> {
        let index = self.slots.iter().position(Option::is_none)?;
        self.serial = self.serial.wrapping_add(1);
        self.handles[index] = handle.raw();
        self.slots[index] = Some(Link {
            serial: self.serial,
            handle,
            address,
            central,
            outgoing,
            announced: false,
            stage: Stage::Idle,
            secured: false,
            encryption: Encryption::Off,
            offered: None,
            fresh: None,
            set_aside: false,
            pairing: None,
            remote_io: None,
            extended: false,
            attempts: 0,
            sniff: true,
            supervised: false,
        });
        Some(LinkId(index as u8))
    }

    /// No more data is taken from this link.
    pub(super) fn silence(&mut self, link: LinkId) {
        if let Some(handle) = self.handles.get_mut(link.0 as usize) {
            *handle = NO_HANDLE;
        }
    }

    pub(super) fn remove(&mut self, link: LinkId) -> Option<Link> {
        self.silence(link);
        self.slots.get_mut(link.0 as usize)?.take()
    }
}
