//! Where the configuration comes from, lowest first: the default file (only without `-c`), the text in the variable
//! `DIGDAG_CONFIG`, `-X`, the file of `-c`.

use super::error::CliError;
use super::properties::{decode, parse_properties};
use crate::model::Settings;
use std::io;
use std::path::{Path, PathBuf};

/// What the command line says about the configuration.
#[derive(Debug, Clone, Default)]
pub struct SettingsSources<'a> {
    /// `-c`
    pub file: Option<&'a Path>,
    /// `-X KEY=VALUE`, in order.
    pub overrides: &'a [(String, String)],
}

/// The directory of the default configuration file and of the local secrets, shared with Digdag:
/// `$DIGDAG_CONFIG_HOME`, `$XDG_CONFIG_HOME/digdag` or `~/.config/digdag`.
pub fn config_home(variable: impl Fn(&str) -> Option<String>) -> PathBuf {
    if let Some(home) = variable("DIGDAG_CONFIG_HOME") {
        return home.into();
    }
    let base = variable("XDG_CONFIG_HOME")
        .map_or_else(|| Path::new(&variable("HOME").unwrap_or_default()).join(".config"), PathBuf::from);
    base.join("digdag")
}

/// Reads the configuration.
///
/// # Errors
///
/// The file of `-c` is not there, a file cannot be read, or a text is malformed.
pub fn load(
    sources: &SettingsSources<'_>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Settings, CliError> {
    let mut settings = Settings::default();
    if sources.file.is_none() {
        let path = config_home(&variable).join("config");
        match std::fs::read(&path) {
            Ok(bytes) => lay(&mut settings, &decode(bytes), &path.display().to_string())?,
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(unreadable(&path, &error)),
        }
    }
    if let Some(text) = variable("DIGDAG_CONFIG") {
        lay(&mut settings, &text, "DIGDAG_CONFIG")?;
    }
    for (key, value) in sources.overrides {
        settings.set(key, value);
    }
    if let Some(path) = sources.file {
        let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
        lay(&mut settings, &decode(bytes), &path.display().to_string())?;
    }
    Ok(settings)
}

fn lay(settings: &mut Settings, text: &str, source: &str) -> Result<(), CliError> {
    let entries = parse_properties(text).map_err(|error| CliError::user(format!("{source}: {error}")))?;
    for (key, value) in entries {
        settings.set(key, value);
    }
    Ok(())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn unreadable(path: &Path, error: &io::Error) -> CliError {
    let path = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        CliError::user(format!("{path} (no such file)")).hint("-c names the configuration file to read")
    } else {
        CliError::user(format!("Cannot read the configuration file {path}: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn later_sources_win() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap();
        fs::write(dir.path().join("config"), "a=default\nb=default\nc=default\n").unwrap();
        let own = dir.path().join("own");
        fs::write(&own, "d=own\n").unwrap();
        let variable = |name: &str| match name {
            "DIGDAG_CONFIG_HOME" => Some(home.to_owned()),
            "DIGDAG_CONFIG" => Some("b=env\nc=env\nd=env".to_owned()),
            _ => None,
        };
        let overrides = pairs(&[("c", "x"), ("d", "x")]);

        let settings = load(&SettingsSources { file: None, overrides: &overrides }, variable).unwrap();
        let seen = ["a", "b", "c", "d"].map(|key| settings.get(key));
        assert_eq!(seen, [Some("default"), Some("env"), Some("x"), Some("x")]);

        let settings = load(&SettingsSources { file: Some(&own), overrides: &overrides }, variable).unwrap();
        let seen = ["a", "b", "c", "d"].map(|key| settings.get(key));
        assert_eq!(seen, [None, Some("env"), Some("x"), Some("own")]);
    }

    #[test]
    fn only_an_explicit_file_must_be_there() {
        let nowhere = |name: &str| (name == "HOME").then(|| "/nonexistent".to_owned());
        assert_eq!(load(&SettingsSources::default(), nowhere).unwrap(), Settings::default());
        let sources = SettingsSources { file: Some(Path::new("nosuch.conf")), overrides: &[] };
        let error = load(&sources, nowhere).unwrap_err();
        assert_eq!(
            error.to_string(),
            "error: nosuch.conf (no such file)\nhint: -c names the configuration file to read"
        );
    }

    #[test]
    fn malformed_text_is_located() {
        let variable = |name: &str| (name == "DIGDAG_CONFIG").then(|| "a=1\nb=\\uzz".to_owned());
        let sources = SettingsSources { file: Some(Path::new("/dev/null")), overrides: &[] };
        let error = load(&sources, variable).unwrap_err();
        assert_eq!(error.message, "DIGDAG_CONFIG: line 2: \\u must be followed by four hexadecimal digits");
    }

    #[test]
    fn the_home_of_the_configuration_is_digdags() {
        let home = |given: &'static [(&str, &str)]| {
            config_home(|name| {
                given.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(home(&[("HOME", "/h")]), Path::new("/h/.config/digdag"));
        assert_eq!(home(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]), Path::new("/x/digdag"));
        assert_eq!(home(&[("XDG_CONFIG_HOME", "/x"), ("DIGDAG_CONFIG_HOME", "/d")]), Path::new("/d"));
    }
}
