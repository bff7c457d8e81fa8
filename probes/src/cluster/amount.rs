//! Amounts as Kubernetes writes them: `250m`, `2Gi`, `1e3`.

/// The number that is written; `None` for anything else.
pub(crate) fn amount(text: &str) -> Option<f64> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(unit_at)?;
    let factor = match unit {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        "Pi" => 1024.0 * 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return text.parse().ok().filter(|n: &f64| n.is_finite()),
    };
    let number: f64 = number.parse().ok()?;
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn amounts_are_read_as_kubernetes_writes_them() {
        let cases = [
            ("2", Some(2.0)),
            ("0.5", Some(0.5)),
            ("250m", Some(0.25)),
            ("1500000n", Some(0.0015)),
            ("2Gi", Some(2147483648.0)),
            ("512Ki", Some(524288.0)),
            ("2G", Some(2e9)),
            ("1e3", Some(1000.0)),
            ("5k", Some(5000.0)),
            ("", None),
            ("Gi", None),
            ("inf", None),
            ("two", None),
            ("2Gib", None),
        ];
        for (text, number) in cases {
            assert_eq!(amount(text), number, "{text}");
        }
    }
}
