//! Cuts a text into tokens: the queue that they stand in, and what is known of keys and indentation by then.
//!
//! A key without a question mark is known only by its colon, so its token is put in front of others afterwards.
//!
//! Source: go-yaml v2.4, `scannerc.go`.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use super::YamlError;
use super::input::{Input, Position};
use super::token::{Token, TokenKind};

/// How deep flow collections and, apart from them, block collections may be nested.
pub(super) const MAX_DEPTH: usize = 10_000;
/// How far behind the start of a simple key its colon may stand, in characters.
const MAX_SIMPLE_KEY: usize = 1024;

/// What may turn out to be a key without a question mark, once its colon is seen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SimpleKey {
    pub(super) possible: bool,
    pub(super) required: bool,
    pub(super) token: usize,
    pub(super) mark: Position,
}

/// A text on its way to tokens.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    pub(super) input: Input<'a>,
    pub(super) tokens: VecDeque<Token<'a>>,
    /// How many tokens have been taken out.
    pub(super) parsed: usize,
    available: bool,
    pub(super) started: bool,
    pub(super) flow_level: usize,
    /// The column of the innermost block collection, -1 outside of all.
    pub(super) indent: isize,
    indents: Vec<isize>,
    pub(super) simple_key_allowed: bool,
    pub(super) simple_keys: Vec<SimpleKey>,
    pub(super) simple_keys_by_token: HashMap<usize, usize, BuildHasherDefault<NumberHasher>>,
}

/// Hashes the numbers of tokens, which nobody can choose freely: they only count up.
#[derive(Debug, Default)]
pub(super) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, number: usize) {
        // Fibonacci hashing: spreads numbers that follow each other over all bits.
        self.0 = (self.0 ^ number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

pub(super) fn column(mark: Position) -> isize {
    isize::try_from(mark.column).unwrap_or(isize::MAX)
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            input: Input::new(text),
            tokens: VecDeque::new(),
            parsed: 0,
            available: false,
            started: false,
            flow_level: 0,
            indent: -1,
            indents: Vec::new(),
            simple_key_allowed: false,
            simple_keys: Vec::new(),
            simple_keys_by_token: HashMap::default(),
        }
    }

    /// The next token, which stays.
    pub(super) fn peek(&mut self) -> Result<&Token<'a>, YamlError> {
        if !self.available {
            self.fetch_more()?;
            self.available = true;
        }
        Ok(self.tokens.front().expect("a token was fetched"))
    }

    /// Takes the token that was peeked at.
    pub(super) fn take(&mut self) -> Token<'a> {
        self.available = false;
        self.parsed += 1;
        self.tokens.pop_front().expect("a token was peeked at")
    }

    /// A failure at the current place.
    pub(super) fn failure(&self, problem: &str) -> YamlError {
        YamlError::new(problem, self.input.mark().byte)
    }

    fn fetch_more(&mut self) -> Result<(), YamlError> {
        loop {
            if !self.tokens.is_empty() {
                // The token at the front may yet become a key, whose own token goes in front of it.
                let at_front = self.simple_keys_by_token.get(&self.parsed);
                match at_front.copied() {
                    Some(level) if self.is_key_possible(level)? => {}
                    _ => return Ok(()),
                }
            }
            self.fetch_next()?;
        }
    }

    pub(super) fn push(&mut self, kind: TokenKind<'a>, start: Position) {
        let end = self.input.mark();
        self.tokens.push_back(Token {
            kind,
            start: start.byte,
            end: end.byte,
        });
    }

    /// Puts a token in front of the one with the given number, or to the end.
    ///
    /// It comes to the end, too, where that one has been taken out already: an empty flow collection forgets that it
    /// may be a key, and go-yaml then gives its tokens out in an order that the parser stumbles over.
    pub(super) fn insert(&mut self, token: Token<'a>, number: Option<usize>) {
        let at = number.and_then(|number| number.checked_sub(self.parsed));
        let end = self.tokens.len();
        self.tokens.insert(at.unwrap_or(end).min(end), token);
    }

    /// Takes one character as a whole token.
    pub(super) fn push_indicator(&mut self, kind: TokenKind<'a>) {
        let start = self.input.mark();
        self.input.skip();
        self.push(kind, start);
    }

    pub(super) fn is_key_possible(&mut self, level: usize) -> Result<bool, YamlError> {
        let mark = self.input.mark();
        let Some(key) = self.simple_keys.get_mut(level).filter(|key| key.possible) else {
            return Ok(false);
        };
        if key.mark.line < mark.line || key.mark.index + MAX_SIMPLE_KEY < mark.index {
            if key.required {
                return Err(YamlError::new("could not find expected ':'", key.mark.byte));
            }
            key.possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    pub(super) fn save_simple_key(&mut self) -> Result<(), YamlError> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        let mark = self.input.mark();
        let key = SimpleKey {
            possible: true,
            required: self.flow_level == 0 && self.indent == column(mark),
            token: self.parsed + self.tokens.len(),
            mark,
        };
        self.remove_simple_key()?;
        self.simple_keys_by_token
            .insert(key.token, self.simple_keys.len() - 1);
        if let Some(last) = self.simple_keys.last_mut() {
            *last = key;
        }
        Ok(())
    }

    pub(super) fn remove_simple_key(&mut self) -> Result<(), YamlError> {
        if let Some(key) = self.simple_keys.last_mut().filter(|key| key.possible) {
            if key.required {
                return Err(YamlError::new("could not find expected ':'", key.mark.byte));
            }
            key.possible = false;
            self.simple_keys_by_token.remove(&key.token);
        }
        Ok(())
    }

    /// Opens a block collection where the column is further in than the one around it.
    ///
    /// Its token goes in front of the token with the given number, or to the end.
    pub(super) fn roll_indent(
        &mut self,
        mark: Position,
        number: Option<usize>,
        kind: TokenKind<'a>,
    ) -> Result<(), YamlError> {
        if self.flow_level > 0 || self.indent >= column(mark) {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column(mark);
        if self.indents.len() > MAX_DEPTH {
            return Err(self.failure("exceeded max depth of 10000"));
        }
        let token = Token {
            kind,
            start: mark.byte,
            end: mark.byte,
        };
        self.insert(token, number);
        Ok(())
    }

    /// Closes the block collections that are further in than the column.
    pub(super) fn unroll_indent(&mut self, column: isize) {
        while self.flow_level == 0 && self.indent > column {
            let mark = self.input.mark();
            self.push(TokenKind::BlockEnd, mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    pub(super) fn reset(&mut self) -> Result<(), YamlError> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        Ok(())
    }

    /// Goes past blanks, comments and line breaks.
    ///
    /// A tab is a blank only where no simple key may begin, so one in front of a block key is an error.
    pub(super) fn skip_to_next_token(&mut self) -> Result<(), YamlError> {
        loop {
            self.input.need(1)?;
            if self.input.column() == 0 && self.input.portion_has_byte_order_mark() {
                self.input.skip();
            }
            self.input.need(1)?;
            let tabs = self.flow_level > 0 || !self.simple_key_allowed;
            while self.input.is(b' ') || (tabs && self.input.is(b'\t')) {
                self.input.skip();
                self.input.need(1)?;
            }
            self.skip_comment()?;
            if !self.input.is_break(0) {
                return Ok(());
            }
            self.input.need(2)?;
            self.input.skip_line();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    pub(super) fn skip_blanks(&mut self) -> Result<(), YamlError> {
        self.input.need(1)?;
        while self.input.is_blank(0) {
            self.input.skip();
            self.input.need(1)?;
        }
        Ok(())
    }

    pub(super) fn skip_comment(&mut self) -> Result<(), YamlError> {
        if self.input.is(b'#') {
            while !self.input.is_break_or_end(0) {
                self.input.skip();
                self.input.need(1)?;
            }
        }
        Ok(())
    }

    /// Goes past the rest of a line that may only hold a comment.
    pub(super) fn skip_rest_of_line(&mut self) -> Result<(), YamlError> {
        self.skip_blanks()?;
        self.skip_comment()?;
        if !self.input.is_break_or_end(0) {
            return Err(self.failure("did not find expected comment or line break"));
        }
        if self.input.is_break(0) {
            self.input.need(2)?;
            self.input.skip_line();
        }
        Ok(())
    }
}
