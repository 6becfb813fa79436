//! Finding a program, and saying why one could not be started.

use super::OperatorError;
use super::env::Variable;
use nix::errno::Errno;
use nix::unistd::{AccessFlags, access};
use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// Where programs are looked for when there is no PATH.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Variables are named in an error when they are at least this large, in bytes.
const LARGE: usize = 4096;

/// The place of a program: on this process's own PATH, whatever PATH the command is to get. Names with a slash stand
/// for themselves.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name));
    }
    let path = env::var_os("PATH").unwrap_or_else(|| OsStr::new(DEFAULT_PATH).to_owned());
    env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|place| place.is_file() && access(place, AccessFlags::X_OK).is_ok())
}

/// Why a program could not be started, with its name and, where it helps, what is to be mended.
pub(crate) fn start_error(argv: &[String], dir: &Path, env: &[Variable], error: &io::Error) -> OperatorError {
    let name = argv.first().map_or("", String::as_str);
    let cannot = format!("Cannot run program \"{name}\" (in directory \"{}\")", dir.display());
    let reason = if !dir.is_dir() {
        "there is no such directory".to_owned()
    } else if let Some(number) = error.raw_os_error() {
        let mut reason = format!("error={number}, {}", Errno::from_raw(number).desc());
        if number == Errno::E2BIG as i32 {
            reason.push_str(&largest(env));
        }
        reason
    } else if let Some(variable) = env.iter().find(|variable| variable.value.contains('\0')) {
        format!("parameter '{}' contains a NUL character", variable.name)
    } else {
        error.to_string()
    };
    OperatorError::runtime(format!("{cannot}: {reason}"))
}

/// `. Largest parameters: 'a' (200000 bytes), ...`
fn largest(env: &[Variable]) -> String {
    let mut large: Vec<_> = env.iter().filter(|variable| variable.value.len() >= LARGE).collect();
    large.sort_by_key(|variable| usize::MAX - variable.value.len());
    let named: Vec<_> = large
        .iter()
        .take(5)
        .map(|variable| format!("'{}' ({} bytes)", variable.name, variable.value.len()))
        .collect();
    if named.is_empty() { String::new() } else { format!(". Largest parameters: {}", named.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(find("sh").unwrap().is_absolute());
        assert_eq!(find("no-such-program"), None);
        assert_eq!(find("./bin/x"), Some(PathBuf::from("./bin/x")));
    }

    #[test]
    fn start_errors_say_what_is_wrong() {
        let variable = |name: &str, value: String| Variable { name: name.to_owned(), value, secret: false };
        let argv = ["nosuch".to_owned(), "x".to_owned()];
        let env = [variable("small", "a".repeat(10)), variable("big", "a".repeat(5000))];
        let nul = [variable("zero", "a\0b".to_owned())];
        let cases = [
            (
                "/",
                &env[..],
                io::Error::from_raw_os_error(2),
                "Cannot run program \"nosuch\" (in directory \"/\"): error=2, No such file or directory (runtime)",
            ),
            (
                "/no/dir",
                &env,
                io::Error::from_raw_os_error(2),
                "Cannot run program \"nosuch\" (in directory \"/no/dir\"): there is no such directory (runtime)",
            ),
            (
                "/",
                &env,
                io::Error::from_raw_os_error(7),
                "Cannot run program \"nosuch\" (in directory \"/\"): error=7, Argument list too long. \
                 Largest parameters: 'big' (5000 bytes) (runtime)",
            ),
            (
                "/",
                &nul,
                io::Error::other("nul"),
                "Cannot run program \"nosuch\" (in directory \"/\"): parameter 'zero' contains a NUL character (runtime)",
            ),
        ];
        for (dir, env, error, expected) in cases {
            assert_eq!(start_error(&argv, Path::new(dir), env, &error).to_string(), expected);
        }
    }
}
