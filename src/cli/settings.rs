//! The command line turned into meaning, once: files are read here, the environment too.
#![expect(
    clippy::disallowed_methods,
    reason = "files and the environment named on the command line are read here"
)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::args::{ChoiceArgs, HistoryArgs, TargetArgs};
use crate::aws::AwsSettings;
use crate::choices::Choices;
use crate::decisions::DecisionsFile;
use crate::error::Failure;
use crate::invocation::{Advice, CommandOption};
use crate::journal::History;
use crate::kubernetes::Kubeconfig;
use crate::migration::survey::{Assumed, ConfigMapFile, KubeconfigChoice, Reads, Survey, Target};
use crate::migration::{Clock, JournalPlace, journal_path, principals_file};
use crate::model::Glob;
use crate::source::manifest;
use crate::text::visible;

/// The clocks of this machine.
pub(super) const CLOCK: Clock = Clock {
    now: jiff::Timestamp::now,
    system: std::time::SystemTime::now,
};

/// The largest file that is read: a ConfigMap holds at most 1 MiB, RBAC objects of a cluster some more.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// Looks at everything, within the time that is given.
pub(super) async fn survey(
    target: &Target,
    timeout: Option<std::time::Duration>,
) -> Result<Survey, Failure> {
    let look = Box::pin(crate::migration::survey(target, CLOCK.system));
    let Some(timeout) = timeout else {
        return look.await;
    };
    match tokio::time::timeout(timeout, look).await {
        Ok(seen) => seen,
        Err(_) => Err(Failure::new(format!(
            "gave up after {} s: reading the cluster takes longer than --timeout",
            timeout.as_secs_f64()
        ))
        .hint("raise --timeout; -vv shows what it waits for")),
    }
}

/// What is named on the command line, and the options that name it again; `journal` is one of them.
pub(super) fn target(args: &TargetArgs, journal: Option<&Path>) -> Result<Target, Failure> {
    if args.kubeconfig.is_none()
        && args.context.is_none()
        && args.cluster.is_none()
        && args.from_file.is_none()
    {
        return Err(
            Failure::usage("no cluster and no file was given").hint(Advice::NameClusterOrFile)
        );
    }
    Ok(Target {
        file: args.from_file.as_deref().map(config_map).transpose()?,
        rbac: args.rbac_file.as_deref().map(rbac).transpose()?,
        trust_file: args.trust_file,
        read_roles: decisions(args)?.is_some_and(|document| !document.policies.is_empty()),
        options: options(args, journal),
        ..assumed(args)?
    })
}

/// The options that name the same cluster in the same way again, beside its name and region.
fn options(args: &TargetArgs, journal: Option<&Path>) -> Vec<CommandOption> {
    let args = args.clone();
    let single = [
        args.profile.map(CommandOption::Profile),
        args.kubeconfig.map(CommandOption::Kubeconfig),
        args.context.map(CommandOption::Context),
        args.from_file.map(CommandOption::FromFile),
        args.rbac_file.map(CommandOption::RbacFile),
        args.decisions.map(CommandOption::Decisions),
        args.principals.map(CommandOption::Principals),
        args.request_timeout.map(CommandOption::RequestTimeout),
        journal.map(ToOwned::to_owned).map(CommandOption::Journal),
    ];
    let lookups = args.lookup_role.into_iter();
    let trust = args.trust_file.then_some(CommandOption::TrustFile);
    single
        .into_iter()
        .flatten()
        .chain(lookups.map(CommandOption::LookupRole))
        .chain(trust)
        .collect()
}

/// The same without the ConfigMap and the RBAC objects: what is named and what is assumed.
pub(super) fn assumed(args: &TargetArgs) -> Result<Target, Failure> {
    let lookup_roles = once_each("--lookup-role", &args.lookup_role)?;
    Ok(Target {
        aws: AwsSettings {
            region: args.region.clone(),
            profile: args.profile.clone(),
            request_timeout: args.request_timeout,
            endpoint: None,
            clock: Some(CLOCK.system),
            ..AwsSettings::default()
        },
        cluster: args.cluster.clone(),
        kubeconfig: (args.kubeconfig.is_some() || args.context.is_some()).then(|| {
            KubeconfigChoice {
                path: args.kubeconfig.clone(),
                context: args.context.clone(),
            }
        }),
        file: None,
        rbac: None,
        trust_file: false,
        read_roles: false,
        assumed: Assumed {
            account_id: args.account_id.clone(),
            partition: args.partition.clone(),
        },
        principals: args
            .principals
            .as_deref()
            .map(principals)
            .transpose()?
            .unwrap_or_default(),
        lookup_roles,
        options: Vec::new(),
        reads: Reads::default(),
    })
}

/// How many tags the tool leaves for others: EKS takes 50, one names the run and one an accepted move.
///
/// Source: EKS API Reference, `CreateAccessEntry`, `tags`.
const MOST_TAGS: usize = 48;

/// The decisions file, where one is named and is for this cluster.
pub(super) fn decisions(args: &TargetArgs) -> Result<Option<DecisionsFile>, Failure> {
    let Some(path) = &args.decisions else {
        return Ok(None);
    };
    let (document, _) = decisions_in(path)?;
    let cluster = named_cluster(args)?;
    Ok(Some(document).filter(|document| document.is_for(cluster.as_deref())))
}

/// A decisions file, with its text.
pub(super) fn decisions_in(path: &Path) -> Result<(DecisionsFile, String), Failure> {
    let (text, place) = text(path, "the decisions")?;
    let document = crate::decisions::read(&text).map_err(|error| {
        Failure::usage(format!("nothing was written: failed to read the decisions from {place}"))
            .because(error)
            .hint("see `schema decisions` for the format, or write a skeleton with `plan --write-decisions FILE`")
    })?;
    Ok((document, text))
}

/// The name of the cluster, as far as the command line or the kubeconfig says.
pub(super) fn named_cluster(args: &TargetArgs) -> Result<Option<String>, Failure> {
    match (
        &args.cluster,
        args.kubeconfig.is_some() || args.context.is_some(),
    ) {
        (Some(name), _) => Ok(Some(name.clone())),
        (None, true) => Ok(
            Kubeconfig::read(args.kubeconfig.as_deref(), args.context.as_deref())?
                .named()
                .cluster,
        ),
        (None, false) => Ok(None),
    }
}

/// What is chosen on the command line and decided in the file.
pub(super) fn choices(args: &ChoiceArgs, target: &TargetArgs) -> Result<Choices, Failure> {
    let chosen = chosen(args)?;
    Ok(match decisions(target)? {
        Some(document) => chosen.with_decisions(&document),
        None => chosen,
    })
}

/// What is chosen on the command line alone.
pub(super) fn chosen(args: &ChoiceArgs) -> Result<Choices, Failure> {
    let globs = |patterns: &[String]| patterns.iter().map(|pattern| Glob::new(pattern)).collect();
    let tags = once_each("--tag", &args.tag)?;
    if tags.len() > MOST_TAGS {
        return Err(Failure::usage(format!(
            "an access entry can have {MOST_TAGS} tags in addition to the tool's own; {} were given",
            tags.len()
        )));
    }
    Ok(Choices {
        on_existing: args.on_existing,
        usernames: args.usernames,
        rename_groups: once_each("--rename-group", &args.rename_group)?,
        rename_users: BTreeMap::new(),
        policies: BTreeMap::new(),
        answers: Vec::new(),
        bind_renamed: false,
        include_inert: args.include_inert,
        managed_nodes: args.managed_nodes,
        only: globs(&args.only),
        exclude: globs(&args.exclude),
        tags,
        strict: args.strict,
    })
}

/// Pairs by their first part; one that is given twice with different second parts is ambiguous.
fn once_each<V: Clone + PartialEq>(
    option: &str,
    pairs: &[(String, V)],
) -> Result<BTreeMap<String, V>, Failure> {
    let mut once = BTreeMap::new();
    for (key, value) in pairs {
        if let Some(other) = once.insert(key.clone(), value.clone())
            && other != *value
        {
            return Err(Failure::usage(format!(
                "{option} was given twice for `{key}`, with different values"
            )));
        }
    }
    Ok(once)
}

/// Reads a ConfigMap from a file or, for `-`, from standard input.
pub(super) fn config_map(path: &Path) -> Result<ConfigMapFile, Failure> {
    let (text, place) = text(path, "aws-auth")?;
    let aws_auth = manifest::parse(&text).map_err(|error| Failure::from((place, error)))?;
    Ok(ConfigMapFile { aws_auth })
}

fn principals(
    path: &Path,
) -> Result<BTreeMap<crate::model::PrincipalKey, crate::model::Arn>, Failure> {
    let (text, place) = text(path, "the principals")?;
    principals_file::parse(&text).map_err(|error| {
        Failure::new(format!("failed to read the principals from {place}"))
            .because(error)
            .hint("write one line per principal: ARN as in aws-auth, comma, real ARN")
    })
}

pub(super) fn rbac(path: &Path) -> Result<crate::model::rbac::Rbac, Failure> {
    let (text, place) = text(path, "RBAC objects")?;
    crate::access::rbac_file::read_rbac(&text).map_err(|error| {
        Failure::new(format!("failed to read RBAC objects from {place}"))
            .because(error)
            .hint("create the file with `kubectl get clusterrolebindings,rolebindings --all-namespaces --output yaml`")
    })
}

/// A folder by its full path, so that it means the same from everywhere.
pub(super) fn absolute(folder: &Path) -> std::io::Result<PathBuf> {
    if folder.as_os_str().is_empty() {
        std::env::current_dir()
    } else if crate::files::objects::is_object(folder) {
        Ok(folder.to_owned())
    } else {
        std::path::absolute(folder)
    }
}

/// Reads a text file; returns also how to name it.
pub(super) fn text(path: &Path, what: &str) -> Result<(String, String), Failure> {
    let is_stdin = path.as_os_str() == "-";
    let place = if is_stdin {
        "standard input".to_owned()
    } else {
        format!("`{}`", path.display())
    };
    let read = |mut from: Box<dyn Read>| {
        let mut bytes = Vec::new();
        from.by_ref()
            .take(LARGEST_FILE + 1)
            .read_to_end(&mut bytes)
            .map(|_| bytes)
    };
    let bytes = if is_stdin {
        read(Box::new(std::io::stdin().lock()))
    } else if crate::files::objects::is_object(path) {
        crate::files::content(path)
    } else {
        std::fs::File::open(path).and_then(|file| read(Box::new(file)))
    };
    let bytes = bytes.map_err(|error| {
        Failure::new(format!("failed to read {what} from {place}")).because(error)
    })?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(Failure::new(format!(
            "failed to read {what} from {place}: it is larger than 64 MiB"
        )));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        Failure::new(format!("failed to read {what} from {place}"))
            .because(error.utf8_error())
            .hint("save it as UTF-8")
    })?;
    Ok((text, place))
}

/// What the journal says of a cluster that was read: the one that was named, or that of the cluster.
pub(super) fn history(seen: &Survey, args: &HistoryArgs) -> Result<History, Failure> {
    journal_path::history(seen, args.journal.as_deref(), state_folder)
}

/// The folder for journals and backups, by the XDG rules.
///
/// Source: XDG Base Directory Specification, `XDG_STATE_HOME`.
pub(super) fn state_folder() -> Result<PathBuf, Failure> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local").join("state")));
    base.map(|base| base.join("aws-auth-migrate"))
        .ok_or_else(|| {
            let relative = ["XDG_STATE_HOME", "HOME"]
                .into_iter()
                .find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
            let why = match relative {
                Some(name) => format!("{name} is not an absolute path"),
                None => "neither XDG_STATE_HOME nor HOME is set".to_owned(),
            };
            Failure::new(format!("no folder for the journal: {why}"))
                .hint("choose one with --journal")
        })
}

/// Where a run of this process keeps its journal: in the state folder where no journal is named.
pub(super) fn journal_place(named: Option<PathBuf>) -> Result<JournalPlace, Failure> {
    let folder = match (&named, state_folder()) {
        (_, Ok(folder)) => folder,
        (Some(_), Err(_)) => PathBuf::new(),
        (None, Err(failure)) => return Err(failure),
    };
    Ok(JournalPlace {
        named,
        folder,
        holder: holder(),
    })
}

/// The width that the environment asks for.
///
/// Source: POSIX, "Environment Variables", `COLUMNS`.
pub(super) fn columns() -> Option<u16> {
    let columns = std::env::var("COLUMNS").ok()?.parse().ok()?;
    (columns > 0).then_some(columns)
}

/// What this process says of itself to another one that wants the same journal.
pub(super) fn holder() -> String {
    format!(
        "process {}{} since {}",
        std::process::id(),
        host().map_or_else(String::new, |host| format!(" on {host}")),
        (CLOCK.now)().strftime("%Y-%m-%d %H:%M:%S UTC")
    )
}

/// The name of this machine; in Kubernetes that of the pod.
#[cfg(unix)]
fn host() -> Option<String> {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    Some(visible(&name).into_owned()).filter(|name| !name.is_empty())
}

#[cfg(not(unix))]
fn host() -> Option<String> {
    None
}
