//! The access log: one line for each request, in `access.log` of a directory; a new file every day, the old one being
//! renamed to `access.<date>.log`. Old files are left to the administrator.

mod pattern;

pub use pattern::{Pattern, PatternError};

use crate::model::Time;
use crate::server::request::Headers;
use chrono::{DateTime, Local, NaiveDate};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What there is to say of a request.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// When it was answered.
    pub time: Time,
    pub remote: IpAddr,
    pub user: Option<&'a str>,
    pub method: &'a str,
    /// Path and query as they were sent.
    pub target: &'a str,
    /// `HTTP/1.1`
    pub protocol: &'a str,
    pub status: u16,
    /// Bytes of the body.
    pub size: u64,
    pub duration: Duration,
    pub headers: &'a Headers,
}

/// An open log. Lines are written at once and as a whole.
#[derive(Debug)]
pub struct AccessLog {
    directory: PathBuf,
    pattern: Pattern,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    file: File,
    /// The day of its lines, in the zone of the machine.
    day: NaiveDate,
}

impl AccessLog {
    /// Opens the log in a directory, which is made when there is none. A file of an earlier day is renamed first.
    ///
    /// # Errors
    ///
    /// Those of the directory and the file.
    pub fn open(directory: &Path, pattern: Pattern, now: Time) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let today = day_of(now);
        let modified = fs::metadata(current_path(directory)).and_then(|data| data.modified());
        if let Ok(modified) = modified {
            let day = DateTime::<Local>::from(modified).date_naive();
            if day < today {
                rename(directory, day)?;
            }
        }
        let current = Mutex::new(Current { file: append(directory)?, day: today });
        Ok(Self { directory: directory.to_owned(), pattern, current })
    }

    /// Writes the line of a request.
    ///
    /// # Errors
    ///
    /// Those of the file; a full disk, for example. The next line is tried again.
    pub fn write(&self, record: &Record<'_>) -> io::Result<()> {
        let mut line = self.pattern.line(record);
        line.push('\n');
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let day = day_of(record.time);
        // Lines of the last second of yesterday may come late; they do not turn the clock back.
        if day > current.day {
            rename(&self.directory, current.day)?;
            *current = Current { file: append(&self.directory)?, day };
        }
        current.file.write_all(line.as_bytes())
    }
}

fn day_of(time: Time) -> NaiveDate {
    time.with_timezone(&Local).date_naive()
}

fn current_path(directory: &Path) -> PathBuf {
    directory.join("access.log")
}

fn append(directory: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(current_path(directory))
}

/// Gives the current file the name of its day, and a number when there is one already. One that is gone is no error.
fn rename(directory: &Path, day: NaiveDate) -> io::Result<()> {
    let plain = directory.join(format!("access.{day}.log"));
    let numbered = (1..).map(|number| directory.join(format!("access.{day}-{number}.log")));
    let free = std::iter::once(plain).chain(numbered).find(|path| !path.exists());
    match free.map(|path| fs::rename(current_path(directory), path)) {
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn write(log: &AccessLog, time: Time) {
        log.write(&record(time, &Headers::default())).unwrap();
    }

    fn record(time: Time, headers: &Headers) -> Record<'_> {
        Record {
            time,
            remote: IpAddr::from([127, 0, 0, 1]),
            user: None,
            method: "GET",
            target: "/x",
            protocol: "HTTP/1.1",
            status: 200,
            size: 29,
            duration: Duration::from_millis(1),
            headers,
        }
    }

    fn files(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_day_has_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let directory = &directory.path().join("logs/http");
        let pattern = || "%s".parse::<Pattern>().unwrap();
        let day: Time = "2096-11-21T12:00:00Z".parse().unwrap();
        let name = day_of(day);
        let log = AccessLog::open(directory, pattern(), day).unwrap();
        write(&log, day);
        write(&log, day);
        let next = day + TimeDelta::days(1);
        write(&log, next);
        write(&log, day);
        assert_eq!(files(directory), [format!("access.{name}.log"), "access.log".to_owned()]);
        let text = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
        assert_eq!(
            (text(&format!("access.{name}.log")), text("access.log")),
            ("200\n200\n".into(), "200\n200\n".into())
        );

        // The file was written just now, long before that day of the test.
        let written =
            DateTime::<Local>::from(fs::metadata(directory.join("access.log")).unwrap().modified().unwrap());
        AccessLog::open(directory, pattern(), next).unwrap();
        let yesterday = format!("access.{}.log", written.date_naive());
        assert_eq!(files(directory), [yesterday, format!("access.{name}.log"), "access.log".to_owned()]);
        rename(directory, name).unwrap();
        rename(directory, name).unwrap();
        assert!(files(directory).contains(&format!("access.{name}-1.log")), "{:?}", files(directory));
    }
}
