//! Asks Prometheus over its HTTP API.

use serde_json::Value;

use super::grafana::Panel;
use crate::kit::stage;

/// Where to ask, and from when on.
pub(super) struct Asked {
    url: String,
    since: i64,
}

impl Asked {
    pub(super) fn of(url: &str) -> Self {
        Self { url: url.to_owned(), since: stage::now().as_second() }
    }

    /// The highest figure that a panel shows.
    ///
    /// # Errors
    /// It shows nothing: why.
    pub(super) async fn panel(&self, panel: &Panel) -> Result<f64, String> {
        let labels: Vec<&str> = panel.labels.iter().map(String::as_str).collect();
        if panel.now {
            let data = self.api("query", &[("query", &panel.expression)]).await?;
            return highest(&data, &labels);
        }
        self.most(&panel.expression, &labels).await
    }

    /// The highest value of an expression over the time of the run; each of its series has these labels.
    pub(super) async fn most(&self, expression: &str, labels: &[&str]) -> Result<f64, String> {
        let (start, end) = (self.since.to_string(), stage::now().as_second().to_string());
        let asked = [("query", expression), ("start", &start), ("end", &end), ("step", "1")];
        highest(&self.api("query_range", &asked).await?, labels)
    }

    /// The values of a label among some series.
    pub(super) async fn values(&self, label: &str, series: &str) -> Vec<Value> {
        let data = self.api(&format!("label/{label}/values"), &[("match[]", series)]).await;
        data.expect("values").as_array().cloned().unwrap_or_default()
    }

    /// All rules.
    pub(super) async fn rules(&self) -> Result<Vec<Value>, String> {
        let data = self.api("rules", &[]).await?;
        let groups = data["groups"].as_array().cloned().unwrap_or_default();
        Ok(groups.iter().flat_map(|g| g["rules"].as_array().cloned().unwrap_or_default()).collect())
    }

    async fn api(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, String> {
        let mut url: url::Url = format!("{}api/v1/{path}", self.url).parse().expect("an address");
        url.query_pairs_mut().extend_pairs(query);
        let answer = stage::client().get(url).send().await.map_err(|e| e.to_string())?;
        let text = answer.text().await.map_err(|e| e.to_string())?;
        let value: Value = serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))?;
        if value["status"] == "success" { Ok(value["data"].clone()) } else { Err(text) }
    }
}

/// The highest number in an answer. What is no number shows nothing.
fn highest(data: &Value, labels: &[&str]) -> Result<f64, String> {
    let series = data["result"].as_array().ok_or("no result")?;
    let mut numbers: Vec<f64> = Vec::new();
    for each in series {
        if let Some(label) = labels.iter().find(|label| each["metric"][**label].is_null()) {
            return Err(format!("the legend names {label}, which {} has not", each["metric"]));
        }
        let points = each["values"].as_array().cloned().unwrap_or_else(|| vec![each["value"].clone()]);
        numbers.extend(points.iter().filter_map(|p| p[1].as_str()?.parse::<f64>().ok()));
    }
    let told = format!("{} series, {} points, no number", series.len(), numbers.len());
    numbers.into_iter().filter(|n| n.is_finite()).reduce(f64::max).ok_or(told)
}
