// SPDX-License-Identifier: Apache-2.0
//! The calls of a drill.

/// A call of a drill.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// Its column.
    pub(super) name: &'static str,
    pub(super) operation: &'static str,
    pub(super) principal: &'static str,
    /// How many of the operation come before it.
    pub(super) skip: usize,
    /// Whether it gets lost, and is not carried out.
    pub(super) lost: bool,
    /// Whether a drill that was killed left a grant behind.
    pub(super) left: bool,
    /// What names it in a sentence.
    pub(super) word: &'static str,
}

const fn call(
    name: &'static str,
    (operation, principal): (&'static str, &'static str),
    skip: usize,
    word: &'static str,
) -> Call {
    Call {
        name,
        operation,
        principal,
        skip,
        lost: false,
        left: false,
        word,
    }
}

const fn lost(name: &'static str, operation: &'static str, word: &'static str) -> Call {
    Call {
        lost: true,
        ..call(name, (operation, "runner"), 1, word)
    }
}

const fn left(
    name: &'static str,
    operation: &'static str,
    skip: usize,
    word: &'static str,
) -> Call {
    Call {
        left: true,
        ..call(name, (operation, "runner"), skip, word)
    }
}

/// The calls, in the order in which a drill makes them, and then those of a drill that finds something.
pub(super) const CALLS: [Call; 18] = [
    call(
        "DescribeTable",
        ("DescribeTable", "runner"),
        0,
        "is encrypted with",
    ),
    call("DescribeKey", ("DescribeKey", "runner"), 0, "key"),
    call(
        "ListResourceTags",
        ("ListResourceTags", "runner"),
        0,
        "kms:ListResourceTags",
    ),
    call(
        "CreateGrant, dry run",
        ("CreateGrant", "runner"),
        0,
        "kms:CreateGrant",
    ),
    call(
        "RevokeGrant, dry run",
        ("RevokeGrant", "runner"),
        0,
        "kms:RevokeGrant",
    ),
    call(
        "ListGrants, before",
        ("ListGrants", "runner"),
        0,
        "kms:ListGrants",
    ),
    call(
        "AssumeRole, before",
        ("AssumeRole", "outsider"),
        0,
        "the role could not be assumed",
    ),
    call("GetItem, before", ("GetItem", "outsider"), 0, "the read"),
    call(
        "CreateGrant",
        ("CreateGrant", "runner"),
        1,
        "kms:CreateGrant",
    ),
    lost("CreateGrant, lost", "CreateGrant", "kms:CreateGrant"),
    call(
        "AssumeRole, granted",
        ("AssumeRole", "outsider"),
        1,
        "the role could not be assumed",
    ),
    call("GetItem, granted", ("GetItem", "outsider"), 1, "the read"),
    call(
        "RevokeGrant",
        ("RevokeGrant", "runner"),
        1,
        "kms:RevokeGrant",
    ),
    lost("RevokeGrant, lost", "RevokeGrant", "kms:RevokeGrant"),
    call(
        "ListGrants, after",
        ("ListGrants", "runner"),
        1,
        "kms:ListGrants",
    ),
    call(
        "AssumeRole, after",
        ("AssumeRole", "outsider"),
        2,
        "the role could not be assumed",
    ),
    left("ListGrants, leftover", "ListGrants", 0, "kms:ListGrants"),
    left("RevokeGrant, leftover", "RevokeGrant", 1, "kms:RevokeGrant"),
];
