//! An emulated Broadcom controller, and what comes of it.

use super::build::{code, hcd};
use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Rom,
    Minidriver,
    Launched,
    Patched,
}

struct Broadcom {
    state: State,
    /// Build of the ROM, and with the patch.
    build: u16,
    patched_build: u16,
    memory: Vec<u8>,
    next_address: u32,
    refuses: Option<usize>,
    writes: usize,
    /// How long it hears nothing yet.
    busy: Duration,
}

const ADDRESS: u32 = 0x21_0000;

impl Broadcom {
    fn new(build: u16) -> Broadcom {
        Broadcom {
            state: State::Rom,
            build,
            patched_build: 1761,
            memory: Vec::new(),
            next_address: ADDRESS,
            refuses: None,
            writes: 0,
            busy: Duration::ZERO,
        }
    }
}

impl Emulated for Broadcom {
    fn command(&mut self, over: Over, opcode: u16, parameters: &[u8]) -> Vec<Vec<u8>> {
        assert_eq!((over, self.busy), (Over::Control, Duration::ZERO));
        let returned: &[u8] = match (opcode, parameters, self.state) {
            (0x1001, [], State::Rom | State::Patched) => {
                let patched = self.state == State::Patched;
                let build = if patched { self.patched_build } else { self.build };
                return vec![local_version(6, 0x1000 | build, 15, 0x220e)];
            }
            (0x0c03, [], State::Rom | State::Launched) => {
                if self.state == State::Launched {
                    self.state = State::Patched;
                }
                self.busy = Duration::from_millis(100);
                &[0]
            }
            (0xfc5a, [], State::Rom) => &[0, 0x5c, 0x0a, 0xe8, 0x21],
            (0xfc2e, [], State::Rom) => {
                self.state = State::Minidriver;
                self.busy = Duration::from_millis(50);
                &[0]
            }
            (0xfc4c, [a, b, c, d, data @ ..], State::Minidriver) => {
                assert_eq!(u32::from_le_bytes([*a, *b, *c, *d]), self.next_address);
                self.next_address += u32::try_from(data.len()).unwrap();
                self.memory.extend(data);
                self.writes += 1;
                if self.refuses == Some(self.writes) { &[0x12] } else { &[0] }
            }
            (0xfc4e, [0xff, 0xff, 0xff, 0xff], State::Minidriver) => {
                self.state = State::Launched;
                self.busy = Duration::from_millis(250);
                &[0]
            }
            _ => panic!("{opcode:04x} {parameters:02x?} in {:?}", self.state),
        };
        vec![complete(opcode, returned)]
    }

    fn passes(&mut self, time: Duration) -> Vec<Vec<u8>> {
        self.busy = self.busy.saturating_sub(time);
        Vec::new()
    }
}

const NAME: &str = "brcm/BCM20702A1-0a5c-21e8.hcd";

#[test]
fn a_dongle_gets_its_patch() {
    let memory = code(1, 50_000);
    let hcd = hcd(ADDRESS, &memory);
    for name in [NAME, "brcm/BCM-0a5c-21e8.hcd"] {
        let mut controller = Broadcom::new(0);
        // The ids in the name are the chip's own.
        let outcome = drive(Setup::new(0x0b05, 0x17cb), &mut controller, &files([(name, &hcd)]));
        assert_eq!(outcome.to_string(), format!("loaded {name}: build 1761"));
        assert!(controller.memory == memory);
        let outcome = drive(Setup::new(0x0b05, 0x17cb), &mut controller, &Files::new());
        assert_eq!(outcome, Outcome::NotNeeded("runs Broadcom's build 1761 already".to_owned()));
    }
}

#[test]
fn without_a_file_it_stays_as_it_is() {
    let mut controller = Broadcom::new(0);
    let failure = failure(drive(Setup::new(0x0a5c, 0x21e8), &mut controller, &Files::new()));
    assert!(failure.works_without && controller.state == State::Rom);
    let text = failure.to_string();
    assert!(text.contains(NAME) && text.contains("brcm/BCM-0a5c-21e8.hcd"), "{text}");
}

#[test]
fn a_damaged_file_does_not_touch_the_chip() {
    let good = hcd(ADDRESS, &code(1, 1_000));
    let mut reset = good.clone();
    reset.splice(..0, [0x03, 0x0c, 0]);
    for bad in [
        &good[..good.len() - 1],
        &good[..good.len() - 7],
        &reset,
        &[good.clone(), vec![0]].concat(),
        &[],
    ] {
        let mut controller = Broadcom::new(0);
        let outcome = drive(Setup::new(0x0a5c, 0x21e8), &mut controller, &files([(NAME, bad)]));
        let failure = failure(outcome);
        assert!(matches!(failure.reason, Reason::File { .. }), "{failure}");
        assert!(failure.works_without && controller.state == State::Rom);
    }
}

#[test]
fn a_refused_write_ends_it() {
    let mut controller = Broadcom { refuses: Some(3), ..Broadcom::new(0) };
    let hcd = hcd(ADDRESS, &code(1, 5_000));
    let outcome = drive(Setup::new(0x0a5c, 0x21e8), &mut controller, &files([(NAME, &hcd)]));
    let failure = failure(outcome);
    assert_eq!((failure.reason, failure.works_without), (Reason::Status(0x12), false));
    assert_eq!((controller.writes, controller.state), (3, State::Minidriver));
}
