//! Attempts, sessions, owners: what is found again, and in which order.

use crate::engine::Change;
use crate::model::{
    AttemptId, Params, RevisionId, SessionId, Task, TaskKind, TaskResult, TaskState, WorkflowId, Zone,
};
use crate::store::attempts::{self, AttemptRow, Inserted, NewAttempt, Scope};
use crate::store::commit::{self, Applied};
use crate::store::testing::{self, at, object, session_time};
use crate::store::{Durability, OwnerId, Page, Store, owners, projects, revisions, sessions, workflows};
use serde_json::json;
use uuid::Uuid;

fn ids(rows: &[AttemptRow]) -> Vec<i64> {
    rows.iter().map(|row| row.id.0).collect()
}

fn all<Id>() -> Page<Id> {
    Page::first(100)
}

fn succeed(store: &Store, attempt: AttemptId, owner: OwnerId, success: bool) {
    let change = Change::Finished { success, at: at(50) };
    let applied = store.write(Durability::Full, |w| commit::apply(w, attempt, owner, &[change]));
    assert_eq!(applied.unwrap(), Applied::Yes);
}

#[test]
fn projects_revisions_and_workflows_are_found() {
    let (store, _directory) = testing::store();
    let workflow = testing::workflow(&store, "p", "one");
    testing::workflow(&store, "p", "two");
    testing::workflow(&store, "q", "one");
    store
        .read(|r| {
            let p = projects::by_name(r, "p")?.unwrap();
            assert_eq!(projects::by_id(r, p.id)?.as_ref(), Some(&p));
            assert_eq!(projects::by_name(r, "r")?, None);
            let names = |after, limit| {
                let projects = projects::list(r, after, limit).unwrap();
                projects.into_iter().map(|project| project.name).collect::<Vec<_>>()
            };
            assert_eq!(names(None, 9), ["p", "q"]);
            assert_eq!(names(None, 1), ["p"]);
            assert_eq!(names(Some(p.id), 9), ["q"]);

            let latest = revisions::latest(r, p.id)?.unwrap();
            assert_eq!((latest.name.as_str(), latest.digest.as_str()), ("2", "d"));
            assert_eq!(serde_json::to_string(&latest.default_params).unwrap(), r#"{"z":1,"a":2}"#);
            assert_eq!(revisions::by_id(r, latest.id)?.as_ref(), Some(&latest));
            let first = revisions::by_name(r, p.id, "1")?.unwrap();
            assert_eq!(revisions::list(r, p.id, all())?, [latest.clone(), first.clone()]);
            let older = Page { before: Some(latest.id), limit: 9 };
            assert_eq!(revisions::list(r, p.id, older)?, std::slice::from_ref(&first));

            let row = workflows::by_name(r, first.id, "one")?.unwrap();
            assert_eq!((row.id, row.timezone.clone()), (workflow, Zone::utc()));
            assert_eq!(serde_json::to_string(&row.config).unwrap(), r#"{"+b":{},"+a":{}}"#);
            assert_eq!(workflows::by_id(r, workflow)?.as_ref(), Some(&row));
            assert_eq!(workflows::list(r, first.id)?, [row]);
            assert_eq!(workflows::by_name(r, RevisionId(99), "one")?, None);
            Ok(())
        })
        .unwrap();
}

#[test]
fn an_attempt_has_its_session_and_index() {
    let (store, _directory) = testing::store();
    let owner = testing::owner(&store);
    let workflow = testing::workflow(&store, "p", "wf");
    let tokyo = Zone::parse("Asia/Tokyo").unwrap();
    let uuid = Uuid::from_u128(0x1234);
    let params = object(json!({"b": 1, "a": {"x": []}}));
    let tasks = testing::tasks();
    let first = NewAttempt {
        workflow,
        session_time: session_time(-3600),
        session_uuid: uuid,
        name: "",
        timezone: &tokyo,
        params: &params,
        owner: Some(owner),
        waits_for: None,
        resume: None,
        tasks: &tasks,
    };
    let insert = |attempt: &NewAttempt<'_>| {
        store.write(Durability::Full, |w| attempts::insert(w, attempt, at(7))).unwrap()
    };
    let Inserted::New(row) = insert(&first) else { panic!("there is one already") };
    let expected = AttemptRow {
        id: AttemptId(1),
        session_id: SessionId(1),
        session_uuid: uuid,
        session_time: session_time(-3600),
        project_id: row.project_id,
        project_name: "p".to_owned(),
        revision_id: RevisionId(1),
        revision: "1".to_owned(),
        workflow_id: workflow,
        workflow_name: "wf".to_owned(),
        timezone: tokyo.clone(),
        name: String::new(),
        index: 1,
        params: params.clone(),
        owner: Some(owner),
        cancel_requested: false,
        done: false,
        success: false,
        created_at: at(7),
        finished_at: None,
        waits_for: None,
        resume: None,
        overlong_at: None,
    };
    assert_eq!(row, expected);

    // A second one of the same name is told the first; nothing is written.
    let other_uuid = NewAttempt { session_uuid: Uuid::nil(), ..first.clone() };
    assert_eq!(insert(&other_uuid), Inserted::Exists(expected.clone()));

    // A retry shares the session, whatever revision it is of.
    let newer = testing::workflow(&store, "p", "wf");
    let retry = NewAttempt {
        name: "again",
        workflow: newer,
        session_uuid: Uuid::nil(),
        owner: None,
        ..first.clone()
    };
    let Inserted::New(retried) = insert(&retry) else { panic!("there is one already") };
    assert_eq!((retried.session_id, retried.session_uuid, retried.index), (SessionId(1), uuid, 2));
    assert_eq!((retried.revision.as_str(), retried.owner), ("2", None));

    store
        .read(|r| {
            let session = sessions::by_id(r, SessionId(1))?.unwrap();
            assert_eq!((session.uuid, session.session_time), (uuid, session_time(-3600)));
            assert_eq!(session.last_attempt, retried);
            let by_time = sessions::by_time(r, row.project_id, "wf", session_time(-3600))?;
            assert_eq!(by_time, Some(session));
            assert_eq!(sessions::by_time(r, row.project_id, "wf", session_time(0))?, None);
            assert_eq!(attempts::by_name(r, SessionId(1), "")?, Some(expected));
            assert_eq!(attempts::by_name(r, SessionId(1), "other")?, None);
            let loaded = attempts::load(r, AttemptId(1))?.unwrap();
            assert_eq!((loaded.timezone, loaded.params), (tokyo.clone(), params.clone()));
            assert_eq!(attempts::load(r, AttemptId(9))?, None);
            Ok(())
        })
        .unwrap();

    let nowhere = NewAttempt { workflow: WorkflowId(99), ..first.clone() };
    store.write(Durability::Full, |w| attempts::insert(w, &nowhere, at(7))).unwrap_err();
    assert_eq!(store.read(|r| attempts::list(r, Scope::All, all())).unwrap().len(), 2);
}

#[test]
fn lists_are_paged_by_id() {
    let (store, _directory) = testing::store();
    let (wf, other, elsewhere) = (
        testing::workflow(&store, "p", "wf"),
        testing::workflow(&store, "p", "other"),
        testing::workflow(&store, "q", "wf"),
    );
    // The order of the ids is not that of the session times.
    for (workflow, time, name) in [
        (wf, 300, ""),
        (wf, 100, ""),
        (other, 100, ""),
        (wf, 300, "retry"),
        (elsewhere, 100, ""),
        (wf, 200, ""),
    ] {
        testing::insert(&store, workflow, time, name, None, &[]);
    }
    store
        .read(|r| {
            let p = projects::by_name(r, "p")?.unwrap().id;
            let page = |before, limit| Page { before: Some(AttemptId(before)), limit };
            assert_eq!(ids(&attempts::list(r, Scope::All, all())?), [6, 5, 4, 3, 2, 1]);
            assert_eq!(ids(&attempts::list(r, Scope::All, page(5, 2))?), [4, 3]);
            assert_eq!(ids(&attempts::list(r, Scope::Project(p), all())?), [6, 4, 3, 2, 1]);
            assert_eq!(ids(&attempts::list(r, Scope::Project(p), page(4, 2))?), [3, 2]);
            assert_eq!(ids(&attempts::list(r, Scope::Workflow(p, "wf"), all())?), [6, 4, 2, 1]);
            assert_eq!(ids(&attempts::list(r, Scope::Workflow(p, "wf"), page(6, 2))?), [4, 2]);
            assert_eq!(ids(&attempts::list_last(r, Scope::All, all())?), [6, 5, 4, 3, 2]);
            assert_eq!(ids(&attempts::list_last(r, Scope::Project(p), page(6, 2))?), [4, 3]);
            assert_eq!(ids(&attempts::list_last(r, Scope::Workflow(p, "wf"), all())?), [6, 4, 2]);
            assert_eq!(ids(&attempts::list_of_session(r, SessionId(1), all())?), [4, 1]);
            assert_eq!(ids(&attempts::list_of_session(r, SessionId(1), page(4, 9))?), [1]);

            let sessions = |scope, before: Option<i64>, limit| {
                let page = Page { before: before.map(SessionId), limit };
                let rows = sessions::list(r, scope, page).unwrap();
                rows.iter().map(|row| (row.id.0, row.last_attempt.id.0)).collect::<Vec<_>>()
            };
            assert_eq!(sessions(Scope::All, None, 9), [(5, 6), (4, 5), (3, 3), (2, 2), (1, 4)]);
            assert_eq!(sessions(Scope::All, Some(4), 2), [(3, 3), (2, 2)]);
            assert_eq!(sessions(Scope::Project(p), None, 9), [(5, 6), (3, 3), (2, 2), (1, 4)]);
            assert_eq!(sessions(Scope::Workflow(p, "wf"), Some(5), 9), [(2, 2), (1, 4)]);
            assert_eq!(sessions(Scope::Workflow(p, "none"), None, 9), []);
            Ok(())
        })
        .unwrap();
}

#[test]
fn unfinished_attempts_go_from_owner_to_owner() {
    let (store, _directory) = testing::store();
    let (dead, alive) = (testing::owner(&store), testing::owner(&store));
    let workflow = testing::workflow(&store, "p", "wf");
    let owned = testing::insert(&store, workflow, 0, "", Some(dead), &[]);
    let nobodys = testing::insert(&store, workflow, 0, "b", None, &[]);
    let take =
        |id, from, to| store.write(Durability::Full, |w| attempts::take_over(w, id, from, to)).unwrap();
    let delete = |id| store.write(Durability::Full, |w| owners::delete(w, id)).unwrap();
    let unfinished = || {
        let rows = store.read(attempts::unfinished).unwrap();
        rows.iter().map(|row| (row.id, row.owner)).collect::<Vec<_>>()
    };
    assert_eq!(unfinished(), [(owned, Some(dead)), (nobodys, None)]);
    assert_eq!(
        store.read(|r| attempts::unfinished_of_session(r, SessionId(1))).unwrap().unwrap().id,
        nobodys
    );
    assert!(!delete(dead), "it has an unfinished attempt");

    assert!(take(owned, Some(dead), alive));
    assert!(!take(owned, Some(dead), alive), "somebody was quicker");
    assert!(!take(owned, None, alive));
    assert!(!take(nobodys, Some(dead), alive));
    assert!(take(nobodys, None, alive));
    assert_eq!(unfinished(), [(owned, Some(alive)), (nobodys, Some(alive))]);

    assert!(delete(dead));
    assert!(!delete(dead), "it is gone");
    succeed(&store, owned, alive, false);
    succeed(&store, nobodys, alive, true);
    assert_eq!(unfinished(), []);
    assert_eq!(store.read(|r| attempts::unfinished_of_session(r, SessionId(1))).unwrap(), None);
    assert!(!take(owned, None, alive), "it has ended");
    let rows = store.read(owners::list).unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [alive]);
    assert_eq!((rows[0].process.pid, rows[0].process.identity.as_str()), (7, "boot 1"));
    assert!(delete(alive));
    assert_ne!(testing::owner(&store), alive, "ids are never used again");
}

#[test]
fn successes_of_a_session_are_the_newest_by_name() {
    let (store, _directory) = testing::store();
    let workflow = testing::workflow(&store, "p", "wf");
    let task = |id, name: &str, state, value: i64| Task {
        result: TaskResult { store_params: object(json!({"v": value})), ..TaskResult::default() },
        ..testing::task(id, name, TaskKind::Operator, state)
    };
    let (success, error) = (TaskState::Success, TaskState::Error);
    let root = |state| testing::task(1, "+wf", TaskKind::Group, state);
    let insert =
        |time, name: &str, tasks: &[Task]| testing::insert(&store, workflow, time, name, None, tasks);
    insert(100, "", &[root(TaskState::GroupError), task(2, "+wf+a", success, 1), task(3, "+wf+b", error, 2)]);
    insert(
        100,
        "retry",
        &[
            root(TaskState::GroupError),
            task(2, "+wf+a", error, 3),
            task(3, "+wf+c", success, 4),
            task(4, "+wf+c", success, 5),
        ],
    );
    insert(300, "", &[root(success), task(2, "+wf+a", error, 6)]);
    insert(50, "", &[root(success), task(2, "+wf+a", success, 7)]);

    let mut found: Vec<(String, Params)> = store
        .read(|r| sessions::succeeded(r, SessionId(1)))
        .unwrap()
        .into_iter()
        .map(|(name, result)| (name, result.store_params))
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(
        found,
        [("+wf+a".to_owned(), object(json!({"v": 1}))), ("+wf+c".to_owned(), object(json!({"v": 5})))]
    );
    store
        .read(|r| {
            let p = projects::by_name(r, "p")?.unwrap().id;
            assert_eq!(sessions::last_with_success(r, p, "wf")?, Some(session_time(100)));
            assert_eq!(sessions::last_with_success(r, p, "none")?, None);
            assert_eq!(sessions::succeeded(r, SessionId(9))?.len(), 0);
            Ok(())
        })
        .unwrap();
}
