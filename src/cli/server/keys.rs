//! The keys of the configuration: which ones a server follows, at once or from its next start on, and which ones of
//! Digdag mean nothing on one machine, with the reason. What their values mean is in `config`.

use crate::model::Settings;
use crate::model::similar;
use std::collections::BTreeSet;

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It is followed, and a change takes effect when the configuration is read again.
    Live,
    /// It is followed; a change takes effect at the next start.
    Start,
    /// It is of other commands, which share the file.
    Elsewhere,
    /// It has no effect, for this reason.
    Ignored(&'static str),
}

const ONE_FILE: &str = "everything is in one SQLite file, there is no database server";
const ONE_PROCESS: &str = "one process does all the work";
const IN_DATABASE: &str = "archives are kept in the database file";
const IN_DATABASE_TOO: &str =
    "task logs are kept in the database file, and with -O in files of this machine, too";
const NO_JVM: &str = "there is no JVM";
const EVENTS: &str = "nothing polls: what is to be done is done at once";
const NOT_SPOKEN: &str = "parameters are kept in the database file";
const NO_SUCH_OPERATOR: &str = "the operators that read it are not in this version";

/// All keys. `x.*` stands for every key that begins with `x.` and is not named itself.
const KEYS: &[(&str, Use)] = &[
    ("agent.command_executor.*", Use::Ignored("commands run on this machine")),
    ("agent.enabled", Use::Start),
    ("agent.heartbeat-interval", Use::Ignored(ONE_PROCESS)),
    ("agent.id", Use::Start),
    ("agent.lock-retention-time", Use::Ignored(ONE_PROCESS)),
    ("agent.max-task-threads", Use::Start),
    ("api.max_archive_total_size_limit", Use::Start),
    ("api.max_attempts_page_size", Use::Live),
    ("api.max_sessions_page_size", Use::Live),
    ("archive.*", Use::Ignored(IN_DATABASE)),
    ("archive.type", Use::Ignored(IN_DATABASE)),
    ("basicauth.admin", Use::Live),
    ("basicauth.password", Use::Live),
    ("basicauth.username", Use::Live),
    ("client.*", Use::Elsewhere),
    ("config.*", Use::Ignored(NO_SUCH_OPERATOR)),
    ("database.*", Use::Ignored(ONE_FILE)),
    ("database.migrate", Use::Ignored("an older file is always brought up to date")),
    ("database.path", Use::Start),
    ("database.type", Use::Start),
    ("digdag.defaultParams", Use::Start),
    ("digdag.secret-encryption-key", Use::Start),
    ("eval.extended-syntax", Use::Ignored("the extended syntax is always understood")),
    ("eval.js-engine-type", Use::Ignored("there is one JavaScript engine")),
    ("executor.attempt_max_run", Use::Start),
    ("executor.attempt_ttl", Use::Start),
    ("executor.enqueue_fetch_size", Use::Ignored(EVENTS)),
    ("executor.enqueue_random_fetch", Use::Ignored(EVENTS)),
    ("executor.overlong_factor", Use::Start),
    ("executor.task_max_run", Use::Start),
    ("executor.task_ttl", Use::Start),
    ("executor.ttl_reaping_interval", Use::Ignored(EVENTS)),
    ("io.digdag.*", Use::Elsewhere),
    ("limits.cpu", Use::Live),
    ("limits.cpu.*", Use::Live),
    ("limits.free_disk", Use::Live),
    ("limits.memory", Use::Live),
    ("limits.memory.*", Use::Live),
    ("limits.processes", Use::Live),
    ("limits.processes.*", Use::Live),
    ("log-server.*", Use::Ignored(IN_DATABASE_TOO)),
    ("log-server.local.path", Use::Start),
    ("log-server.local.split_size", Use::Ignored("the log file of a task is never split")),
    ("log-server.type", Use::Start),
    ("log.max_task_size", Use::Start),
    ("metrics.*", Use::Ignored("the server's figures are served at /metrics")),
    ("metrics.enable", Use::Ignored("the server's figures are served at /metrics")),
    ("notification.http.headers.*", Use::Live),
    ("notification.http.method", Use::Live),
    ("notification.http.url", Use::Live),
    ("notification.mail.bcc", Use::Live),
    ("notification.mail.body_template_file", Use::Live),
    ("notification.mail.cc", Use::Live),
    ("notification.mail.debug", Use::Ignored("what the mail server answers is always recorded")),
    ("notification.mail.from", Use::Live),
    ("notification.mail.host", Use::Live),
    ("notification.mail.html", Use::Live),
    ("notification.mail.password", Use::Live),
    ("notification.mail.port", Use::Live),
    ("notification.mail.ssl", Use::Live),
    ("notification.mail.subject", Use::Live),
    ("notification.mail.tls", Use::Live),
    ("notification.mail.to", Use::Live),
    ("notification.mail.username", Use::Live),
    ("notification.max_retry_wait", Use::Live),
    ("notification.min_retry_wait", Use::Live),
    ("notification.retries", Use::Live),
    ("notification.shell.command", Use::Live),
    ("notification.shell.timeout", Use::Live),
    ("notification.type", Use::Live),
    ("param_server.database", Use::Ignored(NOT_SPOKEN)),
    ("param_server.host", Use::Ignored(NOT_SPOKEN)),
    ("param_server.password", Use::Ignored(NOT_SPOKEN)),
    ("param_server.port", Use::Ignored(NOT_SPOKEN)),
    ("param_server.ssl", Use::Ignored(NOT_SPOKEN)),
    ("param_server.type", Use::Live),
    ("param_server.user", Use::Ignored(NOT_SPOKEN)),
    ("params.*", Use::Start),
    ("plugin.*", Use::Ignored(NO_JVM)),
    ("plugin.enabled", Use::Ignored(NO_JVM)),
    ("plugin.local-path", Use::Ignored(NO_JVM)),
    ("queue-server.type", Use::Ignored(ONE_PROCESS)),
    ("queue.db.max_concurrency", Use::Ignored("agent.max-task-threads limits how many tasks run at a time")),
    ("retention.enabled", Use::Live),
    ("retention.max_age", Use::Live),
    ("retention.max_attempts", Use::Live),
    ("retention.max_size", Use::Live),
    ("schedule.catch_up", Use::Live),
    ("schedule.catch_up.*", Use::Live),
    ("schedule.catch_up_limit", Use::Live),
    ("schedule.enabled", Use::Start),
    ("schedule.late_after", Use::Live),
    ("secrets.*", Use::Elsewhere),
    ("server.access-log.path", Use::Start),
    ("server.access-log.pattern", Use::Start),
    ("server.admin.bind", Use::Start),
    ("server.admin.port", Use::Start),
    ("server.allow-anonymous", Use::Live),
    ("server.allowed-hosts", Use::Live),
    ("server.authenticator-class", Use::Ignored("server.authenticator.type has taken its place")),
    ("server.authenticator.basic.admin", Use::Live),
    ("server.authenticator.basic.password", Use::Live),
    ("server.authenticator.basic.username", Use::Live),
    ("server.authenticator.type", Use::Live),
    ("server.bind", Use::Start),
    ("server.client-version-check.api-incompatible-if-older", Use::Live),
    ("server.client-version-check.upgrade-recommended-if-older", Use::Live),
    ("server.enable-swagger", Use::Live),
    ("server.environment.*", Use::Ignored("commands see the environment of the server")),
    ("server.executor.enabled", Use::Start),
    ("server.http.enable-http2", Use::Ignored("HTTP/2 is for a proxy in front of the server")),
    ("server.http.headers.*", Use::Live),
    ("server.http.io-idle-timeout", Use::Start),
    ("server.http.io-threads", Use::Ignored("one thread waits for all connections")),
    ("server.http.no-request-timeout", Use::Start),
    ("server.http.request-parse-timeout", Use::Start),
    ("server.http.worker-threads", Use::Start),
    ("server.jmx.port", Use::Ignored(NO_JVM)),
    ("server.log-level", Use::Live),
    ("server.port", Use::Start),
    ("server.runtime-info.path", Use::Start),
    ("server.shutdown.timeout", Use::Live),
    ("slots.*", Use::Live),
    ("system-plugin.*", Use::Ignored(NO_JVM)),
    ("watch.poll", Use::Start),
    ("watch.poll_interval", Use::Start),
];

/// Keys of Digdag's sharding of sites, of which there is one.
const ROUTING: [&str; 3] =
    ["agent.account_routing.", "executor.account_routing.", "schedule.account_routing."];

/// What a key is for; none if nobody knows it.
pub(super) fn use_of(key: &str) -> Option<Use> {
    if let Some((_, found)) = KEYS.iter().find(|(known, _)| *known == key) {
        return Some(*found);
    }
    if ROUTING.iter().any(|prefix| key.starts_with(prefix)) {
        return Some(Use::Ignored("there is one site"));
    }
    let is_below = |known: &str| known.strip_suffix('*').is_some_and(|prefix| key.starts_with(prefix));
    let longest = KEYS.iter().filter(|(known, _)| is_below(known)).max_by_key(|(known, _)| known.len());
    longest.map(|(_, found)| *found)
}

/// What is to be said about keys that have no effect, or none with their value, in the order of the keys.
pub(super) fn warnings(settings: &Settings) -> Vec<String> {
    settings.below("").filter_map(|(key, value)| warning(key, value.trim())).collect()
}

fn warning(key: &str, value: &str) -> Option<String> {
    match use_of(key) {
        _ if key == "param_server.type" && !value.is_empty() => Some(format!(
            "{key} = {value} is not supported, so that param_get> and param_set> fail; without the key they keep \
             parameters in the database file"
        )),
        Some(Use::Live | Use::Start | Use::Elsewhere) => None,
        Some(Use::Ignored(reason)) => Some(format!("{key} has no effect: {reason}")),
        // It may be of a plugin of Digdag, of which there are none here, or a line that is no setting at all.
        None => {
            let candidates = KEYS.iter().map(|(known, _)| *known).filter(|known| !known.ends_with('*'));
            let meant = similar(key, candidates).first().map(|known| format!("; did you mean {known}?"));
            Some(format!("{key} is no key of the configuration{}", meant.unwrap_or_default()))
        }
    }
}

/// The keys that have another value, by what that means.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) live: Vec<String>,
    pub(super) at_start: Vec<String>,
}

/// Compares two configurations. Keys without effect are left out.
pub(super) fn changes(old: &Settings, new: &Settings) -> Changes {
    let keys: BTreeSet<&str> = old.below("").chain(new.below("")).map(|(key, _)| key).collect();
    let mut changes = Changes::default();
    for key in keys.into_iter().filter(|key| old.get(key) != new.get(key)) {
        match use_of(key) {
            Some(Use::Live) => changes.live.push(key.to_owned()),
            Some(Use::Start) => changes.at_start.push(key.to_owned()),
            Some(Use::Elsewhere | Use::Ignored(_)) | None => {}
        }
    }
    changes
}

/// Digdag's older names for the user, which still work.
pub(super) fn deprecated(settings: &Settings) -> Option<String> {
    let used = settings.get("basicauth.username").is_some();
    used.then(|| {
        "basicauth.username, .password and .admin are deprecated: use server.authenticator.basic.username, .password \
         and .admin"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        pairs.iter().for_each(|(key, value)| settings.set(*key, *value));
        settings
    }

    #[test]
    fn keys_are_sorted_and_named_once() {
        let names: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
        assert!(names.is_sorted(), "{names:?}");
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn the_most_exact_name_counts() {
        assert_eq!(use_of("server.port"), Some(Use::Start));
        assert_eq!(use_of("server.http.headers.X-A"), Some(Use::Live));
        assert_eq!(use_of("database.path"), Some(Use::Start));
        assert_eq!(use_of("database.user"), Some(Use::Ignored(ONE_FILE)));
        assert_eq!(use_of("schedule.catch_up.p.daily"), Some(Use::Live));
        assert_eq!(use_of("schedule.account_routing.enabled"), Some(Use::Ignored("there is one site")));
        assert_eq!(use_of("server.prot"), None);
    }

    #[test]
    fn keys_without_effect_are_named_with_the_reason() {
        let given = settings(&[
            ("acme.plugin.key", "x"),
            ("client.http.endpoint", "h"),
            ("garbage", "line without equals"),
            ("param_server.type", "redis"),
            ("queue.db.max_concurrency", "3"),
            ("server.jmx.port", "9010"),
            ("server.port", "80"),
            ("server.prot", "80"),
        ]);
        assert_eq!(
            warnings(&given),
            [
                "acme.plugin.key is no key of the configuration",
                "garbage is no key of the configuration",
                "param_server.type = redis is not supported, so that param_get> and param_set> fail; without the key they \
                 keep parameters in the database file",
                "queue.db.max_concurrency has no effect: agent.max-task-threads limits how many tasks run at a time",
                "server.jmx.port has no effect: there is no JVM",
                "server.prot is no key of the configuration; did you mean server.port?",
            ]
        );
    }

    #[test]
    fn changes_are_told_apart() {
        let old = settings(&[("server.port", "1"), ("server.http.headers.A", "1"), ("server.jmx.port", "1")]);
        let new = settings(&[("server.port", "2"), ("api.max_sessions_page_size", "5")]);
        let expected = Changes {
            live: vec!["api.max_sessions_page_size".to_owned(), "server.http.headers.A".to_owned()],
            at_start: vec!["server.port".to_owned()],
        };
        assert_eq!(changes(&old, &new), expected);
        assert_eq!(changes(&old, &old), Changes::default());
    }
}
