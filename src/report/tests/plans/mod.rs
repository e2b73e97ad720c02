//! Plans to render: a small, a large and an awkward one.

mod awkward;
mod build;

pub(crate) use awkward::{HOSTILE, awkward, text, with_texts};
use build::{ACCOUNT, entry, finish, id, mapping, node, plan};

use crate::finding::{Code, Finding};
use crate::model::Section;
use crate::plan::document::{Outcome, PlacedFinding, Plan, PlannedAccount, Verdict};

/// Two mappings on a cluster without access entries, nothing open.
pub(crate) fn small() -> Plan {
    let ops = mapping("role/ops", "ops", &["system:masters"])
        .entry(entry("role/team/ops", Some("ops"), &[]).admin())
        .find(Code::RealArn, "the real ARN has the path `/team/`", "")
        .find(
            Code::MastersToPolicy,
            "`system:masters` becomes `AmazonEKSClusterAdminPolicy`",
            "",
        );
    let nodes = node("role/blue-ng-NodeInstanceRole-1ABC");
    let mut plan = plan(vec![ops, nodes]);
    plan.findings.push(PlacedFinding {
        finding: Finding::new(
            Code::ModeSwitchNeeded,
            "the cluster is in the mode CONFIG_MAP, which does not support access entries",
            "pass --enable-access-entries",
        ),
        section: None,
        line: None,
        column: None,
    });
    finish(plan)
}

/// Sixty mappings of all kinds.
pub(crate) fn large() -> Plan {
    let mut mappings = vec![
        node("role/blue-ng-NodeInstanceRole-1ABC"),
        node("role/KarpenterNodeRole-blue").find(
            Code::NodeGroupsLost,
            "an entry of type `EC2_LINUX` can't have groups, so `role/KarpenterNodeRole-blue` loses `eks-console-dashboard-full-access-group`",
            "bind its rights to `system:nodes` or to another principal",
        ),
        mapping(
            "role/AWSReservedSSO_AdministratorAccess_0a1b2c3d4e5f6071",
            "ssoadmin:{{SessionName}}",
            &["system:masters"],
        )
        .entry(
            entry(
                "role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_AdministratorAccess_0a1b2c3d4e5f6071",
                Some("ssoadmin:{{SessionName}}"),
                &[],
            )
            .admin(),
        ),
        mapping("role/people", "{{SessionName}}", &["devs"])
            .entry(entry("role/people", None, &["devs"]))
            .verdict(Verdict::Renamed)
            .find(
                Code::UsernameNeedsColon,
                "the username `{{SessionName}}` has no colon before the session name; EKS sets its own username instead",
                "",
            ),
        mapping("role/platform", "platform", &["system:masters", "argocd-admins"])
            .entry(entry("role/platform", Some("platform"), &["argocd-admins"]).admin()),
        mapping("role/audit", "audit", &["system:monitoring", "auditors"])
            .outcome(Outcome::Blocked)
            .lost()
            .find(
                Code::ReservedGroup,
                "EKS refuses the group `system:monitoring`: the prefix `system:` is reserved",
                "bind its rights to another group and pass --rename-group system:monitoring=monitoring",
            ),
        mapping("role/AWSServiceRoleForAmazonEMRContainers", "emr-containers", &[])
            .outcome(Outcome::Blocked)
            .lost()
            .find(
                Code::ServiceLinkedEmr,
                "EMR on EKS: `AWSServiceRoleForAmazonEMRContainers` is a service-linked role; access entries don't support those",
                "keep the cluster in API_AND_CONFIG_MAP, or let EMR create its own entry with new virtual clusters",
            ),
        mapping("role/drifted", "drifted", &["devs"])
            .entry(entry("role/drifted", Some("drifted"), &["devs"]))
            .outcome(Outcome::Conflict)
            .lost()
            .find(
                Code::EntryDiffers,
                "the live access entry has no groups, the mapping has `devs`",
                "pass --on-existing update",
            ),
        mapping("role/ci/deployer", "deployer", &["deployers"])
            .outcome(Outcome::Inert)
            .nobody()
            .find(
                Code::RoleArnHasPath,
                "the role's ARN has the path `/ci/`, and role sessions never show a path, so it matches nobody",
                "",
            ),
        mapping("role/fargate", "system:node:{{SessionName}}", &["system:nodes"])
            .outcome(Outcome::Skipped)
            .find(Code::LeftToEks, "the Fargate profile `web` uses this role, so EKS creates the access entry", ""),
        mapping("role/ready", "ready", &["viewers"])
            .entry(entry("role/ready", Some("ready"), &["viewers"]))
            .outcome(Outcome::Unchanged),
        mapping("role/tuned", "tuned", &["viewers", "editors"])
            .entry(entry("role/tuned", Some("tuned"), &["viewers", "editors"]).view_in("team-a"))
            .outcome(Outcome::Update)
            .find(Code::EntryUpdated, "the live access entry is updated, as requested", ""),
    ];
    let mut foreign = mapping("role/central-ci", "central-ci", &["deployers"])
        .entry(entry("role/central-ci", Some("central-ci"), &["deployers"]))
        .find(
            Code::NotLookedUp,
            "the role can't be looked up in account `345678901234`, so it is used as written",
            "pass --lookup-role 345678901234=ROLE_ARN",
        );
    foreign.arn = foreign.arn.replace(ACCOUNT, "345678901234");
    foreign.entry.as_mut().unwrap().principal_arn.account = "345678901234".into();
    mappings.push(foreign);
    for index in mappings.len()..60 {
        let name = format!("user/team-{}/dev-{index:02}", index % 4);
        let user = format!("dev-{index:02}");
        let team = format!("team-{}", index % 4);
        let mut dev = mapping(&name, &user, &[&team]).entry(entry(&name, Some(&user), &[&team]));
        dev.id.section = Section::MapUsers;
        mappings.push(dev);
    }
    let mut plan = plan(mappings);
    plan.accounts.push(PlannedAccount {
        id: id(Section::MapAccounts, 0),
        line: 1,
        account_id: "045678901234".to_owned(),
        outcome: Outcome::Blocked,
        findings: vec![Finding::new(
            Code::MapAccounts,
            "every principal of account 045678901234 may log in today; access entries name principals one by one",
            "add the principals that need access to mapRoles or mapUsers and plan again",
        )],
        decision: None,
    });
    plan.findings.push(PlacedFinding {
        finding: Finding::new(Code::DuplicateKey, "`groups` appears twice", ""),
        section: Some(Section::MapRoles),
        line: Some(41),
        column: Some(3),
    });
    finish(plan)
}

/// So many mappings as on the largest clusters, of which many say the same.
pub(crate) fn many(count: usize) -> Plan {
    let mappings = (0..count).map(|index| {
        let name = format!("role/team-{index:05}");
        let (user, group) = (
            format!("team-{index:05}:{{{{SessionName}}}}"),
            format!("team-{index:05}"),
        );
        let first = if index % 10 == 0 {
            "system:view"
        } else {
            &group
        };
        let groups = [first, "readers"];
        let mapping = mapping(&name, &user, &groups).entry(entry(&name, Some(&user), &groups));
        match index % 10 {
            0 => mapping.outcome(Outcome::Blocked).lost().find(
                Code::ReservedGroup,
                "EKS refuses the group `system:view`: the prefix `system:` is reserved",
                "bind its rights to another group and pass --rename-group system:view=view",
            ),
            1 => mapping.outcome(Outcome::Unchanged),
            2 => mapping.find(
                Code::RealArn,
                &format!("the real ARN has the path `/team-{index}/`"),
                "",
            ),
            _ => mapping.find(Code::UsernameNeedsColon, "the username is left to EKS", ""),
        }
    });
    finish(plan(mappings.collect()))
}
