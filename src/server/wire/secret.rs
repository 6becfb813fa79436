//! Secrets: their keys, never their values.

use super::IdAndName;
use crate::model::ProjectId;
use serde::Serialize;

/// `RestSecret`
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Secret<'a> {
    key: &'a str,
    project: IdAndName<'a>,
}

impl<'a> Secret<'a> {
    pub fn new(key: &'a str, project: ProjectId, project_name: &'a str) -> Self {
        Self { key, project: IdAndName::new(project, project_name) }
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
    use crate::server::wire::collection;
    use crate::server::wire::testing::json;

    #[test]
    fn secrets_are_keys() {
        assert_eq!(
            json(Secret::new("a.b", ProjectId(1), "p1")),
            r#"{"key":"a.b","project":{"id":"1","name":"p1"}}"#
        );
        let keys = ["a.b", "c"].map(|key| SecretKey { key });
        assert_eq!(json(collection("secrets", keys)), r#"{"secrets":[{"key":"a.b"},{"key":"c"}]}"#);
        assert_eq!(json(collection::<SecretKey<'_>>("secrets", [])), r#"{"secrets":[]}"#);
    }
}
