//! The command line of the server that a service runs: the options that were given, with absolute paths.

use super::server_definition;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};
use std::any::TypeId;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Options of every command that say nothing of the server.
const LEFT_OUT: [&str; 3] = ["help", "version", "logback_config"];

/// The words after `server`. Whatever option the server has is passed on; paths begin in `dir`.
pub(super) fn server_words(given: &ArgMatches, dir: &Path) -> Vec<OsString> {
    let definition = server_definition();
    let arguments = definition.get_arguments();
    arguments
        .filter(|arg| !LEFT_OUT.contains(&arg.get_id().as_str()))
        .flat_map(|arg| words(arg, given, dir))
        .collect()
}

fn words(arg: &Arg, given: &ArgMatches, dir: &Path) -> Vec<OsString> {
    let id = arg.get_id().as_str();
    let is_given = given.try_contains_id(id).unwrap_or(false)
        && given.value_source(id) == Some(ValueSource::CommandLine);
    let name = match (arg.get_long(), arg.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some(short)) => format!("-{short}"),
        (None, None) => return Vec::new(),
    };
    if !is_given {
        return Vec::new();
    }
    if !arg.get_action().takes_values() {
        return vec![name.into()];
    }
    let is_path = arg.get_value_parser().type_id() == TypeId::of::<PathBuf>();
    let values = given.get_raw(id).into_iter().flatten();
    values.flat_map(|value| [OsString::from(&name), absolute(value, is_path, dir)]).collect()
}

fn absolute(value: &OsStr, is_path: bool, dir: &Path) -> OsString {
    // `-L -` is standard output.
    if is_path && value != "-" { normal(&dir.join(value)).into_os_string() } else { value.to_owned() }
}

/// Without `.`; `..` stays, for it may lead over a link, and so does a slash at the end, which says that it is a directory.
fn normal(path: &Path) -> PathBuf {
    let mut normal: PathBuf = path.components().collect();
    if path.as_os_str().as_bytes().ends_with(b"/") {
        normal.push("");
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_passed_on_with_absolute_paths() {
        let words = |line: &str| {
            let line = std::iter::once("server").chain(line.split_whitespace());
            let given = server_definition().disable_help_flag(true).get_matches_from(line);
            let words = server_words(&given, Path::new("/d"));
            words.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(words(""), "");
        assert_eq!(
            words("-c ./s.properties -n 80 -o data/x -O /l --disable-scheduler -X a=b -X c=d -L - -l warn"),
            "--port 80 --database /d/data/x --task-log /l --disable-scheduler --log - --log-level warn -X a=b -X c=d \
             --config /d/s.properties"
        );
        assert_eq!(words("-o ./x.d/"), "--database /d/x.d/");
        assert_eq!(words("-H A=1 -H B=2 -m"), "--memory --header A=1 --header B=2");
    }
}
