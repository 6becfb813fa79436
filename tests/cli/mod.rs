//! The commands, one file each.

mod access;
mod archive;
mod check;
mod completions;
mod history;
mod import_crontab;
mod init;
mod run;
mod run_output;
mod run_params;
mod run_selection;
mod run_session;
mod run_state;
mod run_terminal;
mod secrets;
mod service;
mod usage;
mod version;
