//! The `Accept` header: whether a client takes what a path has. There is one form of everything, so nothing is chosen.

use super::request::Headers;

/// Whether one of the media ranges holds a media type, or there are none.
pub(super) fn accepts(headers: &Headers, media_type: &str) -> bool {
    let mut ranges = headers.all("Accept").flat_map(|value| value.split(',')).peekable();
    ranges.peek().is_none() || ranges.any(|range| holds(range, media_type))
}

/// Whether `text/*;q=0.5` holds `text/html`. What is wanted least is still taken.
fn holds(range: &str, media_type: &str) -> bool {
    let range = range.split(';').next().unwrap_or_default().trim();
    let any_subtype = || {
        let kind = range.strip_suffix("/*")?;
        Some(kind == "*" || media_type.split('/').next()?.eq_ignore_ascii_case(kind))
    };
    range.is_empty() || range.eq_ignore_ascii_case(media_type) || any_subtype() == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_types() {
        for (accept, expected) in [
            (&[][..], true),
            (&[""], true),
            (&["*/*"], true),
            (&["application/json"], true),
            (&["Application/JSON; charset=utf-8"], true),
            (&["application/*;q=0.1"], true),
            (&["text/html, application/xml;q=0.9, */*;q=0.8"], true),
            (&["application/xml", "application/json"], true),
            (&["application/xml"], false),
            (&["application/gzip, text/*"], false),
        ] {
            let mut headers = Headers::default();
            accept.iter().for_each(|value| headers.push("Accept", *value));
            assert_eq!(accepts(&headers, "application/json"), expected, "{accept:?}");
        }
    }
}
