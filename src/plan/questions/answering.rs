//! Questions answered one after the other; every answer can be changed, and those that hung on it are asked again.

use std::collections::BTreeSet;

use super::choice::Trial;
use super::{Choice, OpenQuestion, Replan, questions};
use crate::decisions::DecisionsFile;
use crate::model::MappingId;

/// A question that was asked, and how it was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct AnsweredQuestion {
    /// The question as it was asked.
    pub question: OpenQuestion,
    /// The answer; `None` where it was left open.
    pub choice: Option<Choice>,
}

/// The questions of a plan on their way to being answered.
pub struct Answering<'a> {
    base: DecisionsFile,
    replan: &'a Replan<'a>,
    steps: Vec<AnsweredQuestion>,
}

impl<'a> Answering<'a> {
    /// Begins with what was decided before.
    #[must_use]
    pub fn new(base: DecisionsFile, replan: &'a Replan<'a>) -> Self {
        Self {
            base,
            replan,
            steps: Vec::new(),
        }
    }

    /// Everything that is decided by now.
    #[must_use]
    pub fn document(&self) -> DecisionsFile {
        decided(&self.base, &self.steps)
    }

    /// The questions that were asked, in their order.
    #[must_use]
    pub fn steps(&self) -> &[AnsweredQuestion] {
        &self.steps
    }

    /// How many were answered.
    #[must_use]
    pub fn answered(&self) -> usize {
        let answered = self.steps.iter().filter(|step| step.choice.is_some());
        answered.count()
    }

    /// What is open and was not left open, in the order of the text.
    #[must_use]
    pub fn open(&self) -> Vec<OpenQuestion> {
        let left: BTreeSet<MappingId> = self
            .steps
            .iter()
            .filter(|step| step.choice.is_none())
            .flat_map(|step| step.question.ids())
            .collect();
        let mut open = questions(&(self.replan)(&self.document()));
        open.retain(|question| !question.ids().is_subset(&left));
        open
    }

    /// Everything that is open, what was left open included.
    #[must_use]
    pub fn unanswered(&self) -> Vec<OpenQuestion> {
        questions(&(self.replan)(&self.document()))
    }

    /// The answers that a question takes by now.
    #[must_use]
    pub fn choices(&self, question: &OpenQuestion) -> Vec<Choice> {
        question.choices(&self.document(), self.replan)
    }

    /// Another name for a rename.
    ///
    /// # Errors
    /// Says why that name won't do.
    pub fn renamed_to(
        &self,
        question: &OpenQuestion,
        rename: &Choice,
        name: &str,
    ) -> Result<Choice, String> {
        question.renamed_to(rename, name, &self.document(), self.replan)
    }

    /// Answers a question, or leaves it open.
    pub fn answer(&mut self, question: OpenQuestion, choice: Option<Choice>) {
        self.steps.push(AnsweredQuestion { question, choice });
    }

    /// Takes an answer back, so that its question is open again; answers that only made sense with it go, too.
    ///
    /// Returns how many went beside it.
    pub fn reopen(&mut self, place: usize) -> usize {
        let later = self.steps.split_off(place);
        let before = later.len();
        for step in later.into_iter().skip(1) {
            let document = self.document();
            let still_fits = |choice: &Choice| {
                let trial = Trial::new(&step.question, &document, self.replan);
                trial.is_open() && trial.settled(&choice.patch).is_some()
            };
            if step.choice.as_ref().is_none_or(still_fits) {
                self.steps.push(step);
            }
        }
        before.saturating_sub(1 + self.steps.len() - place)
    }
}

fn decided(base: &DecisionsFile, steps: &[AnsweredQuestion]) -> DecisionsFile {
    let mut document = base.clone();
    for choice in steps.iter().filter_map(|step| step.choice.as_ref()) {
        document.take(&choice.patch);
    }
    document
}
