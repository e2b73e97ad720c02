//! The report of a fleet: a row for each cluster, and once what repeats across them.

mod csv;
mod decisions;
mod html;
mod markdown;
mod table;

use super::format::Format;
use super::words::{OUTCOMES, count, mark, plural};
use crate::fleet::{FleetCommand, FleetQuestion, Report, Row, State};
use crate::text::visible;

pub use table::FleetTable;

/// A decisions file with every open question of a fleet once, its answers as comments.
#[must_use]
pub fn fleet_decisions(report: &Report) -> String {
    decisions::decisions(report)
}

/// How many questions that file holds.
#[must_use]
pub fn fleet_open(report: &Report) -> usize {
    decisions::open(report).len()
}

/// The report of a fleet in a form.
#[must_use]
pub fn fleet(report: &Report, format: Format, options: FleetTable) -> String {
    match format {
        Format::Json => super::json::document(report),
        Format::Yaml => super::yaml::document(report),
        Format::Csv => csv::csv(report),
        Format::Table => table::table(&FleetPage::of(report), options),
        Format::Markdown => markdown::markdown(&FleetPage::of(report)),
        Format::Html => html::html(&FleetPage::of(report)),
    }
}

/// How far a fleet is, in one sentence.
#[must_use]
pub fn fleet_sentence(report: &Report) -> String {
    let of = &report.summary;
    let states = [
        (of.done, done_word(report.command)),
        (of.pending, "pending"),
        (
            of.needs_decision,
            if of.needs_decision == 1 {
                "needs a decision"
            } else {
                "need a decision"
            },
        ),
        (of.incomplete, "incomplete"),
        (of.not_reached, "not begun"),
        (of.failed, "failed"),
    ];
    let states = states.into_iter().filter(|(count, _)| *count > 0);
    let states: Vec<String> = states
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let clusters = plural(report.rows.len(), "cluster", "clusters");
    let shard = report.shard.as_ref().map_or_else(String::new, |shard| {
        format!(
            " (shard {} of {}, of a fleet of {})",
            shard.index, shard.of, shard.clusters
        )
    });
    match states.len() {
        0 => format!("{clusters}{shard}"),
        _ => format!("{clusters}{shard}: {}", states.join(", ")),
    }
}

/// What "nothing is left to do" is called after a command.
fn done_word(command: FleetCommand) -> &'static str {
    match command {
        FleetCommand::Plan => "without changes",
        FleetCommand::Apply => "applied",
        FleetCommand::Verify | FleetCommand::Status => "safe to cut over",
    }
}

/// The model that the forms for people share: every text is made visible.
struct FleetPage {
    title: String,
    sentence: String,
    lines: Vec<FleetLine>,
    questions: Vec<AskedOfFleet>,
}

/// A cluster.
struct FleetLine {
    mark: &'static str,
    /// The class of the row on a page.
    class: &'static str,
    state: &'static str,
    account: String,
    region: String,
    name: String,
    mode: String,
    platform: String,
    mappings: String,
    verdicts: String,
    notes: Vec<FleetNote>,
}

/// What else there is to say about a cluster.
struct FleetNote {
    text: String,
    more: Vec<String>,
}

/// A question with the clusters that ask it.
struct AskedOfFleet {
    /// Whose access, and in how many clusters.
    head: String,
    message: String,
    fix: String,
    clusters: Vec<String>,
}

impl FleetPage {
    fn of(report: &Report) -> Self {
        Self {
            title: format!("The fleet: {}", report.command.as_str()),
            sentence: visible(&fleet_sentence(report)).into_owned(),
            lines: report
                .rows
                .iter()
                .map(|row| line(row, report.command))
                .collect(),
            questions: report.questions.iter().map(asked).collect(),
        }
    }
}

fn line(row: &Row, command: FleetCommand) -> FleetLine {
    let shown = |text: &str| visible(text).into_owned();
    let or_dash = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), shown);
    let (mark, class, state) = match row.state {
        State::Done => ("=", "is-unchanged", done_word(command)),
        State::Pending => ("+", "is-create", "pending"),
        State::NeedsDecision => ("!", "is-conflict", "needs a decision"),
        State::Incomplete => ("!", "is-blocked", "incomplete"),
        State::NotReached => ("-", "is-skipped", "not begun"),
        State::Failed => ("!", "is-blocked", "failed"),
    };
    FleetLine {
        mark,
        class,
        state,
        account: shown(&row.cluster.account),
        region: shown(&row.cluster.region),
        name: match row.cluster.name.as_str() {
            "" => "(not listed)".to_owned(),
            name => shown(name),
        },
        mode: row
            .authentication_mode
            .map_or("-", |mode| mode.as_str())
            .to_owned(),
        platform: or_dash(row.platform_version.as_deref()),
        mappings: mappings(row),
        verdicts: verdicts(row),
        notes: notes(row),
    }
}

/// Mappings by outcome, in the marks of a plan.
fn mappings(row: &Row) -> String {
    let Some(summary) = &row.mappings else {
        return "-".to_owned();
    };
    let counts = OUTCOMES.into_iter().filter_map(|outcome| {
        let count = count(summary, outcome);
        // Blocked and in conflict have one mark.
        (count > 0).then(|| format!("{}{count}", mark(outcome)))
    });
    let counts: Vec<String> = counts.collect();
    match counts.len() {
        0 => "none".to_owned(),
        _ => counts.join(" "),
    }
}

fn verdicts(row: &Row) -> String {
    let Some(of) = row.verdicts else {
        return "-".to_owned();
    };
    let all = [
        (of.same, "same"),
        (of.renamed, "renamed"),
        (of.lost, "lost"),
        (of.gained, "gained"),
        (of.changed, "changed"),
        (of.unknown, "unknown"),
    ];
    let counts = all.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    match counts.len() {
        0 => "-".to_owned(),
        _ => counts.join(", "),
    }
}

fn notes(row: &Row) -> Vec<FleetNote> {
    let mut notes = Vec::new();
    let mut note = |text: &str, more: Vec<String>| {
        notes.push(FleetNote {
            text: visible(text).into_owned(),
            more: more.iter().map(|more| visible(more).into_owned()).collect(),
        });
    };
    if let Some(reason) = &row.reason {
        note(&reason.line(), reason.hints.clone());
    }
    if row.has_aws_auth == Some(false) {
        note("it has no aws-auth", Vec::new());
    }
    if let Some(applied) = &row.applied {
        if let Some(mode) = applied.switched_to {
            note(&format!("switched to {mode}"), Vec::new());
        }
        if applied.failed + applied.skipped > 0 {
            let text = format!(
                "{} done, {} failed, {} not tried",
                plural(applied.made, "call", "calls"),
                applied.failed,
                applied.skipped
            );
            note(&text, vec![format!("journal: {}", applied.journal)]);
        }
    }
    for drift in &row.drift {
        note(&format!("changed since: {drift}"), Vec::new());
    }
    if let Some(next) = &row.next {
        note(&format!("next: {next}"), Vec::new());
    }
    notes
}

fn asked(question: &FleetQuestion) -> AskedOfFleet {
    let shown = |text: &str| visible(text).into_owned();
    let who = question
        .principal
        .as_deref()
        .unwrap_or("the cluster itself");
    let code = question
        .code
        .map_or_else(String::new, |code| format!(" ({code})"));
    AskedOfFleet {
        head: format!(
            "{}{code} in {}",
            shown(who),
            plural(question.clusters.len(), "cluster", "clusters")
        ),
        message: shown(&question.message),
        fix: shown(&question.fix),
        clusters: question
            .clusters
            .iter()
            .map(|cluster| shown(cluster))
            .collect(),
    }
}
