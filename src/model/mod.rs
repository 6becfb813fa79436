//! The nouns: plain data that every layer speaks of. Nothing here reads a file, a clock or a database.

pub mod attempt;
pub mod config;
mod duration;
pub mod id;
pub mod names;
pub mod params;
pub mod plan;
pub mod secret;
pub mod settings;
mod shell_word;
mod similar;
mod size;
pub mod task;
pub mod time;
mod workflow;
mod yaml_text;
mod zone;

pub use attempt::Attempt;
pub use config::{Config, ConfigError};
pub use duration::parse_duration;
pub use id::{AttemptId, ProjectId, RevisionId, ScheduleId, SessionId, TaskId, WorkflowId};
pub use params::{Params, merge};
pub use plan::{Plan, PlannedTask, TaskConfig, TaskKind};
pub use settings::Settings;
pub use shell_word::shell_word;
pub use similar::similar;
pub use size::{parse_size, show_rounded_size, show_size};
pub use task::{Task, TaskFlags, TaskResult, TaskState};
pub use time::{SessionTime, Time};
pub use workflow::WorkflowDefinition;
pub use yaml_text::yaml_text;
pub use zone::{UnknownZone, Zone};
