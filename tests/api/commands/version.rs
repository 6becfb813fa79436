//! `version`: the server tells the version of Digdag whose API it has.

use super::Console;
use insta::assert_snapshot;

#[test]
fn both_versions_are_shown() {
    let console = Console::new();
    assert_snapshot!(console.run("dibble version"), @"
    $ dibble version
    Client version: VERSION
    Server version: 0.10.6-SNAPSHOT
    ");
}
