//! A project with its newest revision, and a revision.

use super::{Instant, Text};
use crate::store::projects::ProjectRow;
use crate::store::revisions::RevisionRow;
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

/// Where the files of a revision are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archive {
    /// In the store; the MD5 is that of the bytes that were uploaded.
    Stored { md5: [u8; 16] },
    /// In the directory that the revision was read from.
    None,
}

impl<'a> Project<'a> {
    /// `archive` is that of `latest`, the newest revision.
    pub fn new(row: &'a ProjectRow, latest: &'a RevisionRow, archive: Archive) -> Self {
        Self {
            id: Text(row.id.0),
            name: &row.name,
            revision: &latest.name,
            created_at: Instant(row.created_at),
            updated_at: Instant(latest.created_at),
            deleted_at: row.deleted_at.map(Instant),
            archive_type: archive.type_name(),
            archive_md5: archive.md5(),
        }
    }
}

impl<'a> Revision<'a> {
    pub fn new(row: &'a RevisionRow, archive: Archive) -> Self {
        Self {
            revision: &row.name,
            created_at: Instant(row.created_at),
            archive_type: archive.type_name(),
            archive_md5: archive.md5(),
            user_info: Empty {},
        }
    }
}

impl Archive {
    fn type_name(self) -> &'static str {
        match self {
            Self::Stored { .. } => "db",
            Self::None => "none",
        }
    }

    fn md5(self) -> Option<Md5> {
        match self {
            Self::Stored { md5 } => Some(Md5(md5)),
            Self::None => None,
        }
    }
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
    use crate::model::{Params, ProjectId, RevisionId};
    use crate::server::wire::testing::{at, json};

    const MD5: [u8; 16] =
        [0x66, 0xd8, 0x7f, 0xc3, 0x89, 0x3c, 0x74, 0xc8, 0xfd, 0x19, 0x7a, 0xff, 0xf9, 0x79, 0xdb, 0x83];

    fn project() -> ProjectRow {
        ProjectRow {
            id: ProjectId(1),
            name: "p1".to_owned(),
            created_at: at("2026-11-22T03:16:29.123Z"),
            deleted_at: None,
        }
    }

    fn revision() -> RevisionRow {
        RevisionRow {
            id: RevisionId(5),
            project_id: ProjectId(1),
            name: "rev2".to_owned(),
            default_params: Params::new(),
            digest: "d".to_owned(),
            created_at: at("2026-11-22T04:00:00.999Z"),
            directory: None,
        }
    }

    #[test]
    fn a_project_is_as_new_as_its_newest_revision() {
        assert_eq!(
            json(Project::new(&project(), &revision(), Archive::Stored { md5: MD5 })),
            concat!(
                r#"{"id":"1","name":"p1","revision":"rev2","createdAt":"2026-11-22T03:16:29Z","#,
                r#""updatedAt":"2026-11-22T04:00:00Z","deletedAt":null,"archiveType":"db","#,
                r#""archiveMd5":"Zth/w4k8dMj9GXr/+Xnbgw=="}"#,
            )
        );
    }

    #[test]
    fn a_project_in_a_directory_has_no_archive() {
        let deleted = ProjectRow { deleted_at: Some(at("2026-11-23T00:00:00Z")), ..project() };
        assert_eq!(
            json(Project::new(&deleted, &revision(), Archive::None)),
            concat!(
                r#"{"id":"1","name":"p1","revision":"rev2","createdAt":"2026-11-22T03:16:29Z","#,
                r#""updatedAt":"2026-11-22T04:00:00Z","deletedAt":"2026-11-23T00:00:00Z","#,
                r#""archiveType":"none","archiveMd5":null}"#,
            )
        );
    }

    #[test]
    fn a_revision_has_no_id() {
        assert_eq!(
            json(Revision::new(&revision(), Archive::Stored { md5: MD5 })),
            concat!(
                r#"{"revision":"rev2","createdAt":"2026-11-22T04:00:00Z","archiveType":"db","#,
                r#""archiveMd5":"Zth/w4k8dMj9GXr/+Xnbgw==","userInfo":{}}"#,
            )
        );
    }
}
