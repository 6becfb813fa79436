//! What commands say when there is no server, and when the server does not let them in.

use super::Console;
use crate::support::Server;
use insta::assert_snapshot;

#[test]
fn the_server_is_not_there() {
    let console = Console::new();
    assert_snapshot!(console.run("
        dibble projects -e http://127.0.0.1:1
        dibble version -e http://127.0.0.1:1
        dibble workflows -e notaurl://x
        dibble revisions p1 2>&1 | grep -o 'available commands are: .run, check'
    "), @"
    $ dibble projects -e http://127.0.0.1:1
    2> error: Cannot connect to http://127.0.0.1:1: Connection refused (os error 111)
    2> hint: is a server running there? -e names another one
    [exit status: 1]
    $ dibble version -e http://127.0.0.1:1
    Client version: VERSION
    An error happened during getting Server version.
    2> error: Cannot connect to http://127.0.0.1:1: Connection refused (os error 111)
    2> hint: is a server running there? -e names another one
    [exit status: 1]
    $ dibble workflows -e notaurl://x
    2> error: Endpoint must start with http:// or https://: notaurl://x
    [exit status: 1]
    $ dibble revisions p1 2>&1 | grep -o 'available commands are: .run, check'
    available commands are: [run, check
    [exit status: 2]
    ");
}

#[test]
fn a_server_is_called_in_a_wrong_way() {
    let console = Console::new();
    assert_snapshot!(console.run("
        dibble server --memory -o x
        dibble server -o x --port abc
        dibble server --memory --port $PORT > /dev/null
        dibble server --memory extra
        dibble server --memory -c nosuch.conf
    "), @r#"
    $ dibble server --memory -o x
    2> Usage: dibble server [options...]
    2> error: Setting both --database and --memory is invalid
    [exit status: 2]
    $ dibble server -o x --port abc
    2> Usage: dibble server [options...]
    2> error: "-n": abc is no port: a number from 0 to 65535
    [exit status: 2]
    $ dibble server --memory --port $PORT > /dev/null
    2> error: Cannot listen on $SERVER: Address already in use (os error 98)
    2> hint: another port is named with -n
    [exit status: 1]
    $ dibble server --memory extra
    2> Usage: dibble server [options...]
    2> error: Unexpected argument: extra
    [exit status: 2]
    $ dibble server --memory -c nosuch.conf
    2> error: nosuch.conf (no such file)
    2> hint: -c names the configuration file to read
    [exit status: 1]
    "#);
}

#[test]
fn an_address_needs_no_scheme() {
    let console = Console::with_project();
    let address = console.server.address();
    let out = console.run(&format!("dibble workflows p1 -e {address}"));
    assert!(out.contains("\n    plain\n"), "{out}");
}

#[test]
fn a_server_with_users_asks_who_it_is() {
    let server = Server::new()
        .config("server.authenticator.basic.username = u\nserver.authenticator.basic.password = pw")
        .start();
    let out = server.dibble(&["projects"]).fails(1);
    assert!(out.stderr.contains("401"), "{out}");
    let out = server.dibble(&["projects", "--basic-auth", "u:wrong"]).fails(1);
    assert!(out.stderr.contains("401"), "{out}");
    let out = server.dibble(&["projects", "--basic-auth", "u:pw"]).success();
    assert_eq!(out.stdout, "Projects\n");
}
