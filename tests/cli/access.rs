//! `dibble passwd` and `dibble token`

use crate::support::Project;

#[test]
fn a_password_becomes_a_user_of_the_configuration() {
    let project = Project::new().stdin("correct horse\n");
    let out = project.dibble(&["passwd"]).success();
    let begin =
        "server.authenticator.basic.username = admin\nserver.authenticator.basic.password = $argon2id$v=19$";
    let hash = out.stdout.strip_prefix(begin);
    assert!(hash.is_some_and(|rest| rest.ends_with('\n') && !rest.contains("horse")), "{out}");
    let named = project.dibble(&["passwd", "ada"]).success().stdout;
    assert!(named.starts_with("server.authenticator.basic.username = ada\n"), "{named}");
    let _ = project.dibble(&["passwd", "a:b"]).fails(2).says(&["'a:b' cannot be the name of a user"]);
    let _ = Project::new().stdin("").dibble(&["passwd"]).fails(1).says(&["The password is empty"]);
}

#[test]
fn tokens_are_in_the_file_that_the_server_has() {
    let project = Project::new().dig("+a: {echo>: x}");
    let made = project.dibble(&["token", "create", "ci"]).success().stdout;
    assert!(project.has(".dibble.db"));
    let _ = project.run(&[]).success();
    assert!(project.dibble(&["token", "list"]).success().stdout.starts_with("ci  created at "));
    let bytes = std::fs::read(project.path(".dibble.db")).unwrap();
    let token = made.trim().as_bytes();
    assert!(!bytes.windows(token.len()).any(|window| window == token), "only its hash is kept");
    let _ = project.dibble(&["token", "revoke", "ci"]).success().says(&["Token 'ci' revoked"]);

    let elsewhere = Project::new();
    let _ = elsewhere.dibble(&["token", "create", "ci"]).success();
    assert!(elsewhere.home().join(".local/state/dibble/dibble.db").is_file());
}
