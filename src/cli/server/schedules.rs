//! The scheduler of a server: it can be switched off, and is started anew when its settings change.

use super::server_log::ServerLog;
use crate::cli::CliError;
use crate::runner::{Observer, Service};
use crate::scheduler::{Notified, Scheduler, SchedulerSettings, SessionStarter};
use crate::server::health::Condition;
use std::sync::{Arc, Mutex, PoisonError};

/// What starts the sessions of schedules, if anything does.
#[derive(Default)]
pub(super) struct Schedules {
    scheduler: Mutex<Option<Arc<Scheduler>>>,
}

impl Schedules {
    /// Starts sessions from now on, by these settings. `notified` is called after a notification was written.
    ///
    /// # Errors
    ///
    /// The system has no thread or timer left.
    pub(super) fn start(
        &self,
        service: &Arc<Service>,
        settings: SchedulerSettings,
        notified: Notified,
        log: &ServerLog,
    ) -> Result<(), CliError> {
        self.stop();
        let scheduler = Scheduler::start(
            Arc::clone(service.store()),
            service.clock().clone(),
            Arc::clone(service) as Arc<dyn SessionStarter>,
            Arc::new(log.clone()) as Arc<dyn Observer>,
            notified,
            settings,
        );
        let scheduler = scheduler
            .map_err(|error| CliError::internal(format!("The scheduler cannot be started: {error}")))?;
        *self.scheduler.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(scheduler));
        Ok(())
    }

    /// Starts no more sessions from when this returns.
    pub(super) fn stop(&self) {
        let scheduler = self.scheduler.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(scheduler) = scheduler {
            scheduler.stop();
        }
    }

    /// Does something with the scheduler, if there is one.
    pub(super) fn with(&self, work: impl FnOnce(&Scheduler)) {
        if let Some(scheduler) = self.scheduler() {
            work(&scheduler);
        }
    }

    pub(super) fn condition(&self) -> Condition {
        match self.scheduler() {
            None => Condition::Disabled,
            Some(scheduler) if !scheduler.is_alive() => {
                Condition::Failed("the scheduler has stopped".to_owned())
            }
            Some(scheduler) => scheduler.health().failure.map_or(Condition::Ok, Condition::Failed),
        }
    }

    fn scheduler(&self) -> Option<Arc<Scheduler>> {
        self.scheduler.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
