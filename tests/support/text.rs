//! Texts in the sources of the tests.

/// Takes away the first line break and the indentation that all lines share, so that files can be written inline.
pub fn dedent(text: &str) -> String {
    let text = text.strip_prefix('\n').unwrap_or(text);
    let indent = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let mut lines: Vec<&str> = text.split('\n').map(|line| line.get(indent..).unwrap_or("")).collect();
    if lines.last().is_some_and(|last| last.trim().is_empty()) {
        lines.pop();
        lines.push("");
    }
    lines.join("\n")
}

#[test]
fn dedent_keeps_deeper_indentation() {
    let text = "
        +a:
          echo>: x

        +b: {}
    ";
    assert_eq!(dedent(text), "+a:\n  echo>: x\n\n+b: {}\n");
    assert_eq!(dedent("+a: {}"), "+a: {}");
}
