//! `${...}`: scanning, JavaScript, how results are written, and its limits.

use crate::support::Project;

/// Echoes every text in a task of its own; parameters as in the tables of the specification.
fn echo(texts: &[&str]) -> Vec<String> {
    let mut dig = String::from(
        "timezone: Asia/Tokyo\n_export:\n  a: 1\n  b: str\n  o: {x: 1, y: [1, '2']}\n  n: null\n  t: true\n  f: 1.0\n  \
         l: 9007199254740993\n  arr: [1, 2]\n  json: '{\"k\":1}'\n",
    );
    for (number, text) in texts.iter().enumerate() {
        let quoted = serde_json::to_string(text).unwrap();
        dig.push_str(&format!("+t{number}:\n  echo>: {quoted}\n"));
    }
    Project::new().file("wf.dig", dig).dibble(&["run", "wf", "--session", "2016-01-30"]).success().lines()
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    let (texts, expected): (Vec<&str>, Vec<&str>) = cases.iter().copied().unzip();
    assert_eq!(echo(&texts), expected);
}

#[test]
fn values_are_written_as_text_or_json() {
    check(&[
        ("x${a}y", "x1y"),
        ("${o}", "{\"x\":1,\"y\":[1,\"2\"]}"),
        ("${o.y[1]}", "2"),
        ("<${n}>", "<>"),
        ("<${undefined}>", "<>"),
        ("${f}", "1"),
        ("${l}", "9007199254740992"),
        ("${1/0}", "null"),
        ("${1e21}", "1e+21"),
        ("${[1,undefined,null]}", "[1,null,null]"),
        ("${function(){}}", "undefined"),
        ("${JSON.parse(json).k}", "1"),
        ("${true && 'yes'}", "yes"),
        ("${a ? 1 : 2}", "1"),
        ("${arr.map(function(x){return x*2})}", "[2,4]"),
    ]);
}

#[test]
fn text_that_is_no_expression_stays() {
    check(&[
        ("$a", "$a"),
        ("$ {a}", "$ {a}"),
        ("#{a}", "#{a}"),
        ("${a", "${a"),
        ("$$", "$"),
        ("a$$b", "a$b"),
        ("$${a}", "$1"),
        ("$$${a}", "$1"),
        ("${'{'", "${'{'"),
        ("${a:1}", "${a:1}"),
        ("${secret:foo.bar} ${a}", "${secret:foo.bar} 1"),
        ("\\${a}", "\\1"),
    ]);
}

#[test]
fn dates_follow_the_workflows_zone() {
    check(&[
        ("${moment(session_time).format('YYYY-MM-DD HH:mm:ss Z')}", "2016-01-30 00:00:00 +09:00"),
        ("${moment(session_time).add(1,'day')}", "\"2016-01-30T15:00:00.000Z\""),
        ("${moment(session_time).utc().format()}", "2016-01-29T15:00:00Z"),
        ("${moment('2016-01-01').format()}", "2016-01-01T00:00:00+09:00"),
        ("${moment('bad')}", "null"),
        ("${new Date(0).getHours()}", "9"),
        ("${moment.version}", "2.21.0"),
        ("${typeof moment.tz}", "undefined"),
    ]);
}

/// ES5 in Digdag.
#[test]
fn newer_javascript_is_accepted() {
    check(&[
        ("${arr.map(x => x * 2)}", "[2,4]"),
        ("${[1,2].includes(2)}", "true"),
        ("${`${a}`}", "1"),
        ("${o?.z?.w}", ""),
    ]);
}

#[test]
fn an_undefined_name_fails_the_task_and_is_named() {
    let out = Project::new().dig("+a: {echo>: 'x ${nope} y'}").run(&[]).fails(1);
    let (task, message) = out.failure();
    assert_eq!(task, "+wf+a");
    assert!(message.contains("Failed to evaluate a variable x ${nope} y"), "{message}");
    assert!(message.contains("ReferenceError: nope is not defined"), "{message}");
}

#[test]
fn a_property_of_nothing_fails() {
    let out = Project::new().dig("_export: {o: {}}\n+a: {echo>: '${o.z.w}'}").run(&[]).fails(1);
    assert!(out.failure().1.contains("TypeError"), "{out}");
}

#[test]
fn results_are_not_evaluated_again() {
    let out = Project::new().dig("+a:\n  echo>: ${'$' + '{b}'}\n  b: 1").run(&[]).success();
    assert_eq!(out.lines(), ["${b}"]);
}

#[test]
fn local_keys_are_evaluated_in_order() {
    let out = Project::new().dig("+a:\n  x: 2\n  y: ${x}1\n  sh>: echo ${y}").run(&[]).success();
    assert_eq!(out.lines(), ["21"]);
    let out = Project::new().dig("+a:\n  sh>: echo ${x}\n  x: 2").run(&[]).fails(1);
    assert!(out.failure().1.contains("x is not defined"), "{out}");
}

/// Digdag has no limits.
#[test]
fn an_endless_expression_is_stopped() {
    let out = Project::new().dig("+a: {echo>: '${(function(){while(true){}})()}'}").run(&[]).fails(1);
    assert_eq!(out.failure().0, "+wf+a");
}

/// Digdag has no limits.
#[test]
fn an_expression_that_takes_all_memory_is_stopped() {
    let dig = "+a: {echo>: \"${(function(){var s='x'; while(true){s=s+s+'y'}})()}\"}";
    let out = Project::new().dig(dig).run(&[]).fails(1);
    assert_eq!(out.failure().0, "+wf+a");
}
