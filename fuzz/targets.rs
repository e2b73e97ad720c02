//! One function for each parser: it takes any text and panics where a promise is broken.
//!
//! libFuzzer drives them on nightly Rust (`fuzz_targets`), and `tests/fuzz` on stable, without its eyes for coverage.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use aws_auth_migrate::access::before::standings;
use aws_auth_migrate::access::rbac_file::read_rbac;
use aws_auth_migrate::access::template::{Template, new_name, with_account};
use aws_auth_migrate::decisions;
use aws_auth_migrate::journal::Journal;
use aws_auth_migrate::kubernetes::Kubeconfig;
use aws_auth_migrate::migration::principals_file;
use aws_auth_migrate::model::{Arn, ClusterId, Principal, Section};
use aws_auth_migrate::plan::file;
use aws_auth_migrate::reader::{AwsAuthText, draw, read};
use aws_auth_migrate::source::{cut::cut, manifest};

/// Reads a text as each of the three values, tells how its mappings stand and draws what there is to say.
pub(crate) fn reader(text: &str) {
    let text = AwsAuthText {
        map_roles: Some(text.to_owned()),
        map_users: Some(text.to_owned()),
        map_accounts: Some(text.to_owned()),
    };
    let reading = read(&text);
    assert_eq!(standings(&reading).len(), reading.mappings.len());
    assert_eq!(
        draw::all(&text, &reading.diagnostics).is_empty(),
        reading.diagnostics.is_empty()
    );
}

/// Takes some mappings out of a text: what is left reads as exactly the others, or nothing is cut.
///
/// The first two bytes choose which.
pub(crate) fn cut_out(text: &str) {
    let choice = text
        .bytes()
        .take(2)
        .fold(0, |choice: u16, byte| choice << 8 | u16::from(byte));
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
}

/// Looks for the ConfigMap in a text, and reads what it finds.
pub(crate) fn config_map(text: &str) {
    match manifest::parse(text) {
        Ok(aws_auth) => {
            let _ = read(&aws_auth.text());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Reads a text as each of the small files that a user may name.
pub(crate) fn files(text: &str) {
    let _ = read_rbac(text);
    let _ = principals_file::parse(text);
}

/// Reads a text as a saved plan; what is read is written so that it reads.
pub(crate) fn saved_plan(text: &str) {
    if let Ok(plan) = file::read_any(text) {
        let again =
            file::read_any(&file::write(&plan)).expect("what was read is written so that it reads");
        assert_eq!(again, plan);
    }
}

/// Reads a text as a file of decisions.
pub(crate) fn decided(text: &str) {
    if let Err(error) = decisions::read(text) {
        assert!(!error.to_string().is_empty());
    }
}

/// Reads a text as an ARN: what is read is written as it was.
pub(crate) fn arn(text: &str) {
    if let Ok(arn) = text.parse::<Arn>() {
        assert_eq!(arn.to_string(), text);
        if let Some(principal) = Principal::from_arn(&arn) {
            assert_eq!(
                Principal::from_arn(&principal.arn()).map(|again| again.key()),
                Some(principal.key())
            );
        }
    }
}

/// Reads the first line of a text as a username and asks whether it can be the others.
pub(crate) fn username(text: &str) {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let template = Template::new(first);
    if template.is_literal() {
        assert!(template.can_render(first));
    }
    let _ = with_account(first, "111122223333");
    for line in lines.take(4) {
        let other = Template::new(line);
        let _ = template.can_render(line);
        if let Some(name) = new_name(&template, first, &other) {
            assert!(name.len() <= first.len() + line.len());
        }
    }
}

/// Reads a text as a journal, in a folder of its own.
pub(crate) fn journal(text: &str) {
    let cluster = ClusterId {
        account_id: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        name: "shop".to_owned(),
        created_at: None,
    };
    in_a_file(text, |path| {
        if let Err(error) = Journal::history(path, &cluster) {
            assert!(!error.to_string().is_empty());
        }
    });
}

/// Reads a text as a kubeconfig.
pub(crate) fn kubeconfig(text: &str) {
    in_a_file(text, |path| {
        if let Ok(kubeconfig) = Kubeconfig::read(Some(path), None) {
            let _ = kubeconfig.named();
        }
    });
}

fn in_a_file(text: &str, look: impl FnOnce(&Path)) {
    let mut file = tempfile::NamedTempFile::new().expect("there is room for a file");
    file.write_all(text.as_bytes())
        .expect("there is room for a file");
    look(file.path());
}
