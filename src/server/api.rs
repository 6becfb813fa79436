//! All resources of the REST API.

use super::{
    App, Route, Router, admin, attempts, logs, projects, revisions, schedules, session_times, sessions,
    version, workflows,
};

/// The routes of every resource.
pub const ROUTES: &[&[Route<App>]] = &[
    version::ROUTES,
    projects::ROUTES,
    revisions::ROUTES,
    workflows::ROUTES,
    session_times::ROUTES,
    schedules::ROUTES,
    sessions::ROUTES,
    attempts::ROUTES,
    logs::ROUTES,
    admin::ROUTES,
];

/// A router of them all.
pub fn router() -> Router<App> {
    Router::new(ROUTES)
}
