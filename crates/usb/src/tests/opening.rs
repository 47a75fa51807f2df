//! Taking a dongle and giving it back.

use proptest::prelude::*;
use rustix::io::Errno;
use wire::h4::Channel;

use super::rig::{event, open, options, receive};
use crate::descriptors::parse;
use crate::fake::{Call, FakeDongle, FakeNode, descriptors, endpoint, plug};
use crate::{OpenError, Options, Transport};

fn attempt(
    descriptors: Vec<u8>,
    before: impl FnOnce(&FakeDongle),
) -> (Result<Transport<FakeNode>, OpenError>, FakeDongle) {
    let (node, dongle) = plug(descriptors).unwrap();
    before(&dongle);
    (Transport::from_node(node, "usb:1-1 1209:0001", &options()), dongle)
}

#[test]
fn a_dongle_is_taken_from_its_driver_and_given_back() {
    let (mut transport, dongle) = open();
    assert_eq!(dongle.drivers(), [Some("usbfs"); 2]);
    transport.close();
    transport.close();
    assert_eq!(dongle.drivers(), [Some("btusb"); 2]);
    assert_eq!(dongle.calls(Call::Release), 2, "once each");
    let (transport, dongle) = open();
    drop(transport);
    assert_eq!((dongle.drivers(), dongle.in_flight()), ([Some("btusb"); 2], 0));
}

#[test]
fn each_way_that_opening_fails_says_what_it_is() {
    type Check = fn(&OpenError) -> bool;
    let cases: [(Call, Errno, Check); 5] = [
        (Call::Descriptors, Errno::NODEV, |error| matches!(error, OpenError::Unplugged { .. })),
        (Call::Descriptors, Errno::IO, |error| matches!(error, OpenError::System { .. })),
        (Call::Claim, Errno::BUSY, |error| {
            error.to_string().contains("use by the kernel's driver btusb")
        }),
        (Call::Claim, Errno::NODEV, |error| matches!(error, OpenError::Unplugged { .. })),
        (Call::Claim, Errno::PERM, |error| matches!(error, OpenError::System { .. })),
    ];
    for (call, error, is_expected) in cases {
        let (opened, _) = attempt(descriptors(), |dongle| dongle.refuse(call, error, 1));
        let failed = opened.unwrap_err();
        assert!(is_expected(&failed), "{call:?} {error:?}: {failed}");
        assert!(failed.to_string().starts_with("usb:1-1 1209:0001 "), "{failed}");
    }
}

#[test]
fn what_is_in_use_stays_as_it_is() {
    let (opened, dongle) = attempt(descriptors(), |dongle| dongle.bind(1, Some("usbfs")));
    assert!(matches!(opened, Err(OpenError::Busy { holder: None, .. })));
    assert_eq!(dongle.drivers(), [Some("btusb"), Some("usbfs")], "the first is given back");
}

#[test]
fn without_shared_memory_the_kernel_copies() {
    let (opened, dongle) =
        attempt(descriptors(), |dongle| dongle.refuse(Call::Map, Errno::NOMEM, 1));
    let mut transport = opened.unwrap();
    dongle.event(&event(9));
    assert_eq!(receive(&mut transport), [(Channel::Event, event(9))]);
}

#[test]
fn what_the_driver_before_left_in_the_pipes_is_thrown_away() {
    let (opened, dongle) = attempt(descriptors(), |dongle| {
        // The second half of an event, which looks like the beginning of a long one.
        dongle.packet(endpoint::EVENTS, &[0x0e, 0xff, 1, 2]);
        dongle.packet(endpoint::EVENTS, &event(4));
        dongle.packet(endpoint::ACL_IN, &[1; 64]);
        dongle.packet(endpoint::ACL_IN, &[1; 3]);
    });
    let mut transport = opened.unwrap();
    assert_eq!(transport.health().stale, 3);
    dongle.event(&event(5));
    assert_eq!(receive(&mut transport), [(Channel::Event, event(5))]);
}

#[test]
fn a_reset_is_made_only_when_asked_for() {
    let (node, dongle) = plug(descriptors()).unwrap();
    let options = Options { reset: true, ..options() };
    let transport = Transport::from_node(node, "usb:1-1", &options).unwrap();
    assert_eq!(dongle.calls(Call::Reset), 1);
    drop(transport);
    // Nobody else's is reset.
    let (node, dongle) = plug(descriptors()).unwrap();
    dongle.bind(0, Some("usbfs"));
    assert!(Transport::from_node(node, "usb:1-1", &options).is_err());
    assert_eq!(dongle.calls(Call::Reset), 0);
    let (_transport, dongle) = open();
    assert_eq!(dongle.calls(Call::Reset), 0);
}

/// The descriptors with the endpoint descriptor of this address in this occurrence changed.
fn with_endpoint(address: u8, change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut bytes = descriptors();
    let mut at = 0;
    while at < bytes.len() {
        let length = usize::from(bytes[at]);
        if bytes[at + 1] == 5 && bytes[at + 2] == address {
            change(&mut bytes[at..at + length]);
        }
        at += length;
    }
    bytes
}

#[test]
fn descriptors_that_lie_are_told_apart() {
    let whole = descriptors();
    let none: fn(&mut [u8]) = |endpoint| (endpoint[4], endpoint[5]) = (0, 0);
    for (bytes, reason) in [
        (Vec::new(), "no device descriptor"),
        (whole[..17].to_vec(), "no device descriptor"),
        (whole[..18].to_vec(), "no configuration descriptor"),
        (whole[..27].to_vec(), "no interface"),
        (whole[..36].to_vec(), "for events"),
        (with_endpoint(endpoint::EVENTS, none), "for events"),
        (with_endpoint(endpoint::EVENTS, |endpoint| endpoint[3] = 2), "for events"),
        (with_endpoint(endpoint::EVENTS, |endpoint| endpoint[0] = 6), "for events"),
        (with_endpoint(endpoint::ACL_IN, none), "data from the controller"),
        (with_endpoint(endpoint::ACL_OUT, none), "data to the controller"),
        (with_endpoint(endpoint::ACL_OUT, |endpoint| endpoint[2] = 0x84), "data to the controller"),
    ] {
        let (opened, dongle) = attempt(bytes, |_| {});
        let failed = opened.unwrap_err();
        assert!(matches!(failed, OpenError::BadDescriptors { .. }), "{failed}");
        assert!(failed.to_string().contains(reason), "{failed}: {reason}");
        assert_eq!(dongle.calls(Call::Claim), 0);
    }
}

#[test]
fn only_the_first_configuration_and_real_settings_count() {
    // Setting 0 may claim bandwidth: it is not used for voice all the same.
    let mut greedy = descriptors();
    let first = 18 + 9 + 9 + 3 * 7 + 9;
    (greedy[first + 4], greedy[first + 7 + 4]) = (9, 9);
    let greedy = parse(&greedy).unwrap().voice.unwrap();
    assert_eq!((greedy.settings[0], greedy.settings[1].is_some()), (None, true));
    let mut two = descriptors()[..18 + 9 + 9 + 3 * 7].to_vec();
    two.extend(&descriptors()[18..]);
    assert_eq!(parse(&two).unwrap().voice, None);
}

#[test]
fn without_voice_endpoints_there_is_a_controller_without_voice() {
    let layout = parse(&descriptors()).unwrap();
    assert_eq!((layout.vendor, layout.product, layout.composite), (0x1209, 1, false));
    let sizes = layout.voice.unwrap().settings.map(|setting| setting.map(|(from, _)| from.size));
    assert_eq!(sizes, [None, Some(9), Some(17), Some(25), Some(33), Some(49), Some(63)]);

    let deaf = with_endpoint(endpoint::VOICE_IN, |endpoint| endpoint[4] = 0);
    assert_eq!(parse(&deaf).unwrap().voice, None);
    let one_interface = &descriptors()[..18 + 9 + 9 + 3 * 7];
    assert_eq!(parse(one_interface).unwrap().voice, None);
    let (opened, dongle) = attempt(one_interface.to_vec(), |_| {});
    drop(opened.unwrap());
    assert_eq!(dongle.calls(Call::Claim), 1);
}

proptest! {
    #[test]
    fn any_descriptors_are_survived(
        damage in prop::collection::vec((0..200usize, any::<u8>()), 0..6),
        cut in 0..300usize,
    ) {
        let mut bytes = descriptors();
        for (at, byte) in damage {
            let place = at % bytes.len();
            bytes[place] = byte;
        }
        bytes.truncate(cut);
        if let Ok(layout) = parse(&bytes) {
            prop_assert!(layout.events.size > 0 && layout.acl_in.size >= 8);
        }
    }
}
