//! Tests of the YAML reader: typing, places, includes, hostile texts.

use super::*;
use serde_json::Value;
use std::collections::HashMap;
use std::time::{Duration, Instant};

fn no_files(_: &IncludePath) -> Result<Vec<u8>, IncludeError> {
    Err(IncludeError::NotFound)
}

fn read_bytes(bytes: impl Into<Vec<u8>>) -> Result<Tree, DigErrors> {
    read("w.dig", bytes.into(), &no_files)
}

/// The JSON of a text, or its errors with their places.
fn json(text: &str) -> String {
    shown(read_bytes(text))
}

fn shown(result: Result<Tree, DigErrors>) -> String {
    match result {
        Ok(tree) => Value::Object(tree.root.to_params()).to_string(),
        Err(errors) => errors.iter().map(DigError::one_line).collect::<Vec<_>>().join("\n"),
    }
}

fn with_files(label: &str, files: &[(&str, &str)]) -> String {
    let files: HashMap<_, _> = files.iter().copied().collect();
    let name = label.rsplit('/').next().unwrap_or_default();
    let include = |path: &IncludePath| {
        files.get(path.as_str()).map(|text| text.as_bytes().to_vec()).ok_or(IncludeError::NotFound)
    };
    shown(read(label, files[name].into(), &include))
}

fn fails_fast(text: String) -> String {
    let start = Instant::now();
    let errors = read_bytes(text).expect_err("must fail");
    assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
    errors.iter().map(DigError::one_line).collect::<Vec<_>>().join("\n")
}

#[test]
fn plain_scalars_have_types_and_quoted_ones_are_text() {
    assert_eq!(
        json("a: 010\nb: '010'\nc: \"1\"\nd: |\n  1\ne: 0.5\nf: 1.5\ng: ~\nh:\ni: 07:00:00\nj: yes\n"),
        r#"{"a":8,"b":"010","c":"1","d":"1\n","e":"0.5","f":1.5,"g":null,"h":null,"i":"07:00:00","j":"yes"}"#
    );
    assert_eq!(json("a: [1, 0.5, x y, {b: true}]"), r#"{"a":[1,"0.5","x y",{"b":true}]}"#);
    assert_eq!(json("{\"a\":1, 'b':2}"), r#"{"a":1,"b":2}"#);
    assert_eq!(json("a: x\n  y\n\n  z\nb: >\n  p\n  q\n"), r#"{"a":"x y\nz","b":"p q\n"}"#);
    assert_eq!(json("sh>: echo ${x} | grep -v '#'\n"), r#"{"sh>":"echo ${x} | grep -v '#'"}"#);
}

#[test]
fn keys_become_text() {
    assert_eq!(
        json("010: a\ntrue: b\n12:30: c\n1.50: d\n1e10: e\n'x y': f\n"),
        r#"{"8":"a","true":"b","12:30":"c","1.5":"d","1.0E10":"e","x y":"f"}"#
    );
    assert_eq!(json("? [a, 1]\n: x\n? {k: v}\n: y\n"), r#"{"[a, 1]":"x","{k=v}":"y"}"#);
    assert_eq!(json("~: x"), "w.dig:1:1: Null key for a Map not allowed");
    assert_eq!(json("a:\n  : x"), "w.dig:2:3: Null key for a Map not allowed");
    assert_eq!(json("010: a\nb: 1\n8: c"), r#"{"8":"c","b":1}"#);
}

#[test]
fn duplicate_keys_are_compared_as_written_at_any_depth() {
    assert_eq!(json("a: 1\nb: 2\n'a': 3\n\"b\": 4\na: 5\n"), "w.dig:3:1: Duplicated keys: [a, b]");
    assert_eq!(
        json("x: {k: 1, k: 2}\ny:\n- z: {1: a, '1': b}\n"),
        "w.dig:1:11: Duplicated keys: [k]\nw.dig:3:13: Duplicated keys: [1]"
    );
}

#[test]
fn explicit_tags() {
    for (text, expected) in [
        ("!!str 1", r#""1""#),
        ("!!str", r#""""#),
        ("!!int \"5\"", "5"),
        ("!!int 1:30", "90"),
        ("!!float 3", "3.0"),
        ("!!null x", "null"),
        ("!!bool yes", "true"),
        ("! \"12\"", "12"),
        ("!!binary aGVsbG8=", r#""aGVsbG8=""#),
        ("!!timestamp 2001-01-01", "978307200000"),
        ("!!timestamp 2001-12-14t21:59:43.10-05:00", "1008385183100"),
        ("!!timestamp 2001-12-14 21:59:43.1 -5", "1008385183100"),
        ("!!timestamp 2001-12-15 2:59:43Z", "1008385183000"),
        ("!!set {a, b}", r#"["a","b"]"#),
        ("!!omap [a: 1, b: 2]", r#"{"a":1,"b":2}"#),
        ("!!pairs [a: 1, a: 2]", r#"[["a",1],["a",2]]"#),
        ("!!seq [a]", r#"["a"]"#),
        ("!!map {a: b}", r#"{"a":"b"}"#),
        ("!<tag:yaml.org,2002:str> 5", r#""5""#),
    ] {
        assert_eq!(json(&format!("k: {text}")), format!("{{\"k\":{expected}}}"), "{text}");
    }
    for (text, expected) in [
        ("!foo x", "could not determine a constructor for the tag !foo"),
        ("!foo [x]", "could not determine a constructor for the tag !foo"),
        ("!!foo {}", "could not determine a constructor for the tag tag:yaml.org,2002:foo"),
        ("<<", "could not determine a constructor for the tag tag:yaml.org,2002:merge"),
        ("!!int x", "a value with the tag !!int must be an integer"),
        ("!!timestamp 2001-02-30", "a value with the tag !!timestamp must be a date or a time"),
        ("!!str [a]", "a value with the tag !!str must be one value, not a list"),
        ("0x_", "not a number: 0x_"),
    ] {
        let shown = json(&format!("k: {text}"));
        let (_, message) = shown.split_once(": ").unwrap();
        assert_eq!(message, expected, "{text}");
    }
    assert_eq!(json("!!str 5: x"), r#"{"5":"x"}"#);
}

#[test]
fn merge_keys_stand_where_they_are_written_and_own_keys_win() {
    let base = "b: &b {x: 1, y: 2}\nc: &c {y: 3, z: 4}\n";
    let merged = |text: &str| json(&format!("{base}{text}"));
    assert!(merged("d: {own: 0, <<: *b, y: 9}").ends_with(r#""d":{"own":0,"x":1,"y":9}}"#));
    assert!(merged("d: {y: 9, <<: *b}").ends_with(r#""d":{"y":9,"x":1}}"#));
    assert!(merged("d: {<<: [*b, *c]}").ends_with(r#""d":{"x":1,"y":2,"z":4}}"#));
    assert!(merged("d: {<<: {p: q}}").ends_with(r#""d":{"p":"q"}}"#));
    assert!(merged("d: {'<<': *b}").ends_with(r#""d":{"<<":{"x":1,"y":2}}}"#));
    assert_eq!(
        json("d: {<<: 5}"),
        "w.dig:1:9: expected a mapping or list of mappings for merging, but found scalar"
    );
    assert_eq!(merged("d:\n  <<: *b\n  <<: *c"), "w.dig:5:3: Duplicated keys: [<<]");
}

#[test]
fn anchors() {
    assert_eq!(json("a: &x [1]\nb: *x\nc: &x 2\nd: *x\n"), r#"{"a":[1],"b":[1],"c":2,"d":2}"#);
    assert_eq!(json("&k a: 1\nb: *k\n"), r#"{"a":1,"b":"a"}"#);
    assert_eq!(json("a: *nope"), "w.dig:1:4: found undefined alias nope");
    assert_eq!(json("a: &a [*a]"), "w.dig:1:8: an alias stands inside the value that it repeats");
}

#[test]
fn the_root_is_one_mapping() {
    assert_eq!(json(""), "w.dig:1:1: Expected object to load Config but got null");
    assert_eq!(json("# nothing\n"), "w.dig:1:1: Expected object to load Config but got null");
    assert_eq!(json("- a\n- b\n"), "w.dig:1:1: Expected object to load Config but got [\"a\",\"b\"]");
    assert_eq!(json("hello"), "w.dig:1:1: Expected object to load Config but got \"hello\"");
    assert_eq!(json("{}"), "{}");
    assert_eq!(json("---\na: 1\n...\n"), r#"{"a":1}"#);
    let several = "expected a single document in the stream but found another document";
    assert_eq!(json("a: 1\n---\nb: 2\n"), format!("w.dig:2:1: {several}"));
}

#[test]
fn syntax_errors_have_a_place_and_usual_ones_a_hint() {
    let hint = |text: &str| {
        let errors = read_bytes(text).unwrap_err();
        let error = errors.iter().next().unwrap();
        (error.place.as_ref().unwrap().to_string(), error.hint.clone().unwrap_or_default())
    };
    assert_eq!(hint("timezone: UTC\n+a:\n  echo>: x\n bad: y\n").0, "w.dig:4:2");
    assert_eq!(hint("+a: {echo>: [}").0, "w.dig:1:13");
    assert_eq!(hint("a:\n\tb: c\n").1, "indent with spaces, not with tabs");
    assert_eq!(hint("cron>: * * * * *").1, "text that begins with one of * & % @ ` must be in quotes");
    assert_eq!(hint("echo>: @x").1, "text that begins with one of * & % @ ` must be in quotes");
    assert_eq!(hint("echo>: `x`").1, "text that begins with one of * & % @ ` must be in quotes");
    assert_eq!(hint("echo>: %x").1, "text that begins with one of * & % @ ` must be in quotes");
    assert_eq!(hint("echo>: a: b").1, "text that contains a colon and a space must be in quotes");
    assert_eq!(hint("+a: {echo>: ${x}}").1, "inside {...} and [...], text with ${...} must be in quotes");
    let colon = "the colon needs a space before it: `!include : 'path.dig'`";
    assert_eq!(hint("!include: 'x'").1, colon);
    assert_eq!(hint("a: 1\n!include: 'x'\nb: 2\n").1, colon);
}

#[test]
fn bytes_are_utf8_with_or_without_a_mark() {
    assert_eq!(json("\u{FEFF}a: 1\r\nb: |\r\n  x\r\n  y\r\n"), r#"{"a":1,"b":"x\ny\n"}"#);
    let bad = |bytes: &[u8]| shown(read_bytes(bytes));
    assert_eq!(bad(b"a: 1\nb: \xff\xfe"), "w.dig:2:4: the file is not UTF-8 text");
    assert_eq!(bad(b"\xff\xfea\0:\0"), "w.dig:1:1: the file is UTF-16 text, it must be UTF-8");
    assert_eq!(bad(b"\xfe\xff\0a"), "w.dig:1:1: the file is UTF-16 text, it must be UTF-8");
    let special = "special characters are not allowed";
    assert_eq!(bad(b"a: x\0y"), format!("w.dig:1:5: unacceptable character '\\u{{0}}' (0x0) {special}"));
    assert_eq!(
        bad(b"a: \x1b[31m"),
        format!("w.dig:1:4: unacceptable character '\\u{{1b}}' (0x1b) {special}")
    );
    assert_eq!(json("a: 日本 \u{1F600}"), "{\"a\":\"日本 \u{1F600}\"}");
}

#[test]
fn hostile_texts_fail_fast() {
    let deep = "lists and mappings are nested more than 100 deep";
    assert_eq!(fails_fast("[".repeat(10_000_000)), format!("w.dig:1:101: {deep}"));
    assert_eq!(fails_fast("{".repeat(10_000_000)), format!("w.dig:1:101: {deep}"));
    assert!(fails_fast("{a: ".repeat(1_000_000)).ends_with(deep));
    assert!(fails_fast("- ".repeat(1_000_000)).ends_with(deep));
    let groups: String = (0..10_000).map(|depth| format!("{}+g:\n", " ".repeat(depth.min(300)))).collect();
    assert!(fails_fast(groups).ends_with(deep));
    assert!(fails_fast("&a ".repeat(100_000)).starts_with("w.dig:1:4: "));
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert!(fails_fast(bomb).ends_with("aliases repeat too much of the text"));
    let mut merges = format!("b0: &b0 {{{}}}\n", (0..100).map(|n| format!("k{n}: 1, ")).collect::<String>());
    for level in 1..2000 {
        merges.push_str(&format!("b{level}: {{<<: *b0}}\n"));
    }
    assert!(fails_fast(merges).ends_with("aliases repeat too much of the text"));
}

#[test]
fn depth_is_counted_exactly() {
    let nested = |depth: usize| format!("a: {}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read_bytes(nested(MAX_DEPTH - 1)).is_ok());
    assert!(read_bytes(nested(MAX_DEPTH)).is_err());
    let indented = |depth: usize| (0..depth).map(|at| format!("{}+g:\n", " ".repeat(at))).collect::<String>();
    assert!(read_bytes(indented(MAX_DEPTH)).is_ok());
    assert!(read_bytes(indented(MAX_DEPTH + 1)).is_err());
}

#[test]
fn long_texts_are_read() {
    let long = "x".repeat(100_000);
    assert_eq!(json(&format!("+a: {{sh>: {long}}}")).len(), long.len() + 17);
    assert_eq!(json(&format!("sh>: \"{long}\"\nb: '{long}'\n")).len(), 2 * long.len() + 17);
    assert_eq!(json(&format!("sh>: |\n  {long}\n")).len(), long.len() + 12);
}

#[test]
fn quoted_text_may_go_on_in_any_column() {
    assert_eq!(
        json("+a:\n  sh>: \"echo\n\nfoo\"\n  b: 'x\n\ty\nz'\n"),
        r#"{"+a":{"sh>":"echo\nfoo","b":"x y z"}}"#
    );
    assert_eq!(json("a: 'b\nc\nd'\ne: \"f\\\n g\nh\"\n"), r#"{"a":"b c d","e":"fg h"}"#);
    assert_eq!(json("a: 'b\nc\nd'\ne: {f: 1, f: 2}\n"), "w.dig:4:11: Duplicated keys: [f]");
    assert_eq!(
        json("a: 'b\nc'\nd: !x 'e\nf'\n"),
        "w.dig:3:7: could not determine a constructor for the tag !x"
    );
    let lines = "one\ntwo's\n\n".repeat(300);
    assert_eq!(json(&format!("a: \"{lines}\"\nb: 1\n")).matches("one two's").count(), 300);
    let unclosed = "w.dig:2:1: found unexpected end of stream while scanning a quoted scalar";
    assert_eq!(fails_fast("a: 'x\n".to_owned()), unclosed);
    assert!(fails_fast(format!("a: \"{}", "one's\n".repeat(200_000))).contains("w.dig:"));
}

#[test]
fn includes_merge_where_they_stand() {
    let files = |main| {
        with_files(
            "main.dig",
            &[
                ("main.dig", main),
                ("a.dig", "k: {x: 1, l: [1]}\nm: 2\n"),
                ("inc/b.dig", "p: 1\n!include : 'c.dig'\n"),
                ("inc/c.dig", "q: 2\n"),
            ],
        )
    };
    assert_eq!(files("!include : a.dig"), r#"{"k":{"x":1,"l":[1]},"m":2}"#);
    assert_eq!(
        files("k: {y: 1, l: [2]}\nz: 0\n!include : 'a.dig'\n"),
        r#"{"k":{"y":1,"l":[1],"x":1},"z":0,"m":2}"#
    );
    assert_eq!(files("!include : a.dig\nk: {y: 1}\n"), r#"{"k":{"y":1},"m":2}"#);
    assert_eq!(files("+t:\n  !include : inc/b.dig\n  r: 3\n"), r#"{"+t":{"p":1,"q":2,"r":3}}"#);
    assert_eq!(
        files("!include : a.dig\n!include : ./inc/../inc/b.dig\n"),
        r#"{"k":{"x":1,"l":[1]},"m":2,"p":1,"q":2}"#
    );
    assert_eq!(files("l:\n- !include : inc/c.dig\n"), r#"{"l":[{"q":2}]}"#);
    assert_eq!(files("{!include : a.dig}"), r#"{"k":{"x":1,"l":[1]},"m":2}"#);
    assert_eq!(files("b: &b\n  !include : inc/c.dig\nd: {<<: *b, q: 9}\n"), r#"{"b":{"q":2},"d":{"q":9}}"#);
}

#[test]
fn includes_that_fail_say_where() {
    let files = |main| {
        with_files(
            "sub/main.dig",
            &[
                ("main.dig", main),
                ("loop.dig", "!include : 'loop2.dig'"),
                ("loop2.dig", "x:\n  !include : 'loop.dig'"),
                ("back.dig", "!include : main.dig"),
                ("inc/up.dig", "!include : '../x.dig'"),
                ("list.dig", "- a"),
                ("bad.dig", "a: 1\na: 2\n"),
            ],
        )
    };
    assert_eq!(files("!include : nosuch.dig\nb: 1"), "sub/main.dig:1:12: sub/nosuch.dig (no such file)");
    assert_eq!(files("!include : ${f}.dig"), "sub/main.dig:1:12: sub/${f}.dig (no such file)");
    assert_eq!(files("!include : ../x.dig"), "sub/main.dig:1:12: File name must not include ..: ../x.dig");
    assert_eq!(
        files("!include : /etc/passwd"),
        "sub/main.dig:1:12: File name must not include ..: /etc/passwd"
    );
    assert_eq!(
        files("!include : inc/up.dig"),
        "sub/inc/up.dig:1:12: File name must not include ..: ../x.dig"
    );
    assert_eq!(
        files("!include : loop.dig"),
        "sub/loop2.dig:2:14: files include each other: main.dig -> loop.dig -> loop2.dig -> loop.dig"
    );
    assert_eq!(
        files("!include : back.dig"),
        "sub/back.dig:1:12: files include each other: main.dig -> back.dig -> main.dig"
    );
    assert_eq!(
        files("!include : list.dig"),
        "sub/list.dig:1:1: Expected object to load Config but got [\"a\"]"
    );
    assert_eq!(files("!include : bad.dig"), "sub/bad.dig:2:1: Duplicated keys: [a]");
    assert_eq!(files("!include : [a]"), "sub/main.dig:1:12: !include needs the path of a file");
    assert_eq!(files("!include :\nb: 1"), "sub/main.dig:1:10: !include needs the path of a file");
    assert_eq!(
        files("x: !include 'y.dig'"),
        "sub/main.dig:1:13: !include works only as a key of a mapping, not as a value"
    );
    let tag = "could not determine a constructor for the tag !include:";
    assert_eq!(files("x: {y: !include: 'z'}"), format!("sub/main.dig:1:18: {tag}"));
}

#[test]
fn include_bombs_fail() {
    let twice = |next: usize| format!("a:\n  !include : f{next}.dig\nb:\n  !include : f{next}.dig\n");
    let include = |path: &IncludePath| {
        let level: usize = path.as_str()[1..].trim_end_matches(".dig").parse().unwrap_or_default();
        Ok(twice(level + 1).into_bytes())
    };
    let errors = read("f0.dig", twice(1).into_bytes(), &include).unwrap_err();
    assert_eq!(errors.iter().next().unwrap().message(), "too many or too large included files");
}

#[test]
fn places_of_keys_and_values() {
    let tree = read_bytes("a:\n  b: x\nl:\n- +p: {sh>: 1}\n- +q:\n    sh>: 2\n").unwrap();
    let place = |path: &[&str], part| {
        let path: Vec<String> = path.iter().map(|&key| key.to_owned()).collect();
        tree.find(&path, part).to_string()
    };
    assert_eq!(place(&["a", "b"], Part::Key), "w.dig:2:3");
    assert_eq!(place(&["a", "b"], Part::Value), "w.dig:2:6");
    assert_eq!(place(&["l", "+q", "sh>"], Part::Value), "w.dig:6:10");
    assert_eq!(place(&["l", "+p", "sh>"], Part::Key), "w.dig:4:8");
    assert_eq!(place(&["a", "nope", "c"], Part::Key), "w.dig:1:1");
    assert_eq!(place(&[], Part::Key), "w.dig:1:1");
}
