//! Instructions, counted by valgrind's callgrind on this very program.

use std::process::Command;

use crate::work::Work;

/// User instructions that one round of `work` takes: the difference of two runs that differ only in
/// how many rounds they make.
pub fn each(work: Work) -> Result<u64, String> {
    let (few, many) = work.rounds();
    Ok((collected(work, many)? - collected(work, few)?) / (many - few))
}

/// User instructions that one round of `work` takes inside of a function, which is entered once in each.
pub fn inside(work: Work, rounds: u64, function: &str) -> Result<u64, String> {
    let only = format!("--toggle-collect=*{function}*");
    Ok(run(work, rounds, &["--collect-atstart=no", &only])? / rounds)
}

fn collected(work: Work, rounds: u64) -> Result<u64, String> {
    run(work, rounds, &[])
}

fn run(work: Work, rounds: u64, options: &[&str]) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(options)
        .arg(program)
        .args(work.arguments(rounds))
        .output()
        .map_err(|error| format!("valgrind cannot be run ({error}); install it"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("under valgrind: {}", said.trim()));
    }
    // ==123== Collected : 456
    said.lines()
        .find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
        .ok_or_else(|| "valgrind gave no count".to_owned())
}
