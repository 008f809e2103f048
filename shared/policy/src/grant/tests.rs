// SPDX-License-Identifier: Apache-2.0
//! Encryption contexts: pairs that must be there, pairs that may be, and values nobody knows.

use super::*;
use crate::Context;

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/reader/s";

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Whether a grant applies to a decryption in this context, and what that hangs on.
fn applies(
    subset: &[(&str, &str)],
    equals: &[(&str, &str)],
    context: Context,
) -> (Truth, Vec<String>) {
    let grant = Grant {
        encryption_context_subset: pairs(subset),
        encryption_context_equals: pairs(equals),
        ..Grant::new("arn:aws:iam::111122223333:role/reader", ["Decrypt"])
    };
    let key = "arn:aws:kms:us-east-1:111122223333:key/k";
    let request = Request::new(SESSION.parse().unwrap(), "kms:Decrypt", key);
    let mut unknown = Vec::new();
    let (naming, truth) = grant.applies(&request.with_context(context), &mut unknown);
    assert!(naming.is_any());
    (truth, unknown)
}

fn context(pairs: &[(&str, &str)]) -> Context {
    let pairs = pairs.iter();
    pairs.fold(Context::new(), |context, (name, value)| {
        context.with(&format!("kms:EncryptionContext:{name}"), *value)
    })
}

#[test]
fn pairs_that_must_be_there_must_be_and_equal_ones_are_all() {
    let (a, b) = (("a", "1"), ("b", "2"));
    for (subset, equals, given, truth) in [
        (&[][..], &[][..], &[a][..], Truth::Yes),
        (&[a], &[], &[a, b], Truth::Yes),
        (&[a], &[], &[b], Truth::No),
        (&[a], &[], &[("a", "2")], Truth::No),
        (&[a], &[], &[("A", "1")], Truth::No),
        (&[], &[a, b], &[b, a], Truth::Yes),
        (&[], &[a, b], &[a], Truth::No),
        (&[], &[a], &[a, b], Truth::No),
    ] {
        let found = applies(subset, equals, context(given));
        assert_eq!(found, (truth, vec![]), "{subset:?} {equals:?} {given:?}");
    }
}

#[test]
fn a_value_that_nobody_knows_matters_where_it_could_be_one_too_many() {
    let unknown = |mut known: Context, name: &str| {
        known.set_unknown(name);
        known
    };
    let b = "kms:EncryptionContext:b";
    let a = &[("a", "1")];
    let hangs = (Truth::Unknown, vec![b.to_lowercase()]);
    assert_eq!(applies(&[], a, unknown(context(a), b)), hangs);
    // It may be anything where only a part is asked for, and where nothing can fit any more.
    assert_eq!(
        applies(a, &[], unknown(context(a), b)),
        (Truth::Yes, vec![])
    );
    assert_eq!(
        applies(&[], a, unknown(context(&[]), b)),
        (Truth::No, vec![])
    );
    // Nothing else that is unknown has to do with it.
    assert_eq!(
        applies(&[], a, unknown(context(a), "aws:Other")),
        (Truth::Yes, vec![])
    );
    assert_eq!(applies(&[("b", "2")], &[], unknown(context(a), b)), hangs);
}
