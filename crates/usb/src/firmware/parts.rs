//! Who made a controller: told by its USB ids where it does not answer HCI before it has its firmware,
//! else by what it says of itself.

use super::controller::Controller;
use super::step::Failure;

/// Families that are told by USB ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Intel,
    MediaTek,
    Qualcomm,
}

/// Vendor, product (all of the vendor's if `None`), family; the first that fits. Those of Linux's
/// `btusb`.
#[rustfmt::skip]
const FAMILIES: [(u16, Option<u16>, Option<Family>); 42] = [
    (0x8087, Some(0x07da), None), // a CSR chip
    (0x8087, None,         Some(Family::Intel)),
    (0x0e8d, None,         Some(Family::MediaTek)),
    (0x043e, Some(0x3109), Some(Family::MediaTek)), // MT7668
    (0x043e, Some(0x310c), Some(Family::MediaTek)), // MT7663
    (0x04ca, Some(0x3801), Some(Family::MediaTek)),
    (0x13d3, Some(0x3560), Some(Family::MediaTek)), // MT7615E
    (0x0489, Some(0xe0c8), Some(Family::MediaTek)), // MT7921
    (0x0489, Some(0xe0cd), Some(Family::MediaTek)),
    (0x0489, Some(0xe0e0), Some(Family::MediaTek)),
    (0x0489, Some(0xe0f2), Some(Family::MediaTek)),
    (0x04ca, Some(0x3802), Some(Family::MediaTek)),
    (0x13d3, Some(0x3563), Some(Family::MediaTek)),
    (0x13d3, Some(0x3564), Some(Family::MediaTek)),
    (0x13d3, Some(0x3567), Some(Family::MediaTek)),
    (0x13d3, Some(0x3578), Some(Family::MediaTek)),
    (0x13d3, Some(0x3583), Some(Family::MediaTek)),
    (0x0489, Some(0xe0d8), Some(Family::MediaTek)), // MT7922
    (0x0489, Some(0xe0d9), Some(Family::MediaTek)),
    (0x0489, Some(0xe0e2), Some(Family::MediaTek)),
    (0x0489, Some(0xe0f5), Some(Family::MediaTek)),
    (0x13d3, Some(0x3568), Some(Family::MediaTek)),
    (0x0cf3, None,         Some(Family::Qualcomm)),
    (0x10ab, None,         Some(Family::Qualcomm)),
    (0x0489, Some(0xe092), Some(Family::Qualcomm)), // Rome
    (0x0489, Some(0xe09f), Some(Family::Qualcomm)),
    (0x0489, Some(0xe0a2), Some(Family::Qualcomm)),
    (0x04ca, Some(0x3011), Some(Family::Qualcomm)),
    (0x04ca, Some(0x3015), Some(Family::Qualcomm)),
    (0x04ca, Some(0x3016), Some(Family::Qualcomm)),
    (0x04ca, Some(0x301a), Some(Family::Qualcomm)),
    (0x04ca, Some(0x3021), Some(Family::Qualcomm)),
    (0x13d3, Some(0x3491), Some(Family::Qualcomm)),
    (0x13d3, Some(0x3496), Some(Family::Qualcomm)),
    (0x13d3, Some(0x3501), Some(Family::Qualcomm)),
    (0x04ca, Some(0x3022), Some(Family::Qualcomm)), // WCN6855
    (0x04ca, Some(0x3023), Some(Family::Qualcomm)),
    (0x04ca, Some(0x3024), Some(Family::Qualcomm)),
    (0x0489, Some(0xe0cc), Some(Family::Qualcomm)),
    (0x0489, Some(0xe0d0), Some(Family::Qualcomm)),
    (0x0489, Some(0xe0d6), Some(Family::Qualcomm)),
    (0x0489, Some(0xe0e3), Some(Family::Qualcomm)),
];

impl Family {
    /// `None`: ask it.
    pub(super) fn of(vendor: u16, product: u16) -> Option<Family> {
        let fits = |p: Option<u16>| p.is_none_or(|p| p == product);
        FAMILIES.into_iter().find(|(v, p, _)| *v == vendor && fits(*p))?.2
    }
}

/// What HCI Read Local Version Information returns (Core 5.4, vol. 4 part E, 7.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LocalVersion {
    pub(super) hci_version: u8,
    pub(super) hci_revision: u16,
    pub(super) manufacturer: u16,
    pub(super) lmp_subversion: u16,
}

impl LocalVersion {
    pub(super) const BROADCOM: u16 = 15;
    pub(super) const QUALCOMM: u16 = 29;
    pub(super) const ATHEROS: u16 = 69;
    pub(super) const REALTEK: u16 = 93;

    pub(super) async fn read(controller: &Controller) -> Result<LocalVersion, Failure> {
        let what = "reading the local version";
        let answer = controller.command(what, 0x1001, &[]).await?;
        let [hci_version, r0, r1, _lmp_version, m0, m1, s0, s1] = answer[..] else {
            return Err(Failure::answer(what, format!("{} bytes", answer.len())));
        };
        Ok(LocalVersion {
            hci_version,
            hci_revision: u16::from_le_bytes([r0, r1]),
            manufacturer: u16::from_le_bytes([m0, m1]),
            lmp_subversion: u16::from_le_bytes([s0, s1]),
        })
    }
}
