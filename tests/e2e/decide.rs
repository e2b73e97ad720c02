//! Open questions, answered at a terminal and in a file.

use std::path::Path;

use aws_auth_migrate::decisions;
use aws_auth_migrate::model::{AccessEntry, EntryType};
use aws_auth_migrate::sandbox::Seed;
use serde_json::{Value, json};

use crate::apply::is_mutation;
use crate::schemas;
use crate::support::{CLUSTER, World, data_seed, in_api_mode, mapping, read, role};
use crate::tell::tell;
use crate::terminal::Terminal;

/// A ClusterRoleBinding of a group to a ClusterRole.
fn bound(group: &str, to: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": format!("{}-{to}", group.replace(':', "-"))},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": to},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    })
}

fn everything() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "everything"},
        "rules": [
            {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
            {"nonResourceURLs": ["*"], "verbs": ["*"]},
        ],
    })
}

fn mapped(name: &str, username: &str, groups: &str) -> String {
    format!(
        "- rolearn: {}\n  username: '{username}'\n  groups: [{groups}]\n",
        role(name)
    )
}

/// Three principals of one reserved group, one node role with a group beside it, and a whole account.
fn small() -> Seed {
    let mut roles = String::new();
    for name in ["ann", "bob", "cid"] {
        roles.push_str(&mapped(name, name, "'system:view', devs"));
    }
    roles.push_str(&mapped(
        "nodes",
        "system:node:{{EC2PrivateDNSName}}",
        "'system:bootstrappers', 'system:nodes', karpenter",
    ));
    let data = [
        ("mapRoles", roles.as_str()),
        ("mapAccounts", "- '444455556666'\n"),
    ];
    let names = ["ann", "bob", "cid", "nodes"].map(role);
    let mut seed = in_api_mode(data_seed(&data, &names.each_ref().map(String::as_str)));
    seed.objects = vec![bound("system:view", "view"), bound("karpenter", "edit")];
    seed
}

/// 60 mappings with 17 questions: alike ones are asked once.
fn large() -> Seed {
    let mut roles = String::new();
    let mut names = Vec::new();
    let mut put = |name: String, username: &str, groups: &str| {
        roles.push_str(&mapped(&name, username, groups));
        names.push(role(&name));
    };
    for n in 0..26 {
        put(format!("plain-{n}"), &format!("plain-{n}"), "devs");
    }
    for n in 0..11 {
        put(
            format!("viewer-{n}"),
            &format!("viewer-{n}"),
            "'system:view', devs",
        );
    }
    for n in 0..4 {
        put(format!("ops-{n}"), &format!("ops-{n}"), "'system:ops'");
    }
    for n in 0..3 {
        let groups = "'system:bootstrappers', 'system:nodes', karpenter";
        put(
            format!("nodes-{n}"),
            "system:node:{{EC2PrivateDNSName}}",
            groups,
        );
    }
    for n in 0..2 {
        put(format!("ssm-{n}"), "ec2:{{EC2PrivateDNSName}}", "devs");
    }
    for n in 0..11 {
        put(
            format!("team-{n}"),
            &format!("team-{n}"),
            &format!("'system:team-{n}'"),
        );
    }
    for n in 0..2 {
        put(format!("live-{n}"), &format!("live-{n}"), "devs");
    }
    let data = [
        ("mapRoles", roles.as_str()),
        ("mapAccounts", "- '444455556666'\n"),
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut seed = in_api_mode(data_seed(&data, &names));
    for n in 0..2 {
        seed = seed.with_entry(AccessEntry {
            principal_arn: role(&format!("live-{n}")).parse().unwrap(),
            entry_type: EntryType::Standard,
            username: Some(format!("live-{n}")),
            kubernetes_groups: Vec::new(),
            tags: [].into(),
            access_policies: Vec::new(),
        });
    }
    seed.objects = vec![
        bound("system:view", "view"),
        bound("system:ops", "everything"),
        everything(),
        bound("karpenter", "edit"),
        bound("devs", "edit"),
    ];
    let teams = (0..11).map(|n| bound(&format!("system:team-{n}"), "edit"));
    seed.objects.extend(teams);
    seed
}

/// Holds a decisions file against the schema that the binary gives for it.
#[track_caller]
fn check_schema(text: &str) {
    let value: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
    let value = serde_json::to_value(value).unwrap();
    schemas::check(&schemas::validator("decisions"), &value);
}

fn document(path: &Path) -> decisions::DecisionsFile {
    let text = read(path);
    decisions::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// How many mappings wait for a decision, and how many actions there are.
fn open(world: &World, decisions: Option<&Path>) -> (usize, usize) {
    let mut tool = world.tool("plan").args(&["--output", "json"]);
    if let Some(path) = decisions {
        tool = tool.arg("--decisions").arg(path);
    }
    let plan = tool.run().expect_code(0).json();
    let mappings = plan["mappings"].as_array().unwrap().iter();
    let accounts = plan["accounts"].as_array().unwrap().iter();
    let blocked = mappings.filter(|mapping| !mapping["blocker"].is_null());
    let accounts = accounts.filter(|account| account["outcome"] == "blocked");
    (
        blocked.count() + accounts.count(),
        plan["actions"].as_array().unwrap().len(),
    )
}

fn snapshot(name: &str, text: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/decisions");
    insta::with_settings!({
        snapshot_path => folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_fits_a_screen_of_80_columns() {
    let world = World::start(small()).await;
    let Some(mut terminal) = Terminal::open(&world, "decide", "--out d.yaml") else {
        return;
    };
    let first = terminal.prompt();
    assert!(
        first.lines().all(|line| line.chars().count() <= 80),
        "{first}"
    );
    assert!(first.lines().count() <= 24, "{first}");
    snapshot("screen.80", &first);
    let (code, shown) = terminal.last("q");
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("3 questions are open, and nothing was written"),
        "{shown}"
    );
    assert!(!world.path("d.yaml").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_loses_no_answer_and_the_next_run_continues() {
    let world = World::start(small()).await;
    let path = world.path("d.yaml");
    let Some(mut terminal) = Terminal::open(&world, "decide", "--out d.yaml") else {
        return;
    };
    terminal.prompt();
    let second = terminal.answer("2");
    assert!(second.contains("Question 2, 1 more after it"), "{second}");
    // Whatever happens from now on, the answer is in the file.
    assert_eq!(document(&path).rename_groups["system:view"], "view");
    let (code, shown) = terminal.interrupt();
    assert_eq!(code, 130, "{shown}");
    assert!(
        shown.contains("1 answer is in d.yaml; 2 questions are open"),
        "{shown}"
    );
    assert_eq!(document(&path).rename_groups["system:view"], "view");
    let files = std::fs::read_dir(world.folder.path()).unwrap();
    let left: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["d.yaml"], "nothing is left beside the file");

    let mut terminal = Terminal::open(&world, "decide", "--decisions d.yaml").unwrap();
    let next = terminal.prompt();
    assert!(
        next.contains("mapRoles[3] would lose the group `karpenter`"),
        "{next}"
    );
    terminal.answer("migrate");
    let review = terminal.answer("drop nobody of that account is left");
    assert!(review.contains("Your answers"), "{review}");
    let (code, shown) = terminal.last("");
    assert_eq!(code, 0, "{shown}");
    let next = format!(
        "next: aws-auth-migrate plan --cluster {CLUSTER} --region eu-west-1 --decisions d.yaml"
    );
    assert!(
        shown.contains("2 answers are in d.yaml; nothing is open"),
        "{shown}"
    );
    assert!(shown.contains(&next), "{shown}");
    assert_eq!(open(&world, Some(&path)).0, 0);
    let known = document(&path);
    assert_eq!(known.rename_groups.len(), 1);
    assert_eq!(
        known.principals[1].reason.as_deref(),
        Some("nobody of that account is left")
    );
    check_schema(&read(&path));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_can_be_changed_and_left_open() {
    let world = World::start(small()).await;
    let path = world.path("d.yaml");
    let Some(mut terminal) = Terminal::open(&world, "decide", "--out d.yaml") else {
        return;
    };
    terminal.prompt();
    let first = terminal.answer("b");
    assert!(first.contains("This is the first question"), "{first}");
    let unclear = terminal.answer("9");
    assert!(unclear.contains("a number from 1 to 4"), "{unclear}");
    let refused = terminal.answer("2 system:viewers");
    assert!(
        refused.contains("EKS refuses names that begin with `system:`"),
        "{refused}"
    );
    terminal.answer("2 viewers");
    assert_eq!(document(&path).rename_groups["system:view"], "viewers");

    terminal.answer("1 OPS-1");
    assert_eq!(
        document(&path).principals[0].reason.as_deref(),
        Some("OPS-1")
    );
    let again = terminal.answer("back");
    assert!(
        again.contains("mapRoles[3] would lose the group `karpenter`"),
        "{again}"
    );
    assert!(document(&path).principals.is_empty());
    terminal.answer("drop");

    let review = terminal.answer("s");
    assert!(review.contains("3  open       mapAccounts[0]"), "{review}");
    let again = terminal.answer("1");
    assert!(
        again.contains("3 mappings would lose the group `system:view`"),
        "{again}"
    );
    assert!(document(&path).rename_groups.is_empty());
    terminal.answer("");
    let (code, shown) = terminal.last("");
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("2 answers are in d.yaml; 1 question is open"),
        "{shown}"
    );

    let known = document(&path);
    assert!(
        known.rename_groups.is_empty() && !known.bind_renamed,
        "{known:?}"
    );
    assert_eq!(known.principals.len(), 4);
    // What was left open can still be answered in the file.
    let text = read(&path);
    assert!(
        text.contains("# - {principal: \"444455556666\", do: leave}"),
        "{text}"
    );
    assert_eq!(open(&world, Some(&path)).0, 1);
    check_schema(&text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_file_stays() {
    let world = World::start(small()).await;
    let before = format!(
        "# Reviewed by the platform team.\nschema: aws-auth-migrate/decisions/v1\nclusters: [\"sh*\"]\nprincipals:\n\
         # Nodes are replaced next week.\n- principal: \"{}\"\n  do: drop   # OPS-7\n",
        role("nodes")
    );
    let path = world.write("d.yaml", &before);
    let Some(mut terminal) = Terminal::open(&world, "decide", "--decisions d.yaml") else {
        return;
    };
    terminal.prompt();
    terminal.answer("rename");
    terminal.answer("leave");
    let (code, shown) = terminal.last("");
    assert_eq!(code, 0, "{shown}");
    let text = read(&path);
    for line in before.lines() {
        assert!(
            text.lines().any(|known| known == line),
            "{line} is not in:\n{text}"
        );
    }
    let known = document(&path);
    assert_eq!(known.clusters, ["sh*"]);
    assert_eq!((known.principals.len(), known.rename_groups.len()), (2, 1));
    assert_eq!(open(&world, Some(&path)).0, 0);

    world.write("d.yaml", &before.replace("sh*", "prod-*"));
    let terminal = Terminal::open(&world, "decide", "--decisions d.yaml").unwrap();
    let (code, shown) = terminal.last("");
    assert_eq!(code, 64, "{shown}");
    assert!(shown.contains("is for the clusters prod-*"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_the_skeleton_is_the_way() {
    let world = World::start(small()).await;
    let ran = world
        .tool("decide")
        .args(&["--out", "d.yaml"])
        .run()
        .expect_code(64);
    ran.expect_error(&["no terminal", "plan --write-decisions d.yaml"]);
    assert!(world.sandbox.requests().is_empty());
}

/// `plan --write-decisions`.
fn skeleton(world: &World, path: &Path, more: &[&str]) -> crate::support::Ran {
    let tool = world.tool("plan").args(more);
    tool.arg("--write-decisions").arg(path).run()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skeleton_holds_every_question_and_decides_nothing() {
    let world = World::start(small()).await;
    let path = world.path("d.yaml");
    let ran = skeleton(&world, &path, &[]).expect_code(0);
    ran.expect_error(&["3 open questions are in", "plan with --decisions"]);
    let text = read(&path);
    snapshot("skeleton", &text);
    check_schema(&text);
    assert_eq!(document(&path), decisions::DecisionsFile::default());
    assert_eq!(open(&world, Some(&path)), open(&world, None));

    // Each line that is uncommented answers for one principal.
    let leave = format!("# - {{principal: \"{}\", do: leave}}", role("nodes"));
    let answered = text.replace(&leave, leave.strip_prefix("# ").unwrap());
    assert_ne!(answered, text);
    std::fs::write(&path, &answered).unwrap();
    assert_eq!(open(&world, Some(&path)).0, open(&world, None).0 - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skeleton_replaces_no_answers() {
    let world = World::start(small()).await;
    let path = world.path("d.yaml");
    skeleton(&world, &path, &[]).expect_code(0);
    let first = read(&path);
    // A file that decides nothing is written again, and its own comments stay.
    std::fs::write(&path, format!("# Ours.\n{first}")).unwrap();
    skeleton(&world, &path, &[]).expect_code(0);
    assert_eq!(read(&path), format!("# Ours.\n{first}"));

    let leave = format!("# - {{principal: \"{}\", do: leave}}", role("nodes"));
    let answered = first.replace(&leave, leave.strip_prefix("# ").unwrap());
    std::fs::write(&path, &answered).unwrap();
    let refused = skeleton(&world, &path, &[]).expect_code(64);
    refused.expect_error(&[
        "nothing was written",
        "holds answers already",
        "--decisions",
    ]);
    assert_eq!(read(&path), answered);

    let name = path.to_str().unwrap();
    let ran = skeleton(&world, &path, &["--decisions", name]).expect_code(0);
    ran.expect_error(&["2 open questions are in"]);
    let text = read(&path);
    assert!(
        text.contains(&format!(
            "- {{principal: \"{}\", do: leave}}",
            role("nodes")
        )),
        "{text}"
    );
    assert!(!text.contains("karpenter"), "{text}");
    assert_eq!(document(&path).principals.len(), 1);

    for (name, content) in [("notes.yaml", "a: 1\n"), ("d.json", "")] {
        let path = world.write(name, content);
        skeleton(&world, &path, &[])
            .expect_code(64)
            .expect_error(&["nothing was written"]);
        assert_eq!(read(&path), content);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_is_never_raw_and_can_still_be_answered() {
    let group = "system:vi\\u202eew\\e[2J'{x: y}, #";
    let text = format!(
        "- rolearn: {}\n  username: ann\n  groups: [\"{group}\", devs]\n",
        role("ann")
    );
    let mut seed = in_api_mode(data_seed(&[("mapRoles", &text)], &[&role("ann")]));
    let mut binding = bound("x", "view");
    binding["subjects"][0]["name"] = json!("system:vi\u{202e}ew\u{1b}[2J'{x: y}, #");
    seed.objects = vec![binding];
    let world = World::start(seed).await;
    let path = world.path("d.yaml");
    let ran = skeleton(&world, &path, &[]).expect_code(0);
    let is_raw = |text: &str| text.contains(['\u{1b}', '\u{202e}']);
    let text = read(&path);
    assert!(!is_raw(&text) && !is_raw(&ran.stderr), "{text}");
    check_schema(&text);
    let migrate = text.lines().find(|line| line.contains("do: migrate"));
    let migrate = migrate.unwrap();
    let answered = text.replace(migrate, &migrate.replace("# - ", "- "));
    std::fs::write(&path, answered).unwrap();
    assert_eq!((open(&world, None).0, open(&world, Some(&path)).0), (1, 0));
    let Some(mut terminal) = Terminal::open(&world, "decide", "--out e.yaml") else {
        return;
    };
    let screen = terminal.prompt();
    assert!(!is_raw(&screen) && screen.contains("\\u{202e}"), "{screen}");
    let (code, shown) = terminal.last("q");
    assert!(code == 0 && !is_raw(&shown), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_decisions_file_is_refused_with_its_line_and_nothing_is_done() {
    let world = World::start(small()).await;
    let ann = role("ann");
    let file = |rest: &str| format!("schema: aws-auth-migrate/decisions/v1\n{rest}\n");
    let cases = [
        ("principals: [\n".to_owned(), "line 2"),
        (
            "schema: aws-auth-migrate/decisions/v9\nnew: true\n".to_owned(),
            "line 1: its schema is `aws-auth-migrate/decisions/v9`",
        ),
        (file("\"wat\\e[31m\\u202e\": 1"), "unknown field"),
        (
            file("principals:\n- {principal: x, do: leave, until: friday}"),
            "unknown field `until`",
        ),
        (
            file("principals:\n- {principal: x, do: \"le\\eave\"}"),
            "unknown variant",
        ),
        (
            file(
                "principals:\n- {principal: \"a\\u202e*\", do: leave}\n- {principal: \"a\\u202e*\", do: drop}",
            ),
            "has a different answer on line 3",
        ),
        (
            file("renameGroups: {\"a\\e\": \"eks:\\e\"}"),
            "line 2: EKS refuses names",
        ),
        (
            file("principals:\n- {principal: \"*/nobody\\e[31m\", do: leave}"),
            "line 3 of the decisions file: the decision `leave` for",
        ),
        (
            file(&format!(
                "principals:\n\n- principal: {ann}\n  do: migrate\n  accept: {{verdict: gained, groups: [\"\\e[31m\"]}}"
            )),
            "line 4 of the decisions file: the decision for",
        ),
        (
            file("principals:\n- {principal: \"444455556666\", do: keep-live}"),
            "line 3 of the decisions file: ",
        ),
    ];
    for (text, expected) in cases {
        let path = world.write("bad.yaml", &text);
        let mut tools = vec![world.tool("plan"), world.apply()];
        // What would be done, and for whom, is no question of the commands that come after.
        if !text.contains("accept") && !text.contains("keep-live") {
            tools.extend([world.tool("verify"), world.tool("cutover").arg("--yes")]);
        }
        for tool in tools {
            let ran = tool.arg("--decisions").arg(&path).run();
            assert_eq!(ran.code, 64, "{text}\n{}\n{}", ran.stdout, ran.stderr);
            ran.expect_error(&["nothing was written", expected, "line ", "hint"]);
            let is_raw = ran.stderr.contains(['\u{1b}', '\u{202e}']);
            assert!(
                !is_raw && ran.stdout.is_empty(),
                "{}\n{}",
                ran.stderr,
                ran.stdout
            );
        }
    }
    let requests = world.sandbox.requests();
    assert!(
        requests
            .iter()
            .all(|request| !is_mutation(&request.operation))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_mappings_with_17_questions_are_settled_once_at_a_terminal_and_once_in_a_file() {
    let world = World::start(large()).await;
    let in_file = world.path("file.yaml");
    skeleton(&world, &in_file, &[])
        .expect_code(0)
        .expect_error(&["17 open questions are in"]);
    let shown = world.tool("plan").run().expect_code(0).stdout;
    let lines = shown.lines().count();
    assert!(lines <= 96, "{lines} lines, two screens have 96:\n{shown}");
    assert!(
        shown
            .lines()
            .all(|line| line.len() <= 80 || line.contains("aws-auth-migrate ")),
        "{shown}"
    );
    let waiting = open(&world, None).0;
    let uncommented = answer_in_file(&in_file);
    check_schema(&read(&in_file));
    let (left, actions) = open(&world, Some(&in_file));
    assert_eq!(left, 0, "{}", read(&in_file));

    let Some(mut terminal) = Terminal::open(&world, "decide", "--out terminal.yaml") else {
        return;
    };
    let mut screen = terminal.prompt();
    assert!(screen.contains("Question 1, 16 more after it"), "{screen}");
    let mut typed = 0;
    while !screen.contains("Your answers") {
        let offers = |word: &str| {
            let mut lines = screen.lines();
            lines.any(|line| line.split_whitespace().nth(1) == Some(word))
        };
        let word = ["policy", "rename"].into_iter().find(|word| offers(word));
        screen = terminal.answer(word.unwrap_or(""));
        typed += 1;
    }
    let (code, shown) = terminal.last("");
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("17 answers are in terminal.yaml; nothing is open"),
        "{shown}"
    );
    let at_terminal = world.path("terminal.yaml");
    assert_eq!(open(&world, Some(&at_terminal)), (0, actions));
    assert_eq!(typed, 17);
    // Renamed groups have their bindings, and nobody's access moves.
    let plan = world
        .tool("plan")
        .args(&["--output", "json"])
        .arg("--decisions")
        .arg(&at_terminal)
        .run()
        .json();
    let viewer = mapping(&plan, "mapRoles[26]");
    assert_eq!(viewer["access"]["verdict"], "renamed", "{viewer:#}");
    let ops = mapping(&plan, "mapRoles[37]");
    assert_eq!(
        ops["access"]["after"]["policies"],
        json!(["AmazonEKSClusterAdminPolicy"])
    );
    tell(&format!(
        "60 mappings, {waiting} of them waiting, 17 questions: {typed} lines typed at the terminal, {uncommented} lines uncommented in the file"
    ));
}

/// Uncomments what settles every question: names where there are some, else each principal's first answer.
fn answer_in_file(path: &Path) -> usize {
    let text = read(path);
    let number = |line: &str| -> Option<usize> {
        let (_, after) = line.split_once("# question ")?;
        after.trim().parse().ok()
    };
    let mut named = std::collections::BTreeSet::new();
    let mut uncommented = 0;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // Policies come last, and go before new names for the same question.
    let policies = lines.iter().position(|line| line == "# policies:").unwrap();
    for place in (policies..lines.len()).chain(0..policies) {
        let line = lines[place].clone();
        let is_head =
            ["# renameGroups:", "# policies:", "# bindRenamed: true"].contains(&line.as_str());
        let is_name = number(&line).is_some_and(|number| named.insert(number));
        if is_head || is_name {
            lines[place] = line.replacen("# ", "", 1);
            uncommented += 1;
        }
    }
    let mut question = 0;
    let mut is_answered = false;
    for line in &mut lines {
        let bare = line.trim_start();
        if let Some(rest) = bare.strip_prefix("## Question ") {
            question = rest.split(':').next().unwrap().parse().unwrap();
        } else if bare.starts_with("## map") {
            is_answered = named.contains(&question);
        } else if bare.starts_with("# - {") && !is_answered {
            *line = line.replacen("# ", "", 1);
            is_answered = true;
            uncommented += 1;
        }
    }
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
    uncommented
}

#[test]
fn example_in_the_documentation_is_a_decisions_file() {
    let page = include_str!("../../docs/decisions.md");
    let (_, rest) = page.split_once("<!-- decisions -->\n```yaml\n").unwrap();
    let (example, _) = rest.split_once("```\n<!-- /decisions -->").unwrap();
    check_schema(example);
    let known = decisions::read(example).unwrap();
    assert!(
        known.bind_renamed && known.principals.len() == 1,
        "{known:?}"
    );
}
