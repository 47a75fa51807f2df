//! AVRCP 1.6, 8: service records, our own and what is to be known of the peer's.

use wire::NoRoom;
use wire::l2cap::Psm;
use wire::sdp::{AttributeId, AttributeLists, AttributeRange, Uuid};

use crate::sdp::Record;

/// The version of AVRCP that our records name.
const AVRCP_VERSION: u16 = 0x0106;
/// The version of AVCTP that our records name.
const AVCTP_VERSION: u16 = 0x0104;
/// English in UTF-8, its texts at 0x0100.
const LANGUAGE: [u16; 3] = [0x656E, 0x006A, 0x0100];

/// What to search a peer's records for: it stands in those of both roles.
pub const PEER_CLASS: Uuid = Uuid::AV_REMOTE_CONTROL;

/// The attributes to ask for.
pub const PEER_ATTRIBUTES: [AttributeRange; 3] = [
    AttributeRange::one(AttributeId::SERVICE_CLASS_ID_LIST),
    AttributeRange::one(AttributeId::PROFILE_DESCRIPTOR_LIST),
    AttributeRange::one(AttributeId::SUPPORTED_FEATURES),
];

/// What a role can do: the lower bits of SupportedFeatures, which both roles share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Features(pub u16);

impl Features {
    /// Category 1, a player or recorder: is one, or controls one.
    pub const PLAYER: Features = Features(0x0001);
    /// Category 2, a monitor or amplifier: is one, or controls one.
    pub const AMPLIFIER: Features = Features(0x0002);

    /// Whether all of `others` are among them.
    pub const fn has(self, others: Features) -> bool {
        self.0 & others.0 == others.0
    }
}

/// What a record says of a role.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Service {
    /// The version of AVRCP, 0x0103 being 1.3.
    pub version: u16,
    /// What it can do.
    pub features: Features,
}

/// What a peer's records say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Peer {
    /// It can be controlled.
    pub target: Option<Service>,
    /// It can control.
    pub controller: Option<Service>,
}

impl Peer {
    /// Reads what a search for [`PEER_CLASS`] found. What a record leaves out is taken for AVRCP 1.0
    /// and no features; where there are several of a role, the first counts.
    pub fn from_records(records: AttributeLists<'_>) -> Self {
        let mut peer = Peer::default();
        for record in records.iter() {
            let features = record.unsigned(AttributeId::SUPPORTED_FEATURES).unwrap_or(0);
            let service = Service {
                version: record.profile_version(Uuid::AV_REMOTE_CONTROL).unwrap_or(0x0100),
                features: Features(features as u16),
            };
            if record.is_of_class(Uuid::AV_REMOTE_CONTROL_TARGET) {
                peer.target.get_or_insert(service);
            } else if record.is_of_class(Uuid::AV_REMOTE_CONTROL)
                || record.is_of_class(Uuid::AV_REMOTE_CONTROL_CONTROLLER)
            {
                // The second class has been there since 1.4 only.
                peer.controller.get_or_insert(service);
            }
        }
        peer
    }
}

impl Record {
    /// AVRCP's controller. `name` is what the service is called; fails when it does not fit.
    pub fn avrcp_controller(name: &str, features: Features) -> Result<Self, NoRoom> {
        let classes = [Uuid::AV_REMOTE_CONTROL, Uuid::AV_REMOTE_CONTROL_CONTROLLER];
        Self::avrcp(&classes, name, features)
    }

    /// AVRCP's target. `name` is what the service is called; fails when it does not fit.
    pub fn avrcp_target(name: &str, features: Features) -> Result<Self, NoRoom> {
        Self::avrcp(&[Uuid::AV_REMOTE_CONTROL_TARGET], name, features)
    }

    fn avrcp(classes: &[Uuid], name: &str, features: Features) -> Result<Self, NoRoom> {
        Self::new(|record| {
            record.attribute(AttributeId::SERVICE_CLASS_ID_LIST).sequence(|list| {
                for class in classes {
                    list.uuid(*class);
                }
            });
            record.attribute(AttributeId::PROTOCOL_DESCRIPTOR_LIST).sequence(|stack| {
                stack
                    .sequence(|l2cap| {
                        l2cap.uuid(Uuid::L2CAP).u16(Psm::AVCTP.0);
                    })
                    .sequence(|avctp| {
                        avctp.uuid(Uuid::AVCTP).u16(AVCTP_VERSION);
                    });
            });
            record.attribute(AttributeId::BROWSE_GROUP_LIST).sequence(|groups| {
                groups.uuid(Uuid::PUBLIC_BROWSE_ROOT);
            });
            record.attribute(AttributeId::LANGUAGE_BASE_ATTRIBUTE_ID_LIST).sequence(|languages| {
                for value in LANGUAGE {
                    languages.u16(value);
                }
            });
            record.attribute(AttributeId::PROFILE_DESCRIPTOR_LIST).sequence(|profiles| {
                profiles.sequence(|profile| {
                    profile.uuid(Uuid::AV_REMOTE_CONTROL).u16(AVRCP_VERSION);
                });
            });
            record.attribute(AttributeId::SERVICE_NAME).text(name);
            record.attribute(AttributeId::SUPPORTED_FEATURES).u16(features.0);
        })
    }
}
