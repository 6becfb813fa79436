//! Projects and workflows as they are now: of the newest revisions, none of deleted projects.

use crate::model::{Params, ProjectId, RevisionId, WorkflowId, Zone};
use crate::store::revisions::NewRevision;
use crate::store::testing::{self, at};
use crate::store::workflows::{Order, PartOfName};
use crate::store::{Durability, Reader, Store, Writer, projects, revisions, workflows};

fn register(w: &Writer, project: &str, revision: &str, names: &[&str]) -> RevisionId {
    let project = projects::find_or_insert(w, project, at(1)).unwrap().id;
    let new =
        NewRevision { project, name: revision, default_params: &Params::new(), digest: "d", directory: None };
    let revision = revisions::insert(w, &new, at(2)).unwrap();
    for name in names {
        workflows::insert(w, revision, name, &Zone::utc(), &Params::new()).unwrap();
    }
    revision
}

/// Workflows 1 to 8; the newest revisions have 3, 6, 7 and 8.
fn filled() -> (Store, tempfile::TempDir) {
    let (store, directory) = testing::store();
    store
        .write(Durability::Normal, |w| {
            register(w, "alpha", "1", &["load", "report"]);
            register(w, "beta", "1", &["load"]);
            register(w, "Gamma_x", "1", &["old"]);
            register(w, "gone", "1", &["load"]);
            register(w, "alpha", "2", &["load", "re%port"]);
            register(w, "Gamma_x", "2", &["new"]);
            assert!(projects::delete(w, ProjectId(4), at(9))?);
            assert!(!projects::delete(w, ProjectId(4), at(10))?);
            Ok(())
        })
        .unwrap();
    (store, directory)
}

fn page(r: &Reader, order: Order, name: PartOfName<'_>, limit: u32) -> Vec<i64> {
    let rows = workflows::list_newest(r, order, name, limit).unwrap();
    rows.iter().map(|row| row.workflow.id.0).collect()
}

#[test]
fn projects_come_with_their_newest_revisions() {
    let (store, _directory) = filled();
    store
        .read(|r| {
            let list = |after: Option<i64>, part, limit| -> Vec<String> {
                let rows = projects::list_with_revision(r, after.map(ProjectId), part, limit).unwrap();
                rows.iter().map(|row| format!("{} {}", row.project.name, row.revision)).collect()
            };
            assert_eq!(list(None, "", 100), ["alpha 2", "beta 1", "Gamma_x 2"]);
            assert_eq!(list(None, "", 2), ["alpha 2", "beta 1"]);
            assert_eq!(list(Some(2), "", 2), ["Gamma_x 2"]);
            assert_eq!(list(None, "et", 100), ["beta 1"]);
            // Neither wildcards nor other cases.
            assert_eq!(list(None, "_", 100), ["Gamma_x 2"]);
            assert_eq!(list(None, "%", 100), [""; 0]);
            assert_eq!(list(None, "gamma", 100), [""; 0]);

            let row = projects::with_revision(r, ProjectId(1))?.unwrap();
            assert_eq!((row.updated_at, row.archive_md5, row.project.deleted_at), (at(2), None, None));
            let gone = projects::with_revision(r, ProjectId(4))?.unwrap();
            assert_eq!((gone.project.name.as_str(), gone.project.deleted_at), ("gone", Some(at(9))));
            assert_eq!(projects::with_revision(r, ProjectId(5))?, None);
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_name_of_a_deleted_project_is_free() {
    let (store, _directory) = filled();
    store
        .write(Durability::Normal, |w| {
            assert_eq!(projects::by_name(w, "gone")?, None);
            assert_eq!(projects::find_or_insert(w, "gone", at(11))?.id, ProjectId(5));
            Ok(())
        })
        .unwrap();
}

#[test]
fn archives_are_told_by_their_md5() {
    let (store, _directory) = testing::store();
    store
        .write(Durability::Normal, |w| {
            let revision = register(w, "p", "1", &[]);
            let sql = "INSERT INTO archives (revision_id, md5, gzip) VALUES (?1, ?2, ?3)";
            w.connection().execute(sql, (revision, [7; 16], b"gzip")).unwrap();
            let row = projects::with_revision(w, ProjectId(1))?.unwrap();
            assert_eq!(row.archive_md5, Some([7; 16]));
            Ok(())
        })
        .unwrap();
}

#[test]
fn workflows_are_those_of_the_newest_revisions() {
    let (store, _directory) = filled();
    store
        .read(|r| {
            let any = PartOfName::default();
            let after = |id: i64| Order::After(Some(WorkflowId(id)));
            let before = |id: i64| Order::Before(Some(WorkflowId(id)));
            assert_eq!(page(r, Order::After(None), any, 100), [3, 6, 7, 8]);
            assert_eq!(page(r, Order::After(None), any, 3), [3, 6, 7]);
            assert_eq!(page(r, after(6), any, 1), [7]);
            assert_eq!(page(r, after(4), any, 100), [6, 7, 8]);
            assert_eq!(page(r, after(8), any, 100), [0; 0]);
            assert_eq!(page(r, after(99), any, 100), [0; 0]);
            assert_eq!(page(r, Order::Before(None), any, 100), [8, 7, 6, 3]);
            assert_eq!(page(r, before(7), any, 1), [6]);
            assert_eq!(page(r, before(99), any, 2), [8, 7]);
            assert_eq!(page(r, before(3), any, 100), [0; 0]);
            assert_eq!(page(r, before(1), any, 100), [0; 0]);

            let named = |part, or_of_project| PartOfName { part, or_of_project };
            assert_eq!(page(r, Order::After(None), named("load", false), 100), [3, 6]);
            assert_eq!(page(r, Order::Before(None), named("load", false), 100), [6, 3]);
            assert_eq!(page(r, Order::After(None), named("%", false), 100), [7]);
            assert_eq!(page(r, Order::After(None), named("a", true), 100), [3, 6, 7, 8]);
            assert_eq!(page(r, Order::After(None), named("a", false), 100), [3, 6]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_workflow_of_any_revision_has_the_names_around_it() {
    let (store, _directory) = filled();
    store
        .read(|r| {
            let row = workflows::with_project(r, WorkflowId(1))?.unwrap();
            assert_eq!(Some(&row.workflow), workflows::by_id(r, WorkflowId(1))?.as_ref());
            let names = (row.project_id, row.project_name.as_str(), row.revision.as_str());
            assert_eq!((names, row.project_deleted_at), ((ProjectId(1), "alpha", "1"), None));
            let gone = workflows::with_project(r, WorkflowId(5))?.unwrap();
            assert_eq!((gone.project_name.as_str(), gone.project_deleted_at), ("gone", Some(at(9))));
            assert_eq!(workflows::with_project(r, WorkflowId(9))?, None);
            Ok(())
        })
        .unwrap();
}
