//! Whether the directories of a server are watched by another one, too, which would start their sessions a second time.

use super::Finding;
use std::path::{Path, PathBuf};

/// What is found about watched directories, `watchers` being the processes that watch one. Nothing without directories.
pub fn check_watched(directories: &[PathBuf], watchers: impl Fn(&Path) -> Vec<u32>) -> Vec<Finding> {
    let twice = directories.iter().filter_map(|directory| {
        let watchers = watchers(directory);
        (watchers.len() > 1).then(|| watched_twice(directory, &watchers))
    });
    let twice: Vec<Finding> = twice.collect();
    if twice.is_empty() && !directories.is_empty() {
        return vec![Finding::ok("directories", "none is watched by two servers")];
    }
    twice
}

fn watched_twice(directory: &Path, watchers: &[u32]) -> Finding {
    let watchers: Vec<String> = watchers.iter().map(u32::to_string).collect();
    Finding::problem(
        "directories",
        format!(
            "{} is watched by the processes {}, each with a database of its own: each of its schedules runs more than once",
            directory.display(),
            watchers.join(" and ")
        ),
        "end all but one of them, or start the others with --disable-scheduler",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::doctor::State;

    #[test]
    fn two_servers_on_one_directory_are_a_problem() {
        let directories = ["/srv/a", "/srv/b"].map(PathBuf::from);
        let both = |directory: &Path| if directory.ends_with("b") { vec![7, 12] } else { vec![7] };
        let found = check_watched(&directories, both);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.starts_with("/srv/b is watched by the processes 7 and 12, "), "{found:?}");
        assert_eq!(check_watched(&directories, |_| vec![7])[0].state, State::Ok);
        assert_eq!(check_watched(&[], both), []);
    }
}
