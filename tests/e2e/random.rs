//! Invented clusters, most of them odd: whatever `aws-auth` says, nobody's access changes on the way there and back.

use std::collections::BTreeSet;

use aws_auth_migrate::migration::rehearse::invent;
use aws_auth_migrate::migration::survey::Target;
use aws_auth_migrate::reader::AwsAuthText;
use aws_auth_migrate::sandbox::{Seed, UpdateTime};
use aws_auth_migrate::source::AwsAuth;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::arc::blocking;
use crate::generate::{Random, aws_auth};
use crate::sampled::{Everybody, everybody, principals};
use crate::support::{CLUSTER, Ran, Tool, World};
use crate::tell::tell;

const WORLDS: u64 = 40;
const SEED: u64 = 20_260_101;

const GROUPS: &[&str] = &[
    "system:masters",
    "developers",
    "view",
    "system:bootstrappers",
    "system:nodes",
    "system:node-proxier",
    "eks:kube-proxy-windows",
    "system:authenticated",
    "system:custom",
    "team-{{AccountID}}",
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn seed(text: AwsAuthText) -> Seed {
    let sections = [
        ("mapRoles", text.map_roles),
        ("mapUsers", text.map_users),
        ("mapAccounts", text.map_accounts),
    ];
    let aws_auth = AwsAuth {
        data: sections
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect(),
        ..AwsAuth::default()
    };
    // Bound to something, so that no group is one that nobody misses.
    let accounts = ["team-111122223333", "team-444455556666"];
    let bindings = GROUPS.iter().chain(&accounts).enumerate();
    let bindings = bindings.map(|(index, group)| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": format!("group-{index}")},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": format!("role-{index}")},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
        })
    });
    let mut seed = invent(&aws_auth, bindings.collect(), &Target::default());
    CLUSTER.clone_into(&mut seed.cluster.name);
    // The entries that EKS makes itself are nobody's to undo.
    seed.node_groups.clear();
    seed.fargate_profiles.clear();
    seed.switch.takes = UpdateTime::Millis(20);
    seed
}

/// A text that nobody should write, and that the sandbox reads as the authenticator does: whole lists, one document each.
fn odd(random: &mut Random) -> AwsAuthText {
    loop {
        let text = aws_auth(random, &[]);
        let sections = [&text.map_roles, &text.map_users, &text.map_accounts];
        let is_plain = |text: &String| serde_yaml::from_str::<Vec<Value>>(text).is_ok();
        if sections.into_iter().flatten().all(is_plain) {
            return text;
        }
    }
}

/// A text that people write: mappings of every kind in any order, one now and then twice.
fn usual(random: &mut Random) -> AwsAuthText {
    const ARNS: &[&str] = &[
        "arn:aws:iam::111122223333:role/ops",
        "arn:aws:iam::111122223333:role/Ops",
        "arn:aws:iam::111122223333:role/dev",
        "arn:aws:iam::111122223333:role/team/dev",
        "arn:aws:iam::111122223333:role/ci",
        "arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_0a1b2c3d4e5f6071",
        "arn:aws:iam::111122223333:role/shop-NodeInstanceRole-1A2B",
        "arn:aws:iam::111122223333:role/nodes",
        "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
        "arn:aws:iam::444455556666:role/far",
        "arn:aws:iam::444455556666:role/AWSReservedSSO_Dev_1b2c3d4e5f607182",
        "arn:aws:sts::111122223333:assumed-role/dev/jane",
        "arn:aws:iam::111122223333:user/jo",
        "arn:aws:iam::111122223333:user/eng/jo",
        "arn:aws:iam::111122223333:root",
    ];
    const NAMES: &[&str] = &[
        "ops",
        "dev:{{SessionName}}",
        "{{SessionName}}",
        "system:node:{{EC2PrivateDNSName}}",
        "system:node:{{SessionName}}",
        "{{AccountID}}:x",
        "system:x",
        "",
    ];
    let mut mappings = |key: &str| -> String {
        let mapping = |random: &mut Random| {
            let arn = random.pick(ARNS);
            let mut text = format!("- {key}: {arn}\n");
            if random.chance(85) {
                text.push_str(&format!("  username: \"{}\"\n", random.pick(NAMES)));
            }
            if random.chance(80) {
                let groups: Vec<String> = (0..=random.below(3))
                    .map(|_| format!("\"{}\"", random.pick(GROUPS)))
                    .collect();
                text.push_str(&format!("  groups: [{}]\n", groups.join(", ")));
            }
            text
        };
        (0..=random.below(8)).map(|_| mapping(random)).collect()
    };
    AwsAuthText {
        map_roles: Some(mappings("rolearn")),
        map_users: Some(mappings("userarn")),
        map_accounts: random.chance(15).then(|| "- \"777788889999\"\n".to_owned()),
    }
}

/// Whether somebody can have the name.
///
/// Source: IAM API Reference, `CreateRole`, `RoleName`.
fn is_iam_name(name: &str) -> bool {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    name.chars().all(is_allowed)
}

/// Everybody's rights, without the usernames: where no binding uses one, it may change.
fn rights(world: &World, known: &[aws_auth_migrate::model::Principal]) -> Everybody {
    let mut everybody = everybody(&world.sandbox, known);
    for access in everybody.values_mut() {
        access.retain(|right| !right.starts_with("user "));
        // Everybody has it anyway, and nobody has the empty one.
        access.remove("group system:authenticated");
        access.remove("group ");
        // EKS does not show it on nodes' entries, which need none.
        if access.contains("group system:nodes") {
            access.remove("group system:bootstrappers");
        }
    }
    everybody
}

/// The principals of which the plan says that their access changes: a node's entry can't have every group.
fn told(plan: &Value) -> BTreeSet<String> {
    let changing = ["lost", "gained", "changed"];
    let mappings = plan["mappings"].as_array().unwrap().iter();
    mappings
        .filter(|mapping| {
            let verdict = mapping["access"]["verdict"].as_str();
            verdict.is_some_and(|verdict| changing.contains(&verdict))
        })
        .filter_map(|mapping| mapping["entry"]["principalArn"].as_str())
        .map(str::to_owned)
        .collect()
}

fn run(tool: Tool, codes: &[i32], text: &str) -> Ran {
    let ran = tool.run();
    assert!(
        codes.contains(&ran.code),
        "it ended with {} instead of one of {codes:?}\n{text}\nstdout: {}\nstderr: {}",
        ran.code,
        ran.stdout,
        ran.stderr
    );
    ran
}

fn there_and_back(world: &World, known: &[aws_auth_migrate::model::Principal]) -> usize {
    let data = || {
        world
            .sandbox
            .state()
            .aws_auth
            .map(|object| object["data"].clone())
    };
    let (before, text) = (rights(world, known), data());
    let shown = format!("{:#}", text.clone().unwrap_or_default());
    let plan = run(world.tool("plan").args(&["--output", "json"]), &[0], &shown).json();
    let told = told(&plan);
    let same = |step: &str, told: &BTreeSet<String>| {
        let now = rights(world, known);
        for (arn, had) in before.iter().filter(|(arn, _)| !told.contains(*arn)) {
            assert_eq!(&now[arn], had, "{arn} after {step} of\n{shown}");
        }
    };
    run(world.apply(), &[0, 1, 3], &shown);
    same("apply", &told);
    let cutover = world.tool("cutover");
    let cutover = cutover.args(&["--yes", "--only", "*", "--soak", "0s", "--output", "json"]);
    let ran = run(cutover, &[0, 1, 3], &shown);
    same("cutover", &told);
    let back = run(world.tool("rollback").arg("--yes"), &[0], &shown);
    same("rollback", &BTreeSet::new());
    assert_eq!(data(), text, "{}{}", back.stdout, back.stderr);
    if ran.code == 1 {
        tell(&ran.stderr);
        return 0;
    }
    ran.json()["removed"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_aws_auth_says_nobodys_access_changes_there_and_back() {
    let mut random = Random(number("RANDOM_SEED").unwrap_or(SEED));
    let count = number("RANDOM_WORLDS").unwrap_or(WORLDS);
    let seeds: Vec<Seed> = (0..count)
        .map(|world| match world % 4 {
            0 => seed(odd(&mut random)),
            _ => seed(usual(&mut random)),
        })
        .collect();
    let removed: Vec<usize> = stream::iter(seeds)
        .map(|seed| async move {
            let mut known = principals(&seed);
            known.retain(|principal| is_iam_name(&principal.name));
            let world = World::start(seed).await;
            blocking(move || there_and_back(&world, &known)).await
        })
        .buffer_unordered(3)
        .collect()
        .await;
    tell(&format!(
        "random clusters there and back: {count}, {} mappings taken away and put back, access changed for nobody",
        removed.iter().sum::<usize>()
    ));
}
