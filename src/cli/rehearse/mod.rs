//! `rehearse`: the whole migration against a sandbox on this machine.

mod stages;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use super::args::{ProgressStyle, RehearseArgs};
use super::output::{Console, file_failure};
use super::progress::Display;
use super::settings::{self, CLOCK};
use super::{exit, signals};
use crate::aws::{AwsSettings, SandboxEndpoint};
use crate::error::Failure;
use crate::journal::RunEnd;
use crate::migration::rehearse::Beside;
use crate::migration::survey::Target;
use crate::migration::{self, ApplyOptions, Consent, JournalPlace, Question, rehearse};
use crate::model::{Arn, PrincipalKey};
use crate::observed::Lookup;
use crate::report::{self, Format, TableOptions};
use crate::sandbox::{Sandbox, Seed};
use crate::source::manifest;
use crate::stop::Stop;
use crate::text::visible;
use stages::Stages;

/// The sample that is rehearsed where no file is named.
const SAMPLE: &str = include_str!("../../../testdata/rehearsal/aws-auth.yaml");
const SAMPLE_RBAC: &str = include_str!("../../../testdata/rehearsal/rbac.yaml");

pub(super) async fn run(args: RehearseArgs, console: &Console) -> Result<ExitCode, Failure> {
    let (seed, principals) = Box::pin(seed(&args)).await?;
    let cluster = seed.cluster.name.clone();
    let sandbox = Sandbox::start(seed)
        .await
        .map_err(|error| Failure::new("failed to start the sandbox").because(error))?;
    let target = Target {
        principals,
        ..target(&sandbox, cluster)
    };
    let stop = signals::listen(args.show.progress == ProgressStyle::Json)?;
    // The sandbox's folder is to be taken away in any case.
    stop.begin_writing();
    let code = if args.seed_only {
        exit::DONE
    } else {
        Box::pin(migrate(&args, &target, &stop, console)).await?
    };
    if args.keep {
        let cluster = target.cluster.as_deref().unwrap_or_default();
        keep(&args, (&sandbox, cluster), &stop, console).await?;
    }
    Ok(code.into())
}

/// What the sandbox begins with, and the real ARNs of principals that it can't be asked for.
async fn seed(args: &RehearseArgs) -> Result<(Seed, BTreeMap<PrincipalKey, Arn>), Failure> {
    let named = &args.target;
    if named.cluster.is_some() || named.kubeconfig.is_some() || named.context.is_some() {
        return Box::pin(seed_as_seen(&settings::target(named, None)?)).await;
    }
    let rbac = match (&named.rbac_file, &named.from_file) {
        (Some(path), _) => settings::text(path, "RBAC objects")?.0,
        (None, Some(_)) => String::new(),
        (None, None) => SAMPLE_RBAC.to_owned(),
    };
    let objects = rehearse::objects(&rbac)
        .map_err(|error| Failure::new("failed to read RBAC objects").because(error))?;
    let aws_auth = match &named.from_file {
        Some(path) => settings::config_map(path)?.aws_auth,
        None => manifest::parse(SAMPLE)
            .map_err(|error| Failure::from(("the sample".to_owned(), error)))?,
    };
    let target = settings::assumed(named)?;
    let seed = rehearse::invent(&aws_auth, objects, &target);
    Ok((seed, target.principals))
}

/// Looks at the real cluster, which is only read.
async fn seed_as_seen(target: &Target) -> Result<(Seed, BTreeMap<PrincipalKey, Arn>), Failure> {
    let seen = migration::survey(target, CLOCK.system).await?;
    let mut beside = Beside::default();
    if let Some(kubernetes) = &seen.kubernetes {
        // Nice to have: a rehearsal goes without either.
        beside.stored = kubernetes.stored().await.unwrap_or_default();
        beside.nodes = kubernetes.nodes().await.unwrap_or_default();
    }
    let found = seen.observed.principals.iter();
    let found = found.filter_map(|(key, lookup)| match lookup {
        Lookup::Found { arn, .. } => Some((key.clone(), arn.clone())),
        _ => None,
    });
    let home = seen.observed.cluster.account_id.as_deref();
    let elsewhere = found.filter(|(key, _)| Some(key.account.as_str()) != home);
    Ok((rehearse::as_seen(&seen, &beside), elsewhere.collect()))
}

/// Plans, applies, and verifies by looking again.
async fn migrate(
    args: &RehearseArgs,
    target: &Target,
    stop: &Stop,
    console: &Console,
) -> Result<exit::Exit, Failure> {
    let state = tempfile::tempdir()
        .map_err(|error| Failure::new("failed to make a temporary folder").because(error))?;
    let choices = settings::choices(&args.choices, &args.target)?;
    let display = display(args, console);
    let options = ApplyOptions {
        choices: choices.clone(),
        saved: None,
        enable_access_entries: true,
        journal: JournalPlace {
            named: Some(state.path().join("rehearsal.jsonl")),
            folder: state.path().to_owned(),
            holder: settings::holder(),
        },
        concurrency: 8,
        // Slow enough to be watched.
        max_rate: display.is_watched().then_some(6.0),
        fail_fast: false,
        timeout: None,
        canary: None,
        allow_self_lockout: true,
        shared_decisions: false,
    };
    heading(console, "Plan")?;
    let show = |question: Question<'_>| {
        let Question::Plan { plan, .. } = question else {
            return Ok(Consent::Given);
        };
        console.data(&report::table(
            plan,
            TableOptions {
                width: console.width(),
                color: console.colored(),
                details: false,
            },
        ))?;
        heading(console, "Apply")?;
        Ok(Consent::Given)
    };
    let applied = Box::pin(migration::apply(
        target, &options, &display, stop, CLOCK, show,
    ))
    .await;
    display.finish();
    let applied = applied?;
    console.page(|shown| report::applied(&applied, Format::Table, shown))?;

    heading(console, "Verify")?;
    let seen = migration::survey(target, CLOCK.system).await?;
    let history =
        migration::journal_path::history(&seen, Some(&applied.journal), settings::state_folder)?;
    let after = migration::apply::plan_to_judge(&seen, &choices, &history, (CLOCK.now)());
    console.page(|shown| report::rehearsed(&after, shown))?;
    let stages = Stages {
        args,
        target,
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
        args.show.progress
    };
    Display::new(style, console)
}

fn heading(console: &Console, title: &str) -> Result<(), Failure> {
    console.data(&format!("\n== {title}\n\n"))
}

fn target(sandbox: &Sandbox, cluster: String) -> Target {
    let variables = sandbox.environment();
    let mut regions = variables.iter().filter(|(name, _)| *name == "AWS_REGION");
    let region = regions.next().map(|(_, region)| region.clone());
    Target {
        aws: AwsSettings {
            region,
            endpoint: Some(SandboxEndpoint::of(&variables)),
            ..AwsSettings::default()
        },
        cluster: Some(cluster),
        ..Target::default()
    }
}

/// Prints how to reach the sandbox, and leaves it running until a signal comes.
async fn keep(
    args: &RehearseArgs,
    (sandbox, cluster): (&Sandbox, &str),
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
    // A shell in another folder has to find it, too.
    let path = std::path::absolute(&path).unwrap_or(path);
    console.data(&environment(sandbox, &path))?;
    console.say(&format!(
        "the sandbox is running with the cluster `{}`; press Ctrl-C to stop it",
        visible(cluster)
    ));
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
