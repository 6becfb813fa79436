//! What `dibble run` tells of a workflow that failed.

use crate::support::{Project, SmtpStub};
use serde_json::Value;

/// A project whose workflow fails, in a directory with a blank in its name.
fn project() -> Project {
    Project::new().file("my jobs/wf.dig", "timezone: UTC\n+a: {sh>: 'echo hello; exit 9'}\n")
}

fn run(project: &Project, options: &[&str]) {
    let words = [&["run", "my jobs/wf.dig"], options].concat();
    let _ = project.dibble(&words).fails(1);
}

#[test]
fn a_mail_names_the_command_that_shows_the_log_of_this_machine() {
    let stub = SmtpStub::new();
    let project = project();
    let config = format!(
        "notification.type = mail\nnotification.mail.host = 127.0.0.1\nnotification.mail.port = {}\n\
         notification.mail.from = a@example.com\nnotification.mail.to = b@example.com\nnotification.mail.tls = false\n",
        stub.port()
    );
    let project = project.file("c", config);
    run(&project, &["-c", "c"]);
    let text = stub.mail().text.replace("=\n", "");
    let command = format!("dibble log --local --project '{}' 1", project.path("my jobs").display());
    assert!(text.contains(&format!("\nTo see more: {command}\n")), "{text}");
    // A mail does not fold it, and a shell takes it as it is.
    let shown = project.shell(&command.replacen("dibble", "$DIBBLE", 1));
    assert!(shown.stdout.contains("hello"), "{shown}");
}

#[test]
fn commands_are_told_where_the_log_is_too() {
    let project = project();
    let told = |options: &[&str]| {
        let sends = ["-X", "notification.type=shell", "-X", "notification.shell.command=cat > told.json"];
        run(&project, &[&sends, options].concat());
        let payload: Value = serde_json::from_str(&project.read("told.json")).unwrap();
        payload["log_command"].clone()
    };
    let file = project.path("my jobs/x.db").display().to_string();
    assert_eq!(told(&["-o", "x.db"]), format!("dibble log --local -o '{file}' 1"));
    assert_eq!(told(&["--no-save"]), Value::Null);
}
