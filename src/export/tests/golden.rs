//! What each export looks like, kept under `testdata/export`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::EXPORTS;
use crate::export::carried::{carried, left_out};
use crate::export::names::{Style, names};
use crate::export::{cloudformation, cloudformation_json};
use crate::report::tests::plans::{awkward, large, small, with_texts};

#[test]
fn exports_look_as_they_did() {
    for (plan_name, plan) in [
        ("small", small()),
        ("large", large()),
        ("awkward", awkward()),
    ] {
        for (name, export) in EXPORTS {
            insta::with_settings!({
                snapshot_path => "../../../testdata/export",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, { insta::assert_snapshot!(format!("{plan_name}.{name}"), export(&plan)) });
        }
    }
}

#[test]
fn what_is_blocked_or_in_conflict_is_listed_in_every_export() {
    let plan = large();
    let open = left_out(&plan);
    assert_eq!(open.len(), 4, "{open:#?}");
    for (name, export) in EXPORTS {
        let text = export(&plan);
        for line in &open {
            let line = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
            assert!(text.contains(&line), "{name}: {line}");
        }
    }
}

#[test]
fn names_are_unique_and_do_not_depend_on_the_order() {
    let mut plan = awkward();
    plan.mappings.extend(large().mappings);
    for style in [Style::Snake, Style::Kebab, Style::Pascal] {
        let entries = carried(&plan);
        let made = names(&entries, style);
        let set: BTreeSet<_> = made.iter().collect();
        assert_eq!(set.len(), made.len());
        for name in &made {
            assert!(
                name.len() <= 63 && name.starts_with(|c: char| c.is_ascii_alphabetic()),
                "{name}"
            );
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)),
                "{name}"
            );
        }
    }
    let large = large();
    let entries = carried(&large);
    let mut reversed = entries.clone();
    reversed.reverse();
    let mut again = names(&reversed, Style::Snake);
    again.reverse();
    assert_eq!(names(&entries, Style::Snake), again);
}

#[test]
fn cloudformation_leaves_out_what_it_would_resolve() {
    let plans = ["{{resolve:ssm:/secret}}", "{{{resolve:ssm:/secret}}"]
        .map(|text| with_texts(&[text.to_owned()]));
    for text in plans
        .iter()
        .flat_map(|plan| [cloudformation(plan), cloudformation_json(plan)])
    {
        assert!(text.contains("NOT migrated"), "{text}");
        let read: Value = serde_yaml::from_str(&text).unwrap();
        assert!(
            !read["Resources"].to_string().contains("AccessEntry"),
            "{text}"
        );
        assert!(!read["Metadata"].to_string().contains("{{resolve"));
    }
}
