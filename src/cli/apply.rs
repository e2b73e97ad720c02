//! `apply`: makes the plan real.

use std::process::ExitCode;

use super::args::{ApplyArgs, OutputArgs, RunArgs, TargetArgs};
use super::exit;
use super::output::{self, Console};
use super::settings::{self, CLOCK};
use super::writing::{FinishedRun, ForRecord, Writing, Written};
use crate::choices::Choices;
use crate::error::Failure;
use crate::journal::RunEnd;
use crate::migration::{self, Applied, ApplyOptions, Consent, Question};
use crate::model::BindingId;
use crate::plan::document::Plan;
use crate::plan::{Stage, file};
use crate::report::{self, CommandResult, Format};
use crate::text::visible;

pub(super) async fn run(args: ApplyArgs, console: &Console) -> Result<ExitCode, Failure> {
    let options = options(&args)?;
    let target = settings::target(&named(&args, &options), args.run.keep.journal.as_deref())?;
    let writing = Writing::start(target, args.run.show.progress, console)?;
    let Writing {
        target,
        display,
        stop,
        ..
    } = &writing;
    let confirm = |question: Question<'_>| confirm(question, &args, display.is_json(), console);
    let applied = Box::pin(migration::apply(
        target, &options, display, stop, CLOCK, confirm,
    ))
    .await;
    let given = ForRecord {
        output: &args.output,
        journal: args.run.keep.journal.as_deref(),
        choices: &options.choices,
    };
    Box::pin(writing.finish(applied, given)).await
}

impl Written for Applied {
    fn print(&self, args: &OutputArgs, console: &Console) -> Result<(), Failure> {
        if args.output == Format::Table && console.is_quiet() {
            return Ok(());
        }
        console.printed(args, |format, shown| report::applied(self, format, shown))
    }

    fn ended(&self) -> FinishedRun<'_> {
        FinishedRun {
            outcome: CommandResult::Applied(self),
            journal: &self.journal,
            run: self.run.as_deref(),
            end: Some(self.end),
        }
    }

    fn code(self) -> Result<exit::Exit, Failure> {
        Ok(match self.end {
            RunEnd::Incomplete | RunEnd::Interrupted => exit::INCOMPLETE,
            RunEnd::Complete if self.plan.needs_decision() => exit::BLOCKED,
            RunEnd::Complete => exit::DONE,
        })
    }
}

/// The choices: those of a saved plan, beside which no others make sense.
fn choices(args: &ApplyArgs, saved: Option<&Plan>) -> Result<Choices, Failure> {
    let Some(plan) = saved else {
        return settings::choices(&args.choices, &args.target);
    };
    let given = settings::chosen(&args.choices)?;
    let made = Choices {
        bind_renamed: false,
        ..plan.choices.clone()
    };
    if given == Choices::default() || given == made {
        Ok(made)
    } else {
        Err(Failure::usage(
            "a saved plan can only be applied with the options that it was made with",
        )
        .hint("save another plan with these options: `plan --out FILE`"))
    }
}

/// What is named; a saved plan names its cluster itself.
fn named(args: &ApplyArgs, options: &ApplyOptions) -> TargetArgs {
    let mut named = args.target.clone();
    if let Some(plan) = &options.saved {
        named.cluster = named.cluster.or_else(|| plan.cluster.name.clone());
        named.region = named.region.or_else(|| plan.cluster.region.clone());
    }
    named
}

fn options(args: &ApplyArgs) -> Result<ApplyOptions, Failure> {
    let saved = match &args.plan {
        Some(path) => {
            let (text, place) = settings::text(path, "the plan")?;
            let plan = file::read(&text).map_err(|error| {
                Failure::new(format!("failed to read the plan from {place}"))
                    .because(error)
                    .hint("create one with `plan --cluster NAME --out FILE`")
            })?;
            Some(plan)
        }
        None => None,
    };
    let RunArgs {
        concurrency,
        max_rate,
        timeout,
        keep,
        fail_fast,
        ..
    } = args.run.clone();
    let journal = settings::journal_place(keep.journal)?;
    let choices = choices(args, saved.as_ref())?;
    if args.apply_rbac && choices.rename_groups.is_empty() && choices.rename_users.is_empty() {
        return Err(Failure::usage(
            "--apply-rbac creates bindings for new names, and nothing is renamed",
        )
        .hint(
            "rename a group with --rename-group OLD=NEW, or a group or user in the decisions file",
        ));
    }
    let decided = args.plan.is_none() && choices.bind_renamed;
    let choices = Choices {
        bind_renamed: args.apply_rbac || decided,
        ..choices
    };
    Ok(ApplyOptions {
        choices,
        saved,
        // The question says that the switch can't be undone.
        enable_access_entries: args.enable_access_entries
            || (!args.consent.yes && Console::can_ask()),
        journal,
        concurrency: usize::from(concurrency),
        max_rate,
        fail_fast,
        timeout,
        canary: args.canary,
        allow_self_lockout: args.allow_self_lockout,
        shared_decisions: false,
    })
}

/// Shows what is about to be done and asks; with --yes it says where at least.
fn confirm(
    question: Question<'_>,
    args: &ApplyArgs,
    is_json: bool,
    console: &Console,
) -> Result<Consent, Failure> {
    let words = match question {
        Question::Plan { plan, bindings } => {
            let lockout = migration::apply::refuse_lockout(plan, args.allow_self_lockout);
            if args.consent.yes {
                lockout?;
            } else {
                console.show(plan);
                show_bindings(bindings, console);
            }
            about_plan(plan, bindings.len(), args)
        }
        Question::Owed { cluster, actions } => {
            console.wrapped(
                "An earlier run was stopped after it created your own access entry and before it associated the policy. \
                 The entry overrides your mapping, so aws-auth can't be read until it is completed.",
            );
            let cluster = output::placed([&cluster.name, &cluster.region, &cluster.account_id]);
            ("Complete", actions.len(), cluster, String::new())
        }
    };
    let (verb, count, cluster, more) = words;
    let actions = if count == 1 { "action" } else { "actions" };
    if args.consent.yes {
        // The `started` event says the same.
        if !is_json {
            console.say(&format!("{verb}: {count} {actions} on {cluster}"));
        }
        return Ok(Consent::Given);
    }
    console.consent(
        &format!("{verb} {count} {actions} on {cluster}?{more}"),
        "plan",
    )
}

/// The plan in a question: the verb, how many actions, where, and what can't be undone.
fn about_plan(
    plan: &Plan,
    bindings: usize,
    args: &ApplyArgs,
) -> (&'static str, usize, String, String) {
    let place = output::place(plan);
    let mut more = String::new();
    if bindings > 0 {
        more.push_str(&match bindings {
            1 => " The binding above is created first.".to_owned(),
            _ => format!(" The {bindings} bindings above are created first."),
        });
    }
    let switches = |action: &crate::plan::Action| action.stage == Stage::Cluster;
    if plan.actions.iter().any(switches) {
        more.push_str(
            " The cluster is switched to the mode API_AND_CONFIG_MAP first, which can't be undone.",
        );
    }
    if migration::apply::refuse_lockout(plan, args.allow_self_lockout).is_err() {
        more.push_str(" You lose your cluster-admin access (AAM605).");
    }
    ("Apply", plan.actions.len(), place, more)
}

fn show_bindings(bindings: &[serde_json::Value], console: &Console) {
    for object in bindings {
        let role = object
            .pointer("/roleRef/name")
            .and_then(|name| name.as_str());
        console.say(&format!(
            "+ {} gives {}",
            visible(&BindingId::of(object).to_string()),
            visible(role.unwrap_or_default())
        ));
    }
}
