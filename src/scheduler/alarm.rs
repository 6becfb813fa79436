//! Sleeping until a time of the wall clock, or until somebody rings.
//!
//! On Linux a timer of the kernel's real-time clock with an absolute time: it goes off when the clock shows the time,
//! whether it got there by ticking, by being set, or while the machine was asleep. It also goes off when the clock is set
//! to any other time, so that what was reckoned from the old one is reckoned anew. A span of time would need to be cut
//! into pieces to notice any of these, and each piece wakes an idle machine up; a clock that only counts on, also through
//! sleep (`CLOCK_BOOTTIME`), would still miss that the wall clock was set. Elsewhere there is no such timer, and the pieces
//! are a minute long while something is due at all.

#[cfg(target_os = "linux")]
pub(super) use kernel::Alarm;
#[cfg(not(target_os = "linux"))]
pub(super) use pieces::Alarm;

#[cfg(target_os = "linux")]
mod kernel {
    use crate::clock::Clock;
    use crate::model::Time;
    use nix::errno::Errno;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::eventfd::{EfdFlags, EventFd};
    use nix::sys::time::TimeSpec;
    use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
    use std::io;
    use std::os::fd::AsFd;

    /// Wakes one thread up.
    #[derive(Debug)]
    pub(in crate::scheduler) struct Alarm {
        timer: TimerFd,
        bell: EventFd,
    }

    impl Alarm {
        pub(in crate::scheduler) fn new() -> io::Result<Self> {
            let timer =
                TimerFd::new(ClockId::CLOCK_REALTIME, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
            let bell = EventFd::from_value_and_flags(0, EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
            Ok(Self { timer, bell })
        }

        /// Ends the sleep, or the next one when nobody sleeps.
        pub(in crate::scheduler) fn ring(&self) {
            // It can only fail when it has been rung so often that a sleeper is woken anyway.
            let _ = self.bell.write(1);
        }

        /// Sleeps until the clock shows a time, or for ever, or until it rings. It may wake up for no reason.
        pub(in crate::scheduler) fn sleep(&self, until: Option<Time>, _: &Clock) -> io::Result<()> {
            match until {
                Some(until) => {
                    let (seconds, nanoseconds) =
                        (until.timestamp().max(0), i64::from(until.timestamp_subsec_nanos()));
                    // A timer set to nothing at all is switched off.
                    let until = TimeSpec::new(seconds, nanoseconds.max(1));
                    let flags =
                        TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET;
                    match self.timer.set(Expiration::OneShot(until), flags) {
                        // The clock was set since the last sleep: the timer runs nevertheless, but the caller must look.
                        Err(Errno::ECANCELED) => return Ok(()),
                        set => set?,
                    }
                }
                None => self.timer.unset()?,
            }
            let mut waited = [
                PollFd::new(self.timer.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.bell.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut waited, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            // Nothing to read means that it did not ring.
            let _ = self.bell.read();
            Ok(())
        }
    }
}

#[cfg(any(test, not(target_os = "linux")))]
mod pieces {
    use crate::clock::Clock;
    use crate::model::Time;
    use std::io;
    use std::sync::{Condvar, Mutex, PoisonError};
    use std::time::Duration;

    /// Wakes one thread up.
    #[derive(Debug, Default)]
    pub(in crate::scheduler) struct Alarm {
        rung: Mutex<bool>,
        changed: Condvar,
    }

    /// How late the setting of a clock, or the end of the machine's sleep, is noticed at most.
    const PIECE: Duration = Duration::from_secs(60);

    impl Alarm {
        pub(in crate::scheduler) fn new() -> io::Result<Self> {
            Ok(Self::default())
        }

        /// Ends the sleep, or the next one when nobody sleeps.
        pub(in crate::scheduler) fn ring(&self) {
            *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
            self.changed.notify_all();
        }

        /// Sleeps until the clock shows a time, or for ever, or until it rings. It may wake up for no reason.
        pub(in crate::scheduler) fn sleep(&self, until: Option<Time>, clock: &Clock) -> io::Result<()> {
            let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
            while !*rung {
                let Some(until) = until else {
                    rung = self.changed.wait(rung).unwrap_or_else(PoisonError::into_inner);
                    continue;
                };
                let Some(left) = (until - clock.now()).to_std().ok().filter(|left| !left.is_zero()) else {
                    break;
                };
                (rung, _) =
                    self.changed.wait_timeout(rung, left.min(PIECE)).unwrap_or_else(PoisonError::into_inner);
            }
            *rung = false;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    use super::kernel;
    use super::pieces;
    use crate::clock::Clock;
    use chrono::TimeDelta;
    use std::sync::Arc;
    use std::thread;

    /// Both kinds go off at a time, at once for one that is past, and when they are rung.
    macro_rules! check {
        ($alarm:ty) => {
            let clock = Clock::system();
            let alarm = Arc::new(<$alarm>::new().unwrap());
            let until = clock.now() + TimeDelta::milliseconds(20);
            while clock.now() < until {
                alarm.sleep(Some(until), &clock).unwrap();
            }
            alarm.sleep(Some(until), &clock).unwrap();
            alarm.sleep(Some(crate::model::Time::UNIX_EPOCH), &clock).unwrap();
            alarm.ring();
            alarm.sleep(None, &clock).unwrap();
            let ringer = Arc::clone(&alarm);
            let rings = thread::spawn(move || ringer.ring());
            alarm.sleep(Some(until + TimeDelta::days(1)), &clock).unwrap();
            rings.join().unwrap();
        };
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_timer_of_the_kernel_goes_off() {
        check!(kernel::Alarm);
    }

    #[test]
    fn a_sleep_in_pieces_ends() {
        check!(pieces::Alarm);
    }
}
