//! Takes some mappings out of anything: what is left reads as exactly the others, or nothing is cut.

#![no_main]

use std::collections::BTreeSet;

use aws_auth_migrate::model::Section;
use aws_auth_migrate::reader::{AwsAuthText, read};
use aws_auth_migrate::source::cut::cut;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &str)| {
    let (choice, text) = input;
    let mappings = |text: &str| {
        read(&AwsAuthText {
            map_roles: Some(text.to_owned()),
            ..AwsAuthText::default()
        })
        .mappings
    };
    let all = mappings(text);
    let goes = |index: usize| choice >> (index % 16) & 1 == 1;
    let remove: BTreeSet<_> = all
        .iter()
        .enumerate()
        .filter(|(index, _)| goes(*index))
        .map(|(_, mapping)| mapping.id)
        .collect();
    if let Ok(rest) = cut(Section::MapRoles, text, &remove) {
        let left: Vec<_> = all
            .iter()
            .filter(|mapping| !remove.contains(&mapping.id))
            .map(|mapping| (&mapping.arn, &mapping.username, &mapping.groups))
            .collect();
        let read_back = rest.as_deref().map(mappings).unwrap_or_default();
        let read_back: Vec<_> = read_back
            .iter()
            .map(|mapping| (&mapping.arn, &mapping.username, &mapping.groups))
            .collect();
        assert_eq!(read_back, left);
    }
});
