// SPDX-License-Identifier: Apache-2.0
//! Whatever stands in a template, reading it ends with a model or with errors, never otherwise.

use proptest::prelude::*;

use super::options;
use crate::load;

const SEEDS: [&str; 4] = [
    include_str!("fixtures/sam.yaml"),
    include_str!("fixtures/plain.json"),
    include_str!("fixtures/unknown.yaml"),
    include_str!("../../../../template.yaml"),
];

/// Words that templates are made of, so that nonsense gets past the first check.
const WORDS: [&str; 30] = [
    "!Ref",
    "!GetAtt",
    "!Sub",
    "!If",
    "!Join",
    "!Select",
    "!Split",
    "!FindInMap",
    "!ImportValue",
    "!Ref AWS::NoValue",
    "Fn::ForEach::X",
    "Fn::Transform",
    "Key",
    "Key.Arn",
    "'${Key}'",
    "'*'",
    "Type: AWS::KMS::Key",
    "AWS::IAM::Role",
    "Properties:",
    "Condition",
    "{}",
    "[]",
    "null",
    "-1",
    "{{resolve:ssm:x}}",
    "[a, b, c]",
    "{ Ref: Key }",
    "Statement",
    "\n",
    "  ",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = load(&text, &options());
    }

    #[test]
    fn no_damage_to_a_template_makes_it_panic(
        seed in prop::sample::select(&SEEDS[..]),
        damages in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..40, word()), 1..6),
    ) {
        let mut characters: Vec<char> = seed.chars().collect();
        for (at, length, word) in damages {
            let start = at.index(characters.len());
            let end = (start + length).min(characters.len());
            characters.splice(start..end, word.chars());
            if characters.is_empty() {
                characters.push(' ');
            }
        }
        let text: String = characters.into_iter().collect();
        let _ = load(&text, &options());
    }

    #[test]
    fn swapping_values_of_a_template_never_makes_it_panic(
        seed in prop::sample::select(&SEEDS[..]),
        swaps in prop::collection::vec((any::<prop::sample::Index>(), word()), 1..4),
    ) {
        let mut lines: Vec<String> = seed.lines().map(str::to_owned).collect();
        for (at, word) in swaps {
            let at = at.index(lines.len());
            if let Some((key, _)) = lines[at].clone().split_once(": ") {
                lines[at] = format!("{key}: {word}");
            }
        }
        let _ = load(&lines.join("\n"), &options());
    }
}
