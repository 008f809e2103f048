// SPDX-License-Identifier: Apache-2.0
//! What is wrong with an inventory, before any source is asked.

use super::*;

#[track_caller]
fn wrong(text: &str) -> Vec<String> {
    let errors = Inventory::parse(text).unwrap_err();
    errors
        .iter()
        .map(|error| format!("{}: {error}", error.place))
        .collect()
}

/// What is said against the bank's inventory with one thing changed.
#[track_caller]
fn changed(from: &str, to: &str, expected: &[&str]) {
    assert_eq!(wrong(&with(BANK, from, to)), expected, "{to}");
}

#[test]
fn the_inventory_of_the_bank_is_good() {
    let inventory = read(BANK);

    let names: Vec<_> = inventory.sources.keys().map(String::as_str).collect();
    assert_eq!(names, ["everywhere", "confidential"]);
    let crate::Source::Organization(organization) = &inventory.sources["everywhere"] else {
        panic!("{:?}", inventory.sources);
    };
    assert!(organization.reads_tags);
}

#[test]
fn a_misspelling_is_told_with_the_word_that_was_meant() {
    changed(
        "organization:",
        "organisation:",
        &[
            "6:5: sources.everywhere.organisation: unknown field `organisation` in a source; did you mean `organization`?",
        ],
    );
    changed(
        "regions:",
        "region:",
        &[
            "8:5: sources.everywhere.region: unknown field `region` in a source of an organization's accounts; did you mean \
         `regions`?",
        ],
    );
    changed(
        "    inspect_as:",
        "    inspectas:",
        &[
            "18:5: tables.confidential.inspectas: unknown field `inspectas` in a table; did you mean `inspect_as`?",
        ],
    );
    changed(
        "from: everywhere",
        "form: everywhere",
        &["20:5: tables.control.form: unknown field `form` in a table; did you mean `from`?"],
    );
    changed(
        "duration: 900",
        "duratoin: 900",
        &[
            "26:68: principals.reader.duratoin: unknown field `duratoin` in a principal; did you mean `duration`?",
        ],
    );
    changed(
        "expectations:",
        "expectatons:",
        &[
            "29:1: expectatons: unknown field `expectatons` in an inventory; did you mean `expectations`?",
        ],
    );
    changed(
        "dynamodb:Scan",
        "dynamodb:Skan",
        &[
            "30:72: expectations[0].actions[1]: unknown action `dynamodb:Skan`; did you mean `dynamodb:Scan`?",
        ],
    );
    changed(
        "on: control",
        "on: contrl",
        &["32:32: expectations[2].on: unknown table `contrl`; did you mean `control`?"],
    );
    changed(
        "in: everywhere",
        "in: everywere",
        &["11:9: sources.confidential.in: unknown source `everywere`; did you mean `everywhere`?"],
    );
    changed(
        "from: confidential",
        "from: confidental",
        &[
            "15:11: tables.confidential.from: unknown source `confidental`; did you mean `confidential`?",
        ],
    );
    changed(
        "{account}:role/keyproof/outsider",
        "{acount}:role/keyproof/outsider",
        &[
            "27:21: principals.outsider.role: unknown placeholder `{acount}`; did you mean `account`?",
        ],
    );
    changed(
        "alias/{table}",
        "alias/{tabel}",
        &["16:10: tables.confidential.key: unknown placeholder `{tabel}`; did you mean `table`?"],
    );
    changed(
        "{tag:pk}",
        "{tag:}",
        &[
            "17:22: tables.confidential.canary.key.\"{tag:}\": unknown placeholder `{tag:}`; expected one of `account`, \
             `region`, `partition`, `table`, `key`, `tag:NAME`, `account_tag:NAME`",
        ],
    );
}

#[test]
fn a_plans_own_rules_hold_before_anything_is_asked() {
    changed(
        "key: aws-owned",
        "key: alias/aws/dynamodb",
        &[
            "22:10: tables.control.key: `alias/aws/dynamodb` is an AWS managed key, whose fixed key policy lets every principal \
         of the account through, so it can keep nobody out; name a customer managed key",
        ],
    );
    changed(
        "decision: denied, by: kms }",
        "decision: denied }",
        &[
            "31:5: expectations[1]: a denied expectation needs `by`: a denial by just anybody proves nothing; write `by: kms`, \
         or `by: dynamodb` where DynamoDB's own check must refuse",
        ],
    );
    changed(
        "  - { principal: reader, on: confidential, actions: [dynamodb:GetItem, dynamodb:Scan], decision: allowed }\n",
        "",
        &[
            "14:3: tables.confidential: table `confidential` has no witness: line 30 expects a denial on it, but nobody is \
         expected to read its canary; add an allowed expectation of a read, such as `dynamodb:GetItem`",
        ],
    );
    changed(
        "role: \"arn:aws:iam::999988887777:role/auditor\"",
        "role: auditor",
        &[
            "28:20: principals.auditor.role: `auditor` is not an ARN; expected `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`",
        ],
    );
    changed(
        "S: keyproof#canary } }, attributes",
        "X: keyproof#canary } }, attributes",
        &[
            "17:36: tables.confidential.canary.key.\"{tag:pk}\": unknown attribute type; expected one of `S`, `N`, `B`, `BOOL`, `NULL`, \
             `M`, `L`, `SS`, `NS`, `BS`",
        ],
    );
    changed(
        "duration: 900",
        "duration: 9",
        &[
            "26:78: principals.reader.duration: `9` is not a session's duration; expected 900 to 43200 seconds",
        ],
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    changed(
        "    tagged:",
        "    csv: x\n    tagged:",
        &[
            "10:5: sources.confidential: a source has one of `tagged` and `csv`; make two sources of it",
        ],
    );
    changed(
        "    organization: [ou-ab12-11112222]\n",
        "",
        &[
            "6:5: sources.everywhere: a source needs one of `accounts`, `organization`, `tagged`, `csv` and `template`: what it \
         lists or where it looks",
        ],
    );
    changed(
        "in: everywhere",
        "in: confidential",
        &[
            "11:9: sources.confidential.in: `confidential` is a source of tables; name one of accounts: with `accounts` or \
         `organization`",
        ],
    );
    changed(
        "    table: control-{region}\n",
        "",
        &[
            "20:11: tables.control: the source `everywhere` is one of accounts, so `table` must say which table of each is meant",
        ],
    );
    changed(
        "from: confidential\n",
        "from: confidential\n    table: orders\n",
        &[
            "15:11: tables.confidential: the source `confidential` says which tables there are; remove `table`",
        ],
    );
    changed(
        "table: control-{region}",
        "table: \"control-{table}\"",
        &["21:12: `{table}` is known of a table, and here only the account and region are"],
    );
    changed(
        "{account}:role/keyproof/inventory",
        "{account}:role/{tag:team}",
        &[
            "12:11: `{tag:team}` is known of a table, and here only the account and region are",
            "12:11: `{tag:team}` has no value for tables of the source `everywhere`; it has `{account}`, `{region}`, \
         `{partition}`, `{table}` and `{account_tag:…}`",
        ],
    );
    changed(
        "{account}:role/keyproof/outsider",
        "{account}:role/{tag:team}/outsider",
        &[
            "27:3: `{tag:team}` has no value for tables of the source `everywhere`; it has `{account}`, `{region}`, \
         `{partition}`, `{table}` and `{account_tag:…}`",
        ],
    );
    changed(
        "alias/{table}\"",
        "{key}\"",
        &[
            "16:5: `{key}` has no value for tables of the source `confidential`; it has `{account}`, `{region}`, `{partition}`, \
         `{table}` and `{tag:…}`, and `{account_tag:…}` in an organization",
        ],
    );
    changed(
        "  confidential:\n    tagged:",
        "  idle: { accounts: [\"111122223333\"], regions: [eu-west-1] }\n  confidential:\n    tagged:",
        &["9:3: sources.idle: the source `idle` is used by nothing; remove it"],
    );
}

#[test]
fn values_of_sources_are_read_strictly() {
    changed(
        "ou-ab12-11112222",
        "111122223333",
        &[
            "6:20: sources.everywhere.organization[0]: expected a string, found a number; put it in quotes",
        ],
    );
    changed(
        "ou-ab12-11112222",
        "unit",
        &[
            "6:20: sources.everywhere.organization[0]: `unit` is not the id of a root or an organizational unit; expected `r-…` \
         or `ou-…-…`, as AWS Organizations shows them",
        ],
    );
    changed(
        "regions: [eu-west-1]",
        "regions: [eu-west-1, eu-west-1, eu-west]",
        &[
            "8:26: sources.everywhere.regions[1]: an entry `eu-west-1` is given twice, first on line 8; keep one of them",
            "8:37: sources.everywhere.regions[2]: `eu-west` is not a region; did you mean `eu-west-1`?",
        ],
    );
    changed(
        "regions: [eu-west-1]",
        "regions: []",
        &[
            "8:14: sources.everywhere.regions: nothing is listed here; list at least one, or remove the field",
        ],
    );
    changed(
        "data: [confidential, secret]",
        "data: []",
        &[
            "10:21: sources.confidential.tagged.data: nothing is listed here; list at least one, or remove the field",
        ],
    );
    changed(
        "{ data: [confidential, secret] }",
        "{}",
        &[
            "10:13: sources.confidential.tagged: no tag is named; name at least one, as `KEY: VALUE`",
        ],
    );
    changed(
        "tags: { keyproof: \"yes\" }",
        "except: [\"1\"]",
        &[
            "7:14: sources.everywhere.except[0]: `1` is not an AWS account id; expected twelve digits",
        ],
    );
    changed(
        "name: payments-{region}",
        "name: !Sub payments",
        &["3:7: name: the tag `!Sub` means nothing here; remove it"],
    );
    changed(
        "  everywhere:\n",
        "  \"every/where\":\n",
        &[
            "5:3: sources.\"every/where\": `every/where` is not a name; expected 1 to 128 characters of any kind but `/` and control \
         characters, no blank at either end",
        ],
    );
}

#[test]
fn csv_and_template_sources_are_read_strictly() {
    let of = |source: &str| {
        let text = "keyproof: inventory/v1\nname: n\nsources: { s: SOURCE }\n\
                    tables: { t: { from: s, key: \"{key}\", canary: { key: { pk: { S: c } } } } }\n\
                    principals: { p: { role: \"arn:aws:iam::{account}:role/r\" } }\n\
                    expectations: [{ principal: p, on: t, actions: [dynamodb:GetItem], decision: allowed }]\n";
        with(text, "SOURCE", source)
    };
    for good in [
        "{ csv: a.csv }",
        "{ csv: \"s3://b/k/l\" }",
        "{ template: t.yaml, account: \"111122223333\", region: us-east-1, parameters: { A: b }, except: [X] }",
        "{ template: [t.yaml, u.yaml], account: \"111122223333\", region: us-east-1 }",
    ] {
        read(&of(good));
    }
    assert_eq!(
        wrong(&of("{ csv: \"s3://b\" }")),
        [
            "3:22: sources.s.csv: `s3://b` is not the address of an object in S3; expected `s3://BUCKET/KEY`"
        ]
    );
    assert_eq!(
        wrong(&of(
            "{ csv: a.csv, role: \"arn:aws:iam::111122223333:role/r\" }"
        )),
        [
            "3:35: sources.s.role: a file is read as nobody; remove `role`, or name an address `s3://BUCKET/KEY`"
        ]
    );
    assert_eq!(
        wrong(&of("{ csv: \"s3://b/k\", external_id: keyproof-4711 }")),
        [
            "3:47: sources.s.external_id: there is no role whose trust policy could ask for it; name the `role`, or remove `external_id`"
        ]
    );
    // What is nearly a secret is not shown.
    assert_eq!(
        wrong(&of(
            "{ csv: \"s3://b/k\", role: \"arn:aws:iam::111122223333:role/r\", external_id: \"key proof\" }"
        )),
        [
            "3:89: sources.s.external_id: this value is not an external id; expected 1 to 1224 characters of `A-Za-z0-9_+=,.@:/-`"
        ]
    );
    assert_eq!(
        wrong(&of(
            "{ csv: \"s3://b/k\", role: \"arn:aws:iam::{account}:role/r\" }"
        )),
        [
            "3:40: sources.s.role: `arn:aws:iam::{account}:role/r` is not the ARN of a role; expected \
          `arn:aws:iam::111122223333:role/NAME`"
        ]
    );
    assert_eq!(
        wrong(&of("{ template: t.yaml, region: us-east-1 }")),
        [
            "3:15: sources.s: a source of a template's tables needs the field `account`: the id of the account that it is deployed to"
        ]
    );
}

#[test]
fn a_plan_is_not_an_inventory_and_the_other_way_round() {
    let rule = "this is a plan already: nothing is left to expand";
    changed(
        "inventory/v1",
        "plan/v1",
        &[&format!(
            "2:11: keyproof: `plan/v1` is not a known version of the format of inventories; {rule}"
        )],
    );
    let errors = keyproof_plan::Plan::parse(BANK).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "keyproof: `inventory/v1` is not a known version of the plan format; this is an inventory: `keyproof plan expand` \
         makes plans of it"
    );
}

#[test]
fn everything_that_is_missing_is_told_at_once() {
    assert_eq!(
        wrong("keyproof: inventory/v1\n"),
        [
            "1:1: an inventory needs the field `name`: the name of the plan that comes of it; with placeholders, of each of several",
            "1:1: an inventory needs the field `sources`: where accounts and tables are listed or found, by the name that tables use",
            "1:1: an inventory needs the field `tables`: what each table of a source becomes in the plan, by the name that \
             expectations use",
            "1:1: an inventory needs the field `principals`: the test roles, as in a plan, with placeholders",
            "1:1: an inventory needs the field `expectations`: what must be allowed and what must be denied, as in a plan: each is \
             one about every table of that name",
        ]
    );
    assert_eq!(wrong("[]"), ["1:1: expected a mapping, found a sequence"]);
    assert_eq!(wrong(""), ["1:1: the document is empty"]);
}
