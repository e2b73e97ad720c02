//! Places in the text of a section, as people count them.

use crate::model::{Place, Section};

/// Bytes between two entries of the character count.
const STRIDE: usize = 256;

/// The text of a section with its lines.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    pub(super) section: Section,
    pub(super) text: &'a str,
    /// Where each line begins.
    starts: Vec<usize>,
    /// Characters before every `STRIDE`th byte, so that columns of a very long line are found quickly.
    characters: Vec<usize>,
}

fn begins_character(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

impl<'a> Lines<'a> {
    pub(super) fn new(section: Section, text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let mut count = 0;
        let characters = text.as_bytes().chunks(STRIDE).map(|chunk| {
            let before = count;
            count += chunk.iter().filter(|byte| begins_character(**byte)).count();
            before
        });
        Self {
            section,
            text,
            starts: std::iter::once(0)
                .chain(ends.map(|(at, _)| at + 1))
                .collect(),
            characters: characters.collect(),
        }
    }

    fn characters_before(&self, byte: usize) -> usize {
        let Some(before) = self.characters.get(byte / STRIDE) else {
            return self.text.chars().count();
        };
        let rest = &self.text.as_bytes()[byte / STRIDE * STRIDE..byte];
        before + rest.iter().filter(|byte| begins_character(**byte)).count()
    }

    /// The place of some bytes.
    pub(super) fn place(&self, start: usize, end: usize) -> Place {
        let start = self.text.floor_char_boundary(start);
        let end = self.text.floor_char_boundary(end).max(start);
        let line = self.starts.partition_point(|line| *line <= start);
        let column =
            self.characters_before(start) - self.characters_before(self.starts[line - 1]) + 1;
        Place {
            section: self.section,
            line,
            column,
            start,
            end,
        }
    }

    /// The bytes of a line, counted from 1, without its end.
    pub(super) fn line(&self, line: usize) -> std::ops::Range<usize> {
        let start = self.starts[line - 1];
        let end = self
            .starts
            .get(line)
            .map_or(self.text.len(), |next| next - 1);
        start..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_begin_at_one() {
        let text = format!("é: x\n{}ü: y", "é".repeat(400));
        let lines = Lines::new(Section::MapRoles, &text);
        let place = lines.place(text.find('ü').unwrap(), text.len());
        assert_eq!((place.line, place.column), (2, 401));
        assert_eq!(&text[lines.line(1)], "é: x");
        assert_eq!(lines.place(0, 0).column, 1);
        assert_eq!(lines.place(text.len(), text.len()).column, 405);
    }
}
