//! `dibble completions`: scripts that complete commands and options in a shell.

use super::args::{CommonArgs, Definition};
use super::parse::PROGRAM;
use super::{COMMANDS, CliError, Context, Exit};
use clap::Args;
use clap_complete::Shell;

pub const DEFINITION: Definition = Definition {
    name: "completions",
    aliases: &[],
    synopsis: &[("completions <shell>", "print a completion script for a shell")],
    usage: &["completions <bash|elvish|fish|powershell|zsh>"],
    about: "Print a script that completes commands and options in a shell",
    examples: &[
        ("completions bash", "source it from ~/.bashrc"),
        ("completions fish", "put it into ~/.config/fish/completions/dibble.fish"),
    ],
    args: CompletionsArgs::augment_args,
};

/// The arguments of `completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "shell", value_parser = shell)]
    pub shell: Shell,
}

/// Prints the script.
///
/// # Errors
///
/// None.
pub fn run(args: &CompletionsArgs, context: &Context) -> Result<Exit, CliError> {
    context.output.bytes(&script(args.shell));
    Ok(Exit::Success)
}

fn script(shell: Shell) -> Vec<u8> {
    let commands = COMMANDS
        .iter()
        .map(|command| CommonArgs::augment_args(command.definition.command()).disable_help_flag(true));
    let mut program = clap::Command::new(PROGRAM).disable_help_subcommand(true).subcommands(commands);
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, PROGRAM, &mut script);
    script
}

fn shell(name: &str) -> Result<Shell, String> {
    name.parse()
        .map_err(|_| format!("Unknown shell '{name}'; known are bash, elvish, fish, powershell and zsh"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse::tests::parsed;

    #[test]
    fn scripts_know_the_commands_and_their_options() {
        for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
            let script = String::from_utf8(script(shell)).unwrap();
            for word in ["dibble", "secrets", "local", "log-level"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }

    #[test]
    fn shells_are_named() {
        assert_eq!(parsed::<CompletionsArgs>(&DEFINITION, "zsh").unwrap().shell, Shell::Zsh);
        assert_eq!(
            parsed::<CompletionsArgs>(&DEFINITION, "tcsh").unwrap_err(),
            "Unknown shell 'tcsh'; known are bash, elvish, fish, powershell and zsh"
        );
    }
}
