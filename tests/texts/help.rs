//! The help of every command, long and short.

use clap::{Command, CommandFactory};

use crate::golden::check;
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
