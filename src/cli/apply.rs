//! `apply`: makes the plan real.

use std::process::ExitCode;

use super::args::{ApplyArgs, Format, OutputArgs, RunArgs};
use super::output::Console;
use super::progress::Display;
use super::settings::{self, CLOCK};
use super::{exit, signals};
use crate::choices::Choices;
use crate::error::Failure;
use crate::journal::RunEnd;
use crate::migration::{self, Applied, ApplyOptions};
use crate::plan::document::Plan;
use crate::plan::{Stage, file};
use crate::report;

pub(super) async fn run(args: ApplyArgs, console: &Console) -> Result<ExitCode, Failure> {
    let target = settings::target(&args.target)?;
    let options = options(&args)?;
    let stop = signals::listen()?;
    let display = Display::new(args.run.progress, console);
    let confirm = |plan: &Plan| confirm(plan, &args, console);
    let applied = Box::pin(migration::apply(
        &target, &options, &display, &stop, CLOCK, confirm,
    ))
    .await;
    display.finish();
    let applied = match (applied, stop.signal()) {
        (Err(failure), Some(signal)) => {
            console.error(&failure);
            console.say(&resume());
            return Ok(exit::signal(signal));
        }
        (applied, _) => applied?,
    };
    print(&applied, &args.output, console)?;
    if applied.end != RunEnd::Complete {
        console.say(&resume());
    }
    // A signal that came when all was done already stopped nothing.
    match stop.signal() {
        Some(signal) if applied.end == RunEnd::Interrupted => Ok(exit::signal(signal)),
        _ => Ok(code(&applied).into()),
    }
}

pub(super) fn code(applied: &Applied) -> exit::Code {
    match applied.end {
        RunEnd::Incomplete | RunEnd::Interrupted => exit::INCOMPLETE,
        RunEnd::Complete if exit::needs_decision(&applied.plan) => exit::BLOCKED,
        RunEnd::Complete => exit::DONE,
    }
}

/// The command line of this process, to be pasted into a shell.
fn resume() -> String {
    let words: Vec<String> = std::env::args_os()
        .map(|word| crate::text::shell_word(&crate::text::visible(&word.to_string_lossy())))
        .collect();
    format!("to go on: {}", words.join(" "))
}

fn options(args: &ApplyArgs) -> Result<ApplyOptions, Failure> {
    let saved = match &args.plan {
        Some(path) => {
            let (text, place) = settings::text(path, "the plan")?;
            let plan = file::read(&text).map_err(|error| {
                Failure::new(format!("failed to read the plan from {place}"))
                    .because(error)
                    .hint("make one with `plan --cluster NAME --out FILE`")
            })?;
            Some(plan)
        }
        None => None,
    };
    let RunArgs {
        concurrency,
        max_rate,
        timeout,
        journal,
        fail_fast,
        ..
    } = args.run.clone();
    let state_folder = match (&journal, settings::state_folder()) {
        (_, Ok(folder)) => folder,
        (Some(_), Err(_)) => std::path::PathBuf::new(),
        (None, Err(failure)) => return Err(failure),
    };
    Ok(ApplyOptions {
        choices: Choices {
            bind_renamed: args.apply_rbac,
            ..settings::choices(&args.choices)
        },
        saved,
        enable_access_entries: args.enable_access_entries,
        journal,
        state_folder,
        holder: settings::holder(),
        concurrency: usize::from(concurrency),
        max_rate,
        fail_fast,
        timeout,
        canary: args.canary,
        allow_self_lockout: args.allow_self_lockout,
    })
}

/// Shows the plan and asks; the one-way switch is spelled out.
fn confirm(plan: &Plan, args: &ApplyArgs, console: &Console) -> Result<(), Failure> {
    let lockout = migration::apply::refuse_lockout(plan, args.allow_self_lockout);
    if args.yes {
        return lockout;
    }
    console.show(plan);
    let cluster = &plan.cluster;
    let known = |text: &Option<String>| {
        crate::text::visible(text.as_deref().unwrap_or("unknown")).into_owned()
    };
    let switch = if plan
        .actions
        .iter()
        .any(|action| action.stage == Stage::Cluster)
    {
        " The cluster is switched to API_AND_CONFIG_MAP first, which can't be undone."
    } else {
        ""
    };
    let lockout = if lockout.is_err() {
        " You lose the cluster-admin that you have today (AAM605)."
    } else {
        ""
    };
    let question = format!(
        "Apply {} actions to the cluster {} in {}, account {}?{switch}{lockout}",
        plan.actions.len(),
        known(&cluster.name),
        known(&cluster.region),
        known(&cluster.account_id),
    );
    match console.ask(&question) {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new(
            "nothing was written: the answer was not \"yes\"",
        )),
        None => Err(
            Failure::usage("nothing was written: there is no terminal to ask at")
                .hint("look at the plan with `plan`, then add --yes"),
        ),
    }
}

/// What was done, in the form that was asked for.
pub(super) fn print(
    applied: &Applied,
    args: &OutputArgs,
    console: &Console,
) -> Result<(), Failure> {
    let text = match args.output {
        Format::Json => report::applied_json(applied),
        Format::Yaml => report::applied_yaml(applied),
        _ => report::applied_text(applied),
    };
    if args.output != Format::Table || !console.is_quiet() {
        console.data(&text)?;
    }
    if let Some(path) = &args.out_report {
        crate::files::replace(path, text.as_bytes())
            .map_err(|error| super::output::file_failure("the report", path, error))?;
    }
    Ok(())
}
