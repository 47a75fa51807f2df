//! AVRCP 1.6, 6.5 and appendix F: player application settings, such as repeat and shuffle.

/// Identifiers of settings, or of one setting's values: at most 255.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SettingIds<'a>(&'a [u8]);

impl<'a> SettingIds<'a> {
    /// The identifiers in these octets; `None` for more than can be counted.
    pub const fn new(octets: &'a [u8]) -> Option<Self> {
        if octets.len() <= 255 { Some(SettingIds(octets)) } else { None }
    }

    /// The identifiers.
    pub const fn octets(&self) -> &'a [u8] {
        self.0
    }

    /// Reads a counted list; `None` where it is shorter than it says.
    pub(super) fn counted(parameters: &'a [u8]) -> Option<Self> {
        let (count, rest) = parameters.split_first()?;
        rest.get(..usize::from(*count)).map(SettingIds)
    }

    pub(super) const fn count(&self) -> u8 {
        self.0.len() as u8
    }
}

/// A setting and its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting {
    /// Which.
    pub id: u8,
    /// What it is set to.
    pub value: u8,
}

/// Settings and their values: at most 255.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Settings<'a>(&'a [u8]);

impl<'a> Settings<'a> {
    /// The settings in these octets, identifier and value in turn; `None` for an odd number of
    /// octets, or more settings than can be counted.
    pub const fn new(octets: &'a [u8]) -> Option<Self> {
        if octets.len().is_multiple_of(2) && octets.len() / 2 <= 255 {
            Some(Settings(octets))
        } else {
            None
        }
    }

    /// The settings in their order.
    pub fn iter(&self) -> impl Iterator<Item = Setting> + use<'a> {
        self.0.chunks_exact(2).map(|o| Setting { id: o[0], value: o[1] })
    }

    /// Reads a counted list; `None` where it is shorter than it says.
    pub(super) fn counted(parameters: &'a [u8]) -> Option<Self> {
        let (count, rest) = parameters.split_first()?;
        rest.get(..2 * usize::from(*count)).map(Settings)
    }

    pub(super) const fn octets(&self) -> &'a [u8] {
        self.0
    }

    pub(super) const fn count(&self) -> u8 {
        (self.0.len() / 2) as u8
    }
}
