//! `GET /healthz` for whoever restarts the server, and `GET /metrics` for Prometheus.

use super::error::ApiError;
use super::metrics::Metrics;
use super::request::Request;
use super::response::Response;
use super::router::{PathParams, Route};
use serde::Serialize;

/// The routes of this file, for whatever tells how it is.
pub const fn routes<A: Vitals>() -> [Route<A>; 2] {
    [Route::get("/healthz", healthz), Route::get("/metrics", metrics)]
}

/// What tells how it is.
pub trait Vitals {
    fn health(&self) -> Health;

    /// # Errors
    ///
    /// When the database cannot be read.
    fn metrics(&self) -> Result<Metrics, ApiError>;
}

/// Whether the server can do what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    pub database: Condition,
    pub scheduler: Condition,
    pub watcher: Condition,
    pub disk: Condition,
}

/// How a part of the server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "status", content = "message")]
pub enum Condition {
    Ok,
    /// It was switched off on purpose.
    Disabled,
    /// It works, and something is wrong that a new start of the server would not mend.
    Warning(String),
    /// There is too little of it for anything new to begin. A new start of the server would not help.
    Low(String),
    /// It does not work, for this reason.
    Failed(String),
}

/// Answers `GET /healthz`: 200, or 503 when a part of the server has failed.
///
/// # Errors
///
/// None.
pub fn healthz<A: Vitals>(app: &A, _: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let health = app.health();
    let parts = [&health.database, &health.scheduler, &health.watcher];
    let has_failed = parts.iter().any(|part| matches!(part, Condition::Failed(_)));
    Ok(Response::json(if has_failed { 503 } else { 200 }, &health).with_header("Cache-Control", "no-store"))
}

/// Answers `GET /metrics`.
///
/// # Errors
///
/// When the database cannot be read.
pub fn metrics<A: Vitals>(app: &A, _: &Request, _: &PathParams) -> Result<Response, ApiError> {
    let text = app.metrics()?.to_string();
    Ok(Response::new(200, "text/plain; version=0.0.4; charset=utf-8", text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::request::Method;
    use crate::server::response::Body;
    use crate::server::target::Target;

    struct Patient(Health);

    impl Vitals for Patient {
        fn health(&self) -> Health {
            self.0.clone()
        }

        fn metrics(&self) -> Result<Metrics, ApiError> {
            Err(ApiError::internal("no database"))
        }
    }

    #[test]
    fn a_server_with_a_failed_part_is_not_healthy() {
        let failed = || Condition::Failed("disk full".to_owned());
        let request = Request::new(Method::Get, Target::parse("/healthz").unwrap());
        let (low, warning) =
            (Condition::Low("1 MiB".to_owned()), Condition::Warning("1 directory".to_owned()));
        for ([database, scheduler, watcher, disk], status, body) in [
            (
                [Condition::Ok, Condition::Ok, Condition::Ok, Condition::Ok],
                200,
                r#"{"database":{"status":"ok"},"scheduler":{"status":"ok"},"watcher":{"status":"ok"},"disk":{"status":"ok"}}"#,
            ),
            (
                [Condition::Ok, Condition::Disabled, warning, low],
                200,
                r#"{"database":{"status":"ok"},"scheduler":{"status":"disabled"},"watcher":{"status":"warning","message":"1 directory"},"disk":{"status":"low","message":"1 MiB"}}"#,
            ),
            (
                [failed(), Condition::Ok, Condition::Disabled, Condition::Ok],
                503,
                r#"{"database":{"status":"failed","message":"disk full"},"scheduler":{"status":"ok"},"watcher":{"status":"disabled"},"disk":{"status":"ok"}}"#,
            ),
            (
                [Condition::Ok, Condition::Ok, failed(), Condition::Ok],
                503,
                r#"{"database":{"status":"ok"},"scheduler":{"status":"ok"},"watcher":{"status":"failed","message":"disk full"},"disk":{"status":"ok"}}"#,
            ),
        ] {
            let patient = Patient(Health { database, scheduler, watcher, disk });
            let response = healthz(&patient, &request, &PathParams::default()).unwrap();
            let Body::Bytes(bytes) = &response.body else { panic!("{response:?}") };
            assert_eq!((response.status, std::str::from_utf8(bytes).unwrap()), (status, body));
        }
        let ok = || Condition::Ok;
        let health = Health { database: ok(), scheduler: ok(), watcher: ok(), disk: ok() };
        assert_eq!(metrics(&Patient(health), &request, &PathParams::default()).unwrap_err().status, 500);
    }
}
