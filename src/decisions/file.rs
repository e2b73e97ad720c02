//! The decisions file: YAML or JSON, to be reviewed and used again for other clusters.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::answer::{Answer, AnswerLine, Do};
use crate::go_yaml::check_nesting;
use crate::model::Glob;
use crate::model::reserved::prefix_of;

/// The name and version of the file.
pub const SCHEMA: &str = "aws-auth-migrate/decisions/v1";

/// What people decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecisionsFile {
    /// [`SCHEMA`].
    pub schema: String,
    /// Patterns of the clusters that this is for; all where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// New names for groups, by the old name.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "once"
    )]
    pub rename_groups: BTreeMap<String, String>,
    /// New usernames, by the username as the mapping writes it.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "once"
    )]
    pub rename_users: BTreeMap<String, String>,
    /// Whether the bindings that new names need are created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bind_renamed: bool,
    /// Access policies for groups that are bound to exactly what the policy gives, by the group.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "once"
    )]
    pub policies: BTreeMap<String, String>,
    /// Answers for principals.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "maybe_none"
    )]
    #[schemars(with = "Option<Vec<Answer>>")]
    pub principals: Vec<Answer>,
}

impl Default for DecisionsFile {
    fn default() -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            clusters: Vec::new(),
            rename_groups: BTreeMap::new(),
            rename_users: BTreeMap::new(),
            bind_renamed: false,
            policies: BTreeMap::new(),
            principals: Vec::new(),
        }
    }
}

impl DecisionsFile {
    /// Whether it is for a cluster; an offline plan has no name to go by, and takes it.
    #[must_use]
    pub fn is_for(&self, cluster: Option<&str>) -> bool {
        let matches = |name: &str| {
            self.clusters
                .iter()
                .any(|glob| Glob::new(glob).matches(name))
        };
        self.clusters.is_empty() || cluster.is_none_or(matches)
    }

    /// Whether nothing is decided in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let empty = Self {
            clusters: self.clusters.clone(),
            ..Self::default()
        };
        *self == empty
    }

    /// Adds what another one says; for the same name or principal the other one counts.
    pub fn take(&mut self, other: &Self) {
        let fill = |names: &mut BTreeMap<String, String>, more: &BTreeMap<String, String>| {
            names.extend(more.iter().map(|(old, new)| (old.clone(), new.clone())));
        };
        fill(&mut self.rename_groups, &other.rename_groups);
        fill(&mut self.rename_users, &other.rename_users);
        fill(&mut self.policies, &other.policies);
        self.bind_renamed |= other.bind_renamed;
        for answer in &other.principals {
            let subject = answer.subject();
            self.principals
                .retain(|known| !known.subject().eq_ignore_ascii_case(&subject));
            self.principals.push(answer.clone());
        }
    }
}

/// A list whose key has nothing below it but comments is an empty one.
fn maybe_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Answer>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Why a decisions file can't be used; every variant names the line where there is one.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not YAML, or holds what a decisions file has not.
    #[error("{}", syntax(.0))]
    Syntax(serde_yaml::Error),
    /// It has another schema than this tool reads.
    #[error("line {line}: its schema is `{found}`; this version reads `{SCHEMA}`")]
    Schema {
        /// The line, from 1.
        line: usize,
        /// The schema that it names.
        found: String,
    },
    /// An answer can't be meant so.
    #[error("line {line}: {why}")]
    Answer {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

fn syntax(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    match error.location() {
        // The library's own text ends with the place already.
        Some(place) if !text.contains(" at line ") => format!("line {}: {text}", place.line()),
        _ => text,
    }
}

/// Reads a decisions file.
///
/// # Errors
/// [`FileError`] where it is not YAML or JSON, has keys or values that are unknown, or answers that contradict each other.
pub fn read(text: &str) -> Result<DecisionsFile, FileError> {
    check_nesting(text).map_err(FileError::Syntax)?;
    // A version that is not known may have keys that are not known.
    if let Ok(Head {
        schema: Some(found),
    }) = serde_yaml::from_str::<Head>(text)
        && found != SCHEMA
    {
        let line = text.lines().position(|line| line.contains("schema"));
        return Err(FileError::Schema {
            line: line.unwrap_or_default() + 1,
            found,
        });
    }
    let mut document: DecisionsFile = serde_yaml::from_str(text).map_err(FileError::Syntax)?;
    let lines = lines_of(&document, text);
    for (answer, line) in document.principals.iter_mut().zip(lines) {
        answer.line = AnswerLine::at(line);
    }
    check(&document, text)?;
    Ok(document)
}

#[derive(Deserialize)]
struct Head {
    schema: Option<String>,
}

fn check(document: &DecisionsFile, text: &str) -> Result<(), FileError> {
    for (old, new) in &document.rename_groups {
        check_name("renameGroups", old, new, text)?;
    }
    for (old, new) in &document.rename_users {
        check_name("renameUsers", old, new, text)?;
    }
    for (index, answer) in document.principals.iter().enumerate() {
        let line = answer.line.number().unwrap_or(1);
        let refuse = |why: String| FileError::Answer { line, why };
        match (&answer.principal, answer.code) {
            (Some(_), Some(_)) => {
                return Err(refuse(
                    "name a `principal` or a `code`, not both".to_owned(),
                ));
            }
            (None, None) => {
                return Err(refuse("name a `principal` or a `code`".to_owned()));
            }
            _ => {}
        }
        if answer.accept.is_some() && !matches!(answer.what, Do::Migrate | Do::UpdateLive) {
            return Err(refuse(format!(
                "`accept` goes only with `migrate` and `update-live`, not with `{}`",
                answer.what.as_str()
            )));
        }
        let same = document.principals[..index].iter().find(|other| {
            other.subject().eq_ignore_ascii_case(&answer.subject())
                && (other.what, &other.accept) != (answer.what, &answer.accept)
        });
        if let Some(other) = same {
            return Err(refuse(format!(
                "`{}` has a different answer on line {}; keep one of the two",
                answer.subject(),
                other.line.number().unwrap_or(1)
            )));
        }
    }
    Ok(())
}

fn check_name(map: &str, old: &str, new: &str, text: &str) -> Result<(), FileError> {
    let why = match prefix_of(new) {
        Some(prefix) => format!(
            "EKS refuses names that begin with `{prefix}`, so `{new}` can't replace `{old}`"
        ),
        None if new.is_empty() => format!("the new name of `{old}` is empty"),
        None => return Ok(()),
    };
    // A name can be written with escapes; then the line is the one of its map.
    let line_with = |words: &str| text.lines().position(|line| line.contains(words));
    let at = line_with(old).or_else(|| line_with(map));
    let line = at.map_or(1, |at| at + 1);
    Err(FileError::Answer { line, why })
}

/// The line on which each answer begins, from 1.
fn lines_of(document: &DecisionsFile, text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let key = |line: &&str| {
        line.trim_start_matches(['{', ' ', '"'])
            .starts_with("principals")
    };
    let from = lines.iter().position(key).unwrap_or_default();
    items(&lines, from)
        .filter(|items| items.len() == document.principals.len())
        .unwrap_or_else(|| named(document, &lines, from))
}

/// The lines on which the items of a list in block style begin; `None` where it is in another style.
fn items(lines: &[&str], from: usize) -> Option<Vec<usize>> {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let begins = |line: &&str| {
        let item = line.trim_start_matches(' ');
        item == "-" || item.starts_with("- ")
    };
    let below = lines.iter().enumerate().skip(from + 1);
    let mut items = below.filter(|(_, line)| begins(line)).peekable();
    let outer = indent(items.peek()?.1);
    let of_the_list = items.filter(|(_, line)| indent(line) == outer);
    Some(of_the_list.map(|(at, _)| at + 1).collect())
}

/// The lines that name whom the answers are about, one after the other; several can share a line in JSON.
fn named(document: &DecisionsFile, lines: &[&str], from: usize) -> Vec<usize> {
    let mut at = from;
    let mut line_of = |answer: &Answer| {
        let subject = answer.subject();
        let rest = lines.iter().enumerate().skip(at);
        let found = rest
            .filter(|(_, line)| line.contains(&subject))
            .map(|(line, _)| line);
        let next = found.clone().find(|line| *line > at);
        at = next.or(found.clone().next()).unwrap_or(at);
        at + 1
    };
    document.principals.iter().map(&mut line_of).collect()
}

/// A map whose keys appear once each: of two values for one name nobody knows which is meant.
fn once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct Once;
    impl<'de> Visitor<'de> for Once {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of names")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut names = BTreeMap::new();
            while let Some((key, value)) = map.next_entry::<String, String>()? {
                if names.insert(key.clone(), value).is_some() {
                    return Err(serde::de::Error::custom(format!("`{key}` is given twice")));
                }
            }
            Ok(names)
        }
    }
    deserializer.deserialize_map(Once)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
schema: aws-auth-migrate/decisions/v1
clusters: ["prod-*"]
renameGroups: {"system:monitoring": monitoring}
renameUsers: {"{{SessionName}}": "session:{{SessionName}}"}
bindRenamed: true
policies: {"system:ops": AmazonEKSClusterAdminPolicy}
principals:
  - principal: "arn:aws:iam::111122223333:role/legacy-node"
    do: migrate
    accept: {verdict: lost, groups: [karpenter]}
    reason: "OPS-123"
  - code: AAM306
    do: leave
"#;

    fn refused(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn a_file_reads_and_is_written_back_the_same() {
        let document = read(FILE).unwrap();
        assert_eq!(document.principals.len(), 2);
        assert!(document.is_for(Some("prod-1")) && !document.is_for(Some("dev")));
        let written = serde_yaml::to_string(&document).unwrap();
        assert_eq!(read(&written).unwrap(), document);
        let json = serde_json::to_string(&document).unwrap();
        assert_eq!(read(&json).unwrap(), document);
    }

    #[test]
    fn a_file_that_is_wrong_is_refused_with_its_line() {
        let with =
            |line: &str| FILE.replace("    do: leave\n", &format!("    do: leave\n{line}\n"));
        for (text, expected) in [
            ("a: [".to_owned(), "line 1"),
            (
                FILE.replace("v1", "v9"),
                "line 2: its schema is `aws-auth-migrate/decisions/v9`",
            ),
            (
                with("  - {code: AAM301, principal: x, do: drop}"),
                "line 15: name a `principal` or a `code`, not both",
            ),
            (
                FILE.replace("\": monitoring}", "\": \"\"}"),
                "line 4: the new name of `system:monitoring` is empty",
            ),
            (with("    wat: 1"), "unknown field `wat`"),
            (
                with("    accept: {verdict: lost}"),
                "line 13: `accept` goes only with `migrate`",
            ),
            (
                with("  - {code: AAM306, do: drop}"),
                "line 15: `AAM306` has a different answer on line 13",
            ),
            (with("  - {do: drop}"), "name a `principal` or a `code`"),
            (
                FILE.replace("\": monitoring}", "\": \"eks:x\"}"),
                "line 4: EKS refuses names",
            ),
            (
                FILE.replace("do: leave", "do: wait"),
                "unknown variant `wait`",
            ),
            (FILE.replace("AAM306", "AAM000"), "AAM000"),
        ] {
            let error = refused(&text);
            assert!(error.contains(expected), "{error}");
        }
        assert!(
            refused(&with("  - {do: drop, code: \"AAM\\x33\\x306\"}"))
                .contains("line 15: `AAM306` has a different answer on line 13")
        );
        assert!(
            refused(&FILE.replace(
                "{\"system:ops\": AmazonEKSClusterAdminPolicy}",
                "{a: b, a: c}"
            ))
            .contains("`a` is given twice")
        );
    }

    #[test]
    fn a_file_is_for_the_clusters_that_one_of_its_patterns_names() {
        let document = |clusters: &[&str]| DecisionsFile {
            clusters: clusters.iter().map(|name| (*name).to_owned()).collect(),
            ..DecisionsFile::default()
        };
        let two = document(&["prod-*", "dev"]);
        assert!(two.is_for(Some("dev")) && two.is_for(Some("prod-1")) && two.is_for(None));
        assert!(!two.is_for(Some("test")) && document(&[]).is_for(Some("test")));
        assert!(two.is_empty() && !read(FILE).unwrap().is_empty());
    }

    #[test]
    fn an_answer_has_its_line_in_any_style() {
        let block = format!(
            "schema: {SCHEMA}\nprincipals:\n  -\n    code: AAM306\n    do: leave\n  -\n    code: AAM306\n    do: drop\n"
        );
        let json = format!(
            r#"{{"schema": "{SCHEMA}", "principals": [

            {{"code": "AAM306", "do": "leave"}},

            {{"code": "AAM306", "do": "drop"}}]}}"#
        );
        for (text, later, earlier) in [(block, 6, 3), (json, 5, 3)] {
            let expected =
                format!("line {later}: `AAM306` has a different answer on line {earlier}");
            let error = refused(&text);
            assert!(error.contains(&expected), "{error}");
        }
    }
}
