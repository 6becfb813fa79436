//! The file of a database and the one with the key of its secrets: who may read them.

use super::Finding;
use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Whoever may more than the owner.
const OTHERS: u32 = 0o077;

/// Who may read the file of a database. None when there is no such file.
pub fn check_database_file(file: &Path) -> Option<Finding> {
    let metadata = fs::metadata(file).ok()?;
    Some(check_mode("file", file, &metadata))
}

/// Whether the key of the secrets is where it has to be; none when it is elsewhere, or there is neither key nor secret.
pub fn check_key_file(key: Option<&Path>, has_secrets: bool) -> Option<Finding> {
    let key = key?;
    match fs::metadata(key) {
        Ok(metadata) => Some(check_mode("key", key, &metadata)),
        Err(_) if has_secrets => Some(Finding::problem(
            "key",
            format!("{} is not there, and nobody can read the secrets without it", key.display()),
            "put its copy there, or set digdag.secret-encryption-key, or set the secrets again",
        )),
        Err(_) => None,
    }
}

fn check_mode(check: &'static str, file: &Path, metadata: &Metadata) -> Finding {
    let (mode, shown) = (metadata.permissions().mode() & 0o7777, file.display());
    let me = nix::unistd::geteuid();
    if mode & OTHERS != 0 {
        return Finding::problem(
            check,
            format!("others may use {shown} (mode {mode:04o})"),
            format!("chmod 600 {shown}"),
        );
    }
    if metadata.uid() != me.as_raw() {
        let (owner, me) = (metadata.uid(), me.as_raw());
        return Finding::warning(
            check,
            format!("{shown} belongs to user {owner}, this is user {me}"),
            "call Dibble as the user who has the file",
        );
    }
    Finding::ok(check, format!("{shown} is its owner's alone (mode {mode:04o})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;

    #[test]
    fn files_are_for_their_owner() {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("x.db.key");
        assert_eq!(check_key_file(Some(&key), false), None);
        assert_eq!(check_key_file(None, true), None);
        let missing = check_key_file(Some(&key), true).unwrap();
        assert!(missing.message.ends_with("nobody can read the secrets without it"));
        fs::write(&key, "k").unwrap();
        for (mode, message, fix) in [
            (
                0o640,
                format!("others may use {} (mode 0640)", key.display()),
                Some(format!("chmod 600 {}", key.display())),
            ),
            (0o600, format!("{} is its owner's alone (mode 0600)", key.display()), None),
        ] {
            fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
            let found = check_key_file(Some(&key), true).unwrap();
            assert_eq!((found.message, found.fix), (message, fix));
        }
    }
}
