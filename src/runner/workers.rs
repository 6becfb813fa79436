//! The threads that run tasks. One is started when a job finds none idle, up to the limit; they stay until the end.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Threads that work off a queue.
pub(super) struct Workers<J> {
    queue: Arc<Queue<J>>,
    threads: Vec<JoinHandle<()>>,
    /// 0 for no limit.
    limit: usize,
    /// Does a job and passes the result on.
    work: Arc<Work<J>>,
}

type Work<J> = dyn Fn(J, usize, &Queue<J>) + Send + Sync;

struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    jobs: VecDeque<J>,
    /// Threads that sleep.
    idle: usize,
    /// Threads that have done their job and will look for another one soon.
    returning: usize,
    closed: bool,
}

impl<J: Send + 'static> Workers<J> {
    /// `work` gets a job and the number of its thread, from 1. Its result goes to `done` on the same thread, which may
    /// give new jobs there: one of them is for itself.
    pub(super) fn new<R>(
        limit: usize,
        work: impl Fn(J, usize) -> R + Send + Sync + 'static,
        done: impl Fn(R) + Send + Sync + 'static,
    ) -> Self {
        let state = State { jobs: VecDeque::new(), idle: 0, returning: 0, closed: false };
        let queue = Arc::new(Queue { state: Mutex::new(state), changed: Condvar::new() });
        let work = move |job, thread, queue: &Queue<J>| {
            let result = work(job, thread);
            queue.lock().returning += 1;
            done(result);
            queue.lock().returning -= 1;
        };
        Self { queue, threads: vec![], limit, work: Arc::new(work) }
    }

    /// Hands a job to an idle thread, or to a new one, or lets it wait for the next that becomes idle.
    ///
    /// # Errors
    ///
    /// There is no thread at all and the system gives none.
    pub(super) fn give(&mut self, job: J) -> std::io::Result<()> {
        let mut state = self.queue.lock();
        state.jobs.push_back(job);
        let unserved = state.jobs.len().saturating_sub(state.returning);
        let enough = state.idle >= unserved;
        drop(state);
        if unserved == 0 {
            return Ok(());
        }
        self.queue.changed.notify_one();
        if enough || (self.limit > 0 && self.threads.len() >= self.limit) {
            return Ok(());
        }
        match self.start_thread() {
            Err(error) if self.threads.is_empty() => Err(error),
            _ => Ok(()),
        }
    }

    fn start_thread(&mut self) -> std::io::Result<()> {
        let (queue, work, number) = (Arc::clone(&self.queue), Arc::clone(&self.work), self.threads.len() + 1);
        let thread = thread::Builder::new().name(format!("{number:04}")).spawn(move || {
            while let Some(job) = queue.next() {
                work(job, number, &queue);
            }
        })?;
        self.threads.push(thread);
        Ok(())
    }
}

impl<J> Queue<J> {
    fn next(&self) -> Option<J> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state.idle += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Drop for Workers<J> {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A worker that panicked has failed its task already.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn jobs_run_at_the_same_time_up_to_the_limit() {
        let together = Arc::new(Barrier::new(4));
        let (barrier, most) = (Arc::clone(&together), Arc::new(AtomicUsize::new(0)));
        let seen = Arc::clone(&most);
        let mut workers = Workers::new(
            3,
            move |wait: bool, number| {
                seen.fetch_max(number, Ordering::SeqCst);
                if wait {
                    barrier.wait();
                }
            },
            |()| {},
        );
        for _ in 0..3 {
            workers.give(true).unwrap();
        }
        together.wait();
        for _ in 0..100 {
            workers.give(false).unwrap();
        }
        drop(workers);
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }
}
