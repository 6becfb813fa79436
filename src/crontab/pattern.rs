//! When an entry runs: its five fields or its word, and what they are in a workflow.

use super::error::Cause;
use super::field::{DAY, Field, HOUR, MINUTE, MONTH, WEEKDAY};
use super::random::Random;
use chrono::{Datelike, NaiveDate};

/// When an entry runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Once, when the machine starts.
    Reboot,
    Times(Box<Pattern>),
}

/// The five fields of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pub minute: Field,
    pub hour: Field,
    pub day: Field,
    pub month: Field,
    pub weekday: Field,
}

impl Pattern {
    /// Reads the five words of an entry. The error has the number of the word that is wrong, from 0.
    pub(super) fn parse(words: [&str; 5], random: &mut Random) -> Result<Self, (usize, Cause)> {
        let mut read = |at: usize| {
            let unit = [&MINUTE, &HOUR, &DAY, &MONTH, &WEEKDAY][at];
            Field::parse(unit, words[at], random)
                .map_err(|reason| (at, Cause::Field { field: unit.name, text: words[at].to_owned(), reason }))
        };
        Ok(Self { minute: read(0)?, hour: read(1)?, day: read(2)?, month: read(3)?, weekday: read(4)? })
    }

    /// What a word like `@daily` stands for, without its `@`.
    pub(super) fn of_word(word: &str) -> Option<When> {
        let (minute, hour) = (Field::only(0), Field::only(0));
        let (day, month, weekday) = (Field::every(&DAY), Field::every(&MONTH), Field::every(&WEEKDAY));
        let midnight = Self { minute, hour, day, month, weekday };
        Some(When::Times(Box::new(match word {
            "reboot" => return Some(When::Reboot),
            "yearly" | "annually" => Self { day: Field::only(1), month: Field::only(1), ..midnight },
            "monthly" => Self { day: Field::only(1), ..midnight },
            "weekly" => Self { weekday: Field::only(0), ..midnight },
            "daily" | "midnight" => midnight,
            "hourly" => Self { hour: Field::every(&HOUR), ..midnight },
            "every_minute" => Self { minute: Field::every(&MINUTE), hour: Field::every(&HOUR), ..midnight },
            _ => return None,
        })))
    }

    /// The same times in the grammar of `cron>`; none if no date ever matches.
    ///
    /// cron runs an entry on days that match either of day of month and day of week, if neither begins with a star; in
    /// a workflow both must match, so such an entry becomes a union.
    pub fn to_dig(&self) -> Option<String> {
        let join = |day: &str, weekday: &str| {
            let (minute, hour) = (&self.minute.pattern, &self.hour.pattern);
            format!("{minute} {hour} {day} {} {weekday}", self.month.pattern)
        };
        let comes = self.month.numbers().any(|month| {
            let last = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month as usize - 1];
            self.day.numbers().any(|day| day <= last)
        });
        if self.either_day() {
            let by_weekday = join("*", &self.weekday.pattern);
            let by_day = join(&self.day.pattern, "*");
            return Some(if comes { format!("{by_day}|{by_weekday}") } else { by_weekday });
        }
        comes.then(|| join(&self.day.pattern, &self.weekday.pattern))
    }

    /// Whether it is enough that one of day of month and day of week matches.
    pub fn either_day(&self) -> bool {
        !self.day.star && !self.weekday.star
    }

    /// Whether it follows the clock when that is changed; what has a fixed time runs once instead.
    pub(super) fn follows_the_clock(&self) -> bool {
        self.minute.star || self.hour.star
    }

    pub(super) fn matches_date(&self, date: NaiveDate) -> bool {
        let day = self.day.contains(date.day());
        let weekday = self.weekday.contains(date.weekday().num_days_from_sunday());
        let days = if self.either_day() { day || weekday } else { day && weekday };
        self.month.contains(date.month()) && days
    }

    /// What is to be known about the conversion.
    pub(super) fn notes(&self) -> Vec<String> {
        let fields = [&self.minute, &self.hour, &self.day, &self.month, &self.weekday];
        let mut notes: Vec<String> = fields.iter().flat_map(|field| field.notes.iter().cloned()).collect();
        if self.either_day() {
            notes.push(
                "day of month and day of week are both given: cron runs it on days that match either, which a bar says in \
                 a workflow"
                    .to_owned(),
            );
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dig(text: &str) -> Option<String> {
        let words: Vec<&str> = text.split(' ').collect();
        Pattern::parse(words.try_into().unwrap(), &mut Random::new(0)).unwrap().to_dig()
    }

    #[test]
    fn days_that_match_either_become_a_union() {
        for (cron, expected) in [
            ("0 0 13 * 5", Some("0 0 13 * *|0 0 * * 5")),
            ("0 0 13 * *", Some("0 0 13 * *")),
            ("0 0 */2 * 5", Some("0 0 */2 * 5")),
            ("0 0 13 * */2", Some("0 0 13 * */2")),
            ("0 0 1-7 * sun", Some("0 0 1-7 * *|0 0 * * sun")),
            ("0 0 31 2 *", None),
            ("0 0 31 2 1", Some("0 0 * 2 1")),
            ("0 0 30 2,4 *", Some("0 0 30 2,4 *")),
        ] {
            assert_eq!(dig(cron).as_deref(), expected, "{cron}");
        }
    }

    #[test]
    fn words_stand_for_patterns() {
        for (word, expected) in [
            ("yearly", "0 0 1 1 *"),
            ("annually", "0 0 1 1 *"),
            ("monthly", "0 0 1 * *"),
            ("weekly", "0 0 * * 0"),
            ("daily", "0 0 * * *"),
            ("midnight", "0 0 * * *"),
            ("hourly", "0 * * * *"),
            ("every_minute", "* * * * *"),
        ] {
            let Some(When::Times(pattern)) = Pattern::of_word(word) else { panic!("{word}") };
            assert_eq!(pattern.to_dig().as_deref(), Some(expected), "{word}");
        }
        assert_eq!(Pattern::of_word("reboot"), Some(When::Reboot));
        assert_eq!(Pattern::of_word("Daily"), None);
    }
}
