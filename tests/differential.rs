//! Holds this reader against the authenticator's own, on thousands of `aws-auth` texts, most of them broken.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read files and the environment, print, and give up at once"
)]

mod generate;
mod judge;
mod tell;

use std::path::Path;

use aws_auth_migrate::reader::AwsAuthText;
use generate::{Random, aws_auth};
use judge::Question;
use tell::tell;

const CONFIG_MAPS: usize = 12_000;
const SEED: u64 = 20_260_101;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The golden texts, to be broken.
fn known() -> Vec<AwsAuthText> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/reader");
    let mut folders: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let texts = folders.iter().map(|folder| {
        let manifest = std::fs::read_to_string(folder.join("aws-auth.yaml")).unwrap();
        judge::aws_auth(&manifest)
    });
    texts.collect()
}

#[test]
fn reading_differs_nowhere_from_the_authenticators_own() {
    let Some(program) = judge::program() else {
        return;
    };
    let mut random = Random(number("DIFFERENTIAL_SEED").unwrap_or(SEED));
    let count =
        number("DIFFERENTIAL_COUNT").map_or(CONFIG_MAPS, |count| usize::try_from(count).unwrap());
    let known = known();
    let questions: Vec<Question> = (0..count)
        .map(|_| Question::about(aws_auth(&mut random, &known)))
        .collect();
    let judged = judge::ask(program, &questions);
    let (mut principals, mut undecided, mut read) = (0, 0, 0);
    let mut differences = Vec::new();
    for (question, judged) in questions.iter().zip(&judged) {
        let (reading, _) = judge::answer(question);
        principals += question.principals.len();
        read += usize::from(!reading.mappings.is_empty());
        if reading.undecided.is_empty() {
            differences.extend(judge::difference(question, judged));
        } else {
            undecided += 1;
        }
    }
    tell(&format!(
        "differential: {count} ConfigMaps, {principals} principals, {} differences ({read} with mappings, {undecided} left undecided)",
        differences.len()
    ));
    tell(&format!("judge: {}", judge::version(program)));
    for difference in differences.iter().take(3) {
        tell(difference);
    }
    assert!(differences.is_empty());
    assert!(undecided * 200 < count, "too many texts are left undecided");
    assert!(read * 3 > count, "too few texts have mappings to compare");
}
