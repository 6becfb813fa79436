//! Who may use a server on the file: as long as nobody has to sign in, everybody on the machine does what its user may.

use super::Finding;
use std::path::Path;

/// Who has to sign in to a server that runs as root.
pub fn check_access(file: &Path, has_user: bool, has_token: bool, is_root: bool) -> Finding {
    if has_user || has_token {
        let by = if has_user { "the user of the configuration or a token" } else { "a token" };
        return Finding::ok("access", format!("a server asks for {by}"));
    }
    if is_root {
        return Finding::warning(
            "access",
            "a server that root runs lets every user of this machine run commands as root: nobody has to sign in",
            format!(
                "make a token with `dibble token create NAME -o {}`, or set server.authenticator.basic.*",
                file.display()
            ),
        );
    }
    Finding::ok("access", "a server lets everybody on this machine in: there is no user and no token")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::doctor::State;

    #[test]
    fn only_root_without_anybody_who_signs_in_is_a_risk() {
        for (has_user, has_token, is_root, state) in [
            (false, false, true, State::Warning),
            (false, false, false, State::Ok),
            (true, false, true, State::Ok),
            (false, true, true, State::Ok),
        ] {
            let found = check_access(Path::new("x.db"), has_user, has_token, is_root);
            assert_eq!(found.state, state, "{found:?}");
        }
    }
}
