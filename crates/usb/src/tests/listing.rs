use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::prelude::*;

use crate::dongle::{Class, Device};
use crate::known::is_bluetooth;
use crate::{Access, Dongle, Quirk, Spec, list, quirks};

fn device(vendor: u16, product: u16, class: Class, interfaces: &[Class]) -> Device {
    Device {
        bus: 1,
        ports: vec![4, 2],
        address: 7,
        vendor,
        product,
        class,
        interfaces: interfaces.iter().enumerate().map(|(n, class)| (n as u8, *class)).collect(),
        manufacturer: Some("Cambridge Silicon Radio".to_owned()),
        name: None,
        serial: Some("0123".to_owned()),
        sysfs: "/nowhere/1-4.2".into(),
    }
}

const BLUETOOTH: Class = Class(0xe0, 1, 1);
const VENDOR: Class = Class(0xff, 1, 1);
const COMPOSITE: Class = Class(0xef, 2, 1);
const STORAGE: Class = Class(8, 6, 0x50);

fn dongle(ports: &[u8], serial: Option<&str>, access: Access) -> Dongle {
    let device = Device {
        ports: ports.to_vec(),
        serial: serial.map(str::to_owned),
        ..device(0x0a12, 1, BLUETOOTH, &[BLUETOOTH, BLUETOOTH])
    };
    Dongle { access, ..Dongle::describe(device, Path::new("/nowhere")) }
}

#[test]
fn the_list_is_there_on_any_machine() {
    // Empty where there is no USB; what it holds elsewhere must be dongles.
    for dongle in list().unwrap() {
        assert!(dongle.bus > 0 && !dongle.ports.is_empty(), "{dongle}");
    }
}

#[test]
fn controllers_are_told_by_class_or_by_id() {
    for (vendor, product, class, interfaces, expected) in [
        (0x0a12, 0x0001, BLUETOOTH, &[BLUETOOTH, BLUETOOTH][..], true),
        (0x1209, 0x0001, COMPOSITE, &[STORAGE, BLUETOOTH], true),
        (0x0a5c, 0x21e8, VENDOR, &[VENDOR], true),
        (0x1209, 0x21e8, VENDOR, &[VENDOR], false),
        (0x05ac, 0x8215, Class(0xff, 0, 0), &[Class(0xff, 0, 0)], true),
        (0x05ac, 0x8242, Class(0, 0, 0), &[Class(3, 0, 0)], false),
        (0x8087, 0x0024, Class(9, 0, 0), &[Class(9, 0, 0)], false),
        (0x0a12, 0x1010, Class(0xe0, 1, 4), &[Class(0xe0, 1, 4)], false),
        (0x0781, 0x5567, Class(0, 0, 0), &[STORAGE], false),
    ] {
        let device = device(vendor, product, class, interfaces);
        assert_eq!(is_bluetooth(&device), expected, "{vendor:04x}:{product:04x}");
    }
}

#[test]
fn drivers_are_read_from_sysfs() {
    let tree = tempfile::tempdir().unwrap();
    let sysfs = tree.path().join("devices/usb1/1-4/1-4.2");
    for folder in ["1-4.2:1.0", "1-4.2:1.1", "power", "1-4.2.1/1-4.2.1:1.0"] {
        std::fs::create_dir_all(sysfs.join(folder)).unwrap();
    }
    let described = || {
        let device =
            Device { sysfs: sysfs.clone(), ..device(0x0a12, 1, BLUETOOTH, &[BLUETOOTH; 2]) };
        Dongle::describe(device, tree.path()).driver
    };
    assert_eq!(described(), None);
    symlink("../../../../../bus/usb/drivers/hub", sysfs.join("1-4.2:1.1/driver")).unwrap();
    assert_eq!(described(), None, "that is another interface's");
    symlink("../../../../../bus/usb/drivers/btusb", sysfs.join("1-4.2:1.0/driver")).unwrap();
    assert_eq!(described().as_deref(), Some("btusb"));
}

#[test]
fn a_node_is_there_or_not() {
    let nodes = tempfile::tempdir().unwrap();
    let described = || Dongle::describe(device(0x0a12, 1, BLUETOOTH, &[BLUETOOTH]), nodes.path());
    let node = nodes.path().join("001/007");
    let missing = described();
    assert_eq!((&missing.access, &missing.node), (&Access::NoNode(node.clone()), &node));
    assert!(missing.access.remedy().is_some_and(|text| text.contains("container")));
    std::fs::create_dir(nodes.path().join("001")).unwrap();
    std::fs::write(&node, "").unwrap();
    assert_eq!((described().access.remedy(), described().access.is_granted()), (None, true));
}

#[test]
fn a_node_that_may_not_be_opened_comes_with_the_remedy() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut stat = rustix::fs::stat(file.path()).unwrap();
    (stat.st_uid, stat.st_gid, stat.st_mode) = (0, 46, 0o20664);
    let node = Path::new("/dev/bus/usb/001/007");
    let groups = "root:x:0:\nplugdev:x:46:anna,otto\n";
    let denied = Access::denied(node, Some(stat), groups);
    assert_eq!(denied.to_string(), "may not be opened: /dev/bus/usb/001/007 is root:plugdev 0664");
    assert!(denied.remedy().unwrap().contains("`sudo usermod -aG plugdev $USER`"));

    stat.st_gid = 0;
    let denied = Access::denied(node, Some(stat), groups);
    assert!(denied.to_string().ends_with("is root:root 0664"));
    assert!(denied.remedy().unwrap().contains("udev rule"), "nobody should join root's group");
    stat.st_gid = 46;
    stat.st_mode = 0o20644;
    let denied = Access::denied(node, Some(stat), "");
    assert!(denied.to_string().ends_with("is root:46 0644"));
    assert!(denied.remedy().unwrap().contains("udev rule"), "the group may not write");
}

#[test]
fn oddities_are_those_of_the_make() {
    let csr: Vec<_> = quirks(0x0a12, 0x0001).collect();
    assert_eq!(csr, [Quirk::OneChangeAtATime, Quirk::ZerosBeforeVoice]);
    assert!(csr[0].text().contains("CSR8510"));
    assert_eq!(quirks(0x8087, 0x07dc).count(), 2);
    assert_eq!(quirks(0x8087, 0x0029).count(), 1);
    assert_eq!(quirks(0x8087, 0x07da).count(), 0);
    assert_eq!(quirks(0x1209, 0x0001).count(), 0);
    assert!(quirks(0x0bda, 0x8520).any(|quirk| quirk == Quirk::WidebandSetting(6)));
}

#[test]
fn specs_print_as_they_are_written() {
    for text in ["usb", "usb:0a12:0001", "usb:1-4", "usb:12-4.2.13", "usb:serial=a-b:c d"] {
        assert_eq!(text.parse::<Spec>().map(|spec| spec.to_string()), Ok(text.to_owned()));
    }
    assert_eq!("usb:0A12:00fF".parse::<Spec>(), Ok(Spec::Ids { vendor: 0x0a12, product: 0xff }));
}

#[test]
fn bad_specs_say_what_is_wrong() {
    for (text, reason) in [
        ("", "expected usb, "),
        ("usb:", "expected usb, "),
        ("usb4", "expected usb, "),
        ("usb:a12:0001", "four hexadecimal digits"),
        ("usb:0a12:+001", "four hexadecimal digits"),
        ("usb:0a12:0001:2", "four hexadecimal digits"),
        ("usb:1-", "numbers from 1"),
        ("usb:0-1", "numbers from 1"),
        ("usb:1-4..2", "numbers from 1"),
        ("usb:1-256", "numbers from 1"),
        ("usb:1-+4", "numbers from 1"),
        ("usb:serial=", "is missing"),
    ] {
        let bad = text.parse::<Spec>().unwrap_err();
        assert!(bad.text == text && bad.reason.contains(reason), "{bad}");
    }
}

#[test]
fn the_dongle_that_is_meant_is_chosen() {
    let barred = Access::NoNode("/dev/bus/usb/001/007".into());
    let dongles = [
        dongle(&[1], Some("a"), barred.clone()),
        dongle(&[4, 2], Some("b"), Access::Granted),
        dongle(&[4, 3], None, Access::Granted),
    ];
    for (spec, expected) in [
        ("usb", "1-4.2"),
        ("usb:0a12:0001", "1-4.2"),
        ("usb:1-4.3", "1-4.3"),
        ("usb:serial=a", "1-1"),
        ("usb:serial=b", "1-4.2"),
    ] {
        let spec: Spec = spec.parse().unwrap();
        assert_eq!(spec.choose(&dongles).unwrap().path(), expected, "{spec}");
    }
    for spec in ["usb:0a12:0002", "usb:1-4", "usb:2-1", "usb:serial=c"] {
        let none = spec.parse::<Spec>().unwrap().choose(&dongles[1..2]).unwrap_err();
        assert_eq!(
            none.to_string(),
            format!(
                "{spec}: no such Bluetooth dongle; there is usb:1-4.2 0a12:0001 Cambridge Silicon Radio"
            )
        );
    }
    let none = Spec::First.choose(&[]).unwrap_err();
    assert_eq!(none.to_string(), "usb: no such Bluetooth dongle; there is none");
}

proptest! {
    #[test]
    fn any_text_is_a_spec_that_prints_as_itself_or_is_refused(text in "(usb)?:?[0-9a-f:.=-]{0,12}") {
        if let Ok(spec) = text.parse::<Spec>() {
            let again: Spec = spec.to_string().parse().unwrap();
            prop_assert_eq!(again, spec);
        }
    }
}
