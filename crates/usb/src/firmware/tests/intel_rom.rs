//! An emulated Intel controller that runs from ROM, and what comes of it.

use super::build::{bseq, code};
use super::*;

struct Rom {
    /// Number of the patch that runs; the one that was written.
    patch: u8,
    written: Vec<u8>,
    manufacturer_mode: bool,
    /// Answers to this write are other than in the file.
    errs_at: Option<usize>,
    writes: usize,
    awake: bool,
}

impl Rom {
    fn new(errs_at: Option<usize>) -> Rom {
        let written = Vec::new();
        Rom { patch: 0, written, manufacturer_mode: false, errs_at, writes: 0, awake: false }
    }
}

impl Emulated for Rom {
    fn command(&mut self, over: Over, opcode: u16, parameters: &[u8]) -> Vec<Vec<u8>> {
        assert_eq!(over, Over::Control);
        assert!(self.awake || opcode == 0x0c03, "it was switched off: only a reset is heard");
        let returned = match (opcode, parameters, self.manufacturer_mode) {
            (0x0c03, [], false) => {
                self.awake = true;
                vec![0]
            }
            (0xfc05, [] | [0xff], false) => {
                vec![0, 0x37, 0x08, 0x10, 0x01, 0x10, 0x03, 0x11, 0x0e, self.patch]
            }
            (0xfc11, [1, 0], false) => {
                self.manufacturer_mode = true;
                vec![0]
            }
            (0xfc11, [0, how], true) => {
                self.manufacturer_mode = false;
                match how {
                    2 => self.patch = 0x27,
                    1 => self.written.clear(),
                    0 => assert!(self.written.is_empty(), "a patch would not be started"),
                    _ => panic!("{how}"),
                }
                vec![0]
            }
            (0xfc8e, patch, true) => {
                self.written.extend(patch);
                self.writes += 1;
                let result = u8::from(self.errs_at == Some(self.writes));
                return vec![event(0x0f, &[0, 1, 0x8e, 0xfc]), event(0xff, &[0x06, result])];
            }
            (0xfc2f, _, true) => vec![0],
            _ => panic!("{opcode:04x} {parameters:02x?}"),
        };
        vec![complete(opcode, &returned)]
    }
}

const OWN: &str = "intel/ibt-hw-37.8.10-fw-1.10.3.11.e.bseq";
const COMMON: &str = "intel/ibt-hw-37.8.bseq";

fn settings() -> Vec<u8> {
    bseq(&[(0xfc2f, &[1, 2, 3], &[(0x0e, &[1, 0x2f, 0xfc, 0])])])
}

fn patch(data: &[u8]) -> Vec<u8> {
    let events: [(u8, &[u8]); 2] = [(0x0f, &[0, 1, 0x8e, 0xfc]), (0xff, &[0x06, 0])];
    let writes = data.chunks(200).map(|data| bseq(&[(0xfc8e, data, &events)]));
    writes.chain([settings()]).flatten().collect()
}

#[test]
fn a_rom_is_patched() {
    let data = code(1, 5_000);
    let all = files([(OWN, &patch(&data)), (COMMON, &settings())]);
    let mut controller = Rom::new(None);
    let outcome = drive(Setup::new(0x8087, 0x0a2a), &mut controller, &all);
    let version = "variant 08 revision 1.0 build 3 week 17 2014 patch 39";
    assert_eq!(outcome.to_string(), format!("loaded {OWN}: {version}"));
    assert!(controller.written == data);
    let outcome = drive(Setup::new(0x8087, 0x0a2a), &mut controller, &Files::new());
    assert_eq!(outcome, Outcome::NotNeeded("has Intel's patch 39 already".to_owned()));
}

#[test]
fn settings_alone_do_not_start_a_patch() {
    let mut controller = Rom::new(None);
    let all = files([(COMMON, &settings())]);
    let outcome = drive(Setup::new(0x8087, 0x0a2a), &mut controller, &all);
    assert!(outcome.to_string().ends_with("patch 0") && !controller.manufacturer_mode, "{outcome}");
}

#[test]
fn whatever_goes_wrong_the_rom_works() {
    let good = patch(&code(1, 2_000));
    for (errs_at, all) in [
        (Some(4), files([(OWN, &good)])),
        (None, files([(OWN, &good[..good.len() - 1])])),
        (None, files([(OWN, b"")])),
        (None, Files::new()),
    ] {
        let mut controller = Rom::new(errs_at);
        let failure = failure(drive(Setup::new(0x8087, 0x0a2a), &mut controller, &all));
        assert!(failure.works_without, "{failure}");
        assert!(!controller.manufacturer_mode && controller.written.is_empty());
    }
}
