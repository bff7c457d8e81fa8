//! Time zones by their IANA name, with a guess at what was meant when there is none of that name.

use jiff::tz::{self, TimeZone};

use super::CronError;

/// How alike a name must be (0 to 1) to be worth a guess.
const ALIKE: f64 = 0.7;

/// The time zone of exactly this name. Case counts, as it does for Kubernetes on Linux.
pub(crate) fn find(name: &str) -> Result<TimeZone, CronError> {
    match TimeZone::get(name) {
        Ok(zone) if zone.iana_name() == Some(name) => Ok(zone),
        _ => Err(CronError::new(format!("time zone `{name}` is not known"), hint(name))),
    }
}

fn hint(name: &str) -> String {
    if name.is_empty() || name.eq_ignore_ascii_case("local") {
        return "name one, such as `Europe/Berlin`, or leave the time zone away for UTC".to_owned();
    }
    if let Some(guess) = guess(name) {
        return format!("did you mean `{guess}`?");
    }
    if name.contains(|c: char| c.is_ascii_digit()) {
        return "name a place, such as `Europe/Berlin`, not an offset; its daylight saving is then followed"
            .to_owned();
    }
    "write an IANA name such as `Europe/Berlin`; `timedatectl list-timezones` lists them".to_owned()
}

/// The known name most like this one; a city alone finds its region.
fn guess(name: &str) -> Option<String> {
    let wanted = plain(name);
    let likeness = |known: &str| {
        let known = plain(known);
        let city = known.rsplit('/').next().unwrap_or(&known);
        let whole = strsim::normalized_damerau_levenshtein(&wanted, &known);
        let part =
            if wanted.contains('/') { 0.0 } else { strsim::normalized_damerau_levenshtein(&wanted, city) };
        // A name that is alike as a whole comes before one whose city is.
        whole.max(part - 0.01)
    };
    let names = tz::db().available().map(|known| known.to_string());
    let scored = names.map(|known| (likeness(&known), known)).filter(|(score, _)| *score >= ALIKE);
    // Of equals the first by name, so that the guess does not depend on the order of the database.
    scored.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1))).map(|(_, known)| known)
}

fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}
