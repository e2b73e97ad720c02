//! `export`: writes the plan in the language of another tool.

use std::process::ExitCode;

use super::args::{ExportArgs, ExportFor, ExportFormat};
use super::exit;
use super::output::{Console, file_failure};
use super::settings::{self, CLOCK};
use crate::error::Failure;
use crate::migration;
use crate::plan::{Plan, file};
use crate::{export, files};

pub(super) async fn run(args: ExportArgs, console: &Console) -> Result<ExitCode, Failure> {
    refuse_strange_options(&args)?;
    let text = match args.format {
        // These rights depend on no plan.
        ExportFormat::Rbac => export::rbac(),
        format => render(format, &args, &plan(&args).await?),
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
    let strange = [
        ("--module", args.module, format == ExportFormat::Terraform),
        ("--json", args.json, format == ExportFormat::Cloudformation),
        ("--for", args.command.is_some(), permissions),
    ];
    match strange.iter().find(|(_, given, fits)| *given && !fits) {
        Some((option, ..)) => Err(Failure::usage(format!(
            "the option `{option}` is for another format"
        ))
        .hint("`--module` goes with terraform, `--json` with cloudformation, `--for` with iam-policy and rbac")),
        None => Ok(()),
    }
}

async fn plan(args: &ExportArgs) -> Result<Plan, Failure> {
    if let Some(path) = &args.plan {
        let (text, place) = settings::text(path, "the plan")?;
        return file::read_any(&text).map_err(|error| {
            Failure::new(format!("failed to read the plan from {place}"))
                .because(error)
                .hint("`plan --out FILE` writes the file that is wanted")
        });
    }
    let target = settings::target(&args.target)?;
    let choices = settings::choices(&args.choices);
    let seen = migration::survey(&target, (CLOCK.system)()).await?;
    let history = migration::apply::history(&seen, None, settings::state_folder)?;
    Ok(migration::apply::plan(
        &seen,
        &choices,
        &history,
        (CLOCK.now)(),
    ))
}

fn render(format: ExportFormat, args: &ExportArgs, plan: &Plan) -> String {
    match format {
        ExportFormat::Terraform if args.module => export::terraform_module(plan),
        ExportFormat::Terraform => export::terraform(plan),
        ExportFormat::Cloudformation if args.json => export::cloudformation_json(plan),
        ExportFormat::Cloudformation => export::cloudformation(plan),
        ExportFormat::Eksctl => export::eksctl(plan),
        ExportFormat::Ack => export::ack(plan),
        ExportFormat::AwsCli => export::aws_cli(plan),
        ExportFormat::IamPolicy => export::iam_policy(
            plan,
            match args.command {
                Some(ExportFor::Plan) => export::For::Plan,
                Some(ExportFor::Apply) | None => export::For::Apply,
            },
        ),
        ExportFormat::Rbac => export::rbac(),
    }
}
