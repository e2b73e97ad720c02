//! The file of `--principals`: which real ARN belongs to an ARN of `aws-auth`.

use std::collections::BTreeMap;

use crate::go_yaml;
use crate::model::{Arn, Principal, PrincipalKey};

/// A line that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrincipalsError {
    /// It is neither a YAML mapping of texts nor CSV.
    #[error("it is neither a YAML mapping from ARN to ARN nor CSV with two columns: {reason}")]
    Syntax {
        /// What is wrong.
        reason: String,
    },
    /// An ARN is not one of a role or user.
    #[error("`{text}` is not the ARN of a role or user")]
    NotAPrincipal {
        /// The text.
        text: String,
    },
    /// The two ARNs can't be the same principal.
    #[error(
        "`{real}` is not the principal `{written}`: partition, account, kind and name must match"
    )]
    AnotherPrincipal {
        /// The ARN as in `aws-auth`.
        written: String,
        /// The ARN that is said to be behind it.
        real: String,
    },
}

/// Reads the file: a YAML mapping, or CSV with the columns `ARN as written,real ARN` and an optional header.
///
/// Only the path may differ between the two ARNs, so that the file can't lead a mapping to somebody else.
pub fn parse(text: &str) -> Result<BTreeMap<PrincipalKey, Arn>, PrincipalsError> {
    let pairs =
        match go_yaml::from_str::<BTreeMap<String, String>>(text) {
            Ok(map) => map.into_iter().collect(),
            Err(yaml) => csv(text).filter(|pairs| !pairs.is_empty()).ok_or_else(|| {
                PrincipalsError::Syntax {
                    reason: yaml.to_string(),
                }
            })?,
        };
    let mut principals = BTreeMap::new();
    for (written, real) in pairs {
        let read = |text: &str| {
            Principal::as_matched(text).ok_or_else(|| PrincipalsError::NotAPrincipal {
                text: text.to_owned(),
            })
        };
        let (from, to) = (read(&written)?, read(&real)?);
        if from.key() != to.key() {
            return Err(PrincipalsError::AnotherPrincipal { written, real });
        }
        principals.insert(from.key(), to.arn());
    }
    Ok(principals)
}

/// ARNs hold neither commas nor quotes, so that splitting lines is all there is to it.
fn csv(text: &str) -> Option<Vec<(String, String)>> {
    text.trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .enumerate()
        .filter(|(index, line)| *index > 0 || line.contains("arn:"))
        .map(|(_, line)| {
            let (written, real) = line.split_once(',')?;
            let clean = |text: &str| text.trim().trim_matches('"').to_owned();
            (!real.contains(',')).then(|| (clean(written), clean(real)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "arn:aws:iam::111122223333:role/ops";
    const REAL: &str = "arn:aws:iam::111122223333:role/team/ops";

    #[test]
    fn yaml_and_csv_say_the_same() {
        let expected = parse(&format!("{WRITTEN}: {REAL}\n")).unwrap();
        assert_eq!(expected.values().next().unwrap().to_string(), REAL);
        for text in [
            format!("aws-auth,iam\n{WRITTEN},{REAL}\n"),
            format!("{WRITTEN}, {REAL}\r\n"),
            format!("\"{WRITTEN}\",\"{REAL}\"\n"),
            format!("{{\"{WRITTEN}\": \"{REAL}\"}}"),
        ] {
            assert_eq!(parse(&text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_line_can_not_lead_to_somebody_else() {
        for real in [
            "arn:aws:iam::444455556666:role/ops",
            "arn:aws:iam::111122223333:user/ops",
            "arn:aws:iam::111122223333:role/dev",
        ] {
            assert!(matches!(
                parse(&format!("{WRITTEN}: {real}\n")),
                Err(PrincipalsError::AnotherPrincipal { .. })
            ));
        }
        assert!(matches!(
            parse("a: b\n"),
            Err(PrincipalsError::NotAPrincipal { .. })
        ));
        assert!(matches!(
            parse("hello"),
            Err(PrincipalsError::Syntax { .. })
        ));
    }
}
