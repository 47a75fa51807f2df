//! What a C or C++ program sees: the header, the installed library, the example, run against the
//! simulator.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// Warnings as errors, for both languages.
const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a command that must succeed.
fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// The folder that cargo leaves libraries in: two above the test's own program.
fn libraries() -> PathBuf {
    let own = std::env::current_exe().expect("the test's own path");
    own.parent().and_then(Path::parent).expect("target/PROFILE/deps").to_path_buf()
}

/// The library as a user installs it, in a folder of its own.
fn installed() -> &'static Path {
    static PREFIX: OnceLock<TempDir> = OnceLock::new();
    PREFIX
        .get_or_init(|| {
            // Cargo builds a test's library only when the test can link it as Rust does.
            let mut cargo = Command::new(env!("CARGO"));
            cargo.current_dir(here()).args(["build", "--quiet", "--package", "tandem-capi"]);
            let folder = libraries();
            if folder.ends_with("release") {
                cargo.arg("--release");
            }
            run(cargo.arg("--target-dir").arg(folder.parent().expect("target")));
            let prefix = TempDir::new().expect("a folder");
            let mut install = Command::new(here().join("install.sh"));
            run(install.arg(prefix.path()).env_remove("DESTDIR").env("LIBRARIES", folder));
            prefix
        })
        .path()
}

/// The flags that the installed tandem.pc gives, its variables put in.
fn flags(line: &str) -> Vec<String> {
    let file = installed().join("lib/pkgconfig/tandem.pc");
    let text = std::fs::read_to_string(file).expect("tandem.pc");
    let after = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
    let prefix = after("prefix=");
    assert!(!text.contains('@'), "{text}");
    let words = after(&format!("{line}: ")).split_whitespace();
    words
        .map(|word| {
            word.replace("${libdir}", &format!("{prefix}/lib"))
                .replace("${includedir}", &format!("{prefix}/include"))
        })
        .collect()
}

fn compiled(name: &str, compiler: &str, standard: &str, source: &Path, link: &[String]) -> PathBuf {
    let program = installed().join(name);
    run(Command::new(compiler)
        .args(STRICT)
        .args([standard, "-g", "-o"])
        .arg(&program)
        .args(flags("Cflags"))
        .arg(source)
        .args(link));
    program
}

#[test]
fn the_header_stands_alone_in_c99_and_cpp17() {
    let header = here().join("../../include/tandem.h");
    for (compiler, standard, language) in [("cc", "-std=c99", "c"), ("c++", "-std=c++17", "c++")] {
        let mut command = Command::new(compiler);
        command.args(STRICT).args([standard, "-x", language, "-fsyntax-only"]);
        run(command.arg(&header));
    }
}

/// A program under the dynamic loader's eyes, with a place for bonds of its own.
fn ready(program: &Path, under: &[&str]) -> Command {
    let name = program.file_name().unwrap_or_default().display();
    let state = installed().join(format!("{name}-state-{}", under.len()));
    let mut command = match under {
        [] => Command::new(program),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    };
    command.env("LD_LIBRARY_PATH", installed().join("lib")).env("STATE_DIRECTORY", state);
    command
}

#[test]
fn the_example_prints_events_of_the_simulator() {
    let source = here().join("examples/events.c");
    let shared = compiled("events", "cc", "-std=c99", &source, &flags("Libs"));
    let linked = run(Command::new("readelf").arg("-d").arg(&shared));
    assert!(linked.contains("[libtandem.so.0]"), "{linked}");
    check_events(&run(ready(&shared, &[]).args(["sim", "2"])));

    let archive = installed().join("lib/libtandem.a").display().to_string();
    let link: Vec<String> = [archive].into_iter().chain(flags("Libs.private")).collect();
    let fixed = compiled("events-static", "cc", "-std=c99", &source, &link);
    check_events(&run(ready(&fixed, &[]).args(["sim", "2"])));

    // As a program without any shared library, too.
    let link: Vec<String> =
        flags("Libs").into_iter().chain(flags("Libs.private")).chain(["-static".into()]).collect();
    let alone = compiled("events-alone", "cc", "-std=c99", &source, &link);
    check_events(&run(ready(&alone, &[]).args(["sim", "2"])));
}

fn check_events(printed: &str) {
    let first = printed.lines().next().unwrap_or_default();
    assert!(first.contains(r#""event":"snapshot""#), "{printed}");
    assert!(printed.contains(r#""event":"pairing""#), "{printed}");
    assert!(printed.contains("done"), "{printed}");
}

#[test]
fn the_example_says_what_is_wrong() {
    let source = here().join("examples/events.c");
    let program = compiled("events-wrong", "cc", "-std=c99", &source, &flags("Libs"));
    let output = ready(&program, &[]).arg("usb:nonsense:here").output().expect("it runs");
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.starts_with("open: ") && error.trim_end().len() > "open: ".len(), "{error}");
}

#[test]
fn every_call_is_right_from_c_and_cpp_also_under_valgrind() {
    let (c, cpp) = both("calls");
    run(&mut ready(&c, &[]));
    run(&mut ready(&cpp, &[]));
    if is_there("valgrind") {
        run(&mut ready(&c, &VALGRIND));
    }
}

#[test]
fn sound_is_heard_and_said_from_c_and_cpp_also_under_valgrind() {
    let (c, cpp) = both("audio");
    run(&mut ready(&c, &[]));
    run(ready(&cpp, &[]).arg("in short"));
    if is_there("valgrind") {
        run(ready(&c, &VALGRIND).arg("in short"));
    }
}

const VALGRIND: [&str; 5] = [
    "valgrind",
    "--quiet",
    "--error-exitcode=99",
    "--leak-check=full",
    "--errors-for-leak-kinds=definite,possible",
];

/// A program of this folder as C, and the same file as C++.
fn both(name: &str) -> (PathBuf, PathBuf) {
    let source = here().join(format!("tests/{name}.c"));
    let c = compiled(&format!("{name}-c"), "cc", "-std=c99", &source, &flags("Libs"));
    let link: Vec<String> =
        [source.display().to_string()].into_iter().chain(flags("Libs")).collect();
    let language = Path::new("-xc++");
    let cpp = compiled(&format!("{name}-cpp"), "c++", "-std=c++17", language, &link);
    (c, cpp)
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(OsStr::new(program)).is_file())
}

#[test]
fn the_library_gives_nothing_away_but_its_functions() {
    let library = installed().join("lib/libtandem.so");
    let symbols = run(Command::new("nm").args(["-D", "--defined-only"]).arg(library));
    let names: Vec<&str> =
        symbols.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert!(names.len() >= 52, "{symbols}");
    let strange: Vec<_> = names.iter().filter(|name| !name.starts_with("tandem_")).collect();
    assert!(strange.is_empty(), "{strange:?}");
    let needed = run(Command::new("readelf").arg("-d").arg(installed().join("lib/libtandem.so")));
    assert!(!needed.contains("libpython"), "{needed}");
}
