//! What the benchmarks share: the table, and how it is printed.

#![expect(dead_code, reason = "each benchmark uses its part")]

pub mod server;

use std::process::ExitCode;
use std::time::Duration;

/// Whether to measure fewer times.
pub fn is_short() -> bool {
    std::env::var_os("DIBBLE_BENCH_SHORT").is_some()
}

/// Prints a table. The exit status tells of missed targets when that is asked for.
pub fn print(table: &Table) -> ExitCode {
    println!("{table}");
    let missed = table.rows.iter().any(|row| !row.reached());
    if missed && std::env::var_os("DIBBLE_BENCH_STRICT").is_some() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

pub fn median(repeat: usize, mut measure: impl FnMut() -> Duration) -> Duration {
    middle((0..repeat).map(|_| measure()).collect())
}

pub fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// What was measured, with its targets.
pub struct Table {
    pub rows: Vec<Row>,
}

/// One measurement.
pub struct Row {
    what: &'static str,
    value: Value,
    target: Target,
}

pub enum Value {
    Time(Duration),
    Bytes(u64),
    PerSecond(f64),
    Count(u64),
}

/// What it must reach.
pub enum Target {
    None,
    AtMost(Duration),
    Bytes(u64),
    /// At most so many.
    Count(u64),
    /// At least so many a second.
    PerSecond(f64),
    /// Not slower than the bare loop by more than this factor.
    Ratio {
        bare: Duration,
        limit: f64,
    },
}

impl Row {
    pub fn time(what: &'static str, time: Duration, target: Target) -> Self {
        Self { what, value: Value::Time(time), target }
    }

    pub fn memory(what: &'static str, bytes: u64, limit: u64) -> Self {
        Self { what, value: Value::Bytes(bytes), target: Target::Bytes(limit) }
    }

    pub fn count(what: &'static str, count: u64, limit: u64) -> Self {
        Self { what, value: Value::Count(count), target: Target::Count(limit) }
    }

    pub fn rate(what: &'static str, per_second: f64, target: Target) -> Self {
        Self { what, value: Value::PerSecond(per_second), target }
    }

    pub fn reached(&self) -> bool {
        match (&self.value, &self.target) {
            (Value::Time(time), Target::AtMost(limit)) => time <= limit,
            (Value::Time(time), Target::Ratio { bare, limit }) => ratio(*time, *bare) <= *limit,
            (Value::Bytes(bytes), Target::Bytes(limit)) => bytes <= limit,
            (Value::Count(count), Target::Count(limit)) => count <= limit,
            (Value::PerSecond(rate), Target::PerSecond(limit)) => rate >= limit,
            _ => true,
        }
    }
}

fn ratio(time: Duration, bare: Duration) -> f64 {
    time.as_secs_f64() / bare.as_secs_f64()
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:<44} {:>12} {:>8} {:>12}", "", "measured", "ratio", "target")?;
        for row in &self.rows {
            let value = match row.value {
                Value::Time(time) => milliseconds(time),
                Value::Bytes(bytes) => mebibytes(bytes),
                Value::Count(count) => count.to_string(),
                Value::PerSecond(rate) => format!("{rate:.0} /s"),
            };
            let (ratio, target) = match (&row.value, &row.target) {
                (Value::Time(time), Target::Ratio { bare, limit }) => {
                    (format!("{:.2}", ratio(*time, *bare)), format!("<= {limit:.1} x"))
                }
                (_, Target::AtMost(limit)) => (String::new(), format!("<= {}", milliseconds(*limit))),
                (_, Target::PerSecond(limit)) => (String::new(), format!(">= {limit:.0} /s")),
                (_, Target::Count(limit)) => (String::new(), format!("<= {limit}")),
                (_, Target::Bytes(limit)) => (String::new(), format!("<= {}", mebibytes(*limit))),
                _ => (String::new(), String::new()),
            };
            let missed = if row.reached() { "" } else { "  missed" };
            writeln!(f, "{:<44} {value:>12} {ratio:>8} {target:>12}{missed}", row.what)?;
        }
        Ok(())
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn mebibytes(bytes: u64) -> String {
    format!("{}.{} MiB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576)
}
