//! What a run was told beyond its choices, so that it can be resumed the same way.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One option of a command; recorded as the command line has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum RunOption {
    /// Create the bindings that new names need.
    ApplyRbac,
    /// The caller may lock itself out.
    AllowSelfLockout,
    /// Stop at the first failure.
    FailFast,
    /// How long the nodes are watched after the first node role got its entry.
    Canary(Duration),
    /// Calls per second at most.
    MaxRate(f64),
    /// The ConfigMap stays, empty.
    KeepConfigMap,
    /// The switch to the mode API follows.
    ToApiMode,
    /// How long the nodes are watched after the removal.
    Soak(Duration),
    /// How long what takes its time is waited for.
    Settle(Duration),
    /// How long after the last `apply` the switch to the mode API is refused.
    MinSoak(Duration),
    /// Undo only what this run did.
    OnlyRun(String),
    /// Edits by others are written over.
    Force,
    /// One of another version, as it was recorded.
    Other(String),
}

impl fmt::Display for RunOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApplyRbac => f.write_str("--apply-rbac"),
            Self::AllowSelfLockout => f.write_str("--allow-self-lockout"),
            Self::FailFast => f.write_str("--fail-fast"),
            Self::Canary(time) => write!(f, "--canary={}s", time.as_secs()),
            Self::MaxRate(rate) => write!(f, "--max-rate={rate}"),
            Self::KeepConfigMap => f.write_str("--keep-config-map"),
            Self::ToApiMode => f.write_str("--to-api-mode"),
            Self::Soak(time) => write!(f, "--soak={}s", time.as_secs()),
            Self::Settle(time) => write!(f, "--settle={}s", time.as_secs()),
            Self::MinSoak(time) => write!(f, "--min-soak={}s", time.as_secs()),
            Self::OnlyRun(run) => write!(f, "--run={run}"),
            Self::Force => f.write_str("--force"),
            Self::Other(word) => f.write_str(word),
        }
    }
}

impl FromStr for RunOption {
    type Err = Infallible;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let time = || {
            let seconds = value.strip_suffix('s')?.parse().ok()?;
            Some(Duration::from_secs(seconds))
        };
        let known = match name {
            "--apply-rbac" => Some(Self::ApplyRbac),
            "--allow-self-lockout" => Some(Self::AllowSelfLockout),
            "--fail-fast" => Some(Self::FailFast),
            "--canary" => time().map(Self::Canary),
            "--max-rate" => value.parse().ok().map(Self::MaxRate),
            "--keep-config-map" => Some(Self::KeepConfigMap),
            "--to-api-mode" => Some(Self::ToApiMode),
            "--soak" => time().map(Self::Soak),
            "--settle" => time().map(Self::Settle),
            "--min-soak" => time().map(Self::MinSoak),
            "--run" if !value.is_empty() => Some(Self::OnlyRun(value.to_owned())),
            "--force" => Some(Self::Force),
            _ => None,
        };
        // What does not print back as it was recorded is kept as it is.
        let known = known.filter(|known| known.to_string() == word);
        Ok(known.unwrap_or_else(|| Self::Other(word.to_owned())))
    }
}

impl From<String> for RunOption {
    fn from(word: String) -> Self {
        let Ok(option) = word.parse();
        option
    }
}

impl From<RunOption> for String {
    fn from(option: RunOption) -> Self {
        option.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_prints_back_as_recorded() {
        for word in [
            "--apply-rbac",
            "--canary=90s",
            "--max-rate=2.5",
            "--min-soak=0s",
            "--run=2026-11-25T10:00:00Z-1a2b",
            "--canary=soon",
            "--run=",
            "--of-another-version=1",
            "",
        ] {
            let option = RunOption::from(word.to_owned());
            assert_eq!(option.to_string(), word);
        }
        assert_eq!(
            RunOption::from("--run=a".to_owned()),
            RunOption::OnlyRun("a".to_owned())
        );
        assert_eq!(
            RunOption::from("--canary=soon".to_owned()),
            RunOption::Other("--canary=soon".to_owned())
        );
    }
}
