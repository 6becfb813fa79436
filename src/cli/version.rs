//! `dibble version`: the version of the program. Nothing is asked of a server.

use super::args::Definition;
use super::{CliError, Context, Exit, VERSION};
use clap::Args;

pub const DEFINITION: Definition = Definition {
    name: "version",
    aliases: &[],
    synopsis: &[("version", "show the version")],
    usage: &["version [options...]"],
    about: "Show the version of the program",
    examples: &[],
    args: VersionArgs::augment_args,
};

/// The arguments of `version`: none.
#[derive(Debug, Clone, Args)]
pub struct VersionArgs {}

/// Prints the version.
///
/// # Errors
///
/// None.
pub fn run(_: &VersionArgs, context: &Context) -> Result<Exit, CliError> {
    context.output.line(&format!("Client version: {VERSION}"));
    Ok(Exit::Success)
}
