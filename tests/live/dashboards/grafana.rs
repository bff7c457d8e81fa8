//! The dashboards as Grafana reads them: panels with their queries, what there is to choose from, marks.

use std::fmt;
use std::path::Path;

use serde_json::Value;

/// One query of a panel, as it is asked.
pub(super) struct Panel {
    /// Name of the dashboard's file.
    pub(super) board: String,
    pub(super) title: String,
    /// The query with everything in it replaced.
    pub(super) expression: String,
    /// Labels that the legend names.
    pub(super) labels: Vec<String>,
    /// Asked for now, and not over time.
    pub(super) now: bool,
}

impl fmt::Display for Panel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}: {}", self.board, self.title, self.expression)
    }
}

/// All dashboards by the names of their files.
pub(super) fn dashboards() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/grafana");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("deploy/grafana").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "json") {
            let text = std::fs::read_to_string(&path).expect("a dashboard");
            let name = path.file_stem().and_then(|n| n.to_str()).expect("a name").to_owned();
            all.push((name, serde_json::from_str(&text).expect("JSON")));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(all.len() >= 5, "{} dashboards", all.len());
    all
}

/// Every query of every panel.
pub(super) fn panels(name: &str, board: &Value) -> Vec<Panel> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut all = Vec::new();
    for panel in list(&board["panels"]).iter().filter(|p| p["type"] != "row") {
        let targets = list(&panel["targets"]);
        assert!(!targets.is_empty(), "{name} / {} asks nothing", panel["title"]);
        all.extend(targets.iter().map(|target| Panel {
            board: name.to_owned(),
            title: panel["title"].as_str().expect("a title").to_owned(),
            expression: replaced(target["expr"].as_str().expect("a query")),
            labels: legend(target["legendFormat"].as_str().unwrap_or_default()),
            now: target["instant"] == true,
        }));
    }
    all
}

/// As Grafana does when `All` is chosen, for a data source that is scraped every few seconds.
fn replaced(expression: &str) -> String {
    let known = [("$__rate_interval", "30s"), ("$target", ".*"), ("$probe", ".*"), ("$channel", ".*")];
    let text = known.iter().fold(expression.to_owned(), |text, (name, value)| text.replace(name, value));
    assert!(!text.contains('$'), "something is left to replace: {text}");
    text
}

/// The labels in `{{…}}`.
fn legend(format: &str) -> Vec<String> {
    format.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.to_owned())).collect()
}

/// What can be chosen: a label, and the series whose values it takes.
pub(super) fn variables(board: &Value) -> Vec<(String, String)> {
    let all = board["templating"]["list"].as_array().expect("variables");
    let queries = all.iter().filter(|v| v["type"] == "query").filter_map(|v| v["definition"].as_str());
    let read = |query: &str| {
        let inner = query.strip_prefix("label_values(")?.strip_suffix(')')?;
        let (series, label) = inner.rsplit_once(", ")?;
        Some((label.to_owned(), replaced(series)))
    };
    queries.map(|q| read(q).unwrap_or_else(|| panic!("{q}"))).collect()
}

/// The queries of the marks.
pub(super) fn annotations(board: &Value) -> Vec<String> {
    let all = board["annotations"]["list"].as_array().cloned().unwrap_or_default();
    all.iter().filter_map(|a| a["expr"].as_str()).map(replaced).collect()
}
