//! Reads what arrived with programs that others wrote: mails with Python's parser, a room as another member sees it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::launcher::Server;
use super::stage;

/// Prints each mail of a JSON-lines file as one JSON object.
const PARSER: &str = r#"
import email, email.policy, json, sys
for line in open(sys.argv[1]):
    kept = json.loads(line)
    mail = email.message_from_string(kept["data"], policy=email.policy.default)
    kinds = sorted(part.get_content_type() for part in mail.walk())
    text = mail.get_body(("plain",)).get_content()
    print(json.dumps({"subject": mail["Subject"], "id": mail["Message-ID"], "references": mail["References"],
                      "reply": mail["In-Reply-To"], "to": kept["to"], "tls": kept["tls"], "login": kept["login"],
                      "text": text, "kinds": kinds, "raw": kept["data"]}))
"#;

/// The mails that a relay has taken.
pub(crate) fn mails(smtp: &Server) -> Vec<Value> {
    let python = stage::tests().join(".venv/bin/python");
    let output = Command::new(python).args(["-c", PARSER]).arg(Path::new(smtp.fact("mails"))).output();
    let output = output.expect("python runs");
    assert!(
        output.status.success(),
        "mails that a parser refuses: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| serde_json::from_str(line).expect("a mail")).collect()
}

/// The other member reacts to an event.
pub(crate) async fn react(synapse: &Server, event: &str, key: &str) -> Result<(), String> {
    let room = synapse.fact("room_id").replace('!', "%21").replace(':', "%3A");
    let home = synapse.fact("homeserver_url");
    let url =
        format!("{home}/_matrix/client/v3/rooms/{room}/send/m.reaction/{}", stage::now().as_nanosecond());
    let relation = serde_json::json!({"rel_type": "m.annotation", "event_id": event, "key": key});
    let body = serde_json::json!({ "m.relates_to": relation }).to_string();
    let request = stage::client().put(url).bearer_auth(synapse.fact("reader_token")).body(body);
    let answer = request.send().await.map_err(|e| e.to_string())?;
    let status = answer.status();
    let text = answer.text().await.map_err(|e| e.to_string())?;
    if status.is_success() { Ok(()) } else { Err(format!("{status} {text}")) }
}

/// The messages of the bot in the room, the oldest first, as the other member gets them.
pub(crate) async fn events(synapse: &Server) -> Result<Vec<Value>, String> {
    let room = synapse.fact("room_id").replace('!', "%21").replace(':', "%3A");
    let home = synapse.fact("homeserver_url");
    let url = format!("{home}/_matrix/client/v3/rooms/{room}/messages?dir=b&limit=100");
    let request = stage::client().get(url).bearer_auth(synapse.fact("reader_token"));
    let text = request.send().await.map_err(|e| e.to_string())?.text().await.map_err(|e| e.to_string())?;
    let page: Value = serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))?;
    let chunk = page["chunk"].as_array().ok_or(text)?;
    let ours = |e: &&Value| e["type"] == "m.room.message" && e["sender"] == synapse.facts["bot"];
    Ok(chunk.iter().rev().filter(ours).cloned().collect())
}
