//! The tag that keeps an accepted move with the entry that it is about.

use std::collections::BTreeSet;

use serde_json::json;

use crate::digest::sha256;
use crate::model::{AccessChange, AccessEntry, Identity, Verdict};

/// The tag that keeps an accepted move with the entry that it is about: the verdict and a digest of both sides.
///
/// Any machine that reads the mapping and the entry finds the same digest, so that it knows the decision without the
/// journal or the decisions file.
pub const ACCEPTED_TAG: &str = "aws-auth-migrate/accepted";

/// Writes an accepted move into the tags of the entry that it is about.
pub(in crate::plan) fn tag(entry: &mut AccessEntry, change: &AccessChange) {
    let has_moved = || change.before != change.after && !change.moved_groups().is_empty();
    if !change.keeps_access() || has_moved() {
        let verdict = change.verdict.map_or("unknown", Verdict::as_str);
        let tag = format!("{verdict}-{}", digest_of(change));
        entry.tags.insert(ACCEPTED_TAG.to_owned(), tag);
    }
}

/// Whether the entry's tag says that this difference from its mapping was decided. Where it was no more than other
/// names, it has to be no more than that today.
pub(in crate::plan) fn is_tagged(entry: &AccessEntry, drift: &AccessChange) -> bool {
    verdict_of(entry, drift)
        .is_some_and(|verdict| verdict != Verdict::Renamed.as_str() || drift.keeps_access())
}

/// Whether the mapping and the entry are the very two sides that the entry's tag is about, whatever bindings make of them
/// today: without the entry, everything is as it was before it.
pub(crate) fn is_as_tagged(entry: &AccessEntry, drift: &AccessChange) -> bool {
    verdict_of(entry, drift).is_some()
}

/// The verdict in the entry's tag, where it is about this difference.
fn verdict_of<'a>(entry: &'a AccessEntry, drift: &AccessChange) -> Option<&'a str> {
    let (verdict, digest) = entry.tags.get(ACCEPTED_TAG)?.split_once('-')?;
    (digest == digest_of(drift)).then_some(verdict)
}

/// A digest of both sides of a move; short enough for a tag, in characters that tags take.
///
/// Source: EKS User Guide, "Organize Amazon EKS resources with tags".
fn digest_of(change: &AccessChange) -> String {
    let side = |identity: Option<&Identity>| {
        identity.map(|identity| {
            let sorted = |texts: &[String]| texts.iter().cloned().collect::<BTreeSet<_>>();
            json!({
                "username": identity.username,
                "groups": sorted(&identity.groups),
                "policies": sorted(&identity.policies),
                "sessions": identity.sessions,
            })
        })
    };
    let sides = json!([
        side(change.before.as_deref()),
        side(change.after.as_deref())
    ]);
    sha256(sides.to_string().as_bytes())[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::model::EntryType;

    fn entry() -> AccessEntry {
        AccessEntry {
            principal_arn: "arn:aws:iam::111122223333:role/dev".parse().unwrap(),
            entry_type: EntryType::Standard,
            username: None,
            kubernetes_groups: Vec::new(),
            tags: BTreeMap::new(),
            access_policies: Vec::new(),
        }
    }

    fn moves(verdict: Verdict, before: &[&str], after: &[&str]) -> AccessChange {
        let side = |groups: &[&str]| {
            Some(Arc::new(Identity {
                username: "dev".to_owned(),
                groups: groups.iter().map(|group| (*group).to_owned()).collect(),
                ..Identity::default()
            }))
        };
        AccessChange {
            before: side(before),
            after: side(after),
            verdict: Some(verdict),
            bindings: None,
        }
    }

    #[test]
    fn a_tag_is_for_the_very_move_that_was_accepted() {
        let accepted = moves(Verdict::Lost, &["a", "b"], &["a"]);
        let mut entry = entry();
        assert!(!is_tagged(&entry, &accepted), "nothing was accepted yet");
        tag(&mut entry, &accepted);
        assert!(is_tagged(&entry, &accepted));
        assert!(is_tagged(
            &entry,
            &moves(Verdict::Lost, &["b", "a"], &["a"])
        ));
        for other in [
            moves(Verdict::Lost, &["a", "b"], &["b"]),
            moves(Verdict::Lost, &["a", "b", "c"], &["a"]),
            moves(Verdict::Lost, &["a", "b"], &[]),
        ] {
            assert!(!is_tagged(&entry, &other), "{other:?}");
        }
        entry
            .tags
            .insert(ACCEPTED_TAG.to_owned(), "lost".to_owned());
        assert!(!is_tagged(&entry, &accepted), "the tag has no digest");
    }

    /// A binding that was added since makes more of the same names.
    #[test]
    fn names_alone_were_accepted_and_nothing_that_they_bring_today() {
        let mut entry = entry();
        tag(&mut entry, &moves(Verdict::Renamed, &["old"], &["new"]));
        assert!(is_tagged(
            &entry,
            &moves(Verdict::Renamed, &["old"], &["new"])
        ));
        assert!(!is_tagged(
            &entry,
            &moves(Verdict::Gained, &["old"], &["new"])
        ));
    }

    #[test]
    fn what_moves_nothing_has_no_tag() {
        let mut entry = entry();
        tag(&mut entry, &moves(Verdict::Same, &["a"], &["a"]));
        assert_eq!(entry.tags, BTreeMap::new());
    }
}
