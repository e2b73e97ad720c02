//! An IAM policy, and what it answers.
//!
//! Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements reference".

use serde_json::Value;

/// A policy of one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    allows: bool,
    actions: Vec<Pattern>,
    resources: Vec<Pattern>,
    /// Condition keys in lower case with the values that each may have.
    conditions: Vec<(String, Vec<Pattern>)>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct IamRequest<'a> {
    /// Such as `eks:DescribeCluster`.
    pub(super) action: &'a str,
    /// The ARN.
    pub(super) resource: &'a str,
    /// Condition keys with their values.
    pub(super) context: &'a [(&'a str, &'a str)],
}

/// What a policy answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    ImplicitDeny,
    ExplicitDeny,
}

impl Policy {
    /// A policy that allows actions, with wildcards, on everything.
    #[must_use]
    pub fn of_actions<'a>(actions: impl IntoIterator<Item = &'a str>) -> Self {
        let actions = actions.into_iter().map(Pattern::ignoring_case).collect();
        let everything = Pattern::of("*");
        Self {
            statements: vec![Statement {
                allows: true,
                actions,
                resources: vec![everything],
                conditions: Vec::new(),
            }],
        }
    }

    /// Reads a policy document.
    ///
    /// # Errors
    /// It holds what the sandbox does not understand: `NotAction`, another operator than `StringEquals`, ...
    pub fn read(document: &Value) -> Result<Self, String> {
        let statements = match &document["Statement"] {
            Value::Array(statements) => statements.iter().map(Statement::read).collect(),
            one @ Value::Object(_) => Statement::read(one).map(|one| vec![one]),
            _ => Err("a policy has statements".to_owned()),
        };
        Ok(Self {
            statements: statements?,
        })
    }

    pub(super) fn decide(&self, attempt: &IamRequest<'_>) -> Decision {
        let mut decision = Decision::ImplicitDeny;
        for statement in &self.statements {
            if statement.fits(attempt) {
                if !statement.allows {
                    return Decision::ExplicitDeny;
                }
                decision = Decision::Allowed;
            }
        }
        decision
    }
}

impl Statement {
    fn read(statement: &Value) -> Result<Self, String> {
        const KNOWN: [&str; 5] = ["Sid", "Effect", "Action", "Resource", "Condition"];
        let fields = statement.as_object().ok_or("a statement is an object")?;
        if let Some(strange) = fields.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(format!("the sandbox does not know `{strange}`"));
        }
        let mut conditions = Vec::new();
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            if operator != "StringEquals" {
                return Err(format!("the sandbox does not know `{operator}`"));
            }
            for (key, values) in keys.as_object().into_iter().flatten() {
                let values = texts(values)?.into_iter().map(Pattern::exact).collect();
                conditions.push((key.to_lowercase(), values));
            }
        }
        let actions = texts(&statement["Action"])?.into_iter();
        let resources = texts(&statement["Resource"])?.into_iter();
        Ok(Self {
            allows: match statement["Effect"].as_str() {
                Some("Allow") => true,
                Some("Deny") => false,
                _ => return Err("the effect is Allow or Deny".to_owned()),
            },
            actions: actions.map(Pattern::ignoring_case).collect(),
            resources: resources.map(Pattern::of).collect(),
            conditions,
        })
    }

    fn fits(&self, attempt: &IamRequest<'_>) -> bool {
        let holds = |(key, values): &(String, Vec<Pattern>)| {
            let has = |(name, value): &(&str, &str)| {
                name.to_lowercase() == *key && values.iter().any(|pattern| pattern.fits(value))
            };
            attempt.context.iter().any(has)
        };
        let action = attempt.action.to_lowercase();
        self.actions.iter().any(|pattern| pattern.fits(&action))
            && self
                .resources
                .iter()
                .any(|pattern| pattern.fits(attempt.resource))
            && self.conditions.iter().all(holds)
    }
}

fn texts(value: &Value) -> Result<Vec<&str>, String> {
    let text = |value: &'_ Value| value.as_str().map(|_| ()).ok_or("a text is wanted");
    match value {
        Value::Array(items) => {
            items.iter().try_for_each(text)?;
            Ok(items.iter().filter_map(Value::as_str).collect())
        }
        one => {
            text(one)?;
            Ok(one.as_str().into_iter().collect())
        }
    }
}

/// A text with wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Letter(char),
    /// Any one letter.
    One,
    /// Any letters or none.
    Any,
    /// A variable that has no value here, so that nothing fits.
    Nothing,
}

impl Pattern {
    /// Reads wildcards, and the variables that stand for letters.
    ///
    /// Source: IAM User Guide, "IAM policy elements: Variables and tags".
    fn of(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let variable = rest
                .strip_prefix("${")
                .and_then(|inside| inside.split_once('}'));
            if let Some((name, after)) = variable {
                pieces.push(match name {
                    "*" => Piece::Letter('*'),
                    "?" => Piece::Letter('?'),
                    "$" => Piece::Letter('$'),
                    _ => Piece::Nothing,
                });
                rest = after;
                continue;
            }
            pieces.push(match letter {
                '*' => Piece::Any,
                '?' => Piece::One,
                letter => Piece::Letter(letter),
            });
            rest = &rest[letter.len_utf8()..];
        }
        Self(pieces)
    }

    fn exact(text: &str) -> Self {
        Self(text.chars().map(Piece::Letter).collect())
    }

    fn ignoring_case(text: &str) -> Self {
        Self::of(&text.to_lowercase())
    }

    fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let pieces = &self.0;
        let (mut piece, mut at) = (0, 0);
        // Where the last `*` is, and how far it reaches so far.
        let mut star: Option<(usize, usize)> = None;
        while at < text.len() {
            match pieces.get(piece) {
                Some(Piece::Any) => {
                    star = Some((piece, at));
                    piece += 1;
                    continue;
                }
                Some(Piece::One) => {
                    piece += 1;
                    at += 1;
                    continue;
                }
                Some(Piece::Letter(letter)) if *letter == text[at] => {
                    piece += 1;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            let Some((place, reach)) = star else {
                return false;
            };
            star = Some((place, reach + 1));
            piece = place + 1;
            at = reach + 1;
        }
        pieces[piece..].iter().all(|rest| *rest == Piece::Any)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wildcards_stand_for_letters_and_escapes_for_themselves() {
        for (pattern, text, fits) in [
            ("eks:*Entry", "eks:CreateAccessEntry", true),
            ("eks:*Entry", "eks:ListAccessEntries", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("a*b*c", "aXbXbXc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("role/a${*}b", "role/a*b", true),
            ("role/a${*}b", "role/aXb", false),
            ("${$}{x}", "${x}", true),
            ("role/${aws:username}", "role/${aws:username}", false),
        ] {
            assert_eq!(Pattern::of(pattern).fits(text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_denial_wins_and_a_condition_has_to_hold() {
        let policy = Policy::read(&json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ["arn:a", "arn:b"],
             "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}},
            {"Effect": "Allow", "Action": ["EKS:describe*"], "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "arn:b"},
        ]}))
        .unwrap();
        let decide = |action, resource, service| {
            let context = [("iam:PassedToService", service)];
            policy.decide(&IamRequest {
                action,
                resource,
                context: &context,
            })
        };
        let ec2 = "ec2.amazonaws.com";
        assert_eq!(decide("iam:PassRole", "arn:a", ec2), Decision::Allowed);
        assert_eq!(decide("iam:PassRole", "arn:a", "x"), Decision::ImplicitDeny);
        assert_eq!(decide("iam:PassRole", "arn:b", ec2), Decision::ExplicitDeny);
        assert_eq!(decide("iam:PassRole", "arn:c", ec2), Decision::ImplicitDeny);
        assert_eq!(
            decide("eks:DescribeCluster", "arn:c", ""),
            Decision::Allowed
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for statement in [
            json!({"Effect": "Allow", "NotAction": "x", "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "x", "Resource": "*", "Condition": {"ArnLike": {}}}),
            json!({"Effect": "Allow", "Action": [1], "Resource": "*"}),
            json!({"Effect": "allow", "Action": "x", "Resource": "*"}),
        ] {
            let read = Policy::read(&json!({"Statement": [statement]}));
            assert!(read.is_err(), "{read:?}");
        }
    }
}
