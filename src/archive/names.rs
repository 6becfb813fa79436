//! Names of members and targets of links, as text alone: nothing here looks at a disk.

use std::path::{Component, Path, PathBuf};

/// A name as a path below the directory, without `.` and `..`. `None` if it is absolute or leaves the directory; empty if
/// it means the directory itself. `None`, too, if no file can have such a long name.
pub(super) fn below(name: &Path) -> Option<PathBuf> {
    // As file systems have them; the directory needs a part of the path for itself.
    const LONGEST_PART: usize = 255;
    const LONGEST: usize = 3072;
    let is_long = |part: Component<'_>| part.as_os_str().len() > LONGEST_PART;
    if name.as_os_str().len() > LONGEST || name.components().any(is_long) {
        return None;
    }
    let mut result = PathBuf::new();
    for component in name.components() {
        match component {
            Component::Normal(part) => result.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                if !result.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(result)
}

/// An absolute path without `.` and `..`.
pub(super) fn normalized(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}

/// What a link means, as a path below the directory. `None` if it leaves it.
pub(super) fn linked(link: &Path, target: &Path) -> Option<PathBuf> {
    if target.as_os_str().is_empty() || target.is_absolute() {
        return None;
    }
    below(&link.parent().unwrap_or(Path::new("")).join(target))
}

/// The text of a link, in such a form that every `..` comes first: then it cannot leave the directory by way of other
/// links in it. Both are paths below the directory.
pub(super) fn relative(link: &Path, to: &Path) -> PathBuf {
    let from = link.parent().unwrap_or(Path::new(""));
    let common = from.components().zip(to.components()).take_while(|(left, right)| left == right).count();
    let mut target: PathBuf = from.components().skip(common).map(|_| Component::ParentDir).collect();
    target.extend(to.components().skip(common));
    if target.as_os_str().is_empty() { PathBuf::from(".") } else { target }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_length() {
        let part = "a".repeat(255);
        assert!(below(Path::new(&part)).is_some());
        assert_eq!(below(Path::new(&format!("{part}a"))), None);
        assert!(below(Path::new(&"a/".repeat(1500))).is_some());
        assert_eq!(below(Path::new(&"a/".repeat(2000))), None);
    }

    #[test]
    fn names_stay_below_the_directory() {
        for (name, expected) in [
            ("a/b", Some("a/b")),
            ("./a//b/.", Some("a/b")),
            ("a/../b", Some("b")),
            (".", Some("")),
            ("", Some("")),
            ("..", None),
            ("a/../../b", None),
            ("../ab/c", None),
            ("/a", None),
        ] {
            assert_eq!(below(Path::new(name)).as_deref(), expected.map(Path::new), "{name}");
        }
    }

    #[test]
    fn links_are_relative_to_where_they_are() {
        for (link, target, means, written) in [
            ("a", "b", Some("b"), "b"),
            ("s/a", "b", Some("s/b"), "b"),
            ("s/a", "../b", Some("b"), "../b"),
            ("s/a", "../s/b", Some("s/b"), "b"),
            ("s/a", ".", Some("s"), "."),
            ("s/a", "..", Some(""), ".."),
            ("s/t/a", "x/../../u", Some("s/u"), "../u"),
            ("a", "..", None, ""),
            ("s/a", "../../x", None, ""),
            ("a", "/etc/passwd", None, ""),
            ("a", "", None, ""),
        ] {
            let found = linked(Path::new(link), Path::new(target));
            assert_eq!(found.as_deref(), means.map(Path::new), "{link} -> {target}");
            if let Some(to) = found {
                assert_eq!(relative(Path::new(link), &to), Path::new(written), "{link} -> {target}");
            }
        }
    }
}
