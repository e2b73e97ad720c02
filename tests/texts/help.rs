//! The help of every command, long and short.

use clap::{Command, CommandFactory, Parser};

use crate::golden::{check, root};
use aws_auth_migrate::cli::Cli;

/// The tool with all its commands, drawn 100 columns wide.
fn tool() -> Command {
    let mut tool = Cli::command().term_width(100);
    tool.build();
    tool
}

/// A command and all below it, each with its full name.
pub(crate) fn commands() -> Vec<(String, Command)> {
    fn add(name: &str, command: &Command, all: &mut Vec<(String, Command)>) {
        all.push((name.to_owned(), command.clone()));
        for below in command.get_subcommands() {
            if below.get_name() != "help" {
                add(&format!("{name} {}", below.get_name()), below, all);
            }
        }
    }
    let mut all = Vec::new();
    add("aws-auth-migrate", &tool(), &mut all);
    all
}

#[test]
fn every_help_page_is_reviewed() {
    let mut long = String::new();
    let mut short = String::new();
    for (name, mut command) in commands() {
        let page = command.render_long_help();
        long.push_str(&format!("==== {name} --help\n\n{page}\n"));
        let page = command.render_help();
        short.push_str(&format!("==== {name} -h\n\n{page}\n"));
    }
    check("help.txt", &long);
    check("help.short.txt", &short);
}

/// The command lines among a command's examples.
fn examples(command: &Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string);
    let lines = help.unwrap_or_default();
    let lines = lines.lines().map(str::trim);
    lines
        .filter(|line| line.starts_with("aws-auth-migrate"))
        .map(str::to_owned)
        .collect()
}

/// The words of a command line, as a shell splits those of the examples.
fn words(line: &str) -> Vec<String> {
    let words = line.split(' ');
    words
        .map(|word| word.trim_matches('\'').to_owned())
        .collect()
}

#[test]
fn every_command_has_examples_that_parse() {
    for (name, command) in commands() {
        let examples = examples(&command);
        assert!(!examples.is_empty(), "{name} has no example");
        for example in examples {
            let parsed = Cli::try_parse_from(words(&example));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            assert!(example.starts_with(&name), "{name}: {example}");
        }
    }
}

#[test]
fn short_help_fits_one_screen() {
    for (name, mut command) in commands() {
        let lines = command.render_help().to_string().lines().count();
        assert!(lines <= 50, "{name} -h has {lines} lines");
    }
}

#[test]
fn examples_that_need_no_cluster_run() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["aws-auth.yaml", "rbac.yaml"] {
        let sample = root().join("testdata/rehearsal").join(name);
        std::fs::copy(sample, folder.path().join(name)).unwrap();
    }
    let needs = [
        "--cluster",
        "--fleet",
        "--discover",
        "--plan",
        "--check",
        "--keep",
        "reports",
    ];
    let mut count = 0;
    for (_, command) in commands() {
        for example in examples(&command) {
            let words = words(&example);
            if needs
                .iter()
                .any(|option| words.iter().any(|word| word == option))
            {
                continue;
            }
            let ran = std::process::Command::new(env!("CARGO_BIN_EXE_aws-auth-migrate"))
                .env_clear()
                .env("HOME", folder.path())
                .current_dir(folder.path())
                .args(&words[1..])
                .output()
                .unwrap();
            assert!(
                ran.status.success(),
                "{example}: {}",
                String::from_utf8_lossy(&ran.stderr)
            );
            count += 1;
        }
    }
    assert!(count >= 10, "{count} examples ran");
}
