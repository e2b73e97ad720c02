//! `docs/plan.svg`: what a terminal shows of the plan that `rehearse` makes.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::{golden, printed};

/// A picture is looked at, not scrolled.
const MOST_LINES: usize = 40;
/// The width of the terminal; a command that is longer is not broken.
const COLUMNS: usize = 80;
/// What is longer than this ends in an ellipsis.
const MOST_COLUMNS: usize = 96;

/// The width of a cell in tenths, its height, and the space around the text.
const WIDTH: usize = 84;
const HEIGHT: usize = 18;
const MARGIN: usize = 18;
const BAR: usize = 30;

/// Colours on a light and on a dark ground, each with a contrast of at least 4.5 to it.
const STYLE: &str = "\
text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace;font-size:14px;fill:#1f2328}\
.w{fill:#f6f8fa;stroke:#d1d9e0}.b{font-weight:bold}.d{fill:#59636e}.r{fill:#c01822}.g{fill:#116329}.y{fill:#7d4e00}\
.u{fill:#0550ae}.m{fill:#7a3bbf}.c{fill:#1b6a72}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.w{fill:#0d1117;stroke:#3d444d}.d{fill:#9198a1}.r{fill:#ff7b72}\
.g{fill:#56d364}.y{fill:#e3b341}.u{fill:#79c0ff}.m{fill:#d2a8ff}.c{fill:#76e3ea}}";

/// How a piece of text is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Pen {
    bold: bool,
    dim: bool,
    colour: Option<char>,
}

impl Pen {
    /// Follows one number of an escape sequence.
    fn take(&mut self, number: &str) {
        match number {
            "" | "0" => *self = Self::default(),
            "1" => self.bold = true,
            "2" => self.dim = true,
            "22" => (self.bold, self.dim) = (false, false),
            "39" => self.colour = None,
            "31" | "91" => self.colour = Some('r'),
            "32" | "92" => self.colour = Some('g'),
            "33" | "93" => self.colour = Some('y'),
            "34" | "94" => self.colour = Some('u'),
            "35" | "95" => self.colour = Some('m'),
            "36" | "96" => self.colour = Some('c'),
            other => panic!("the picture can't draw the attribute {other}"),
        }
    }

    fn class(self) -> String {
        let mut classes = Vec::new();
        if self.bold {
            classes.push("b".to_owned());
        }
        match self.colour {
            Some(colour) => classes.push(colour.to_string()),
            None if self.dim => classes.push("d".to_owned()),
            None => {}
        }
        if classes.is_empty() {
            return String::new();
        }
        format!(" class=\"{}\"", classes.join(" "))
    }
}

/// The pieces of a line, each with its pen; the pen is kept for the next line.
fn pieces(line: &str, pen: &mut Pen) -> Vec<(Pen, String)> {
    let mut parts = line.split("\x1b[");
    let mut found = vec![(*pen, parts.next().unwrap_or_default().to_owned())];
    for part in parts {
        let (numbers, text) = part.split_once('m').expect("only colours are escaped");
        numbers.split(';').for_each(|number| pen.take(number));
        found.push((*pen, text.to_owned()));
    }
    found.retain(|(_, text)| !text.is_empty());
    found
}

/// The words of a text that a single space divides, each with its column. Wider space is left out, since not every
/// program that shows a picture keeps it.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut column = 0;
    for part in text.split("  ") {
        let words = part.trim();
        if !words.is_empty() {
            let indent = part.len() - part.trim_start().len();
            found.push((column + indent, words));
        }
        column += part.width() + 2;
    }
    found
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The cells that a line takes.
fn cells(line: &str) -> usize {
    let found = pieces(line, &mut Pen::default());
    found.iter().map(|(_, text)| text.width()).sum()
}

/// A line that is cut where it is too long for the picture.
fn cut(line: &str) -> String {
    if cells(line) <= MOST_COLUMNS {
        return line.to_owned();
    }
    let (mut cut, mut seen, mut is_escape) = (String::new(), 0, false);
    for c in line.chars() {
        is_escape |= c == '\x1b';
        if !is_escape {
            seen += 1;
        }
        if seen >= MOST_COLUMNS {
            break;
        }
        is_escape &= c != 'm';
        cut.push(c);
    }
    cut + "\u{2026}\x1b[0m"
}

fn tenths(number: usize) -> String {
    format!("{}.{}", number / 10, number % 10)
}

/// A terminal with these lines, as SVG.
fn drawn(title: &str, lines: &[&str]) -> String {
    let rows = lines.len();
    let columns = lines.iter().map(|line| cells(line)).max().unwrap_or(0);
    let width = (columns.max(COLUMNS) * WIDTH).div_ceil(10) + 2 * MARGIN;
    let height = BAR + rows * HEIGHT + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <rect class=\"w\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n",
        width - 1,
        height - 1
    );
    for (at, class) in ["r", "y", "g"].iter().enumerate() {
        writeln!(
            svg,
            "<circle class=\"{class}\" cx=\"{}\" cy=\"16\" r=\"5\"/>",
            20 + 16 * at
        )
        .unwrap();
    }
    let mut pen = Pen::default();
    for (row, line) in lines.iter().enumerate() {
        let y = BAR + (row + 1) * HEIGHT - 4;
        let mut column = 0;
        for (pen, text) in pieces(line, &mut pen) {
            for (at, words) in words(&text) {
                let x = tenths(10 * MARGIN + (column + at) * WIDTH);
                // The length holds the columns together, whatever font there is.
                let length = tenths(words.width() * WIDTH);
                let (class, words) = (pen.class(), escaped(words));
                writeln!(
                    svg,
                    "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\"{class}>{words}</text>"
                )
                .unwrap();
            }
            column += text.width();
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// The plan in what `rehearse` prints.
fn plan() -> String {
    let printed = printed(&["rehearse", "--progress", "none", "--color", "always"]);
    let (_, rest) = printed.split_once("== Plan\n").unwrap();
    let (plan, _) = rest.split_once("\n== ").unwrap();
    plan.trim().to_owned()
}

#[test]
fn picture_shows_what_rehearse_prints() {
    let plan = plan();
    let lines: Vec<&str> = plan.lines().collect();
    let mut shown = vec![
        "\x1b[2m$\x1b[0m aws-auth-migrate plan --cluster rehearsal",
        "",
    ];
    if lines.len() <= MOST_LINES {
        shown.extend(&lines);
    } else {
        // The last block says what to do next.
        let last = lines.iter().rposition(|line| line.is_empty()).unwrap();
        let tail = &lines[last..];
        let head = &lines[..MOST_LINES - tail.len() - 1];
        shown.extend(head);
        shown.push("\x1b[2m\u{22ee}\x1b[0m");
        shown.extend(tail);
    }
    let shown: Vec<String> = shown.into_iter().map(cut).collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    let title = "The plan of a sample cluster in a terminal";
    golden("docs/plan.svg", &drawn(title, &shown));
}

#[test]
fn pens_follow_the_escapes() {
    let mut pen = Pen::default();
    let found = pieces("a\x1b[1;31mb\x1b[0mc", &mut pen);
    let classes: Vec<_> = found
        .iter()
        .map(|(pen, text)| (pen.class(), text.as_str()))
        .collect();
    let expected = [("", "a"), (" class=\"b r\"", "b"), ("", "c")];
    assert_eq!(
        classes,
        expected.map(|(class, text)| (class.to_owned(), text))
    );
    let long = format!("a\x1b[31m{}\x1b[0m", "b".repeat(MOST_COLUMNS));
    assert_eq!(cells(&cut(&long)), MOST_COLUMNS);
    assert_eq!(words("  a b   c "), [(2, "a b"), (8, "c")]);
    assert!(drawn("x", &["<&>"]).contains(">&lt;&amp;&gt;</text>"));
}
