//! An emulated Intel controller with its boot loader, and what comes of it.

use super::build::{checksum, code, ddc, sfi};
use super::*;
use crate::firmware::file::Engine;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    BootLoader,
    IntermediateLoader,
    Firmware,
    /// Told to boot; runs that in a while.
    Booting(Duration),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    RefusesFragment(usize),
    FallsSilent(usize),
    LeavesTheBus(usize),
    /// The signature does not fit.
    RejectsFirmware,
    NeverBoots,
    RefusesSettings,
}

struct Intel {
    /// Answers 0xFC05 in the new form.
    tlv: bool,
    variant: u8,
    /// Controller and radio: type in the low twelve bits, step in bits 24 to 27.
    top: [u32; 2],
    engine: Engine,
    limited: u8,
    firmware_id: &'static [u8],
    runs: Runs,
    /// Where the firmware that was sent wants to be booted.
    boot_address: u32,
    fault: Option<Fault>,
    /// What was sent, by what it is part of.
    parts: [Vec<u8>; 4],
    fragments: usize,
    accepted: bool,
    settings: Vec<Vec<u8>>,
    boots: usize,
    back_in_boot_loader: bool,
}

impl Intel {
    fn new(variant: u8, engine: Engine) -> Intel {
        Intel {
            tlv: variant >= 0x17,
            variant,
            top: [0x0000_0400, 0x0000_0410],
            engine,
            limited: 0,
            firmware_id: b"",
            runs: Runs::BootLoader,
            boot_address: ADDRESS,
            fault: None,
            parts: Default::default(),
            fragments: 0,
            accepted: false,
            settings: Vec::new(),
            boots: 0,
            back_in_boot_loader: false,
        }
    }

    fn in_loader(&self) -> bool {
        matches!(self.runs, Runs::BootLoader | Runs::IntermediateLoader)
    }

    fn version(&self, parameters: &[u8]) -> Vec<u8> {
        // The firmware of the older parts speaks both forms, their boot loader the old one.
        let both = self.variant >= 0x11 && self.runs == Runs::Firmware;
        let new_form = self.tlv || both && parameters == [0xff];
        if !new_form {
            let firmware = if self.runs == Runs::Firmware { 0x23 } else { 0x06 };
            return vec![0, 0x37, self.variant, 0x10, firmware, 0x01, 107, 51, 22, 0];
        }
        assert_eq!(parameters, [0xff]);
        let image = match self.runs {
            Runs::BootLoader => 1,
            Runs::IntermediateLoader => 2,
            _ => 3,
        };
        let engine = u8::from(self.engine == Engine::Ecdsa);
        let [cnvi, cnvr] = self.top.map(u32::to_le_bytes);
        let mut answer = vec![0];
        for (kind, value) in [
            (0x10, &cnvi[..]),
            (0x11, &cnvr),
            (0x12, &[0x00, 0x37, self.variant, 0x00]),
            (0x16, &[0x00, 0x00]),
            (0x1c, &[image]),
            (0x1d, &[51, 22]),
            (0x1f, &[0x6b, 0xb1, 0, 0]),
            (0x2e, &[self.limited]),
            (0x2f, &[engine]),
            (0x50, self.firmware_id),
        ] {
            answer.extend([kind, u8::try_from(value.len()).unwrap()]);
            answer.extend(value);
        }
        answer
    }

    fn secure_send(&mut self, part: u8, data: &[u8]) -> Vec<Vec<u8>> {
        let acknowledged = complete(0xfc09, &[0]);
        self.fragments += 1;
        match self.fault {
            Some(Fault::RefusesFragment(n)) if n == self.fragments => {
                return vec![complete(0xfc09, &[0x12])];
            }
            Some(Fault::FallsSilent(n)) if n <= self.fragments => return Vec::new(),
            _ => {}
        }
        assert!(!data.is_empty() && data.len() <= 252 && data.len().is_multiple_of(4));
        let (key, signature) = if self.engine == Engine::Ecdsa { (96, 96) } else { (256, 256) };
        let lengths = [self.parts[0].len(), self.parts[3].len(), self.parts[2].len()];
        let before = match part {
            0 => [lengths[0], 0, 0],
            3 => [128, lengths[1], 0],
            2 => [128, key, lengths[2]],
            1 => [128, key, signature],
            _ => panic!("part {part}"),
        };
        assert_eq!(lengths, before, "header, key, signature, data");
        self.parts[usize::from(part)].extend(data);
        let [header, payload, signature, _] = &self.parts;
        if part != 1 || payload.len() < u32_at(header, 120) {
            return vec![acknowledged];
        }
        self.accepted = signature.chunks(4).all(|sum| sum == checksum(payload))
            && self.fault != Some(Fault::RejectsFirmware);
        // The result may overtake the last acknowledgement.
        let result = event(0xff, &[0x06, u8::from(!self.accepted), 0x09, 0xfc, 0]);
        vec![result, acknowledged]
    }

    fn reset(&mut self, parameters: &[u8]) {
        match parameters {
            [0, 1, 0, 1, address @ ..] if self.accepted => {
                assert_eq!(address, self.boot_address.to_le_bytes());
                self.parts = Default::default();
                self.accepted = false;
                self.boots += 1;
                self.runs = Runs::Booting(Duration::from_millis(900));
            }
            [1, 1, 1, 0, 0, 0, 0, 0] => self.back_in_boot_loader = true,
            _ => panic!("{parameters:02x?}"),
        }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

impl Emulated for Intel {
    fn command(&mut self, over: Over, opcode: u16, parameters: &[u8]) -> Vec<Vec<u8>> {
        assert!(!self.back_in_boot_loader, "it has left the bus");
        let bulk = over == Over::Bulk;
        assert_eq!(bulk, opcode == 0xfc09 && self.in_loader(), "{opcode:04x}");
        let returned = match (opcode, parameters) {
            (0x0c03, []) if self.in_loader() => vec![0x01],
            (0x0c03, []) => vec![0],
            (0xfc05, [] | [0xff]) => self.version(parameters),
            (0xfc0d, []) if self.in_loader() && !self.tlv => {
                let mut answer = vec![0, 0, 0, 0, 5, 0];
                answer.resize(23, 0);
                answer[21] = self.limited;
                answer
            }
            (0xfc09, [part, data @ ..]) => return self.secure_send(*part, data),
            (0xfc01, _) if self.in_loader() || matches!(self.runs, Runs::Booting(_)) => {
                self.reset(parameters);
                return Vec::new();
            }
            (0xfc8b, [length, setting @ ..]) if self.runs == Runs::Firmware => {
                assert_eq!(usize::from(*length), setting.len());
                self.settings.push(setting.to_vec());
                vec![if self.fault == Some(Fault::RefusesSettings) { 0x12 } else { 0 }]
            }
            _ => panic!("{opcode:04x} {parameters:02x?}, it runs {:?}", self.runs),
        };
        vec![complete(opcode, &returned)]
    }

    fn is_gone(&self) -> bool {
        matches!(self.fault, Some(Fault::LeavesTheBus(n)) if n <= self.fragments)
    }

    fn passes(&mut self, time: Duration) -> Vec<Vec<u8>> {
        let Runs::Booting(left) = self.runs else { return Vec::new() };
        if left > time || self.fault == Some(Fault::NeverBoots) {
            self.runs = Runs::Booting(left.saturating_sub(time));
            return Vec::new();
        }
        let intermediate = self.variant == 0x1e && self.boots == 1;
        self.runs = if intermediate { Runs::IntermediateLoader } else { Runs::Firmware };
        vec![event(0xff, &[0x02, 0, 1, 0, 0, 0, 0])]
    }
}

const ADDRESS: u32 = 0x0010_0800;
const AX210: &str = "intel/ibt-0040-0041";

#[test]
fn a_legacy_part_is_booted_and_set() {
    let sfi = sfi(Engine::RsaOnly, ADDRESS, 900);
    let settings = ddc(&[&[0x28, 1, 0x10], &code(3, 200), &[0x29, 1]]);
    for (variant, product, stem) in [
        (0x0b, 0x0a2b, "intel/ibt-11-5"),
        (0x0c, 0x0aa7, "intel/ibt-12-5"),
        (0x12, 0x0025, "intel/ibt-18-16-1"),
        (0x13, 0x0026, "intel/ibt-19-16-1"),
    ] {
        let (firmware, settings_file) = (format!("{stem}.sfi"), format!("{stem}.ddc"));
        let all = files([(&firmware, &sfi), (&settings_file, &settings)]);
        let mut controller = Intel::new(variant, Engine::RsaOnly);
        let outcome = drive(Setup::new(0x8087, product), &mut controller, &all);
        let version = format!("variant {variant:02x} revision 0.1 build 107 week 51 2022");
        let files = vec![firmware, settings_file];
        assert_eq!(outcome, Outcome::Loaded { files, version: version.clone() });
        assert_eq!(controller.settings.concat().len(), 3 + 200 + 2);

        let outcome = drive(Setup::new(0x8087, product), &mut controller, &Files::new());
        let why = format!("runs Intel's firmware already: {version}");
        assert_eq!(outcome, Outcome::NotNeeded(why));
    }
}

#[test]
fn a_newer_part_is_booted_whatever_checks_its_firmware() {
    let name = format!("{AX210}.sfi");
    for engine in [Engine::Rsa, Engine::Ecdsa] {
        let all = files([(&name, &sfi(engine, ADDRESS, 900))]);
        let mut controller = Intel::new(0x17, engine);
        let outcome = drive(Setup::new(0x8087, 0x0032), &mut controller, &all);
        let text = format!("loaded {name}: variant 17 build 45419 week 51 2022");
        assert_eq!(outcome.to_string(), text);
        let outcome = drive(Setup::new(0x8087, 0x0032), &mut controller, &Files::new());
        assert!(matches!(outcome, Outcome::NotNeeded(_)), "{outcome}");
        assert_eq!(controller.boots, 1);
    }
}

#[test]
fn the_newest_boot_a_loader_and_then_the_firmware() {
    for (id, suffix) in [(&b"usb\0\0"[..], "-usb"), (b"", ""), (b"../../../etc/shadow", "")] {
        let loader = "intel/ibt-0190-0291-iml.sfi".to_owned();
        let firmware = format!("intel/ibt-0190-0291{suffix}.sfi");
        let settings = format!("intel/ibt-0190-0291{suffix}.ddc");
        let all = files([
            (&loader, &sfi(Engine::Ecdsa, ADDRESS, 50)),
            (&firmware, &sfi(Engine::Ecdsa, ADDRESS, 400)),
            (&settings, &ddc(&[&[1, 2, 3]])),
        ]);
        let top = [0x0100_0900, 0x0200_0910];
        let newest = Intel::new(0x1e, Engine::Ecdsa);
        let mut controller = Intel { firmware_id: id, top, ..newest };
        let outcome = drive(Setup::new(0x8087, 0x0036), &mut controller, &all);
        let Outcome::Loaded { files, .. } = outcome else { panic!("{outcome}") };
        assert_eq!((files, controller.boots), (vec![loader, firmware, settings], 2));
    }
}

#[test]
fn a_failure_ends_in_the_boot_loader() {
    let name = format!("{AX210}.sfi");
    let all = files([(&name, &sfi(Engine::Ecdsa, ADDRESS, 300))]);
    let silent = Reason::NoAnswer(Duration::from_secs(5));
    for (fault, step, reason) in [
        (Fault::RefusesFragment(1), "sending the header", Reason::Status(0x12)),
        (Fault::RefusesFragment(40), "sending the firmware", Reason::Status(0x12)),
        (Fault::FallsSilent(40), "sending the firmware", silent.clone()),
        (Fault::RejectsFirmware, "waiting until the firmware is checked", Reason::Status(1)),
        (Fault::NeverBoots, "waiting for the firmware to boot", silent),
    ] {
        let mut controller = Intel { fault: Some(fault), ..Intel::new(0x17, Engine::Ecdsa) };
        let failure = failure(drive(Setup::new(0x8087, 0x0032), &mut controller, &all));
        assert_eq!((failure.step, &failure.reason), (step, &reason));
        assert!(controller.back_in_boot_loader && !failure.works_without);
    }
}

#[test]
fn what_is_told_of_one_that_leaves_is_where_it_was() {
    let all = files([("intel/ibt-0040-0041.sfi", &sfi(Engine::Ecdsa, ADDRESS, 300))]);
    let fault = Some(Fault::LeavesTheBus(40));
    let mut controller = Intel { fault, ..Intel::new(0x17, Engine::Ecdsa) };
    let failure = failure(drive(Setup::new(0x8087, 0x0032), &mut controller, &all));
    assert_eq!((failure.step, failure.reason), ("sending the firmware", Reason::Refused));
}

#[test]
fn settings_that_are_of_no_use_do_no_harm() {
    let (firmware, settings) = (format!("{AX210}.sfi"), format!("{AX210}.ddc"));
    let sfi = sfi(Engine::Ecdsa, ADDRESS, 20);
    for (file, fault, note) in [
        (&[9, 1, 2][..], None, ", without its settings: their file is damaged"),
        (&[2, 1, 2], Some(Fault::RefusesSettings), ", without all of its settings: it refused one"),
    ] {
        let mut controller = Intel { fault, ..Intel::new(0x17, Engine::Ecdsa) };
        let all = files([(&firmware, &sfi), (&settings, file)]);
        let outcome = drive(Setup::new(0x8087, 0x0032), &mut controller, &all);
        let Outcome::Loaded { files, version } = outcome else { panic!("{outcome}") };
        assert!(files.iter().eq([&firmware]));
        assert!(version.ends_with(note), "{version}");
    }
}

#[test]
fn what_cannot_be_done_is_not_begun() {
    let name = format!("{AX210}.sfi");
    let for_older = files([(&name, &sfi(Engine::RsaOnly, ADDRESS, 20))]);
    let good = files([(&name, &sfi(Engine::Ecdsa, ADDRESS, 20))]);
    let tries = |controller: Intel, files: &Files| {
        let mut controller = controller;
        let outcome = drive(Setup::new(0x8087, 0x0032), &mut controller, files);
        assert_eq!((controller.fragments, controller.back_in_boot_loader), (0, false));
        failure(outcome).to_string()
    };
    let text = tries(Intel::new(0x17, Engine::Ecdsa), &Files::new());
    assert!(text.ends_with("ibt-0040-0041.sfi is not there; Debian has it in firmware-iwlwifi"));
    let text = tries(Intel::new(0x17, Engine::Ecdsa), &for_older);
    assert!(text.contains("is for an older part"), "{text}");
    let text = tries(Intel { limited: 1, ..Intel::new(0x17, Engine::Ecdsa) }, &good);
    assert!(text.contains("does not acknowledge is not supported"), "{text}");
    let text = tries(Intel::new(0x2a, Engine::Ecdsa), &good);
    assert!(text.contains("variant 2a") && text.ends_with("is not supported"), "{text}");
    let text = tries(Intel::new(0x0b, Engine::RsaOnly), &Files::new());
    assert!(text.contains("intel/ibt-11-5.sfi is not there"), "{text}");
}

#[test]
fn events_on_bulk_in_are_heard_over_usb() {
    let (sfi, settings) = (sfi(Engine::RsaOnly, ADDRESS, 900), ddc(&[&[0x28, 1, 0x10]]));
    let stem = "intel/ibt-18-16-1";
    let (firmware, settings_file) = (format!("{stem}.sfi"), format!("{stem}.ddc"));
    let all = files([(&firmware, &sfi), (&settings_file, &settings)]);
    let controller = Intel::new(0x12, Engine::RsaOnly);
    let (outcome, _) = super::over_usb::over_usb((0x8087, 0x0025), controller, &all);
    let Outcome::Loaded { files, .. } = outcome else { panic!("{outcome}") };
    assert_eq!(files, [firmware, settings_file]);
}
