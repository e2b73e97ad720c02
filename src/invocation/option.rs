//! Every option of the command line that a plan or a journal keeps, or that a text names: typed, with its one name.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::OptionValue;
use crate::model::{Arn, Glob, ManagedNodes, OnExisting, Usernames};

/// The options, once: those that stand alone, those with a value, and those that only texts name.
macro_rules! options {
    (
        alone { $($(#[$alone_doc:meta])* $alone:ident = $alone_name:literal,)* }
        valued { $($(#[$valued_doc:meta])* $valued:ident($value:ty) = $valued_name:literal,)* }
        named { $($(#[$named_doc:meta])* $named:ident = $named_name:literal,)* }
    ) => {
        /// The name of an option.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Flag {
            $($(#[$alone_doc])* $alone,)*
            $($(#[$valued_doc])* $valued,)*
            $($(#[$named_doc])* $named,)*
        }

        impl Flag {
            /// All of them.
            pub const ALL: &[Self] = &[
                $(Self::$alone,)* $(Self::$valued,)* $(Self::$named,)*
            ];

            /// The word for it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$alone => $alone_name,)*
                    $(Self::$valued => $valued_name,)*
                    $(Self::$named => $named_name,)*
                }
            }
        }

        /// One option of a command, with its value; kept as the command line has it.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(from = "String", into = "String")]
        #[schemars(with = "String")]
        pub enum CommandOption {
            $($(#[$alone_doc])* $alone,)*
            $($(#[$valued_doc])* $valued($value),)*
            /// One of another version, as it was kept.
            Other(String),
        }

        impl CommandOption {
            /// Its name; `None` for one of another version.
            #[must_use]
            pub fn flag(&self) -> Option<Flag> {
                match self {
                    $(Self::$alone => Some(Flag::$alone),)*
                    $(Self::$valued(_) => Some(Flag::$valued),)*
                    Self::Other(_) => None,
                }
            }

            /// The word for its value, where it has one.
            #[must_use]
            pub fn value(&self) -> Option<String> {
                match self {
                    $(Self::$alone => None,)*
                    $(Self::$valued(value) => Some(value.word()),)*
                    Self::Other(_) => None,
                }
            }

            fn known(name: &str, value: Option<&str>) -> Option<Self> {
                match name {
                    $($alone_name => value.is_none().then_some(Self::$alone),)*
                    $($valued_name => OptionValue::of_word(value?).map(Self::$valued),)*
                    _ => None,
                }
            }
        }
    };
}

options! {
    alone {
        /// The file is taken for what is live, where the cluster's API can't be reached.
        TrustFile = "--trust-file",
        /// Mappings that grant nothing today are created anyway.
        IncludeInert = "--include-inert",
        /// Warnings block.
        Strict = "--strict",
        /// The one-way mode switch is allowed.
        EnableAccessEntries = "--enable-access-entries",
        /// Create the bindings that new names need.
        ApplyRbac = "--apply-rbac",
        /// The caller may lock itself out.
        AllowSelfLockout = "--allow-self-lockout",
        /// Stop at the first failure.
        FailFast = "--fail-fast",
        /// The ConfigMap stays, empty.
        KeepConfigMap = "--keep-config-map",
        /// The switch to the mode API follows.
        ToApiMode = "--to-api-mode",
        /// Edits by others are written over.
        Force = "--force",
        /// Nothing is written.
        DryRun = "--dry-run",
        /// No question is asked.
        Yes = "--yes",
        /// What could go wrong is checked.
        Preflight = "--preflight",
        /// Everything is listed.
        Details = "--details",
    }
    valued {
        /// The cluster.
        Cluster(String) = "--cluster",
        /// Its region.
        Region(String) = "--region",
        /// The credentials.
        Profile(String) = "--profile",
        /// The kubeconfig.
        Kubeconfig(PathBuf) = "--kubeconfig",
        /// Its context.
        Context(String) = "--context",
        /// `aws-auth` from a file.
        FromFile(PathBuf) = "--from-file",
        /// The bindings from a file.
        RbacFile(PathBuf) = "--rbac-file",
        /// What people decided.
        Decisions(PathBuf) = "--decisions",
        /// The real ARNs of principals that can't be looked up.
        Principals(PathBuf) = "--principals",
        /// How long one request may take.
        RequestTimeout(Duration) = "--request-timeout",
        /// The journal.
        Journal(PathBuf) = "--journal",
        /// The role that looks principals of an account up.
        LookupRole((String, Arn)) = "--lookup-role",
        /// What is done with a live entry that differs.
        OnExisting(OnExisting) = "--on-existing",
        /// What is done with custom usernames.
        Usernames(Usernames) = "--usernames",
        /// The new name of a group, behind the old one.
        RenameGroup((String, String)) = "--rename-group",
        /// What is done with the roles of managed nodes.
        ManagedNodes(ManagedNodes) = "--managed-nodes",
        /// Only mappings whose ARN matches.
        Only(Glob) = "--only",
        /// No mapping whose ARN matches.
        Exclude(Glob) = "--exclude",
        /// A tag for the entries that are made.
        Tag((String, String)) = "--tag",
        /// How long the nodes are watched after the first node role got its entry.
        Canary(Duration) = "--canary",
        /// Calls per second at most.
        MaxRate(f64) = "--max-rate",
        /// How long the nodes are watched after the removal.
        Soak(Duration) = "--soak",
        /// How long what takes its time is waited for.
        Settle(Duration) = "--settle",
        /// How long after the last `apply` the switch to the mode API is refused.
        MinSoak(Duration) = "--min-soak",
        /// Undo only what this run did.
        OnlyRun(String) = "--run",
        /// The saved plan to be applied.
        SavedPlan(PathBuf) = "--plan",
        /// Where what is made is saved.
        Out(PathBuf) = "--out",
        /// How progress is shown.
        Progress(String) = "--progress",
        /// The format of the report.
        Output(String) = "--output",
        /// Where the report is saved.
        OutReport(PathBuf) = "--out-report",
        /// The fleet file.
        Fleet(PathBuf) = "--fleet",
        /// Which part of a fleet, and of how many.
        Shard(String) = "--shard",
        /// The folder of the journals of a fleet.
        Journals(PathBuf) = "--journals",
        /// The folder of the saved plans of a fleet.
        Plans(PathBuf) = "--plans",
    }
    named {
        /// How long a command may take.
        Timeout = "--timeout",
        /// How many clusters may fail.
        MaxFailures = "--max-failures",
    }
}

impl Flag {
    /// Whether its value has to hang on to it, since it may stand alone.
    #[must_use]
    pub fn needs_equals(self) -> bool {
        self == Self::Canary
    }
}

impl CommandOption {
    /// Whether it names a file that is read in place of the cluster's own objects.
    #[must_use]
    pub fn is_source_file(&self) -> bool {
        matches!(
            self,
            Self::FromFile(_) | Self::RbacFile(_) | Self::TrustFile
        )
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// As one word, such as `--canary=90s`.
impl fmt::Display for CommandOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Other(word) = self {
            return f.write_str(word);
        }
        if let Some(flag) = self.flag() {
            f.write_str(flag.name())?;
        }
        match self.value() {
            Some(value) => write!(f, "={value}"),
            None => Ok(()),
        }
    }
}

impl From<String> for CommandOption {
    fn from(word: String) -> Self {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), None),
        };
        // What does not print back as it was kept stays as it is.
        let known = Self::known(name, value).filter(|known| known.to_string() == word);
        known.unwrap_or(Self::Other(word))
    }
}

impl From<CommandOption> for String {
    fn from(option: CommandOption) -> Self {
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
            "--request-timeout=0.5s",
            "--run=2026-11-25T10:00:00Z-1a2b",
            "--lookup-role=444455556666=arn:aws:iam::444455556666:role/look",
            "--rename-group=system:a=a=b",
            "--only=*Ops*",
            "--canary=soon",
            "--run=",
            "--of-another-version=1",
            "--yes=",
            "",
        ] {
            let option = CommandOption::from(word.to_owned());
            assert_eq!(option.to_string(), word);
        }
        let read = |word: &str| CommandOption::from(word.to_owned());
        assert_eq!(read("--run=a"), CommandOption::OnlyRun("a".to_owned()));
        assert_eq!(
            read("--canary=90s"),
            CommandOption::Canary(Duration::from_secs(90))
        );
        assert_eq!(
            read("--canary=soon"),
            CommandOption::Other("--canary=soon".to_owned())
        );
    }
}
