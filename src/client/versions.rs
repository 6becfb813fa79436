//! Which versions a server knows.

use super::models::VersionCheck;
use super::{ApiPath, Client, ClientError};
use serde_json::Value;

/// The version of Digdag whose API is spoken. Servers are told this one, because their limits are versions of Digdag.
pub const API_VERSION: &str = "0.10.6";

impl Client {
    /// The version of the server. It tells it to everybody.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn server_version(&self) -> Result<String, ClientError> {
        // This is asked to learn whether a server runs. One of this machine that does not is not waited for.
        let may_pass = |error: &ClientError| error.may_pass() && !error.is_refused_here();
        let answer: Value = self.get_while(&ApiPath::new(["version"]), may_pass)?;
        Ok(answer["version"].as_str().unwrap_or_default().to_owned())
    }

    /// Asks whether the server can work with this client.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn check_version(&self) -> Result<VersionCheck, ClientError> {
        self.get(&ApiPath::new(["version", "check"]).query("client", API_VERSION))
    }
}
