//! A project in a fresh directory, and the program called in it.

use super::{Output, Program, dedent, terminal};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The session time of `Project::run`.
pub const SESSION: &str = "2026-01-02";

/// A project directory beside a home and a directory for temporary files of its own. The program sees nothing of the
/// environment of the tests but PATH.
///
/// ```
/// let out = Project::new().dig("+a: {echo>: hi}").run(&[]).success();
/// assert_eq!(out.lines(), ["hi"]);
/// ```
#[must_use]
#[derive(Debug)]
pub struct Project {
    root: TempDir,
    env: Vec<(String, String)>,
    stdin: Option<Vec<u8>>,
    program: PathBuf,
    user: Option<u32>,
}

impl Project {
    /// An empty project. The program's clock stands at 2026-01-02 03:04:05 UTC.
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("dibble-test-").tempdir().expect("a temporary directory");
        for name in ["proj", "home", "tmp"] {
            fs::create_dir(root.path().join(name)).expect("a directory in it");
        }
        let program = PathBuf::from(env!("CARGO_BIN_EXE_dibble"));
        Self { root, env: Vec::new(), stdin: None, program, user: None }.clock("2026-01-02T03:04:05Z")
    }

    /// Writes `wf.dig`, the workflow that `run` runs. The text may be indented as a whole.
    #[track_caller]
    pub fn dig(self, text: &str) -> Self {
        self.file("wf.dig", dedent(text))
    }

    /// Writes a file, with its directories.
    #[track_caller]
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below the project")).expect("directories");
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self
    }

    /// Writes a file that can be executed.
    #[track_caller]
    pub fn executable(self, path: &str, content: &str) -> Self {
        let project = self.file(path, dedent(content));
        project.chmod(path, 0o755);
        project
    }

    /// Sets a variable of the program's environment; `{project}` in it is the project's directory.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        let value = value.replace("{project}", &self.dir().to_string_lossy());
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value));
        self
    }

    /// Stops the program's clock at this time (RFC 3339).
    pub fn clock(self, now: &str) -> Self {
        self.env("DIBBLE_NOW", now)
    }

    /// Lets the program see the clock of the machine: for tasks that wait.
    pub fn moving_clock(mut self) -> Self {
        self.env.retain(|(name, _)| name != "DIBBLE_NOW");
        self
    }

    pub fn stdin(mut self, text: &str) -> Self {
        self.stdin = Some(text.as_bytes().to_owned());
        self
    }

    /// Runs the program as somebody for whom file permissions hold, also when the tests are run by root.
    pub fn unprivileged(mut self) -> Self {
        const NOBODY: u32 = 65534;
        if nix::unistd::geteuid().is_root() {
            let program = self.root.path().join("dibble");
            fs::copy(&self.program, &program).expect("a copy of the program");
            self.program = program;
            self.user = Some(NOBODY);
            let whole = Command::new("chown").args(["-R", "65534:65534"]).arg(self.root.path()).status();
            assert!(whole.expect("chown").success());
        }
        self
    }

    pub fn chmod(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).expect("permissions");
    }

    /// The project's directory.
    pub fn dir(&self) -> PathBuf {
        self.root.path().join("proj")
    }

    /// The home directory of the program.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// A file of the project.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir().join(path)
    }

    /// Calls this executable file of the project instead of the program, whose path is `$DIBBLE`.
    pub fn through(mut self, path: &str) -> Self {
        let program = std::mem::replace(&mut self.program, PathBuf::new());
        self.program = self.path(path);
        self.env("DIBBLE", &program.display().to_string())
    }

    /// What is in a file of the project.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn has(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// All files and directories of the project, by name, with a slash after directories.
    pub fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(&self.dir(), "", &mut found);
        found.sort();
        found
    }

    /// Calls the program in the project's directory and waits for its end.
    #[track_caller]
    pub fn dibble(&self, args: &[&str]) -> Output {
        self.start(args).end()
    }

    /// Runs `wf.dig` for the session time 2026-01-02.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Output {
        self.dibble(&[&["run", "wf.dig", "--session", SESSION], args].concat())
    }

    /// Starts the program and does not wait for it.
    #[track_caller]
    pub fn start(&self, args: &[&str]) -> Program {
        Program::start(self.command(&self.program).args(args), self.stdin.as_deref(), self.names())
    }

    /// Runs a text of the shell in the same environment; `$DIBBLE` is the program.
    #[track_caller]
    pub fn shell(&self, script: &str) -> Output {
        let mut command = self.command("bash");
        command.args(["-c", script]).env("DIBBLE", &self.program);
        Program::start(&mut command, self.stdin.as_deref(), self.names()).end()
    }

    /// Calls the program on a terminal of 100 columns. Returns what it wrote to it, and the exit code.
    #[track_caller]
    pub fn on_terminal(&self, args: &[&str]) -> (String, i32) {
        terminal::run(self.command(&self.program).args(args))
    }

    /// Runs the workflow on a terminal that goes away as soon as it shows a text. Returns the exit code, none for a signal.
    #[track_caller]
    pub fn hang_up(&self, text: &str) -> Option<i32> {
        terminal::hang_up(
            self.command(&self.program).args(["run", "wf.dig", "--session", "2026-01-02"]),
            text,
        )
    }

    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home()).env("TMPDIR", self.root.path().join("tmp"));
        command.env("TZ", "UTC").env("LANG", "C.UTF-8").env("COLUMNS", "100");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        // A group of its own: a signal to it does not reach the tests.
        command.process_group(0);
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    fn names(&self) -> Vec<(String, &'static str)> {
        let text = |path: PathBuf| path.canonicalize().unwrap_or(path).to_string_lossy().into_owned();
        let version = concat!("v", env!("CARGO_PKG_VERSION")).to_owned();
        vec![
            (text(self.dir()), "$PROJECT"),
            (text(self.home()), "$HOME"),
            (text(self.root.path().join("tmp")), "$TMPDIR"),
            (version, "vVERSION"),
        ]
    }
}

fn list(directory: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry of it");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().expect("its type").is_dir() {
            list(&entry.path(), &format!("{name}/"), found);
            found.push(format!("{name}/"));
        } else {
            found.push(name);
        }
    }
}
