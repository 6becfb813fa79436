//! No query reads a whole table or sorts: read off the plans of all statements in the source of the store.

use crate::store::testing;
use std::fs;
use std::path::Path;

/// The statements in a source file: its literals that begin like SQL.
fn statements(source: &str) -> Vec<String> {
    let tested = source.split("#[cfg(test)]").next().unwrap();
    tested
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|literal| {
            ["SELECT ", "INSERT ", "UPDATE ", "DELETE "].iter().any(|verb| literal.starts_with(verb))
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_statement_uses_an_index() {
    // Nobody has more than a few owners, tokens or watched directories; of secrets and tokens this looks at the first one.
    const WHOLE: [&str; 7] = [
        "SELECT * FROM owners ORDER BY id",
        "SELECT name, created_at FROM tokens ORDER BY name",
        "SELECT EXISTS (SELECT 1 FROM secrets) AS found",
        "SELECT EXISTS (SELECT 1 FROM tokens) AS found",
        "SELECT * FROM watched_projects ORDER BY name",
        "SELECT * FROM watched_projects WHERE schedules IS NULL OR error IS NOT NULL ORDER BY name",
        "SELECT * FROM watched_projects WHERE error IS NOT NULL AND instr(name, :part) > 0 AND NOT EXISTS (
             SELECT 1 FROM projects WHERE projects.name = watched_projects.name AND projects.deleted_at IS NULL)
         ORDER BY name",
    ];
    // Small whatever the history, as is `newest`, which is a query with a limit.
    const SMALL: [&str; 2] = ["INDEX attempts_unfinished", "INDEX notifications_pending"];
    let (store, _directory) = testing::store();
    let mut seen = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store")).unwrap() {
        let path = entry.unwrap().path();
        let lists_nothing = ["dump.rs", "open.rs", "testing.rs"].iter().any(|name| path.ends_with(name));
        if lists_nothing || path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        for sql in statements(&fs::read_to_string(&path).unwrap()) {
            seen += 1;
            let plan = store
                .read(|r| {
                    let explained = format!("EXPLAIN QUERY PLAN {sql}");
                    let mut statement = r.connection().prepare(&explained).unwrap();
                    let details = statement.raw_query().mapped(|row| row.get::<_, String>("detail"));
                    Ok(details.map(Result::unwrap).collect::<Vec<_>>())
                })
                .unwrap();
            let bad = |step: &String| {
                let whole = step.starts_with("SCAN ")
                    && !SMALL.iter().any(|index| step.ends_with(index))
                    && !["SCAN CONSTANT ROW", "SCAN newest"].contains(&step.as_str());
                whole || step.contains("TEMP B-TREE") || step.contains("AUTOMATIC")
            };
            assert!(!plan.iter().any(bad) || WHOLE.contains(&sql.as_str()), "{sql}\n{plan:#?}");
        }
    }
    assert!(seen > 40, "found only {seen} statements");
}
