//! `include/tandem.h` is what cbindgen makes of this crate; to make it anew:
//! `TANDEM_WRITE_HEADER=1 cargo test -p tandem-capi --test header`.

use std::fs;
use std::path::Path;

#[test]
fn the_header_is_what_the_code_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    // The modules are followed from there.
    let builder = cbindgen::Builder::new().with_config(config).with_src(root.join("src/lib.rs"));
    let mut made = Vec::new();
    builder.generate().expect("the sources are read").write(&mut made);
    let made = String::from_utf8(made).expect("text");
    let header = root.join("../../include/tandem.h");
    if std::env::var_os("TANDEM_WRITE_HEADER").is_some() {
        fs::write(&header, &made).expect("the header is written");
    }
    let written = fs::read_to_string(&header).expect("include/tandem.h");
    let line = made.lines().zip(written.lines()).position(|(a, b)| a != b);
    assert!(
        made == written,
        "include/tandem.h differs from line {:?}; {}",
        line.map(|line| line + 1),
        "make it anew: TANDEM_WRITE_HEADER=1 cargo test -p tandem-capi --test header"
    );
}

#[test]
fn every_function_is_in_the_header_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = fs::read_to_string(root.join("../../include/tandem.h")).expect("the header");
    let mut count = 0;
    for file in ["answer", "audio", "calls", "config", "event", "receiver"] {
        let source = fs::read_to_string(root.join(format!("src/{file}.rs"))).expect("a source");
        for name in source.lines().filter_map(exported) {
            let declared = header.lines().filter(|line| declares(line, name)).count();
            assert_eq!(declared, 1, "{name}");
            count += 1;
        }
    }
    assert!(count >= 52, "only {count} functions were found");
}

/// The name of the C function that a line of Rust begins.
fn exported(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("extern \"C\" fn ")?;
    rest.split_once('(').map(|(name, _)| name)
}

fn declares(line: &str, name: &str) -> bool {
    !line.trim_start().starts_with('*')
        && line
            .split_once('(')
            .is_some_and(|(before, _)| before.rsplit([' ', '*']).next() == Some(name))
}
