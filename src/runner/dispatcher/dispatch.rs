//! Gives tasks to workers: at once, or when the slots are free that they need. A task that waits for a slot occupies no
//! worker. To the store it runs: it begins again with the next process if this one ends before its turn has come.

use super::Dispatcher;
use crate::engine::Event;
use crate::logs::Level;
use crate::model::{AttemptId, Params, TaskId};
use crate::operators::{CancelStage, OperatorError};
use crate::runner::job::Job;
use crate::runner::run_error::RunError;
use crate::runner::slots::{Claim, SlotSettings};
use serde_json::Value;
use std::sync::Arc;

impl Dispatcher {
    /// Starts a task, or lets it wait for its slots.
    pub(super) fn dispatch(&mut self, id: AttemptId, task: TaskId) -> Result<(), RunError> {
        if self.draining || !self.shared.options.runs_tasks {
            return Ok(());
        }
        let Some(active) = self.active.get_mut(&id) else { return Ok(()) };
        let interruption = active.interruption(task);
        let Some(mut job) = active.job(task) else { return Ok(()) };
        self.shared.load.queued();
        self.logs.add(Arc::clone(&job.log));
        if let Some(message) = interruption {
            self.tell_task(&job, Level::Warn, &message);
        }
        if self.is_guarded(&job) {
            let claim = self.gate.claim(&job.identity.project_name, &job.identity.full_name);
            let waits = !self.gate.take(&claim);
            if waits {
                self.tell_task(
                    &job,
                    Level::Info,
                    &format!("Waiting for slot {}", self.gate.describe(&claim)),
                );
                self.gate.wait(claim, job);
                self.show_slots();
                return Ok(());
            }
            job.slots = claim;
            self.show_slots();
        }
        self.give(job)
    }

    /// Whether a job may have to wait. What does not do its work needs no slot, and who is canceled is soon gone.
    fn is_guarded(&self, job: &Job) -> bool {
        !self.gate.is_unguarded()
            && !self.shared.options.dry_run
            && job.replay.is_none()
            && job.cancellation.stage() == CancelStage::Running
    }

    fn give(&mut self, job: Job) -> Result<(), RunError> {
        self.running += 1;
        self.workers.give(job).map_err(RunError::Thread)
    }

    /// Takes back the slots of a task that has come to rest.
    pub(super) fn release(&mut self, slots: &Claim) {
        if !slots.is_empty() {
            self.gate.release(slots);
            self.show_slots();
        }
    }

    /// Starts those whose slots have become free.
    pub(super) fn admit(&mut self) -> Result<(), RunError> {
        if !self.gate.has_waiting() {
            return Ok(());
        }
        for (slots, mut job) in self.gate.admit() {
            job.slots = slots;
            self.give(job)?;
        }
        self.show_slots();
        Ok(())
    }

    /// Ends the waiting of tasks whose attempts were canceled.
    pub(super) fn withdraw_canceled(&mut self) -> Vec<(AttemptId, Event)> {
        if !std::mem::take(&mut self.canceled) || !self.gate.has_waiting() {
            return vec![];
        }
        let jobs = self.gate.withdraw(|job| job.cancellation.stage() != CancelStage::Running);
        self.show_slots();
        jobs.into_iter().map(|job| self.withdrawn(&job)).collect()
    }

    fn withdrawn(&mut self, job: &Job) -> (AttemptId, Event) {
        self.tell_task(job, Level::Warn, &job.canceled());
        self.leave(job);
        let message = Value::from(OperatorError::Canceled.to_string());
        let error = Params::from_iter([("message".to_owned(), message)]);
        (job.identity.attempt_id, Event::Failed { task: job.identity.task_id, error })
    }

    /// Nothing more is started: who waits now is left to the next process.
    pub(super) fn give_up_waiting(&mut self) {
        for job in self.gate.withdraw(|_| true) {
            self.leave(&job);
        }
        self.show_slots();
    }

    fn leave(&mut self, job: &Job) {
        self.shared.load.withdrawn();
        if job.log.end() {
            self.logs.add(Arc::clone(&job.log));
        }
    }

    /// Follows other settings.
    pub(super) fn configure(&mut self, settings: SlotSettings) {
        self.gate.configure(settings, |job| (&job.identity.project_name, &job.identity.full_name));
        self.show_slots();
    }

    fn show_slots(&self) {
        self.shared.load.use_slots(self.gate.usage());
    }
}
