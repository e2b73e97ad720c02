//! One page in every format.

use super::*;

fn page() -> Page {
    let mut page = Page::new("Where `<b>` stands");
    page.verdict("2 mappings need a `decision`");
    page.fact("Cluster", "shop");
    page.marked_fact(Mark::Fault, "Right", "eks:ListAccessEntries is missing");
    page.fact(
        "Next",
        Text::Command("aws-auth-migrate status --cluster shop".to_owned()),
    );
    page.line(Line::new("one two three four five"));
    page.line(
        Line::marked(Mark::Doubt, "not seen\n\u{202e}x")
            .fix("run `aws iam get-role --role-name ops` first"),
    );
    page.question(ShownQuestion {
        title: "2 mappings would lose the group `system:view`".to_owned(),
        about: vec!["role/a".to_owned(), "role/b".to_owned()],
        rest: "3 more: mapRoles[3]-[5]".to_owned(),
        why: vec![("AAM303".to_owned(), "EKS refuses the group".to_owned())],
        answers: vec![ShownAnswer {
            word: "rename".to_owned(),
            meaning: "nobody's rights change".to_owned(),
            lines: vec!["renameGroups: {\"system:view\": view}".to_owned()],
        }],
    });
    page.table(Table {
        title: "Who has what".to_owned(),
        columns: vec!["Mapping", "Access"],
        rows: vec![vec!["mapRoles[0]".to_owned(), "a|b".to_owned()]],
    });
    page.command(
        "To undo this",
        "aws-auth-migrate rollback --cluster shop --yes",
    );
    page.block("The IAM policy", "{\n  \"Statement\": []\n}\n");
    page
}

fn in_format(format: Format, width: Option<usize>) -> String {
    let shown = Shown {
        width,
        color: false,
    };
    rendered(&serde_json::json!({"a": 1}), page, format, shown)
}

#[test]
fn every_format_looks_as_it_did() {
    insta::with_settings!({
        snapshot_path => "../../../testdata/report",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("page.pipe", in_format(Format::Table, None));
        insta::assert_snapshot!("page.40", in_format(Format::Table, Some(40)));
        insta::assert_snapshot!("page.md", in_format(Format::Markdown, None));
        insta::assert_snapshot!("page.csv", in_format(Format::Csv, None));
        insta::assert_snapshot!("page.html", page_body());
    });
}

/// The page without the style sheet, which is no matter of pages.
fn page_body() -> String {
    let page = in_format(Format::Html, None);
    let (_, body) = page.split_once("</style>").unwrap();
    body.to_owned()
}

#[test]
fn a_command_is_never_broken() {
    for width in [40, 60, 80] {
        let text = in_format(Format::Table, Some(width));
        for command in [
            "aws-auth-migrate status --cluster shop",
            "aws-auth-migrate rollback --cluster shop --yes",
            "aws iam get-role --role-name ops",
            "renameGroups: {\"system:view\": view}",
        ] {
            assert!(
                text.lines().any(|line| line.contains(command)),
                "{command}: {text}"
            );
        }
    }
}

#[test]
fn documents_are_no_pages() {
    assert_eq!(in_format(Format::Json, None), "{\n  \"a\": 1\n}\n");
    assert_eq!(in_format(Format::Yaml, None), "a: 1\n");
}

#[test]
fn text_from_a_cluster_stays_text() {
    for format in [Format::Table, Format::Markdown, Format::Html, Format::Csv] {
        let text = in_format(format, None);
        assert!(!text.contains('\u{202e}'), "{text}");
        assert!(text.contains("seen\\n\\u{202e}x"), "{text}");
    }
    assert!(in_format(Format::Html, None).contains("<title>Where &#60;b&#62; stands</title>"));
}
