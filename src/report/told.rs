//! What a command tells in words, in the forms of documents: one small model for all commands.

use std::fmt::Write;

use super::markdown::{block, code, prose};
use super::verified::Form;

/// A part of what is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Lines that belong together.
    Lines(Vec<Line>),
    /// A text to be copied as it is, under its title.
    Block {
        /// What it is.
        title: String,
        /// The text.
        text: String,
    },
}

/// One line, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// `!`, `?` or `~`; empty where it has none.
    pub(super) mark: String,
    /// What stands before a column of its own; empty where there is none.
    pub(super) label: String,
    /// The line itself.
    pub(super) text: String,
    /// What stands indented beneath it.
    pub(super) more: Vec<String>,
}

/// Words of a command in a form: a list for Markdown, a page for HTML, a row for each line for a spreadsheet.
///
/// What is a document already, and what is for a terminal, stays as it is.
#[must_use]
pub fn told(title: &str, words: &str, form: Form) -> String {
    match form {
        Form::Table | Form::Json | Form::Yaml => words.to_owned(),
        Form::Markdown => markdown(title, &parts(words)),
        Form::Html => super::html::told(title, &parts(words)),
        Form::Csv => csv(&parts(words)),
    }
}

/// Takes words apart: a blank line begins a block, whose first line is its title.
fn parts(words: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut sections = words.trim_end().split("\n\n");
    if let Some(first) = sections.next() {
        parts.push(Part::Lines(lines(first)));
    }
    parts.extend(sections.map(|section| {
        let (title, text) = section.split_once('\n').unwrap_or((section, ""));
        Part::Block {
            title: title.trim_end_matches(':').to_owned(),
            text: text.to_owned(),
        }
    }));
    parts
}

fn lines(section: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for text in section.lines() {
        match (text.strip_prefix("  "), lines.last_mut()) {
            (Some(more), Some(last)) => last.more.push(more.trim_start().to_owned()),
            _ => lines.push(line(text)),
        }
    }
    lines
}

fn line(text: &str) -> Line {
    let marked = ["!", "?", "~"].into_iter().find_map(|mark| {
        let rest = text.strip_prefix(mark)?.strip_prefix(' ')?;
        Some((mark, rest))
    });
    let (mark, rest) = marked.unwrap_or(("", text));
    let (label, text) = match rest.split_once("  ") {
        Some((label, text)) if label.len() <= LABEL && !label.is_empty() => (label, text),
        _ => ("", rest),
    };
    Line {
        mark: mark.to_owned(),
        label: label.to_owned(),
        text: text.trim_start().to_owned(),
        more: Vec::new(),
    }
}

/// The longest label of a column.
const LABEL: usize = 20;

fn markdown(title: &str, parts: &[Part]) -> String {
    let mut page = format!("## {}\n\n", prose(title));
    for part in parts {
        match part {
            Part::Lines(lines) => lines.iter().for_each(|line| item(&mut page, line)),
            Part::Block { title, text } => {
                let _ = write!(page, "\n### {}\n\n{}", prose(title), block(text));
            }
        }
    }
    page
}

fn item(page: &mut String, line: &Line) {
    let mark = match line.mark.as_str() {
        "" => String::new(),
        mark => format!("{} ", code(mark)),
    };
    let label = match line.label.as_str() {
        "" => String::new(),
        label => format!("**{}**: ", prose(label)),
    };
    // A command line is to be copied as a whole.
    let text = if line.text.starts_with("aws-auth-migrate ") {
        code(&line.text)
    } else {
        prose(&line.text)
    };
    let _ = writeln!(page, "- {mark}{label}{text}");
    for more in &line.more {
        let _ = writeln!(page, "  - {}", code(more));
    }
}

fn csv(parts: &[Part]) -> String {
    let mut rows = vec![["mark", "label", "text"].map(str::to_owned).to_vec()];
    for part in parts {
        match part {
            Part::Lines(lines) => {
                for line in lines {
                    rows.push(vec![
                        line.mark.clone(),
                        line.label.clone(),
                        line.text.clone(),
                    ]);
                    let more = line.more.iter();
                    rows.extend(more.map(|more| vec![String::new(), String::new(), more.clone()]));
                }
            }
            Part::Block { title, text } => {
                rows.push(vec![String::new(), title.clone(), text.clone()]);
            }
        }
    }
    super::csv::written(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "Cluster       shop\n! Right       eks:ListAccessEntries is missing\nThe way back:\n  \
                         aws-auth-migrate rollback\n\nThe IAM policy that grants it:\n{\n  \"Statement\": []\n}\n";

    #[test]
    fn words_become_a_list_with_what_is_to_be_copied_beneath() {
        assert_eq!(
            told("Where a cluster stands", WORDS, Form::Markdown),
            "## Where a cluster stands\n\n- **Cluster**: shop\n- `!` **Right**: `eks:ListAccessEntries` is missing\n\
             - The way back:\n  - `aws-auth-migrate rollback`\n\n### The IAM policy that grants it\n\n\
             ```\n{\n  \"Statement\": []\n}\n```\n"
        );
    }

    #[test]
    fn words_become_a_row_for_each_line() {
        let rows = told("", WORDS, Form::Csv);
        assert!(
            rows.starts_with("mark,label,text\r\n,Cluster,shop\r\n!,Right,eks:"),
            "{rows}"
        );
        assert!(
            rows.contains("\r\n,The IAM policy that grants it,\"{\\n"),
            "{rows}"
        );
    }

    #[test]
    fn words_become_a_page_in_which_nothing_comes_alive() {
        let page = told("<b>", "Cluster       <script>\n", Form::Html);
        assert!(page.contains("<title>&#60;b&#62;</title>"), "{page}");
        assert!(
            page.contains("<b>Cluster</b> &lt;script&gt;</li>"),
            "{page}"
        );
        let next = "Next          aws-auth-migrate status --cluster a\n";
        let command = "aws-auth-migrate status --cluster a";
        let (page, list) = (told("", next, Form::Html), told("", next, Form::Markdown));
        assert!(page.contains(&format!("<code>{command}</code>")), "{page}");
        assert!(list.contains(&format!("**Next**: `{command}`")), "{list}");
        assert_eq!(told("", WORDS, Form::Table), WORDS);
    }
}
