//! What comes and goes when one text of the ConfigMap takes the place of another; pure.

use serde::Serialize;

use crate::model::{Mapping, MappingId, Section};
use crate::source::AwsAuth;

/// The mappings and other keys that come and go with the ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Moves {
    /// Mappings that count again.
    pub back: Vec<MovedMapping>,
    /// Mappings that are there now and are not any more.
    pub gone: Vec<MovedMapping>,
    /// Keys of `data` that change and are not, or not as a whole, read as mappings.
    pub keys: Vec<String>,
}

/// A mapping that comes or goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MovedMapping {
    /// Where it is, or was.
    pub id: MappingId,
    /// Whose it is: an ARN or, in `mapAccounts`, an account.
    pub arn: String,
    /// The username's template.
    pub username: String,
    /// The groups' templates.
    pub groups: Vec<String>,
}

impl Moves {
    /// What is not the same in both.
    pub(super) fn between(now: &AwsAuth, then: &AwsAuth) -> Self {
        let (before, after) = (now.read(), then.read());
        let is_read = |key: &str| {
            let mut sections = Section::ALL.into_iter();
            sections
                .find(|section| section.key() == key)
                .is_some_and(|section| {
                    ![&before, &after].iter().any(|reading| {
                        reading.broken.contains(&section) || reading.undecided.contains(&section)
                    })
                })
        };
        let keys = now.data.keys().chain(then.data.keys());
        let mut keys: Vec<String> = keys
            .filter(|key| now.data.get(*key) != then.data.get(*key) && !is_read(key))
            .cloned()
            .collect();
        keys.sort();
        keys.dedup();
        Self {
            back: missing(&before.mappings, &after.mappings),
            gone: missing(&after.mappings, &before.mappings),
            keys,
        }
    }
}

/// The mappings that are not among the others, one for one.
fn missing(others: &[Mapping], mappings: &[Mapping]) -> Vec<MovedMapping> {
    let says = |mapping: &Mapping| {
        (
            mapping.id.section,
            mapping.arn.clone(),
            mapping.sso.clone(),
            mapping.username.clone(),
            mapping.groups.clone(),
        )
    };
    let mut others: Vec<_> = others.iter().map(says).collect();
    let mut missing = Vec::new();
    for mapping in mappings {
        let said = says(mapping);
        match others.iter().position(|other| *other == said) {
            Some(place) => {
                others.swap_remove(place);
            }
            None => missing.push(MovedMapping {
                id: mapping.id,
                arn: mapping.arn.clone(),
                username: mapping.username.clone(),
                groups: mapping.groups.clone(),
            }),
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aws_auth(map_roles: &str) -> AwsAuth {
        AwsAuth {
            data: [
                ("mapRoles".to_owned(), map_roles.to_owned()),
                ("note".to_owned(), map_roles.len().to_string()),
            ]
            .into(),
            ..AwsAuth::default()
        }
    }

    #[test]
    fn only_what_differs_moves_and_a_repeated_mapping_counts_twice() {
        let line = |name: &str| format!("- {{rolearn: '{name}', username: u, groups: [g]}}\n");
        let now = aws_auth(&(line("a") + &line("b")));
        let then = aws_auth(&(line("c") + &line("b") + &line("b")));
        let moves = Moves::between(&now, &then);
        let arns = |moved: &[MovedMapping]| -> Vec<String> {
            let texts = moved
                .iter()
                .map(|moved| format!("{} {}", moved.id, moved.arn));
            texts.collect()
        };
        assert_eq!(arns(&moves.back), ["mapRoles[0] c", "mapRoles[2] b"]);
        assert_eq!(arns(&moves.gone), ["mapRoles[0] a"]);
        assert_eq!(moves.keys, ["note"]);
        assert_eq!(Moves::between(&now, &now), Moves::default());
        let broken = Moves::between(&now, &aws_auth("- {"));
        assert!(broken.keys.contains(&"mapRoles".to_owned()), "{broken:?}");
    }
}
