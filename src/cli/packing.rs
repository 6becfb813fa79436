//! Packing the project of `archive` and `push`: everything is checked first, and every member is named.

use super::args::ProjectArgs;
use super::{CliError, Context, local_project};
use crate::actions::publish::with_schedules;
use crate::archive::{Member, PackError, PackOptions, pack};
use crate::dig::DigErrors;
use clap::Args;
use std::io::Write;
use std::path::Path;

/// What is packed.
#[derive(Debug, Clone, Default, Args)]
pub struct PackArgs {
    #[command(flatten)]
    pub project: ProjectArgs,

    /// Pack what symbolic links point to that lead out of the project, instead of refusing them
    #[arg(long)]
    pub copy_outgoing_symlinks: bool,
}

/// Checks and packs the project. Returns the names of its workflow files.
///
/// # Errors
///
/// There is no such directory, a workflow is wrong, a file cannot be read, or the archive cannot be written.
pub(crate) fn pack_project(
    args: &PackArgs,
    except: Option<&Path>,
    output: impl Write,
    context: &Context,
) -> Result<Vec<String>, CliError> {
    let dir = local_project::existing_directory(&args.project, context)?;
    let loaded = local_project::load(&dir, context)?;
    // A server refuses wrong schedules; here the place can be shown.
    with_schedules(loaded.workflows).map_err(|errors| {
        let colours = context.output.err_has_colours();
        CliError::user(format!("Validating project failed\n{}", DigErrors::in_order(errors).render(colours)))
    })?;
    let options = PackOptions { copy_outgoing_symlinks: args.copy_outgoing_symlinks, except };
    let tell = &mut |member: Member<'_>| match member {
        Member::File(name) => context.output.line(&format!("  Archiving {}", name.display())),
        Member::Symlink { name, target } => {
            context.output.line(&format!("  Archiving {}", name.display()));
            context.output.line(&format!("    symlink -> {}", target.display()));
        }
    };
    pack(&dir, &options, output, tell).map_err(|error| match error {
        PackError::Output(source) => CliError::user(format!("Cannot write the archive: {source}")),
        other => CliError::user(other.to_string()),
    })
}
