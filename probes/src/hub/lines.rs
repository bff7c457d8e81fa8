//! What the lines of a starting server tell by the way: its pod, its node.

use crate::Cx;

/// Notes pod and node from `Successfully assigned <namespace>/<pod> to <node>`.
pub(crate) fn note_placement(cx: &mut Cx, line: &str) {
    if let Some((pod, node)) = placement(line) {
        cx.fact("pod", pod);
        cx.fact("node", node);
    }
}

fn placement(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once("Successfully assigned ")?;
    let (pod, node) = rest.split_once(" to ")?;
    let pod = pod.rsplit('/').next()?;
    let node = node.split_whitespace().next()?;
    (!pod.is_empty()).then_some((pod, node))
}

/// A text from outside on one line and of bounded length, for a summary.
pub(crate) fn tidy(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(300).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_tells_pod_and_node() {
        let line =
            "2026-01-01T10:00:00.000000Z [Normal] Successfully assigned prod/jupyter-acme-2dtiny to node-7";
        assert_eq!(placement(line), Some(("jupyter-acme-2dtiny", "node-7")));
        assert_eq!(placement("Assigned to node localhost"), None);
        assert_eq!(placement("Successfully assigned "), None);
    }
}
