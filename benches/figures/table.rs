//! The figures as a Markdown table, and whether each promise is kept.

/// Rows and notes, printed at the end.
#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 3]>,
    notes: Vec<String>,
    missed: Vec<String>,
}

impl Table {
    /// A figure that must not exceed `most`; one that could not be measured counts as missed.
    pub fn counted(&mut self, what: &str, most: u64, measured: Result<u64, String>) {
        let must = if most == 0 { "0".to_owned() } else { format!("≤ {most}") };
        self.judged(what, &must, measured.map(|figure| (figure.to_string(), figure <= most)));
    }

    /// A time in virtual time, which is the same on every machine: as [`counted`](Table::counted), and
    /// judged as it is shown.
    pub fn exact(&mut self, what: &str, most: f64, measured: Result<f64, String>) {
        let judged = measured.map(|figure| (format!("{figure:.1}"), figure < most + 0.05));
        self.judged(what, &format!("≤ {most}"), judged);
    }

    fn judged(&mut self, what: &str, must: &str, measured: Result<(String, bool), String>) {
        let (shown, kept) =
            measured.unwrap_or_else(|reason| (format!("not measured: {reason}"), false));
        if !kept {
            self.missed.push(what.to_owned());
        }
        self.row(what, must, &if kept { shown } else { format!("**{shown}**") });
    }

    /// A time, which is this machine's: told if it is missed, not judged.
    pub fn timed(&mut self, what: &str, most: f64, measured: f64) {
        if measured > most {
            self.note(&format!("over the promise on this machine: {what}"));
        }
        self.row(what, &format!("≤ {most}"), &format!("{measured:.2}"));
    }

    /// A figure without a promise.
    pub fn told(&mut self, what: &str, measured: &str) {
        self.row(what, "", measured);
    }

    /// Something to be said below the table.
    pub fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }

    fn row(&mut self, what: &str, must: &str, measured: &str) {
        eprintln!("{what}: {measured}");
        self.rows.push([what.to_owned(), must.to_owned(), measured.to_owned()]);
    }

    /// Whether every promise is kept.
    pub fn is_kept(&self) -> bool {
        self.missed.is_empty()
    }

    /// Prints everything.
    pub fn print(&self) {
        println!("\n| what | must | measured |\n|---|---|---|");
        for [what, must, measured] in &self.rows {
            println!("| {what} | {must} | {measured} |");
        }
        println!();
        for note in &self.notes {
            println!("- {note}");
        }
        for what in &self.missed {
            println!("- MISSED: {what}");
        }
    }
}
