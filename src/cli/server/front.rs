//! What stands behind the sockets all the time, while what stands behind it may be put up later and exchanged.
//!
//! Sockets are bound before anything is started, so that a server that cannot listen has not run anything. Requests that
//! come in between wait.

use crate::server::App;
use crate::server::http::{Exchange, Service};
use crate::server::router::BodyLimit;
use crate::server::site::Site;
use crate::server::{Request, Response};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Passes every request on to the site of the moment.
#[derive(Default)]
pub(super) struct Front {
    site: Mutex<Option<Arc<Site<App>>>>,
    changed: Condvar,
}

impl Front {
    /// Serves this site from now on.
    pub(super) fn put(&self, site: Site<App>) {
        *self.site.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(site));
        self.changed.notify_all();
    }

    fn site(&self) -> Arc<Site<App>> {
        let mut site = self.site.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(site) = &*site {
                return Arc::clone(site);
            }
            site = self.changed.wait(site).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Service for Front {
    fn admit(&self, request: &mut Request) -> Result<BodyLimit, Response> {
        self.site().admit(request)
    }

    fn answer(&self, request: &Request) -> Response {
        self.site().answer(request)
    }

    fn finish(&self, request: &Request, response: Response) -> Response {
        self.site().finish(request, response)
    }

    fn answered(&self, exchange: &Exchange<'_>) {
        self.site().answered(exchange);
    }
}
