//! `export fleet-runbook`: a fleet in an engine that schedules its shards.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use super::settings;
use super::source::fleet_file;
use crate::cli::args::{ExportArgs, FleetEngine};
use crate::error::Failure;
use crate::export::fleet::{FleetRunbook, argo, kubernetes_job, step_functions};
use crate::fleet::Fleet;
use crate::text::{is_hidden, visible};

/// The runbook as text.
pub(in crate::cli) fn runbook(args: &ExportArgs) -> Result<String, Failure> {
    let (Some(engine), Some(path), Some(shards)) = (args.engine, &args.fleet, args.shards) else {
        return Err(Failure::usage("fleet-runbook needs an engine and a fleet")
            .hint("such as: export fleet-runbook kubernetes-job --fleet fleet.yaml --shards 16"));
    };
    let fleet = fleet_file(path)?;
    if fleet.shard.is_some() {
        return Err(Failure::usage("the fleet file is already a shard")
            .hint("pass the file of the whole fleet"));
    }
    let options = settings::chosen(&args.choices)?.options();
    let words: Vec<String> = options.iter().map(ToString::to_string).collect();
    if let Some(option) = words.iter().find(|option| option.contains(is_hidden)) {
        return Err(Failure::usage(format!(
            "the option `{}` has hidden characters, which a runbook can't contain",
            visible(option)
        ))
        .hint("write it into the decisions file"));
    }
    let has_braces = |option: &&String| option.contains("{{");
    if engine == FleetEngine::Argo
        && let Some(option) = words.iter().find(has_braces)
    {
        return Err(Failure::usage(format!(
            "the option `{option}` has two braces in a row, which Argo reads as a parameter"
        ))
        .hint("write it into the decisions file"));
    }
    let runbook = FleetRunbook {
        files: files(path, &fleet)?,
        clusters: fleet.members.len(),
        shards,
        image: args.image.clone(),
        role_arn: args.role_arn.clone(),
        state: args.state.clone(),
        options,
    };
    Ok(match engine {
        FleetEngine::KubernetesJob => kubernetes_job(&runbook),
        FleetEngine::Argo => argo(&runbook),
        FleetEngine::StepFunctions => step_functions(&runbook),
    })
}

/// The fleet file and those beside it that it names.
fn files(path: &Path, fleet: &Fleet) -> Result<BTreeMap<String, String>, Failure> {
    let (text, _) = settings::text(path, "the fleet")?;
    let mut files = BTreeMap::from([("fleet.yaml".to_owned(), text)]);
    let folder = path.parent().unwrap_or(Path::new(""));
    let folder = settings::absolute(folder)
        .map_err(|error| Failure::new("failed to find the fleet file's folder").because(error))?;
    for member in &fleet.members {
        if let Some(kubeconfig) = &member.kubeconfig {
            return Err(Failure::usage(format!(
                "the cluster {} needs the kubeconfig `{}`, which a runbook can't contain",
                member.identity(),
                kubeconfig.display()
            ))
            .hint("remove the kubeconfig from the fleet file: EKS provides the endpoint of the cluster"));
        }
        for path in [&member.decisions, &member.principals]
            .into_iter()
            .flatten()
        {
            let name = path.file_name().and_then(|name| name.to_str());
            let is_beside = path.parent() == Some(&folder);
            let (Some(name), true) = (name, is_beside) else {
                return Err(Failure::usage(format!(
                    "the file `{}` is not in the folder of the fleet file, so a runbook can't contain it",
                    path.display()
                ))
                .hint("move it into the folder of the fleet file"));
            };
            if let Entry::Vacant(entry) = files.entry(name.to_owned()) {
                let (text, _) = settings::text(path, "a file of the fleet")?;
                entry.insert(text);
            }
        }
    }
    Ok(files)
}
