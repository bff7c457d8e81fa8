//! Who may see the pages, and how people sign in, as believed.

use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use url::Url;

use crate::store::Role;

/// Who may see the pages, and how people sign in.
#[derive(Debug, Clone)]
pub struct Access {
    /// Everybody may see what is for the public; true by default.
    pub public: bool,
    /// How long somebody stays signed in; 12 h by default.
    pub session: Duration,
    /// Proxies that are believed about who asks.
    pub trusted_proxies: Vec<IpNet>,
    /// People with a password of their own.
    pub passwords: Vec<PasswordUser>,
    /// A JupyterHub where people have accounts.
    pub jupyterhub: Option<HubLogin>,
    /// An OpenID Connect provider where people have accounts.
    pub oidc: Option<OidcLogin>,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            public: true,
            session: Duration::from_secs(12 * 3600),
            trusted_proxies: Vec::new(),
            passwords: Vec::new(),
            jupyterhub: None,
            oidc: None,
        }
    }
}

/// Somebody with a password.
#[derive(Debug, Clone)]
pub struct PasswordUser {
    /// The name they sign in with.
    pub name: String,
    /// A PHC string of argon2id.
    pub hash: SecretString,
    /// What they may do.
    pub role: Role,
}

/// What a provider of accounts knows us by.
#[derive(Debug, Clone)]
pub struct Client {
    /// What it calls us.
    pub id: String,
    /// How it knows that it is us.
    pub secret: SecretString,
    /// Where it sends people back to.
    pub redirect: Url,
}

/// A JupyterHub.
#[derive(Debug, Clone)]
pub struct HubLogin {
    /// Where people reach it; ends with a slash.
    pub url: Url,
    /// What it knows us by.
    pub client: Client,
    /// Who may do what.
    pub roles: Roles,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone)]
pub struct OidcLogin {
    /// As it calls itself.
    pub issuer: String,
    /// What it knows us by.
    pub client: Client,
    /// What is asked for, with `openid`.
    pub scopes: Vec<String>,
    /// The claim that names a person.
    pub name_claim: String,
    /// The claim that lists a person's groups.
    pub groups_claim: String,
    /// Who may do what.
    pub roles: Roles,
}

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// This very name.
    Name(String),
    /// Everybody in a group.
    Group(String),
    /// Admins of the hub.
    Admins,
    /// Everybody with an account.
    Everybody,
}

/// Who may do what, the highest role first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles(pub Vec<(Role, Vec<Member>)>);

impl Roles {
    /// The highest role of somebody; `None` if they have none.
    pub fn of(&self, name: &str, groups: &[String], admin: bool) -> Option<Role> {
        let is = |member: &Member| match member {
            Member::Name(theirs) => theirs == name,
            Member::Group(group) => groups.contains(group),
            Member::Admins => admin,
            Member::Everybody => true,
        };
        self.0.iter().filter(|(_, members)| members.iter().any(is)).map(|(role, _)| *role).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_role_that_fits_is_given() {
        let roles = Roles(vec![
            (Role::Admin, vec![Member::Admins, Member::Name("ada".into())]),
            (Role::Operator, vec![Member::Group("ops".into()), Member::Name("ada".into())]),
            (Role::Viewer, vec![Member::Group("staff".into())]),
        ]);
        let ops = ["ops".to_owned(), "staff".to_owned()];
        for (name, groups, admin, expected) in [
            ("ada", &[][..], false, Some(Role::Admin)),
            ("ben", &ops[..], false, Some(Role::Operator)),
            ("ben", &ops[1..], false, Some(Role::Viewer)),
            ("ben", &ops[1..], true, Some(Role::Admin)),
            ("ops", &[][..], false, None),
            ("Ada", &[][..], false, None),
        ] {
            assert_eq!(roles.of(name, groups, admin), expected, "{name} {groups:?} {admin}");
        }
        let all = Roles(vec![(Role::Viewer, vec![Member::Everybody])]);
        assert_eq!(all.of("anybody", &[], false), Some(Role::Viewer));
    }
}
