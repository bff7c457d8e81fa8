//! Hindsight: what people did and when they noticed. For the reader of a timeline; nothing here reaches the service.

use crate::config::source::Source;

use super::desk::{At, Desk};

/// Something that a person did.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// When, seconds relative to `t0`.
    pub t: f64,
    /// What, in the words of the schema, such as `restart-hub`.
    pub action: String,
    /// To what; empty if not written.
    pub target: String,
    /// What came of it; empty if not written.
    pub effect: String,
}

/// What became known afterwards. Everything may be absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hindsight {
    /// When somebody noticed, seconds relative to `t0`.
    pub human_noticed: Option<f64>,
    /// Who.
    pub human_noticed_by: Option<String>,
    /// When somebody began to look into it.
    pub investigation: Option<f64>,
    /// When it was over for users.
    pub mitigated: Option<f64>,
    /// What people did, by time.
    pub deeds: Vec<Deed>,
}

impl Hindsight {
    /// Reads what a scenario's text tells of people; what cannot be read is left out.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let source = Source { name: String::new(), text: text.to_owned() };
        let Some(tree) = Desk::new(&source).tree() else { return Self::default() };
        let root = At::root(&tree);
        let clock = root.get("clock");
        let when = |key: &str| clock.as_ref()?.get(key)?.figure();
        let actions = root.get("channels").and_then(|c| c.get("operator_actions"));
        let mut deeds: Vec<Deed> =
            actions.map(|a| a.items()).unwrap_or_default().iter().filter_map(deed).collect();
        deeds.sort_by(|a, b| a.t.total_cmp(&b.t));
        Self {
            human_noticed: when("human_noticed"),
            human_noticed_by: clock
                .as_ref()
                .and_then(|c| c.get("human_noticed_by"))
                .and_then(|b| b.text().map(str::to_owned)),
            investigation: when("investigation"),
            mitigated: when("mitigated"),
            deeds,
        }
    }
}

fn deed(at: &At<'_>) -> Option<Deed> {
    let text = |key: &str| at.get(key).and_then(|t| t.text()).unwrap_or_default().to_owned();
    Some(Deed {
        t: at.get("t")?.figure()?,
        action: text("action"),
        target: text("target"),
        effect: text("effect"),
    })
}
