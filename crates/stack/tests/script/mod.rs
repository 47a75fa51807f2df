//! What the runners of conformance scripts share: a folder of scripts, one a case, lines with
//! comments, and octets in hexadecimal digits.

use std::path::Path;

/// Digits with blanks anywhere. `NN*xx` is NN (decimal) octets xx; `"…"` is text without blanks.
pub fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let wrong = |word: &str| format!("{word:?} is not hexadecimal octets");
    let mut bytes = Vec::new();
    for word in text.split_whitespace() {
        if let Some(text) = word.strip_prefix('"') {
            bytes.extend_from_slice(text.trim_end_matches('"').as_bytes());
            continue;
        }
        let (times, digits) = match word.split_once('*') {
            Some((times, digits)) => (times.parse().map_err(|_| wrong(word))?, digits),
            None => (1, word),
        };
        let octets = digits.as_bytes().chunks(2).map(|pair| match pair {
            [_, _] => u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok(),
            _ => None,
        });
        let once: Vec<u8> = octets.collect::<Option<_>>().ok_or_else(|| wrong(word))?;
        bytes.extend(once.repeat(times));
    }
    Ok(bytes)
}

#[allow(dead_code, reason = "not every runner shows octets")]
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The lines of a script that say something, with their numbers.
pub fn lines(script: &str) -> impl Iterator<Item = (usize, &str)> {
    fn content(line: &str) -> &str {
        line.split('#').next().unwrap_or("").trim()
    }
    (1..).zip(script.lines().map(content)).filter(|(_, line)| !line.is_empty())
}

/// Runs every script of `tests/conformance/PROTOCOL`, of which there are at least `least`; `run` is
/// given a script's text, and says which line failed and why.
pub fn run_all(protocol: &str, least: usize, run: impl Fn(&str) -> Result<(), String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance");
    let entries = std::fs::read_dir(folder.join(protocol)).expect("the scripts");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(paths.len() >= least, "{} scripts of {protocol}", paths.len());
    let failures: Vec<_> = paths
        .iter()
        .filter_map(|path| {
            let script = std::fs::read_to_string(path).expect("a script");
            let name = path.file_name().unwrap_or_default().display();
            run(&script).err().map(|error| format!("{name}: {error}"))
        })
        .collect();
    let (failed, all) = (failures.len(), paths.len());
    assert!(failures.is_empty(), "{failed} of {all}:\n{}", failures.join("\n"));
}
