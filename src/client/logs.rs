//! Log files of attempts.

use super::exchange::Download;
use super::models::{Id, LogFile, LogFiles};
use super::{ApiPath, Client, ClientError};

impl Client {
    /// The log files of an attempt, in the server's order: of all tasks, or of those whose names begin like `task`.
    ///
    /// # Errors
    ///
    /// The server cannot be asked or refuses.
    pub fn log_files(&self, attempt: &Id, task: Option<&str>) -> Result<Vec<LogFile>, ClientError> {
        let path = ApiPath::new(["logs", attempt.as_str(), "files"]).query_if("task", task);
        let answer: LogFiles = self.get(&path.query_if("direct_download", self.refuses_direct_download()))?;
        Ok(answer.files)
    }

    /// Downloads a log file, compressed with gzip. That of a running task may break off.
    ///
    /// # Errors
    ///
    /// There is none, or the server cannot be asked or refuses.
    pub fn log_file(&self, attempt: &Id, file: &LogFile) -> Result<Download, ClientError> {
        match &file.direct {
            Some(direct) => self.download_direct(&direct.0),
            None => self.download(&ApiPath::new(["logs", attempt.as_str(), "files", &file.file_name])),
        }
    }
}
