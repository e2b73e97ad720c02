//! The choices that shape a plan, made on the command line.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::Renames;
use crate::decisions::{Answer, DecisionsFile, Selector};
use crate::finding::Code;
use crate::invocation::CommandOption;
use crate::model::{Arn, Glob};
pub use crate::model::{ManagedNodes, OnExisting, Usernames};

/// What may be decided by whoever runs the tool; everything else follows from the facts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Choices {
    /// What to do with a live entry that differs.
    #[serde(skip_serializing_if = "is_default")]
    pub on_existing: OnExisting,
    /// Whether custom usernames are kept where EKS allows it.
    #[serde(skip_serializing_if = "is_default")]
    pub usernames: Usernames,
    /// New names for groups that EKS refuses, by the old name.
    #[serde(skip_serializing_if = "is_default")]
    pub rename_groups: BTreeMap<String, String>,
    /// New usernames, by the username as the mapping writes it.
    #[serde(skip_serializing_if = "is_default")]
    pub rename_users: BTreeMap<String, String>,
    /// Access policies for groups that are bound to exactly what the policy gives, by the group.
    #[serde(skip_serializing_if = "is_default")]
    pub policies: BTreeMap<String, String>,
    /// What people decided for single principals, patterns and codes.
    #[serde(skip_serializing_if = "is_default")]
    pub answers: Vec<Answer>,
    /// Whether new names get the bindings of the old ones: `bindRenamed`, `--emit-rbac` or `--apply-rbac`.
    #[serde(skip_serializing_if = "is_default")]
    pub bind_renamed: bool,
    /// Whether mappings that grant nothing today are created anyway.
    #[serde(skip_serializing_if = "is_default")]
    pub include_inert: bool,
    /// Whether entries of managed node groups and Fargate profiles are made where EKS has not made them.
    #[serde(skip_serializing_if = "is_default")]
    pub managed_nodes: ManagedNodes,
    /// Include only mappings whose ARN matches one of these; all where there is none.
    #[serde(skip_serializing_if = "is_default")]
    pub only: Vec<Glob>,
    /// Leave out mappings whose ARN matches one of these.
    #[serde(skip_serializing_if = "is_default")]
    pub exclude: Vec<Glob>,
    /// Tags for the entries that are made.
    #[serde(skip_serializing_if = "is_default")]
    pub tags: BTreeMap<String, String>,
    /// Whether warnings block.
    #[serde(skip_serializing_if = "is_default")]
    pub strict: bool,
}

impl Choices {
    /// These with what a decisions file says; what was chosen on the command line wins.
    #[must_use]
    pub fn with_decisions(mut self, document: &DecisionsFile) -> Self {
        self.bind_renamed |= document.bind_renamed;
        self.with_earlier(&Self {
            rename_groups: document.rename_groups.clone(),
            rename_users: document.rename_users.clone(),
            policies: document.policies.clone(),
            answers: document.principals.clone(),
            ..Self::default()
        })
    }

    /// These with what earlier runs decided beside it; what is decided now wins.
    #[must_use]
    pub fn with_earlier(mut self, earlier: &Self) -> Self {
        let fill = |chosen: &mut BTreeMap<String, String>, earlier: &BTreeMap<String, String>| {
            for (key, value) in earlier {
                chosen.entry(key.clone()).or_insert_with(|| value.clone());
            }
        };
        fill(&mut self.rename_groups, &earlier.rename_groups);
        fill(&mut self.rename_users, &earlier.rename_users);
        fill(&mut self.policies, &earlier.policies);
        for answer in &earlier.answers {
            let is_same = |other: &Answer| other.subject().eq_ignore_ascii_case(&answer.subject());
            if !self.answers.iter().any(is_same) {
                self.answers.push(answer.clone());
            }
        }
        self
    }

    /// The new names that were chosen.
    #[must_use]
    pub fn renames(&self) -> Renames<'_> {
        Renames {
            groups: &self.rename_groups,
            users: &self.rename_users,
        }
    }

    /// The answer about a principal: one that names it goes before a pattern, and of several patterns the last counts.
    #[must_use]
    pub fn answer(&self, written: &str, real: Option<&Arn>) -> Option<&Answer> {
        let about = |answer: &&Answer| answer.is_about(written, real);
        let mut exact = self.answers.iter().filter(|answer| answer.is_exact());
        let mut patterns = self.answers.iter().filter(|answer| !answer.is_exact());
        exact.find(about).or_else(|| patterns.rfind(about))
    }

    /// The answer about a finding.
    #[must_use]
    pub fn answer_to(&self, codes: &[Code]) -> Option<&Answer> {
        self.answers.iter().find(|answer| {
            matches!(answer.selector(), Some(Selector::Code(code)) if codes.contains(&code))
        })
    }

    /// Whether `--only` and `--exclude` let a mapping's ARN through.
    #[must_use]
    pub fn admits(&self, arn: &str) -> bool {
        let any = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(arn));
        (self.only.is_empty() || any(&self.only)) && !any(&self.exclude)
    }

    /// These and, where none of them says what entries look like, what an earlier run chose about that.
    ///
    /// An entry is what it should be by the choices by which it was made; which mappings an earlier run left out, and
    /// what it was to do about differences, says nothing about the next one.
    #[must_use]
    pub fn or_as_before(&self, earlier: Option<&Self>) -> Self {
        let taken_over = |from: &Self, to: &Self| Self {
            usernames: from.usernames,
            rename_groups: from.rename_groups.clone(),
            rename_users: from.rename_users.clone(),
            policies: from.policies.clone(),
            answers: from.answers.clone(),
            include_inert: from.include_inert,
            managed_nodes: from.managed_nodes,
            ..to.clone()
        };
        match earlier {
            Some(earlier) if taken_over(self, &Self::default()) == Self::default() => {
                taken_over(earlier, self)
            }
            _ => self.clone(),
        }
    }

    /// The options that make these choices, in the order of the help.
    #[must_use]
    pub fn options(&self) -> Vec<CommandOption> {
        let pair = |(key, value): (&String, &String)| (key.clone(), value.clone());
        let mut options = Vec::new();
        if self.on_existing != OnExisting::default() {
            options.push(CommandOption::OnExisting(self.on_existing));
        }
        if self.usernames != Usernames::default() {
            options.push(CommandOption::Usernames(self.usernames));
        }
        let renamed = self.rename_groups.iter().map(pair);
        options.extend(renamed.map(CommandOption::RenameGroup));
        if self.managed_nodes != ManagedNodes::default() {
            options.push(CommandOption::ManagedNodes(self.managed_nodes));
        }
        options.extend(self.only.iter().cloned().map(CommandOption::Only));
        options.extend(self.exclude.iter().cloned().map(CommandOption::Exclude));
        options.extend(self.tags.iter().map(pair).map(CommandOption::Tag));
        if self.include_inert {
            options.push(CommandOption::IncludeInert);
        }
        if self.strict {
            options.push(CommandOption::Strict);
        }
        options
    }
}

/// What was not chosen is not written down.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::Do;

    #[test]
    fn what_entries_look_like_is_taken_over_unless_something_is_said_about_it() {
        let rename = |name: &str| Choices {
            rename_groups: [("system:old".to_owned(), name.to_owned())].into(),
            ..Choices::default()
        };
        let earlier = Choices {
            only: vec![Glob::new("*ops*")],
            strict: true,
            ..rename("new")
        };
        let filtered = Choices {
            exclude: vec![Glob::new("*dev*")],
            ..Choices::default()
        };
        let expected = Choices {
            exclude: vec![Glob::new("*dev*")],
            ..rename("new")
        };
        assert_eq!(filtered.or_as_before(Some(&earlier)), expected);
        assert_eq!(
            rename("other").or_as_before(Some(&earlier)),
            rename("other")
        );
        assert_eq!(filtered.or_as_before(None), filtered);
    }

    #[test]
    fn exclude_wins_over_only() {
        let choices = Choices {
            only: vec![Glob::new("*ops*")],
            exclude: vec![Glob::new("*dev*")],
            ..Choices::default()
        };
        assert!(choices.admits("ops"));
        assert!(!choices.admits("devops"));
        assert!(!choices.admits("qa"));
    }

    #[test]
    fn the_answer_that_names_a_principal_counts_before_patterns_and_of_those_the_last() {
        let answer = |selector: &str, text: &str, what: &str| -> Answer {
            serde_json::from_value(serde_json::json!({selector: text, "do": what})).unwrap()
        };
        let choices = Choices {
            answers: vec![
                answer("principal", "arn:aws:iam::1:role/a", "leave"),
                answer("principal", "*:role/*", "drop"),
                answer("principal", "*:role/?", "migrate"),
                answer("principal", "arn:aws:iam::1:role/A", "drop"),
                answer("code", "AAM306", "leave"),
            ],
            ..Choices::default()
        };
        let real: Arn = "arn:aws:iam::1:role/team/a".parse().unwrap();
        let what = |written: &str, real: Option<&Arn>| {
            choices.answer(written, real).map(|answer| answer.what)
        };
        assert_eq!(what("arn:aws:iam::1:role/a", None), Some(Do::Leave));
        assert_eq!(what("arn:aws:iam::1:role/b", None), Some(Do::Migrate));
        assert_eq!(what("arn:aws:iam::1:role/bb", None), Some(Do::Drop));
        assert_eq!(what("arn:aws:iam::1:user/b", None), None);
        assert_eq!(what("arn:aws:iam::1:user/b", Some(&real)), Some(Do::Drop));
        let by_code = |codes: &[Code]| choices.answer_to(codes).map(|answer| answer.what);
        assert_eq!(by_code(&[Code::NoUsername]), None);
        let code: Code = serde_json::from_value("AAM306".into()).unwrap();
        assert_eq!(by_code(&[Code::NoUsername, code]), Some(Do::Leave));
    }

    #[test]
    fn what_was_chosen_is_written_down_and_read_back() {
        let choices = Choices {
            bind_renamed: true,
            include_inert: true,
            strict: true,
            usernames: Usernames::Default,
            on_existing: OnExisting::Update,
            managed_nodes: ManagedNodes::Skip,
            only: vec![Glob::new("*a*")],
            exclude: vec![Glob::new("*b*")],
            rename_groups: [("a".to_owned(), "b".to_owned())].into(),
            rename_users: [("c".to_owned(), "d".to_owned())].into(),
            policies: [("e".to_owned(), "f".to_owned())].into(),
            ..Choices::default()
        };
        let written = serde_json::to_value(&choices).unwrap();
        assert_eq!(serde_json::from_value::<Choices>(written).unwrap(), choices);
    }
}
