//! The file that holds the key of a database's secrets: beside the database, for its owner's eyes only.

use super::{CryptoError, SecretKey};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Whoever may more than the owner.
const OTHERS: u32 = 0o077;
/// Longer files are none of ours.
const LONGEST: u64 = 1024;

/// Where the key of a database is.
pub(super) fn beside(database: &Path) -> PathBuf {
    let mut file = database.as_os_str().to_owned();
    file.push(".key");
    file.into()
}

/// Reads a key; none when there is no such file.
///
/// # Errors
///
/// The file cannot be read, others can read it, or what it holds is no key.
pub(super) fn read(file: &Path) -> Result<Option<SecretKey>, CryptoError> {
    let failed = |source| CryptoError::ReadKey { file: file.to_owned(), source };
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mode = opened.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(CryptoError::OpenToOthers { file: file.to_owned(), mode });
    }
    let mut text = Zeroizing::new(Vec::new());
    opened.take(LONGEST).read_to_end(&mut text).map_err(failed)?;
    let key = std::str::from_utf8(&text).ok().and_then(SecretKey::from_text);
    key.map(Some).ok_or_else(|| CryptoError::NoKey { file: file.to_owned() })
}

/// Makes a new key and returns it, or the one that another process was quicker to make. It is on the disk then: without
/// it, what it encrypts is lost.
///
/// # Errors
///
/// The file cannot be written, or as [`read`].
pub(super) fn make(file: &Path) -> Result<SecretKey, CryptoError> {
    let key = SecretKey::generate()?;
    match put_in_place(file, &key) {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read(file)?.ok_or_else(|| CryptoError::KeyGone { file: file.to_owned() })
        }
        Err(source) => Err(CryptoError::MakeKey { file: file.to_owned(), source }),
    }
}

/// Only a complete file gets the name.
fn put_in_place(file: &Path, key: &SecretKey) -> io::Result<()> {
    let directory = file.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut new = tempfile::Builder::new().prefix(".dibble-new-").tempfile_in(directory)?;
    new.write_all(key.to_text().as_bytes())?;
    new.write_all(b"\n")?;
    new.as_file().sync_all()?;
    new.persist_noclobber(file).map_err(|failed| failed.error)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::thread;

    #[test]
    fn a_key_is_made_once_and_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let file = beside(&dir.path().join("dibble.db"));
        assert_eq!(file, dir.path().join("dibble.db.key"));
        assert!(read(&file).unwrap().is_none());
        let texts: Vec<_> = thread::scope(|scope| {
            let makers: Vec<_> = (0..4).map(|_| scope.spawn(|| make(&file).unwrap().to_text())).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(texts.iter().all(|text| *text == texts[0]), "whoever was first");
        assert_eq!(read(&file).unwrap().unwrap().to_text(), texts[0]);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn files_that_others_can_read_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("k");
        make(&file).unwrap();
        for (mode, shown) in [(0o640, "0640"), (0o604, "0604"), (0o666, "0666"), (0o620, "0620")] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let file = file.display();
            assert_eq!(
                read(&dir.path().join("k")).unwrap_err().to_string(),
                format!(
                    "others can read the key of the secrets, {file} (mode {shown}); `chmod 600 {file}` mends that"
                )
            );
        }
        fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
        assert!(read(&file).unwrap().is_some());
    }

    #[test]
    fn other_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("k");
        for content in [&b""[..], b"AAAA\n", b"\xff\xfe", &[b'A'; 5000]] {
            fs::write(&file, content).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            assert_eq!(
                make(&file).unwrap_err().to_string(),
                format!(
                    "{} holds no key of secrets; put the one that was made with the database in its place",
                    file.display()
                )
            );
        }
        let nowhere = make(Path::new("/nonexistent/k")).unwrap_err().to_string();
        assert!(nowhere.starts_with("cannot make a key for the secrets, /nonexistent/k: "), "{nowhere}");
        assert!(matches!(
            read(dir.path()),
            Err(CryptoError::ReadKey { .. } | CryptoError::OpenToOthers { .. })
        ));
    }
}
