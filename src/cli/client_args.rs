//! The options of the commands that ask a server, and how a client comes from them.

use super::Context;
use super::error::{CliError, ErrorKind};
use super::params_arg::{key_value_list, pairs};
use crate::client::{API_VERSION, Client, ClientError, ClientOptions, Endpoint, ProxyServer};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Args;

const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:65432";

/// Which server is asked, and as whom.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Client options")]
pub struct ClientArgs {
    /// Ask this server [default: client.http.endpoint of the configuration, or http://127.0.0.1:65432]
    #[arg(short = 'e', long, value_name = "HOST[:PORT]")]
    pub endpoint: Option<String>,

    /// Send this header, too; commas separate several. Those of client.http.headers.NAME in the configuration are sent
    /// as well
    #[arg(short = 'H', long, value_name = "KEY=VALUE", value_parser = key_value_list("-H"))]
    #[arg(allow_hyphen_values = true)]
    pub header: Vec<String>,

    /// Sign in with this name and password
    #[arg(long, value_name = "USER:PASSWORD", value_parser = basic_auth, allow_hyphen_values = true)]
    pub basic_auth: Option<String>,

    /// Do not ask first whether the server can work with this client
    #[arg(long)]
    pub disable_version_check: bool,

    /// Take any certificate of the server for a good one
    #[arg(long)]
    pub disable_cert_validation: bool,
}

/// A client of the server, which knows that they understand each other.
///
/// # Errors
///
/// The options are wrong, the server cannot be asked, or it needs another client.
pub fn connect(args: &ClientArgs, context: &Context) -> Result<Client, CliError> {
    let client = connect_unchecked(args, context)?;
    if !args.disable_version_check {
        check_version(&client, context)?;
    }
    Ok(client)
}

/// A client of the server, which has not been asked anything.
///
/// # Errors
///
/// The options are wrong.
pub(crate) fn connect_unchecked(args: &ClientArgs, context: &Context) -> Result<Client, CliError> {
    let settings = &context.settings;
    let configured = settings.get("client.http.endpoint").unwrap_or(DEFAULT_ENDPOINT);
    let endpoint = Endpoint::parse(args.endpoint.as_deref().unwrap_or(configured))?;
    let configured = settings.below("client.http.headers.");
    let mut headers: Vec<(String, String)> =
        configured.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    headers.extend(pairs(&args.header));
    if let Some(name_and_password) = &args.basic_auth {
        let encoded = BASE64_STANDARD.encode(name_and_password);
        headers.push(("Authorization".to_owned(), format!("Basic {encoded}")));
    }
    let direct = settings.get("client.http.disable_direct_download").unwrap_or_default();
    Ok(Client::new(ClientOptions {
        proxy: ProxyServer::from_environment(&endpoint, context.variable)?,
        endpoint,
        headers,
        disable_cert_validation: args.disable_cert_validation,
        disable_direct_download: direct.trim().eq_ignore_ascii_case("true"),
    })?)
}

/// Asks the server what it thinks of the client. An old one is refused at a terminal, so that its user gets a newer one,
/// and warned about elsewhere, so that scripts go on.
fn check_version(client: &Client, context: &Context) -> Result<(), CliError> {
    const SETTING: &str = "io.digdag.cli.versionCheckMode";
    let answer = client.check_version().map_err(|error| match error.status() {
        Some(404) => CliError::from(error).hint(
            "the server does not tell which clients it works with; --disable-version-check goes on all the same",
        ),
        _ => error.into(),
    })?;
    let versions = format!("(client: {API_VERSION}, server: {})", answer.server_version);
    if !answer.api_compatible {
        let message = format!("This client version is not API compatible to the server {versions}.");
        return Err(CliError::user(message).hint("use a newer version of dibble for this server"));
    }
    if !answer.upgrade_recommended {
        return Ok(());
    }
    let is_batch = match context.settings.get(SETTING) {
        None | Some("") => !context.output.out_is_terminal(),
        Some("batch") => true,
        Some("interactive") => false,
        Some(_) => return Err(CliError::user(format!("{SETTING} must be batch or interactive"))),
    };
    if is_batch {
        // Not to the log, which is on standard output as the results are.
        context.output.note(&format!(
            "warning: This client version is obsoleted. This client is subject to be incompatible and stop working \
             in near future {versions}."
        ));
        return Ok(());
    }
    let message = format!("This client version is obsoleted. It is recommended to upgrade {versions}.");
    Err(CliError::user(message).hint("--disable-version-check goes on all the same"))
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        let told = Self::user(error.to_string());
        if error.is_unreachable() {
            Self { kind: ErrorKind::Unreachable, ..told }
                .hint("is a server running there? -e names another one")
        } else if matches!(error, ClientError::Secure { .. }) {
            told.hint("--disable-cert-validation takes any certificate for a good one")
        } else if matches!(error, ClientError::NoTls { .. }) {
            told.hint("without TLS the address begins with http://")
        } else if error.status() == Some(401) {
            told.hint("--basic-auth USER:PASSWORD or -H Authorization=… says who you are")
        } else {
            told
        }
    }
}

fn basic_auth(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some((name, password)) if !name.is_empty() && !password.is_empty() => Ok(text.to_owned()),
        _ => Err("Expected format: username:password".to_owned()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::Exit;
    use crate::cli::args::Definition;
    use crate::cli::context::tests::in_dir;
    use crate::cli::output::captured::Captured;
    use crate::cli::parse::tests::parsed;
    use crate::cli::parse::{Parsed, parse};
    use crate::client::testing::{Answer, Seen, StubServer};
    use std::ffi::OsString;
    use std::path::Path;

    const DEFINITION: Definition = Definition {
        name: "ask",
        aliases: &[],
        synopsis: &[],
        usage: &["ask"],
        about: "Ask",
        examples: &[],
        args: <ClientArgs as Args>::augment_args,
    };

    const CHECK: &str = "GET /api/version/check?client=0.10.6";

    /// What a server says that works with the client.
    pub(crate) fn compatible() -> Answer {
        Answer::ok(
            CHECK,
            r#"{"serverVersion":"0.10.6-SNAPSHOT","upgradeRecommended":false,"apiCompatible":true}"#,
        )
    }

    /// What a command prints on both streams when a server gives these answers.
    pub(crate) fn asked<A: Args>(
        definition: &Definition,
        run: fn(&A, &Context) -> Result<Exit, CliError>,
        words: &str,
        answers: impl IntoIterator<Item = Answer>,
    ) -> (String, String) {
        let (ended, out, err, _) = run_with(definition, run, words, answers);
        assert_eq!(ended, Ok(Exit::Success), "{words}");
        (out, err)
    }

    /// How a command fails when a server gives these answers.
    pub(crate) fn failure<A: Args>(
        definition: &Definition,
        run: fn(&A, &Context) -> Result<Exit, CliError>,
        words: &str,
        answers: impl IntoIterator<Item = Answer>,
    ) -> CliError {
        run_with(definition, run, words, answers).0.unwrap_err()
    }

    /// How a command ends, what it prints, and what it asks a server that gives these answers.
    pub(crate) fn run_with<A: Args>(
        definition: &Definition,
        run: fn(&A, &Context) -> Result<Exit, CliError>,
        words: &str,
        answers: impl IntoIterator<Item = Answer>,
    ) -> (Result<Exit, CliError>, String, String, Vec<Seen>) {
        let server = StubServer::new([compatible()].into_iter().chain(answers));
        let (context, captured) = in_dir(Path::new("/"));
        // Blanks in an argument are written as blanks that do not separate.
        let words = words.split(' ').filter(|word| !word.is_empty()).map(|word| word.replace('\u{a0}', " "));
        let words: Vec<OsString> = words.chain(["-e".to_owned(), server.url()]).map(OsString::from).collect();
        let ended = match parse(definition, &words) {
            Err(error) => Err(error),
            Ok(Parsed::Help) => panic!("help was asked for"),
            Ok(Parsed::Arguments(matches)) => run(&A::from_arg_matches(&matches).unwrap(), &context),
        };
        // The first question is always the same.
        let seen = server.seen().into_iter().skip(1).collect();
        (ended, captured.out(), captured.err(), seen)
    }

    fn args(words: &str) -> Result<ClientArgs, String> {
        parsed(&DEFINITION, words)
    }

    fn context(settings: &[(&str, &str)]) -> (Context, Captured) {
        let (mut context, captured) = in_dir(Path::new("/"));
        settings.iter().for_each(|(key, value)| context.settings.set(*key, *value));
        (context, captured)
    }

    #[test]
    fn the_server_is_asked_first_with_all_headers() {
        let server = StubServer::new([compatible()]);
        let (context, _) = context(&[
            ("client.http.endpoint", "http://127.0.0.1:1"),
            ("client.http.headers.X-One", "conf"),
            ("client.http.headers.X-Two", "conf"),
            ("client.http.headers.authorization", "conf"),
        ]);
        let args =
            args(&format!("-e {} -H x-two=a,b,X-Three=c --basic-auth me:pa:ss", server.url())).unwrap();
        connect(&args, &context).unwrap();
        let seen = server.seen().remove(0);
        assert_eq!(seen.line, CHECK);
        for (name, value) in
            [("x-one", "conf"), ("x-two", "a,b"), ("x-three", "c"), ("authorization", "Basic bWU6cGE6c3M=")]
        {
            assert!(
                seen.headers.contains(&(name.to_owned(), value.to_owned())),
                "{name}: {:?}",
                seen.headers
            );
        }
    }

    #[test]
    fn the_endpoint_is_an_option_a_setting_or_the_default() {
        let endpoint = |words, settings: &[(&str, &str)]| {
            let client = connect_unchecked(&args(words).unwrap(), &context(settings).0);
            client.map(|client| client.endpoint().to_string()).map_err(|error| error.message)
        };
        let setting = [("client.http.endpoint", "https://h")];
        assert_eq!(endpoint("", &[]), Ok("http://127.0.0.1:65432".to_owned()));
        assert_eq!(endpoint("", &setting), Ok("https://h:443".to_owned()));
        assert_eq!(endpoint("--endpoint x:1", &setting), Ok("http://x:1".to_owned()));
        let message = "Endpoint must start with http:// or https://: ftp://z";
        assert_eq!(endpoint("-e ftp://z", &[]), Err(message.to_owned()));
        let message = "Header 'a b' holds characters that cannot be sent";
        assert_eq!(endpoint("", &[("client.http.headers.a b", "c")]), Err(message.to_owned()));
    }

    #[test]
    fn options_have_a_form() {
        let message = |words| args(words).unwrap_err();
        assert_eq!(message("--basic-auth me"), "Expected format: username:password");
        assert_eq!(message("--basic-auth :x"), "Expected format: username:password");
        assert_eq!(message("-H x"), "Parameter -H expected a value of the form a=b but got:x");
    }

    #[test]
    fn servers_may_refuse_old_clients() {
        let asked = |status, body: &str, words: &str, settings: &[(&str, &str)]| {
            let server = StubServer::new([Answer::new(CHECK, status, body)]);
            let (context, captured) = context(settings);
            let connected = connect(&args(&format!("-e {} {words}", server.url())).unwrap(), &context);
            (connected.map(|_| captured.err()).map_err(|error| error.to_string()), server.seen().len())
        };
        let old = r#"{"serverVersion":"9.0","upgradeRecommended":true,"apiCompatible":true}"#;
        let too_old = r#"{"serverVersion":"9.0","upgradeRecommended":false,"apiCompatible":false}"#;
        let warning = "warning: This client version is obsoleted. This client is subject to be incompatible and stop \
                       working in near future (client: 0.10.6, server: 9.0).\n";
        let mode = "io.digdag.cli.versionCheckMode";
        assert_eq!(asked(200, old, "", &[]), (Ok(warning.to_owned()), 1));
        assert_eq!(asked(200, old, "", &[(mode, "batch")]).0, Ok(warning.to_owned()));
        assert_eq!(
            asked(200, old, "", &[(mode, "interactive")]).0,
            Err("error: This client version is obsoleted. It is recommended to upgrade (client: 0.10.6, server: \
                 9.0).\nhint: --disable-version-check goes on all the same"
                .to_owned())
        );
        assert_eq!(
            asked(200, old, "", &[(mode, "x")]).0,
            Err(format!("error: {mode} must be batch or interactive"))
        );
        assert_eq!(
            asked(200, too_old, "", &[]).0,
            Err("error: This client version is not API compatible to the server (client: 0.10.6, server: 9.0).\n\
                 hint: use a newer version of dibble for this server"
                .to_owned())
        );
        assert_eq!(asked(200, too_old, "--disable-version-check", &[]), (Ok(String::new()), 0));
        assert_eq!(
            asked(401, r#"{"message":"unauthorized","status":401}"#, "", &[]).0,
            Err("error: Status code 401: unauthorized\n\
                 hint: --basic-auth USER:PASSWORD or -H Authorization=… says who you are"
                .to_owned())
        );
        assert_eq!(
            asked(404, "", "", &[]).0,
            Err("error: Resource not found: HTTP 404 Not Found\nhint: the server does not tell which clients it \
                 works with; --disable-version-check goes on all the same"
                .to_owned())
        );
    }
}
