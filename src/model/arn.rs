//! Amazon Resource Names, as text in six parts.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, StrExt};

/// An Amazon Resource Name: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
///
/// Printing it gives back exactly the text it was read from. The resource keeps its colons and slashes.
/// Source: AWS General Reference, "Amazon Resource Names (ARNs)".
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[schemars(with = "String")]
#[serde(into = "String", try_from = "String")]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`, ...
    pub partition: SmolStr,
    /// `iam`, `sts`, `eks`, ...
    pub service: SmolStr,
    /// Empty for IAM and STS.
    pub region: SmolStr,
    /// The 12-digit account id; `aws` for what AWS itself owns.
    pub account: SmolStr,
    /// All that follows the fifth colon, such as `role/team/ops`.
    pub resource: SmolStr,
}

/// Why a text is not an [`Arn`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// The text does not begin with `arn:`.
    #[error("does not start with `arn:`")]
    Prefix,
    /// There are fewer than six parts between colons.
    #[error("has {found} of the 6 parts of an ARN")]
    Parts {
        /// How many parts there are.
        found: usize,
    },
}

impl Arn {
    /// Reads an ARN as the cluster matches it: without regard to case, so that `ARN:AWS:IAM::...` counts too; `None` for
    /// what is no ARN.
    ///
    /// The name keeps its case, which IAM gives right where it can be asked.
    /// Source: aws-iam-authenticator `pkg/config/mapper.go`, `Matches` (`strings.EqualFold`).
    #[must_use]
    pub fn as_matched(text: &str) -> Option<Self> {
        let lowered = match text.get(..4) {
            Some("arn:") => Cow::Borrowed(text),
            Some(prefix) if prefix.eq_ignore_ascii_case("arn:") => {
                Cow::Owned(format!("arn:{}", &text[4..]))
            }
            _ => return None,
        };
        let mut arn: Self = lowered.parse().ok()?;
        if arn.partition.bytes().any(|byte| !byte.is_ascii_lowercase()) {
            arn.partition = arn.partition.to_lowercase_smolstr();
        }
        Some(arn)
    }
}

impl Arn {
    /// The five parts behind `arn:`; `None` for what is no ARN.
    pub(crate) fn parts(text: &str) -> Option<[&str; 5]> {
        let mut rest = text.strip_prefix("arn:")?;
        let mut parts = [""; 5];
        for part in &mut parts[..4] {
            let colon = rest.bytes().position(|byte| byte == b':')?;
            (*part, rest) = (&rest[..colon], &rest[colon + 1..]);
        }
        parts[4] = rest;
        Some(parts)
    }

    /// Whether it is written as this text.
    pub(crate) fn is(&self, text: &str) -> bool {
        Self::parts(text).is_some_and(|parts| {
            parts
                == [
                    self.partition.as_str(),
                    &self.service,
                    &self.region,
                    &self.account,
                    &self.resource,
                ]
        })
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.starts_with("arn:") {
            return Err(ArnError::Prefix);
        }
        let Some([partition, service, region, account, resource]) = Self::parts(text) else {
            let found = text.splitn(6, ':').count();
            return Err(ArnError::Parts { found });
        };
        Ok(Self {
            partition: partition.into(),
            service: service.into(),
            region: region.into(),
            account: account.into(),
            resource: resource.into(),
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            service,
            region,
            account,
            resource,
        } = self;
        f.write_str("arn")?;
        for part in [partition, service, region, account, resource] {
            f.write_str(":")?;
            f.write_str(part)?;
        }
        Ok(())
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> Self {
        arn.to_string()
    }
}

impl TryFrom<String> for Arn {
    type Error = ArnError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_resource_keeps_its_colons_and_slashes() {
        let arn: Arn = "arn:aws:iam::111122223333:role/a:b/c".parse().unwrap();
        assert_eq!(arn.resource, "role/a:b/c");
    }

    #[test]
    fn too_few_parts_are_counted() {
        assert_eq!(
            "arn:aws:iam".parse::<Arn>(),
            Err(ArnError::Parts { found: 3 })
        );
        assert_eq!("role/ops".parse::<Arn>(), Err(ArnError::Prefix));
        assert_eq!("".parse::<Arn>(), Err(ArnError::Prefix));
    }

    proptest! {
        #[test]
        fn an_arn_prints_back_as_read(text in "arn:[^:]{0,8}:[^:]{0,8}:[^:]{0,8}:[^:]{0,12}:.{0,40}") {
            prop_assert_eq!(text.parse::<Arn>().unwrap().to_string(), text);
        }
    }
}
