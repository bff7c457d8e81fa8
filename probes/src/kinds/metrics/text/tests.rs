//! Lines as servers write them, and lines that nobody should write.

use proptest::prelude::*;

use super::*;

/// Name, labels, value.
type Line = (String, Vec<(String, String)>, f64);

fn read(line: &str) -> Option<Line> {
    sample(line).map(|s| (s.metric, s.labels.into_iter().collect(), s.value))
}

#[test]
fn samples_are_read_as_both_formats_write_them() {
    let one = |k: &str, v: &str| vec![(k.to_owned(), v.to_owned())];
    let cases = [
        ("up 1", "up", vec![], 1.0),
        ("  a:b_c9\t+1.5e3 1395066363000 ", "a:b_c9", vec![], 1500.0),
        ("x{} .5", "x", vec![], 0.5),
        (r#"x{a="b"}-1"#, "x", one("a", "b"), -1.0),
        (r#"x { a = "b" , } 2"#, "x", one("a", "b"), 2.0),
        (r#"x{a="} 1 \"\\\n\d"} 3"#, "x", one("a", "} 1 \"\\\n\\d"), 3.0),
        (r#"x{a="ü€"} +Inf"#, "x", one("a", "ü€"), f64::INFINITY),
        (r#"x_bucket{le="0.1"} 8 # {trace="abc"} 0.054"#, "x_bucket", one("le", "0.1"), 8.0),
        (r#"{"odd name",a="b"} 1 1.7e9"#, "odd name", one("a", "b"), 1.0),
        (r#"x{"odd label"="b"} 1"#, "x", one("odd label", "b"), 1.0),
    ];
    for (line, metric, labels, value) in cases {
        assert_eq!(read(line), Some((metric.to_owned(), labels, value)), "{line}");
    }
    assert!(sample("x NaN").unwrap().value.is_nan());
}

#[test]
fn what_is_no_sample_is_left_out() {
    let lines = [
        "",
        "# HELP x 1",
        "# EOF",
        "x",
        "x{",
        "x{a",
        "x{a=}",
        "x{a=b} 1",
        r#"x{a="b} 1"#,
        r#"x{a="b" c="d"} 1"#,
        r#"x{a="b",,} 1"#,
        r#"x{a="1",a="2"} 1"#,
        r#"x{="b"} 1"#,
        "9x 1",
        "<html> 1",
        "x nan",
        "x infinity",
        "x 1,5",
        r#"x{"y"} 1"#,
        r#"{"x","y"} 1"#,
        "{} 1",
        r#"{a="b"} 1"#,
        "x 0x10",
    ];
    for line in lines {
        assert_eq!(read(line), None, "{line}");
    }
}

#[test]
fn a_page_is_bounded() {
    let wanted = BTreeSet::from(["x".to_owned()]);
    let text: String = (0..MOST_SERIES + 5).map(|n| format!("x{{n=\"{n}\"}} 1\ny 1\n")).collect();
    let page = Page::read(&text, &wanted);
    assert_eq!((page.of("x").len(), page.of("y").len(), page.cut), (MOST_SERIES, 0, true));
    assert_eq!(page.samples, 2 * MOST_SERIES + 10);
    let labels: String = (0..200).map(|n| format!("l{n}=\"v\",")).collect();
    assert_eq!(read(&format!("x{{{labels}}} 1")), None);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[ -~\n\té€{}\"\\\\=,#]{0,200}") {
        let names: BTreeSet<String> = text.lines().filter_map(sample).map(|s| s.metric).collect();
        let page = Page::read(&text, &names);
        prop_assert!(page.all().count() == page.samples);
    }

    #[test]
    fn near_misses_do_not_break_it_either(
        name in "[a-z_]{0,3}", open in "[{]?", pairs in prop::collection::vec("[a-z]{0,2}[=]?\"?[a-z\\\\\"]{0,4}\"?", 0..4),
        close in "[}]?", value in "[-+0-9.eEInfaN ]{0,6}",
    ) {
        let _any = sample(&format!("{name}{open}{}{close} {value}", pairs.join(",")));
    }

    #[test]
    fn what_is_written_is_read_again(
        labels in prop::collection::btree_map("[a-z]{1,4}", "[ -~é\n]{0,12}", 0..5), value in -1e9..1e9f64,
    ) {
        let escaped = |v: &str| v.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let text: Vec<_> = labels.iter().map(|(k, v)| format!("{k}=\"{}\"", escaped(v))).collect();
        let seen = sample(&format!("m{{{}}} {value}", text.join(",")));
        prop_assert_eq!(seen, Some(Sample { metric: "m".to_owned(), labels, value }));
    }
}
