//! Words that make a native speaker stumble stay out of help, findings and messages.

use aws_auth_migrate::finding::{Code, explain};

use crate::help::commands;
use crate::source::rooms;

/// Phrases that sound translated, or that name the field's own words by others: create, delete, retry, skip, detach, undo.
const STUMBLES: [&str; 23] = [
    "all the same",
    "anew",
    "as they should be",
    "by the way",
    "carried over",
    "carry over",
    "go on",
    "goes on",
    "knows nobody",
    "lets nobody",
    "made so",
    "make it so",
    "namesake",
    "owed",
    "owes",
    "put back",
    "somebody has",
    "stands",
    "taken off",
    "the way back",
    "to its end",
    "tries it out",
    "whoever",
];

/// The text in lower case, its words between single spaces.
fn plain(text: &str) -> String {
    let words = text.split(|char: char| !char.is_alphanumeric() && char != '\'');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" ").to_lowercase())
}

fn stumbles(text: &str) -> Option<&'static str> {
    let plain = plain(text);
    let mut stumbles = STUMBLES.iter().copied();
    stumbles.find(|phrase| plain.contains(&format!(" {phrase} ")))
}

#[test]
fn no_text_makes_a_reader_stumble() {
    assert_eq!(stumbles("Go on?"), Some("go on"));
    assert_eq!(stumbles("`accept` goes only with `migrate`"), None);
    let mut found = Vec::new();
    let mut check = |place: &str, text: &str| {
        if let Some(phrase) = stumbles(text) {
            found.push(format!("{place}: \"{phrase}\" in: {text}"));
        }
    };
    for (room, files) in rooms() {
        // Reports are read in their own golden files.
        for (file, texts) in files.iter().filter(|_| room != "report") {
            for text in texts {
                check(file, text);
            }
        }
    }
    for (name, mut command) in commands() {
        let page = command.render_long_help().to_string();
        page.split("\n\n").for_each(|text| check(&name, text));
    }
    for &code in Code::ALL {
        let explanation = explain(code);
        for text in [explanation.title, explanation.meaning, explanation.fix] {
            check(&code.to_string(), text);
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
