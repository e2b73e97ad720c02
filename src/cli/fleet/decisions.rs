//! The skeleton of a decisions file for a whole fleet: each question once, with the clusters that ask it.

use std::fmt::Write;
use std::path::Path;

use crate::cli::output::{Console, file_failure};
use crate::decisions::SCHEMA;
use crate::error::Failure;
use crate::fleet::{FleetQuestion, Report};
use crate::text::visible;

/// Writes it.
pub(super) fn write(report: &Report, path: &Path, console: &Console) -> Result<(), Failure> {
    let open: Vec<&FleetQuestion> = report.questions.iter().collect();
    let open: Vec<&FleetQuestion> = open
        .into_iter()
        .filter(|question| !question.answers.is_empty())
        .collect();
    crate::files::replace(path, skeleton(&open).as_bytes())
        .map_err(|error| file_failure("the decisions", path, error))?;
    console.say(&match open.len() {
        1 => {
            "1 open question is written; answer it in the file and plan with --decisions".to_owned()
        }
        count => format!(
            "{count} open questions are written; answer them in the file and plan with --decisions"
        ),
    });
    Ok(())
}

fn skeleton(open: &[&FleetQuestion]) -> String {
    let quoted = |text: &str| serde_json::Value::from(visible(text).as_ref()).to_string();
    let mut text = format!("schema: {SCHEMA}\n");
    if open.is_empty() {
        text.push_str("principals: []\n");
        return text;
    }
    text.push_str("principals:\n");
    for question in open {
        let clusters = question.clusters.len();
        let plural = if clusters == 1 { "cluster" } else { "clusters" };
        let _ = writeln!(text, "  # {}", visible(&question.message));
        let _ = writeln!(
            text,
            "  # {clusters} {plural}: {}",
            visible(&question.clusters.join(", "))
        );
        let principal = question.principal.as_deref().unwrap_or_default();
        let _ = writeln!(text, "  # - principal: {}", quoted(principal));
        for choice in &question.answers {
            let _ = writeln!(
                text,
                "  #   do: {}  # {}",
                choice.what.as_str(),
                choice.consequence
            );
            let accept = choice.accept.as_ref();
            let accept = accept.and_then(|accept| serde_json::to_string(accept).ok());
            if let Some(accept) = accept {
                let _ = writeln!(text, "  #   accept: {}", visible(&accept));
            }
        }
    }
    text
}
