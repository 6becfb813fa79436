//! Names for workflows, from what their commands run.

use std::collections::HashSet;

/// Gives every command a name that no other one has. The same crontab gives the same names again.
#[derive(Debug, Default)]
pub struct Names {
    /// In lower case, for file systems that do not tell cases apart.
    taken: HashSet<String>,
}

/// What runs another command, which follows its options.
const WRAPPERS: [&str; 17] = [
    "chronic", "chrt", "command", "doas", "env", "eval", "exec", "flock", "ionice", "nice", "nohup",
    "runuser", "setsid", "stdbuf", "sudo", "time", "timeout",
];

/// What runs a script or a module.
const INTERPRETERS: [&str; 18] = [
    "ash", "bash", "bundle", "dash", "java", "ksh", "node", "npm", "perl", "php", "poetry", "python",
    "python2", "python3", "ruby", "sh", "uv", "zsh",
];

/// What only prepares or tests something for the command behind it.
const PREPARATIONS: [&str; 18] = [
    ".", "[", "[[", "case", "cd", "done", "echo", "export", "fi", "for", "mkdir", "set", "sleep", "source",
    "test", "true", "ulimit", "umask",
];

/// What the shell's grammar puts before a command.
const KEYWORDS: [&str; 9] = ["!", "do", "elif", "else", "if", "then", "until", "while", "{"];

const SUFFIXES: [&str; 9] = [".bash", ".jar", ".js", ".php", ".pl", ".py", ".rb", ".sh", ".ts"];

/// Longer names are cut.
const MAX_LENGTH: usize = 40;

impl Names {
    pub fn name(&mut self, command: &[u8]) -> String {
        let base = base_name(&String::from_utf8_lossy(command));
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let mut candidates = std::iter::once(base.clone()).chain(numbered);
        let free = candidates.find(|name| self.taken.insert(name.to_ascii_lowercase()));
        free.unwrap_or(base)
    }
}

/// `backup` of `cd /srv && nice -n 10 /opt/backup.sh --full >/dev/null 2>&1`.
fn base_name(command: &str) -> String {
    let commands = simple_commands(command);
    let is_work = |words: &&Vec<String>| {
        words.first().is_some_and(|word| !PREPARATIONS.contains(&last_part(word)) && !word.starts_with('$'))
    };
    let words = commands.iter().find(is_work).or(commands.first());
    let named = words.map(|words| clean(&subject(words))).unwrap_or_default();
    if named.is_empty() { "job".to_owned() } else { named }
}

/// The word that says most about what a simple command does.
fn subject(words: &[String]) -> String {
    let mut rest = words;
    while let [first, after @ ..] = rest {
        let name = last_part(first);
        if WRAPPERS.contains(&name) {
            rest = behind_options(name, after);
            continue;
        }
        let mut arguments = after.iter().filter(|word| !word.starts_with('-'));
        if name == "run-parts" {
            return arguments.next_back().map_or(name, |word| last_part(word)).to_owned();
        }
        if INTERPRETERS.contains(&name) {
            return arguments.next().map_or(name, |word| last_part(word)).to_owned();
        }
        return name.to_owned();
    }
    words.first().map_or(String::new(), |word| last_part(word).to_owned())
}

/// What follows the options of a wrapper, and the words that belong to them.
fn behind_options<'a>(wrapper: &str, words: &'a [String]) -> &'a [String] {
    let with_value: &[&str] = match wrapper {
        "nice" | "ionice" | "chrt" => &["-n", "-c", "-p"],
        "sudo" | "doas" | "runuser" => &["-u", "-g", "-h"],
        "timeout" => &["-k", "-s"],
        "flock" => &["-w", "-E"],
        "stdbuf" => &["-i", "-o", "-e"],
        "env" => &["-u", "-C"],
        _ => &[],
    };
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if with_value.contains(&word.as_str()) {
            at += 2;
        } else if word.starts_with('-') || is_assignment(word) {
            at += 1;
        } else {
            break;
        }
    }
    // A duration, and a file to be locked.
    if ["timeout", "flock"].contains(&wrapper) {
        at += 1;
    }
    // The command of `flock FILE -c COMMAND`.
    while words.get(at).is_some_and(|word| word.starts_with('-')) {
        at += 1;
    }
    words.get(at..).unwrap_or_default()
}

/// The words of each command of a line, without keywords, assignments and redirections.
fn simple_commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let end_word = |commands: &mut Vec<Vec<String>>, word: &mut Option<String>| {
        if let (Some(word), Some(words)) = (word.take(), commands.last_mut()) {
            let is_redirection =
                word.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(['<', '>']);
            let before_command = is_assignment(&word) || KEYWORDS.contains(&word.as_str());
            let is_part = !(is_redirection || words.is_empty() && before_command);
            if is_part {
                words.push(word);
            }
        }
    };
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, '#') if word.is_none() => break,
            (None, ' ' | '\t') => end_word(&mut commands, &mut word),
            (None, '&') if word.as_ref().is_some_and(|word| word.ends_with('>')) => {
                word.get_or_insert_default().push(c);
            }
            (None, ';' | '&' | '|' | '(' | ')' | '\n') => {
                end_word(&mut commands, &mut word);
                commands.push(Vec::new());
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    end_word(&mut commands, &mut word);
    commands.retain(|words| !words.is_empty());
    commands
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// What follows the last slash of a path.
fn last_part(word: &str) -> &str {
    word.trim_end_matches('/').rsplit('/').next().unwrap_or(word)
}

/// What may be in the name of a workflow and of a file everywhere.
fn clean(name: &str) -> String {
    let name = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    let mut clean = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => clean.push(c),
            _ if clean.is_empty() || clean.ends_with('-') => {}
            _ => clean.push('-'),
        }
    }
    clean.truncate(MAX_LENGTH);
    let clean = clean.trim_end_matches('-');
    if clean.starts_with(|c: char| c.is_ascii_digit()) { format!("job-{clean}") } else { clean.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_runs() {
        for (command, name) in [
            ("/usr/local/bin/backup.sh --full", "backup"),
            ("cd /srv && nice -n 10 ./report.py -v >/dev/null 2>&1", "report"),
            ("root_dir=/x A=b /opt/x.rb", "x"),
            ("cd / && run-parts --report /etc/cron.hourly", "cron-hourly"),
            ("test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )", "cron-daily"),
            (
                "test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'sleep int(rand(43200))' && certbot -q renew",
                "sleep-int-rand-43200",
            ),
            ("[ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean", "sessionclean"),
            ("/usr/bin/python3 -m mypkg.jobs", "mypkg-jobs"),
            (
                "flock -n /tmp/x.lock timeout -k 5 60 sudo -u www-data php /srv/artisan schedule:run",
                "artisan",
            ),
            ("7z a x", "job-7z"),
            ("if ! test -e /x; then { A=1 /opt/y.sh; }; fi", "y"),
            ("for i in 1 2; do work $i; done", "work"),
            ("/usr/sbin/logrotate /etc/logrotate.conf", "logrotate"),
            ("echo hi", "echo"),
            ("'/opt/my tool/run it.sh' x", "run-it"),
            ("$HOME/bin/x", "x"),
            ("日本", "job"),
            ("", "job"),
        ] {
            assert_eq!(base_name(command), name, "{command}");
        }
        assert_eq!(base_name(&"x".repeat(5000)).len(), MAX_LENGTH);
    }

    #[test]
    fn every_name_is_its_own() {
        let mut names = Names::default();
        let found = ["a 1", "A 2", "b", "a-2", "a"].map(|command| names.name(command.as_bytes()));
        assert_eq!(found, ["a", "A-2", "b", "a-2-2", "a-3"]);
    }
}
