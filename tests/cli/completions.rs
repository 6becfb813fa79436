//! `dibble completions`

use crate::support::Project;

#[test]
fn scripts_for_the_known_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let out = Project::new().dibble(&["completions", shell]).success();
        for word in ["dibble", "run", "--session", "check"] {
            let known = if shell == "fish" { word.trim_start_matches('-') } else { word };
            assert!(out.stdout.contains(known), "{shell} does not know {word}");
        }
    }
}

#[test]
fn bash_takes_its_script() {
    let out = Project::new().shell("eval \"$($DIBBLE completions bash)\" && complete -p dibble").success();
    assert!(out.stdout.contains("dibble"), "{out}");
}

#[test]
fn other_shells_are_a_usage_error() {
    let _ = Project::new().dibble(&["completions", "command.com"]).fails(2).says(&["command.com", "bash"]);
}
