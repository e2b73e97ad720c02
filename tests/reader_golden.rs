//! Known `aws-auth` texts, read as the authenticator read them when the answers were recorded.
//!
//! `UPDATE_GOLDEN=1` records again: the answers by asking the judge, the diagnostics by drawing them.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read files and the environment, print, and give up at once"
)]

#[expect(dead_code, reason = "only the readings of the judge are needed here")]
mod judge;
mod tell;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_auth_migrate::reader::draw;
use judge::Question;
use serde_json::{Value, json};

struct Case {
    folder: PathBuf,
    question: Question,
}

impl Case {
    fn name(&self) -> String {
        self.folder
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned()
    }

    fn recorded(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.join(file)).unwrap_or_default()
    }

    fn answer(&self, answer: &Value, version: &str) -> Value {
        let principals: BTreeMap<&String, &Value> = self
            .question
            .principals
            .iter()
            .zip(answer["principals"].as_array().unwrap())
            .collect();
        json!({
            "judge": version,
            "roles": answer["roles"],
            "users": answer["users"],
            "accounts": answer["accounts"],
            "error": answer["error"],
            "principals": principals,
        })
    }
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/reader");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(folders.len() >= 50, "the golden files are there");
    let case = |folder: PathBuf| {
        let manifest = std::fs::read_to_string(folder.join("aws-auth.yaml")).unwrap();
        let question = Question::about(judge::aws_auth(&manifest));
        Case { folder, question }
    };
    folders.into_iter().map(case).collect()
}

fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

#[test]
fn recorded_answers_are_what_the_judge_says_today() {
    let Some(program) = judge::program() else {
        return;
    };
    let cases = cases();
    let questions: Vec<Question> = cases.iter().map(|case| case.question.clone()).collect();
    let version = judge::version(program);
    for (case, judged) in cases.iter().zip(judge::ask(program, &questions)) {
        let answer = format!("{:#}\n", case.answer(&judged, &version));
        if updating() {
            std::fs::write(case.folder.join("expected.json"), &answer).unwrap();
        }
        assert_eq!(case.recorded("expected.json"), answer, "{}", case.name());
    }
}

#[test]
fn every_text_is_read_as_the_authenticator_read_it() {
    for case in cases() {
        let expected: Value = serde_json::from_str(&case.recorded("expected.json")).unwrap();
        let (reading, mut ours) = judge::answer(&case.question);
        assert_eq!(reading.undecided, [], "{}", case.name());
        if !reading.broken.is_empty() {
            assert_eq!(expected["error"], true, "{}", case.name());
        }
        ours["error"] = expected["error"].clone();
        let version = expected["judge"].as_str().unwrap();
        assert_eq!(case.answer(&ours, version), expected, "{}", case.name());
    }
}

#[test]
fn every_diagnostic_is_drawn_under_its_line() {
    for case in cases() {
        let (reading, _) = judge::answer(&case.question);
        let drawn = draw::all(&case.question.text, &reading.diagnostics);
        if updating() && !drawn.is_empty() {
            std::fs::write(case.folder.join("diagnostics.txt"), &drawn).unwrap();
        }
        assert_eq!(case.recorded("diagnostics.txt"), drawn, "{}", case.name());
    }
}
