//! The command lines of the next steps: the same cluster, the same options, safe to paste into a shell.

use std::path::Path;

use super::document::{ActionKind, Plan};
use crate::choices::Choices;
use crate::text::{shell_word, visible};

/// Options that name a file instead of the cluster's own objects.
const FILES: [&str; 3] = ["--from-file=", "--rbac-file=", "--trust-file"];

impl Plan {
    /// The command line of a command for this plan's cluster, with the options under which the plan was made.
    ///
    /// Each option is given where the command takes it: `rollback` depends on no choices, and a ConfigMap from a file is
    /// nothing that `cutover` and `rollback` could change. Hidden characters are escaped.
    #[must_use]
    pub fn command(&self, verb: &str, flags: &[&str]) -> String {
        self.command_with(&self.choices, verb, flags)
    }

    /// The same with other choices, such as those of a run that was stopped.
    #[must_use]
    pub fn command_with(&self, choices: &Choices, verb: &str, flags: &[&str]) -> String {
        let name = self.cluster.name.as_deref().unwrap_or("NAME");
        let mut options = vec![format!("--cluster={name}")];
        let region = self.cluster.region.iter();
        options.extend(region.map(|region| format!("--region={region}")));
        options.extend(self.given(!matches!(verb, "cutover" | "rollback")));
        if verb != "rollback" {
            options.extend(choices.options());
        }
        line(verb, &options, flags)
    }

    /// The command line that applies this plan from the file in which it was saved; the file names cluster and choices.
    #[must_use]
    pub fn command_for_saved(&self, path: &Path) -> String {
        let mut options = vec![format!("--plan={}", path.display())];
        // The saved plan holds what was decided.
        options.extend(
            self.given(true)
                .filter(|option| !option.starts_with("--decisions=")),
        );
        line("apply", &options, &self.consents())
    }

    /// The options of `apply` that this plan needs: to do what can't be undone, and to create bindings that it counts on.
    #[must_use]
    pub fn consents(&self) -> Vec<&'static str> {
        let switches =
            |kind: &ActionKind| matches!(kind, ActionKind::UpdateAuthenticationMode { .. });
        let switches = self.actions.iter().any(|action| switches(&action.kind));
        let choices = &self.choices;
        let renames = !choices.rename_groups.is_empty() || !choices.rename_users.is_empty();
        let binds = choices.bind_renamed && renames;
        let flags = [
            ("--enable-access-entries", switches),
            ("--apply-rbac", binds),
        ];
        let needed = flags.into_iter().filter(|(_, needed)| *needed);
        needed.map(|(flag, _)| flag).collect()
    }

    /// The options under which the cluster was looked at, those that name files only where they are taken.
    fn given(&self, takes_files: bool) -> impl Iterator<Item = String> {
        let is_file = |option: &str| FILES.iter().any(|name| option.starts_with(name));
        let options = self.source.options.iter();
        options
            .filter(move |option| takes_files || !is_file(option))
            .cloned()
    }
}

fn line(verb: &str, options: &[String], flags: &[&str]) -> String {
    let word = |text: &str| shell_word(&visible(text));
    let mut words = vec!["aws-auth-migrate".to_owned(), verb.to_owned()];
    for option in options {
        match option.split_once('=') {
            // A value that looks like an option has to hang on to its name.
            Some((name, value)) if !value.starts_with('-') => {
                words.extend([name.to_owned(), word(value)]);
            }
            _ => words.push(word(option)),
        }
    }
    words.extend(flags.iter().map(|flag| (*flag).to_owned()));
    words.join(" ")
}
