//! Syntax errors of the YAML parser, with a hint where the usual mistakes of workflow files can be told.

use crate::dig::error::DigError;
use crate::dig::source::{Place, line_end, line_start};
use crate::dig::yaml::YamlError;
use granit_parser::{ErrorKind, ScanError};

/// Turns an error of the parser into ours.
pub(super) fn explain(error: &ScanError, place: &Place) -> DigError {
    let kind = match error.kind() {
        ErrorKind::RecursionLimitExceeded => YamlError::TooDeep,
        _ if is_quoted_continuation(error) && place.range().start == place.text().len() => {
            YamlError::Syntax("found unexpected end of stream while scanning a quoted scalar".to_owned())
        }
        other => YamlError::Syntax(other.to_string()),
    };
    let hint = match kind {
        YamlError::Syntax(_) => hint(error.kind(), place.text(), place.range().start),
        _ => None,
    };
    DigError::new(kind, Some(place.clone())).with_hint(hint)
}

/// Whether the parser only minds where a line of quoted text begins.
pub(super) fn is_quoted_continuation(error: &ScanError) -> bool {
    matches!(error.kind(), ErrorKind::InvalidQuotedScalarIndent | ErrorKind::TabInIndentation)
}

fn hint(kind: &ErrorKind, text: &str, at: usize) -> Option<String> {
    let line = &text[line_start(text, at)..line_end(text, at)];
    let words = match kind {
        _ if line.contains("!include:") => "the colon needs a space before it: `!include : 'path.dig'`",
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => "indent with spaces, not with tabs",
        _ if line.trim_start_matches(' ').starts_with('\t') => "indent with spaces, not with tabs",
        ErrorKind::MissingAnchorOrAliasName
        | ErrorKind::UnexpectedCharacter { character: '%' | '@' | '`' } => {
            "text that begins with one of * & % @ ` must be in quotes"
        }
        _ if line.contains("${") && line.contains(['{', '[']) && in_flow(line) => {
            "inside {...} and [...], text with ${...} must be in quotes"
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            "text that contains a colon and a space must be in quotes"
        }
        _ => return None,
    };
    Some(words.to_owned())
}

/// Whether the line's `${` stands inside brackets that the line opens.
fn in_flow(line: &str) -> bool {
    line.split("${").next().is_some_and(|before| before.contains(['{', '[']))
}
