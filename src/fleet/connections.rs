//! The credentials and clients of a fleet: one set for each role, one client for each region of it, shared by the
//! clusters there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::OnceCell;

use super::member::Reach;
use super::reason::Reason;
use crate::aws::{Aws, AwsSettings, Caller, Pace};
use crate::error::Failure;

/// Connections that are made when the first cluster needs them.
#[derive(Debug)]
pub struct Connections {
    settings: AwsSettings,
    max_rate: Option<f64>,
    accounts: Mutex<BTreeMap<Reach, Arc<Opened>>>,
    regions: Mutex<BTreeMap<(Reach, String), Aws>>,
    paces: Mutex<Vec<Pace>>,
}

/// An account, once the first who needs it has connected it.
type Opened = OnceCell<Result<Account, Reason>>;

/// Credentials with their owner, and the pace of what has no region.
#[derive(Debug, Clone)]
struct Account {
    aws: Aws,
    caller: Caller,
    iam_pace: Pace,
}

impl Connections {
    /// Connections on top of these settings: `max_rate` holds for each account and region, and for IAM in each account.
    #[must_use]
    pub fn new(settings: AwsSettings, max_rate: Option<f64>) -> Self {
        Self {
            settings,
            max_rate,
            accounts: Mutex::default(),
            regions: Mutex::default(),
            paces: Mutex::default(),
        }
    }

    /// The clients for a region of an account.
    ///
    /// # Errors
    /// The role can't be assumed, or the credentials belong to another account than the one that is named.
    pub async fn of(&self, reach: &Reach, region: &str) -> Result<Aws, Reason> {
        let account = self.account(reach, Some(region)).await?;
        let mut regions = locked(&self.regions);
        let key = (reach.clone(), region.to_owned());
        let aws = regions.entry(key).or_insert_with(|| {
            let pace = self.pace();
            account.aws.in_region(region, &pace, &account.iam_pace)
        });
        Ok(aws.clone())
    }

    /// Who the credentials of a reach belong to.
    ///
    /// # Errors
    /// As for [`of`](Self::of).
    pub async fn caller(&self, reach: &Reach, region: Option<&str>) -> Result<Caller, Reason> {
        Ok(self.account(reach, region).await?.caller)
    }

    /// The clients of an account in the region that the SDK's settings name, or in this one where they name none.
    ///
    /// # Errors
    /// As for [`of`](Self::of).
    pub async fn home(&self, reach: &Reach, region: Option<&str>) -> Result<Aws, Reason> {
        Ok(self.account(reach, region).await?.aws)
    }

    /// How many requests went to AWS, and how many of them repeated another one.
    #[must_use]
    pub fn requests(&self) -> (usize, usize) {
        let paces = locked(&self.paces);
        let sum = |of: fn(&Pace) -> usize| paces.iter().map(of).sum();
        (sum(Pace::calls), sum(Pace::retries))
    }

    /// The account, connected by the first who asks; what failed for the first fails for all.
    async fn account(&self, reach: &Reach, region: Option<&str>) -> Result<Account, Reason> {
        let cell = Arc::clone(locked(&self.accounts).entry(reach.clone()).or_default());
        let connect = || async {
            Box::pin(self.connect(reach, region))
                .await
                .map_err(|failure| Reason::from(&failure))
        };
        cell.get_or_init(connect).await.clone()
    }

    async fn connect(&self, reach: &Reach, region: Option<&str>) -> Result<Account, Failure> {
        let settings = AwsSettings {
            profile: reach.profile.clone().or(self.settings.profile.clone()),
            pace: self.pace(),
            ..self.settings.clone()
        };
        let set_up = |error| Failure::aws("failed to set up AWS", error);
        let mut aws = match Aws::connect(&settings).await {
            Ok(aws) => aws,
            // Where the SDK's settings name no region, the cluster's does.
            Err(_) if settings.region.is_none() && region.is_some() => {
                let region = region.map(ToOwned::to_owned);
                let settings = AwsSettings { region, ..settings };
                Aws::connect(&settings).await.map_err(set_up)?
            }
            Err(error) => return Err(set_up(error)),
        };
        if let Some(role) = &reach.role {
            let external_id = reach.external_id.as_deref();
            aws = aws.assume(role, external_id).await.map_err(|error| {
                let is_denied = error.is_denied();
                let mut failure = Failure::aws(format!("failed to assume the role `{role}`"), error);
                if is_denied {
                    failure.hints = vec![
                        "check that the role exists, that its trust policy names the caller (with the external id, if it asks \
                         for one), and that the caller may `sts:AssumeRole` it"
                            .to_owned()
                            .into(),
                    ];
                }
                failure
            })?;
        }
        let caller = aws
            .caller()
            .await
            .map_err(|error| Failure::aws("failed to identify the caller", error))?;
        if let Some(account) = &reach.account
            && *account != caller.account
        {
            return Err(Failure::new(format!(
                "the credentials belong to account {}, not to {account}",
                caller.account
            ))
            .hint("pass the role to assume or the profile of that account"));
        }
        let iam_pace = self.pace();
        Ok(Account {
            aws,
            caller,
            iam_pace,
        })
    }

    fn pace(&self) -> Pace {
        let pace = Pace::new(self.max_rate);
        locked(&self.paces).push(pace.clone());
        pace
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("no task panics while it holds the lock")
}
