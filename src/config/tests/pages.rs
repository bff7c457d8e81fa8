//! The section `pages`: what it makes, and what is said of what cannot be used.

use super::super::{Config, Registries, load_text, told};

const TARGETS: &str = "version: 1\ntargets:\n  - { name: hub, url: 'https://hub.example/', probes: [http] }\n  - { name: gke, url: 'https://gke.example/', probes: [http] }\nchannels: [{ type: webhook, url: 'env:HOOK' }]\n";

fn loaded(pages: &str) -> Result<Config, String> {
    let env = |_: &str| Some("http://chat.example/hook".to_owned());
    load_text("test.yaml", &format!("{TARGETS}{pages}"), Registries::BUILT_IN, &env)
        .map(|(config, _)| config)
        .map_err(|problems| told(&problems))
}

#[test]
fn pages_have_a_title_groups_links_a_time_zone_and_hidden_targets() {
    let pages = "pages:\n  title: ' Our hubs '\n  groups: [{ name: Europe, targets: [gke] }]\n  time_zone: Europe/Oslo\n  links: [{ title: Help, url: 'mailto:help@example.org' }, { title: Forum, url: 'https://x.example/f?c=1' }]\n  hide: [hub]\n";
    let pages = loaded(pages).unwrap_or_else(|e| panic!("{e}")).pages;
    assert_eq!(pages.title, "Our hubs");
    assert_eq!(
        (pages.groups[0].name.as_str(), pages.groups[0].targets.as_slice()),
        ("Europe", &["gke".to_owned()][..])
    );
    assert_eq!(pages.time_zone.iana_name(), Some("Europe/Oslo"));
    assert_eq!(pages.links.len(), 2);
    assert!(pages.hide.contains("hub"));
    assert_eq!(loaded("").unwrap_or_else(|e| panic!("{e}")).pages, super::super::Pages::default());
}

#[test]
fn what_cannot_be_shown_is_refused_with_its_place() {
    for (pages, words) in [
        ("{ title: '' }", "pages.title"),
        ("{ groups: [{ name: a, targets: [hubb] }] }", "there is no target `hubb`"),
        (
            "{ groups: [{ name: a, targets: [hub] }, { name: b, targets: [hub] }] }",
            "`hub` is in a group already",
        ),
        ("{ hide: [gek] }", "did you mean `gke`"),
        ("{ links: [{ title: a, url: 'javascript:alert(1)' }] }", "not an address to link to"),
        ("{ time_zone: Europe/Osloo }", "pages.time_zone"),
        ("{ logo: /no/such/file.svg }", "cannot be read"),
        ("{ logo: /proc/self/cmdline }", "neither SVG nor PNG"),
        ("{ tilte: x }", "tilte"),
    ] {
        let said = loaded(&format!("pages: {pages}\n")).err().unwrap_or_else(|| panic!("{pages} was taken"));
        assert!(said.contains(words), "{pages}: {said}");
    }
}
