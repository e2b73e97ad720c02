//! What is asked of EKS about one cluster, as a trait: the real service, and guards around it.

use std::future::Future;

use super::AwsError;
use crate::model::{AccessEntry, AuthenticationMode, LiveEntry, PolicyAssociation};
use crate::plan::Action;

/// What the writer needs of EKS; what changes something is one call each, never repeated below this line.
pub trait EksApi: Sync {
    /// Makes the call of an action, with a client request token where the operation takes one.
    fn perform(
        &self,
        cluster: &str,
        action: &Action,
        token: &str,
    ) -> impl Future<Output = Result<CallReply, AwsError>> + Send;

    /// Reads an access entry with its policies; `None` where there is none.
    fn describe(
        &self,
        cluster: &str,
        principal: &str,
    ) -> impl Future<Output = Result<Option<LiveEntry>, AwsError>> + Send;

    /// Lists whose access entries there are, page by page.
    fn list(&self, cluster: &str) -> impl Future<Output = Result<Vec<String>, AwsError>> + Send;

    /// Lists the policies of an access entry; `None` where there is no entry.
    fn policies(
        &self,
        cluster: &str,
        principal: &str,
    ) -> impl Future<Output = Result<Option<Vec<PolicyAssociation>>, AwsError>> + Send;

    /// Reads the authentication mode and the cluster's status.
    fn mode(
        &self,
        cluster: &str,
    ) -> impl Future<Output = Result<(AuthenticationMode, String), AwsError>> + Send;

    /// Reads how far an update of the cluster is.
    fn update_state(
        &self,
        cluster: &str,
        update: &str,
    ) -> impl Future<Output = Result<UpdateState, AwsError>> + Send;
}

/// What a successful call answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallReply {
    /// The request id.
    pub request_id: Option<String>,
    /// The id of the update that was started, for `UpdateClusterConfig`.
    pub update: Option<String>,
    /// The entry as it is now, without its policies, for `CreateAccessEntry` and `UpdateAccessEntry`.
    pub entry: Option<AccessEntry>,
    /// The policy as it is associated now, for `AssociateAccessPolicy`.
    pub association: Option<PolicyAssociation>,
}

/// How far an update of the cluster is.
///
/// Source: EKS API Reference, `Update`, `status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateState {
    /// Under way.
    InProgress,
    /// Done.
    Successful,
    /// Given up by EKS.
    Failed {
        /// EKS's own words.
        reasons: Vec<String>,
    },
    /// Called off.
    Cancelled {
        /// EKS's own words.
        reasons: Vec<String>,
    },
}
