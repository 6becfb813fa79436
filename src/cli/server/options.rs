//! The options of `dibble server` and `dibble scheduler`. Each stands for a key of the configuration and wins over it.

use crate::cli::CliError;
use crate::cli::params_arg::{ParamArgs, key_value_list, pairs};
use crate::model::Settings;
use clap::Args;
use std::path::{Path, PathBuf};

/// What is said of a server, whichever projects it has.
#[derive(Debug, Clone, Default, Args)]
pub struct ServerOptions {
    /// Listen on this port; 0 takes a free one [default: 65432]
    #[arg(short = 'n', long, value_name = "PORT", value_parser = port("-n"))]
    pub port: Option<u16>,

    /// Listen on this address [default: 127.0.0.1]
    #[arg(short = 'b', long, value_name = "ADDRESS")]
    pub bind: Option<String>,

    /// Serve the API with what is for admins on this port, too [default: none]
    #[arg(long, value_name = "PORT", value_parser = port("--admin-port"))]
    pub admin_port: Option<u16>,

    /// Listen for admins on this address [default: that of --bind]
    #[arg(long, value_name = "ADDRESS")]
    pub admin_bind: Option<String>,

    /// Serve everybody who can reach the address, without asking who it is, also beyond this machine
    #[arg(long)]
    pub allow_anonymous: bool,

    /// Keep nothing: the database is in memory
    #[arg(short = 'm', long)]
    pub memory: bool,

    /// Keep everything in this file, or in dibble.db of this directory: a name without an extension is one of a directory,
    /// which is made if need be [default: .dibble.db in the directory of a project, otherwise
    /// ~/.local/state/dibble/dibble.db]
    #[arg(short = 'o', long, value_name = "PATH")]
    pub database: Option<PathBuf>,

    /// Also write a log file for every task below this directory
    #[arg(short = 'O', long, value_name = "DIR")]
    pub task_log: Option<PathBuf>,

    /// Write a line for every request to access.log in this directory [default: none]
    #[arg(short = 'A', long, value_name = "DIR")]
    pub access_log: Option<PathBuf>,

    /// Run at most so many tasks at a time; 0 is the default [default: 4 for each core, at least 8]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub max_task_threads: Option<usize>,

    /// Run no tasks: they wait until the server is started without this
    #[arg(long)]
    pub disable_local_agent: bool,

    /// Run no tasks: they wait until the server is started without this
    #[arg(long)]
    pub disable_executor_loop: bool,

    /// Start no sessions of schedules
    #[arg(long)]
    pub disable_scheduler: bool,

    /// What becomes of sessions that were missed: all, last or none [default: all, at most 24 of a schedule]
    #[arg(long, value_name = "HOW")]
    pub catch_up: Option<String>,

    /// Let pages of any origin use the API, for tools that read /api/openapi.json; not for production
    #[arg(long)]
    pub enable_swagger: bool,

    /// Send this header with every response of the API; commas separate several
    #[arg(short = 'H', long, value_name = "KEY=VALUE", value_parser = key_value_list("-H"))]
    #[arg(allow_hyphen_values = true)]
    pub header: Vec<String>,

    #[command(flatten)]
    pub params: ParamArgs,
}

impl ServerOptions {
    /// Lays the options over the configuration. Paths begin in `dir`.
    ///
    /// # Errors
    ///
    /// `-o` and `--memory` together, as a usage error.
    pub(super) fn lay_over(&self, settings: &mut Settings, dir: &Path) -> Result<(), CliError> {
        let path = |path: &PathBuf| dir.join(path).display().to_string();
        match (&self.database, self.memory) {
            (Some(_), true) => {
                return Err(CliError::usage("Setting both --database and --memory is invalid"));
            }
            (Some(database), false) => {
                settings.set("database.type", "sqlite");
                settings.set("database.path", path(database));
            }
            (None, true) => settings.set("database.type", "memory"),
            (None, false) => {}
        }
        if let Some(dir) = &self.task_log {
            settings.set("log-server.type", "local");
            settings.set("log-server.local.path", path(dir));
        }
        let texts = [
            ("server.port", self.port.map(|port| port.to_string())),
            ("server.bind", self.bind.clone()),
            ("server.admin.port", self.admin_port.map(|port| port.to_string())),
            ("server.admin.bind", self.admin_bind.clone()),
            ("server.access-log.path", self.access_log.as_ref().map(path)),
            ("agent.max-task-threads", self.max_task_threads.map(|threads| threads.to_string())),
            ("schedule.catch_up", self.catch_up.clone()),
            ("server.allow-anonymous", self.allow_anonymous.then(|| "true".to_owned())),
            ("agent.enabled", self.disable_local_agent.then(|| "false".to_owned())),
            ("server.executor.enabled", self.disable_executor_loop.then(|| "false".to_owned())),
            ("schedule.enabled", self.disable_scheduler.then(|| "false".to_owned())),
            ("server.enable-swagger", self.enable_swagger.then(|| "true".to_owned())),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                settings.set(key, text);
            }
        }
        for (name, value) in pairs(&self.header) {
            settings.set(format!("server.http.headers.{name}"), value);
        }
        Ok(())
    }
}

fn port(option: &'static str) -> impl Fn(&str) -> Result<u16, String> + Clone + Send + Sync {
    move |text| text.parse().map_err(|_| format!("\"{option}\": {text} is no port: a number from 0 to 65535"))
}

fn threads(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("\"--max-task-threads\": couldn't convert \"{text}\" to an integer"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse::tests::parsed;
    use crate::cli::server::DEFINITION;

    fn laid(words: &str) -> Result<Vec<String>, String> {
        let args: ServerOptions = parsed(&DEFINITION, words)?;
        let mut settings = Settings::default();
        settings.set("server.port", "1");
        args.lay_over(&mut settings, Path::new("/d")).map_err(|error| error.message)?;
        Ok(settings.below("").map(|(key, value)| format!("{key}={value}")).collect())
    }

    #[test]
    fn options_stand_for_keys() {
        let all = "-n 80 -b 0.0.0.0 --admin-port 81 --admin-bind ::1 -o data -O logs -A /a --max-task-threads 3 \
                   --disable-local-agent --disable-executor-loop --disable-scheduler --enable-swagger --catch-up last \
                   --allow-anonymous -H A=1,B=2,3";
        assert_eq!(
            laid(all).unwrap(),
            [
                "agent.enabled=false",
                "agent.max-task-threads=3",
                "database.path=/d/data",
                "database.type=sqlite",
                "log-server.local.path=/d/logs",
                "log-server.type=local",
                "schedule.catch_up=last",
                "schedule.enabled=false",
                "server.access-log.path=/a",
                "server.admin.bind=::1",
                "server.admin.port=81",
                "server.allow-anonymous=true",
                "server.bind=0.0.0.0",
                "server.enable-swagger=true",
                "server.executor.enabled=false",
                "server.http.headers.A=1",
                "server.http.headers.B=2,3",
                "server.port=80",
            ]
        );
        assert_eq!(laid("").unwrap(), ["server.port=1"]);
        assert_eq!(laid("--memory").unwrap(), ["database.type=memory", "server.port=1"]);
    }

    #[test]
    fn wrong_options_are_usage_errors() {
        for (words, message) in [
            ("-m -o x", "Setting both --database and --memory is invalid"),
            ("-n 65536", "\"-n\": 65536 is no port: a number from 0 to 65535"),
            ("--max-task-threads x", "\"--max-task-threads\": couldn't convert \"x\" to an integer"),
            ("extra", "Unexpected argument: extra"),
        ] {
            assert_eq!(laid(words).unwrap_err(), message, "{words}");
        }
    }
}
