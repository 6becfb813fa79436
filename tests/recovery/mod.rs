//! What goes wrong from outside: kills, signals, other processes, broken files, full disks, hostile input.

mod file_removed;
mod files;
mod full_disk;
mod hostile;
mod killed;
mod pid_one;
mod server_killed;
mod signals;
mod two_runs;
