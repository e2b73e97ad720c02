//! `docs/findings.md`, made from the catalogue.

use std::fmt::Write;

use aws_auth_migrate::finding::{Code, Severity, explain};

use super::golden;

const HEAD: &str = "\
# Finding codes

<!-- Made from the catalogue in src/finding: UPDATE_GOLDEN=1 cargo test --test readme -->

Each finding has a code that never changes its meaning. `aws-auth-migrate explain CODE` prints the same at a terminal.

| first digit | about |
|---|---|
| 0 | reading `aws-auth` |
| 1 | how a mapping becomes an access entry |
| 2 | mappings that grant nothing |
| 3 | what blocks until somebody decides |
| 4 | live access entries |
| 5 | nodes |
| 6 | the cluster |
| 7 | bindings |
| 8 | what somebody chose |
";

fn weight(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn page() -> String {
    let mut page = format!("{HEAD}\n| code | weight | what it says |\n|---|---|---|\n");
    for code in Code::ALL {
        let (name, weight) = (code.to_string(), weight(code.severity()));
        let title = code.title();
        writeln!(
            page,
            "| [{name}](#{}) | {weight} | {title} |",
            name.to_lowercase()
        )
        .unwrap();
    }
    for code in Code::ALL {
        let told = explain(*code);
        write!(
            page,
            "\n## {code}\n\n**{}** ({})\n",
            told.title,
            weight(told.severity)
        )
        .unwrap();
        write!(page, "\n{}\n", told.meaning).unwrap();
        write!(page, "\n*What to do:* {}\n", told.fix).unwrap();
        write!(page, "\n*Why:* {}\n", told.why).unwrap();
        if let Some(example) = told.example {
            for (name, text) in [("Before", example.before), ("After", example.after)] {
                write!(page, "\n{name}:\n\n```yaml\n{}\n```\n", text.trim_end()).unwrap();
            }
        }
    }
    page
}

#[test]
fn findings_page_is_the_catalogue() {
    golden("docs/findings.md", &page());
}
