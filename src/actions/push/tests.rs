//! What is accepted, what is refused and in which words, and how schedules go on.

use super::{PushError, PushRequest, push};
use crate::actions::error_kind::ErrorKind;
use crate::actions::publish::{ClearSchedules, Published};
use crate::archive::Limits;
use crate::model::time::{iso, parse_iso};
use crate::model::{ProjectId, ScheduleId, SessionTime, Time, Zone};
use crate::store::schedules::{self, Position, ScheduleRow};
use crate::store::{Durability, Store, archives, dump, projects, revisions, testing, workflows};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use tar::{Builder, EntryType, Header};

/// Files by name; a text that begins with `-> ` is a link.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(vec![], Compression::fast()));
    for (name, text) in files {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        let content = match text.strip_prefix("-> ") {
            Some(target) => {
                header.set_entry_type(EntryType::Symlink);
                header.set_link_name_literal(target).unwrap();
                ""
            }
            None => text,
        };
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn time(text: &str) -> Time {
    parse_iso(text).unwrap()
}

const NOW: &str = "2026-11-22T03:16:27Z";

struct Fixture {
    store: Store,
    _directory: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let (store, directory) = testing::store();
        Self { store, _directory: directory }
    }

    fn push(&self, project: &str, revision: &str, files: &[(&str, &str)]) -> Result<Published, PushError> {
        self.push_from(project, revision, files, NOW, &ClearSchedules::none())
    }

    fn push_from(
        &self,
        project: &str,
        revision: &str,
        files: &[(&str, &str)],
        schedule_from: &str,
        clear_schedules: &ClearSchedules,
    ) -> Result<Published, PushError> {
        let request = PushRequest {
            project,
            revision,
            archive: &archive(files),
            limits: Limits::default(),
            schedule_from: time(schedule_from),
            clear_schedules,
        };
        push(&self.store, &request, time(NOW))
    }

    fn dump(&self) -> String {
        self.store.read(dump::dump).unwrap()
    }

    fn schedules(&self, project: ProjectId) -> Vec<ScheduleRow> {
        self.store.read(|r| schedules::all_of_project(r, project)).unwrap()
    }
}

fn next(row: &ScheduleRow) -> String {
    iso(Zone::utc().local(row.next.session))
}

#[test]
fn a_pushed_project_is_all_there() {
    let fixture = Fixture::new();
    let files = [
        ("b.dig", "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n+b: {echo>: x}\n"),
        ("a.dig", "_export:\n  !include : 'inc/params.yml'\n+a: {echo>: x}\n"),
        ("inc/params.yml", "!include : 'more.yml'\n"),
        ("inc/more.yml", "k: v\n"),
        ("c.dig", "-> sub/real.dig"),
        ("sub/real.dig", "+c: {echo>: x}\n"),
    ];
    let published = fixture.push("p", "r1", &files).unwrap();
    let (project, revision) = (published.project.project.id, published.revision);
    let bytes = archive(&files);
    fixture
        .store
        .read(|r| {
            assert_eq!(projects::with_revision(r, project)?.as_ref(), Some(&published.project));
            assert_eq!(archives::gzip(r, revision)?.as_deref(), Some(&*bytes));
            assert_eq!(revisions::by_id(r, revision)?.unwrap().directory, None);
            let rows = workflows::list(r, revision)?;
            assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
            assert!(rows.iter().all(|row| published.workflows[&row.name] == row.id));
            assert_eq!(rows[0].config["_export"]["k"], "v");
            Ok(())
        })
        .unwrap();
    let [schedule] = &*fixture.schedules(project) else { panic!("one schedule") };
    assert_eq!(schedule.workflow_id, published.workflows["b"]);
    assert_eq!(next(schedule), "2026-11-22T15:00:00+00:00");
    assert_eq!(iso(Zone::utc().local(schedule.next.run)), "2026-11-22T22:00:00+00:00");
}

#[test]
fn a_revision_is_pushed_once() {
    let fixture = Fixture::new();
    let first = fixture.push("p", "r1", &[("a.dig", "+a: {echo>: x}")]).unwrap();
    let before = fixture.dump();
    let error = fixture.push("p", "r1", &[("b.dig", "+a: {echo>: x}")]).unwrap_err();
    assert_eq!(error.to_string(), "Resource already exists: revision=r1 in project id=1");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(fixture.dump(), before);
    let second = fixture.push("p", "r/2:+日本", &[]).unwrap();
    assert_eq!(second.project.project, first.project.project);
    assert!(second.revision > first.revision);
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_written() {
    let fixture = Fixture::new();
    let before = fixture.dump();
    let good = [("a.dig", "+a: {echo>: x}")];
    let wrong = |text: &'static str| vec![("a.dig", text)];
    for (project, revision, files, expected) in [
        ("", "r", good.to_vec(), "project= is required"),
        ("p", "", good.to_vec(), "revision= is required"),
        (
            "2bad",
            "r",
            good.to_vec(),
            "Validating project failed\nname must not start with a numeric digit (0-9): \"2bad\"",
        ),
        ("p", "r", vec![("../evil.dig", "")], "Bad zip entry: ../evil.dig"),
        ("p", "r", vec![("l", "-> /etc/passwd")], "Archive includes an invalid symlink: l -> /etc/passwd"),
        (
            "p",
            "r",
            wrong("+a: {sh>: 1, echo>: 2}"),
            "Validating project failed\nworkflow a.dig:1:14: A task can't have more than one operator: \
             {\"sh>\":1,\"echo>\":2}",
        ),
        (
            "p",
            "r",
            wrong("foo: 1\n+a: {sh>: 1}"),
            "Validating project failed\nworkflow a.dig:1:1: Workflow 'a' includes unknown keys: [foo]",
        ),
        (
            "p",
            "r",
            vec![
                ("a.dig", "!include : inc/i.yml\n"),
                ("b.dig", "foo: 1"),
                ("inc/i.yml", "+x: {sh>: 1, +y: {}}\n"),
            ],
            "Validating project failed\nworkflow a.dig: inc/i.yml:1:14: A task can't have subtasks: {\"sh>\":1}\n\
             workflow b.dig:1:1: Workflow 'b' includes unknown keys: [foo]",
        ),
        (
            "p",
            "r",
            wrong("schedule:\n  nosuch>: 1\n+a: {sh>: 1}"),
            "Validating project failed\nworkflow a.dig:2:12: Unknown scheduler type: nosuch",
        ),
        (
            "p",
            "r",
            wrong("schedule:\n  daily>: 07:00:00\n  skip_on_overtim: true\n+a: {sh>: 1}"),
            "Validating project failed\nworkflow a.dig:3:3: Parameter 'skip_on_overtim' is not used at schedule. > Did \
             you mean '[skip_on_overtime]'?",
        ),
    ] {
        let error = fixture.push(project, revision, &files).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{expected}");
    }
    for (section, part) in [("cron>: '0 0 31 2 *'", "a.dig:2:10: "), ("cron>: '61 * * * *'", "a.dig:2:10: ")]
    {
        let text = format!("schedule:\n  {section}\n+a: {{echo>: x}}\n");
        let error = fixture.push("p", "r", &[("a.dig", &text)]).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let names = ClearSchedules::Of(BTreeSet::from(["zz".to_owned()]));
    let error = fixture.push_from("p", "r", &good, NOW, &names).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.kind()), ("zz does not exist", ErrorKind::Invalid));
    assert_eq!(fixture.dump(), before);
}

const DAILY: &str = "schedule: {daily>: 07:00:00}\n+a: {echo>: x}\n";
const HOURLY: &str = "schedule: {hourly>: 00:00}\n+a: {echo>: x}\n";

#[test]
fn schedules_go_on_by_name() {
    let fixture = Fixture::new();
    let names = ["keeps", "drops", "unschedules", "idle"].map(|name| format!("{name}.dig"));
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), DAILY)).collect();
    let first = fixture.push("p", "1", &files).unwrap();
    let project = first.project.project.id;
    let ran = SessionTime::new(time("2026-11-25T00:00:00Z"));
    fixture
        .store
        .write(Durability::Full, |w| {
            let row = schedules::by_workflow(w, project, "keeps")?.unwrap();
            schedules::disable(w, row.id, time(NOW))?;
            let position = Position { last_session_time: Some(ran), ..row.position() };
            schedules::redefine(w, row.id, row.workflow_id, position)
        })
        .unwrap();
    let before = fixture.schedules(project);

    let files =
        [("keeps.dig", HOURLY), ("idle.dig", HOURLY), ("unschedules.dig", "+a: {}"), ("new.dig", DAILY)];
    let from = "2026-12-01T12:00:00Z";
    let second = fixture.push_from("p", "2", &files, from, &ClearSchedules::none()).unwrap();
    let after = fixture.schedules(project);
    let find = |rows: &[ScheduleRow], name: &str| rows.iter().find(|row| row.workflow_name == name).cloned();
    let names: BTreeSet<&str> = after.iter().map(|row| row.workflow_name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["keeps", "idle", "new"]));
    for (name, expected) in [
        ("keeps", "2026-11-25T01:00:00+00:00"),
        ("idle", "2026-12-01T12:00:00+00:00"),
        ("new", "2026-12-02T00:00:00+00:00"),
    ] {
        let row = find(&after, name).unwrap();
        assert_eq!((next(&row).as_str(), row.workflow_id), (expected, second.workflows[name]), "{name}");
    }
    let (old, kept) = (find(&before, "keeps").unwrap(), find(&after, "keeps").unwrap());
    assert_eq!((kept.id, kept.disabled_at, kept.last_session_time), (old.id, Some(time(NOW)), Some(ran)));
    assert_eq!(kept.created_at, old.created_at);

    let back = fixture.push("p", "3", &[("keeps.dig", HOURLY), ("drops.dig", DAILY)]).unwrap();
    let rows = fixture.schedules(project);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].workflow_id, back.workflows["drops"]);
    assert!(rows[1].id > ScheduleId(5), "it begins anew");
}

#[test]
fn cleared_schedules_begin_anew() {
    let fixture = Fixture::new();
    let files = [("a.dig", DAILY), ("b.dig", DAILY)];
    let project = fixture.push("p", "1", &files).unwrap().project.project.id;
    let ran = SessionTime::new(time("2026-11-25T00:00:00Z"));
    let run = |name: &str| {
        fixture
            .store
            .write(Durability::Full, |w| {
                let row = schedules::by_workflow(w, project, name)?.unwrap();
                let position = Position { last_session_time: Some(ran), ..row.position() };
                schedules::redefine(w, row.id, row.workflow_id, position)
            })
            .unwrap();
    };
    let positions = |revision: &str, clear: &ClearSchedules| {
        run("a");
        run("b");
        fixture.push_from("p", revision, &files, NOW, clear).unwrap();
        let rows = fixture.schedules(project);
        rows.iter().map(|row| (next(row), row.last_session_time.is_some())).collect::<Vec<_>>()
    };
    let anew = ("2026-11-22T00:00:00+00:00".to_owned(), false);
    let on = ("2026-11-26T00:00:00+00:00".to_owned(), true);
    assert_eq!(positions("2", &ClearSchedules::none()), [on.clone(), on.clone()]);
    assert_eq!(positions("3", &ClearSchedules::Of(BTreeSet::from(["b".to_owned()]))), [on, anew.clone()]);
    assert_eq!(positions("4", &ClearSchedules::All), [anew.clone(), anew]);
}

#[test]
fn schedules_that_are_put_back_are_not_late() {
    let fixture = Fixture::new();
    let files = [("a.dig", DAILY)];
    let project = fixture.push("p", "1", &files).unwrap().project.project.id;
    let late = |revision: &str, from: &str| {
        fixture.push_from("p", revision, &files, from, &ClearSchedules::All).unwrap();
        fixture.schedules(project)[0].late_session_time
    };
    let past = "2026-11-02T00:00:00Z";
    assert_eq!(late("2", past), Some(SessionTime::new(time(past))), "whoever wants it need not be told");
    assert_eq!(late("3", "2026-12-02T00:00:00Z"), None, "it is yet to come");
}

#[test]
fn a_schedule_that_has_ended_never_comes() {
    let fixture = Fixture::new();
    let ended = "schedule: {daily>: 07:00:00, end: 2020-01-01}\n+a: {}\n";
    let project = fixture.push("p", "1", &[("a.dig", ended)]).unwrap().project.project.id;
    assert!(fixture.schedules(project)[0].next.is_never());
}

#[test]
fn large_archives_are_refused() {
    let fixture = Fixture::new();
    let zeros = "\0".repeat(12_582_912);
    let error = fixture.push("p", "r", &[("zeros", &zeros)]).unwrap_err().to_string();
    assert_eq!(error, "Size of a file in the archive exceeds limit (12582912 > 2097152 bytes): zeros");
}
