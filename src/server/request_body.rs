//! The fields of JSON documents that requests have. Clients differ: absent fields are left out or null, ids are texts or
//! numbers, keys come twice, and unknown ones come at all. None of this is an error.

use super::{ApiError, Request};
use crate::model::time::parse_iso;
use crate::model::{Params, Time, config};
use serde_json::Value;

/// The document of a request, an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RequestBody {
    /// What Digdag calls it, for messages.
    model: &'static str,
    fields: Params,
}

impl RequestBody {
    /// Reads the body of a request that must have one.
    ///
    /// # Errors
    ///
    /// 400 for another media type, for what is no JSON, and for what is no object.
    pub(super) fn read(request: &Request, model: &'static str) -> Result<Self, ApiError> {
        request.require_content_type("application/json")?;
        match request.json()? {
            Value::Object(fields) => Ok(Self { model, fields }),
            other => {
                Err(ApiError::invalid(format!("Cannot build {model}: an object is expected, not {other}")))
            }
        }
    }

    /// As [`read`](Self::read), but nothing or null is an object without fields.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(super) fn read_optional(request: &Request, model: &'static str) -> Result<Self, ApiError> {
        request.require_content_type("application/json")?;
        match request.json()? {
            Value::Null => Ok(Self { model, fields: Params::new() }),
            _ => Self::read(request, model),
        }
    }

    /// A field that must be there, as one of the methods below reads it.
    ///
    /// # Errors
    ///
    /// 400 when it is absent or null, and those of the method.
    pub(super) fn required<'a, T>(
        &'a self,
        field: &str,
        read: impl FnOnce(&'a Self, &str) -> Result<Option<T>, ApiError>,
    ) -> Result<T, ApiError> {
        read(self, field)?.ok_or_else(|| {
            let model = self.model;
            ApiError::invalid(format!(
                "Cannot build {model}, some of required attributes are not set [{field}]"
            ))
        })
    }

    /// A text; numbers and truth values are written out.
    pub(super) fn text(&self, field: &str) -> Result<Option<String>, ApiError> {
        self.given(field).map(|value| config::as_string(field, value).map_err(invalid)).transpose()
    }

    /// An integer.
    pub(super) fn int(&self, field: &str) -> Result<Option<i64>, ApiError> {
        self.given(field).map(|value| config::as_int(field, value).map_err(invalid)).transpose()
    }

    /// A truth value.
    pub(super) fn flag(&self, field: &str) -> Result<Option<bool>, ApiError> {
        self.given(field).map(|value| config::as_bool(field, value).map_err(invalid)).transpose()
    }

    /// An instant: `2026-11-01T00:00:00Z`, with any offset.
    pub(super) fn instant(&self, field: &str) -> Result<Option<Time>, ApiError> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        parse_iso(&text)
            .map(Some)
            .ok_or_else(|| ApiError::invalid(format!("Invalid timestamp format: {text}")))
    }

    fn given(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }
}

fn invalid(error: config::ConfigError) -> ApiError {
    ApiError::invalid(error.to_string())
}
