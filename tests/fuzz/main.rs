//! Feeds every parser with broken texts for a while, on stable Rust: `FUZZ_SECONDS` for each, 1 by default.
//!
//! The texts are those of `testdata`, changed at random from a seed (`FUZZ_SEED`). An input that breaks a promise is kept
//! in `target/tmp/fuzz` and its seed is named. What the parsers of `aws-auth`, manifests and ARNs say is held against the
//! cluster's own code on the same inputs, where Go is at hand; with `CI=true` it has to be. `cargo +nightly fuzz run TARGET`
//! runs the same functions with eyes for coverage.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read and write files and the environment"
)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod answers;
#[path = "../judge/mod.rs"]
#[expect(
    dead_code,
    reason = "only some questions for the judge are needed here"
)]
mod judge;
mod oracle;
#[path = "../../fuzz/targets.rs"]
mod targets;
#[path = "../tell/mod.rs"]
mod tell;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use aws_auth_migrate::source::manifest;
use oracle::Compared;
use tell::tell;

/// The largest input: as much as a ConfigMap can hold.
const LARGEST: usize = 1024 * 1024;

/// How long one input may take, without optimisation and on a busy machine.
const SLOWEST: Duration = Duration::from_mins(1);

/// What texts of these kinds are made of.
const WORDS: [&str; 36] = [
    "- ",
    "  ",
    "\n",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "'",
    "\"",
    "|",
    ">",
    "#",
    "&a ",
    "*a",
    "<<: ",
    "---\n",
    "\t",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "rolearn: ",
    "arn:aws:iam::111122223333:role/",
    "username: ",
    "groups:\n",
    "{{SessionName}}",
    "{{AccountID}}",
    "{{EC2PrivateDNSName}}",
    "system:masters",
    "null",
    "!!binary ",
    "\\u0000",
    ":",
    "/",
    "role/",
    "user/",
];

/// Splitmix64: the same numbers from the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}

/// The texts of `testdata`.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    fn all(folder: &Path, found: &mut Vec<Vec<u8>>) {
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                all(&path, found);
            } else {
                found.push(std::fs::read(path).unwrap());
            }
        }
    }
    let mut found = vec![Vec::new()];
    all(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"),
        &mut found,
    );
    found.retain(|text| text.len() <= LARGEST / 4);
    found
});

/// The values of the ConfigMaps among them, which a parser of manifests takes out first.
static VALUES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let manifests = SEEDS.iter().filter_map(|text| {
        let text = std::str::from_utf8(text).ok()?;
        manifest::parse(text).ok()
    });
    let values = manifests.flat_map(|manifest| manifest.data.into_values());
    values.map(String::into_bytes).collect()
});

/// The ARNs in them, and some of the rarer kinds.
static ARNS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let is_inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"+=,.@-_/:".contains(byte);
    let rare = [
        "arn:aws:iam::111122223333:root",
        "arn:aws:sts::111122223333:assumed-role/ops/jane",
        "arn:aws:sts::111122223333:assumed-role/team/ops/jane",
        "arn:aws:sts::111122223333:federated-user/bob",
        "arn:aws-eusc:iam::111122223333:role/team/deep/ops",
        "arn:aws-cn:iam::111122223333:user/eng/bob",
    ];
    let mut arns: BTreeSet<Vec<u8>> = rare.map(|arn| arn.as_bytes().to_vec()).into();
    for text in SEEDS.iter() {
        let starts = text.windows(4).enumerate();
        let starts = starts.filter(|(_, part)| *part == b"arn:");
        for (at, _) in starts.take(20) {
            arns.insert(text[at..].iter().copied().take_while(is_inside).collect());
        }
    }
    arns.into_iter().collect()
});

/// A text, changed in a few places.
fn changed(random: &mut Random, seeds: &[Vec<u8>]) -> String {
    let mut text = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(text.len() + 1);
        let end = (at + random.below(64)).min(text.len());
        match random.below(8) {
            0 if at < text.len() => text[at] ^= 1 << random.below(8),
            1 => drop(text.drain(at..end)),
            2 => text.truncate(at),
            3 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                let to = (from + random.below(512)).min(other.len());
                text.splice(at..at, other[from..to].iter().copied());
            }
            4 => {
                let piece = text[at..end].to_vec();
                let most = (LARGEST - text.len().min(LARGEST)) / piece.len().max(1);
                // Mostly short, sometimes as long as may be: what costs time shows at length only.
                let times = match random.below(64) {
                    0 => most,
                    _ => random.below(most.min(64)),
                };
                text.splice(at..at, piece.repeat(times));
            }
            _ => {
                let word = WORDS[random.below(WORDS.len())];
                text.splice(at..at, word.bytes());
            }
        }
    }
    text.truncate(LARGEST);
    String::from_utf8_lossy(&text).into_owned()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Keeps an input that breaks a promise, and fails.
fn fail(name: &str, seed: u64, text: &str, why: &str) -> ! {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    std::fs::create_dir_all(&folder).unwrap();
    let kept = folder.join(format!("{name}-{seed}"));
    std::fs::write(&kept, text).unwrap();
    panic!(
        "{name} {why} with FUZZ_SEED={seed}, {} bytes, kept as {}",
        text.len(),
        kept.display()
    );
}

/// Feeds a target until its time is over, and asks the oracle about what the target got through.
fn feed(name: &str, seeds: &[Vec<u8>], target: fn(&str), oracle: Option<fn(&str) -> Compared>) {
    let oracle = oracle.filter(|_| judge::program().is_some());
    let seconds = number("FUZZ_SECONDS").unwrap_or(1);
    let mut seed = number("FUZZ_SEED").unwrap_or(20_260_101);
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut executions, mut slowest) = (0_u64, Duration::ZERO);
    let (mut same, mut listed) = (0_u64, BTreeMap::<&str, u64>::new());
    while Instant::now() < end {
        let text = changed(&mut Random(seed), seeds);
        let begin = Instant::now();
        let ended = std::panic::catch_unwind(|| target(&text));
        let took = begin.elapsed();
        if ended.is_err() || took > SLOWEST {
            fail(
                name,
                seed,
                &text,
                &format!("failed or took too long ({took:?})"),
            );
        }
        match oracle.map(|oracle| oracle(&text)) {
            Some(Compared::Differs(how)) => {
                tell(&how[..how.floor_char_boundary(4_000)]);
                fail(
                    name,
                    seed,
                    &text,
                    "reads it in another way than the cluster",
                );
            }
            Some(Compared::Listed(reason)) => *listed.entry(reason).or_default() += 1,
            Some(Compared::Same) => same += 1,
            None => {}
        }
        slowest = slowest.max(took);
        executions += 1;
        seed += 1;
    }
    let judged = match oracle {
        Some(_) => format!(", the judge says the same of {same}; {listed:?}"),
        None => String::new(),
    };
    tell(&format!(
        "fuzz: {name}: {executions} executions, the slowest took {slowest:?}{judged}"
    ));
}

macro_rules! judged {
    ($($test:ident $target:ident $seeds:ident),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                feed(stringify!($target), &$seeds, targets::$target, Some(oracle::$target));
            }
        )*
    };
}

judged! {
    any_text_is_read_as_aws_auth reader VALUES,
    any_text_is_searched_for_the_config_map config_map SEEDS,
    any_text_is_read_as_an_arn arn ARNS,
}

macro_rules! targets {
    ($($test:ident $target:ident),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                feed(stringify!($target), &SEEDS, targets::$target, None);
            }
        )*
    };
}

targets! {
    any_cut_leaves_exactly_the_others cut_out,
    any_text_is_read_as_a_small_file files,
    any_text_is_read_as_a_saved_plan saved_plan,
    any_text_is_read_as_decisions decided,
    any_text_is_read_as_a_username username,
    any_text_is_read_as_a_journal journal,
    any_text_is_read_as_a_kubeconfig kubeconfig,
}

#[test]
fn any_answer_ends_in_a_plan_or_an_error() {
    feed("answers", &SEEDS, answers::answers, None);
}

/// This reader leaves out what is no account id once there are a thousand of them; the cluster keeps them, for nobody.
#[test]
fn elements_of_accounts_that_are_left_out_are_nobodys() {
    if judge::program().is_none() {
        return;
    }
    let text = "- {a: b}\n".repeat(1_100) + "- '345678901234'\n- 0o12\n";
    assert_eq!(oracle::reader(&text), Compared::Same);
}
