use super::*;
use crate::conformance::fixture::{acknowledged, flood, of_kind, opened};

fn rendered(source: &str, n: &Notification) -> String {
    Template::try_from(source.to_owned()).unwrap().words(n).unwrap().unwrap_or_default()
}

#[test]
fn everything_that_is_known_can_be_said() {
    for (source, expected) in [
        (
            "{{ mark }} {{ word }} {{ target }} {{ kind }}/{{ severity }}",
            "👀 SEEN mybinder acknowledged/page",
        ),
        ("{{ incident }} {{ id }}", "mybinder-20240503 mybinder-20240503-4"),
        (
            "{{ since }} {{ at }} {{ lasted }}|{{ until }}",
            "2024-05-03T18:27:00Z 2024-05-03T19:02:00Z 35 min|",
        ),
        (
            "{{ failing|length }} {{ failing[0].probe }}: {{ failing[0].words }}",
            "2 launch-requirements: the Hub could not start the server",
        ),
        (
            "{% for f in failing %}{{ f.target }}/{{ f.stage }}/{{ f.reason }}/{{ f.failures }} {% endfor %}",
            "mybinder/launch/spawn_failed/2 mybinder/first_byte/hub_unavailable/3 ",
        ),
        ("{{ working|join(', ') }} {{ more }} {{ targets }}", "front page 0 1"),
        ("{% if ack %}{{ ack.by }} until {{ ack.until }}{% endif %}", "ada until 2024-05-03T23:02:00Z"),
        ("{{ people|join }}{{ note }}{{ hushed|length }}", "0"),
        ("{{ link }}", "https://status.example.org/incidents/mybinder-20240503?lang=en&full=1"),
        ("{{ title|upper }}", "MYBINDER: ADA SEES TO IT, NOBODY CAN LAUNCH SINCE 18:27 UTC (35 MIN)"),
        ("{{ {'a': target}|tojson }}", "{\"a\": \"mybinder\"}"),
        (
            "<b>{{ failing[0].evidence|last }}</b>",
            "<b>0/12 nodes are available: 12 Insufficient memory. <no preemption></b>",
        ),
    ] {
        // Not all of them would do for every notification.
        let rendered = Tried::parse(source.to_owned()).unwrap().render(&acknowledged());
        assert_eq!(rendered.as_deref(), Ok(expected), "{source}");
    }
    assert!(rendered("{{ text }}", &opened()).starts_with("- launch-requirements: the Hub could not"));
}

#[test]
fn what_cannot_work_at_night_is_refused_by_day() {
    for (source, expected) in [
        ("{{ titel }}", "line 1: undefined value"),
        (
            "line\n{{ failing[0].probe }}",
            "line 2: undefined value (`failing[0]` is undefined), for a notification of kind `opened`",
        ),
        ("{{ ack.by }}", "line 1: undefined value ("),
        ("{% if kind == 'resolved' %}{{ x }}{% endif %}", "for a notification of kind `resolved`"),
        ("{{ title", "line 1: syntax error"),
        ("{% for f in failing %}", "line 1: syntax error"),
        ("{{ title|uper }}", "line 1: unknown filter"),
        ("{% include 'other' %}", "line 1: template not found"),
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            "line 1: it takes too long",
        ),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "recursion limit exceeded"),
        ("{{ 'x' * 300000 }}", "longer than 256 KiB"),
    ] {
        let why = Template::try_from(source.to_owned()).err().unwrap();
        assert!(why.starts_with(expected) || why.contains(expected), "{source}: {why}");
    }
}

#[test]
fn a_template_says_the_same_each_time() {
    let template = Template::try_from("{{ failing }} {{ title }}".to_owned()).unwrap();
    for n in of_kind().iter().chain([&flood()]) {
        assert_eq!(template.words(n), template.words(n));
    }
}

#[test]
fn nothing_is_nothing() {
    let template = Template::try_from("{% if kind == 'opened' %}x{% endif %}\n ".to_owned()).unwrap();
    assert_eq!(template.words(&opened()), Ok(Some("x\n ".into())));
    assert_eq!(template.words(&acknowledged()), Ok(None));
}
