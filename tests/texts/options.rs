//! Options are named by one room: the others name what they mean, so that renaming one is a change in one place.

use std::collections::BTreeSet;

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

#[test]
fn an_option_is_named_in_one_room() {
    let known: BTreeSet<String> = commands()
        .iter()
        .flat_map(|(_, command)| {
            let options = command.get_arguments();
            let names = options.filter_map(|option| Some(format!("--{}", option.get_long()?)));
            names.collect::<Vec<_>>()
        })
        .collect();
    let mut found = Vec::new();
    for (room, files) in texts(names_an_option) {
        for (file, texts) in files.iter().filter(|_| !ROOMS.contains(&room.as_str())) {
            if PROSE.iter().any(|prose| file.starts_with(prose)) || file == FOREIGN {
                continue;
            }
            for text in texts {
                let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '-');
                let is_ours = words.any(|word| known.contains(word));
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
