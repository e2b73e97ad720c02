//! Goes on with a collection: its next element, key or value, or its end.
//!
//! Source: go-yaml v2.4, `parserc.go`, the functions `yaml_parser_parse_block_...` and `yaml_parser_parse_flow_...`.

use super::YamlError;
use super::node::Content;
use super::parser::{NodePlace, Parser, ParserState, unexpected};
use super::token::TokenKind;

impl Parser<'_> {
    /// Goes on with the innermost open collection.
    pub(super) fn step(&mut self, state: ParserState) -> Result<(), YamlError> {
        match state {
            ParserState::BlockEntry => self.block_entry(),
            ParserState::IndentlessEntry => self.indentless_entry(),
            ParserState::BlockKey => self.block_key(),
            ParserState::BlockValue => self.block_value(),
            ParserState::FlowEntry { first } => self.flow_entry(first),
            ParserState::PairKey => self.pair_key(),
            ParserState::PairValue => self.pair_value(),
            ParserState::PairEnd => {
                self.peek()?;
                self.close(None);
                Ok(())
            }
            ParserState::FlowKey { first } => self.flow_key(first),
            ParserState::FlowValue => self.flow_value(),
            ParserState::FlowEmptyValue => {
                let byte = self.peek()?.start;
                self.set_state(ParserState::FlowKey { first: false });
                self.empty_scalar(byte);
                Ok(())
            }
        }
    }

    fn block_entry(&mut self) -> Result<(), YamlError> {
        if let Some(dash) = self.take_if(&TokenKind::BlockEntry)? {
            let empty = matches!(self.kind()?, TokenKind::BlockEntry | TokenKind::BlockEnd);
            return self.node_or_empty(empty, dash.end, NodePlace::Block);
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
        self.node_or_empty(empty, dash.end, NodePlace::Block)
    }

    fn node_or_empty(
        &mut self,
        empty: bool,
        byte: usize,
        place: NodePlace,
    ) -> Result<(), YamlError> {
        if empty {
            self.empty_scalar(byte);
            return Ok(());
        }
        self.node(place)
    }

    fn block_key(&mut self) -> Result<(), YamlError> {
        if let Some(key) = self.take_if(&TokenKind::Key)? {
            self.set_state(ParserState::BlockValue);
            let empty = matches!(
                self.kind()?,
                TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd
            );
            return self.node_or_empty(empty, key.end, NodePlace::BlockOrIndentless);
        }
        if self.take_if(&TokenKind::BlockEnd)?.is_some() {
            self.close(None);
            return Ok(());
        }
        let token = self.peek()?;
        Err(unexpected("did not find expected key", token))
    }

    fn block_value(&mut self) -> Result<(), YamlError> {
        self.set_state(ParserState::BlockKey);
        let Some(colon) = self.take_if(&TokenKind::Value)? else {
            let byte = self.peek()?.start;
            self.empty_scalar(byte);
            return Ok(());
        };
        let empty = matches!(
            self.kind()?,
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd
        );
        self.node_or_empty(empty, colon.end, NodePlace::BlockOrIndentless)
    }

    fn flow_entry(&mut self, first: bool) -> Result<(), YamlError> {
        if *self.kind()? != TokenKind::FlowSequenceEnd {
            if !first && self.take_if(&TokenKind::FlowEntry)?.is_none() {
                let token = self.peek()?;
                return Err(unexpected("did not find expected ',' or ']'", token));
            }
            self.set_state(ParserState::FlowEntry { first: false });
            if let Some(key) = self.take_if(&TokenKind::Key)? {
                let span = (key.start, key.end);
                let pair = self.add(Content::Mapping(Vec::new()), None, true, span);
                self.open(pair, ParserState::PairKey);
                return Ok(());
            }
            if *self.kind()? != TokenKind::FlowSequenceEnd {
                return self.node(NodePlace::Flow);
            }
        }
        let end = self.scanner.take().end;
        self.close(Some(end));
        Ok(())
    }

    fn pair_key(&mut self) -> Result<(), YamlError> {
        self.set_state(ParserState::PairValue);
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
        self.node(NodePlace::Flow)
    }

    fn pair_value(&mut self) -> Result<(), YamlError> {
        self.set_state(ParserState::PairEnd);
        let byte = self.peek()?.start;
        let empty = self.take_if(&TokenKind::Value)?.is_none()
            || matches!(
                self.kind()?,
                TokenKind::FlowEntry | TokenKind::FlowSequenceEnd
            );
        self.node_or_empty(empty, byte, NodePlace::Flow)
    }

    fn flow_key(&mut self, first: bool) -> Result<(), YamlError> {
        if *self.kind()? != TokenKind::FlowMappingEnd {
            if !first && self.take_if(&TokenKind::FlowEntry)?.is_none() {
                let token = self.peek()?;
                return Err(unexpected("did not find expected ',' or '}'", token));
            }
            if self.take_if(&TokenKind::Key)?.is_some() {
                self.set_state(ParserState::FlowValue);
                let byte = self.peek()?.start;
                let empty = matches!(
                    self.kind()?,
                    TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd
                );
                return self.node_or_empty(empty, byte, NodePlace::Flow);
            }
            if *self.kind()? != TokenKind::FlowMappingEnd {
                self.set_state(ParserState::FlowEmptyValue);
                return self.node(NodePlace::Flow);
            }
        }
        let end = self.scanner.take().end;
        self.close(Some(end));
        Ok(())
    }

    fn flow_value(&mut self) -> Result<(), YamlError> {
        self.set_state(ParserState::FlowKey { first: false });
        let byte = self.peek()?.start;
        let empty = self.take_if(&TokenKind::Value)?.is_none()
            || matches!(
                self.kind()?,
                TokenKind::FlowEntry | TokenKind::FlowMappingEnd
            );
        self.node_or_empty(empty, byte, NodePlace::Flow)
    }
}
