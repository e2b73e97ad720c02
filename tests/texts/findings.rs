//! Every finding code with its explanation.

use aws_auth_migrate::finding::{Code, Severity, explain};

use crate::golden::check;

#[test]
fn every_finding_is_reviewed() {
    let mut golden = String::new();
    for &code in Code::ALL {
        let explanation = explain(code);
        let severity = match explanation.severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        golden.push_str(&format!("==== {code} {severity}: {}\n", explanation.title));
        golden.push_str(&format!("meaning: {}\n", explanation.meaning));
        golden.push_str(&format!("fix: {}\n", explanation.fix));
        golden.push_str(&format!("source: {}\n", explanation.why));
        if let Some(example) = explanation.example {
            golden.push_str(&format!("before:\n{}\n", example.before.trim_end()));
            golden.push_str(&format!("after:\n{}\n", example.after.trim_end()));
        }
        golden.push('\n');
    }
    check("findings.txt", &golden);
}
