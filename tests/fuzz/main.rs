//! Feeds every parser with broken texts for a while, on stable Rust: `FUZZ_SECONDS` for each, 1 by default.
//!
//! The texts are those of `testdata`, changed at random from a seed (`FUZZ_SEED`). An input that breaks a promise is kept
//! in `target/tmp/fuzz` and its seed is named. `cargo +nightly fuzz run TARGET` runs the same functions with eyes for
//! coverage.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read and write files and the environment"
)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod answers;
#[path = "../../fuzz/targets.rs"]
mod targets;
#[path = "../tell/mod.rs"]
mod tell;

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tell::tell;

/// The largest input: as much as a ConfigMap can hold.
const LARGEST: usize = 1024 * 1024;

/// How long one input may take, without optimisation and on a busy machine.
const SLOWEST: Duration = Duration::from_mins(1);

/// What texts of these kinds are made of.
const WORDS: [&str; 32] = [
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

/// A text, changed in a few places.
fn changed(random: &mut Random) -> String {
    let mut text = SEEDS[random.below(SEEDS.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(text.len() + 1);
        let end = (at + random.below(64)).min(text.len());
        match random.below(8) {
            0 if at < text.len() => text[at] ^= 1 << random.below(8),
            1 => drop(text.drain(at..end)),
            2 => text.truncate(at),
            3 => {
                let other = &SEEDS[random.below(SEEDS.len())];
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

/// Feeds a target until its time is over.
fn feed(name: &str, target: fn(&str)) {
    let seconds = number("FUZZ_SECONDS").unwrap_or(1);
    let mut seed = number("FUZZ_SEED").unwrap_or(20_260_101);
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut executions, mut slowest) = (0_u64, Duration::ZERO);
    while Instant::now() < end {
        let text = changed(&mut Random(seed));
        let begin = Instant::now();
        let ended = std::panic::catch_unwind(|| target(&text));
        let took = begin.elapsed();
        if ended.is_err() || took > SLOWEST {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
            std::fs::create_dir_all(&folder).unwrap();
            let kept = folder.join(format!("{name}-{seed}"));
            std::fs::write(&kept, &text).unwrap();
            panic!(
                "{name} failed or took too long ({took:?}) with FUZZ_SEED={seed}, {} bytes, kept as {}",
                text.len(),
                kept.display()
            );
        }
        slowest = slowest.max(took);
        executions += 1;
        seed += 1;
    }
    tell(&format!(
        "fuzz: {name}: {executions} executions, the slowest took {slowest:?}"
    ));
}

macro_rules! targets {
    ($($test:ident $target:ident),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                feed(stringify!($target), targets::$target);
            }
        )*
    };
}

targets! {
    any_text_is_read_as_aws_auth reader,
    any_cut_leaves_exactly_the_others cut_out,
    any_text_is_searched_for_the_config_map config_map,
    any_text_is_read_as_a_small_file files,
    any_text_is_read_as_a_saved_plan saved_plan,
    any_text_is_read_as_decisions decided,
    any_text_is_read_as_an_arn arn,
    any_text_is_read_as_a_username username,
    any_text_is_read_as_a_journal journal,
    any_text_is_read_as_a_kubeconfig kubeconfig,
}

#[test]
fn any_answer_ends_in_a_plan_or_an_error() {
    feed("answers", answers::answers);
}
