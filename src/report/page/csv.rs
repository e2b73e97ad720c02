//! A page as rows for a spreadsheet: mark, label and text of every line.

use super::{Page, Part, Text};

pub(super) fn csv(page: &Page) -> String {
    let row = |mark: &str, label: &str, text: &str| {
        vec![mark.to_owned(), label.to_owned(), text.to_owned()]
    };
    let mut rows = vec![row("mark", "label", "text")];
    for part in &page.parts {
        match part {
            Part::Heading(text) => rows.push(row("", "", text)),
            Part::Facts(facts) => rows.extend(facts.iter().map(|fact| {
                let mark = fact.mark.map_or("", super::Mark::sign);
                row(mark, &fact.label, Text::as_str(&fact.value))
            })),
            Part::Lines(lines) => {
                for line in lines {
                    rows.push(row(line.mark.map_or("", super::Mark::sign), "", &line.text));
                    rows.extend(line.more.iter().map(|(label, more)| row("", label, more)));
                }
            }
            Part::Table(table) => {
                if !table.title.is_empty() {
                    rows.push(row("", "", &table.title));
                }
                let cells = |cells: &[String]| cells.join("; ");
                let named = |cell: (&&str, &String)| match *cell.0 {
                    "" => cell.1.clone(),
                    name => format!("{name}: {}", cell.1),
                };
                rows.extend(table.rows.iter().map(|all| match all.split_first() {
                    Some((first, rest)) => {
                        let rest = table.columns[1..].iter().zip(rest).map(named);
                        row("", first, &cells(&rest.collect::<Vec<_>>()))
                    }
                    None => row("", "", ""),
                }));
            }
            Part::Question(question) => {
                rows.push(row("!", "question", &question.title));
                let about = question.about.iter().chain(Some(&question.rest));
                let about = about.filter(|name| !name.is_empty());
                rows.extend(about.map(|name| row("", "about", name)));
                rows.extend(question.why.iter().map(|(label, why)| row("", label, why)));
                for answer in &question.answers {
                    rows.push(row("", &answer.word, &answer.meaning));
                    rows.extend(answer.lines.iter().map(|line| row("", &answer.word, line)));
                }
            }
            Part::Command { purpose, line } => rows.push(row("", purpose, line)),
            Part::Block { title, text } => rows.push(row("", title, text)),
        }
    }
    crate::report::csv::written(rows)
}
