//! Tokens of scripts: names and hashes.

use super::row::{self, Millis};
use super::{Reader, Result, Writer, open};
use crate::model::Time;
use rusqlite::{Row, named_params};
use std::path::Path;

/// A token, without what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    pub name: String,
    pub created_at: Time,
}

/// Adds a token. Tells `false`, and does nothing, when the name is taken.
pub fn insert(w: &Writer, name: &str, hash: &[u8; 32], now: Time) -> Result<bool> {
    let added = w.execute(
        "INSERT INTO tokens (name, hash, created_at) VALUES (:name, :hash, :now) ON CONFLICT (name) DO NOTHING",
        named_params! { ":name": name, ":hash": hash, ":now": Millis(now) },
    )?;
    Ok(added > 0)
}

/// Removes a token. Tells whether there was one.
pub fn delete(w: &Writer, name: &str) -> Result<bool> {
    let deleted = w.execute("DELETE FROM tokens WHERE name = :name", named_params! { ":name": name })?;
    Ok(deleted > 0)
}

/// All tokens in the order of their names.
pub fn list(r: &Reader) -> Result<Vec<TokenRow>> {
    r.rows("SELECT name, created_at FROM tokens ORDER BY name", &[], from_row)
}

/// Whether there is any token.
pub fn any(r: &Reader) -> Result<bool> {
    let found = r.row("SELECT EXISTS (SELECT 1 FROM tokens) AS found", &[], |row| row.get("found"))?;
    Ok(found == Some(true))
}

/// Whether there is any token in a file, which is neither made nor brought to another schema for that.
pub fn any_in_file(file: &Path) -> Result<bool> {
    open::require(file)?;
    let (reader, ..) = open::any_version(file)?;
    reader.snapshot(any)
}

/// The token with this hash.
pub fn by_hash(r: &Reader, hash: &[u8; 32]) -> Result<Option<TokenRow>> {
    r.row("SELECT name, created_at FROM tokens WHERE hash = :hash", named_params! { ":hash": hash }, from_row)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow { name: row.get("name")?, created_at: row::time(row, "created_at")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Durability::Full;
    use crate::store::testing::{self, at};

    #[test]
    fn tokens_have_names_of_their_own() {
        let (store, _directory) = testing::store();
        let insert = |name, hash| store.write(Full, |w| insert(w, name, &[hash; 32], at(5))).unwrap();
        let token = |name: &str| TokenRow { name: name.to_owned(), created_at: at(5) };
        let any = || store.read(any).unwrap();
        assert!(!any());
        assert!(insert("b", 1) && insert("a", 2));
        assert!(!insert("a", 3));
        assert_eq!(store.read(list).unwrap(), [token("a"), token("b")]);
        let find = |hash| store.read(|r| by_hash(r, &[hash; 32])).unwrap();
        assert_eq!((find(2), find(3)), (Some(token("a")), None));
        let delete = |name| store.write(Full, |w| delete(w, name)).unwrap();
        assert_eq!((delete("a"), delete("a")), (true, false));
        assert_eq!((find(2), find(1)), (None, Some(token("b"))));
        assert!(any() && any_in_file(store.file()).unwrap());
        assert!(delete("b") && !any());
    }
}
