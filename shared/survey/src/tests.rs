// SPDX-License-Identifier: Apache-2.0
//! What AWS answers, page by page, and what is made of answers that are none. A new case: rules for the
//! scripted endpoint, the first that fits answers.

mod objects;
mod steps;

use std::collections::BTreeMap;

use aws_credential_types::Credentials;
use keyproof_aws::Runner;
use keyproof_inventory::{Account, Found, Organization, TagFilter, Tagged};
use keyproof_scripted::{
    ACCESS_KEY_ID, Reply, Request, Rule, SECRET_ACCESS_KEY, Script, Scripted, World,
};
use serde_json::{Value, json};

use crate::Survey;

const ONE: &str = "111122223333";
const TWO: &str = "444455556666";
const REGION: &str = "us-east-1";

async fn serve(rules: Vec<Rule>) -> (Scripted, Survey) {
    let script = rules
        .into_iter()
        .fold(Script::new(World::default()), Script::rule);
    let endpoint = Scripted::start(script).await;
    let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "test");
    let runner = Runner::with_credentials(credentials, endpoint.url(), REGION)
        .await
        .unwrap();
    let survey = Survey::new(&runner.service_config(None));
    (endpoint, survey)
}

/// One answer to one call.
fn once(operation: &str, of: &str, body: &Value) -> Rule {
    let rule = Rule::new(Reply::body(&body.to_string()))
        .on(operation)
        .times(1);
    if of.is_empty() { rule } else { rule.of(of) }
}

fn organization() -> Organization {
    Organization {
        under: vec!["r-ab12".to_owned(), "ou-ab12-11112222".to_owned()],
        tags: Vec::new(),
        except: Vec::new(),
        regions: vec![REGION.to_owned()],
        role: None,
        external_id: None,
        reads_tags: false,
    }
}

fn member(id: &str, state: &str) -> Value {
    json!({ "Id": id, "State": state })
}

const ACCOUNTS: &str = "ListAccountsForParent";
const UNITS: &str = "ListOrganizationalUnitsForParent";

/// A root with a unit, which has an account of its own and is named beside the root.
fn rules() -> Vec<Rule> {
    vec![
        once(
            ACCOUNTS,
            "r-ab12",
            &json!({ "Accounts": [member(ONE, "ACTIVE")], "NextToken": "more" }),
        ),
        // A page may be empty and have another behind it.
        // <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html>
        once(
            ACCOUNTS,
            "r-ab12",
            &json!({ "Accounts": [], "NextToken": "and more" }),
        ),
        once(
            ACCOUNTS,
            "r-ab12",
            &json!({ "Accounts": [member("222222222222", "SUSPENDED")] }),
        ),
        once(
            UNITS,
            "r-ab12",
            &json!({ "OrganizationalUnits": [], "NextToken": "more" }),
        ),
        once(
            UNITS,
            "r-ab12",
            &json!({ "OrganizationalUnits": [{ "Id": "ou-ab12-11112222" }] }),
        ),
        once(
            ACCOUNTS,
            "ou-ab12-11112222",
            &json!({ "Accounts": [member(TWO, "ACTIVE")] }),
        ),
        once(
            UNITS,
            "ou-ab12-11112222",
            &json!({ "OrganizationalUnits": [] }),
        ),
    ]
}

fn ids(found: &Found) -> Vec<&str> {
    found
        .accounts
        .iter()
        .map(|account| account.id.as_str())
        .collect()
}

#[tokio::test]
async fn accounts_of_all_units_are_read_to_the_last_page_each_unit_once() {
    let (endpoint, survey) = serve(rules()).await;

    let found = survey.organization(&organization()).await.unwrap();

    assert_eq!(ids(&found), [ONE, TWO]);
    let excluded: Vec<_> = found
        .excluded
        .iter()
        .map(|one| (one.what.as_str(), one.why.as_str()))
        .collect();
    assert_eq!(excluded, [("222222222222", "its state is SUSPENDED")]);
    let tokens: Vec<_> = endpoint
        .requests_of(ACCOUNTS)
        .iter()
        .filter(|request| request.resource == "r-ab12")
        .map(|request| request.body["NextToken"].clone())
        .collect();
    assert_eq!(tokens, [Value::Null, "more".into(), "and more".into()]);
    assert_eq!(endpoint.requests().len(), 7);
}

#[tokio::test]
async fn tags_are_asked_of_accounts_that_may_be_meant_as_the_role() {
    let mut all = rules();
    all.push(once(
        "ListTagsForResource",
        ONE,
        &json!({ "Tags": [{ "Key": "a", "Value": "1" }], "NextToken": "more" }),
    ));
    all.push(once(
        "ListTagsForResource",
        ONE,
        &json!({ "Tags": [{ "Key": "stage", "Value": "prod" }] }),
    ));
    all.push(once("ListTagsForResource", TWO, &json!({ "Tags": [] })));
    let (endpoint, survey) = serve(all).await;
    let role = "arn:aws:iam::111122223333:role/reader";
    let organization = Organization {
        tags: vec![TagFilter {
            key: "stage".to_owned(),
            values: vec!["prod".to_owned()],
        }],
        role: Some(role.to_owned()),
        external_id: Some("keyproof-4711".to_owned()),
        reads_tags: true,
        ..organization()
    };

    let found = survey.organization(&organization).await.unwrap();

    let tags =
        [("a", "1"), ("stage", "prod")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let account = Account {
        id: ONE.parse().unwrap(),
        tags: tags.into(),
    };
    assert_eq!(found.accounts, [account]);
    assert!(
        endpoint
            .requests_of(ACCOUNTS)
            .iter()
            .all(|request| request.caller == "reader")
    );
    assert_eq!(external_ids(&endpoint), ["keyproof-4711"]);
    // Nobody asks for the tags of an account that is left out anyway.
    assert_eq!(endpoint.requests_of("ListTagsForResource").len(), 3);
}

#[tokio::test]
async fn what_an_organization_does_not_tell_is_an_error() {
    let same = json!({ "Accounts": [member(ONE, "ACTIVE")], "NextToken": "more" });
    let with = |first: Vec<Rule>| first.into_iter().chain(rules()).collect::<Vec<_>>();
    let refused = |operation: &str, of: &str| {
        let error = Reply::error(
            400,
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        );
        Rule::new(error).on(operation).of(of)
    };
    let cases = [
        (
            with(vec![refused(ACCOUNTS, "ou-ab12-11112222")]),
            "organizations:ListAccountsForParent of `ou-ab12-11112222`: AccessDeniedException: You don't have permissions to \
             access this resource.",
        ),
        (
            with(vec![refused(UNITS, "r-ab12")]),
            "organizations:ListOrganizationalUnitsForParent of `r-ab12`: AccessDeniedException: You don't have permissions to \
             access this resource.",
        ),
        (
            with(vec![
                Rule::new(Reply::body(&same.to_string()))
                    .on(ACCOUNTS)
                    .of("r-ab12"),
            ]),
            "organizations:ListAccountsForParent of `r-ab12`: the same page came twice, so that there is no way to the rest",
        ),
        (
            with(vec![once(
                ACCOUNTS,
                "r-ab12",
                &json!({ "Accounts": [{ "Id": ONE }] }),
            )]),
            "organizations:ListAccountsForParent of `r-ab12`: the reply says nothing of the state of account 111122223333",
        ),
        (
            with(vec![once(
                ACCOUNTS,
                "r-ab12",
                &json!({ "Accounts": [{ "State": "ACTIVE" }] }),
            )]),
            "organizations:ListAccountsForParent of `r-ab12`: `` is not an AWS account id; expected twelve digits",
        ),
        (
            with(vec![once(
                UNITS,
                "r-ab12",
                &json!({ "OrganizationalUnits": [{ "Name": "x" }] }),
            )]),
            "organizations:ListOrganizationalUnitsForParent of `r-ab12`: the reply has a unit without an id",
        ),
    ];
    for (rules, told) in cases {
        let (_endpoint, survey) = serve(rules).await;

        let error = survey.organization(&organization()).await.unwrap_err();

        assert_eq!(error.to_string(), told);
    }
}

#[tokio::test]
async fn an_account_with_a_status_of_old_has_a_state() {
    let old = json!({ "Accounts": [{ "Id": ONE, "Status": "ACTIVE" }, { "Id": TWO, "Status": "SUSPENDED" }] });
    let (_endpoint, survey) = serve(vec![
        once(ACCOUNTS, "r-ab12", &old),
        once(UNITS, "r-ab12", &json!({ "OrganizationalUnits": [] })),
    ])
    .await;
    let organization = Organization {
        under: vec!["r-ab12".to_owned()],
        ..organization()
    };

    assert_eq!(
        ids(&survey.organization(&organization).await.unwrap()),
        [ONE]
    );
}

fn tagged(role: Option<&str>) -> Tagged {
    Tagged {
        tags: vec![TagFilter {
            key: "data".to_owned(),
            values: vec!["secret".to_owned(), "confidential".to_owned()],
        }],
        within: "everywhere".to_owned(),
        role: role.map(|role| role.parse().unwrap()),
        external_id: role.map(|_| "keyproof-4711".to_owned()),
    }
}

fn account(id: &str) -> Account {
    Account {
        id: id.parse().unwrap(),
        tags: [("name".to_owned(), format!("n{id}"))].into(),
    }
}

fn mapping(account: &str, table: &str, data: &str) -> Value {
    let arn = format!("arn:aws:dynamodb:us-east-1:{account}:table/{table}");
    json!({ "ResourceARN": arn, "Tags": [{ "Key": "data", "Value": data }, { "Key": "team", "Value": "red" }] })
}

fn page(mappings: &[Value], token: &str) -> Value {
    json!({ "ResourceTagMappingList": mappings, "PaginationToken": token })
}

const RESOURCES: &str = "GetResources";

fn by(role: &str, body: &Value) -> Rule {
    once(RESOURCES, "", body).by(role)
}

async fn look(rules: Vec<Rule>, role: Option<&str>, accounts: &[&str]) -> (Scripted, Found) {
    let (endpoint, survey) = serve(rules).await;
    let accounts: Vec<_> = accounts.iter().map(|id| account(id)).collect();
    let mut found = survey
        .tagged(&tagged(role), &accounts, &[REGION.to_owned()])
        .await;
    found
        .tables
        .sort_by(|left, right| (&left.account, &left.name).cmp(&(&right.account, &right.name)));
    (endpoint, found)
}

const ROLE: &str = "arn:aws:iam::{account}:role/{account_tag:name}";

fn names(found: &Found) -> Vec<(&str, &str)> {
    let tables = found.tables.iter();
    tables
        .map(|table| (table.account.as_str(), table.name.as_str()))
        .collect()
}

#[tokio::test]
async fn tables_of_each_account_are_read_to_the_last_page_as_its_role() {
    let rules = vec![
        by(
            "n111122223333",
            &page(&[mapping(ONE, "orders", "secret")], "more"),
        ),
        by("n111122223333", &page(&[], "and more")),
        by(
            "n111122223333",
            &page(&[mapping(ONE, "customers", "confidential")], ""),
        ),
        by(
            "n444455556666",
            &page(&[mapping(TWO, "orders", "secret")], ""),
        ),
    ];

    let (endpoint, found) = look(rules, Some(ROLE), &[ONE, TWO]).await;

    assert_eq!(
        names(&found),
        [(ONE, "customers"), (ONE, "orders"), (TWO, "orders")]
    );
    assert_eq!((found.unread, found.excluded), (Vec::new(), Vec::new()));
    let orders = &found.tables[1];
    let tags = [("data", "secret"), ("team", "red")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(orders.tags, BTreeMap::from(tags));
    assert_eq!(orders.account_tags["name"], "n111122223333");
    let asked = endpoint.requests_of(RESOURCES);
    assert_eq!(
        asked[0].body,
        json!({
            "ResourceTypeFilters": ["dynamodb:table"],
            "TagFilters": [{ "Key": "data", "Values": ["secret", "confidential"] }],
        })
    );
    assert_eq!(external_ids(&endpoint), ["keyproof-4711", "keyproof-4711"]);
}

/// Those that roles were assumed with.
fn external_ids(endpoint: &Scripted) -> Vec<String> {
    let assumed = endpoint.requests_of("AssumeRole");
    let id = |request: &Request| {
        let id = request.body.get("ExternalId").and_then(Value::as_str);
        id.unwrap_or("none").to_owned()
    };
    assumed.iter().map(id).collect()
}

#[tokio::test]
async fn an_account_that_is_not_read_to_its_end_is_told_and_the_others_are_read() {
    let denied = Reply::error(
        400,
        "AccessDeniedException",
        "User: x is not authorized to perform: tag:GetResources",
    );
    let cases = [
        (
            vec![
                Rule::new(Reply::Deny(
                    keyproof_scripted::Layer::Service,
                    String::new(),
                ))
                .on("AssumeRole")
                .of("n111122223333"),
            ],
            "sts:AssumeRole of `arn:aws:iam::111122223333:role/n111122223333`: AccessDenied: User: ",
        ),
        (
            vec![Rule::new(denied).on(RESOURCES).by("n111122223333")],
            "tag:GetResources: AccessDeniedException: User: x is not authorized to perform: tag:GetResources",
        ),
        (
            vec![
                Rule::new(Reply::body(&page(&[], "more").to_string()))
                    .on(RESOURCES)
                    .by("n111122223333"),
            ],
            "tag:GetResources: the same page came twice, so that there is no way to the rest",
        ),
        (
            vec![by(
                "n111122223333",
                &page(&[mapping(TWO, "orders", "secret")], ""),
            )],
            "tag:GetResources: account 111122223333 in us-east-1 was asked, and the answer is about \
             `arn:aws:dynamodb:us-east-1:444455556666:table/orders`; is the role another account's?",
        ),
        (
            vec![by(
                "n111122223333",
                &page(
                    &[
                        json!({ "ResourceARN": "arn:aws:dynamodb:us-east-1:111122223333:table/a/stream/b" }),
                    ],
                    "",
                ),
            )],
            "tag:GetResources: `arn:aws:dynamodb:us-east-1:111122223333:table/a/stream/b` is not the ARN of a table",
        ),
        (
            // Half of what there is, and then nothing.
            vec![
                by(
                    "n111122223333",
                    &page(&[mapping(ONE, "orders", "secret")], "more"),
                ),
                Rule::new(Reply::error(
                    400,
                    "PaginationTokenExpiredException",
                    "expired",
                ))
                .on(RESOURCES)
                .by("n111122223333"),
            ],
            "tag:GetResources: PaginationTokenExpiredException: expired",
        ),
    ];
    for (mut rules, told) in cases {
        rules.push(by(
            "n444455556666",
            &page(&[mapping(TWO, "orders", "secret")], ""),
        ));

        let (_endpoint, found) = look(rules, Some(ROLE), &[ONE, TWO]).await;

        assert_eq!(names(&found), [(TWO, "orders")], "{told}");
        let [unread] = found.unread.as_slice() else {
            panic!("{told}: {:?}", found.unread);
        };
        assert_eq!(
            (unread.account.as_str(), unread.region.as_str()),
            (ONE, REGION)
        );
        assert!(unread.why.starts_with(told), "{}", unread.why);
    }
}

#[tokio::test]
async fn a_table_whose_tag_is_another_by_now_is_left_out_and_told() {
    let rules = vec![by(
        "runner",
        &page(
            &[
                mapping(ONE, "orders", "public"),
                mapping(ONE, "ledger", "secret"),
            ],
            "",
        ),
    )];

    let (_endpoint, found) = look(rules, None, &[ONE]).await;

    assert_eq!(names(&found), [(ONE, "ledger")]);
    let [excluded] = found.excluded.as_slice() else {
        panic!("{:?}", found.excluded);
    };
    assert_eq!(
        (excluded.what.as_str(), excluded.why.as_str()),
        ("orders@111122223333", "its tag `data` is another by now")
    );
}

#[tokio::test]
async fn a_role_whose_placeholder_has_no_value_is_not_guessed() {
    let role = "arn:aws:iam::{account}:role/{account_tag:none}";

    let (endpoint, found) = look(Vec::new(), Some(role), &[ONE]).await;

    assert_eq!(
        found.unread[0].why,
        "`{account_tag:none}` has no value for the account, and the role hangs on it"
    );
    assert_eq!(endpoint.requests(), []);
}
