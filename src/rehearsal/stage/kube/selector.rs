//! Selector: which labels are asked for.

/// A label selector of equalities and sets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector(Vec<(String, Vec<String>)>);

impl Selector {
    /// Reads `a=b,c in (d,e)`; other operators are left aside.
    pub(crate) fn read(text: &str) -> Self {
        let mut wants = Vec::new();
        let mut depth = 0;
        let parts = text.split(|c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ',' && depth == 0
        });
        for part in parts {
            if part.contains("!=") {
                continue;
            }
            let set = part.split_once(" in ").map(|(key, set)| (key, set.trim().trim_matches(['(', ')'])));
            let Some((key, values)) = set.or_else(|| part.split_once('=')) else { continue };
            let values = values.trim_start_matches('=').split(',').map(|v| v.trim().to_owned());
            wants.push((key.trim().to_owned(), values.collect()));
        }
        Self(wants)
    }

    pub(crate) fn fits(&self, labels: &[(&'static str, String)]) -> bool {
        self.0.iter().all(|(key, values)| labels.iter().any(|(k, v)| k == key && values.contains(v)))
    }

    /// Whether something with this label may be wanted.
    pub(crate) fn may_be(&self, key: &str, value: &str) -> bool {
        self.0.iter().filter(|(k, _)| k == key).all(|(_, values)| values.iter().any(|v| v == value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equalities_and_sets_are_understood() {
        let labels = [("app", "binder".to_owned()), ("component", "hub".to_owned())];
        let table = [
            ("", true),
            ("component=hub", true),
            ("component==hub,app=binder", true),
            ("component in (proxy, hub)", true),
            ("component in (proxy,binder),app=binder", false),
            ("other=hub", false),
        ];
        for (text, expected) in table {
            assert_eq!(Selector::read(text).fits(&labels), expected, "{text}");
        }
        assert!(!Selector::read("component=hub").may_be("component", "proxy"));
    }
}
