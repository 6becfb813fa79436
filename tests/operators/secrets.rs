//! Secrets in tasks: `${secret:key}` in `_env`.

use crate::support::Project;

const DIG: &str = "+a:\n  sh>: echo got $S | tee got\n  _env: {S: '<${secret:my.key}>'}";

#[test]
fn a_local_secret_reaches_the_command_and_nothing_else() {
    let project = Project::new().dig(DIG);
    let _ = project.dibble(&["secrets", "--local", "--set", "my.key=hush"]).success();
    let out = project.run(&[]).success();
    assert_eq!(project.read("got"), "got <hush>\n");
    assert_eq!(out.lines(), ["got <***>"]);
    let log: String = out.log().map(|line| line.message).collect();
    assert!(!log.contains("hush"), "{out}");
    let database = crate::support::dump(&project.path(".dibble.db"));
    assert!(!database.contains("hush"));
}

#[test]
fn a_missing_secret_is_named() {
    let out = Project::new().dig(DIG).run(&[]).fails(1);
    assert!(out.failure().1.contains("Secret not found for key: 'my.key'"), "{out}");
}
