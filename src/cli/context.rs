//! What a command is given beside its arguments.

use super::args::CommonArgs;
use super::error::{CliError, ErrorKind, UsageText};
use super::log_file::{LogFile, ROLL_OVER_AT};
use super::output::Output;
use super::program_log::ProgramLog;
use super::settings::{SettingsSources, config_home, load};
use crate::clock::Clock;
use crate::logs::line::parse_level;
use crate::logs::{Level, LogRecord, MachineZone};
use crate::model::Settings;
use crate::model::time::parse_iso;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The surroundings of a command.
pub struct Context {
    pub output: Arc<Output>,
    pub log: Arc<ProgramLog>,
    pub settings: Settings,
    pub clock: Clock,
    /// The zone in which times are shown.
    pub zone: MachineZone,
    /// Where relative paths begin.
    pub dir: PathBuf,
    /// Reads a variable of the environment.
    pub variable: fn(&str) -> Option<String>,
}

impl Context {
    /// Follows the common options.
    ///
    /// # Errors
    ///
    /// The log level is unknown, the configuration cannot be read, or the log file cannot be opened.
    pub fn new(
        args: &CommonArgs,
        output: &Arc<Output>,
        clock: Clock,
        zone: MachineZone,
        variable: fn(&str) -> Option<String>,
    ) -> Result<Self, CliError> {
        let level = level(args.log_level.as_deref().unwrap_or("info"))?;
        let sources = SettingsSources { file: args.config.as_deref(), overrides: &args.setting };
        let settings = load(&sources, variable)?;
        let log = match args.log.as_deref().filter(|path| *path != Path::new("-")) {
            Some(path) => {
                let file = LogFile::open(path, ROLL_OVER_AT).map_err(|error| {
                    CliError::user(format!("Cannot write the log file {}: {error}", path.display()))
                })?;
                ProgramLog::file(level, zone.clone(), file)
            }
            None => ProgramLog::console(level, zone.clone(), output.out_has_colours()),
        };
        let dir = std::env::current_dir()
            .map_err(|error| CliError::user(format!("There is no current directory: {error}")))?;
        Ok(Self { output: Arc::clone(output), log: Arc::new(log), settings, clock, zone, dir, variable })
    }

    /// Writes a line of the program itself to the log.
    pub fn log(&self, level: Level, message: &str) {
        let record = LogRecord { time: self.clock.now(), level, task: None, message };
        if let Some(line) = self.log.take(&record) {
            self.output.line(&line);
        }
    }

    /// Prints a result for programs.
    ///
    /// # Errors
    ///
    /// The value has no form in JSON, which is a fault of the program.
    pub fn print_json<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), CliError> {
        self.output.json(value).map_err(|error| CliError::internal(error.to_string()))
    }

    /// The directory of the configuration and of the local secrets.
    pub fn config_home(&self) -> PathBuf {
        config_home(self.variable)
    }
}

/// The clock of the machine, or one that stands still at `DIBBLE_NOW`.
///
/// # Errors
///
/// `DIBBLE_NOW` is no time.
pub(crate) fn clock(variable: impl Fn(&str) -> Option<String>) -> Result<Clock, CliError> {
    match variable("DIBBLE_NOW") {
        None => Ok(Clock::system()),
        Some(text) => parse_iso(&text).map(Clock::stepped).ok_or_else(|| {
            CliError::user(format!("DIBBLE_NOW must be a time like 2026-01-31T00:00:00Z, not {text}"))
        }),
    }
}

fn level(name: &str) -> Result<Level, CliError> {
    parse_level(name).ok_or_else(|| {
        CliError::new(ErrorKind::Usage(UsageText::Main), format!("Unknown log level '{name}'"))
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::output::captured::Captured;

    /// A context without settings that works in a directory, and what is printed.
    pub(crate) fn in_dir(dir: &Path) -> (Context, Captured) {
        let (output, captured) = Captured::new();
        let context = Context {
            output: Arc::new(output),
            log: Arc::new(ProgramLog::console(Level::Info, MachineZone::utc(), false)),
            settings: Settings::default(),
            clock: clock(|_| Some("2026-11-22T03:10:39Z".to_owned())).unwrap(),
            zone: MachineZone::utc(),
            dir: dir.to_owned(),
            variable: |_| None,
        };
        (context, captured)
    }

    #[test]
    fn the_log_goes_to_standard_output() {
        let (context, captured) = in_dir(Path::new("/"));
        context.log(Level::Debug, "no");
        context.log(Level::Warn, "yes");
        assert_eq!(captured.out(), "2026-11-22 03:10:39 +0000 [WARN] (main): yes\n");
    }

    #[test]
    fn the_clock_can_be_stopped() {
        let at = |text: Option<&'static str>| clock(move |_| text.map(str::to_owned));
        assert!(at(None).is_ok());
        let now = at(Some("2026-01-31T09:00:00+09:00")).unwrap().now();
        assert_eq!(now.to_rfc3339(), "2026-01-31T00:00:00+00:00");
        assert_eq!(
            at(Some("noon")).unwrap_err().message,
            "DIBBLE_NOW must be a time like 2026-01-31T00:00:00Z, not noon"
        );
    }

    #[test]
    fn levels_have_names() {
        assert_eq!(level("warn"), Ok(Level::Warn));
        assert_eq!(level("loud").unwrap_err().kind, ErrorKind::Usage(UsageText::Main));
    }
}
