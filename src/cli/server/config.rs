//! What the configuration says to a server, as values of their types.

use super::values::{Values, Wrong};
use crate::cli::CliError;
use crate::crypto::password::HashedPassword;
use crate::logs::Level;
use crate::logs::line::parse_level;
use crate::model::Settings;
use crate::scheduler::{CatchUp, CatchUpSettings};
use crate::server::version::VersionPolicy;
use chrono::TimeDelta;
use std::fmt;
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
    /// What becomes of sessions that were missed; none when schedules start nothing.
    pub(super) schedules: Option<CatchUpSettings>,
    pub(super) access_log: Option<AccessLogConfig>,
    /// Where it is written what the server listens to.
    pub(super) runtime_info: Option<PathBuf>,
    /// How long running tasks may take to end when the server ends.
    pub(super) shutdown_timeout: Duration,
    pub(super) log_level: Option<Level>,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// A name or an address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

/// How HTTP is spoken. What is not given is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct HttpConfig {
    pub(super) threads: Option<usize>,
    /// How long a connection may be silent before a request.
    pub(super) no_request_timeout: Option<Duration>,
    /// How long a request line and its headers may take.
    pub(super) request_parse_timeout: Option<Duration>,
    /// How long a body or a response may take.
    pub(super) io_idle_timeout: Option<Duration>,
    /// Sent with every response of the API.
    pub(super) headers: Vec<(String, String)>,
    /// Names by which the server is known beside those of the machine.
    pub(super) allowed_hosts: Vec<String>,
    pub(super) permits_any_origin: bool,
    pub(super) max_archive_size: Option<u64>,
    pub(super) max_sessions_page_size: Option<u32>,
    pub(super) max_attempts_page_size: Option<u32>,
    pub(super) client_versions: VersionPolicy,
}

/// Who may use the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AccessConfig {
    pub(super) user: Option<BasicUser>,
    pub(super) allows_anonymous: bool,
}

/// The user of the configuration.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct BasicUser {
    pub(super) name: String,
    /// As it is, or its hash.
    pub(super) password: String,
    pub(super) is_admin: bool,
}

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Database {
    Memory,
    /// A file, or a directory with the file in it.
    At(PathBuf),
    /// A directory, which is made when it is not there.
    In(PathBuf),
    /// Where the place depends on the directory in which the server is started.
    Default,
}

/// How tasks are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunConfig {
    /// Whether tasks are run at all, or wait for another server.
    pub(super) runs_tasks: bool,
    pub(super) max_task_threads: usize,
    pub(super) max_tasks: usize,
    pub(super) max_attempts: u32,
    pub(super) attempt_ttl: TimeDelta,
    pub(super) task_ttl: TimeDelta,
    /// In bytes.
    pub(super) max_log_size: u64,
    /// Where Digdag's tree of log files is written, too.
    pub(super) task_logs: Option<PathBuf>,
    /// Who runs tasks, where Digdag says so.
    pub(super) agent: Option<String>,
}

/// A log of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccessLogConfig {
    pub(super) dir: PathBuf,
    pub(super) pattern: String,
}

const DEFAULT_PORT: u16 = 65432;
const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);
const DEFAULT_MAX_LOG_SIZE: u64 = 256 << 20;

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
        let config = Self {
            api,
            admin,
            http: http(&values, settings),
            access: access(&values),
            database: database(&values),
            run: run(&values),
            schedules: schedules(&values, settings),
            access_log: access_log(&values),
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

fn http(values: &Values<'_>, settings: &Settings) -> HttpConfig {
    let prefix = "server.http.headers.";
    let headers = settings.below(prefix).map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers: Vec<(String, String)> = headers.collect();
    for (name, value) in &headers {
        if !is_token(name) || value.contains(|c: char| c.is_control() && c != '\t') {
            values.wrong(&format!("{prefix}{name}"), value, "a name and a value that a header can have");
        }
    }
    let hosts = values.text("server.allowed-hosts").unwrap_or_default();
    let hosts = hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).map(str::to_owned);
    let version = |name: &str| {
        let key = format!("server.client-version-check.{name}");
        values.read(&key, "a version of Digdag such as 0.10.5", |text| text.parse().ok())
    };
    HttpConfig {
        threads: values.number("server.http.worker-threads", 1..=4096),
        no_request_timeout: values.seconds("server.http.no-request-timeout"),
        request_parse_timeout: values.seconds("server.http.request-parse-timeout"),
        io_idle_timeout: values.seconds("server.http.io-idle-timeout"),
        headers,
        allowed_hosts: hosts.collect(),
        permits_any_origin: values.flag("server.enable-swagger", false),
        max_archive_size: values.number("api.max_archive_total_size_limit", 1..=1 << 30),
        max_sessions_page_size: values.number("api.max_sessions_page_size", 1..=i32::MAX.unsigned_abs()),
        max_attempts_page_size: values.number("api.max_attempts_page_size", 1..=i32::MAX.unsigned_abs()),
        client_versions: VersionPolicy {
            upgrade_recommended_if_older: version("upgrade-recommended-if-older"),
            api_incompatible_if_older: version("api-incompatible-if-older"),
        },
    }
}

/// Whether a text can be the name of a header.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn access(values: &Values<'_>) -> AccessConfig {
    values.read("server.authenticator.type", "basic, the only authenticator there is", |text| {
        (text == "basic").then_some(())
    });
    let user =
        ["server.authenticator.basic", "basicauth"].into_iter().find_map(|prefix| user(values, prefix));
    AccessConfig { user, allows_anonymous: values.flag("server.allow-anonymous", false) }
}

/// The user below a prefix. Half a user is wrong: a password that nobody asks for would leave the server open.
fn user(values: &Values<'_>, prefix: &str) -> Option<BasicUser> {
    let [name_key, password_key, admin_key] =
        ["username", "password", "admin"].map(|key| format!("{prefix}.{key}"));
    let (name, password) = (values.text(&name_key), values.text(&password_key));
    if name.is_none() && password.is_none() {
        return None;
    }
    if name.is_none() {
        values.wrong(&name_key, "", "the name of the user who has the password");
    }
    match password {
        None => values.wrong(&password_key, "", "a password, or a hash that `dibble passwd` made"),
        // What it holds is not repeated, for errors end up in logs.
        Some(text) if is_hash(text) && HashedPassword::new(text).is_err() => {
            values.wrong(&password_key, "$argon2...", "a whole hash, as `dibble passwd` makes it");
        }
        Some(_) => {}
    }
    Some(BasicUser {
        name: name.unwrap_or_default().to_owned(),
        password: password.unwrap_or_default().to_owned(),
        is_admin: values.flag(&admin_key, false),
    })
}

/// Whether a password is given by its hash.
pub(super) fn is_hash(password: &str) -> bool {
    password.starts_with("$argon2")
}

fn database(values: &Values<'_>) -> Database {
    let path = values.text("database.path").map(PathBuf::from);
    match (values.text("database.type"), path) {
        (None, None) => Database::Default,
        (Some("memory"), _) => Database::Memory,
        (Some("h2"), Some(path)) => Database::In(path),
        (None | Some("sqlite"), Some(path)) => Database::At(path),
        (Some("h2" | "sqlite"), None) => Database::Default,
        (Some("postgresql"), _) => {
            let expected =
                "sqlite, h2 or memory: Dibble keeps everything in one file and speaks to no database server";
            values.wrong("database.type", "postgresql", expected);
            Database::Default
        }
        (Some(other), _) => {
            values.wrong("database.type", other, "sqlite, h2 (which means the same here) or memory");
            Database::Default
        }
    }
}

fn run(values: &Values<'_>) -> RunConfig {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = values.number("agent.max-task-threads", 0..=100_000).filter(|threads| *threads > 0);
    let ttl = |key, default| {
        let ttl = values.duration(key).unwrap_or(default);
        // What is too long to be reckoned with is no limit.
        TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX)
    };
    let tree =
        values.read(
            "log-server.type",
            "local or null; logs are in the database file, too",
            |text| match text {
                "local" => Some(true),
                "null" => Some(false),
                _ => None,
            },
        );
    let tree_dir = || PathBuf::from(values.text("log-server.local.path").unwrap_or("digdag.log"));
    let runs_tasks = [values.flag("agent.enabled", true), values.flag("server.executor.enabled", true)];
    RunConfig {
        runs_tasks: runs_tasks == [true, true],
        max_task_threads: threads.unwrap_or((4 * cores).max(8)),
        max_tasks: values.number("executor.task_max_run", 1..=usize::MAX).unwrap_or(1000),
        max_attempts: values.number("executor.attempt_max_run", 0..=u32::MAX).unwrap_or(100),
        attempt_ttl: ttl("executor.attempt_ttl", 7 * DAY),
        task_ttl: ttl("executor.task_ttl", DAY),
        max_log_size: values.number("log.max_task_size", 1..=u64::MAX).unwrap_or(DEFAULT_MAX_LOG_SIZE),
        task_logs: (tree == Some(true)).then(tree_dir),
        agent: values.text("agent.id").map(str::to_owned),
    }
}

fn schedules(values: &Values<'_>, settings: &Settings) -> Option<CatchUpSettings> {
    let prefix = "schedule.catch_up";
    let of_workflows = settings.below("schedule.catch_up.").map(|(name, _)| format!("{prefix}.{name}"));
    for key in [prefix.to_owned()].into_iter().chain(of_workflows) {
        values.read(&key, "all, last or none", CatchUp::parse);
    }
    values.number("schedule.catch_up_limit", 1..=u32::MAX);
    // What could be wrong with them has been told by now.
    values
        .flag("schedule.enabled", true)
        .then(|| CatchUpSettings::from_settings(settings).unwrap_or_default())
}

fn access_log(values: &Values<'_>) -> Option<AccessLogConfig> {
    let dir = PathBuf::from(values.text("server.access-log.path")?);
    let pattern = values.text("server.access-log.pattern").unwrap_or("json").to_owned();
    Some(AccessLogConfig { dir, pattern })
}

/// Without the password.
impl fmt::Debug for BasicUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicUser").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::password::hash;

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
                format!("{prefix}.password = : expected a password, or a hash that `dibble passwd` made")
            );
            assert_eq!(
                wrong(&format!("{prefix}.password"), "secret"),
                format!("{prefix}.username = : expected the name of the user who has the password")
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
        assert!(read(&mixed).unwrap_err().starts_with("server.authenticator.basic.username = :"));
    }

    #[test]
    fn wrong_values_name_their_key() {
        for (key, value, expected) in [
            ("server.port", "http", "a whole number from 0 to 65535"),
            ("schedule.enabled", "on", "true or false"),
            ("schedule.catch_up", "some", "all, last or none"),
            ("schedule.catch_up.p.daily", "some", "all, last or none"),
            ("schedule.catch_up_limit", "0", "a whole number from 1 to 4294967295"),
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
