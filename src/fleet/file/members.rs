//! A cluster as a line of the fleet file, and a line as a cluster.

use std::path::{Path, PathBuf};

use super::{ClusterLine, Defaults};
use crate::files::objects::is_object;
use crate::fleet::member::{Member, Reach, is_account, is_cluster_name, is_region, partition_of};
use crate::model::Arn;

/// The line of a cluster, with all that holds for it.
pub(super) fn line(member: &Member) -> ClusterLine {
    let Member {
        name,
        region,
        reach,
        kubeconfig,
        context,
        decisions,
        principals,
        lookup_roles,
        canary,
    } = member.clone();
    ClusterLine {
        name,
        region: Some(region),
        account: reach.account,
        profile: reach.profile,
        role: reach.role.map(|role| role.to_string()),
        external_id: reach.external_id,
        kubeconfig,
        context,
        decisions,
        principals,
        lookup_roles,
        canary,
    }
}

/// The cluster of a line.
pub(super) fn member(
    line: &ClusterLine,
    defaults: &Defaults,
    folder: &Path,
) -> Result<Member, String> {
    let name = line.name.clone();
    if !is_cluster_name(&name) {
        return Err(format!("`{name}` can't be the name of an EKS cluster"));
    }
    let or = |own: &Option<String>, default: &Option<String>| own.clone().or(default.clone());
    let region = or(&line.region, &defaults.region).ok_or_else(|| {
        format!("the cluster `{name}` has no region; set `region` there or in `defaults`")
    })?;
    if !is_region(&region) {
        return Err(format!("`{region}` is not the name of a region"));
    }
    let account = or(&line.account, &defaults.account);
    if let Some(account) = account.as_deref().filter(|account| !is_account(account)) {
        return Err(format!(
            "`{account}` is not an account id, which has 12 digits"
        ));
    }
    let role = or(&line.role, &defaults.role);
    let role = role
        .map(|role| role_of(&role, account.as_deref(), &region))
        .transpose()?;
    let path = |own: &Option<PathBuf>, default: &Option<PathBuf>| {
        let path = own.as_ref().or(default.as_ref());
        path.map(|path| {
            if is_object(path) {
                path.clone()
            } else {
                folder.join(path)
            }
        })
    };
    let mut lookup_roles = defaults.lookup_roles.clone();
    lookup_roles.extend(line.lookup_roles.clone());
    for (of, role) in &lookup_roles {
        if role.account != *of || !is_account(of) {
            return Err(format!(
                "the principals of account `{of}` must be looked up by a role of that account, and `{role}` is not one"
            ));
        }
    }
    Ok(Member {
        name,
        reach: Reach {
            account: account.or_else(|| role.as_ref().map(|role| role.account.to_string())),
            profile: or(&line.profile, &defaults.profile),
            role,
            external_id: or(&line.external_id, &defaults.external_id),
        },
        region,
        kubeconfig: path(&line.kubeconfig, &defaults.kubeconfig),
        context: line.context.clone(),
        decisions: path(&line.decisions, &defaults.decisions),
        principals: path(&line.principals, &defaults.principals),
        lookup_roles,
        canary: line.canary,
    })
}

/// A role by its ARN, or by its name in the cluster's account.
fn role_of(role: &str, account: Option<&str>, region: &str) -> Result<Arn, String> {
    if !role.starts_with("arn:") {
        let account = account.ok_or_else(|| {
            format!("the role `{role}` is only a name; set `account`, or write the role's ARN")
        })?;
        let role = role.trim_start_matches('/');
        return Ok(Arn {
            partition: partition_of(region).into(),
            service: "iam".into(),
            region: "".into(),
            account: account.into(),
            resource: format!("role/{role}").into(),
        });
    }
    let arn: Arn = role.parse().map_err(|error| format!("`{role}` {error}"))?;
    let is_role = arn.service == "iam" && arn.resource.starts_with("role/");
    if !is_role || !is_account(&arn.account) {
        return Err(format!("`{role}` is not the ARN of an IAM role"));
    }
    match account {
        Some(account) if account != arn.account => Err(format!(
            "the cluster is in the account {account}, and the role `{role}` in another one"
        )),
        _ => Ok(arn),
    }
}
