// SPDX-License-Identifier: Apache-2.0
//! PartiQL: statements that are read, statements that are refused, and what needs a full scan.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::dynamodb::attribute::{self, Attributes};

fn attributes(json: &Value) -> Attributes {
    attribute::attributes(json.as_object().unwrap()).unwrap()
}

fn item() -> Attributes {
    attributes(&json!({
        "pk": {"S": "p"}, "n": {"N": "5"}, "s": {"S": "it's"}, "z": {"NULL": true}, "b": {"BOOL": true},
        "l": {"L": [{"S": "x"}]}, "m": {"M": {"a": {"N": "1"}}}, "ss": {"SS": ["a", "b"]}
    }))
}

fn parameters(values: &[Value]) -> Vec<AttributeValue> {
    values
        .iter()
        .map(|value| AttributeValue::from_json(value).unwrap())
        .collect()
}

#[test]
fn a_statement_names_its_table_index_paths_and_order() {
    let select = parse(
        r#"select pk, "m".a, l[0], "m"['b'] from "my-table"."by-n" where pk = ? and n >= 3 order by n desc, pk;"#,
        &parameters(&[json!({"S": "p"})]),
    )
    .unwrap();
    let paths: Vec<String> = select
        .paths
        .iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    assert_eq!(paths, ["[pk]", "[m, a]", "[l, [0]]", "[m, b]"]);
    assert_eq!(
        (select.table.as_str(), select.index.as_deref()),
        ("my-table", Some("by-n"))
    );
    assert_eq!(
        select.order,
        [("n".to_owned(), true), ("pk".to_owned(), false)]
    );
    assert!(select.condition.unwrap().holds(&item()));
}

#[test]
fn conditions_hold_or_do_not() {
    for (clause, expected) in [
        ("pk = 'p'", true),
        ("\"pk\" = 'q'", false),
        ("s = 'it''s'", true),
        ("n = 5.0", true),
        ("n != 5", false),
        ("n > -1.5e1", true),
        ("b = true AND z = NULL", true),
        ("b = FALSE", false),
        ("n BETWEEN 1 AND 5", true),
        ("n IN [1, 5]", true),
        ("n IN (1, 2)", false),
        ("gone IS MISSING", true),
        ("n IS NOT MISSING", true),
        ("z IS NULL AND gone IS NULL", true),
        ("n IS NULL", false),
        ("begins_with(s, 'it')", true),
        ("CONTAINS(\"ss\", 'a')", true),
        ("attribute_type(n, 'N')", true),
        ("size(l) = 1", true),
        ("l = ['x'] AND m = {'a': 1} AND ss = <<'b', 'a'>>", true),
        ("m.a = 1 AND l[0] = 'x'", true),
        ("NOT (n = 5 OR n = 6)", false),
        ("n = 6 OR n = 5 AND b = true", true),
    ] {
        let statement = format!("SELECT * FROM t WHERE {clause}");
        let select = parse(&statement, &[]).unwrap_or_else(|error| panic!("{clause}: {error}"));
        assert_eq!(
            select.condition.unwrap().holds(&item()),
            expected,
            "{clause}"
        );
    }
}

#[test]
fn what_is_no_select_is_refused() {
    let wrong =
        |detail: &str| format!("Statement wasn't well formed, can't be processed: {detail}");
    for (statement, refusal) in [
        ("", wrong("Expected data manipulation")),
        ("DROP TABLE t", wrong("Expected data manipulation")),
        (
            "INSERT INTO t VALUE {'pk': 'p'}",
            "the sandbox doesn't simulate PartiQL's `INSERT`".to_owned(),
        ),
        ("SELECT * FROM", wrong("Unexpected end of statement")),
        ("SELECT FROM t", wrong("Unexpected token: t")),
        (
            "SELECT * FROM t WHERE",
            wrong("Unexpected end of statement"),
        ),
        (
            "SELECT * FROM t WHERE pk",
            wrong("Unexpected end of statement"),
        ),
        (
            "SELECT * FROM t WHERE pk = 'p",
            wrong("Unterminated string or quoted identifier"),
        ),
        (
            "SELECT * FROM t WHERE pk = 'p' GROUP",
            wrong("Unexpected token: GROUP"),
        ),
        (
            "SELECT * FROM t WHERE pk = #p",
            wrong("Unexpected character: #"),
        ),
        (
            "SELECT * FROM t WHERE pk = ?",
            "Number of parameters in request and statement don't match.".to_owned(),
        ),
        (
            "SELECT * FROM t WHERE frobs(pk)",
            "Invalid function name; function: frobs".to_owned(),
        ),
        (
            "SELECT * FROM t WHERE pk IN []",
            wrong("Unexpected token: ]"),
        ),
    ] {
        assert_eq!(
            parse(statement, &[]).unwrap_err().to_string(),
            refusal,
            "{statement}"
        );
    }
    let unused = parse("SELECT * FROM t", &parameters(&[json!({"S": "p"})]));
    assert_eq!(unused, Err(StatementError::Parameters));
}

#[test]
fn only_a_condition_that_fixes_the_partition_spares_a_full_scan() {
    let text = |text: &str| AttributeValue::String(text.to_owned());
    for (clause, expected) in [
        ("pk = 'a'", Some(vec![text("a")])),
        ("'a' = pk AND n > 1", Some(vec![text("a")])),
        (
            "n > 1 AND pk IN ['a', 'b']",
            Some(vec![text("a"), text("b")]),
        ),
        ("pk = 'a' OR pk = 'b'", Some(vec![text("a"), text("b")])),
        ("pk = 'a' OR n = 1", None),
        ("pk > 'a'", None),
        ("NOT pk = 'a'", None),
        ("pk.x = 'a'", None),
        ("begins_with(pk, 'a')", None),
    ] {
        let select = parse(&format!("SELECT * FROM t WHERE {clause}"), &[]).unwrap();
        assert_eq!(
            partitions(&select.condition.unwrap(), "pk"),
            expected,
            "{clause}"
        );
    }
}

#[test]
fn a_statement_that_is_nested_too_deeply_is_refused() {
    let too_deep = Err(StatementError::Syntax(
        "the statement is nested too deeply".to_owned(),
    ));
    for clause in [
        format!("{}pk = 'p'{}", "(".repeat(500), ")".repeat(500)),
        format!("{}pk = 'p'", "NOT ".repeat(500)),
        format!("pk = {}", "[".repeat(500)),
        format!("pk = {}", "{'a':".repeat(500)),
        format!("{}pk", "size(".repeat(500)),
    ] {
        assert_eq!(
            parse(&format!("SELECT * FROM t WHERE {clause}"), &[]),
            too_deep
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
        let _ = parse(&text, &[]);
        let _ = parse(&format!("SELECT * FROM t WHERE {text}"), &[]);
    }

    #[test]
    fn no_run_of_tokens_makes_the_parser_panic(tokens in proptest::collection::vec(proptest::sample::select(vec![
        "pk", "\"q\"", "'x'", "1", "-", "=", "<", "<<", ">>", "(", ")", "[", "]", "{", "}", ":", ",", ".", "*", "?",
        "AND", "OR", "NOT", "IN", "IS", "MISSING", "NULL", "BETWEEN", "ORDER", "BY", "size", "contains", "WHERE",
    ]), 0..16)) {
        let _ = parse(&format!("SELECT {}", tokens.join(" ")), &[]);
        let select = parse(&format!("SELECT * FROM t WHERE {}", tokens.join(" ")), &[]);
        if let Ok(Select { condition: Some(condition), .. }) = select {
            condition.holds(&item());
        }
    }
}
