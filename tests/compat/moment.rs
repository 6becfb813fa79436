//! `moment` in templates against what moment.js 2.21.0 answers: `moment.jsonl` has an expression, the zone it is
//! evaluated in, and the result as Digdag writes it.

use crate::support::Project;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
struct Row {
    timezone: String,
    expression: String,
    result: String,
}

#[test]
fn moment_answers_as_moment_js_does() {
    let mut zones: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for line in include_str!("moment.jsonl").lines() {
        let row: Row = serde_json::from_str(line).expect("a row");
        zones.entry(row.timezone.clone()).or_default().push(row);
    }
    let wrong: Vec<String> = zones.iter().flat_map(|(zone, rows)| wrong(zone, rows)).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Evaluates all rows of a zone in one workflow, every result between marks.
fn wrong(zone: &str, rows: &[Row]) -> Vec<String> {
    let mut dig = format!("timezone: {zone}\n_parallel: true\n");
    for (number, row) in rows.iter().enumerate() {
        let text = serde_json::to_string(&format!("<<{number}|${{{}}}>>", row.expression)).expect("text");
        dig.push_str(&format!("+t{number}:\n  echo>: {text}\n"));
    }
    let out = Project::new().file("wf.dig", dig).run(&["--no-save", "-l", "error"]);
    let printed = out.stdout.clone();
    let answer = |number: usize| {
        let (_, rest) = printed.split_once(&format!("<<{number}|"))?;
        rest.split_once(">>\n").map(|(result, _)| result)
    };
    let is_wrong = |(number, row): (usize, &Row)| {
        let answer = answer(number);
        let Row { expression, result, .. } = row;
        (answer != Some(result))
            .then(|| format!("{zone}: {expression}\n    moment: {result}\n    here:   {answer:?}"))
    };
    rows.iter().enumerate().filter_map(is_wrong).collect()
}
