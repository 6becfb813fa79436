//! Paths and queries of requests, percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;

/// Everything but the characters that mean themselves everywhere in a URL.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The path below `/api`, and the query, of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiPath {
    text: String,
    has_query: bool,
}

impl ApiPath {
    /// A path of segments; each of them may hold any character.
    pub fn new<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Self {
        let mut text = "/api".to_owned();
        for segment in segments {
            let segment = segment.as_ref();
            text.push('/');
            // A dot alone, or two, would be taken for a place in the hierarchy.
            if segment == "." || segment == ".." {
                text.push_str(&segment.replace('.', "%2E"));
            } else {
                text.extend(utf8_percent_encode(segment, RESERVED));
            }
        }
        Self { text, has_query: false }
    }

    /// The path with a parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.push_str(name);
        self.text.push('=');
        self.text.extend(utf8_percent_encode(&value.to_string(), RESERVED));
        self
    }

    /// The path with a parameter if it has a value.
    #[must_use]
    pub fn query_if(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }
}

impl fmt::Display for ApiPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_keeps_its_meaning() {
        let path = ApiPath::new(["logs", "1", "files", "+wf^x@6b.1@h/é %41.log.gz"])
            .query("revision", "a+b&c=d/e")
            .query_if("none", None::<i64>)
            .query_if("count", Some(100));
        assert_eq!(
            path.to_string(),
            "/api/logs/1/files/%2Bwf%5Ex%406b.1%40h%2F%C3%A9%20%2541.log.gz?revision=a%2Bb%26c%3Dd%2Fe&count=100"
        );
        assert_eq!(ApiPath::new(["projects", "..", "."]).to_string(), "/api/projects/%2E%2E/%2E");
    }
}
