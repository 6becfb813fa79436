//! The target of a request: `/api/projects/1/workflows/my%2Bwf?revision=a+b`, taken apart.
//!
//! A path is cut at its slashes first and decoded afterwards, so that no encoded slash makes a segment more. A plus in a
//! path is a plus; in a query it is a space. Dot segments are text like any other: nothing is resolved here.

use super::error::ApiError;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::str::FromStr;

/// The path and the query of a request, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As it was sent, still encoded.
    raw: String,
    raw_path: String,
    segments: Vec<String>,
    query: Query,
}

impl Target {
    /// Reads what stands between the method and the version of a request line. An absolute form (`http://host/path`) is
    /// read as its path, `*` as the root.
    ///
    /// # Errors
    ///
    /// 400, when it does not begin with a slash, holds a wrong percent-encoding or decodes to something that is no UTF-8.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let raw = text;
        let text = if text == "*" { "/" } else { without_authority(text) };
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let Some(relative) = path.strip_prefix('/') else {
            return Err(ApiError::invalid("The path of the request must begin with '/'"));
        };
        let relative = relative.strip_suffix('/').unwrap_or(relative);
        let segments = if relative.is_empty() {
            vec![]
        } else {
            relative.split('/').map(decode).collect::<Result<_, _>>()?
        };
        Ok(Self { raw: raw.to_owned(), raw_path: path.to_owned(), segments, query: Query::parse(query)? })
    }

    /// Everything as it was sent.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The path as it was sent, still encoded, without the query.
    pub fn raw_path(&self) -> &str {
        &self.raw_path
    }

    /// The decoded segments; none of `/`. One slash at the end is ignored.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Whether the path is `/api` or below it.
    pub fn is_api(&self) -> bool {
        self.segments.first().is_some_and(|first| first == "api")
    }
}

fn without_authority(text: &str) -> &str {
    let rest = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    rest.map_or(text, |rest| rest.find(['/', '?']).map_or("/", |at| &rest[at..]))
}

/// The parameters of a query, in their order; one name can come several times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=1&b=x+y&c`. A name without `=` has an empty value.
    ///
    /// # Errors
    ///
    /// 400, for wrong percent-encodings and what is no UTF-8.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(&name.replace('+', " "))?, decode(&value.replace('+', " "))?))
        });
        Ok(Self(pairs.collect::<Result<_, ApiError>>()?))
    }

    /// The first value of a parameter.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The first value of a parameter that must be there.
    ///
    /// # Errors
    ///
    /// 400 `name= is required`.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name).ok_or_else(|| ApiError::invalid(format!("{name}= is required")))
    }

    /// All values of a parameter that can be repeated.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A number, or whatever else can be read of a text.
    ///
    /// # Errors
    ///
    /// 404 without a body, as Digdag has it, when the value cannot be converted.
    pub fn scalar<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        self.text(name).map(|text| text.parse().map_err(|_| ApiError::no_such_path())).transpose()
    }

    /// A truth value: only `true`, in any case, is true. Everything else, `1` included, is false.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.text(name).map_or(default, |text| text.eq_ignore_ascii_case("true"))
    }
}

/// Takes percent-encodings out; unlike the decoder that it uses, it takes no `%` for itself.
fn decode(text: &str) -> Result<String, ApiError> {
    let malformed =
        || ApiError::invalid("Malformed percent-encoding in the path or the query of the request");
    let is_hex = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    if text.match_indices('%').any(|(at, _)| !is_hex(at + 1) || !is_hex(at + 2)) {
        return Err(malformed());
    }
    percent_decode_str(text).decode_utf8().map(Cow::into_owned).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    fn segments(text: &str) -> Vec<String> {
        Target::parse(text).unwrap().segments().to_vec()
    }

    #[test]
    fn paths_are_cut_and_then_decoded() {
        for (text, expected) in [
            ("/", &[][..]),
            ("*", &[]),
            ("/api/projects", &["api", "projects"]),
            ("/api/projects/", &["api", "projects"]),
            ("/api//projects", &["api", "", "projects"]),
            ("/api/projects?name=a/b", &["api", "projects"]),
            ("/a+b/a%2Bb/a%20b", &["a+b", "a+b", "a b"]),
            ("/x/..%2Ffoo/../.", &["x", "../foo", "..", "."]),
            ("/%E3%83%AF/%C3%a4", &["ワ", "ä"]),
            ("/+wf+a@6b025e8e0473d7e2.27318@vm.log.gz", &["+wf+a@6b025e8e0473d7e2.27318@vm.log.gz"]),
            ("http://host:1/api/version?x=1", &["api", "version"]),
            ("https://host", &[]),
            ("/a#b?c", &["a"]),
        ] {
            assert_eq!(segments(text), expected, "{text}");
        }
        assert_eq!(Target::parse("/a%2Fb/?x").unwrap().raw_path(), "/a%2Fb/");
    }

    #[test]
    fn wrong_targets_are_refused() {
        for text in
            ["", "api", "?a=b", "/%", "/%2", "/%zz", "/%+1", "/a?b=%", "/a?%f=1", "/%ff", "ftp://host/"]
        {
            assert_eq!(Target::parse(text).unwrap_err().status, 400, "{text}");
        }
    }

    #[test]
    fn queries_hold_texts_numbers_and_flags() {
        let query = Query::parse("a=1&b=x+y%2Bz&c&&d=&a=2&e=TrUe&f=1&=g&h=i=j").unwrap();
        assert_eq!(query.text("a"), Some("1"));
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(query.text("b"), Some("x y+z"));
        assert_eq!((query.text("c"), query.text("d"), query.text("z")), (Some(""), Some(""), None));
        assert_eq!((query.text(""), query.text("h")), (Some("g"), Some("i=j")));
        assert_eq!(query.scalar::<i64>("a"), Ok(Some(1)));
        assert_eq!(query.scalar::<i64>("z"), Ok(None));
        for name in ["b", "c", "e"] {
            assert_eq!(query.scalar::<i64>(name), Err(ApiError::no_such_path()), "{name}");
        }
        assert_eq!(
            (query.flag("e", false), query.flag("f", true), query.flag("z", true)),
            (true, false, true)
        );
        assert_eq!(query.required("a"), Ok("1"));
        assert_eq!(query.required("z"), Err(ApiError::invalid("z= is required")));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _ = Target::parse(&text);
        }

        #[test]
        fn any_path_like_text_is_read_or_refused(text in "/[a-z%0-9A-F/.+?&=;#]{0,40}") {
            if let Ok(target) = Target::parse(&text) {
                let slashes = target.raw_path().matches('/').count();
                prop_assert!(target.segments().len() <= slashes, "a segment more than slashes");
            }
        }

        #[test]
        fn encoded_segments_come_back(parts in prop::collection::vec("\\PC{1,8}", 1..5)) {
            let encode = |part: &String| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string();
            let path: String = parts.iter().map(|part| format!("/{}", encode(part))).collect();
            prop_assert_eq!(segments(&path), parts);
        }

        #[test]
        fn encoded_parameters_come_back(pairs in prop::collection::vec(("\\PC{1,8}", "\\PC{0,8}"), 0..5)) {
            let encode = |part: &str| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string().replace("%20", "+");
            let text: Vec<String> = pairs.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
            prop_assert_eq!(Query::parse(&text.join("&")).unwrap().0, pairs);
        }
    }
}
