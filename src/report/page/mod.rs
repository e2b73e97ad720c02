//! What a command says, in typed parts, and the renderers that read it.
//!
//! A page is built from a command's typed result. Its texts stand as they are; every renderer makes hidden characters
//! visible and quotes for its own language. JSON and YAML are no pages: they are documents of the same results.

mod csv;
mod html;
mod markdown;
mod terminal;
#[cfg(test)]
mod tests;

use serde::Serialize;

use super::format::Format;
pub(super) use html::rows;

/// How a page is drawn for a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shown {
    /// The columns of the terminal; `None` where lines are not broken, as in a pipe or a file.
    pub width: Option<usize>,
    /// Whether to colour the marks.
    pub color: bool,
}

/// A mark before a line, which says in one character how to take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Something is wrong, or waits for somebody.
    Fault,
    /// Something is not known.
    Doubt,
    /// Something is changed.
    Change,
    /// Something is added.
    Add,
    /// Something is removed.
    Remove,
}

impl Mark {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Fault => "!",
            Self::Doubt => "?",
            Self::Change => "~",
            Self::Add => "+",
            Self::Remove => "-",
        }
    }

    /// The class of its colour on a page, as outcomes have it.
    fn class(self) -> &'static str {
        match self {
            Self::Fault => "is-blocked",
            Self::Doubt => "is-conflict",
            Self::Change => "is-update",
            Self::Add => "is-create",
            Self::Remove => "is-skipped",
        }
    }
}

/// A text, and whether it is a command line, which is copied as a whole and never broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    Words(String),
    Command(String),
}

impl<T: Into<String>> From<T> for Text {
    fn from(words: T) -> Self {
        Self::Words(words.into())
    }
}

impl Text {
    fn as_str(&self) -> &str {
        let (Self::Words(text) | Self::Command(text)) = self;
        text
    }
}

/// A label with what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LabelledText {
    mark: Option<Mark>,
    label: String,
    value: Text,
}

/// A line, with what belongs to it beneath.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    mark: Option<Mark>,
    text: String,
    /// Each with its label, which may be empty.
    more: Vec<(&'static str, String)>,
}

impl Line {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            mark: None,
            text: text.into(),
            more: Vec::new(),
        }
    }

    pub(super) fn marked(mark: Mark, text: impl Into<String>) -> Self {
        Self {
            mark: Some(mark),
            ..Self::new(text)
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn with(mut self, label: &'static str, text: impl Into<String>) -> Self {
        self.more.push((label, text.into()));
        self
    }

    /// The same with a fix, where there is one.
    pub(super) fn fix(self, fix: &str) -> Self {
        match fix {
            "" => self,
            fix => self.with("fix", fix),
        }
    }
}

/// Rows under the names of their columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Table {
    /// What they are; empty where the place says it.
    pub(super) title: String,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Something that a person has to decide.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ShownQuestion {
    /// In one sentence, without its stop.
    pub(super) title: String,
    /// Whom it is about, each as one text; not all where there are many.
    pub(super) about: Vec<String>,
    /// How many more it is about, and which; empty where there are none.
    pub(super) rest: String,
    /// Why it is asked, each with its label.
    pub(super) why: Vec<(String, String)>,
    /// What settles it.
    pub(super) answers: Vec<ShownAnswer>,
}

/// What settles a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShownAnswer {
    /// The answer's own word.
    pub(super) word: String,
    /// What it means.
    pub(super) meaning: String,
    /// The lines of a decisions file that give it.
    pub(super) lines: Vec<String>,
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Heading(String),
    Facts(Vec<LabelledText>),
    Lines(Vec<Line>),
    Table(Table),
    Question(ShownQuestion),
    /// A command line, with what it is for.
    Command {
        purpose: String,
        line: String,
    },
    /// A text to copy as it is, under its title.
    Block {
        title: String,
        text: String,
    },
}

/// What a command says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Page {
    title: String,
    /// The result in one sentence, which a browser shows first; the parts say it, too.
    verdict: String,
    parts: Vec<Part>,
}

impl Page {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// What a browser shows first.
    pub(super) fn verdict(&mut self, sentence: impl Into<String>) {
        self.verdict = sentence.into();
    }

    /// The parts of another page, below its title.
    pub(super) fn append(&mut self, other: Self) {
        self.parts.push(Part::Heading(other.title));
        self.parts.extend(other.parts);
    }

    pub(super) fn heading(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Heading(text.into()));
    }

    pub(super) fn fact(&mut self, label: impl Into<String>, value: impl Into<Text>) {
        self.put_fact(None, label.into(), value.into());
    }

    pub(super) fn marked_fact(
        &mut self,
        mark: Mark,
        label: impl Into<String>,
        value: impl Into<Text>,
    ) {
        self.put_fact(Some(mark), label.into(), value.into());
    }

    /// Facts that follow each other stand in one list.
    fn put_fact(&mut self, mark: Option<Mark>, label: String, value: Text) {
        let fact = LabelledText { mark, label, value };
        match self.parts.last_mut() {
            Some(Part::Facts(facts)) => facts.push(fact),
            _ => self.parts.push(Part::Facts(vec![fact])),
        }
    }

    /// Lines that follow each other stand in one list.
    pub(super) fn line(&mut self, line: Line) {
        match self.parts.last_mut() {
            Some(Part::Lines(lines)) => lines.push(line),
            _ => self.parts.push(Part::Lines(vec![line])),
        }
    }

    pub(super) fn text(&mut self, text: impl Into<String>) {
        self.line(Line::new(text));
    }

    pub(super) fn table(&mut self, table: Table) {
        self.parts.push(Part::Table(table));
    }

    pub(super) fn question(&mut self, question: ShownQuestion) {
        self.parts.push(Part::Question(question));
    }

    pub(super) fn command(&mut self, purpose: impl Into<String>, line: impl Into<String>) {
        self.parts.push(Part::Command {
            purpose: purpose.into(),
            line: line.into(),
        });
    }

    pub(super) fn block(&mut self, title: impl Into<String>, text: impl Into<String>) {
        self.parts.push(Part::Block {
            title: title.into(),
            text: text.into(),
        });
    }

    pub(super) fn terminal(&self, shown: Shown) -> String {
        terminal::terminal(self, shown)
    }

    pub(super) fn markdown(&self) -> String {
        markdown::markdown(self)
    }
}

/// Says how to resume; a terminal shows the command line for that below the page.
pub(super) fn resume(page: &mut Page, format: Format) {
    if format != Format::Table {
        page.text("Run the same command again to resume.");
    }
}

/// A result in a format: as a document, or as the page that is made of it.
pub(super) fn rendered(
    document: &impl Serialize,
    page: impl FnOnce() -> Page,
    format: Format,
    shown: Shown,
) -> String {
    match format {
        Format::Json => super::json::document(document),
        Format::Yaml => super::yaml::document(document),
        Format::Table => terminal::terminal(&page(), shown),
        Format::Markdown => markdown::titled(&page()),
        Format::Html => html::html(&page()),
        Format::Csv => csv::csv(&page()),
    }
}
