//! Measured numbers in words, by the unit that their name ends with.

use crate::web::words;

/// The number with its unit: `_seconds`, `_bytes`, `_ratio`, `_cores` at the end of a name say which.
pub(super) fn told(name: &str, value: f64) -> String {
    if !value.is_finite() {
        return "unknown".into();
    }
    match name.rsplit('_').next().unwrap_or_default() {
        "seconds" => seconds(value),
        "bytes" => bytes(value),
        "ratio" => words::share(value),
        "cores" => format!("{value:.2} cores"),
        _ if value.fract() == 0.0 && value.abs() < 1e15 => grouped(value),
        _ => format!("{value:.3}"),
    }
}

/// Seconds as on other pages; below a tenth in milliseconds, which is where healthy pages answer.
pub(super) fn seconds(value: f64) -> String {
    match value {
        v if v <= -0.0005 => format!("−{}", seconds(-v)),
        v if v < 0.000_5 => "0 s".into(),
        v if v < 0.009_95 => format!("{:.1} ms", v * 1e3),
        v if v < 0.099_5 => format!("{:.0} ms", v * 1e3),
        v => words::seconds(v),
    }
}

fn bytes(value: f64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if value.abs() < 1024.0 {
        return format!("{value:.0} B");
    }
    let mut left = value;
    let mut unit = "B";
    for next in UNITS {
        if left.abs() < 1024.0 {
            break;
        }
        left /= 1024.0;
        unit = next;
    }
    format!("{left:.1} {unit}")
}

/// Groups of three, parted by thin blanks.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 && digits.len() > 4 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    if value < 0.0 { format!("−{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_unit_of_its_name() {
        for (name, value, expected) in [
            ("certificate_left_seconds", 864_000.0, "10 d"),
            ("certificate_left_seconds", -90.0, "−90 s"),
            ("list_seconds", 0.034, "34 ms"),
            ("list_seconds", 0.003_4, "3.4 ms"),
            ("list_seconds", 0.0, "0 s"),
            ("body_bytes", 512.0, "512 B"),
            ("component_hub_memory_bytes", 419_430_400.0, "400.0 MiB"),
            ("drift_orphans_ratio", 0.125, "12.5 %"),
            ("user_pods", 1_234.0, "1234"),
            ("events_oom", 12_345.0, "12\u{202f}345"),
            ("load", 0.5, "0.500"),
            ("load", f64::NAN, "unknown"),
        ] {
            assert_eq!(told(name, value), expected, "{name}");
        }
    }
}
