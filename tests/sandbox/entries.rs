//! Access entries and policies: what EKS makes of them, and how it refuses.

use std::collections::HashMap;

use aws_auth_migrate::model::AuthenticationMode;
use aws_auth_migrate::sandbox::{Policy, Rights, SandboxLimits, Seed};
use aws_sdk_eks::operation::create_access_entry::builders::CreateAccessEntryFluentBuilder;
use aws_sdk_eks::types::{AccessScope, AccessScopeType};

use crate::support::*;

const PARAMETER: &str = "InvalidParameterException";
const REQUEST: &str = "InvalidRequestException";
const NOT_FOUND: &str = "ResourceNotFoundException";
const NO_ENTRY: &str = "The specified principalArn could not be found. You can view your available access entries with \
                        'list-access-entries'.";
const VIEW: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";

fn create(client: &aws_sdk_eks::Client, arn: &str) -> CreateAccessEntryFluentBuilder {
    client
        .create_access_entry()
        .cluster_name(CLUSTER)
        .principal_arn(arn)
}

fn scope(kind: AccessScopeType, namespaces: &[&str]) -> AccessScope {
    let names = namespaces.iter().map(|&name| name.to_owned()).collect();
    AccessScope::builder()
        .r#type(kind)
        .set_namespaces(Some(names))
        .build()
}

#[tokio::test]
async fn an_entry_is_shown_as_it_was_made() {
    let (_sandbox, client) = start(seed()).await;
    let made = create(&client, DEV)
        .username("dev:{{SessionName}}")
        .kubernetes_groups("devs")
        .tags("team", "a")
        .send()
        .await
        .unwrap();
    let made = made.access_entry.unwrap();
    let shown = client
        .describe_access_entry()
        .cluster_name(CLUSTER)
        .principal_arn(DEV)
        .send()
        .await
        .unwrap();
    assert_eq!(shown.access_entry.as_ref(), Some(&made));
    assert_eq!(made.username(), Some("dev:{{SessionName}}"));
    assert_eq!(made.kubernetes_groups(), ["devs"]);
    assert_eq!(made.r#type(), Some("STANDARD"));
    let arn = made.access_entry_arn().unwrap();
    assert!(
        arn.starts_with(
            "arn:aws:eks:eu-west-1:111122223333:access-entry/rehearsal/role/111122223333/dev+x@y/"
        ),
        "{arn}"
    );
}

#[tokio::test]
async fn eks_sets_the_username_that_is_left_out() {
    let (_sandbox, client) = start(seed()).await;
    for (arn, kind, username, groups) in [
        (
            DEV,
            "STANDARD",
            "arn:aws:sts::111122223333:assumed-role/dev+x@y/{{SessionName}}",
            vec![],
        ),
        (BOB, "STANDARD", BOB, vec![]),
        (
            OPS,
            "EC2_LINUX",
            "system:node:{{EC2PrivateDNSName}}",
            vec!["system:nodes"],
        ),
        (
            ADMIN,
            "HYBRID_LINUX",
            "system:node:{{SessionName}}",
            vec!["system:nodes"],
        ),
    ] {
        let made = create(&client, arn).r#type(kind).send().await.unwrap();
        let made = made.access_entry.unwrap();
        assert_eq!(made.username(), Some(username));
        assert_eq!(made.kubernetes_groups(), groups);
    }
}

#[tokio::test]
async fn what_create_access_entry_refuses() {
    let (_sandbox, client) = start(seed()).await;
    create(&client, OPS).send().await.unwrap();
    let account = "AccessEntry principalArn must be from the same account as the cluster when using types [EC2_LINUX, \
                   EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2]";
    let role = "AccessEntry principalArn must be IAM role when using types [EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, \
                HYBRID_LINUX, EC2]";
    let cases = [
        (
            create(&client, "arn:aws:iam::111122223333:role/nobody"),
            "The specified principalArn is invalid: invalid principal.",
        ),
        (
            create(&client, "arn:aws:iam::111122223333:role/dev+x@y"),
            "The specified principalArn is invalid: invalid principal.",
        ),
        (
            create(&client, "arn:aws:sts::111122223333:assumed-role/ops/me"),
            "The principalArn parameter format is not valid",
        ),
        (
            create(&client, "junk"),
            "The principalArn parameter format is not valid",
        ),
        (
            create(
                &client,
                "arn:aws:iam::444455556666:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch",
            ),
            "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role",
        ),
        (
            create(&client, DEV)
                .kubernetes_groups("ok")
                .kubernetes_groups("system:masters"),
            "The kubernetes group name system:masters is invalid, it cannot start with system:",
        ),
        (
            create(&client, DEV).kubernetes_groups("iam:x"),
            "The kubernetes group name iam:x is invalid, it cannot start with iam:",
        ),
        (
            create(&client, DEV).username("system:node:x"),
            "The username must not begin with system:",
        ),
        (
            create(&client, DEV).username("eks:x"),
            "The username must not begin with eks:",
        ),
        (
            create(&client, DEV).username("x").r#type("EC2_LINUX"),
            "The specified username is invalid: setting username is not allowed when the type is \"EC2_LINUX\"",
        ),
        (
            create(&client, DEV)
                .kubernetes_groups("x")
                .r#type("EC2_LINUX"),
            "The specified kubernetesGroups is invalid: setting kubernetesGroups is not allowed when the type is \"EC2_LINUX\"",
        ),
        (create(&client, FOREIGN).r#type("EC2_LINUX"), account),
        (create(&client, BOB).r#type("FARGATE_LINUX"), role),
    ];
    for (request, message) in cases {
        assert_refused(request.send().await, PARAMETER, message);
    }
    assert_refused(
        create(&client, OPS).send().await,
        "ResourceInUseException",
        "The specified access entry resource is already in use on this cluster.",
    );
}

#[tokio::test]
async fn a_session_name_needs_a_colon_before_it() {
    let (_sandbox, client) = start(seed()).await;
    for bad in [
        "{{SessionName}}",
        "john{{SessionNameRaw}}",
        "a:{{AccountID}}",
        "{{SessionName}}:x",
    ] {
        let (code, _) = refusal(create(&client, DEV).username(bad).send().await);
        assert_eq!(code, PARAMETER, "{bad}");
    }
    create(&client, DEV)
        .username("jo:hn{{SessionName}}")
        .send()
        .await
        .unwrap();
    create(&client, OPS)
        .username(":{{SessionNameRaw}}")
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn usernames_and_groups_are_checked_before_the_cluster_is_looked_up() {
    let (_sandbox, client) = start(seed()).await;
    let elsewhere = || {
        client
            .create_access_entry()
            .cluster_name("other")
            .principal_arn(OPS)
    };
    assert_refused(
        elsewhere().username("aws:x").send().await,
        PARAMETER,
        "The username must not begin with aws:",
    );
    assert_refused(
        elsewhere().send().await,
        NOT_FOUND,
        "No cluster found for name: other.",
    );
    let (code, message) = refusal(client.list_access_entries().cluster_name("-x").send().await);
    assert_eq!(code, PARAMETER);
    assert!(message.starts_with("The clusterName parameter contains invalid characters."));
}

#[tokio::test]
async fn nothing_of_entries_works_in_config_map_mode() {
    let (_sandbox, client) = start(seed().with_mode(AuthenticationMode::ConfigMap)).await;
    let message = "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this \
                   operation.";
    assert_refused(create(&client, OPS).send().await, REQUEST, message);
    assert_refused(
        client
            .list_access_entries()
            .cluster_name(CLUSTER)
            .send()
            .await,
        REQUEST,
        message,
    );
    let describe = client
        .describe_access_entry()
        .cluster_name(CLUSTER)
        .principal_arn(OPS);
    assert_refused(describe.send().await, REQUEST, message);
    let delete = client
        .delete_access_entry()
        .cluster_name(CLUSTER)
        .principal_arn(OPS);
    assert_refused(delete.send().await, REQUEST, message);
}

#[tokio::test]
async fn an_update_resets_what_it_leaves_out() {
    let (_sandbox, client) = start(seed()).await;
    let update = |arn: &str| {
        client
            .update_access_entry()
            .cluster_name(CLUSTER)
            .principal_arn(arn)
    };
    create(&client, OPS)
        .username("ops")
        .kubernetes_groups("a")
        .send()
        .await
        .unwrap();
    let updated = update(OPS)
        .kubernetes_groups("b")
        .send()
        .await
        .unwrap()
        .access_entry
        .unwrap();
    assert_eq!(
        updated.username(),
        Some("arn:aws:sts::111122223333:assumed-role/ops/{{SessionName}}")
    );
    assert_eq!(updated.kubernetes_groups(), ["b"]);
    let updated = update(OPS)
        .username("ops")
        .send()
        .await
        .unwrap()
        .access_entry
        .unwrap();
    assert!(updated.kubernetes_groups().is_empty());
    create(&client, DEV)
        .r#type("EC2_LINUX")
        .send()
        .await
        .unwrap();
    assert_refused(
        update(DEV)
            .username("system:node:{{EC2PrivateDNSName}}")
            .send()
            .await,
        PARAMETER,
        "The username must not begin with system:",
    );
    assert_refused(update(BOB).send().await, NOT_FOUND, NO_ENTRY);
}

#[tokio::test]
async fn a_request_token_gives_the_same_answer_again() {
    let (sandbox, client) = start(seed()).await;
    let first = create(&client, OPS)
        .client_request_token("t1")
        .send()
        .await
        .unwrap();
    let again = create(&client, OPS)
        .client_request_token("t1")
        .send()
        .await
        .unwrap();
    assert_eq!(first.access_entry, again.access_entry);
    assert_eq!(sandbox.state().entries.len(), 1);
    let other = create(&client, DEV).client_request_token("t1").send().await;
    assert_eq!(refusal(other).0, PARAMETER);
}

#[tokio::test]
async fn entries_are_listed_in_pages_and_by_policy() {
    let limits = SandboxLimits {
        page_size: 2,
        ..SandboxLimits::default()
    };
    let (_sandbox, client) = start(seed().with_limits(limits)).await;
    for arn in [OPS, DEV, BOB] {
        create(&client, arn).send().await.unwrap();
    }
    let list = || client.list_access_entries().cluster_name(CLUSTER);
    let first = list().max_results(100).send().await.unwrap();
    assert_eq!(first.access_entries().len(), 2);
    let token = first.next_token().unwrap();
    let second = list().next_token(token).send().await.unwrap();
    assert_eq!(second.access_entries().len(), 1);
    assert_eq!(second.next_token(), None);
    assert_eq!(
        refusal(list().next_token("made-up").send().await).0,
        PARAMETER
    );
    assert_eq!(refusal(list().max_results(101).send().await).0, PARAMETER);
    let of_other_list = list().associated_policy_arn(VIEW).next_token(token);
    assert_eq!(refusal(of_other_list.send().await).0, PARAMETER);
    associate(&client, OPS, VIEW, scope(AccessScopeType::Cluster, &[]))
        .await
        .unwrap();
    let with_policy = list().associated_policy_arn(VIEW).send().await.unwrap();
    assert_eq!(with_policy.access_entries(), [OPS]);
}

async fn associate(
    client: &aws_sdk_eks::Client,
    arn: &str,
    policy: &str,
    scope: AccessScope,
) -> Result<
    aws_sdk_eks::operation::associate_access_policy::AssociateAccessPolicyOutput,
    aws_sdk_eks::error::SdkError<
        aws_sdk_eks::operation::associate_access_policy::AssociateAccessPolicyError,
    >,
> {
    client
        .associate_access_policy()
        .cluster_name(CLUSTER)
        .principal_arn(arn)
        .policy_arn(policy)
        .access_scope(scope)
        .send()
        .await
}

#[tokio::test]
async fn what_associate_access_policy_refuses() {
    let (_sandbox, client) = start(seed()).await;
    create(&client, OPS).send().await.unwrap();
    create(&client, DEV)
        .r#type("EC2_LINUX")
        .send()
        .await
        .unwrap();
    let whole = || scope(AccessScopeType::Cluster, &[]);
    let cases = [
        (BOB, VIEW, whole(), NOT_FOUND, NO_ENTRY),
        (
            OPS,
            "arn:aws:eks::aws:cluster-access-policy/Nothing",
            whole(),
            NOT_FOUND,
            "The specified policyArn could not be found.",
        ),
        (
            OPS,
            "arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            whole(),
            NOT_FOUND,
            "The specified policyArn could not be found.",
        ),
        (
            OPS,
            "arn:aws:iam::aws:policy/AdministratorAccess",
            whole(),
            PARAMETER,
            "The policyArn parameter format is not valid",
        ),
        (
            DEV,
            VIEW,
            whole(),
            REQUEST,
            "This operation can only be performed on Access Entries with a type of \"STANDARD\"",
        ),
        (
            OPS,
            VIEW,
            scope(AccessScopeType::Namespace, &[]),
            PARAMETER,
            "At least 1 namespace must be provided if the type is set as namespace",
        ),
        (
            OPS,
            VIEW,
            scope(AccessScopeType::Cluster, &["a"]),
            PARAMETER,
            "accessScope should not include namespaces if the type is not set as namespace",
        ),
    ];
    for (arn, policy, scope, code, message) in cases {
        assert_refused(associate(&client, arn, policy, scope).await, code, message);
    }
}

#[tokio::test]
async fn associating_again_replaces_the_scope() {
    let (_sandbox, client) = start(seed()).await;
    create(&client, OPS).send().await.unwrap();
    associate(&client, OPS, VIEW, scope(AccessScopeType::Cluster, &[]))
        .await
        .unwrap();
    associate(
        &client,
        OPS,
        VIEW,
        scope(AccessScopeType::Namespace, &["dev-*"]),
    )
    .await
    .unwrap();
    let list = || {
        client
            .list_associated_access_policies()
            .cluster_name(CLUSTER)
            .principal_arn(OPS)
    };
    let held = list().send().await.unwrap();
    let [held] = held.associated_access_policies() else {
        panic!("one policy is held");
    };
    assert_eq!(held.access_scope().unwrap().namespaces(), ["dev-*"]);
    let remove = || {
        let remove = client.disassociate_access_policy().cluster_name(CLUSTER);
        remove.principal_arn(OPS).policy_arn(VIEW).send()
    };
    remove().await.unwrap();
    assert!(
        list()
            .send()
            .await
            .unwrap()
            .associated_access_policies()
            .is_empty()
    );
    assert_refused(
        remove().await,
        NOT_FOUND,
        "The specified policyArn could not be found.",
    );
}

#[tokio::test]
async fn the_auto_mode_policy_goes_with_the_type_of_auto_mode() {
    let (_sandbox, client) = start(seed()).await;
    create(&client, OPS).r#type("EC2").send().await.unwrap();
    let auto = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAutoNodePolicy";
    let whole = || scope(AccessScopeType::Cluster, &[]);
    associate(&client, OPS, auto, whole()).await.unwrap();
    assert_eq!(
        refusal(associate(&client, OPS, VIEW, whole()).await).0,
        REQUEST
    );
}

#[tokio::test]
async fn the_quota_of_entries_holds() {
    let limits = SandboxLimits {
        entries: 1,
        ..SandboxLimits::default()
    };
    let (_sandbox, client) = start(seed().with_limits(limits)).await;
    create(&client, OPS).send().await.unwrap();
    let (code, _) = refusal(create(&client, DEV).send().await);
    assert_eq!(code, "ResourceLimitExceededException");
}

#[tokio::test]
async fn a_new_entry_is_not_seen_at_once() {
    let limits = SandboxLimits {
        propagation_reads: 2,
        ..SandboxLimits::default()
    };
    let (_sandbox, client) = start(seed().with_limits(limits)).await;
    create(&client, OPS).send().await.unwrap();
    let whole = || scope(AccessScopeType::Cluster, &[]);
    for _ in 0..2 {
        assert_refused(
            associate(&client, OPS, VIEW, whole()).await,
            NOT_FOUND,
            NO_ENTRY,
        );
    }
    associate(&client, OPS, VIEW, whole()).await.unwrap();
}

#[tokio::test]
async fn what_is_absent_can_not_be_deleted() {
    let (_sandbox, client) = start(seed()).await;
    let delete = || {
        client
            .delete_access_entry()
            .cluster_name(CLUSTER)
            .principal_arn(OPS)
            .send()
    };
    create(&client, OPS).send().await.unwrap();
    delete().await.unwrap();
    assert_refused(delete().await, NOT_FOUND, NO_ENTRY);
}

#[tokio::test]
async fn tags_are_added_listed_and_removed() {
    let (_sandbox, client) = start(seed()).await;
    let made = create(&client, OPS).tags("a", "1").send().await.unwrap();
    let arn = made.access_entry.unwrap().access_entry_arn.unwrap();
    client
        .tag_resource()
        .resource_arn(&arn)
        .tags("b", "2")
        .send()
        .await
        .unwrap();
    client
        .untag_resource()
        .resource_arn(&arn)
        .tag_keys("a")
        .send()
        .await
        .unwrap();
    let tags = client
        .list_tags_for_resource()
        .resource_arn(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(
        tags.tags.unwrap(),
        HashMap::from([("b".to_owned(), "2".to_owned())])
    );
    let missing = client
        .list_tags_for_resource()
        .resource_arn("arn:aws:eks:x")
        .send()
        .await;
    assert_eq!(refusal(missing).0, "NotFoundException");
}

#[tokio::test]
async fn missing_rights_are_named() {
    let allowed = ["eks:List*", "eks:CreateAccessEntry", "iam:GetRole"];
    let rights = Rights {
        iam: Some(Policy::of_actions(allowed)),
        ..Rights::default()
    };
    let (_sandbox, client) = start(seed().with_rights(rights)).await;
    client
        .list_access_entries()
        .cluster_name(CLUSTER)
        .send()
        .await
        .unwrap();
    let caller = "User: arn:aws:sts::111122223333:assumed-role/Admin/rehearsal is not authorized to perform:";
    assert_refused(
        client.describe_cluster().name(CLUSTER).send().await,
        "AccessDeniedException",
        &format!(
            "{caller} eks:DescribeCluster on resource: arn:aws:eks:eu-west-1:111122223333:cluster/rehearsal"
        ),
    );
    assert_refused(
        create(&client, OPS).r#type("EC2_LINUX").send().await,
        "AccessDeniedException",
        &format!("{caller} iam:PassRole on resource: {OPS}"),
    );
    assert_refused(
        create(&client, OPS).tags("a", "b").send().await,
        "AccessDeniedException",
        &format!(
            "{caller} eks:TagResource on resource: arn:aws:eks:eu-west-1:111122223333:access-entry/rehearsal/*"
        ),
    );
    create(&client, OPS).send().await.unwrap();
}

#[tokio::test]
async fn seeds_for_other_partitions_name_their_own_policies() {
    let mut seed = Seed::default();
    seed.cluster.partition = "aws-cn".to_owned();
    seed.cluster.mode = AuthenticationMode::Api;
    let mut seed = Seed::new(seed.cluster);
    seed.cluster.region = "eu-west-1".to_owned();
    let (_sandbox, client) = start(seed).await;
    let listed = client.list_access_policies().send().await.unwrap();
    let arns: Vec<_> = listed
        .access_policies()
        .iter()
        .filter_map(|policy| policy.arn())
        .collect();
    assert!(
        arns.contains(&"arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy")
    );
}
