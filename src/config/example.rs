//! The examples of the kinds, as one may write them into a configuration: with references instead of secrets.

use serde_json::Value;

use super::path::Step;
use super::tree::Place;
use super::{secret, shape, yaml};

/// The settings of an example, line by line. A kind's own example may hold made-up secrets; here they become
/// `env:KIND_KEY`, since the loader refuses secrets in the file.
pub(crate) fn lines(kind: &str, example: &str, schema: &Value) -> Vec<String> {
    let mut lines: Vec<String> = example.trim_end().lines().map(str::to_owned).collect();
    let Ok((Some(root), _)) = yaml::read(0, example) else { return lines };
    let mut secrets = shape::walk(&root, [schema]).secrets;
    // From the back, so that the places before stay what they are.
    secrets.sort_by_key(|path| std::cmp::Reverse(root.place_of(path)));
    for path in secrets {
        let written = root.at(&path).filter(|node| !node.text().is_some_and(secret::is_reference));
        let (Some(node), Some(Step::Key(key))) = (written, path.steps().last()) else { continue };
        let name: String = format!("{kind}_{key}").chars().map(upper).collect();
        if let Some(line) = lines.get_mut(node.place.line.saturating_sub(1)) {
            *line = replaced(line, node.place, &format!("env:{name}"));
        }
    }
    lines
}

/// The made-up secret behind a reference that [`lines`] wrote: what an example needs to be usable.
#[cfg(test)]
pub(crate) fn secret(name: &str, registries: super::Registries) -> Option<String> {
    let channels = registries.channels.iter().map(|k| (k.name, k.example, k.schema().to_value()));
    let probes = registries.probes.iter().map(|k| (k.name, k.example, k.schema().to_value()));
    channels.chain(probes).find_map(|(kind, example, schema)| {
        let (root, _) = yaml::read(0, example).ok()?;
        let root = root?;
        shape::walk(&root, [&schema]).secrets.into_iter().find_map(|path| {
            let Some(Step::Key(key)) = path.steps().last() else { return None };
            let called: String = format!("{kind}_{key}").chars().map(upper).collect();
            root.at(&path).filter(|_| called == name).and_then(|node| node.text().map(str::to_owned))
        })
    })
}

fn upper(c: char) -> char {
    if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }
}

fn replaced(line: &str, place: Place, with: &str) -> String {
    let start = place.column.saturating_sub(1);
    let before: String = line.chars().take(start).collect();
    let after: String = line.chars().skip(start + place.length).collect();
    format!("{before}{with}{after}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn made_up_secrets_become_references() {
        let secret = json!({ "type": "string", "format": "secret" });
        let schema = json!({ "type": "object", "properties": {
            "token": secret, "key": secret, "room": { "type": "string" },
            "headers": { "type": "object", "additionalProperties": secret },
        } });
        let example = "token: 'x y' # made up\nroom: a\nkey: env:MINE\nheaders: {x-key: abc, y: d}\n";
        let expected = [
            "token: env:MY_CHAT_TOKEN # made up",
            "room: a",
            "key: env:MINE",
            "headers: {x-key: env:MY_CHAT_X_KEY, y: env:MY_CHAT_Y}",
        ];
        assert_eq!(lines("my-chat", example, &schema), expected);
    }
}
