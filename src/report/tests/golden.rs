//! What each format looks like, kept under `testdata/report`.

use super::plans::{awkward, large, small};
use crate::plan::Plan;
use crate::report::{TableOptions, csv, html, json, markdown, sentence, summary, table, yaml};

fn check(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => "../../../testdata/report",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(name, text) });
}

fn at(plan: &Plan, width: usize) -> String {
    table(
        plan,
        TableOptions {
            width,
            ..TableOptions::default()
        },
    )
}

#[test]
fn every_format_looks_as_it_did() {
    for (name, plan) in [
        ("small", small()),
        ("large", large()),
        ("awkward", awkward()),
    ] {
        check(&format!("{name}.80"), &at(&plan, 80));
        check(&format!("{name}.140"), &at(&plan, 140));
        check(&format!("{name}.json"), &json(&plan));
        check(&format!("{name}.yaml"), &yaml(&plan));
        check(&format!("{name}.md"), &markdown(&plan, false));
        check(&format!("{name}.html"), &html(&plan));
        check(&format!("{name}.csv"), &csv(&plan));
    }
}

#[test]
fn details_and_colour_look_as_they_did() {
    let details = TableOptions {
        details: true,
        ..TableOptions::default()
    };
    check("small.details", &table(&small(), details));
    check("small.details.md", &markdown(&small(), true));
    let color = TableOptions {
        color: true,
        ..TableOptions::default()
    };
    check(
        "small.color",
        &table(&small(), color).replace('\u{1b}', "ESC"),
    );
}

#[test]
fn the_sentence_counts_everybody_once_and_gains_always() {
    assert_eq!(
        sentence(&small()),
        "2 principals keep exactly their access, 0 gain."
    );
    assert_eq!(
        summary(&large()),
        "55 principals keep exactly their access, 1 is renamed (no binding uses the old name), \
         3 need a decision (3 would lose access), 1 whole account needs a decision, 1 has no access today, 0 gain.\n\
         53 create, 1 update, 1 unchanged, 1 conflict, 2 blocked, 1 inert, 1 skipped; 1 whole account\n"
    );
}
