//! `launchwatch init`: writes a configuration to start from.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use url::Url;

use super::check::{Answer, MEND};
use crate::config::{Registries, example};

/// A public repository without surprises, at a commit that BinderHubs have built before.
const USUAL_SPEC: &str = "gh/binder-examples/requirements/50533eb";

/// What is known of the deployment when the file is written.
#[derive(Debug, Clone)]
pub struct Starter<'a> {
    /// Where it is.
    pub url: &'a str,
    /// What it is.
    pub deployment: Deployment<'a>,
}

/// What is to be watched.
#[derive(Debug, Clone, Copy)]
pub enum Deployment<'a> {
    /// A BinderHub, with what to launch there: `gh/owner/repository/commit`.
    Binder(Option<&'a str>),
    /// A JupyterHub.
    Jupyter,
}

/// Writes the file, unless there is one already.
pub fn init(path: &Path, starter: &Starter<'_>, registries: Registries) -> Answer {
    let refuse = |text: String| Answer { text, code: MEND };
    let url = match Url::parse(starter.url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        _ => {
            return refuse(format!("`{}` is not an address: write `https://hub.example.org`\n", starter.url));
        }
    };
    let text = starter_file(&url, starter, registries);
    let written = OpenOptions::new().write(true).create_new(true).open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let name = path.display();
    match written {
        Ok(()) => Answer {
            text: format!(
                "wrote {name}; next: `launchwatch check -c {name}`, then `launchwatch serve -c {name}`\n"
            ),
            code: 0,
        },
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            refuse(format!("{name} is there already and is left as it is: name another file\n"))
        }
        Err(e) => refuse(format!("{name} cannot be written: {e}\n")),
    }
}

fn starter_file(url: &Url, starter: &Starter<'_>, registries: Registries) -> String {
    let name: String = url.host_str().unwrap_or_default().chars().take(64).collect();
    let odd = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_');
    let name = if name.is_empty() || name.contains(odd) { "my-hub" } else { name.as_str() };
    let mut text = format!(
        "\
# What launchwatch looks at, and whom it tells. Every key is explained by `launchwatch reference`;
# `launchwatch check` says what is wrong with this file.
version: 1

# service:
#   listen: 127.0.0.1:8480            # pages, API and metrics
#   state: state                      # folder of the store, beside this file
#   public_url: https://status.example.org

targets:
  - name: {}
    url: {}
    probes:
",
        scalar(name),
        scalar(starter.url),
    );
    text.push_str(&probes(starter.deployment));
    text.push_str("\n# Whom to tell. Take the `#` off the ones you have.\nchannels:\n");
    for kind in registries.channels {
        let _ = write!(text, "#  # {}\n#  - type: {}\n", kind.summary, kind.name);
        for line in example::lines(kind.name, kind.example, &kind.schema().to_value()) {
            let _ = writeln!(text, "{}", format!("#    {line}").trim_end());
        }
    }
    text.push_str(
        "
# When to tell: without rules, three failed runs in a row page, and two that pass resolve; what fails now and then, or
# says nothing, becomes a ticket. Rules of your own take the place of all of these.
# rules:
#   - name: launches
#     probes: [launch]
#     failures: 3
#     successes: 2
#     severity: page
",
    );
    text
}

fn probes(deployment: Deployment<'_>) -> String {
    match deployment {
        Deployment::Binder(spec) => format!(
            "      # Launches a server as a user does, uses it and gives it back.
      - type: binder-launch
        name: launch
        spec: {}
        # every: 2m
        # deadline: 2m

      # Asks the BinderHub how it is: registry, Hub API and quota.
      - type: binderhub-health
",
            scalar(spec.unwrap_or(USUAL_SPEC)),
        ),
        Deployment::Jupyter => "      # Starts a server as a user does, uses it and gives it back.
      - type: jupyterhub-launch
        name: launch
        # A token of a service of the Hub; `launchwatch reference` names the scopes.
        api_token: env:JUPYTERHUB_TOKEN
        # every: 2m
        # deadline: 2m
"
        .to_owned(),
    }
}

/// A text as YAML reads it back.
fn scalar(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "/:._-%+~@".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if begins && text.chars().all(harmless) && !text.ends_with(':') && !is_word(text) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

fn is_word(text: &str) -> bool {
    ["true", "false", "null"].contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::cli::check::check;
    use crate::config::{Severity, load};

    const BOTH: [Deployment<'static>; 3] =
        [Deployment::Binder(None), Deployment::Binder(Some("gh/acme/probe-me/HEAD")), Deployment::Jupyter];

    #[test]
    fn texts_are_quoted_where_yaml_would_read_something_else() {
        for (text, expected) in [
            ("https://hub.example.org:8000/a_b-c", "https://hub.example.org:8000/a_b-c"),
            ("git/https%3A%2F%2Fx/0a", "git/https%3A%2F%2Fx/0a"),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("a:", "\"a:\""),
            ("{nonce}", "\"{nonce}\""),
            ("a\"b", "\"a\\\"b\""),
            ("Null", "\"Null\""),
            ("1e3", "\"1e3\""),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }

    fn written(deployment: Deployment<'_>) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("launchwatch.yaml");
        let answer =
            init(&path, &Starter { url: "https://hub.example.org", deployment }, Registries::BUILT_IN);
        assert_eq!(answer.code, 0, "{}", answer.text);
        (folder, path)
    }

    #[test]
    fn the_starter_file_passes_the_check_once_its_secrets_are_set() {
        for deployment in BOTH {
            let (_folder, path) = written(deployment);
            let answer = check(&path, Registries::BUILT_IN, &|_| Some("x".into()), false);
            assert_eq!(answer.code, 0, "{}", answer.text);
            if let Err(problems) = load(&path, Registries::BUILT_IN, &|_| None) {
                let other = problems
                    .iter()
                    .filter(|p| p.severity == Severity::Error && !p.what.contains("is not set"));
                assert_eq!(other.count(), 0, "{problems:?}");
            }
        }
    }

    #[test]
    fn the_parts_that_are_commented_out_work_too() {
        let (_folder, path) = written(BOTH[0]);
        let text = fs::read_to_string(&path).unwrap();
        let (head, tail) = text.split_once("channels:\n").unwrap();
        let (channels, rules) = tail.split_once("\n# When").unwrap();
        let channels: String = channels.lines().map(|l| format!("{}\n", l.trim_start_matches('#'))).collect();
        let rules: String =
            rules.lines().skip(2).map(|l| format!("{}\n", l.trim_start_matches("# "))).collect();
        let head = head.replace("\n# service", "\nservice").replace("\n#   ", "\n  ");
        fs::write(&path, format!("{head}channels:\n{channels}\n{rules}")).unwrap();
        let secret = |name: &str| {
            crate::config::example::secret(name, Registries::BUILT_IN).or_else(|| Some("x".into()))
        };
        let answer = check(&path, Registries::BUILT_IN, &secret, false);
        assert_eq!(answer.code, 0, "{}", answer.text);
    }

    #[test]
    fn a_file_that_is_there_is_left_as_it_is() {
        let (_folder, path) = written(BOTH[0]);
        fs::write(&path, "mine").unwrap();
        let starter = Starter { url: "https://hub.example.org", deployment: BOTH[0] };
        let answer = init(&path, &starter, Registries::BUILT_IN);
        assert_eq!((answer.code, fs::read_to_string(&path).unwrap().as_str()), (MEND, "mine"));
        assert!(answer.text.contains("is there already"), "{}", answer.text);
    }

    #[test]
    fn what_is_not_an_address_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yaml");
        for url in ["hub.example.org", "", "ftp://x"] {
            let starter = Starter { url, deployment: BOTH[0] };
            assert_eq!(init(&path, &starter, Registries::BUILT_IN).code, MEND, "{url}");
            assert!(!path.exists());
        }
    }
}
