//! Scans scalars: block, quoted and plain ones.
//!
//! Source: go-yaml v2.4, `scannerc.go`, the functions `yaml_parser_scan_..._scalar`.

use std::borrow::Cow;

use super::YamlError;
use super::escape::escaped;
use super::input::Position;
use super::scanner::Scanner;

/// White space inside of a scalar, held back until it is known whether text follows.
#[derive(Default)]
struct Held {
    /// Blanks within a line.
    blanks: String,
    /// The first line break.
    first_break: String,
    /// Those that follow.
    more_breaks: String,
    /// Whether there was a line break at all.
    broken: bool,
}

impl Held {
    /// Takes in blanks and line breaks up to the next text.
    fn fill(
        &mut self,
        scanner: &mut Scanner<'_>,
        tab_limit: Option<isize>,
    ) -> Result<(), YamlError> {
        loop {
            if scanner.input.is_blank(0) {
                if let Some(limit) = tab_limit
                    && self.broken
                    && scanner.input.is(b'\t')
                    && scanner.column() < limit
                {
                    return Err(scanner.failure("found a tab character that violates indentation"));
                }
                if self.broken {
                    scanner.input.skip();
                } else {
                    scanner.input.read(&mut self.blanks);
                }
            } else if scanner.input.is_break(0) {
                scanner.input.need(2)?;
                if self.broken {
                    scanner.input.read_line(&mut self.more_breaks);
                } else {
                    self.blanks.clear();
                    scanner.input.read_line(&mut self.first_break);
                    self.broken = true;
                }
            } else {
                return Ok(());
            }
            scanner.input.need(1)?;
        }
    }

    /// Gives the white space out, with line breaks folded; nowhere where the text is borrowed with its blanks.
    fn fold(&mut self, value: Option<&mut String>) {
        let Some(value) = value else {
            self.blanks.clear();
            return;
        };
        if self.broken {
            if self.first_break.starts_with('\n') {
                if self.more_breaks.is_empty() {
                    value.push(' ');
                }
            } else {
                value.push_str(&self.first_break);
            }
            value.push_str(&self.more_breaks);
            self.first_break.clear();
            self.more_breaks.clear();
            self.broken = false;
        } else {
            value.push_str(&self.blanks);
            self.blanks.clear();
        }
    }
}

/// Whether a character is text in a plain or quoted scalar, wherever it is in it.
fn is_text(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/' | b'.')
}

impl<'a> Scanner<'a> {
    fn column(&self) -> isize {
        isize::try_from(self.input.column()).unwrap_or(isize::MAX)
    }

    /// Scans a literal or folded scalar, and says where it ends.
    pub(super) fn scan_block_scalar(
        &mut self,
        literal: bool,
    ) -> Result<(String, Position), YamlError> {
        self.input.skip();
        let (keep, increment) = self.scan_block_header()?;
        self.skip_rest_of_line()?;

        // Zero is an indentation that is still to be found out.
        let mut indent = increment.map_or(0, |increment| self.indent.max(0) + increment);
        let mut value = String::new();
        let mut first_break = String::new();
        let mut more_breaks = String::new();
        let mut end = self.scan_block_breaks(&mut indent, &mut more_breaks)?;
        self.input.need(1)?;

        let mut leading_blank = false;
        while self.column() == indent && !self.input.is_end() {
            let trailing_blank = self.input.is_blank(0);
            if !literal && first_break.starts_with('\n') && !leading_blank && !trailing_blank {
                if more_breaks.is_empty() {
                    value.push(' ');
                }
            } else {
                value.push_str(&first_break);
            }
            first_break.clear();
            value.push_str(&more_breaks);
            more_breaks.clear();

            leading_blank = self.input.is_blank(0);
            while !self.input.is_break_or_end(0) {
                let line = self
                    .input
                    .skip_all(1, |byte| !matches!(byte, b'\r' | b'\n'));
                value.push_str(line);
                if line.is_empty() {
                    self.input.read(&mut value);
                }
                self.input.need(1)?;
            }
            self.input.need(2)?;
            self.input.read_line(&mut first_break);
            end = self.scan_block_breaks(&mut indent, &mut more_breaks)?;
        }
        if keep != Some(false) {
            value.push_str(&first_break);
        }
        if keep == Some(true) {
            value.push_str(&more_breaks);
        }
        Ok((value, end))
    }

    /// Scans `+` or `-`, which tell whether last line breaks are kept, and the indentation.
    fn scan_block_header(&mut self) -> Result<(Option<bool>, Option<isize>), YamlError> {
        let mut keep = None;
        let mut increment = None;
        for _ in 0..2 {
            self.input.need(1)?;
            if keep.is_none() && self.input.is_any(b"+-") {
                keep = Some(self.input.is(b'+'));
                self.input.skip();
            } else if increment.is_none() && self.input.is_digit() {
                let digit = isize::from(self.input.at(0) - b'0');
                if digit == 0 {
                    return Err(self.failure("found an indentation indicator equal to 0"));
                }
                increment = Some(digit);
                self.input.skip();
            } else {
                break;
            }
        }
        Ok((keep, increment))
    }

    /// Takes in indentation and line breaks, finds the indentation out where it is not known yet.
    fn scan_block_breaks(
        &mut self,
        indent: &mut isize,
        breaks: &mut String,
    ) -> Result<Position, YamlError> {
        let mut end = self.input.mark();
        let mut deepest = 0;
        loop {
            self.input.need(1)?;
            while (*indent == 0 || self.column() < *indent) && self.input.is(b' ') {
                self.input.skip();
                self.input.need(1)?;
            }
            deepest = deepest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && self.input.is(b'\t') {
                return Err(
                    self.failure("found a tab character where an indentation space is expected")
                );
            }
            if !self.input.is_break(0) {
                break;
            }
            self.input.need(2)?;
            self.input.read_line(breaks);
            end = self.input.mark();
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(end)
    }

    /// Scans a scalar in single or double quotes; borrowed where the text has it as it is.
    pub(super) fn scan_flow_scalar(&mut self, single: bool) -> Result<Cow<'a, str>, YamlError> {
        let quote = if single { b'\'' } else { b'"' };
        self.input.skip();
        let start = self.input.mark().byte;
        let mut owned: Option<String> = None;
        let mut held = Held::default();
        loop {
            self.input.need(4)?;
            if self.input.is_document_indicator(b'-') || self.input.is_document_indicator(b'.') {
                return Err(self.failure("found unexpected document indicator"));
            }
            if self.input.is_end() {
                return Err(self.failure("found unexpected end of stream"));
            }
            while !self.input.is_blank_or_end(0) {
                if single && self.input.is(quote) && self.input.at(1) == quote {
                    let value = owned.get_or_insert_with(|| self.input.since(start).to_owned());
                    value.push('\'');
                    self.input.skip();
                    self.input.skip();
                } else if self.input.is(quote) {
                    break;
                } else if !single && self.input.is(b'\\') {
                    let value = owned.get_or_insert_with(|| self.input.since(start).to_owned());
                    if self.input.is_break(1) {
                        self.input.need(3)?;
                        self.input.skip();
                        self.input.skip_line();
                        held.broken = true;
                        break;
                    }
                    value.push(self.scan_escape()?);
                } else {
                    let from = self.input.mark().byte;
                    self.input.skip();
                    self.input.skip_all(2, is_text);
                    if let Some(value) = &mut owned {
                        value.push_str(self.input.since(from));
                    }
                }
                self.input.need(2)?;
            }
            self.input.need(1)?;
            if self.input.is(quote) {
                break;
            }
            let end = self.input.mark().byte;
            held.fill(self, None)?;
            if held.broken && owned.is_none() {
                owned = Some(self.input.between(start, end).to_owned());
            }
            held.fold(owned.as_mut());
        }
        let value = owned.map_or_else(|| Cow::Borrowed(self.input.since(start)), Cow::Owned);
        self.input.skip();
        Ok(value)
    }

    fn scan_escape(&mut self) -> Result<char, YamlError> {
        let Some(escape) = escaped(self.input.at(1)) else {
            return Err(self.failure("found unknown escape character"));
        };
        self.input.skip();
        self.input.skip();
        let digits = match escape {
            Ok(c) => return Ok(c),
            Err(digits) => digits,
        };
        self.input.need(digits)?;
        let mut number = 0;
        for at in 0..digits {
            let Some(digit) = char::from(self.input.at(at)).to_digit(16) else {
                return Err(self.failure("did not find expected hexdecimal number"));
            };
            number = (number << 4) | digit;
        }
        let Some(c) = char::from_u32(number) else {
            return Err(self.failure("found invalid Unicode character escape code"));
        };
        for _ in 0..digits {
            self.input.skip();
        }
        Ok(c)
    }

    /// Scans a scalar without quotes, and says where it ends; borrowed where the text has it as it is.
    pub(super) fn scan_plain_scalar(&mut self) -> Result<(Cow<'a, str>, Position), YamlError> {
        let indent = self.indent + 1;
        let mut owned: Option<String> = None;
        let mut held = Held::default();
        let start = self.input.mark().byte;
        let mut end = self.input.mark();
        loop {
            self.input.need(4)?;
            if self.input.is_document_indicator(b'-')
                || self.input.is_document_indicator(b'.')
                || self.input.is(b'#')
            {
                break;
            }
            while !self.input.is_blank_or_end(0) {
                if (self.input.is(b':') && self.input.is_blank_or_end(1))
                    || (self.flow_level > 0 && self.input.is_any(b",?[]{}"))
                {
                    break;
                }
                if held.broken && owned.is_none() {
                    owned = Some(self.input.between(start, end.byte).to_owned());
                }
                held.fold(owned.as_mut());
                let from = self.input.mark().byte;
                self.input.skip();
                self.input.skip_all(2, is_text);
                if let Some(value) = &mut owned {
                    value.push_str(self.input.since(from));
                }
                end = self.input.mark();
                self.input.need(2)?;
            }
            if !(self.input.is_blank(0) || self.input.is_break(0)) {
                break;
            }
            self.input.need(1)?;
            held.fill(self, Some(indent))?;
            if self.flow_level == 0 && self.column() < indent {
                break;
            }
        }
        // A scalar that continues over line breaks leaves the place at the start of a line.
        if held.broken {
            self.simple_key_allowed = true;
        }
        let value = owned.map_or_else(
            || Cow::Borrowed(self.input.between(start, end.byte)),
            Cow::Owned,
        );
        Ok((value, end))
    }
}
