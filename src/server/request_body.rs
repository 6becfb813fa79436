//! The fields of JSON documents that requests have. Clients differ: absent fields are left out or null, ids are texts or
//! numbers, keys come twice, and unknown ones come at all. None of this is an error.

use super::{ApiError, Request};
use crate::model::time::parse_iso;
use crate::model::{Params, Time, config};
use serde_json::Value;
use zeroize::Zeroizing;

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
            // It is not repeated: it may have been meant to be a secret.
            _ => Err(ApiError::invalid(format!("Cannot build {model}: an object is expected"))),
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

    /// As [`text`](Self::text), but an error does not repeat the value.
    pub(super) fn secret(&self, field: &str) -> Result<Option<Zeroizing<String>>, ApiError> {
        let read = |value| config::as_string(field, value).map(Zeroizing::new);
        let secret = self.given(field).map(read).transpose();
        secret.map_err(|_| ApiError::invalid(format!("{field}: Expected string type")))
    }

    /// A number of a row: `"7"`, `7`.
    pub(super) fn id(&self, field: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        let id = text
            .parse()
            .map_err(|_| ApiError::invalid(format!("{field} must be the number of an id: {text}")));
        id.map(Some)
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

    /// An object.
    pub(super) fn object<'a>(&'a self, field: &str) -> Result<Option<&'a Params>, ApiError> {
        match self.given(field) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(other) => Err(ApiError::invalid(format!("{field}: Expected object but got {other}"))),
        }
    }

    /// An object as a document of its own.
    pub(super) fn nested(&self, field: &str, model: &'static str) -> Result<Option<Self>, ApiError> {
        Ok(self.object(field)?.map(|fields| Self { model, fields: fields.clone() }))
    }

    fn given(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }
}

fn invalid(error: config::ConfigError) -> ApiError {
    ApiError::invalid(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{Method, Target};
    use serde_json::json;

    fn read(text: &str) -> Result<RequestBody, ApiError> {
        RequestBody::read(&request(text), "RestThing")
    }

    fn request(text: &str) -> Request {
        let mut request = Request::new(Method::Put, Target::parse("/api/things").unwrap());
        request.headers.push("Content-Type", "application/json");
        request.body = text.as_bytes().to_vec();
        request
    }

    fn message<T>(result: Result<T, ApiError>) -> String {
        let error = result.err().unwrap();
        assert_eq!(error.status, 400);
        error.message.unwrap()
    }

    #[test]
    fn ids_and_texts_are_texts_or_numbers() {
        let body = read(r#"{"a":"7","b":8,"mode":"x","mode":"from","n":null,"w":"x"}"#).unwrap();
        assert_eq!(
            (body.id("a"), body.id("b"), body.id("n"), body.id("z")),
            (Ok(Some(7)), Ok(Some(8)), Ok(None), Ok(None))
        );
        assert_eq!(body.text("mode"), Ok(Some("from".to_owned())));
        assert_eq!(body.text("b"), Ok(Some("8".to_owned())));
        assert_eq!(message(body.id("w")), "w must be the number of an id: x");
    }

    #[test]
    fn what_is_absent_or_null_is_not_set() {
        let body = read(r#"{"n":null}"#).unwrap();
        for field in ["n", "z"] {
            let expected =
                format!("Cannot build RestThing, some of required attributes are not set [{field}]");
            assert_eq!(message(body.required(field, RequestBody::instant)), expected);
            assert_eq!(
                (body.flag(field), body.int(field), body.object(field)),
                (Ok(None), Ok(None), Ok(None))
            );
        }
    }

    #[test]
    fn values_are_read_as_digdag_reads_them() {
        let body = read(r#"{"t":"2026-11-01T09:00:00+09:00","p":{"b":1,"a":2},"l":[1],"f":"true","i":"3"}"#)
            .unwrap();
        assert_eq!(body.instant("t"), Ok(parse_iso("2026-11-01T00:00:00Z")));
        assert_eq!((body.flag("f"), body.int("i")), (Ok(Some(true)), Ok(Some(3))));
        assert_eq!(json!(body.object("p").unwrap()).to_string(), r#"{"b":1,"a":2}"#);
        assert_eq!(message(body.object("l")), "l: Expected object but got [1]");
        assert_eq!(message(body.instant("i")), "Invalid timestamp format: 3");
        let nested = body.nested("p", "Inner").unwrap().unwrap();
        assert_eq!(
            message(nested.required("c", RequestBody::text)),
            "Cannot build Inner, some of required attributes are not set [c]"
        );
    }

    #[test]
    fn bodies_are_objects_of_json() {
        assert_eq!(message(read("")), "Cannot build RestThing: an object is expected");
        assert_eq!(message(read("[1]")), "Cannot build RestThing: an object is expected");
        assert!(message(read("{")).starts_with("Invalid JSON: "));
        let optional = |text| RequestBody::read_optional(&request(text), "RestThing");
        for text in ["", "null", "{}"] {
            assert_eq!(optional(text).unwrap().fields, Params::new());
        }
        assert_eq!(message(optional("1")), "Cannot build RestThing: an object is expected");
        let mut untyped = request("{}");
        untyped.headers = crate::server::Headers::default();
        assert_eq!(
            message(RequestBody::read(&untyped, "RestThing")),
            "RESTEASY003065: Cannot consume content type"
        );
    }
}
