//! Spec: which repository a launch URL names, and the image, user and links that follow from it.

use sha2::{Digest, Sha256};

use super::dice::Dice;

const PROVIDERS: [&str; 9] =
    ["gh", "gist", "git", "gl", "zenodo", "figshare", "hydroshare", "dataverse", "ckan"];

/// `<provider>/<spec>` as it stood in the path, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    /// `<provider>/<spec>`, byte for byte.
    pub(crate) raw: String,
    pub(crate) provider: String,
    /// Owner and repository; for other providers the whole name in `repo`.
    owner: String,
    repo: String,
    reference: String,
}

/// Why a launch URL names nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadSpec {
    Provider(String),
    Form(String),
}

impl Spec {
    /// Reads a raw `<provider>/<spec>`.
    pub(crate) fn read(raw: &str) -> Result<Self, BadSpec> {
        let (provider, rest) = raw.split_once('/').unwrap_or((raw, ""));
        if !PROVIDERS.contains(&provider) {
            return Err(BadSpec::Provider(format!("No provider found for prefix {provider}\n")));
        }
        let (owner, repo, reference) = match provider {
            "gh" | "gl" => hosted(rest)?,
            "git" => match rest.rsplit_once('/') {
                Some((url, reference)) => (String::new(), url.to_owned(), reference.to_owned()),
                None => return Err(form("url/ref", rest, "")),
            },
            _ => (String::new(), rest.to_owned(), "HEAD".to_owned()),
        };
        Ok(Self { raw: raw.to_owned(), provider: provider.to_owned(), owner, repo, reference })
    }

    /// The ref as a full SHA: itself if it is one, else one that follows from the name.
    pub(crate) fn resolved(&self) -> String {
        let full = self.reference.len() == 40 && self.reference.bytes().all(|b| b.is_ascii_hexdigit());
        if full { self.reference.clone() } else { hex(&self.raw, 40) }
    }

    /// The name that BinderHub puts into messages about the ref.
    pub(crate) fn key(&self) -> String {
        format!("{}:{}", self.provider, self.bare())
    }

    /// The spec without its provider.
    pub(crate) fn bare(&self) -> &str {
        self.raw.split_once('/').map_or("", |(_, rest)| rest)
    }

    pub(crate) fn image(&self) -> String {
        let name = self.slug().replace('-', "-2d");
        format!("registry.internal/r2d-{name}-{}:{}", hex(&self.repo_url(), 6), self.resolved())
    }

    pub(crate) fn repo_url(&self) -> String {
        match self.provider.as_str() {
            "gh" => format!("https://github.com/{}/{}", self.owner, self.repo),
            "gl" => format!("https://gitlab.com/{}/{}", self.owner, self.repo),
            "git" => unescape(&self.repo),
            _ => format!("https://doi.org/{}", self.repo),
        }
    }

    pub(crate) fn ref_url(&self) -> String {
        format!("{}/tree/{}", self.repo_url(), self.resolved())
    }

    /// `v2/…` with the ref as asked, or with the resolved one.
    pub(crate) fn request(&self, persistent: bool) -> String {
        match self.raw.rsplit_once('/') {
            Some((head, _)) if persistent => format!("v2/{head}/{}", self.resolved()),
            _ => format!("v2/{}", self.raw),
        }
    }

    /// A fresh user name, as BinderHub makes them up for every attempt.
    pub(crate) fn user(&self, dice: &mut Dice) -> String {
        let slug = self.slug();
        let short = if slug.len() > 32 { format!("{}-{}", cut(&slug, 15), tail(&slug, 15)) } else { slug };
        format!("{short}-{}", dice.word(8))
    }

    fn slug(&self) -> String {
        let name = if self.owner.is_empty() {
            unescape(&self.repo)
        } else {
            format!("{}-{}", self.owner, self.repo)
        };
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        name.chars().map(plain).collect()
    }
}

fn hosted(rest: &str) -> Result<(String, String, String), BadSpec> {
    let parts: Vec<&str> = rest.splitn(3, '/').collect();
    match parts.as_slice() {
        [owner, repo, reference] if !reference.is_empty() => {
            Ok(((*owner).to_owned(), (*repo).to_owned(), (*reference).to_owned()))
        }
        [_, _] => Err(form("user/repo/ref", rest, &format!(" Did you mean \"{rest}/HEAD\"?"))),
        _ => Err(form("user/repo/ref", rest, "")),
    }
}

fn form(want: &str, got: &str, hint: &str) -> BadSpec {
    BadSpec::Form(format!("Spec is not of the form \"{want}\", provided: \"{got}\".{hint}\n"))
}

/// The first `len` hex digits of a digest.
pub(crate) fn hex(text: &str, len: usize) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|b| format!("{b:02x}")).collect::<String>().chars().take(len).collect()
}

/// The two escapes that a URL inside a path needs.
fn unescape(text: &str) -> String {
    text.replace("%3A", ":").replace("%2F", "/")
}

fn cut(text: &str, len: usize) -> String {
    text.chars().take(len).collect()
}

fn tail(text: &str, len: usize) -> String {
    text.chars().skip(text.chars().count().saturating_sub(len)).collect()
}
