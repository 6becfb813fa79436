//! The program `dibble`.

use std::process::ExitCode;

fn main() -> ExitCode {
    dibble::init_process::run().unwrap_or_else(|| dibble::cli::main(std::env::args_os().skip(1)))
}
