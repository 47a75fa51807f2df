//! The same controllers behind a whole [`Transport`], on the stand-in for usbfs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pool::Instant;
use rustix::io::Errno;

use super::{Emulated, Files, Outcome, Over, Request, send};
use crate::fake::{Blocking, FakeDongle, FakeNode, descriptors, endpoint, plug};
use crate::firmware::Library;
use crate::{Options, Transport};

/// How much faster a controller boots than it would.
const FASTER: u32 = 1_000_000;

/// Sets a controller up over a transport.
pub(super) fn over_usb<C: Emulated + Send + 'static>(
    ids: (u16, u16),
    controller: C,
    files: &Files,
) -> (Outcome, Arc<Mutex<C>>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let controller = Arc::new(Mutex::new(controller));
    let (node, dongle) = plug(descriptors()).unwrap();
    let options = Options { quiet: Duration::ZERO, guardian: false, ..Options::default() };
    let mut transport: Transport<FakeNode> =
        Transport::from_node(node, "usb:1-1", &options).unwrap();
    let served = controller.clone();
    dongle.serve(move |asked| serve(&mut *served.lock().unwrap(), asked));
    let library = Library::of([folder.path()]);
    // The transport waits for its descriptor in earnest, so time is real. The controller's goes faster,
    // because it is only looked at together with the clock.
    let started = std::time::Instant::now();
    let mut before = Duration::ZERO;
    let outcome = transport.set_up(ids, &library, || {
        let now = started.elapsed();
        answer(&mut *controller.lock().unwrap(), &dongle, (now - before) * FASTER);
        before = now;
        Instant::from_nanos(now.as_nanos() as u64)
    });
    (outcome.unwrap(), controller)
}

/// Answers commands where they came from.
fn answer(controller: &mut dyn Emulated, dongle: &FakeDongle, passed: Duration) {
    while let Some(request) = dongle.take(endpoint::COMMANDS) {
        assert_eq!(request[..2], [0x20, 0x00], "a class request to the device");
        let events = send(controller, Over::Control, &request[8..]);
        events.iter().for_each(|event| dongle.event(event));
    }
    while let Some(packet) = dongle.take(endpoint::ACL_OUT) {
        let events = send(controller, Over::Bulk, &packet);
        events.iter().for_each(|event| dongle.transfer(endpoint::ACL_IN, event, false));
    }
    controller.passes(passed).iter().for_each(|event| dongle.event(event));
}

fn serve(controller: &mut dyn Emulated, asked: Blocking<'_>) -> Result<Vec<u8>, Errno> {
    match asked {
        Blocking::Request([kind, request, v0, v1, i0, i1], data, room) => {
            let read = if kind & 0x80 == 0 { 0 } else { u16::try_from(room).unwrap() };
            let [value, index] = [[v0, v1], [i0, i1]].map(u16::from_le_bytes);
            let request = Request { kind, request, value, index, data: data.to_vec(), read };
            controller.request(&request).ok_or(Errno::PIPE)
        }
        Blocking::Bulk(endpoint, data) => {
            assert_eq!(endpoint, endpoint::ACL_OUT);
            controller.bulk(data).then(Vec::new).ok_or(Errno::PIPE)
        }
    }
}
