//! C-frames of any bytes: every command in one is read and written again, and from then on
//! nothing changes (a reject with superfluous octets loses them).

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::l2cap::{Header, Options, Signals};

fuzz_target!(|data: &[u8]| {
    let _ = Header::parse(data);
    if let Ok(options) = Options::parse(data) {
        for option in options.iter() {
            let mut out = [0; 300];
            let written = option.write(&mut out).expect("an option has at most 257 octets");
            let again = Options::parse(&out[..written]).expect("what was written is legal");
            assert_eq!(again.iter().next(), Some(option));
        }
    }
    let mut out = [0; 8192];
    let mut commands = 0;
    for signal in Signals::new(data) {
        commands += 1;
        let Ok(signal) = signal else { continue };
        let written = signal.write(&mut out).expect("what fitted once fits again");
        let mut again = Signals::new(&out[..written]);
        let second = again.next().expect("there it is").expect("what was written is legal");
        assert_eq!(second.command.code(), signal.command.code());
        assert_eq!(again.next(), None);
        let mut third = [0; 8192];
        assert_eq!(second.write(&mut third), Ok(written));
        assert_eq!(out[..written], third[..written]);
    }
    assert!(commands <= data.len().div_ceil(4), "each command takes its header at least");
});
