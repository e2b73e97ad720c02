//! `rehearse`: the whole migration against a sandbox on this machine.

mod stages;

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use super::args::{Format, ProgressStyle, RehearseArgs};
use super::output::{Console, file_failure};
use super::progress::Display;
use super::settings::{self, CLOCK};
use super::{exit, signals};
use crate::aws::{AwsSettings, SandboxEndpoint};
use crate::error::Failure;
use crate::journal::RunEnd;
use crate::migration::survey::Target;
use crate::migration::{self, ApplyOptions, Question, rehearse};
use crate::plan::document::{Outcome, Plan, Verdict};
use crate::report::{self, TableOptions};
use crate::sandbox::Sandbox;
use crate::source::manifest;
use crate::stop::Stop;
use crate::text::visible;
use stages::Stages;

/// The sample that is rehearsed where no file is named.
const SAMPLE: &str = include_str!("../../../testdata/rehearsal/aws-auth.yaml");
const SAMPLE_RBAC: &str = include_str!("../../../testdata/rehearsal/rbac.yaml");

pub(super) async fn run(args: RehearseArgs, console: &Console) -> Result<ExitCode, Failure> {
    let aws_auth = match &args.from_file {
        Some(path) => settings::config_map(path)?.aws_auth,
        None => manifest::parse(SAMPLE)
            .map_err(|error| Failure::from(("the sample".to_owned(), error)))?,
    };
    let rbac = match (&args.rbac_file, &args.from_file) {
        (Some(path), _) => settings::text(path, "RBAC objects")?.0,
        (None, Some(_)) => String::new(),
        (None, None) => SAMPLE_RBAC.to_owned(),
    };
    let objects = rehearse::objects(&rbac)
        .map_err(|error| Failure::new("failed to read RBAC objects").because(error))?;
    let sandbox = Sandbox::start(rehearse::seed(&aws_auth, objects))
        .await
        .map_err(|error| Failure::new("failed to start the sandbox").because(error))?;
    let stop = signals::listen()?;
    // The sandbox's folder is to be taken away in any case.
    stop.begin_writing();
    let code = if args.seed_only {
        exit::DONE
    } else {
        Box::pin(migrate(&args, &sandbox, &stop, console)).await?
    };
    if args.keep {
        keep(&args, &sandbox, &stop, console).await?;
    }
    Ok(code.into())
}

/// Plans, applies, and verifies by looking again.
async fn migrate(
    args: &RehearseArgs,
    sandbox: &Sandbox,
    stop: &Stop,
    console: &Console,
) -> Result<exit::Code, Failure> {
    let state = tempfile::tempdir()
        .map_err(|error| Failure::new("failed to make a temporary folder").because(error))?;
    let target = target(sandbox);
    let choices = settings::choices(&args.choices);
    let display = display(args, console);
    let options = ApplyOptions {
        choices: choices.clone(),
        saved: None,
        enable_access_entries: true,
        journal: Some(state.path().join("rehearsal.jsonl")),
        state_folder: state.path().to_owned(),
        holder: settings::holder(),
        concurrency: 8,
        // Slow enough to be watched.
        max_rate: display.is_watched().then_some(6.0),
        fail_fast: false,
        timeout: None,
        canary: None,
        allow_self_lockout: true,
    };
    heading(console, "Plan")?;
    let show = |question: Question<'_>| {
        let Question::Plan { plan, .. } = question else {
            return Ok(());
        };
        console.data(&report::table(
            plan,
            TableOptions {
                width: console.width(),
                color: console.colored(),
                details: false,
            },
        ))?;
        heading(console, "Apply")
    };
    let applied = Box::pin(migration::apply(
        &target, &options, &display, stop, CLOCK, show,
    ))
    .await;
    display.finish();
    let applied = applied?;
    console.text(&report::applied_text(&applied), Format::Table)?;

    heading(console, "Verify")?;
    let seen = migration::survey(&target, CLOCK.system).await?;
    let history = crate::journal::Journal::history(&applied.journal)?;
    let after = migration::apply::plan_to_judge(&seen, &choices, &history, (CLOCK.now)());
    console.text(&verified(&after), Format::Table)?;
    let stages = Stages {
        args,
        target: &target,
        options: &options,
        first: &seen,
        stop,
        console,
    };
    let code = Box::pin(stages.run()).await?;
    // A rehearsal has gone well when it went to its end; what needs a decision is what it is there to show.
    Ok(if applied.end == RunEnd::Complete {
        code
    } else {
        exit::INCOMPLETE
    })
}

fn display(args: &RehearseArgs, console: &Console) -> Display {
    let style = if console.is_quiet() {
        ProgressStyle::None
    } else {
        args.progress
    };
    Display::new(style, console)
}

/// What a second look shows: who has the same access through access entries, and who still depends on `aws-auth`.
fn verified(plan: &Plan) -> String {
    let mut text = String::new();
    for mapping in &plan.mappings {
        let verdict = match (mapping.outcome, mapping.access.verdict) {
            (Outcome::Unchanged, Some(Verdict::Same)) => "same access through its entry",
            (Outcome::Unchanged, Some(Verdict::Renamed)) => "same access, another username",
            (Outcome::Unchanged, Some(Verdict::Lost)) => "LESS access through its entry",
            (Outcome::Unchanged, Some(Verdict::Gained)) => "MORE access through its entry",
            (Outcome::Unchanged, _) => "other access through its entry",
            (Outcome::Inert, _) => "granted nothing, and still does not",
            (Outcome::Blocked, _) => "still depends on aws-auth",
            (Outcome::Conflict, _) => "has an entry that differs",
            (Outcome::Create | Outcome::Update, _) => "still to be done",
            (Outcome::Skipped, _) => "left out",
        };
        let name = format!("{}", mapping.id);
        let _ = writeln!(
            text,
            "{name:<14} {verdict:<36} {}",
            visible(&short(&mapping.arn))
        );
    }
    for account in &plan.accounts {
        let name = format!("{}", account.id);
        let _ = writeln!(
            text,
            "{name:<14} {:<36} {}",
            "still depends on aws-auth",
            visible(&account.account_id)
        );
    }
    text.push('\n');
    text.push_str(&report::sentence(plan));
    text.push('\n');
    text
}

/// The part of an ARN that tells principals apart.
fn short(arn: &str) -> String {
    match arn.parse::<crate::model::Arn>() {
        Ok(arn) => arn.resource,
        Err(_) => arn.to_owned(),
    }
}

fn heading(console: &Console, title: &str) -> Result<(), Failure> {
    console.data(&format!("\n== {title}\n\n"))
}

fn target(sandbox: &Sandbox) -> Target {
    let variables = sandbox.environment();
    let given = |name: &str| {
        variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.clone())
    };
    let value = |name: &str| given(name).unwrap_or_default();
    Target {
        aws: AwsSettings {
            region: Some(value("AWS_REGION")),
            endpoint: Some(SandboxEndpoint {
                url: value("AWS_ENDPOINT_URL"),
                access_key_id: value("AWS_ACCESS_KEY_ID"),
                secret_access_key: value("AWS_SECRET_ACCESS_KEY"),
                session_token: given("AWS_SESSION_TOKEN"),
            }),
            ..AwsSettings::default()
        },
        cluster: Some(rehearse::CLUSTER.to_owned()),
        ..Target::default()
    }
}

/// Prints how to reach the sandbox, and leaves it running until a signal comes.
async fn keep(
    args: &RehearseArgs,
    sandbox: &Sandbox,
    stop: &Stop,
    console: &Console,
) -> Result<(), Failure> {
    let folder = tempfile::Builder::new()
        .prefix("aws-auth-migrate-")
        .tempdir()
        .map_err(|error| Failure::new("failed to make a temporary folder").because(error))?;
    let path = args
        .kubeconfig_out
        .clone()
        .unwrap_or_else(|| folder.path().join("kubeconfig"));
    crate::files::replace(&path, sandbox.kubeconfig().as_bytes())
        .map_err(|error| file_failure("the kubeconfig", &path, error))?;
    console.data(&environment(sandbox, &path))?;
    console.say("the sandbox is running; Ctrl-C ends it");
    while !stop.is_requested() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Ok(())
}

/// The environment as a shell reads it.
fn environment(sandbox: &Sandbox, kubeconfig: &Path) -> String {
    let kubeconfig = ("KUBECONFIG", kubeconfig.display().to_string());
    sandbox.environment().into_iter().chain([kubeconfig]).fold(
        String::new(),
        |mut text, (name, value)| {
            let _ = writeln!(text, "export {name}='{}'", value.replace('\'', r"'\''"));
            text
        },
    )
}
