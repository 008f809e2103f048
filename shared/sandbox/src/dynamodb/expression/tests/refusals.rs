// SPDX-License-Identifier: Apache-2.0
//! Expressions that are refused, with AWS's sentence; and that no text makes the parser panic.

use proptest::prelude::*;

use super::placeholders;

const CONDITIONS: &[(&str, &str)] = &[
    ("", "The expression can not be empty;"),
    ("n", "Syntax error; token: \"<EOF>\", near: \"n\""),
    ("n =", "Syntax error; token: \"<EOF>\", near: \"=\""),
    (
        "n = :five AND",
        "Syntax error; token: \"<EOF>\", near: \"AND\"",
    ),
    ("n = 5", "Syntax error; token: \"5\", near: \"= 5\""),
    (
        "my-attr = :one",
        "Syntax error; token: \"-\", near: \"my-attr\"",
    ),
    (
        "n AND s = :a",
        "Syntax error; token: \"AND\", near: \"n AND s\"",
    ),
    (
        "n = :one :five",
        "Syntax error; token: \":five\", near: \":one :five\"",
    ),
    ("n == :one", "Syntax error; token: \"=\", near: \"== :one\""),
    (
        "(n = :one",
        "Syntax error; token: \"<EOF>\", near: \":one\"",
    ),
    ("n = :one)", "Syntax error; token: \")\", near: \":one)\""),
    (
        "attribute_exists()",
        "Syntax error; token: \")\", near: \"()\"",
    ),
    ("n $ :one", "Syntax error; token: \"$\", near: \"n $ :one\""),
    ("n = # ", "Syntax error; token: \"#\", near: \"= #\""),
    (
        "n IN :one",
        "Syntax error; token: \":one\", near: \"IN :one\"",
    ),
    ("l[a] = :one", "Syntax error; token: \"a\", near: \"[a]\""),
    (
        "l[99999999999999999999] = :one",
        "Syntax error; token: \"99999999999999999999\", near: \"[99999999999999999999]\"",
    ),
    (
        "and = :one",
        "Syntax error; token: \"and\", near: \"and =\"",
    ),
    ("((n = :one))", "The expression has redundant parentheses;"),
    ("((n)) = :one", "The expression has redundant parentheses;"),
    ("n = ((:one))", "The expression has redundant parentheses;"),
    ("exists(n)", "Invalid function name; function: exists"),
    ("Size(s) = :one", "Invalid function name; function: Size"),
    (
        "size(s)",
        "The function is not allowed to be used this way in an expression; function: size",
    ),
    (
        "n = begins_with(s, :a)",
        "The function is not allowed to be used this way in an expression; function: begins_with",
    ),
    (
        "attribute_exists(contains(s, :a))",
        "The function is not allowed to be used this way in an expression; function: contains",
    ),
    (
        "status = :open",
        "Attribute name is a reserved keyword; reserved keyword: status",
    ),
    (
        "m.Name = :open",
        "Attribute name is a reserved keyword; reserved keyword: Name",
    ),
    (
        "#absent = :one",
        "An expression attribute name used in the document path is not defined; attribute name: #absent",
    ),
    (
        "n = :absent",
        "An expression attribute value used in expression is not defined; attribute value: :absent",
    ),
    (
        "attribute_exists(n, s)",
        "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
    ),
    (
        "begins_with(s)",
        "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1",
    ),
    (
        "n = n",
        "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]",
    ),
    (
        "l[0].k <> l[0].k",
        "The first operand must be distinct from the remaining operands for this operator or function; operator: <>, first operand: [l, [0], k]",
    ),
    (
        "contains(s, s)",
        "The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [s]",
    ),
    (
        "attribute_exists(:a)",
        "Operator or function requires a document path; operator or function: attribute_exists",
    ),
    (
        "begins_with(s, :one)",
        "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
    ),
    (
        "size(:one) = :one",
        "Incorrect operand type for operator or function; operator or function: size, operand type: N",
    ),
    (
        "attribute_type(s, n)",
        "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}",
    ),
    (
        "attribute_type(s, :one)",
        "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N",
    ),
    (
        "attribute_type(s, :Q)",
        "Invalid attribute type name found; type: Q, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
    ),
    (
        "n > :true",
        "Incorrect operand type for operator or function; operator: >, operand type: BOOL",
    ),
    (
        "n BETWEEN :one AND :a",
        "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:a}",
    ),
    (
        "n BETWEEN :ten AND :one",
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:10}, upper bound operand: AttributeValue: {N:1}",
    ),
];

const UPDATES: &[(&str, &str)] = &[
    ("", "The expression can not be empty;"),
    ("n = :one", "Syntax error; token: \"n\", near: \"n =\""),
    ("SET", "Syntax error; token: \"<EOF>\", near: \"SET\""),
    ("SET n", "Syntax error; token: \"<EOF>\", near: \"n\""),
    (
        "SET n = VALUE 1",
        "Syntax error; token: \"1\", near: \"VALUE 1\"",
    ),
    (
        "SET n = :one,",
        "Syntax error; token: \"<EOF>\", near: \",\"",
    ),
    (
        "SET n = :one REMOVE",
        "Syntax error; token: \"<EOF>\", near: \"REMOVE\"",
    ),
    (
        "SET n = :one + :one + :one",
        "Syntax error; token: \"+\", near: \":one + :one\"",
    ),
    ("ADD n n", "Syntax error; token: \"n\", near: \"n n\""),
    (
        "SET q.0 = :one",
        "Syntax error; token: \"0\", near: \".0 =\"",
    ),
    (
        "SET status = :open",
        "Attribute name is a reserved keyword; reserved keyword: status",
    ),
    ("SET n = size(s)", "Invalid function name; function: size"),
    (
        "SET n = :one SET s = :a",
        "The \"SET\" section can only be used once in an update expression;",
    ),
    (
        "SET #absent = :one",
        "An expression attribute name used in the document path is not defined; attribute name: #absent",
    ),
    (
        "SET n = :absent",
        "An expression attribute value used in expression is not defined; attribute value: :absent",
    ),
    (
        "SET n = :one, n = :five",
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [n], path two: [n]",
    ),
    (
        "SET m = :map REMOVE m.c",
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m, c]",
    ),
    (
        "SET m.a = :one, m[0] = :one",
        "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, a], path two: [m, [0]]",
    ),
    (
        "ADD n :a",
        "Incorrect operand type for operator or function; operator: ADD, operand type: STRING",
    ),
    (
        "DELETE ss :one",
        "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER",
    ),
    (
        "SET n = n + :a",
        "Incorrect operand type for operator or function; operator or function: +, operand type: S",
    ),
    (
        "SET l = list_append(l, :map)",
        "Incorrect operand type for operator or function; operator or function: list_append, operand type: M",
    ),
    (
        "SET l = list_append(l)",
        "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1",
    ),
    (
        "SET n = if_not_exists(:one, :one)",
        "Operator or function requires a document path; operator or function: if_not_exists",
    ),
];

const PROJECTIONS: &[(&str, &str)] = &[
    ("", "The expression can not be empty;"),
    ("a,", "Syntax error; token: \"<EOF>\", near: \",\""),
    ("a b", "Syntax error; token: \"b\", near: \"a b\""),
    (
        "a, name",
        "Attribute name is a reserved keyword; reserved keyword: name",
    ),
    (
        "#absent",
        "An expression attribute name used in the document path is not defined; attribute name: #absent",
    ),
    (
        "a, b, a",
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]",
    ),
    (
        "m.a, m[0]",
        "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, a], path two: [m, [0]]",
    ),
];

#[test]
fn refused_conditions_say_why_in_the_words_of_aws() {
    for (text, refusal) in CONDITIONS {
        let error = placeholders().condition(text).expect_err(text);
        assert_eq!(error.to_string(), *refusal, "{text}");
    }
}

#[test]
fn refused_updates_say_why_in_the_words_of_aws() {
    for (text, refusal) in UPDATES {
        let error = placeholders().update(text).expect_err(text);
        assert_eq!(error.to_string(), *refusal, "{text}");
    }
}

#[test]
fn refused_projections_say_why_in_the_words_of_aws() {
    for (text, refusal) in PROJECTIONS {
        let error = placeholders().projection(text).expect_err(text);
        assert_eq!(error.to_string(), *refusal, "{text}");
    }
}

#[test]
fn expressions_that_are_too_long_or_too_deep_are_refused() {
    let long = format!("n = :one{}", " OR n = :one".repeat(400));
    assert_eq!(
        placeholders().condition(&long).unwrap_err().to_string(),
        "Expression size has exceeded the maximum allowed size;"
    );
    let too_complex = "The expression contains too many operators or is nested too deeply;";
    let deep = format!("{}n = :one{}", "(".repeat(2000), ")".repeat(2000));
    assert_eq!(
        placeholders().condition(&deep).unwrap_err().to_string(),
        too_complex
    );
    let negated = format!("{}n = :one", "NOT ".repeat(1000));
    assert_eq!(
        placeholders().condition(&negated).unwrap_err().to_string(),
        too_complex
    );
    let nested = format!("SET n = {}n{}", "(".repeat(2000), ")".repeat(2000));
    assert_eq!(
        placeholders().update(&nested).unwrap_err().to_string(),
        too_complex
    );
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in "\\PC{0,80}") {
        let _ = placeholders().condition(&text);
        let _ = placeholders().update(&text);
        let _ = placeholders().projection(&text);
    }

    #[test]
    fn no_run_of_tokens_makes_a_parser_or_the_evaluator_panic(
        tokens in proptest::collection::vec(proptest::sample::select(vec![
            "n", "s", "l", "m", "#n", ":one", ":hello", ":list", "=", "<>", "<", "(", ")", "[", "]", "0", ".", ",", "+", "-",
            "AND", "OR", "NOT", "IN", "BETWEEN", "SET", "REMOVE", "ADD", "DELETE",
            "size", "contains", "begins_with", "attribute_exists", "if_not_exists", "list_append",
        ]), 0..14)
    ) {
        let text = tokens.join(" ");
        if let Ok(condition) = placeholders().condition(&text) {
            condition.holds(&super::item());
        }
        for prefix in ["", "SET ", "REMOVE "] {
            if let Ok(update) = placeholders().update(&format!("{prefix}{text}")) {
                let _ = update.apply(&mut super::item());
            }
        }
        let _ = placeholders().projection(&text);
    }
}
