//! Secrets of projects, encrypted. What is in them, and the key, only others know.

use super::row::Millis;
use super::{Reader, Result, Writer};
use crate::model::{ProjectId, Time};
use rusqlite::named_params;

/// Sets a secret, over an older one.
pub fn set(w: &Writer, project: ProjectId, key: &str, sealed: &[u8], now: Time) -> Result<()> {
    w.execute(
        "INSERT INTO secrets (project_id, key, sealed, updated_at) VALUES (:project, :key, :sealed, :now)
         ON CONFLICT (project_id, key) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at",
        named_params! { ":project": project, ":key": key, ":sealed": sealed, ":now": Millis(now) },
    )
    .map(drop)
}

/// Removes a secret. Tells whether there was one.
pub fn delete(w: &Writer, project: ProjectId, key: &str) -> Result<bool> {
    let deleted = w.execute(
        "DELETE FROM secrets WHERE project_id = :project AND key = :key",
        named_params! { ":project": project, ":key": key },
    )?;
    Ok(deleted > 0)
}

/// The keys of a project in the order of their bytes.
pub fn keys(r: &Reader, project: ProjectId) -> Result<Vec<String>> {
    r.rows(
        "SELECT key FROM secrets WHERE project_id = :project ORDER BY key",
        named_params! { ":project": project },
        |row| row.get("key"),
    )
}

pub fn get(r: &Reader, project: ProjectId, key: &str) -> Result<Option<Vec<u8>>> {
    r.row(
        "SELECT sealed FROM secrets WHERE project_id = :project AND key = :key",
        named_params! { ":project": project, ":key": key },
        |row| row.get("sealed"),
    )
}

/// All secrets of a project with their keys.
pub fn all_of_project(r: &Reader, project: ProjectId) -> Result<Vec<(String, Vec<u8>)>> {
    r.rows(
        "SELECT key, sealed FROM secrets WHERE project_id = :project ORDER BY key",
        named_params! { ":project": project },
        |row| Ok((row.get("key")?, row.get("sealed")?)),
    )
}

/// Whether any project has a secret.
pub fn any(r: &Reader) -> Result<bool> {
    let found = r.row("SELECT EXISTS (SELECT 1 FROM secrets) AS found", &[], |row| row.get("found"))?;
    Ok(found == Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Durability::Full;
    use crate::store::testing::{self, at};

    #[test]
    fn secrets_belong_to_a_project() {
        let (store, _directory) = testing::store();
        testing::workflow(&store, "p", "wf");
        testing::workflow(&store, "q", "wf");
        let (p, q) = (ProjectId(1), ProjectId(2));
        let set = |project, key: &str, sealed: &[u8]| {
            store.write(Full, |w| set(w, project, key, sealed, at(5))).unwrap();
        };
        let some = |sealed: &[u8]| Some(sealed.to_vec());
        assert!(!store.read(any).unwrap());
        set(p, "b", b"1");
        set(p, "a", b"2");
        set(q, "a", b"3");
        set(p, "b", b"4");
        assert!(store.read(any).unwrap());
        store
            .read(|r| {
                assert_eq!(keys(r, p)?, ["a", "b"]);
                assert_eq!(
                    (get(r, p, "b")?, get(r, q, "b")?, get(r, q, "a")?),
                    (some(b"4"), None, some(b"3"))
                );
                let all = all_of_project(r, p)?;
                assert_eq!(all, [("a".to_owned(), b"2".to_vec()), ("b".to_owned(), b"4".to_vec())]);
                Ok(())
            })
            .unwrap();
        let delete = |key| store.write(Full, |w| delete(w, p, key)).unwrap();
        assert_eq!((delete("b"), delete("b")), (true, false));
        assert_eq!(store.read(|r| keys(r, p)).unwrap(), ["a"]);
    }
}
