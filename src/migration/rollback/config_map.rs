//! What is undone of the ConfigMap; pure.

use std::collections::BTreeMap;

use crate::invocation::CommandOption;
use crate::journal::{ConfigMapChange, History, RunCommand};
use crate::kubernetes::Stored;
use crate::model::ActionStatus;

/// The `data` of a ConfigMap.
type Data = BTreeMap<String, String>;

/// How the ConfigMap comes back.
#[derive(Debug, Clone, PartialEq)]
pub enum Restoring {
    /// No run has changed it, or it is back already.
    Nothing,
    /// It is put back to what it was before the first cutover.
    Back {
        /// The object as it was.
        to: Box<Stored>,
        /// Whether somebody else has changed it since, or between two of the changes.
        edited: bool,
    },
}

/// Decides how the ConfigMap comes back: to what it was before the first cutover since the last rollback.
#[must_use]
pub fn restore(history: &History, only_run: Option<&str>, now: Option<&Stored>) -> Restoring {
    let changes = changes(history, only_run);
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else {
        return Restoring::Nothing;
    };
    let Some(to) = first.before.as_deref().and_then(Stored::from_json) else {
        return Restoring::Nothing;
    };
    let now = now.map(|stored| stored.aws_auth().data);
    if now.as_ref() == Some(&to.aws_auth().data) {
        return Restoring::Nothing;
    }
    let as_left = now == last.after || is_emptied(now.as_ref(), last);
    // Where the answer was lost the write may not have been done.
    let as_before = last.status.is_none() && now == before(last);
    let in_between = changes.windows(2).any(|pair| {
        before(pair[1]) != pair[0].after && !is_emptied(before(pair[1]).as_ref(), pair[0])
    });
    Restoring::Back {
        to: Box::new(to),
        edited: in_between || (!as_left && !as_before),
    }
}

/// The data before a change; `None` where there was no ConfigMap.
fn before(change: &ConfigMapChange) -> Option<Data> {
    let stored = change.before.as_deref().and_then(Stored::from_json);
    stored.map(|stored| stored.aws_auth().data)
}

/// The changes that are not undone yet, oldest first; without those that were never made, as the next one shows.
#[must_use]
pub fn changes<'a>(history: &'a History, only_run: Option<&str>) -> Vec<&'a ConfigMapChange> {
    let mut open: Vec<(&str, &ConfigMapChange)> = Vec::new();
    for run in &history.runs {
        for change in &run.config_map {
            match (run.command, change.status) {
                (_, Some(ActionStatus::Failed)) | (RunCommand::Rollback, None) => {}
                // It has undone one run, or all of them.
                (RunCommand::Rollback, Some(_)) => {
                    let only = run.options.iter().find_map(|option| match option {
                        CommandOption::OnlyRun(only) => Some(only.as_str()),
                        _ => None,
                    });
                    open.retain(|(of, _)| only.is_some_and(|only| only != *of));
                }
                _ => {
                    if open
                        .last()
                        .is_some_and(|(_, last)| was_never_made(last, change))
                    {
                        open.pop();
                    }
                    open.push((&run.run, change));
                }
            }
        }
    }
    open.retain(|(of, _)| only_run.is_none_or(|only| only == *of));
    open.into_iter().map(|(_, change)| change).collect()
}

/// Whether nothing came of a change without an answer: the next one found everything as it was before.
fn was_never_made(change: &ConfigMapChange, next: &ConfigMapChange) -> bool {
    change.status.is_none() && before(next) == before(change) && before(next) != change.after
}

fn is_emptied(now: Option<&Data>, last: &ConfigMapChange) -> bool {
    now.is_some_and(Data::is_empty) && last.after.as_ref().is_some_and(Data::is_empty)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::choices::Choices;
    use crate::journal::Record;
    use crate::model::ClusterId;

    const TIME: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

    fn object(roles: &str) -> serde_json::Value {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"mapRoles": roles},
            "metadata": {"name": "aws-auth", "namespace": "kube-system", "uid": "1", "resourceVersion": "1"},
        })
    }

    fn stored(roles: &str) -> Stored {
        Stored::from_json(&object(roles)).unwrap()
    }

    /// A history of cut-overs, a run each: what was before, what was to be after, and how it ended.
    fn history(cut_overs: &[(&str, &str, Option<ActionStatus>)]) -> History {
        let mut history = History::default();
        for (index, (before, after, status)) in cut_overs.iter().enumerate() {
            let run = format!("run{index}");
            let cluster = ClusterId::shop();
            history.add(Record::Run {
                schema: String::new(),
                run: run.clone(),
                time: TIME,
                tool_version: String::new(),
                cluster,
                caller: None,
                plan_sha256: String::new(),
                actions: 0,
                choices: Choices::default(),
                options: Vec::new(),
                command: RunCommand::Cutover,
                holder: None,
                plan: None,
            });
            history.add(Record::ConfigMapIntent {
                run: run.clone(),
                time: TIME,
                before: Some(Box::new(object(before))),
                after: Some([("mapRoles".to_owned(), (*after).to_owned())].into()),
                backup: None,
                ready: None,
                backup_sha256: None,
                proof: None,
            });
            if let Some(status) = *status {
                history.add(Record::ConfigMapOutcome {
                    run,
                    time: TIME,
                    status,
                    error: None,
                });
            }
        }
        history
    }

    /// What it goes back to, and whether somebody else has changed it.
    fn back(cut_overs: &[(&str, &str, Option<ActionStatus>)], now: &str) -> Option<(String, bool)> {
        match restore(&history(cut_overs), None, Some(&stored(now))) {
            Restoring::Nothing => None,
            Restoring::Back { to, edited } => {
                Some((to.aws_auth().data["mapRoles"].clone(), edited))
            }
        }
    }

    #[test]
    fn it_goes_back_to_what_was_before_the_first_of_several() {
        let done = Some(ActionStatus::Updated);
        let two = [("abc", "bc", done), ("bc", "c", done)];
        assert_eq!(back(&two, "c"), Some(("abc".to_owned(), false)));
        assert_eq!(back(&two, "abc"), None);
        assert_eq!(back(&two, "cx"), Some(("abc".to_owned(), true)));
    }

    #[test]
    fn an_edit_between_two_cut_overs_is_an_edit() {
        let done = Some(ActionStatus::Updated);
        let edited = [("abc", "bc", done), ("bcx", "cx", done)];
        assert_eq!(back(&edited, "cx"), Some(("abc".to_owned(), true)));
    }

    #[test]
    fn a_change_that_was_refused_or_never_made_is_none() {
        let done = Some(ActionStatus::Updated);
        let refused = [
            ("abc", "bc", Some(ActionStatus::Failed)),
            ("abcx", "bcx", done),
        ];
        assert_eq!(back(&refused, "bcx"), Some(("abcx".to_owned(), false)));
        let killed = [("abc", "bc", None), ("abc", "c", done)];
        assert_eq!(back(&killed, "c"), Some(("abc".to_owned(), false)));
        // Whether it was made and edited then, or edited and not made, nobody can tell.
        let unknown = [("abc", "bc", None), ("abcx", "cx", done)];
        assert_eq!(back(&unknown, "cx"), Some(("abc".to_owned(), true)));
    }

    #[test]
    fn what_was_made_without_an_answer_goes_back() {
        assert_eq!(
            back(&[("abc", "bc", None)], "bc"),
            Some(("abc".to_owned(), false))
        );
        assert_eq!(back(&[("abc", "bc", None)], "abc"), None);
    }
}
