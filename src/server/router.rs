//! Which function answers a method and a path. Every resource has a constant table of [`Route`]s; the router joins them.
//!
//! Of several patterns that fit a path the one with the earlier literal segments wins, whatever their order. There are no
//! regular expressions and no patterns that span segments.

use super::accept::accepts;
use super::error::ApiError;
use super::request::{Method, Request};
use super::response::Response;
use std::str::FromStr;

/// One method of one path. `A` is what the handlers share, [`App`](super::App) but in tests.
#[derive(Debug)]
pub struct Route<A: 'static> {
    /// What is asked of the path. `HEAD` and `OPTIONS` need no routes.
    pub method: Method,
    /// `/api/projects/{id}/workflows/{name}`; a name in braces stands for one segment that is not empty.
    pub pattern: &'static str,
    pub handler: Handler<A>,
    pub access: Access,
    pub body: BodyLimit,
    /// What `GET` answers with when all goes well, below `/api`.
    pub produces: MediaType,
}

/// What answers a request.
pub type Handler<A> = fn(&A, &Request, &PathParams) -> Result<Response, ApiError>;

/// Where a route is to be found, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody who is let in, on every listener.
    Everybody,
    /// Admins only, and on the admin listener only: elsewhere the path does not exist.
    Admin,
}

/// How long a body may be. The limits in bytes are the listener's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLimit {
    /// A JSON document, or nothing.
    Json,
    /// The archive of a project.
    Archive,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    Json,
    Gzip,
}

impl MediaType {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Gzip => "application/gzip",
        }
    }
}

impl<A> Route<A> {
    /// A route that answers `GET` and `HEAD`.
    pub const fn get(pattern: &'static str, handler: Handler<A>) -> Self {
        Self {
            method: Method::Get,
            pattern,
            handler,
            access: Access::Everybody,
            body: BodyLimit::Json,
            produces: MediaType::Json,
        }
    }

    /// A route that answers `GET` and `HEAD` with a packed file.
    pub const fn get_gzip(pattern: &'static str, handler: Handler<A>) -> Self {
        let (access, body) = (Access::Everybody, BodyLimit::Json);
        Self { method: Method::Get, pattern, handler, access, body, produces: MediaType::Gzip }
    }

    pub const fn put(pattern: &'static str, handler: Handler<A>) -> Self {
        Self {
            method: Method::Put,
            pattern,
            handler,
            access: Access::Everybody,
            body: BodyLimit::Json,
            produces: MediaType::Json,
        }
    }

    pub const fn post(pattern: &'static str, handler: Handler<A>) -> Self {
        Self {
            method: Method::Post,
            pattern,
            handler,
            access: Access::Everybody,
            body: BodyLimit::Json,
            produces: MediaType::Json,
        }
    }

    pub const fn delete(pattern: &'static str, handler: Handler<A>) -> Self {
        Self {
            method: Method::Delete,
            pattern,
            handler,
            access: Access::Everybody,
            body: BodyLimit::Json,
            produces: MediaType::Json,
        }
    }

    /// A `PUT` of the archive of a project.
    pub const fn put_archive(pattern: &'static str, handler: Handler<A>) -> Self {
        Self {
            method: Method::Put,
            pattern,
            handler,
            access: Access::Everybody,
            body: BodyLimit::Archive,
            produces: MediaType::Json,
        }
    }

    /// A `GET` for admins, on the admin listener.
    pub const fn admin_get(pattern: &'static str, handler: Handler<A>) -> Self {
        Self {
            method: Method::Get,
            pattern,
            handler,
            access: Access::Admin,
            body: BodyLimit::Json,
            produces: MediaType::Json,
        }
    }
}

/// All routes. Made once; asking it needs no lock.
#[derive(Debug)]
pub struct Router<A: 'static> {
    routes: Vec<Compiled<A>>,
}

#[derive(Debug)]
struct Compiled<A: 'static> {
    route: &'static Route<A>,
    pattern: Vec<Segment>,
}

/// A part of a pattern.
#[derive(Debug, Clone, Copy)]
enum Segment {
    Literal(&'static str),
    Param(&'static str),
}

impl<A> Router<A> {
    /// Joins the tables of the resources.
    pub fn new(tables: &[&'static [Route<A>]]) -> Self {
        let routes = tables.iter().copied().flatten();
        Self { routes: routes.map(|route| Compiled { route, pattern: compile(route.pattern) }).collect() }
    }

    /// Every route, in the order of the tables.
    pub fn routes(&self) -> impl Iterator<Item = &'static Route<A>> {
        self.routes.iter().map(|compiled| compiled.route)
    }

    /// Finds what a path leads to, if anything. Routes for admins are there on the admin listener only.
    pub fn find(&self, path: &[String], is_admin_listener: bool) -> Option<Found<A>> {
        let visible = |route: &Route<A>| is_admin_listener || route.access != Access::Admin;
        let fits = |compiled: &&Compiled<A>| visible(compiled.route) && fits(&compiled.pattern, path);
        let best = self
            .routes
            .iter()
            .filter(fits)
            .map(|compiled| &compiled.pattern)
            .min_by_key(|pattern| rank(pattern))?;
        let same = self.routes.iter().filter(fits).filter(|compiled| rank(&compiled.pattern) == rank(best));
        Some(Found {
            routes: same.map(|compiled| compiled.route).collect(),
            params: PathParams::of(best, path),
        })
    }

    /// Answers a request: 404 without a body for unknown paths, 405 for methods that a path does not have.
    ///
    /// # Errors
    ///
    /// Those of the handler, and 403 when a path is for admins and the user is none.
    pub fn answer(&self, app: &A, request: &Request) -> Result<Response, ApiError> {
        match self.find(request.target.segments(), request.is_admin_listener) {
            Some(found) => found.answer(app, request),
            None => Err(ApiError::no_such_path()),
        }
    }
}

/// What a path leads to.
#[derive(Debug)]
pub struct Found<A: 'static> {
    /// One for each method.
    routes: Vec<&'static Route<A>>,
    params: PathParams,
}

impl<A> Found<A> {
    /// The route of a method. `HEAD` has the one of `GET`.
    pub fn route(&self, method: &Method) -> Option<&'static Route<A>> {
        let method = if *method == Method::Head { &Method::Get } else { method };
        self.routes.iter().copied().find(|route| route.method == *method)
    }

    fn answer(&self, app: &A, request: &Request) -> Result<Response, ApiError> {
        let Some(route) = self.route(&request.method) else {
            return Ok(match request.method {
                Method::Options => Response::new(200, "text/plain", self.methods()),
                _ => Response::error(405, "Method not allowed"),
            }
            .with_header("Allow", self.methods()));
        };
        if route.access == Access::Admin && !request.user.is_admin {
            return Err(ApiError::forbidden("Only admins may do this"));
        }
        if request.target.is_api() && !accepts(&request.headers, route.produces.name()) {
            return Err(ApiError { status: 406, message: None });
        }
        (route.handler)(app, request, &self.params)
    }

    /// `HEAD, GET, OPTIONS`, and what else there is.
    fn methods(&self) -> String {
        let reads = self.routes.iter().any(|route| route.method == Method::Get);
        let mut methods = if reads { vec!["HEAD", "GET", "OPTIONS"] } else { vec!["OPTIONS"] };
        methods.extend(self.routes.iter().map(|route| route.method.as_str()).filter(|&name| name != "GET"));
        methods.join(", ")
    }
}

/// What the names of a pattern stand for in a path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathParams(Vec<(&'static str, String)>);

impl PathParams {
    /// For tests of handlers.
    pub fn new(params: &[(&'static str, &str)]) -> Self {
        Self(params.iter().map(|&(name, value)| (name, value.to_owned())).collect())
    }

    fn of(pattern: &[Segment], path: &[String]) -> Self {
        let pairs = pattern.iter().zip(path).filter_map(|(segment, text)| match segment {
            Segment::Literal(_) => None,
            Segment::Param(name) => Some((*name, text.clone())),
        });
        Self(pairs.collect())
    }

    /// The decoded text of a segment, which is never empty; empty when the pattern has no such name.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| *known == name);
        debug_assert!(found.is_some(), "the pattern of this route has no {{{name}}}");
        found.map_or("", |(_, text)| text)
    }

    /// A number, or whatever else can be read of a segment.
    ///
    /// # Errors
    ///
    /// 404 without a body, as Digdag has it.
    pub fn scalar<T: FromStr>(&self, name: &str) -> Result<T, ApiError> {
        self.text(name).parse().map_err(|_| ApiError::no_such_path())
    }
}

fn compile(pattern: &'static str) -> Vec<Segment> {
    let segments = pattern.split('/').filter(|segment| !segment.is_empty());
    let compile = |segment: &'static str| {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        name.map_or(Segment::Literal(segment), Segment::Param)
    };
    segments.map(compile).collect()
}

fn fits(pattern: &[Segment], path: &[String]) -> bool {
    pattern.len() == path.len()
        && pattern.iter().zip(path).all(|(segment, text)| match segment {
            Segment::Literal(literal) => literal == text,
            Segment::Param(_) => !text.is_empty(),
        })
}

/// Less is more exact: the pattern with the earlier literal.
fn rank(pattern: &[Segment]) -> Vec<bool> {
    pattern.iter().map(|segment| matches!(segment, Segment::Param(_))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::request::User;
    use crate::server::response::Body;
    use crate::server::target::Target;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    const PROJECTS: &[Route<()>] = &[
        Route::get("/api/projects", |(), _, _| Ok(Response::text(200, "list"))),
        Route::put_archive("/api/projects", |(), _, _| Ok(Response::text(200, "push"))),
        Route::get("/api/projects/{id}", |(), _, params| {
            Ok(Response::text(200, params.scalar::<i32>("id")?.to_string()))
        }),
        Route::get("/api/projects/{id}/workflows/{name}", |(), _, params| {
            Ok(Response::text(200, format!("{}:{}", params.text("id"), params.text("name"))))
        }),
        Route::get("/api/projects/{id}/workflows/special", |(), _, _| Ok(Response::text(200, "special"))),
    ];
    const OTHERS: &[Route<()>] = &[
        Route::get("/", |(), _, _| Ok(Response::text(200, "root"))),
        Route::post("/api/attempts/{id}/kill", |(), _, _| Err(ApiError::conflict("finished"))),
        Route::admin_get("/api/admin/attempts/{id}/userinfo", |(), _, _| Ok(Response::text(200, "info"))),
    ];

    fn answer_to(request: &Request) -> (u16, String, Option<String>) {
        let response = Response::from(Router::new(&[PROJECTS, OTHERS]).answer(&(), request));
        let body = match &response.body {
            Body::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            _ => String::new(),
        };
        (response.status, body, response.header("allow").map(str::to_owned))
    }

    fn answer(method: &str, path: &str) -> (u16, String, Option<String>) {
        answer_to(&Request::new(Method::parse(method), Target::parse(path).unwrap()))
    }

    #[test]
    fn clients_that_take_something_else_get_nothing() {
        for (path, accept, status) in [
            ("/api/projects", "application/json", 200),
            ("/api/projects", "application/xml", 406),
            ("/", "application/xml", 200),
        ] {
            let mut request = Request::new(Method::Get, Target::parse(path).unwrap());
            request.headers.push("Accept", accept);
            assert_eq!(answer_to(&request).0, status, "{path} {accept}");
        }
    }

    #[test]
    fn paths_lead_to_handlers() {
        for (method, path, status, body) in [
            ("GET", "/", 200, "root"),
            ("GET", "/api/projects", 200, "list"),
            ("HEAD", "/api/projects/", 200, "list"),
            ("PUT", "/api/projects?project=x", 200, "push"),
            ("GET", "/api/projects/12", 200, "12"),
            ("GET", "/api/projects/abc", 404, ""),
            ("GET", "/api/projects/99999999999", 404, ""),
            ("GET", "/api/projects/1/workflows/a%2F..%2Fb+c", 200, "1:a/../b+c"),
            ("GET", "/api/projects/1/workflows/special", 200, "special"),
            ("GET", "/api/projects/1/workflows/", 404, ""),
            ("GET", "/api/projects//workflows/x", 404, ""),
            ("GET", "/api", 404, ""),
            ("GET", "/api/nosuch", 404, ""),
            ("OPTIONS", "/api/nosuch", 404, ""),
            ("POST", "/api/attempts/1/kill", 409, r#"{"message":"finished","status":409}"#),
        ] {
            let (found_status, found_body, allow) = answer(method, path);
            assert_eq!((found_status, found_body.as_str(), allow), (status, body, None), "{method} {path}");
        }
    }

    #[test]
    fn known_paths_say_what_can_be_done() {
        let not_allowed = r#"{"message":"Method not allowed","status":405}"#;
        for (method, path, status, body, allow) in [
            ("OPTIONS", "/api/projects/1", 200, "HEAD, GET, OPTIONS", "HEAD, GET, OPTIONS"),
            ("OPTIONS", "/api/projects", 200, "HEAD, GET, OPTIONS, PUT", "HEAD, GET, OPTIONS, PUT"),
            ("DELETE", "/api/projects", 405, not_allowed, "HEAD, GET, OPTIONS, PUT"),
            ("TRACE", "/", 405, not_allowed, "HEAD, GET, OPTIONS"),
            ("HEAD", "/api/attempts/1/kill", 405, not_allowed, "OPTIONS, POST"),
            ("PUT", "/api/projects/1/workflows/special", 405, not_allowed, "HEAD, GET, OPTIONS"),
        ] {
            assert_eq!(
                answer(method, path),
                (status, body.to_owned(), Some(allow.to_owned())),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn admins_have_paths_of_their_own() {
        let target = Target::parse("/api/admin/attempts/1/userinfo").unwrap();
        let mut request = Request::new(Method::Get, target);
        assert_eq!(answer_to(&request).0, 404);
        request.user = User { name: None, is_admin: true };
        assert_eq!(answer_to(&request).0, 404);
        request.is_admin_listener = true;
        assert_eq!(answer_to(&request).0, 200);
        request.user.is_admin = false;
        assert_eq!(answer_to(&request).0, 403);
    }

    #[test]
    fn the_route_tells_the_limit_of_the_body() {
        let router = Router::new(&[PROJECTS, OTHERS]);
        let found = router.find(&["api".to_owned(), "projects".to_owned()], false).unwrap();
        assert_eq!(found.route(&Method::Put).map(|route| route.body), Some(BodyLimit::Archive));
        assert_eq!(found.route(&Method::Head).map(|route| route.body), Some(BodyLimit::Json));
        assert!(found.route(&Method::Delete).is_none());
        assert_eq!(router.routes().count(), 8);
    }

    proptest! {
        #[test]
        fn any_path_has_an_answer(path in "(/[a-z.%0-9A-F+{}]{0,9}){0,6}", method in "GET|PUT|HEAD|OPTIONS|X") {
            if let Ok(target) = Target::parse(&path) {
                let status = answer_to(&Request::new(Method::parse(&method), target)).0;
                prop_assert!([200, 404, 405, 409].contains(&status), "{}", status);
            }
        }

        #[test]
        fn what_a_name_stands_for_is_one_decoded_segment(name in "\\PC{1,20}") {
            prop_assume!(name != "special");
            let path = format!("/api/projects/7/workflows/{}", utf8_percent_encode(&name, NON_ALPHANUMERIC));
            prop_assert_eq!(answer("GET", &path), (200, format!("7:{name}"), None));
        }
    }
}
