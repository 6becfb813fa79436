//! `embulk>`, with a stand-in for the program.

use crate::support::Project;

#[test]
fn it_hands_a_templated_configuration_over() {
    let project = Project::new()
        .executable("bin/embulk", "#!/bin/sh\necho \"$1\"\ncat \"$2\"\n")
        .file("load.yml", "in: {type: file, path_prefix: '${session_date}'}\nout: {type: stdout}\n")
        .dig("+a: {embulk>: load.yml}");
    let path = format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap());
    let out = project.env("PATH", &path).run(&[]).success();
    let lines = out.lines();
    assert_eq!(lines[0], "run");
    let config: serde_json::Value = serde_json::from_str(&lines[1..].join("\n")).unwrap();
    assert_eq!(config["in"]["path_prefix"], "2026-01-02");
}
