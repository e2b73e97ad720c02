//! What holds for every mapping, however odd or hostile.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Proposal, translate};
use crate::access::before::Standing;
use crate::choices::Choices;
use crate::model::{AuthenticationMode, Cluster, Mapping, MappingId, Place, Section, reserved};
use crate::observed::Observed;

fn any_arn() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "arn:aws:(iam|sts)::[0-9]{11,13}:(role|user|root|group|assumed-role)(/[a-zA-Z.é*]{0,8}){0,3}",
        select(vec![
            "arn:aws:iam::111122223333:role/ops",
            "arn:aws:iam::111122223333:user/eng/bob",
            "arn:aws:iam::444455556666:role/ci",
            "arn:aws:iam::111122223333:role/AWSReservedSSO_x_0",
        ])
        .prop_map(str::to_owned),
    ]
}

fn any_name() -> impl Strategy<Value = String> {
    let pieces = vec(
        select(vec![
            "system:",
            "eks:",
            "aws:",
            "amazon:",
            "iam:",
            "masters",
            "nodes",
            "node:",
            "a",
            ":",
            "{{AccountID}}",
            "{{SessionName}}",
            "{{SessionNameRaw}}",
            "{{EC2PrivateDNSName}}",
            "{{AccessKeyID}}",
            "{{",
            "}}",
            " ",
            "é",
        ]),
        0..5,
    );
    prop_oneof![any::<String>(), pieces.prop_map(|pieces| pieces.concat())]
}

fn any_mapping() -> impl Strategy<Value = Mapping> {
    let section = select(Section::ALL.to_vec());
    (section, any_arn(), any_name(), vec(any_name(), 0..4)).prop_map(
        |(section, arn, username, groups)| Mapping {
            id: MappingId { section, index: 0 },
            place: Place {
                section,
                line: 1,
                column: 1,
                start: 0,
                end: 0,
            },
            arn,
            sso: None,
            username,
            groups,
            dropped: None,
        },
    )
}

fn observed() -> Observed {
    Observed {
        cluster: Cluster {
            name: None,
            arn: None,
            created_at: None,
            region: None,
            account_id: Some("111122223333".to_owned()),
            partition: "aws".to_owned(),
            authentication_mode: Some(AuthenticationMode::ConfigMap),
            platform_version: None,
            kubernetes_version: None,
            status: None,
            auto_mode: false,
            hybrid_nodes: false,
            outpost: false,
        },
        entries: None,
        node_roles: None,
        principals: std::collections::BTreeMap::new(),
        rbac: None,
        caller: None,
    }
}

proptest! {
    #[test]
    fn an_entry_has_nothing_that_eks_refuses(mapping in any_mapping(), include_inert: bool) {
        let choices = Choices { include_inert, ..Choices::default() };
        let translation = translate(&mapping, &Standing::Effective, &observed(), &choices);
        let Proposal::Entry(entry) = translation.proposal else {
            return Ok(());
        };
        for name in entry.kubernetes_groups.iter().chain(&entry.username) {
            prop_assert_eq!(reserved::prefix_of(name), None);
            prop_assert!(!name.is_empty());
        }
        prop_assert!(entry.kubernetes_groups.iter().all(|group| !group.contains("{{")));
        if entry.entry_type.is_node() {
            prop_assert_eq!(entry.username, None);
            prop_assert!(entry.kubernetes_groups.is_empty());
        }
    }

    #[test]
    fn whatever_makes_no_clean_entry_is_explained(mapping in any_mapping()) {
        let translation = translate(&mapping, &Standing::Effective, &observed(), &Choices::default());
        if !matches!(translation.proposal, Proposal::Entry(_)) {
            prop_assert!(!translation.findings.is_empty());
        }
        for finding in &translation.findings {
            prop_assert!(!finding.message.is_empty());
        }
    }

    #[test]
    fn a_shadowed_mapping_never_becomes_an_entry(mapping in any_mapping(), include_inert: bool) {
        let by = MappingId { section: Section::MapRoles, index: 7 };
        let choices = Choices { include_inert, ..Choices::default() };
        let translation = translate(&mapping, &Standing::Shadowed { by }, &observed(), &choices);
        prop_assert!(!matches!(translation.proposal, Proposal::Entry(_)));
    }
}
