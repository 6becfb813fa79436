//! Parameters: `_export`, what tasks store and export, and who sees it.

use crate::support::Project;

#[test]
fn an_inner_export_covers_the_outer_one_for_its_group_only() {
    let out = Project::new()
        .dig(
            "
            _export: {v: outer}
            +g:
              _export: {v: inner}
              +a: {echo>: '${v}'}
            +b: {echo>: '${v}'}
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["inner", "outer"]);
}

#[test]
fn maps_are_merged_and_lists_replaced() {
    let out = Project::new()
        .dig(
            "
            _export:
              db: {host: h, port: 1}
              list: [1, 2]
            +g:
              _export:
                db: {port: 2}
                list: [3]
              +a: {echo>: '${db} ${list}'}
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["{\"host\":\"h\",\"port\":2} [3]"]);
}

#[test]
fn what_is_stored_is_seen_by_later_tasks_only() {
    let out = Project::new()
        .file("t.py", "import digdag\ndef put(value):\n    digdag.env.store({'v': value})\n")
        .dig(
            "
            _export: {v: exported, py: {python: python3}}
            +before: {echo>: '${v}'}
            +put:
              py>: t.put
              value: stored
            +after: {echo>: '${v}'}
            +g:
              _export: {v: inner}
              +covered: {echo>: '${v}'}
              +put:
                py>: t.put
                value: again
              +seen: {echo>: '${v}'}
            +end: {echo>: '${v}'}
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["exported", "stored", "inner", "again", "again"]);
}

#[test]
fn parallel_siblings_do_not_see_each_others_stores() {
    let out = Project::new()
        .file("t.py", "import digdag\ndef put():\n    digdag.env.store({'v': 1})\n")
        .dig(
            "
            _export: {py: {python: python3}}
            +g:
              _parallel: true
              +put: {py>: t.put}
              +peer: {sh>: 'sleep 0.5'}
              +look:
                _after: [+peer]
                echo>: ${typeof v}
            +later: {echo>: '${v}'}
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["undefined", "1"]);
}

#[test]
fn a_tasks_local_keys_are_its_own() {
    let out = Project::new()
        .dig(
            "
            +a:
              if>: true
              v: local
              _do: {echo>: '${typeof v}'}
            +b:
              if>: true
              _export: {v: exported}
              _do: {echo>: '${v}'}
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["undefined", "exported"]);
}

#[test]
fn a_cyclic_export_is_expanded_once() {
    let out = Project::new().dig("_export: {a: '${b}', b: '${a}'}\n+t: {echo>: '${a}'}").run(&[]).success();
    assert_eq!(out.lines(), ["${a}"]);
}

#[test]
fn a_broken_export_fails_every_task_in_its_scope() {
    let out = Project::new().dig("+g:\n  _export: {x: '${nope}'}\n  +a: {echo>: hi}").run(&[]).fails(1);
    assert!(out.failure().1.contains("nope is not defined"), "{out}");
}

#[test]
fn built_ins_cannot_be_exported_over_but_shadowed_locally() {
    let out = Project::new()
        .dig(
            "
            _export: {session_date: mine}
            +a: {echo>: '${session_date}'}
            +b:
              session_date: local
              echo>: ${session_date}
            ",
        )
        .run(&[])
        .success();
    assert_eq!(out.lines(), ["2026-01-02", "local"]);
}

#[test]
fn an_unused_key_is_reported_and_harmless() {
    let out = Project::new().dig("+a:\n  echo>: x\n  foo: 1").run(&[]).success();
    assert!(out.messages("ERROR").iter().any(|line| line.contains("'foo' is not used")), "{out}");
}
