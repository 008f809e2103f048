// SPDX-License-Identifier: Apache-2.0
//! Every intrinsic function, in its short and its long form, and what it can't mean.
//!
//! Each case puts an expression into a key's description and looks what becomes of it.

use super::{loaded, loaded_with, notes, options, refused};
use crate::Account;

const FRAME: &str = r#"
Transform: AWS::LanguageExtensions
Parameters:
  Name: { Type: String, Default: orders }
  Names: { Type: CommaDelimitedList, Default: "red, green,blue" }
  Empty: { Type: String, Default: "" }
  Secret: { Type: "AWS::SSM::Parameter::Value<String>", Default: /orders/secret }
Mappings:
  Regions:
    us-east-1: { short: use1, zones: [a, b] }
    eu-west-1: { short: euw1 }
Conditions:
  Yes: !Equals [!Ref Name, orders]
  No: !Not [!Condition Yes]
  Perhaps: !Equals [!Ref Secret, x]
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Ref Name
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
  Key:
    Type: AWS::KMS::Key
    Properties:
      Description: "#;

#[track_caller]
fn framed(expression: &str) -> Account {
    loaded(&format!("{FRAME}{expression}\n"))
}

/// What an expression becomes; what it hangs on, where it is unknown.
#[track_caller]
fn value(expression: &str) -> String {
    let account = framed(expression);
    match notes(&account).first() {
        Some(note) => note
            .split_once(": ")
            .map_or(note.as_str(), |(_, text)| text)
            .to_owned(),
        None => account.keys[0].description.clone(),
    }
}

#[track_caller]
fn mistake(expression: &str) -> String {
    let errors = refused(&format!("{FRAME}{expression}\n"));
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors[0]
        .split_once(' ')
        .map_or(String::new(), |(_, text)| text.to_owned())
}

fn hangs_on(reason: &str) -> String {
    format!("`Resources.Key.Properties.Description` hangs on {reason}")
}

#[test]
fn ref_gives_parameters_pseudo_parameters_and_names() {
    assert_eq!(value("!Ref Name"), "orders");
    assert_eq!(value("{ Ref: Name }"), "orders");
    assert_eq!(value("!Ref Table"), "orders");
    assert_eq!(value("!Ref AWS::AccountId"), "111122223333");
    assert_eq!(value("!Ref AWS::URLSuffix"), "amazonaws.com");
    assert_eq!(
        mistake("!Ref Tabel"),
        "`Ref` refers to `Tabel`, which is neither a resource nor a parameter of this template; did you mean `Table`?"
    );
    assert_eq!(
        mistake("!Ref [Table]"),
        "`Ref` takes the name of a resource or parameter"
    );
}

#[test]
fn get_att_gives_attributes() {
    let arn = "arn:aws:dynamodb:us-east-1:111122223333:table/orders";

    assert_eq!(value("!GetAtt Table.Arn"), arn);
    assert_eq!(value("!GetAtt [Table, Arn]"), arn);
    assert_eq!(value("{ 'Fn::GetAtt': [Table, Arn] }"), arn);
    assert_eq!(value("{ 'Fn::GetAtt': Table.Arn }"), arn);
    assert_eq!(
        value("!GetAtt Table.StreamArn"),
        hangs_on("an id that AWS gives to `Table`")
    );
    assert_eq!(
        mistake("!GetAtt Table.Am"),
        "`AWS::DynamoDB::Table` has no attribute `Am` for `Fn::GetAtt`"
    );
    assert_eq!(
        mistake("!GetAtt Table.arm"),
        "`AWS::DynamoDB::Table` has no attribute `arm` for `Fn::GetAtt`; did you mean `Arn`?"
    );
    assert_eq!(
        mistake("!GetAtt Name.Arn"),
        "`Fn::GetAtt` takes a resource, and `Name` is a parameter; write `Ref` for its value"
    );
}

#[test]
fn sub_fills_in_names_attributes_and_its_own_variables() {
    assert_eq!(value("!Sub '${Name}-${AWS::Region}'"), "orders-us-east-1");
    assert_eq!(value("!Sub '${Table.Arn}/index/*'").split('/').count(), 4);
    assert_eq!(
        value("!Sub ['${a}${Name}', { a: !Ref AWS::Partition }]"),
        "awsorders"
    );
    assert_eq!(
        value("{ 'Fn::Sub': 'a${!Name}b${Name}' }"),
        "a${Name}borders"
    );
    assert_eq!(value("!Sub 'no end ${Name'"), "no end ${Name");
    assert_eq!(
        mistake("!Sub '${Nmae}'"),
        "`Fn::Sub` refers to `Nmae`, which is neither a resource nor a parameter of this template; did you mean `Name`?"
    );
    assert_eq!(
        mistake("!Sub '${a b}'"),
        "`${a b}` in `Fn::Sub` is not a name; write `${!a b}` to mean the text itself"
    );
    assert_eq!(
        mistake("!Sub '${Names}'"),
        "`${Names}` must be a string or a number, found a list"
    );
}

#[test]
fn join_split_select_and_length_handle_lists() {
    assert_eq!(value("!Join ['-', [a, !Ref Name, 3]]"), "a-orders-3");
    assert_eq!(value("!Join ['-', !Ref Names]"), "red-green-blue");
    assert_eq!(value("{ 'Fn::Join': ['', []] }"), "");
    assert_eq!(value("!Join ['+', !Split ['.', 'a.b.c']]"), "a+b+c");
    assert_eq!(value("!Select [1, !Ref Names]"), "green");
    assert_eq!(value("!Select ['0', [a, b]]"), "a");
    assert_eq!(value("{ 'Fn::Length': !Ref Names }"), "3");
    assert_eq!(
        mistake("!Select [3, !Ref Names]"),
        "`Fn::Select` asks for item 3 of a list of 3, counted from 0"
    );
    assert_eq!(
        mistake("!Select [-1, [a]]"),
        "`Fn::Select` takes an index, counted from 0, and a list"
    );
    assert_eq!(
        mistake("!Join [a]"),
        "`Fn::Join` takes a delimiter and a list of strings"
    );
    assert_eq!(
        mistake("!Split ['', abc]"),
        "`Fn::Split` takes a delimiter and a string"
    );
    assert_eq!(mistake("!Length a"), "`Fn::Length` takes a list");
}

#[test]
fn find_in_map_looks_up_and_falls_back_to_its_default() {
    assert_eq!(
        value("!FindInMap [Regions, !Ref AWS::Region, short]"),
        "use1"
    );
    assert_eq!(
        value("!Select [1, !FindInMap [Regions, us-east-1, zones]]"),
        "b"
    );
    assert_eq!(
        value("!FindInMap [Regions, ap-south-1, short, { DefaultValue: none }]"),
        "none"
    );
    assert_eq!(
        mistake("!FindInMap [Regions, eu-west-2, short]"),
        "`Fn::FindInMap` finds no `eu-west-2` in the mapping `Regions`; did you mean `eu-west-1`?"
    );
    assert_eq!(
        mistake("!FindInMap [Regions, eu-west-1, shrt]"),
        "`Fn::FindInMap` finds no `shrt` in `eu-west-1` of the mapping `Regions`; did you mean `short`?"
    );
}

#[test]
fn conditions_are_decided() {
    assert_eq!(value("!If [Yes, a, b]"), "a");
    assert_eq!(value("!If [No, a, b]"), "b");
    assert_eq!(value("{ 'Fn::If': [Yes, !Ref Name, b] }"), "orders");
    assert_eq!(value("!If [Yes, !Ref AWS::NoValue, b]"), "");
    assert_eq!(
        value("!If [{ 'Fn::And': [{ Condition: Yes }, !Condition Yes] }, a, b]"),
        "a"
    );
    assert_eq!(
        value("!If [!Or [!Condition No, !Condition Yes], a, b]"),
        "a"
    );
    assert_eq!(
        value("!If [!And [!Condition No, !Condition Yes], a, b]"),
        "b"
    );
    assert_eq!(value("!If [!Equals [!Ref Empty, ''], a, b]"), "a");
    assert_eq!(
        mistake("!If [Yess, a, b]"),
        "unknown condition `Yess`; did you mean `Yes`?"
    );
    assert_eq!(
        mistake("!If [Yes, a]"),
        "`Fn::If` takes a condition's name and two values"
    );
}

#[test]
fn a_condition_on_something_unknown_is_unknown_unless_the_rest_decides() {
    let secret = "the Parameter Store value behind the parameter `Secret` (`/orders/secret`)";

    assert_eq!(
        value("!If [Perhaps, a, b]"),
        hangs_on(&format!("a condition that hangs on {secret}"))
    );
    assert_eq!(value("!If [Perhaps, a, a]"), "a");
    assert_eq!(
        value("!If [!And [!Condition Perhaps, !Condition No], a, b]"),
        "b"
    );
    assert_eq!(
        value("!If [!Or [!Condition Perhaps, !Condition Yes], a, b]"),
        "a"
    );
}

#[test]
fn the_branch_not_taken_is_still_read_for_broken_references() {
    assert_eq!(
        mistake("!If [Yes, a, !Sub '${Nmae}']"),
        "`Fn::Sub` refers to `Nmae`, which is neither a resource nor a parameter of this template; did you mean `Name`?"
    );
}

#[test]
fn base64_and_json_strings_are_written() {
    assert_eq!(value("{ 'Fn::Base64': !Ref Name }"), "b3JkZXJz");
    assert_eq!(
        value("!ToJsonString { a: [1, !Ref Name, true] }"),
        r#"{"a":[1,"orders",true]}"#
    );
    assert_eq!(mistake("!Base64 [a]"), "`Fn::Base64` takes a string");
}

#[test]
fn what_only_deployment_tells_is_unknown() {
    assert_eq!(
        value("!ImportValue shared-key"),
        hangs_on("what another stack exports as `shared-key`")
    );
    assert_eq!(
        value("!Select [0, !GetAZs '']"),
        hangs_on("the availability zones of the region")
    );
    assert_eq!(
        value("!Select [0, !Cidr [10.0.0.0/16, 4, 8]]"),
        hangs_on("the address ranges that `Fn::Cidr` computes")
    );
    assert_eq!(
        value("'a {{resolve:ssm:/orders/name:1}} b'"),
        hangs_on("the dynamic reference `{{resolve:ssm:/orders/name:1}}`")
    );
    assert_eq!(
        value("!Sub 'a-${Secret}'"),
        hangs_on("the Parameter Store value behind the parameter `Secret` (`/orders/secret`)")
    );
}

#[test]
fn an_unknown_function_is_refused_with_a_suggestion() {
    assert_eq!(
        mistake("!GetAt Table.Arn"),
        "unknown function `Fn::GetAt`; did you mean `Fn::GetAtt`?"
    );
    assert_eq!(
        mistake("{ 'Fn::Jon': [] }"),
        "unknown function `Fn::Jon`; did you mean `Fn::Join`?"
    );
}

#[test]
fn parameters_take_what_the_caller_gives() {
    let template = format!("{FRAME}!Join ['|', !Ref Names]\n");
    let options = options()
        .parameter("Names", "one,two")
        .parameter("Name", "bills")
        .parameter("AWS::AccountId", "444455556666")
        .parameter("AWS::Region", "cn-north-1");

    let account = loaded_with(&template, &options);

    assert_eq!(account.keys[0].description, "one|two");
    assert_eq!(
        account.tables[0].arn,
        "arn:aws-cn:dynamodb:cn-north-1:444455556666:table/bills"
    );
}

#[test]
fn a_loop_writes_resources_and_properties() {
    let template = r#"
Transform: [AWS::LanguageExtensions]
Parameters:
  Teams: { Type: CommaDelimitedList, Default: "red-1,blue" }
Resources:
  Fn::ForEach::Tables:
    - Team
    - !Ref Teams
    - Table&{Team}:
        Type: AWS::DynamoDB::Table
        Properties:
          TableName: !Sub orders-${Team}
          KeySchema: [{ AttributeName: !Ref Team, KeyType: HASH }]
"#;

    let account = loaded(template);

    let tables: Vec<(&str, &str, &str)> = account
        .tables
        .iter()
        .map(|table| (&*table.logical_id, &*table.name, &*table.key_schema[0]))
        .collect();
    assert_eq!(
        tables,
        [
            ("Tablered1", "orders-red-1", "red-1"),
            ("Tableblue", "orders-blue", "blue")
        ]
    );
}

#[test]
fn a_loop_without_its_transform_or_over_something_unknown_is_refused() {
    let resources = "
Resources:
  Fn::ForEach::Keys:
    - Name
    - !Ref Names
    - Key${Name}: { Type: AWS::KMS::Key }
";
    assert_eq!(
        refused(resources),
        ["3:3 `Fn::ForEach::Keys`: loops need `Transform: AWS::LanguageExtensions`"]
    );
    let known = "
Transform: AWS::LanguageExtensions
Parameters:
  Names: { Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /names }";
    assert_eq!(
        refused(&format!("{known}{resources}")),
        [
            "6:3 `Fn::ForEach::Keys`: its list hangs on the Parameter Store value behind the parameter `Names` (`/names`)"
        ]
    );
}

#[test]
fn ref_and_sub_take_names_and_texts_that_are_put_together() {
    assert_eq!(value("!Ref { 'Fn::Join': ['', [Na, me]] }"), "orders");
    assert_eq!(value("!Sub [!Join ['', ['${x}', '!']], { x: y }]"), "y!");
    assert_eq!(
        value("{ 'Fn::Sub': { 'Fn::ImportValue': x } }"),
        hangs_on("what another stack exports as `x`")
    );
}
