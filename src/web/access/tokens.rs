//! Tokens for programs: made (and shown once), listed, taken back; as a page and for programs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sign_in::Nothing;
use super::{Role, Said, Who, audit, csrf, refusal, session};
use crate::store::{ApiToken, Digest};
use crate::web::Sources;
use crate::web::api::{Asked, Body, Lasting, Named, Paged, Tokens, name};
use crate::web::problem::Problem;
use crate::web::shell::Page;

/// How long a token is good where nothing is said, at least and at most.
const USUAL: SignedDuration = SignedDuration::from_hours(24 * 90);
const LASTS: (SignedDuration, SignedDuration) =
    (SignedDuration::from_mins(1), SignedDuration::from_hours(24 * 366));
/// By this a token is known for what it is, by those who look for secrets in places where they do not belong.
const MARK: &str = "lw_";
/// Most tokens of a list.
const MOST: usize = 500;

/// What a token is to be.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "TokenWish")]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Wish {
    /// What it is called.
    name: String,
    /// What it may do; not of an agent's, which may only report.
    #[serde(default)]
    role: Option<Role>,
    /// The agent whose it is: what is seen from there may be reported with it.
    #[serde(default)]
    agent: Option<String>,
    /// How long it is good.
    #[serde(default, rename = "for")]
    lasts: Option<Lasting>,
}

/// A token as programs see it.
#[derive(Serialize, JsonSchema)]
pub(in crate::web) struct TokenView {
    #[serde(flatten)]
    token: ApiToken,
    /// It is neither taken back nor too old.
    good: bool,
}

/// A token that was just made.
#[derive(Serialize, JsonSchema)]
pub(in crate::web) struct MadeToken {
    /// What is known of it from now on.
    token: TokenView,
    /// The secret itself: nobody shows it again.
    secret: String,
}

fn view(token: ApiToken, now: Timestamp) -> TokenView {
    TokenView { good: token.is_good(now), token }
}

/// Makes a token; only the answer has the secret.
async fn make(sources: &Sources, who: &Who, wish: &Wish) -> Result<(ApiToken, String), Problem> {
    let called = name(&wish.name, "name")?;
    let (role, location) = what_for(sources, wish)?;
    let usual = if location.is_some() { LASTS.1 } else { USUAL };
    let lasts = wish.lasts.map_or(usual, |Lasting(span)| span);
    if lasts < LASTS.0 || lasts > LASTS.1 {
        return Err(Problem::nonsense(
            "a token is good for 1 minute to 366 days",
            "such as \"for\": \"90d\"",
        ));
    }
    let (secret, now) = (format!("{MARK}{}", session::secret()?), sources.clock.now());
    let token = ApiToken {
        id: format!("token-{}", sources.dice.word(8)),
        name: called,
        role,
        location,
        created_by: who.name.clone(),
        created_at: now,
        expires_at: now.checked_add(lasts).ok(),
        last_used: None,
        revoked_at: None,
        revoked_by: None,
    };
    let row = audit::row(sources, &who.name, who.via.as_str(), ("make token", &token.id, "done"));
    sources.store.make_token(token.clone(), Digest::of(&secret), row).await?;
    Ok((token, secret))
}

/// What a token is to be for: somebody of this role, or the agent of this location.
fn what_for(sources: &Sources, wish: &Wish) -> Result<(Role, Option<String>), Problem> {
    let agent = wish.agent.as_deref().filter(|name| !name.is_empty());
    match (agent, wish.role) {
        (None, Some(role)) => Ok((role, None)),
        (None, None) => Err(Problem::nonsense("what the token may do is not said", "add `role` or `agent`")),
        (Some(agent), _) if sources.agents.get(agent).is_some() => Ok((Role::Viewer, Some(agent.to_owned()))),
        (Some(agent), _) => {
            let names: Vec<&str> = sources.agents.all().map(|a| &*a.name).collect();
            let hint = format!(
                "{}; the configuration declares them: `agents: [{{ name: … }}]`",
                crate::config::did_you_mean(agent, &names)
            );
            let agent = launchwatch_alerts::text::one_line(agent, 64);
            Err(Problem::nonsense(format!("there is no agent `{agent}`"), &hint))
        }
    }
}

/// Takes one back.
async fn take_back(sources: &Sources, who: &Who, id: &str) -> Result<ApiToken, Problem> {
    let row = audit::row(sources, &who.name, who.via.as_str(), ("revoke token", id, "done"));
    let gone = sources.store.revoke_token(id, row).await?;
    let called = launchwatch_alerts::text::one_line(id, 80);
    gone.ok_or_else(|| {
        Problem::not_found(format!("there is no token `{called}`"), "`launchwatch token list` lists them")
    })
}

/// Tokens, newest first; those that are no longer good too.
pub(in crate::web) async fn list(
    State(sources): State<Sources>,
    Asked(paged): Asked<Paged>,
) -> Result<Json<Tokens>, Problem> {
    let (tokens, now) = (sources.store.tokens(paged.deep()).await?, sources.clock.now());
    let all = tokens.into_iter().map(|token| view(token, now));
    paged.of(all, |t| t.token.id.clone()).map(|page| Json(page.into()))
}

/// Makes one for a program that asks.
pub(in crate::web) async fn add(
    State(sources): State<Sources>,
    who: Who,
    Body(wish): Body<Wish>,
) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    let (token, secret) = make(&sources, &who, &wish).await?;
    let token = view(token, sources.clock.now());
    Ok((StatusCode::CREATED, Json(MadeToken { token, secret })))
}

/// Takes one back for a program that asks.
pub(in crate::web) async fn end(
    State(sources): State<Sources>,
    who: Who,
    Named(id): Named,
) -> Result<Json<TokenView>, Problem> {
    let gone = take_back(&sources, &who, &id).await?;
    Ok(Json(view(gone, sources.clock.now())))
}

/// The page of the tokens.
pub(in crate::web) async fn page(State(sources): State<Sources>, who: Who) -> Response {
    shown(&sources, &who, StatusCode::OK, &html! {}).await
}

async fn shown(sources: &Sources, who: &Who, status: StatusCode, first: &Markup) -> Response {
    let tokens = match sources.store.tokens(MOST).await {
        Ok(tokens) => tokens,
        Err(error) => return Problem::from(error).into_response(),
    };
    let now = sources.clock.now();
    let body = html! {
        (first)
        p { "A token lets a program do what its role may. Give each program its own, and take it back when it is no longer needed." }
        (wish_form(sources, who))
        @if tokens.is_empty() { p { "There are no tokens." } } @else { (table(sources, who, &tokens, now)) }
    };
    let page = Page { title: "Tokens", here: "/tokens", who, fresh: html! {}, body, live: false };
    sources.page_with(status, page)
}

fn wish_form(sources: &Sources, who: &Who) -> Markup {
    html! {
        form method="post" action=(sources.to("/tokens")) {
            (csrf(who))
            h2 { "Make a token" }
            p { label for="name" { "What it is for" } br; input id="name" name="name" required maxlength="80"; }
            p {
                label for="role" { "What it may do" } br;
                select id="role" name="role" {
                    @for role in [Role::Viewer, Role::Operator, Role::Admin] { option value=(role.as_str()) { (role.as_str()) } }
                }
            }
            @if sources.agents.all().next().is_some() {
                p {
                    label for="agent" { "For an agent instead: it may report what is seen from there, and nothing else" } br;
                    select id="agent" name="agent" {
                        option value="" { "no agent" }
                        @for agent in sources.agents.all() { option value=(agent.name) { (agent.name) } }
                    }
                }
            }
            p {
                label for="for" { "How long it is good" } br;
                select id="for" name="for" {
                    @for (span, words) in [("1d", "a day"), ("30d", "30 days"), ("90d", "90 days"), ("366d", "a year")] {
                        option value=(span) selected[span == "90d"] { (words) }
                    }
                }
            }
            p { button { "Make it" } }
        }
    }
}

fn table(sources: &Sources, who: &Who, tokens: &[ApiToken], now: Timestamp) -> Markup {
    let date = |at: Timestamp| html! { time datetime=(at) { (at.strftime("%Y-%m-%d %H:%M UTC")) } };
    html! {
        div.scroll tabindex="0" role="region" aria-label="Tokens" {
            table {
                thead { tr { th { "For" } th { "May act as" } th { "Made" } th { "Last used" } th { "Good until" } th { "" } } }
                tbody {
                    @for token in tokens {
                        tr id=(token.id) {
                            td { (token.name) br; small { (token.id) } }
                            td { @match &token.location { Some(location) => { "agent at " (location) }, None => { (token.role.as_str()) } } }
                            td { (date(token.created_at)) " by " (token.created_by) }
                            td { @match token.last_used { Some(at) => { (date(at)) }, None => { "never" } } }
                            td {
                                @if let Some(at) = token.revoked_at { "taken back " (date(at)) " by " (token.revoked_by.as_deref().unwrap_or("somebody")) }
                                @else if let Some(at) = token.expires_at { @if at <= now { "ended " } (date(at)) }
                                @else { "taken back" }
                            }
                            td {
                                @if token.is_good(now) {
                                    form method="post" action=(sources.to(&format!("/tokens/{}/revoke", token.id))) {
                                        (csrf(who)) button aria-label={ "Take back " (token.name) } { "Take back" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Makes one for a person, and shows it, once.
pub(in crate::web) async fn made(
    State(sources): State<Sources>,
    who: Who,
    Said(wish): Said<Wish>,
) -> Response {
    match make(&sources, &who, &wish).await {
        Ok((token, secret)) => {
            let first = html! {
                div.card role="status" {
                    p { "The token for " strong { (token.name) } ". It is shown this once and kept nowhere: copy it now." }
                    p { code { (secret) } }
                }
            };
            shown(&sources, &who, StatusCode::CREATED, &first).await
        }
        Err(problem) => {
            refusal(&sources, &who, StatusCode::UNPROCESSABLE_ENTITY, "No token was made", problem.detail())
        }
    }
}

/// Takes one back for a person.
pub(in crate::web) async fn taken_back(
    State(sources): State<Sources>,
    who: Who,
    Named(id): Named,
    Said(Nothing {}): Said<Nothing>,
) -> Response {
    match take_back(&sources, &who, &id).await {
        Ok(_) => Redirect::to(&sources.to("/tokens")).into_response(),
        Err(problem) => refusal(&sources, &who, StatusCode::NOT_FOUND, "No such token", problem.detail()),
    }
}
