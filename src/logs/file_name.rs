//! Names of log files, as Digdag makes them of a task, the time of its first line and who wrote it:
//! `+hello+one@6b025e8e0473d7e2.27318@host.log.gz`. Reading them is the API's.

use crate::model::Time;
use nix::unistd::gethostname;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// How many bytes a name in a directory may have.
const LONGEST: usize = 255;
/// How much of a hash stands for what is not there.
const HASH_BYTES: usize = 8;
pub const NANOSECONDS_OF_A_MILLISECOND: u32 = 1_000_000;

/// Who writes, unless the configuration has another name: `27318@host`.
pub fn default_agent() -> String {
    let host = gethostname().ok().and_then(|name| name.into_string().ok());
    let host = host.filter(|name| !name.is_empty() && !name.contains('/'));
    format!("{}@{}", std::process::id(), host.as_deref().unwrap_or("localhost"))
}

/// What comes after the name of the task. The time is known to the millisecond, so the number of the run stands in the
/// rest of the nanoseconds and keeps names apart.
pub fn ending(first_at: Time, number: u32, agent: &str) -> String {
    let (seconds, milliseconds) = (first_at.timestamp(), first_at.timestamp_subsec_millis());
    let nanoseconds = milliseconds * NANOSECONDS_OF_A_MILLISECOND + number % NANOSECONDS_OF_A_MILLISECOND;
    format!("@{seconds:08x}{nanoseconds:08x}.{agent}.log.gz")
}

/// A name for a directory's entry that begins with `name` and ends with `ending`. What no entry can hold is written
/// `%2F`, and what is too long is cut; a hash then keeps it apart from others.
pub(super) fn entry(name: &str, ending: &str) -> String {
    let room = LONGEST.saturating_sub(ending.len());
    let mut entry = name.replace('/', "%2F").replace('\0', "%00");
    if entry != name || entry.len() > room {
        let hash = Sha256::digest(name);
        entry.truncate(entry.floor_char_boundary(room.saturating_sub(1 + 2 * HASH_BYTES)));
        entry.push('~');
        for byte in hash.iter().take(HASH_BYTES) {
            // Nothing is written but to memory.
            let _ = write!(entry, "{byte:02x}");
        }
    }
    entry + ending
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_iso;

    #[test]
    fn times_are_milliseconds_with_the_number_of_the_run() {
        let time = parse_iso("2026-11-22T03:16:30.074700770Z").unwrap();
        assert_eq!(ending(time, 2, "7@host"), "@6b025e8e04692682.7@host.log.gz");
        let agent = default_agent();
        let host = agent.strip_prefix(&format!("{}@", std::process::id())).unwrap();
        assert!(!host.is_empty() && !host.contains('/'), "{agent}");
    }

    #[test]
    fn every_name_has_an_entry_of_its_own() {
        assert_eq!(entry("+wf+a%2F", ".gz"), "+wf+a%2F.gz");
        assert_eq!(entry("a/b", ""), "a%2Fb~c14cddc033f64b9d");
        assert_eq!(entry("a\0b", ""), "a%00b~59b271ae1bbcb1d3");
        assert_eq!(entry(&"x".repeat(252), ".gz").len(), 255);
        let long = "ワ".repeat(90);
        let (one, other) = (entry(&format!("{long}1"), ".gz"), entry(&format!("{long}2"), ".gz"));
        assert_ne!(one, other);
        for name in [one, other] {
            assert!(name.len() <= 255 && name.starts_with("ワワ") && name.ends_with(".gz"), "{name}");
        }
    }
}
