//! How times stand in the server's JSON.

use crate::model::Time;
use crate::model::time::{iso, parse_iso};
use chrono::{DateTime, FixedOffset};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `2026-11-22T03:16:29Z`
pub(super) mod instant {
    use super::{Deserialize, Deserializer, Error, Serializer, Time, Unexpected, parse_iso};

    pub(in crate::client) fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&time.format("%Y-%m-%dT%H:%M:%SZ"))
    }

    pub(in crate::client) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_iso(&text).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &"a time"))
    }
}

pub(super) mod optional_instant {
    use super::{Deserialize, Deserializer, Error, Serializer, Time, Unexpected, instant, parse_iso};

    pub(in crate::client) fn serialize<S: Serializer>(
        time: &Option<Time>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => instant::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::client) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Time>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let read = |text: String| {
            parse_iso(&text).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &"a time"))
        };
        text.map(read).transpose()
    }
}

/// `2026-11-20T00:00:00+09:00`, which is shown with its own offset.
pub(super) mod offset_time {
    use super::{DateTime, Deserialize, Deserializer, Error, FixedOffset, Serializer, Unexpected, iso};

    pub(in crate::client) fn serialize<S: Serializer>(
        time: &DateTime<FixedOffset>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&iso(*time))
    }

    pub(in crate::client) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DateTime<FixedOffset>, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"a time with an offset"))
    }
}

/// The same, or null.
pub(super) mod optional_offset_time {
    use super::{DateTime, Deserialize, Deserializer, FixedOffset, Serialize, Serializer, offset_time};

    #[derive(Deserialize, Serialize)]
    struct Given(#[serde(with = "offset_time")] DateTime<FixedOffset>);

    pub(in crate::client) fn serialize<S: Serializer>(
        time: &Option<DateTime<FixedOffset>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(Given).serialize(serializer)
    }

    pub(in crate::client) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<FixedOffset>>, D::Error> {
        Ok(Option::<Given>::deserialize(deserializer)?.map(|Given(time)| time))
    }
}
