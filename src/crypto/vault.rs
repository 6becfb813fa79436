//! Encrypts and decrypts the secrets of one database, with the key that the configuration names, or one in a file that is
//! made when the first secret is set.

use super::{CryptoError, SecretKey, key_file};
use crate::model::{ProjectId, Settings};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

const SETTING: &str = "digdag.secret-encryption-key";

/// The key of a database's secrets. Nothing is read or made before it is needed.
#[derive(Debug)]
pub struct Vault {
    origin: Origin,
    key: Mutex<Option<SecretKey>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Setting,
    File(PathBuf),
    Memory,
}

impl Vault {
    /// The key of the configuration, or else the one in the file beside the database; none for one in memory.
    ///
    /// # Errors
    ///
    /// The configuration has something that is no key.
    pub fn new(settings: &Settings, database: Option<&Path>) -> Result<Self, CryptoError> {
        let (origin, key) = match (settings.get(SETTING), database) {
            (Some(text), _) => (Origin::Setting, Some(SecretKey::from_digdag(text)?)),
            (None, Some(database)) => (Origin::File(key_file::beside(database)), None),
            (None, None) => (Origin::Memory, None),
        };
        Ok(Self { origin, key: Mutex::new(key) })
    }

    /// The file that holds the key, or will; none when the key is elsewhere.
    pub fn key_file(&self) -> Option<&Path> {
        match &self.origin {
            Origin::File(file) => Some(file),
            Origin::Setting | Origin::Memory => None,
        }
    }

    /// Encrypts the value of a project's secret. `first` tells that the database has no secret yet: only then a key is
    /// made when there is none, for what another one encrypted would stay closed.
    ///
    /// # Errors
    ///
    /// The key cannot be read or made.
    pub fn seal(
        &self,
        project: ProjectId,
        key: &str,
        value: &str,
        first: bool,
    ) -> Result<Vec<u8>, CryptoError> {
        self.key(first)?.seal(project, key, value)
    }

    /// Decrypts it.
    ///
    /// # Errors
    ///
    /// The key cannot be read, or is another than the one that encrypted it.
    pub fn open(
        &self,
        project: ProjectId,
        key: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<String>, CryptoError> {
        self.key(false)?.open(project, key, sealed).ok_or_else(|| CryptoError::WrongKey {
            secret: key.to_owned(),
            origin: match &self.origin {
                Origin::Setting => format!("that {SETTING} sets"),
                Origin::File(file) => format!("in {}", file.display()),
                Origin::Memory => "of this process".to_owned(),
            },
        })
    }

    fn key(&self, make: bool) -> Result<SecretKey, CryptoError> {
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*key {
            return Ok(key.clone());
        }
        let found = match &self.origin {
            Origin::File(file) => match key_file::read(file)? {
                None if make => key_file::make(file)?,
                found => found.ok_or_else(|| CryptoError::KeyGone { file: file.clone() })?,
            },
            Origin::Memory | Origin::Setting => SecretKey::generate()?,
        };
        Ok(key.insert(found).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const P: ProjectId = ProjectId(3);

    fn configured(text: &str) -> Result<Vault, CryptoError> {
        let mut settings = Settings::default();
        settings.set(SETTING, text);
        Vault::new(&settings, Some(Path::new("/nonexistent/x.db")))
    }

    #[test]
    fn a_key_is_made_for_the_first_secret_only() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("x.db");
        let file = dir.path().join("x.db.key");
        let vault = || Vault::new(&Settings::default(), Some(&database)).unwrap();
        let gone = format!(
            "the key of the secrets, {}, is not there; put back the one that was made with the database, or delete all \
             secrets and set them again",
            file.display()
        );
        assert_eq!(vault().seal(P, "k", "v", false).unwrap_err().to_string(), gone);
        assert_eq!(vault().open(P, "k", &[]).unwrap_err().to_string(), gone);
        assert!(!file.exists());

        let sealed = vault().seal(P, "k", "v", true).unwrap();
        assert!(file.exists());
        let again = vault().seal(P, "k", "w", true).unwrap();
        assert_eq!(vault().open(P, "k", &sealed).unwrap().as_str(), "v");
        assert_eq!(vault().open(P, "k", &again).unwrap().as_str(), "w");

        fs::remove_file(&file).unwrap();
        vault().seal(P, "l", "other key", true).unwrap();
        assert_eq!(
            vault().open(P, "k", &sealed).unwrap_err().to_string(),
            format!(
                "the secret 'k' cannot be decrypted with the key in {}; use the key with which it was set, or set the \
                 secret again",
                file.display()
            )
        );
    }

    #[test]
    fn the_key_of_the_configuration_wins() {
        let one = configured("MDEyMzQ1Njc4OWFiY2RlZg==").unwrap();
        let sealed = one.seal(P, "k", "v", false).unwrap();
        assert_eq!(one.open(P, "k", &sealed).unwrap().as_str(), "v");
        let other = configured("MDEyMzQ1Njc4OWFiY2RlZw==").unwrap();
        assert_eq!(
            other.open(P, "k", &sealed).unwrap_err().to_string(),
            "the secret 'k' cannot be decrypted with the key that digdag.secret-encryption-key sets; use the key with \
             which it was set, or set the secret again"
        );
        assert!(matches!(configured("short"), Err(CryptoError::ConfiguredKey { .. })));
    }

    #[test]
    fn databases_in_memory_have_a_key_in_memory() {
        let vault = Vault::new(&Settings::default(), None).unwrap();
        let sealed = vault.seal(P, "k", "v", true).unwrap();
        assert_eq!(vault.open(P, "k", &sealed).unwrap().as_str(), "v");
    }
}
