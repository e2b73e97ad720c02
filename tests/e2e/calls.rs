//! The formula of `docs/performance.md` for the number of calls, held against the calls that the sandbox was asked.

use std::collections::BTreeMap;

use aws_auth_migrate::model::{AccessEntry, Arn, EntryType};
use aws_auth_migrate::sandbox::{
    FargateProfileSeed, NodeGroupSeed, SandboxLimits, Seed, UpdateTime,
};

use crate::arc::blocking;
use crate::support::{ACCOUNT, Tool, World, data_seed, in_api_mode, role};

/// What of a cluster the number of calls depends on.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    /// Whether it begins in the mode `CONFIG_MAP`.
    switches: bool,
    /// Mapped roles that get the policy of administrators.
    admins: usize,
    /// Mapped roles that get an entry without a policy.
    people: usize,
    /// Mapped IAM users.
    users: usize,
    /// Mapped roles whose entry is there and right.
    there: usize,
    /// Mapped roles whose entry is there and has different groups.
    differing: usize,
    /// Entries of roles that no mapping names.
    others: usize,
    /// Managed node groups, whose role is mapped and has an entry in every mode that has entries.
    node_groups: usize,
    /// Fargate profiles, of which the same holds.
    fargate_profiles: usize,
    /// Whether the roles of nodes are mapped no more.
    unmapped_nodes: bool,
}

/// The entries on a page of the list.
const PAGE: usize = 100;
/// From how many roles or users on IAM is asked for the list instead of for each.
const SWEEP: usize = 20;

fn pages(items: usize) -> usize {
    items.div_ceil(PAGE).max(1)
}

impl Shape {
    fn nodes(self) -> usize {
        self.node_groups + self.fargate_profiles
    }

    /// Live entries before the command: those above and the caller's own.
    fn entries(self) -> usize {
        if self.switches {
            0
        } else {
            1 + self.there + self.differing + self.others + self.nodes()
        }
    }

    /// Live entries once `apply` is done.
    fn entries_then(self) -> usize {
        1 + self.there + self.differing + self.others + self.nodes() + self.created()
    }

    fn created(self) -> usize {
        self.admins + self.people + self.users
    }

    /// The list, and two calls for each entry.
    fn read_entries(entries: usize) -> usize {
        pages(entries) + 2 * entries
    }

    fn iam(self) -> usize {
        let of = |wanted: usize| if wanted < SWEEP { wanted } else { 1 };
        let caller = 1;
        let nodes = if self.unmapped_nodes { 0 } else { self.nodes() };
        let roles = self.admins + self.people + self.there + self.differing + nodes;
        of(roles + caller) + of(self.users)
    }

    /// The cluster, the caller, the ConfigMap, two kinds of bindings, node groups, Fargate profiles, IAM and entries.
    fn survey(self, entries: Option<usize>) -> usize {
        let nodes = pages(self.node_groups) + self.node_groups;
        let fargate = pages(self.fargate_profiles) + self.fargate_profiles;
        5 + nodes + fargate + self.iam() + entries.map_or(0, Self::read_entries)
    }

    fn plan(self) -> usize {
        self.survey((!self.switches).then(|| self.entries()))
    }

    fn apply(self) -> usize {
        // The state of the cluster, the switch, one look at the update, and the state again; then one list, and the
        // cluster, the ConfigMap and the entries once more.
        let switched = 1 + self.nodes();
        let switch = 4 + Self::read_entries(switched) + 2;
        let switch = if self.switches { switch } else { 0 };
        // Each existing entry that is changed is looked at just before.
        let writes = self.created() + self.admins + 3 * self.differing;
        let touched = self.created() + self.differing;
        let listed = pages(self.entries_then());
        let proof = if touched <= listed {
            2 * touched
        } else {
            listed + self.admins
        };
        self.plan() + switch + writes + proof
    }

    fn verify(self) -> usize {
        self.survey(Some(self.entries_then()))
    }

    /// A look, the deletion tried out and made, the ConfigMap once more, and the nodes before and after.
    fn cutover(self) -> usize {
        self.verify() + 5
    }

    /// A look at a cluster whose mappings are gone; the creation tried out and made, the mode, the ConfigMap and the caller once more; then each entry is
    /// looked at and deleted.
    fn rollback(self) -> usize {
        self.unmapped() + 5 + 3 * self.created() + self.undone()
    }

    /// Each entry that was updated is looked at, changed back, and proven.
    fn undone(self) -> usize {
        let listed = pages(self.entries_then());
        let proof = if self.differing <= listed {
            2 * self.differing
        } else {
            listed
        };
        3 * self.differing + proof
    }

    /// The same once nothing is mapped any more.
    fn unmapped(self) -> usize {
        let mapped = [
            self.admins,
            self.people,
            self.users,
            self.there,
            self.differing,
        ];
        let others = self.others + mapped.iter().sum::<usize>();
        Self {
            node_groups: self.node_groups,
            fargate_profiles: self.fargate_profiles,
            others,
            unmapped_nodes: true,
            ..Self::default()
        }
        .survey(Some(self.entries_then()))
    }

    fn seed(self) -> Seed {
        let (mut roles, mut users) = (String::new(), String::new());
        let mut names = Vec::new();
        let mut live = Vec::new();
        let kinds = [
            ("admin", self.admins, "system:masters", None),
            ("dev", self.people, "developers", None),
            ("there", self.there, "developers", Some("developers")),
            ("other", self.differing, "developers", Some("old")),
        ];
        for (kind, count, group, has) in kinds {
            for name in (0..count).map(|index| format!("{kind}{index}")) {
                let arn = role(&name);
                roles += &format!("- rolearn: {arn}\n  username: {name}\n  groups: [{group}]\n");
                live.extend(has.map(|has| entry(&arn, &name, has)));
                names.push(arn);
            }
        }
        for name in (0..self.users).map(|index| format!("user{index}")) {
            let arn = format!("arn:aws:iam::{ACCOUNT}:user/{name}");
            users += &format!("- userarn: {arn}\n  username: {name}\n  groups: [developers]\n");
            names.push(arn);
        }
        for name in (0..self.others).map(|index| format!("stranger{index}")) {
            live.push(entry(&role(&name), &name, "strangers"));
            names.push(role(&name));
        }
        let groups = (0..self.node_groups).map(|index| NodeGroupSeed {
            name: format!("group{index}"),
            node_role: role(&format!("node{index}")).parse().unwrap(),
            ami_type: "AL2023_x86_64_STANDARD".to_owned(),
            entry_at_switch: true,
        });
        let groups: Vec<_> = groups.collect();
        let profiles = (0..self.fargate_profiles).map(|index| FargateProfileSeed {
            name: format!("profile{index}"),
            pod_execution_role: role(&format!("pods{index}")).parse().unwrap(),
            entry_at_switch: true,
        });
        let profiles: Vec<_> = profiles.collect();
        for group in &groups {
            roles += &format!(
                "- rolearn: {}\n  username: system:node:{{{{EC2PrivateDNSName}}}}\n  groups: [system:bootstrappers, system:nodes]\n",
                group.node_role
            );
        }
        for profile in &profiles {
            roles += &format!(
                "- rolearn: {}\n  username: system:node:{{{{SessionName}}}}\n  groups: [system:bootstrappers, system:nodes, system:node-proxier]\n",
                profile.pod_execution_role
            );
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut seed = data_seed(&[("mapRoles", &roles), ("mapUsers", &users)], &names);
        if !self.switches {
            seed = in_api_mode(seed);
            for entry in live {
                seed = seed.with_entry(entry);
            }
            for group in &groups {
                seed = seed.with_entry(node(&group.node_role, EntryType::Ec2Linux));
            }
            for profile in &profiles {
                seed = seed.with_entry(node(&profile.pod_execution_role, EntryType::FargateLinux));
            }
        }
        seed.node_groups = groups;
        seed.fargate_profiles = profiles;
        seed.switch.takes = UpdateTime::Polls(1);
        // As many as IAM itself has on a page of its lists; EKS never has more than a hundred.
        seed.with_limits(SandboxLimits {
            page_size: 1000,
            ..SandboxLimits::default()
        })
    }
}

fn entry(arn: &str, name: &str, group: &str) -> AccessEntry {
    AccessEntry {
        principal_arn: arn.parse().unwrap(),
        entry_type: EntryType::Standard,
        username: Some(name.to_owned()),
        kubernetes_groups: vec![group.to_owned()],
        tags: BTreeMap::new(),
        access_policies: Vec::new(),
    }
}

fn node(arn: &Arn, entry_type: EntryType) -> AccessEntry {
    AccessEntry {
        principal_arn: arn.clone(),
        entry_type,
        username: None,
        kubernetes_groups: Vec::new(),
        tags: BTreeMap::new(),
        access_policies: Vec::new(),
    }
}

/// Runs a command; it has to make so many calls.
async fn counted(world: &World, what: &str, tool: Tool, expected: usize) {
    let before = world.sandbox.requests().len();
    blocking(move || tool.run().expect_code(0)).await;
    let requests = world.sandbox.requests().split_off(before);
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for request in &requests {
        *calls.entry(request.operation.clone()).or_default() += 1;
    }
    assert_eq!(requests.len(), expected, "{what}: {calls:#?}");
}

/// All commands one after the other on a cluster of this shape.
async fn holds(shape: Shape) {
    let world = World::start(shape.seed()).await;
    let yes = |verb: &str, options: &[&str]| world.tool(verb).arg("--yes").args(options);
    counted(&world, "plan", world.tool("plan"), shape.plan()).await;
    let apply = world.apply().args(&["--on-existing", "update"]);
    counted(&world, "apply", apply, shape.apply()).await;
    counted(&world, "verify", world.tool("verify"), shape.verify()).await;
    counted(&world, "status", world.tool("status"), shape.verify()).await;
    counted(&world, "report", world.tool("report"), shape.verify()).await;
    let offline = world.tool("report").arg("--offline");
    counted(&world, "report --offline", offline, 0).await;
    let soak = ["--soak", "0s"];
    counted(&world, "cutover", yes("cutover", &soak), shape.cutover()).await;
    counted(&world, "rollback", yes("rollback", &[]), shape.rollback()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_with_one_mapping() {
    holds(Shape {
        people: 1,
        ..Shape::default()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_cluster_whose_mode_is_switched() {
    holds(Shape {
        switches: true,
        admins: 2,
        people: 2,
        users: 1,
        node_groups: 2,
        fargate_profiles: 1,
        ..Shape::default()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_administrators() {
    holds(Shape {
        admins: 30,
        users: 25,
        ..Shape::default()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_entries_that_are_there_and_some_that_differ() {
    holds(Shape {
        admins: 3,
        people: 40,
        there: 60,
        differing: 4,
        others: 70,
        node_groups: 3,
        ..Shape::default()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_are_fewer_than_the_pages_of_the_list() {
    holds(Shape {
        admins: 1,
        people: 1,
        others: 210,
        ..Shape::default()
    })
    .await;
}

/// The cutover to the mode `API`: one more look before the switch, the switch, and `aws-auth` once more.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_in_the_mode_api() {
    let shape = Shape {
        admins: 2,
        people: 8,
        node_groups: 1,
        ..Shape::default()
    };
    let world = World::start(shape.seed()).await;
    counted(&world, "apply", world.apply(), shape.apply()).await;
    let options = ["--yes", "--soak", "0s", "--to-api-mode", "--min-soak", "0s"];
    let cutover = world.tool("cutover").args(&options);
    let switched = shape.cutover() + shape.unmapped() + 5;
    counted(&world, "cutover", cutover, switched).await;
    counted(&world, "verify", world.tool("verify"), shape.unmapped()).await;
}

/// What is said of a thousand entries: once it took 3,088 calls.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_entries_take_fewer_than_twelve_hundred_calls() {
    let shape = Shape {
        admins: 50,
        people: 950,
        ..Shape::default()
    };
    assert_eq!(shape.apply(), 1122);
}
