//! `secrets --project`.

use super::Console;
use insta::assert_snapshot;

#[test]
fn secrets_are_set_listed_and_deleted() {
    let console = Console::with_project();
    assert_snapshot!(console.run(r#"
        dibble secrets --project p1
        dibble secrets --project p1 --set a=1 b=2
        dibble secrets --project p1
        dibble secrets --project p1 --delete a
        dibble secrets --project p1 --delete nosuch
        dibble secrets --project p1
        dibble secrets --project nosuch
        dibble secrets --project p1 --set 'bad key=1'
        echo '{"j1": "x", "j2": "y"}' > s.json; dibble secrets --project p1 --set @s.json
        dibble secrets --project p1 --set x=@s.json
        echo -n topsecret | dibble secrets --project p1 --set my.key=-
        dibble secrets --project p1
        echo -n v1 | dibble secrets --project p1 --set novalue
        dibble secrets
    "#), @r#"
    $ dibble secrets --project p1
    $ dibble secrets --project p1 --set a=1 b=2
    2> Secret 'a' set
    2> Secret 'b' set
    $ dibble secrets --project p1
    a
    b
    $ dibble secrets --project p1 --delete a
    2> Secret 'a' deleted
    $ dibble secrets --project p1 --delete nosuch
    2> Secret 'nosuch' deleted
    $ dibble secrets --project p1
    b
    $ dibble secrets --project nosuch
    2> error: Resource not found: project not found: nosuch
    [exit status: 1]
    $ dibble secrets --project p1 --set 'bad key=1'
    2> Usage: dibble secrets --project <project> [--set <key>=<value>] [--delete <key>]
    2> error: Invalid secret key: bad key
    [exit status: 2]
    $ echo '{"j1": "x", "j2": "y"}' > s.json; dibble secrets --project p1 --set @s.json
    2> Secret 'j1' set
    2> Secret 'j2' set
    $ dibble secrets --project p1 --set x=@s.json
    2> Secret 'x' set
    $ echo -n topsecret | dibble secrets --project p1 --set my.key=-
    2> Secret 'my.key' set
    $ dibble secrets --project p1
    b
    j1
    j2
    my.key
    x
    $ echo -n v1 | dibble secrets --project p1 --set novalue
    2> error: There is no terminal to ask for the secret 'novalue'
    2> hint: use --set novalue=- to read it from standard input, or --set novalue=@FILE
    [exit status: 1]
    $ dibble secrets
    2> Usage: dibble secrets --project <project> [--set <key>=<value>] [--delete <key>]
    2> error: Please specify either --project or --local
    [exit status: 2]
    "#);
}

#[test]
fn tasks_get_them_and_logs_hide_them() {
    let console = Console::new();
    console.file(
        "sec.dig",
        "+a:\n  sh>: echo got $S\n  _env: {S: \"${secret:my.key}\"}\n+b:\n  echo>: ${secret:my.key}\n",
    );
    let _ =
        console.run("dibble push p1 -r r1; echo -n topsecret | dibble secrets --project p1 --set my.key=-");
    let _ = console.run("dibble start p1 sec --session 2024-01-02");
    let _ = console.server.finished("1");
    assert_snapshot!(console.run("dibble log 1"), @"
    $ dibble log 1
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+sec+a): sh>: echo got $S
    got ***
    2026-11-22 03:30:00.000 +0000 [INFO] (....@[0:p1:1:1]+sec+b): echo>: ${secret:my.key}
    ${secret:my.key}
    ");
}
