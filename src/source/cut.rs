//! Takes mappings out of a section's text and leaves all else as it was, byte for byte; pure.

use std::collections::BTreeSet;

use crate::model::{Mapping, MappingId, Section};
use crate::reader::{AwsAuthText, Reading, read};

/// Why a text can't be cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// What is left would not read as exactly the mappings that are to stay.
    #[error(
        "the mappings of `{section}` can't be removed one by one: the rest would be read differently"
    )]
    ReadsOtherwise {
        /// The section.
        section: Section,
    },
}

/// Finds the first byte of a mapping's text and the one after its last.
type Span = fn(&str, &Mapping) -> Option<(usize, usize)>;

/// A section's text without some of its mappings; `None` where none is left.
///
/// A mapping goes with its dash, its lines and the comments on and within them; every other byte stays, comments above
/// it included. What is left is read back: it has to hold exactly the mappings that stay, with the same values.
pub fn cut(
    section: Section,
    text: &str,
    remove: &BTreeSet<MappingId>,
) -> Result<Option<String>, CutError> {
    let mappings = read_section(section, text).mappings;
    let (gone, left): (Vec<&Mapping>, Vec<&Mapping>) = mappings
        .iter()
        .partition(|mapping| remove.contains(&mapping.id));
    if gone.is_empty() {
        return Ok(Some(text.to_owned()));
    }
    if left.is_empty() {
        return Ok(None);
    }
    let attempts: [Span; 2] = [lines_of, element_of];
    for attempt in attempts {
        let spans: Option<Vec<_>> = gone.iter().map(|mapping| attempt(text, mapping)).collect();
        if let Some(rest) = spans.and_then(|spans| without(text, spans))
            && reads_as(section, &rest, &left)
        {
            return Ok(Some(rest));
        }
    }
    Err(CutError::ReadsOtherwise { section })
}

fn read_section(section: Section, text: &str) -> Reading {
    let mut all = AwsAuthText::default();
    let value = Some(text.to_owned());
    match section {
        Section::MapRoles => all.map_roles = value,
        Section::MapUsers => all.map_users = value,
        Section::MapAccounts => all.map_accounts = value,
    }
    read(&all)
}

fn reads_as(section: Section, text: &str, wanted: &[&Mapping]) -> bool {
    let reading = read_section(section, text);
    let same = |(read, wanted): (&Mapping, &&Mapping)| {
        read.arn == wanted.arn
            && read.sso == wanted.sso
            && read.username == wanted.username
            && read.groups == wanted.groups
            && read.dropped == wanted.dropped
    };
    reading.broken.is_empty()
        && reading.undecided.is_empty()
        && reading.mappings.len() == wanted.len()
        && reading.mappings.iter().zip(wanted).all(same)
}

fn without(text: &str, mut spans: Vec<(usize, usize)>) -> Option<String> {
    spans.sort_unstable();
    let mut rest = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in spans {
        // Elements of one line share the comma between them.
        rest.push_str(text.get(at..start.max(at))?);
        at = end.max(at);
    }
    rest.push_str(text.get(at..)?);
    Some(rest)
}

/// The lines of an element of a block list, from its dash to the end of its last line.
fn lines_of(text: &str, mapping: &Mapping) -> Option<(usize, usize)> {
    let before = text.get(..mapping.place.start)?;
    let dash = before.trim_end().strip_suffix('-')?.len();
    let start = text[..dash].rfind('\n').map_or(0, |at| at + 1);
    if !text[start..dash].trim().is_empty() {
        return None;
    }
    // The place may reach into the white space behind the last line.
    let content = text.get(mapping.place.start..mapping.place.end)?;
    let end = mapping.place.start + content.trim_end().len();
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    Some((start, end))
}

/// An element of a flow list with the comma behind it, or else the one before it.
fn element_of(text: &str, mapping: &Mapping) -> Option<(usize, usize)> {
    let (start, end) = (mapping.place.start, mapping.place.end);
    let behind = text.get(end..)?;
    let gap = behind.len() - behind.trim_start().len();
    if behind[gap..].starts_with(',') {
        let after = &behind[gap + 1..];
        let space = after.len() - after.trim_start_matches([' ', '\t']).len();
        return Some((start, end + gap + 1 + space));
    }
    let before = text.get(..start)?.trim_end();
    before.strip_suffix(',').map(|before| (before.len(), end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(section: Section, indexes: &[usize]) -> BTreeSet<MappingId> {
        let id = |&index: &usize| MappingId { section, index };
        indexes.iter().map(id).collect()
    }

    fn roles(text: &str, indexes: &[usize]) -> Result<Option<String>, CutError> {
        cut(Section::MapRoles, text, &ids(Section::MapRoles, indexes))
    }

    #[test]
    fn an_entry_goes_with_its_lines_and_every_other_byte_stays() {
        let text = "# who\n- rolearn: a # one\n  groups: # in\n    - x\n# about b\n-   rolearn: b\n    username: 'b'\n\n- {rolearn: c}\n# end\n";
        assert_eq!(
            roles(text, &[0]).unwrap().unwrap(),
            "# who\n# about b\n-   rolearn: b\n    username: 'b'\n\n- {rolearn: c}\n# end\n"
        );
        assert_eq!(
            roles(text, &[1, 2]).unwrap().unwrap(),
            "# who\n- rolearn: a # one\n  groups: # in\n    - x\n# about b\n\n# end\n"
        );
        assert_eq!(roles(text, &[0, 1, 2]), Ok(None));
        assert_eq!(roles(text, &[]).unwrap().unwrap(), text);
    }

    #[test]
    fn an_element_of_a_flow_list_goes_with_its_comma() {
        let text = r#"[{"rolearn":"a"}, {"rolearn":"b"},{"rolearn":"c"}]"#;
        assert_eq!(
            roles(text, &[0]).unwrap().unwrap(),
            r#"[{"rolearn":"b"},{"rolearn":"c"}]"#
        );
        assert_eq!(
            roles(text, &[2]).unwrap().unwrap(),
            r#"[{"rolearn":"a"}, {"rolearn":"b"}]"#
        );
        let accounts = cut(
            Section::MapAccounts,
            "- \"111122223333\"\n- \"444455556666\"\n",
            &ids(Section::MapAccounts, &[0]),
        );
        assert_eq!(accounts.unwrap().unwrap(), "- \"444455556666\"\n");
    }

    #[test]
    fn an_entry_that_another_one_refers_to_is_not_cut() {
        let text = "- rolearn: a\n  groups: &g [x]\n- rolearn: b\n  groups: *g\n";
        assert_eq!(
            roles(text, &[0]),
            Err(CutError::ReadsOtherwise {
                section: Section::MapRoles
            })
        );
        assert_eq!(
            roles(text, &[1]).unwrap().unwrap(),
            "- rolearn: a\n  groups: &g [x]\n"
        );
    }

    proptest! {
        #[test]
        fn what_is_left_reads_as_exactly_the_mappings_that_stay(
            entries in proptest::collection::vec((0..5usize, any::<bool>()), 1..7),
        ) {
            let forms = [
                "- rolearn: arn:N\n  username: u\n  groups:\n  - g\n",
                "-   rolearn: \"arn:N\" # x\n    groups: [a, b]\n",
                "# above\n- {rolearn: arn:N, username: 'u'}\n",
                "-\n  rolearn: arn:N\n  username: |\n    text\n\n",
                "- groups: []\n  # within\n  rolearn: arn:N",
            ];
            let mut text = String::new();
            for (index, (form, _)) in entries.iter().enumerate() {
                text.push_str(&forms[*form].replace('N', &index.to_string()));
                if !text.ends_with('\n') {
                    text.push('\n');
                }
            }
            let remove: Vec<usize> = entries.iter().enumerate().filter(|(_, (_, gone))| *gone).map(|(at, _)| at).collect();
            let all = read_section(Section::MapRoles, &text).mappings;
            let arns = |mappings: &[Mapping]| -> Vec<String> { mappings.iter().map(|m| m.arn.clone()).collect() };
            let left: Vec<String> = arns(&all).into_iter().enumerate().filter(|(at, _)| !remove.contains(at)).map(|(_, arn)| arn).collect();
            match roles(&text, &remove).unwrap() {
                Some(rest) => prop_assert_eq!(arns(&read_section(Section::MapRoles, &rest).mappings), left),
                None => prop_assert!(left.is_empty()),
            }
        }

        #[test]
        fn any_text_is_cut_right_or_not_at_all(text in "[-\\[\\]{},:#'\" a\n&*|]{0,60}", gone in 0..3usize) {
            if let Ok(Some(rest)) = roles(&text, &[gone]) {
                let before = read_section(Section::MapRoles, &text).mappings.len();
                let after = read_section(Section::MapRoles, &rest).mappings.len();
                prop_assert_eq!(after, before - usize::from(gone < before));
            }
        }
    }
}
