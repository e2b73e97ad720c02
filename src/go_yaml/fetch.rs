//! Fetches the next token, whichever it is.
//!
//! Source: go-yaml v2.4, `scannerc.go`, the functions `yaml_parser_fetch_...`.

use super::YamlError;
use super::scanner::{MAX_DEPTH, Scanner, SimpleKey, column};
use super::token::{Token, TokenKind};

impl<'a> Scanner<'a> {
    /// Fetches one more token, by what the next character says.
    pub(super) fn fetch_next(&mut self) -> Result<(), YamlError> {
        self.input.need(1)?;
        if !self.started {
            self.started = true;
            self.simple_keys.push(SimpleKey::default());
            self.simple_key_allowed = true;
            let mark = self.input.mark();
            self.push(TokenKind::StreamStart, mark);
            return Ok(());
        }
        self.skip_to_next_token()?;
        self.unroll_indent(column(self.input.mark()));
        self.input.need(4)?;

        let byte = self.input.at(0);
        let in_flow = self.flow_level > 0;
        let spaced = self.input.is_blank_or_end(1);
        match byte {
            0 => self.fetch_stream_end(),
            b'%' if self.input.column() == 0 => self.fetch_directive(),
            b'-' if self.input.is_document_indicator(b'-') => {
                self.fetch_document_indicator(TokenKind::DocumentStart)
            }
            b'.' if self.input.is_document_indicator(b'.') => {
                self.fetch_document_indicator(TokenKind::DocumentEnd)
            }
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if spaced => self.fetch_block_entry(),
            b'?' if in_flow || spaced => self.fetch_key(),
            b':' if in_flow || spaced => self.fetch_value(),
            b'*' | b'&' => self.fetch_anchor(byte == b'*'),
            b'!' => self.fetch_tag(),
            b'|' | b'>' if !in_flow => self.fetch_block_scalar(byte == b'|'),
            b'\'' | b'"' => self.fetch_flow_scalar(byte == b'\''),
            _ if self.starts_plain_scalar() => self.fetch_plain_scalar(),
            _ => Err(self.failure("found character that cannot start any token")),
        }
    }

    fn starts_plain_scalar(&self) -> bool {
        match self.input.at(0) {
            b'-' => !self.input.is_blank(1),
            b'?' | b':' => self.flow_level == 0 && !self.input.is_blank_or_end(1),
            byte => !self.input.is_blank_or_end(0) && !b",[]{}#&*!|>'\"%@`".contains(&byte),
        }
    }

    fn fetch_stream_end(&mut self) -> Result<(), YamlError> {
        self.input.end_line();
        self.reset()?;
        let mark = self.input.mark();
        self.push(TokenKind::StreamEnd, mark);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), YamlError> {
        self.reset()?;
        let start = self.input.mark();
        let kind = self.scan_directive()?;
        self.push(kind, start);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, kind: TokenKind<'a>) -> Result<(), YamlError> {
        self.reset()?;
        let start = self.input.mark();
        for _ in 0..3 {
            self.input.skip();
        }
        self.push(kind, start);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind<'a>) -> Result<(), YamlError> {
        self.save_simple_key()?;
        self.simple_keys.push(SimpleKey {
            token: self.parsed + self.tokens.len(),
            mark: self.input.mark(),
            ..SimpleKey::default()
        });
        self.flow_level += 1;
        if self.flow_level > MAX_DEPTH {
            return Err(self.failure("exceeded max depth of 10000"));
        }
        self.simple_key_allowed = true;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind<'a>) -> Result<(), YamlError> {
        self.remove_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            if let Some(key) = self.simple_keys.pop() {
                self.simple_keys_by_token.remove(&key.token);
            }
        }
        self.simple_key_allowed = false;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), YamlError> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::FlowEntry);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), YamlError> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.failure("block sequence entries are not allowed in this context"));
            }
            self.roll_indent(self.input.mark(), None, TokenKind::BlockSequenceStart)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), YamlError> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.failure("mapping keys are not allowed in this context"));
            }
            self.roll_indent(self.input.mark(), None, TokenKind::BlockMappingStart)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_indicator(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), YamlError> {
        let level = self.simple_keys.len() - 1;
        if self.is_key_possible(level)? {
            let key = self.simple_keys[level];
            let token = Token {
                kind: TokenKind::Key,
                start: key.mark.byte,
                end: key.mark.byte,
            };
            self.insert(token, Some(key.token));
            self.roll_indent(key.mark, Some(key.token), TokenKind::BlockMappingStart)?;
            self.simple_keys[level].possible = false;
            self.simple_keys_by_token.remove(&key.token);
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return Err(self.failure("mapping values are not allowed in this context"));
                }
                self.roll_indent(self.input.mark(), None, TokenKind::BlockMappingStart)?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.push_indicator(TokenKind::Value);
        Ok(())
    }

    fn fetch_anchor(&mut self, alias: bool) -> Result<(), YamlError> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.input.mark();
        let name = self.scan_anchor()?;
        let kind = if alias {
            TokenKind::Alias(name)
        } else {
            TokenKind::Anchor(name)
        };
        self.push(kind, start);
        Ok(())
    }

    fn fetch_tag(&mut self) -> Result<(), YamlError> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.input.mark();
        let kind = self.scan_tag()?;
        self.push(kind, start);
        Ok(())
    }

    fn fetch_block_scalar(&mut self, literal: bool) -> Result<(), YamlError> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        let start = self.input.mark();
        let (value, end) = self.scan_block_scalar(literal)?;
        let kind = TokenKind::Scalar {
            value: value.into(),
            plain: false,
        };
        self.tokens.push_back(Token {
            kind,
            start: start.byte,
            end: end.byte,
        });
        Ok(())
    }

    fn fetch_flow_scalar(&mut self, single: bool) -> Result<(), YamlError> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.input.mark();
        let value = self.scan_flow_scalar(single)?;
        self.push(
            TokenKind::Scalar {
                value,
                plain: false,
            },
            start,
        );
        Ok(())
    }

    fn fetch_plain_scalar(&mut self) -> Result<(), YamlError> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.input.mark();
        let (value, end) = self.scan_plain_scalar()?;
        let kind = TokenKind::Scalar { value, plain: true };
        self.tokens.push_back(Token {
            kind,
            start: start.byte,
            end: end.byte,
        });
        Ok(())
    }
}
