//! The characters of a text, handed out in portions as go-yaml takes them in.
//!
//! The portions matter: what lies behind the first document is checked only as far as it was taken in, and a byte
//! order mark is looked for at the start of the portion instead of the current place.
//! Source: go-yaml v2.4, `readerc.go` and `yamlprivateh.go`.

use super::YamlError;

/// How many bytes are taken in at once.
const PORTION: usize = 512;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Position {
    /// The byte.
    pub(super) byte: usize,
    /// Characters before it.
    pub(super) index: usize,
    /// Lines before it.
    pub(super) line: usize,
    /// Characters before it in its line.
    pub(super) column: usize,
}

/// A text with the place that has been reached in it.
#[derive(Debug)]
pub(super) struct Input<'a> {
    text: &'a str,
    mark: Position,
    /// Where the portion at hand begins.
    portion: usize,
    /// Up to where characters are checked and at hand.
    checked: usize,
    /// Up to where bytes were taken in.
    taken: usize,
    /// Characters at hand behind the mark, with the zeros that stand for the end.
    unread: usize,
    started: bool,
    ended: bool,
}

impl<'a> Input<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            // An empty text is read as an empty line, which comes to the same.
            text,
            mark: Position::default(),
            portion: 0,
            checked: 0,
            taken: 0,
            unread: 0,
            started: false,
            ended: false,
        }
    }

    pub(super) fn mark(&self) -> Position {
        self.mark
    }

    pub(super) fn column(&self) -> usize {
        self.mark.column
    }

    /// What was gone past since a byte.
    pub(super) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.mark.byte]
    }

    /// What is between two bytes.
    pub(super) fn between(&self, start: usize, end: usize) -> &'a str {
        &self.text[start..end]
    }

    /// Makes sure that so many characters are at hand.
    pub(super) fn need(&mut self, length: usize) -> Result<(), YamlError> {
        if self.unread >= length {
            return Ok(());
        }
        self.bring(length)
    }

    fn bring(&mut self, length: usize) -> Result<(), YamlError> {
        if !self.started {
            self.started = true;
            while !self.ended && self.taken < BYTE_ORDER_MARK.len() {
                self.take_in();
            }
            if self.text.as_bytes().starts_with(BYTE_ORDER_MARK) {
                self.checked = BYTE_ORDER_MARK.len();
                self.mark.byte = BYTE_ORDER_MARK.len();
            }
        }
        self.portion = self.mark.byte;
        let mut first = true;
        while self.unread < length {
            if !first || self.checked == self.taken {
                self.take_in();
            }
            first = false;
            self.check()?;
            if self.ended {
                self.unread += 1;
                break;
            }
        }
        Ok(())
    }

    fn take_in(&mut self) {
        let room = PORTION - (self.taken - self.checked);
        if room == 0 || self.ended {
            return;
        }
        let left = self.text.len() - self.taken;
        self.ended = left == 0;
        self.taken += left.min(room);
    }

    /// Checks the characters that were taken in whole.
    fn check(&mut self) -> Result<(), YamlError> {
        let taken = &self.text.as_bytes()[self.checked..self.taken];
        let plain = taken
            .iter()
            .take_while(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
            .count();
        self.checked += plain;
        self.unread += plain;
        for c in self.text[self.checked..].chars() {
            if self.checked + c.len_utf8() > self.taken {
                break;
            }
            let printable = matches!(c,
                '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{FFFD}' | '\u{10000}'..);
            if !printable {
                return Err(YamlError::new(
                    "control characters are not allowed",
                    self.checked,
                ));
            }
            self.checked += c.len_utf8();
            self.unread += 1;
        }
        Ok(())
    }

    /// The byte so many bytes behind the mark; zero behind the end.
    pub(super) fn at(&self, offset: usize) -> u8 {
        let byte = self.mark.byte + offset;
        if byte < self.checked {
            self.text.as_bytes()[byte]
        } else {
            0
        }
    }

    pub(super) fn is(&self, byte: u8) -> bool {
        self.at(0) == byte
    }

    pub(super) fn is_any(&self, bytes: &[u8]) -> bool {
        self.at(0) != 0 && bytes.contains(&self.at(0))
    }

    pub(super) fn is_end(&self) -> bool {
        self.is(0)
    }

    pub(super) fn is_blank(&self, offset: usize) -> bool {
        matches!(self.at(offset), b' ' | b'\t')
    }

    pub(super) fn is_break(&self, offset: usize) -> bool {
        match self.at(offset) {
            b'\r' | b'\n' => true,
            0xC2 => self.at(offset + 1) == 0x85,
            0xE2 => self.at(offset + 1) == 0x80 && matches!(self.at(offset + 2), 0xA8 | 0xA9),
            _ => false,
        }
    }

    pub(super) fn is_break_or_end(&self, offset: usize) -> bool {
        self.at(offset) == 0 || self.is_break(offset)
    }

    pub(super) fn is_blank_or_end(&self, offset: usize) -> bool {
        self.is_blank(offset) || self.is_break_or_end(offset)
    }

    /// A letter, digit, underscore or dash.
    pub(super) fn is_word(&self) -> bool {
        let byte = self.at(0);
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
    }

    pub(super) fn is_digit(&self) -> bool {
        self.at(0).is_ascii_digit()
    }

    /// Whether three dashes or dots stand alone at the start of a line.
    pub(super) fn is_document_indicator(&self, byte: u8) -> bool {
        self.mark.column == 0 && (0..3).all(|at| self.at(at) == byte) && self.is_blank_or_end(3)
    }

    /// Whether the portion, and not the place, begins with a byte order mark.
    pub(super) fn portion_has_byte_order_mark(&self) -> bool {
        self.text.as_bytes()[self.portion..self.checked].starts_with(BYTE_ORDER_MARK)
    }

    fn current(&self) -> Option<char> {
        self.text.get(self.mark.byte..self.checked)?.chars().next()
    }

    /// Goes past one character that is no line break.
    pub(super) fn skip(&mut self) {
        if self.at(0).wrapping_sub(1) < 0x7F {
            self.pass(1);
            return;
        }
        if let Some(c) = self.current() {
            self.mark.byte += c.len_utf8();
            self.mark.index += 1;
            self.mark.column += 1;
            self.unread = self.unread.saturating_sub(1);
        }
    }

    /// Goes past so many ASCII characters that are at hand.
    fn pass(&mut self, characters: usize) {
        self.mark.byte += characters;
        self.mark.index += characters;
        self.mark.column += characters;
        self.unread = self.unread.saturating_sub(characters);
    }

    /// Goes past all ASCII characters of one kind, as far as `ahead` characters stay at hand; gives them back.
    ///
    /// Comes to the same as going past them one by one and needing `ahead` characters after each: nothing is taken in.
    pub(super) fn skip_all(&mut self, ahead: usize, is_wanted: impl Fn(u8) -> bool) -> &'a str {
        let start = self.mark.byte;
        let room = self.unread.saturating_sub(ahead);
        let at_hand = self
            .text
            .as_bytes()
            .get(start..self.checked)
            .unwrap_or_default();
        let is_wanted = |byte: &&u8| byte.is_ascii() && is_wanted(**byte);
        self.pass(at_hand.iter().take(room).take_while(is_wanted).count());
        self.since(start)
    }

    /// Goes past one character and keeps it.
    pub(super) fn read(&mut self, into: &mut String) {
        into.extend(self.current());
        self.skip();
    }

    /// Goes past a line break.
    pub(super) fn skip_line(&mut self) {
        self.read_line(&mut String::new());
    }

    /// Goes past a line break and keeps it, as a line feed where it is not one of Unicode's separators.
    pub(super) fn read_line(&mut self, into: &mut String) {
        if !self.is_break(0) {
            return;
        }
        if self.is(b'\r') && self.at(1) == b'\n' {
            self.skip();
        }
        let Some(c) = self.current() else { return };
        into.push(if matches!(c, '\u{2028}' | '\u{2029}') {
            c
        } else {
            '\n'
        });
        self.skip();
        self.mark.column = 0;
        self.mark.line += 1;
    }

    /// Ends the last line, where no line break does.
    pub(super) fn end_line(&mut self) {
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
    }
}
