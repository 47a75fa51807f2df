//! Which voice links are up, as a dongle on USB has to know: its alternate setting depends on them.

use host::{LinkId, VoiceCodec, VoiceEffect};
use stack::MAX_LINKS;

/// The voice links, and whether the controller has been told.
#[derive(Default, Debug)]
pub(crate) struct VoiceLinks {
    up: [Option<usb::VoiceLink>; MAX_LINKS],
    changed: bool,
}

impl VoiceLinks {
    /// A link's voice changed.
    pub(crate) fn note(&mut self, link: LinkId, effect: VoiceEffect) {
        let now = match effect {
            VoiceEffect::Open { handle, codec } => {
                let coding = match codec {
                    VoiceCodec::Cvsd => usb::Coding::Linear16,
                    VoiceCodec::Msbc => usb::Coding::Transparent,
                };
                Some(usb::VoiceLink { handle, coding })
            }
            VoiceEffect::Close => None,
            VoiceEffect::Gain(_) | VoiceEffect::Mute(_) => return,
        };
        if let Some(was) = self.up.get_mut(usize::from(link.0)) {
            self.changed |= *was != now;
            *was = now;
        }
    }

    pub(crate) fn is_any(&self) -> bool {
        self.up.iter().any(Option::is_some)
    }

    /// All that are up, if that has changed since it was asked last.
    pub(crate) fn changed(&mut self) -> Option<heapless::Vec<usb::VoiceLink, MAX_LINKS>> {
        std::mem::take(&mut self.changed).then(|| self.up.iter().flatten().copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once() {
        let mut links = VoiceLinks::default();
        assert_eq!(links.changed(), None);
        let open = VoiceEffect::Open { handle: 0x101, codec: VoiceCodec::Msbc };
        links.note(LinkId(2), open);
        links.note(LinkId(2), VoiceEffect::Gain(1.0));
        let msbc = usb::VoiceLink { handle: 0x101, coding: usb::Coding::Transparent };
        assert_eq!(links.changed().as_deref(), Some(&[msbc][..]));
        links.note(LinkId(2), VoiceEffect::Mute(true));
        links.note(LinkId(2), open);
        assert_eq!(links.changed(), None);
        // One closes and the other opens in one go, as when a call is answered in another's place.
        links.note(LinkId(2), VoiceEffect::Close);
        links.note(LinkId(0), VoiceEffect::Open { handle: 7, codec: VoiceCodec::Cvsd });
        let cvsd = usb::VoiceLink { handle: 7, coding: usb::Coding::Linear16 };
        assert_eq!(links.changed().as_deref(), Some(&[cvsd][..]));
        links.note(LinkId(0), VoiceEffect::Close);
        assert_eq!(links.changed().as_deref(), Some(&[][..]));
        assert!(!links.is_any());
    }
}
