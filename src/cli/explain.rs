//! `explain`: what a finding code means.

use std::process::ExitCode;

use super::args::ExplainArgs;
use super::exit;
use super::output::Console;
use crate::error::Failure;
use crate::finding::Code;
use crate::report;

pub(super) fn run(args: &ExplainArgs, console: &Console) -> Result<ExitCode, Failure> {
    match &args.code {
        None => console.page(report::codes)?,
        Some(text) => {
            let code: Code = text.parse().map_err(|error| {
                Failure::usage("failed to explain")
                    .because(error)
                    .hint("`explain` lists all codes")
            })?;
            console.page(|shown| report::explanation(code, shown))?;
        }
    }
    Ok(exit::DONE.into())
}
