//! Which answers decided something, and which do not fit.

use super::Builder;
use super::fate::OpenMapping;
use crate::decisions::Answer;
use crate::plan::document::Misfit;

impl Builder<'_> {
    pub(super) fn uses(&mut self, answer: &Answer) {
        let mut answers = self.choices.answers.iter();
        self.used
            .extend(answers.position(|other| std::ptr::eq(other, answer)));
    }

    pub(in crate::plan) fn misfit_of(&mut self, question: &OpenMapping<'_>, why: &str) {
        if let Some(answer) = question.answer {
            self.misfit(
                answer,
                &format!(
                    "{} (`{}`): {why}",
                    question.mapping.id, question.mapping.arn
                ),
            );
        }
    }

    pub(super) fn misfit(&mut self, answer: &Answer, why: &str) {
        self.misfits.push(Misfit {
            message: format!(
                "{}the decision `{}` for `{}` does not fit: {why}",
                answer.line,
                answer.what.as_str(),
                answer.subject()
            ),
            matches_nothing: false,
        });
    }
}
