//! Running a command: its own process group, no input, its output passed on as it comes, and its end on cancel.
//!
//! When to ask a command to end and when to force it is decided by whoever cancels the attempt. Nothing here polls.

use super::env::Variable;
use super::{CancelStage, Cancellation, Context, OperatorError, Registration, program};
use crate::confinement::{Before, Confinement};
use crate::logs::Level;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::killpg;
use nix::unistd::{AccessFlags, Pid, access};
use std::ffi::OsString;
use std::io::{self, PipeReader, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{self, Child, ExitStatus, Stdio};
use std::thread;

/// How much output is taken at once, in bytes.
const PIECE: usize = 32 * 1024;

/// Milliseconds between two looks at a canceled command's process group when the command itself has ended.
const GROUP_CHECK: u8 = 50;
/// How many more pieces are taken from a command that was ended; as much as a pipe can hold, and some.
const LAST_PIECES: usize = 16;

/// Runs `/bin/sh FILE` when the system cannot run a file that has no `#!` line, as execvp does.
const FALLBACK_SHELL: &str = "/bin/sh";

/// A command to run.
#[derive(Debug, Clone)]
pub(crate) struct Command<'a> {
    /// The program and its arguments.
    pub(crate) argv: Vec<String>,
    pub(crate) dir: &'a Path,
    /// Laid over the environment of this process, of which the host keeps some variables to itself.
    pub(crate) env: Vec<Variable>,
}

/// Runs a command until it has ended and its output is closed, passes the output on to the host, and returns the exit
/// code: 128 and the signal's number when a signal ended it.
///
/// # Errors
///
/// It could not be started, or the attempt was canceled meanwhile.
pub(crate) fn run(ctx: &Context<'_>, command: &Command<'_>) -> Result<i32, OperatorError> {
    run_into(ctx, command, &mut |piece| ctx.host.output(piece))
}

/// As `run`, with the output (standard output and error, as they come) going to `sink`.
pub(crate) fn run_into(
    ctx: &Context<'_>,
    command: &Command<'_>,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<i32, OperatorError> {
    let cancellation = ctx.host.cancellation();
    if cancellation.stage() != CancelStage::Running {
        return Err(OperatorError::Canceled);
    }
    let confinement = ctx.host.confinement();
    let limited = confinement.map(|confinement| limited(confinement, command)).transpose()?;
    let words = limited.as_ref().map(|limited| &limited.words);
    let (mut child, output) = spawn(command, words, ctx.host.own_variables())
        .map_err(|error| program::start_error(&command.argv, command.dir, &command.env, &error))?;
    let mut relay = Relay { output, buffer: vec![0; PIECE], sink };
    match follow(cancellation, &mut child, &mut relay) {
        Ok(Some(status)) => match confinement.zip(limited).filter(|_| !status.success()) {
            Some((confinement, limited)) => explained(ctx, confinement, limited.before, status),
            None => Ok(exit_code(status)),
        },
        Ok(None) => Err(OperatorError::Canceled),
        Err(error) => {
            let _ = child.kill().and_then(|()| child.wait());
            Err(OperatorError::runtime(format!("Cannot follow the command {:?}: {error}", command.argv)))
        }
    }
}

/// A command that a shell starts, which takes limits upon itself first.
struct Limited {
    /// All words of the shell.
    words: Vec<OsString>,
    /// What had happened to the attempt before.
    before: Before,
}

/// The command under its limits. What the shell could not start is refused here, as it is without limits.
fn limited(confinement: &Confinement, command: &Command<'_>) -> Result<Limited, OperatorError> {
    let name = command.argv.first().map_or("", String::as_str);
    let place = program::find(name).ok_or(Errno::ENOENT).and_then(|place| {
        access(&command.dir.join(&place), AccessFlags::X_OK)?;
        Ok(place)
    });
    let place = place
        .map_err(|errno| program::start_error(&command.argv, command.dir, &command.env, &errno.into()))?;
    let (words, before) = confinement.around(&place, &command.argv[1..]).map_err(|error| {
        OperatorError::runtime(format!("The limits of the attempt cannot be set: {error}"))
    })?;
    Ok(Limited { words, before })
}

/// The exit code of a command that failed, or the limit that was the reason, or may have been.
fn explained(
    ctx: &Context<'_>,
    confinement: &Confinement,
    before: Before,
    status: ExitStatus,
) -> Result<i32, OperatorError> {
    if let Some(excess) = confinement.memory_excess(before) {
        return Err(OperatorError::failed(excess));
    }
    if let Some(excess) = confinement.process_excess(before) {
        ctx.host.log(Level::Warn, &excess);
    }
    let code = exit_code(status);
    match confinement.memory_suspicion(code) {
        Some(suspicion) => {
            Err(OperatorError::runtime(format!("Command failed with code {code}, {suspicion}")))
        }
        None => Ok(code),
    }
}

/// Passes a command's output on until its end. Returns nothing when it was canceled.
fn follow(
    cancellation: &Cancellation,
    child: &mut Child,
    relay: &mut Relay<'_>,
) -> io::Result<Option<ExitStatus>> {
    let group = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    let registration = cancellation.register(group)?;
    if relay.until_closed_or(&registration)? {
        relay.wind_down(child, group, &registration)?;
    }
    let status = child.wait()?;
    Ok((registration.stage() == CancelStage::Running).then_some(status))
}

/// Starts the command in its own process group, or the words of the shell that starts it. Its standard output and error are
/// one pipe, so they stay in order.
fn spawn(
    command: &Command<'_>,
    limited: Option<&Vec<OsString>>,
    hidden: &[&str],
) -> io::Result<(Child, PipeReader)> {
    if let Some([shell, words @ ..]) = limited.map(Vec::as_slice) {
        let (output, writer) = io::pipe()?;
        let mut process = process::Command::new(shell);
        return Ok((start(process.args(words), command, hidden, &writer)?, output));
    }
    let Some((name, arguments)) = command.argv.split_first() else {
        return Err(io::Error::from_raw_os_error(Errno::ENOENT as i32));
    };
    let place = program::find(name).ok_or_else(|| io::Error::from_raw_os_error(Errno::ENOENT as i32))?;
    let (output, writer) = io::pipe()?;
    let mut direct = process::Command::new(&place);
    direct.arg0(name).args(arguments);
    match start(&mut direct, command, hidden, &writer) {
        Err(error) if error.raw_os_error() == Some(Errno::ENOEXEC as i32) => {
            let mut shell = process::Command::new(FALLBACK_SHELL);
            shell.arg(&place).args(arguments);
            Ok((start(&mut shell, command, hidden, &writer)?, output))
        }
        started => Ok((started?, output)),
    }
}

fn start(
    process: &mut process::Command,
    command: &Command<'_>,
    hidden: &[&str],
    writer: &io::PipeWriter,
) -> io::Result<Child> {
    for name in hidden {
        process.env_remove(name);
    }
    process
        .current_dir(command.dir)
        .envs(command.env.iter().map(|variable| (&variable.name, &variable.value)))
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer.try_clone()?)
        .spawn()
}

fn exit_code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

/// The way from a command's output to where it is shown.
struct Relay<'a> {
    output: PipeReader,
    buffer: Vec<u8>,
    sink: &'a mut dyn FnMut(&[u8]),
}

impl Relay<'_> {
    /// Passes output on until nobody holds the pipe any more, background processes included, or the attempt is canceled.
    /// Returns whether it was canceled.
    fn until_closed_or(&mut self, registration: &Registration<'_>) -> io::Result<bool> {
        loop {
            let [readable, woken] = ready([&self.output, registration.wake()], PollTimeout::NONE)?;
            if woken {
                return Ok(true);
            }
            if readable && !self.pass_on()? {
                return Ok(false);
            }
        }
    }

    /// Passes on what a canceled command still says, until it has ended. Processes of its group that keep the pipe open are
    /// waited for until they are killed; those that left the group are not, or their pipe could hold us for ever.
    fn wind_down(
        &mut self,
        child: &mut Child,
        group: Pid,
        registration: &Registration<'_>,
    ) -> io::Result<()> {
        let (ended, ending) = io::pipe()?;
        thread::scope(|scope| {
            thread::Builder::new().name("command-end".to_owned()).spawn_scoped(scope, move || {
                let _ = child.wait();
                drop(ending);
            })?;
            self.until_ended(&ended, group, registration)
        })
    }

    /// `ended` is closed when the command itself has ended.
    fn until_ended(
        &mut self,
        ended: &PipeReader,
        group: Pid,
        registration: &Registration<'_>,
    ) -> io::Result<()> {
        let mut open = true;
        let mut running = true;
        let mut killed = false;
        while running || open {
            if !running && (killed || killpg(group, None).is_err()) {
                return self.pass_on_the_rest();
            }
            // A pipe that has nothing more to say would always be ready, so another one takes its place: while the output is
            // closed or the last stage is known, the command still runs, and when it has ended, its output is still open.
            let output = if open { &self.output } else { ended };
            let end = if running { ended } else { &self.output };
            let wake = if killed { end } else { registration.wake() };
            // Nobody tells of the end of a group whose leader is gone, so it is looked at now and then.
            let patience = if running { PollTimeout::NONE } else { PollTimeout::from(GROUP_CHECK) };
            let [readable, over, woken] = ready([output, end, wake], patience)?;
            if open && readable {
                open = self.pass_on()?;
            }
            if !killed && woken {
                registration.wake().read_exact(&mut [0])?;
                killed = registration.stage() == CancelStage::Killed;
            }
            running &= !over;
        }
        Ok(())
    }

    fn pass_on_the_rest(&mut self) -> io::Result<()> {
        for _ in 0..LAST_PIECES {
            let mut fds = [PollFd::new(self.output.as_fd(), PollFlags::POLLIN)];
            if poll(&mut fds, PollTimeout::ZERO).unwrap_or(0) == 0 || !self.pass_on()? {
                break;
            }
        }
        Ok(())
    }

    /// Passes on one piece. Returns false at the end.
    fn pass_on(&mut self) -> io::Result<bool> {
        let length = self.output.read(&mut self.buffer)?;
        (self.sink)(&self.buffer[..length]);
        Ok(length > 0)
    }
}

/// Waits until one of the pipes can be read or is closed, or the time is over, and says which.
fn ready<const N: usize>(pipes: [&PipeReader; N], patience: PollTimeout) -> io::Result<[bool; N]> {
    let mut fds = pipes.map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLIN));
    loop {
        match poll(&mut fds, patience) {
            Ok(0) => return Ok([false; N]),
            Ok(_) => return Ok(fds.map(|fd| fd.any().unwrap_or(true))),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confinement::LimitSettings;
    use crate::model::Settings;
    use crate::operators::testing::Task;
    use nix::sys::signal::{Signal, kill};
    use serde_json::json;

    fn sh(task: &Task, script: &str) -> Result<i32, OperatorError> {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        task.with(|ctx| run(ctx, &Command { argv, dir: &task.dir(), env: Vec::new() }))
    }

    fn task() -> Task {
        Task::new(json!({}))
    }

    /// Runs a script; when it has said `ready`, goes through these stages.
    fn cancel(script: &str, stages: &[CancelStage]) -> (Result<i32, OperatorError>, String) {
        let task = task();
        let result = thread::scope(|scope| {
            let running = scope.spawn(|| sh(&task, script));
            task.wait_for_output("ready");
            for stage in stages {
                task.cancellation().advance(*stage);
            }
            running.join().unwrap()
        });
        (result, task.output())
    }

    #[test]
    fn output_and_errors_stay_in_order_and_input_is_empty() {
        let task = task();
        let script = "echo 1; echo 2 >&2; cat; echo 3; printf 4; printf '\\377' >&2; exit 7";
        assert_eq!(sh(&task, script).unwrap(), 7);
        assert_eq!(task.output_bytes(), b"1\n2\n3\n4\xff");
    }

    #[test]
    fn output_comes_while_the_command_runs() {
        let task = task();
        nix::unistd::mkfifo(&task.dir().join("go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        thread::scope(|scope| {
            let running = scope.spawn(|| sh(&task, "echo before; read line < go; echo $line"));
            task.wait_for_output("before\n");
            std::fs::write(task.dir().join("go"), "after\n").unwrap();
            assert_eq!(running.join().unwrap().unwrap(), 0);
        });
        assert_eq!(task.output(), "before\nafter\n");
    }

    #[test]
    fn large_output_passes_in_small_pieces() {
        let task = task().forget_output();
        assert_eq!(sh(&task, "head -c 10000000 /dev/zero | tr '\\0' x").unwrap(), 0);
        let (total, largest) = task.output_sizes();
        assert_eq!(total, 10_000_000);
        assert!(largest <= PIECE);
    }

    #[test]
    fn signals_give_codes_above_128() {
        for (script, code) in [("exit 0", 0), ("exit 255", 255), ("kill -9 $$", 137), ("kill -TERM $$", 143)]
        {
            assert_eq!(sh(&task(), script).unwrap(), code, "{script}");
        }
    }

    #[test]
    fn background_processes_are_waited_for_while_they_hold_the_output() {
        let task = task();
        assert_eq!(sh(&task, "{ read x; echo late; } < /dev/null & exit 3").unwrap(), 3);
        assert_eq!(task.output(), "late\n");
    }

    #[test]
    fn commands_run_in_their_own_process_group() {
        let task = task();
        sh(&task, "ps -o pgid= -p $$ | tr -d ' '; echo $$").unwrap();
        let output = task.output();
        let lines: Vec<_> = output.lines().collect();
        assert_eq!(lines[0], lines[1]);
    }

    #[test]
    fn programs_that_cannot_be_started_are_named() {
        let task = task();
        let argv = vec!["nosuchpython".to_owned(), "x".to_owned()];
        let dir = task.dir();
        let error = task.with(|ctx| run(ctx, &Command { argv, dir: &dir, env: Vec::new() })).unwrap_err();
        let expected = format!(
            "Cannot run program \"nosuchpython\" (in directory \"{}\"): error=2, No such file or directory (runtime)",
            dir.display()
        );
        assert_eq!(error.to_string(), expected);

        let env = vec![Variable { name: "big".to_owned(), value: "x".repeat(5_000_000), secret: false }];
        let argv = vec!["/bin/true".to_owned()];
        let error = task.with(|ctx| run(ctx, &Command { argv, dir: &dir, env })).unwrap_err().to_string();
        assert!(
            error.contains("error=7, Argument list too long. Largest parameters: 'big' (5000000 bytes)"),
            "{error}"
        );
    }

    #[test]
    fn files_without_an_interpreter_line_are_shell_scripts() {
        let task = task().program("bin/old", "echo \"${0##*/} $1\"\n");
        let argv = vec!["bin/old".to_owned(), "x y".to_owned()];
        assert_eq!(
            task.with(|ctx| run(ctx, &Command { argv, dir: &task.dir(), env: Vec::new() })).unwrap(),
            0
        );
        assert_eq!(task.output(), "old x y\n");
    }

    #[test]
    fn canceled_commands_end_when_asked() {
        let (result, output) = cancel(
            // No command of its own: the shell would tell how that one ended, or the signal would be lost on its start.
            "trap 'echo bye; exit 0' TERM; echo ready; while :; do :; done",
            &[CancelStage::Terminating],
        );
        assert!(matches!(result, Err(OperatorError::Canceled)), "{result:?}");
        assert_eq!(output, "ready\nbye\n");
    }

    #[test]
    fn commands_that_do_not_listen_are_killed() {
        for script in [
            "trap '' TERM; echo ready; sleep 1000",
            "(trap '' TERM; echo ready; sleep 1000) & wait",
            "trap '' TERM; echo ready; exec >/dev/null 2>&1; sleep 1000",
        ] {
            let (result, _) = cancel(script, &[CancelStage::Terminating, CancelStage::Killed]);
            assert!(matches!(result, Err(OperatorError::Canceled)), "{script}: {result:?}");
        }
    }

    #[test]
    fn a_process_that_left_the_group_does_not_hold_a_canceled_command() {
        let script = "setsid sh -c 'trap \"\" TERM; echo pid $$ ready; exec sleep 1000' & wait";
        for stages in [&[CancelStage::Terminating][..], &[CancelStage::Terminating, CancelStage::Killed]] {
            let (result, output) = cancel(script, stages);
            assert!(matches!(result, Err(OperatorError::Canceled)), "{result:?}");
            let pid = output.split(' ').nth(1).unwrap().parse().unwrap();
            kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        }
    }

    #[test]
    fn nothing_is_started_once_the_attempt_is_canceled() {
        let task = task();
        task.cancellation().advance(CancelStage::Terminating);
        assert!(matches!(sh(&task, "touch started"), Err(OperatorError::Canceled)));
        assert!(task.files().is_empty());
    }

    /// Under a limit of memory, in the way in which it holds without control groups.
    fn limited_task(memory: &str) -> Task {
        let mut settings = Settings::default();
        settings.set("limits.memory", memory);
        task().confined(Confinement::of_each_process(&LimitSettings::from_settings(&settings).unwrap()))
    }

    #[test]
    fn limited_commands_run_as_others_do() {
        let task = limited_task("900M");
        let script = "echo $#; ulimit -v; echo error >&2; cat; exit 9";
        assert_eq!(sh(&task, script).unwrap(), 9);
        assert_eq!(task.output(), "0\n921600\nerror\n");
        let missing = Command { argv: vec!["nosuch".to_owned()], dir: &task.dir(), env: Vec::new() };
        let error = task.with(|ctx| run(ctx, &missing)).unwrap_err().to_string();
        assert!(error.ends_with("error=2, No such file or directory (runtime)"), "{error}");
        let task = task.file("plain", "echo x");
        let refused = Command { argv: vec!["./plain".to_owned()], dir: &task.dir(), env: Vec::new() };
        let error = task.with(|ctx| run(ctx, &refused)).unwrap_err().to_string();
        assert!(error.ends_with("error=13, Permission denied (runtime)"), "{error}");
    }

    #[test]
    fn a_limit_that_may_be_the_reason_is_named() {
        let task = limited_task("900M");
        for (script, code) in
            [("kill -ABRT $$", 134), ("kill -9 $$", 137), ("sh -c 'kill -SEGV $$'; exit $?", 139)]
        {
            let expected =
                format!("Command failed with code {code}, perhaps because of limits.memory = 900M (runtime)");
            assert_eq!(sh(&task, script).unwrap_err().to_string(), expected);
        }
        assert_eq!(sh(&task, "kill -TERM $$").unwrap(), 143);
    }

    #[test]
    fn a_limited_command_has_no_more_memory() {
        let hungry = "head -c 300000000 /dev/zero | tail -n 1 >/dev/null";
        assert_eq!(sh(&task(), hungry).unwrap(), 0);
        assert_ne!(sh(&limited_task("100M"), hungry).unwrap(), 0);
    }
}
