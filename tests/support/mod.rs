//! What the tests share: a project in a fresh directory, the program in a bare environment, what it printed, and the
//! whole database as text. No sleeps: whoever waits, waits for a condition.

mod database;
mod http_stub;
mod log_line;
mod output;
mod program;
mod project;
mod server;
mod smtp_stub;
mod terminal;
mod text;

pub use database::{dump, succeeded, tasks};
pub use http_stub::HttpStub;
pub use log_line::LogLine;
pub use output::Output;
pub use program::{Program, wait_until};
pub use project::Project;
pub use server::{Server, archive};
pub use smtp_stub::SmtpStub;
pub use terminal::without_escapes;
pub use text::dedent;
