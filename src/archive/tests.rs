//! What is packed is extracted again, and what is hostile is not.

use super::{ArchiveError, Contents, Limits, Member, PackError, PackOptions, extract, pack};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

/// Files with their modes and texts, and links, below a directory.
type Tree = BTreeMap<PathBuf, Leaf>;

#[derive(Debug, Clone, PartialEq)]
enum Leaf {
    File(u32, Vec<u8>),
    Link(PathBuf),
}

fn file(text: &str) -> Leaf {
    Leaf::File(0o644, text.into())
}

fn link(target: &str) -> Leaf {
    Leaf::Link(target.into())
}

fn make(dir: &Path, leaves: &[(&str, Leaf)]) {
    for (name, leaf) in leaves {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match leaf {
            Leaf::File(mode, text) => {
                fs::write(&path, text).unwrap();
                fs::set_permissions(&path, Permissions::from_mode(*mode)).unwrap();
            }
            Leaf::Link(target) => symlink(target, &path).unwrap(),
        }
    }
}

fn project(leaves: &[(&str, Leaf)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path(), leaves);
    dir
}

fn tree(dir: &Path) -> Tree {
    let mut found = Tree::new();
    collect(dir, dir, &mut found);
    found
}

fn collect(top: &Path, dir: &Path, found: &mut Tree) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap();
        if kind.is_dir() {
            collect(top, &path, found);
            continue;
        }
        let leaf = if kind.is_symlink() {
            Leaf::Link(fs::read_link(&path).unwrap())
        } else {
            Leaf::File(kind.permissions().mode() & 0o7777, fs::read(&path).unwrap())
        };
        found.insert(path.strip_prefix(top).unwrap().to_owned(), leaf);
    }
}

fn shown(member: Member<'_>) -> String {
    match member {
        Member::File(name) => name.display().to_string(),
        Member::Symlink { name, target } => format!("{} -> {}", name.display(), target.display()),
    }
}

fn packed(dir: &Path, options: &PackOptions<'_>) -> Result<(Vec<u8>, Vec<String>), PackError> {
    let (mut bytes, mut said) = (vec![], vec![]);
    pack(dir, options, &mut bytes, &mut |member| said.push(shown(member)))?;
    Ok((bytes, said))
}

fn extracted(gzip: &[u8], dir: &Path) -> Result<Vec<String>, ArchiveError> {
    let mut said = vec![];
    extract(gzip, dir, &Limits::NONE, &mut |member| said.push(shown(member)))?;
    Ok(said)
}

/// A member as others make them: kind, name, target and content, nothing of it checked.
type Raw<'a> = (EntryType, &'a str, &'a str, &'a [u8]);

fn archive(members: &[Raw<'_>]) -> Vec<u8> {
    let mut archive = Builder::new(GzEncoder::new(vec![], Compression::fast()));
    for (kind, name, target, content) in members {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        let field = &mut header.as_old_mut().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

const FILE: EntryType = EntryType::Regular;
const LINK: EntryType = EntryType::Symlink;
const HARD: EntryType = EntryType::Link;

#[test]
fn what_is_packed_is_extracted() {
    let long = format!("{}/{}.sql", "directory".repeat(20), "n".repeat(150));
    let leaves = [
        ("a.dig", file("+a: {}")),
        ("sub/run.sh", Leaf::File(0o755, b"#!/bin/sh\n".to_vec())),
        ("sub/empty", Leaf::File(0o600, vec![])),
        ("sub/up", link("../a.dig")),
        ("dir", link("sub")),
        ("日本 x.sql", file("x")),
        ("to 日本", link("日本 x.sql")),
        (long.as_str(), file("long")),
        ("to long", link(&long)),
    ];
    let from = project(&leaves);
    let (bytes, said) = packed(from.path(), &PackOptions::default()).unwrap();
    let to = tempfile::tempdir().unwrap();
    assert_eq!(extracted(&bytes, to.path()).unwrap(), said);
    assert_eq!(tree(to.path()), tree(from.path()));
    assert_eq!(said[..2], ["a.dig", "dir -> sub"]);
    assert_eq!(packed(to.path(), &PackOptions::default()).unwrap().0, bytes, "no times, no owners");
    assert_eq!(extracted(&bytes, to.path()).unwrap(), said, "once more over it");
    assert_eq!(tree(to.path()), tree(from.path()));
}

#[test]
fn hidden_and_ignored_files_stay_behind() {
    let from = project(&[
        (".digdagignore", file("*.csv\nbuild/\n")),
        (".env", file("")),
        (".git/config", file("")),
        ("sub/.hidden/x", file("")),
        ("sub/a.csv", file("")),
        ("build/x", file("")),
        ("sub/build", file("a file")),
        ("out.tar.gz", file("")),
        ("b.dig", file("")),
        ("sub/c.dig", file("")),
    ]);
    let out = from.path().join("sub/../out.tar.gz");
    let options = PackOptions { except: Some(&out), ..PackOptions::default() };
    let mut said = vec![];
    let workflows = pack(from.path(), &options, vec![], &mut |member| said.push(shown(member))).unwrap();
    assert_eq!(said, ["b.dig", "sub/build", "sub/c.dig"]);
    assert_eq!(workflows, ["b.dig"]);
}

#[test]
fn links_that_leave_the_project_are_refused_or_copied() {
    let outside = project(&[
        ("data/x.csv", file("x")),
        ("data/same", link("x.csv")),
        ("data/other", link("../other.txt")),
        ("other.txt", file("other")),
    ]);
    let data = outside.path().join("data");
    let from = project(&[("a.dig", file("")), ("inside", link("sub/../a.dig"))]);
    symlink(&data, from.path().join("data")).unwrap();
    symlink(from.path().join("a.dig"), from.path().join("absolute")).unwrap();

    let error = packed(from.path(), &PackOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Invalid symbolic link: Given path '{}' is outside of project directory '{}'. Consider to add \
             --copy-outgoing-symlinks option",
            data.display(),
            from.path().display()
        )
    );
    let options = PackOptions { copy_outgoing_symlinks: true, ..PackOptions::default() };
    let (bytes, said) = packed(from.path(), &options).unwrap();
    let expected =
        ["a.dig", "absolute -> a.dig", "data/other", "data/same -> x.csv", "data/x.csv", "inside -> a.dig"];
    assert_eq!(said, expected);
    let to = tempfile::tempdir().unwrap();
    extracted(&bytes, to.path()).unwrap();
    assert_eq!(fs::read_to_string(to.path().join("data/other")).unwrap(), "other");

    symlink("..", from.path().join("up")).unwrap();
    let holder = project(&[]);
    let inner = holder.path().join("p");
    fs::create_dir(&inner).unwrap();
    symlink("..", inner.join("up")).unwrap();
    let error = packed(&inner, &options).unwrap_err().to_string();
    assert!(error.contains("up' leads back to "), "{error}");
}

#[test]
fn what_cannot_be_packed_says_which() {
    let from = project(&[]);
    let missing = from.path().join("nosuch");
    let said = |dir: &Path| {
        let options = PackOptions { copy_outgoing_symlinks: true, ..PackOptions::default() };
        packed(dir, &options).unwrap_err().to_string()
    };
    assert_eq!(said(&missing), format!("{} (no such file)", missing.display()));
    symlink("/nosuch/file", from.path().join("gone")).unwrap();
    assert_eq!(said(from.path()), format!("{} (no such file)", from.path().join("gone").display()));
    fs::remove_file(from.path().join("gone")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(from.path().join("s")).unwrap();
    assert!(said(from.path()).ends_with("s' is neither a file nor a directory; name it in .digdagignore"));
}

#[test]
fn hostile_members_are_refused() {
    for (members, expected) in [
        (&[(FILE, "../evil", "", &b""[..])][..], "invalid entry: ../evil"),
        (&[(FILE, "/etc/evil", "", b"")], "invalid entry: /etc/evil"),
        (&[(FILE, "a/../../evil", "", b"")], "invalid entry: a/../../evil"),
        (&[(FILE, ".", "", b"")], "invalid entry: ."),
        (&[(EntryType::Char, "tty", "", b"")], "invalid entry: tty"),
        (&[(EntryType::Block, "sda", "", b"")], "invalid entry: sda"),
        (&[(EntryType::Fifo, "pipe", "", b"")], "invalid entry: pipe"),
        (&[(LINK, "l", "/etc/passwd", b"")], "invalid symlink: l -> /etc/passwd"),
        (&[(LINK, "s/l", "../../x", b"")], "invalid symlink: s/l -> ../../x"),
        (&[(LINK, "l", "..", b"")], "invalid symlink: l -> .."),
        (&[(LINK, "l", "s", b""), (FILE, "l/x", "", b"")], "invalid entry: l/x"),
        (&[(FILE, "f", "", b""), (FILE, "f/x", "", b"")], "invalid entry: f/x"),
        (&[(FILE, "f", "", b""), (EntryType::Directory, "f", "", b"")], "invalid entry: f"),
        (&[(HARD, "h", "/etc/passwd", b"")], "invalid entry: h"),
        (&[(HARD, "h", "../x", b"")], "invalid entry: h"),
        (&[(FILE, "h", "", b""), (HARD, "h", "h", b"")], "invalid entry: h"),
        (&[(HARD, "h", "later", b""), (FILE, "later", "", b"")], "invalid entry: h"),
        (&[(LINK, "l", "x", b""), (HARD, "h", "l", b"")], "invalid entry: h"),
    ] {
        let bytes = archive(members);
        let parent = tempfile::tempdir().unwrap();
        let error = extracted(&bytes, &parent.path().join("to")).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{members:?}: {error}");
        let names: Vec<_> =
            fs::read_dir(parent.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["to"], "{members:?}");
        let error = Contents::read(&bytes, &Limits::default()).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{members:?}: {error}");
    }
}

/// Each link looks harmless alone.
#[test]
fn links_do_not_lead_out_by_way_of_each_other() {
    let members =
        [(LINK, "s/t/a", "../..", &b""[..]), (LINK, "out", "s/t/a/../x", b""), (LINK, "up", "s/t/a/..", b"")];
    let parent = tempfile::tempdir().unwrap();
    let to = parent.path().join("to");
    let said = extracted(&archive(&members), &to).unwrap();
    assert_eq!(said, ["s/t/a -> ../..", "out -> s/t/x", "up -> s/t"]);
    assert_eq!(to.join("up").canonicalize().unwrap(), to.join("s/t").canonicalize().unwrap());
}

#[test]
fn what_stands_in_the_way_is_replaced_and_what_it_points_to_is_not_touched() {
    let outside = project(&[("f", file("precious")), ("d/f", file("precious"))]);
    let to = project(&[("x/old", file("old"))]);
    symlink(outside.path().join("f"), to.path().join("a.dig")).unwrap();
    symlink(outside.path().join("d"), to.path().join("d")).unwrap();
    make(to.path(), &[("was a file", file("")), ("was a link", link("nowhere"))]);
    fs::create_dir(to.path().join("was a directory")).unwrap();
    let members = [
        (FILE, "a.dig", "", &b"new"[..]),
        (FILE, "d/f", "", b"new"),
        (FILE, "was a file/f", "", b"new"),
        (LINK, "was a link", "a.dig", b""),
        (FILE, "was a directory", "", b"new"),
        (HARD, "hard", "a.dig", b""),
        (FILE, "a.dig", "", b"newer"),
    ];
    extracted(&archive(&members), to.path()).unwrap();
    assert_eq!(
        tree(outside.path()),
        tree(project(&[("f", file("precious")), ("d/f", file("precious"))]).path())
    );
    let expected = [
        ("a.dig", file("newer")),
        ("d/f", file("new")),
        ("was a file/f", file("new")),
        ("was a link", link("a.dig")),
        ("was a directory", file("new")),
        ("hard", file("new")),
        ("x/old", file("old")),
    ];
    assert_eq!(tree(to.path()), expected.into_iter().map(|(name, leaf)| (name.into(), leaf)).collect());

    let error = extracted(&archive(&[(FILE, "x", "", b"")]), to.path()).unwrap_err();
    assert!(matches!(error, ArchiveError::Disk { path, .. } if path == to.path().join("x")));
}

#[test]
fn directories_keep_their_permissions_and_can_be_worked_in() {
    let mut builder = Builder::new(GzEncoder::new(vec![], Compression::fast()));
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Directory);
    header.set_mode(0o2555);
    header.set_size(0);
    builder.append_data(&mut header, "d", &b""[..]).unwrap();
    let mut header = Header::new_gnu();
    header.set_mode(0o4755);
    header.set_size(1);
    builder.append_data(&mut header, "d/f", &b"x"[..]).unwrap();
    let bytes = builder.into_inner().unwrap().finish().unwrap();
    let to = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        assert_eq!(extracted(&bytes, to.path()).unwrap(), ["d/f"]);
        let mode = |name: &str| fs::metadata(to.path().join(name)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("d"), mode("d/f")), (0o755, 0o755));
    }
}

#[test]
fn limits_hold() {
    let limits = Limits { compressed: 1 << 20, total: 1500, file: 1000 };
    let read = |bytes: &[u8]| Contents::read(bytes, &limits).map(drop).map_err(|error| error.to_string());
    let sized = |sizes: &[usize]| {
        let content = vec![0; 4000];
        let members: Vec<Raw<'_>> = sizes.iter().map(|&size| (FILE, "./f", "", &content[..size])).collect();
        archive(&members)
    };
    assert_eq!(read(&sized(&[1000, 500])), Ok(()));
    let message = "Size of a file in the archive exceeds limit (1001 > 1000 bytes): ./f";
    assert_eq!(read(&sized(&[1001])), Err(message.to_owned()));
    let message = "Total size of the archive exceeds limit (1600 > 1500 bytes)";
    assert_eq!(read(&sized(&[800, 800, 800])), Err(message.to_owned()));
    let message = "Size of the uploaded archive file exceeds limit (1048576 bytes)";
    assert_eq!(read(&vec![0; (1 << 20) + 1]), Err(message.to_owned()));
    let to = tempfile::tempdir().unwrap();
    assert!(extract(&sized(&[1001])[..], to.path(), &limits, &mut |_| {}).is_err());
}

/// A long name is read as a whole before anybody sees its member.
#[test]
fn bombs_are_stopped_wherever_they_are() {
    let mut gzip = GzEncoder::new(vec![], Compression::best());
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNULongName);
    header.set_size(1 << 40);
    header.set_cksum();
    gzip.write_all(header.as_bytes()).unwrap();
    for _ in 0..80 {
        gzip.write_all(&[0; 1 << 20]).unwrap();
    }
    let bytes = gzip.finish().unwrap();
    assert!(bytes.len() < 1 << 20);
    let error = Contents::read(&bytes, &Limits::default()).unwrap_err();
    assert!(matches!(error, ArchiveError::Total { limit: 2_097_152, .. }), "{error}");
}

#[test]
fn damaged_archives_are_told_from_other_files() {
    let read =
        |bytes: &[u8]| Contents::read(bytes, &Limits::default()).map(drop).map_err(|error| error.to_string());
    for other in [&b""[..], b"\x1f", b"this is not gzip at all"] {
        assert_eq!(read(other), Err("Input is not in the .gz format".to_owned()));
    }
    let whole = archive(&[(FILE, "a.dig", "", b"+a: {}")]);
    assert_eq!(read(&whole), Ok(()));
    for end in 2..whole.len() {
        let error = read(&whole[..end]).unwrap_err();
        assert!(error.starts_with("The archive cannot be read: "), "{end}: {error}");
    }
    let mut text = GzEncoder::new(vec![], Compression::fast());
    text.write_all(&[b'x'; 2000]).unwrap();
    assert!(read(&text.finish().unwrap()).unwrap_err().starts_with("The archive cannot be read: "));
}

#[test]
fn workflows_are_found_through_links() {
    let bytes = archive(&[
        (EntryType::XGlobalHeader, "pax_global_header", "", b"17 comment=abcdef\n"),
        (EntryType::Directory, "./", "", b""),
        (FILE, "./b.dig", "", b"b"),
        (FILE, "sub/c.dig", "", b"c"),
        (LINK, "a.dig", "dir/c.dig", b""),
        (LINK, "dir", "./sub", b""),
        (LINK, "gone.dig", "nosuch", b""),
        (LINK, "loop.dig", "loop.dig", b""),
        (HARD, "h.dig", "b.dig", b""),
        (FILE, ".hidden.dig", "", b""),
        (FILE, "ignored.dig", "", b""),
        (FILE, ".digdagignore", "", b"ign*\n"),
        (EntryType::Directory, "d.dig", "", b""),
        (FILE, ".dig", "", b""),
    ]);
    let contents = Contents::read(&bytes, &Limits::default()).unwrap();
    assert_eq!(contents.workflows(), ["a", "b", "h"]);
    let mut rounds = 0;
    let read = contents.with_files(|files| {
        rounds += 1;
        let first = files.read(Path::new("a.dig"))?;
        let second = files.read(Path::new("h.dig"))?;
        assert_eq!(files.read(Path::new("nosuch")), None);
        Some((first, second))
    });
    assert_eq!(read.unwrap(), Some((b"c".to_vec(), b"b".to_vec())));
    assert_eq!(rounds, 3, "one file leads to the other");
}

/// Parts of a name, those of a link's target, content, and whether it is executable.
type AnyLeaf = (Vec<usize>, Option<Vec<usize>>, Vec<u8>, bool);

/// Trees of files and links to anywhere inside, of names that sort before and after a slash.
fn trees() -> impl Strategy<Value = Vec<AnyLeaf>> {
    let path = || vec(0..5_usize, 1..4);
    vec(
        (
            path(),
            prop_oneof![1 => path().prop_map(Some), 3 => proptest::strategy::Just(None)],
            vec(any::<u8>(), 0..600),
            any::<bool>(),
        ),
        0..12,
    )
}

fn name(parts: &[usize]) -> PathBuf {
    parts.iter().map(|&part| ["a", "b.dig", "a-", "é", "z z"][part]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_tree_survives(leaves in trees()) {
        let from = tempfile::tempdir().unwrap();
        for (parts, target, content, executable) in leaves {
            let path = from.path().join(name(&parts));
            if fs::create_dir_all(path.parent().unwrap()).is_err() || path.symlink_metadata().is_ok() {
                continue;
            }
            match target {
                Some(target) => symlink(from.path().join(name(&target)), &path).unwrap(),
                None => {
                    fs::write(&path, content).unwrap();
                    fs::set_permissions(&path, Permissions::from_mode(if executable { 0o755 } else { 0o640 })).unwrap();
                }
            }
        }
        let (bytes, said) = packed(from.path(), &PackOptions::default()).unwrap();
        let to = tempfile::tempdir().unwrap();
        prop_assert_eq!(&extracted(&bytes, to.path()).unwrap(), &said);
        prop_assert_eq!(&packed(to.path(), &PackOptions::default()).unwrap().0, &bytes);
        let (source, copy) = (tree(from.path()), tree(to.path()));
        prop_assert_eq!(source.keys().collect::<Vec<_>>(), copy.keys().collect::<Vec<_>>());
        for (name, leaf) in &copy {
            match leaf {
                Leaf::File(..) => prop_assert_eq!(Some(leaf), source.get(name)),
                Leaf::Link(target) => prop_assert!(target.is_relative()),
            }
        }
        prop_assert!(Contents::read(&bytes, &Limits::default()).is_ok());
    }

    /// Whatever members an archive has, nothing outside the directory changes, and what can be extracted was accepted.
    #[test]
    fn nothing_leaves_the_directory(members in vec((0..4_usize, 0..9_usize, 0..9_usize), 0..12)) {
        let names = ["a", "a/b", "b", "a/b/c", "../x", "b/../../x", ".", "..", "a/.."];
        let kinds = [FILE, LINK, HARD, EntryType::Directory];
        let members: Vec<Raw<'_>> =
            members.iter().map(|&(kind, name, target)| (kinds[kind], names[name], names[target], &b""[..])).collect();
        let bytes = archive(&members);
        let parent = project(&[("x", file("precious"))]);
        let to = parent.path().join("to");
        let result = extracted(&bytes, &to);
        prop_assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2);
        prop_assert_eq!(fs::read(parent.path().join("x")).unwrap(), b"precious");
        for name in tree(&to).into_keys() {
            let path = to.join(name);
            if let Ok(real) = path.canonicalize() {
                prop_assert!(real.starts_with(to.canonicalize().unwrap()), "{}", path.display());
            }
        }
        if Contents::read(&bytes, &Limits::default()).is_ok() {
            // Directories that are not empty, and nothing else, can still be in the way.
            prop_assert!(result.is_ok() || matches!(result, Err(ArchiveError::Disk { .. })), "{result:?}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..2000), cut in any::<bool>()) {
        let mut gzip = GzEncoder::new(vec![], Compression::fast());
        gzip.write_all(&bytes).unwrap();
        let gzip = gzip.finish().unwrap();
        let to = tempfile::tempdir().unwrap();
        let _ = extracted(if cut { &bytes } else { &gzip }, to.path());
    }
}
