//! The binary: parses, runs, and returns an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    aws_auth_migrate::cli::run()
}
