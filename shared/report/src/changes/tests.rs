// SPDX-License-Identifier: Apache-2.0
//! Two documents and what differs in them; two reports and what differs in them is in `crate::tests`.

use keyproof_core::PolicyType;
use keyproof_verdict::DocumentRow;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Kind, Line, aligned, difference};

fn document(content: Value) -> DocumentRow {
    DocumentRow::new("key", PolicyType::ResourcePolicy, content)
}

fn told(lines: &[Line]) -> Vec<String> {
    let told = lines.iter();
    told.map(|line| format!("{}{}", line.kind.sign(), line.text))
        .collect()
}

#[test]
fn a_statement_that_was_widened_shows_its_line_and_what_stands_around_it() {
    let policy = |principal: Value| {
        document(json!({
            "Version": "2012-10-17",
            "Statement": [
                { "Sid": "Administration", "Effect": "Allow", "Action": "kms:*" },
                { "Sid": "AllowKeyUsers", "Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt", "Resource": "*" },
                { "Sid": "Last", "Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*" },
            ],
        }))
    };

    let lines = difference(
        &policy(json!(["reader"])),
        &policy(json!(["reader", "outsider"])),
    );

    let expected = [
        "⋯8 lines",
        "     {",
        "       \"Sid\": \"AllowKeyUsers\",",
        "       \"Effect\": \"Allow\",",
        "-      \"Principal\": [\"reader\"],",
        "+      \"Principal\": [\"reader\", \"outsider\"],",
        "       \"Action\": \"kms:Decrypt\",",
        "       \"Resource\": \"*\"",
        "     },",
        "⋯8 lines",
    ];
    assert_eq!(told(&lines), expected);
}

proptest! {
    #[test]
    fn what_stays_and_goes_is_the_old_text_what_stays_and_comes_the_new(
        old in prop::collection::vec("[abc]", 0..12), new in prop::collection::vec("[abc]", 0..12),
    ) {
        let lines = aligned(&old, &new);
        let text = |but: Kind| -> Vec<String> {
            let kept = lines.iter().filter(|line| line.kind != but);
            kept.map(|line| line.text.clone()).collect()
        };
        prop_assert_eq!(text(Kind::Added), old.clone());
        prop_assert_eq!(text(Kind::Removed), new.clone());
        if old == new {
            prop_assert!(lines.iter().all(|line| line.kind == Kind::Same));
        }
    }
}
