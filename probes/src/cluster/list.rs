//! A whole list, page by page, or no list: half an answer is never taken for the state of a cluster.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::ask::{Cluster, Question};
use super::parts::Object;
use super::pod::Pod;
use super::rights::{GET_POD, LIST_PODS, Right};
use super::trouble::Trouble;
use crate::Reason;

/// Objects asked for at once.
const PAGE: &str = "500";
/// Most bytes of one page: pods of 64 kB each would be the largest ever heard of.
const LARGEST_PAGE: usize = 32 << 20;
/// Most objects of a list: ten times the largest cluster of this kind.
const MOST: usize = 50_000;

/// What is to be listed.
pub(super) struct Wanted<'a> {
    pub(super) right: Right,
    pub(super) namespace: &'a str,
    /// Labels, as in `kubectl -l`; empty for all.
    pub(super) labels: &'a str,
    /// Fields; empty for all.
    pub(super) fields: &'a str,
}

/// A whole list and the version of the world that it shows.
pub(super) struct Listed<T> {
    pub(super) items: Vec<T>,
    pub(super) version: String,
}

/// All pods of a namespace that have these labels (empty: all).
///
/// # Errors
/// They could not be listed to the end; what came is thrown away.
pub(crate) async fn pods(cluster: &Cluster, namespace: &str, labels: &str) -> Result<Vec<Pod>, Trouble> {
    let wanted = Wanted { right: LIST_PODS, namespace, labels, fields: "" };
    list(cluster, &wanted).await.map(|listed| listed.items)
}

/// One pod; `None` when there is none of that name.
///
/// # Errors
/// It could not be read.
pub(crate) async fn pod(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<Pod>, Trouble> {
    let question = Question::new(GET_POD, namespace, Some(name))?;
    let what = question.what.clone();
    let answer = match cluster.whole(question).await {
        Ok(answer) => answer,
        Err(trouble) if trouble.status == Some(404) => return Ok(None),
        Err(trouble) => return Err(trouble),
    };
    let pod: Pod = parse(&what, &answer)?;
    if pod.metadata.name == name {
        Ok(Some(pod))
    } else {
        Err(Trouble::half(format!("{what}: the answer is about something else")))
    }
}

/// A whole list. A list that expired between two pages is begun anew, once.
pub(super) async fn list<T>(cluster: &Cluster, wanted: &Wanted<'_>) -> Result<Listed<T>, Trouble>
where
    T: Object + DeserializeOwned,
{
    match once(cluster, wanted).await {
        Err(Broken::Expired(_)) => match once(cluster, wanted).await {
            Ok(listed) => Ok(listed),
            Err(Broken::Expired(trouble) | Broken::For(trouble)) => Err(trouble),
        },
        Err(Broken::For(trouble)) => Err(trouble),
        Ok(listed) => Ok(listed),
    }
}

enum Broken {
    /// The pages no longer belong together; a new list may.
    Expired(Trouble),
    For(Trouble),
}

impl From<Trouble> for Broken {
    fn from(trouble: Trouble) -> Self {
        Self::For(trouble)
    }
}

async fn once<T>(cluster: &Cluster, wanted: &Wanted<'_>) -> Result<Listed<T>, Broken>
where
    T: Object + DeserializeOwned,
{
    let mut items: Vec<T> = Vec::new();
    let mut version: Option<String> = None;
    let mut tokens = BTreeSet::new();
    let mut token = String::new();
    loop {
        let question = page_question(wanted, &token)?;
        let what = question.what.clone();
        let answer = match cluster.whole(question).await {
            Err(trouble) if trouble.is_expired() && !token.is_empty() => {
                return Err(Broken::Expired(trouble));
            }
            other => other?,
        };
        let page: Page<T> = parse(&what, &answer)?;
        let (Some(meta), Some(mut more)) = (page.metadata, page.items) else {
            return Err(Trouble::half(format!("{what}: the answer is no list")).into());
        };
        match &version {
            Some(first) if *first != meta.resource_version => {
                let said = format!("{what}: the pages are of different moments");
                return Err(Broken::Expired(Trouble::half(said)));
            }
            _ => version = Some(meta.resource_version),
        }
        items.append(&mut more);
        if items.len() > MOST {
            let said = format!("{what}: there are more than {MOST}");
            return Err(Trouble::new(Reason::TooLarge, said).into());
        }
        token = meta.next;
        if token.is_empty() {
            if meta.remaining > 0 {
                let said = format!("{what}: the last page says that {} more remain", meta.remaining);
                return Err(Trouble::half(said).into());
            }
            sound(&what, &items)?;
            return Ok(Listed { items, version: version.unwrap_or_default() });
        }
        if !tokens.insert(token.clone()) {
            return Err(Trouble::half(format!("{what}: the pages go round in a circle")).into());
        }
    }
}

fn page_question(wanted: &Wanted<'_>, token: &str) -> Result<Question, Trouble> {
    let mut question = Question::new(wanted.right, wanted.namespace, None)?.with("limit", PAGE);
    question.longest = LARGEST_PAGE;
    let parameters =
        [("labelSelector", wanted.labels), ("fieldSelector", wanted.fields), ("continue", token)];
    for (key, value) in parameters.into_iter().filter(|(_, value)| !value.is_empty()) {
        question = question.with(key, value);
    }
    Ok(question)
}

/// Every object has a name of its own.
fn sound<T: Object>(what: &str, items: &[T]) -> Result<(), Trouble> {
    let mut seen = BTreeSet::new();
    for meta in items.iter().map(Object::meta) {
        if meta.name.is_empty() {
            return Err(Trouble::half(format!("{what}: an object has no name")));
        }
        if !seen.insert((&meta.namespace, &meta.name)) {
            return Err(Trouble::half(format!("{what}: {} is there twice", meta.name)));
        }
    }
    Ok(())
}

/// An answer as an object; one that ends too early is half an answer. Nothing of its text gets into an error.
pub(super) fn parse<T: DeserializeOwned>(what: &str, answer: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(answer).map_err(|error| {
        if error.is_eof() {
            Trouble::half(format!("{what}: the answer breaks off after {} bytes", answer.len()))
        } else {
            let at = format!("line {}, column {}", error.line(), error.column());
            Trouble::new(Reason::Garbled, format!("{what}: the answer is not what was asked for ({at})"))
        }
    })
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Page<T> {
    metadata: Option<PageMeta>,
    // A list without entries may say `null`, but says something.
    #[serde(default, deserialize_with = "said")]
    items: Option<Vec<T>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMeta {
    #[serde(default)]
    resource_version: String,
    #[serde(rename = "continue", default)]
    next: String,
    #[serde(rename = "remainingItemCount", default)]
    remaining: u64,
}

fn said<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<Vec<T>>, D::Error> {
    Ok(Some(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default()))
}
