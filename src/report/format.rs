//! The formats that every command can write.

/// A format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people, fits the terminal.
    #[default]
    Table,
    /// The document whose form `schema` prints.
    Json,
    /// The same document in YAML.
    Yaml,
    /// GitHub Flavored Markdown, for a pull request or a ticket.
    Markdown,
    /// One self-contained page.
    Html,
    /// Rows for a spreadsheet.
    Csv,
}
