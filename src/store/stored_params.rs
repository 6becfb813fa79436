//! What `param_set>` keeps for `param_get>`, for all projects. Each value has an end.

use super::row::Millis;
use super::{Reader, Result, Writer};
use crate::model::Time;
use rusqlite::named_params;

/// Stores all parameters until `expires_at`, over older ones, and forgets those that have expired.
pub fn set(w: &Writer, params: &[(String, String)], expires_at: Time, now: Time) -> Result<()> {
    w.execute("DELETE FROM stored_params WHERE expires_at <= :now", named_params! { ":now": Millis(now) })?;
    for (key, value) in params {
        w.execute(
            "INSERT INTO stored_params (key, value, expires_at) VALUES (:key, :value, :expires_at)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at",
            named_params! { ":key": key, ":value": value, ":expires_at": Millis(expires_at) },
        )?;
    }
    Ok(())
}

/// The values of some keys in their order; none for those that are missing or have expired.
pub fn get(r: &Reader, keys: &[String], now: Time) -> Result<Vec<Option<String>>> {
    keys.iter()
        .map(|key| {
            r.row(
                "SELECT value FROM stored_params WHERE key = :key AND expires_at > :now",
                named_params! { ":key": key, ":now": Millis(now) },
                |row| row.get("value"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Durability::Full;
    use crate::store::testing::{self, at};

    #[test]
    fn params_last_until_they_expire() {
        let (store, _directory) = testing::store();
        let set = |pairs: &[(&str, &str)], expires, now| {
            let pairs: Vec<_> =
                pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
            store.write(Full, |w| set(w, &pairs, at(expires), at(now))).unwrap();
        };
        let get = |now| {
            let keys = ["a", "b", "c"].map(str::to_owned);
            store.read(|r| get(r, &keys, at(now))).unwrap()
        };
        let some = |text: &str| Some(text.to_owned());
        set(&[("a", "1"), ("b", "2")], 100, 0);
        assert_eq!(get(99), [some("1"), some("2"), None]);
        assert_eq!(get(100), [None, None, None]);
        set(&[("b", ""), ("c", "3")], 300, 200);
        assert_eq!(get(99), [None, some(""), some("3")]);
    }
}
