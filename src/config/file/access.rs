//! The section about access as written: who may see the pages, and how people sign in. The comments are the manual.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::config::duration::Span;
use crate::store::Role;

/// Who may see the pages, and how people sign in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct AccessKeys {
    /// Whether everybody may see the status page, past incidents and feeds; otherwise only who has signed in. Evidence,
    /// people's words and everything that changes something need a role in any case.
    #[schemars(extend("default" = true))]
    pub(crate) public: Option<bool>,
    /// How long somebody stays signed in; 5m to 30d. A role that is taken away elsewhere ends with the session.
    #[schemars(extend("default" = "12h"))]
    pub(crate) session: Option<Span>,
    /// Networks of proxies in front of the pages, such as `10.0.0.0/8`: what they say in `X-Forwarded-For` and
    /// `X-Forwarded-Proto` is believed.
    pub(crate) trusted_proxies: Option<Vec<String>>,
    /// People with a password of their own: for small installations.
    pub(crate) passwords: Option<Vec<PasswordKeys>>,
    /// Sign in with an account of a JupyterHub.
    pub(crate) jupyterhub: Option<HubKeys>,
    /// Sign in with an account of an OpenID Connect provider.
    pub(crate) oidc: Option<OidcKeys>,
}

/// Somebody with a password.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PasswordKeys {
    /// The name they sign in with, which also stands in records.
    pub(crate) name: String,
    /// What `launchwatch password` prints for their password (a PHC string of argon2id), never the password itself.
    #[schemars(with = "String", extend("format" = "secret"))]
    pub(crate) password: SecretString,
    /// What they may do.
    #[schemars(extend("default" = "operator"))]
    pub(crate) role: Option<Role>,
}

/// A JupyterHub as the place where people have accounts.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct HubKeys {
    /// Where people reach the hub, with its base path.
    pub(crate) url: String,
    /// The `oauth_client_id` of launchwatch's service in the hub's configuration; it begins with `service-`.
    pub(crate) client_id: String,
    /// The `api_token` of that service.
    #[schemars(with = "String", extend("format" = "secret"))]
    pub(crate) client_secret: SecretString,
    /// Who may do what.
    pub(crate) roles: RolesKeys,
}

/// An OpenID Connect provider.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct OidcKeys {
    /// The provider's issuer, exactly as it calls itself; `/.well-known/openid-configuration` is found under it.
    pub(crate) issuer: String,
    /// What the provider calls launchwatch.
    pub(crate) client_id: String,
    /// The secret that goes with it.
    #[schemars(with = "String", extend("format" = "secret"))]
    pub(crate) client_secret: SecretString,
    /// What is asked for; `openid` always is.
    #[schemars(extend("default" = ["openid", "profile", "email"]))]
    pub(crate) scopes: Option<Vec<String>>,
    /// The claim that names a person. Choose one that nobody can choose for themselves.
    #[schemars(extend("default" = "preferred_username"))]
    pub(crate) name_claim: Option<String>,
    /// The claim that lists a person's groups.
    #[schemars(extend("default" = "groups"))]
    pub(crate) groups_claim: Option<String>,
    /// Who may do what.
    pub(crate) roles: RolesKeys,
}

/// Who may do what: names, `group:NAME`, `admin` for admins of the hub, or `*` for everybody with an account. The
/// highest role that fits is given; whoever is in none is refused.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RolesKeys {
    /// Give and take away access; and all below.
    pub(crate) admin: Option<Vec<String>>,
    /// Acknowledge, comment, silence, test channels; and all below.
    pub(crate) operator: Option<Vec<String>>,
    /// Look at everything.
    pub(crate) viewer: Option<Vec<String>>,
}
