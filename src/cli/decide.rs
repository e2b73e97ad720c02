//! `decide`: answers every open question at a terminal; and the skeleton of a decisions file.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use super::args::DecideArgs;
use super::output::{Console, file_failure};
use crate::decisions::SCHEMA;
use crate::error::Failure;
use crate::plan::Plan;
use crate::plan::questions::{OpenQuestion, questions};
use crate::text::visible;

pub(super) async fn run(args: DecideArgs, console: &Console) -> Result<ExitCode, Failure> {
    let _ = (args, console);
    Err(Failure::usage("decide is not there yet"))
}

/// Writes a decisions file with every open question, its answers as comments.
pub(super) fn write_skeleton(plan: &Plan, path: &Path, console: &Console) -> Result<(), Failure> {
    let open = questions(plan);
    crate::files::replace(path, skeleton(&open).as_bytes())
        .map_err(|error| file_failure("the decisions", path, error))?;
    console.say(&match open.len() {
        0 => "nothing is open, and the decisions file holds no question".to_owned(),
        1 => {
            "1 open question is written; answer it in the file and plan with --decisions".to_owned()
        }
        count => format!(
            "{count} open questions are written; answer them in the file and plan with --decisions"
        ),
    });
    Ok(())
}

fn skeleton(open: &[OpenQuestion]) -> String {
    let quoted = |text: &str| serde_json::Value::from(visible(text).as_ref()).to_string();
    let mut text = format!("schema: {SCHEMA}\n");
    let renames: Vec<_> = open
        .iter()
        .filter_map(|question| question.rename.as_ref())
        .collect();
    if !renames.is_empty() {
        text.push_str("# New names for groups that EKS refuses; bindRenamed creates the bindings that they need.\n");
        text.push_str("# renameGroups:\n");
        for (old, new) in renames {
            let _ = writeln!(text, "#   {}: {}", quoted(old), quoted(new));
        }
        text.push_str("# bindRenamed: true\n");
    }
    text.push_str("principals:\n");
    for question in open {
        let _ = writeln!(text, "  # {}", visible(&question.why));
        for (id, principal) in &question.about {
            let _ = writeln!(text, "  # {id}\n  # - principal: {}", quoted(principal));
            for choice in &question.answers {
                let accept = choice
                    .accept
                    .as_ref()
                    .and_then(|accept| serde_json::to_string(accept).ok());
                let accept = accept.map_or_else(String::new, |accept| {
                    format!("\n  #   accept: {}", visible(&accept))
                });
                let _ = writeln!(
                    text,
                    "  #   do: {}  # {}{accept}",
                    choice.what.as_str(),
                    visible(&choice.consequence)
                );
            }
        }
    }
    if open.is_empty() {
        text.truncate(text.len() - 1);
        text.push_str(" []\n");
    }
    text
}
