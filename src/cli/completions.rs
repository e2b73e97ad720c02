//! `completions` and `man`, made from the same definition as the command line, and `schema`, made from the types.

use std::process::ExitCode;

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs, SchemaArgs};
use super::output::Console;
use crate::error::Failure;

pub(super) fn completions(args: &CompletionsArgs, console: &Console) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(args.shell, &mut command, "aws-auth-migrate", &mut script);
    console.data(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn man(console: &Console) -> Result<ExitCode, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| Failure::new("failed to write the man page").because(error))?;
    console.data(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn schema(args: &SchemaArgs, console: &Console) -> Result<ExitCode, Failure> {
    let mut text =
        serde_json::to_string_pretty(&args.document.schema()).expect("a schema is plain data");
    text.push('\n');
    console.data(&text)?;
    Ok(ExitCode::SUCCESS)
}
