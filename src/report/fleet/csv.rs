//! A fleet as a spreadsheet: a row for each cluster.

use super::{FleetPage, Row};
use crate::fleet::Report;
use crate::text::visible;

/// The columns; more may follow, at the end.
const COLUMNS: [&str; 17] = [
    "account",
    "region",
    "cluster",
    "arn",
    "state",
    "authenticationMode",
    "platformVersion",
    "hasAwsAuth",
    "create",
    "update",
    "unchanged",
    "conflict",
    "blocked",
    "inert",
    "skipped",
    "reason",
    "blocks",
];

pub(super) fn csv(report: &Report) -> String {
    let header = COLUMNS.map(str::to_owned).to_vec();
    let lines = FleetPage::of(report).lines;
    let rows = report.rows.iter().zip(lines).map(|(row, line)| {
        let counts = row.mappings.map(|of| {
            [
                of.create,
                of.update,
                of.unchanged,
                of.conflict,
                of.blocked,
                of.inert,
                of.skipped,
            ]
        });
        let mut cells = vec![
            row.cluster.account.clone(),
            row.cluster.region.clone(),
            row.cluster.name.clone(),
            row.arn.clone().unwrap_or_default(),
            line.state.to_owned(),
            row.authentication_mode
                .map_or("", |mode| mode.as_str())
                .to_owned(),
            row.platform_version.clone().unwrap_or_default(),
            row.has_aws_auth
                .map(|there| there.to_string())
                .unwrap_or_default(),
        ];
        match counts {
            Some(counts) => cells.extend(counts.map(|count| count.to_string())),
            None => cells.extend(std::iter::repeat_n(String::new(), 7)),
        }
        let reason = row.reason.as_ref();
        cells.push(reason.map(crate::fleet::Reason::line).unwrap_or_default());
        cells.push(blocks(row));
        cells
            .iter()
            .map(|cell| visible(cell).into_owned())
            .collect()
    });
    crate::report::csv::written(std::iter::once(header).chain(rows))
}

fn blocks(row: &Row) -> String {
    let blocks = row.blocks.iter().map(|block| {
        let code = block
            .code
            .map_or_else(String::new, |code| format!(" ({code})"));
        let who = block.principal.as_deref().unwrap_or("the cluster itself");
        format!("{who}: {}{code}", block.message)
    });
    blocks.collect::<Vec<_>>().join("; ")
}
