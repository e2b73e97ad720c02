//! Asks the judge: a small Go program around aws-iam-authenticator itself.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use aws_auth_migrate::access::before::{Authenticator, AuthenticatorAnswer};
use aws_auth_migrate::finding::Code;
use aws_auth_migrate::model::{Mapping, MappingId, Section};
use aws_auth_migrate::reader::{self, AwsAuthText, Reading};
use serde_json::{Map, Value, json};

use crate::tell::tell;

/// The values in a ConfigMap's manifest.
pub(crate) fn aws_auth(manifest: &str) -> AwsAuthText {
    let manifest: serde_yaml::Value = serde_yaml::from_str(manifest).unwrap();
    let value = |section: Section| manifest["data"][section.key()].as_str().map(str::to_owned);
    AwsAuthText {
        map_roles: value(Section::MapRoles),
        map_users: value(Section::MapUsers),
        map_accounts: value(Section::MapAccounts),
    }
}

/// An `aws-auth` with the identities to ask for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    pub(crate) text: AwsAuthText,
    pub(crate) principals: Vec<String>,
    /// Logins, in the judge's own form.
    pub(crate) logins: Vec<Value>,
}

impl Question {
    /// A question for the ARNs in the text and for strangers of their accounts.
    pub(crate) fn about(text: AwsAuthText) -> Self {
        let mut principals = BTreeSet::new();
        for section in Section::ALL {
            let Some(text) = text.section(section) else {
                continue;
            };
            for (at, _) in text.match_indices("arn:").take(12) {
                let arn: String = text[at..]
                    .chars()
                    .take_while(|c| !c.is_whitespace() && !"\"',]}#".contains(*c))
                    .take(200)
                    .collect();
                principals.insert(arn.to_uppercase());
                principals.insert(arn);
            }
            let digits = |c: char| c.is_ascii_digit();
            for account in text
                .split(|c| !digits(c))
                .filter(|part| part.len() == 12)
                .take(6)
            {
                principals.insert(format!("arn:aws:iam::{account}:role/Stranger"));
            }
        }
        Self {
            text,
            principals: principals.into_iter().collect(),
            logins: Vec::new(),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut data = Map::new();
        for section in Section::ALL {
            if let Some(text) = self.text.section(section) {
                data.insert(section.key().to_owned(), text.into());
            }
        }
        json!({ "data": data, "principals": self.principals, "logins": self.logins })
    }
}

/// The judge's program; `None`, and a word about it, where there is no Go to build it with.
///
/// Continuous integration must have it, so that the test never passes there by being left out.
pub(crate) fn program() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let built = PROGRAM.get_or_init(|| match build() {
        Ok(program) => Some(program),
        Err(missing) => {
            tell(&format!("judge missing: {missing}"));
            assert_ne!(
                std::env::var("CI").as_deref(),
                Ok("true"),
                "judge missing: {missing}"
            );
            None
        }
    });
    built.as_deref()
}

fn build() -> Result<PathBuf, String> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("judge");
    let build = Command::new("go")
        .args(["build", "-trimpath", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge"))
        .output()
        .map_err(|_| "go".to_owned())?;
    if build.status.success() {
        Ok(program)
    } else {
        // Without a network, Go may be there and the authenticator's source not.
        Err(format!(
            "go can't build it: {}",
            String::from_utf8_lossy(&build.stderr)
        ))
    }
}

/// Which version of the authenticator judges.
pub(crate) fn version(program: &Path) -> String {
    let output = Command::new(program).arg("version").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// All answers of the judge, in the order of the questions.
pub(crate) fn ask(program: &Path, questions: &[Question]) -> Vec<Value> {
    let mut judge = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = judge.stdin.take().unwrap();
    let output = BufReader::new(judge.stdout.take().unwrap());
    let answers = std::thread::scope(|scope| {
        scope.spawn(move || {
            for question in questions {
                writeln!(input, "{}", question.to_json()).unwrap();
            }
        });
        output
            .lines()
            .map(|line| normal(serde_json::from_str(&line.unwrap()).unwrap()))
            .collect::<Vec<_>>()
    });
    assert!(judge.wait().unwrap().success());
    assert_eq!(answers.len(), questions.len());
    answers
}

/// An answer without what does not matter: the words of an error, and accounts that are no text.
pub(crate) fn normal(mut answer: Value) -> Value {
    let error = answer.get("error").is_some();
    if answer.get("panic").is_some() {
        return answer;
    }
    answer["error"] = error.into();
    if let Some(accounts) = answer["accounts"].as_array_mut() {
        accounts.retain(|account| account != "");
    }
    for identities in answer["principals"].as_array_mut().unwrap() {
        sort(identities.as_array_mut().unwrap());
    }
    answer
}

fn sort(identities: &mut Vec<Value>) {
    identities.sort_by_key(Value::to_string);
    identities.dedup();
}

/// This reader's answer, in the judge's form.
pub(crate) fn answer(question: &Question) -> (Reading, Value) {
    let reading = reader::read(&question.text);
    let authenticator = Authenticator::new(&reading);
    let survivors = |section: Section| {
        let mappings = reading.mappings.iter();
        mappings.filter(move |mapping| mapping.id.section == section && mapping.dropped.is_none())
    };
    let list = |section| survivors(section).map(mapping_to_json).collect::<Vec<_>>();
    let principals: Vec<Value> = question
        .principals
        .iter()
        .map(|arn| identities(&reading, authenticator.answer(arn)))
        .collect();
    let answer = json!({
        "roles": list(Section::MapRoles),
        "users": list(Section::MapUsers),
        "accounts": survivors(Section::MapAccounts)
            .map(|mapping| mapping.arn.as_str())
            .filter(|account| !account.is_empty())
            .collect::<Vec<_>>(),
        "principals": principals,
    });
    (reading, answer)
}

/// How this reader's answer differs from the judge's, in full; `None` where it does not.
///
/// A text that is left undecided has an answer all the same.
pub(crate) fn difference(question: &Question, judged: &Value) -> Option<String> {
    let (reading, ours) = answer(question);
    let mut parts = ["roles", "users", "principals"].iter();
    let is_same = parts.all(|part| ours[part] == judged[part])
        && (ours["accounts"] == judged["accounts"]
            || leaves_accounts_out(&reading)
                && ids(&ours["accounts"]).eq(ids(&judged["accounts"])));
    let is_broken_alone = !reading.broken.is_empty() && judged["error"] != true;
    (!is_same || is_broken_alone).then(|| {
        format!(
            "{question:#?}\nours:   {ours}\njudged: {judged}\n{:?}",
            reading.diagnostics
        )
    })
}

/// Whether elements that are no account ids, and so nobody's, were too many to be kept.
fn leaves_accounts_out(reading: &Reading) -> bool {
    reading.diagnostics.iter().any(|diagnostic| {
        let place = diagnostic.place.filter(|_| diagnostic.mapping.is_none());
        diagnostic.finding.code == Code::Dropped
            && place.is_some_and(|place| place.section == Section::MapAccounts)
    })
}

fn ids(accounts: &Value) -> impl Iterator<Item = &str> {
    let accounts = accounts.as_array().into_iter().flatten();
    accounts
        .filter_map(Value::as_str)
        .filter(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()))
}

fn mapping_to_json(mapping: &Mapping) -> Value {
    let mut json = json!({
        "arn": mapping.arn,
        "username": mapping.username,
        "groups": mapping.groups,
    });
    if let Some(sso) = &mapping.sso {
        json["sso"] =
            json!({ "permissionSetName": sso.permission_set_name, "accountID": sso.account_id });
        if !sso.partition.is_empty() {
            json["sso"]["partition"] = sso.partition.clone().into();
        }
    }
    json
}

fn identities(reading: &Reading, answer: AuthenticatorAnswer) -> Value {
    let of = |id: &MappingId| {
        let mapping = reading
            .mappings
            .iter()
            .find(|mapping| mapping.id == *id)
            .unwrap();
        json!({ "username": mapping.username, "groups": mapping.groups })
    };
    let mut identities = match answer {
        AuthenticatorAnswer::Refused => Vec::new(),
        AuthenticatorAnswer::Mapped {
            username, groups, ..
        } => vec![json!({ "username": username, "groups": groups })],
        AuthenticatorAnswer::Undefined { among } => among.iter().map(of).collect(),
    };
    sort(&mut identities);
    identities.into()
}
