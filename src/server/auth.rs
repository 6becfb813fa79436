//! Who a request is from: a user name with a password, or a token. Where there is neither, everybody may do everything,
//! as in Digdag. Tokens come and go while the server runs, so every request asks for them again.

use super::request::{Method, Request, User};
use super::response::Response;
use crate::crypto::password::HashedPassword;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use subtle::ConstantTimeEq;

/// How many checks of hashes may wait for their turn. Each takes long and much memory by design, so that more of them
/// would be a way to keep others waiting.
const WAITING_CHECKS: usize = 8;

/// The user of `server.authenticator.basic.*`.
pub struct BasicUser {
    pub username: String,
    pub password: Password,
    pub is_admin: bool,
}

/// What a password is compared with.
pub enum Password {
    Plain(String),
    Hashed(HashedPassword),
}

/// The tokens of the moment.
pub trait Tokens: Send + Sync {
    /// Whether there is any. Where that cannot be known it is `true`, so that nobody gets in by it.
    fn any(&self) -> bool;
    /// The name of the token that somebody shows; none if it is not one.
    fn name(&self, shown: &str) -> Option<String>;
}

/// Decides who may use the API.
#[derive(Default)]
pub struct Authenticator {
    basic: Option<BasicUser>,
    tokens: Option<Box<dyn Tokens>>,
    /// Whether nobody gets in while there is neither a user nor a token.
    never_open: bool,
    /// How many wait for the check of a hash.
    waiting: AtomicUsize,
}

impl Authenticator {
    /// Requests need the user or a token, and nothing while there is neither.
    pub fn new(basic: Option<BasicUser>, tokens: Option<Box<dyn Tokens>>) -> Self {
        Self { basic, tokens, ..Self::default() }
    }

    /// With `true`, nobody gets in while there is neither a user nor a token: other machines can reach the server.
    pub fn never_open(self, never_open: bool) -> Self {
        Self { never_open, ..self }
    }

    /// Whether anybody can say who he is at the moment.
    pub fn has_users(&self) -> bool {
        self.basic.is_some() || self.tokens.as_ref().is_some_and(|tokens| tokens.any())
    }

    /// Says who a request is from.
    ///
    /// # Errors
    ///
    /// The 401 to a request that must say so and does not, and 503 when too many passwords are being checked.
    pub fn check(&self, request: &Request) -> Result<User, Response> {
        if is_open(request) || !(self.never_open || self.has_users()) {
            return Ok(User::default());
        }
        let header = request.headers.get("Authorization");
        let header = header.ok_or_else(|| self.unauthorized("Missing Authorization header"))?;
        let (scheme, credentials) = header.split_once(' ').unwrap_or((header, ""));
        let user = if scheme.eq_ignore_ascii_case("Basic") {
            self.check_basic(credentials.trim())?
        } else if scheme.eq_ignore_ascii_case("Bearer") {
            let name = self.tokens.as_ref().and_then(|tokens| tokens.name(credentials.trim()));
            name.map(|name| User { name: Some(name), is_admin: false })
        } else {
            None
        };
        user.ok_or_else(|| self.unauthorized("unauthorized"))
    }

    fn check_basic(&self, credentials: &str) -> Result<Option<User>, Response> {
        let Some(basic) = &self.basic else { return Ok(None) };
        let Some((username, password)) = decode(credentials) else { return Ok(None) };
        let user = User { name: Some(basic.username.clone()), is_admin: basic.is_admin };
        let is_right = match &basic.password {
            Password::Plain(expected) => is_same(&password, expected) & is_same(&username, &basic.username),
            // The name is checked afterwards, so that how long it takes tells nothing of it.
            Password::Hashed(hashed) => {
                self.check_hash(hashed, &password)? & is_same(&username, &basic.username)
            }
        };
        Ok(is_right.then_some(user))
    }

    /// One hash is checked at a time. Those who know the password do not wait for those who guess.
    fn check_hash(&self, hashed: &HashedPassword, password: &str) -> Result<bool, Response> {
        if hashed.knows(password) {
            return Ok(true);
        }
        let is_crowded = self.waiting.fetch_add(1, Ordering::SeqCst) >= WAITING_CHECKS;
        let result = if is_crowded {
            Err(Response::error(503, "Too many passwords are being checked").with_header("Retry-After", "1"))
        } else {
            Ok(hashed.matches(password))
        };
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        result
    }

    fn unauthorized(&self, message: &str) -> Response {
        let mut response = Response::error(401, message);
        if self.basic.is_some() {
            response = response.with_header("WWW-Authenticate", r#"Basic realm="dibble", charset="UTF-8""#);
        }
        if self.tokens.is_some() {
            response = response.with_header("WWW-Authenticate", r#"Bearer realm="dibble""#);
        }
        response
    }
}

/// Whether a request needs no user: it asks what can be asked, or for the version, or whether the server lives; or it is
/// for the pages, which hold nothing that the API does not give.
fn is_open(request: &Request) -> bool {
    let path: Vec<&str> = request.target.segments().iter().map(String::as_str).collect();
    let is_protected = request.target.is_api() || path == ["metrics"];
    request.method == Method::Options || !is_protected || path == ["api", "version"]
}

/// The name and the password of `Basic` credentials. A password can hold colons.
fn decode(credentials: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(credentials).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}

/// Compares in a time that depends on neither text.
fn is_same(one: &str, other: &str) -> bool {
    Sha256::digest(one).ct_eq(&Sha256::digest(other)).into()
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("never_open", &self.never_open).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::password::hash;
    use crate::server::response::Body;
    use crate::server::target::Target;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    fn basic(password: Password) -> BasicUser {
        BasicUser { username: "u".to_owned(), password, is_admin: true }
    }

    /// Has the token `t0ken` while it is `true`.
    #[derive(Default, Clone)]
    struct OneToken(Arc<AtomicBool>);

    impl Tokens for OneToken {
        fn any(&self) -> bool {
            self.0.load(Ordering::SeqCst)
        }

        fn name(&self, shown: &str) -> Option<String> {
            (self.any() && shown == "t0ken").then(|| "ci".to_owned())
        }
    }

    fn both() -> Authenticator {
        let tokens = OneToken(Arc::new(AtomicBool::new(true)));
        Authenticator::new(Some(basic(Password::Plain("p:ä".to_owned()))), Some(Box::new(tokens)))
    }

    fn request(path: &str, header: Option<&str>) -> Request {
        let mut request = Request::new(Method::Get, Target::parse(path).unwrap());
        if let Some(header) = header {
            request.headers.push("authorization", header);
        }
        request
    }

    fn encoded(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    fn message(response: &Response) -> String {
        match &response.body {
            Body::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            _ => String::new(),
        }
    }

    #[test]
    fn users_and_tokens_are_let_in() {
        let user = User { name: Some("u".to_owned()), is_admin: true };
        let token = User { name: Some("ci".to_owned()), is_admin: false };
        for (header, expected) in [
            (encoded("u:p:ä"), &user),
            (encoded("u:p:ä").replace("Basic", "bAsIc"), &user),
            ("Bearer t0ken".to_owned(), &token),
        ] {
            assert_eq!(both().check(&request("/api/x", Some(&header))).unwrap(), *expected, "{header}");
        }
    }

    #[test]
    fn others_are_not() {
        let wrong =
            ["u:p".to_owned(), "v:p:ä".to_owned(), "u".to_owned(), String::new()].map(|text| encoded(&text));
        let odd = ["Basic", "Basic %", "Basic /w==", "Bearer", "Bearer x", "Digest x", "", "t0ken"]
            .map(str::to_owned);
        for header in wrong.into_iter().chain(odd) {
            let response = both().check(&request("/api/x", Some(&header))).unwrap_err();
            assert_eq!(message(&response), r#"{"message":"unauthorized","status":401}"#, "{header}");
        }
        let response = both().check(&request("/api/x", None)).unwrap_err();
        assert_eq!(message(&response), r#"{"message":"Missing Authorization header","status":401}"#);
        assert_eq!(response.header("WWW-Authenticate"), Some(r#"Basic realm="dibble", charset="UTF-8""#));
    }

    #[test]
    fn some_paths_are_open() {
        for (path, expected) in [
            ("/api/version", true),
            ("/healthz", true),
            ("/", true),
            ("/projects/1", true),
            ("/api", false),
            ("/api/version/check", false),
            ("/api/versions", false),
            ("/%61pi/projects", false),
            ("/metrics", false),
        ] {
            assert_eq!(both().check(&request(path, None)).is_ok(), expected, "{path}");
            assert!(Authenticator::default().check(&request(path, Some("Basic x"))).is_ok(), "{path}");
        }
        let mut options = request("/api/projects", None);
        options.method = Method::Options;
        assert!(both().check(&options).is_ok());
    }

    #[test]
    fn the_first_token_closes_and_the_last_one_opens() {
        for (has_user, never_open, expected) in
            [(false, false, [200, 401, 200]), (false, true, [401; 3]), (true, false, [401; 3])]
        {
            let tokens = OneToken::default();
            let user = has_user.then(|| basic(Password::Plain("p".to_owned())));
            let authenticator =
                Authenticator::new(user, Some(Box::new(tokens.clone()))).never_open(never_open);
            let status = |header| {
                let result = authenticator.check(&request("/api/x", header));
                result.map_or_else(|response| response.status, |_| 200)
            };
            let statuses = [false, true, false].map(|has_token| {
                tokens.0.store(has_token, Ordering::SeqCst);
                assert_eq!(status(Some("Bearer t0ken")) == 200, has_token || expected[0] == 200);
                assert_eq!(authenticator.has_users(), has_user || has_token);
                status(None)
            });
            assert_eq!(statuses, expected, "{has_user} {never_open}");
        }
    }

    #[test]
    fn hashes_are_checked_for_a_few_at_a_time() {
        let hashed = HashedPassword::new(&hash("p").unwrap()).unwrap();
        let authenticator = Authenticator::new(Some(basic(Password::Hashed(hashed))), None);
        let status = |credentials: &str| {
            let result = authenticator.check(&request("/api/x", Some(&encoded(credentials))));
            result.map_or_else(|response| response.status, |_| 200)
        };
        authenticator.waiting.store(WAITING_CHECKS, Ordering::SeqCst);
        assert_eq!(status("u:p"), 503);
        authenticator.waiting.store(WAITING_CHECKS - 1, Ordering::SeqCst);
        assert_eq!((status("u:x"), status("u:p"), status("v:p")), (401, 200, 401));
        // Who is known does not wait.
        authenticator.waiting.store(WAITING_CHECKS, Ordering::SeqCst);
        assert_eq!((status("u:x"), status("u:p"), status("v:p")), (503, 200, 401));
    }
}
