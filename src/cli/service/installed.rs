//! The file of a unit: written once, and then replaced only if nobody has changed it.

use crate::cli::CliError;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Where the unit is, or would be.
pub(super) struct UnitFile {
    pub(super) path: PathBuf,
}

/// What is at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Installed {
    Missing,
    There,
}

const SIGNATURE: &str = "# Checksum of what follows, which tells whether somebody has changed it: ";

/// The text with a checksum before it.
pub(super) fn signed(text: &str) -> String {
    format!("{SIGNATURE}{}\n{text}", checksum(text))
}

impl UnitFile {
    /// Whether there is a unit.
    ///
    /// # Errors
    ///
    /// It cannot be read; or somebody has changed or made it, unless `force` says that this does not matter.
    pub(super) fn check(&self, force: bool) -> Result<Installed, CliError> {
        let path = self.path.display();
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Installed::Missing),
            Err(error) => return Err(CliError::user(format!("Cannot read {path}: {error}"))),
            Ok(text) => text,
        };
        if force || is_unchanged(&text) {
            return Ok(Installed::There);
        }
        Err(CliError::user(format!("Somebody has changed {path}"))
            .hint("changes are better kept in a file of their own: systemctl edit")
            .hint("--force gives them up"))
    }

    pub(super) fn write(&self, text: &str) -> Result<(), CliError> {
        let directory = self.path.parent().map_or(Ok(()), fs::create_dir_all);
        directory
            .and_then(|()| fs::write(&self.path, text))
            .map_err(|error| CliError::user(format!("Cannot write {}: {error}", self.path.display())))
    }

    pub(super) fn remove(&self) -> Result<(), CliError> {
        fs::remove_file(&self.path)
            .map_err(|error| CliError::user(format!("Cannot remove {}: {error}", self.path.display())))
    }
}

fn is_unchanged(text: &str) -> bool {
    let signed = text.strip_prefix(SIGNATURE).and_then(|rest| rest.split_once('\n'));
    signed.is_some_and(|(sum, text)| sum == checksum(text))
}

fn checksum(text: &str) -> String {
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_noticed() {
        let text = signed("[Unit]\n");
        assert!(is_unchanged(&text));
        for changed in
            [text.replace("Unit", "unit"), text.replace("follows", "x"), "[Unit]\n".to_owned(), String::new()]
        {
            assert!(!is_unchanged(&changed), "{changed}");
        }
    }
}
