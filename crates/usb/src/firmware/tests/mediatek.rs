//! An emulated MediaTek controller, and what comes of it.

use super::build::{code, mediatek};
use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The answer to this piece says that the chip is busy.
    BusyAtPiece(usize),
    NeverAnswers,
    StaysBusy,
    /// Answers something else.
    Confused,
}

struct MediaTek {
    chip: u32,
    version: u32,
    flavour: u32,
    /// Sections that it has; of each, what it was told and the data.
    sections: Vec<(Vec<u8>, Vec<u8>)>,
    /// The firmware was loaded before.
    has_firmware: bool,
    /// A section was announced and is not yet complete.
    open: Option<Section>,
    pieces: usize,
    /// How often the first section is answered with "busy".
    busy: usize,
    /// The answer, and how often it is asked for in vain before.
    answer: Option<(usize, Vec<u8>)>,
    /// The answer comes by itself.
    by_itself: bool,
    fault: Option<Fault>,
    reset_options: bool,
    on: bool,
    waited: Duration,
}

struct Section {
    map: Vec<u8>,
    data: Vec<u8>,
    length: usize,
}

impl MediaTek {
    fn mt7961() -> MediaTek {
        MediaTek {
            chip: 0x7961,
            version: 0x8a01,
            flavour: 0x18,
            sections: Vec::new(),
            has_firmware: false,
            open: None,
            pieces: 0,
            busy: 0,
            answer: None,
            by_itself: false,
            fault: None,
            reset_options: false,
            on: false,
            waited: Duration::ZERO,
        }
    }

    fn announced(&mut self, map: &[u8]) -> u8 {
        assert!(self.open.is_none(), "the section before it is not complete");
        assert_eq!((map.len(), map[0]), (53, 0));
        if self.fault == Some(Fault::StaysBusy) || self.busy > 0 {
            self.busy = self.busy.saturating_sub(1);
            return 1;
        }
        if self.has_firmware {
            return 2;
        }
        let length = u32::from_le_bytes(map[5..9].try_into().unwrap()) as usize;
        assert!(length > 0, "a section that is not for the chip");
        self.open = Some(Section { map: map[1..].to_vec(), data: Vec::new(), length });
        0
    }

    fn piece(&mut self, flag: u8, piece: &[u8]) -> u8 {
        let section = self.open.as_mut().expect("a section was announced");
        let first = section.data.is_empty();
        section.data.extend(piece);
        let complete = section.data.len() == section.length;
        assert!(section.data.len() <= section.length);
        assert!(complete || piece.len() == 250);
        let expected = if first {
            1
        } else if complete {
            3
        } else {
            2
        };
        assert_eq!(flag, expected);
        if complete {
            let section = self.open.take().unwrap();
            self.sections.push((section.map, section.data));
        }
        self.pieces += 1;
        if self.fault == Some(Fault::BusyAtPiece(self.pieces)) { 1 } else { 0 }
    }
}

impl Emulated for MediaTek {
    fn command(&mut self, over: Over, opcode: u16, parameters: &[u8]) -> Vec<Vec<u8>> {
        assert_eq!((over, opcode), (Over::Control, 0xfc6f), "it does not speak HCI yet");
        assert!(self.answer.is_none(), "the answer before was not fetched");
        let [1, operation, low, high, flag, data @ ..] = parameters else {
            panic!("{parameters:02x?}")
        };
        assert_eq!(usize::from(u16::from_le_bytes([*low, *high])), data.len() + 1);
        let flag = match (operation, flag) {
            (1, 0) => self.announced(data),
            (1, flag) => self.piece(*flag, data),
            (6, 0) => {
                assert!(self.reset_options && self.waited >= Duration::from_millis(100));
                assert_eq!(data, [1]);
                self.on = true;
                0
            }
            _ => panic!("{parameters:02x?}"),
        };
        let operation = if self.fault == Some(Fault::Confused) { 0x17 } else { *operation };
        let answer = event(0xe4, &[2, operation, 1, 0, flag]);
        if self.by_itself {
            return vec![answer];
        }
        self.answer = Some((3, answer));
        Vec::new()
    }

    fn request(&mut self, request: &Request) -> Option<Vec<u8>> {
        let register = u32::from(request.value) << 16 | u32::from(request.index);
        match (request.kind, request.request, request.read) {
            (0xc0, 0x63, 4) => {
                let content = match register {
                    0x8000_0008 => 0,
                    0x7001_0200 => self.chip,
                    0x8002_1004 => self.version,
                    0x7001_0020 => self.flavour,
                    _ => panic!("{request:x?}"),
                };
                Some(content.to_le_bytes().to_vec())
            }
            (0xc0, 1, 64) => {
                assert_eq!(register, 48 << 16);
                match &mut self.answer {
                    _ if self.fault == Some(Fault::NeverAnswers) => Some(Vec::new()),
                    Some((0, _)) => self.answer.take().map(|(_, answer)| answer),
                    Some((times, _)) => {
                        *times -= 1;
                        Some(Vec::new())
                    }
                    None => panic!("nothing was asked"),
                }
            }
            (0x5e, 2, 0) => {
                assert_eq!(register, 0x7401_1890);
                assert_eq!(request.data, 0x0001_0001_u32.to_le_bytes());
                self.reset_options = true;
                Some(Vec::new())
            }
            _ => panic!("{request:x?}"),
        }
    }

    fn passes(&mut self, time: Duration) -> Vec<Vec<u8>> {
        self.waited += time;
        Vec::new()
    }
}

const NAME: &str = "mediatek/BT_RAM_CODE_MT7961_1_2_hdr.bin";

fn bring_up(controller: &mut MediaTek, name: &str, file: &[u8]) -> Outcome {
    drive(Setup::new(0x13d3, 0x3563), controller, &files([(name, file)]))
}

#[test]
fn a_part_gets_its_sections_and_is_switched_on() {
    let sections = [code(1, 5_000), code(2, 250), code(3, 7), code(4, 20_001)];
    let file = mediatek(&[&sections[0], &sections[1], &sections[2], &sections[3]]);
    for by_itself in [false, true] {
        let mut controller = MediaTek { by_itself, busy: 2, ..MediaTek::mt7961() };
        let outcome = bring_up(&mut controller, NAME, &file);
        assert_eq!(outcome.to_string(), format!("loaded {NAME}: 20230117171152"));
        assert!(controller.on);
        assert!(controller.sections.iter().map(|(_, data)| data).eq(&sections));
        for (n, (map, _)) in controller.sections.iter().enumerate() {
            assert_eq!(map[..4], 0x90_0000_u32.to_le_bytes());
            assert_eq!(map[8..], code(u8::try_from(n).unwrap(), 44));
        }
    }
}

#[test]
fn files_are_named_by_chip_version_and_flavour() {
    let file = mediatek(&[&code(1, 300)]);
    for (chip, version, flavour, name) in [
        (0x7961, 0x01, 0x98, "mediatek/BT_RAM_CODE_MT7961_1a_2_hdr.bin"),
        (0x7922, 0x8a00, 0x98, "mediatek/BT_RAM_CODE_MT7922_1_1_hdr.bin"),
        (0x7925, 0x8a00, 0x00, "mediatek/mt7925/BT_RAM_CODE_MT7925_1_1_hdr.bin"),
        (0x7902, 0x8a0e, 0x00, "mediatek/BT_RAM_CODE_MT7902_1_f_hdr.bin"),
    ] {
        let mut controller = MediaTek { chip, version, flavour, ..MediaTek::mt7961() };
        let outcome = bring_up(&mut controller, name, &file);
        assert!(matches!(outcome, Outcome::Loaded { .. }), "{outcome}");
    }
    let mut old = MediaTek { chip: 0x7668, ..MediaTek::mt7961() };
    let failure = failure(bring_up(&mut old, NAME, &file));
    assert_eq!(failure.reason, Reason::NotSupported("MediaTek's part 7668".to_owned()));
}

#[test]
fn firmware_that_is_there_is_left_and_switched_on() {
    let mut controller = MediaTek { has_firmware: true, ..MediaTek::mt7961() };
    let outcome = bring_up(&mut controller, NAME, &mediatek(&[&code(1, 900), &code(2, 900)]));
    let why = "the controller has MediaTek's firmware already".to_owned();
    assert_eq!(outcome, Outcome::NotNeeded(why));
    assert!(controller.on && controller.pieces == 0);
}

#[test]
fn what_goes_wrong_is_told() {
    let file = mediatek(&[&code(1, 5_000)]);
    for (fault, step) in [
        (Fault::BusyAtPiece(3), "downloading a section"),
        (Fault::NeverAnswers, "announcing a section"),
        (Fault::StaysBusy, "announcing a section"),
        (Fault::Confused, "announcing a section"),
    ] {
        let mut controller = MediaTek { fault: Some(fault), ..MediaTek::mt7961() };
        let failure = failure(bring_up(&mut controller, NAME, &file));
        assert_eq!(failure.step, step);
        assert!(!controller.on && !failure.works_without);
    }
    let outcome = bring_up(&mut MediaTek::mt7961(), "elsewhere", &file);
    let text = failure(outcome).to_string();
    assert!(text.contains("firmware-mediatek"), "{text}");
    let outcome = bring_up(&mut MediaTek::mt7961(), NAME, &file[..3_000]);
    assert!(matches!(failure(outcome).reason, Reason::File { .. }));
}

#[test]
fn requests_go_over_usb() {
    let sections = [code(1, 5_000), code(2, 250)];
    let file = mediatek(&[&sections[0], &sections[1]]);
    let controller = MediaTek { busy: 2, ..MediaTek::mt7961() };
    let all = files([(NAME, &file)]);
    let (outcome, controller) = super::over_usb::over_usb((0x13d3, 0x3563), controller, &all);
    assert_eq!(outcome.to_string(), format!("loaded {NAME}: 20230117171152"));
    let controller = controller.lock().unwrap();
    assert!(controller.on && controller.sections.iter().map(|(_, data)| data).eq(&sections));
}
