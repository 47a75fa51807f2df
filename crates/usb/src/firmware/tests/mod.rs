//! Conversations with emulated controllers, one a family. They were written from the same public
//! facts as the procedures, and check whatever a real one would stumble over.

mod broadcom;
mod build;
mod hostile;
mod intel;
mod intel_rom;
mod library;
mod mediatek;
mod over_usb;
mod properties;
mod qualcomm;
mod realtek;

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Action, Failure, Found, Input, Outcome, Reason, Request, Setup};

/// A controller, or what pretends to be one.
trait Emulated {
    /// A command came; the events that answer it.
    fn command(&mut self, over: Over, opcode: u16, parameters: &[u8]) -> Vec<Vec<u8>>;

    /// A control request came; what it reads, or nothing if it stalls.
    fn request(&mut self, request: &Request) -> Option<Vec<u8>> {
        panic!("{request:?} is none that this controller knows")
    }

    /// Whether it has left the bus.
    fn is_gone(&self) -> bool {
        false
    }

    /// Data came over bulk out; whether it was taken.
    fn bulk(&mut self, _data: &[u8]) -> bool {
        panic!("it takes no data")
    }

    /// Time passes; the events that come in it.
    fn passes(&mut self, _time: Duration) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Control,
    Bulk,
}

type Files = BTreeMap<String, Vec<u8>>;

fn files<const N: usize>(files: [(&str, &[u8]); N]) -> Files {
    files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect()
}

/// Drives a set-up as [`Setup`]'s documentation says, in virtual time, to its end.
fn drive(mut setup: Setup, controller: &mut dyn Emulated, files: &Files) -> Outcome {
    for _ in 0..100_000 {
        let within = setup.step().within;
        if controller.is_gone() && !matches!(setup.step().action, Action::End(_)) {
            assert!(setup.feed(Input::Refused), "nothing can be sent: {:?}", setup.step());
            continue;
        }
        let events = match setup.step().action.clone() {
            Action::End(outcome) => return outcome,
            Action::Wait => Vec::new(),
            Action::Command(packet) => send(controller, Over::Control, &packet),
            Action::BulkCommand(packet) => {
                assert!(setup.events_on_bulk(), "the answer may come there");
                send(controller, Over::Bulk, &packet)
            }
            Action::Bulk(data) => {
                let taken = controller.bulk(&data);
                assert!(setup.feed(if taken { Input::Data(&[]) } else { Input::Refused }));
                continue;
            }
            Action::Request(request) => {
                let answer = controller.request(&request);
                if let Some(data) = &answer {
                    assert!(data.len() <= usize::from(request.read), "{request:?}");
                }
                let input = answer.as_deref().map_or(Input::Refused, Input::Data);
                assert!(setup.feed(input), "a request's answer ends its step");
                continue;
            }
            Action::Load(name) => {
                let found = files.get(&name).cloned().map_or(Found::Missing, Found::Plain);
                assert!(setup.feed(Input::File(found)), "a file ends its step");
                continue;
            }
        };
        // An event that comes when the step has ended belongs to the next, as on a bus.
        let mut new = false;
        for event in events {
            new |= setup.feed(Input::Event(&event));
        }
        if !new {
            for event in controller.passes(within) {
                new |= setup.feed(Input::Event(&event));
            }
        }
        if !new {
            assert!(setup.feed(Input::Elapsed), "time ends every step: {:?}", setup.step());
        }
    }
    panic!("it goes on for ever: {:?}", setup.step());
}

fn send(controller: &mut dyn Emulated, over: Over, packet: &[u8]) -> Vec<Vec<u8>> {
    let [low, high, length, parameters @ ..] = packet else { panic!("{packet:02x?}") };
    assert_eq!(usize::from(*length), parameters.len());
    controller.command(over, u16::from_le_bytes([*low, *high]), parameters)
}

/// Command Complete with these return parameters.
fn complete(opcode: u16, returned: &[u8]) -> Vec<u8> {
    let [low, high] = opcode.to_le_bytes();
    event(0x0e, &[&[1, low, high], returned].concat())
}

fn event(code: u8, parameters: &[u8]) -> Vec<u8> {
    [&[code, u8::try_from(parameters.len()).unwrap()], parameters].concat()
}

/// The answer to Read Local Version Information.
fn local_version(hci: u8, revision: u16, manufacturer: u16, subversion: u16) -> Vec<u8> {
    let mut returned = vec![0, hci];
    returned.extend(revision.to_le_bytes());
    returned.push(hci);
    returned.extend(manufacturer.to_le_bytes());
    returned.extend(subversion.to_le_bytes());
    complete(0x1001, &returned)
}

fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("{other}"),
    }
}

/// Says nothing at all.
struct Dead;

impl Emulated for Dead {
    fn command(&mut self, _: Over, _: u16, _: &[u8]) -> Vec<Vec<u8>> {
        Vec::new()
    }

    fn request(&mut self, _: &Request) -> Option<Vec<u8>> {
        None
    }
}

#[test]
fn a_dead_controller_is_given_up() {
    for (vendor, product) in
        [(0x0bda, 0x8771), (0x8087, 0x0026), (0x8087, 0x0032), (0x0a5c, 0x21e8)]
    {
        let failure = failure(drive(Setup::new(vendor, product), &mut Dead, &Files::new()));
        assert_eq!(failure.reason, Reason::NoAnswer(Duration::from_secs(5)), "{vendor:04x}");
    }
    for (vendor, product) in [(0x0e8d, 0x7961), (0x0cf3, 0xe300)] {
        let failure = failure(drive(Setup::new(vendor, product), &mut Dead, &Files::new()));
        assert_eq!(failure.reason, Reason::Refused, "{vendor:04x}");
    }
}

#[test]
fn other_makers_need_nothing() {
    struct Csr;
    impl Emulated for Csr {
        fn command(&mut self, _: Over, opcode: u16, _: &[u8]) -> Vec<Vec<u8>> {
            assert_eq!(opcode, 0x1001);
            vec![local_version(6, 0x22bb, 10, 0x22bb)]
        }
    }
    for (vendor, product) in [(0x0a12, 1), (0x8087, 0x07da)] {
        let outcome = drive(Setup::new(vendor, product), &mut Csr, &Files::new());
        assert_eq!(outcome.to_string(), "no firmware loaded: parts of company 10 need nothing");
    }
}

#[test]
fn nothing_that_is_not_an_answer_ends_a_step() {
    let mut setup = Setup::new(0x0bda, 0x8771);
    let step = setup.step().clone();
    let strays: [&[u8]; 9] = [
        &[],
        &[0x0e],
        &[0x0e, 4, 1, 0x01],
        &[0x0e, 3, 1, 0x01, 0x10],
        &[0x0e, 4, 1, 0x02, 0x10, 0],
        &[0x0f, 4, 0, 1, 0x01, 0x10],
        &[0xff, 1, 2],
        &[0xff, 0],
        &[0x10, 1, 0x42],
    ];
    for event in strays.into_iter().cycle().take(1_000) {
        assert!(!setup.feed(Input::Event(event)), "{event:02x?}");
    }
    assert!(!setup.feed(Input::Data(&[1, 2, 3])));
    assert!(!setup.feed(Input::File(Found::Missing)));
    assert_eq!(*setup.step(), step);
    // A command status with an error is an answer.
    assert!(setup.feed(Input::Event(&[0x0f, 4, 0x0c, 1, 0x01, 0x10])));
    let Action::End(Outcome::Failed(failure)) = &setup.step().action else { panic!() };
    assert_eq!(failure.reason, Reason::Status(0x0c));
    assert!(!setup.feed(Input::Elapsed), "what is over stays over");
}

#[test]
fn a_set_up_can_go_to_another_thread() {
    fn assert_send<T: Send>(_: &T) {}
    assert_send(&Setup::new(0x0bda, 0x8771));
}
