//! Asks one question after the other.

use super::answers_file::AnswersFile;
use super::keyboard::{Keyboard, Typed};
use crate::cli::output::Console;
use crate::error::Failure;
use crate::plan::questions::{Answering, Choice, Kind, OpenQuestion};
use crate::report::{self, QuestionProgress};

/// How the asking ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Nothing more is to be asked, or somebody wanted no more.
    Done,
    /// A signal came.
    Signal(i32),
}

/// What somebody wants at a question.
enum Wish {
    Answer(Choice),
    LeaveOpen,
    Back,
    ListAll,
    End,
    /// Nothing that could be understood.
    Unclear(String),
}

/// Asks until nothing is open, somebody ends it, or a signal comes; every answer is in the file before the next question.
pub(super) async fn all(
    answering: &mut Answering<'_>,
    kept: &mut AnswersFile,
    keyboard: &mut Keyboard,
    console: &Console,
) -> Result<Ended, Failure> {
    loop {
        let mut open = answering.open();
        if open.is_empty() {
            match review(answering, kept, keyboard, console).await? {
                Some(ended) => return Ok(ended),
                None => continue,
            }
        }
        let progress = QuestionProgress {
            asked: answering.steps().len(),
            open: open.len(),
        };
        let question = open.swap_remove(0);
        let choices = answering.choices(&question);
        let width = console.width();
        let show = |all| {
            console.clear();
            console.screen(&report::question(&question, &choices, progress, width, all));
        };
        show(false);
        loop {
            console.screen("> ");
            let line = match keyboard.read().await {
                Typed::Line(line) => line,
                Typed::End => return Ok(Ended::Done),
                Typed::Signal(signal) => return Ok(Ended::Signal(signal)),
            };
            match wish(&line, &question, &choices, answering) {
                Wish::Answer(choice) => {
                    answering.answer(question.clone(), Some(choice));
                    kept.write(answering)?;
                }
                Wish::LeaveOpen => answering.answer(question.clone(), None),
                Wish::Back if answering.steps().is_empty() => {
                    console.screen("This is the first question.\n");
                    continue;
                }
                Wish::Back => change(answering, answering.steps().len() - 1, kept, console)?,
                Wish::ListAll => {
                    show(true);
                    continue;
                }
                Wish::End => return Ok(Ended::Done),
                Wish::Unclear(why) => {
                    console.screen(&report::paragraph(&why, width));
                    continue;
                }
            }
            break;
        }
    }
}

/// Shows all answers, each of which can be changed; `None` where one is to be.
async fn review(
    answering: &mut Answering<'_>,
    kept: &mut AnswersFile,
    keyboard: &mut Keyboard,
    console: &Console,
) -> Result<Option<Ended>, Failure> {
    let count = answering.steps().len();
    if count == 0 {
        return Ok(Some(Ended::Done));
    }
    console.clear();
    console.screen(&report::answers(answering.steps(), console.width()));
    console.screen(
        "\nPress Enter to finish, a number to go back to that question, or b for the last one.\n",
    );
    loop {
        console.screen("> ");
        let line = match keyboard.read().await {
            Typed::Line(line) => line,
            Typed::End => return Ok(Some(Ended::Done)),
            Typed::Signal(signal) => return Ok(Some(Ended::Signal(signal))),
        };
        let place = match line.as_str() {
            "" | "q" => return Ok(Some(Ended::Done)),
            "b" => Some(count),
            number => number
                .parse()
                .ok()
                .filter(|place| (1..=count).contains(place)),
        };
        match place {
            Some(place) => {
                change(answering, place - 1, kept, console)?;
                return Ok(None);
            }
            None => console.screen(&format!("Type a number from 1 to {count}, or Enter.\n")),
        }
    }
}

/// Takes an answer back, in the file, too.
fn change(
    answering: &mut Answering<'_>,
    place: usize,
    kept: &mut AnswersFile,
    console: &Console,
) -> Result<(), Failure> {
    let gone = answering.reopen(place);
    if gone > 0 {
        console.screen(&format!(
            "{gone} later {} on it and {} asked again.\n",
            if gone == 1 {
                "answer depends"
            } else {
                "answers depend"
            },
            if gone == 1 { "is" } else { "are" },
        ));
    }
    kept.write(answering)
}

fn wish(
    line: &str,
    question: &OpenQuestion,
    choices: &[Choice],
    answering: &Answering<'_>,
) -> Wish {
    match line {
        "s" | "skip" => return Wish::LeaveOpen,
        "b" | "back" => return Wish::Back,
        "l" | "list" => return Wish::ListAll,
        "q" | "quit" => return Wish::End,
        _ => {}
    }
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    let choice = match word {
        "" => choices.first(),
        word => match word.parse::<usize>() {
            Ok(number) => number.checked_sub(1).and_then(|place| choices.get(place)),
            Err(_) => choices.iter().find(|choice| choice.kind.word() == word),
        },
    };
    let Some(choice) = choice else {
        return Wish::Unclear(format!(
            "Type a number from 1 to {}, or s, b, l or q.",
            choices.len()
        ));
    };
    match (choice.kind, rest) {
        (_, "") => Wish::Answer(choice.clone()),
        (Kind::Principals(_), reason) => Wish::Answer(choice.clone().because(reason)),
        (Kind::Rename, name) if choice.takes_name() => {
            match answering.renamed_to(question, choice, name) {
                Ok(choice) => Wish::Answer(choice),
                Err(why) => Wish::Unclear(crate::text::visible(&why).into_owned()),
            }
        }
        _ => Wish::Unclear(format!("`{}` takes no text after it.", choice.kind.word())),
    }
}
