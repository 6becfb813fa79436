//! How values stand in columns, and how they are read by column name.

use super::OwnerId;
use crate::model::{
    AttemptId, Params, ProjectId, RevisionId, ScheduleId, SessionId, SessionTime, TaskId, TaskState, Time,
    WorkflowId, Zone,
};
use chrono::DateTime;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// A part of a list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<Id> {
    /// Only rows with smaller ids; none for the newest.
    pub before: Option<Id>,
    /// How many rows at most.
    pub limit: u32,
}

impl<Id> Page<Id> {
    /// The newest rows.
    pub fn first(limit: u32) -> Self {
        Self { before: None, limit }
    }
}

impl<Id: Copy + Into<i64>> Page<Id> {
    pub(super) fn before(self) -> i64 {
        self.before.map_or(i64::MAX, Into::into)
    }
}

/// JSON text in a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Json<T>(pub T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        json_text(&self.0)
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// A JSON object in a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonObject<'a>(pub &'a Params);

impl ToSql for JsonObject<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        // Most objects of most tasks are empty.
        if self.0.is_empty() { Ok(ToSqlOutput::Borrowed("{}".into())) } else { json_text(self.0) }
    }
}

/// A time in a column: milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Millis(pub Time);

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.timestamp_millis().into())
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let millis = value.as_i64()?;
        DateTime::from_timestamp_millis(millis).map(Self).ok_or(FromSqlError::OutOfRange(millis))
    }
}

/// A time in a column: seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seconds(pub Time);

impl ToSql for Seconds {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.timestamp().into())
    }
}

impl FromSql for Seconds {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let seconds = value.as_i64()?;
        DateTime::from_timestamp_secs(seconds).map(Self).ok_or(FromSqlError::OutOfRange(seconds))
    }
}

/// A UUID in a column: lower-case text.
#[derive(Debug, Clone, Copy)]
pub(super) struct UuidText(pub Uuid);

impl ToSql for UuidText {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_string().into())
    }
}

impl FromSql for UuidText {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Self).map_err(FromSqlError::other)
    }
}

impl ToSql for SessionTime {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.unix().into())
    }
}

impl FromSql for SessionTime {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let seconds = value.as_i64()?;
        Self::from_unix(seconds).ok_or(FromSqlError::OutOfRange(seconds))
    }
}

impl ToSql for Zone {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.id().into())
    }
}

impl FromSql for Zone {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).map_err(FromSqlError::other)
    }
}

impl ToSql for TaskState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for TaskState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(FromSqlError::other)
    }
}

macro_rules! id_columns {
    ($($name:ident),+ $(,)?) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_i64().map(Self)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

id_columns!(ProjectId, RevisionId, WorkflowId, ScheduleId, SessionId, AttemptId, TaskId, OwnerId);

/// Columns that are read one after another, in the order in which the row has them. Looking each up by its name takes
/// longer than everything else that is done with the rows of a list.
pub(super) struct InOrder<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> InOrder<'a> {
    pub(super) fn from(row: &'a Row<'a>, first: &str) -> rusqlite::Result<Self> {
        Ok(Self { row, next: row.as_ref().column_index(first)? })
    }

    /// The next column, which has this name.
    pub(super) fn get<T: FromSql>(&mut self, name: &str) -> rusqlite::Result<T> {
        let place = self.next;
        debug_assert_eq!(self.row.as_ref().column_name(place).ok(), Some(name));
        self.next += 1;
        self.row.get(place)
    }

    pub(super) fn params(&mut self, name: &str) -> rusqlite::Result<Params> {
        self.get(name).map(|Object(params)| params)
    }

    pub(super) fn time(&mut self, name: &str) -> rusqlite::Result<Time> {
        self.get(name).map(|Millis(time)| time)
    }

    pub(super) fn optional_time(&mut self, name: &str) -> rusqlite::Result<Option<Time>> {
        Ok(self.get::<Option<Millis>>(name)?.map(|Millis(time)| time))
    }
}

/// A JSON object, most often an empty one.
struct Object(Params);

impl FromSql for Object {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Text(b"{}") => Ok(Self(Params::new())),
            _ => Json::column_result(value).map(|Json(params)| Self(params)),
        }
    }
}

/// A column with a JSON object.
pub(super) fn params(row: &Row<'_>, column: &str) -> rusqlite::Result<Params> {
    row.get(column).map(|Object(params)| params)
}

/// A column with a time.
pub(super) fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Time> {
    row.get(column).map(|Millis(time)| time)
}

/// A column with a time or null.
pub(super) fn optional_time(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Time>> {
    Ok(row.get::<_, Option<Millis>>(column)?.map(|Millis(time)| time))
}

fn json_text(value: &impl Serialize) -> rusqlite::Result<ToSqlOutput<'static>> {
    serde_json::to_string(value)
        .map(ToSqlOutput::from)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
