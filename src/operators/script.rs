//! What `py>` and `rb>` share: a script gets the parameters in a file, calls the user's method, and leaves what it stored,
//! exported, generated or why it failed in another file.

use super::process::Command;
use super::temp_dir::TaskDir;
use super::{Context, OperatorError, container, env, program};
use crate::model::config::as_string;
use crate::model::{Config, ConfigError, Params, TaskResult};
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::Path;

const INPUT: &str = "input.json";
const OUTPUT: &str = "output.json";

/// A scripting language.
pub(crate) struct Language {
    /// The operator's name, and that of the section with defaults for its options.
    pub(crate) operator: &'static str,
    /// How failures call it.
    pub(crate) title: &'static str,
    /// The option that names the interpreter.
    pub(crate) interpreter: &'static str,
    /// The interpreters to try when the option is not given.
    pub(crate) default_interpreters: &'static [&'static str],
    pub(crate) runner_file: &'static str,
    pub(crate) runner: &'static str,
    /// The arguments between the interpreter and the runner.
    pub(crate) arguments: fn(&Config, &Path) -> Result<Vec<String>, OperatorError>,
    /// What stands in a failure's message before the error that the script reported.
    pub(crate) report: &'static str,
}

/// Runs the method that the command names, or the script in the `script` option.
pub(crate) fn run(ctx: &Context<'_>, language: &Language) -> Result<TaskResult, OperatorError> {
    // Every parameter reaches the script, so none was given in vain.
    let config = ctx.config.clone().with_defaults_from(language.operator);
    ctx.config.params();

    let dir = ctx.workdir()?;
    let mut argv = interpreter(ctx, &config, language)?;
    argv.extend((language.arguments)(&config, &dir)?);
    let method = config.has("_command").then(|| config.required_string("_command")).transpose()?;
    let script = match method {
        Some(_) => language.runner.to_owned(),
        None => config.required_string("script")?,
    };
    let env = env::from_task(ctx)?;

    let task_dir = TaskDir::create(ctx, language.operator)?;
    argv.push(task_dir.write(&dir, language.runner_file, script)?);
    argv.extend(method);
    argv.push(task_dir.write(&dir, INPUT, input(&config))?);
    argv.push(task_dir.seen_from(&dir, OUTPUT));
    let code = container::run(ctx, &task_dir, Command { argv, dir: &dir, env })?;
    let output = Output::read(&task_dir)?;
    if code == 0 { result(output) } else { Err(failure(language, code, &output)) }
}

fn interpreter(
    ctx: &Context<'_>,
    config: &Config,
    language: &Language,
) -> Result<Vec<String>, OperatorError> {
    let key = language.interpreter;
    match config.params().get(key) {
        None => {
            // Many systems have `python3` but no `python`. Digdag insists on `python`. What a container has, nobody knows.
            let installed = |name: &&&str| program::find(name).is_some();
            let found = language.default_interpreters.iter().find(installed);
            let name = if container::is_wanted(ctx) { None } else { found };
            Ok(name
                .or(language.default_interpreters.first())
                .map(|name| vec![(*name).to_owned()])
                .unwrap_or_default())
        }
        Some(Value::String(name)) => Ok(vec![name.clone()]),
        Some(Value::Array(list)) if !list.is_empty() => {
            Ok(list.iter().map(|part| as_string(key, part)).collect::<Result<_, _>>()?)
        }
        Some(other) => Err(OperatorError::config(format!("Invalid {key}: {other}"))),
    }
}

/// `{"params": {...}}` with all parameters. Where secrets are is nothing for scripts.
fn input(config: &Config) -> String {
    let mut params = config.params().clone();
    params.shift_remove("_secrets");
    json!({ "params": params }).to_string()
}

/// What the script left behind.
enum Output {
    Missing,
    Unreadable(String),
    Read(Config),
}

impl Output {
    fn read(task_dir: &TaskDir) -> Result<Self, OperatorError> {
        let path = task_dir.file(OUTPUT);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Missing),
            Err(error) => {
                return Err(OperatorError::runtime(format!("Cannot read {}: {error}", path.display())));
            }
        };
        Ok(match serde_json::from_slice::<Params>(&bytes) {
            Ok(params) => Self::Read(Config::new(params)),
            Err(error) => Self::Unreadable(error.to_string()),
        })
    }
}

fn result(output: Output) -> Result<TaskResult, OperatorError> {
    match output {
        Output::Missing => Err(OperatorError::runtime(
            "output.json does not exist. Something unexpected error happened. Please check logs.",
        )),
        Output::Unreadable(reason) => {
            Err(OperatorError::runtime(format!("output.json is not a JSON object: {reason}")))
        }
        Output::Read(output) => Ok(TaskResult {
            subtask_config: output.object("subtask_config")?,
            export_params: output.object("export_params")?,
            store_params: output.object("store_params")?,
            ..TaskResult::default()
        }),
    }
}

fn failure(language: &Language, code: i32, output: &Output) -> OperatorError {
    let mut message = format!("{} command failed with code {code}", language.title);
    match output {
        Output::Missing => {}
        Output::Unreadable(reason) => {
            message.push_str(&format!("\n\tIts output.json is not a JSON object: {reason}"));
        }
        Output::Read(output) => {
            message.push_str(language.report);
            if let Ok(error) = output.object("error") {
                message.push_str(&reported(&Config::new(error)).unwrap_or_default());
            }
        }
    }
    OperatorError::runtime(message)
}

/// `: message (class)` and a line for every line of the trace, as far as they are there.
fn reported(error: &Config) -> Result<String, ConfigError> {
    let mut text = String::new();
    if let Some(message) = error.string("message")? {
        text.push_str(&format!(": {message}"));
    }
    if let Some(class) = error.string("class")? {
        text.push_str(&format!(" ({class})"));
    }
    for line in error.string_list("backtrace")?.unwrap_or_default() {
        text.push_str(&format!("\n\tfrom {line}"));
    }
    Ok(text)
}
