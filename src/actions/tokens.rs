//! Tokens: made, listed, revoked, and recognised when a request brings one.

use crate::crypto::CryptoError;
use crate::crypto::token::{self, TokenHash};
use crate::model::Time;
use crate::store::tokens::{self, TokenRow};
use crate::store::{Durability, Store, StoreError};
use std::path::Path;
use zeroize::Zeroizing;

/// A token cannot be made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    #[error("The name of a token has 1 to {LONGEST_NAME} letters, digits and characters of `.-_@`: {0}")]
    InvalidName(String),
    #[error("There is a token '{0}' already")]
    Exists(String),
    #[error("There is no token '{0}'")]
    NotFound(String),
}

const LONGEST_NAME: usize = 64;

/// Makes a token and returns it. It cannot be read again.
///
/// # Errors
///
/// The name is taken or not valid, or the store fails.
pub fn create(store: &Store, name: &str, now: Time) -> Result<Zeroizing<String>, TokenError> {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b".-_@".contains(&byte);
    if !(1..=LONGEST_NAME).contains(&name.len()) || !name.bytes().all(is_valid) {
        return Err(TokenError::InvalidName(name.to_owned()));
    }
    let token = token::generate()?;
    let hash = TokenHash::of(&token).0;
    if store.write(Durability::Full, |writer| tokens::insert(writer, name, &hash, now))? {
        Ok(token)
    } else {
        Err(TokenError::Exists(name.to_owned()))
    }
}

/// All tokens in the order of their names.
///
/// # Errors
///
/// The store fails.
pub fn list(store: &Store) -> Result<Vec<TokenRow>, StoreError> {
    store.read(tokens::list)
}

/// Whether there is any token in a file that may not be there; what cannot be read has none. The file stays as it is.
pub fn any_in_file(file: &Path) -> bool {
    tokens::any_in_file(file).unwrap_or(false)
}

/// Whether there is any token; every request to a server without a user asks this.
///
/// # Errors
///
/// The store fails.
pub fn any(store: &Store) -> Result<bool, StoreError> {
    store.read(tokens::any)
}

/// Makes a token worthless from now on.
///
/// # Errors
///
/// There is none of this name, or the store fails.
pub fn revoke(store: &Store, name: &str) -> Result<(), TokenError> {
    if store.write(Durability::Full, |writer| tokens::delete(writer, name))? {
        Ok(())
    } else {
        Err(TokenError::NotFound(name.to_owned()))
    }
}

/// The token that somebody shows; none when it is not one, or was revoked. Looking for its hash takes a time that tells
/// nothing about the tokens that there are.
///
/// # Errors
///
/// The store fails.
pub fn recognise(store: &Store, shown: &str) -> Result<Option<TokenRow>, StoreError> {
    if !shown.starts_with(token::PREFIX) {
        return Ok(None);
    }
    store.read(|reader| tokens::by_hash(reader, &TokenHash::of(shown).0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::dump;
    use crate::store::testing::{self, at};

    #[test]
    fn tokens_are_made_recognised_and_revoked() {
        let (store, _directory) = testing::store();
        let ci = create(&store, "ci", at(5)).unwrap();
        let laptop = create(&store, "ann@laptop.local_1-a", at(6)).unwrap();
        let name = |shown: &str| recognise(&store, shown).unwrap().map(|token| token.name);
        assert_eq!(name(&ci).as_deref(), Some("ci"));
        assert_eq!(name(&laptop).as_deref(), Some("ann@laptop.local_1-a"));
        for other in ["", "dibble_", &ci[1..], &ci.to_uppercase(), &format!("{} ", *ci)] {
            assert_eq!(name(other), None, "{other}");
        }
        assert_eq!(list(&store).unwrap().len(), 2);
        assert!(!store.read(dump::dump).unwrap().contains(ci.as_str()));
        revoke(&store, "ci").unwrap();
        assert_eq!((name(&ci), name(&laptop).is_some()), (None, true));
        let again = revoke(&store, "ci").unwrap_err();
        assert_eq!(again.to_string(), "There is no token 'ci'");
    }

    #[test]
    fn names_are_short_words_and_are_used_once() {
        let (store, _directory) = testing::store();
        create(&store, "a", at(5)).unwrap();
        let twice = create(&store, "a", at(5)).unwrap_err();
        assert_eq!(twice.to_string(), "There is a token 'a' already");
        let long = "x".repeat(65);
        for name in ["", "a b", "ä", "a\n", long.as_str()] {
            let error = create(&store, name, at(5)).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("The name of a token has 1 to 64 letters, digits and characters of `.-_@`: {name}")
            );
        }
    }
}
