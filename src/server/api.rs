//! All resources of the REST API.

use super::{
    App, Route, Router, admin, archives, attempts, logs, notifications, openapi, projects, revisions,
    schedules, secrets, session_times, sessions, starts, version, vitals, watched, workflows,
};

/// The routes of every resource.
pub const ROUTES: &[&[Route<App>]] = &[
    version::ROUTES,
    projects::ROUTES,
    archives::ROUTES,
    revisions::ROUTES,
    workflows::ROUTES,
    watched::ROUTES,
    session_times::ROUTES,
    schedules::ROUTES,
    secrets::ROUTES,
    sessions::ROUTES,
    attempts::ROUTES,
    starts::ROUTES,
    logs::ROUTES,
    notifications::ROUTES,
    admin::ROUTES,
    openapi::ROUTES,
    vitals::ROUTES,
];

/// A router of them all.
pub fn router() -> Router<App> {
    Router::new(ROUTES)
}
