//! Programs that nobody here wrote, as judges of what is written.
#![expect(clippy::disallowed_methods, reason = "CI sets a variable")]

use std::process::Command;

/// Whether a judge is on this machine; says so if not, and insists under CI.
pub(crate) fn judge(name: &str, probe: &mut Command) -> bool {
    let there = probe.output().is_ok_and(|output| output.status.success());
    if !there {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "judge missing: {name}");
        assert!(
            std::env::var_os("CI").is_none(),
            "judge missing: {name}; CI has all judges"
        );
    }
    there
}

/// Runs a judge over a file with this text; returns what it says.
pub(crate) fn judged(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A program of the judges' own Python environment.
pub(crate) fn python(program: &str) -> Command {
    Command::new(format!(
        "{}/target/judges/bin/{program}",
        env!("CARGO_MANIFEST_DIR")
    ))
}
