//! Runs the cases of `testdata/translator`, one file each, named for what they show.
//!
//! `aNN-` is a row of the translation table, `eNN-` a shape met in the wild, `fNNN-` a known mistake of eksctl.

#![expect(
    clippy::disallowed_methods,
    reason = "the cases are files, and a test may read them"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::{Proposal, translate};
use crate::access::before::Standing;
use crate::access::{Bindings, compare, identity_of_entry, identity_of_mapping};
use crate::choices::{Choices, Usernames};
use crate::finding::{Code, Severity};
use crate::model::mapping::Dropped;
use crate::model::rbac::{Binding, Rbac, Subject};
use crate::model::{
    AccessEntry, Arn, AuthenticationMode, Cluster, Glob, Mapping, MappingId, Place, Principal,
    Section, SsoRole,
};
use crate::observed::{Lookup, NodeOs, NodeRole, NodeRoleUser, Observed};
use crate::plan::document::Verdict;

const ACCOUNT: &str = "210987654321";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    mapping: GivenMapping,
    #[serde(default)]
    standing: GivenStanding,
    lookup: Option<GivenLookup>,
    #[serde(default)]
    cluster: GivenCluster,
    #[serde(default)]
    node_roles: Vec<GivenNodeRole>,
    rbac: Option<Vec<GivenBinding>>,
    #[serde(default)]
    choices: GivenChoices,
    expected: Expected,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GivenMapping {
    arn: String,
    #[serde(default = "map_roles")]
    section: Section,
    #[serde(default)]
    username: String,
    #[serde(default)]
    groups: Vec<String>,
    sso: Option<SsoRole>,
    dropped: Option<GivenDropped>,
}

fn map_roles() -> Section {
    Section::MapRoles
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum GivenDropped {
    NoPrincipal,
    RoleAndSso,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GivenStanding {
    shadowed_by: Option<MappingId>,
    undefined_with: Option<Vec<MappingId>>,
}

/// Without it the principal is found as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", untagged)]
enum GivenLookup {
    Word(LookupWord),
    Found { found: Arn },
    Denied { denied: String },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum LookupWord {
    Missing,
    OtherAccount,
    NotTried,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GivenCluster {
    partition: Option<String>,
    #[serde(default)]
    auto_mode: bool,
    #[serde(default)]
    offline: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenNodeRole {
    role: Arn,
    #[serde(rename = "use")]
    used_by: GivenUse,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum GivenUse {
    Linux,
    Windows,
    Unknown,
    Fargate,
    AutoMode,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenBinding {
    name: String,
    namespace: Option<String>,
    users: Vec<String>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct GivenChoices {
    include_inert: bool,
    rename_groups: BTreeMap<String, String>,
    usernames: Option<String>,
    only: Vec<String>,
    exclude: Vec<String>,
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    proposal: String,
    entry: Option<ExpectedEntry>,
    codes: Vec<Code>,
    /// How access would change; left out where no entry is proposed, `unknown` where it isn't known.
    access: Option<String>,
    /// All fixes that are not empty, in order; not looked at where it is left out.
    fixes: Option<Vec<String>>,
    /// In the order of the codes; not looked at where it is left out.
    severities: Option<Vec<Severity>>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExpectedEntry {
    principal_arn: String,
    #[serde(rename = "type")]
    entry_type: String,
    username: Option<String>,
    kubernetes_groups: Vec<String>,
    /// All of them on the whole cluster.
    access_policies: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

impl From<&AccessEntry> for ExpectedEntry {
    fn from(entry: &AccessEntry) -> Self {
        Self {
            principal_arn: entry.principal_arn.to_string(),
            entry_type: entry.entry_type.to_string(),
            username: entry.username.clone(),
            kubernetes_groups: entry.kubernetes_groups.clone(),
            access_policies: entry
                .access_policies
                .iter()
                .map(|policy| {
                    assert_eq!(policy.access_scope.to_string(), "cluster");
                    policy.policy_arn.to_string()
                })
                .collect(),
            tags: entry.tags.clone(),
        }
    }
}

impl Case {
    fn mapping(&self) -> Mapping {
        let GivenMapping {
            arn,
            section,
            username,
            groups,
            sso,
            dropped,
        } = &self.mapping;
        Mapping {
            id: MappingId {
                section: *section,
                index: 0,
            },
            place: Place {
                section: *section,
                line: 1,
                column: 3,
                start: 2,
                end: 2,
            },
            arn: arn.clone(),
            sso: sso.clone(),
            username: username.clone(),
            groups: groups.clone(),
            dropped: dropped.as_ref().map(|dropped| match dropped {
                GivenDropped::NoPrincipal => Dropped::NoPrincipal,
                GivenDropped::RoleAndSso => Dropped::RoleAndSso,
            }),
        }
    }

    fn standing(&self, id: MappingId) -> Standing {
        let GivenStanding {
            shadowed_by,
            undefined_with,
        } = &self.standing;
        match (shadowed_by, undefined_with) {
            (Some(by), _) => Standing::Shadowed { by: *by },
            (_, Some(with)) => Standing::Undefined {
                among: with.iter().copied().chain([id]).collect(),
            },
            _ if self.mapping.dropped.is_some() => Standing::Dropped,
            _ => Standing::Effective,
        }
    }

    fn lookup(&self, written: &Principal) -> Lookup {
        match &self.lookup {
            None => Lookup::Found {
                arn: written.arn(),
                created_at: None,
            },
            Some(GivenLookup::Found { found }) => Lookup::Found {
                arn: found.clone(),
                created_at: None,
            },
            Some(GivenLookup::Denied { denied }) => Lookup::Denied {
                permission: denied.clone(),
            },
            Some(GivenLookup::Word(word)) => match word {
                LookupWord::Missing => Lookup::Missing,
                LookupWord::OtherAccount => Lookup::OtherAccount,
                LookupWord::NotTried => Lookup::NotTried,
            },
        }
    }

    fn observed(&self) -> Observed {
        let written = Principal::as_matched(&self.mapping.arn);
        Observed {
            cluster: Cluster {
                name: Some("blue".to_owned()),
                arn: None,
                created_at: None,
                region: None,
                account_id: Some(ACCOUNT.to_owned()),
                partition: self
                    .cluster
                    .partition
                    .clone()
                    .unwrap_or_else(|| "aws".to_owned()),
                authentication_mode: (!self.cluster.offline)
                    .then_some(AuthenticationMode::ApiAndConfigMap),
                platform_version: None,
                kubernetes_version: None,
                status: None,
                auto_mode: self.cluster.auto_mode,
                hybrid_nodes: false,
                outpost: false,
            },
            entries: None,
            node_roles: Some(self.node_roles.iter().map(NodeRole::from).collect()),
            principals: written
                .iter()
                .map(|written| (written.key(), self.lookup(written)))
                .collect(),
            rbac: self.rbac.as_ref().map(|bindings| Rbac {
                bindings: bindings.iter().map(Binding::from).collect(),
                cluster_roles: None,
            }),
            caller: None,
        }
    }

    fn choices(&self) -> Choices {
        let globs = |patterns: &[String]| patterns.iter().map(|text| Glob::new(text)).collect();
        let given = &self.choices;
        Choices {
            include_inert: given.include_inert,
            rename_groups: given.rename_groups.clone(),
            usernames: match given.usernames.as_deref() {
                None => Usernames::Preserve,
                Some("default") => Usernames::Default,
                Some(other) => panic!("no choice of usernames: {other}"),
            },
            only: globs(&given.only),
            exclude: globs(&given.exclude),
            tags: given.tags.clone(),
            ..Choices::default()
        }
    }

    /// How access differs between the mapping as it counts today and an entry.
    fn verdict(&self, entry: &AccessEntry, grants_today: bool) -> Option<Verdict> {
        let before = identity_of_mapping(&self.mapping()).filter(|_| grants_today);
        let [before, after] = [before, identity_of_entry(entry)].map(|side| side.map(Arc::new));
        let observed = self.observed();
        let bindings = Bindings::as_read(observed.rbac.as_ref());
        compare(before.as_ref(), after.as_ref(), bindings).verdict
    }

    /// What differs from what is expected, a line each.
    fn differences(&self) -> Vec<String> {
        let mapping = self.mapping();
        let translation = translate(
            &mapping,
            &self.standing(mapping.id),
            &self.observed(),
            &self.choices(),
        );
        let (proposal, entry) = match &translation.proposal {
            Proposal::Entry(entry) => ("entry", Some(entry)),
            Proposal::Inert => ("inert", None),
            Proposal::Impossible => ("impossible", None),
            Proposal::FilteredOut => ("filteredOut", None),
        };
        let findings = &translation.findings;
        let expected = &self.expected;
        let mut differences = Vec::new();
        let mut expect = |what: &str, found: String, expected: String| {
            if found != expected {
                differences.push(format!("{what} is {found}, expected {expected}"));
            }
        };
        expect("proposal", proposal.to_owned(), expected.proposal.clone());
        let entry = entry.map(ExpectedEntry::from);
        expect(
            "entry",
            format!("{entry:?}"),
            format!("{:?}", expected.entry),
        );
        let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        expect(
            "codes",
            format!("{codes:?}"),
            format!("{:?}", expected.codes),
        );
        if let Some(fixes) = &expected.fixes {
            let found = findings.iter().map(|finding| &finding.fix);
            let found: Vec<_> = found.filter(|fix| !fix.is_empty()).collect();
            expect("fixes", format!("{found:?}"), format!("{fixes:?}"));
        }
        if let Some(severities) = &expected.severities {
            let found: Vec<_> = findings.iter().map(|finding| finding.severity).collect();
            expect(
                "severities",
                format!("{found:?}"),
                format!("{severities:?}"),
            );
        }
        if let Proposal::Entry(entry) = &translation.proposal {
            let verdict = self.verdict(entry, translation.grants_today);
            let verdict = verdict.map_or("unknown", Verdict::as_str).to_owned();
            expect(
                "access",
                verdict,
                expected.access.clone().unwrap_or_default(),
            );
        }
        for finding in findings {
            if !finding.message.contains('`') && finding.message.contains(ACCOUNT) {
                expect(
                    "message",
                    finding.message.clone(),
                    "literals in backticks".to_owned(),
                );
            }
        }
        differences
    }
}

impl From<&GivenNodeRole> for NodeRole {
    fn from(given: &GivenNodeRole) -> Self {
        let node_group = |os| NodeRoleUser::NodeGroup {
            name: "ng".to_owned(),
            os,
        };
        Self {
            role_arn: given.role.clone(),
            user: match given.used_by {
                GivenUse::Linux => node_group(NodeOs::Linux),
                GivenUse::Windows => node_group(NodeOs::Windows),
                GivenUse::Unknown => node_group(NodeOs::Unknown),
                GivenUse::Fargate => NodeRoleUser::FargateProfile {
                    name: "fp".to_owned(),
                },
                GivenUse::AutoMode => NodeRoleUser::AutoMode,
            },
        }
    }
}

impl From<&GivenBinding> for Binding {
    fn from(given: &GivenBinding) -> Self {
        Self {
            namespace: given.namespace.clone(),
            name: given.name.clone(),
            role_kind: "ClusterRole".to_owned(),
            role_name: "view".to_owned(),
            subjects: given.users.iter().cloned().map(Subject::User).collect(),
        }
    }
}

/// The files of all cases with their names, sorted.
fn cases() -> BTreeMap<String, PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/translator");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, path)
        })
        .collect()
}

#[test]
fn every_case_translates_as_expected() {
    let mut failures = Vec::new();
    for (name, path) in cases() {
        let text = std::fs::read_to_string(path).unwrap();
        match serde_yaml::from_str::<Case>(&text) {
            Err(error) => failures.push(format!("{name}: {error}")),
            Ok(case) => failures.extend(
                case.differences()
                    .into_iter()
                    .map(|difference| format!("{name}: {difference}")),
            ),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_row_of_the_table_and_every_shape_has_a_case() {
    let names = cases();
    let rows = (1..=24).map(|row| format!("a{row:02}-"));
    // The 22nd shape can't be read by the cluster at all, so there is no mapping to translate.
    let shapes = (1..=25).filter(|shape| *shape != 22);
    for prefix in rows.chain(shapes.map(|shape| format!("e{shape:02}-"))) {
        assert!(
            names.keys().any(|name| name.starts_with(&prefix)),
            "no case {prefix}"
        );
    }
}
