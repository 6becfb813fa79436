//! What people are told of an attempt that went wrong: its tasks that failed, and what was printed last.

use crate::model::{AttemptId, TaskKind, TaskState};
use crate::notifications::{Details, FailedTask};
use crate::store::task_logs::{self, LogFile};
use crate::store::tasks::{self, Standing};
use crate::store::{Reader, Result};
use flate2::read::MultiGzDecoder;
use std::io::Read;

/// Reads what the store knows at the moment. When nothing has failed, the output is that of the first task that runs.
/// Errors and logs are stored without secrets.
pub(super) fn details(reader: &Reader, attempt: AttemptId) -> Result<Details> {
    let standings = tasks::standings(reader, attempt)?;
    let failed = |task: &&Standing| task.error.is_some();
    let running = |task: &&Standing| task.state == TaskState::Running && task.kind == TaskKind::Operator;
    let shown = standings.iter().find(failed).or_else(|| standings.iter().find(running));
    let last_output = match shown {
        Some(task) => last_output(reader, attempt, &task.full_name)?,
        None => None,
    };
    let failed_tasks = standings.iter().filter(failed).take(Details::MOST_TASKS).map(|task| FailedTask {
        name: task.full_name.clone(),
        error: task.error.clone().unwrap_or_default(),
    });
    Ok(Details { failed_tasks: failed_tasks.collect(), last_output })
}

/// The end of the log of a task's last run.
fn last_output(reader: &Reader, attempt: AttemptId, task: &str) -> Result<Option<String>> {
    let files = task_logs::list(reader, attempt)?;
    let Some(last) = files.iter().filter(|file| file.task == task).max_by_key(|file| file.number) else {
        return Ok(None);
    };
    let file = LogFile { attempt, task: task.to_owned(), number: last.number };
    let mut text = vec![];
    for before in (0..last.chunks).rev() {
        for chunk in task_logs::chunks(reader, &file, before, 1)? {
            let mut earlier = vec![];
            // What can be read of a chunk that is damaged is better than nothing.
            let _ = MultiGzDecoder::new(chunk.gzip.as_slice()).read_to_end(&mut earlier);
            earlier.append(&mut text);
            text = earlier;
        }
        if Details::is_enough(&text) {
            break;
        }
    }
    Ok(Details::end_of(&text))
}
