//! `dibble service`: makes the server a service of systemd, takes it away again, and shows how it is.
//!
//! Nothing here speaks to systemd but through `systemctl`, which says itself what goes wrong.

mod command_line;
mod installed;
mod systemctl;
mod unit;

use self::command_line::server_words;
use self::installed::{Installed, UnitFile};
use self::systemctl::Systemctl;
use self::unit::Unit;
use super::account::{create_if_missing, current_user, must_exist};
use super::args::{CommonArgs, Definition};
use super::history::IN_DIRECTORY;
use super::server::{ServerArgs, database_file, has_user, shutdown_timeout, warning_of_open_access};
use super::{CliError, Context, Exit};
use crate::actions::tokens::any_in_file;
use clap::{ArgMatches, Args};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const DEFINITION: Definition = Definition {
    name: "service",
    aliases: &[],
    synopsis: &[
        ("service install", "let systemd run the server"),
        ("service uninstall", "take the service away"),
        ("service status", "show how the service is"),
    ],
    usage: &[
        "service install [options...]      let systemd run the server",
        "service uninstall [options...]    take the service away",
        "service status [options...]       show how the service is",
    ],
    about: "Let systemd run the server, with the options of dibble server",
    examples: &[
        ("service install --user -o jobs.db", "for yourself"),
        ("service install --run-as ann", "for the machine, as a user that there is"),
        ("service install --print", "only show the unit"),
    ],
    args: ServiceArgs::augment_args,
};

/// The arguments of `service`.
#[derive(Debug, Clone, Args)]
pub struct ServiceArgs {
    /// What to do
    #[arg(value_name = "install | uninstall | status", value_parser = verb)]
    verb: Verb,

    /// A service of your own, without root; otherwise it is one of the machine
    #[arg(long)]
    user: bool,

    /// Only print the unit
    #[arg(long)]
    print: bool,

    /// The user that the server runs as, also root [default: dibble, who is created if need be]
    #[arg(long, value_name = "USER", conflicts_with = "user")]
    run_as: Option<String>,

    /// The name of the unit
    #[arg(long, value_name = "NAME", default_value = "dibble", value_parser = unit_name)]
    name: String,

    /// Replace or remove a unit even if somebody has changed it
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Install,
    Uninstall,
    Status,
}

/// Does what is asked. `words` are all arguments as they were given.
///
/// # Errors
///
/// Wrong options of the server, no right to do it, a unit that somebody has changed, or what `systemctl` says.
pub fn run(args: &ServiceArgs, words: &ArgMatches, context: &Context) -> Result<Exit, CliError> {
    let service =
        Service { args, context, systemctl: Systemctl::new(args.user), file: unit_file(args, context)? };
    match args.verb {
        Verb::Install => service.install(words),
        Verb::Uninstall => service.uninstall(),
        Verb::Status => service.status(),
    }
}

struct Service<'a> {
    args: &'a ServiceArgs,
    context: &'a Context,
    systemctl: Systemctl,
    file: UnitFile,
}

/// The user that the server runs as when none is named.
const DEFAULT_USER: &str = "dibble";

impl Service<'_> {
    fn install(&self, words: &ArgMatches) -> Result<Exit, CliError> {
        self.args.server.watched.must_exist(self.context)?;
        let unit = self.unit(words)?;
        let text = installed::signed(&unit.text());
        let line = |text: &str| self.context.output.line(text);
        if self.args.print {
            self.context.output.bytes(text.as_bytes());
            if let Some(warning) = self.open_access(&unit)? {
                self.context.output.note(&warning);
            }
            return Ok(Exit::Success);
        }
        self.need_rights("install")?;
        self.systemctl.is_there()?;
        let was_there = self.file.check(self.args.force)? != Installed::Missing;
        if let Some(user) = unit.run_as.as_deref() {
            if self.args.run_as.is_some() {
                must_exist(user)?;
            } else if create_if_missing(user, &state_directory(&self.args.name))? {
                line(&format!("Created the user {user}"));
            }
        }
        self.file.write(&text)?;
        line(&format!("Wrote {}", self.file.path.display()));
        let name = self.unit_name();
        self.systemctl.run(&["daemon-reload"])?;
        self.systemctl.run(&["enable", "--now", &name])?;
        if was_there {
            // What runs still has the former options.
            self.systemctl.run(&["restart", &name])?;
        }
        line(&format!("{name} runs, and starts with the machine"));
        let of_user = if self.args.user { " --user" } else { "" };
        line(&format!("Its log: journalctl{of_user} -u {name} -f"));
        if let Some(warning) = self.open_access(&unit)? {
            line(&warning);
        }
        if self.args.user {
            let user = current_user();
            if !Path::new("/var/lib/systemd/linger").join(&user).exists() {
                line(&format!(
                    "It runs while {user} is logged in. For always, also from the start of the machine on: \
                     loginctl enable-linger {user}"
                ));
            }
        }
        Ok(Exit::Success)
    }

    fn uninstall(&self) -> Result<Exit, CliError> {
        self.need_rights("uninstall")?;
        self.systemctl.is_there()?;
        if self.file.check(self.args.force)? == Installed::Missing {
            return Err(CliError::user(format!(
                "There is no service: {} does not exist",
                self.file.path.display()
            )));
        }
        self.systemctl.run(&["disable", "--now", &self.unit_name()])?;
        self.file.remove()?;
        self.systemctl.run(&["daemon-reload"])?;
        self.context.output.line(&format!("Removed {}", self.file.path.display()));
        self.context.output.line("The database stays, with all history.");
        Ok(Exit::Success)
    }

    fn status(&self) -> Result<Exit, CliError> {
        let ended = self.systemctl.output(&["--no-pager", "status", &self.unit_name()])?;
        self.context.output.bytes(&ended.stdout);
        let said = String::from_utf8_lossy(&ended.stderr);
        if !said.trim().is_empty() {
            self.context.output.note(said.trim_end());
        }
        Ok(if ended.status.success() { Exit::Success } else { Exit::Failure })
    }

    fn unit(&self, words: &ArgMatches) -> Result<Unit, CliError> {
        let program = std::env::current_exe()
            .map_err(|error| CliError::user(format!("Cannot find out where the program is: {error}")))?;
        let timeout = shutdown_timeout(&self.args.server, self.context)?;
        let mut server = server_words(words, &self.context.dir);
        let has_database = self.args.server.options.database.is_some()
            || self.args.server.options.memory
            || self.context.settings.get("database.path").is_some();
        let run_as =
            (!self.args.user).then(|| self.args.run_as.as_deref().unwrap_or(DEFAULT_USER).to_owned());
        let state = (!has_database && !self.args.user).then(|| self.args.name.clone());
        if let Some(name) = &state {
            server.extend(["-o".into(), state_directory(name).into()]);
        }
        Ok(Unit { program, server, run_as, state, stop_timeout: timeout + AFTER_SHUTDOWN })
    }

    /// What there is to say of a service of the machine to which nobody has to sign in.
    fn open_access(&self, unit: &Unit) -> Result<Option<String>, CliError> {
        let Some(run_as) = unit.run_as.as_deref() else { return Ok(None) };
        if has_user(self.context)? {
            return Ok(None);
        }
        let file = match &unit.state {
            Some(name) => state_directory(name).join(IN_DIRECTORY),
            // A token that is in memory only cannot be made from outside.
            None => match database_file(self.args.server.options.database.clone(), self.context)? {
                Some(file) if !self.args.server.options.memory => file,
                _ => return Ok(None),
            },
        };
        Ok((!any_in_file(&file)).then(|| warning_of_open_access(run_as, Some(&file))))
    }

    fn need_rights(&self, verb: &str) -> Result<(), CliError> {
        if self.args.user || nix::unistd::geteuid().is_root() {
            return Ok(());
        }
        Err(CliError::user("A service of the machine is for root only")
            .hint(format!("sudo dibble service {verb}, or with --user a service of your own")))
    }

    fn unit_name(&self) -> String {
        format!("{}.service", self.args.name)
    }
}

/// What the server needs beyond `server.shutdown.timeout`: to end tasks that did not, and to close the database.
const AFTER_SHUTDOWN: Duration = Duration::from_secs(30);

fn unit_file(args: &ServiceArgs, context: &Context) -> Result<UnitFile, CliError> {
    let directory = if args.user {
        let variable = |name: &str| (context.variable)(name).filter(|value| !value.is_empty());
        let config = variable("XDG_CONFIG_HOME").map(PathBuf::from);
        let home = || variable("HOME").map(|home| PathBuf::from(home).join(".config"));
        config.or_else(home).ok_or_else(|| CliError::user("HOME is not set"))?.join("systemd/user")
    } else {
        PathBuf::from("/etc/systemd/system")
    };
    Ok(UnitFile { path: directory.join(format!("{}.service", args.name)) })
}

fn state_directory(name: &str) -> PathBuf {
    Path::new("/var/lib").join(name)
}

fn verb(text: &str) -> Result<Verb, String> {
    match text {
        "install" => Ok(Verb::Install),
        "uninstall" => Ok(Verb::Uninstall),
        "status" => Ok(Verb::Status),
        _ => Err(format!("Unknown subcommand '{text}'; known are install, uninstall and status")),
    }
}

fn unit_name(text: &str) -> Result<String, String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && text.len() <= 100 && text.chars().all(is_part) {
        Ok(text.to_owned())
    } else {
        Err(format!("'{text}' cannot be the name of a unit: letters, digits, - and _ can"))
    }
}

/// The options that `service` shares with the server, all others of this command aside.
fn server_definition() -> clap::Command {
    CommonArgs::augment_args(ServerArgs::augment_args(clap::Command::new("server")))
}
