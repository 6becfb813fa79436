//! `sh>`: runs a shell script.

use super::process::Command;
use super::temp_dir::TaskDir;
use super::{Context, OperatorError, container, env};
use crate::model::TaskResult;

const DEFAULT_SHELL: &str = "/bin/sh";

/// The script is put into a file, as shells read scripts; `$0` is the way to it.
pub(crate) fn run(ctx: &Context<'_>) -> Result<TaskResult, OperatorError> {
    // Every parameter reaches the script, so none was given in vain.
    let config = ctx.config.clone().with_defaults_from("sh");
    ctx.config.params();

    let dir = ctx.workdir()?;
    let shell = config.string_list("shell")?.unwrap_or_else(|| vec![DEFAULT_SHELL.to_owned()]);
    let script = ctx.fill_secrets(&config.required_string("_command")?)?;
    let env = env::from_params_and_task(ctx, &config)?;

    let task_dir = TaskDir::create(ctx, "sh")?;
    let mut argv = shell;
    argv.push(task_dir.write(&dir, "runner.sh", script)?);
    match container::run(ctx, &task_dir, Command { argv, dir: &dir, env })? {
        0 => Ok(TaskResult::default()),
        code => Err(OperatorError::runtime(format!("Command failed with code {code}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::testing::Task;
    use serde_json::json;

    fn output(task: &Task) -> String {
        let result = task.with(run).map_err(|error| error.to_string());
        assert_eq!(result, Ok(TaskResult::default()), "{}", task.output());
        task.output()
    }

    #[test]
    fn the_script_runs_in_the_project_and_leaves_nothing() {
        let script = "pwd; echo $#; echo line2 >&2\necho \"$0\"\n";
        let task = Task::new(json!({"_command": script}));
        let output = output(&task);
        let lines: Vec<_> = output.lines().collect();
        assert_eq!(lines[..3], [task.dir().to_str().unwrap(), "0", "line2"]);
        assert!(lines[3].starts_with(".digdag/tmp/digdag-sh-4-"), "{output}");
        assert!(lines[3].ends_with("/runner.sh"), "{output}");
        assert!(task.files().is_empty());
    }

    #[test]
    fn parameters_are_variables() {
        let task = Task::new(json!({
            "_command": "echo $MYVAR \"$nested\" $lower $num $V1 \"${#empty}\"; env | grep -c ^a-b",
            "MYVAR": "exported", "nested": {"a": 1}, "lower": "low", "num": 5, "empty": "", "a-b": 1,
            "sh": {"num": 6, "extra": "x"},
        }))
        .local(json!({"_env": {"V1": "lowx", "MYVAR": "own"}}));
        assert_eq!(task.with(run).unwrap_err().to_string(), "Command failed with code 1 (runtime)");
        assert_eq!(task.output(), "own {\"a\":1} low 5 lowx 0\n0\n");
        assert!(task.is_used("num") && task.is_used("_command"));
    }

    #[test]
    fn variables_of_the_program_are_shadowed_but_its_path_finds_the_shell() {
        let task =
            Task::new(json!({"_command": "echo $HOME $PATH", "HOME": "/h", "PATH": "/p", "shell": ["sh"]}));
        assert_eq!(output(&task), "/h /p\n");
    }

    #[test]
    fn the_shell_is_a_list() {
        let traced = Task::new(json!({"_command": "echo a", "sh": {"shell": ["sh", "-x"]}}));
        assert_eq!(output(&traced), "+ echo a\na\n");
        let text = Task::new(json!({"_command": "echo a", "shell": "/bin/bash"}));
        let error = text.with(run).unwrap_err().to_string();
        assert_eq!(error, "Expected array type for key 'shell' but got \"/bin/bash\" (string) (config)");
        let missing = Task::new(json!({"_command": "echo a", "shell": ["no-such-shell"]}));
        let error = missing.with(run).unwrap_err().to_string();
        assert!(error.starts_with("Cannot run program \"no-such-shell\""), "{error}");
        assert!(missing.files().is_empty());
    }

    #[test]
    fn the_working_directory_is_below_the_project() {
        let task =
            Task::new(json!({"_command": "pwd; echo \"$0\"", "_workdir": "sub/dir"})).file("sub/dir/x", "");
        let output = output(&task);
        assert!(
            output.starts_with(&format!("{}/sub/dir\n../../.digdag/tmp/digdag-sh-4-", task.dir().display()))
        );

        let outside = Task::new(json!({"_command": "pwd", "_workdir": "sub/../.."}));
        assert_eq!(
            outside.with(run).unwrap_err().to_string(),
            format!(
                "Working directory must not be outside of project path ({}): sub/../.. (illegal argument)",
                outside.dir().display()
            )
        );
        let missing = Task::new(json!({"_command": "pwd", "_workdir": "nowhere"}));
        let error = missing.with(run).unwrap_err().to_string();
        assert!(error.ends_with("/nowhere\"): there is no such directory (runtime)"), "{error}");
    }

    #[test]
    fn secrets_go_into_the_script_and_the_environment() {
        let task = Task::new(json!({"_command": "echo ${secret:a.b} \"$S\"", "_secrets": {"a": {"b": "k"}}}))
            .local(json!({"_env": {"S": "<${ secret: a.b }>"}}))
            .secret("k", "moved")
            .secret("a.b", "direct");
        assert_eq!(output(&task), "moved <direct>\n");

        let cases = [
            ("echo ${secret:my.key}", "Secret not found for key: 'my.key' (secret not found)"),
            ("echo ${v:-def}", "Invalid parametrization: '${v:-def}' (config)"),
        ];
        for (script, expected) in cases {
            let task = Task::new(json!({"_command": script}));
            assert_eq!(task.with(run).unwrap_err().to_string(), expected);
            assert!(task.files().is_empty());
        }
    }

    #[test]
    fn failures_give_the_exit_code() {
        for (script, code) in [("exit 3", 3), ("kill -9 $$", 137), ("no-such-command", 127)] {
            let task = Task::new(json!({"_command": script}));
            let expected = format!("Command failed with code {code} (runtime)");
            assert_eq!(task.with(run).unwrap_err().to_string(), expected, "{script}");
            assert!(task.files().is_empty());
        }
    }
}
