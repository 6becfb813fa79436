//! The patterns of the access log: `json`, `common`, `combined`, texts of `%` tokens, and `json{name:%token ...}`.

use super::Record;
use chrono::Local;
use serde_json::{Map, Value};
use std::str::FromStr;

/// How the time looks in JSON.
const JSON_TIME: &str = "%{time,yyyy-MM-dd'T'HH:mm:ss.SSSZ}";
const JSON: &str = "json{time:%{time,yyyy-MM-dd'T'HH:mm:ss.SSSZ} host:%h forwardedfor:%{i,X-Forwarded-For} method:%m \
                    uri:%U%q protocol:%H status:%s size:%B referer:%{i,Referer} ua:%{i,User-Agent} vhost:%{i,Host} \
                    reqtime:%T}";
const COMMON: &str = r#"%h %l %u %t "%r" %s %b"#;
const COMBINED: &str = r#"%h %l %u %t "%r" %s %b "%{i,Referer}" "%{i,User-Agent}""#;

/// How a line of the access log looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Text(Vec<Piece>),
    Json(Vec<(String, Vec<Piece>)>),
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Host,
    /// Who a request is from by the ident protocol, which nobody speaks any more.
    Ident,
    User,
    Time,
    JsonTime,
    RequestLine,
    Method,
    Path,
    /// With its question mark.
    Query,
    Protocol,
    Status,
    Size,
    /// As the size, but nothing of an empty body.
    SizeIfAny,
    Seconds,
    Milliseconds,
    Header(String),
}

/// A pattern that says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("server.access-log.pattern has an unknown token: {0}")]
    UnknownToken(String),
    #[error("server.access-log.pattern includes an invalid fragment: {0}")]
    NoName(String),
}

impl Default for Pattern {
    /// `json`.
    fn default() -> Self {
        Self(Form::Json(json_pieces(JSON).unwrap_or_default()))
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        match text {
            "json" => Ok(Self::default()),
            "common" => Ok(Self(Form::Text(pieces(COMMON)?))),
            "combined" => Ok(Self(Form::Text(pieces(COMBINED)?))),
            text if text.starts_with("json{") && text.ends_with('}') => {
                Ok(Self(Form::Json(json_pieces(text)?)))
            }
            text => Ok(Self(Form::Text(pieces(text)?))),
        }
    }
}

impl Pattern {
    /// A line without its end. Whatever a client sends, it stays one line.
    pub fn line(&self, record: &Record<'_>) -> String {
        match &self.0 {
            Form::Text(pieces) => {
                let text = |piece: &Piece| match piece {
                    Piece::Literal(text) => text.clone(),
                    piece => piece.text(record).map_or_else(|| "-".to_owned(), |text| escaped(&text)),
                };
                pieces.iter().map(text).collect()
            }
            Form::Json(fields) => {
                let value = |pieces: &[Piece]| {
                    let texts: Vec<String> = pieces.iter().filter_map(|piece| piece.text(record)).collect();
                    if texts.is_empty() { Value::Null } else { Value::String(texts.concat()) }
                };
                let fields = fields.iter().map(|(name, pieces)| (name.clone(), value(pieces)));
                Value::Object(fields.collect::<Map<_, _>>()).to_string()
            }
        }
    }
}

impl Piece {
    /// None when there is nothing to say.
    fn text(&self, record: &Record<'_>) -> Option<String> {
        let (path, query) = record.target.split_once('?').unwrap_or((record.target, ""));
        let local = || record.time.with_timezone(&Local);
        match self {
            Self::Literal(text) => Some(text.clone()),
            Self::Host => Some(record.remote.to_string()),
            Self::Ident => None,
            Self::User => record.user.map(str::to_owned),
            Self::Time => Some(local().format("[%d/%b/%Y:%H:%M:%S %z]").to_string()),
            Self::JsonTime => Some(local().format("%Y-%m-%dT%H:%M:%S%.3f%z").to_string()),
            Self::RequestLine => Some(format!("{} {} {}", record.method, record.target, record.protocol)),
            Self::Method => Some(record.method.to_owned()),
            Self::Path => Some(path.to_owned()),
            Self::Query => Some(if query.is_empty() { String::new() } else { format!("?{query}") }),
            Self::Protocol => Some(record.protocol.to_owned()),
            Self::Status => Some(record.status.to_string()),
            Self::Size => Some(record.size.to_string()),
            Self::SizeIfAny => (record.size > 0).then(|| record.size.to_string()),
            Self::Seconds => Some(format!("{:.3}", record.duration.as_secs_f64())),
            Self::Milliseconds => Some(record.duration.as_millis().to_string()),
            Self::Header(name) => record.headers.get(name).map(str::to_owned),
        }
    }
}

/// Takes `json{name:pattern name:pattern}` apart.
fn json_pieces(text: &str) -> Result<Vec<(String, Vec<Piece>)>, PatternError> {
    let body = text.strip_prefix("json{").and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let field = |field: &str| {
        let (name, value) = field.split_once(':').ok_or_else(|| PatternError::NoName(field.to_owned()))?;
        Ok((name.to_owned(), pieces(value)?))
    };
    body.split_ascii_whitespace().map(field).collect()
}

fn pieces(text: &str) -> Result<Vec<Piece>, PatternError> {
    let mut pieces = vec![];
    let mut rest = text;
    while !rest.is_empty() {
        let (literal, token) = rest.split_at(rest.find('%').unwrap_or(rest.len()));
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.to_owned()));
        }
        if token.is_empty() {
            break;
        }
        let (piece, length) = piece(token)?;
        pieces.push(piece);
        rest = &token[length..];
    }
    Ok(pieces)
}

/// The token at the start of a text, and its length.
fn piece(text: &str) -> Result<(Piece, usize), PatternError> {
    let braced = text.strip_prefix("%{").and_then(|rest| rest.split_once('}')).map(|(inside, _)| inside);
    if let Some(inside) = braced {
        let length = inside.len() + 3;
        let token = &text[..length];
        return match inside.split_once(',') {
            Some(("i", name)) if !name.is_empty() => Ok((Piece::Header(name.to_owned()), length)),
            _ if token == JSON_TIME => Ok((Piece::JsonTime, length)),
            _ => Err(PatternError::UnknownToken(token.to_owned())),
        };
    }
    let token = text.get(..2).ok_or_else(|| PatternError::UnknownToken(text.to_owned()))?;
    let piece = match token {
        "%h" | "%a" => Piece::Host,
        "%l" => Piece::Ident,
        "%u" => Piece::User,
        "%t" => Piece::Time,
        "%r" => Piece::RequestLine,
        "%m" => Piece::Method,
        "%U" => Piece::Path,
        "%q" => Piece::Query,
        "%H" => Piece::Protocol,
        "%s" => Piece::Status,
        "%B" => Piece::Size,
        "%b" => Piece::SizeIfAny,
        "%T" => Piece::Seconds,
        "%D" => Piece::Milliseconds,
        "%%" => Piece::Literal("%".to_owned()),
        _ => return Err(PatternError::UnknownToken(token.to_owned())),
    };
    Ok((piece, 2))
}

/// What a client sent, in a line of text: it ends neither the line nor the quotes round it.
fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::request::Headers;
    use std::net::IpAddr;
    use std::time::Duration;

    fn line(pattern: &str, target: &str, agent: &'static str, size: u64) -> String {
        let mut headers = Headers::default();
        headers.push("user-agent", agent);
        headers.push("Host", "127.0.0.1:65471");
        let record = Record {
            time: "2026-11-22T03:15:58.782Z".parse().unwrap(),
            remote: IpAddr::from([127, 0, 0, 1]),
            user: None,
            method: "GET",
            target,
            protocol: "HTTP/1.1",
            status: 200,
            size,
            duration: Duration::from_micros(199_400),
            headers: &headers,
        };
        pattern.parse::<Pattern>().unwrap().line(&record)
    }

    /// The time in the zone of the machine that the tests run on.
    fn time(format: &str) -> String {
        let time: crate::model::Time = "2026-11-22T03:15:58.782Z".parse().unwrap();
        time.with_timezone(&Local).format(format).to_string()
    }

    #[test]
    fn json_has_the_fields_of_digdag() {
        let expected = format!(
            r#"{{"time":"{}","host":"127.0.0.1","forwardedfor":null,"method":"GET","uri":"/api/version","protocol":"HTTP/1.1","status":"200","size":"29","referer":null,"ua":"curl/7.88.1","vhost":"127.0.0.1:65471","reqtime":"0.199"}}"#,
            time("%Y-%m-%dT%H:%M:%S.782%z")
        );
        assert_eq!(line("json", "/api/version", "curl/7.88.1", 29), expected);
        let custom = "json{what:%m_%U%q ua:%{i,User-Agent} none:%{i,X}}";
        let expected = r#"{"what":"GET_/a?b=c","ua":"a\"b\\","none":null}"#;
        assert_eq!(line(custom, "/a?b=c", "a\"b\\", 0), expected);
    }

    #[test]
    fn texts_are_those_of_other_servers() {
        let start = format!("127.0.0.1 - - {}", time("[%d/%b/%Y:%H:%M:%S %z]"));
        assert_eq!(line("common", "/a?b", "x", 0), format!(r#"{start} "GET /a?b HTTP/1.1" 200 -"#));
        let agent = "a\"\\b\tc";
        let expected = format!(r#"{start} "GET /a HTTP/1.1" 200 5 "-" "a\"\\b\tc""#);
        assert_eq!(line("combined", "/a", agent, 5), expected);
        assert_eq!(line("%D ms 100%% %H", "/a", "x", 5), "199 ms 100% HTTP/1.1");
    }

    #[test]
    fn patterns_that_say_nothing_are_refused() {
        for (text, expected) in [
            ("%z", "server.access-log.pattern has an unknown token: %z"),
            ("a %", "server.access-log.pattern has an unknown token: %"),
            ("%{time,yyyy}", "server.access-log.pattern has an unknown token: %{time,yyyy}"),
            ("%{i,}", "server.access-log.pattern has an unknown token: %{i,}"),
            ("%ä", "server.access-log.pattern has an unknown token: %ä"),
            ("json{a}", "server.access-log.pattern includes an invalid fragment: a"),
        ] {
            assert_eq!(text.parse::<Pattern>().unwrap_err().to_string(), expected);
        }
    }
}
