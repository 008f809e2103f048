// SPDX-License-Identifier: Apache-2.0
//! The grammar of denials, where a name could be more or less than a name.

use super::*;

const USER: &str = "User: arn:aws:sts::111122223333:assumed-role/outsider/s";

/// The action of a sentence that is about this word.
fn action(word: &str) -> Option<String> {
    let text = format!("{USER}{VERB}{word} on this resource");
    match read(&text) {
        Some(Sentence::NotAuthorized(parts)) => Some(parts.action.to_owned()),
        Some(Sentence::OldCiphertext) | None => None,
    }
}

#[test]
fn an_action_is_two_names_with_a_colon_between() {
    for whole in [
        "kms:Decrypt",
        "application-autoscaling:PutPolicy",
        "a4b:Get2",
    ] {
        assert_eq!(action(whole), Some(whole.to_owned()));
    }
    for broken in [
        "kms:",
        ":Decrypt",
        ":",
        "kms",
        "kms:Decrypt;",
        "k_ms:Decrypt",
        "kms:De.crypt",
        "kms:a:b",
    ] {
        assert_eq!(action(broken), None, "{broken}");
    }
}

#[test]
fn an_exception_is_a_dotted_name_that_says_so() {
    let rest = "the key is gone";
    for whole in [
        "com.amazonaws.services.kms.model.NotFoundException",
        "com.amazonaws.services_v2.kms.NotFoundException",
    ] {
        let text = format!("{whole}: {rest}");
        assert_eq!(java_exception(&text), Some(("NotFoundException", rest)));
    }
    for broken in [
        "NotFoundException",
        "com..NotFoundException",
        ".NotFoundException",
        "com.2kms.NotFoundException",
        "com.k-ms.NotFoundException",
        "com.kms.NotFound",
        "com.k ms.NotFoundException",
    ] {
        let text = format!("{broken}: {rest}");
        assert_eq!(java_exception(&text), None, "{broken}");
    }
}
