//! What repeats across clusters, said once: the same block of the same principal is one question.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::row::{Block, Row};
use super::survey::account_of;
use crate::finding::Code;
use crate::model::Arn;
use crate::plan::document::{Identity, Verdict};
use crate::plan::questions::Untried;

/// Something to decide, with the clusters that ask it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FleetQuestion {
    /// Whose access it is about, as a pattern that a decisions file takes: `*` is the account where each
    /// cluster's own account has the principal. None where it is about clusters as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The finding behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// How access would change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The access today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Arc<Identity>>,
    /// The access with what the plan proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Arc<Identity>>,
    /// What is wrong, in the words of the first cluster.
    pub message: String,
    /// What to do about it, in the words of the first cluster.
    pub fix: String,
    /// The clusters that ask it.
    pub clusters: Vec<String>,
    /// The answers that it takes; no part of the document.
    #[serde(skip)]
    pub answers: Vec<Untried>,
}

/// What makes two questions one: the same principal, the same finding, the same move of access.
type Key = (
    Option<String>,
    Option<String>,
    Option<Verdict>,
    Option<String>,
    Option<String>,
);

/// The questions of all rows; those that most clusters ask come first.
pub(super) fn questions(rows: &[Row]) -> Vec<FleetQuestion> {
    let mut grouped: BTreeMap<Key, Vec<(&Row, &Block)>> = BTreeMap::new();
    for row in rows {
        for block in &row.blocks {
            grouped
                .entry(key(row, block))
                .or_default()
                .push((row, block));
        }
    }
    let mut questions: Vec<FleetQuestion> = grouped
        .into_iter()
        .map(|(key, asked)| question(key.0, &asked))
        .collect();
    // The sort is stable: what is asked as often keeps the order of the principals.
    questions.sort_by_key(|question| std::cmp::Reverse(question.clusters.len()));
    questions
}

fn key(row: &Row, block: &Block) -> Key {
    let access = |access: &Option<Arc<Identity>>| {
        let access = access.as_ref()?;
        Some(serde_json::to_string(access).expect("an identity is plain data"))
    };
    (
        block.principal.as_deref().map(|arn| pattern(row, arn)),
        block.code.map(|code| code.to_string()),
        block.verdict,
        access(&block.before),
        access(&block.after),
    )
}

/// The principal, with `*` for the account where the cluster's own account has it.
fn pattern(row: &Row, principal: &str) -> String {
    match principal.parse::<Arn>() {
        Ok(mut arn) if arn.account == account_of(row) => {
            arn.account = "*".into();
            arn.to_string()
        }
        _ => principal.to_owned(),
    }
}

fn question(pattern: Option<String>, asked: &[(&Row, &Block)]) -> FleetQuestion {
    let (first_row, first) = asked[0];
    let accounts = |row: &Row| account_of(row) != account_of(first_row);
    // Within one account the ARN itself says more than a pattern.
    let principal = if asked.iter().any(|(row, _)| accounts(row)) {
        pattern
    } else {
        first.principal.clone()
    };
    let mut clusters: Vec<String> = asked
        .iter()
        .map(|(row, _)| row.cluster.to_string())
        .collect();
    clusters.dedup();
    FleetQuestion {
        principal,
        code: first.code,
        verdict: first.verdict,
        before: first.before.clone(),
        after: first.after.clone(),
        message: first.message.clone(),
        fix: first.fix.clone(),
        clusters,
        answers: first.answers.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::member::MemberId;
    use super::super::row::State;
    use super::*;

    fn row(account: &str, name: &str, blocks: &[(&str, Verdict)]) -> Row {
        let cluster = MemberId {
            account: account.to_owned(),
            region: "eu-west-1".to_owned(),
            name: name.to_owned(),
        };
        let block = |(principal, verdict): &(&str, Verdict)| Block {
            mapping: Some("mapRoles[0]".to_owned()),
            principal: Some((*principal).to_owned()),
            code: Some(Code::NoAwsAuth),
            message: format!("{principal} in {name}"),
            fix: String::new(),
            verdict: Some(*verdict),
            before: None,
            after: None,
            answers: Vec::new(),
        };
        Row {
            blocks: blocks.iter().map(block).collect(),
            ..Row::new(cluster, State::NeedsDecision)
        }
    }

    #[test]
    fn a_role_that_is_blocked_in_many_clusters_is_one_question() {
        let (one, two) = ("111122223333", "444455556666");
        let own = |account: &str| format!("arn:aws:iam::{account}:role/legacy");
        let shared = "arn:aws:iam::777788889999:role/ci";
        let rows = [
            row(
                one,
                "a",
                &[(&own(one), Verdict::Lost), (shared, Verdict::Gained)],
            ),
            row(one, "b", &[(&own(one), Verdict::Lost)]),
            row(
                two,
                "c",
                &[(&own(two), Verdict::Lost), (shared, Verdict::Gained)],
            ),
            row(two, "d", &[(&own(two), Verdict::Changed)]),
        ];
        let asked = questions(&rows);
        let told: Vec<_> = asked
            .iter()
            .map(|question| {
                (
                    question.principal.as_deref().unwrap(),
                    question.clusters.len(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("arn:aws:iam::*:role/legacy", 3),
                (shared, 2),
                // Another move of access is another question, and one account needs no pattern.
                ("arn:aws:iam::444455556666:role/legacy", 1),
            ]
        );
        assert_eq!(
            asked[0].clusters,
            [
                "111122223333/eu-west-1/a",
                "111122223333/eu-west-1/b",
                "444455556666/eu-west-1/c"
            ]
        );
    }
}
