//! Finds the clusters of a fleet: accounts, then regions, then clusters.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};

use super::connections::Connections;
use super::member::{Member, MemberId, Reach, is_region, partition_of};
use super::reason::Reason;
use super::row::{Row, State};
use crate::aws::AwsError;
use crate::error::{Failure, Hint};
use crate::invocation::Advice;
use crate::model::Arn;

/// Where to look.
#[derive(Debug, Clone)]
pub struct Discovery {
    /// In which regions.
    pub regions: Regions,
    /// In which accounts.
    pub accounts: Accounts,
    /// The profile whose credentials are used.
    pub profile: Option<String>,
    /// The external id that the roles' trust policies ask for.
    pub external_id: Option<String>,
}

/// The regions to look in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Regions {
    /// The one of the SDK's settings.
    Own,
    /// These.
    Named(BTreeSet<String>),
    /// All that an account has enabled.
    AllEnabled,
}

/// The accounts to look in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accounts {
    /// The caller's own.
    Own,
    /// Those of these roles.
    Roles(Vec<Arn>),
    /// All that are active in the caller's organization, each by a role of this name; the caller's own without one.
    Organization(String),
}

/// What was found.
#[derive(Debug, Default)]
pub struct Discovered {
    /// The clusters.
    pub members: Vec<Member>,
    /// Where no clusters could be listed, and why.
    pub failed: Vec<Row>,
}

impl Discovery {
    /// The region in which accounts are opened where the SDK's settings name none.
    fn region(&self) -> Option<&str> {
        match &self.regions {
            Regions::Own => None,
            Regions::Named(regions) => regions.first().map(String::as_str),
            Regions::AllEnabled => Some("us-east-1"),
        }
    }
}

/// Lists the clusters; where that fails, a row says why, and the rest is listed anyway.
///
/// # Errors
/// The accounts themselves can't be listed, so that nobody knows where to look.
pub async fn discover(
    connections: &Connections,
    discovery: &Discovery,
    concurrency: usize,
) -> Result<Discovered, Failure> {
    let reaches = reaches(connections, discovery).await?;
    let looks: Vec<(Discovered, BTreeSet<(Reach, String)>)> = stream::iter(reaches)
        .map(|reach| async move { regions(connections, discovery, reach).await })
        .buffer_unordered(concurrency)
        .collect()
        .await;
    let mut found = Discovered::default();
    let mut places = BTreeSet::new();
    for (failed, more) in looks {
        found.failed.extend(failed.failed);
        places.extend(more);
    }
    let listed: Vec<Discovered> = stream::iter(places)
        .map(|(reach, region)| async move { clusters(connections, reach, region).await })
        .buffer_unordered(concurrency)
        .collect()
        .await;
    for more in listed {
        found.members.extend(more.members);
        found.failed.extend(more.failed);
    }
    found.members.sort_by_key(Member::identity);
    Ok(found)
}

/// Whose credentials are used, one for each account.
async fn reaches(connections: &Connections, discovery: &Discovery) -> Result<Vec<Reach>, Failure> {
    let own = Reach {
        profile: discovery.profile.clone(),
        ..Reach::default()
    };
    let of_role = |role: Arn| Reach {
        account: Some(role.account.to_string()),
        role: Some(role),
        external_id: discovery.external_id.clone(),
        ..own.clone()
    };
    let name = match &discovery.accounts {
        Accounts::Own => {
            let caller = connections.caller(&own, discovery.region()).await;
            let account = caller.map_err(failure)?.account;
            let account = Some(account);
            return Ok(vec![Reach { account, ..own }]);
        }
        Accounts::Roles(roles) => return Ok(roles.iter().cloned().map(of_role).collect()),
        Accounts::Organization(name) => name,
    };
    let home = connections.home(&own, discovery.region()).await;
    let home = home.map_err(failure)?;
    let caller = connections.caller(&own, discovery.region()).await;
    let caller = caller.map_err(failure)?;
    let accounts = home.organization_accounts().await.map_err(|error| {
        Failure::aws("failed to list the accounts of the organization", error)
            .hint(Advice::NameAccounts)
    })?;
    let active = accounts.into_iter().filter(|account| account.is_active);
    Ok(active
        .map(|account| {
            if account.id == caller.account {
                return Reach {
                    account: Some(account.id),
                    ..own.clone()
                };
            }
            of_role(Arn {
                partition: caller.arn.partition.clone(),
                service: "iam".into(),
                region: "".into(),
                account: account.id.into(),
                resource: format!("role/{}", name.trim_start_matches('/')).into(),
            })
        })
        .collect())
}

fn failure(reason: Reason) -> Failure {
    let line = reason.line();
    reason
        .hints
        .into_iter()
        .fold(Failure::new(line), Failure::hint)
}

/// The regions of one account.
async fn regions(
    connections: &Connections,
    discovery: &Discovery,
    reach: Reach,
) -> (Discovered, BTreeSet<(Reach, String)>) {
    let in_all = |regions: BTreeSet<String>| {
        let place = |region| (reach.clone(), region);
        (
            Discovered::default(),
            regions.into_iter().map(place).collect(),
        )
    };
    // An account that is closed is one row, not one for each region.
    let home = connections.home(&reach, discovery.region()).await;
    let listed = match (home, &discovery.regions) {
        (Err(reason), _) => Err(reason),
        (Ok(_), Regions::Named(regions)) => return in_all(regions.clone()),
        (Ok(home), Regions::Own) => Ok(vec![home.region().to_owned()]),
        (Ok(home), Regions::AllEnabled) => home.enabled_regions().await.map_err(|error| {
            let mut failure = Failure::aws("failed to list the regions", error);
            failure.hints = vec![Hint::Text(Advice::NameRegions.into())];
            Reason::from(&failure)
        }),
    };
    match listed {
        Ok(regions) => in_all(
            regions
                .into_iter()
                .filter(|region| is_region(region))
                .collect(),
        ),
        Err(reason) => {
            let cluster = MemberId {
                account: reach.place(),
                region: "all regions".to_owned(),
                name: String::new(),
            };
            let failed = vec![Row::failed(cluster, State::Failed, reason)];
            let members = Vec::new();
            (Discovered { members, failed }, BTreeSet::new())
        }
    }
}

/// The clusters of one region of one account.
async fn clusters(connections: &Connections, reach: Reach, region: String) -> Discovered {
    let listed = match connections.of(&reach, &region).await {
        Ok(aws) => aws.list_clusters().await.map_err(|error| {
            let hint = not_enabled(&error, &region, &reach.place());
            let mut failure =
                Failure::aws(format!("failed to list the clusters in {region}"), error);
            if let Some(hint) = hint {
                failure.hints = vec![hint.into()];
            }
            Reason::from(&failure)
        }),
        Err(reason) => Err(reason),
    };
    let names = match listed {
        Ok(names) => names,
        Err(reason) => {
            let cluster = MemberId {
                account: reach.place(),
                region,
                name: String::new(),
            };
            return Discovered {
                members: Vec::new(),
                failed: vec![Row::failed(cluster, State::Failed, reason)],
            };
        }
    };
    let member = |name| Member {
        name,
        region: region.clone(),
        reach: reach.clone(),
        kubeconfig: None,
        context: None,
        decisions: None,
        principals: None,
        lookup_roles: std::collections::BTreeMap::new(),
        canary: false,
    };
    Discovered {
        members: names.into_iter().map(member).collect(),
        failed: Vec::new(),
    }
}

/// What a refusal means that says the credentials are unknown, though they are good elsewhere.
///
/// Source: AWS Account Management Reference Guide, "Enable or disable AWS Regions in your account".
pub(super) fn not_enabled(error: &AwsError, region: &str, account: &str) -> Option<String> {
    let unreachable = matches!(error.kind, crate::aws::AwsErrorKind::Connection(_));
    (error.is_expired() || unreachable).then(|| {
        let partition = partition_of(region);
        format!(
            "check that {region} is a region of the partition `{partition}` and enabled in account {account}; the credentials work elsewhere"
        )
    })
}
