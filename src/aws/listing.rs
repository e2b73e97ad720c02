//! Lists what a fleet is made of: accounts of an organization, regions of an account, clusters of a region.

use aws_sdk_account::types::RegionOptStatus;

use super::{Aws, AwsError};

/// An account of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAccount {
    /// The 12-digit account id.
    pub id: String,
    /// Whether it is in use; nobody can work in one that is suspended or not yet set up.
    pub is_active: bool,
}

impl Aws {
    /// The names of the clusters in the region of these clients.
    pub async fn list_clusters(&self) -> Result<Vec<String>, AwsError> {
        let mut pages = self.eks.list_clusters().into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::of("eks:ListClusters", &error))?;
            names.extend(page.clusters.unwrap_or_default());
        }
        Ok(names)
    }

    /// The regions that the account of the credentials has enabled.
    pub async fn enabled_regions(&self) -> Result<Vec<String>, AwsError> {
        let client = aws_sdk_account::Client::new(&self.config);
        let mut pages = client
            .list_regions()
            .region_opt_status_contains(RegionOptStatus::Enabled)
            .region_opt_status_contains(RegionOptStatus::EnabledByDefault)
            .into_paginator()
            .send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::of("account:ListRegions", &error))?;
            let regions = page.regions.unwrap_or_default().into_iter();
            names.extend(regions.filter_map(|region| region.region_name));
        }
        names.sort();
        Ok(names)
    }

    /// The accounts of the organization that the account of the credentials manages.
    pub async fn organization_accounts(&self) -> Result<Vec<ListedAccount>, AwsError> {
        let client = aws_sdk_organizations::Client::new(&self.config);
        let mut pages = client.list_accounts().into_paginator().send();
        let mut accounts = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::of("organizations:ListAccounts", &error))?;
            for account in page.accounts.unwrap_or_default() {
                let status = account.state.as_ref().map(|state| state.as_str());
                // Source: AWS Organizations API Reference, `Account`: `State` takes the place of `Status`.
                let status = status.or(account.status.as_ref().map(|status| status.as_str()));
                accounts.push(ListedAccount {
                    is_active: status == Some("ACTIVE"),
                    id: account.id.unwrap_or_default(),
                });
            }
        }
        accounts.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(accounts)
    }
}
