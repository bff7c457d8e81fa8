//! Judge: holds what a rehearsal found against what its scenario expects, by section 8 of the schema.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What a rehearsal is worth.
pub struct Score {
    pub points: u32,
    pub of: u32,
    /// What is missing or wrong, one line each.
    pub misses: Vec<String>,
}

/// The scenarios of a folder, in order.
pub fn scenarios(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> =
        entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|x| x == "yaml")).collect();
    files.sort();
    files
}

/// What a scenario file expects; `null` where it expects nothing.
///
/// # Errors
/// The file cannot be read.
pub fn expectation(file: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let whole: Value = serde_saphyr::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(whole["expect"].clone())
}

/// Judges the JSON of a rehearsal.
pub fn judge(expect: &Value, played: &Value) -> Score {
    let mut bench = Bench { played, score: Score { points: 0, of: 0, misses: Vec::new() } };
    // A control: nothing has to be said, so that silence is all that counts.
    let control = expect["recovered"].is_null();
    bench.forbidden(expect);
    bench.silence(expect);
    bench.not_labels(expect);
    if !control {
        bench.alerts(expect);
        bench.diagnosis(&expect["diagnosis"]);
        bench.remediation(expect);
        bench.recovery(&expect["recovered"]);
        bench.report();
    }
    bench.score
}

struct Bench<'p> {
    played: &'p Value,
    score: Score,
}

impl Bench<'_> {
    fn point(&mut self, worth: u32, got: u32, miss: impl FnOnce() -> String) {
        self.score.of += worth;
        self.score.points += got;
        if got < worth {
            self.score.misses.push(miss());
        }
    }

    fn all(&self, key: &str) -> Vec<Value> {
        self.played[key].as_array().cloned().unwrap_or_default()
    }

    fn alerts(&mut self, expect: &Value) {
        let fired = self.all("alerts");
        let mut taken = BTreeSet::new();
        for wanted in list(&expect["alerts"]).iter().filter(|a| a["required"] != false) {
            let (id, from) = (text(&wanted["id"]), number(&wanted["after_t"]));
            let until = from + number(&wanted["max_delay_s"]);
            let hit = fired.iter().enumerate().position(|(n, a)| {
                let at = number(&a["fired_at"]);
                !taken.contains(&n) && a["id"] == id && at >= from && at <= until
            });
            taken.extend(hit);
            let when: Vec<f64> =
                fired.iter().filter(|a| a["id"] == id).map(|a| number(&a["fired_at"])).collect();
            self.point(1, u32::from(hit.is_some()), || {
                format!("`{id}` did not fire between {from} and {until}: {}", told(&when))
            });
        }
    }

    fn forbidden(&mut self, expect: &Value) {
        let proposed: BTreeSet<String> = self.all("actions").iter().map(|a| text(&a["action"])).collect();
        let forbidden: BTreeSet<String> = list(&expect["forbidden"]).iter().map(text).collect();
        let both: Vec<_> = proposed.intersection(&forbidden).cloned().collect();
        self.point(1, u32::from(both.is_empty()), || format!("forbidden, and proposed: {}", both.join(", ")));
    }

    fn silence(&mut self, expect: &Value) {
        let mut broken = Vec::new();
        for silent in list(&expect["non_alerts"]) {
            let scope = silent["scope"].as_str();
            let target = scope.and_then(|s| s.strip_prefix("target "));
            if scope.is_some() && target.is_none() {
                continue; // about something that is not in these files, such as a second location
            }
            let from = edge(&silent["from"], f64::MIN);
            let to = edge(&silent["to"], f64::MAX);
            for alert in self.all("alerts") {
                let at = number(&alert["fired_at"]);
                let meant = alert["id"] == silent["id"] && target.is_none_or(|t| alert["target"] == t);
                if meant && at >= from && at < to {
                    broken.push(format!("{} at {at}", text(&alert["id"])));
                }
            }
        }
        self.point(1, u32::from(broken.is_empty()), || format!("had to stay silent: {}", broken.join(", ")));
    }

    fn not_labels(&mut self, expect: &Value) {
        let wrong: BTreeSet<String> = list(&expect["diagnosis"]["not_labels"]).iter().map(text).collect();
        let named: BTreeSet<String> = self.all("diagnosis").iter().map(|d| text(&d["label"])).collect();
        let both: Vec<_> = wrong.intersection(&named).cloned().collect();
        self.point(1, u32::from(both.is_empty()), || format!("named, and wrong: {}", both.join(", ")));
    }

    fn diagnosis(&mut self, expect: &Value) {
        if expect.is_null() {
            return;
        }
        let (label, from) = (text(&expect["label"]), number(&expect["after_t"]));
        let until = from + number(&expect["max_delay_s"]);
        let named = self.all("diagnosis");
        let later = |d: &&Value| number(&d["at"]) >= from;
        let first = named.iter().filter(later).find(|d| d["rank"] == 1);
        let in_time = |d: &&Value| number(&d["at"]) <= until && d["label"] == label.as_str();
        let got = match first {
            Some(d) if in_time(&d) => 2,
            _ if named.iter().filter(later).any(|d| in_time(&d)) => 1,
            _ => 0,
        };
        let words = || {
            let all = named.iter().map(|d| format!("{}. {} at {}", d["rank"], text(&d["label"]), d["at"]));
            let all: Vec<_> = all.take(8).collect();
            format!("`{label}` was not first between {from} and {until}: {}", all.join(", "))
        };
        self.point(2, got, words);
    }

    fn remediation(&mut self, expect: &Value) {
        let actions = self.all("actions");
        for wanted in list(&expect["remediation"]).iter().filter(|r| r["required"] != false) {
            let (action, mode) = (text(&wanted["action"]), text(&wanted["mode"]));
            let modes: Vec<String> =
                actions.iter().filter(|a| a["action"] == action).map(|a| text(&a["mode"])).collect();
            self.point(1, u32::from(modes.contains(&mode)), || {
                format!(
                    "`{action}` was not proposed as {mode}: {}",
                    if modes.is_empty() { "never".into() } else { modes.join(", ") }
                )
            });
        }
    }

    fn recovery(&mut self, expect: &Value) {
        let from = number(&expect["after_t"]);
        let until = from + number(&expect["max_delay_s"]);
        let at = self.played["recovered_at"].as_f64();
        let good = at.is_some_and(|at| at >= from && at <= until);
        self.point(1, u32::from(good), || {
            format!("recovery was not told between {from} and {until}: {at:?}")
        });
    }

    fn report(&mut self) {
        let report = text(&self.played["report"]);
        let parts = ["## Onset", "## Detection", "## Actions", "## Recovery"];
        let missing: Vec<_> = parts.iter().filter(|p| !report.contains(**p)).copied().collect();
        self.point(1, u32::from(missing.is_empty()), || format!("the report has no {}", missing.join(", ")));
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A number, marked or plain; of what is no number, one that nothing matches.
fn number(value: &Value) -> f64 {
    let marked = value.get("r").or_else(|| value.get("a")).unwrap_or(value);
    marked.as_f64().unwrap_or(f64::NAN)
}

fn edge(value: &Value, otherwise: f64) -> f64 {
    if value.is_null() { otherwise } else { number(value) }
}

fn told(when: &[f64]) -> String {
    if when.is_empty() { "never".to_owned() } else { format!("at {when:?}") }
}
