//! `dibble run`: runs a workflow to its end and shows how it goes.

use super::args::{Definition, ProjectArgs};
use super::earlier::Earlier;
use super::error::CliError;
use super::history::{database_path, writable_database_path};
use super::interrupts::Interrupts;
use super::local_project::{self, schedule_of, workflow_name};
use super::params_arg::ParamArgs;
use super::progress::Terminal;
use super::prune::wrong;
use super::run_summary::{RunSummary, Saved};
use super::{Context, Exit};
use crate::actions::abandon::abandon_dead_runs;
use crate::actions::launch::{LaunchError, register_owner};
use crate::actions::prune::{RetentionLimits, prune_a_little};
use crate::actions::register::{Definitions, register};
use crate::actions::selection::{Selection, Wish, find, subtree};
use crate::actions::session_time::{Found, find_session_time};
use crate::confinement::LimitSettings;
use crate::dig::LoadedWorkflow;
use crate::engine::Limits;
use crate::logs::Level;
use crate::logs::file_name::default_agent;
use crate::model::settings::WrongSetting;
use crate::model::{Params, Plan, ProjectId, Settings, Zone, parse_size, shell_word};
use crate::runner::{
    Observer, Project, Run, RunFailure, RunOptions, SecretFailure, SecretSource, SlotSettings,
};
use crate::secret_files::SecretFiles;
use crate::store::owners::OwnerKind;
use crate::store::{Durability, Store, StoreError};
use clap::Args;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The project of all runs of the command line.
pub const PROJECT: &str = "default";

pub const DEFINITION: Definition = Definition {
    name: "run",
    aliases: &["r"],
    synopsis: &[("r[un] <workflow.dig>", "run a workflow")],
    usage: &["run <workflow.dig> [+task] [options...]"],
    about: "Run a workflow now, on this machine; tasks that succeeded in the same session before are skipped",
    examples: &[
        ("run hello.dig", "today's session, or the last one again"),
        ("run hello.dig --session 2026-01-31", "the session of that day"),
        ("run hello.dig --rerun -p name=Ada", "all tasks again, with a parameter"),
        ("run hello.dig --start +load", "from +load on"),
        ("run hello.dig +load", "only +load and the tasks in it"),
        ("run hello.dig -dE", "show the parameters of every task, run nothing"),
    ],
    args: RunArgs::augment_args,
};

/// The arguments of `run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// The workflow: a path that ends in .dig, relative to the project directory, or a workflow's name
    #[arg(value_name = "workflow.dig")]
    pub workflow: String,

    /// Run only this task and the tasks in it: the end of a full task name
    #[arg(value_name = "+task")]
    pub task: Option<String>,

    #[command(flatten)]
    pub project: ProjectArgs,

    /// Run all tasks again, also those that succeeded in this session
    #[arg(short = 'a', long, visible_alias = "all")]
    pub rerun: bool,

    /// Run this task and the following ones again
    #[arg(short = 's', long, value_name = "+NAME")]
    pub start: Option<String>,

    /// Run this task and the tasks in it again, and nothing after it
    #[arg(short = 'g', long, value_name = "+NAME")]
    pub goal: Option<String>,

    /// Leave out this task and the following ones
    #[arg(short = 'e', long, value_name = "+NAME")]
    pub end: Option<String>,

    /// Keep the history in this file, or in dibble.db of this directory: a name without an extension is one of a directory,
    /// which is made if need be [default: .dibble.db in the project]
    #[arg(short = 'o', long, value_name = "PATH")]
    pub save: Option<PathBuf>,

    /// Keep no history, whatever -o says: nothing is skipped, nothing is left behind
    #[arg(long)]
    pub no_save: bool,

    #[command(flatten)]
    pub params: ParamArgs,

    /// The session time: daily, hourly, schedule, last, "yyyy-MM-dd" or "yyyy-MM-dd HH:mm:ss" [default: last]
    #[arg(short = 't', long, visible_alias = "session-time", value_name = "TIME", default_value = "last")]
    #[arg(hide_default_value = true)]
    pub session: String,

    /// Run no operators: show which tasks would run
    #[arg(short = 'd', long)]
    pub dry_run: bool,

    /// Show the parameters of a task before it runs
    #[arg(short = 'E', long)]
    pub show_params: bool,

    /// Taken for compatibility with Digdag; has no effect, the workflow's timezone counts
    #[arg(long, value_name = "NAME")]
    pub timezone: Option<String>,

    /// Run at most so many tasks at a time; 0 is the default [default: 4 for each core, at least 8]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub max_task_threads: Option<usize>,

    /// Also write a log file for every task below this directory
    #[arg(short = 'O', long, value_name = "DIR")]
    pub task_log: Option<PathBuf>,
}

impl RunArgs {
    /// Refuses options that contradict each other.
    ///
    /// # Errors
    ///
    /// The first pair of them, as a usage error.
    pub fn check(&self) -> Result<(), CliError> {
        let (start, goal, end) = (self.start.is_some(), self.goal.is_some(), self.end.is_some());
        let pairs = [
            (start && goal, "-s, --start and -g, --goal"),
            // Digdag names -s instead of -g here.
            (goal && end, "-g, --goal and -e, --end"),
            (self.rerun && start, "-a, --rerun and -s, --start"),
            (self.rerun && goal, "-a, --rerun and -g, --goal"),
        ];
        match pairs.iter().find(|(given, _)| *given) {
            Some((_, pair)) => Err(CliError::usage(format!("{pair} don't work together"))),
            None => Ok(()),
        }
    }
}

fn threads(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("\"--max-task-threads\": couldn't convert \"{text}\" to an integer"))
}

/// Runs the workflow.
///
/// # Errors
///
/// It cannot be started, or its history cannot be kept. A workflow that fails is no error: the summary tells of it.
pub fn run(args: &RunArgs, context: &Context) -> Result<Exit, CliError> {
    args.check()?;
    let dir = local_project::directory_of(&args.workflow, &args.project, context)?;
    let params = params(args, context, &dir)?;
    let loaded = local_project::load(&dir, context)?;
    let name = workflow_name(&dir, &args.workflow, &args.project, context)?;
    let workflow = loaded.workflow(&name);
    let workflow = workflow.ok_or_else(|| local_project::no_workflow(&name, &args.project, &dir))?;
    let plan = selected_plan(workflow, args.task.as_deref())?;
    let limits = limits(&context.settings)?;
    let retention = retention(&context.settings)?;
    let schedule = schedule_of(workflow, context)?;
    let keeps = !args.no_save && !args.dry_run;
    let save = args.save.as_deref();
    let path = if keeps { writable_database_path(&dir, save)? } else { database_path(&dir, save) };
    let store = if keeps { Store::open_single(&path) } else { Store::memory() };
    let store = Arc::new(store.map_err(store_error)?);

    let now = context.clock.now();
    let zone = &workflow.definition.timezone;
    let earlier = Earlier::read(&store, &path, args, &name).map_err(store_error)?;
    let found = find_session_time(&args.session, zone, schedule.as_ref(), earlier.last_session(), now)
        .map_err(|error| CliError::user(error.to_string()))?;
    tell_session(found, zone, keeps.then_some(path.as_path()), context);
    let selection = Selection::new(&plan, &wish(args)).map_err(|error| CliError::user(error.to_string()))?;
    let definitions =
        Definitions { directory: &dir, workflows: loaded.workflows.iter().collect(), params: &params };
    let (registered, owner) = store
        .write(Durability::Normal, |writer| {
            let registered = register(writer, PROJECT, &definitions, now)?;
            Ok((registered, register_owner(writer, OwnerKind::Run, now)?))
        })
        .map_err(store_error)?;
    for row in abandon_dead_runs(&store, owner, now).map_err(store_error)? {
        let (id, name) = (row.id, row.workflow_name);
        let message = format!("Attempt {id} of {name} was interrupted: what had succeeded is kept");
        context.log(Level::Warn, &message);
    }
    let terminal = Arc::new(Terminal::new(context));
    let earlier = earlier.results(found.time()).map_err(store_error)?;
    let (project, workflow_name) = (registered.project, name.clone());
    let log_command = keeps.then(|| log_command(&dir, args.save.is_some().then_some(store.file())));
    let run = Run {
        store: Arc::clone(&store),
        clock: context.clock.clone(),
        zone: context.zone.clone(),
        settings: context.settings.clone(),
        options: RunOptions { log_command, ..options(args, context)? },
        observer: Arc::clone(&terminal) as Arc<dyn Observer>,
        secrets: Arc::new(LocalSecrets::new(context)),
        project: Project {
            dir,
            registered,
            default_params: default_params(&context.settings)?,
            params: params.clone(),
            owner,
            limits,
            required: selection.of_required(),
            workflows: loaded.workflows.into_iter().map(LoadedWorkflow::into_compiled).collect(),
        },
        workflow: name,
        plan,
        session_time: found.time(),
        params,
        selection,
        earlier,
    };
    let interrupts = Interrupts::listen(&context.output)
        .map_err(|error| CliError::internal(format!("Cannot listen for signals: {error}")))?;
    let ended = run.to_end(|attempt, control| {
        terminal.planned(attempt.tasks());
        interrupts.control(control);
    });
    let interrupted = interrupts.first();
    drop(interrupts);
    let attempt = ended.map_err(run_error)?;
    let success = attempt.outcome.is_some_and(|outcome| outcome.success);
    let place = store.check_place();
    let saved = match &place {
        _ if !keeps => Saved::Nowhere,
        Ok(()) => Saved::At(store.file()),
        Err(error) => Saved::Lost(error),
    };
    let summary = RunSummary { success, tasks: attempt.tasks(), saved };
    let terminal = Arc::into_inner(terminal).ok_or_else(|| CliError::internal("A task is still running"))?;
    let exit = terminal.finish(&summary, context.clock.now());
    if let Some(limits) = retention.filter(|_| keeps && place.is_ok()) {
        tidy_up(&store, project, &workflow_name, limits, context);
    }
    Ok(interrupted.filter(|_| attempt.cancel_requested).map_or(exit, Exit::Interrupted))
}

/// Secrets of the configuration, then of the local files.
struct LocalSecrets {
    settings: Settings,
    files: SecretFiles,
}

impl LocalSecrets {
    fn new(context: &Context) -> Self {
        let files = SecretFiles::in_config_home(&context.config_home());
        Self { settings: context.settings.clone(), files }
    }
}

impl SecretSource for LocalSecrets {
    fn secret(&self, _: ProjectId, key: &str) -> Result<Option<String>, SecretFailure> {
        let configured = self.settings.get(&format!("secrets.{key}")).map(str::to_owned);
        configured.map_or_else(|| Ok(self.files.get(key)?), |value| Ok(Some(value)))
    }

    fn values(&self, _: ProjectId) -> Vec<String> {
        let configured = self.settings.below("secrets.").map(|(_, value)| value.to_owned());
        let keys = self.files.list().unwrap_or_default();
        let kept = keys.iter().filter_map(|key| self.files.get(key).ok().flatten());
        configured.chain(kept).collect()
    }
}

fn params(args: &RunArgs, context: &Context, dir: &Path) -> Result<Params, CliError> {
    let mut params = args.params.load(context)?;
    if dir != context.dir {
        params.insert("_project_path".to_owned(), Value::from(dir.display().to_string()));
    }
    Ok(params)
}

fn selected_plan(workflow: &LoadedWorkflow, task: Option<&str>) -> Result<Plan, CliError> {
    let Some(pattern) = task else { return Ok(workflow.plan.clone()) };
    let place = find(&workflow.plan, pattern).map_err(|error| CliError::user(error.to_string()))?;
    Ok(subtree(&workflow.plan, place))
}

fn wish(args: &RunArgs) -> Wish {
    let RunArgs { rerun, start, goal, end, .. } = args.clone();
    Wish { rerun, start, goal, end }
}

fn limits(settings: &Settings) -> Result<Limits, CliError> {
    let given =
        settings.number("executor.task_max_run").map_err(|error| CliError::user(error.to_string()))?;
    Ok(given
        .map_or_else(Limits::default, |max| Limits { max_tasks: usize::try_from(max).unwrap_or(usize::MAX) }))
}

/// Keeps the history of the workflow within its limits, where no server does it.
fn tidy_up(store: &Store, project: ProjectId, workflow: &str, limits: RetentionLimits, context: &Context) {
    if let Err(error) = prune_a_little(store, project, workflow, limits, context.clock.now()) {
        context.log(Level::Warn, &format!("The history cannot be kept within its limits: {error}"));
    }
}

/// None when nothing of the history is ever removed.
fn retention(settings: &Settings) -> Result<Option<RetentionLimits>, CliError> {
    let limits = RetentionLimits::from_settings(settings).map_err(|error| wrong(&error))?;
    Ok(RetentionLimits::is_enabled(settings).map_err(|error| wrong(&error))?.then_some(limits))
}

fn default_params(settings: &Settings) -> Result<Params, CliError> {
    let Some(text) = settings.get("digdag.defaultParams") else { return Ok(Params::new()) };
    serde_json::from_str(text)
        .map_err(|error| CliError::user(format!("digdag.defaultParams must be a JSON object: {error}")))
}

/// `log.max_task_size` in bytes, 256 MiB by default.
pub(super) fn max_log_size(settings: &Settings) -> Result<u64, CliError> {
    const KEY: &str = "log.max_task_size";
    let Some(value) = settings.get(KEY) else { return Ok(256 << 20) };
    let wrong =
        || WrongSetting { key: KEY.to_owned(), value: value.to_owned(), expected: "a size such as 500M" };
    parse_size(value).filter(|size| *size > 0).ok_or_else(|| CliError::user(wrong().to_string()))
}

fn options(args: &RunArgs, context: &Context) -> Result<RunOptions, CliError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(RunOptions {
        dry_run: args.dry_run,
        runs_tasks: true,
        show_params: args.show_params,
        max_task_threads: args.max_task_threads.filter(|n| *n > 0).unwrap_or((4 * cores).max(8)),
        slots: SlotSettings::from_settings(&context.settings).map_err(wrong_settings)?,
        // Whoever starts a run sees what becomes of it; only a server has to look after itself.
        free_disk: 0,
        attempt_limits: LimitSettings::from_settings(&context.settings).map_err(wrong_settings)?,
        log_level: context.log.level(),
        task_log_dir: args.task_log.as_ref().map(|dir| context.dir.join(dir)),
        agent: default_agent(),
        retries_have_names: false,
        log_command: None,
        max_log_size: max_log_size(&context.settings)?,
        attempt_ttl: None,
        task_ttl: None,
        own_variables: &[],
        overlong_factor: None,
    })
}

/// Shows the log of an attempt, from whichever directory: of a project, or of a file that was named.
fn log_command(project: &Path, file: Option<&Path>) -> String {
    let (option, path) = file.map_or(("--project", project), |file| ("-o", file));
    format!("dibble log --local {option} {}", shell_word(&path.to_string_lossy()))
}

fn wrong_settings(wrong: Vec<WrongSetting>) -> CliError {
    let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    CliError::user(lines.join("\n"))
}

fn tell_session(found: Found, zone: &Zone, saved_at: Option<&Path>, context: &Context) {
    let time = found.time().iso(zone);
    match found {
        Found::Given(_) => {}
        Found::Reused(_) => context.log(Level::Warn, &format!("Reusing the last session time {time}.")),
        Found::Scheduled(_) => {
            context.log(Level::Warn, &format!("Using a new session time {time} based on schedule."));
        }
        Found::Today(_) => context.log(Level::Warn, &format!("Using a new session time {time}.")),
    }
    if let Some(path) = saved_at {
        context.log(Level::Info, &format!("Using session {time} in {}.", path.display()));
    }
}

fn store_error(error: StoreError) -> CliError {
    CliError::user(error.to_string())
}

fn run_error(error: RunFailure) -> CliError {
    match error {
        RunFailure::Launch(LaunchError::Running { .. }) => CliError::user(error.to_string())
            .hint("wait for it to end, or give another --session, or keep another history with -o"),
        other => CliError::user(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse::tests::parsed;
    use std::path::Path;

    fn run(words: &str) -> Result<RunArgs, String> {
        parsed(&DEFINITION, words)
    }

    #[test]
    fn defaults_are_digdags() {
        let args = run("wf.dig").unwrap();
        assert_eq!((args.workflow.as_str(), args.session.as_str(), &args.task), ("wf.dig", "last", &None));
        assert!(!args.rerun && !args.no_save && !args.dry_run && !args.show_params);
        assert_eq!(args.max_task_threads, None);
    }

    #[test]
    fn options_stand_anywhere_and_have_all_their_names() {
        let args = run("-p a=1 wf -t 2024-01-02 +b+c -dE -p b=x,y --all -o=st --max-task-threads=3 -l debug")
            .unwrap();
        assert_eq!((args.workflow.as_str(), args.task.as_deref()), ("wf", Some("+b+c")));
        assert_eq!(args.params.param, ["a=1", "b=x,y"]);
        assert_eq!((args.session.as_str(), args.max_task_threads), ("2024-01-02", Some(3)));
        assert_eq!(args.save.as_deref(), Some(Path::new("st")));
        assert!(args.rerun && args.dry_run && args.show_params);
        assert_eq!(run("wf --session-time daily").unwrap().session, "daily");
        assert_eq!(run("wf --session=hourly").unwrap().session, "hourly");
    }

    #[test]
    fn contradictions_are_refused() {
        for (words, pair) in [
            ("wf -s +a -g +b", "-s, --start and -g, --goal"),
            ("wf -g +a -e +b", "-g, --goal and -e, --end"),
            ("wf -a -s +a", "-a, --rerun and -s, --start"),
            ("wf --all --goal +a", "-a, --rerun and -g, --goal"),
        ] {
            let error = run(words).unwrap().check().unwrap_err();
            assert_eq!(error, CliError::usage(format!("{pair} don't work together")), "{words}");
        }
        assert_eq!(run("wf -s +a -e +b").unwrap().check(), Ok(()));
        assert_eq!(run("wf -a -e +b").unwrap().check(), Ok(()));
    }

    #[test]
    fn wrong_values_are_named() {
        for (words, message) in [
            ("wf -p a", "Parameter -p expected a value of the form a=b but got:a"),
            ("wf -t", "Expected a value after parameter -t"),
            ("wf --goal", "Expected a value after parameter --goal"),
            ("wf --bogus", "Unknown option: --bogus"),
            ("wf -z", "Unknown option: -z"),
            ("wf --max-task-threads x", "\"--max-task-threads\": couldn't convert \"x\" to an integer"),
            ("wf -t daily -t hourly", "Can only specify option -t once."),
            ("wf +a +b", "Unexpected argument: +b"),
            ("wf -X a", "Dynamic parameter expected a value of the form a=b but got:a"),
            ("", "Missing argument: <workflow.dig>"),
        ] {
            assert_eq!(run(words).unwrap_err(), message, "{words}");
        }
    }
}
