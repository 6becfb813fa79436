//! Local secrets: one file a key in `<configuration>/secrets/`, shared with Digdag. Files are readable by their owner
//! only. The bytes are the value: nothing is trimmed. Secrets of projects on a server are not kept here.

use crate::model::secret::{is_valid_secret_key, is_valid_secret_value};
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The directory of the local secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFiles {
    dir: PathBuf,
}

/// A secret that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    #[error("Invalid secret key: {0}")]
    InvalidKey(String),
    #[error("Invalid secret value for key: {0}")]
    InvalidValue(String),
    #[error("The secret '{0}' is not UTF-8 text")]
    NotText(String),
    #[error("Cannot access the secrets in {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl SecretFiles {
    /// The secrets below the directory of the configuration (`~/.config/digdag`). Nothing is made before a secret is set.
    pub fn in_config_home(home: &Path) -> Self {
        Self { dir: home.join("secrets") }
    }

    /// The keys in order of their bytes. Files whose name is no key are passed over.
    ///
    /// # Errors
    ///
    /// The directory is there but cannot be read.
    pub fn list(&self) -> Result<Vec<String>, SecretFileError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(self.failed(source)),
        };
        let mut keys = Vec::new();
        for entry in entries {
            let name = entry.map_err(|source| self.failed(source))?.file_name();
            keys.extend(name.into_string().ok().filter(|name| is_valid_secret_key(name)));
        }
        keys.sort_unstable();
        Ok(keys)
    }

    /// The value of a secret; none if there is no such secret, or if the key is no valid one.
    ///
    /// # Errors
    ///
    /// The file is there but cannot be read or is no UTF-8.
    pub fn get(&self, key: &str) -> Result<Option<String>, SecretFileError> {
        if !is_valid_secret_key(key) {
            return Ok(None);
        }
        match fs::read(self.dir.join(key)) {
            Ok(bytes) => {
                String::from_utf8(bytes).map(Some).map_err(|_| SecretFileError::NotText(key.to_owned()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.failed(source)),
        }
    }

    /// Sets a secret, replacing the old value in one step.
    ///
    /// # Errors
    ///
    /// The key or the value is not valid, or the file cannot be written.
    pub fn set(&self, key: &str, value: &str) -> Result<(), SecretFileError> {
        if !is_valid_secret_key(key) {
            return Err(SecretFileError::InvalidKey(key.to_owned()));
        }
        if !is_valid_secret_value(value) {
            return Err(SecretFileError::InvalidValue(key.to_owned()));
        }
        self.replace(key, value).map_err(|source| self.failed(source))
    }

    /// Removes a secret; none is left afterwards, whether there was one or not.
    ///
    /// # Errors
    ///
    /// The key is not valid, or the file cannot be removed.
    pub fn delete(&self, key: &str) -> Result<(), SecretFileError> {
        if !is_valid_secret_key(key) {
            return Err(SecretFileError::InvalidKey(key.to_owned()));
        }
        match fs::remove_file(self.dir.join(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed(error)),
            _ => Ok(()),
        }
    }

    fn replace(&self, key: &str, value: &str) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        // The directory may be older than this program and open to others.
        fs::set_permissions(&self.dir, Permissions::from_mode(0o700))?;
        // Its name is no key, so that nobody takes it for a secret.
        let unfinished = self.dir.join(format!(".new-{}", std::process::id()));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        let written = file.write_all(value.as_bytes()).and_then(|()| file.sync_all());
        let done = written.and_then(|()| fs::rename(&unfinished, self.dir.join(key)));
        if done.is_err() {
            // The first error is the one to tell; a leftover is overwritten the next time.
            let _ = fs::remove_file(&unfinished);
        }
        done
    }

    fn failed(&self, source: io::Error) -> SecretFileError {
        SecretFileError::Io { path: self.dir.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn secrets_are_kept_for_their_owner() {
        let home = tempfile::tempdir().unwrap();
        let secrets = SecretFiles::in_config_home(home.path());
        assert_eq!(secrets.list().unwrap(), Vec::<String>::new());
        assert_eq!(secrets.get("pg.password").unwrap(), None);
        secrets.set("pg.password", "old").unwrap();
        secrets.set("pg.password", " new\n").unwrap();
        secrets.set("a", "").unwrap();
        assert_eq!(secrets.get("pg.password").unwrap().as_deref(), Some(" new\n"));
        assert_eq!(secrets.list().unwrap(), ["a", "pg.password"]);
        let dir = home.path().join("secrets");
        assert_eq!((mode(&dir), mode(&dir.join("pg.password"))), (0o700, 0o600));
        secrets.delete("a").unwrap();
        secrets.delete("a").unwrap();
        assert_eq!(secrets.list().unwrap(), ["pg.password"]);
    }

    #[test]
    fn files_that_are_no_secrets_are_passed_over() {
        let home = tempfile::tempdir().unwrap();
        let secrets = SecretFiles::in_config_home(home.path());
        secrets.set("k", "v").unwrap();
        fs::write(home.path().join("secrets/.DS_Store"), "x").unwrap();
        fs::write(home.path().join("secrets/bin"), b"\xff").unwrap();
        fs::write(home.path().join("other"), "x").unwrap();
        assert_eq!(secrets.list().unwrap(), ["bin", "k"]);
        assert_eq!(secrets.get("../other").unwrap(), None);
        assert_eq!(secrets.get("bin").unwrap_err().to_string(), "The secret 'bin' is not UTF-8 text");
    }

    #[test]
    fn keys_follow_the_grammar() {
        for key in ["a", "pg.password", "a1", "aws.s3.access-key_id", "A-b.c"] {
            assert!(is_valid_secret_key(key), "{key}");
        }
        let long = "a".repeat(256);
        for key in ["", "1a", "a.", ".a", "a..b", "a-", "a_", "_a", "a b", "é", "a/b", "..", long.as_str()] {
            assert!(!is_valid_secret_key(key), "{key}");
        }
        assert!(is_valid_secret_key(&long[..255]));
        assert!(is_valid_secret_value(&"x".repeat(16384)) && !is_valid_secret_value(&"é".repeat(8193)));
    }

    #[test]
    fn wrong_keys_and_values_are_refused() {
        let secrets = SecretFiles::in_config_home(Path::new("/nonexistent"));
        assert_eq!(secrets.set("bad key", "x").unwrap_err().to_string(), "Invalid secret key: bad key");
        assert_eq!(
            secrets.set("k", &"x".repeat(16385)).unwrap_err().to_string(),
            "Invalid secret value for key: k"
        );
        assert_eq!(secrets.delete("../k").unwrap_err().to_string(), "Invalid secret key: ../k");
    }
}
