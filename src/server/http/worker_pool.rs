//! Threads that grow with the work and end without it. An idle pool is no thread at all.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a thread waits for more to do.
const IDLE: Duration = Duration::from_secs(10);

/// Does jobs of a kind. Dropping it ends the threads that have nothing to do; the others end after their jobs.
pub(super) struct WorkerPool<J> {
    shared: Arc<Shared<J>>,
}

struct Shared<J> {
    state: Mutex<State<J>>,
    news: Condvar,
    work: Box<dyn Fn(J) + Send + Sync>,
    threads: usize,
    queue: usize,
}

struct State<J> {
    jobs: VecDeque<J>,
    threads: usize,
    idle: usize,
    is_closed: bool,
}

impl<J: Send + 'static> WorkerPool<J> {
    /// A pool of at most so many threads, with a queue for when all are busy. `work` must not panic.
    pub(super) fn new(threads: usize, queue: usize, work: impl Fn(J) + Send + Sync + 'static) -> Self {
        let state = State { jobs: VecDeque::new(), threads: 0, idle: 0, is_closed: false };
        let (state, news, work) = (Mutex::new(state), Condvar::new(), Box::new(work));
        Self { shared: Arc::new(Shared { state, news, work, threads, queue }) }
    }

    /// Has a job done soon. Gives it back when all threads are busy and the queue is full.
    pub(super) fn submit(&self, job: J) -> Result<(), J> {
        let mut state = self.shared.lock();
        let free = state.idle + (self.shared.threads - state.threads);
        if state.jobs.len() >= free + self.shared.queue {
            return Err(job);
        }
        state.jobs.push_back(job);
        if state.jobs.len() <= state.idle || state.threads == self.shared.threads {
            self.shared.news.notify_one();
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let spawned = thread::Builder::new().name("http".to_owned()).spawn(move || shared.run());
        match spawned {
            Ok(_) => state.threads += 1,
            // Those that are there do it, if there are any.
            Err(_) if state.threads > 0 => self.shared.news.notify_one(),
            Err(_) => return state.jobs.pop_back().map_or(Ok(()), Err),
        }
        Ok(())
    }
}

impl<J> Shared<J> {
    fn run(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                (self.work)(job);
                state = self.lock();
                continue;
            }
            if state.is_closed {
                break;
            }
            state.idle += 1;
            let (next, timeout) = self.news.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = next;
            state.idle -= 1;
            if timeout.timed_out() && state.jobs.is_empty() {
                break;
            }
        }
        state.threads -= 1;
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Drop for WorkerPool<J> {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.news.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// A job tells that it runs, and ends when it is told to.
    type Job = (Sender<u32>, u32, Receiver<()>);

    fn pool(threads: usize, queue: usize) -> WorkerPool<Job> {
        WorkerPool::new(threads, queue, |(started, number, end): Job| {
            started.send(number).unwrap();
            let _ = end.recv();
        })
    }

    #[test]
    fn threads_are_capped_and_then_the_queue() {
        let pool = pool(2, 1);
        let (started, starts) = channel();
        let submit = |number| {
            let (end, ended) = channel();
            pool.submit((started.clone(), number, ended)).map(|()| end).map_err(|(_, number, _)| number)
        };
        let first = submit(1).unwrap();
        let second = submit(2).unwrap();
        let mut running = [starts.recv().unwrap(), starts.recv().unwrap()];
        running.sort_unstable();
        assert_eq!(running, [1, 2]);
        let third = submit(3).unwrap();
        assert_eq!(submit(4).unwrap_err(), 4);
        drop(first);
        assert_eq!(starts.recv(), Ok(3));
        let fourth = submit(5).unwrap();
        drop((second, third, fourth));
        assert_eq!(starts.recv(), Ok(5));
        assert!(pool.shared.lock().threads <= 2);
    }

    #[test]
    fn jobs_are_done_after_the_pool_is_dropped() {
        let (started, starts) = channel();
        let pool = pool(1, 9);
        for number in 0..3 {
            pool.submit((started.clone(), number, channel().1)).unwrap();
        }
        drop(pool);
        assert_eq!(starts.iter().take(3).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
