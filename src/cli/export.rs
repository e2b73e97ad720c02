//! `export`: writes the plan in the language of another tool.

use std::process::ExitCode;

use super::args::{ExportArgs, ExportFor, ExportFormat};
use super::exit;
use super::output::{Console, file_failure};
use super::plan::{bound, emit_rbac};
use super::settings::{self, CLOCK};
use crate::error::Failure;
use crate::export::Runbook;
use crate::migration;
use crate::plan::{Action, Plan, file};
use crate::rights::{For, Needs};
use crate::text::visible;
use crate::{export, files};

pub(super) async fn run(args: ExportArgs, console: &Console) -> Result<ExitCode, Failure> {
    refuse_strange_options(&args)?;
    let text = match args.format {
        // But for the bindings of a cluster, these rights depend on no plan.
        ExportFormat::Rbac => rbac(&args).await?,
        ExportFormat::FleetRunbook => super::fleet::runbook(&args)?,
        format => render(format, &args, &planned(&args, console).await?)?,
    };
    match &args.out {
        Some(path) => files::replace(path, text.as_bytes())
            .map_err(|error| file_failure("the export", path, error))?,
        None => console.data(&text)?,
    }
    Ok(exit::DONE.into())
}

fn refuse_strange_options(args: &ExportArgs) -> Result<(), Failure> {
    let format = args.format;
    let permissions = matches!(format, ExportFormat::IamPolicy | ExportFormat::Rbac);
    let contained = matches!(
        format,
        ExportFormat::KubernetesJob | ExportFormat::GithubActions | ExportFormat::FleetRunbook
    );
    let of_fleet = format == ExportFormat::FleetRunbook;
    let strange = [
        ("--module", args.module, format == ExportFormat::Terraform),
        ("--json", args.json, format == ExportFormat::Cloudformation),
        ("--for", args.command.is_some(), permissions),
        ("--image", args.image.is_some(), contained),
        ("--role-arn", args.role_arn.is_some(), contained),
        ("ENGINE", args.engine.is_some(), of_fleet),
        ("--fleet", args.fleet.is_some(), of_fleet),
        ("--shards", args.shards.is_some(), of_fleet),
        ("--state", args.state.is_some(), of_fleet),
        ("--cluster", args.target.cluster.is_some(), !of_fleet),
        ("--plan", args.plan.is_some(), !of_fleet),
        (
            "--plan-role-arn",
            args.plan_role_arn.is_some(),
            format == ExportFormat::GithubActions,
        ),
        (
            "--trust-github",
            args.trust_github.is_some(),
            format == ExportFormat::IamPolicy,
        ),
        (
            "--emit-rbac",
            args.emit_rbac.is_some(),
            !matches!(format, ExportFormat::Rbac | ExportFormat::FleetRunbook),
        ),
        // A runbook carries options, but no files.
        (
            "--principals",
            args.target.principals.is_some(),
            !is_runbook(format),
        ),
        (
            "--decisions",
            args.target.decisions.is_some(),
            !is_runbook(format),
        ),
    ];
    match strange.iter().find(|(_, given, fits)| *given && !fits) {
        Some((option, ..)) => Err(Failure::usage(format!(
            "the option `{option}` does not apply to this format"
        ))
        .hint("`--module` goes with terraform, `--json` with cloudformation, `--for` with iam-policy and rbac, `--image` and \
             `--role-arn` with kubernetes-job, github-actions and fleet-runbook, `--plan-role-arn` with github-actions, \
             `--trust-github` with iam-policy, an engine, `--fleet` and `--shards` with fleet-runbook, which takes no `--cluster` \
             and no `--plan`, `--emit-rbac` with all but rbac and fleet-runbook; runbooks take `--lookup-role` instead of `--principals`")),
        None => Ok(()),
    }
}

fn is_runbook(format: ExportFormat) -> bool {
    matches!(
        format,
        ExportFormat::SsmAutomation | ExportFormat::KubernetesJob | ExportFormat::GithubActions
    )
}

/// What a runbook says of the tool's options: the choices of the plan itself, saved or not.
fn runbook(args: &ExportArgs, plan: &Plan) -> Result<Runbook, Failure> {
    let options = export::options(plan);
    let options = options.map_err(|option| {
        Failure::usage(format!(
            "the option `{}` has hidden characters, which a runbook can't contain",
            visible(&option.to_string())
        ))
        .hint("exclude the mapping with --exclude, and decide about it by hand")
    })?;
    Ok(Runbook {
        image: args.image.clone(),
        role_arn: args.role_arn.clone(),
        plan_role_arn: args.plan_role_arn.clone(),
        options,
    })
}

/// A plan with what a rollback would undo, where that is known.
struct PlanToExport {
    plan: Plan,
    undoing: Vec<Action>,
}

async fn planned(args: &ExportArgs, console: &Console) -> Result<PlanToExport, Failure> {
    if let Some(path) = &args.plan {
        let (text, place) = settings::text(path, "the plan")?;
        let plan = file::read_any(&text).map_err(|error| {
            Failure::new(format!("failed to read the plan from {place}"))
                .because(error)
                .hint("create the file with `plan --out FILE`")
        })?;
        let undoing = Vec::new();
        return Ok(PlanToExport { plan, undoing });
    }
    let mut target = settings::target(&args.target, None)?;
    console.watch(&mut target);
    let choices = settings::choices(&args.choices, &args.target)?;
    let choices = bound(choices, args.emit_rbac.is_some())?;
    let seen = settings::survey(&target, args.limit.timeout).await?;
    let history = migration::journal_path::history(&seen, None, settings::state_folder)?;
    let plan = migration::apply::plan(&seen, &choices, &history, (CLOCK.now)());
    plan.decisions_fit()
        .map_err(|misfits| migration::apply::misfit(&misfits))?;
    if let Some(path) = &args.emit_rbac {
        emit_rbac(&seen, &plan, path, console)?;
    }
    Ok(PlanToExport {
        plan,
        undoing: migration::rollback::calls(&seen, &history),
    })
}

/// The roles of a command, with the bindings that it makes or deletes where a cluster is named.
async fn rbac(args: &ExportArgs) -> Result<String, Failure> {
    let (command, named) = (command(args), &args.target);
    let has_bindings = matches!(command, For::Apply | For::Rollback);
    let is_named = named.cluster.is_some() || named.kubeconfig.is_some() || named.context.is_some();
    if !has_bindings || !is_named || args.plan.is_some() {
        return Ok(export::rbac(command, &[]));
    }
    let target = settings::target(named, None)?;
    let seen = migration::survey(&target, CLOCK.system).await?;
    let history = migration::journal_path::history(&seen, None, settings::state_folder)?;
    let choices = settings::choices(&args.choices, &args.target)?
        .or_as_before(history.last_choices().as_ref());
    let bindings = migration::bindings::touched(&seen, &choices, &history, command, (CLOCK.now)());
    Ok(export::rbac(command, &bindings))
}

fn render(
    format: ExportFormat,
    args: &ExportArgs,
    planned: &PlanToExport,
) -> Result<String, Failure> {
    let plan = &planned.plan;
    let text = match format {
        ExportFormat::Terraform if args.module => export::terraform_module(plan),
        ExportFormat::Terraform => export::terraform(plan),
        ExportFormat::Cloudformation if args.json => export::cloudformation_json(plan),
        ExportFormat::Cloudformation => export::cloudformation(plan),
        ExportFormat::Eksctl => export::eksctl(plan),
        ExportFormat::Ack => export::ack(plan),
        ExportFormat::Cdk => export::cdk(plan),
        ExportFormat::Pulumi => export::pulumi(plan),
        ExportFormat::AwsCli => export::aws_cli(plan),
        ExportFormat::IamPolicy if args.trust_github.is_some() => trust(args, plan)?,
        ExportFormat::IamPolicy => export::iam_policy(&Needs {
            undoing: &planned.undoing,
            lookup_roles: &export::lookup_roles(plan),
            ..Needs::of(plan, command(args))
        }),
        ExportFormat::Rbac => export::rbac(command(args), &[]),
        ExportFormat::FleetRunbook => unreachable!("it is made from a fleet, not from a plan"),
        ExportFormat::SsmAutomation => export::ssm_automation(plan, &runbook(args, plan)?),
        ExportFormat::KubernetesJob => export::kubernetes_job(plan, &runbook(args, plan)?),
        ExportFormat::GithubActions => export::github_actions(plan, &runbook(args, plan)?),
    };
    Ok(text)
}

/// Who may assume the role of a GitHub workflow.
fn trust(args: &ExportArgs, plan: &Plan) -> Result<String, Failure> {
    let repository = args.trust_github.as_deref().unwrap_or_default();
    export::trust_policy(plan, command(args), repository).ok_or_else(|| {
        Failure::usage("the role's account is unknown")
            .hint("pass the cluster with --cluster, or the account with --account-id")
    })
}

fn command(args: &ExportArgs) -> For {
    args.command.map_or(For::Apply, For::from)
}

impl From<ExportFor> for For {
    fn from(command: ExportFor) -> Self {
        match command {
            ExportFor::Plan => Self::Plan,
            ExportFor::Apply => Self::Apply,
            ExportFor::Cutover => Self::Cutover,
            ExportFor::Rollback => Self::Rollback,
        }
    }
}
