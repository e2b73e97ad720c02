//! One answer: who it is about, what is to be done, and which move it accepts.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::Code;
use crate::model::access::{MASTERS, NODES};
use crate::model::{AccessChange, Arn, BindingChange, Glob, Identity, Sessions, Verdict};

/// What is to be done with a mapping.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Do {
    /// Create the access entry, with the move that is accepted.
    Migrate,
    /// Leave the mapping in `aws-auth`; `cutover` keeps it.
    Leave,
    /// Give the access up; `cutover` removes the mapping.
    Drop,
    /// Keep the live access entry as it is; `cutover` removes the mapping.
    KeepLive,
    /// Change the live access entry to what the mapping says.
    UpdateLive,
}

impl Do {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] = [
        Self::Migrate,
        Self::Leave,
        Self::Drop,
        Self::KeepLive,
        Self::UpdateLive,
    ];

    /// As it is written in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Migrate => "migrate",
            Self::Leave => "leave",
            Self::Drop => "drop",
            Self::KeepLive => "keep-live",
            Self::UpdateLive => "update-live",
        }
    }
}

/// The move that an answer accepts; anything else stays blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Accept {
    /// The verdict of the comparison.
    pub verdict: Verdict,
    /// The groups that are lost or gained, `system:masters` for cluster-admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<BTreeSet<String>>,
    /// The username after the move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Which sessions are let in after the move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Sessions>,
}

impl Accept {
    /// The answer that accepts exactly this move; `None` where what moves is unknown.
    #[must_use]
    pub fn exactly(change: &AccessChange) -> Option<Self> {
        let sessions =
            |identity: &Option<Arc<Identity>>| identity.as_ref().map(|identity| identity.sessions);
        let username = change
            .after
            .as_ref()
            .map(|after| &after.username)
            .filter(|after| {
                let before = change.before.as_deref();
                before.is_some_and(|before| before.username != **after)
            });
        let groups: BTreeSet<String> = change
            .moved_groups()
            .into_iter()
            .map(str::to_owned)
            .collect();
        // Where only the bindings behind a new name are unknown, accepting it is to say that it is no more than a name.
        let is_renamed = change.before.is_some() && change.after.is_some();
        Some(Self {
            verdict: change.verdict.or(is_renamed.then_some(Verdict::Renamed))?,
            groups: (!groups.is_empty()).then_some(groups),
            username: username.cloned(),
            sessions: sessions(&change.after)
                .filter(|after| sessions(&change.before).is_some_and(|before| before != *after)),
        })
    }

    /// Whether this accepts a move, and nothing beyond it.
    ///
    /// The groups that are named have to be groups that move, and all by which rights move have to be named. Details
    /// may be left out where the answer names one principal; a pattern, which can't know what each of its principals
    /// would lose, has to name them.
    #[must_use]
    pub fn covers(&self, change: &AccessChange, is_exact: bool) -> bool {
        let Some(exactly) = Self::exactly(change) else {
            return false;
        };
        let moved = change.moved_groups();
        let groups = match &self.groups {
            None => is_exact || exactly.groups.is_none(),
            Some(named) => {
                named.iter().all(|group| moved.contains(group.as_str()))
                    && counting_groups(change).all(|group| named.contains(group))
            }
        };
        let given = |named: Option<&String>, is: Option<&String>| match named {
            None => is_exact || is.is_none(),
            Some(named) => is == Some(named),
        };
        let sessions = match self.sessions {
            None => is_exact || exactly.sessions.is_none(),
            Some(named) => exactly.sessions == Some(named),
        };
        self.verdict == exactly.verdict
            && groups
            && sessions
            && given(self.username.as_ref(), exactly.username.as_ref())
    }
}

/// The moved groups that give or take rights: all of them where bindings were not read, else those that are bound and
/// those whose rights come from no binding.
fn counting_groups(change: &AccessChange) -> impl Iterator<Item = &str> {
    let is_bound = |bindings: &[BindingChange], group: &str| {
        bindings
            .iter()
            .any(|binding| binding.subject.strip_prefix("Group/") == Some(group))
    };
    change.moved_groups().into_iter().filter(move |group| {
        matches!(*group, MASTERS | NODES)
            || change
                .bindings
                .as_ref()
                .is_none_or(|bindings| is_bound(bindings, group))
    })
}

/// An answer to the questions that mappings raise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// The principal as in `aws-auth` or with its real ARN, or a pattern with `*` and `?`; for an element of
    /// `mapAccounts` the account id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Every mapping that needs a decision and has a finding with this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// What is to be done.
    #[serde(rename = "do")]
    pub what: Do,
    /// The move that is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<Accept>,
    /// Why it was decided so, for whoever reads it later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where it was read.
    #[serde(skip)]
    pub line: AnswerLine,
}

/// The line of a file on which an answer was read, from 1; says nothing about what is decided, so all lines are equal.
#[derive(Debug, Clone, Copy, Default, Eq)]
pub struct AnswerLine(Option<usize>);

impl PartialEq for AnswerLine {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl AnswerLine {
    pub(super) fn at(number: usize) -> Self {
        Self(Some(number))
    }

    /// The number; `None` for an answer that was read from no file.
    #[must_use]
    pub fn number(self) -> Option<usize> {
        self.0
    }
}

/// As it goes before what is said about the answer.
impl fmt::Display for AnswerLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => write!(f, "line {number} of the decisions file: "),
            None => Ok(()),
        }
    }
}

/// What an answer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector<'a> {
    /// One principal.
    Exact(&'a str),
    /// Every principal that matches.
    Pattern(Glob),
    /// Every open mapping with this finding.
    Code(Code),
}

impl Answer {
    /// What it is about; a principal goes before a code.
    #[must_use]
    pub fn selector(&self) -> Option<Selector<'_>> {
        match (&self.principal, self.code) {
            (Some(text), _) if text.contains(['*', '?']) => {
                Some(Selector::Pattern(Glob::new(text)))
            }
            (Some(text), _) => Some(Selector::Exact(text)),
            (None, Some(code)) => Some(Selector::Code(code)),
            (None, None) => None,
        }
    }

    /// Whether it names one principal.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        matches!(self.selector(), Some(Selector::Exact(_)))
    }

    /// Whether it is about a mapping with this ARN, whose principal has this real one.
    #[must_use]
    pub fn is_about(&self, written: &str, real: Option<&Arn>) -> bool {
        let real = real.map(Arn::to_string);
        let mut names = [Some(written), real.as_deref()].into_iter().flatten();
        match self.selector() {
            Some(Selector::Exact(text)) => names.any(|name| name.eq_ignore_ascii_case(text)),
            Some(Selector::Pattern(glob)) => names.any(|name| glob.matches(name)),
            _ => false,
        }
    }

    /// Whom or what it names, as it is written.
    #[must_use]
    pub fn subject(&self) -> String {
        match (&self.principal, self.code) {
            (Some(principal), _) => principal.clone(),
            (None, Some(code)) => code.to_string(),
            (None, None) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BindingEffect, Identity};

    fn identity(groups: &[&str]) -> Identity {
        Identity {
            username: "a".to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..Identity::default()
        }
    }

    fn loses(groups: &[&str], bound: Option<&[&str]>) -> AccessChange {
        AccessChange {
            before: Some(identity(groups).into()),
            after: Some(identity(&[]).into()),
            verdict: Some(Verdict::Lost),
            bindings: bound.map(|bound| {
                let change = |group: &&str| BindingChange {
                    kind: "ClusterRoleBinding".to_owned(),
                    namespace: None,
                    name: "b".to_owned(),
                    role: "ClusterRole/view".to_owned(),
                    subject: format!("Group/{group}"),
                    effect: BindingEffect::Stops,
                };
                bound.iter().map(change).collect()
            }),
        }
    }

    fn accept(verdict: Verdict, groups: Option<&[&str]>) -> Accept {
        let owned = |groups: &[&str]| groups.iter().map(|group| (*group).to_owned()).collect();
        Accept {
            verdict,
            groups: groups.map(owned),
            username: None,
            sessions: None,
        }
    }

    #[test]
    fn an_answer_accepts_its_move_and_no_other() {
        let change = loses(&["x", "y"], None);
        for (accept, expected) in [
            (accept(Verdict::Lost, Some(&["x", "y"])), true),
            (accept(Verdict::Lost, Some(&["x"])), false),
            (accept(Verdict::Lost, Some(&["x", "y", "z"])), false),
            (accept(Verdict::Gained, Some(&["x", "y"])), false),
        ] {
            assert_eq!(accept.covers(&change, true), expected, "{accept:?}");
            assert_eq!(accept.covers(&change, false), expected, "{accept:?}");
        }
    }

    #[test]
    fn an_unbound_group_may_be_left_out_of_an_answer() {
        let change = loses(&["x", "y"], Some(&["x"]));
        assert!(accept(Verdict::Lost, Some(&["x"])).covers(&change, false));
        assert!(accept(Verdict::Lost, Some(&["x", "y"])).covers(&change, false));
        assert!(!accept(Verdict::Lost, Some(&["y"])).covers(&change, false));
    }

    #[test]
    fn a_pattern_has_to_name_what_moves() {
        let change = loses(&["x"], None);
        assert!(accept(Verdict::Lost, None).covers(&change, true));
        assert!(!accept(Verdict::Lost, None).covers(&change, false));
    }

    #[test]
    fn the_answer_that_is_written_for_a_move_accepts_it() {
        for change in [
            loses(&["x", "y"], None),
            loses(&["x", "system:masters"], Some(&["x"])),
        ] {
            let exactly = Accept::exactly(&change).unwrap();
            assert!(exactly.covers(&change, false), "{exactly:?}");
        }
    }

    #[test]
    fn every_bound_group_has_to_be_named() {
        let change = loses(&["x", "y"], Some(&["x", "y"]));
        assert!(!accept(Verdict::Lost, Some(&["x"])).covers(&change, false));
        assert!(accept(Verdict::Lost, Some(&["x", "y"])).covers(&change, false));
    }

    #[test]
    fn the_sessions_and_the_username_that_are_named_are_those_after_the_move() {
        let side = |username: &str, sessions| {
            Some(Arc::new(Identity {
                username: username.to_owned(),
                sessions,
                ..Identity::default()
            }))
        };
        let change = AccessChange {
            before: side("a", Sessions::Instances),
            after: side("b", Sessions::All),
            verdict: Some(Verdict::Gained),
            bindings: Some(Vec::new()),
        };
        let accept = |username: Option<&str>, sessions| Accept {
            username: username.map(str::to_owned),
            sessions,
            ..accept(Verdict::Gained, None)
        };
        for (accept, exact, pattern) in [
            (accept(Some("b"), Some(Sessions::All)), true, true),
            (accept(None, None), true, false),
            (accept(Some("b"), None), true, false),
            (accept(None, Some(Sessions::All)), true, false),
            (accept(Some("a"), Some(Sessions::All)), false, false),
            (accept(Some("b"), Some(Sessions::Instances)), false, false),
        ] {
            assert_eq!(accept.covers(&change, true), exact, "{accept:?}");
            assert_eq!(accept.covers(&change, false), pattern, "{accept:?}");
        }
        // Where nothing is known of what it would be, nothing can be accepted.
        for (before, after) in [(change.before.clone(), None), (None, change.after.clone())] {
            let unknown = AccessChange {
                before,
                after,
                verdict: None,
                bindings: None,
            };
            assert_eq!(Accept::exactly(&unknown), None);
        }
        let unread = AccessChange {
            verdict: None,
            ..change
        };
        let exactly = Accept::exactly(&unread).unwrap();
        assert_eq!(exactly.verdict, Verdict::Renamed);
    }

    #[test]
    fn an_answer_is_about_whom_it_names() {
        let real: Arn = "arn:aws:iam::1:role/team/dev".parse().unwrap();
        let about = |text: &str, written: &str, real: Option<&Arn>| {
            let answer: Answer =
                serde_json::from_value(serde_json::json!({"principal": text, "do": "leave"}))
                    .unwrap();
            assert_eq!(answer.is_exact(), !text.contains(['*', '?']));
            answer.is_about(written, real)
        };
        let written = "arn:aws:iam::1:role/dev";
        for (text, expected) in [
            (written, true),
            ("arn:aws:iam::1:ROLE/dev", true),
            ("arn:aws:iam::1:role/team/dev", true),
            ("arn:aws:iam::1:role/de", false),
            ("*:role/dev", true),
            ("*/team/*", true),
            ("*:user/*", false),
            ("arn:aws:iam::1:role/de?", true),
        ] {
            assert_eq!(about(text, written, Some(&real)), expected, "{text}");
        }
        assert!(!about("*/team/*", written, None));
        let by_code: Answer =
            serde_json::from_value(serde_json::json!({"code": "AAM306", "do": "leave"})).unwrap();
        assert!(!by_code.is_exact() && !by_code.is_about(written, Some(&real)));
    }
}
