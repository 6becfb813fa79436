//! Which version the server speaks.

use serde::Serialize;

/// What `GET /api/version` tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Version<'a> {
    pub version: &'a str,
}

/// `RestVersionCheckResult`
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionCheck<'a> {
    pub server_version: &'a str,
    pub upgrade_recommended: bool,
    pub api_compatible: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::wire::testing::json;

    #[test]
    fn versions() {
        assert_eq!(json(Version { version: "0.10.6" }), r#"{"version":"0.10.6"}"#);
        assert_eq!(
            json(VersionCheck { server_version: "0.10.6", upgrade_recommended: false, api_compatible: true }),
            r#"{"serverVersion":"0.10.6","upgradeRecommended":false,"apiCompatible":true}"#
        );
    }
}
