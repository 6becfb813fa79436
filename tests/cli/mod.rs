//! The commands, one file each.

mod access;
mod archive;
mod backup;
mod check;
mod completions;
mod doctor;
mod history;
mod import_crontab;
mod init;
mod prune;
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
