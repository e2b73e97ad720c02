//! What people decided: the file, what an answer says, and which mapping it is about.
//!
//! Nothing moves anybody's access unless a person decided exactly that move. The options of the command line are short
//! forms of the same answers.

mod answer;
mod file;

pub use answer::{Accept, Answer, AnswerLine, Do, Selector};
pub use file::{DecisionsFile, FileError, SCHEMA, read};
