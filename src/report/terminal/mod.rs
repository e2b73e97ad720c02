//! Text in columns, on a terminal or for a pipe.

pub(in crate::report) mod layout;
mod style;

use std::borrow::Cow;

use anstyle::Style;

use layout::{is_options, is_wider, kept_together, spans, width, wrap};
pub(in crate::report) use style::{
    FAINT, PLAIN, Paint, STRONG, of_mark, of_outcome, of_severity, of_verdict,
};

/// A column's text, its width and its style.
pub(in crate::report) type Cell<'a> = (&'a str, usize, Style);

/// The text so far, with what every part of it needs to know.
pub(in crate::report) struct Canvas {
    pub(in crate::report) width: usize,
    pub(in crate::report) paint: Paint,
    pub(in crate::report) text: String,
}

impl Canvas {
    pub(in crate::report) fn new(width: usize, paint: Paint) -> Self {
        Self {
            width,
            paint,
            text: String::new(),
        }
    }

    pub(in crate::report) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.end_line();
    }

    /// Ends the line that was begun, without the blanks at its end.
    pub(in crate::report) fn end_line(&mut self) {
        let kept = self.text.trim_end_matches(' ').len();
        self.text.truncate(kept);
        self.text.push('\n');
    }

    pub(in crate::report) fn gap(&mut self, columns: usize) {
        self.text.extend(std::iter::repeat_n(' ', columns));
    }

    pub(in crate::report) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Text in lines, all at the same indent.
    pub(in crate::report) fn paragraph(&mut self, indent: usize, style: Style, text: &str) {
        for line in wrap(text, self.width - indent) {
            self.gap(indent);
            self.paint.put(&mut self.text, style, &line);
            self.end_line();
        }
    }

    /// A label with text beside it that keeps to its own column.
    pub(in crate::report) fn labelled(
        &mut self,
        indent: usize,
        label: (&str, Style),
        column: usize,
        text: &str,
    ) {
        self.styled(indent, label, column, PLAIN, text);
    }

    fn styled(
        &mut self,
        indent: usize,
        (label, label_style): (&str, Style),
        column: usize,
        style: Style,
        text: &str,
    ) {
        let room = self.width.saturating_sub(indent + column);
        for (index, line) in wrap(text, room).iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            self.gap(indent);
            self.paint.put(&mut self.text, label_style, label);
            self.gap(column.saturating_sub(width(label)));
            self.paint.put(&mut self.text, style, line);
            self.end_line();
        }
    }

    /// The same for a sentence with code in it, which is never broken between its words; a command that is wider than the
    /// column gets a line of its own, so that it can be copied.
    pub(in crate::report) fn words(
        &mut self,
        indent: usize,
        label: (&str, Style),
        column: usize,
        style: Style,
        text: &str,
    ) {
        let room = self.width.saturating_sub(indent + column);
        let mut label = label;
        let mut running = String::new();
        let mut is_begun = false;
        let parts = if is_options(text) && is_wider(text, room) {
            vec![(true, text)]
        } else {
            spans(text)
        };
        for (is_code, part) in parts {
            if is_code && is_wider(part, room) {
                let before = std::mem::take(&mut running);
                if !before.trim().is_empty() {
                    self.styled(indent, label, column, style, before.trim());
                    label = ("", label.1);
                }
                let word = self.paint.with(label.1, label.0);
                let gap = " ".repeat(column.saturating_sub(width(label.0)));
                let part = self.paint.with(style, part);
                self.line(&format!("{}{word}{gap}{part}", " ".repeat(indent)));
                label = ("", label.1);
                is_begun = true;
            } else if is_code {
                running.push_str(&kept_together(part));
            } else {
                running.push_str(part);
            }
        }
        // What ends the sentence after a command on its own line has nothing left to end.
        if !is_begun {
            self.styled(indent, label, column, style, &running);
        } else if running.chars().any(char::is_alphanumeric) {
            let rest = running.trim_start_matches([',', ';', '.', ' ']);
            self.styled(indent, label, column, style, rest);
        }
    }

    /// Cells side by side, each wrapped within its own width, two spaces between them.
    pub(in crate::report) fn row(&mut self, cells: &[Cell]) {
        let wrapped: Vec<Vec<Cow<str>>> = cells
            .iter()
            .map(|(text, columns, _)| wrap(text, *columns))
            .collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        for index in 0..height {
            for (lines, (_, columns, style)) in wrapped.iter().zip(cells) {
                let text = lines.get(index).map_or("", |text| text);
                self.paint.put(&mut self.text, *style, text);
                self.gap((columns + 2).saturating_sub(width(text)));
            }
            self.end_line();
        }
    }

    pub(in crate::report) fn title(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.blank();
        }
        self.paragraph(0, STRONG, text);
    }
}

/// A sentence in lines of at most `width` columns; a command in it stays in one line.
#[must_use]
pub fn paragraph(text: &str, width: usize) -> String {
    let mut canvas = Canvas::new(width, Paint { on: false });
    canvas.words(0, ("", PLAIN), 0, PLAIN, text);
    canvas.text
}
