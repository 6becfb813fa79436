//! Explicit tags: `!!str 1`, `!!set {a, b}`. Everything that YAML 1.1 defines, nothing else.

use crate::dig::yaml::raw::{RawContent, RawEntry, RawNode};
use crate::dig::yaml::scalar::{self, BadNumber};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{FixedOffset, NaiveDate, NaiveDateTime};
use granit_parser::Tag;
use serde_json::Value;
use std::sync::Arc;

const NAMESPACE: &str = "tag:yaml.org,2002:";

/// Why a tag cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TagProblem {
    Unknown(String),
    /// The tag and what it says the value should be.
    Unfit(String, &'static str),
}

/// `!include`
pub(super) fn is_include(tag: &Tag) -> bool {
    tag.to_string() == "!include"
}

/// `!`, which asks for the type that the text would have without quotes.
pub(super) fn is_non_specific(tag: &Tag) -> bool {
    tag.to_string() == "!"
}

/// Reads a scalar as its tag says.
pub(super) fn scalar(tag: &Tag, text: &str) -> Result<Value, TagProblem> {
    let unfit = |expected| TagProblem::Unfit(tag.original(), expected);
    let name = tag.suffix_in_namespace(NAMESPACE);
    match name.as_deref() {
        Some("str") => Ok(Value::String(text.to_owned())),
        Some("null") => Ok(Value::Null),
        Some("bool") => boolean(text).ok_or_else(|| unfit("true or false")),
        Some("int") => scalar::int(text).map_err(|BadNumber| unfit("an integer")),
        Some("float") => scalar::float(text).map_err(|BadNumber| unfit("a number")),
        Some("binary") => binary(text).ok_or_else(|| unfit("Base64 text")),
        Some("timestamp") => timestamp(text).ok_or_else(|| unfit("a date or a time")),
        Some("seq" | "map" | "set" | "omap" | "pairs") => Err(unfit("a collection")),
        _ => Err(TagProblem::Unknown(tag.to_string())),
    }
}

/// Gives a sequence the form that its tag says.
pub(super) fn sequence(tag: &Tag, items: Vec<RawNode>) -> Result<RawContent, TagProblem> {
    let name = tag.suffix_in_namespace(NAMESPACE);
    match name.as_deref() {
        _ if is_non_specific(tag) => Ok(RawContent::Sequence(Arc::new(items))),
        Some("seq") => Ok(RawContent::Sequence(Arc::new(items))),
        Some("omap" | "pairs") => {
            let entries = single_entries(&items)
                .ok_or_else(|| TagProblem::Unfit(tag.original(), "a list of mappings with one key each"))?;
            Ok(if name.as_deref() == Some("omap") {
                RawContent::Mapping(Arc::new(entries))
            } else {
                RawContent::Sequence(Arc::new(entries.into_iter().map(pair).collect()))
            })
        }
        Some("str" | "null" | "bool" | "int" | "float" | "binary" | "timestamp") => {
            Err(TagProblem::Unfit(tag.original(), "one value, not a list"))
        }
        Some("map" | "set") => Err(TagProblem::Unfit(tag.original(), "a mapping")),
        _ => Err(TagProblem::Unknown(tag.to_string())),
    }
}

/// Gives a mapping the form that its tag says.
pub(super) fn mapping(tag: &Tag, entries: Vec<RawEntry>) -> Result<RawContent, TagProblem> {
    match tag.suffix_in_namespace(NAMESPACE).as_deref() {
        _ if is_non_specific(tag) => Ok(RawContent::Mapping(Arc::new(entries))),
        Some("map") => Ok(RawContent::Mapping(Arc::new(entries))),
        Some("set") => {
            Ok(RawContent::Sequence(Arc::new(entries.into_iter().map(|entry| entry.key_node()).collect())))
        }
        Some("str" | "null" | "bool" | "int" | "float" | "binary" | "timestamp") => {
            Err(TagProblem::Unfit(tag.original(), "one value, not a mapping"))
        }
        Some("seq" | "omap" | "pairs") => Err(TagProblem::Unfit(tag.original(), "a list")),
        _ => Err(TagProblem::Unknown(tag.to_string())),
    }
}

fn single_entries(items: &[RawNode]) -> Option<Vec<RawEntry>> {
    let entry = |item: &RawNode| match &item.content {
        RawContent::Mapping(entries) if entries.len() == 1 => entries.first().cloned(),
        _ => None,
    };
    items.iter().map(entry).collect()
}

fn pair(entry: RawEntry) -> RawNode {
    let span = entry.key_span;
    RawNode {
        span,
        size: entry.value.size + 2,
        content: RawContent::Sequence(Arc::new(vec![entry.key_node(), entry.value])),
    }
}

fn boolean(text: &str) -> Option<Value> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(Value::Bool(true)),
        "false" | "no" | "off" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// Base64 text over any number of lines becomes Base64 text on one.
fn binary(text: &str) -> Option<Value> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(text).ok()?;
    Some(Value::String(STANDARD.encode(bytes)))
}

/// Milliseconds since 1970, as Digdag stores a date. Without a zone it is UTC.
fn timestamp(text: &str) -> Option<Value> {
    let text = text.trim();
    let date_length = text.find(['T', 't', ' ', '\t']).unwrap_or(text.len());
    let (date, time) = text.split_at(date_length);
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let time = time.trim_start_matches(['T', 't', ' ', '\t']);
    if time.is_empty() {
        return (date_length == text.len()).then(|| date.and_hms_opt(0, 0, 0).map(millis))?;
    }
    let clock_length =
        time.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(time.len());
    let (clock, zone) = time.split_at(clock_length);
    let clock = clock.strip_suffix('.').unwrap_or(clock);
    let local = NaiveDateTime::parse_from_str(&format!("{date} {clock}"), "%Y-%m-%d %H:%M:%S%.f").ok()?;
    let offset = offset(zone.trim_start())?;
    local.checked_sub_offset(offset).map(millis)
}

fn offset(zone: &str) -> Option<FixedOffset> {
    if matches!(zone, "" | "Z") {
        return FixedOffset::east_opt(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.strip_prefix(['-', '+'])?.split_once(':').unwrap_or((&zone[1..], "0"));
    let minutes = if minutes.is_empty() { "0" } else { minutes };
    let seconds =
        hours.parse::<i32>().ok()?.checked_mul(3600)? + minutes.parse::<i32>().ok()?.checked_mul(60)?;
    FixedOffset::east_opt(sign * seconds)
}

fn millis(time: NaiveDateTime) -> Value {
    Value::from(time.and_utc().timestamp_millis())
}
