//! Schedules, as far as `check`, `run` and the listings see them.

mod first_times;
mod missed;
mod next_times;
mod options;
mod session;
