//! Secrets of projects: set, deleted, listed by key, and looked up for tasks. Values leave this for tasks only.

use super::delete_project::{ProjectGone, find_project};
use super::error_kind::ErrorKind;
use crate::crypto::{CryptoError, Vault};
use crate::model::secret::{is_valid_secret_key, is_valid_secret_value};
use crate::model::{ProjectId, Time};
use crate::store::projects::ProjectWithRevision;
use crate::store::{Durability, Store, StoreError, secrets};
use zeroize::Zeroizing;

/// A secret cannot be set, deleted or looked up.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Project(#[from] ProjectGone),
    /// The key or the value is none. The message is Digdag's, and tells no more.
    #[error("Invalid secret")]
    Invalid,
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl SecretError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => ErrorKind::of(error),
            Self::Crypto(_) => ErrorKind::Store,
            Self::Project(gone) => gone.kind(),
            Self::Invalid => ErrorKind::Invalid,
        }
    }
}

type Result<T> = std::result::Result<T, SecretError>;

/// Sets a project's secret, over an older one, and returns the project.
///
/// # Errors
///
/// The project was deleted or never was, the key or value is not valid, or the database or its key fails.
pub fn set(
    store: &Store,
    vault: &Vault,
    project: ProjectId,
    key: &str,
    value: &str,
    now: Time,
) -> Result<ProjectWithRevision> {
    if !is_valid_secret_key(key) || !is_valid_secret_value(value) {
        return Err(SecretError::Invalid);
    }
    // The key may be made now, which is no work for a transaction that writes.
    let (found, any) = store.read(|reader| Ok((find_project(reader, project), secrets::any(reader)?)))?;
    found?;
    let sealed = vault.seal(project, key, value, !any)?;
    let found = store.write(Durability::Full, |writer| match find_project(writer, project) {
        Ok(found) => secrets::set(writer, project, key, &sealed, now).map(|()| Ok(found)),
        Err(gone) => Ok(Err(gone)),
    })?;
    Ok(found?)
}

/// Deletes a project's secret, if there is one, and returns the project.
///
/// # Errors
///
/// The project was deleted or never was, the key is not valid, or the store fails.
pub fn delete(store: &Store, project: ProjectId, key: &str) -> Result<ProjectWithRevision> {
    if !is_valid_secret_key(key) {
        return Err(SecretError::Invalid);
    }
    let found = store.write(Durability::Full, |writer| match find_project(writer, project) {
        Ok(found) => secrets::delete(writer, project, key).map(|_| Ok(found)),
        Err(gone) => Ok(Err(gone)),
    })?;
    Ok(found?)
}

/// The keys of a project's secrets in their order.
///
/// # Errors
///
/// The project was deleted or never was, or the store fails.
pub fn keys(store: &Store, project: ProjectId) -> Result<Vec<String>> {
    let keys = store.read(|reader| match find_project(reader, project) {
        Ok(_) => secrets::keys(reader, project).map(Ok),
        Err(gone) => Ok(Err(gone)),
    })?;
    Ok(keys?)
}

/// The value of a project's secret.
///
/// # Errors
///
/// The store fails, or the key with which it is encrypted is not the one that is there.
pub fn get(store: &Store, vault: &Vault, project: ProjectId, key: &str) -> Result<Option<Zeroizing<String>>> {
    let sealed = store.read(|reader| secrets::get(reader, project, key))?;
    Ok(sealed.map(|sealed| vault.open(project, key, &sealed)).transpose()?)
}

/// The values of all secrets of a project, so that they can be kept out of its logs.
///
/// # Errors
///
/// As [`get`].
pub fn values(store: &Store, vault: &Vault, project: ProjectId) -> Result<Vec<Zeroizing<String>>> {
    let sealed = store.read(|reader| secrets::all_of_project(reader, project))?;
    let open = |(key, sealed): (String, Vec<u8>)| vault.open(project, &key, &sealed);
    Ok(sealed.into_iter().map(open).collect::<std::result::Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::delete_project::delete_project;
    use crate::model::Settings;
    use crate::store::dump;
    use crate::store::testing::{self, at};
    use std::fs;
    use tempfile::TempDir;

    const P: ProjectId = ProjectId(1);

    struct Fixture {
        store: Store,
        vault: Vault,
        directory: TempDir,
    }

    fn fixture() -> Fixture {
        let (store, directory) = testing::store();
        testing::workflow(&store, "p", "wf");
        let vault = Vault::new(&Settings::default(), Some(store.file())).unwrap();
        Fixture { store, vault, directory }
    }

    impl Fixture {
        fn set(&self, key: &str, value: &str) -> Result<ProjectWithRevision> {
            set(&self.store, &self.vault, P, key, value, at(9))
        }

        fn get(&self, key: &str) -> Option<String> {
            get(&self.store, &self.vault, P, key).unwrap().map(|value| value.to_string())
        }
    }

    #[test]
    fn secrets_are_set_listed_looked_up_and_deleted() {
        let f = fixture();
        assert_eq!(keys(&f.store, P).unwrap(), [""; 0]);
        assert_eq!(f.set("b.c", "s3cret").unwrap().project.name, "p");
        f.set("a", "").unwrap();
        f.set("b.c", "s3cret 2").unwrap();
        assert_eq!(keys(&f.store, P).unwrap(), ["a", "b.c"]);
        assert_eq!(
            (f.get("b.c"), f.get("a"), f.get("x")),
            (Some("s3cret 2".to_owned()), Some(String::new()), None)
        );
        let all = values(&f.store, &f.vault, P).unwrap();
        assert_eq!(all.iter().map(|value| value.as_str()).collect::<Vec<_>>(), ["", "s3cret 2"]);
        assert!(!f.store.read(dump::dump).unwrap().contains("s3cret"));
        delete(&f.store, P, "a").unwrap();
        delete(&f.store, P, "a").unwrap();
        assert_eq!(keys(&f.store, P).unwrap(), ["b.c"]);
    }

    #[test]
    fn wrong_keys_and_values_are_refused() {
        let f = fixture();
        let long = "x".repeat(16385);
        for (key, value) in [("1a", "v"), ("", "v"), ("a", long.as_str())] {
            let error = f.set(key, value).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.kind()), ("Invalid secret", ErrorKind::Invalid));
        }
        assert_eq!(delete(&f.store, P, "a..b").unwrap_err().to_string(), "Invalid secret");
    }

    #[test]
    fn projects_must_be_there() {
        let f = fixture();
        f.set("k", "v").unwrap();
        delete_project(&f.store, P, at(60)).unwrap();
        let gone = "Project id=1 is already deleted at 1970-01-01T00:01:00Z";
        for error in [
            f.set("k", "w").unwrap_err(),
            delete(&f.store, P, "k").unwrap_err(),
            keys(&f.store, P).unwrap_err(),
        ] {
            assert_eq!((error.to_string().as_str(), error.kind()), (gone, ErrorKind::NotFound));
        }
        assert_eq!(f.get("k"), None);
        let never = set(&f.store, &f.vault, ProjectId(7), "k", "v", at(9)).unwrap_err();
        assert_eq!(never.to_string(), "Resource does not exist: project id=7");
    }

    #[test]
    fn a_lost_key_is_told() {
        let f = fixture();
        f.set("k", "v").unwrap();
        let file = f.directory.path().join("test.db.key");
        fs::remove_file(&file).unwrap();
        let later = Vault::new(&Settings::default(), Some(f.store.file())).unwrap();
        for error in [
            get(&f.store, &later, P, "k").unwrap_err(),
            set(&f.store, &later, P, "l", "w", at(9)).unwrap_err(),
            values(&f.store, &later, P).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Store);
            assert!(error.to_string().starts_with("the key of the secrets, "), "{error}");
        }
        assert!(!file.exists());
        delete(&f.store, P, "k").unwrap();
        set(&f.store, &later, P, "k", "w", at(9)).unwrap();
        assert_eq!(get(&f.store, &later, P, "k").unwrap().unwrap().as_str(), "w");
    }
}
