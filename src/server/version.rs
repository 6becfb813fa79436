//! `/api/version`: which version this server speaks, and whether a client's is good enough.
//!
//! The versions are Digdag's: clients look whether theirs goes with the server's. Which Dibble it is stands in the header
//! `Server`.

use super::{ApiError, App, PathParams, Request, Response, Route, wire};
use std::cmp::Ordering;
use std::str::FromStr;

pub const ROUTES: &[Route<App>] =
    &[Route::get("/api/version", version), Route::get("/api/version/check", check)];

/// The Digdag whose API this is.
pub const API_VERSION: &str = "0.10.6-SNAPSHOT";

/// A version of Digdag: `0.10.6`, `0.10.6-SNAPSHOT`. `1.0` is `1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientVersion {
    /// Without zeros at the end.
    numbers: Vec<u32>,
    qualifier: Option<String>,
}

/// A text that is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid version string: {0}")]
pub struct InvalidVersion(pub String);

/// Which clients are too old.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionPolicy {
    /// Older clients are told to upgrade.
    pub upgrade_recommended_if_older: Option<ClientVersion>,
    /// Older clients do not understand this server.
    pub api_incompatible_if_older: Option<ClientVersion>,
}

fn version(_: &App, _: &Request, _: &PathParams) -> Result<Response, ApiError> {
    Ok(Response::json(200, &wire::Version { version: API_VERSION }))
}

fn check(app: &App, request: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let client = request.query().required("client")?;
    let client: ClientVersion =
        client.parse().map_err(|error: InvalidVersion| ApiError::invalid(error.to_string()))?;
    let policy = &app.settings().client_versions;
    let is_older = |limit: &Option<ClientVersion>| limit.as_ref().is_some_and(|limit| client < *limit);
    Ok(Response::json(
        200,
        &wire::VersionCheck {
            server_version: API_VERSION,
            upgrade_recommended: is_older(&policy.upgrade_recommended_if_older),
            api_compatible: !is_older(&policy.api_incompatible_if_older),
        },
    ))
}

impl FromStr for ClientVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let invalid = || InvalidVersion(text.to_owned());
        let (numbers, qualifier) = match text.split_once('-') {
            Some((numbers, qualifier)) => (numbers, Some(qualifier)),
            None => (text, None),
        };
        let is_word = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if qualifier.is_some_and(|qualifier| qualifier.is_empty() || !qualifier.chars().all(is_word)) {
            return Err(invalid());
        }
        let number = |part: &str| {
            let plain = part == "0" || !part.starts_with(['0', '+']);
            part.parse().ok().filter(|_| plain)
        };
        let mut numbers = numbers.split('.').map(number).collect::<Option<Vec<u32>>>().ok_or_else(invalid)?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        Ok(Self { numbers, qualifier: qualifier.map(str::to_owned) })
    }
}

impl PartialOrd for ClientVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ClientVersion {
    /// `1.0-rc1` is older than `1.0`.
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (&self.qualifier, &other.qualifier) {
            (None, None) => Ordering::Equal,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.cmp(right),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestServer;

    #[test]
    fn the_version_is_that_of_the_api() {
        let server = TestServer::new();
        assert_eq!(server.get("/api/version"), (200, r#"{"version":"0.10.6-SNAPSHOT"}"#.to_owned()));
    }

    #[test]
    fn all_clients_are_good_enough_unless_the_configuration_says_otherwise() {
        let fine = r#"{"serverVersion":"0.10.6-SNAPSHOT","upgradeRecommended":false,"apiCompatible":true}"#;
        let server = TestServer::new();
        assert_eq!(server.get("/api/version/check?client=0.8.0"), (200, fine.to_owned()));

        let client_versions = VersionPolicy {
            upgrade_recommended_if_older: Some("0.10".parse().unwrap()),
            api_incompatible_if_older: Some("0.9".parse().unwrap()),
        };
        let server = TestServer::with(|settings| settings.client_versions = client_versions);
        for (client, upgrade, compatible) in [
            ("0.10.0", false, true),
            ("0.10.0-rc1", true, true),
            ("0.9.5", true, true),
            ("0.8.9", true, false),
        ] {
            let (status, body) = server.get(&format!("/api/version/check?client={client}"));
            let expected = format!(r#""upgradeRecommended":{upgrade},"apiCompatible":{compatible}}}"#);
            assert!(status == 200 && body.ends_with(&expected), "{client}: {body}");
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        let server = TestServer::new();
        assert_eq!(
            server.get("/api/version/check?client=abc"),
            (400, r#"{"message":"Invalid version string: abc","status":400}"#.to_owned())
        );
        assert_eq!(
            server.get("/api/version/check"),
            (400, r#"{"message":"client= is required","status":400}"#.to_owned())
        );
        for text in ["", "1.", ".1", "01", "1-", "1- ", "v1", "1.+2", "99999999999"] {
            assert!(text.parse::<ClientVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn versions_are_ordered() {
        let ordered = ["0", "0.9.9", "0.10-SNAPSHOT", "0.10-rc1", "0.10", "0.10.1", "1"];
        let versions = ordered.map(|text| text.parse::<ClientVersion>().unwrap());
        assert!(versions.is_sorted_by(|left, right| left < right));
        assert_eq!("1.0.0".parse::<ClientVersion>(), "1".parse());
    }
}
