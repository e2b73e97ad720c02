//! Odd random clusters over HTTP: whoever is judged to have lost or gained anything has a decision behind it.
//!
//! The authenticator's own code says who gets what through `aws-auth`, a plain statement of EKS's rules who gets what
//! through entries, and neither shares anything with the comparison that is judged.

use std::collections::{BTreeMap, BTreeSet};

use aws_auth_migrate::aws::{AwsSettings, SandboxEndpoint};
use aws_auth_migrate::choices::Choices;
use aws_auth_migrate::journal::History;
use aws_auth_migrate::migration::{self, ApplyOptions, Clock, Consent, JournalPlace, Target};
use aws_auth_migrate::model::{AccessEntry, AuthenticationMode, LiveEntry};
use aws_auth_migrate::sandbox::{Fault, FaultKind, Sandbox, Seed, UpdateTime};
use aws_auth_migrate::stop::Stop;
use aws_auth_migrate::writer::Silent;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::arc::blocking;
use crate::generate::Random;
use crate::given;
use crate::judge::{self, Question};
use crate::odd::tally::Tally;
use crate::odd::{self, Odd};
use crate::plain::{ACCESS_KEY, Given, Login, Moved, Person, Side, bound, by_aws_auth, by_entry};
use crate::support::{CLUSTER, Tool, World};
use crate::tell::tell;

const WORLDS: u64 = 200;
const SEED: u64 = 20_260_101;
/// One cluster of so many is migrated by the built binary, the others by the library in this process.
const SAMPLE: u64 = 20;

const CLOCK: Clock = Clock {
    now: jiff::Timestamp::now,
    system: std::time::SystemTime::now,
};

/// What each login may get through `aws-auth`.
type Mapped = BTreeMap<(Person, &'static str), BTreeSet<Option<Given>>>;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn seed(odd: &Odd) -> Seed {
    let mut seed = odd.seed(CLUSTER);
    seed.switch.takes = UpdateTime::Millis(5);
    seed
}

/// The logins of everybody, for the judge.
fn question(odd: &Odd) -> Question {
    let login = |login: Login<'_>| {
        json!({
            "arn": login.person.canonical(),
            "accountId": login.person.account,
            "sessionName": login.session,
            "accessKeyId": ACCESS_KEY,
        })
    };
    Question {
        text: odd.text(),
        principals: Vec::new(),
        logins: odd
            .people
            .iter()
            .flat_map(Person::logins)
            .map(login)
            .collect(),
    }
}

/// The authenticator's own answers; the plain statement of its rules has to say the same.
fn mapped(odd: &Odd, judged: &Value) -> Mapped {
    let given = |answer: &Value| {
        let groups = answer["groups"].as_array()?.iter();
        Some(Given {
            username: answer["username"].as_str()?.to_owned(),
            groups: groups
                .map(|group| group.as_str().unwrap().to_owned())
                .collect(),
            policies: BTreeSet::new(),
        })
    };
    let logins = odd.people.iter().flat_map(Person::logins);
    let answers = judged["logins"].as_array().unwrap();
    logins
        .zip(answers)
        .map(|(login, answers)| {
            let answers: BTreeSet<_> = answers.as_array().unwrap().iter().map(given).collect();
            assert_eq!(
                by_aws_auth(&odd.mappings, &odd.accounts, login),
                answers,
                "{login:?}"
            );
            ((login.person.clone(), login.session), answers)
        })
        .collect()
}

/// The live entries that let their principals in: one that is stale stays so until it is created again.
fn in_force(odd: &Odd, live: &[LiveEntry], first: &[LiveEntry]) -> BTreeMap<String, AccessEntry> {
    let is_stale = |entry: &LiveEntry| {
        let arn = &entry.entry.principal_arn;
        let is_made_anew = || {
            let mut first = first.iter();
            first.all(|old| {
                old.entry.principal_arn != *arn || old.access_entry_arn != entry.access_entry_arn
            })
        };
        let mut odd = odd.entries.iter();
        odd.any(|known| known.is_stale && known.entry.principal_arn == *arn) && !is_made_anew()
    };
    live.iter()
        .filter(|entry| !is_stale(entry))
        .map(|live| (live.entry.principal_arn.to_string(), live.entry.clone()))
        .collect()
}

/// What a cluster holds: entries in force, bindings, and whether `aws-auth` is read.
struct State {
    mode: AuthenticationMode,
    live: Vec<LiveEntry>,
    bindings: Vec<Value>,
}

impl State {
    fn of(sandbox: &Sandbox) -> Self {
        let state = sandbox.state();
        Self {
            mode: state.mode,
            live: state.entries,
            bindings: state.bindings,
        }
    }
}

fn moved(odd: &Odd, mapped: &Mapped, before: &State, after: &State) -> BTreeMap<Person, Moved> {
    let entries = [before, after].map(|state| in_force(odd, &state.live, &before.live));
    let bindings = [before, after].map(|state| bound(&state.bindings));
    let of = |person: &Person| {
        let mut moved = Moved::default();
        for login in person.logins() {
            let side = |at: usize, state: &State| Side {
                answers: match entries[at].get(&person.arn()) {
                    Some(entry) => BTreeSet::from([by_entry(entry, login)]),
                    None if state.mode == AuthenticationMode::Api => BTreeSet::from([None]),
                    None => mapped[&(person.clone(), login.session)].clone(),
                },
                bindings: &bindings[at],
            };
            moved.add(&side(0, before), &side(1, after));
        }
        (person.clone(), moved)
    };
    odd.people.iter().map(of).collect()
}

fn target(sandbox: &Sandbox, choices: &Choices) -> Target {
    let aws = AwsSettings {
        region: Some("eu-west-1".to_owned()),
        endpoint: Some(SandboxEndpoint::of(&sandbox.environment())),
        ..AwsSettings::default()
    };
    Target {
        aws,
        cluster: Some(CLUSTER.to_owned()),
        read_roles: !choices.policies.is_empty(),
        ..Target::default()
    }
}

/// What one cluster came to.
struct Outcome {
    plan: Value,
    choices: Choices,
    is_refused: bool,
    moved: BTreeMap<Person, Moved>,
}

/// The plan that was applied, or why nothing was.
async fn by_library(world: &World, choices: &Choices) -> Result<Value, String> {
    let options = ApplyOptions {
        choices: choices.clone(),
        saved: None,
        enable_access_entries: true,
        journal: JournalPlace {
            named: None,
            folder: world.folder.path().join("aws-auth-migrate"),
            holder: "test".to_owned(),
        },
        concurrency: 8,
        max_rate: None,
        fail_fast: false,
        timeout: None,
        canary: None,
        allow_self_lockout: true,
        shared_decisions: false,
    };
    let target = target(&world.sandbox, choices);
    let stop = Stop::default();
    let yes = |_: migration::Question<'_>| Ok(Consent::Given);
    let applied = Box::pin(migration::apply(
        &target, &options, &Silent, &stop, CLOCK, yes,
    ))
    .await;
    applied
        .map(|applied| json!(applied.plan))
        .map_err(|failure| format!("{failure:?}"))
}

/// The same by the built binary, with options and a decisions file.
fn by_binary(world: &World, choices: &Choices) -> Result<Value, String> {
    let file = world.write("decisions.json", &given::decisions(choices));
    let with_choices = |tool: Tool| {
        let tool = tool.arg("--decisions").arg(&file);
        tool.args(&given::options(choices))
    };
    let plan = with_choices(world.tool("plan")).args(&["--output", "json"]);
    let planned = plan.run();
    if planned.code != 0 {
        return Err(planned.stderr);
    }
    let applied = with_choices(world.apply())
        .arg("--allow-self-lockout")
        .run();
    if matches!(applied.code, 0 | 3 | 4) {
        Ok(planned.json())
    } else {
        Err(applied.stderr)
    }
}

async fn migrate(odd: &Odd, mapped: &Mapped, random: &mut Random, is_sample: bool) -> Outcome {
    let world = World::start(seed(odd)).await;
    if !odd.are_bindings_read {
        let denied = Fault::always("list clusterrolebindings", FaultKind::AccessDenied);
        world.sandbox.add_fault(denied);
    }
    let before = State::of(&world.sandbox);
    let mut choices = odd.choices.clone();
    if random.chance(70) {
        let target = target(&world.sandbox, &choices);
        let seen = migration::survey(&target, CLOCK.system).await.unwrap();
        let now = (CLOCK.now)();
        let plan = migration::apply::plan(&seen, &choices, &History::default(), now);
        choices.answers = odd::answers(random, &json!(plan));
    }
    let (mut world, mut tries, mut is_refused) = (world, 0, false);
    let plan = loop {
        let planned = if is_sample {
            let (there, given) = (world, choices.clone());
            let ended;
            (world, ended) = blocking(move || {
                let planned = by_binary(&there, &given);
                (there, planned)
            })
            .await;
            ended
        } else {
            Box::pin(by_library(&world, &choices)).await
        };
        match planned {
            Ok(plan) => break plan,
            Err(why) => {
                tries += 1;
                assert!(tries < 2, "{why}\n{odd:#?}");
                is_refused = true;
                choices = Choices {
                    on_existing: choices.on_existing,
                    include_inert: choices.include_inert,
                    ..Choices::default()
                };
            }
        }
    };
    let after = State::of(&world.sandbox);
    Outcome {
        plan,
        choices,
        is_refused,
        moved: moved(odd, mapped, &before, &after),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobodys_access_moves_on_odd_clusters_unless_somebody_decided_so() {
    let Some(program) = judge::program() else {
        return;
    };
    let mut random = Random(number("EQUIVALENCE_SEED").unwrap_or(SEED));
    let count = number("EQUIVALENCE_COUNT").unwrap_or(WORLDS);
    let odd: Vec<Odd> = (0..count).map(|_| Odd::new(&mut random)).collect();
    let questions: Vec<Question> = odd.iter().map(question).collect();
    let judged = judge::ask(program, &questions);
    let worlds = odd.iter().zip(&judged).enumerate();
    let worlds = worlds.map(|(index, (odd, judged))| {
        let index = u64::try_from(index).unwrap();
        let mut random = Random(random.next());
        async move {
            let mapped = mapped(odd, judged);
            let outcome = Box::pin(migrate(odd, &mapped, &mut random, index % SAMPLE == 0)).await;
            (odd, outcome)
        }
    });
    let mut tally = Tally::default();
    let mut ended = stream::iter(worlds).buffer_unordered(4);
    while let Some((odd, outcome)) = ended.next().await {
        tally.refused += usize::from(outcome.is_refused);
        let choices = &outcome.choices;
        let shown = || format!("{:#?}\n{:?}\n{choices:?}", odd.mappings, odd.mode);
        tally.add(
            &outcome.plan,
            choices,
            odd.are_bindings_read,
            &outcome.moved,
            &shown,
        );
    }
    tell(&tally.told("odd clusters over HTTP"));
    tally.tell_wrong();
    assert_eq!((tally.silent.len(), tally.admitted.len()), (0, 0));
    assert!(tally.kept > 0 && tally.decided > 0 && tally.blocked > 0);
    assert!(tally.refused * 2 < tally.clusters);
}
