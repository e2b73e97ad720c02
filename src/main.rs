//! The binary: parses, runs, and returns an exit code.

use std::process::ExitCode;

/// A plan is made of many small texts, for which the system's own allocator takes twice as long.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    aws_auth_migrate::cli::run()
}
