//! Log files of attempts.

use super::models::{Id, LogFile, LogFiles};
use super::{ApiPath, Client, ClientError};
use std::io::Read;

/// Tells up to which chunk of a log file an answer goes. Only servers that know of chunks send it.
const LAST_CHUNK: &str = "Dibble-Last-Chunk";

/// A log file that is being downloaded, compressed with gzip. That of a running task may break off.
pub struct LogDownload {
    /// Where to go on another time. None is that of a server that sends whole files only.
    pub last_chunk: Option<u32>,
    pub body: Box<dyn Read + Send>,
}

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

    /// Downloads a log file, or only what was added to it after a chunk that an earlier answer named. Servers that know no
    /// chunks, as Digdag, send the whole file in any case.
    ///
    /// # Errors
    ///
    /// There is none, or the server cannot be asked or refuses.
    pub fn log_file(
        &self,
        attempt: &Id,
        file: &LogFile,
        after_chunk: Option<u32>,
    ) -> Result<LogDownload, ClientError> {
        let download = match &file.direct {
            Some(direct) => self.download_direct(&direct.0)?,
            None => {
                let path = ApiPath::new(["logs", attempt.as_str(), "files", &file.file_name]);
                let after_chunk = after_chunk.map(|chunk| chunk.to_string());
                self.download(&path.query_if("after_chunk", after_chunk.as_deref()))?
            }
        };
        let last_chunk = download.headers.get(LAST_CHUNK).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(LogDownload { last_chunk, body: download.body })
    }
}
