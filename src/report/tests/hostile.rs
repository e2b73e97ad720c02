//! No text, wherever it is, gets out of its place.

use proptest::prelude::*;

use super::plans::{awkward, text, with_texts};
use crate::plan::Plan;
use crate::report::{TableOptions, csv, html, json, markdown, table, yaml};
use crate::text::{is_hidden, visible};

fn texts() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(text(), 1..3)
}

fn assert_nothing_hidden(rendered: &str) {
    let hidden = rendered.chars().find(|&c| is_hidden(c) && c != '\n');
    assert_eq!(hidden, None, "{rendered}");
}

fn in_color(plan: &Plan) -> String {
    table(
        plan,
        TableOptions {
            color: true,
            details: true,
            ..TableOptions::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn json_hides_nothing_and_reads_back_equal(texts in texts()) {
        let plan = with_texts(&texts);
        let rendered = json(&plan);
        assert_nothing_hidden(&rendered);
        prop_assert_eq!(serde_json::from_str::<Plan>(&rendered).unwrap(), plan);
    }

    #[test]
    fn yaml_hides_nothing_and_reads_back_equal(texts in texts()) {
        let plan = with_texts(&texts);
        let rendered = yaml(&plan);
        assert_nothing_hidden(&rendered);
        prop_assert_eq!(serde_yaml::from_str::<Plan>(&rendered).unwrap(), plan);
    }

    #[test]
    fn a_table_hides_nothing_and_keeps_to_its_width(texts in texts(), width in 60_usize..160, details in any::<bool>()) {
        let plan = with_texts(&texts);
        let rendered = table(&plan, TableOptions { width, color: false, details });
        assert_nothing_hidden(&rendered);
        // The next command and a command in a fix are each kept in one line, so that they can be copied.
        let steps = crate::report::next(&plan).steps;
        let mut commands: Vec<String> = steps.iter().map(|step| step.command.to_string().trim_end().to_owned()).collect();
        for text in &texts {
            let spans = crate::text::visible(text).into_owned();
            let spans = spans.split('`').map(|span| span.trim_end().to_owned());
            commands.extend(spans.filter(|span| span.contains(' ')));
        }
        let is_command = |line: &&str| commands.iter().any(|command| line.trim_end().ends_with(command.as_str()));
        for line in rendered.lines().filter(|line| !is_command(line)) {
            let columns = line.chars().map(|c| unicode_width::UnicodeWidthChar::width(c).unwrap_or(0)).sum::<usize>();
            prop_assert!(columns <= width, "{columns}: {line}");
        }
    }

    #[test]
    fn colour_is_all_that_a_coloured_table_adds(texts in texts()) {
        let plan = with_texts(&texts);
        let plain = table(&plan, TableOptions { details: true, ..TableOptions::default() });
        let stripped = anstream::adapter::strip_str(&in_color(&plan)).to_string();
        prop_assert_eq!(stripped, plain);
    }
}

/// The same plan with every text replaced by one that means nothing to any format.
///
/// Equal texts stay equal: what is said of both is said once.
fn harmless(texts: &[String]) -> Plan {
    let first_equal = |text: &String| texts.iter().position(|known| known == text);
    let harmless: Vec<String> = texts
        .iter()
        .filter_map(first_equal)
        .map(|index| format!("x{index}"))
        .collect();
    with_texts(&harmless)
}

/// How many cells each line has.
fn bars(page: &str) -> Vec<usize> {
    let count = |line: &str| line.matches('|').count();
    page.lines().map(count).collect()
}

/// What is said of two equal texts is said once, which the tests below once took for a fault.
#[test]
fn equal_texts_have_the_same_lines_as_equal_harmless_ones() {
    for texts in [["a|b", "a|b"], ["a\n", "a\\n"], ["a", "b"]] {
        let texts = texts.map(ToOwned::to_owned);
        let rendered = markdown(&with_texts(&texts), true);
        assert_eq!(bars(&rendered), bars(&markdown(&harmless(&texts), true)));
    }
}

/// What is left of a page when the texts in it are taken out: its markup, but for what backticks become.
fn markup(page: &str) -> Vec<char> {
    let page = page.replace("<code>", "").replace("</code>", "");
    page.chars().filter(|c| "<>\"'".contains(*c)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn html_has_no_markup_but_its_own(texts in texts()) {
        let rendered = html(&with_texts(&texts));
        assert_nothing_hidden(&rendered);
        prop_assert_eq!(markup(&rendered), markup(&html(&harmless(&texts))));
    }

    #[test]
    fn markdown_keeps_its_rows_and_cells_for_any_text(texts in texts()) {
        let rendered = markdown(&with_texts(&texts), true);
        assert_nothing_hidden(&rendered);
        prop_assert_eq!(bars(&rendered), bars(&markdown(&harmless(&texts), true)));
    }

    #[test]
    fn markdown_has_hostile_characters_only_within_code_spans(texts in texts()) {
        let rendered = markdown(&with_texts(&texts), true);
        let harmless = markdown(&harmless(&texts), true);
        for (line, expected) in rendered.lines().zip(harmless.lines()) {
            let alive = |line: &str| -> String {
                outside_code(line).replace("&#124;", "").chars().filter(|c| "@<>[]!*_#$\\~".contains(*c)).collect()
            };
            prop_assert_eq!(alive(line), alive(expected), "{}", line);
        }
    }

    #[test]
    fn csv_reads_back_with_the_same_cells(texts in texts()) {
        let plan = with_texts(&texts);
        let rendered = csv(&plan);
        assert_nothing_hidden(&rendered.replace("\r\n", "\n"));
        let mut reader = ::csv::Reader::from_reader(rendered.as_bytes());
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        prop_assert_eq!(rows.len(), plan.mappings.len() + plan.accounts.len() + plan.findings.len());
        for row in &rows {
            prop_assert!(!row.iter().any(|cell| cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r'])));
        }
        for (row, mapping) in rows.iter().zip(&plan.mappings) {
            let cell = |index: usize| row[index].strip_prefix('\'').unwrap_or(&row[index]).to_owned();
            prop_assert_eq!(cell(2), visible(&mapping.arn));
            prop_assert_eq!(cell(3), visible(&mapping.username));
            let groups = mapping.groups.join("; ");
            prop_assert_eq!(cell(4), visible(&groups));
            let entry = mapping.entry.as_ref().unwrap();
            let principal = entry.principal_arn.to_string();
            prop_assert_eq!(cell(7), visible(&principal));
            prop_assert_eq!(cell(9), visible(entry.username.as_deref().unwrap()));
            let groups = entry.kubernetes_groups.join("; ");
            prop_assert_eq!(cell(10), visible(&groups));
        }
    }
}

/// A line of Markdown without its code spans, by the rule of the `CommonMark` page, "Code spans".
fn outside_code(line: &str) -> String {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        outside.push_str(&rest[..start]);
        let fence = rest[start..].chars().take_while(|&c| c == '`').count();
        let after = &rest[start + fence..];
        let mut runs = after.match_indices('`').map(|(at, _)| at).peekable();
        let mut end = None;
        while let Some(first) = runs.next() {
            let mut length = 1;
            while runs.next_if_eq(&(first + length)).is_some() {
                length += 1;
            }
            if length == fence {
                end = Some(first + length);
                break;
            }
        }
        if let Some(end) = end {
            rest = &after[end..];
        } else {
            outside.push_str(&rest[start..start + fence]);
            rest = after;
        }
    }
    outside.push_str(rest);
    outside
}

#[test]
fn no_two_principals_look_the_same() {
    let plan = awkward();
    let names = crate::report::principal::ShortNames::new(&plan, 40);
    let shown: std::collections::HashSet<_> = plan
        .mappings
        .iter()
        .map(|mapping| names.get(&mapping.arn))
        .collect();
    assert_eq!(shown.len(), plan.mappings.len());
}

#[test]
fn awkward_texts_read_back_equal() {
    let plan = awkward();
    assert_eq!(serde_json::from_str::<Plan>(&json(&plan)).unwrap(), plan);
    assert_eq!(serde_yaml::from_str::<Plan>(&yaml(&plan)).unwrap(), plan);
}
