//! Whole crontabs, and any crontab: the workflows mean the same.

use super::compare::{Compared, Row};
use super::pattern::{Pattern, When};
use super::times::{CronTimes, Rules};
use super::{Cause, Conversion, Names, Options, convert, parse};
use crate::dig::schedule::Schedule;
use crate::model::time::{iso, parse_iso};
use crate::model::{Time, Zone};
use chrono::TimeDelta;
use proptest::prelude::*;

fn options(zone: &str) -> Options {
    Options { label: "crontab".to_owned(), zone: Zone::parse(zone).unwrap(), user: "ann".to_owned() }
}

fn conversions(text: &str, with_user: bool, zone: &str) -> Vec<Conversion> {
    let crontab = parse(text.as_bytes(), with_user, 1);
    assert_eq!(crontab.errors, [], "{text}");
    let mut names = Names::default();
    crontab.entries.iter().map(|entry| convert(entry, &options(zone), &mut names).unwrap()).collect()
}

fn only(text: &str) -> Conversion {
    conversions(text, false, "UTC").remove(0)
}

#[test]
fn a_plain_entry() {
    let conversion = only("# Every night\n0 3 * * * /opt/backup.sh # all\n");
    assert_eq!(conversion.notes, [""; 0]);
    insta::assert_snapshot!(conversion.text, @r#"
    # Every night
    # crontab:2: 0 3 * * * /opt/backup.sh # all

    timezone: UTC

    schedule:
      cron>: "0 3 * * *"

    +run:
      _env:
        PATH: "/usr/bin:/bin"
        SHELL: "/bin/sh"
      sh>: |
        cd || exit
        /opt/backup.sh # all
    "#);
}

#[test]
fn variables_input_and_a_shell() {
    let text = "SHELL=/bin/bash\nPATH=$HOME/bin:/bin\nMAILTO=ann@example.com\nCRON_TZ=Asia/Tokyo\nVAL=\"a: 'b' ${c}\"\nRANDOM_DELAY=5\n\
                */15 8-18 * * mon-fri mail -s \"Day $(date +\\%F) $$ ${A}\" bob%Hi,%\"${B}\"%END\n";
    let conversion = only(text);
    assert_eq!(
        conversion.notes,
        [
            "its times are in CRON_TZ, as cronie has it; Debian's cron ignores that",
            "RANDOM_DELAY is not kept: it starts on the minute"
        ]
    );
    insta::assert_snapshot!(conversion.text, @r#"
    # crontab:7: */15 8-18 * * mon-fri mail -s "Day $(date +\%F) $$ ${A}" bob%Hi,%"${B}"%END

    timezone: Asia/Tokyo

    schedule:
      cron>: "*/15 8-18 * * 1-5"

    +run:
      _env:
        SHELL: "/bin/bash"
        PATH: "$HOME/bin:/bin"
        VAL: "a: 'b' ${'$'}{c}"
      shell: ["/bin/bash"]
      sh>: |
        cd || exit
        exec <<'END_2'
        Hi,
        "${'$'}{B}"
        END
        END_2
        mail -s "Day $(date +%F) $$$$ ${'$'}{A}" bob
    "#);
}

#[test]
fn what_looks_like_a_secret_is_handed_over() {
    let conversion = only("U=${X:-y}\n@hourly echo ${A:-b}%${C:-d}\n");
    insta::assert_snapshot!(conversion.text, @r#"
    # crontab:2: @hourly echo ${A:-b}%${C:-d}

    timezone: UTC

    schedule:
      cron>: "0 * * * *"

    +run:
      _env:
        PATH: "/usr/bin:/bin"
        SHELL: "/bin/sh"
      U: "${'$'}{X:-y}"
      cron_command: "echo ${'$'}{A:-b}"
      cron_input: "${'$'}{C:-d}"
      sh>: |
        cd || exit
        exec /bin/sh -c "$cron_command" <<END
        $cron_input
        END
    "#);
}

#[test]
fn debians_own_crontab() {
    let text = "\
# /etc/crontab: system-wide crontab
# Unlike any other crontab you don't have to run the `crontab'
# command to install the new version when you edit this file
# and files in /etc/cron.d. These files also have username fields,
# that none of the other crontabs do.

SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

# Example of job definition:
# .---------------- minute (0 - 59)
# |  .------------- hour (0 - 23)
# |  |  .---------- day of month (1 - 31)
# |  |  |  .------- month (1 - 12) OR jan,feb,mar,apr ...
# |  |  |  |  .---- day of week (0 - 6) (Sunday=0 or 7) OR sun,mon,tue,wed,thu,fri,sat
# |  |  |  |  |
# *  *  *  *  * user-name command to be executed
17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\ttest -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )
47 6\t* * 7\troot\ttest -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.weekly )
52 6\t1 * *\troot\ttest -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.monthly )
0 */12 * * * www-data test -x /usr/bin/certbot -a \\! -d /run/systemd/system && certbot -q renew --no-random-sleep-on-renew
#
";
    let found = conversions(text, true, "Europe/Berlin");
    let shown: Vec<_> =
        found.iter().map(|one| (one.name.as_str(), one.pattern.as_deref().unwrap())).collect();
    assert_eq!(
        shown,
        [
            ("cron-hourly", "17 * * * *"),
            ("cron-daily", "25 6 * * *"),
            ("cron-weekly", "47 6 * * 7"),
            ("cron-monthly", "52 6 1 * *"),
            ("certbot", "0 */12 * * *"),
        ]
    );
    let notes = "cron runs it as root: so has the server to be, or the command is made to do without";
    assert_eq!(found[0].notes, [notes]);
    insta::assert_snapshot!(found[4].text.split_once("+run:\n").unwrap().1, @r#"
      _env:
        SHELL: "/bin/sh"
        PATH: "/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin"
      cron_command: "test -x /usr/bin/certbot -a \\! -d /run/systemd/system && certbot -q renew --no-random-sleep-on-renew"
      sh>: |
        cd ~www-data || cd /
        exec /sbin/runuser -u www-data -- env SHELL=/bin/sh /bin/sh -c "$cron_command"
    "#);
}

/// Lines as they are found on servers: the name of each workflow and its task.
#[test]
fn crontabs_of_users() {
    let text = r#"
* * * * * cd /var/www/shop && php artisan schedule:run >> /dev/null 2>&1
*/5 * * * * /usr/bin/flock -n /tmp/sync.lock rsync -a --delete /data/ backup:/data/
0 0 * * * "/home/ann/.acme.sh"/acme.sh --cron --home "/home/ann/.acme.sh" > /dev/null
15 3 * * 0 mysqldump -u root shop | gzip > /backup/shop-$(date +\%Y\%m\%d).sql.gz
@hourly wget -q -O - https://example.com/cron.php?key='a&b' >/dev/null
09,39 * * * * [ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then /usr/lib/php/sessionclean; fi
0 4 1-7 * * [ "$(date '+\%u')" = 7 ] && /opt/first-sunday
0 9 * * 1-5 cd ~/reports && . venv/bin/activate && python -m reports.daily --to "${TEAM:-all}" 2>&1 | logger -t reports
0 22 * * * find /tmp -name '*.tmp' -mtime +7 -exec rm {} \;
30 6 * * mon /usr/sbin/logrotate /home/ann/logrotate.conf --state /home/ann/.state
"#;
    let found = conversions(text, false, "America/New_York");
    let script = |one: &Conversion| one.text.split_once("cd || exit\n").unwrap().1.trim().to_owned();
    let shown: Vec<String> = found.iter().map(|one| format!("{} {}", one.name, script(one))).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    artisan cd /var/www/shop && php artisan schedule:run >> /dev/null 2>&1
    rsync /usr/bin/flock -n /tmp/sync.lock rsync -a --delete /data/ backup:/data/
    acme "/home/ann/.acme.sh"/acme.sh --cron --home "/home/ann/.acme.sh" > /dev/null
    mysqldump mysqldump -u root shop | gzip > /backup/shop-$(date +%Y%m%d).sql.gz
    wget wget -q -O - https://example.com/cron.php?key='a&b' >/dev/null
    sessionclean [ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then /usr/lib/php/sessionclean; fi
    first-sunday [ "$(date '+%u')" = 7 ] && /opt/first-sunday
    reports-daily exec /bin/sh -c "$cron_command"
    find find /tmp -name '*.tmp' -mtime +7 -exec rm {} \;
    logrotate /usr/sbin/logrotate /home/ann/logrotate.conf --state /home/ann/.state
    "#);
}

#[test]
fn without_a_schedule() {
    let conversion = only("@reboot x\n");
    assert!(conversion.schedule.is_none() && conversion.pattern.is_none());
    assert!(conversion.text.contains("#   ExecStart=/usr/bin/env dibble start PROJECT x --session now\n"));
    let conversion = only("0 0 31 2 * x\n");
    assert_eq!(conversion.notes, ["no date ever matches, cron never runs it: the workflow has no schedule"]);
    assert!(conversion.schedule.is_none());
}

#[test]
fn names_of_variables() {
    let conversion =
        only("null=1\nA-B=2\nLOGNAME=me\nTZ=Asia/Tokyo\nshell=${a:b}\nMAILTO=me\n@daily echo $MAILTO\n");
    assert_eq!(
        conversion.notes,
        [
            "the variable \"A-B\" is left out: no task can have one of this name",
            "LOGNAME is left out: cron, too, sets it to the user",
            "the variable \"shell\" is left out: no task can have one of this name",
            "TZ is for the command only, as with cron: its times are in UTC",
        ]
    );
    assert!(
        conversion.text.contains("    \"null\": \"1\"\n    TZ: \"Asia/Tokyo\"\n    MAILTO: \"me\"\n"),
        "{}",
        conversion.text
    );
}

fn rows(pattern: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let conversion = conversions(&format!("{pattern} x\n"), false, zone).remove(0);
    let entry = parse(format!("{pattern} x\n").as_bytes(), false, 1).entries.remove(0);
    let When::Times(pattern) = entry.when else { panic!() };
    let zone = &conversion.zone;
    let schedule = conversion.schedule.as_ref().unwrap();
    let compared = Compared { pattern: &pattern, schedule, zone, rules: conversion.rules };
    let shown = |time: Option<Time>| {
        time.map_or("-".to_owned(), |time| {
            iso(zone.local(time))[5..].replace(":00-", "-").replace(":00+", "+")
        })
    };
    let line =
        |row: Row| format!("{} {} {}", shown(row.cron), shown(row.dibble), row.reason().unwrap_or("same"));
    let rows = compared.rows(parse_iso(from).unwrap(), count);
    let differ: Vec<_> = compared.differences(parse_iso(from).unwrap());
    assert!(rows.iter().filter(|row| !row.is_same()).all(|row| differ.contains(row)), "{differ:?}");
    rows.into_iter().map(line).collect()
}

#[test]
fn differences_are_explained() {
    const LOS_ANGELES: &str = "America/Los_Angeles";
    let forward = "2024-03-10T00:00:00-08:00";
    let back = "2024-11-03T00:00:00-07:00";
    let same = "same";
    for (pattern, from, expected) in [
        (
            "30 2 * * *",
            forward,
            vec![(
                "03-10T03:00-07:00 03-10T03:30-07:00",
                "the clocks skip its time: cron runs it at once, Dibble as much later as they go forward",
            )],
        ),
        (
            "0,30 2 * * *",
            forward,
            vec![
                ("03-10T03:00-07:00 03-10T03:00-07:00", same),
                (
                    "03-10T03:00-07:00 -",
                    "the clocks skip several of its times: cron runs each of them, Dibble one",
                ),
                ("03-11T02:00-07:00 03-11T02:00-07:00", same),
            ],
        ),
        (
            "*/30 2 * * *",
            forward,
            vec![(
                "- 03-10T03:00-07:00",
                "the clocks skip its time: cron leaves it out, Dibble runs it later",
            )],
        ),
        (
            "30 1,2 * * *",
            back,
            vec![
                (
                    "11-03T01:30-07:00 11-03T01:30-08:00",
                    "its time comes twice: cron takes the first, Dibble the second",
                ),
                ("11-03T02:30-08:00 11-03T02:30-08:00", same),
            ],
        ),
        (
            "10,50 1 * * *",
            back,
            vec![
                (
                    "11-03T01:10-07:00 11-03T01:10-08:00",
                    "its time comes twice: cron takes the first, Dibble the second",
                ),
                (
                    "11-03T01:50-07:00 11-03T01:50-08:00",
                    "its time comes twice: cron takes the first, Dibble the second",
                ),
                ("11-04T01:10-08:00 11-04T01:10-08:00", same),
            ],
        ),
        (
            "0,30 1,2 * * *",
            back,
            vec![
                (
                    "11-03T01:00-07:00 11-03T01:00-08:00",
                    "its time comes twice: cron takes the first, Dibble the second",
                ),
                (
                    "11-03T01:30-07:00 11-03T01:30-08:00",
                    "its time comes twice: cron takes the first, Dibble the second",
                ),
                ("11-03T02:00-08:00 11-03T02:00-08:00", same),
                ("11-03T02:30-08:00 11-03T02:30-08:00", same),
            ],
        ),
        (
            // cron has run already.
            "30 1 * * *",
            "2024-11-03T01:45:00-07:00",
            vec![
                (
                    "11-03T01:30-07:00 11-03T01:30-08:00",
                    "its time comes twice: cron takes the first, Dibble the second",
                ),
                ("11-04T01:30-08:00 11-04T01:30-08:00", same),
            ],
        ),
        (
            "*/30 1 * * *",
            back,
            vec![
                ("11-03T01:00-07:00 -", "its time comes twice: cron runs it twice, Dibble once"),
                ("11-03T01:30-07:00 -", "its time comes twice: cron runs it twice, Dibble once"),
                ("11-03T01:00-08:00 11-03T01:00-08:00", same),
            ],
        ),
        (
            "0 * * * *",
            back,
            vec![
                ("11-03T00:00-07:00 11-03T00:00-07:00", same),
                ("11-03T01:00-07:00 11-03T01:00-07:00", same),
                ("11-03T01:00-08:00 11-03T01:00-08:00", same),
            ],
        ),
    ] {
        let expected: Vec<_> = expected.iter().map(|(times, why)| format!("{times} {why}")).collect();
        assert_eq!(rows(pattern, LOS_ANGELES, from, expected.len()), expected, "{pattern}");
    }
}

fn field(min: u32, max: u32) -> impl Strategy<Value = String> {
    let element = prop_oneof![
        (min..=max).prop_map(|a| a.to_string()),
        (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        (min..=max, min..=max, 1..20_u32).prop_map(|(a, b, step)| format!(
            "{}-{}/{step}",
            a.min(b),
            a.max(b)
        )),
        (1..40_u32).prop_map(|step| format!("*/{step}")),
        (min..=max, 1..20_u32).prop_map(|(a, step)| format!("{a}/{step}")),
        (min..=max, min..=max).prop_map(|(a, b)| format!("{}~{}", a.min(b), a.max(b))),
    ];
    let list = proptest::collection::vec(element, 1..3).prop_map(|list| list.join(","));
    prop_oneof![2 => Just("*".to_owned()), 3 => list]
}

fn any_pattern() -> impl Strategy<Value = String> {
    let weekday = prop_oneof![
        field(0, 7),
        proptest::sample::select(vec!["mon-fri", "Sun", "fri-sun", "SAT,7", "sun-wed/2"])
            .prop_map(str::to_owned)
    ];
    let month = prop_oneof![field(1, 12), Just("Jan-mar,DEC".to_owned())];
    // Few minutes and hours, so that two years are looked at quickly.
    let minute = (0..60_u32).prop_map(|minute| minute.to_string());
    let hour = prop_oneof![1 => field(0, 23), 3 => (0..24_u32).prop_map(|hour| hour.to_string())];
    prop_oneof![
        8 => (minute, hour, field(1, 31), month, weekday)
            .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}")),
        1 => (field(0, 59), field(0, 23)).prop_map(|(minute, hour)| format!("{minute} {hour} 13 5,11 fri")),
        1 => proptest::sample::select(vec!["@yearly", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"])
            .prop_map(str::to_owned),
    ]
}

fn check(text: &str, zone: &str) -> Result<(), TestCaseError> {
    let crontab = parse(format!("{text} x\n").as_bytes(), false, 7);
    prop_assert_eq!(&crontab.errors, &[]);
    let entry = &crontab.entries[0];
    let When::Times(pattern) = &entry.when else { return Ok(()) };
    let conversion = convert(entry, &options(zone), &mut Names::default()).unwrap();
    let zone = &conversion.zone;
    let from = parse_iso("2027-01-01T00:00:00Z").unwrap();
    let until = from + TimeDelta::days(730);
    let quiet = |time: &Time| {
        let offset = |at: Time| zone.local(at).offset().local_minus_utc();
        offset(*time - TimeDelta::days(1)) == offset(*time + TimeDelta::days(1))
    };
    let cron: Vec<Time> = cron_times(pattern, zone, from, until).into_iter().filter(quiet).collect();
    let dibble: Vec<Time> = conversion
        .schedule
        .map_or(Vec::new(), |schedule| dibble_times(&schedule, from, until))
        .into_iter()
        .filter(quiet)
        .collect();
    prop_assert_eq!(cron, dibble, "{}", conversion.text);
    Ok(())
}

fn cron_times(pattern: &Pattern, zone: &Zone, from: Time, until: Time) -> Vec<Time> {
    CronTimes::new(pattern, zone, Rules::Machine, from).take_while(|time| *time < until).collect()
}

fn dibble_times(schedule: &Schedule, from: Time, until: Time) -> Vec<Time> {
    let all = std::iter::successors(schedule.first(from), |time| schedule.next(time.session));
    all.map(|time| time.run).take_while(|time| *time < until).collect()
}

#[test]
fn ranges_of_weekdays_keep_their_meaning() {
    let ends = (0..=7).flat_map(|low| (low..=7).map(move |high| format!("{low}-{high}")));
    for range in ends.chain((0..=7).map(|low| low.to_string())).chain(["*".to_owned(), "fri-sun".to_owned()])
    {
        check(&format!("0 5 * * {range}"), "UTC").unwrap();
        for step in 1..=8 {
            check(&format!("0 5 * * {range}/{step}"), "UTC").unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_years_are_the_same(
        text in any_pattern(),
        zone in proptest::sample::select(vec!["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]),
    ) {
        check(&text, zone)?;
    }

    /// Whatever stands in a crontab is read without a fault, and what is read becomes a workflow.
    #[test]
    fn anything_becomes_a_workflow(
        command in proptest::collection::vec(any::<u8>(), 0..60),
        text in "[$%{}:'\"\\\\#a \u{85}\u{2028}😀\t-]{0,40}",
        value in "[$%{}:'\"\\\\#a é]{0,20}",
        with_user in any::<bool>(),
    ) {
        let mut line = format!("V={value}\n0 5 * * * {}{text}", if with_user { "bob " } else { "" }).into_bytes();
        line.extend(command);
        for entry in parse(&line, with_user, 0).entries {
            let converted = convert(&entry, &options("UTC"), &mut Names::default());
            prop_assert!(converted.is_ok(), "{}", converted.unwrap_err());
        }
    }

    #[test]
    fn any_line_is_an_entry_or_an_error(
        lines in "([*0-9@~,/-]{1,6} ){0,6}[*0-9@ \t,/~=%#'\"a-z\n-]{0,40}\n?",
        with_user in any::<bool>(),
    ) {
        for entry in parse(lines.as_bytes(), with_user, 0).entries {
            let converted = convert(&entry, &options("UTC"), &mut Names::default());
            let is_zone = matches!(&converted, Err(error) if matches!(error.cause, Cause::Zone(_)));
            prop_assert!(converted.is_ok() || is_zone, "{}", converted.unwrap_err());
        }
    }
}
