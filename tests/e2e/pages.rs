//! The pages of every command in a browser, as real runs write them: light and dark, wide and narrow, on paper, and by what
//! a screen reader meets.

use std::path::{Path, PathBuf};
use std::process::Command;

use aws_auth_migrate::sandbox::NodeSeed;

use crate::support::{ACCOUNT, Tool, World, data_seed, in_api_mode, judge, role};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn modules() -> PathBuf {
    Path::new(ROOT).join("target/judges/node_modules")
}

fn are_there() -> bool {
    let installed = |name: &str| {
        let mut node = Command::new("node");
        node.args(["-e", &format!("require('{}/{name}')", modules().display())]);
        judge(name, &mut node)
    };
    judge("chromium", Command::new("chromium").arg("--version"))
        && installed("puppeteer-core")
        && installed("axe-core")
}

/// Where pages and pictures are left.
fn folder() -> PathBuf {
    let folder = Path::new(ROOT).join("target/tmp/pages/commands");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Looks at pages; what is wrong with one fails the test. Pictures are left in `target/tmp/pages/commands`.
fn look(pages: &[(&str, String)]) {
    let folder = folder();
    let files = pages.iter().map(|(name, page)| {
        let file = folder.join(format!("{name}.html"));
        std::fs::write(&file, page).unwrap();
        file
    });
    let files: Vec<PathBuf> = files.collect();
    let ran = Command::new("node")
        .arg(Path::new(ROOT).join("src/report/tests/look.mjs"))
        .args([folder, modules()])
        .args(files)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert_eq!((said.as_ref(), errors.as_ref()), ("looked\n", ""));
}

fn page(tool: Tool, code: i32) -> String {
    tool.args(&["--output", "html"])
        .run()
        .expect_code(code)
        .stdout
}

/// Roles of all kinds: administrators, people with long and hostile names, nodes, and one that needs a decision.
fn roles() -> (String, Vec<String>) {
    let mut names = vec![role(
        "team/platform/a-role-with-a-name-as-long-as-iam-lets-it-be-0123456789",
    )];
    names.extend((0..30).map(|index| role(&format!("developer-{index}"))));
    let mut roles = String::new();
    for (index, arn) in names.iter().enumerate() {
        let bare = arn.replace("team/platform/", "");
        let username = format!("<b>user</b> & \\u202e`{index}`");
        roles += &format!(
            "- rolearn: {bare}\n  username: \"{username}\"\n  groups: [developers, \"on-call|of <the> week\"]\n"
        );
    }
    roles += &format!(
        "- rolearn: {}\n  username: ops\n  groups: [system:masters]\n",
        role("ops")
    );
    roles += &format!(
        "- rolearn: {}\n  username: audit\n  groups: [system:monitoring, auditors]\n",
        role("audit")
    );
    roles += &format!(
        "- rolearn: {}\n  username: system:node:{{{{EC2PrivateDNSName}}}}\n  groups: [system:bootstrappers, system:nodes]\n",
        role("nodes")
    );
    names.extend(["ops", "audit", "nodes"].map(role));
    (roles, names)
}

async fn world() -> World {
    let (roles, names) = roles();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut seed = data_seed(
        &[
            ("mapRoles", &roles),
            ("mapAccounts", "- \"222233334444\"\n"),
        ],
        &names,
    );
    seed.nodes = [
        "ip-10-0-0-1.eu-west-1.compute.internal",
        "ip-10-0-0-2.eu-west-1.compute.internal",
    ]
    .map(|name| NodeSeed {
        name: name.to_owned(),
        ready: true,
        role: None,
    })
    .into();
    World::start(in_api_mode(seed)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_every_command_is_readable_in_a_browser() {
    if !are_there() {
        return;
    }
    let world = world().await;
    let decisions = world.write(
        "decisions.yaml",
        &format!(
            "schema: aws-auth-migrate/decisions/v1\nprincipals:\n- principal: {}\n  do: leave\n  reason: \"the auditors move in <March>, `OPS-9`\"\n- principal: \"222233334444\"\n  do: drop\n  reason: nobody uses it\n",
            role("audit")
        ),
    );
    let with = |verb: &str| world.tool(verb).arg("--decisions").arg(&decisions);
    let kept = world.path("kept.html");
    let kept = kept.to_str().unwrap();
    let mut pages = vec![
        ("verify", page(world.tool("verify"), 3)),
        (
            "status",
            page(world.tool("status").args(&["--preflight"]), 0),
        ),
        (
            "cutover-refused",
            page(world.tool("cutover").args(&["--yes"]), 3),
        ),
    ];
    let quiet = ["--yes", "--progress", "none", "--out-report", kept];
    pages.push(("apply", page(with("apply").args(&quiet), 0)));
    pages.push(("record-of-apply", std::fs::read_to_string(kept).unwrap()));
    pages.push(("verify-safe", page(with("verify"), 0)));
    pages.push((
        "cutover",
        page(with("cutover").args(&quiet).args(&["--soak", "0s"]), 0),
    ));
    pages.push((
        "rollback-dry-run",
        page(world.tool("rollback").args(&["--dry-run"]), 0),
    ));
    pages.push(("rollback", page(world.tool("rollback").args(&quiet), 0)));
    pages.push(("record", page(with("report"), 0)));
    let journal = world.journal();
    let offline = world
        .bare(&["report", "--offline", "--journal"])
        .arg(journal);
    pages.push(("record-offline", page(offline, 0)));
    let fleet = format!(
        "schema: aws-auth-migrate/fleet/v1\ndefaults:\n  region: eu-west-1\nclusters:\n- name: shop\n  account: '{ACCOUNT}'\n- name: missing\n  account: '{ACCOUNT}'\n"
    );
    let fleet = world.write("fleet.yaml", &fleet);
    for verb in ["plan", "status"] {
        let tool = world.bare(&["fleet", verb, "--progress", "none", "--fleet"]);
        let name = if verb == "plan" {
            "fleet-plan"
        } else {
            "fleet-status"
        };
        pages.push((name, page(tool.arg(&fleet), 1)));
    }
    look(&pages);
}
