// SPDX-License-Identifier: Apache-2.0
//! The intrinsic functions, in their long form (`Fn::Join`) and their short one (`!Join`).
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyproof_document::{Key, Node, Place, Value as Tree};

use crate::error::{Suggestion, TemplateProblem};
use crate::note::NoteKind;
use crate::resolver::{Resolver, Truth};
use crate::value::{Resolved, Value};

mod lists;

/// Every function that may stand where a value does.
const FUNCTIONS: [&str; 16] = [
    "Ref",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::GetStackOutput",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Fn::Transform",
];

/// A function's argument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Argument<'a> {
    node: &'a Node,
    /// Whether the node's tag is the function itself and not part of the argument.
    untagged: bool,
}

impl<'a> Argument<'a> {
    /// The argument of a long form.
    pub(crate) const fn whole(node: &'a Node) -> Self {
        Self {
            node,
            untagged: false,
        }
    }

    /// The argument of a short form: the node but for its tag.
    pub(crate) const fn untagged(node: &'a Node) -> Self {
        Self {
            node,
            untagged: true,
        }
    }

    pub(crate) const fn place(self) -> Place {
        self.node.place
    }

    /// What is written, where it isn't itself a function.
    fn written(self) -> Option<&'a Tree> {
        let is_call = match &self.node.value {
            Tree::Mapping(entries) => call_in(entries).is_some(),
            _ => false,
        };
        let tagged = self.node.tag.is_some() && !self.untagged;
        if tagged || is_call {
            None
        } else {
            Some(&self.node.value)
        }
    }

    /// The string, where one is written.
    pub(crate) fn text(self) -> Option<&'a str> {
        match self.written()? {
            Tree::String(text) | Tree::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The items, where a list is written.
    pub(crate) fn items(self) -> Option<&'a [Node]> {
        match self.written()? {
            Tree::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) const fn kind(self) -> &'static str {
        self.node.value.kind()
    }

    /// The argument's value.
    pub(crate) fn resolve(self, resolver: &mut Resolver<'_>) -> Resolved {
        if self.untagged {
            resolver.resolve_untagged(self.node)
        } else {
            resolver.resolve(self.node)
        }
    }
}

/// The call that a mapping is: its only key is a function's name.
pub(crate) fn call_in(entries: &[(Key, Node)]) -> Option<(&Key, &Node)> {
    match entries {
        [(key, argument)] if key.text == "Ref" || is_function(&key.text) => Some((key, argument)),
        _ => None,
    }
}

fn is_function(name: &str) -> bool {
    name.starts_with("Fn::") && !name.starts_with("Fn::ForEach::")
}

/// A tag's function: `GetAtt` is `Fn::GetAtt`, but `Ref` and `Condition` are themselves.
pub(crate) fn long_name(tag: &str) -> String {
    match tag {
        "Ref" | "Condition" => tag.to_owned(),
        _ if tag.starts_with("Fn::") => tag.to_owned(),
        _ => format!("Fn::{tag}"),
    }
}

impl Resolver<'_> {
    /// The value of a call in its short form.
    pub(crate) fn call_tag(&mut self, tag: &str, node: &Node) -> Value {
        self.call(&long_name(tag), node.place, Argument::untagged(node))
    }

    /// The value of a call.
    pub(crate) fn call(&mut self, name: &str, place: Place, argument: Argument<'_>) -> Value {
        match name {
            "Ref" => match argument.text() {
                Some(name) => self.reference("Ref", name, argument.place()),
                None => self.computed_ref(place, argument),
            },
            "Fn::GetAtt" => self.get_att(place, argument),
            "Fn::Sub" => self.sub(place, argument),
            "Fn::Join" => self.join(place, argument),
            "Fn::Select" => self.select(place, argument),
            "Fn::Split" => self.split(place, argument),
            "Fn::Length" => self.length(place, argument),
            "Fn::FindInMap" => self.find_in_map(place, argument),
            "Fn::If" => self.choose(place, argument),
            "Fn::ImportValue" => self.import(place, argument),
            "Fn::Base64" => self.base64(place, argument),
            "Fn::ToJsonString" => self.json_string(argument),
            "Fn::GetAZs" => {
                argument.resolve(self);
                Value::unknown("the availability zones of the region")
            }
            "Fn::Cidr" => {
                argument.resolve(self);
                Value::unknown("the address ranges that `Fn::Cidr` computes")
            }
            "Fn::GetStackOutput" => {
                argument.resolve(self);
                Value::unknown("an output of another stack")
            }
            "Fn::Transform" => {
                let text = "the macro that `Fn::Transform` calls here can put in anything";
                self.note(place, NoteKind::Unseen, text);
                Value::unknown("what a macro puts in")
            }
            name => {
                let suggestion = Suggestion::nearest(name, FUNCTIONS);
                let name = name.to_owned();
                self.fail(place, TemplateProblem::UnknownFunction { name, suggestion })
            }
        }
    }

    pub(crate) fn wrong(
        &mut self,
        place: Place,
        function: &'static str,
        expected: &'static str,
    ) -> Value {
        self.fail(
            place,
            TemplateProblem::WrongArguments { function, expected },
        )
    }

    /// `Ref` of a name that is itself put together, which the language extensions allow.
    fn computed_ref(&mut self, place: Place, argument: Argument<'_>) -> Value {
        let name = argument.resolve(self).value;
        match (name.as_text(), unknown_of(&name)) {
            (Some(name), _) => self.reference("Ref", &name, argument.place()),
            (None, Some(unknown)) => unknown,
            (None, None) => self.wrong(place, "Ref", "the name of a resource or parameter"),
        }
    }

    fn get_att(&mut self, place: Place, argument: Argument<'_>) -> Value {
        const EXPECTED: &str = "a resource and an attribute: `Key.Arn`, or a list of the two";
        if let Some(text) = argument.text() {
            return match text.split_once('.') {
                Some((name, attribute)) => {
                    self.attribute("Fn::GetAtt", name, attribute, argument.place())
                }
                None => self.wrong(place, "Fn::GetAtt", EXPECTED),
            };
        }
        let Some([name, attribute]) = argument.items() else {
            return self.wrong(place, "Fn::GetAtt", EXPECTED);
        };
        let (name, attribute) = (self.resolve(name), self.resolve(attribute));
        match (name.value.as_text(), attribute.value.as_text()) {
            (Some(name), Some(attribute)) => {
                self.attribute("Fn::GetAtt", &name, &attribute, argument.place())
            }
            _ => match [&name.value, &attribute.value]
                .into_iter()
                .find_map(unknown_of)
            {
                Some(unknown) => unknown,
                None => self.wrong(place, "Fn::GetAtt", EXPECTED),
            },
        }
    }

    fn choose(&mut self, place: Place, argument: Argument<'_>) -> Value {
        let items = argument.items();
        let Some([condition, then, otherwise]) = items else {
            return self.wrong(place, "Fn::If", "a condition's name and two values");
        };
        let truth = match (&condition.tag, condition.as_str()) {
            (None, Some(name)) => self.named_condition(name, condition.place),
            _ => self.condition(condition),
        };
        // The branch not taken is read for broken references all the same.
        match truth {
            Truth::True => {
                self.check(otherwise);
                self.resolve(then).value
            }
            Truth::False => {
                self.check(then);
                self.resolve(otherwise).value
            }
            Truth::Unknown(reason) => {
                let (then, otherwise) = (self.resolve(then), self.resolve(otherwise));
                if then.value == otherwise.value {
                    return then.value;
                }
                Value::unknown(format!("a condition that hangs on {reason}"))
            }
        }
    }

    fn import(&mut self, place: Place, argument: Argument<'_>) -> Value {
        let name = argument.resolve(self);
        match (&name.value, name.value.as_text()) {
            (_, Some(name)) => match self.parameters.imports.get(name.as_ref()) {
                Some(value) => Value::text(value.as_str()),
                None => Value::unknown(format!("what another stack exports as `{name}`")),
            },
            (Value::Unknown(unknown), _) => Value::unknown(format!(
                "what another stack exports under a name that hangs on {}",
                unknown.reason
            )),
            _ => self.wrong(place, "Fn::ImportValue", "the name of an export"),
        }
    }

    fn base64(&mut self, place: Place, argument: Argument<'_>) -> Value {
        let value = argument.resolve(self).value;
        if let Value::Unknown(unknown) = value {
            return Value::unknown(unknown.reason);
        }
        match value.as_text() {
            Some(text) => Value::Text(STANDARD.encode(text.as_bytes())),
            None => self.wrong(place, "Fn::Base64", "a string"),
        }
    }

    fn json_string(&mut self, argument: Argument<'_>) -> Value {
        let value = argument.resolve(self);
        match value.to_json() {
            Ok(json) => Value::Text(json.to_string()),
            Err(unknown) => Value::unknown(unknown.reason.clone()),
        }
    }
}

/// The value itself, where it is unknown.
pub(crate) fn unknown_of(value: &Value) -> Option<Value> {
    match value {
        Value::Unknown(_) => Some(value.clone()),
        _ => None,
    }
}
