//! Files of a project: paths, and reading what workflows include.

use crate::dig::{IncludeError, IncludePath};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Reads what `!include` names, below the directory of the file that was loaded first.
///
/// # Errors
///
/// There is no such file, or it cannot be read.
pub fn read_include(dir: &Path, include: &IncludePath) -> Result<Vec<u8>, IncludeError> {
    fs::read(dir.join(include.as_str())).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => IncludeError::NotFound,
        _ => IncludeError::Unreadable(error.to_string()),
    })
}

/// The path without `.` and `..`, by its text alone: links are not followed.
pub fn normalized(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_their_detours() {
        for (path, expected) in [("/a/./b/../c", "/a/c"), ("/../a", "/a"), ("a/../../b", "b")] {
            assert_eq!(normalized(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
