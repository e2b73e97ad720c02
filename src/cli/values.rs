//! The values of options as they are typed: what they mean, or why they can't be meant so.

use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::choices::{ManagedNodes, OnExisting, Usernames};
use crate::model::Arn;
use crate::model::reserved::prefix_of;
use crate::report::Format;
use crate::schema;

impl ValueEnum for OnExisting {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Keep, Self::Update, Self::Fail]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()).help(match self {
            Self::Keep => "Report the difference and keep the entry",
            Self::Update => "Update the entry to match the mapping",
            Self::Fail => "Stop with an error",
        }))
    }
}

impl ValueEnum for Usernames {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Preserve, Self::Default]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()).help(match self {
            Self::Preserve => "Keep them where EKS allows it",
            Self::Default => "Leave them to EKS",
        }))
    }
}

impl ValueEnum for ManagedNodes {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Create, Self::Skip]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()).help(match self {
            Self::Create => "Create the entry where EKS has not",
            Self::Skip => "Leave them to EKS",
        }))
    }
}

impl ValueEnum for schema::SchemaDocument {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.about()))
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Table,
            Self::Json,
            Self::Yaml,
            Self::Markdown,
            Self::Html,
            Self::Csv,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Table => ("table", "For people, fits the terminal"),
            Self::Json => ("json", "The document whose form `schema` prints"),
            Self::Yaml => ("yaml", "The document whose form `schema` prints"),
            Self::Markdown => ("markdown", "Pastes into a pull request"),
            Self::Html => ("html", "One self-contained page"),
            Self::Csv => ("csv", "One row a mapping"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}

/// A file or folder on this machine, or one in S3 as `s3://BUCKET/KEY`.
pub(super) fn place(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    crate::files::objects::check(&path)?;
    Ok(path)
}

/// A folder in S3, without a slash at its end; it is used in places that know no quotes.
pub(super) fn bucket(text: &str) -> Result<String, String> {
    let path = PathBuf::from(text);
    crate::files::objects::check(&path)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    if !crate::files::objects::is_object(&path) || !text.chars().all(is_plain) {
        return Err(
            "write it as s3://BUCKET/FOLDER, with letters, digits, `-`, `_` and `.` alone"
                .to_owned(),
        );
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// A repository of GitHub, in which a policy's pattern has no wildcard.
pub(super) fn repository(text: &str) -> Result<String, String> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    match text.split_once('/') {
        Some((owner, name)) if is_name(owner) && is_name(name) => Ok(text.to_owned()),
        _ => Err("not of the form OWNER/REPOSITORY".to_owned()),
    }
}

pub(super) fn rename(text: &str) -> Result<(String, String), String> {
    let (old, new) = pair(text).map_err(|_| "write it as OLD=NEW".to_owned())?;
    match prefix_of(&new) {
        _ if new.is_empty() => Err("the new name is empty".to_owned()),
        Some(prefix) => Err(format!(
            "EKS refuses groups that begin with `{prefix}`, so `{new}` can't be the new name"
        )),
        None => Ok((old, new)),
    }
}

/// Source: EKS API Reference, `CreateAccessEntry`, `tags`; keys that begin with `aws:` are AWS's own.
pub(super) fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = pair(text)?;
    if key.to_lowercase().starts_with("aws:") {
        Err("tags that begin with `aws:` are reserved by AWS".to_owned())
    } else if key.chars().count() > 128 || value.chars().count() > 256 {
        Err("a tag's key has at most 128 characters, its value 256".to_owned())
    } else {
        Ok((key, value))
    }
}

pub(super) fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account id has 12 digits".to_owned())
    }
}

pub(super) fn lookup_role(text: &str) -> Result<(String, Arn), String> {
    let (account, role) = pair(text).map_err(|_| "write it as ACCOUNT=ROLE_ARN".to_owned())?;
    let arn: Arn = role.parse().map_err(|error| format!("`{role}` {error}"))?;
    let account = account_id(&account)?;
    // In another account it would find a different role of the same name.
    if arn.account == account {
        Ok((account, arn))
    } else {
        Err(format!(
            "the role is in account `{}`; principals of {account} are looked up by a role of {account}",
            arn.account
        ))
    }
}

pub(super) fn region(text: &str) -> Result<String, String> {
    if text == super::fleet::ALL_ENABLED || crate::fleet::member::is_region(text) {
        Ok(text.to_owned())
    } else {
        Err("write the name of a region, such as eu-west-1, or `all-enabled`".to_owned())
    }
}

/// The slowest rate that is taken, in requests per second: one in about a quarter of an hour.
const SLOWEST_RATE: f64 = 0.001;
/// The longest time that is taken; what is longer is a slip, and too long for clocks to add up.
const LONGEST: std::time::Duration = std::time::Duration::from_hours(365 * 24);

pub(super) fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate >= SLOWEST_RATE && rate.is_finite() => Ok(rate),
        _ => Err(format!("a rate is a number, {SLOWEST_RATE} or more")),
    }
}

pub(super) fn duration(text: &str) -> Result<std::time::Duration, String> {
    let span: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "write a duration as 90s, 10m or 1h30m".to_owned())?;
    let duration = std::time::Duration::try_from(span)
        .map_err(|_| "a duration can't be negative".to_owned())?;
    if duration > LONGEST {
        return Err("a duration is at most a year, 8760h".to_owned());
    }
    Ok(duration)
}
