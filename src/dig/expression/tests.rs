//! Templates as a whole: the language's table, what differs between engines, dates and moments in zones, limits.

use super::*;

const PARAMS: &str = r#"{"timezone": "Asia/Tokyo", "session_time": "2016-01-30T00:00:00+09:00", "a": 1, "b": "str",
    "o": {"x": 1, "y": [1, "2"]}, "n": null, "t": true, "f": 1.0, "l": 9007199254740993, "s": "${a}", "arr": [1, 2],
    "json": "{\"k\":1}", "a b": 9, "arr3": [3, 1, 2], "i1": {"b": 1, "1": 2}}"#;

fn evaluate_with(evaluator: &Evaluator, zone: &str, text: &str) -> Result<String, String> {
    let params: Params = serde_json::from_str(PARAMS).unwrap();
    let now = crate::model::time::parse_iso("2024-05-06T07:08:09.010Z").unwrap();
    evaluator
        .evaluate_template(text, &params, &Zone::parse(zone).unwrap(), now)
        .map_err(|error| error.to_string())
}

fn evaluate_in(zone: &str, text: &str) -> Result<String, String> {
    evaluate_with(&patient(), zone, text)
}

/// Values do not depend on how busy the machine is.
fn patient() -> Evaluator {
    Evaluator::with_limits(Limits { time: Duration::from_secs(60), ..Limits::default() })
}

fn evaluate(text: &str) -> Result<String, String> {
    evaluate_in("Asia/Tokyo", text)
}

#[track_caller]
fn assert_values(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(evaluate(text).as_deref(), Ok(*expected), "{text}");
    }
}

/// The cause of each failure; the whole template stands before it.
#[track_caller]
fn assert_errors(table: &[(&str, &str)]) {
    for (text, cause) in table {
        let expected = format!("Failed to evaluate a variable {text} ({cause})");
        assert_eq!(evaluate(text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn templates_of_the_language() {
    assert_values(&[
        ("x${a}y", "x1y"),
        ("${o}", r#"{"x":1,"y":[1,"2"]}"#),
        ("${o.y}", r#"[1,"2"]"#),
        ("${o.y[1]}", "2"),
        ("${n}", ""),
        ("${o.z}", ""),
        ("${undefined}", ""),
        ("${}", ""),
        ("${f}", "1"),
        ("${l}", "9007199254740992"),
        ("${s}", "${a}"),
        ("$a", "$a"),
        ("$", "$"),
        ("$ {a}", "$ {a}"),
        ("#{a}", "#{a}"),
        ("$${a}", "$1"),
        ("$$", "$"),
        ("a$$b", "a$b"),
        ("$$${a}", "$1"),
        ("$${a}$${b}", "$1$str"),
        ("${a", "${a"),
        ("${{x:1}}", r#"{"x":1}"#),
        ("${ {x:1}.x }", "1"),
        ("${(function(){return {a:1}})()}", r#"{"a":1}"#),
        (r#"${"{"}"#, r#"${"{"}"#),
        ("${secret:foo.bar} ${a}", "${secret:foo.bar} 1"),
        ("${a:1}", "${a:1}"),
        ("${a ? 1 : 2}", "1"),
        ("${a?b:t}", "str"),
        ("${true && 'yes'}", "yes"),
        ("${5 > 3}", "true"),
        ("${moment(session_time).format('YYYY-MM-DD HH:mm:ss Z')}", "2016-01-30 00:00:00 +09:00"),
        ("${moment(session_time).format('LLL')}", "January 30, 2016 12:00 AM"),
        ("${moment(session_time).add(1,'day')}", r#""2016-01-30T15:00:00.000Z""#),
        ("${moment(session_time).utc().format()}", "2016-01-29T15:00:00Z"),
        ("${moment('2016-01-01').format()}", "2016-01-01T00:00:00+09:00"),
        ("${moment('bad')}", "null"),
        ("${NaN}", "null"),
        ("${1/0}", "null"),
        ("${new Date(0).toString()}", "Thu Jan 01 1970 09:00:00 GMT+0900 (JST)"),
        ("${JSON.parse(json).k}", "1"),
        ("${1/3}", "0.3333333333333333"),
        ("${1e21}", "1e+21"),
        ("${-0}", "0"),
        ("${[1,undefined,null]}", "[1,null,null]"),
        ("${[]}", "[]"),
        ("${''}", ""),
        ("${function(){}}", "undefined"),
        ("${[1,2].map(function(x){return x*2})}", "[2,4]"),
        ("${b.length}", "3"),
        ("${b.toUpperCase()}", "STR"),
        ("${b.replaceAll('s','S')}", "Str"),
        ("${typeof moment.tz}", "undefined"),
        ("${moment.version}", "2.21.0"),
        ("${\na\n}", "1"),
        ("line1\nline2 ${a}\r\n 'q' \"dq\"", "line1\nline2 1\r\n 'q' \"dq\""),
        ("line1\nline2 ${a + 0}\r\n 'q' \"dq\" \\ \u{2028}", "line1\nline2 1\r\n 'q' \"dq\" \\ \u{2028}"),
        ("\\${a}", "\\1"),
        ("${this['a b']}", "9"),
    ]);
    assert_errors(&[
        ("${o.z.w}", "TypeError: Cannot read property 'w' of undefined"),
        ("${n.x}", "TypeError: Cannot read property 'x' of null"),
        ("${undefined_var}", "ReferenceError: undefined_var is not defined"),
        ("${foo.bar}", "ReferenceError: foo is not defined"),
        ("echo ${a} ${retry_attempt_name}", "ReferenceError: retry_attempt_name is not defined"),
    ]);
    for text in ["${'}'}", "${ }", "${Secret:foo}", "${1 +}", "${var x = 1; x}", "${a // b}"] {
        let error = evaluate(text).unwrap_err();
        assert!(
            error.starts_with(&format!("Failed to evaluate a variable {text} (SyntaxError: ")),
            "{error}"
        );
    }
}

#[test]
fn what_was_recorded_of_digdag() {
    assert_values(&[
        ("${a+4+1} ${arr3.length} ${arr3.sort()} ${a>3 ? 'big':'small'}", "6 3 [1,2,3] small"),
        ("${typeof undefinedx} ${[1,[2]]} ${null}|", "undefined [1,[2]] |"),
        ("${parseInt('12px')} ${encodeURIComponent('a b&c')} ${b.replace(/t/g, 'X')}", "12 a%20b%26c sXr"),
        (
            "${0.1+0.2} ${f+'0.2'} ${l+1} ${(1234.5).toFixed(2)} ${1e-7}",
            "0.30000000000000004 10.2 9007199254740992 1234.50 1e-7",
        ),
        (
            "${'abc'.startsWith('a')} ${'a,b'.split(',')} ${[3,1,2].sort(function(a,b){return a-b})}",
            r#"true ["a","b"] [1,2,3]"#,
        ),
        (
            "${load} ${typeof console} ${typeof Intl} ${typeof print} ${typeof Polyglot}",
            "undefined undefined undefined undefined undefined",
        ),
        ("${(1234567.891).toLocaleString()} ${new Date(0).toLocaleDateString()}", "1234567.891 1970-01-01"),
        ("${\"null\"} ${\"\\u3042\"}", "null あ"),
        ("${hasOwnProperty} ${typeof toString}", "undefined function"),
    ]);
    assert_errors(&[("${(function(){ throw new Error(\"oops\") })()}", "Error: oops")]);
}

#[test]
fn newer_javascript_is_accepted() {
    assert_values(&[
        ("${[1,2].map(x => x*2)}", "[2,4]"),
        ("${(function(){ let x = 1; return x; })()}", "1"),
        ("${`n=${a}`}", "n=1"),
        ("${'abc'.includes('b')} ${Object.assign({},{a:1})} ${'a'.padStart(3)}", "true {\"a\":1}   a"),
        (
            "${n?.x}|${[...arr]}|${typeof Promise} ${typeof Map} ${typeof Symbol}",
            "|[1,2]|function function function",
        ),
        ("${(class A{}).name}", "A"),
    ]);
}

#[test]
fn the_scanner_leaves_its_last_step_behind() {
    assert_values(&[
        ("${m}", r#"["${m}","m}"]"#),
        ("x${m}y", r#"x["",null]y"#),
        ("${all}|${match}", "${match}|match}"),
        ("${match}|${all}.", "|."),
        ("${template}", "undefined"),
    ]);
}

#[test]
fn one_state_for_each_text() {
    assert_values(&[
        ("${arr.push(3)} ${arr} ${y = 5} ${y}", "3 [1,2,3] 5 5"),
        ("${arr} ${typeof y}", "[1,2] undefined"),
        ("${String.prototype.trim = moment.fn.format = null}", ""),
        ("${' x '.trim()} ${moment(0).utc().format('YYYY')}", "x 1970"),
        ("${i1} ${arguments.length}", r#"{"1":2,"b":1} 0"#),
        ("${'\\ud800x'}", "\u{fffd}x"),
        ("${eval('new D' + 'ate(0).getHours()')}", "9"),
        ("${(function(){ Date = 1; moment = 2; return Date + moment })()}", "3"),
    ]);
}

#[test]
fn errors_name_what_is_no_function() {
    assert_errors(&[
        ("${b.foo(1)}", "TypeError: b.foo is not a function"),
        ("x\n${1 + o.y.z ( 2 )}", "TypeError: o.y.z is not a function"),
        ("${a()}", "TypeError: a is not a function"),
        ("${b.foo(b.bar(a()))}", "TypeError: a is not a function"),
        ("${\"é\" + b.foo ()}", "TypeError: b.foo is not a function"),
        ("${[1].map(o.x)}", "TypeError: not a function"),
        ("${'abc'.foo()}", "TypeError: (intermediate value).foo is not a function"),
        ("${(function(){ throw 'text' })()}", "text"),
        ("${(function(){ throw {a: 1} })()}", "[object Object]"),
    ]);
}

#[test]
fn dates_and_moments_are_in_the_zone() {
    for (zone, text, expected) in [
        ("America/Los_Angeles", "${new Date(2024, 2, 10, 2, 30)}", "\"2024-03-10T10:30:00.000Z\""),
        ("America/Los_Angeles", "${new Date(2024, 10, 3, 1, 30)}", "\"2024-11-03T08:30:00.000Z\""),
        (
            "America/Los_Angeles",
            "${new Date(1720000000000).toString()}",
            "Wed Jul 03 2024 02:46:40 GMT-0700 (PDT)",
        ),
        ("+09:00", "${new Date(0).toString()}", "Thu Jan 01 1970 09:00:00 GMT+0900 (+09:00)"),
        ("Asia/Tokyo", "${Date()}", "Mon May 06 2024 16:08:09 GMT+0900 (JST)"),
        ("Asia/Tokyo", "${new Date(0).toLocaleString()}", "Thu Jan 01 1970 09:00:00 GMT+0900 (JST)"),
        ("Asia/Tokyo", "${new Date(0).toLocaleTimeString()}", "09:00:00"),
        ("Asia/Tokyo", "${new Date().getTimezoneOffset()}", "-540"),
        (
            "Asia/Tokyo",
            "${Date.now()} ${+new Date()} ${+moment()}",
            "1714979289010 1714979289010 1714979289010",
        ),
        ("Asia/Tokyo", "${moment().format()}", "2024-05-06T16:08:09+09:00"),
        ("Europe/London", "${moment().format()}", "2024-05-06T08:08:09+01:00"),
        ("+05:30", "${moment().format()}", "2024-05-06T12:38:09+05:30"),
        ("UTC", "${moment().format()}", "2024-05-06T07:08:09+00:00"),
    ] {
        assert_eq!(evaluate_in(zone, text).as_deref(), Ok(expected), "{zone} {text}");
    }
}

#[derive(serde::Deserialize)]
struct Row {
    timezone: String,
    expression: String,
    result: String,
}

/// What moment.js 2.21.0 and Date answer, one `{timezone, expression, result}` a line.
#[test]
fn moments_and_dates_answer_as_recorded() {
    assert_rows(include_str!("vectors.jsonl"));
}

/// The same for the file that `MOMENT_VECTORS` names.
#[test]
#[ignore = "reads a file that MOMENT_VECTORS names"]
fn moments_and_dates_answer_as_in_a_file() {
    let path = std::env::var("MOMENT_VECTORS").expect("MOMENT_VECTORS names a file");
    assert_rows(&std::fs::read_to_string(path).unwrap());
}

#[track_caller]
fn assert_rows(text: &str) {
    let rows: Vec<Row> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|Row { timezone, expression, result }| {
            let got = evaluate_in(timezone, &format!("${{{expression}}}"));
            (got.as_ref() != Ok(result)).then(|| format!("{timezone} {expression}\n  {result}\n  {got:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn runaway_expressions_end() {
    let evaluator = Evaluator::with_limits(Limits { time: Duration::from_millis(100), ..Limits::default() });
    let long = "it took longer than 100ms";
    let large = "it needs more than 64 MiB of memory";
    for (text, causes) in [
        ("${(function(){ while (true) {} })()}", &[long][..]),
        ("${(function(){ while (true) { try { while (true) {} } catch (e) {} } })()}", &[long]),
        ("${/(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')}", &[long]),
        ("${new Array(1e8).join('')}", &[long]),
        ("${new Array(1e9).join('x')}", &[long, large]),
        ("${'x'.repeat(1e9)}", &[large]),
        ("${(function(){ var a = []; while (true) a.push(a.join()) })()}", &[long, large]),
        ("${(function(){ var a = []; for (var i = 0; i < 1e7; i++) a = [a]; return a })()}", &[long, large]),
        (
            "${(function(){ Date; var a = []; try { while (true) a.push(a + 1) } catch (e) {} return a })()}",
            &[long, large],
        ),
    ] {
        let error = evaluate_with(&evaluator, "UTC", text).unwrap_err();
        let expected = causes.iter().map(|cause| format!("Failed to evaluate a variable {text} ({cause})"));
        assert!(expected.into_iter().any(|expected| expected == error), "{error}");
    }
}

#[test]
fn deep_recursion_is_an_error() {
    let deep = "RangeError: Maximum call stack size exceeded";
    assert_errors(&[
        ("${(function f() { return f() + 1 })()}", deep),
        ("${JSON.parse('['.repeat(1e6))}", deep),
        ("${(function(){ var a = []; for (var i = 0; i < 2e4; i++) a = [a]; return a })()}", deep),
    ]);
}

#[test]
fn limits_are_one_second_and_64_mebibytes() {
    assert_eq!(Limits::default(), Limits { time: Duration::from_secs(1), memory: 67_108_864 });
}

#[test]
fn deeply_nested_source_is_an_error() {
    for inside in ["(".repeat(100_000), "[".repeat(100_000), "!".repeat(1_000_000)] {
        assert!(evaluate(&format!("${{{inside}}}")).is_err());
    }
    let regex = format!("${{new RegExp('{}')}}", "(".repeat(100_000));
    assert!(evaluate(&regex).is_err());
}
