//! The cron grammar of Digdag (that of cron4j): text to sets of numbers.
//!
//! It differs from other crons: ranges wrap round (`22-3`), `3/5` is 3 alone, `L` is the last day of a month, bars
//! join patterns, and day of month and day of week must both match. Instants and time zones are not known here.

/// The numbers that each field of a pattern allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) minutes: NumberSet,
    pub(super) hours: NumberSet,
    /// Days 1 to 31, and [`LAST_DAY`].
    pub(super) days: NumberSet,
    pub(super) months: NumberSet,
    /// Sunday is 0.
    pub(super) weekdays: NumberSet,
}

/// Stands for the last day of whatever month among the days of a month.
pub(super) const LAST_DAY: u32 = 32;

/// A set of numbers below 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NumberSet(u64);

/// A cron pattern that cannot be read, or that no date ever matches.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    #[error("invalid pattern: \"{0}\"")]
    Shape(String),
    #[error("invalid pattern \"{pattern}\". Error parsing {field} field: {reason}.")]
    Field { pattern: String, field: &'static str, reason: String },
    #[error("invalid pattern \"{0}\": it never matches, none of its months has any of its days of month")]
    Never(String),
}

/// Reads a pattern; each part between bars is a pattern of its own.
///
/// # Errors
///
/// Text that is no pattern, and parts that no date matches (`0 0 31 2 *`), on which Digdag hangs.
pub(super) fn parse(text: &str) -> Result<Vec<Fields>, CronError> {
    let parts: Vec<&str> = tokens(text, &['|']).collect();
    if parts.is_empty() {
        return Err(CronError::Shape(text.to_owned()));
    }
    parts.into_iter().map(parse_part).collect()
}

fn parse_part(text: &str) -> Result<Fields, CronError> {
    let [minute, hour, day, month, weekday] = tokens(text, &[' ', '\t']).collect::<Vec<_>>()[..] else {
        return Err(CronError::Shape(text.to_owned()));
    };
    let read = |unit: &Unit, field: &str| {
        parse_field(unit, field).map_err(|reason| CronError::Field {
            pattern: text.to_owned(),
            field: unit.name,
            reason,
        })
    };
    let fields = Fields {
        minutes: read(&MINUTE, minute)?,
        hours: read(&HOUR, hour)?,
        days: read(&DAY, day)?,
        months: read(&MONTH, month)?,
        weekdays: read(&WEEKDAY, weekday)?,
    };
    if fields.can_match() { Ok(fields) } else { Err(CronError::Never(text.to_owned())) }
}

/// One kind of field: its range and the words that stand for numbers.
struct Unit {
    name: &'static str,
    min: u32,
    max: u32,
    aliases: &'static [(&'static str, u32)],
}

const MINUTE: Unit = Unit { name: "minutes", min: 0, max: 59, aliases: &[] };
const HOUR: Unit = Unit { name: "hours", min: 0, max: 23, aliases: &[] };
const DAY: Unit = Unit { name: "days of month", min: 1, max: 31, aliases: &[("L", LAST_DAY)] };
const MONTH: Unit = Unit {
    name: "months",
    min: 1,
    max: 12,
    aliases: &[
        ("jan", 1),
        ("feb", 2),
        ("mar", 3),
        ("apr", 4),
        ("may", 5),
        ("jun", 6),
        ("jul", 7),
        ("aug", 8),
        ("sep", 9),
        ("oct", 10),
        ("nov", 11),
        ("dec", 12),
    ],
};
const WEEKDAY: Unit = Unit {
    name: "days of week",
    min: 0,
    max: 7,
    aliases: &[("sun", 0), ("mon", 1), ("tue", 2), ("wed", 3), ("thu", 4), ("fri", 5), ("sat", 6)],
};

fn parse_field(unit: &Unit, text: &str) -> Result<NumberSet, String> {
    let mut numbers = NumberSet(0);
    for element in tokens(text, &[',']) {
        let found = parse_element(unit, element)
            .map_err(|reason| format!("invalid field \"{text}\", invalid element \"{element}\", {reason}"))?;
        found.into_iter().for_each(|number| numbers.insert(number));
    }
    if numbers.is_empty() { Err(format!("invalid field \"{text}\"")) } else { Ok(numbers) }
}

/// Reads `range[/step]`. A step counts along the range in its own order, also where that wraps round.
fn parse_element(unit: &Unit, text: &str) -> Result<Vec<u32>, String> {
    let (range, step) = match tokens(text, &['/']).collect::<Vec<_>>()[..] {
        [range] => (range, None),
        [range, step] => (range, Some(step)),
        _ => return Err("syntax error".to_owned()),
    };
    let numbers = parse_range(unit, range).map_err(|reason| format!("invalid range, {reason}"))?;
    let Some(step) = step else { return Ok(numbers) };
    let step: i32 = step.parse().map_err(|_| format!("invalid divisor \"{step}\""))?;
    match usize::try_from(step) {
        Ok(step) if step > 0 => Ok(numbers.into_iter().step_by(step).collect()),
        _ => Err(format!("non positive divisor \"{step}\"")),
    }
}

/// Reads `*`, `a` or `a-b`.
fn parse_range(unit: &Unit, text: &str) -> Result<Vec<u32>, String> {
    if text == "*" {
        return Ok((unit.min..=unit.max).collect());
    }
    match tokens(text, &['-']).collect::<Vec<_>>()[..] {
        [one] => Ok(vec![parse_value(unit, one)?]),
        [first, last] => {
            let (first, last) = (parse_value(unit, first)?, parse_value(unit, last)?);
            if first <= last {
                Ok((first..=last).collect())
            } else {
                Ok((first..=unit.max).chain(unit.min..=last).collect())
            }
        }
        _ => Err("syntax error".to_owned()),
    }
}

fn parse_value(unit: &Unit, text: &str) -> Result<u32, String> {
    let invalid = |reason: &str| Err(format!("invalid value \"{text}\", {reason}"));
    if let Some((_, number)) = unit.aliases.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(text)) {
        return Ok(*number);
    }
    match text.parse::<i32>().map(u32::try_from) {
        // Both 0 and 7 are Sunday. Ranges still run up to 7, so `5-7/2` counts Fri, Sat, Sun, Sun.
        Ok(Ok(7)) if unit.name == WEEKDAY.name => Ok(0),
        Ok(Ok(number)) if (unit.min..=unit.max).contains(&number) => Ok(number),
        Ok(_) => invalid("value out of range"),
        Err(_) if unit.aliases.len() > 1 => invalid(&format!("invalid alias \"{text}\"")),
        Err(_) => invalid("invalid integer value"),
    }
}

/// The pieces between separators. Empty ones do not count, so that `0,`, `5/` and `-1` read as `0`, `5` and `1`.
fn tokens<'a>(text: &'a str, separators: &'a [char]) -> impl Iterator<Item = &'a str> {
    text.split(separators).filter(|token| !token.is_empty())
}

impl Fields {
    /// Whether some date has an allowed day in an allowed month. Every date falls on every weekday some year.
    fn can_match(&self) -> bool {
        let days_at_most = |month| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        self.days.contains(LAST_DAY)
            || self.months.iter().any(|month| self.days.iter().any(|day| day <= days_at_most(month)))
    }

    /// Whether the hour does not matter.
    pub(super) fn every_hour(&self) -> bool {
        self.hours.iter().count() == 24
    }
}

impl NumberSet {
    pub(super) fn contains(self, number: u32) -> bool {
        number < u64::BITS && self.0 >> number & 1 == 1
    }

    /// The numbers in ascending order.
    pub(super) fn iter(self) -> impl Iterator<Item = u32> {
        (0..u64::BITS).filter(move |&number| self.contains(number))
    }

    fn insert(&mut self, number: u32) {
        self.0 |= 1 << number;
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(unit: &Unit, text: &str) -> Vec<u32> {
        parse_field(unit, text).unwrap().iter().collect()
    }

    #[test]
    fn fields_are_read_as_cron4j_reads_them() {
        for (unit, text, expected) in [
            (&MINUTE, "3/5", vec![3]),
            (&MINUTE, "5/", vec![5]),
            (&MINUTE, "/5", vec![5]),
            (&MINUTE, "0,", vec![0]),
            (&MINUTE, ",0", vec![0]),
            (&MINUTE, "+5", vec![5]),
            (&MINUTE, "-1", vec![1]),
            (&MINUTE, "1--3", vec![1, 2, 3]),
            (&MINUTE, "*/70", vec![0]),
            (&MINUTE, "*/15", vec![0, 15, 30, 45]),
            (&MINUTE, "50-10/7", vec![4, 50, 57]),
            (&MINUTE, "7-7", vec![7]),
            (&HOUR, "22-3", vec![0, 1, 2, 3, 22, 23]),
            (&HOUR, "9,17,9", vec![9, 17]),
            (&DAY, "L", vec![32]),
            (&DAY, "30,l", vec![30, 32]),
            (&DAY, "28-L/2", vec![28, 30, 32]),
            (&DAY, "L-3", vec![1, 2, 3]),
            (&DAY, "L/2", vec![32]),
            (&MONTH, "jan-MAR,Dec", vec![1, 2, 3, 12]),
            (&MONTH, "11-2", vec![1, 2, 11, 12]),
            (&WEEKDAY, "7", vec![0]),
            (&WEEKDAY, "SUN", vec![0]),
            (&WEEKDAY, "fri-mon", vec![0, 1, 5, 6, 7]),
            (&WEEKDAY, "fri-mon/2", vec![1, 5, 7]),
            (&WEEKDAY, "5-7", vec![0, 5, 6, 7]),
            (&WEEKDAY, "5-7/2", vec![5, 7]),
            (&WEEKDAY, "1-5/2", vec![1, 3, 5]),
            (&WEEKDAY, "*/5", vec![0, 5]),
        ] {
            assert_eq!(field(unit, text), expected, "{} {text}", unit.name);
        }
    }

    #[test]
    fn patterns_have_five_fields_and_may_be_joined() {
        for (text, parts) in
            [("* * * * *", 1), (" \t0 0  * * *\t", 1), ("0 0 * * *|30 12 * * *", 2), ("|* * * * *||", 1)]
        {
            assert_eq!(parse(text).unwrap().len(), parts, "{text}");
        }
    }

    #[test]
    fn wrong_patterns_are_refused_as_cron4j_does() {
        for (text, message) in [
            ("", r#"invalid pattern: """#),
            ("|", r#"invalid pattern: "|""#),
            ("abc", r#"invalid pattern: "abc""#),
            ("@daily", r#"invalid pattern: "@daily""#),
            ("* * * *", r#"invalid pattern: "* * * *""#),
            ("0 * * * * *", r#"invalid pattern: "0 * * * * *""#),
            ("* * * * *| ", r#"invalid pattern: " ""#),
            (
                "0 0 32 * *",
                r#"invalid pattern "0 0 32 * *". Error parsing days of month field: invalid field "32", invalid element "32", invalid range, invalid value "32", value out of range."#,
            ),
            (
                "*/0 * * * *",
                r#"invalid pattern "*/0 * * * *". Error parsing minutes field: invalid field "*/0", invalid element "*/0", non positive divisor "0"."#,
            ),
            (
                "1,5-10-15 * * * *",
                r#"invalid pattern "1,5-10-15 * * * *". Error parsing minutes field: invalid field "1,5-10-15", invalid element "5-10-15", invalid range, syntax error."#,
            ),
            (
                "* * * * Sunday",
                r#"invalid pattern "* * * * Sunday". Error parsing days of week field: invalid field "Sunday", invalid element "Sunday", invalid range, invalid value "Sunday", invalid alias "Sunday"."#,
            ),
            (
                "* 1/x * * *",
                r#"invalid pattern "* 1/x * * *". Error parsing hours field: invalid field "1/x", invalid element "1/x", invalid divisor "x"."#,
            ),
            (", * * * *", r#"invalid pattern ", * * * *". Error parsing minutes field: invalid field ","."#),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message);
        }
        for text in [
            "60 * * * *",
            "1-61 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * january *",
            "* * * * 8",
            "* * ? * *",
            "* * * * L",
            "* * * * 1#1",
            "* * 15W * *",
            "*-5 * * * *",
            "1-5/2/3 * * * *",
            "1/-2 * * * *",
            "1,/ * * * *",
            "1,- * * * *",
            "* * * * *|61 * * * *",
            "٣ * * * *",
            "99999999999 * * * *",
        ] {
            assert!(matches!(parse(text), Err(CronError::Field { .. })), "{text}");
        }
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in ["0 0 31 2 *", "0 0 30 feb *", "0 0 31 4,6,9,11 *", "* * * * *|0 0 30-31 2 1"] {
            let error = parse(text).unwrap_err();
            assert!(matches!(error, CronError::Never(_)), "{text}: {error}");
            assert!(error.to_string().contains("never matches"), "{error}");
        }
        for text in ["0 0 29 2 1", "0 0 31,L 2 *", "0 0 31 2,3 *", "0 0 30 4 *"] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }
}
