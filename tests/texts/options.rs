//! Options are named by one room: the others name what they mean, so that renaming one is a change in one place.

use std::collections::BTreeSet;

use aws_auth_migrate::finding::{Code, explain};

use crate::help::commands;
use crate::source::texts;

/// The rooms that turn words into values and values into words.
const ROOMS: [&str; 3] = ["cli", "invocation", "schema"];

/// Prose that explains options as a manual does.
const PROSE: [&str; 3] = ["export/", "finding/", "migration/owners.rs"];

/// Where the command lines of other programs are read.
const FOREIGN: &str = "kubernetes/kubeconfig.rs";

/// Programs whose options may have the same names.
const PROGRAMS: [&str; 2] = ["aws ", "kubectl "];

fn names_an_option(text: &str) -> bool {
    text.contains("--")
}

/// Whether it is a command line of another program, or a piece that is added to one.
fn is_of_another_program(text: &str) -> bool {
    text.starts_with(" --") || PROGRAMS.iter().any(|program| text.contains(program))
}

/// The names of all options of the tool.
fn known() -> BTreeSet<String> {
    let commands = commands();
    let options = commands.iter().flat_map(|(_, command)| {
        let options = command.get_arguments();
        options.filter_map(|option| Some(format!("--{}", option.get_long()?)))
    });
    options.collect()
}

/// The options that a text names.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '-');
    words.filter(|word| word.starts_with("--") && word.len() > 2)
}

/// What `explain` says of an option is prose, and stays true when the option is renamed.
#[test]
fn an_explanation_names_only_options_that_there_are() {
    let known = known();
    let mut seen = 0;
    for &code in Code::ALL {
        let of = explain(code);
        for text in [of.title, of.meaning, of.why, of.fix] {
            // Between backticks stands one command line, of this tool or of another.
            for (index, part) in text.split('`').enumerate() {
                if index % 2 == 1 && !is_of_another_program(part) {
                    for option in named(part) {
                        assert!(known.contains(option), "{code}: there is no {option}");
                        seen += 1;
                    }
                }
            }
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn an_option_is_named_in_one_room() {
    let known = known();
    let mut found = Vec::new();
    for (room, files) in texts(names_an_option) {
        for (file, texts) in files.iter().filter(|_| !ROOMS.contains(&room.as_str())) {
            if PROSE.iter().any(|prose| file.starts_with(prose)) || file == FOREIGN {
                continue;
            }
            for text in texts {
                let is_ours = named(text).any(|option| known.contains(option));
                if is_ours && !is_of_another_program(text) {
                    found.push(format!("{file}: {text}"));
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "name it by `invocation::Flag` or `invocation::Advice`:\n{}",
        found.join("\n")
    );
}
