//! The file of `server.runtime-info.path`: what the server listens to, for programs that start it on a free port.

use crate::cli::CliError;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

/// Writes the file at once, so that nobody reads a part of it.
///
/// # Errors
///
/// It cannot be written.
pub(super) fn write(path: &Path, local: &[SocketAddr], admin: &[SocketAddr]) -> Result<(), CliError> {
    let text = format!("{}\n", contents(local, admin));
    replace(path, text.as_bytes())
        .map_err(|error| CliError::user(format!("Cannot write {}: {error}", path.display())))
}

fn contents(local: &[SocketAddr], admin: &[SocketAddr]) -> Value {
    let all = |addresses: &[SocketAddr]| -> Vec<Value> {
        let one = |address: &SocketAddr| json!({"host": address.ip().to_string(), "port": address.port()});
        addresses.iter().map(one).collect()
    };
    json!({"local_addresses": all(local), "local_admin_addresses": all(admin)})
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_named_as_digdag_names_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("info.json");
        let api = [SocketAddr::from(([127, 0, 0, 1], 65471))];
        write(&path, &api, &["[::1]:1".parse().unwrap()]).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "{\"local_addresses\":[{\"host\":\"127.0.0.1\",\"port\":65471}],\
             \"local_admin_addresses\":[{\"host\":\"::1\",\"port\":1}]}\n"
        );
        let error = write(&dir.path().join("no/info.json"), &api, &[]).unwrap_err();
        assert!(error.message.starts_with("Cannot write "), "{error}");
    }
}
