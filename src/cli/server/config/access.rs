//! Who may use the API.

use super::super::values::Values;
use crate::crypto::password::HashedPassword;
use std::fmt;

/// Who may use the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::cli::server) struct AccessConfig {
    pub(in crate::cli::server) user: Option<BasicUser>,
    pub(in crate::cli::server) allows_anonymous: bool,
}

/// The user of the configuration.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::cli::server) struct BasicUser {
    pub(in crate::cli::server) name: String,
    /// As it is, or its hash.
    pub(in crate::cli::server) password: String,
    pub(in crate::cli::server) is_admin: bool,
}

pub(super) fn read(values: &Values<'_>) -> AccessConfig {
    values.read("server.authenticator.type", "basic, the only authenticator there is", |text| {
        (text == "basic").then_some(())
    });
    let user =
        ["server.authenticator.basic", "basicauth"].into_iter().find_map(|prefix| user(values, prefix));
    AccessConfig { user, allows_anonymous: values.flag("server.allow-anonymous", false) }
}

/// Whether a password is given by its hash.
pub(in crate::cli::server) fn is_hash(password: &str) -> bool {
    password.starts_with("$argon2")
}

/// The user below a prefix. Half a user is wrong: a password that nobody asks for would leave the server open.
fn user(values: &Values<'_>, prefix: &str) -> Option<BasicUser> {
    let [name_key, password_key, admin_key] =
        ["username", "password", "admin"].map(|key| format!("{prefix}.{key}"));
    let (name, password) = (values.text(&name_key), values.text(&password_key));
    if name.is_none() && password.is_none() {
        return None;
    }
    if name.is_none() {
        values.wrong(&name_key, "", "the name of the user who has the password");
    }
    match password {
        None => values.wrong(&password_key, "", "a password, or a hash that `dibble passwd` made"),
        // What it holds is not repeated, for errors end up in logs.
        Some(text) if is_hash(text) && HashedPassword::new(text).is_err() => {
            values.wrong(&password_key, "$argon2...", "a whole hash, as `dibble passwd` makes it");
        }
        Some(_) => {}
    }
    Some(BasicUser {
        name: name.unwrap_or_default().to_owned(),
        password: password.unwrap_or_default().to_owned(),
        is_admin: values.flag(&admin_key, false),
    })
}

/// Without the password.
impl fmt::Debug for BasicUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicUser").field("name", &self.name).finish_non_exhaustive()
    }
}
