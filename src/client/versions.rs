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
        let answer: Value = self.get(&ApiPath::new(["version"]))?;
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
