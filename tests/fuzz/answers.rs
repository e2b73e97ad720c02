//! What EKS, IAM, STS and the Kubernetes API answer, broken at random: a look and an `apply` end with a plan or an error
//! that says what is wrong, they don't panic, and they don't go on for ever.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use aws_auth_migrate::aws::{AwsSettings, SandboxEndpoint};
use aws_auth_migrate::choices::Choices;
use aws_auth_migrate::connector::{Answered, Connector};
use aws_auth_migrate::error::Failure;
use aws_auth_migrate::migration::{self, ApplyOptions, Clock, Consent, JournalPlace, Target};
use aws_auth_migrate::sandbox::{ClusterSeed, Sandbox, Seed, UpdateTime};
use aws_auth_migrate::stop::Stop;
use aws_auth_migrate::writer::Silent;
use http::Response;
use jiff::Timestamp;
use std::sync::{Arc, Mutex};

use super::{Random, WORDS};

const CLUSTER: &str = "shop";

/// How long a command may take, of its own time.
const PATIENCE: Duration = Duration::from_hours(12);

const CLOCK: Clock = Clock {
    now: Timestamp::now,
    system: SystemTime::now,
};

const STATUSES: [u16; 16] = [
    200, 200, 201, 204, 301, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503, 599,
];

/// What takes the place of a piece of an answer.
const PIECES: [&str; 18] = [
    "null",
    "true",
    "-1",
    "1e999",
    "\"\"",
    "[]",
    "{}",
    "[null]",
    "{\"nextToken\":\"again\"}",
    "<Code>Throttling</Code>",
    "</member>",
    "&#0;",
    "<!DOCTYPE a [<!ENTITY a \"a\">]>",
    "\u{202e}",
    "arn:aws:iam::1:role/",
    "\"continue\":\"again\"",
    "AccessDenied",
    "CONFIG_MAP",
];

const HEADERS: [(&str, &str); 8] = [
    ("retry-after", "999999999999999999999"),
    ("retry-after", "-1"),
    ("date", "yesterday"),
    ("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("x-amzn-errortype", ":::"),
    ("x-amzn-errortype", "ThrottlingException:http://a"),
    ("x-amzn-requestid", "\u{202e}"),
    ("content-type", "text/html"),
];

/// Breaks a text in a few places.
fn broken(random: &mut Random, body: &mut Vec<u8>, text: &str) {
    for _ in 0..=random.below(3) {
        let at = random.below(body.len() + 1);
        let end = (at + random.below(48)).min(body.len());
        match random.below(7) {
            0 => body.truncate(at),
            1 => drop(body.drain(at..end)),
            2 if at < body.len() => body[at] ^= 1 << random.below(8),
            3 => drop(body.splice(at..end, WORDS[random.below(WORDS.len())].bytes())),
            4 => *body = text.as_bytes().to_vec(),
            _ => {
                // A value of JSON as a whole, where one begins after here.
                let colon = body[at..].iter().position(|byte| *byte == b':');
                let from = colon.map_or(at, |offset| at + offset + 1);
                let rest = body[from..].iter();
                let length = rest.take_while(|byte| !b",}]<".contains(byte)).count();
                let piece = PIECES[random.below(PIECES.len())];
                drop(body.splice(from..from + length, piece.bytes()));
            }
        }
    }
}

/// Breaks an answer, or the connection.
fn changed(random: &mut Random, answered: Answered, text: &str) -> Answered {
    if random.below(3) > 0 {
        return answered;
    }
    if random.below(12) == 0 {
        return Err(std::io::ErrorKind::ConnectionReset.into());
    }
    let (mut head, mut body) = answered?.into_parts();
    if random.below(3) == 0 {
        head.status = STATUSES[random.below(STATUSES.len())].try_into().unwrap();
    }
    if random.below(4) == 0 {
        let (name, value) = HEADERS[random.below(HEADERS.len())];
        if let Ok(value) = http::HeaderValue::from_bytes(value.as_bytes()) {
            head.headers.insert(name, value);
        }
    }
    if random.below(4) > 0 {
        broken(random, &mut body, text);
    }
    Ok(Response::from_parts(head, body))
}

fn seed(text: &str) -> Seed {
    let roles = "- {rolearn: arn:aws:iam::111122223333:role/ops, username: ops, groups: [system:masters]}\n\
                 - {rolearn: arn:aws:iam::111122223333:role/dev, username: dev, groups: [devs]}\n";
    let mut data = BTreeMap::from([("mapRoles".to_owned(), roles.to_owned())]);
    if text.len() < 4096 {
        data.insert("mapUsers".to_owned(), text.to_owned());
    }
    let cluster = ClusterSeed {
        name: CLUSTER.to_owned(),
        ..ClusterSeed::default()
    };
    let names = ["ops", "dev"].map(|name| format!("arn:aws:iam::111122223333:role/{name}"));
    let mut seed = Seed::new(cluster)
        .with_aws_auth(data)
        .with_principals(names.iter().map(String::as_str));
    seed.switch.takes = UpdateTime::Polls(1);
    seed
}

fn target(sandbox: &Sandbox, connector: Connector) -> Target {
    Target {
        aws: AwsSettings {
            region: Some("eu-west-1".to_owned()),
            clock: Some(CLOCK.system),
            endpoint: Some(SandboxEndpoint::of(&sandbox.environment())),
            connector: Some(connector),
            ..AwsSettings::default()
        },
        cluster: Some(CLUSTER.to_owned()),
        read_roles: true,
        ..Target::default()
    }
}

fn options(state_folder: PathBuf) -> ApplyOptions {
    ApplyOptions {
        choices: Choices::default(),
        saved: None,
        enable_access_entries: true,
        journal: JournalPlace {
            named: None,
            folder: state_folder,
            holder: "fuzz".to_owned(),
        },
        concurrency: 4,
        max_rate: None,
        fail_fast: false,
        timeout: None,
        canary: None,
        allow_self_lockout: true,
        shared_decisions: false,
    }
}

/// Looks and applies while answers are broken; the text decides which and how.
pub(crate) fn answers(text: &str) {
    let seed_of = text.bytes().fold(text.len() as u64, |sum, byte| {
        sum.wrapping_mul(0x0100_0000_01b3)
            .wrapping_add(u64::from(byte))
    });
    let random = Arc::new(Mutex::new(Random(seed_of)));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(Box::pin(async {
        let (sandbox, connector) = Sandbox::in_memory(seed(text), "fuzz", Timestamp::now);
        let words: Arc<str> = text.into();
        let connector = Connector::new(move |request| {
            let (random, connector) = (Arc::clone(&random), connector.clone());
            let words = Arc::clone(&words);
            Box::pin(async move {
                let answered = connector.call(request).await;
                changed(&mut random.lock().unwrap(), answered, &words)
            })
        });
        let target = target(&sandbox, connector);
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path().to_owned());
        let stop = Stop::default();
        let look = async {
            let seen = migration::survey(&target, CLOCK.system).await;
            if let Err(failure) = seen {
                told(&failure);
            }
            let yes = |_: migration::Question<'_>| Ok(Consent::Given);
            let applied = migration::apply(&target, &options, &Silent, &stop, CLOCK, yes).await;
            if let Err(failure) = applied {
                told(&failure);
            }
        };
        let ended = tokio::time::timeout(PATIENCE, Box::pin(look)).await;
        ended.expect("it goes on for ever");
    }));
}

fn told(failure: &Failure) {
    assert!(!failure.to_string().is_empty());
}
