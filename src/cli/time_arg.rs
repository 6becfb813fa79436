//! Times on the command line, and as the client commands' messages show them.

use super::{CliError, Context};
use crate::model::Time;
use crate::model::time::parse_local;
use chrono::{DateTime, FixedOffset, Timelike};

/// Reads a time in the zone of a workflow, which the server knows: `yyyy-MM-dd[ HH:mm:ss]`, and writes it as the server
/// takes it. `forms` is the beginning of the message.
///
/// # Errors
///
/// It has no such form.
pub(crate) fn local_time(text: &str, forms: &str) -> Result<String, CliError> {
    let time = parse_local(text).ok_or_else(|| CliError::user(format!("{forms}: {text}")))?;
    Ok(time.format("%Y-%m-%dT%H:%M:%S").to_string())
}

/// Reads an instant: `yyyy-MM-dd HH:mm:ss Z`, or seconds since 1970. `option` is its name in the message.
///
/// # Errors
///
/// It has no such form.
pub(crate) fn instant(text: &str, option: &str, context: &Context) -> Result<Time, CliError> {
    let seconds = text.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let written = || DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S %z").ok().map(|time| time.to_utc());
    seconds.or_else(written).ok_or_else(|| {
        let now = context.zone.show(context.clock.now());
        CliError::user(format!(
            "{option} option must be \"yyyy-MM-dd HH:mm:ss Z\" format or UNIX timestamp: {text}"
        ))
        .hint(format!("current local time is \"{now}\""))
    })
}

/// `2024-01-02T00:00Z`, `2024-01-02T00:00:01+09:00`: seconds only where there are any.
pub(crate) fn offset_text(time: DateTime<FixedOffset>) -> String {
    let seconds = if time.second() == 0 { "" } else { ":%S" };
    let offset = if time.offset().local_minus_utc() == 0 { "Z" } else { "%:z" };
    time.format(&format!("%Y-%m-%dT%H:%M{seconds}{offset}")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context::tests::in_dir;
    use std::path::Path;

    #[test]
    fn instants_have_a_zone_or_are_numbers() {
        let (context, _) = in_dir(Path::new("/"));
        let read = |text| instant(text, "-t, --skip-to", &context).map(|time| time.to_rfc3339());
        for text in ["2026-12-10 00:00:00 +0900", "1796828400"] {
            assert_eq!(read(text).unwrap(), "2026-12-09T15:00:00+00:00", "{text}");
        }
        for text in ["2026-12-11", "now", "2026-12-10 00:00:00", "99999999999999999", ""] {
            assert_eq!(
                read(text).unwrap_err().to_string(),
                format!(
                    "error: -t, --skip-to option must be \"yyyy-MM-dd HH:mm:ss Z\" format or UNIX timestamp: {text}\n\
                     hint: current local time is \"2026-11-22 03:10:39 +0000\""
                )
            );
        }
    }

    #[test]
    fn local_times_may_be_days() {
        let read = |text| local_time(text, "--from must be x").map_err(|error| error.message);
        assert_eq!(read("2026-11-19"), Ok("2026-11-19T00:00:00".to_owned()));
        assert_eq!(read("2026-11-19 01:02:03"), Ok("2026-11-19T01:02:03".to_owned()));
        for text in ["2026-11-18 00:00:00 +0000", "garbage", "2024-01-07T00:00:00"] {
            assert_eq!(read(text), Err(format!("--from must be x: {text}")));
        }
    }
}
