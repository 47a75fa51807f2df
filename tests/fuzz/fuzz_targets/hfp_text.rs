//! AT text of any bytes: lines are the same however they are cut, and a command or result code that
//! was read is written, and from then on nothing changes (blanks and stray quotes are gone by then).

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::hfp::{Arguments, Command, Lines, ResultCode};

fn lines(pieces: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let mut lines = Lines::<64>::default();
    let mut found = Vec::new();
    for piece in pieces {
        let mut rest = &piece[..];
        while let Some(line) = lines.next(&mut rest) {
            found.push(line.to_vec());
        }
    }
    found
}

/// A command or result code, written; without its line's ends.
fn written(write: impl FnOnce(&mut [u8]) -> Result<usize, wire::NoRoom>) -> Vec<u8> {
    let mut out = [0; 4096];
    let length = write(&mut out).expect("a line is short");
    out[..length].trim_ascii().to_vec()
}

fuzz_target!(|data: &[u8]| {
    let whole = lines([data.to_vec()].into_iter());
    assert_eq!(whole, lines(data.iter().map(|byte| vec![*byte])));
    assert_eq!(whole, lines(data.chunks(3).map(<[u8]>::to_vec)));
    let values = Arguments::new(data).iter().count();
    assert!(values <= data.len() + 1, "each but the last takes a comma");
    let command = |line: &[u8]| {
        let command = Command::parse(line).ok()?;
        Some(written(|out| command.write(out)))
    };
    let code = |line: &[u8]| {
        let code = ResultCode::parse(line).ok()?;
        Some(written(|out| code.write(out)))
    };
    for line in &whole {
        stays(line, command);
        stays(line, code);
    }
});

/// What was read from a line and written reads again, and is then written the same.
fn stays(line: &[u8], rewrite: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let Some(once) = rewrite(line) else { return };
    let twice = rewrite(&once).expect("what was written is read");
    assert_eq!(rewrite(&twice).as_ref(), Some(&twice));
}
