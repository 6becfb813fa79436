//! A log file in a list.

use super::Instant;
use crate::model::Time;
use serde::Serialize;

/// `RestLogFileHandle`
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogFile<'a> {
    file_name: &'a str,
    file_size: u64,
    task_name: &'a str,
    file_time: Instant,
    agent_id: &'a str,
    /// Where it can be had without this server: nowhere.
    direct: Option<&'a str>,
}

impl<'a> LogFile<'a> {
    /// `size` in bytes, as it is served: compressed. `time` is when its first line was written.
    pub fn new(file_name: &'a str, size: u64, task: &'a str, time: Time, agent: &'a str) -> Self {
        Self {
            file_name,
            file_size: size,
            task_name: task,
            file_time: Instant(time),
            agent_id: agent,
            direct: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::wire::testing::{at, json};

    #[test]
    fn a_log_file_is_never_elsewhere() {
        let time = at("2026-11-22T03:16:30.0747Z");
        let name = "+wf+a@6b025e8e0473d7e2.27318@vm.log.gz";
        assert_eq!(
            json(LogFile::new(name, 141, "+wf+a", time, "27318@vm")),
            concat!(
                r#"{"fileName":"+wf+a@6b025e8e0473d7e2.27318@vm.log.gz","fileSize":141,"taskName":"+wf+a","#,
                r#""fileTime":"2026-11-22T03:16:30Z","agentId":"27318@vm","direct":null}"#,
            )
        );
    }
}
