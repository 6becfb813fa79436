//! A field of an entry's time: cron's text to numbers, and to the text that means the same numbers in a workflow.

use super::random::Random;

/// The numbers that a field allows, and what else of its text counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// One bit for each number.
    numbers: u64,
    /// It begins with `*`, also `*/2`: such days do not count as given, such minutes and hours follow the clock.
    pub star: bool,
    /// The same numbers in the grammar of `cron>`.
    pub pattern: String,
    /// What is to be known about the conversion.
    pub notes: Vec<String>,
}

/// One kind of field: its range, and the names that stand for numbers from the first one on.
pub(super) struct Unit {
    pub(super) name: &'static str,
    pub(super) min: u32,
    pub(super) max: u32,
    names: &'static [&'static str],
}

pub(super) const MINUTE: Unit = Unit { name: "minute", min: 0, max: 59, names: &[] };
pub(super) const HOUR: Unit = Unit { name: "hour", min: 0, max: 23, names: &[] };
pub(super) const DAY: Unit = Unit { name: "day of month", min: 1, max: 31, names: &[] };
pub(super) const MONTH: Unit = Unit {
    name: "month",
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
pub(super) const WEEKDAY: Unit = Unit {
    name: "day of week",
    min: 0,
    max: SUNDAY,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"],
};

/// Sunday is 0, too.
const SUNDAY: u32 = 7;

impl Field {
    /// Every number.
    pub(super) fn every(unit: &Unit) -> Self {
        Self { numbers: bits(unit.min..=unit.max), star: true, pattern: "*".to_owned(), notes: Vec::new() }
    }

    /// A single number that no star precedes.
    pub(super) fn only(number: u32) -> Self {
        Self { numbers: 1 << number, star: false, pattern: number.to_string(), notes: Vec::new() }
    }

    /// Reads a field: a list of `*`, `a`, `a-b`, each with `/step`, and of `a~b`, a number that `random` picks.
    pub(super) fn parse(unit: &Unit, text: &str, random: &mut Random) -> Result<Self, String> {
        let mut field =
            Self { numbers: 0, star: text.starts_with('*'), pattern: String::new(), notes: Vec::new() };
        for element in text.split(',') {
            if element.is_empty() {
                return Err("a part between commas is empty".to_owned());
            }
            let pattern = field.add(unit, element, random)?;
            if !field.pattern.is_empty() {
                field.pattern.push(',');
            }
            field.pattern.push_str(&pattern);
        }
        if unit.max == SUNDAY && field.numbers & (1 | 1 << SUNDAY) != 0 {
            field.numbers |= 1 | 1 << SUNDAY;
        }
        Ok(field)
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.numbers >> number & 1 == 1
    }

    /// The numbers in ascending order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        let numbers = self.numbers;
        (0..64).filter(move |number| numbers >> number & 1 == 1)
    }

    /// Adds one element of the list, and tells how a workflow writes it.
    fn add(&mut self, unit: &Unit, element: &str, random: &mut Random) -> Result<String, String> {
        if let Some((low, high)) = element.split_once('~') {
            let low = if low.is_empty() { unit.min } else { unit.number(low)? };
            let high = if high.is_empty() { unit.max } else { unit.number(high)? };
            if low > high {
                return Err(format!("{low} is above {high}"));
            }
            let chosen = random.between(low, high);
            self.numbers |= 1 << chosen;
            self.notes.push(format!(
                "\"{element}\" is a random {} for cron, another one each time it reads the file; it is {chosen} now, for good",
                unit.name
            ));
            return Ok(chosen.to_string());
        }
        let (range, step) = match element.split_once('/') {
            None => (element, None),
            Some((range, step)) => (range, Some(step)),
        };
        let step = step.map(read_step).transpose()?;
        let (low, high, pattern) = self.range(unit, range, element, step.is_some())?;
        let numbers = (low..=high).step_by(step.unwrap_or(1) as usize);
        self.numbers |= bits(numbers.clone());
        Ok(match step {
            None => pattern,
            // In a workflow the last Sunday of a range is the first day of the week when there are steps.
            Some(_) if unit.max == SUNDAY && range != "*" && low > 0 && high == SUNDAY => {
                numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(",")
            }
            Some(step) => format!("{pattern}/{step}"),
        })
    }

    fn range(
        &mut self,
        unit: &Unit,
        range: &str,
        element: &str,
        has_step: bool,
    ) -> Result<(u32, u32, String), String> {
        if range == "*" {
            return Ok((unit.min, unit.max, "*".to_owned()));
        }
        let Some((low, high)) = range.split_once('-') else {
            let number = unit.number(range)?;
            if !has_step {
                return Ok((number, number, range.to_ascii_lowercase()));
            }
            self.notes.push(format!(
                "\"{element}\" is read as {number}-{}; some crons read it as {number} alone, others refuse it",
                &element.replacen(range, &unit.max.to_string(), 1),
            ));
            return Ok((number, unit.max, unit.range(number, unit.max)));
        };
        let (low, high) = (unit.number(low)?, unit.number(high)?);
        // The one range that may run over the end: to Sunday.
        let high = if unit.max == SUNDAY && high == 0 && low > 0 { SUNDAY } else { high };
        if low > high {
            return Err(format!("{low} is above {high}"));
        }
        Ok((low, high, unit.range(low, high)))
    }
}

impl Unit {
    /// A range as a workflow writes it.
    fn range(&self, low: u32, high: u32) -> String {
        // Where both ends are Sunday, a workflow would take Sunday alone.
        let last = if self.max == SUNDAY && low == 0 { high.min(SUNDAY - 1) } else { high };
        format!("{low}-{last}")
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let first = if self.max == SUNDAY { 0 } else { 1 };
        if let Some(at) = named {
            return Ok(at as u32 + first);
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number);
        let number: u32 = number.ok_or_else(|| {
            let or_name = if self.names.is_empty() { "" } else { " nor a name of three letters" };
            format!("\"{text}\" is no number{or_name}")
        })?;
        if (self.min..=self.max).contains(&number) {
            Ok(number)
        } else {
            Err(format!("{number} is not in {}-{}", self.min, self.max))
        }
    }
}

fn read_step(text: &str) -> Result<u32, String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|step| is_number && *step > 0 && *step < 1_000_000)
        .ok_or_else(|| format!("\"{text}\" is no step"))
}

fn bits(numbers: impl Iterator<Item = u32>) -> u64 {
    numbers.fold(0, |bits, number| bits | 1 << number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(unit: &Unit, text: &str) -> Result<(Vec<u32>, String), String> {
        let field = Field::parse(unit, text, &mut Random::new(1))?;
        Ok((field.numbers().collect(), field.pattern))
    }

    #[test]
    fn lists_ranges_steps_and_names() {
        for (unit, text, numbers, pattern) in [
            (&MINUTE, "5", vec![5], "5"),
            (&MINUTE, "05,7", vec![5, 7], "05,7"),
            (&HOUR, "1-4", vec![1, 2, 3, 4], "1-4"),
            (&HOUR, "1-8/3,23", vec![1, 4, 7, 23], "1-8/3,23"),
            (&HOUR, "*/9", vec![0, 9, 18], "*/9"),
            (&MINUTE, "50/5", vec![50, 55], "50-59/5"),
            (&MINUTE, "*/90", vec![0], "*/90"),
            (&MONTH, "Jan,DEC", vec![1, 12], "jan,dec"),
            (&MONTH, "feb-apr", vec![2, 3, 4], "2-4"),
            (&WEEKDAY, "7", vec![0, 7], "7"),
            (&WEEKDAY, "0", vec![0, 7], "0"),
            (&WEEKDAY, "mon-Fri", vec![1, 2, 3, 4, 5], "1-5"),
            (&WEEKDAY, "fri-sun", vec![0, 5, 6, 7], "5-7"),
            (&WEEKDAY, "0-7", vec![0, 1, 2, 3, 4, 5, 6, 7], "0-6"),
            (&WEEKDAY, "0-7/2", vec![0, 2, 4, 6, 7], "0-6/2"),
            (&WEEKDAY, "0/1", vec![0, 1, 2, 3, 4, 5, 6, 7], "0-6/1"),
            (&WEEKDAY, "2-7/2", vec![2, 4, 6], "2,4,6"),
            (&WEEKDAY, "3/2", vec![0, 3, 5, 7], "3,5,7"),
            (&WEEKDAY, "1-6/2", vec![1, 3, 5], "1-6/2"),
            (&WEEKDAY, "*/7", vec![0, 7], "*/7"),
            (&WEEKDAY, "sun-tue", vec![0, 1, 2, 7], "0-2"),
            (&DAY, "3~3", vec![3], "3"),
        ] {
            assert_eq!(read(unit, text), Ok((numbers, pattern.to_owned())), "{text}");
        }
    }

    #[test]
    fn random_numbers_are_in_their_range() {
        for seed in 0..50 {
            let field = Field::parse(&MINUTE, "10~20", &mut Random::new(seed)).unwrap();
            let chosen: Vec<_> = field.numbers().collect();
            assert!(chosen.len() == 1 && (10..=20).contains(&chosen[0]), "{chosen:?}");
            assert_eq!(field.notes.len(), 1);
        }
        assert!(Field::parse(&DAY, "~", &mut Random::new(3)).is_ok());
    }

    #[test]
    fn mistakes_are_named() {
        for (unit, text, message) in [
            (&MINUTE, "60", "60 is not in 0-59"),
            (&DAY, "0", "0 is not in 1-31"),
            (&HOUR, "x", "\"x\" is no number"),
            (&MONTH, "january", "\"january\" is no number nor a name of three letters"),
            (&MINUTE, "*/0", "\"0\" is no step"),
            (&MINUTE, "5-", "\"\" is no number"),
            (&MINUTE, "+5", "\"+5\" is no number"),
            (&HOUR, "22-3", "22 is above 3"),
            (&MINUTE, "1,,2", "a part between commas is empty"),
            (&MINUTE, "1-5-7", "\"5-7\" is no number"),
            (&MINUTE, "9~3", "9 is above 3"),
            (&MINUTE, "1~3/2", "\"3/2\" is no number"),
        ] {
            assert_eq!(read(unit, text).unwrap_err(), message, "{text}");
        }
    }
}
