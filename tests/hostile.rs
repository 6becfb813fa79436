//! The corpora of the fuzz targets, one input after another: what once was found stays mended.

#[path = "../fuzz/inputs/archive.rs"]
mod archive;
#[path = "../fuzz/inputs/dig.rs"]
mod dig;
#[path = "../fuzz/inputs/request.rs"]
mod request;

use std::fs;
use std::path::Path;

/// Gives every file of a corpus to a function. One that panics is named.
fn replay(corpus: &str, function: fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "the corpus {corpus} is small");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let result = std::panic::catch_unwind(|| function(&bytes));
        assert!(result.is_ok(), "{}", file.display());
    }
}

#[test]
fn requests() {
    replay("request", request::check);
}

#[test]
fn archives() {
    replay("archive", archive::check);
}

#[test]
fn workflows() {
    replay("dig", dig::check);
}
