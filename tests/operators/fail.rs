//! `fail>`

use crate::support::Project;

#[test]
fn its_text_is_the_error() {
    let out = Project::new().dig("+a: {fail>: 'boom ${session_date}'}").run(&[]).fails(1);
    assert_eq!(out.failure(), ("+wf+a".to_owned(), "boom 2026-01-02".to_owned()));
}
