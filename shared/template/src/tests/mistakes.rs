// SPDX-License-Identifier: Apache-2.0
//! What CloudFormation would refuse, each with its place.

use super::{loaded, options, refused, refused_with};

#[test]
fn every_mistake_is_listed_at_once_in_the_order_of_the_lines() {
    let template = "
Paramters: {}
Resources:
  Key:
    Type: AWS::KMS::Key
    Propertis: {}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      SSESpecifcation: { SSEEnabled: true }
  Alias:
    Type: AWS::KMS::Alias
    Properties: { AliasName: orders, TargetKeyId: !Ref Kye }
  Nameless: { Properties: {} }
";
    assert_eq!(
        refused(template),
        [
            "2:1 unknown template section `Paramters`; did you mean `Parameters`?",
            "6:5 unknown resource attribute `Propertis`; did you mean `Properties`?",
            "11:7 `SSESpecifcation` is not a property of `AWS::DynamoDB::Table`; did you mean `SSESpecification`?",
            "14:30 `orders` is not a value of `AliasName`; expected a name that begins with `alias/`",
            "14:51 `Ref` refers to `Kye`, which is neither a resource nor a parameter of this template; did you mean `Key`?",
            "15:13 the resource `Nameless` has no `Type`",
        ]
    );
}

#[test]
fn what_is_no_template_is_refused() {
    assert_eq!(
        refused("- a"),
        ["1:1 this is not a CloudFormation template: expected a mapping, found a sequence"]
    );
    assert_eq!(refused("a: 1"), ["1:1 unknown template section `a`"]);
    assert_eq!(
        refused("Description: x"),
        ["1:1 this is not a CloudFormation template: it has no `Resources`"]
    );
    assert_eq!(
        refused("Resources: 1"),
        ["1:12 `Resources` must be a mapping, found a number"]
    );
    assert_eq!(
        refused("Resources: {a: 1}"),
        ["1:16 `Resources.a` must be a mapping, found a number"]
    );
    assert_eq!(refused("").len(), 1);
}

#[test]
fn circular_references_are_refused() {
    let template = "
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: '2012-10-17'
        Statement:
          - { Effect: Allow, Principal: { AWS: !GetAtt Role.Arn }, Action: kms:*, Resource: '*' }
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: { Effect: Allow, Principal: { AWS: '111122223333' }, Action: sts:AssumeRole }
      Policies:
        - PolicyName: key
          PolicyDocument:
            Version: '2012-10-17'
            Statement: { Effect: Allow, Action: kms:Decrypt, Resource: !GetAtt Key.Arn }
  Itself:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub 'a-${Itself}'
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
";
    assert_eq!(
        refused(template),
        [
            "20:72 circular reference: Key → Role → Key",
            "24:18 circular reference: Itself → Itself",
        ]
    );
}

#[test]
fn circular_conditions_are_refused() {
    let template = "
Conditions:
  A: !Not [!Condition B]
  B: !Or [!Condition A, !Equals [a, b]]
Resources: {}
";
    assert_eq!(
        refused(template),
        ["4:11 the condition `A` refers to itself"]
    );
}

#[test]
fn a_long_row_of_conditions_ends() {
    let conditions: Vec<String> = (1..5000)
        .rev()
        .map(|at| format!("  C{at}: !Not [!Condition C{}]", at - 1))
        .collect();
    let template = format!(
        "Resources: {{}}
Conditions:
  C0: !Equals [a, a]
{}
",
        conditions.join(
            "
"
        )
    );
    let errors = refused(&template);
    assert!(
        errors
            .iter()
            .all(|error| error
                .ends_with("more than 100 conditions or names hang on one another here")),
        "{errors:?}"
    );
}

#[test]
fn parameters_are_asked_for_and_checked() {
    let template = "
Parameters:
  Name: { Type: String }
  Stage: { Type: String, Default: dev, AllowedValues: [dev, prod] }
  Count: { Type: Number, Default: 5, MaxValue: 10 }
  Short: { Type: String, Default: abc, MaxLength: 2 }
Resources: {}
";
    let options = options()
        .parameter("Stagee", "x")
        .parameter("Stage", "test")
        .parameter("Count", "11")
        .parameter("AWS::AccountId", "12");
    assert_eq!(
        refused_with(template, &options),
        [
            "2:1 the value of the parameter `AWS::AccountId` is refused: `12` is not an AWS account id; expected twelve digits",
            "2:1 the template has no parameter `Stagee`; did you mean `Stage`?",
            "3:9 the parameter `Name` has no default; give it with `--parameter Name=VALUE`",
            "4:10 the value of the parameter `Stage` must be one of `dev`, `prod`",
            "5:10 the value of the parameter `Count` must be at most 10",
            "6:10 the value of the parameter `Short` must have at most 2 characters",
        ]
    );
}

#[test]
fn a_reference_to_a_resource_that_is_not_created_is_refused() {
    let template = "
Conditions: { Never: !Equals [a, b] }
Resources:
  Key: { Type: AWS::KMS::Key, Condition: Never }
  Alias: { Type: AWS::KMS::Alias, Properties: { AliasName: alias/a, TargetKeyId: !Ref Key } }
";
    assert_eq!(
        refused(template),
        ["5:82 `Ref` refers to `Key`, which is not created because its condition `Never` is false"]
    );
}

#[test]
fn a_reference_in_a_resource_that_is_not_created_must_still_lead_somewhere() {
    let template = "
Conditions: { Never: !Equals [a, b] }
Resources:
  Alias:
    Type: AWS::KMS::Alias
    Condition: Never
    Properties: { AliasName: alias/a, TargetKeyId: !GetAtt [Nowhere, Arn] }
Outputs:
  Nothing: { Value: !Ref Nowhere, Condition: Never }
  Something: { Value: !Ref Anywhere }
";
    let missing = "which is neither a resource nor a parameter of this template";
    assert_eq!(
        refused(template),
        [
            format!("7:52 `Fn::GetAtt` refers to `Nowhere`, {missing}"),
            format!("9:21 `Ref` refers to `Nowhere`, {missing}"),
            format!("10:23 `Ref` refers to `Anywhere`, {missing}"),
        ]
    );
}

#[test]
fn a_policy_that_breaks_the_grammar_is_refused_where_it_does() {
    let template = "
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: '*'
            Action: kms:Decrypt
            Resource: '*'
            Conditon: {}
";
    let errors = refused(template);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].starts_with("13:13 Resources.Key.Properties.KeyPolicy: "),
        "{errors:?}"
    );
    assert!(errors[0].contains("Conditon"), "{errors:?}");
}

#[test]
fn two_resources_of_one_name_are_refused() {
    let template = "
Resources:
  One: { Type: AWS::KMS::Alias, Properties: { AliasName: alias/a, TargetKeyId: x } }
  Two: { Type: AWS::KMS::Alias, Properties: { AliasName: alias/a, TargetKeyId: y } }
";
    assert_eq!(
        refused(template),
        ["4:8 the alias `alias/a` is declared twice, first as `One`"]
    );
}

#[test]
fn a_property_that_is_merely_new_leaves_a_note() {
    let template = "
Resources:
  Key: { Type: AWS::KMS::Key, Properties: { QuantumResistance: true } }
";
    let account = loaded(template);
    assert_eq!(
        super::notes(&account),
        [
            "3:45 LeftOut: `Resources.Key.Properties.QuantumResistance` is not known here and left out"
        ]
    );
}
