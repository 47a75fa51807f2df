//! What became of each part, and the lines at the end.

use std::time::Duration;

/// Tests counted out of the closing lines of `cargo test` and of our own scripts.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    /// One test that passed.
    pub(crate) fn one() -> Tally {
        Tally { passed: 1, ..Tally::default() }
    }

    /// Takes a line like `test result: ok. 6 passed; 0 failed; 0 ignored; …` into account.
    pub(crate) fn read(&mut self, line: &str) {
        let Some((head, counts)) = line.split_once(" result: ") else { return };
        if head.contains(' ') {
            return;
        }
        let counts = counts.split_once(". ").map_or(counts, |(_, counts)| counts);
        for count in counts.split("; ") {
            let Some((number, word)) = count.split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match word {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }

    fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

/// How a part ended.
pub(crate) enum Outcome {
    Passed(Tally),
    Failed(String, Tally),
    Skipped(String),
}

impl Outcome {
    /// The first failure or skip of steps that belong together, else their sum.
    pub(crate) fn then(self, next: impl FnOnce() -> Outcome) -> Outcome {
        let Outcome::Passed(mut sum) = self else { return self };
        match next() {
            Outcome::Passed(tally) => {
                sum.add(tally);
                Outcome::Passed(sum)
            }
            Outcome::Failed(reason, tally) => {
                sum.add(tally);
                Outcome::Failed(reason, sum)
            }
            skipped @ Outcome::Skipped(_) => skipped,
        }
    }
}

/// All parts so far.
pub(crate) struct Report {
    strict: bool,
    lines: Vec<String>,
    sum: Tally,
    failed: usize,
    skipped: usize,
    /// Parts that passed and left something out.
    partial: usize,
}

impl Report {
    /// `strict`: nothing may be skipped.
    pub(crate) fn new(strict: bool) -> Report {
        let (lines, sum) = (Vec::new(), Tally::default());
        Report { strict, lines, sum, failed: 0, skipped: 0, partial: 0 }
    }

    /// Takes a part in. `without`: what it had to do without, so that less was tested.
    pub(crate) fn add(
        &mut self,
        name: &str,
        outcome: Outcome,
        without: Option<String>,
        took: Duration,
    ) {
        let (word, tally, reason) = match outcome {
            Outcome::Passed(tally) if tally.ignored > 0 || without.is_some() => {
                self.partial += 1;
                let ignored = format!("{} tests ignored", tally.ignored);
                let ignored = (tally.ignored > 0).then_some(ignored);
                let reasons: Vec<String> = ignored.into_iter().chain(without).collect();
                ("passed", tally, reasons.join("; "))
            }
            Outcome::Passed(tally) => ("passed", tally, String::new()),
            Outcome::Failed(reason, tally) => {
                self.failed += 1;
                ("FAILED", tally, reason)
            }
            Outcome::Skipped(reason) => {
                self.skipped += 1;
                ("skipped", Tally::default(), reason)
            }
        };
        self.sum.add(tally);
        let tests = match tally.passed + tally.failed {
            0 => String::new(),
            tests => format!("{tests} tests"),
        };
        let line = format!("{name:<9}{word:<9}{:>7.1} s  {tests:<11} {reason}", took.as_secs_f64());
        let line = line.trim_end().to_owned();
        println!("<== {line}");
        self.lines.push(line);
    }

    pub(crate) fn failed(&self) -> bool {
        self.failed > 0 || (self.strict && self.skipped + self.partial > 0)
    }

    pub(crate) fn print(&self) {
        println!("\n{}", self.lines.join("\n"));
        if self.strict && self.skipped + self.partial > 0 {
            println!("CI=true: nothing may be skipped or left out");
        }
        println!(
            "parts: {} passed, {} failed, {} skipped",
            self.lines.len().saturating_sub(self.failed + self.skipped),
            self.failed,
            self.skipped
        );
        println!("tests: {} passed, {} failed", self.sum.passed, self.sum.failed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        let mut tally = Tally::default();
        tally.read("test result: ok. 6 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out");
        tally.read("interop result: FAILED. 3 passed; 1 failed; finished in 2.0s; files in /x");
        tally.read("test a::result: ok");
        tally.read("the test result: ok. 9 passed");
        assert_eq!(tally, Tally { passed: 9, failed: 2, ignored: 2 });
    }

    #[test]
    fn a_skip_fails_only_where_nothing_may_be_skipped() {
        for strict in [false, true] {
            let mut report = Report::new(strict);
            report.add("one", Outcome::Passed(Tally::default()), None, Duration::ZERO);
            assert!(!report.failed());
            report.add("two", Outcome::Skipped("no kernel".into()), None, Duration::ZERO);
            assert_eq!(report.failed(), strict);
            let mut report = Report::new(strict);
            let without = Some("not installed: valgrind".into());
            report.add("one", Outcome::Passed(Tally::default()), without, Duration::ZERO);
            assert_eq!(report.failed(), strict);
        }
    }
}
