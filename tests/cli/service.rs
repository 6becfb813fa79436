//! `dibble service`. A `systemctl` of the tests writes down its calls; the machine's own is never called.

use crate::support::Project;
use insta::assert_snapshot;

const SYSTEMCTL: &str = r#"
    #!/bin/sh
    echo "$*" >> "$CALLS"
    case "$*" in
    *status*) echo "dibble.service - running"; exit "${STATUS:-0}" ;;
    *"${FAIL:-never}"*) echo "Failed to connect to bus: No medium found" >&2; exit 1 ;;
    esac
"#;

/// A machine with systemd.
fn machine() -> Project {
    let project = Project::new().executable("bin/systemctl", SYSTEMCTL.trim_start());
    project.env("PATH", "{project}/bin:/usr/bin:/bin").env("CALLS", "{project}/calls")
}

fn unit(project: &Project) -> String {
    std::fs::read_to_string(project.home().join(".config/systemd/user/dibble.service")).unwrap_or_default()
}

/// The unit without what differs from run to run: the checksum and the place of the program.
fn shown(text: &str) -> String {
    let line = |line: &str| {
        if line.starts_with("# Checksum") {
            return String::new();
        }
        let program = line.strip_prefix("ExecStart=").and_then(|rest| rest.split_once(" server"));
        program.map_or(format!("{line}\n"), |(_, options)| format!("ExecStart=DIBBLE server{options}\n"))
    };
    text.lines().map(line).collect()
}

#[test]
fn the_unit_of_the_machine() {
    let project = Project::new().file("s.properties", "server.shutdown.timeout = 2m\n");
    let out =
        project.dibble(&["service", "install", "--print", "-c", "s.properties", "-n", "8080"]).success();
    let printed = shown(&out.stdout).replace(&*project.dir().canonicalize().unwrap().to_string_lossy(), "/p");
    assert_snapshot!(printed, @r"
    [Unit]
    Description=Dibble, which runs workflows
    Wants=network-online.target
    After=network-online.target

    [Service]
    Type=notify
    ExecStart=DIBBLE server --port 8080 --config /p/s.properties -o /var/lib/dibble
    ExecReload=/bin/kill -HUP $MAINPID
    User=dibble
    StateDirectory=dibble
    Restart=on-failure
    RestartSec=5
    # A wrong command line does not get better.
    RestartPreventExitStatus=2
    TimeoutStartSec=300
    WatchdogSec=180
    # The server waits for running commands first (server.shutdown.timeout).
    TimeoutStopSec=150
    KillMode=mixed
    LimitNOFILE=65536
    # For the limits of attempts.
    Delegate=yes

    # Commands get no rights by setuid programs. If they need sudo, set NoNewPrivileges=no by `systemctl edit`.
    NoNewPrivileges=yes
    RestrictSUIDSGID=yes
    # /usr, /boot and /etc are read-only for them; /tmp, /home, /srv and /var are what they are for everybody.
    ProtectSystem=full
    ProtectKernelTunables=yes
    ProtectKernelModules=yes
    ProtectKernelLogs=yes
    ProtectClock=yes
    ProtectHostname=yes
    LockPersonality=yes
    RestrictRealtime=yes

    [Install]
    WantedBy=multi-user.target
    ");
}

#[test]
fn that_everybody_is_let_in_is_told_until_there_is_a_user_or_a_token() {
    let users = "server.authenticator.basic.username = ada\nserver.authenticator.basic.password = pw\n";
    let project = Project::new().file("users.properties", users);
    let says = |options: &[&str]| {
        let words = [&["service", "install", "--print"], options].concat();
        project.dibble(&words).success().stderr.contains("Every user of this machine can run commands as ")
    };
    let named = ["-o", "data.db", "--run-as", "root"];
    assert!(says(&[]) && says(&named));
    assert!(!says(&["-c", "users.properties"]) && !says(&["--user"]) && !says(&["--memory"]));
    let out = project.dibble(&[&["service", "install", "--print"], &named[..]].concat()).success();
    let _ = out.says(&["commands as root: make a token with `dibble token create NAME -o /", "/data.db`"]);
    assert_eq!(project.files(), ["users.properties"]);
    let _ = project.dibble(&["token", "create", "ci", "-o", "data.db"]).success();
    assert!(says(&[]) && !says(&named));
}

#[test]
fn the_unit_of_a_user() {
    let project = Project::new();
    let out = project.dibble(&["service", "install", "--user", "--print", "-o", "/my 100%/$x"]).success();
    assert_snapshot!(shown(&out.stdout), @r#"
    [Unit]
    Description=Dibble, which runs workflows

    [Service]
    Type=notify
    ExecStart=DIBBLE server --database "/my 100%%/$$x"
    ExecReload=/bin/kill -HUP $MAINPID
    Restart=on-failure
    RestartSec=5
    # A wrong command line does not get better.
    RestartPreventExitStatus=2
    TimeoutStartSec=300
    WatchdogSec=180
    # The server waits for running commands first (server.shutdown.timeout).
    TimeoutStopSec=90
    KillMode=mixed
    LimitNOFILE=65536
    # For the limits of attempts.
    Delegate=yes

    # Commands get no rights by setuid programs. If they need sudo, set NoNewPrivileges=no by `systemctl --user edit`.
    NoNewPrivileges=yes
    RestrictSUIDSGID=yes

    [Install]
    WantedBy=default.target
    "#);
    assert_eq!(project.files(), [""; 0]);
}

#[test]
fn what_no_server_would_start_with_is_refused() {
    for (line, message) in [
        ("notification.type = slack", "notification.type: 'slack' is not known"),
        (
            "notification.type = mail  # or http",
            "is not known (a comment needs a line of its own); use 'mail'",
        ),
        ("slots.db = many", "slots.db = many: expected"),
    ] {
        let project = Project::new().file("s.properties", line);
        let out = project.dibble(&["service", "install", "--print", "-c", "s.properties"]).fails(1);
        assert_eq!(out.says(&[message]).stdout, "");
    }
}

#[test]
fn it_is_installed_replaced_and_removed() {
    let project = machine();
    let out = project.dibble(&["service", "install", "--user", "--disable-scheduler"]).success();
    assert!(out.stdout.contains("loginctl enable-linger"), "{out}");
    assert!(unit(&project).contains(" server --disable-scheduler\n"));
    let calls = "--user --version\n--user daemon-reload\n--user enable --now dibble.service\n";
    assert_eq!(project.read("calls"), calls);

    let _ = project.dibble(&["service", "install", "--user"]).success();
    assert!(!unit(&project).contains("--disable-scheduler"));
    assert_eq!(project.read("calls"), format!("{calls}{calls}--user restart dibble.service\n"));

    let project = project.file("calls", "");
    let out = project.dibble(&["service", "uninstall", "--user"]).success();
    assert!(out.stdout.contains("The database stays"), "{out}");
    assert_eq!(unit(&project), "");
    let calls = "--user --version\n--user disable --now dibble.service\n--user daemon-reload\n";
    assert_eq!(project.read("calls"), calls);
    let _ = project.dibble(&["service", "uninstall", "--user"]).fails(1).says(&["There is no service"]);
}

#[test]
fn what_somebody_has_changed_stays() {
    let project = machine();
    let _ = project.dibble(&["service", "install", "--user"]).success();
    let path = project.home().join(".config/systemd/user/dibble.service");
    let changed = unit(&project).replace("RestartSec=5", "RestartSec=7");
    std::fs::write(&path, &changed).unwrap();
    for verb in ["install", "uninstall"] {
        let _ =
            project.dibble(&["service", verb, "--user"]).fails(1).says(&["Somebody has changed", "--force"]);
        assert_eq!(unit(&project), changed);
    }
    let _ = project.dibble(&["service", "install", "--user", "--force"]).success();
    assert!(unit(&project).contains("RestartSec=5"));
}

#[test]
fn what_systemctl_says_is_shown() {
    let project = machine().env("FAIL", "daemon-reload");
    let _ = project.dibble(&["service", "install", "--user"]).fails(1).says(&[
        "systemctl --user daemon-reload failed: exit status: 1",
        "> Failed to connect to bus: No medium found",
    ]);
    let out = machine().dibble(&["service", "status", "--user"]).success();
    assert_eq!(out.stdout, "dibble.service - running\n");
    let project = machine().env("STATUS", "3");
    assert_eq!(project.dibble(&["service", "status"]).exit(), "1");
    assert_eq!(project.read("calls"), "--no-pager status dibble.service\n");
}

#[test]
fn mistakes() {
    let without = Project::new().env("PATH", "{project}");
    for verb in ["install", "uninstall", "status"] {
        let _ =
            without.dibble(&["service", verb, "--user"]).fails(1).says(&["There is no systemd", "--print"]);
    }
    let project = machine();
    for (words, code, message) in [
        (&["service", "install", "--run-as", "no-such-user"][..], 1, "There is no user no-such-user"),
        (
            &["service", "install", "--print", "-o", "x", "-m"],
            2,
            "Setting both --database and --memory is invalid",
        ),
        (&["service", "install", "--user", "--run-as", "x"], 2, "--run-as"),
        (&["service", "install", "--name", "a b"], 2, "'a b' cannot be the name of a unit"),
        (&["service", "restart"], 2, "known are install, uninstall and status"),
        (&["service"], 2, "Missing argument"),
    ] {
        let unprivileged = words.contains(&"no-such-user") && !nix::unistd::geteuid().is_root();
        let message = if unprivileged { "for root only" } else { message };
        let _ = project.dibble(words).fails(code).says(&[message]);
    }
    let project = machine().unprivileged();
    if nix::unistd::geteuid().is_root() {
        let _ = project.dibble(&["service", "install"]).fails(1).says(&["for root only", "--user"]);
    }
}

#[test]
fn projects_are_there_before_the_service_is_installed() {
    let project = machine().file("jobs/wf.dig", "+a:\n  echo>: x\n");
    let install = |option, directory| project.dibble(&["service", "install", "--user", option, directory]);
    let _ = install("--project", "none").fails(1).says(&["--project: ", "none does not exist"]);
    let _ = install("--projects-dir", "none").fails(1).says(&["--projects-dir: ", "none does not exist"]);
    assert_eq!(unit(&project), "");
    let _ = install("--project", "jobs").success();
}
