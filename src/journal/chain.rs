//! The chain of digests: every line names the one before it, so that none is edited, moved or taken out unnoticed.
//!
//! The end of a journal can't be guarded so: a line is torn off by a crash as well. Rewriting all lines makes
//! another journal; against that stand its owner and the backups beside it. Journals of earlier versions have lines
//! without digests at their beginning.

use crate::digest::sha256;

const BEGIN: &str = ",\"prev\":\"";
const END: &str = "\"}";
/// How long a digest is.
const DIGEST: usize = 64;

/// What the next line says of this one.
pub(super) fn digest(line: &[u8]) -> String {
    sha256(line)
}

/// A record's JSON with what it says of the line before.
pub(super) fn linked(record: &str, last: &str) -> String {
    let record = record.strip_suffix('}').unwrap_or(record);
    format!("{record}{BEGIN}{last}{END}")
}

/// Lines as they are read, held against each other.
#[derive(Debug)]
pub(super) struct Chain {
    last: String,
    lines: usize,
    is_linked: bool,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            last: digest(b""),
            lines: 0,
            is_linked: false,
        }
    }
}

impl Chain {
    /// Takes the next line, without its end.
    ///
    /// # Errors
    /// Which line is not as it was written, in words.
    pub(super) fn follow(&mut self, line: &[u8]) -> Result<(), String> {
        let number = self.lines + 1;
        match said(line) {
            Some(said) if said == self.last => self.is_linked = true,
            Some(_) if number == 1 => return Err("the lines before line 1 are missing".to_owned()),
            Some(_) => {
                return Err(format!(
                    "line {} was edited, or line {number} was moved, or lines between them are missing",
                    number - 1
                ));
            }
            None if self.is_linked => {
                return Err(format!(
                    "line {number} does not name the line that it follows, as the lines before it do"
                ));
            }
            None => {}
        }
        self.last = digest(line);
        self.lines = number;
        Ok(())
    }

    /// What the next line says of the last one.
    pub(super) fn last(self) -> String {
        self.last
    }
}

/// What a line says of the line before.
fn said(line: &[u8]) -> Option<&str> {
    let rest = std::str::from_utf8(line).ok()?.strip_suffix(END)?;
    let begin = rest.len().checked_sub(DIGEST)?;
    let (before, said) = rest.split_at_checked(begin)?;
    before.ends_with(BEGIN).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chained(records: &[&str]) -> Vec<String> {
        let mut last = digest(b"");
        let mut lines = Vec::new();
        for record in records {
            let line = linked(record, &last);
            last = digest(line.as_bytes());
            lines.push(line);
        }
        lines
    }

    fn read(lines: &[String]) -> Result<(), String> {
        let mut chain = Chain::default();
        lines
            .iter()
            .try_for_each(|line| chain.follow(line.as_bytes()))
    }

    #[test]
    fn a_line_that_was_edited_moved_or_taken_out_is_named() {
        let whole = chained(&["{\"a\":1}", "{\"a\":2}", "{\"a\":3}", "{\"a\":4}"]);
        assert_eq!(read(&whole), Ok(()));
        assert_eq!(read(&whole[..2]), Ok(()), "torn off at its end");
        let mut edited = whole.clone();
        edited[1] = edited[1].replace(":2", ":5");
        let mut swapped = whole.clone();
        swapped.swap(1, 2);
        let mut missing = whole.clone();
        missing.remove(1);
        let mut bare = whole.clone();
        bare[2] = "{\"a\":3}".to_owned();
        for (lines, expected) in [
            (&edited, "line 2 was edited"),
            (&swapped, "line 2 was moved"),
            (
                &missing,
                "line 1 was edited, or line 2 was moved, or lines between them are missing",
            ),
            (&bare, "line 3 does not name the line that it follows"),
            (&whole[1..].to_vec(), "the lines before line 1 are missing"),
        ] {
            let said = read(lines).unwrap_err();
            assert!(said.contains(expected), "{expected}: {said}");
        }
    }

    #[test]
    fn lines_of_earlier_versions_are_read_and_held_by_the_first_line_with_a_digest() {
        let old = "{\"a\":1}".to_owned();
        let next = linked("{\"a\":2}", &digest(old.as_bytes()));
        assert_eq!(read(&[old.clone(), old.clone()]), Ok(()));
        assert_eq!(read(&[old.clone(), next.clone()]), Ok(()));
        let edited = old.replace('1', "7");
        assert!(
            read(&[edited, next])
                .unwrap_err()
                .contains("line 1 was edited")
        );
    }
}
