//! How long `dibble run` takes and what it needs, side by side with a bare loop that starts `/bin/sh -c true` in the same
//! way (own process group, output read through pipes). `cargo bench` prints the table.
//!
//! `DIBBLE_BENCH_SHORT=1` measures fewer times. `DIBBLE_BENCH_STRICT=1` ends with 1 when a target is missed; without it
//! the table says so and the exit status is 0, because a busy machine measures itself.
//!
//! This is no statistics: every number is the median of a few runs. Deliberately no framework, for most of what is
//! measured is other processes.

#![expect(clippy::expect_used, reason = "what cannot be measured ends the benchmark")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]

mod support;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use support::{Row, Table, Target, is_short, median, middle, print};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_dibble");
/// How many tasks run at a time where the number does not matter.
const THREADS: usize = 8;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).is_some_and(|arg| arg == "--measure") {
        return measure_child(&args[2], &args[3..]);
    }
    print(&table(if is_short() { 3 } else { 9 }))
}

fn table(repeat: usize) -> Table {
    let version = median(repeat * 5, || run(Path::new("."), &["--version"]).elapsed);
    let echo = Workflow::new("+a: {echo>: hello}\n");
    let hello = median(repeat * 3, || echo.run().elapsed);

    let hundred = Workflow::new(&sequence(100, "sh>: 'true'"));
    let many = Workflow::new(&sequence(900, "sh>: 'true'"));
    let parallel = Workflow::new(&format!("_parallel: true\n{}", sequence(100, "sh>: 'true'")));
    // Taken in turns, so that what else the machine does hits both sides.
    let (mut loops, mut runs) = (Vec::new(), Vec::new());
    let (mut threads, mut parallels) = (Vec::new(), Vec::new());
    for _ in 0..repeat {
        loops.push(bare_loop(100, 1));
        runs.push(hundred.run().elapsed);
        threads.push(bare_loop(100, THREADS));
        parallels.push(parallel.run().elapsed);
    }
    let (loop_100, run_100) = (middle(loops), middle(runs));
    let (threads_100, parallel_100) = (middle(threads), middle(parallels));
    let loop_900 = median(repeat.div_ceil(3), || bare_loop(900, 1));
    let run_900 = median(repeat.div_ceil(3), || many.run().elapsed);
    let memory = many.run().peak_bytes.max(parallel.run().peak_bytes);

    let idle = echo.run().cpu;
    let waiting = Workflow::new("+a: {wait>: 3s}\n").run().cpu.saturating_sub(idle);
    let sleeping = Workflow::new("+a: {sh>: sleep 3}\n").run().cpu.saturating_sub(idle);

    Table {
        rows: vec![
            Row::time("--version", version, Target::AtMost(Duration::from_millis(5))),
            Row::time("one echo task, new file", hello, Target::AtMost(Duration::from_millis(15))),
            Row::time("bare loop, 100 x sh -c true", loop_100, Target::None),
            Row::time("100 sequential sh>", run_100, Target::Ratio { bare: loop_100, limit: 2.0 }),
            Row::time("bare loop, 900 x sh -c true", loop_900, Target::None),
            Row::time("900 sequential sh>", run_900, Target::Ratio { bare: loop_900, limit: 2.0 }),
            Row::time("bare loop, 100 x on 8 threads", threads_100, Target::None),
            Row::time("100 parallel sh>", parallel_100, Target::Ratio { bare: threads_100, limit: 2.0 }),
            Row::rate("tasks of it a second", 900.0 / run_900.as_secs_f64(), Target::None),
            Row::memory("peak memory, 900 tasks", memory, 15 * 1024 * 1024),
            Row::time("CPU while wait> waits 3 s", waiting, Target::AtMost(Duration::from_millis(10))),
            Row::time("CPU while a command sleeps 3 s", sleeping, Target::AtMost(Duration::from_millis(20))),
        ],
    }
}

/// `count` tasks that run one after another.
fn sequence(count: usize, task: &str) -> String {
    (0..count).map(|number| format!("+t{number}: {{{task}}}\n")).collect()
}

/// A workflow in a directory of its own, run with a new file every time.
struct Workflow {
    directory: TempDir,
}

impl Workflow {
    fn new(dig: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join("wf.dig"), dig).expect("a workflow");
        Self { directory }
    }

    fn run(&self) -> Measured {
        for name in [".dibble.db", ".dibble.db-wal", ".dibble.db-shm"] {
            // The first time there is none.
            let _ = fs::remove_file(self.directory.path().join(name));
        }
        let threads = THREADS.to_string();
        run(
            self.directory.path(),
            &["run", "wf.dig", "--session", "2026-01-02", "--max-task-threads", &threads],
        )
    }
}

/// What one call took.
#[derive(Debug, Clone, Copy)]
struct Measured {
    elapsed: Duration,
    cpu: Duration,
    peak_bytes: u64,
}

/// Calls the program through this program, so that time and memory are its own and not those of earlier calls.
fn run(directory: &Path, args: &[&str]) -> Measured {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg("--measure").arg(PROGRAM).args(args).current_dir(directory).stdin(Stdio::null());
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("numbers");
    let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
    let mut next = || numbers.next().expect("three numbers");
    Measured {
        elapsed: Duration::from_micros(next()),
        cpu: Duration::from_micros(next()),
        peak_bytes: next(),
    }
}

/// Runs the program and prints microseconds, microseconds of CPU, and the highest memory in bytes.
fn measure_child(program: &str, args: &[String]) -> ExitCode {
    let start = Instant::now();
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().expect("the program");
    let elapsed = start.elapsed();
    if !output.status.success() {
        eprintln!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        return ExitCode::FAILURE;
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("what the children used");
    let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    println!("{} {cpu} {}", elapsed.as_micros(), usage.max_rss() * 1024);
    ExitCode::SUCCESS
}

/// Starts `/bin/sh -c true` so many times, on so many threads, as the program does it.
fn bare_loop(count: usize, threads: usize) -> Duration {
    let start = Instant::now();
    thread::scope(|scope| {
        for thread in 0..threads {
            let own = count / threads + usize::from(thread < count % threads);
            scope.spawn(move || {
                for _ in 0..own {
                    let mut command = Command::new("/bin/sh");
                    command.args(["-c", "true"]).stdin(Stdio::null()).process_group(0);
                    assert!(command.output().expect("/bin/sh").status.success());
                }
            });
        }
    });
    start.elapsed()
}
