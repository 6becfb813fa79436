//! Credentials that were right a moment ago, so that not every request costs the check of a hash. What is kept is a hash
//! with a key of this process; a copy of the memory tells no password.

use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use subtle::{Choice, ConstantTimeEq};

/// How long credentials are remembered after their check.
const TIME: Duration = Duration::from_secs(60);
/// How many are.
const COUNT: usize = 16;

#[derive(Default)]
pub(super) struct Remembered {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    /// Made with the first entry.
    key: Option<[u8; 32]>,
    /// The oldest first.
    known: VecDeque<([u8; 32], Instant)>,
}

impl Remembered {
    pub(super) fn contains(&self, credentials: &str) -> bool {
        self.contains_at(credentials, Instant::now())
    }

    pub(super) fn insert(&self, credentials: &str) {
        self.insert_at(credentials, Instant::now());
    }

    fn contains_at(&self, credentials: &str, now: Instant) -> bool {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = entries.key else { return false };
        let digest = digest(&key, credentials);
        let known = entries.known.iter().filter(|(_, until)| now < *until);
        known.fold(Choice::from(0), |found, (known, _)| found | known.ct_eq(&digest)).into()
    }

    /// Without a source of random numbers nothing is remembered.
    fn insert_at(&self, credentials: &str, now: Instant) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = entries.key.or_else(new_key) else { return };
        entries.key = Some(key);
        if entries.known.len() == COUNT {
            entries.known.pop_front();
        }
        entries.known.push_back((digest(&key, credentials), now + TIME));
    }
}

fn new_key() -> Option<[u8; 32]> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).is_ok().then_some(key)
}

fn digest(key: &[u8; 32], credentials: &str) -> [u8; 32] {
    Sha256::new().chain_update(key).chain_update(credentials).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_remembered_for_a_while() {
        let remembered = Remembered::default();
        let now = Instant::now();
        assert!(!remembered.contains_at("a", now));
        remembered.insert_at("a", now);
        assert!(remembered.contains_at("a", now + TIME / 2));
        assert!(!remembered.contains_at("b", now));
        assert!(!remembered.contains_at("a", now + TIME));
    }

    #[test]
    fn not_many_are() {
        let remembered = Remembered::default();
        let now = Instant::now();
        for number in 0..=COUNT {
            remembered.insert_at(&number.to_string(), now);
        }
        assert!(!remembered.contains_at("0", now));
        assert!(remembered.contains_at("1", now) && remembered.contains_at(&COUNT.to_string(), now));
    }
}
