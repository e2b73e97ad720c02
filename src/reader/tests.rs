use proptest::prelude::*;

use super::*;
use crate::access::before::standings;

fn everywhere(text: &str) -> AwsAuthText {
    AwsAuthText {
        map_roles: Some(text.to_owned()),
        map_users: Some(text.to_owned()),
        map_accounts: Some(text.to_owned()),
    }
}

fn roles(text: &str) -> Reading {
    read(&AwsAuthText {
        map_roles: Some(text.to_owned()),
        ..AwsAuthText::default()
    })
}

fn codes(text: &str) -> Vec<Code> {
    let diagnostics = roles(text).diagnostics;
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.finding.code)
        .collect()
}

#[test]
fn a_mapping_knows_its_place() {
    let text = "# note\n- rolearn: a\n  username: b\n\n-\n  rolearn: c\n";
    let places: Vec<_> = roles(text)
        .mappings
        .iter()
        .map(|mapping| {
            (
                mapping.place.line,
                mapping.place.column,
                &text[mapping.place.start..mapping.place.end],
            )
        })
        .collect();
    assert_eq!(
        places,
        [(2, 3, "rolearn: a\n  username: b"), (6, 3, "rolearn: c")]
    );
}

#[test]
fn keys_that_are_not_read_are_named() {
    assert_eq!(codes("- rolearn: a\n  rolearns: b\n"), [Code::UnknownKey]);
    assert_eq!(codes("- rolearn: a\n  userid: b\n"), []);
}

#[test]
fn keys_of_the_config_map_must_be_spelt_exactly() {
    let found = check_keys(["mapRoles", "maproles", "other"], ["mapUsers"]);
    let found: Vec<_> = found
        .iter()
        .map(|diagnostic| {
            (
                diagnostic.finding.code,
                diagnostic.finding.fix.contains("`mapRoles`"),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (Code::UnknownSection, true),
            (Code::UnknownSection, false),
            (Code::BinaryData, false)
        ]
    );
}

#[test]
fn an_offered_repair_can_be_read() {
    for (broken, mended) in [
        (
            "- rolearn: a\n  username: {{SessionName}}\n",
            "  username: \"{{SessionName}}\"",
        ),
        ("- rolearn: a\n\tusername: b\n", "  username: b"),
    ] {
        let reading = roles(broken);
        assert_eq!(reading.broken, [Section::MapRoles]);
        let fix = &reading.diagnostics[0].finding.fix;
        assert_eq!(fix.lines().last(), Some(mended));
        let repaired = broken.replace(broken.lines().last().unwrap(), mended);
        assert_eq!(roles(&repaired).mappings.len(), 1, "{repaired}");
    }
}

#[test]
fn a_later_document_is_named_unless_it_is_empty() {
    assert_eq!(
        codes("- rolearn: a\n---\n- rolearn: b\n"),
        [Code::LaterDocuments]
    );
    assert_eq!(codes("- rolearn: a\n...\n# done\n"), []);
    assert_eq!(codes("---\n- rolearn: a\n"), []);
}

#[test]
fn a_long_text_of_anything_is_read_in_bounded_time() {
    let size = 1 << 17;
    let entry = "- {rolearn: a, username: 5, groups: x, rolearn: b}\n";
    for piece in [
        "[",
        "{",
        "- ",
        "? ",
        "a: ",
        "&a ",
        "!!str ",
        "'",
        "\"",
        "\"\\u0041",
        "a: b\n",
        "- a\n",
        "[a, ",
        "{a: ",
        "\t",
        "\u{feff}",
        "{{",
        "a ",
        "\n",
        "- *a\n",
        "x",
        "é",
        "-\n ",
        "|\n",
        "[]: ",
        entry,
        "- rolearn: a\n  <<: {a: b}\n",
    ] {
        let text = piece.repeat(size / piece.len());
        let begun = std::time::Instant::now();
        let _ = read(&everywhere(&text));
        let _ = read(&everywhere(&format!("- &a {}\n{text}", "x".repeat(1000))));
        // Six readings, each of which takes less than half a second in a debug build.
        assert!(begun.elapsed().as_secs() < 30, "{piece:?}");
    }
}

#[test]
fn aliases_can_not_be_used_to_fill_the_memory() {
    let long = "x".repeat(500_000);
    let text = format!(
        "- &a {{rolearn: &l {long}}}\n{}",
        "- {rolearn: *l}\n".repeat(30_000)
    );
    assert_eq!(roles(&text).undecided, [Section::MapRoles]);
    let text = format!(
        "- username: &l [{long}]\n{}",
        "- username: *l\n".repeat(30_000)
    );
    let noted: usize = roles(&text)
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.finding.message.len())
        .sum();
    assert!(noted < 32 << 20, "{noted}");
}

#[test]
fn what_nests_too_deep_is_left_undecided() {
    let nested = format!(
        "- rolearn: a\n  note: {}{}\n",
        "[".repeat(1000),
        "]".repeat(1000)
    );
    let reading = roles(&nested);
    assert_eq!(reading.undecided, [Section::MapRoles]);
    assert_eq!(reading.diagnostics[0].finding.code, Code::SectionUndecided);
}

proptest! {
    #[test]
    fn reading_never_panics(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&everywhere(&text));
        let _ = read(&everywhere(&String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn every_mapping_has_a_standing_and_a_place(
        text in "([-?:,#&*!|>'\"%@`{}\\[\\]<~ \t\n\r.a\u{feff}\u{e9}\u{2028}0]|- |: |\n  |rolearn: |groups: |userarn: |&a |\\*a|<<: ){0,60}"
    ) {
        let text = everywhere(&text);
        let reading = read(&text);
        let standings = standings(&reading);
        prop_assert_eq!(standings.len(), reading.mappings.len());
        for mapping in &reading.mappings {
            prop_assert!(standings.contains_key(&mapping.id));
            let place = mapping.place;
            prop_assert!(text.section(place.section).unwrap().get(place.start..place.end).is_some());
        }
        prop_assert_eq!(draw::all(&text, &reading.diagnostics).is_empty(), reading.diagnostics.is_empty());
    }
}
