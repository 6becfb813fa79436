//! `wait>`

use crate::support::Project;
use std::time::{Duration, Instant};

#[test]
fn it_waits_as_long_as_it_says() {
    for options in ["", "\n  blocking: true", "\n  poll_interval: 1s"] {
        let project =
            Project::new().moving_clock().dig(&format!("+a:\n  wait>: 1s{options}\n+b: {{echo>: over}}"));
        let start = Instant::now();
        assert_eq!(project.run(&[]).success().lines(), ["over"]);
        assert!(start.elapsed() >= Duration::from_secs(1), "{options}");
    }
}

#[test]
fn mistakes_are_explained() {
    for (task, message) in [
        ("wait>: 10", "invalid configuration"),
        (
            "wait>: 1s\n  blocking: true\n  poll_interval: 1s",
            "poll_interval can't be specified with blocking:true",
        ),
    ] {
        let out = Project::new().moving_clock().dig(&format!("+a:\n  {task}")).run(&[]).fails(1);
        assert!(out.failure().1.to_lowercase().contains(message), "{out}");
    }
}
