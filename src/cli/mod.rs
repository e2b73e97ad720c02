//! The command line: the only room that prints.

mod apply;
mod args;
mod completions;
mod cutover;
mod decide;
mod examples;
mod exit;
mod explain;
mod export;
mod fleet;
mod man;
mod output;
mod plan;
mod progress;
mod reading;
mod record;
#[cfg(feature = "sandbox")]
mod rehearse;
mod rollback;
mod settings;
mod signals;
mod status;
mod values;
mod verify;
mod writing;

use std::process::ExitCode;

use clap::Parser;

pub use args::Cli;

use args::Command;
use output::Console;

/// Parses the command line, runs the command, and returns the exit code.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let usage = error.use_stderr();
            // A closed pipe is no reason to complain.
            let _ = error.print();
            return if usage {
                exit::USAGE.into()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let console = Console::new(&cli.global, cli.command.is_json());
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            console.error(&crate::error::Failure::new("failed to start").because(error));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        #[cfg(feature = "s3")]
        crate::aws::s3::connect(cli.command.profile());
        dispatch(cli.command, &console).await
    });
    // Nothing that still waits, such as a sandbox's connection, keeps the process alive.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            console.error(&failure);
            exit::of(&failure)
        }
    }
}

async fn dispatch(command: Command, console: &Console) -> Result<ExitCode, crate::error::Failure> {
    match command {
        Command::Plan(args) => Box::pin(plan::run(*args, console)).await,
        Command::Apply(args) => Box::pin(apply::run(*args, console)).await,
        Command::Cutover(args) => Box::pin(cutover::run(*args, console)).await,
        Command::Rollback(args) => Box::pin(rollback::run(*args, console)).await,
        Command::Report(args) => Box::pin(record::run(*args, console)).await,
        Command::Status(args) => Box::pin(status::run(*args, console)).await,
        Command::Verify(args) => Box::pin(verify::run(*args, console)).await,
        #[cfg(feature = "sandbox")]
        Command::Rehearse(args) => Box::pin(rehearse::run(*args, console)).await,
        Command::Fleet(args) => Box::pin(fleet::run(*args, console)).await,
        Command::Export(args) => Box::pin(export::run(*args, console)).await,
        Command::Decide(args) => Box::pin(decide::run(*args, console)).await,
        Command::Explain(args) => explain::run(&args, console),
        Command::Schema(args) => completions::schema(&args, console),
        Command::Completions(args) => completions::completions(&args, console),
        Command::Man(args) => man::run(&args, console),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;
    use crate::invocation::Flag;

    fn options(command: &clap::Command, found: &mut Vec<(String, bool)>) {
        let longs = command.get_arguments();
        let longs = longs.filter_map(|option| {
            let name = format!("--{}", option.get_long()?);
            Some((name, option.is_require_equals_set()))
        });
        found.extend(longs);
        for below in command.get_subcommands() {
            options(below, found);
        }
    }

    /// A command line that a report offers has to be one that the tool takes.
    #[test]
    fn every_option_that_is_printed_is_one_that_a_command_takes() {
        let mut found = Vec::new();
        options(&Cli::command(), &mut found);
        for &flag in Flag::ALL {
            let of_name = found.iter().filter(|(name, _)| name == flag.name());
            let forms: Vec<bool> = of_name.map(|(_, needs_equals)| *needs_equals).collect();
            assert!(!forms.is_empty(), "no command takes {flag}");
            let needs_equals = forms.contains(&true);
            assert_eq!(flag.needs_equals(), needs_equals, "{flag}");
        }
    }
}
