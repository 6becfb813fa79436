//! `dibble version`: the versions of the program and of the server.

use super::args::Definition;
use super::client_args::{ClientArgs, connect_unchecked};
use super::{CliError, Context, Exit, VERSION};
use clap::Args;

pub const DEFINITION: Definition = Definition {
    name: "version",
    aliases: &[],
    synopsis: &[("version", "show client and server version")],
    usage: &["version [options...]"],
    about: "Show the versions of the program and of the server",
    examples: &[],
    args: VersionArgs::augment_args,
};

/// The arguments of `version`.
#[derive(Debug, Clone, Args)]
pub struct VersionArgs {
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Prints the versions. Old clients may ask, too.
///
/// # Errors
///
/// The server does not tell its version.
pub fn run(args: &VersionArgs, context: &Context) -> Result<Exit, CliError> {
    let output = &context.output;
    output.line(&format!("Client version: {VERSION}"));
    let asked = connect_unchecked(&args.client, context)
        .and_then(|client| client.server_version().map_err(CliError::from));
    match asked {
        Ok(version) => {
            output.line(&format!("Server version: {version}"));
            Ok(Exit::Success)
        }
        Err(error) => {
            output.line("An error happened during getting Server version.");
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context::tests::in_dir;
    use crate::cli::parse::tests::parsed;
    use crate::client::testing::{Answer, StubServer};
    use std::path::Path;

    fn asked(answer: Answer) -> (Option<String>, String, usize) {
        let server = StubServer::new([answer]);
        let (context, captured) = in_dir(Path::new("/"));
        let args = parsed(&DEFINITION, &format!("-e {}", server.url())).unwrap();
        let error = run(&args, &context).err().map(|error| error.message);
        (error, captured.out(), server.seen().len())
    }

    #[test]
    fn only_the_version_is_asked_for() {
        let out = format!("Client version: {VERSION}\nServer version: 0.10.6-SNAPSHOT\n");
        let answer = Answer::ok("GET /api/version", r#"{"version":"0.10.6-SNAPSHOT"}"#);
        assert_eq!(asked(answer), (None, out, 1));
    }

    #[test]
    fn the_client_has_a_version_without_a_server() {
        let out = format!("Client version: {VERSION}\nAn error happened during getting Server version.\n");
        let answer = Answer::new("GET /api/version", 403, "no");
        assert_eq!(asked(answer), (Some("Status code 403: no".to_owned()), out, 1));
    }
}
