//! Label selectors as in `kubectl -l`, held against pods that are listed already.

use super::words::Words;

/// Conditions on labels that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector {
    written: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// Reads `app=binder,component in (hub, proxy),!canary`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let terms: Vec<Term> = split(text)?.into_iter().map(term).collect::<Result<_, _>>()?;
        if terms.is_empty() {
            return Err("an empty selector would mean every pod".to_owned());
        }
        Ok(Self { written: text.trim().to_owned(), terms })
    }

    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether these labels fulfil it.
    pub(crate) fn matches(&self, labels: &Words) -> bool {
        self.terms.iter().all(|term| match term {
            Term::In(key, values) => labels.get(key).is_some_and(|v| values.iter().any(|w| w == v)),
            Term::NotIn(key, values) => labels.get(key).is_none_or(|v| !values.iter().any(|w| w == v)),
            Term::Exists(key) => labels.get(key).is_some(),
            Term::Absent(key) => labels.get(key).is_none(),
        })
    }
}

/// Cuts at the commas outside of parentheses.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let (mut terms, mut from, mut inside) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' if !inside => inside = true,
            ')' if inside => inside = false,
            '(' | ')' => return Err(format!("unexpected `{letter}`")),
            ',' if !inside => {
                terms.extend(text.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    if inside {
        return Err("a `(` is not closed".to_owned());
    }
    terms.extend(text.get(from..));
    Ok(terms.into_iter().map(str::trim).filter(|t| !t.is_empty()).collect())
}

fn term(text: &str) -> Result<Term, String> {
    let set = |key: &str, rest: &str| -> Result<(String, Vec<String>), String> {
        let inner = rest.trim().strip_prefix('(').and_then(|r| r.strip_suffix(')'));
        let inner = inner.ok_or_else(|| format!("`{text}` needs its values in parentheses"))?;
        Ok((word(key)?, inner.split(',').map(word).collect::<Result<_, _>>()?))
    };
    if let Some((key, rest)) = text.split_once(" notin") {
        return set(key, rest).map(|(key, values)| Term::NotIn(key, values));
    }
    if let Some((key, rest)) = text.split_once(" in") {
        return set(key, rest).map(|(key, values)| Term::In(key, values));
    }
    if let Some((key, value)) = text.split_once("!=") {
        return Ok(Term::NotIn(word(key)?, vec![word(value)?]));
    }
    if let Some((key, value)) = text.split_once('=') {
        let value = value.strip_prefix('=').unwrap_or(value);
        return Ok(Term::In(word(key)?, vec![word(value)?]));
    }
    match text.strip_prefix('!') {
        Some(key) => word(key).map(Term::Absent),
        None => word(text).map(Term::Exists),
    }
}

fn word(text: &str) -> Result<String, String> {
    let text = text.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !text.is_empty() && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no label"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_mean_what_kubectl_means() {
        let labels = [("app", "binder"), ("component", "hub"), ("app.kubernetes.io/name", "traefik")];
        let labels: Words = labels.into_iter().collect();
        let cases = [
            ("component=hub", true),
            ("component==hub", true),
            ("app=binder,component=binder", false),
            ("app = binder , component = hub", true),
            ("app.kubernetes.io/name in (traefik, ingress-nginx)", true),
            ("component in (proxy)", false),
            ("component notin (proxy,binder)", true),
            ("component!=hub", false),
            ("release!=x", true),
            ("app", true),
            ("!app", false),
            ("!release", true),
        ];
        for (text, fits) in cases {
            let selector = Selector::parse(text).unwrap();
            assert_eq!(selector.matches(&labels), fits, "{text}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in ["", " , ", "a in b", "a in (b", "a=b)", "a=b c", "=b", "a b", "a={}"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
