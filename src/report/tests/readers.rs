//! Readers that nobody here wrote find every text where it was put.
#![expect(clippy::disallowed_methods, reason = "judges read files")]

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

use super::judge::{judge, judged, python};
use super::plans::{awkward, large, small, text, with_texts};
use crate::plan::Plan;
use crate::plan::document::Identity;
use crate::report::principal::ShortNames;
use crate::report::words::{identity_facts, nothing_after, verdict};
use crate::report::{html, markdown, yaml};
use crate::text::visible;

/// The rows of the first table, as a reader of GitHub Flavored Markdown sees their text.
fn rows(page: &str) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::TableRow) => rows.push(Vec::new()),
            Event::Start(Tag::TableCell) => {
                if let Some(row) = rows.last_mut() {
                    row.push(String::new());
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
                    cell.push_str(&text);
                }
            }
            Event::End(TagEnd::Table) => break,
            _ => {}
        }
    }
    rows
}

fn told(identity: Option<&Identity>) -> String {
    let Some(identity) = identity else {
        return "no access".to_owned();
    };
    let facts = identity_facts(identity).into_iter().map(|fact| {
        let values: Vec<_> = fact.values.iter().map(|value| visible(value)).collect();
        if values.is_empty() {
            fact.label.to_owned()
        } else if fact.label.is_empty() {
            values.join(", ")
        } else {
            format!("{} {}", fact.label, values.join(", "))
        }
    });
    facts.collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check_markdown(plan: &Plan) {
    let names = ShortNames::new(plan, 120);
    let rows = rows(&markdown(plan, false));
    assert_eq!(rows.len(), plan.mappings.len());
    for (row, mapping) in rows.iter().zip(&plan.mappings) {
        let [_, id, line, principal, before, after, access] = row.as_slice() else {
            panic!("{row:?}");
        };
        assert_eq!(*id, mapping.id.to_string());
        assert_eq!(*principal, names.get(&mapping.arn));
        assert_eq!(*before, told(mapping.access.before.as_deref()));
        assert_eq!(*line, mapping.line.to_string());
        let told_after = match &mapping.access.after {
            None => nothing_after(mapping).to_owned(),
            same if *same == mapping.access.before => "as today".to_owned(),
            other => told(other.as_deref()),
        };
        assert!(after.ends_with(&told_after), "{after}");
        assert_eq!(*access, verdict(mapping));
    }
}

#[test]
fn a_reader_of_markdown_finds_every_cell() {
    for plan in [small(), large(), awkward()] {
        check_markdown(&plan);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_reader_of_markdown_finds_every_hostile_text(texts in proptest::collection::vec(text(), 1..3)) {
        check_markdown(&with_texts(&texts));
    }
}

/// A file with this text, and what a program of Python prints about it.
fn read_by_python(program: &str, text: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report");
    std::fs::write(&path, text).unwrap();
    let mut command = python("python");
    command.args(["-c", program]).arg(&path);
    serde_json::from_str(&judged(&mut command)).unwrap()
}

const TEXTS_OF_HTML: &str = "
import sys, json, html.parser
class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.codes, self.tags = [], [], []
    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == 'code':
            self.codes.append('')
        self.open.append(tag)
    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass
    def handle_data(self, data):
        if 'code' in self.open:
            self.codes[-1] += data
reader = Reader()
reader.feed(open(sys.argv[1], newline='').read())
print(json.dumps([reader.codes, sorted(set(reader.tags))]))
";

#[test]
fn a_reader_of_html_finds_every_text_and_no_tag_but_ours() {
    if !judge("python", python("python").arg("--version")) {
        return;
    }
    let plan = awkward();
    let read = read_by_python(TEXTS_OF_HTML, &html(&plan));
    let names = ShortNames::new(&plan, 400);
    let codes: Vec<&str> = read[0]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap())
        .collect();
    for mapping in &plan.mappings {
        for text in mapping
            .groups
            .iter()
            .chain([&mapping.username, &names.get(&mapping.arn).into_owned()])
        {
            let shown = visible(text);
            assert!(
                codes.contains(&shown.as_ref()),
                "{shown:?} is not in {codes:?}"
            );
        }
    }
    let harmless = read_by_python(TEXTS_OF_HTML, &html(&large()));
    for tag in read[1].as_array().unwrap() {
        assert!(harmless[1].as_array().unwrap().contains(tag), "{tag}");
    }
}

#[test]
fn a_reader_of_yaml_1_1_sees_the_same_plan() {
    if !judge("PyYAML", python("python").args(["-c", "import yaml"])) {
        return;
    }
    let program = "
import sys, json, yaml
print(json.dumps(yaml.safe_load(open(sys.argv[1], newline=''))))
";
    for plan in [small(), large(), awkward()] {
        let read = read_by_python(program, &yaml(&plan));
        assert_eq!(read, serde_json::to_value(&plan).unwrap());
    }
}
