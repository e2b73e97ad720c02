//! `plan --write-decisions`: every open question in a file, to be answered in an editor.

use std::path::Path;

use super::answers_file::is_json;
use crate::cli::args::TargetArgs;
use crate::cli::output::{Console, file_failure};
use crate::cli::settings;
use crate::decisions::DecisionsFile;
use crate::error::Failure;
use crate::files;
use crate::plan::Plan;
use crate::plan::questions::{Replan, questions};
use crate::report;

/// What to do with a file that holds answers.
const KEEP: &str = "name another file; or name it with --decisions as well, and it keeps its answers and gets the open questions below them";

/// Writes a decisions file with every open question, its answers as comments, below what is decided already.
///
/// A file that is there is replaced only where nothing is lost: it is the one that `--decisions` names, or decides
/// nothing.
pub(in crate::cli) fn write_skeleton(
    plan: &Plan,
    path: &Path,
    target: &TargetArgs,
    replan: &Replan<'_>,
    console: &Console,
) -> Result<(), Failure> {
    if is_json(path, None) {
        return Err(
            Failure::usage("open questions are comments, and JSON has none")
                .and_nothing_written()
                .hint("name a file that ends with .yaml"),
        );
    }
    let given = target.decisions.as_deref();
    let decided = settings::decisions(target)?;
    let earlier = match (given, &decided) {
        (Some(given), Some(_)) => Some(settings::decisions_in(given)?.1),
        _ => None,
    };
    let is_given = decided.is_some() && given == Some(path);
    let is_there =
        files::is_there(path).map_err(|error| file_failure("the decisions", path, error))?;
    let there = if is_there && !is_given {
        Some(replaceable(path, KEEP)?)
    } else {
        None
    };
    let document = decided.unwrap_or_else(|| DecisionsFile {
        clusters: there
            .as_ref()
            .map(|(document, _)| document.clusters.clone())
            .unwrap_or_default(),
        ..DecisionsFile::default()
    });
    let earlier = earlier.or(there.map(|(_, text)| text));
    let open: Vec<_> = questions(plan)
        .into_iter()
        .map(|question| {
            let choices = question.choices(&document, replan);
            (question, choices)
        })
        .collect();
    let text = report::decisions(earlier.as_deref(), &document, &open);
    files::replace(path, text.as_bytes())
        .map_err(|error| file_failure("the decisions", path, error))?;
    let place = path.display();
    console.say(&crate::text::visible(&match open.len() {
        0 => format!("nothing is open; `{place}` holds no question"),
        1 => format!("1 open question is in `{place}`; answer it there and plan with --decisions"),
        count => format!(
            "{count} open questions are in `{place}`; answer them there and plan with --decisions"
        ),
    }));
    Ok(())
}

/// A decisions file that decides nothing; what to do with another one is up to the command.
pub(in crate::cli) fn replaceable(
    path: &Path,
    hint: &str,
) -> Result<(DecisionsFile, String), Failure> {
    let place = path.display();
    let refused = |why: &str| {
        Failure::usage(format!("`{place}` {why}"))
            .and_nothing_written()
            .hint(hint)
    };
    let (text, _) = settings::text(path, "the decisions")?;
    match crate::decisions::read(&text) {
        Ok(document) if document.is_empty() => Ok((document, text)),
        Ok(_) => Err(refused("holds answers already")),
        Err(error) => Err(refused("is there already and is no decisions file").because(error)),
    }
}
