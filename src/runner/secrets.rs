//! Where tasks get the secrets of their project from, and what is shown of them: nothing.

use crate::actions::secrets as stored;
use crate::crypto::Vault;
use crate::logs::mask::{Mask, MaskedStream};
use crate::model::ProjectId;
use crate::store::Store;
use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

/// Why a secret that there may be cannot be read.
pub type SecretFailure = Box<dyn Error + Send + Sync>;

/// Looks up the secrets of projects.
pub trait SecretSource: Send + Sync {
    /// A secret; none when there is no such one.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    fn secret(&self, project: ProjectId, key: &str) -> Result<Option<String>, SecretFailure>;

    /// The values of all secrets that the project has and that can be read, to be kept out of its logs.
    fn values(&self, project: ProjectId) -> Vec<String>;
}

/// The secrets in the store.
#[derive(Debug)]
pub struct StoredSecrets {
    store: Arc<Store>,
    vault: Arc<Vault>,
}

impl StoredSecrets {
    pub fn new(store: Arc<Store>, vault: Arc<Vault>) -> Self {
        Self { store, vault }
    }
}

impl SecretSource for StoredSecrets {
    fn secret(&self, project: ProjectId, key: &str) -> Result<Option<String>, SecretFailure> {
        let value = stored::get(&self.store, &self.vault, project, key)?;
        Ok(value.map(|value| value.to_string()))
    }

    fn values(&self, project: ProjectId) -> Vec<String> {
        // Who asks for a value that cannot be read is told so, and has nothing to show.
        let values = stored::values(&self.store, &self.vault, project).unwrap_or_default();
        values.iter().map(|value| value.to_string()).collect()
    }
}

/// Keeps the secrets of one run of a task out of its output and its log.
#[derive(Debug)]
pub(super) struct Masking {
    values: Vec<String>,
    mask: Mask,
    output: MaskedStream,
}

impl Masking {
    pub(super) fn new(values: Vec<String>) -> Self {
        let mask = Mask::new(&values);
        Self { output: MaskedStream::new(mask.clone()), values, mask }
    }

    /// The task was given this value, which may be newer than the others.
    pub(super) fn learn(&mut self, value: &str) {
        if !self.values.iter().any(|known| known == value) {
            self.values.push(value.to_owned());
            self.mask = Mask::new(&self.values);
            self.output.set_mask(self.mask.clone());
        }
    }

    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.mask.text(text)
    }

    pub(super) fn output<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.output.push(bytes)
    }

    /// What was held back of the output.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        self.output.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Settings;
    use crate::store::testing::{self, at};

    #[test]
    fn stored_secrets_are_those_of_the_project() {
        let (store, _directory) = testing::store();
        testing::workflow(&store, "p", "wf");
        testing::workflow(&store, "q", "wf");
        let vault = |text| {
            let mut settings = Settings::default();
            settings.set("digdag.secret-encryption-key", text);
            Arc::new(Vault::new(&settings, None).unwrap())
        };
        let right = vault("MDEyMzQ1Njc4OWFiY2RlZg==");
        let (p, q) = (ProjectId(1), ProjectId(2));
        for (key, value) in [("b", "two"), ("a", "one")] {
            stored::set(&store, &right, p, key, value, at(9)).unwrap();
        }
        let store = Arc::new(store);
        let source = StoredSecrets::new(Arc::clone(&store), right);
        assert_eq!(source.secret(p, "a").unwrap().as_deref(), Some("one"));
        assert_eq!((source.secret(p, "c").unwrap(), source.secret(q, "a").unwrap()), (None, None));
        assert_eq!((source.values(p), source.values(q)), (vec!["one".to_owned(), "two".to_owned()], vec![]));

        let wrong = StoredSecrets::new(store, vault("MDEyMzQ1Njc4OWFiY2RlZw=="));
        let failure = wrong.secret(p, "a").unwrap_err().to_string();
        assert!(failure.starts_with("the secret 'a' cannot be decrypted with the key that "), "{failure}");
        assert_eq!(wrong.values(p), [""; 0]);
    }

    #[test]
    fn what_a_task_was_given_is_hidden_from_then_on() {
        let mut masking = Masking::new(vec!["hunter2".to_owned()]);
        assert_eq!(masking.output(b"hunter2 swordfi").as_ref(), b"*** swordfi");
        masking.learn("swordfish");
        masking.learn("hunter2");
        assert_eq!(masking.text("hunter2, swordfish"), "***, ***");
        assert_eq!(masking.output(b" swordf").as_ref(), b" ");
        assert_eq!(masking.output(b"ish hunt").as_ref(), b"*** ");
        assert_eq!(masking.rest(), b"hunt");
    }
}
