//! How a command gets under its limits before it begins: a shell takes the limits upon itself and becomes the command, so
//! that there is no moment at which it runs without. Variables of the environment whose names a shell cannot have may be
//! lost on the way.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What a shell does before it becomes the command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Entering {
    /// The file of the control group that a process enters by writing to it.
    pub(super) group: Option<PathBuf>,
    /// How many bytes of memory each process may have.
    pub(super) memory: Option<u64>,
}

const SHELL: &str = "/bin/sh";

/// What the shell ends with when it cannot do so; env and nice use it alike.
const FAILED: u8 = 125;

impl Entering {
    /// The words of the shell for a program and its arguments.
    pub(super) fn words(&self, program: &Path, arguments: &[String]) -> Vec<OsString> {
        let mut script = String::new();
        if self.group.is_some() {
            // 0 stands for the shell itself.
            script.push_str(&format!("echo 0 >\"$1\" || exit {FAILED}; shift; "));
        }
        if let Some(bytes) = self.memory {
            script.push_str(&format!("ulimit -v {} || exit {FAILED}; ", bytes.div_ceil(1024)));
        }
        script.push_str("exec \"$@\"");
        let mut words: Vec<OsString> = vec![SHELL.into(), "-c".into(), script.into(), "sh".into()];
        words.extend(self.group.as_ref().map(|group| group.clone().into_os_string()));
        words.push(program.into());
        words.extend(arguments.iter().map(|word| OsStr::new(word).to_owned()));
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn the_shell_becomes_the_command() {
        let dir = tempfile::tempdir().unwrap();
        let group = dir.path().join("a group");
        std::fs::write(&group, "").unwrap();
        let entering = Entering { group: Some(group.clone()), memory: Some(1 << 30) };
        let script = "echo $$ \"$1\"; ulimit -v";
        let arguments = ["-c", script, "sh", "a  'b"].map(str::to_owned);
        let mut shell = Command::new(SHELL);
        let child = shell.args(&entering.words(Path::new("/bin/sh"), &arguments)[1..]);
        let child = child.stdout(std::process::Stdio::piped()).spawn().unwrap();
        let pid = child.id();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{pid} a  'b\n1048576\n"));
        assert_eq!(std::fs::read_to_string(group).unwrap(), "0\n");
    }

    #[test]
    fn a_command_that_cannot_be_limited_does_not_run() {
        let entering = Entering { group: Some("/no/such/group".into()), memory: None };
        let words = entering.words(Path::new("/bin/echo"), &["x".to_owned()]);
        let out = Command::new(&words[0]).args(&words[1..]).output();
        let out = out.unwrap();
        assert_eq!((out.status.code(), out.stdout), (Some(i32::from(FAILED)), vec![]));
    }
}
