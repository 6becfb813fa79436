//! A project with its newest revision, and a revision.

use super::{Instant, Text};
use crate::store::projects::ProjectWithRevision;
use crate::store::revisions::RevisionWithArchive;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

/// `RestProject`
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Project<'a> {
    id: Text<i64>,
    name: &'a str,
    revision: &'a str,
    created_at: Instant,
    /// When the newest revision was made.
    updated_at: Instant,
    deleted_at: Option<Instant>,
    archive_type: &'static str,
    archive_md5: Option<Md5>,
    /// Not Digdag's: what keeps a watched directory from being the newest revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    watch_error: Option<&'a str>,
    /// Not Digdag's: what whoever has pushed it should know.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

/// `RestRevision`
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision<'a> {
    revision: &'a str,
    created_at: Instant,
    archive_type: &'static str,
    archive_md5: Option<Md5>,
    /// Who made it: nobody is known.
    user_info: Empty,
}

impl<'a> From<&'a ProjectWithRevision> for Project<'a> {
    fn from(row: &'a ProjectWithRevision) -> Self {
        Self {
            id: Text(row.project.id.0),
            name: &row.project.name,
            revision: &row.revision,
            created_at: Instant(row.project.created_at),
            updated_at: Instant(row.updated_at),
            deleted_at: row.project.deleted_at.map(Instant),
            archive_type: archive_type(row.archive_md5),
            archive_md5: row.archive_md5.map(Md5),
            watch_error: row.watch_error.as_deref(),
            warning: None,
        }
    }
}

impl Project<'_> {
    #[must_use]
    pub fn with_warning(self, warning: Option<String>) -> Self {
        Self { warning, ..self }
    }
}

impl<'a> From<&'a RevisionWithArchive> for Revision<'a> {
    fn from(row: &'a RevisionWithArchive) -> Self {
        Self {
            revision: &row.revision.name,
            created_at: Instant(row.revision.created_at),
            archive_type: archive_type(row.archive_md5),
            archive_md5: row.archive_md5.map(Md5),
            user_info: Empty {},
        }
    }
}

/// Where the files of a revision are: in the database, or nowhere but in the directory that it was read from.
fn archive_type(md5: Option<[u8; 16]>) -> &'static str {
    if md5.is_some() { "db" } else { "none" }
}

/// `{}`
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Empty {}

/// In Base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Md5([u8; 16]);

impl Serialize for Md5 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Params, ProjectId, RevisionId, Time};
    use crate::server::wire::testing::{at, json};
    use crate::store::projects::ProjectRow;
    use crate::store::revisions::RevisionRow;

    const MD5: [u8; 16] =
        [0x66, 0xd8, 0x7f, 0xc3, 0x89, 0x3c, 0x74, 0xc8, 0xfd, 0x19, 0x7a, 0xff, 0xf9, 0x79, 0xdb, 0x83];

    fn project(archive_md5: Option<[u8; 16]>, deleted_at: Option<Time>) -> ProjectWithRevision {
        ProjectWithRevision {
            project: ProjectRow {
                id: ProjectId(1),
                name: "p1".to_owned(),
                created_at: at("2026-11-22T03:16:29.123Z"),
                deleted_at,
            },
            revision: "rev2".to_owned(),
            updated_at: at("2026-11-22T04:00:00.999Z"),
            archive_md5,
            watch_error: None,
        }
    }

    #[test]
    fn what_is_wrong_with_a_directory_is_told_where_something_is() {
        let broken = ProjectWithRevision { watch_error: Some("bad".to_owned()), ..project(None, None) };
        assert!(json(Project::from(&broken)).ends_with(r#""archiveMd5":null,"watchError":"bad"}"#));
    }

    #[test]
    fn a_project_is_as_new_as_its_newest_revision() {
        assert_eq!(
            json(Project::from(&project(Some(MD5), None))),
            concat!(
                r#"{"id":"1","name":"p1","revision":"rev2","createdAt":"2026-11-22T03:16:29Z","#,
                r#""updatedAt":"2026-11-22T04:00:00Z","deletedAt":null,"archiveType":"db","#,
                r#""archiveMd5":"Zth/w4k8dMj9GXr/+Xnbgw=="}"#,
            )
        );
    }

    #[test]
    fn a_project_in_a_directory_has_no_archive() {
        assert_eq!(
            json(Project::from(&project(None, Some(at("2026-11-23T00:00:00Z"))))),
            concat!(
                r#"{"id":"1","name":"p1","revision":"rev2","createdAt":"2026-11-22T03:16:29Z","#,
                r#""updatedAt":"2026-11-22T04:00:00Z","deletedAt":"2026-11-23T00:00:00Z","#,
                r#""archiveType":"none","archiveMd5":null}"#,
            )
        );
    }

    #[test]
    fn a_revision_has_no_id() {
        let mut row = RevisionWithArchive {
            revision: RevisionRow {
                id: RevisionId(5),
                project_id: ProjectId(1),
                name: "rev2".to_owned(),
                default_params: Params::new(),
                digest: "d".to_owned(),
                created_at: at("2026-11-22T04:00:00.999Z"),
                directory: None,
            },
            archive_md5: Some(MD5),
        };
        assert_eq!(
            json(Revision::from(&row)),
            concat!(
                r#"{"revision":"rev2","createdAt":"2026-11-22T04:00:00Z","archiveType":"db","#,
                r#""archiveMd5":"Zth/w4k8dMj9GXr/+Xnbgw==","userInfo":{}}"#,
            )
        );
        row.archive_md5 = None;
        let end = r#""archiveType":"none","archiveMd5":null,"userInfo":{}}"#;
        assert!(json(Revision::from(&row)).ends_with(end));
    }
}
