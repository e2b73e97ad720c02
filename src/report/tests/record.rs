//! The record of a change, from a journal of three runs: what people read, and that no text gets out of its place.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::plans::text;
use crate::journal::{History, Whole};
use crate::migration::record::{ChangeRecord, LiveProof, Sources};
use crate::model::ClusterId;
use crate::report::{Format, Shown, check, record};
use crate::text::is_hidden;

const FORMATS: [Format; 6] = [
    Format::Table,
    Format::Markdown,
    Format::Html,
    Format::Csv,
    Format::Json,
    Format::Yaml,
];

/// The records of a journal in which every free text is this one.
fn records(text: &str) -> Vec<Value> {
    let time = |minute: usize| format!("2026-03-01T10:{minute:02}:00Z");
    let cluster = json!({"accountId": "111122223333", "region": "eu-west-1", "name": "shop"});
    let arn = "arn:aws:iam::111122223333:role/dev";
    let begin = |run: &str, command: &str, minute: usize, plan: Value| {
        json!({
            "record": "run", "schema": "", "run": run, "time": time(minute), "toolVersion": "0.1.0", "cluster": cluster,
            "caller": "arn:aws:sts::111122223333:assumed-role/ops/jane", "planSha256": "ab".repeat(32), "actions": 1,
            "options": ["--fail-fast"], "command": command, "holder": text, "plan": plan,
        })
    };
    let plan = json!({
        "sourceSha256": "cd".repeat(32), "authenticationMode": "API_AND_CONFIG_MAP",
        "mappings": [
            {"id": "mapRoles[0]", "arn": arn, "outcome": "create", "verdict": "lost", "codes": ["AAM303"],
             "decision": {"do": "migrate", "reason": text, "by": "answer"}},
            {"id": "mapRoles[1]", "arn": text, "outcome": "blocked", "codes": ["AAM303"]},
        ],
    });
    let create = json!({
        "id": "a1", "kind": "createAccessEntry", "principalArn": arn, "type": "STANDARD", "username": text,
        "kubernetesGroups": [text], "tags": {}, "stage": "others", "why": text,
    });
    let delete = json!({
        "id": "r1", "kind": "deleteAccessEntry", "principalArn": arn, "stage": "others", "why": "",
    });
    let before = json!({"metadata": {"resourceVersion": "7"}, "data": {"mapRoles": text}});
    vec![
        begin("one", "apply", 0, plan.clone()),
        json!({"record": "intent", "run": "one", "time": time(1), "token": "t1", "action": create}),
        begin("one", "apply", 5, plan.clone()),
        json!({"record": "intent", "run": "one", "time": time(5), "token": "t1", "action": create}),
        json!({"record": "outcome", "run": "one", "time": time(6), "token": "t1", "action": "a1", "status": "created",
               "requestId": "6f1c0001"}),
        json!({"record": "end", "run": "one", "time": time(7), "end": "complete", "verified": 1}),
        begin("two", "cutover", 20, plan),
        json!({"record": "configMapIntent", "run": "two", "time": time(21), "before": before, "after": null,
               "backup": "/nowhere/shop.yaml", "backupSha256": "ef".repeat(32), "ready": ["one"],
               "proof": {"sentence": "safe to cut over", "proven": ["mapRoles[0]"], "left": ["mapRoles[1]"]}}),
        json!({"record": "configMapOutcome", "run": "two", "time": time(22), "status": "deleted"}),
        json!({"record": "end", "run": "two", "time": time(24), "end": "incomplete", "lostNodes": [text],
               "nodes": {"readyBefore": 1, "readyAfter": 0, "watchedSeconds": 90, "lost": [text]}}),
        begin("three", "rollback", 30, Value::Null),
        json!({"record": "intent", "run": "three", "time": time(31), "token": "t2", "action": delete}),
        json!({"record": "outcome", "run": "three", "time": time(32), "token": "t2", "action": "r1", "status": "failed",
               "error": {"code": "AccessDeniedException", "message": text, "requestId": "6f1c0002"}}),
    ]
}

fn made(text: &str) -> ChangeRecord {
    let mut history = History::default();
    for record in records(text) {
        history.add(serde_json::from_value(record).unwrap());
    }
    ChangeRecord::of(Sources {
        cluster: ClusterId::shop(),
        path: Path::new("/state/shop.jsonl"),
        is_named: true,
        journal: Some(Whole {
            history,
            sha256: "01".repeat(32),
            records: 13,
        }),
        run: None,
        proof: LiveProof::not_taken("--offline was given"),
        now: "2026-03-01T11:00:00Z".parse().unwrap(),
    })
}

fn in_format(text: &str, format: Format, width: Option<usize>) -> String {
    let shown = Shown {
        width,
        color: false,
    };
    record(&made(text), None, format, shown)
}

#[test]
fn a_record_reads_as_it_did() {
    insta::with_settings!({
        snapshot_path => "../../../testdata/report",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("record.80", in_format("plain text", Format::Table, Some(80)));
        insta::assert_snapshot!("record.md", in_format("plain text", Format::Markdown, None));
        insta::assert_snapshot!("record.csv", in_format("plain text", Format::Csv, None));
    });
}

#[test]
fn every_format_has_its_digest_whatever_its_texts_say() {
    let forged = format!("sha256:{} </main>", "0".repeat(64));
    for format in FORMATS {
        for width in [None, Some(80)] {
            let text = in_format(&forged, format, width);
            check(text.as_bytes()).unwrap();
            let changed = text.replacen("6f1c0001", "6f1c0003", 1);
            assert!(check(changed.as_bytes()).is_err(), "{text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_text_of_a_record_gets_out_of_its_place(text in text()) {
        for format in FORMATS {
            let rendered = in_format(&text, format, Some(80));
            let ends = |c: char| c == '\n' || (c == '\r' && format == Format::Csv);
            let hidden = rendered.chars().find(|&c| is_hidden(c) && !ends(c));
            prop_assert_eq!(hidden, None);
            prop_assert!(check(rendered.as_bytes()).is_ok());
            if format == Format::Json {
                let read: Value = serde_json::from_str(&rendered).unwrap();
                prop_assert_eq!(&read["runs"][0]["plan"]["mappings"][0]["decision"]["reason"], &json!(text));
            }
        }
    }
}
