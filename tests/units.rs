//! The udev rule, the systemd unit and the system user: well formed, and of one mind.
//!
//! `systemd-analyze verify` and `udevadm verify` (systemd 254 and later) judge them too where they
//! are installed; the checks here need neither.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn text(name: &str) -> String {
    std::fs::read_to_string(file(name)).expect("a readable file")
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("udev").join(name)
}

/// One `KEY{attribute}OP"value"` of a rule.
#[derive(Debug, PartialEq)]
struct Term {
    key: String,
    attribute: String,
    operator: String,
    value: String,
}

/// Splits a line into its terms (udev(7), RULES FILES).
fn terms(line: &str) -> Result<Vec<Term>, String> {
    let mut terms = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = rest.find(['=', '!', '+', '-', ':', '{']).ok_or("no operator")?;
        let key = rest[..end].trim().to_owned();
        rest = &rest[end..];
        let mut attribute = String::new();
        if let Some(inside) = rest.strip_prefix('{') {
            let (name, after) = inside.split_once('}').ok_or("an attribute is not closed")?;
            attribute = name.to_owned();
            rest = after;
        }
        let operator = ["==", "!=", "+=", "-=", ":=", "="]
            .into_iter()
            .find(|operator| rest.starts_with(operator))
            .ok_or("an unknown operator")?;
        let value = rest[operator.len()..].strip_prefix('"').ok_or("a value is not quoted")?;
        let (value, after) = value.split_once('"').ok_or("a value is not closed")?;
        terms.push(Term { key, attribute, operator: operator.to_owned(), value: value.to_owned() });
        rest = after.trim_start();
        if !rest.is_empty() {
            rest = rest.strip_prefix(',').ok_or("terms are not parted by a comma")?.trim_start();
        }
    }
    Ok(terms)
}

fn rules() -> Vec<Vec<Term>> {
    text("70-tandem.rules")
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| terms(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn the_rule_is_well_formed() {
    let matches = ["ACTION", "SUBSYSTEM", "ATTR", "ENV"];
    let assignments = ["ENV", "TAG", "GROUP", "MODE", "GOTO", "LABEL"];
    let mut labels = BTreeSet::new();
    for rule in rules().into_iter().rev() {
        for term in rule {
            let known: &[&str] = match term.operator.as_str() {
                "==" | "!=" => &matches,
                _ => &assignments,
            };
            assert!(known.contains(&term.key.as_str()), "{term:?}");
            assert_eq!(
                !term.attribute.is_empty(),
                ["ATTR", "ENV"].contains(&term.key.as_str()),
                "{term:?}"
            );
            match term.key.as_str() {
                "LABEL" => assert!(labels.insert(term.value)),
                "GOTO" => assert!(labels.contains(&term.value), "{term:?} goes nowhere forward"),
                _ => {}
            }
        }
    }
}

/// What the rules make of a device: the values that they assign, as `KEY` or `KEY{attribute}`.
fn applied(device: &[(&str, &str)]) -> Vec<(String, String)> {
    let name = |term: &Term| match term.attribute.as_str() {
        "" => term.key.clone(),
        attribute => format!("{}{{{attribute}}}", term.key),
    };
    let value = |name: &str| device.iter().find(|(key, _)| *key == name).map_or("", |(_, v)| v);
    let mut assigned = Vec::new();
    let mut seeking: Option<String> = None;
    for rule in rules() {
        if let Some(label) = &seeking {
            if !rule.iter().any(|term| term.key == "LABEL" && term.value == *label) {
                continue;
            }
            seeking = None;
        }
        let holds = rule.iter().all(|term| match term.operator.as_str() {
            "==" => glob(&term.value, value(&name(term))),
            "!=" => !glob(&term.value, value(&name(term))),
            _ => true,
        });
        if !holds {
            continue;
        }
        for term in rule.iter().filter(|term| !["==", "!="].contains(&term.operator.as_str())) {
            if term.key == "GOTO" {
                seeking = Some(term.value.clone());
            } else if term.key != "LABEL" {
                let mut text = term.value.clone();
                for attribute in ["idVendor", "idProduct"] {
                    let is = value(&format!("ATTR{{{attribute}}}"));
                    text = text.replace(&format!("$attr{{{attribute}}}"), is);
                }
                assigned.push((name(term), text));
            }
        }
    }
    assigned
}

/// Whether a pattern with stars at its ends, or none, fits.
fn glob(pattern: &str, value: &str) -> bool {
    match pattern.strip_prefix('*').and_then(|pattern| pattern.strip_suffix('*')) {
        Some(part) => value.contains(part),
        None => pattern == value,
    }
}

const DONGLE: [(&str, &str); 9] = [
    ("ACTION", "add"),
    ("SUBSYSTEM", "usb"),
    ("ENV{DEVTYPE}", "usb_device"),
    ("ATTR{idVendor}", "0a12"),
    ("ATTR{idProduct}", "0001"),
    ("ATTR{bDeviceClass}", "e0"),
    ("ATTR{bDeviceSubClass}", "01"),
    ("ATTR{bDeviceProtocol}", "01"),
    ("ATTR{removable}", "removable"),
];

fn but(key: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut device = DONGLE.to_vec();
    match device.iter_mut().find(|(name, _)| *name == key) {
        Some(entry) => entry.1 = value,
        None => device.push((key, value)),
    }
    device
}

#[test]
fn a_dongle_gets_its_daemon_and_others_are_left_alone() {
    let has = |device: &[(&str, &str)], key: &str, value: &str| {
        applied(device).iter().any(|(k, v)| k == key && v == value)
    };
    assert!(has(&DONGLE, "ENV{SYSTEMD_WANTS}", "tandemd@0a12:0001.service"));
    assert!(has(&DONGLE, "TAG", "systemd"));
    assert!(has(&DONGLE, "TAG", "uaccess"));
    assert!(has(&DONGLE, "GROUP", "tandem"));
    // A dongle of another class with a Bluetooth interface.
    let mut composite = but("ATTR{bDeviceClass}", "ef");
    composite.push(("ENV{ID_USB_INTERFACES}", ":e00101:fe0101:"));
    assert!(has(&composite, "ENV{SYSTEMD_WANTS}", "tandemd@0a12:0001.service"));

    for (key, value) in [
        ("ACTION", "remove"),
        ("SUBSYSTEM", "bluetooth"),
        ("ENV{DEVTYPE}", "usb_interface"),
        ("ATTR{bDeviceClass}", "08"),
        ("ATTR{removable}", "fixed"),
        ("ENV{TANDEM}", "0"),
    ] {
        assert_eq!(applied(&but(key, value)), [], "{key} {value}");
    }
}

/// The unit's entries as (section, key, value).
fn entries(unit: &str) -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut entries = Vec::new();
    for line in unit.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.to_owned();
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("no entry: {line}"));
        entries.push((section.clone(), key.trim().to_owned(), value.trim().to_owned()));
    }
    entries
}

#[test]
fn the_unit_fits_the_rule_the_user_and_the_daemon() {
    let entries = entries(&text("tandemd@.service"));
    let value = |key: &str| {
        let mut values = entries.iter().filter(|entry| entry.1 == key);
        values.next().map(|entry| entry.2.as_str()).unwrap_or_else(|| panic!("no {key}"))
    };
    assert_eq!(value("Type"), "notify");
    assert!(value("ExecStart").contains(" --controller usb:%i"));
    assert_eq!(value("StateDirectory"), "tandem/%i");
    assert_eq!(value("RuntimeDirectory"), "tandem/%i");
    let user = value("User");
    assert!(text("tandem.sysusers").lines().any(|line| line.starts_with(&format!("u {user} "))));
    assert!(entries.iter().all(|(section, ..)| ["Unit", "Service"].contains(&section.as_str())));
    assert!(entries.iter().all(|(_, key, _)| key != "RestrictRealtime"), "threads are real-time");
}

#[test]
fn systemd_accepts_the_unit() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("systemd-analyze is not installed");
        return;
    }
    // It insists on the program being installed: /bin/true stands in for it.
    let folder = tempfile::tempdir().expect("a folder");
    let unit = folder.path().join("tandemd@.service");
    let stand_in = text("tandemd@.service").replace("/usr/bin/tandemd", "/bin/true");
    std::fs::write(&unit, stand_in).expect("a writable folder");
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&unit)
        .output()
        .expect("systemd-analyze runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let about_us: Vec<&str> = said.lines().filter(|line| line.contains("tandemd@")).collect();
    assert!(output.status.success() && about_us.is_empty(), "{said}");
}

#[test]
fn udev_accepts_the_rule() {
    let known = Command::new("udevadm").args(["verify", "--help"]).output();
    if !known.is_ok_and(|output| output.status.success()) {
        println!("udevadm verify is not installed");
        return;
    }
    // The group exists only where Tandem is installed.
    let output = Command::new("udevadm")
        .args(["verify", "--resolve-names=never"])
        .arg(file("70-tandem.rules"))
        .output()
        .expect("udevadm runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
