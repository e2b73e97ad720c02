//! Finds out how an unreadable text becomes readable, where one of the usual causes is at work.

use super::lines::Lines;
use crate::go_yaml::parse;

/// What to do about a text that fails at a line; what is to be pasted was tried before it is offered.
pub(super) fn fix(lines: &Lines<'_>, line: usize) -> String {
    let key = lines.section.key();
    for (advice, mend) in [
        (
            "quote the placeholders",
            quote_placeholders as fn(&str) -> String,
        ),
        ("indent with spaces instead of tabs", spaces_for_tabs),
    ] {
        let mended: String = lines.text.split_inclusive('\n').map(mend).collect();
        if mended != lines.text && parse(&mended).is_ok() {
            let changed = mended
                .lines()
                .zip(lines.text.lines())
                .filter(|(after, before)| after != before)
                .map(|(after, _)| after)
                .take(10);
            let changed: Vec<&str> = changed.collect();
            return format!(
                "{advice}, which grants everybody in `{key}` access that nobody has today:\n{}",
                changed.join("\n")
            );
        }
    }
    format!(
        "fix line {line} of `{key}`, or empty `{key}` if it is not needed; fixing it grants access that nobody has today"
    )
}

fn spaces_for_tabs(line: &str) -> String {
    let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
    format!("{}{}", line[..indent].replace('\t', "  "), &line[indent..])
}

/// Puts the scalar around `{{` into double quotes, unless the line has some.
fn quote_placeholders(line: &str) -> String {
    let Some(at) = line.find("{{").filter(|_| !line.contains(['"', '\''])) else {
        return line.to_owned();
    };
    let start = line[..at]
        .rfind([' ', '[', '{', ','])
        .map_or(0, |before| before + 1);
    let Some(close) = line[at..].rfind("}}").map(|close| at + close + 2) else {
        return line.to_owned();
    };
    let end = line[close..]
        .find([',', ']', '}', ' ', '\t', '\r', '\n'])
        .map_or(line.len(), |end| close + end);
    format!(
        "{}\"{}\"{}",
        &line[..start],
        &line[start..end],
        &line[end..]
    )
}
