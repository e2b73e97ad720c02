//! `completions`, made from the same definition as the command line, and `schema`, made from the types.

use std::fmt::Write;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::{Cli, CompletionsArgs, SchemaArgs};
use super::output::Console;
use crate::error::Failure;
use crate::finding::Code;

const NAME: &str = "aws-auth-migrate";

pub(super) fn completions(args: &CompletionsArgs, console: &Console) -> Result<ExitCode, Failure> {
    console.data(&script(args.shell))?;
    Ok(ExitCode::SUCCESS)
}

/// The script for a shell.
fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        // The generator goes by one label to a subcommand and marks its place with another, where a name has hyphens.
        // Source: clap-rs/clap, issue 6421.
        Shell::Bash => script.replace(&NAME.replace('-', "__subcmd__"), &NAME.replace('-', "__")),
        // The generator leaves the values of positional arguments out.
        Shell::Fish => {
            script.push_str(&positional_values());
            script
        }
        _ => script,
    }
}

/// The values that a command's own argument can have, for fish.
fn positional_values() -> String {
    let mut lines = String::new();
    for command in Cli::command().get_subcommands() {
        for argument in command.get_positionals() {
            let name = command.get_name();
            let values = argument.get_possible_values();
            let names: Vec<String> = if name == "explain" {
                Code::ALL.iter().map(Code::to_string).collect()
            } else {
                values
                    .iter()
                    .map(|value| value.get_name().to_owned())
                    .collect()
            };
            if !names.is_empty() {
                let names = names.join(" ");
                let _ = writeln!(
                    lines,
                    "complete -c {NAME} -n \"__fish_seen_subcommand_from {name}\" -f -a \"{names}\""
                );
            }
        }
    }
    lines
}

pub(super) fn schema(args: &SchemaArgs, console: &Console) -> Result<ExitCode, Failure> {
    let mut text =
        serde_json::to_string_pretty(&args.document.schema()).expect("a schema is plain data");
    text.push('\n');
    console.data(&text)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What bash offers for the last of these words.
    fn offered(words: &str) -> Vec<String> {
        let script = format!(
            "{}\nCOMP_WORDS=({NAME} {words} '')\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             _aws__auth__migrate {NAME} '' \"${{COMP_WORDS[COMP_CWORD - 1]}}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
            script(Shell::Bash)
        );
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        let offered = String::from_utf8(output.stdout).unwrap();
        offered.lines().map(str::to_owned).collect()
    }

    #[test]
    fn bash_completes_behind_a_subcommand() {
        assert_eq!(offered("plan --on-existing"), ["keep", "update", "fail"]);
        let formats = offered("export");
        assert!(formats.contains(&"terraform".to_owned()), "{formats:?}");
        assert!(offered("").contains(&"plan".to_owned()));
    }

    #[test]
    fn fish_knows_the_values_of_an_argument_without_a_name() {
        let script = script(Shell::Fish);
        assert!(script.contains("from schema\" -f -a \"plan journal events "));
        assert!(script.contains("from export\" -f -a \"terraform "));
        assert!(script.contains("from explain\" -f -a \"AAM001 "));
    }
}
