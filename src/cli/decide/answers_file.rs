//! The file that answers are kept in: written whole after every one of them.

use std::path::{Path, PathBuf};

use crate::cli::args::TargetArgs;
use crate::cli::output::file_failure;
use crate::cli::settings;
use crate::decisions::DecisionsFile;
use crate::error::Failure;
use crate::files;
use crate::invocation::CommandOption;
use crate::plan::questions::{Answering, Choice, OpenQuestion};
use crate::report;
use crate::text::visible;

#[derive(Debug)]
pub(super) struct AnswersFile {
    path: PathBuf,
    /// What the file was before, for its comments.
    earlier: Option<String>,
    /// What is in the file now; `None` where there is none.
    content: Option<String>,
}

impl AnswersFile {
    /// Opens the file with what is decided in it, and in the one that `--decisions` names where that is another.
    ///
    /// # Errors
    /// Fails where a file can't be read, is no decisions file, or is for other clusters.
    pub(super) fn open(
        path: PathBuf,
        decisions: Option<&Path>,
        named: &TargetArgs,
    ) -> Result<(Self, DecisionsFile), Failure> {
        let cluster = settings::named_cluster(named)?;
        let read = |path: &Path| -> Result<Option<(DecisionsFile, String)>, Failure> {
            if !path.exists() {
                return Ok(None);
            }
            let (document, text) = settings::decisions_in(path)?;
            if !document.is_for(cluster.as_deref()) {
                return Err(Failure::usage(format!(
                    "nothing was asked: `{}` is for the clusters {}, and not for `{}`",
                    path.display(),
                    document.clusters.join(", "),
                    cluster.as_deref().unwrap_or_default()
                ))
                .hint(
                    "add the cluster to `clusters` in the file, or name another file with --out",
                ));
            }
            Ok(Some((document, text)))
        };
        let own = read(&path)?;
        let other = decisions.filter(|other| *other != path).map(read);
        let mut document = DecisionsFile::default();
        let mut content = None;
        if let Some((known, text)) = own {
            document = known;
            content = Some(text);
        }
        let mut earlier = content.clone();
        if let Some((known, text)) = other.transpose()?.flatten() {
            if earlier.is_none() {
                document.clusters.clone_from(&known.clusters);
                earlier = Some(text);
            }
            document.take(&known);
        }
        Ok((
            Self {
                path,
                earlier,
                content,
            },
            document,
        ))
    }

    /// The option that names the file.
    pub(super) fn option(&self) -> CommandOption {
        CommandOption::Decisions(self.path.clone())
    }

    /// Writes what is decided by now; a file is begun with the first answer.
    pub(super) fn write(&mut self, answering: &Answering<'_>) -> Result<(), Failure> {
        if self.content.is_none() && answering.answered() == 0 {
            return Ok(());
        }
        self.put(&answering.document(), &[])
    }

    /// Writes what is decided, and what is still open as comments.
    pub(super) fn write_with_open(&mut self, answering: &Answering<'_>) -> Result<(), Failure> {
        let open = with_choices(answering);
        self.put(&answering.document(), &open)
    }

    fn put(
        &mut self,
        document: &DecisionsFile,
        open: &[(OpenQuestion, Vec<Choice>)],
    ) -> Result<(), Failure> {
        let text = if is_json(&self.path, self.earlier.as_deref()) {
            report::decisions_json(document)
        } else {
            report::decisions(self.earlier.as_deref(), document, open)
        };
        let failed = |error| file_failure("the decisions", &self.path, error);
        let is_ours = match &self.content {
            Some(content) => {
                files::holds(&self.path, content.as_bytes()).map_err(failed)? == Some(true)
            }
            None => files::holds(&self.path, b"").map_err(failed)?.is_none(),
        };
        if !is_ours {
            return Err(Failure::new(format!(
                "the last answer was not written: somebody else changed `{}` meanwhile",
                self.path.display()
            ))
            .hint("run the command again: it begins with what the file holds"));
        }
        files::replace(&self.path, text.as_bytes()).map_err(failed)?;
        self.content = Some(text);
        Ok(())
    }

    /// What was answered and where it is.
    pub(super) fn standing(&self, answering: &Answering<'_>) -> String {
        let path = visible(&self.path.display().to_string()).into_owned();
        let open = answering.unanswered().len();
        let open = match open {
            0 => "nothing is open".to_owned(),
            1 => "1 question is open".to_owned(),
            count => format!("{count} questions are open"),
        };
        match answering.answered() {
            0 if self.content.is_none() => format!("{open}, and nothing was written"),
            0 => format!("{open}; no new answer in {path}"),
            1 => format!("1 answer is in {path}; {open}"),
            count => format!("{count} answers are in {path}; {open}"),
        }
    }
}

fn with_choices(answering: &Answering<'_>) -> Vec<(OpenQuestion, Vec<Choice>)> {
    answering
        .unanswered()
        .into_iter()
        .map(|question| {
            let choices = answering.choices(&question);
            (question, choices)
        })
        .collect()
}

/// Whether a decisions file is in JSON, by what it holds or by its name.
pub(in crate::cli) fn is_json(path: &Path, earlier: Option<&str>) -> bool {
    match earlier {
        Some(text) => text.trim_start().starts_with('{'),
        None => path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("json")),
    }
}
