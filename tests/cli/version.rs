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
fn the_command_names_the_client() {
    let out = Project::new().dibble(&["version"]);
    assert!(out.stdout.contains(&format!("Client version: {VERSION}")), "{out}");
}
