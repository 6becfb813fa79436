//! Passwords: hashed with Argon2id for the configuration file, and compared with what a request brings.

use super::{CryptoError, random};
use argon2::password_hash::{Output, PasswordHash, PasswordHasher, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use subtle::ConstantTimeEq;

/// Hashes a password, for [`HashedPassword::new`]. The text is of the PHC form, `$argon2id$v=19$m=19456,t=2,p=1$…`.
///
/// # Errors
///
/// The system gives no random numbers.
pub fn hash(password: &str) -> Result<String, CryptoError> {
    let salt = SaltString::encode_b64(&random::<16>()?).map_err(CryptoError::Password)?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(CryptoError::Password)
}

/// An allocator gives blocks that are larger than this back to the system when they are freed, whoever frees them. It may
/// keep others for each thread that ever had one (glibc's `DEFAULT_MMAP_THRESHOLD_MAX`), which would make a server grow
/// with everybody who guesses.
const NEVER_KEPT: usize = 32 * 1024 * 1024;

/// The hash of a password, to which others are compared.
///
/// Argon2 is slow and takes 19 MiB on purpose. So one comparison is made at a time, and the password that was right is
/// known again without it: not itself, but a hash with a key that this process alone has. Who guesses does not hold up
/// who knows.
pub struct HashedPassword {
    phc: String,
    key: [u8; 32],
    right: Mutex<Option<[u8; 32]>>,
    comparing: Mutex<()>,
}

impl HashedPassword {
    /// Reads what [`hash`] made.
    ///
    /// # Errors
    ///
    /// It is no hash of Argon2.
    pub fn new(phc: &str) -> Result<Self, CryptoError> {
        let read = PasswordHash::new(phc).map_err(|_| CryptoError::NoPasswordHash)?;
        Hash::parse(&read).ok_or(CryptoError::NoPasswordHash)?;
        Ok(Self { phc: phc.to_owned(), key: random()?, right: Mutex::default(), comparing: Mutex::default() })
    }

    /// Whether this is the password.
    pub fn matches(&self, password: &str) -> bool {
        if self.knows(password) {
            return true;
        }
        let _comparing = lock(&self.comparing);
        let matches = self.knows(password)
            || PasswordHash::new(&self.phc)
                .is_ok_and(|read| Hash::parse(&read).is_some_and(|hash| hash.is_of(password)));
        if matches {
            *lock(&self.right) = Some(self.quick(password));
        }
        matches
    }

    /// Whether this was found to be the password before; takes no time. False says nothing.
    pub fn knows(&self, password: &str) -> bool {
        let quick = self.quick(password);
        lock(&self.right).as_ref().is_some_and(|right| bool::from(right.ct_eq(&quick)))
    }

    fn quick(&self, password: &str) -> [u8; 32] {
        Sha256::new().chain_update(self.key).chain_update(password).finalize().into()
    }
}

/// The parts of the text of a hash.
struct Hash<'a> {
    argon2: Argon2<'static>,
    salt: Salt<'a>,
    expected: Output,
}

impl<'a> Hash<'a> {
    /// None when it is no hash of Argon2, or no whole one.
    fn parse(read: &PasswordHash<'a>) -> Option<Self> {
        let algorithm = Algorithm::try_from(read.algorithm).ok()?;
        let version = read.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
        let argon2 = Argon2::new(algorithm, version, Params::try_from(read).ok()?);
        Some(Self { argon2, salt: read.salt?, expected: read.hash? })
    }

    fn is_of(&self, password: &str) -> bool {
        let mut buffer = [0; Salt::MAX_LENGTH];
        let Ok(salt) = self.salt.decode_b64(&mut buffer) else { return false };
        let mut memory = blocks(self.argon2.params().block_count());
        let found = Output::init_with(self.expected.len(), |out| {
            Ok(self.argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut memory)?)
        });
        // Outputs are compared in a time that does not depend on them.
        found.is_ok_and(|found| found == self.expected)
    }
}

/// Memory for so many blocks that goes back to the system afterwards. What is allocated beyond them is never touched, so
/// that the system has nothing to give for it.
fn blocks(count: usize) -> Vec<Block> {
    let mut blocks = Vec::with_capacity(count.max(NEVER_KEPT / Block::SIZE + 1));
    blocks.resize(count, Block::default());
    blocks
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for HashedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedPassword(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_matches_its_hash() {
        let phc = hash("päss word").unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert_ne!(phc, hash("päss word").unwrap(), "every salt is a new one");
        let hashed = HashedPassword::new(&phc).unwrap();
        for (password, matches) in
            [("pass word", false), ("päss word", true), ("", false), ("päss word", true)]
        {
            assert_eq!(hashed.matches(password), matches, "{password}");
        }
        assert_eq!(format!("{hashed:?}"), "HashedPassword(***)");
    }

    #[test]
    fn other_texts_are_no_hashes() {
        for text in [
            "",
            "secret",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
            "$argon2id$v=19$m=1,t=0,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
            "$pbkdf2-sha256$i=600000,l=32$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        ] {
            let error = HashedPassword::new(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                "this is no hash of a password; `dibble passwd` makes one",
                "{text}"
            );
        }
    }
}
