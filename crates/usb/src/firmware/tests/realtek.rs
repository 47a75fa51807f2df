//! An emulated Realtek controller, and what comes of it.

use super::build::{code, realtek_1, realtek_2, realtek_config};
use super::*;

/// What is to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// This fragment is refused.
    Refuses(usize),
    /// From this fragment on there is no answer.
    FallsSilent(usize),
    /// Before this fragment the chip starts again with its ROM.
    Resets(usize),
}

struct Realtek {
    /// HCI version, HCI revision, LMP subversion of the ROM.
    rom: (u8, u16, u16),
    rom_version: u8,
    key: u8,
    /// What the patch reports, once it runs: HCI revision, LMP subversion.
    patched: Option<(u16, u16)>,
    received: Vec<u8>,
    fragments: usize,
    fault: Option<Fault>,
    /// Time that is left until it is back from dropping its patch.
    dropping: Duration,
}

impl Realtek {
    fn new(rom: (u8, u16, u16), rom_version: u8) -> Realtek {
        let (received, dropping) = (Vec::new(), Duration::ZERO);
        Realtek {
            rom,
            rom_version,
            key: 0,
            patched: None,
            received,
            fragments: 0,
            fault: None,
            dropping,
        }
    }

    fn rtl8761bu() -> Realtek {
        Realtek::new((0x0a, 0x0b, 0x8761), 1)
    }

    fn download(&mut self, index: u8, data: &[u8]) -> Vec<Vec<u8>> {
        let n = self.fragments;
        match self.fault {
            Some(Fault::Refuses(at)) if at == n => return vec![complete(0xfc20, &[0x12, index])],
            Some(Fault::FallsSilent(at)) if at <= n => return Vec::new(),
            Some(Fault::Resets(at)) if at == n => {
                self.fault = None;
                self.received.clear();
                self.fragments = 0;
            }
            _ => {}
        }
        let n = self.fragments;
        let expected = if n < 0x80 { n } else { 1 + (n - 0x80) % 0x7f };
        if usize::from(index & 0x7f) != expected {
            return vec![complete(0xfc20, &[0x12, index])];
        }
        self.received.extend(data);
        self.fragments += 1;
        if index & 0x80 == 0 {
            assert_eq!(data.len(), 252, "only the last fragment is shorter");
        } else {
            assert!(data.len() < 252);
            self.patched = Some((0xdfc6, 0xd922));
        }
        vec![complete(0xfc20, &[0, index])]
    }
}

impl Emulated for Realtek {
    fn command(&mut self, over: Over, opcode: u16, parameters: &[u8]) -> Vec<Vec<u8>> {
        assert_eq!(over, Over::Control);
        if self.dropping > Duration::ZERO {
            return Vec::new();
        }
        match (opcode, parameters) {
            (0x1001, []) => {
                let (revision, subversion) = self.patched.unwrap_or((self.rom.1, self.rom.2));
                vec![local_version(self.rom.0, revision, 93, subversion)]
            }
            (0xfc6d, []) if self.patched.is_none() => {
                vec![complete(opcode, &[0, self.rom_version])]
            }
            (0xfc61, [0x10, 0xa4, 0xad, 0x00, 0xb0]) => vec![complete(opcode, &[0, self.key, 0])],
            (0xfc66, []) => {
                self.patched = None;
                self.received.clear();
                self.fragments = 0;
                self.dropping = Duration::from_millis(150);
                Vec::new()
            }
            (0xfc20, [index, data @ ..]) if self.patched.is_none() => self.download(*index, data),
            _ => panic!("{opcode:04x} {parameters:02x?} at the wrong time"),
        }
    }

    fn passes(&mut self, time: Duration) -> Vec<Vec<u8>> {
        self.dropping = self.dropping.saturating_sub(time);
        Vec::new()
    }
}

const FIRMWARE: &str = "rtl_bt/rtl8761bu_fw.bin";
const CONFIG: &str = "rtl_bt/rtl8761bu_config.bin";

fn patches(length: usize) -> (Vec<u8>, Vec<u8>) {
    let (other, ours) = (code(1, 500), code(2, length));
    let file = realtek_1(14, 0xdfc6_d922, &[(0, &other), (1, &ours)]);
    let mut image = ours;
    image.truncate(length - 4);
    image.extend(0xdfc6_d922_u32.to_le_bytes());
    (file, image)
}

#[test]
fn a_dongle_gets_its_patch_and_settings() {
    let (file, mut image) = patches(30_204);
    let config = realtek_config(&[0xd9, 0, 1, 0x0f]);
    image.extend(&config);
    let mut controller = Realtek::rtl8761bu();
    let files = files([(FIRMWARE, &file), (CONFIG, &config)]);
    let outcome = drive(Setup::new(0x0bda, 0x8771), &mut controller, &files);
    assert_eq!(outcome.to_string(), format!("loaded {FIRMWARE}, {CONFIG}: dfc6d922"));
    assert!(controller.received == image);

    // Who comes after that leaves it alone, with or without files.
    let outcome = drive(Setup::new(0x0bda, 0x8771), &mut controller, &Files::new());
    let why = "runs Realtek's patch dfc6d922 already".to_owned();
    assert_eq!(outcome, Outcome::NotNeeded(why));

    // Unless it is told not to.
    controller.received.clear();
    let outcome = drive(Setup::afresh(0x0bda, 0x8771), &mut controller, &files);
    assert!(matches!(outcome, Outcome::Loaded { .. }), "{outcome}");
    assert!(controller.received == image);
}

#[test]
fn fragments_are_counted_past_127_and_the_last_may_be_empty() {
    for length in [252, 252 * 128, 252 * 128 + 1, 252 * 255, 252 * 256 + 9, 60_000] {
        let (file, image) = patches(length);
        let mut controller = Realtek::rtl8761bu();
        let files = files([(FIRMWARE, &file)]);
        let outcome = drive(Setup::new(0x2357, 0x0604), &mut controller, &files);
        assert_eq!(outcome.to_string(), format!("loaded {FIRMWARE}: dfc6d922"), "{length}");
        assert!(controller.received == image, "{length}");
    }
}

#[test]
fn format_2_is_put_together_by_priority_and_key() {
    let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(|seed| code(seed, 300 + usize::from(seed)));
    let file = realtek_2(
        44,
        &[
            (1, &[(0, 15, 0, &a), (1, 15, 0, &b), (1, 15, 0, &c)]),
            (3, &[(1, 1, 1, &d), (1, 1, 2, &e), (0, 1, 1, &a)]),
            (8, &[(1, 0, 0, &a)]),
        ],
    );
    let config = realtek_config(&[]);
    let name = "rtl_bt/rtl8922au_fw.bin";
    let files = files([(name, &file), ("rtl_bt/rtl8922au_config.bin", &config)]);
    let without = [&c[..], &b, &config].concat();
    let with = [&e[..], &c, &b].concat();
    for (key, image) in [(0, without), (2, with)] {
        let mut controller = Realtek { key, ..Realtek::new((0x0c, 0x0a, 0x8922), 1) };
        let outcome = drive(Setup::new(0x0bda, 0x8922), &mut controller, &files);
        assert!(matches!(outcome, Outcome::Loaded { .. }), "{outcome}");
        assert!(controller.received == image, "key {key}");
    }
}

#[test]
fn the_newer_of_two_formats_is_preferred() {
    let (a, old) = (code(1, 400), realtek_1(25, 1, &[(1, &code(2, 400))]));
    let new = realtek_2(25, &[(1, &[(1, 15, 0, &a)])]);
    let (v2, v1) = ("rtl_bt/rtl8852cu_fw_v2.bin", "rtl_bt/rtl8852cu_fw.bin");
    for files in [files([(v2, &new), (v1, &old)]), files([(v1, &old)])] {
        let mut controller = Realtek::new((0x0c, 0x0c, 0x8852), 1);
        let outcome = drive(Setup::new(0x13d3, 0x3586), &mut controller, &files);
        let Outcome::Loaded { files: loaded, .. } = outcome else { panic!("{outcome}") };
        assert_eq!([loaded[0].as_str()], [files.keys().max_by_key(|name| name.len()).unwrap()]);
    }
}

#[test]
fn the_oldest_gets_a_whole_firmware() {
    let whole = code(9, 24_548);
    let mut controller = Realtek::new((0x06, 0x0b, 0x1200), 0);
    let name = "rtl_bt/rtl8723a_fw.bin";
    let outcome = drive(Setup::new(0x0bda, 0x8723), &mut controller, &files([(name, &whole)]));
    assert!(matches!(outcome, Outcome::Loaded { .. }), "{outcome}");
    assert!(controller.received == whole);
    let newer = realtek_1(0, 1, &[(0, &whole)]);
    let mut controller = Realtek::new((0x06, 0x0b, 0x1200), 0);
    let outcome = drive(Setup::new(0x0bda, 0x8723), &mut controller, &files([(name, &newer)]));
    assert!(matches!(failure(outcome).reason, Reason::File { .. }));
}

#[test]
fn missing_and_wrong_files_are_named() {
    let said = |controller: &mut Realtek, files: &Files| {
        let failure = failure(drive(Setup::new(0x0bda, 0x8771), controller, files));
        assert!(!failure.works_without && controller.received.is_empty());
        failure.to_string()
    };
    let mut controller = Realtek::rtl8761bu();
    assert_eq!(
        said(&mut controller, &Files::new()),
        "firmware: looking for the firmware: rtl_bt/rtl8761bu_fw.bin is not there; \
         Debian has it in firmware-realtek"
    );
    let other = realtek_1(25, 1, &[(1, &code(1, 300))]);
    let text = said(&mut controller, &files([(FIRMWARE, &other)]));
    assert!(text.ends_with("rtl8761bu_fw.bin: is for another part (project 25)"), "{text}");
    let unfit = realtek_1(14, 1, &[(0, &code(1, 300)), (2, &code(2, 300))]);
    let text = said(&mut controller, &files([(FIRMWARE, &unfit)]));
    assert!(text.contains("no patch for this version of the chip"), "{text}");
    let text = said(&mut controller, &files([(FIRMWARE, &patches(500).0), (CONFIG, b"hello")]));
    assert!(text.ends_with("rtl8761bu_config.bin: is no Realtek configuration"), "{text}");
    let mut needs_settings = Realtek::new((0x07, 0x0b, 0x8822), 1);
    let file = realtek_1(8, 1, &[(1, &code(1, 300))]);
    let text = said(&mut needs_settings, &files([("rtl_bt/rtl8822b_fw.bin", &file)]));
    assert!(text.contains("rtl8822b_config.bin is not there"), "{text}");
}

#[test]
fn a_part_that_nobody_knows_is_left() {
    let mut controller = Realtek::new((0x0e, 0x0b, 0x8852), 1);
    let failure = failure(drive(Setup::new(0x0bda, 0x1234), &mut controller, &Files::new()));
    assert!(matches!(failure.reason, Reason::NotSupported(_)) && failure.works_without);
}

#[test]
fn what_breaks_off_is_told_and_can_be_done_again() {
    let (file, image) = patches(30_204);
    let files = files([(FIRMWARE, &file)]);
    for (fault, reason) in [
        (Fault::Refuses(7), Reason::Status(0x12)),
        (Fault::FallsSilent(7), Reason::NoAnswer(Duration::from_secs(5))),
        (Fault::Resets(7), Reason::Status(0x12)),
    ] {
        let mut controller = Realtek { fault: Some(fault), ..Realtek::rtl8761bu() };
        let failure = failure(drive(Setup::new(0x0bda, 0x8771), &mut controller, &files));
        assert_eq!((failure.step, failure.reason), ("downloading the patch", reason));
        assert_eq!(controller.patched, None);
        // A new power-up.
        let mut controller = Realtek::rtl8761bu();
        let outcome = drive(Setup::new(0x0bda, 0x8771), &mut controller, &files);
        assert!(matches!(outcome, Outcome::Loaded { .. }), "{outcome}");
        assert!(controller.received == image);
    }
}

#[test]
fn a_patch_goes_over_usb() {
    let ((file, mut image), config) = (patches(700), realtek_config(&[0xd9, 0, 1, 0x0f]));
    image.extend(&config);
    let all = files([(FIRMWARE, &file), (CONFIG, &config)]);
    let controller = Realtek::rtl8761bu();
    let (outcome, controller) = super::over_usb::over_usb((0x0bda, 0x8771), controller, &all);
    assert_eq!(outcome.to_string(), format!("loaded {FIRMWARE}, {CONFIG}: dfc6d922"));
    assert!(controller.lock().unwrap().received == image);
}
