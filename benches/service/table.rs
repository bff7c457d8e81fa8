//! The figures, beside the goals and what others need on the same class of machine.

#[derive(Default)]
pub(crate) struct Table(Vec<[String; 5]>);

impl Table {
    /// Adds a figure that should not be above its goal. `peer` is the best of the peers; 0 if there is none.
    pub(crate) fn at_most(&mut self, what: &str, unit: &str, measured: f64, goal: f64, peer: f64) {
        let verdict = if measured <= goal { "" } else { " MISSED" };
        let of_peer = if peer > 0.0 { format!("{:.2}", measured / peer) } else { "–".to_owned() };
        let peer = if peer > 0.0 { figure(peer) } else { "–".to_owned() };
        self.add([
            what.to_owned(),
            format!("{} {unit}", figure(measured)),
            format!("{}{verdict}", figure(goal)),
            peer,
            of_peer,
        ]);
    }

    /// Adds a figure without a goal.
    pub(crate) fn note(&mut self, what: &str, unit: &str, measured: f64) {
        self.add([
            what.to_owned(),
            format!("{} {unit}", figure(measured)),
            "–".to_owned(),
            "–".to_owned(),
            "–".to_owned(),
        ]);
    }

    fn add(&mut self, row: [String; 5]) {
        eprintln!("  {}: {} (goal {})", row[0], row[1], row[2]);
        self.0.push(row);
    }

    /// Prints it as Markdown.
    pub(crate) fn print(&self) {
        println!("| what | measured | goal | best peer | of the peer's |\n|---|---:|---:|---:|---:|");
        for row in &self.0 {
            println!("| {} |", row.join(" | "));
        }
    }
}

fn figure(number: f64) -> String {
    let digits = match number.abs() {
        n if n >= 100.0 || n.fract() == 0.0 => 0,
        n if n >= 10.0 => 1,
        n if n >= 1.0 => 2,
        _ => 3,
    };
    format!("{number:.digits$}")
}
