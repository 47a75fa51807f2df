//! RFCOMM packets of any bytes: a frame is written as it was read, its length in the shortest form,
//! and so are the messages in it. The check sequence is made right, or nothing would get past it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::rfcomm::{Frame, MAX_OVERHEAD, Messages};

fuzz_target!(|data: &[u8]| {
    let _ = Frame::parse(data);
    let mut packet = data.to_vec();
    let checked = (0..=255).find_map(|sequence| {
        *packet.last_mut()? = sequence;
        Frame::parse(&packet).is_ok().then_some(())
    });
    if checked.is_some() {
        let frame = Frame::parse(&packet).expect("it was read");
        let mut out = [0; 8192];
        let written = frame.write(&mut out).expect("what fitted once fits again");
        assert!(written <= frame.information.len() + MAX_OVERHEAD);
        assert_eq!(Frame::parse(&out[..written]), Ok(frame));
    }
    let mut messages = 0;
    for (octet, command, message) in Messages::new(data) {
        messages += 1;
        let Ok(message) = message else { continue };
        assert_eq!(octet >> 2, message.message_type().0);
        let mut out = [0; 256];
        // Longer ones are never sent.
        let Ok(written) = message.write(command, &mut out) else { continue };
        let again = Messages::new(&out[..written]).next().expect("there it is");
        assert_eq!((again.0 | 1, again.1, again.2), (octet, command, Ok(message)));
    }
    assert!(2 * messages <= data.len(), "each takes two octets at least");
});
