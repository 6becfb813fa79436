//! `dibble import-crontab`

use crate::support::Project;
use insta::assert_snapshot;
use std::io::Write;
use std::process::{Command, Stdio};

const CRONTAB: &str = "\
MAILTO=ann@example.com
MAILFROM=cron@example.com
# Every night
30 2 * * * /opt/backup.sh --full

0 12 13 * fri echo lunch
#0 5 * * * /opt/old.sh
@reboot /opt/start.sh
60 * * * * /opt/never.sh
";

#[test]
fn workflows_are_written_and_compared() {
    let project = Project::new().file("tab", CRONTAB).clock("2026-03-27T12:00:00Z");
    let out = project.dibble(&["import-crontab", "tab", "--output", "jobs", "--timezone", "Europe/Berlin"]);
    let out = out.fails(1);
    assert_snapshot!(out, @r#"
    tab:4: 30 2 * * * /opt/backup.sh --full
      jobs/backup.dig: cron>: "30 2 * * *" in Europe/Berlin
        cron                    Dibble
        2026-03-28 02:30 +0100  2026-03-28 02:30 +0100
        2026-03-29 03:00 +0200  2026-03-29 03:30 +0200  differs: the clocks skip its time: cron runs it at once, Dibble as much later as they go forward
        2026-03-30 02:30 +0200  2026-03-30 02:30 +0200
        2026-03-31 02:30 +0200  2026-03-31 02:30 +0200
        2026-04-01 02:30 +0200  2026-04-01 02:30 +0200
        2026-04-02 02:30 +0200  2026-04-02 02:30 +0200
        2026-04-03 02:30 +0200  2026-04-03 02:30 +0200
        2026-04-04 02:30 +0200  2026-04-04 02:30 +0200
        2026-04-05 02:30 +0200  2026-04-05 02:30 +0200
        2026-04-06 02:30 +0200  2026-04-06 02:30 +0200
      and where clocks are changed, within a year:
        2026-10-25 02:30 +0200  2026-10-25 02:30 +0100  differs: its time comes twice: cron takes the first, Dibble the second
        2027-03-28 03:00 +0200  2027-03-28 03:30 +0200  differs: the clocks skip its time: cron runs it at once, Dibble as much later as they go forward

    tab:6: 0 12 13 * fri echo lunch
      jobs/echo.dig: cron>: "0 12 13 * *|0 12 * * fri" in Europe/Berlin
      note: tab:6: day of month and day of week are both given: cron runs it on days that match either, which a bar says in a workflow
        cron                    Dibble
        2026-04-03 12:00 +0200  2026-04-03 12:00 +0200
        2026-04-10 12:00 +0200  2026-04-10 12:00 +0200
        2026-04-13 12:00 +0200  2026-04-13 12:00 +0200
        2026-04-17 12:00 +0200  2026-04-17 12:00 +0200
        2026-04-24 12:00 +0200  2026-04-24 12:00 +0200
        2026-05-01 12:00 +0200  2026-05-01 12:00 +0200
        2026-05-08 12:00 +0200  2026-05-08 12:00 +0200
        2026-05-13 12:00 +0200  2026-05-13 12:00 +0200
        2026-05-15 12:00 +0200  2026-05-15 12:00 +0200
        2026-05-22 12:00 +0200  2026-05-22 12:00 +0200

    tab:8: @reboot /opt/start.sh
      jobs/start.dig: without a schedule
      note: tab:8: cron runs it when the machine starts, which no schedule can say: the file shows a systemd unit that does

    tab:7: commented out, left out: 0 5 * * * /opt/old.sh
    3 of 4 entries are workflows in jobs now.
    jobs/server.properties, for the server:
      # Read by `dibble server -c`. cron mails what its commands print; Dibble keeps that in its history and sends a
      # mail when one of them fails, which for cron is no reason.
      notification.type = mail
      notification.mail.to = ann@example.com
      notification.mail.from = cron@example.com
      notification.mail.host = localhost
      notification.mail.port = 25
      notification.mail.tls = false
      # Dibble runs later what was missed while it was down. To leave it out, as cron does:
      # schedule.catch_up = none
    note: cron takes no notice of exit codes; here a command that ends with another one than 0 has failed
    Next: dibble check --project jobs
          dibble service install --user --project jobs -c jobs/server.properties
    and take out of the crontab what Dibble runs now, so that it does not run twice.
    ------- stderr -------
    2026-03-27 12:00:00 +0000: Dibble vVERSION
    error: tab:9:1: bad minute "60": 60 is not in 0-59
        60 * * * * /opt/never.sh
        ^
    [exit status: 1]
    "#);
    assert_eq!(
        project.files(),
        ["jobs/", "jobs/backup.dig", "jobs/echo.dig", "jobs/server.properties", "jobs/start.dig", "tab"]
    );
    assert_snapshot!(project.read("jobs/backup.dig"), @r#"
    # Every night
    # tab:4: 30 2 * * * /opt/backup.sh --full

    timezone: Europe/Berlin

    schedule:
      cron>: "30 2 * * *"

    +run:
      _env:
        PATH: "/usr/bin:/bin"
        SHELL: "/bin/sh"
      sh>: |
        cd || exit
        /opt/backup.sh --full
    "#);
    assert!(out.stdout.contains("notification.mail.to = ann@example.com\n"));
    let settings = project.read("jobs/server.properties");
    assert!(settings.lines().all(|line| out.stdout.contains(&format!("\n  {line}\n"))), "{settings}");
    let check = project.dibble(&["check", "--project", "jobs"]).success();
    assert!(check.stdout.contains("Schedules (2 entries)"), "{check}");
}

#[test]
fn json_for_programs() {
    let project = Project::new().stdin("* * * * * x\nbad\n#@daily y\n");
    let out = project.dibble(&["import-crontab", "-", "--output", "jobs", "--json"]).fails(1);
    let read: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
    let entry = &read["entries"][0];
    assert_eq!(
        (&entry["workflow"], &entry["cron"], &entry["line"]),
        (&"x".into(), &"* * * * *".into(), &1.into())
    );
    assert_eq!(entry["times"].as_array().unwrap().len(), 10);
    assert_eq!(entry["times"][0]["cron"], "2026-01-02T03:05:00+00:00");
    assert_eq!(entry["times"][0]["difference"], serde_json::Value::Null);
    assert_eq!((&read["errors"][0]["line"], &read["errors"][0]["column"]), (&2.into(), &1.into()));
    assert_eq!(read["disabled"][0]["text"], "@daily y");
    assert_eq!(read["configuration"]["written"], true);
}

#[test]
fn without_a_file_it_is_the_users_own_crontab() {
    let project = Project::new().executable("bin/crontab", "#!/bin/sh\necho \"@daily echo $*\"\n");
    let project = project.env("PATH", "{project}/bin:/usr/bin:/bin");
    let out = project.dibble(&["import-crontab", "--output", "."]).success();
    assert!(out.stdout.starts_with("crontab:1: @daily echo -l\n"), "{out}");
    assert!(project.has("echo.dig"));
    let project =
        Project::new().executable("bin/crontab", "#!/bin/sh\necho 'no crontab for me' >&2; exit 1\n");
    let project = project.env("PATH", "{project}/bin:/usr/bin:/bin");
    let _ = project
        .dibble(&["import-crontab", "--output", "."])
        .fails(1)
        .says(&["no crontab for me", "--system"]);
    let project = Project::new().env("PATH", "{project}/nowhere");
    let _ = project.dibble(&["import-crontab", "--output", "."]).fails(1).says(&["Cannot run crontab -l"]);
}

#[test]
fn what_is_there_is_overwritten_on_demand_only() {
    let project =
        Project::new().file("tab", "@daily x\n").file("x.dig", "mine").file("server.properties", "mine");
    let _ = project.dibble(&["import-crontab", "tab", "--output", "."]).fails(1).says(&["x.dig", "--force"]);
    assert_eq!(project.read("x.dig"), "mine");
    let out = project.dibble(&["import-crontab", "tab", "--output", ".", "--force"]).success();
    assert!(out.stdout.contains("has not been changed"), "{out}");
    assert!(project.read("x.dig").contains("@daily x"));
    assert_eq!(project.read("server.properties"), "mine");
}

#[test]
fn a_crontab_of_the_system_has_users() {
    let project = Project::new().file("tab", "17 * * * * root run-parts /etc/cron.hourly\n@daily bob x\n");
    let out = project.dibble(&["import-crontab", "--system", "tab", "--output", "jobs"]).success();
    assert!(out.stdout.contains("note: tab:1: cron runs it as root"), "{out}");
    assert!(project.read("jobs/x.dig").contains("/sbin/runuser -u bob -- "));
    let _ = project.dibble(&["check", "--project", "jobs"]).success();
}

#[test]
fn an_unknown_zone_is_told_once() {
    let tab = "@daily a\nCRON_TZ=Mars/Phobos\n@daily b\n@daily c\nCRON_TZ=Asia/Tokyo\n@daily d\nCRON_TZ=Venus\n@daily e\n";
    let project = Project::new().file("tab", tab);
    let out = project.dibble(&["import-crontab", "tab", "--output", "jobs"]).fails(1);
    let errors: Vec<&str> = out.stderr.lines().skip_while(|line| !line.starts_with("error: ")).collect();
    assert_eq!(
        errors,
        [
            "error: tab:2:1: CRON_TZ: Unknown time zone name: Mars/Phobos (2 entries below it are left out)",
            "    CRON_TZ=Mars/Phobos",
            "    ^",
            "error: tab:7:1: CRON_TZ: Unknown time zone name: Venus (1 entry below it is left out)",
            "    CRON_TZ=Venus",
            "    ^",
        ]
    );
    assert!(out.stdout.contains("\n2 of 5 entries are workflows in jobs now.\n"), "{out}");
}

#[test]
fn mistakes() {
    let project = Project::new().file("tab", "@daily x\n");
    let _ = project.dibble(&["import-crontab", "tab"]).fails(2).says(&["--output"]);
    let _ =
        project.dibble(&["import-crontab", "nosuch", "--output", "d"]).fails(1).says(&["Cannot read nosuch"]);
    let words = ["import-crontab", "tab", "--output", "d", "--timezone", "Mars/Phobos"];
    let _ = project.dibble(&words).fails(2).says(&["Mars/Phobos"]);
    let _ = project.dibble(&["import-crontab", "tab", "--output", "tab"]).fails(1).says(&["Cannot create"]);
    let out = Project::new()
        .file("tab", "# nothing\n")
        .dibble(&["import-crontab", "tab", "--output", "d"])
        .success();
    assert_eq!(out.stdout, "0 of 0 entries are workflows in d now.\n");
}

/// What a command prints when cron runs it: in the home directory, with nothing but cron's variables and the crontab's.
fn under_cron(
    project: &Project,
    shell: &str,
    variables: &[(&str, &str)],
    command: &[u8],
    input: &[u8],
) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    let mut child = Command::new(shell)
        .arg("-c")
        .arg(std::ffi::OsStr::from_bytes(command))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("SHELL", shell)
        .env("HOME", project.home())
        .envs(variables.iter().copied())
        .current_dir(project.home())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    child.stdin.take().unwrap().write_all(input).expect("its input");
    child.wait_with_output().expect("its output").stdout
}

#[test]
fn commands_do_what_they_do_under_cron() {
    let lines: [(&[u8], &[u8], &[u8]); 11] = [
        (b"pwd; echo \"$PATH $SHELL $V $W\"", b"pwd; echo \"$PATH $SHELL $V $W\"", b""),
        (b"cat", b"cat", b""),
        (b"cat%a b%%\\%c \"$V\" ${V}%END%  x", b"cat", b"a b\n\n%c \"$V\" ${V}\nEND\n  x\n"),
        (b"read a; echo \"<$a>\"; cat%1%2", b"read a; echo \"<$a>\"; cat", b"1\n2\n"),
        (b"echo ${V} ${X:-none} $$$$ | tr -d 0-9", b"echo ${V} ${X:-none} $$$$ | tr -d 0-9", b""),
        (b"echo '${secret:x}' ${W#a} # all", b"echo '${secret:x}' ${W#a} # all", b""),
        (b"cat; echo ${X:-y}%${X:-z}%", b"cat; echo ${X:-y}", b"${X:-z}\n"),
        (b"echo \"a: b\\tc\"'\\\\d' \tx: {y} | cat -A", b"echo \"a: b\\tc\"'\\\\d' \tx: {y} | cat -A", b""),
        (b"printf '\\%s|' a 'b  c'", b"printf '%s|' a 'b  c'", b""),
        (b"printf '\xff\xe9$V' | od -An -tx1", b"printf '\xff\xe9$V' | od -An -tx1", b""),
        (b"od -An -tx1%-\xfe%%", b"od -An -tx1", b"-\xfe\n\n"),
    ];
    let odd = Project::new().executable("odd", "#!/bin/sh\nprintf '<%s>' \"$@\" | od -c; exec sh \"$@\"\n");
    let odd = odd.path("odd").to_string_lossy().into_owned();
    for shell in ["/bin/sh", "/bin/bash", &odd] {
        for (line, command, input) in lines {
            let variables = "V=\"a: ${b} $c '#\"\nW=ab:$HOME\n";
            let tab = [format!("SHELL={shell}\n{variables}@daily ").as_bytes(), line, b"\n"].concat();
            let project = Project::new().file("tab", tab);
            let _ = project.dibble(&["import-crontab", "tab", "--output", "jobs"]).success();
            let name = project.files().into_iter().find(|name| name.ends_with(".dig")).unwrap();
            let name = name.strip_prefix("jobs/").unwrap();
            let script = format!("\"$DIBBLE\" run --project jobs {name} --no-save -l error 2>/dev/null");
            let out = project.shell(&script);
            let expected =
                under_cron(&project, shell, &[("V", "a: ${b} $c '#"), ("W", "ab:$HOME")], command, input);
            let expected = String::from_utf8(expected).unwrap();
            assert_eq!(
                out.stdout,
                expected,
                "{shell}: {}\n{}",
                String::from_utf8_lossy(line),
                project.read(&format!("jobs/{name}"))
            );
        }
    }
}

#[test]
fn a_crontab_of_the_system_is_not_taken_for_one_of_a_user() {
    let tab = "SHELL=/bin/sh\n17 * * * * root /opt/hourly.sh\n@daily daemon /opt/daily.sh -v\n";
    let project = Project::new().file("sys", tab).clock("2026-03-27T12:00:00Z");
    let import = |arguments: &[&str]| {
        let common = ["import-crontab", "sys", "--output", "jobs", "--timezone", "UTC"];
        project.dibble(&[&common, arguments].concat())
    };
    let _ = import(&[]).fails(1).says(&[
        "error: sys: every command begins with a user of this machine: --system?",
        "--no-system that the command begins there",
    ]);
    assert!(!project.has("jobs"));
    let _ = import(&["--system"]).success();
    assert!(project.has("jobs/hourly.dig"));
    let _ = import(&["--no-system", "--force"]).success();

    // A user may have gone.
    let with = |other: &str| {
        let project = Project::new().file("sys", format!("{tab}{other}")).clock("2026-03-27T12:00:00Z");
        project.dibble(&["import-crontab", "sys", "--output", "jobs", "--timezone", "UTC"])
    };
    let _ = with("0 1 * * * no-such-user /opt/x\n")
        .fails(1)
        .says(&["error: sys: 2 of 3 commands begin with a user of this machine: --system?"]);

    // One command that can begin with no user, or that is a single word, is a command; more commands than users are, too.
    for other in ["/opt/other.sh root", "root", "cd x\n0 1 * * * cd y\n0 1 * * * cd z"] {
        let out = with(&format!("0 1 * * * {other}\n")).success();
        let note = "note: sys:2: its command begins with root, a user of this machine: with --system, root runs what follows";
        assert!(out.stdout.contains(note), "{out}");
    }
}

#[test]
fn users_that_are_not_there_are_told_of() {
    let tab = "@daily nobody /opt/a.sh\n@daily no-such-user /opt/b.sh\n@daily daemon /opt/c.sh\n";
    let tab = format!("{tab}HOME=/no/such\n@daily daemon /opt/d.sh\n");
    let project = Project::new().file("sys", tab);
    let out = project.dibble(&["import-crontab", "--system", "sys", "--output", "jobs"]).success();
    for (line, note) in [
        (2, "there is no user no-such-user on this machine: cron does not run it, and the workflow fails"),
        (5, "the home directory of daemon, /no/such, is not there on this machine: Debian's cron runs it"),
    ] {
        assert!(out.stdout.contains(&format!("note: sys:{line}: {note}")), "{line}: {out}");
    }
    assert!(!out.stdout.contains("sys:3: the home directory"), "{out}");
    assert!(project.read("jobs/a.dig").contains("cd ~nobody || cd /\n"));
    assert!(project.read("jobs/d.dig").contains("cd || cd /\n"));
}
