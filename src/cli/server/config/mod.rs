//! What the configuration says to a server, as values of their types: one file for each section.

mod access;
mod access_log;
mod database;
mod http;
mod limits;
mod notifications;
mod retention;
mod run;
mod schedules;
mod slots;
mod watch;

pub(super) use access::{AccessConfig, BasicUser, is_hash};
pub(super) use access_log::AccessLogConfig;
pub(super) use database::Database;
pub(super) use http::HttpConfig;
pub(super) use notifications::sender;
pub(super) use run::RunConfig;

use super::values::{Values, Wrong};
use crate::actions::prune::RetentionLimits;
use crate::cli::CliError;
use crate::logs::Level;
use crate::logs::line::parse_level;
use crate::model::Settings;
use crate::scheduler::SchedulerSettings;
use crate::watch::WatchSettings;
use std::path::PathBuf;
use std::time::Duration;

/// The configuration of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerConfig {
    pub(super) api: Address,
    pub(super) admin: Option<Address>,
    pub(super) http: HttpConfig,
    pub(super) access: AccessConfig,
    pub(super) database: Database,
    pub(super) run: RunConfig,
    /// How sessions are started; none when schedules start nothing.
    pub(super) schedules: Option<SchedulerSettings>,
    /// How much history is kept; none when nothing is removed.
    pub(super) retention: Option<RetentionLimits>,
    pub(super) access_log: Option<AccessLogConfig>,
    /// Where it is written what the server listens to.
    pub(super) runtime_info: Option<PathBuf>,
    /// How long running tasks may take to end when the server ends.
    pub(super) shutdown_timeout: Duration,
    pub(super) log_level: Option<Level>,
    pub(super) watch: WatchSettings,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// A name or an address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

const DEFAULT_PORT: u16 = 65432;
const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(60);

impl ServerConfig {
    /// Reads the configuration.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the values, each with its key and what was expected.
    pub(super) fn read(settings: &Settings) -> Result<Self, CliError> {
        let values = Values::new(settings);
        let host = |key| values.text(key).map(|host| host.trim_matches(['[', ']']).to_owned());
        let port = |key| values.number(key, 0..=u16::MAX);
        let api = Address {
            host: host("server.bind").unwrap_or_else(|| "127.0.0.1".to_owned()),
            port: port("server.port").unwrap_or(DEFAULT_PORT),
        };
        let admin_host = host("server.admin.bind").unwrap_or_else(|| api.host.clone());
        let admin = port("server.admin.port").map(|port| Address { host: admin_host, port });
        let log_level = values.read("server.log-level", "error, warn, info, debug or trace", parse_level);
        let schedules = schedules::read(&values, settings);
        let config = Self {
            api,
            admin,
            http: http::read(&values, settings),
            access: access::read(&values),
            database: database::read(&values),
            run: run::read(&values, settings),
            watch: watch::read(&values, schedules.is_some()),
            schedules,
            retention: retention::read(&values),
            access_log: access_log::read(&values),
            runtime_info: values.text("server.runtime-info.path").map(PathBuf::from),
            shutdown_timeout: values.duration("server.shutdown.timeout").unwrap_or(DEFAULT_SHUTDOWN_TIMEOUT),
            log_level,
        };
        values.finish(config).map_err(|wrong| refused(&wrong))
    }
}

fn refused(wrong: &[Wrong]) -> CliError {
    let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    let error = CliError::user(lines.join("\n"));
    if wrong.iter().any(|wrong| wrong.key == "database.type" && wrong.value == "postgresql") {
        return error.hint(
            "remove database.* and everything is kept in one file; when one machine is not enough, \
             `dibble push -e URL` gives the same projects to a Digdag server on PostgreSQL",
        );
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::password::hash;
    use chrono::TimeDelta;

    fn read(pairs: &[(&str, &str)]) -> Result<ServerConfig, String> {
        let mut settings = Settings::default();
        pairs.iter().for_each(|(key, value)| settings.set(*key, *value));
        ServerConfig::read(&settings).map_err(|error| error.message)
    }

    fn wrong(key: &str, value: &str) -> String {
        read(&[(key, value)]).unwrap_err()
    }

    #[test]
    fn defaults_are_digdags() {
        let config = read(&[]).unwrap();
        assert_eq!(config.api, Address { host: "127.0.0.1".to_owned(), port: 65432 });
        assert_eq!((config.admin, config.access_log, config.runtime_info), (None, None, None));
        assert_eq!((config.database, config.access), (Database::Default, AccessConfig::default()));
        let run = config.run;
        assert_eq!((run.attempt_ttl, run.task_ttl), (TimeDelta::days(7), TimeDelta::days(1)));
        assert_eq!((run.max_tasks, run.max_attempts, run.runs_tasks), (1000, 100, true));
        assert!(run.max_task_threads >= 8 && config.schedules.is_some());
        assert_eq!(config.shutdown_timeout, Duration::from_secs(60));
    }

    #[test]
    fn schedules_may_have_more_attempts_than_others() {
        let limits = |pairs: &[(&str, &str)]| {
            let run = read(pairs).unwrap().run;
            (run.max_attempts, run.max_scheduled_attempts)
        };
        assert_eq!(limits(&[]), (100, 1000));
        assert_eq!(limits(&[("executor.attempt_max_run", "7")]), (7, 7));
    }

    #[test]
    fn keys_are_followed() {
        let config = read(&[
            ("server.bind", "[::1]"),
            ("server.port", "0"),
            ("server.admin.port", "81"),
            ("server.http.headers.X-A", "1"),
            ("server.allowed-hosts", "a.example, b.example"),
            ("server.shutdown.timeout", "2m 30s"),
            ("server.executor.enabled", "false"),
            ("agent.max-task-threads", "0"),
            ("executor.attempt_ttl", "1d 12h"),
            ("log.max_task_size", "1.5M"),
            ("log-server.type", "local"),
            ("log-server.local.path", "/logs"),
            ("server.access-log.path", "/access"),
        ])
        .unwrap();
        let host = "::1".to_owned();
        assert_eq!(config.api, Address { host: host.clone(), port: 0 });
        assert_eq!(config.admin, Some(Address { host, port: 81 }));
        assert_eq!(config.http.headers, [("X-A".to_owned(), "1".to_owned())]);
        assert_eq!(config.http.allowed_hosts, ["a.example", "b.example"]);
        assert_eq!(config.shutdown_timeout, Duration::from_secs(150));
        assert_eq!(config.run.attempt_ttl, TimeDelta::hours(36));
        assert_eq!(config.run.max_log_size, 1536 << 10);
        assert!(!config.run.runs_tasks && config.run.max_task_threads >= 8);
        assert_eq!(config.run.task_logs, Some("/logs".into()));
        let access_log = AccessLogConfig { dir: "/access".into(), pattern: "json".to_owned() };
        assert_eq!(config.access_log, Some(access_log));
    }

    #[test]
    fn databases_are_files_or_nothing() {
        let database = |pairs: &[(&str, &str)]| read(pairs).map(|config| config.database);
        let (kind, path) = ("database.type", ("database.path", "/d"));
        assert_eq!(database(&[(kind, "memory"), path]), Ok(Database::Memory));
        assert_eq!(database(&[(kind, "h2"), path]), Ok(Database::In("/d".into())));
        assert_eq!(database(&[(kind, "sqlite"), path]), Ok(Database::At("/d".into())));
        assert_eq!(database(&[path]), Ok(Database::At("/d".into())));
        assert_eq!(database(&[(kind, "h2")]), Ok(Database::Default));
        assert_eq!(
            wrong(kind, "oracle"),
            "database.type = oracle: expected sqlite, h2 (which means the same here) or memory"
        );
        let mut settings = Settings::default();
        settings.set(kind, "postgresql");
        let error = ServerConfig::read(&settings).unwrap_err();
        assert_eq!(
            error.message,
            "database.type = postgresql: expected sqlite, h2 or memory: Dibble keeps everything in one file and speaks \
             to no database server"
        );
        assert!(error.hints[0].contains("dibble push -e URL"), "{error}");
    }

    #[test]
    fn users_have_passwords_under_either_name() {
        let user = |prefix: &str| {
            let keys = ["username", "password", "admin"].map(|key| format!("{prefix}.{key}"));
            let pairs = [(&*keys[0], "ada"), (&*keys[1], "secret"), (&*keys[2], "true")];
            read(&pairs).unwrap().access.user
        };
        let ada = BasicUser { name: "ada".to_owned(), password: "secret".to_owned(), is_admin: true };
        assert_eq!(user("server.authenticator.basic"), Some(ada.clone()));
        assert_eq!(user("basicauth"), Some(ada.clone()));
        assert_eq!(format!("{ada:?}"), "BasicUser { name: \"ada\", .. }");
    }

    #[test]
    fn half_a_user_is_none() {
        for prefix in ["server.authenticator.basic", "basicauth"] {
            assert_eq!(
                wrong(&format!("{prefix}.username"), "ada"),
                format!(
                    "there is no {prefix}.password: expected a password, or a hash that `dibble passwd` made"
                )
            );
            assert_eq!(
                wrong(&format!("{prefix}.password"), "secret"),
                format!("there is no {prefix}.username: expected the name of the user who has the password")
            );
            let (name, password) = (format!("{prefix}.username"), format!("{prefix}.password"));
            let hash = hash("secret").unwrap();
            assert!(read(&[(&name, "ada"), (&password, &hash)]).is_ok());
            assert_eq!(
                read(&[(&name, "ada"), (&password, &hash[..40])]).unwrap_err(),
                format!("{password} = $argon2...: expected a whole hash, as `dibble passwd` makes it")
            );
        }
        // A whole user under the older name does not make up for half of one.
        let older = [("basicauth.username", "ada"), ("basicauth.password", "secret")];
        let mixed = [older[0], older[1], ("server.authenticator.basic.password", "other")];
        assert!(read(&mixed).unwrap_err().starts_with("there is no server.authenticator.basic.username:"));
    }

    #[test]
    fn wrong_values_name_their_key() {
        for (key, value, expected) in [
            ("server.port", "http", "a whole number from 0 to 65535"),
            ("schedule.enabled", "on", "true or false"),
            ("limits.memory.p.daily", "much", "a size such as 500M or 2G, 1M at least, or none"),
            ("log.max_task_size", "0", "a size such as 500M"),
            ("limits.free_disk", "none", "a size such as 500M or 2G, or 0 for no limit"),
            ("limits.cpu", "0", "a number of cores from 0.01 to 10000 such as 1.5, or none"),
            (
                "slots.my.db",
                "1",
                "slots.NAME = N and slots.NAME.tasks = +TASK*, the name made of letters, digits, - and _",
            ),
            ("schedule.catch_up", "some", "all, last or none"),
            ("schedule.catch_up.p.daily", "some", "all, last or none"),
            ("schedule.catch_up_limit", "0", "a whole number from 1 to 4294967295"),
            ("schedule.late_after", "5", "a duration such as 5m, or none"),
            ("executor.task_ttl", "1 month", "a duration such as 90s, 2h 30m or 7d"),
            ("server.authenticator.type", "jwt", "basic, the only authenticator there is"),
            ("server.http.headers.X A", "1", "a name and a value that a header can have"),
            ("log-server.type", "s3", "local or null; logs are in the database file, too"),
            ("server.log-level", "loud", "error, warn, info, debug or trace"),
        ] {
            assert_eq!(wrong(key, value), format!("{key} = {value}: expected {expected}"));
        }
    }
}
