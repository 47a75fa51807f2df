//! An emulated Qualcomm controller, and what comes of it.

use super::build::{code, qualcomm_patch, qualcomm_settings};
use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// This bulk transfer fails.
    StallsAt(usize),
    NoVersion,
}

struct Qualcomm {
    rom: u32,
    patch: u32,
    ram: u32,
    board: [u8; 2],
    flags: u16,
    status: u8,
    /// Length of a patch's header.
    header: usize,
    /// What is being downloaded, and how long it says that it is.
    receives: Option<(Vec<u8>, usize)>,
    downloaded: Vec<Vec<u8>>,
    /// Until it takes the body.
    switching: Duration,
    restarting: Duration,
    pieces: usize,
    fault: Option<Fault>,
}

impl Qualcomm {
    fn new(rom: u32, header: usize) -> Qualcomm {
        Qualcomm {
            rom,
            patch: 0x0100,
            ram: 0,
            board: [0, 0],
            flags: 0,
            status: 0,
            header,
            receives: None,
            downloaded: Vec::new(),
            switching: Duration::ZERO,
            restarting: Duration::ZERO,
            pieces: 0,
            fault: None,
        }
    }

    fn rome() -> Qualcomm {
        Qualcomm::new(0x302, 28)
    }
}

impl Emulated for Qualcomm {
    fn command(&mut self, _: Over, opcode: u16, _: &[u8]) -> Vec<Vec<u8>> {
        panic!("{opcode:04x}: nothing goes through HCI")
    }

    fn request(&mut self, request: &Request) -> Option<Vec<u8>> {
        assert_eq!((request.value, request.index, self.restarting), (0, 0, Duration::ZERO));
        match (request.kind, request.request, request.read) {
            (0xc0, 9, _) if self.fault == Some(Fault::NoVersion) => Some(vec![0; 4]),
            (0xc0, 9, 20) => {
                let mut version = Vec::new();
                for word in [self.rom, self.patch, self.ram] {
                    version.extend(word.to_le_bytes());
                }
                version.extend(self.board);
                version.extend(self.flags.to_le_bytes());
                version.extend([0; 4]);
                Some(version)
            }
            (0xc0, 5, 1) => Some(vec![self.status]),
            (0x40, 1, 0) => {
                assert!(self.receives.is_none(), "the file before it is not complete");
                let is_patch = request.data[0] == 1;
                assert_eq!(request.data.len(), if is_patch { self.header } else { 4 });
                let length = u32::from_le_bytes(request.data[..4].try_into().unwrap()) >> 8;
                self.receives = Some((request.data.clone(), 4 + length as usize));
                self.switching = Duration::from_millis(20);
                Some(Vec::new())
            }
            _ => panic!("{request:x?}"),
        }
    }

    fn bulk(&mut self, data: &[u8]) -> bool {
        assert_eq!(self.switching, Duration::ZERO);
        self.pieces += 1;
        if self.fault == Some(Fault::StallsAt(self.pieces)) {
            return false;
        }
        let (received, length) = self.receives.as_mut().expect("a header came before");
        received.extend(data);
        assert!(received.len() <= *length);
        if received.len() < *length {
            assert_eq!(data.len(), 4096);
            return true;
        }
        let (file, _) = self.receives.take().unwrap();
        if file[0] == 1 {
            self.status |= 0x80;
            self.patch = 0x03e8;
            self.ram = 0x400c_1211;
        } else {
            assert!(self.status & 0x80 != 0, "the patch comes first");
            self.status |= 0x40;
            if self.rom == 0x0013_0201 {
                self.restarting = Duration::from_millis(100);
            }
        }
        self.downloaded.push(file);
        true
    }

    fn passes(&mut self, time: Duration) -> Vec<Vec<u8>> {
        self.switching = self.switching.saturating_sub(time);
        self.restarting = self.restarting.saturating_sub(time);
        Vec::new()
    }
}

const PATCH: &str = "qca/rampatch_usb_00000302.bin";
const SETTINGS: &str = "qca/nvm_usb_00000302.bin";

#[test]
fn a_part_gets_what_it_lacks() {
    let patch = qualcomm_patch(0x302, 28, 16, 0x03e8, &code(1, 3 * 4096 + 28));
    let settings = qualcomm_settings(&code(2, 1_994));
    let all = files([(PATCH, &patch), (SETTINGS, &settings)]);
    for (status, expected) in
        [(0x00, &[(PATCH, &patch), (SETTINGS, &settings)][..]), (0x80, &[(SETTINGS, &settings)])]
    {
        let mut controller = Qualcomm { status, ..Qualcomm::rome() };
        let outcome = drive(Setup::new(0x0cf3, 0xe300), &mut controller, &all);
        let Outcome::Loaded { files, .. } = outcome else { panic!("{outcome}") };
        assert!(files.iter().eq(expected.iter().map(|(name, _)| name)));
        assert!(controller.downloaded.iter().eq(expected.iter().map(|(_, file)| *file)));

        let outcome = drive(Setup::new(0x0cf3, 0xe300), &mut controller, &Files::new());
        assert!(matches!(outcome, Outcome::NotNeeded(_)), "{outcome}");
    }
}

#[test]
fn settings_are_named_by_board_and_patch() {
    let patch = qualcomm_patch(0x0013_0201, 40, 16, 0x5073, &code(1, 9_000));
    let settings = qualcomm_settings(&code(2, 6_000));
    for (board, flags, name) in [
        ([0x01, 0x0a], 0x8000, "qca/nvm_usb_00130201_gf_010a.bin"),
        ([0, 0], 0x8000, "qca/nvm_usb_00130201_gf.bin"),
        ([0x01, 0x0a], 0x0000, "qca/nvm_usb_00130201.bin"),
    ] {
        let all = files([("qca/rampatch_usb_00130201.bin", &patch), (name, &settings)]);
        let mut controller = Qualcomm { board, flags, ..Qualcomm::new(0x0013_0201, 40) };
        let outcome = drive(Setup::new(0x0489, 0xe0cc), &mut controller, &all);
        assert_eq!(
            outcome.to_string(),
            format!("loaded qca/rampatch_usb_00130201.bin, {name}: patch 03e8")
        );
    }
}

#[test]
fn what_goes_wrong_is_told() {
    let patch = qualcomm_patch(0x302, 28, 16, 0x03e8, &code(1, 9_000));
    let other = qualcomm_patch(0x300, 28, 16, 0x03e8, &code(1, 9_000));
    let older = qualcomm_patch(0x302, 28, 16, 0x0100, &code(1, 9_000));
    let tries = |fault, file: &[u8]| {
        let mut controller = Qualcomm { fault, ..Qualcomm::rome() };
        let outcome = drive(Setup::new(0x0cf3, 0xe300), &mut controller, &files([(PATCH, file)]));
        assert!(controller.downloaded.len() <= 1);
        failure(outcome).to_string()
    };
    for (fault, file, said) in [
        (None, &patch[..], "nvm_usb_00000302.bin is not there; Debian has it in firmware-atheros"),
        (None, &other, "rampatch_usb_00000302.bin: is for another ROM"),
        (None, &older, "is no newer (0100) than what the chip has"),
        (None, &patch[..500], "it is cut off or damaged"),
        (None, b"", "is no such Qualcomm file"),
        (Some(Fault::StallsAt(2)), &patch, "downloading the patch: the transfer failed"),
        (Some(Fault::NoVersion), &patch, "4 bytes of a version"),
    ] {
        let text = tries(fault, file);
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn older_parts_are_named_as_not_supported() {
    let mut ar3012 = Qualcomm::new(0x3101_0000, 28);
    let failure = failure(drive(Setup::new(0x0cf3, 0x3004), &mut ar3012, &Files::new()));
    assert!(matches!(failure.reason, Reason::NotSupported(_)) && failure.works_without);
}

#[test]
fn requests_and_data_go_over_usb() {
    let patch = qualcomm_patch(0x302, 28, 16, 0x03e8, &code(1, 3 * 4096 + 28));
    let settings = qualcomm_settings(&code(2, 1_994));
    let all = files([(PATCH, &patch), (SETTINGS, &settings)]);
    let (outcome, controller) = super::over_usb::over_usb((0x0cf3, 0xe300), Qualcomm::rome(), &all);
    let Outcome::Loaded { files, .. } = outcome else { panic!("{outcome}") };
    assert_eq!(files, [PATCH, SETTINGS]);
    assert_eq!(controller.lock().unwrap().downloaded, [patch, settings]);
}
