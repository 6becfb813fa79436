//! Schedules, as far as `check` and `run` see them.

mod first_times;
mod missed;
mod session;
