//! Secrets: their keys, never their values.

use super::IdAndName;
use crate::store::projects::ProjectRow;
use serde::Serialize;

/// `RestSecret`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Secret<'a> {
    key: &'a str,
    project: IdAndName<'a>,
}

impl<'a> Secret<'a> {
    pub fn new(key: &'a str, project: &'a ProjectRow) -> Self {
        Self { key, project: IdAndName::new(project.id, &project.name) }
    }
}

/// `RestSecretMetadata`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SecretKey<'a> {
    pub key: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProjectId;
    use crate::server::wire::collection;
    use crate::server::wire::testing::{at, json};

    #[test]
    fn secrets_are_keys() {
        let created_at = at("2026-11-22T03:16:29Z");
        let project = ProjectRow { id: ProjectId(1), name: "p1".to_owned(), created_at, deleted_at: None };
        assert_eq!(json(Secret::new("a.b", &project)), r#"{"key":"a.b","project":{"id":"1","name":"p1"}}"#);
        let keys = ["a.b", "c"].map(|key| SecretKey { key });
        assert_eq!(json(collection("secrets", keys)), r#"{"secrets":[{"key":"a.b"},{"key":"c"}]}"#);
        assert_eq!(json(collection::<SecretKey<'_>>("secrets", [])), r#"{"secrets":[]}"#);
    }
}
