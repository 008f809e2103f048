// SPDX-License-Identifier: Apache-2.0
//! Files of tables.

use super::*;
use crate::csv::{MOST_BYTES, read};

#[track_caller]
fn wrong(text: &str) -> Vec<String> {
    let errors = read(text).unwrap_err();
    errors
        .iter()
        .map(|error| format!("{}: {error}", error.place))
        .collect()
}

#[test]
fn a_file_is_its_tables_in_order() {
    let text = "\u{feff}table,account,region,tag:team,key,tag:pk\r\n\
                orders,111122223333,eu-west-1,\"red, \"\"hot\"\"\",alias/orders,id\r\n\
                customers,000022223333,us-gov-west-1,,,\"\"";

    let mut orders = Table::new(ONE.parse().unwrap(), "eu-west-1", "orders");
    orders.key = Some("alias/orders".to_owned());
    orders.tags = tags(&[("team", "red, \"hot\""), ("pk", "id")]);
    let customers = Table::new(
        "000022223333".parse().unwrap(),
        "us-gov-west-1",
        "customers",
    );
    assert_eq!(read(text), Ok(vec![orders, customers]));
}

#[test]
fn a_header_alone_is_no_table_and_no_error() {
    assert_eq!(read("account,region,table\n"), Ok(Vec::new()));
}

#[test]
fn a_quoted_field_may_have_lines() {
    let tables =
        read("account,region,table,tag:n\n111122223333,us-east-1,orders,\"a\nb\"\n").unwrap();

    assert_eq!(tables[0].tags, tags(&[("n", "a\nb")]));
}

#[test]
fn a_header_is_read_strictly() {
    assert_eq!(
        wrong(""),
        ["1:1: the file is empty; its first line names the columns: `account`, `region`, `table`"]
    );
    assert_eq!(
        wrong("acount,region,table,region,tag:\n"),
        [
            "1:1: unknown column `acount`; did you mean `account`?",
            "1:21: the column `region` is there twice; keep one of them",
            "1:28: unknown column `tag:`; expected one of `account`, `region`, `table`, `key`, `tag:NAME`",
        ]
    );
    assert_eq!(
        wrong("account,key\n"),
        [
            "1:1: the column `region` is missing: every table has an account, a region and a name",
            "1:1: the column `table` is missing: every table has an account, a region and a name",
        ]
    );
    assert_eq!(
        wrong(&"x".repeat(MOST_BYTES + 1)),
        [format!("1:1: the file is larger than {MOST_BYTES} bytes")]
    );
}

#[test]
fn every_row_that_is_wrong_is_told() {
    assert_eq!(
        wrong(
            "account,region,table\n\
             11122223333,us-east,t\n\
             111122223333,us-east-1,orders\n\
             \n\
             111122223333,us-east-1,orders,\n\
             111122223333,us-east-1,orders\n"
        ),
        [
            "2:1: `11122223333` is not an AWS account id; expected twelve digits: a spreadsheet may have taken leading zeros \
             away",
            "2:13: `us-east` is not a region; expected its code, such as `us-east-1`",
            "2:21: `t` is not the name of a DynamoDB table; expected 3 to 255 characters of `A-Za-z0-9_.-`",
            "4:1: this row has 1 fields, and the header 3",
            "5:1: this row has 4 fields, and the header 3",
            "6:1: the table `orders` of account 111122223333 in us-east-1 has a row already, on line 3",
        ]
    );
}

#[test]
fn quotes_are_read_strictly() {
    let stray = "a quote stands inside a field; put the whole field into quotes, and write each quote in it twice";
    assert_eq!(wrong("account,re\"gion"), [format!("1:11: {stray}")]);
    assert_eq!(wrong("\"account\"x,region"), [format!("1:10: {stray}")]);
    assert_eq!(
        wrong("account\n1,\"x\ny\n"),
        ["2:3: the quotes of this field are never closed"]
    );
    // A `\r` alone ends no line, and no region has one.
    assert_eq!(
        wrong("account,region,table\n111122223333,us-east-1\r,orders").len(),
        1
    );
}
