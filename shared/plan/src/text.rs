// SPDX-License-Identifier: Apache-2.0
//! The rules for names and other texts of a plan, one definition for the parser and the schema.

use serde_json::{Value, json};

/// A kind of text: how long it may be and of which characters.
#[derive(Debug)]
pub(crate) struct Text {
    /// What it is, with its article.
    pub(crate) noun: &'static str,
    /// Whether errors must not repeat it.
    pub(crate) secret: bool,
    min: usize,
    max: usize,
    class: Class,
}

/// The characters that a text may have.
#[derive(Debug)]
enum Class {
    /// The inside of a regular expression's character class: characters and ranges.
    Ascii(&'static str),
    /// What session tags may have: letters, digits and blanks of any script, and `_.:/=+-@`.
    Tag,
    /// Anything that a probe id or a file name can carry: no slash, no control character.
    Name,
}

/// The name of a plan, a principal or a table inside the plan.
pub(crate) const NAME: Text = Text {
    noun: "a name",
    secret: false,
    min: 1,
    max: 128,
    class: Class::Name,
};
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub(crate) const EXTERNAL_ID: Text = Text {
    noun: "an external id",
    secret: true,
    // STS itself wants two characters; the published example plan has one, and a run says so.
    min: 1,
    max: 1224,
    class: Class::Ascii("A-Za-z0-9_+=,.@:/-"),
};
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub(crate) const SOURCE_IDENTITY: Text = Text {
    noun: "a source identity",
    secret: false,
    min: 2,
    max: 64,
    class: Class::Ascii("A-Za-z0-9_+=,.@-"),
};
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>
pub(crate) const ROLE_NAME: Text = Text {
    noun: "a role's name",
    secret: false,
    min: 1,
    max: 64,
    class: Class::Ascii("A-Za-z0-9_+=,.@-"),
};
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html>
pub(crate) const TAG_KEY: Text = Text {
    noun: "the key of a session tag",
    secret: false,
    min: 1,
    max: 128,
    class: Class::Tag,
};
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html>
pub(crate) const TAG_VALUE: Text = Text {
    noun: "the value of a session tag",
    secret: false,
    min: 0,
    max: 256,
    class: Class::Tag,
};
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
pub(crate) const TABLE: Text = Text {
    noun: "the name of a DynamoDB table",
    secret: false,
    min: 3,
    max: 255,
    class: Class::Ascii("A-Za-z0-9_.-"),
};
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
pub(crate) const INDEX: Text = Text {
    noun: "the name of an index",
    secret: false,
    min: 3,
    max: 255,
    class: Class::Ascii("A-Za-z0-9_.-"),
};
/// What follows `alias/`.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
pub(crate) const ALIAS: Text = Text {
    noun: "the name of an alias",
    secret: false,
    min: 1,
    max: 250,
    class: Class::Ascii("A-Za-z0-9/_-"),
};

impl Text {
    /// Whether the text keeps to the rules.
    pub(crate) fn admits(&self, text: &str) -> bool {
        let length = text.chars().count();
        let blank_edge = text.trim() != text;
        (self.min..=self.max).contains(&length)
            && text.chars().all(|character| self.class.admits(character))
            && !(matches!(self.class, Class::Name) && blank_edge)
    }

    /// The rules in words.
    pub(crate) fn rule(&self) -> String {
        let Self { min, max, .. } = self;
        let characters = match self.class {
            Class::Ascii(class) => format!("`{class}`"),
            Class::Tag => "letters, digits, blanks and `_.:/=+-@`".to_owned(),
            Class::Name => {
                "any kind but `/` and control characters, no blank at either end".to_owned()
            }
        };
        format!("expected {min} to {max} characters of {characters}")
    }

    /// The rules as JSON Schema.
    pub(crate) fn schema(&self) -> Value {
        json!({
            "type": "string",
            "minLength": self.min,
            "maxLength": self.max,
            "pattern": format!("^{}$", self.pattern()),
        })
    }

    /// The rules as a regular expression, length left out.
    pub(crate) fn pattern(&self) -> String {
        match self.class {
            Class::Ascii(class) => format!("[{class}]*"),
            Class::Tag => "[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*".to_owned(),
            Class::Name => {
                let (edge, inside) = (
                    "[^/\\s\\x00-\\x1f\\x7f-\\x9f]",
                    "[^/\\x00-\\x1f\\x7f-\\x9f]*",
                );
                format!("{edge}({inside}{edge})?")
            }
        }
    }
}

impl Class {
    fn admits(&self, character: char) -> bool {
        match self {
            Self::Ascii(class) => in_class(class, character),
            Self::Tag => {
                let blank = character.is_whitespace() && !character.is_control();
                character.is_alphanumeric() || blank || "_.:/=+-@".contains(character)
            }
            Self::Name => character != '/' && !character.is_control(),
        }
    }
}

/// Whether a character class such as `A-Za-z_-` holds the character.
fn in_class(class: &str, character: char) -> bool {
    let mut rest = class.chars();
    while let Some(first) = rest.next() {
        let mut ahead = rest.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) => {
                if (first..=last).contains(&character) {
                    return true;
                }
                rest = ahead;
            }
            _ if first == character => return true,
            _ => {}
        }
    }
    false
}

/// A region's name as a regular expression.
pub(crate) const REGION_PATTERN: &str = "[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}";

/// Whether the text looks like a region: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
#[must_use]
pub fn is_region(text: &str) -> bool {
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let parts: Vec<&str> = text.split('-').collect();
    match parts.as_slice() {
        [first, middle @ .., last] => {
            first.len() >= 2
                && is_word(first)
                && !middle.is_empty()
                && middle.iter().all(|part| is_word(part))
                && (1..=2).contains(&last.len())
                && last.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

/// Regions to suggest for a misspelt one. A region that is missing here is still accepted.
pub(crate) const REGIONS: [&str; 34] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "af-south-1",
    "ap-east-1",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-south-1",
    "eu-south-2",
    "eu-north-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-gov-east-1",
    "us-gov-west-1",
    "cn-north-1",
];
