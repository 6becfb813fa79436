//! The server as a process of its own: its life, its configuration, and one file for each resource of its API.

mod access;
mod attempts;
mod commands;
mod configuration;
mod health;
mod lifecycle;
mod logs;
mod projects;
mod reload;
mod schedules;
mod secrets;
