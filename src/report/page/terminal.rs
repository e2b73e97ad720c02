//! A page on a terminal. A command stays in one line whatever the width, so that it can be copied.

use super::{LabelledText, Line, Page, Part, Shown, ShownAnswer, ShownQuestion, Table, Text};
use crate::report::terminal::layout::width;
use crate::report::terminal::{Canvas, FAINT, PLAIN, Paint, STRONG, of_mark};
use crate::text::{visible, visible_lines};

/// Beneath a line.
const INDENT: usize = 2;
/// Beneath a question.
const LABEL: usize = 9;
/// Where the values of facts begin, unless a label is longer.
const FACTS: usize = 14;
/// How many bytes a question and its reason have at most, to follow the next question without a blank line.
const SHORT: usize = 240;
/// Wider than any line.
const ENDLESS: usize = usize::MAX / 2;
/// The narrowest last column.
const LAST: usize = 20;
/// The gap between columns.
const GAP: usize = 2;

pub(super) fn terminal(page: &Page, shown: Shown) -> String {
    let paint = Paint { on: shown.color };
    // Narrower terminals break what is drawn for this width.
    let columns = shown.width.map_or(ENDLESS, |width| width.max(40));
    let mut canvas = Canvas::new(columns, paint);
    let mut before: Option<&Part> = None;
    for part in &page.parts {
        if before.is_some_and(|before| is_parted(before, part)) {
            canvas.blank();
        }
        before = Some(part);
        match part {
            Part::Heading(text) => {
                canvas.words(0, ("", PLAIN), 0, STRONG, &visible(text));
            }
            Part::Facts(list) => facts(&mut canvas, list),
            Part::Lines(lines) => lines.iter().for_each(|one| line(&mut canvas, one)),
            Part::Table(rows) => table(&mut canvas, rows),
            Part::Question(one) => question(&mut canvas, one),
            Part::Command { purpose, line } => {
                canvas.paragraph(0, PLAIN, &format!("{}:", visible(purpose)));
                command(&mut canvas, INDENT, line);
            }
            Part::Block { title, text } => {
                canvas.paragraph(0, PLAIN, &format!("{}:", visible(title)));
                canvas.text.push_str(visible_lines(text).trim_end());
                canvas.text.push('\n');
            }
        }
    }
    canvas.text
}

/// Whether a blank line comes between two parts: what belongs to a heading follows it at once, and short questions follow
/// each other.
fn is_parted(before: &Part, part: &Part) -> bool {
    match (before, part) {
        (Part::Heading(_), _) => false,
        (Part::Question(one), Part::Question(_)) => !is_short(one),
        _ => true,
    }
}

/// Whether a question takes a few lines: it has a single reason and no long text.
fn is_short(question: &ShownQuestion) -> bool {
    let why = question
        .why
        .iter()
        .map(|(_, text)| text.len())
        .sum::<usize>();
    question.why.len() <= 1 && question.title.len() + why <= SHORT
}

fn command(canvas: &mut Canvas, indent: usize, line: &str) {
    let command = canvas.paint.with(STRONG, &visible(line));
    canvas.line(&format!("{}{command}", " ".repeat(indent)));
}

fn facts(canvas: &mut Canvas, facts: &[LabelledText]) {
    let label = |fact: &LabelledText| match fact.mark {
        Some(mark) => format!("{} {}", mark.sign(), visible(&fact.label)),
        None => visible(&fact.label).into_owned(),
    };
    let labels: Vec<String> = facts.iter().map(label).collect();
    let longest = labels.iter().map(|label| width(label)).max().unwrap_or(0);
    let column = (longest + GAP).max(FACTS);
    for (fact, label) in facts.iter().zip(&labels) {
        let style = fact.mark.map_or(FAINT, of_mark);
        match &fact.value {
            Text::Words(words) => {
                canvas.words(0, (label, style), column, PLAIN, &visible(words));
            }
            Text::Command(line) => {
                let word = canvas.paint.with(style, label);
                let gap = " ".repeat(column - width(label));
                let line = canvas.paint.with(STRONG, &visible(line));
                canvas.line(&format!("{word}{gap}{line}"));
            }
        }
    }
}

fn line(canvas: &mut Canvas, line: &Line) {
    match line.mark {
        Some(mark) => {
            canvas.words(
                0,
                (mark.sign(), of_mark(mark)),
                2,
                PLAIN,
                &visible(&line.text),
            );
        }
        None => canvas.words(0, ("", PLAIN), 0, PLAIN, &visible(&line.text)),
    }
    for (label, more) in &line.more {
        let label = match *label {
            "" => String::new(),
            label => format!("{label}: "),
        };
        let text = format!("{label}{}", visible(more));
        canvas.words(INDENT, ("", PLAIN), 0, PLAIN, &text);
    }
}

fn table(canvas: &mut Canvas, table: &Table) {
    let shown = |cell: &String| visible(cell).into_owned();
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| row.iter().map(shown).collect())
        .collect();
    let header: Vec<String> = table
        .columns
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    let mut widths: Vec<usize> = header.iter().map(|name| width(name)).collect();
    for row in &rows {
        for (columns, cell) in widths.iter_mut().zip(row) {
            *columns = width(cell).max(*columns);
        }
    }
    if !table.title.is_empty() {
        canvas.paragraph(0, PLAIN, &format!("{}:", visible(&table.title)));
    }
    // The last column takes what is left, and is broken where that is not enough.
    let before: usize = widths.iter().rev().skip(1).map(|width| width + GAP).sum();
    if before + LAST > canvas.width && header.iter().all(|name| !name.is_empty()) {
        for row in &rows {
            stacked(canvas, &header, row);
        }
        return;
    }
    if let Some(last) = widths.last_mut() {
        *last = (*last).min(canvas.width.saturating_sub(before).max(LAST));
    }
    if header.iter().any(|name| !name.is_empty()) {
        row(canvas, &header, &widths, FAINT);
    }
    for cells in &rows {
        row(canvas, cells, &widths, PLAIN);
    }
}

/// A row that is wider than the terminal: the first cell, and beneath it a line for each other one that is not empty.
fn stacked(canvas: &mut Canvas, header: &[String], cells: &[String]) {
    let Some((first, rest)) = cells.split_first() else {
        return;
    };
    canvas.words(0, ("", PLAIN), 0, STRONG, first);
    let column = header[1..]
        .iter()
        .map(|name| width(name))
        .max()
        .unwrap_or(0)
        + GAP;
    for (name, cell) in header[1..].iter().zip(rest) {
        if !cell.is_empty() {
            canvas.words(INDENT, (name, FAINT), column, PLAIN, cell);
        }
    }
}

fn row(canvas: &mut Canvas, cells: &[String], widths: &[usize], style: anstyle::Style) {
    let cells: Vec<_> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| (cell.as_str(), *width, style))
        .collect();
    canvas.row(&cells);
}

fn question(canvas: &mut Canvas, question: &ShownQuestion) {
    let ShownQuestion {
        title,
        about,
        rest,
        why,
        answers,
    } = question;
    let sign = ("!", of_mark(super::Mark::Fault));
    canvas.words(0, sign, 2, STRONG, &visible(title));
    let mut names = visible(&about.join(", ")).into_owned();
    if !rest.is_empty() {
        names.push_str(&format!(" and {}", visible(rest)));
    }
    if !names.is_empty() {
        canvas.paragraph(INDENT, PLAIN, &names);
    }
    for (label, text) in why {
        canvas.words(INDENT, (label, FAINT), LABEL, PLAIN, &visible(text));
    }
    for answer in answers {
        let ShownAnswer {
            word,
            meaning,
            lines,
        } = answer;
        canvas.words(INDENT, (word, FAINT), LABEL, PLAIN, &visible(meaning));
        for line in lines {
            command(canvas, INDENT + LABEL, line);
        }
    }
}
