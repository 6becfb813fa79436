//! Hostile archives. Nothing may be written outside their directory.

use dibble::archive::{Contents, Limits, extract};
use std::fs;
use std::path::Path;

/// How large an archive may be here, in bytes.
const LIMIT: u64 = 1 << 20;

/// An archive that is looked into and extracted. Nothing may be written elsewhere.
pub fn check(bytes: &[u8]) {
    let limits = Limits::all(LIMIT);
    let around = tempfile::tempdir().expect("a temporary directory");
    let inside = around.path().join("inside");
    let _ = extract(bytes, &inside, &limits, &mut |_| ());
    let entries = fs::read_dir(around.path()).expect("the directory").flatten();
    assert!(entries.into_iter().all(|entry| entry.path() == inside), "something was written outside");
    let Ok(contents) = Contents::read(bytes, &limits) else { return };
    let workflows = contents.workflows();
    let _ = contents.with_files(|files| {
        for name in &workflows {
            let _ = files.read(Path::new(&format!("{name}.dig")));
        }
    });
}
