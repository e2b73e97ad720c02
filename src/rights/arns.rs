//! The ARNs of a cluster's resources as a policy writes them.

use crate::plan::Plan;

/// A text in which IAM sees neither wildcards nor variables.
///
/// Source: IAM User Guide, "IAM policy elements: Variables and tags", `${*}`, `${?}`, `${$}`.
pub(super) fn literal(text: &str) -> String {
    let escaped = |c: char| match c {
        '*' | '?' | '$' => format!("${{{c}}}"),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// What the ARNs of a cluster begin with; what an offline plan does not know is a wildcard.
pub(super) struct Arns {
    partition: String,
    region: String,
    account: String,
    cluster: String,
}

impl Arns {
    pub(super) fn of(plan: &Plan) -> Self {
        let cluster = &plan.cluster;
        let known =
            |value: &Option<String>| value.as_deref().map_or_else(|| "*".to_owned(), literal);
        Self {
            partition: literal(&cluster.partition),
            region: known(&cluster.region),
            account: known(&cluster.account_id),
            cluster: known(&cluster.name),
        }
    }

    /// The cluster itself.
    pub(super) fn cluster(&self) -> String {
        self.eks("cluster", "")
    }

    /// All of a kind that belong to the cluster, such as its access entries.
    pub(super) fn all(&self, kind: &str) -> String {
        self.eks(kind, "/*")
    }

    /// Source: Service Authorization Reference, "Resource types defined by Amazon EKS".
    fn eks(&self, kind: &str, below: &str) -> String {
        let Self {
            partition,
            region,
            account,
            cluster,
        } = self;
        format!("arn:{partition}:eks:{region}:{account}:{kind}/{cluster}{below}")
    }

    /// What IAM has in the cluster's account.
    pub(super) fn iam(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition, self.account)
    }
}
