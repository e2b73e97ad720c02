//! Each command line in the README and `docs` is one that the program takes, and each option exists.

use std::collections::BTreeSet;
use std::path::PathBuf;

use aws_auth_migrate::cli::Cli;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser as _};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use super::pages;

const NAME: &str = "aws-auth-migrate";

/// Words that stand for a value, with one that fits.
const PLACEHOLDERS: [(&str, &str); 9] = [
    (
        "ACCOUNT=ROLE_ARN",
        "111122223333=arn:aws:iam::111122223333:role/x",
    ),
    ("ARN", "arn:aws:iam::111122223333:role/x"),
    ("CODE", "AAM101"),
    ("COMMAND", "plan"),
    ("ENGINE", "argo"),
    ("FORMAT", "terraform"),
    ("SHELL", "bash"),
    ("D", "5m"),
    ("[COMMAND]", "plan"),
];

/// Splits a line as a shell would: quotes, comments, and the ends of a command.
fn commands_of(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars().chain([' ']) {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, '|' | '>' | ';' | '&' | ')') => {
                commands.last_mut().unwrap().extend(word.take());
                commands.push(Vec::new());
            }
            (None, c) if c.is_whitespace() => commands.last_mut().unwrap().extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    commands
}

/// What the program is given in a command, if it is one of the program.
fn arguments(command: &[String]) -> Option<&[String]> {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let after = match words.as_slice() {
        [NAME, ..] => 1,
        ["kubectl", NAME, ..] => 2,
        ["cargo", "run", ..] => words.iter().position(|word| *word == "--")? + 1,
        ["docker", "run", ..] => words.iter().position(|word| *word == "IMAGE")? + 1,
        _ => return None,
    };
    Some(&command[after..])
}

/// The lines of a page's shell blocks, joined where they are continued, and its code spans.
fn code(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut lines, mut spans) = (Vec::new(), Vec::new());
    let mut is_shell = false;
    let options = pulldown_cmark::Options::ENABLE_TABLES;
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(kind))) => {
                is_shell = matches!(&*kind, "sh" | "console");
            }
            Event::End(TagEnd::CodeBlock) => is_shell = false,
            Event::Text(block) if is_shell => {
                let joined = block.replace("\\\n", " ");
                lines.extend(joined.lines().map(|line| {
                    let line = line.trim();
                    line.strip_prefix("$ ").unwrap_or(line).to_owned()
                }));
            }
            Event::Code(span) => spans.push(span.into_string()),
            _ => {}
        }
    }
    (lines, spans)
}

/// Parses a command line; what is missing in a fragment is no mistake.
fn check(place: &str, arguments: &[String], whole: bool) {
    let filled = arguments.iter().map(|word| {
        let found = PLACEHOLDERS.iter().find(|(name, _)| name == word);
        found.map_or(word.as_str(), |(_, value)| value)
    });
    let Err(error) = Cli::try_parse_from([NAME].into_iter().chain(filled)) else {
        return;
    };
    let is_fine = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
        ErrorKind::MissingRequiredArgument
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => !whole,
        _ => false,
    };
    assert!(is_fine, "{place}: {arguments:?}\n{error}");
}

fn user_pages() -> impl Iterator<Item = (PathBuf, String)> {
    let ours =
        |page: &(PathBuf, String)| page.0.starts_with("docs") || page.0.ends_with("README.md");
    pages().into_iter().filter(ours)
}

#[test]
fn command_lines_are_parsed() {
    let mut seen = 0;
    for (page, text) in user_pages() {
        let place = page.display().to_string();
        for line in code(&text).0 {
            for command in commands_of(&line) {
                if let Some(arguments) = arguments(&command) {
                    check(&place, arguments, true);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen >= 30, "only {seen} commands were found");
}

#[test]
fn commands_in_the_text_are_parsed() {
    let mut cli = Cli::command();
    cli.build();
    let names: BTreeSet<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
    let mut seen = 0;
    for (page, text) in user_pages() {
        for span in code(&text).1 {
            // Alternatives and omissions are no command.
            if span.contains(['|', '…', '[']) || span.contains("...") {
                continue;
            }
            let words: Vec<String> = span.split_whitespace().map(ToOwned::to_owned).collect();
            let arguments = arguments(&words).unwrap_or(&words);
            if words.len() > 1 && names.contains(arguments[0].as_str()) {
                check(&page.display().to_string(), arguments, false);
                seen += 1;
            }
        }
    }
    assert!(seen >= 40, "only {seen} commands were found");
}

fn options(command: &clap::Command, found: &mut BTreeSet<String>) {
    let long = command.get_arguments().filter_map(clap::Arg::get_long);
    found.extend(long.map(|long| format!("--{long}")));
    for command in command.get_subcommands() {
        options(command, found);
    }
}

#[test]
fn options_in_the_text_exist() {
    let mut cli = Cli::command();
    cli.build();
    let mut known = BTreeSet::new();
    options(&cli, &mut known);
    let mut seen = BTreeSet::new();
    for (page, text) in user_pages() {
        for span in code(&text).1 {
            let name = |c: &char| c.is_ascii_lowercase() || *c == '-';
            let option: String = span.chars().take_while(name).collect();
            if option.starts_with("--") {
                // cargo's, in the chapter on installing.
                let is_ours = !matches!(option.as_str(), "--no-default-features" | "--features");
                assert!(
                    !is_ours || known.contains(&option),
                    "{}: {span}",
                    page.display()
                );
                seen.insert(option);
            }
        }
    }
    assert!(seen.len() >= 30, "{seen:?}");
}

#[test]
fn lines_are_split_as_a_shell_does() {
    let split = commands_of("a 'b c' \"d | e\" --f=\"{}\"   # g | h");
    assert_eq!(split, [["a", "b c", "d | e", "--f={}"]]);
    let piped = commands_of("a b | c > d && e");
    let firsts: Vec<_> = piped.iter().filter_map(|words| words.first()).collect();
    assert_eq!(firsts, ["a", "c", "d", "e"]);
}
