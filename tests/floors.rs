//! Holds the house against `crates/README.md`: which crate may use which, and what may stand
//! in a source file. The table of that page is read, not copied, so that page and code cannot
//! drift apart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The house's lines a file (the aim is 500).
const LONGEST_FILE: usize = 600;

/// Packages in the programs' normal dependency tree: what a clean clone has to build.
const MOST_PACKAGES: usize = 150;

/// Crates in which `unsafe` may stand.
const UNSAFE_ALLOWED: [&str; 7] = ["pool", "usb", "snoop", "audio", "tandem", "capi", "python"];

/// Crates behind the seam: time, entropy and bytes are handed in.
const SEAM: [&str; 7] = ["wire", "pool", "codec", "multipoint", "stack", "host", "sim"];

/// What crosses the seam. Matched against code without comments and strings.
const SEAM_FORBIDDEN: [&str; 17] = [
    "std::time",
    "std::thread",
    "std::net",
    "std::fs",
    "std::io",
    "std::env",
    "std::process",
    "SystemTime",
    "Mutex",
    "RwLock",
    "Condvar",
    "println!",
    "eprintln!",
    "print!",
    "dbg!",
    "thread_rng",
    "RandomState",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn metadata(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["metadata", "--format-version", "1"])
        .args(arguments)
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// `tandem-wire` is `wire`; the floor-3 crate is plain `tandem`.
fn short(package: &str) -> &str {
    package.strip_prefix("tandem-").unwrap_or(package)
}

struct Row {
    floor: u32,
    may_use: String,
}

/// The table of `crates/README.md`, one entry a crate.
fn table() -> BTreeMap<String, Row> {
    let page = std::fs::read_to_string(root().join("crates/README.md")).expect("crates/README.md");
    let mut rows = BTreeMap::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [floor, crates, _, may_use] = cells[..] else { continue };
        let Ok(floor) = floor.parse() else { continue };
        for name in quoted(crates) {
            let row = Row { floor, may_use: may_use.to_owned() };
            assert!(rows.insert(name.clone(), row).is_none(), "{name} has two rows");
        }
    }
    assert!(rows.len() >= 15, "the table of crates/README.md was not found");
    rows
}

/// The words in back-ticks, up to the first parenthesis: what stands in it is explanation.
fn quoted(cell: &str) -> Vec<String> {
    let cell = cell.split('(').next().unwrap_or_default();
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What a row allows, or nothing where it says "anything".
fn allowed(rows: &BTreeMap<String, Row>, may_use: &str) -> Option<BTreeSet<String>> {
    if may_use == "anything" {
        return None;
    }
    let mut names: BTreeSet<String> = quoted(may_use).into_iter().collect();
    if let Some(range) = may_use.strip_prefix("floors ") {
        let range = range.split(',').next().unwrap_or_default();
        let (low, high) = range.split_once('–').expect("floors a–b");
        let (low, high): (u32, u32) =
            (low.trim().parse().expect("a floor"), high.trim().parse().expect("a floor"));
        names.extend(
            rows.iter()
                .filter(|(_, row)| (low..=high).contains(&row.floor))
                .map(|(name, _)| name.clone()),
        );
    }
    Some(names)
}

#[test]
fn every_dependency_points_down() {
    let rows = table();
    let metadata = metadata(&["--no-deps"]);
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = short(package["name"].as_str().expect("a name"));
        seen.insert(name.to_owned());
        let Some(row) = rows.get(name) else {
            wrong.push(format!("`{name}` has no row in crates/README.md"));
            continue;
        };
        let Some(allowed) = allowed(&rows, &row.may_use) else { continue };
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let inside = dependency["path"].is_string();
            if !inside || dependency["kind"] == "dev" {
                continue;
            }
            let to = short(dependency["name"].as_str().expect("a name"));
            if !allowed.contains(to) {
                wrong.push(format!("`{name}` uses `{to}`, its row allows {}", row.may_use));
            }
            if rows.get(to).is_none_or(|below| below.floor > row.floor) {
                wrong.push(format!("`{name}` on floor {} uses `{to}` above it", row.floor));
            }
        }
    }
    // The faces that are built apart (`testbed`, `python`) need not be members yet.
    for name in rows.keys().filter(|name| !seen.contains(*name)) {
        if !["testbed", "python"].contains(&name.as_str()) {
            wrong.push(format!("crates/README.md names `{name}`, which does not exist"));
        }
    }
    assert!(wrong.is_empty(), "the floor plan is broken:\n{}", wrong.join("\n"));
}

#[test]
fn the_programs_stay_small() {
    let triple = host_triple();
    let metadata = metadata(&["--filter-platform", &triple]);
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .expect("a resolved graph")
        .iter()
        .map(|node| (node["id"].as_str().expect("an id"), node))
        .collect();
    let root = metadata["resolve"]["root"].as_str().expect("the root package");
    let mut reached = BTreeSet::new();
    let mut next = vec![root];
    while let Some(id) = next.pop() {
        if !reached.insert(id) {
            continue;
        }
        for dependency in nodes[id]["deps"].as_array().expect("deps") {
            let kinds = dependency["dep_kinds"].as_array().expect("kinds");
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                next.push(dependency["pkg"].as_str().expect("an id"));
            }
        }
    }
    println!("{} packages in the programs' normal dependency tree", reached.len());
    assert!(reached.len() <= MOST_PACKAGES, "{} packages, at most {MOST_PACKAGES}", reached.len());
}

fn host_triple() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8(output.stdout).expect("rustc prints text");
    let line = text.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host line");
    line.to_owned()
}

/// Every Rust file under `crates/*/src`, with its crate's directory name.
fn sources() -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).expect("crates/") {
        let entry = entry.expect("a directory entry");
        let name = entry.file_name().into_string().expect("a UTF-8 name");
        let mut folders = vec![entry.path().join("src")];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(folder) else { continue };
            for path in entries.map(|entry| entry.expect("a directory entry").path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    files.push((name.clone(), path));
                }
            }
        }
    }
    files.sort();
    assert!(files.len() >= 20, "the sources were not found");
    files
}

/// Code without comments, strings and characters; line breaks stay, so that lines still count.
fn code_only(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source[at..];
        let end = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(end) = raw_string(rest, at.checked_sub(1).map(|before| bytes[before])) {
            end
        } else if rest.starts_with('"') {
            quoted_end(rest, b'"')
        } else if is_character(rest) {
            quoted_end(rest, b'\'')
        } else {
            let character = rest.chars().next().expect("not at the end");
            out.push(character);
            at += character.len_utf8();
            continue;
        };
        out.extend(rest[..end].chars().filter(|character| *character == '\n'));
        out.push(' ');
        at += end;
    }
    out
}

/// Where a block comment ends; they nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    let bytes = rest.as_bytes();
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// Where `r"…"`, `r#"…"#` or their byte forms end.
fn raw_string(rest: &str, before: Option<u8>) -> Option<usize> {
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    let body = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let text = body[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let start = rest.len() - text.len();
    Some(text.find(&close).map_or(rest.len(), |end| start + end + close.len()))
}

fn quoted_end(rest: &str, quote: u8) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    rest.len()
}

/// Whether a character literal begins here, and not a lifetime.
fn is_character(rest: &str) -> bool {
    let mut characters = rest.chars();
    characters.next() == Some('\'')
        && match characters.next() {
            Some('\\') => true,
            Some(_) => characters.next() == Some('\''),
            None => false,
        }
}

/// The code of a file that is not a test's. Unit tests stand in files of their own or end a file.
fn product_code(path: &Path, source: &str) -> String {
    let is_test = path.components().any(|part| {
        let part = part.as_os_str();
        part == "tests" || part == "tests.rs"
    });
    if is_test {
        return String::new();
    }
    let code = code_only(source);
    let lines: Vec<&str> = code.lines().collect();
    let tests = lines.windows(2).position(|pair| {
        pair[0].trim() == "#[cfg(test)]"
            && pair[1].trim_start().starts_with("mod ")
            && pair[1].trim_end().ends_with('{')
    });
    lines[..tests.unwrap_or(lines.len())].join("\n")
}

/// Whether `text` stands in `line` as whole words.
fn stands_in(line: &str, text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    line.match_indices(text).any(|(at, _)| {
        let before = at.checked_sub(1).map(|before| line.as_bytes()[before]);
        let after = line.as_bytes().get(at + text.len()).copied();
        !before.is_some_and(word) && !after.is_some_and(word)
    })
}

fn places(crates: impl Fn(&str) -> bool, forbidden: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, path) in sources().into_iter().filter(|(name, _)| crates(name)) {
        let source = std::fs::read_to_string(&path).expect("a readable source");
        for (number, line) in product_code(&path, &source).lines().enumerate() {
            for text in forbidden.iter().filter(|text| stands_in(line, text)) {
                let path = path.strip_prefix(root()).unwrap_or(&path);
                found.push(format!("{}:{}: `{text}` in `{name}`", path.display(), number + 1));
            }
        }
    }
    found
}

#[test]
fn files_stay_short() {
    let mut long = Vec::new();
    for (_, path) in sources() {
        let lines = std::fs::read_to_string(&path).expect("a readable source").lines().count();
        if lines > LONGEST_FILE {
            long.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(long.is_empty(), "past {LONGEST_FILE} lines are two things:\n{}", long.join("\n"));
}

#[test]
fn unsafe_stands_only_where_it_may() {
    let found = places(|name| !UNSAFE_ALLOWED.contains(&name), &["unsafe"]);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn nothing_crosses_the_seam() {
    let found = places(|name| SEAM.contains(&name), &SEAM_FORBIDDEN);
    assert!(found.is_empty(), "time, entropy and bytes are handed in:\n{}", found.join("\n"));
}

#[test]
fn the_reader_of_sources_sees_code_alone() {
    let source = "let a = \"unsafe // x\"; // unsafe\n/* unsafe /* */ */ b('\"', '\\'');\n\
                  let r = r#\"unsafe \" \"#; fn f<'a>(x: &'a u8) {}\n#![forbid(unsafe_code)] unsafe {}";
    let code = code_only(source);
    assert_eq!(code.lines().count(), 4);
    let hits: Vec<usize> = code
        .lines()
        .enumerate()
        .filter(|(_, line)| stands_in(line, "unsafe"))
        .map(|(number, _)| number + 1)
        .collect();
    assert_eq!(hits, [4]);
    assert!(code.contains("fn f<'a>(x: &'a u8)"));
}
