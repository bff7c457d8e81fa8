//! Judges the section `access`: who may see the pages, and how people sign in.

use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::names::Names;
use super::{Desk, schema_of};
use crate::config::duration::{Span, show};
use crate::config::file::{AccessKeys, HubKeys, OidcKeys, PasswordKeys, RolesKeys};
use crate::config::path::Path;
use crate::config::settled::access::{Access, Client, HubLogin, Member, OidcLogin, PasswordUser, Roles};
use crate::config::tree::Node;
use crate::config::typed::Item;
use crate::store::Role;

/// How long a session may last.
const SESSION: (Duration, Duration) = (Duration::from_secs(300), Duration::from_secs(30 * 86_400));
/// Most memory that looking at one password may take, in KiB: several may be looked at, at once.
const MEMORY: u32 = 256 * 1024;

/// The access of the one file that has the section.
pub(super) fn settle(nodes: &[&Node], public_url: Option<&Url>, desk: &mut Desk<'_, '_>) -> Access {
    let mut access = Access::default();
    let hint = "such as `access: { public: true }`";
    let Some(node) = desk.only("access", nodes, hint) else { return access };
    let mut item = desk.item(node, Path::default().key("access"), &[&schema_of::<AccessKeys>()]);
    if let Some(keys) = item.read::<AccessKeys>(desk.report) {
        Judge { desk, item: &item, public_url }.settle(keys, &mut access);
    }
    access
}

struct Judge<'j, 'a, 's> {
    desk: &'j mut Desk<'a, 's>,
    item: &'j Item<'j>,
    public_url: Option<&'j Url>,
}

impl Judge<'_, '_, '_> {
    fn settle(&mut self, keys: AccessKeys, access: &mut Access) {
        access.public = keys.public.unwrap_or(true);
        if let Some(Span(session)) = keys.session {
            if session < SESSION.0 || session > SESSION.1 {
                let what = format!("{} is not between 5m and 30d", show(session));
                self.refuse(&key("session"), what, "a working day is usual: `12h`");
            }
            access.session = session;
        }
        for (at, text) in keys.trusted_proxies.unwrap_or_default().iter().enumerate() {
            access.trusted_proxies.extend(self.network(at, text));
        }
        let mut names = Names::default();
        for (at, user) in keys.passwords.unwrap_or_default().into_iter().enumerate() {
            access.passwords.extend(self.password(&key("passwords").index(at), user, &mut names));
        }
        access.jupyterhub = keys.jupyterhub.and_then(|keys| self.hub(keys));
        access.oidc = keys.oidc.and_then(|keys| self.oidc(keys));
        let ways = !access.passwords.is_empty() || access.jupyterhub.is_some() || access.oidc.is_some();
        if !access.public && !ways {
            let hint = "add `passwords`, `jupyterhub` or `oidc`";
            self.desk.doubt(
                self.item,
                &key("public"),
                "nobody can see the pages: there is no way to sign in",
                hint,
            );
        }
    }

    fn network(&mut self, at: usize, text: &str) -> Option<IpNet> {
        let one = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
        let network = text.parse::<IpNet>().ok().or_else(one);
        let inner = key("trusted_proxies").index(at);
        match network {
            None => self.refuse(
                &inner,
                format!("`{text}` is not a network"),
                "such as `10.0.0.0/8` or `127.0.0.1`",
            ),
            Some(net) if net.prefix_len() == 0 => {
                let what = "everybody would be believed about who they are";
                self.desk.doubt(self.item, &inner, what, "name the networks of your own proxies");
            }
            Some(_) => {}
        }
        network
    }

    fn password(&mut self, at: &Path, keys: PasswordKeys, names: &mut Names) -> Option<PasswordUser> {
        let (inner, path) = (at.key("name"), self.item.path.join(&at.key("name")));
        let place = self.item.place(&inner);
        if keys.name.trim() != keys.name || keys.name.is_empty() || keys.name.len() > 80 {
            self.refuse(&inner, "a name has 1 to 80 letters, and no blanks around it", "");
        }
        names.take(self.desk, &keys.name, place, &path);
        if let Err((what, hint)) = usable(keys.password.expose_secret()) {
            self.refuse(&at.key("password"), what, hint);
            return None;
        }
        let role = keys.role.unwrap_or(Role::Operator);
        Some(PasswordUser { name: keys.name, hash: keys.password, role })
    }

    fn hub(&mut self, keys: HubKeys) -> Option<HubLogin> {
        let at = key("jupyterhub");
        let url = self.url(&at.key("url"), &keys.url);
        if !keys.client_id.starts_with("service-") && !keys.client_id.starts_with("jupyterhub-") {
            let what = "a hub knows its services as `service-NAME`";
            self.desk.doubt(self.item, &at.key("client_id"), what, "take the service's `oauth_client_id`");
        }
        let client = self.client(&at, keys.client_id, keys.client_secret, "jupyterhub");
        let roles = self.roles(&at, keys.roles, true);
        Some(HubLogin { url: with_slash(url?), client: client?, roles })
    }

    fn oidc(&mut self, keys: OidcKeys) -> Option<OidcLogin> {
        let at = key("oidc");
        let issuer = self.url(&at.key("issuer"), &keys.issuer);
        let local = issuer.as_ref().is_some_and(is_local);
        if issuer.as_ref().is_some_and(|url| url.scheme() != "https") && !local {
            let what = "what comes from the provider is believed because TLS says who it is";
            self.refuse(&at.key("issuer"), what, "write `https://…`");
        }
        let client = self.client(&at, keys.client_id, keys.client_secret, "oidc");
        let mut scopes =
            keys.scopes.unwrap_or_else(|| ["openid", "profile", "email"].map(str::to_owned).into());
        if !scopes.iter().any(|s| s == "openid") {
            scopes.insert(0, "openid".to_owned());
        }
        let roles = self.roles(&at, keys.roles, false);
        let name_claim = keys.name_claim.unwrap_or_else(|| "preferred_username".to_owned());
        let groups_claim = keys.groups_claim.unwrap_or_else(|| "groups".to_owned());
        issuer?;
        Some(OidcLogin { issuer: keys.issuer, client: client?, scopes, name_claim, groups_claim, roles })
    }

    fn url(&mut self, inner: &Path, text: &str) -> Option<Url> {
        self.desk.url(text, self.item.place(inner), &self.item.path.join(inner))
    }

    /// What a provider knows us by; people must come back to an address that it was told.
    fn client(&mut self, at: &Path, id: String, secret: SecretString, name: &str) -> Option<Client> {
        if id.trim().is_empty() {
            self.refuse(&at.key("client_id"), "it is empty", "");
        }
        let Some(public) = self.public_url else {
            let what = "nobody knows where people come back to after signing in";
            self.refuse(
                at,
                what,
                "write `public_url` in the section `service`: where people reach the pages",
            );
            return None;
        };
        let redirect = with_slash(public.clone()).join(&format!("sign-in/{name}/callback")).ok()?;
        Some(Client { id, secret, redirect })
    }

    fn roles(&mut self, at: &Path, keys: RolesKeys, hub: bool) -> Roles {
        let at = at.key("roles");
        let written = [
            (Role::Admin, keys.admin.unwrap_or_default()),
            (Role::Operator, keys.operator.unwrap_or_default()),
            (Role::Viewer, keys.viewer.unwrap_or_default()),
        ];
        if written.iter().all(|(_, members)| members.is_empty()) {
            let hint =
                "such as `operator: [\"group:ops\"]`, or `viewer: [\"*\"]` for everybody with an account";
            self.desk.doubt(self.item, &at, "nobody has a role: all who sign in are refused", hint);
        }
        let mut roles = Vec::new();
        for (role, members) in written {
            let at = at.key(role.as_str());
            let mut settled = Vec::new();
            for (number, text) in members.iter().enumerate() {
                let member = self.member(&at.index(number), text, hub);
                if role > Role::Viewer && member == Some(Member::Everybody) {
                    let what = format!("everybody with an account may act as {}", role.as_str());
                    self.desk.doubt(self.item, &at.index(number), what, "name people or groups");
                }
                settled.extend(member);
            }
            roles.push((role, settled));
        }
        Roles(roles)
    }

    fn member(&mut self, inner: &Path, text: &str, hub: bool) -> Option<Member> {
        match text.split_once(':') {
            Some(("group", "")) => {
                self.refuse(inner, "which group?", "such as `group:ops`");
                None
            }
            Some(("group", group)) => Some(Member::Group(group.to_owned())),
            _ if text == "*" => Some(Member::Everybody),
            _ if text == "admin" && hub => Some(Member::Admins),
            _ if text.trim().is_empty() => {
                self.refuse(inner, "it is empty", "a name, `group:NAME`, or `*`");
                None
            }
            _ => Some(Member::Name(text.to_owned())),
        }
    }

    fn refuse(&mut self, inner: &Path, what: impl Into<String>, hint: &str) {
        self.desk.refuse(self.item, inner, what, hint);
    }
}

fn key(name: &str) -> Path {
    Path::default().key(name)
}

fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}

/// On this machine: there TLS adds nothing.
fn is_local(url: &Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// Whether a text can stand for a password. What it is, is never told.
fn usable(text: &str) -> Result<(), (&'static str, &'static str)> {
    const HINT: &str = "`launchwatch password` asks for a password and prints what belongs here";
    let hash = PasswordHash::new(text).map_err(|_| ("it is not the PHC string of a password", HINT))?;
    if hash.algorithm.as_str() != "argon2id" || hash.hash.is_none() || hash.salt.is_none() {
        return Err(("it is not a PHC string of argon2id", HINT));
    }
    if hash.params.get_decimal("m").is_none_or(|memory| memory > MEMORY) {
        return Err(("looking at it would take more than 256 MiB of memory", HINT));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::usable;

    #[test]
    fn only_what_was_made_of_a_password_stands_for_it() {
        const SALT: &str = "c29tZXNhbHQ$";
        const HASH: &str = "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        for (text, good) in [
            (format!("$argon2id$v=19$m=4096,t=1,p=1${SALT}{HASH}"), true),
            (format!("$argon2i$v=19$m=4096,t=1,p=1${SALT}{HASH}"), false),
            (format!("$argon2id$v=19$m=4194304,t=1,p=1${SALT}{HASH}"), false),
            ("$argon2id$v=19$m=4096,t=1,p=1$c29tZXNhbHQ".to_owned(), false),
            ("hunter2".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(usable(&text).is_ok(), good, "{text}");
        }
    }
}
