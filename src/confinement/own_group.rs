//! Which control group this process is in, and where the file system shows it.

use std::path::{Path, PathBuf};

/// The directory of the control group that a process is in, from the texts of its `/proc/self/cgroup` and
/// `/proc/self/mountinfo`. None when version 2 is not mounted, or shows another part of the tree only.
pub(super) fn own_group(cgroup: &str, mountinfo: &str) -> Option<PathBuf> {
    let path = cgroup.lines().find_map(|line| line.strip_prefix("0::"))?;
    mountinfo.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        if after.split(' ').next() != Some("cgroup2") {
            return None;
        }
        let mut fields = before.split(' ').skip(3);
        let (root, mount_point) = (unescaped(fields.next()?), unescaped(fields.next()?));
        let below = Path::new(path).strip_prefix(&root).ok()?;
        // Without a slash at the end when there is nothing below.
        Some(Path::new(&mount_point).join(below).components().collect())
    })
}

/// Blanks and backslashes are octal numbers there.
fn unescaped(field: &str) -> String {
    field.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_below_their_mount() {
        let unified = "26 1 0:23 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        let hybrid = "31 1 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
                      38 31 0:33 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      41 31 0:38 / /sys/fs/cgroup/uni\\040fied rw - cgroup2 cgroup2 rw\n";
        let container = "99 1 0:23 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        for (cgroup, mountinfo, expected) in [
            (
                "0::/system.slice/dibble.service\n",
                unified,
                Some("/sys/fs/cgroup/system.slice/dibble.service"),
            ),
            ("4:memory:/x\n0::/\n", hybrid, Some("/sys/fs/cgroup/uni fied")),
            ("0::/docker/ab/inner\n", container, Some("/sys/fs/cgroup/inner")),
            ("0::/docker/cd\n", container, None),
            ("4:memory:/x\n", hybrid, None),
            ("0::/\n", "38 31 0:33 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", None),
        ] {
            assert_eq!(own_group(cgroup, mountinfo), expected.map(PathBuf::from), "{cgroup}");
        }
    }
}
