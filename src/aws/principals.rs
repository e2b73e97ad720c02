//! Finds the real ARN of a principal, in the principal's own account and nowhere else.

use std::collections::BTreeMap;
use std::error::Error;

use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError};
use aws_sdk_iam::types::{Role, User};
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::pages;
use super::time::timestamp;
use super::{Aws, AwsError};
use crate::model::{Arn, Principal, PrincipalKey, PrincipalKind};
use crate::observed::Lookup;
use crate::together::both;

/// How many look-ups of a kind are made at a time in one account.
const LOOKUPS_AT_A_TIME: usize = 8;
/// In how many accounts at a time.
const ACCOUNTS_AT_A_TIME: usize = 8;
/// From how many principals of a kind in one account one sweep through the list is tried instead; a page holds 1000.
const SWEEP_FROM: usize = 20;

/// Roles to assume for look-ups in other accounts, by account id.
pub type LookupRoles = BTreeMap<String, Arn>;

/// Where the caller's own account and the other accounts are looked up.
#[derive(Debug, Clone)]
pub struct PrincipalSource<'a> {
    /// The account of the credentials.
    pub own_account: &'a str,
    /// Roles for the other accounts.
    pub lookup_roles: &'a LookupRoles,
}

impl Aws {
    /// Looks each principal up in its own account.
    ///
    /// A principal of another account is looked up only with a role given for that account: its name alone, looked up
    /// at home, could be somebody else's.
    pub async fn look_up(
        &self,
        principals: &[Principal],
        source: &PrincipalSource<'_>,
    ) -> Result<BTreeMap<PrincipalKey, Lookup>, AwsError> {
        let mut by_account: BTreeMap<&str, Vec<&Principal>> = BTreeMap::new();
        for principal in principals {
            by_account
                .entry(&principal.account)
                .or_default()
                .push(principal);
        }
        let accounts = by_account
            .iter()
            .map(|(account, principals)| Box::pin(self.look_up_in(account, principals, source)));
        // In the order of the accounts, so that of several errors the same one is always reported.
        let mut accounts = stream::iter(accounts).buffered(ACCOUNTS_AT_A_TIME);
        let mut found = BTreeMap::new();
        while let Some(answers) = accounts.next().await {
            found.extend(answers?);
        }
        Ok(found)
    }

    async fn look_up_in(
        &self,
        account: &str,
        principals: &[&Principal],
        source: &PrincipalSource<'_>,
    ) -> Result<BTreeMap<PrincipalKey, Lookup>, AwsError> {
        let iam = if account == source.own_account {
            Ok(self.iam.clone())
        } else if let Some(role) = source.lookup_roles.get(account) {
            let not_assumed = || Lookup::NotAssumed { role: role.clone() };
            Box::pin(self.iam_as(role)).await.ok_or_else(not_assumed)
        } else {
            Err(Lookup::OtherAccount)
        };
        match iam {
            Ok(iam) => {
                let roles = look_up_kind(&iam, PrincipalKind::Role, principals);
                let users = look_up_kind(&iam, PrincipalKind::User, principals);
                let (mut found, users) = both(roles, users).await?;
                found.extend(users);
                Ok(found)
            }
            Err(unknown) => Ok(principals
                .iter()
                .map(|principal| (principal.key(), unknown.clone()))
                .collect()),
        }
    }

    /// IAM as a role; `None` where STS does not let the caller assume it.
    ///
    /// Everything else that keeps the role from being assumed is reported by the first look-up.
    async fn iam_as(&self, role: &Arn) -> Option<aws_sdk_iam::Client> {
        let provider = AssumeRoleProvider::builder(role.to_string())
            .session_name("aws-auth-migrate")
            .configure(&self.config)
            .build()
            .await;
        if let Err(error) = provider.provide_credentials().await
            && is_denied(&error)
        {
            return None;
        }
        let config = aws_sdk_iam::config::Builder::from(&self.config)
            .credentials_provider(provider)
            .build();
        Some(aws_sdk_iam::Client::from_conf(config))
    }
}

/// Whether STS refused a role; it says the same of a role that there is not.
fn is_denied(error: &CredentialsError) -> bool {
    assume_role_error(error).is_some_and(|error| error.is_denied())
}

/// What STS answered, where that is why there are no credentials.
pub(super) fn assume_role_error(error: &CredentialsError) -> Option<AwsError> {
    let first: &(dyn Error + 'static) = error;
    std::iter::successors(Some(first), |error| (*error).source())
        .find_map(|error| error.downcast_ref::<SdkError<AssumeRoleError>>())
        .map(|error| AwsError::of("sts:AssumeRole", error))
}

async fn look_up_kind(
    iam: &aws_sdk_iam::Client,
    kind: PrincipalKind,
    principals: &[&Principal],
) -> Result<BTreeMap<PrincipalKey, Lookup>, AwsError> {
    let mut found = BTreeMap::new();
    let wanted: Vec<&Principal> = principals
        .iter()
        .copied()
        .filter(|principal| principal.kind == kind)
        .collect();
    let mut swept = if wanted.len() >= SWEEP_FROM {
        sweep(iam, kind).await
    } else {
        None
    };
    let listed = |swept: &Option<Listed>, key: &PrincipalKey| {
        let (arn, created_at) = swept.as_ref()?.get(key.name.as_str())?.clone();
        Some(Lookup::Found { arn, created_at })
    };
    // What is listed nowhere is asked for by name before it is called missing.
    let by_name = wanted
        .iter()
        .filter(|principal| listed(&swept, &principal.key()).is_none());
    let answers: Vec<_> = stream::iter(by_name)
        .map(|principal| async move { (principal.key(), look_up_one(iam, principal).await) })
        .buffered(LOOKUPS_AT_A_TIME)
        .collect()
        .await;
    for (key, answer) in answers {
        found.insert(key, answer?);
    }
    // The cluster compares ARNs without case, IAM may not: a name that differs in case only is no missing principal.
    if swept.is_none()
        && found
            .iter()
            .any(|(key, lookup)| key.kind == kind && *lookup == Lookup::Missing)
    {
        swept = sweep(iam, kind).await;
    }
    for principal in wanted {
        let key = principal.key();
        let is_open = matches!(found.get(&key), None | Some(Lookup::Missing));
        if is_open && let Some(lookup) = listed(&swept, &key) {
            found.insert(key, lookup);
        }
    }
    Ok(found)
}

async fn look_up_one(iam: &aws_sdk_iam::Client, principal: &Principal) -> Result<Lookup, AwsError> {
    let (operation, answer) = match principal.kind {
        PrincipalKind::Role => {
            let answer = iam
                .get_role()
                .role_name(principal.name.as_str())
                .send()
                .await;
            let answer = answer.map_err(|error| AwsError::of("iam:GetRole", &error));
            (
                "iam:GetRole",
                answer.map(|answer| answer.role.map(|role| (role.arn, role.create_date))),
            )
        }
        PrincipalKind::User => {
            let answer = iam
                .get_user()
                .user_name(principal.name.as_str())
                .send()
                .await;
            let answer = answer.map_err(|error| AwsError::of("iam:GetUser", &error));
            (
                "iam:GetUser",
                answer.map(|answer| answer.user.map(|user| (user.arn, user.create_date))),
            )
        }
    };
    match answer {
        Ok(Some((text, created))) => {
            let arn: Arn = text.parse().map_err(|error| {
                AwsError::setting(
                    operation,
                    format!("IAM answered the ARN `{text}`, which {error}"),
                )
            })?;
            // Nothing but the very account that was asked for counts.
            if arn.account != principal.account {
                return Ok(Lookup::OtherAccount);
            }
            Ok(Lookup::Found {
                arn,
                created_at: timestamp(created),
            })
        }
        Ok(None) => Err(AwsError::setting(
            operation,
            "the answer contains no principal",
        )),
        Err(error) if error.is_not_found() => Ok(Lookup::Missing),
        Err(error) if error.is_denied() => Ok(Lookup::Denied {
            permission: error.operation,
        }),
        // IAM refuses names that no principal can have with a validation error.
        Err(error) if matches!(error.code(), Some("ValidationError" | "InvalidInput")) => {
            Ok(Lookup::Missing)
        }
        Err(error) => Err(error),
    }
}

/// Real ARNs with the time at which they were made, by lower-case name.
type Listed = BTreeMap<String, (Arn, Option<Timestamp>)>;

/// A name, its real ARN, and when it was made.
type Known = (String, String, aws_smithy_types::DateTime);

impl pages::Length for Known {
    fn bytes(&self) -> usize {
        self.0.len() + self.1.len()
    }
}

/// Lists all roles or users of an account; `None` where that is not allowed.
async fn sweep(iam: &aws_sdk_iam::Client, kind: PrincipalKind) -> Option<Listed> {
    let listed = match kind {
        PrincipalKind::Role => {
            let pages = iam.list_roles().max_items(1000).into_paginator().send();
            let known = |role: Role| (role.role_name, role.arn, role.create_date);
            pages::all("iam:ListRoles", pages, |page| {
                page.roles.into_iter().map(known).collect()
            })
            .await
        }
        PrincipalKind::User => {
            let pages = iam.list_users().max_items(1000).into_paginator().send();
            let known = |user: User| (user.user_name, user.arn, user.create_date);
            pages::all("iam:ListUsers", pages, |page| {
                page.users.into_iter().map(known).collect()
            })
            .await
        }
    };
    let listed: Vec<Known> = listed.ok()?;
    Some(
        listed
            .into_iter()
            .filter_map(|(name, arn, created)| {
                Some((name.to_lowercase(), (arn.parse().ok()?, timestamp(created))))
            })
            .collect(),
    )
}
