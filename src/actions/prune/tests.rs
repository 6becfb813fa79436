//! What goes and what stays, whatever the history and the limits.

use super::{Mode, Pruned, PrunedWorkflow, Pruning, RetentionLimits, prune_a_little};
use crate::model::{AttemptId, Params, ProjectId, SessionId, Task, TaskState, Time, WorkflowId, Zone};
use crate::store::attempts::{self, Inserted, NewAttempt, Scope};
use crate::store::check::{Depth, damages, dangling_references};
use crate::store::notifications::{NewNotification, NotificationKind};
use crate::store::testing::{self, at, session_time, task, tasks};
use crate::store::{
    Durability, Page, Store, archives, leftovers, notifications, owners, projects, revisions, sessions,
    space, task_logs, workflows,
};
use chrono::TimeDelta;
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

const NONE: RetentionLimits = RetentionLimits::NONE;
const P: ProjectId = ProjectId(1);

fn max_age(seconds: i64) -> RetentionLimits {
    RetentionLimits { max_age: Some(TimeDelta::seconds(seconds)), ..NONE }
}

fn max_attempts(count: u32) -> RetentionLimits {
    RetentionLimits { max_attempts: Some(count), ..NONE }
}

fn prune(store: &Store, limits: RetentionLimits, now: i64) -> Pruned {
    run(store, Pruning::new(limits, Mode::Remove, at(now)))
}

fn run(store: &Store, mut pruning: Pruning) -> Pruned {
    while pruning.step(store).unwrap() {}
    pruning.finish()
}

fn ids(store: &Store) -> Vec<i64> {
    let rows = store.read(|r| attempts::list(r, Scope::All, Page::first(u32::MAX))).unwrap();
    rows.iter().rev().map(|row| row.id.0).collect()
}

/// Attempts of a workflow, one for each session time, that end a second after it.
fn ended(store: &Store, workflow: WorkflowId, times: impl IntoIterator<Item = i64>) -> Vec<AttemptId> {
    let end = |time| {
        let id = testing::insert(store, workflow, time, "", None, &tasks());
        testing::finish_at(store, id, true, time + 1);
        id
    };
    times.into_iter().map(end).collect()
}

/// An attempt of a session whose task has a name and ended in a state.
fn attempt_with(store: &Store, workflow: WorkflowId, name: &str, task_name: &str, state: TaskState) {
    let mut all = tasks();
    all[1] = Task { state, ..task(2, task_name, all[1].kind, state) };
    let id = testing::insert(store, workflow, 0, name, None, &all);
    testing::finish_at(store, id, false, id.0);
}

#[test]
fn what_is_too_old_goes_and_the_newest_stays() {
    let (store, _directory) = testing::store();
    let (one, other) = (testing::workflow(&store, "p", "one"), testing::workflow(&store, "p", "other"));
    ended(&store, one, [100, 200, 300]);
    ended(&store, other, [100]);
    assert_eq!(prune(&store, max_age(1000), 1101), Pruned::default());
    let pruned = prune(&store, max_age(1000), 1202);
    let gone = PrunedWorkflow { attempts: 2, sessions: 2, logs: 0, tasks: 4 };
    let names = |workflow: &str| ("p".to_owned(), workflow.to_owned());
    assert_eq!(pruned.workflows, BTreeMap::from([(names("one"), gone)]));
    assert_eq!(ids(&store), [3, 4]);
    assert_eq!(prune(&store, max_age(1000), 1_000_000).total().attempts, 0);
    assert_eq!(ids(&store), [3, 4]);
}

#[test]
fn what_is_too_much_goes_for_each_workflow() {
    let (store, _directory) = testing::store();
    let p = testing::workflow(&store, "p", "wf");
    let q = testing::workflow(&store, "q", "wf");
    ended(&store, p, 0..130);
    ended(&store, q, 0..3);
    let dry = run(&store, Pruning::new(max_attempts(3), Mode::Count, at(0)));
    assert_eq!((ids(&store).len(), dry.total().attempts), (133, 127));
    assert_eq!(prune(&store, max_attempts(3), 0), dry);
    assert_eq!(ids(&store), [128, 129, 130, 131, 132, 133]);
    let of_q = Pruning::new(max_attempts(1), Mode::Remove, at(0)).of_project(ProjectId(2));
    assert_eq!(run(&store, of_q).total().sessions, 2);
    assert_eq!(ids(&store), [128, 129, 130, 133]);
}

#[test]
fn what_is_too_large_goes_the_first_first() {
    let (store, _directory) = testing::store();
    let workflow = testing::workflow(&store, "p", "wf");
    let attempts = ended(&store, workflow, 0..6);
    for attempt in &attempts {
        // More than a step removes: in 20 chunks of 512 KiB.
        let mut random = vec![0; 512 << 10];
        getrandom::fill(&mut random).unwrap();
        let file = task_logs::LogFile { attempt: *attempt, task: "+wf+a".to_owned(), number: 1 };
        for _ in 0..20 {
            store.write(Durability::Normal, |w| task_logs::append(w, &file, &random, at(1))).unwrap();
        }
    }
    let size = 25 << 20;
    let limits = RetentionLimits { max_size: Some(size), ..NONE };
    let dry = run(&store, Pruning::new(limits, Mode::Count, at(0)));
    assert_eq!((dry.total().attempts, ids(&store).len()), (4, 6));
    let pruned = prune(&store, limits, 0);
    assert_eq!((pruned.total(), pruned.still_over), (dry.total(), None));
    assert_eq!(ids(&store), [5, 6]);
    assert!(store.read(space::measure).unwrap().used() <= size);

    let tiny = RetentionLimits { max_size: Some(1 << 20), ..NONE };
    let pruned = prune(&store, tiny, 0);
    assert_eq!(ids(&store), [6]);
    assert!(pruned.still_over.is_some_and(|over| over > 9 << 20), "{pruned:?}");
}

#[test]
fn what_is_still_needed_stays() {
    let (store, _directory) = testing::store();
    let workflow = testing::workflow(&store, "p", "wf");
    let old = ended(&store, workflow, [10, 11, 12, 13]);
    // 5 is unfinished, 6 waits for the session of 1 and takes over from 2, 7 is the latest session but not the newest.
    testing::insert(&store, workflow, 14, "", None, &tasks());
    let waiting = NewAttempt {
        workflow,
        session_time: session_time(15),
        session_uuid: Uuid::nil(),
        name: "",
        timezone: &Zone::utc(),
        params: &Params::new(),
        owner: None,
        waits_for: Some(SessionId(1)),
        resume: Some(&testing::object(serde_json::json!({"attempt_id": old[1].0}))),
        tasks: &[],
    };
    let inserted = store.write(Durability::Full, |w| attempts::insert(w, &waiting, at(4))).unwrap();
    assert!(matches!(inserted, Inserted::New(_)));
    ended(&store, workflow, [1000, 16]);
    assert_eq!(prune(&store, max_age(1), 9999).total().attempts, 2);
    assert_eq!(ids(&store), [1, 2, 5, 6, 7, 8]);
    assert_eq!(prune(&store, max_attempts(1), 9999).total().attempts, 0);
    assert_eq!(ids(&store), [1, 2, 5, 6, 7, 8]);
}

#[test]
fn a_session_that_stays_keeps_its_successes() {
    let (store, _directory) = testing::store();
    let workflow = testing::workflow(&store, "p", "wf");
    use TaskState::{Error, Success};
    // 1 alone has +a, 2 is overtaken by 4, 3 has nothing.
    for (name, task, state) in [
        ("", "+wf+a", Success),
        ("2", "+wf+b", Success),
        ("3", "+wf+b", Error),
        ("4", "+wf+b", Success),
        ("5", "+wf+b", Error),
    ] {
        attempt_with(&store, workflow, name, task, state);
    }
    let successes = || {
        let all = store.read(|r| sessions::succeeded(r, SessionId(1))).unwrap();
        let mut names: Vec<String> = all.into_keys().collect();
        names.sort();
        names
    };
    assert_eq!(successes(), ["+wf+a", "+wf+b"]);
    assert_eq!(prune(&store, max_attempts(1), 0).total().attempts, 2);
    assert_eq!((ids(&store), successes()), (vec![1, 4, 5], vec!["+wf+a".to_owned(), "+wf+b".to_owned()]));
    assert_eq!(store.read(|r| sessions::last_with_success(r, P, "wf")).unwrap(), Some(session_time(0)));
    // With the session all of it goes, old and needed alike.
    ended(&store, workflow, [1]);
    let total = prune(&store, max_attempts(1), 0).total();
    assert_eq!((total.attempts, total.sessions, ids(&store)), (3, 1, vec![6]));
}

#[test]
fn revisions_that_nothing_uses_go_with_their_archives() {
    let (store, _directory) = testing::store();
    let first = testing::workflow(&store, "p", "wf");
    testing::workflow(&store, "p", "wf");
    testing::workflow(&store, "p", "wf");
    let revision = store.read(|r| workflows::by_id(r, first)).unwrap().unwrap().revision_id;
    store.write(Durability::Full, |w| archives::insert(w, revision, [1; 16], &[0; 500])).unwrap();
    let attempt = ended(&store, first, [100, 101]);
    let left = || {
        let all = store.read(|r| revisions::list(r, P, Page::first(9))).unwrap();
        all.iter().map(|revision| revision.name.clone()).collect::<Vec<_>>()
    };
    let pruned = prune(&store, max_age(10), 200);
    assert_eq!((pruned.total().attempts, pruned.revisions, pruned.archives), (1, 1, 0));
    assert_eq!((left(), ids(&store)), (vec!["3".to_owned(), "1".to_owned()], vec![attempt[1].0]));

    let third = WorkflowId(3);
    ended(&store, third, [300]);
    let pruned = prune(&store, max_age(10), 400);
    assert_eq!((pruned.total().attempts, pruned.revisions, pruned.archives), (1, 1, 500));
    assert_eq!(left(), ["3"]);
}

#[test]
fn a_project_that_was_deleted_long_ago_goes_with_all_it_had() {
    let (store, _directory) = testing::store();
    let workflow = testing::workflow(&store, "p", "wf");
    ended(&store, workflow, [100]);
    store.write(Durability::Full, |w| projects::delete(w, P, at(150))).unwrap();
    assert_eq!(prune(&store, max_age(100), 240), Pruned::default());
    let pruned = prune(&store, max_age(100), 251);
    assert_eq!((pruned.total().attempts, pruned.revisions, pruned.projects), (1, 1, 1));
    assert_eq!(store.read(|r| projects::by_id(r, P)).unwrap(), None);
}

#[test]
fn records_and_processes_go() {
    let (store, _directory) = testing::store();
    let gone = testing::owner(&store);
    let new = NewNotification {
        kind: NotificationKind::Task,
        project_name: None,
        workflow_name: None,
        attempt: None,
        message: "m",
        payload: &Params::new(),
    };
    store.write(Durability::Full, |w| notifications::insert(w, &new, at(1))).unwrap();
    let pruned = prune(&store, max_age(10), 100);
    assert_eq!((pruned.owners, pruned.notifications, pruned.skipped), (1, 0, 0), "it is to be sent yet");
    assert!(store.read(owners::list).unwrap().iter().all(|owner| owner.id != gone));
    assert_eq!(store.read(|r| leftovers::count_notifications(r, Time::MAX_UTC)).unwrap_or(0), 0);
}

#[test]
fn a_run_removes_a_few_of_its_own() {
    let (store, _directory) = testing::store();
    let workflow = testing::workflow(&store, "p", "wf");
    ended(&store, workflow, 0..50);
    let quick = |limits, now| prune_a_little(&store, P, "wf", limits, at(now)).unwrap().total().attempts;
    assert_eq!(quick(RetentionLimits::default(), 100), 0);
    assert_eq!(quick(max_attempts(48), 100), 2);
    assert_eq!(quick(max_attempts(48), 100), 0);
    assert_eq!(quick(max_attempts(10), 100), 20);
    assert_eq!(ids(&store).first(), Some(&23));
    assert_eq!(quick(max_age(100), 127), 4);
    assert_eq!(quick(RetentionLimits { max_size: Some(1), ..NONE }, 127), 20);
    assert_eq!(quick(RetentionLimits { max_size: Some(1), ..NONE }, 127), 3);
    assert_eq!(ids(&store), [50]);
}

/// One attempt of a random history: its workflow, session time, task, whether that succeeds, when it ends, and what it
/// waits for.
type Made = (usize, i64, u8, bool, Option<i64>, Option<usize>);

fn made() -> impl Strategy<Value = Made> {
    (
        0..3usize,
        0..6i64,
        0..3u8,
        any::<bool>(),
        prop::option::weighted(0.9, 0..1000i64),
        prop::option::weighted(0.1, 0..9usize),
    )
}

fn fill(store: &Store, history: &[Made]) {
    let workflows =
        [("p", "a"), ("p", "b"), ("q", "a")].map(|(project, name)| testing::workflow(store, project, name));
    for (number, &(workflow, time, which, success, end, waits_for)) in history.iter().enumerate() {
        let state = if success { TaskState::Success } else { TaskState::Error };
        let mut all = tasks();
        all[1] = task(2, &format!("+wf+{which}"), all[1].kind, state);
        let known = store.read(|r| attempts::list(r, Scope::All, Page::first(99))).unwrap();
        let waits_for = waits_for.and_then(|at| known.get(at)).map(|row| row.session_id);
        let new = NewAttempt {
            workflow: workflows[workflow],
            session_time: session_time(time),
            session_uuid: Uuid::nil(),
            name: &number.to_string(),
            timezone: &Zone::utc(),
            params: &Params::new(),
            owner: None,
            waits_for,
            resume: None,
            tasks: &all,
        };
        let inserted = store.write(Durability::Normal, |w| attempts::insert(w, &new, at(1))).unwrap();
        let Inserted::New(row) = inserted else { panic!("not new") };
        if let Some(end) = end {
            testing::finish_at(store, row.id, success, end);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_needed_ever_goes(
        history in prop::collection::vec(made(), 1..40),
        age in prop::option::of(0..1000i64),
        count in prop::option::of(1..5u32),
        size in prop::option::of(1..2u64),
    ) {
        let (store, _directory) = testing::store();
        fill(&store, &history);
        let all = || store.read(|r| attempts::list(r, Scope::All, Page::first(u32::MAX))).unwrap();
        let before = all();
        let successes = |session| {
            let found = store.read(|r| sessions::succeeded(r, session)).unwrap();
            found.into_keys().collect::<std::collections::BTreeSet<_>>()
        };
        let had: BTreeMap<SessionId, _> =
            before.iter().map(|row| (row.session_id, successes(row.session_id))).collect();
        let limits =
            RetentionLimits { max_age: age.map(TimeDelta::seconds), max_attempts: count, max_size: size };
        let dry = run(&store, Pruning::new(limits, Mode::Count, at(1000)));
        prop_assert_eq!(all(), before.clone());
        let pruned = prune(&store, limits, 1000);
        let left = all();
        prop_assert_eq!(left.len() + usize::try_from(pruned.total().attempts).unwrap(), before.len());
        if [age.is_some(), count.is_some(), size.is_some()].into_iter().filter(|is_set| *is_set).count() == 1 && size.is_none() {
            prop_assert_eq!(dry.workflows, pruned.workflows.clone());
        }

        store.read(|r| {
            assert_eq!(dangling_references(r)?, 0);
            assert_eq!(damages(r, Depth::Full)?, [""; 0]);
            for row in &left {
                let session = sessions::by_id(r, row.session_id)?.expect("a session");
                let newest = left.iter().filter(|other| other.session_id == row.session_id).map(|other| other.id).max();
                assert_eq!(Some(session.last_attempt.id), newest);
                assert_eq!(had[&row.session_id], successes(row.session_id));
            }
            assert_eq!(sessions::list(r, Scope::All, Page::first(u32::MAX))?.len(),
                left.iter().map(|row| row.session_id).collect::<std::collections::BTreeSet<_>>().len());
            Ok(())
        }).unwrap();
        let stays = |id: AttemptId| left.iter().any(|row| row.id == id);
        for row in &before {
            let of_workflow = || before.iter().filter(|other| (other.project_id, &other.workflow_name) == (row.project_id, &row.workflow_name));
            let is_newest = of_workflow().all(|other| other.id <= row.id);
            prop_assert!(stays(row.id) || (row.done && !is_newest), "{row:?}");
            if let Some(session) = row.waits_for.filter(|_| !row.done) {
                prop_assert!(left.iter().any(|other| other.session_id == session));
            }
        }
    }
}
