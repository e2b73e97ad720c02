//! Says what is to be seen even when a test passes.

/// Writes a line past the test runner, which keeps back what a passing test prints by macros.
pub(crate) fn tell(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{text}\n").as_bytes());
}
