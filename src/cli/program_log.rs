//! The program's log: which lines are wanted, and whether they go to the terminal or to a file.

use super::log_file::LogFile;
use super::log_line::console_line;
use crate::logs::line::file_line;
use crate::logs::{Level, LogRecord, MachineZone};
use std::io;
use std::sync::{Mutex, PoisonError, RwLock};

/// Where log lines go, and from which level on.
pub struct ProgramLog {
    level: RwLock<Level>,
    zone: MachineZone,
    colours: bool,
    file: Option<Mutex<LogFile>>,
}

impl ProgramLog {
    /// A log for standard output; `colours` if it is a terminal that shows them.
    pub fn console(level: Level, zone: MachineZone, colours: bool) -> Self {
        Self { level: RwLock::new(level), zone, colours, file: None }
    }

    /// A log for a file; nothing goes to standard output.
    pub fn file(level: Level, zone: MachineZone, file: LogFile) -> Self {
        Self { level: RwLock::new(level), zone, colours: false, file: Some(Mutex::new(file)) }
    }

    pub fn level(&self) -> Level {
        *self.level.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes lines of this level on, from now on.
    pub fn set_level(&self, level: Level) {
        *self.level.write().unwrap_or_else(PoisonError::into_inner) = level;
    }

    /// Goes on with the log file that has the path now.
    ///
    /// # Errors
    ///
    /// It cannot be opened; the one that is being written stays.
    pub fn reopen(&self) -> io::Result<()> {
        match &self.file {
            Some(file) => file.lock().unwrap_or_else(PoisonError::into_inner).reopen(),
            None => Ok(()),
        }
    }

    /// Takes a line. Returns its text if it is to be printed now.
    ///
    /// A line that cannot be written to the log file is printed, so that nothing is lost.
    pub fn take(&self, record: &LogRecord<'_>) -> Option<String> {
        if record.level > self.level() {
            return None;
        }
        if let Some(file) = &self.file {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            if file.write_line(&file_line(record, &self.zone)).is_ok() {
                return None;
            }
        }
        Some(console_line(record, &self.zone, self.colours))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::parse_iso;

    fn record(level: Level) -> LogRecord<'static> {
        LogRecord { time: parse_iso("2026-11-22T03:10:39Z").unwrap(), level, task: None, message: "hi" }
    }

    #[test]
    fn quiet_levels_are_dropped() {
        let log = ProgramLog::console(Level::Warn, MachineZone::utc(), false);
        assert_eq!(log.take(&record(Level::Info)), None);
        assert_eq!(
            log.take(&record(Level::Error)).as_deref(),
            Some("2026-11-22 03:10:39 +0000 [ERROR] (main): hi")
        );
        log.set_level(Level::Info);
        assert!(log.take(&record(Level::Info)).is_some());
    }

    #[test]
    fn a_file_takes_the_lines_from_the_console() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let file = LogFile::open(&path, 1000).unwrap();
        let log = ProgramLog::file(Level::Info, MachineZone::utc(), file);
        assert_eq!(log.take(&record(Level::Info)), None);
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "2026-11-22 03:10:39.000 +0000 [INFO] (main): hi\n"
        );
    }
}
