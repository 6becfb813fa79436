//! `dibble --version` and `dibble version`

use crate::support::Project;

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn the_option_prints_the_bare_version() {
    for args in [&["--version"][..], &["run", "--version"], &["check", "x", "--version"]] {
        let out = Project::new().dibble(args).success();
        assert_eq!((out.stdout.as_str(), out.stderr.as_str()), (format!("{VERSION}\n").as_str(), ""));
    }
}

#[test]
fn the_command_names_the_client_also_without_a_server() {
    let out = Project::new().dibble(&["version", "-e", "http://127.0.0.1:1"]).fails(1);
    let expected = format!("Client version: {VERSION}\nAn error happened during getting Server version.\n");
    assert_eq!(out.stdout, expected);
    let error = "error: Cannot connect to http://127.0.0.1:1: Connection refused (os error 111)\n\
                 hint: is a server running there? -e names another one\n";
    assert!(out.stderr.ends_with(error), "{out}");
}
