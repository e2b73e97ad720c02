//! Scans what comes before a node: directives, anchors and tags; and knows the escapes in double quotes.
//!
//! Source: go-yaml v2.4, `scannerc.go`.

use super::YamlError;
use super::scanner::Scanner;
use super::token::TokenKind;

/// What an escape in double quotes means: a character, or so many hexadecimal digits that follow.
pub(super) fn escaped(byte: u8) -> Option<Result<char, usize>> {
    Some(Ok(match byte {
        b'0' => '\0',
        b'a' => '\u{7}',
        b'b' => '\u{8}',
        b't' | b'\t' => '\t',
        b'n' => '\n',
        b'v' => '\u{B}',
        b'f' => '\u{C}',
        b'r' => '\r',
        b'e' => '\u{1B}',
        b' ' => ' ',
        b'"' => '"',
        b'\'' => '\'',
        b'\\' => '\\',
        b'N' => '\u{85}',
        b'_' => '\u{A0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        b'x' => return Some(Err(2)),
        b'u' => return Some(Err(4)),
        b'U' => return Some(Err(8)),
        _ => return None,
    }))
}

impl<'a> Scanner<'a> {
    pub(super) fn scan_directive(&mut self) -> Result<TokenKind<'a>, YamlError> {
        self.input.skip();
        let name = self.scan_word()?;
        if name.is_empty() {
            return Err(self.failure("could not find expected directive name"));
        }
        if !self.input.is_blank_or_end(0) {
            return Err(self.failure("found unexpected non-alphabetical character"));
        }
        let kind = match name {
            "YAML" => self.scan_version()?,
            "TAG" => self.scan_tag_directive()?,
            _ => return Err(self.failure("found unknown directive name")),
        };
        self.skip_rest_of_line()?;
        Ok(kind)
    }

    fn scan_word(&mut self) -> Result<&'a str, YamlError> {
        self.input.need(1)?;
        let start = self.input.mark().byte;
        while self.input.is_word() {
            self.input.skip();
            self.input.need(1)?;
        }
        Ok(self.input.since(start))
    }

    fn scan_version(&mut self) -> Result<TokenKind<'a>, YamlError> {
        self.skip_blanks()?;
        let major = self.scan_version_number()?;
        if !self.input.is(b'.') {
            return Err(self.failure("did not find expected digit or '.' character"));
        }
        self.input.skip();
        let minor = self.scan_version_number()?;
        Ok(TokenKind::Version { major, minor })
    }

    fn scan_version_number(&mut self) -> Result<u8, YamlError> {
        self.input.need(1)?;
        let mut digits = String::new();
        while self.input.is_digit() {
            self.input.read(&mut digits);
            if digits.len() > 2 {
                return Err(self.failure("found extremely long version number"));
            }
            self.input.need(1)?;
        }
        digits
            .parse()
            .map_err(|_| self.failure("did not find expected version number"))
    }

    fn scan_tag_directive(&mut self) -> Result<TokenKind<'a>, YamlError> {
        self.skip_blanks()?;
        let handle = self.scan_tag_handle()?;
        if handle != "!" && !(handle.len() > 1 && handle.ends_with('!')) {
            return Err(self.failure("did not find expected '!'"));
        }
        self.input.need(1)?;
        if !self.input.is_blank(0) {
            return Err(self.failure("did not find expected whitespace"));
        }
        self.skip_blanks()?;
        let prefix = self.scan_tag_uri("")?;
        if !self.input.is_blank_or_end(0) {
            return Err(self.failure("did not find expected whitespace or line break"));
        }
        Ok(TokenKind::TagDirective { handle, prefix })
    }

    pub(super) fn scan_anchor(&mut self) -> Result<&'a str, YamlError> {
        self.input.skip();
        let name = self.scan_word()?;
        if name.is_empty() || !(self.input.is_blank_or_end(0) || self.input.is_any(b"?:,]}%@`")) {
            return Err(self.failure("did not find expected alphabetic or numeric character"));
        }
        Ok(name)
    }

    pub(super) fn scan_tag(&mut self) -> Result<TokenKind<'a>, YamlError> {
        self.input.need(2)?;
        let (handle, suffix) = if self.input.at(1) == b'<' {
            self.input.skip();
            self.input.skip();
            let suffix = self.scan_tag_uri("")?;
            if !self.input.is(b'>') {
                return Err(self.failure("did not find the expected '>'"));
            }
            self.input.skip();
            (String::new(), suffix)
        } else {
            let handle = self.scan_tag_handle()?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.scan_tag_uri("")?;
                (handle, suffix)
            } else {
                let suffix = self.scan_tag_uri(&handle)?;
                if suffix.is_empty() {
                    (String::new(), "!".to_owned())
                } else {
                    ("!".to_owned(), suffix)
                }
            }
        };
        self.input.need(1)?;
        if !self.input.is_blank_or_end(0) {
            return Err(self.failure("did not find expected whitespace or line break"));
        }
        Ok(TokenKind::Tag { handle, suffix })
    }

    fn scan_tag_handle(&mut self) -> Result<String, YamlError> {
        self.input.need(1)?;
        if !self.input.is(b'!') {
            return Err(self.failure("did not find expected '!'"));
        }
        let mut handle = String::new();
        self.input.read(&mut handle);
        handle.push_str(self.scan_word()?);
        if self.input.is(b'!') {
            self.input.read(&mut handle);
        }
        Ok(handle)
    }

    /// Scans a tag's URI, which continues from what was read as its handle, without the first `!`.
    fn scan_tag_uri(&mut self, head: &str) -> Result<String, YamlError> {
        let mut uri = head.get(1..).unwrap_or_default().to_owned();
        let mut found = !head.is_empty();
        self.input.need(1)?;
        while self.input.is_word() || self.input.is_any(b";/?:@&=+$,.!~*'()[]%") {
            if self.input.is(b'%') {
                uri.push(self.scan_uri_escape()?);
            } else {
                self.input.read(&mut uri);
            }
            self.input.need(1)?;
            found = true;
        }
        if !found {
            return Err(self.failure("did not find expected tag URI"));
        }
        Ok(uri)
    }

    /// Scans one character that is written as `%` and hexadecimal bytes.
    fn scan_uri_escape(&mut self) -> Result<char, YamlError> {
        let mut bytes = Vec::new();
        let mut width = 1;
        while bytes.len() < width {
            self.input.need(3)?;
            let digits =
                [self.input.at(1), self.input.at(2)].map(|byte| char::from(byte).to_digit(16));
            let (true, [Some(high), Some(low)]) = (self.input.is(b'%'), digits) else {
                return Err(self.failure("did not find URI escaped octet"));
            };
            let byte = u8::try_from(high << 4 | low).unwrap_or_default();
            if bytes.is_empty() {
                width = match byte.leading_ones() {
                    0 => 1,
                    ones @ 2..=4 => ones as usize,
                    _ => return Err(self.failure("found an incorrect leading UTF-8 octet")),
                };
            } else if byte & 0xC0 != 0x80 {
                return Err(self.failure("found an incorrect trailing UTF-8 octet"));
            }
            bytes.push(byte);
            for _ in 0..3 {
                self.input.skip();
            }
        }
        // Overlong forms and surrogates pass there; in a tag, which is compared and never shown, any stand-in does.
        Ok(String::from_utf8_lossy(&bytes)
            .chars()
            .next()
            .unwrap_or_default())
    }
}
