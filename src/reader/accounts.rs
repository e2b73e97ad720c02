//! Takes account ids from `mapAccounts`, which the cluster reads by another way than the other two.
//!
//! Numbers keep their text, leading zeros and all. A fault in the middle keeps what was read before it.
//!
//! Source: aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`; go-yaml v2.4, `decode.go`,
//! `sequence` and `scalar`.

use crate::go_yaml::{Content, Decoder, NodeId, Scalar, Tree, YamlError};
use crate::model::{Mapping, MappingId, Section};

use super::notes::{MAX_DISCARDED, Notes};

/// The elements of a list, and the fault that ended it early.
pub(super) fn read<'a>(
    tree: &'a Tree<'a>,
    list: &[NodeId],
    notes: &mut Notes<'a>,
) -> (Vec<Mapping>, Option<YamlError>) {
    let mut decoder = Decoder::new(tree);
    let mut mappings = Vec::new();
    if let Some(root) = tree.root
        && let Err(failure) = decoder.count(root)
    {
        return (mappings, Some(failure));
    }
    // Elements that are no account id, and the first of those that are only counted.
    let mut odd = 0;
    let mut more = None;
    for (index, node) in list.iter().enumerate() {
        let id = MappingId {
            section: Section::MapAccounts,
            index,
        };
        notes.begin(Some(id));
        let account = match text(&mut decoder, *node) {
            Ok(account) => account,
            Err(failure) => return (mappings, Some(failure)),
        };
        let is_id = |id: &String| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
        if !account.as_ref().is_some_and(is_id) {
            odd += 1;
            if odd > MAX_DISCARDED {
                more.get_or_insert(*node);
                continue;
            }
        }
        let Some(account) = account else {
            notes.account_ignored(*node);
            continue;
        };
        if account.is_empty() {
            notes.account_ignored(*node);
        }
        let found = &tree.nodes[*node];
        mappings.push(Mapping {
            id,
            place: notes.place(found.start, found.end),
            arn: account,
            sso: None,
            username: String::new(),
            groups: Vec::new(),
            dropped: None,
        });
    }
    if let Some(first) = more {
        notes.more_discarded(odd - MAX_DISCARDED, &tree.nodes[first]);
    }
    (mappings, None)
}

/// A scalar as text; `None` for what is no scalar, which the cluster passes over.
fn text(decoder: &mut Decoder<'_>, node: NodeId) -> Result<Option<String>, YamlError> {
    decoder.count(node)?;
    let tree = decoder.tree();
    match &tree.nodes[node].content {
        Content::Alias(target) => decoder.follow(node, *target, text),
        Content::Scalar(value) => Ok(Some(match decoder.scalar(node, value)? {
            Scalar::Null => String::new(),
            Scalar::Text(text) => text.to_string(),
            _ => value.to_string(),
        })),
        Content::Sequence(_) | Content::Mapping(_) => Ok(None),
    }
}
