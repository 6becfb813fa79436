//! `push`, `archive`, `upload`, `download`.

use super::Console;
use insta::assert_snapshot;
use std::os::unix::fs::symlink;

#[test]
fn a_project_is_pushed_and_comes_back() {
    let console = Console::new();
    assert_snapshot!(console.run("dibble push p1 -r r1"), @"
    $ dibble push p1 -r r1
    Creating $TMPDIR/archive-NAME.tar.gz...
      Archiving daily.dig
      Archiving data/x.txt
      Archiving fails.dig
      Archiving plain.dig
      Archiving slow.dig
    Workflows:
      daily.dig
      fails.dig
      plain.dig
      slow.dig
    Uploaded:
      id: 1
      name: p1
      revision: r1
      archive type: db
      project created at: 2026-11-22T03:30:00Z
      revision updated at: 2026-11-22T03:30:00Z

    Use `dibble workflows` to show all workflows.
    ");
    assert_snapshot!(console.run("
        dibble push p1 -r r1 | tail -n 1
        dibble push p1 | tail -n 8
        dibble push p2 -r v1 --schedule-from '2026-12-01 00:00:00 +0000' | tail -n 8
        dibble push p2 -r v2 --schedule-from garbage
        dibble push
        dibble push p1 extra
        dibble push p1 --project nosuchdir
    "), @r#"
    $ dibble push p1 -r r1 | tail -n 1
      slow.dig
    2> error: Request conflicted: {"message":"Resource already exists: revision=r1 in project id=1","status":409}
    [exit status: 1]
    $ dibble push p1 | tail -n 8
      id: 1
      name: p1
      revision: UUID
      archive type: db
      project created at: 2026-11-22T03:30:00Z
      revision updated at: 2026-11-22T03:30:00Z

    Use `dibble workflows` to show all workflows.
    $ dibble push p2 -r v1 --schedule-from '2026-12-01 00:00:00 +0000' | tail -n 8
      id: 2
      name: p2
      revision: v1
      archive type: db
      project created at: 2026-11-22T03:30:00Z
      revision updated at: 2026-11-22T03:30:00Z

    Use `dibble workflows` to show all workflows.
    $ dibble push p2 -r v2 --schedule-from garbage
    2> error: --schedule-from option must be "yyyy-MM-dd HH:mm:ss Z" format or UNIX timestamp: garbage
    2> hint: current local time is "2026-11-22 03:30:00 +0000"
    [exit status: 1]
    $ dibble push
    2> Usage: dibble push <project> [-r <revision>] [options...]
    2> error: Missing argument: <project>
    [exit status: 2]
    $ dibble push p1 extra
    2> Usage: dibble push <project> [-r <revision>] [options...]
    2> error: Unexpected argument: extra
    [exit status: 2]
    $ dibble push p1 --project nosuchdir
    Creating $TMPDIR/archive-NAME.tar.gz...
    2> error: Project directory $PROJECT/here/nosuchdir does not exist
    [exit status: 1]
    "#);
    assert_snapshot!(console.run("
        dibble download p1
        diff -r -x p1 p1 .
        dibble download p1 -o out2 -r r1
        dibble download p1 -o out2 -r r1 | tail -n 1
        dibble download p1 -r zz
        dibble download nosuch
        dibble download
    "), @"
    $ dibble download p1
      p1/daily.dig
      p1/data/x.txt
      p1/fails.dig
      p1/plain.dig
      p1/slow.dig
    Extracted project 'p1' revision 'UUID' to p1.
    $ diff -r -x p1 p1 .
    $ dibble download p1 -o out2 -r r1
      out2/daily.dig
      out2/data/x.txt
      out2/fails.dig
      out2/plain.dig
      out2/slow.dig
    Extracted project 'p1' revision 'r1' to out2.
    $ dibble download p1 -o out2 -r r1 | tail -n 1
    Extracted project 'p1' revision 'r1' to out2.
    $ dibble download p1 -r zz
    2> error: Project archive of revision 'zz' does not exist.
    [exit status: 1]
    $ dibble download nosuch
    2> error: Resource not found: project not found: nosuch
    [exit status: 1]
    $ dibble download
    2> Usage: dibble download <project> [options...]
    2> error: Missing argument: <project>
    [exit status: 2]
    ");
}

#[test]
fn an_archive_is_made_now_and_uploaded_later() {
    let console = Console::new();
    assert_snapshot!(console.run("
        dibble archive -o ../p.tar.gz
        dibble upload ../p.tar.gz up -r r1
        dibble upload ../p.tar.gz up -r r1
        dibble upload ../nosuch.tar.gz up
        echo no archive > ../bad.tar.gz; dibble upload ../bad.tar.gz up
        dibble download up | tail -n 1
    "), @r#"
    $ dibble archive -o ../p.tar.gz
    Creating ../p.tar.gz...
      Archiving daily.dig
      Archiving data/x.txt
      Archiving fails.dig
      Archiving plain.dig
      Archiving slow.dig
    Created ../p.tar.gz.
    Use `dibble upload <path.tar.gz> <project> <revision>` to upload it a server.

      Examples:
        $ dibble upload ../p.tar.gz $(basename $(pwd)) -r $(date +%Y%m%d-%H%M%S)
        $ dibble upload ../p.tar.gz $(git rev-parse --abbrev-ref HEAD) -r $(git rev-parse HEAD)

    $ dibble upload ../p.tar.gz up -r r1
    Uploaded:
      id: 1
      name: up
      revision: r1
      archive type: db
      project created at: 2026-11-22T03:30:00Z
      revision updated at: 2026-11-22T03:30:00Z

    Use `dibble workflows` to show all workflows.
    $ dibble upload ../p.tar.gz up -r r1
    2> error: Request conflicted: {"message":"Resource already exists: revision=r1 in project id=1","status":409}
    [exit status: 1]
    $ dibble upload ../nosuch.tar.gz up
    2> error: ../nosuch.tar.gz (no such file)
    [exit status: 1]
    $ echo no archive > ../bad.tar.gz; dibble upload ../bad.tar.gz up
    2> error: Status code 400: {"message":"Input is not in the .gz format","status":400}
    [exit status: 1]
    $ dibble download up | tail -n 1
    Extracted project 'up' revision 'r1' to up.
    "#);
}

#[test]
fn projects_with_mistakes() {
    let console = Console::new();
    assert_snapshot!(console.run(r"
        mkdir ../two; cd ../two; printf 'timezone: UTC\n+a:\n  echo>: x\n  sh>: y\n' > bad.dig; dibble push bad
        mkdir ../yaml; cd ../yaml; printf 'timezone: UTC\n+a:\n  echo>: x\n bad: [\n' > bad.dig; dibble push bad
        mkdir ../none; cd ../none; touch readme.md; dibble push pempty -r r1
    "), @r#"
    $ mkdir ../two; cd ../two; printf 'timezone: UTC\n+a:\n  echo>: x\n  sh>: y\n' > bad.dig; dibble push bad
    Creating $TMPDIR/archive-NAME.tar.gz...
    2> error: Validating project failed
    2> workflow $PROJECT/two/bad.dig
    2> error: A task can't have more than one operator: {"echo>":"x","sh>":"y"}
    2>  --> bad.dig:4:3
    2>   |
    2> 4 |   sh>: y
    2>   |   ^^^
    [exit status: 1]
    $ mkdir ../yaml; cd ../yaml; printf 'timezone: UTC\n+a:\n  echo>: x\n bad: [\n' > bad.dig; dibble push bad
    Creating $TMPDIR/archive-NAME.tar.gz...
    2> error: Validating project failed
    2> workflow $PROJECT/yaml/bad.dig
    2> error: while parsing a block mapping, did not find expected key
    2>  --> bad.dig:4:2
    2>   |
    2> 4 |  bad: [
    2>   |  ^
    [exit status: 1]
    $ mkdir ../none; cd ../none; touch readme.md; dibble push pempty -r r1
    Creating $TMPDIR/archive-NAME.tar.gz...
      Archiving readme.md
    Workflows:
      WARNING: This project doesn't include workflows. Usually, this is a mistake.
               Please make sure that all *.dig files are on the top directory.
               *.dig files in subdirectories are not recognized as workflows.

    Uploaded:
      id: 1
      name: pempty
      revision: r1
      archive type: db
      project created at: 2026-11-22T03:30:00Z
      revision updated at: 2026-11-22T03:30:00Z

    Use `dibble workflows` to show all workflows.
    "#);
    let outside = console.server.project.path("outside");
    std::fs::write(&outside, "outside\n").unwrap();
    symlink(outside, console.server.project.path("here/outlink")).unwrap();
    symlink("plain.dig", console.server.project.path("here/inlink")).unwrap();
    assert_snapshot!(console.run("
        dibble push plink -r r1
        dibble push plink -r r2 --copy-outgoing-symlinks
        dibble download plink > /dev/null; cat plink/outlink; readlink plink/inlink
    "), @"
    $ dibble push plink -r r1
    Creating $TMPDIR/archive-NAME.tar.gz...
    2> error: Invalid symbolic link: Given path '$PROJECT/outside' is outside of project directory '$PROJECT/here'. Consider to add --copy-outgoing-symlinks option
    [exit status: 1]
    $ dibble push plink -r r2 --copy-outgoing-symlinks
    Creating $TMPDIR/archive-NAME.tar.gz...
      Archiving daily.dig
      Archiving data/x.txt
      Archiving fails.dig
      Archiving inlink
        symlink -> plain.dig
      Archiving outlink
      Archiving plain.dig
      Archiving slow.dig
    Workflows:
      daily.dig
      fails.dig
      plain.dig
      slow.dig
    Uploaded:
      id: 2
      name: plink
      revision: r2
      archive type: db
      project created at: 2026-11-22T03:30:00Z
      revision updated at: 2026-11-22T03:30:00Z

    Use `dibble workflows` to show all workflows.
    $ dibble download plink > /dev/null; cat plink/outlink; readlink plink/inlink
    outside
    plain.dig
    ");
}
