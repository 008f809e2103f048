// SPDX-License-Identifier: Apache-2.0
//! Broken references in parts of a template that this deployment doesn't use. CloudFormation refuses
//! them all the same.

use keyproof_document::{Node, Place, Value as Tree};

use super::Resolver;
use super::sub::{Piece, pieces};
use crate::functions::{self, Argument, call_in};

impl Resolver<'_> {
    /// Looks for broken references in a part of the template that this deployment doesn't use.
    pub(crate) fn check(&mut self, node: &Node) {
        match (&node.tag, &node.value) {
            (Some(tag), _) => {
                self.check_call(&functions::long_name(tag), Argument::untagged(node));
                self.check_inside(node);
            }
            (None, Tree::Mapping(entries)) => {
                if let Some((key, argument)) = call_in(entries) {
                    self.check_call(&key.text, Argument::whole(argument));
                }
                self.check_inside(node);
            }
            _ => self.check_inside(node),
        }
    }

    fn check_inside(&mut self, node: &Node) {
        match &node.value {
            Tree::Sequence(items) => items.iter().for_each(|item| self.check(item)),
            Tree::Mapping(entries) => entries.iter().for_each(|(_, value)| self.check(value)),
            Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::String(_) => {}
        }
    }

    fn check_call(&mut self, name: &str, argument: Argument<'_>) {
        let place = argument.place();
        match (name, argument.text(), argument.items()) {
            ("Ref", Some(name), _) => self.check_name("Ref", name, place),
            ("Fn::GetAtt", Some(text), _) => {
                let name = text.split_once('.').map_or(text, |(name, _)| name);
                self.check_name("Fn::GetAtt", name, place);
            }
            ("Fn::GetAtt", _, Some([name, _])) => {
                if let Some(name) = name.as_str() {
                    self.check_name("Fn::GetAtt", name, place);
                }
            }
            ("Fn::Sub", Some(text), _) => self.check_text(text, &[], place),
            ("Fn::Sub", _, Some([text, map])) => {
                let own = map.as_mapping().unwrap_or_default();
                let own: Vec<&str> = own.iter().map(|(key, _)| key.text.as_str()).collect();
                self.check_text(text.as_str().unwrap_or_default(), &own, place);
            }
            ("Fn::If", _, Some([condition, ..])) => {
                if let Some(name) = condition.as_str().filter(|_| condition.tag.is_none()) {
                    self.named_condition(name, condition.place);
                }
            }
            _ => {}
        }
    }

    fn check_text(&mut self, text: &str, own: &[&str], place: Place) {
        for piece in pieces(text) {
            if let Piece::Variable(name) = piece {
                let name = name.trim();
                if !own.contains(&name) {
                    let name = name.split_once('.').map_or(name, |(name, _)| name);
                    self.check_name("Fn::Sub", name, place);
                }
            }
        }
    }

    fn check_name(&mut self, function: &'static str, name: &str, place: Place) {
        let known =
            self.parameters.get(name).is_some() || self.sections.resources.contains_key(name);
        if !known {
            self.missing(function, name, place);
        }
    }
}
