//! Holds a parser against the cluster's own code, on the inputs that it is fed with: a Go process that lives as long as
//! the test and answers one question after the other.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use aws_auth_migrate::model::{Arn, ArnSubject, Principal, PrincipalKind};
use aws_auth_migrate::reader::AwsAuthText;
use aws_auth_migrate::source::manifest;
use serde_json::{Value, json};

use crate::judge::{self, Question};

/// What became of one comparison.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    Same,
    /// One of the two refuses the input for a reason that is listed in `docs/testing.md`.
    Listed(&'static str),
    Differs(String),
}

/// What this tool refuses in a manifest and kubectl does not, by the words of the error.
const STRICTER: [(&str, &str); 2] = [
    // kubectl takes the last one, other readers the first.
    ("a key twice", "a duplicate key"),
    // kubectl ignores it.
    ("expected end of document", "something follows the document"),
];

/// The judge's process.
struct Asked {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

thread_local! {
    /// The judge of this thread, which runs one target.
    static ASKED: RefCell<Option<Asked>> = const { RefCell::new(None) };
}

/// The judge's answer; `None` where its process ends over the question.
fn ask(question: &Value) -> Option<Value> {
    ASKED.with_borrow_mut(|asked| {
        let judge = asked.get_or_insert_with(|| {
            let program = judge::program().expect("whoever asks has a judge");
            let mut child = Command::new(program)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            Asked {
                questions: child.stdin.take().unwrap(),
                answers: BufReader::new(child.stdout.take().unwrap()),
                child,
            }
        });
        let mut answer = String::new();
        let is_asked = writeln!(judge.questions, "{question}").is_ok();
        if is_asked && judge.answers.read_line(&mut answer).unwrap_or(0) > 0 {
            return serde_json::from_str(&answer).ok();
        }
        *asked = None;
        None
    })
}

/// Reads a text as each of the three values, as the authenticator does.
pub(crate) fn reader(text: &str) -> Compared {
    let question = Question::about(AwsAuthText {
        map_roles: Some(text.to_owned()),
        map_users: Some(text.to_owned()),
        map_accounts: Some(text.to_owned()),
    });
    let Some(judged) = ask(&question.to_json()) else {
        return Compared::Listed("the authenticator's process ends");
    };
    match judge::difference(&question, &judge::normal(judged)) {
        // The reader says itself that it can't tell, and nothing is planned from such a text.
        Some(_) if !judge::answer(&question).0.undecided.is_empty() => {
            Compared::Listed("this reader leaves it undecided")
        }
        Some(difference) => Compared::Differs(difference),
        None => Compared::Same,
    }
}

/// Looks for the ConfigMap in a text, as kubectl does.
pub(crate) fn config_map(text: &str) -> Compared {
    let Some(judged) = ask(&json!({ "manifest": text })) else {
        return Compared::Listed("kubectl's process ends");
    };
    let judged = &judged["manifest"];
    let found = judged["found"].as_array().map_or(0, Vec::len);
    match (manifest::parse(text), judged["error"].as_str()) {
        (Ok(ours), None) if found == 1 && json!(ours.data) == judged["found"][0] => Compared::Same,
        (Err(_), None) if found != 1 => Compared::Same,
        (Err(_), Some(_)) => Compared::Same,
        (Ok(_), Some(_)) => Compared::Listed("kubectl refuses it"),
        (Err(error), None) => match STRICTER
            .iter()
            .find(|(words, _)| error.to_string().contains(words))
        {
            Some((_, reason)) => Compared::Listed(reason),
            None => Compared::Differs(format!("ours:   {error:?}\njudged: {judged}")),
        },
        (ours, _) => Compared::Differs(format!("ours:   {ours:?}\njudged: {judged}")),
    }
}

/// Reads a text as an ARN, as the authenticator does.
pub(crate) fn arn(text: &str) -> Compared {
    let Some(judged) = ask(&json!({ "arn": text })) else {
        return Compared::Listed("the authenticator's process ends");
    };
    let judged = &judged["arn"];
    let ours = text.parse::<Arn>();
    let differs = || Compared::Differs(format!("ours:   {ours:?}\njudged: {judged}"));
    if ours.is_ok() != (judged["isArn"] == true) {
        return differs();
    }
    let Ok(arn) = &ours else {
        return Compared::Same;
    };
    let kind = match ArnSubject::of(arn) {
        ArnSubject::Principal(principal) if principal.kind == PrincipalKind::Role => "role",
        ArnSubject::Principal(_) => "user",
        ArnSubject::Root { .. } => "root",
        ArnSubject::FederatedUser => "federated-user",
        ArnSubject::AssumedRole => "assumed-role",
        ArnSubject::Other => "",
    };
    if kind == judged["kind"] {
        let stripped = Principal::from_arn(arn).map(|principal| Principal {
            path: "/".into(),
            ..principal
        });
        return match stripped {
            Some(role) if kind == "role" && role.arn().to_string() != judged["stripped"] => {
                differs()
            }
            _ => Compared::Same,
        };
    }
    match (kind, judged["kind"].as_str()) {
        ("", _) if !arn.region.is_empty() => Compared::Listed("it has a region"),
        ("", Some("role" | "user" | "root")) => Compared::Listed("it has no name"),
        (_, Some("")) => Compared::Listed("no caller has such an ARN"),
        _ => differs(),
    }
}
