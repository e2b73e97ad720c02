//! `plan`: shows what would be done and why.

use std::path::Path;
use std::process::ExitCode;

use super::args::PlanArgs;
use super::output::{Console, file_failure};
use super::settings::{self, CLOCK};
use super::{decide, exit};
use crate::choices::Choices;
use crate::decisions::DecisionsFile;
use crate::error::Failure;
use crate::finding::Severity;
use crate::migration::{self, Survey};
use crate::plan::{Plan, file};
use crate::reader::draw;
use crate::report::{self, Format};
use crate::text::{shell_word, visible};

pub(super) async fn run(args: PlanArgs, console: &Console) -> Result<ExitCode, Failure> {
    let mut target = settings::target(&args.target, args.history.journal.as_deref())?;
    // Which groups equal an access policy is among the answers.
    target.read_roles |= args.write_decisions.is_some();
    console.watch(&mut target);
    let choices = settings::choices(&args.choices, &args.target)?;
    let choices = bound(choices, args.emit_rbac.is_some())?;
    let seen = settings::survey(&target, args.limit.timeout).await?;
    let history = settings::history(&seen, &args.history)?;
    let now = (CLOCK.now)();
    let plan = migration::apply::plan(&seen, &choices, &history, now);
    plan.decisions_fit()
        .map_err(|misfits| migration::apply::misfit(&misfits))?;
    if let Some(path) = &args.write_decisions {
        let chosen = settings::chosen(&args.choices)?;
        let replan = |document: &DecisionsFile| {
            let mut choices = chosen.clone().with_decisions(document);
            choices.bind_renamed |= args.emit_rbac.is_some();
            migration::apply::plan(&seen, &choices, &history, now)
        };
        decide::write_skeleton(&plan, path, &args.target, &replan, console)?;
    }
    if let Some(path) = &args.out {
        crate::files::replace(path, file::write(&plan).as_bytes())
            .map_err(|error| file_failure("the plan", path, error))?;
        console.say(&if plan.cluster.arn.is_some() {
            format!(
                "the plan is saved; to apply it: {}",
                plan.command_for_saved(path)
            )
        } else {
            "the plan is saved for review and export; `apply` does not accept it, because it was made offline".to_owned()
        });
    }
    if let Some(path) = &args.emit_rbac {
        emit_rbac(&seen, &plan, path, console)?;
    }
    let drawn = match args.output.output {
        Format::Table => drawn(&seen),
        _ => String::new(),
    };
    // What the plan was made from takes as much room as the plan.
    drop(seen);
    console.report(&plan, &args.output, &drawn)?;
    let code = if args.detailed_exitcode {
        exit::detailed(&plan)
    } else {
        exit::DONE
    };
    Ok(code.into())
}

/// The choices with the bindings for new names, where they are asked for.
pub(super) fn bound(choices: Choices, asked: bool) -> Result<Choices, Failure> {
    if asked && choices.rename_groups.is_empty() && choices.rename_users.is_empty() {
        return Err(Failure::usage(
            "--emit-rbac writes bindings for new names, and nothing is renamed",
        )
        .hint(
            "rename a group with --rename-group OLD=NEW, or a group or user in the decisions file",
        ));
    }
    Ok(Choices {
        bind_renamed: asked || choices.bind_renamed,
        ..choices
    })
}

/// Writes the bindings that new names need.
pub(super) fn emit_rbac(
    seen: &Survey,
    plan: &Plan,
    path: &Path,
    console: &Console,
) -> Result<(), Failure> {
    let bindings = migration::bindings::wanted(seen, &plan.choices, plan)?;
    crate::files::replace(path, report::manifest(&bindings).as_bytes())
        .map_err(|error| file_failure("the bindings", path, error))?;
    let make = |what: &str| {
        let path = shell_word(&visible(&path.display().to_string()));
        format!("{what}; create them before the entries: kubectl apply -f {path}")
    };
    console.say(&match bindings.len() {
        0 => "no binding is needed; the file is empty".to_owned(),
        1 => make("1 binding is written"),
        count => make(&format!("{count} bindings are written")),
    });
    Ok(())
}

/// What the reader found in the text of `aws-auth`, drawn under its lines; mere information is left out.
fn drawn(seen: &Survey) -> String {
    let Some(aws_auth) = &seen.aws_auth else {
        return String::new();
    };
    let placed: Vec<_> = seen
        .reading
        .diagnostics
        .iter()
        .filter(|found| found.place.is_some() && found.finding.severity >= Severity::Warning)
        .cloned()
        .collect();
    draw::all(&aws_auth.text(), &placed)
}
