//! The commands of the next steps: for the same cluster, with the same options.

use std::path::Path;

use super::document::{ActionKind, Plan};
use crate::choices::Choices;
use crate::invocation::{CommandOption, Invocation, Verb};

impl Plan {
    /// A command for this plan's cluster, with the options under which the plan was made, and more.
    ///
    /// Each option is given where the command takes it: `rollback` depends on no choices, and a ConfigMap from a file is
    /// nothing that `cutover` and `rollback` could change.
    #[must_use]
    pub fn command(&self, verb: Verb, more: impl IntoIterator<Item = CommandOption>) -> Invocation {
        self.command_with(&self.choices, verb, more)
    }

    /// The same with other choices, such as those of a run that was stopped.
    #[must_use]
    pub fn command_with(
        &self,
        choices: &Choices,
        verb: Verb,
        more: impl IntoIterator<Item = CommandOption>,
    ) -> Invocation {
        let name = self.cluster.name.as_deref().unwrap_or("NAME");
        let mut options = vec![CommandOption::Cluster(name.to_owned())];
        options.extend(self.cluster.region.clone().map(CommandOption::Region));
        let given = self.source.options.iter();
        let given = given.filter(|option| verb.takes_files() || !option.is_source_file());
        options.extend(given.cloned());
        if verb != Verb::Rollback {
            options.extend(choices.options());
        }
        options.extend(more);
        Invocation { verb, options }
    }

    /// The command that applies this plan from the file in which it was saved; the file names cluster and choices.
    #[must_use]
    pub fn command_for_saved(&self, path: &Path) -> Invocation {
        // The saved plan holds what was decided.
        let is_decided = |option: &&CommandOption| matches!(option, CommandOption::Decisions(_));
        let given = self.source.options.iter();
        let given = given.filter(|option| !is_decided(option)).cloned();
        let mut options = vec![CommandOption::SavedPlan(path.to_owned())];
        options.extend(given.chain(self.consents()));
        Invocation {
            verb: Verb::Apply,
            options,
        }
    }

    /// The options of `apply` that this plan needs: to do what can't be undone, and to create bindings that it counts on.
    #[must_use]
    pub fn consents(&self) -> Vec<CommandOption> {
        let switches =
            |kind: &ActionKind| matches!(kind, ActionKind::UpdateAuthenticationMode { .. });
        let switches = self.actions.iter().any(|action| switches(&action.kind));
        let choices = &self.choices;
        let renames = !choices.rename_groups.is_empty() || !choices.rename_users.is_empty();
        let binds = choices.bind_renamed && renames;
        let options = [
            (CommandOption::EnableAccessEntries, switches),
            (CommandOption::ApplyRbac, binds),
        ];
        let needed = options.into_iter().filter(|(_, needed)| *needed);
        needed.map(|(option, _)| option).collect()
    }
}
