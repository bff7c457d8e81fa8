//! Fetches secrets from where the configuration says they are: the environment or a file, never the text itself.

use std::fs;
use std::io::Read as _;
use std::path::Path;

/// Most that is read of a file, in bytes: a secret is short, and `/dev/zero` has no end.
const LARGEST: u64 = 64 * 1024;

/// How the environment is asked.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where secrets come from.
#[derive(Clone, Copy)]
pub(crate) struct Vault<'a> {
    /// Looks a variable up.
    pub(crate) env: Environment<'a>,
    /// The folder that relative `file:` paths start from.
    pub(crate) base: &'a Path,
}

/// Why there is no secret: what, and how to mend it. Never says what was found.
pub(crate) type NoSecret = (String, String);

impl Vault<'_> {
    /// The secret behind `env:NAME` or `file:/path`, without a newline at the end.
    pub(crate) fn open(&self, reference: &str) -> Result<String, NoSecret> {
        let secret = if let Some(name) = reference.strip_prefix("env:") {
            self.variable(name.trim())?
        } else if let Some(path) = reference.strip_prefix("file:") {
            self.file(path.trim())?
        } else {
            return Err(plain(reference));
        };
        Ok(secret.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn variable(&self, name: &str) -> Result<String, NoSecret> {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let what = "after `env:` comes the name of an environment variable";
            return Err((what.to_owned(), "such as `env:SLACK_WEBHOOK_URL`".to_owned()));
        }
        match (self.env)(name) {
            None => Err((
                format!("the environment variable `{name}` is not set"),
                "set it, or leave this out".into(),
            )),
            Some(value) if value.trim().is_empty() => {
                Err((format!("the environment variable `{name}` is empty"), String::new()))
            }
            Some(value) => Ok(value),
        }
    }

    fn file(&self, name: &str) -> Result<String, NoSecret> {
        let path = self.base.join(name);
        let shown = path.display();
        let mut text = String::new();
        let read = fs::File::open(&path).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
        match read.map(|_| text) {
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => {
                Err((format!("the file `{shown}` is not text"), String::new()))
            }
            Err(e) => Err((format!("the file `{shown}` cannot be read: {e}"), String::new())),
            Ok(text) if text.trim().is_empty() => {
                Err((format!("the file `{shown}` is empty"), String::new()))
            }
            Ok(text) => Ok(text),
        }
    }
}

/// Whether a text says where a secret is, rather than being one.
pub(crate) fn is_reference(text: &str) -> bool {
    text.starts_with("env:") || text.starts_with("file:")
}

/// What to say to somebody who wrote the secret itself.
pub(crate) fn plain(text: &str) -> NoSecret {
    let name = text.trim_start_matches('$').trim_start_matches('{').trim_end_matches('}');
    let variable = text.starts_with('$') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let hint = if variable {
        format!("variables are not filled in; write `env:{name}`")
    } else {
        "write `env:NAME` or `file:/path`, and put the secret there".to_owned()
    };
    ("secrets are not written into the file".to_owned(), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_come_from_the_environment_or_a_file_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("token"), "from file\n").unwrap();
        fs::write(folder.path().join("empty"), "\n").unwrap();
        fs::write(folder.path().join("noise"), [0xff, 0xfe]).unwrap();
        let env = |name: &str| match name {
            "SET" => Some("from env\n".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let vault = Vault { env: &env, base: folder.path() };
        let shown = |reference: &str| {
            let text = match vault.open(reference) {
                Ok(secret) => secret,
                Err((what, hint)) => format!("{what} ({hint})"),
            };
            text.replace(&folder.path().display().to_string(), "BASE")
        };
        let absolute = format!("file:{}", folder.path().join("token").display());
        for (reference, expected) in [
            ("env:SET", "from env"),
            ("env:UNSET", "the environment variable `UNSET` is not set (set it, or leave this out)"),
            ("env:EMPTY", "the environment variable `EMPTY` is empty ()"),
            (
                "env:",
                "after `env:` comes the name of an environment variable (such as `env:SLACK_WEBHOOK_URL`)",
            ),
            ("file:token", "from file"),
            (absolute.as_str(), "from file"),
            ("file:empty", "the file `BASE/empty` is empty ()"),
            ("file:noise", "the file `BASE/noise` is not text ()"),
            ("file:none", "the file `BASE/none` cannot be read: No such file or directory (os error 2) ()"),
            ("${X}", "secrets are not written into the file (variables are not filled in; write `env:X`)"),
            (
                "xoxb-1",
                "secrets are not written into the file (write `env:NAME` or `file:/path`, and put the secret there)",
            ),
        ] {
            assert_eq!(shown(reference), expected, "{reference}");
        }
    }
}
