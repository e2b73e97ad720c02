//! What would change if `aws-auth` went away now; pure.

mod nodes;
mod objections;

use serde::{Deserialize, Serialize};

use crate::decisions::Do;
use crate::finding::{Code, Finding};
use crate::invocation::Flag;
use crate::journal::Proof;
use crate::model::{AuthenticationMode, MappingId};
use crate::observed::Observed;
use crate::plan::Obstacle;
use crate::plan::document::{Outcome, PlacedFinding, Plan};
use crate::reader::Reading;

pub use crate::access::canonical;
use objections::{of_account, of_cluster, of_mapping};

/// The name and version of the document.
pub const SCHEMA: &str = "aws-auth-migrate/verify/v1";

/// Whether `aws-auth` may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Readiness {
    /// Nobody's access would change.
    Safe,
    /// Only what `apply` does is missing.
    Pending,
    /// Something needs a decision by a person.
    NeedsDecision,
}

/// Why `aws-auth` may not go yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Objection {
    /// The mapping or account that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<MappingId>,
    /// Its ARN or account id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The finding behind it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Whether `apply` would settle it.
    pub settled_by_apply: bool,
    /// What would happen.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

/// What the verdict rests on without having seen it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Doubt {
    /// The mapping that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<MappingId>,
    /// The finding behind it.
    pub code: Code,
    /// What is not known.
    pub message: String,
    /// How it could be.
    pub fix: String,
}

/// The answer: may `aws-auth` go, and if not, why.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of the tool.
    pub tool_version: &'static str,
    /// The verdict.
    pub verdict: Readiness,
    /// The verdict in words.
    pub sentence: String,
    /// Why it may not go yet, in the order of the text.
    pub objections: Vec<Objection>,
    /// What could not be looked at, though it is no objection.
    pub doubts: Vec<Doubt>,
    /// Mappings whose removal changes nobody's access, or only what somebody decided.
    pub proven: Vec<MappingId>,
    /// Mappings that stay in `aws-auth`, as decided.
    pub left: Vec<MappingId>,
    /// The comparison of every principal.
    pub plan: Plan,
}

impl Verification {
    /// The same in short, for the journal.
    #[must_use]
    pub fn proof(&self) -> Proof {
        let objections = self.objections.iter().map(|objection| {
            let about = objection.mapping.map(|id| format!("{id}: "));
            format!("{}{}", about.unwrap_or_default(), objection.message)
        });
        Proof {
            sentence: self.sentence.clone(),
            proven: self.proven.clone(),
            left: self.left.clone(),
            objections: objections.collect(),
        }
    }
}

/// Judges the plan of the live state: what `aws-auth` still gives that the live entries don't.
///
/// What `--only` and `--exclude` leave out is not judged and not proven either.
#[must_use]
pub fn verify(plan: Plan, reading: &Reading, observed: &Observed) -> Verification {
    let mut objections = Vec::new();
    let (mut proven, mut left) = (Vec::new(), Vec::new());
    // In the mode API the cluster reads no mapping: whatever it has is no access to lose.
    // Source: EKS User Guide, "Grant IAM users and roles access to Kubernetes APIs", authentication modes.
    let counts = plan.cluster.authentication_mode != Some(AuthenticationMode::Api);
    if counts {
        objections.extend(of_cluster(&plan, reading));
    }
    for mapping in &plan.mappings {
        match of_mapping(mapping, &plan, observed) {
            _ if mapping.is_filtered_out() => {}
            _ if mapping.is_left() => left.push(mapping.id),
            Some(objection) if counts => objections.push(objection),
            _ => proven.push(mapping.id),
        }
    }
    for account in &plan.accounts {
        if account.is_filtered_out() {
            continue;
        }
        let decided = account.decision.as_ref().map(|decided| decided.what);
        if decided == Some(Do::Leave) {
            left.push(account.id);
            continue;
        }
        if counts && account.outcome == Outcome::Blocked {
            objections.push(of_account(account));
        } else {
            proven.push(account.id);
        }
    }
    if counts {
        let nodes = nodes::of_node_roles(&objections, &plan, reading, observed);
        objections.extend(nodes);
    }
    let doubts = if counts {
        doubts(&plan, &proven)
    } else {
        Vec::new()
    };
    let verdict = if objections.is_empty() {
        Readiness::Safe
    } else if objections
        .iter()
        .all(|objection| objection.settled_by_apply)
    {
        Readiness::Pending
    } else {
        Readiness::NeedsDecision
    };
    Verification {
        schema: SCHEMA,
        tool_version: env!("CARGO_PKG_VERSION"),
        verdict,
        sentence: sentence(&objections, counts, left.len(), &plan),
        objections,
        doubts,
        proven,
        left,
        plan,
    }
}

fn sentence(objections: &[Objection], counts: bool, left: usize, plan: &Plan) -> String {
    let is_gone = |placed: &PlacedFinding| placed.finding.code == Code::NoAwsAuth;
    let is_gone = plan.findings.iter().any(is_gone);
    if !counts {
        let sentence = if is_gone {
            "cut over: the cluster is in the mode API, and aws-auth is gone"
        } else {
            "safe to cut over: the cluster is in the mode API and does not read aws-auth"
        };
        return sentence.to_owned();
    }
    let left_out = plan
        .mappings
        .iter()
        .filter(|mapping| mapping.is_filtered_out())
        .count();
    let beside = match left_out {
        0 => String::new(),
        count => format!(
            " ({count} excluded by {} or {} were not checked)",
            Flag::Only,
            Flag::Exclude
        ),
    };
    let stays = match left {
        0 => String::new(),
        1 => "; 1 stays in aws-auth, as decided".to_owned(),
        count => format!("; {count} stay in aws-auth, as decided"),
    };
    let dropped = plan.mappings.iter().filter(|mapping| mapping.is_dropped());
    let dropped = match dropped.count() {
        0 => String::new(),
        1 => "; 1 loses its access, as decided".to_owned(),
        count => format!("; {count} lose their access, as decided"),
    };
    let pending = objections
        .iter()
        .filter(|objection| objection.settled_by_apply)
        .count();
    let open = objections.len() - pending;
    let parts: Vec<String> = [
        (pending, "waits for `apply`", "wait for `apply`"),
        (open, "needs a decision", "need a decision"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
    .collect();
    if parts.is_empty() && is_gone {
        "cut over: aws-auth is gone, and access entries are the only source of access".to_owned()
    } else if parts.is_empty() {
        format!(
            "safe to cut over: nobody's access changes when aws-auth is removed{beside}{stays}{dropped}"
        )
    } else {
        format!("not yet: {}{beside}", parts.join(", "))
    }
}

/// What was taken on trust: bindings that may not be read, and principals that can't be looked up, so that nobody can
/// tell whether one was re-created after its entry.
fn doubts(plan: &Plan, proven: &[MappingId]) -> Vec<Doubt> {
    let doubt = |mapping, finding: &Finding| Doubt {
        mapping,
        code: finding.code,
        message: finding.message.clone(),
        fix: finding.fix.clone(),
    };
    let of_cluster = plan
        .obstacles()
        .filter(|(obstacle, _)| *obstacle == Obstacle::BindingsUnknown)
        .map(|(_, finding)| doubt(None, finding));
    let of_mappings = plan
        .mappings
        .iter()
        .filter(|mapping| mapping.outcome == Outcome::Unchanged && proven.contains(&mapping.id))
        .flat_map(|mapping| {
            mapping
                .findings
                .iter()
                .map(move |finding| (mapping, finding))
        })
        .filter(|(_, finding)| finding.code == Code::NotLookedUp)
        .map(|(mapping, finding)| doubt(Some(mapping.id), finding));
    of_cluster.chain(of_mappings).collect()
}
