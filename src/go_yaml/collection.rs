//! Goes on with a collection: its next element, key or value, or its end.
//!
//! Source: go-yaml v2.4, `parserc.go`, the functions `yaml_parser_parse_block_...` and `yaml_parser_parse_flow_...`.

use super::YamlError;
use super::node::Content;
use super::parser::{Parser, Place, State, unexpected};
use super::token::TokenKind;

impl Parser<'_> {
    /// Goes on with the innermost open collection.
    pub(super) fn step(&mut self, state: State) -> Result<(), YamlError> {
        match state {
            State::BlockEntry => self.block_entry(),
            State::IndentlessEntry => self.indentless_entry(),
            State::BlockKey => self.block_key(),
            State::BlockValue => self.block_value(),
            State::FlowEntry { first } => self.flow_entry(first),
            State::PairKey => self.pair_key(),
            State::PairValue => self.pair_value(),
            State::PairEnd => {
                self.peek()?;
                self.close(None);
                Ok(())
            }
            State::FlowKey { first } => self.flow_key(first),
            State::FlowValue => self.flow_value(),
            State::FlowEmptyValue => {
                let byte = self.peek()?.start;
                self.set_state(State::FlowKey { first: false });
                self.empty_scalar(byte);
                Ok(())
            }
        }
    }

    fn block_entry(&mut self) -> Result<(), YamlError> {
        if let Some(dash) = self.take_if(&TokenKind::BlockEntry)? {
            let empty = matches!(self.kind()?, TokenKind::BlockEntry | TokenKind::BlockEnd);
            return self.node_or_empty(empty, dash.end, Place::Block);
        }
        if self.take_if(&TokenKind::BlockEnd)?.is_some() {
            self.close(None);
            return Ok(());
        }
        let token = self.peek()?;
        Err(unexpected("did not find expected '-' indicator", token))
    }

    fn indentless_entry(&mut self) -> Result<(), YamlError> {
        let Some(dash) = self.take_if(&TokenKind::BlockEntry)? else {
            self.close(None);
            return Ok(());
        };
        let empty = matches!(
            self.kind()?,
            TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd
        );
        self.node_or_empty(empty, dash.end, Place::Block)
    }

    fn node_or_empty(&mut self, empty: bool, byte: usize, place: Place) -> Result<(), YamlError> {
        if empty {
            self.empty_scalar(byte);
            return Ok(());
        }
        self.node(place)
    }

    fn block_key(&mut self) -> Result<(), YamlError> {
        if let Some(key) = self.take_if(&TokenKind::Key)? {
            self.set_state(State::BlockValue);
            let empty = matches!(
                self.kind()?,
                TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd
            );
            return self.node_or_empty(empty, key.end, Place::BlockOrIndentless);
        }
        if self.take_if(&TokenKind::BlockEnd)?.is_some() {
            self.close(None);
            return Ok(());
        }
        let token = self.peek()?;
        Err(unexpected("did not find expected key", token))
    }

    fn block_value(&mut self) -> Result<(), YamlError> {
        self.set_state(State::BlockKey);
        let Some(colon) = self.take_if(&TokenKind::Value)? else {
            let byte = self.peek()?.start;
            self.empty_scalar(byte);
            return Ok(());
        };
        let empty = matches!(
            self.kind()?,
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd
        );
        self.node_or_empty(empty, colon.end, Place::BlockOrIndentless)
    }

    fn flow_entry(&mut self, first: bool) -> Result<(), YamlError> {
        if *self.kind()? != TokenKind::FlowSequenceEnd {
            if !first && self.take_if(&TokenKind::FlowEntry)?.is_none() {
                let token = self.peek()?;
                return Err(unexpected("did not find expected ',' or ']'", token));
            }
            self.set_state(State::FlowEntry { first: false });
            if let Some(key) = self.take_if(&TokenKind::Key)? {
                let span = (key.start, key.end);
                let pair = self.add(Content::Mapping(Vec::new()), None, true, span);
                self.open(pair, State::PairKey);
                return Ok(());
            }
            if *self.kind()? != TokenKind::FlowSequenceEnd {
                return self.node(Place::Flow);
            }
        }
        let end = self.scanner.take().end;
        self.close(Some(end));
        Ok(())
    }

    fn pair_key(&mut self) -> Result<(), YamlError> {
        self.set_state(State::PairValue);
        let empty = matches!(
            self.kind()?,
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd
        );
        if empty {
            // go-yaml takes the token here, whatever it is, so that `[? , a]` is read in its own way.
            let byte = self.scanner.take().end;
            self.empty_scalar(byte);
            return Ok(());
        }
        self.node(Place::Flow)
    }

    fn pair_value(&mut self) -> Result<(), YamlError> {
        self.set_state(State::PairEnd);
        let byte = self.peek()?.start;
        let empty = self.take_if(&TokenKind::Value)?.is_none()
            || matches!(
                self.kind()?,
                TokenKind::FlowEntry | TokenKind::FlowSequenceEnd
            );
        self.node_or_empty(empty, byte, Place::Flow)
    }

    fn flow_key(&mut self, first: bool) -> Result<(), YamlError> {
        if *self.kind()? != TokenKind::FlowMappingEnd {
            if !first && self.take_if(&TokenKind::FlowEntry)?.is_none() {
                let token = self.peek()?;
                return Err(unexpected("did not find expected ',' or '}'", token));
            }
            if self.take_if(&TokenKind::Key)?.is_some() {
                self.set_state(State::FlowValue);
                let byte = self.peek()?.start;
                let empty = matches!(
                    self.kind()?,
                    TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd
                );
                return self.node_or_empty(empty, byte, Place::Flow);
            }
            if *self.kind()? != TokenKind::FlowMappingEnd {
                self.set_state(State::FlowEmptyValue);
                return self.node(Place::Flow);
            }
        }
        let end = self.scanner.take().end;
        self.close(Some(end));
        Ok(())
    }

    fn flow_value(&mut self) -> Result<(), YamlError> {
        self.set_state(State::FlowKey { first: false });
        let byte = self.peek()?.start;
        let empty = self.take_if(&TokenKind::Value)?.is_none()
            || matches!(
                self.kind()?,
                TokenKind::FlowEntry | TokenKind::FlowMappingEnd
            );
        self.node_or_empty(empty, byte, Place::Flow)
    }
}
