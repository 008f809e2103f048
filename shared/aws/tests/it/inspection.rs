// SPDX-License-Identifier: Apache-2.0
//! Looks at tables and keys: who looks, how often, and what is believed.

use keyproof_scripted::{KeyState, Layer, Reply, Rule, Script, Table};
use serde_json::json;

use crate::world::{KEY, canary, finding, parse, plan, plan_on, row, run, world};

const READ: &str =
    "  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }\n";

#[tokio::test]
async fn a_key_that_several_tables_share_is_described_once() {
    let tables: Vec<String> = (0..5)
        .map(|n| format!("  t{n}: {{ table: table-{n}, key: '{KEY}', canary: {{ key: {{ pk: {{ S: keyproof#canary }} }} }} }}\n"))
        .collect();
    let expectations: Vec<String> = (0..5)
        .map(|n| format!("  - {{ principal: reader, on: t{n}, actions: [dynamodb:GetItem], decision: allowed }}\n"))
        .collect();
    let text = format!(
        "keyproof: plan/v1\nname: many\nregion: us-east-1\ntables:\n{}principals:\n  reader: {{ role: 'arn:aws:iam::111122223333:role/reader' }}\nexpectations:\n{}",
        tables.concat(),
        expectations.concat()
    );
    let world = (0..5).fold(world(), |world, n| {
        world.table(&format!("table-{n}"), Table::encrypted(canary(), KEY))
    });
    let (report, endpoint) = run(&parse(&text), Script::new(world)).await;

    assert_eq!(report.summary.pass, 10);
    assert_eq!(endpoint.requests_of("DescribeKey").len(), 1);
    assert_eq!(endpoint.requests_of("DescribeTable").len(), 5);
}

#[tokio::test]
async fn a_principal_that_inspects_looks_in_the_runners_place() {
    let plan = plan_on(KEY, "    inspect_as: outsider", READ);
    let (report, endpoint) = run(&plan, Script::new(world())).await;

    let by = |operation: &str, resource: &str| {
        let mut calls = endpoint.requests_of(operation);
        calls.retain(|call| call.resource == resource);
        calls
            .into_iter()
            .map(|call| call.caller)
            .collect::<Vec<_>>()
    };
    assert_eq!(by("DescribeTable", "orders"), ["outsider"]);
    assert_eq!(by("DescribeKey", KEY), ["outsider"]);
    assert_eq!(by("DescribeTable", "keyproof-control"), ["runner"]);
    assert_eq!(
        row(&report, "orders/encryption").principal.as_deref(),
        Some("outsider")
    );
    assert_eq!(finding(&report, "orders/encryption"), "pass");
}

#[tokio::test]
async fn an_inspector_without_a_session_is_blind() {
    let plan = plan_on(KEY, "    inspect_as: outsider", READ);
    let refused = Rule::new(Reply::Deny(Layer::Service, String::new()))
        .on("AssumeRole")
        .of("outsider");
    let (report, _endpoint) = run(&plan, Script::new(world()).rule(refused)).await;

    assert_eq!(finding(&report, "orders/encryption"), "blind");
    assert_eq!(finding(&report, "reader/dynamodb:GetItem/orders"), "pass");
}

#[tokio::test]
async fn a_runner_that_may_not_look_is_blind_and_the_run_goes_on() {
    let refused = Rule::new(Reply::Deny(Layer::Service, String::new()))
        .by("runner")
        .on("DescribeTable");
    let (report, _endpoint) = run(&plan(READ), Script::new(world()).rule(refused)).await;
    assert_eq!(finding(&report, "orders/encryption"), "blind");
    assert_eq!(finding(&report, "reader/dynamodb:GetItem/orders"), "pass");

    let refused = Rule::new(Reply::Deny(Layer::Service, String::new()))
        .by("runner")
        .on("DescribeKey");
    let (report, _endpoint) = run(&plan(READ), Script::new(world()).rule(refused)).await;
    // Whose key it is was not found out, and the AWS managed one is the wrong one.
    assert_eq!(finding(&report, "orders/encryption"), "blind");
    assert_eq!(finding(&report, "reader/dynamodb:GetItem/orders"), "pass");
}

#[tokio::test]
async fn an_alias_is_resolved_to_the_key_that_is_probed() {
    let text = READ.to_owned()
        + "  - { principal: reader, on: orders, actions: [kms:Decrypt, kms:CreateGrant], decision: allowed }\n";
    let plan = plan_on("alias/orders", "", &text);
    let (report, endpoint) = run(&plan, Script::new(world().alias("alias/orders", KEY))).await;

    assert_eq!(report.summary.pass, report.summary.planned);
    assert_eq!(endpoint.requests_of("Decrypt")[0].body["KeyId"], KEY);
    assert_eq!(endpoint.requests_of("CreateGrant")[0].body["KeyId"], KEY);
    assert_eq!(
        row(&report, "reader/kms:Decrypt/orders")
            .resource
            .as_deref(),
        Some(KEY)
    );
    assert_eq!(endpoint.requests_of("DescribeKey").len(), 1);
}

#[tokio::test]
async fn an_alias_of_another_key_is_wrong_key_and_one_of_none_is_blind() {
    let text = READ.to_owned()
        + "  - { principal: reader, on: orders, actions: [kms:Decrypt, kms:CreateGrant], decision: allowed }\n";
    let plan = plan_on("alias/orders", "", &text);
    let other = KEY.replace("1234abcd", "5678abcd");

    let (report, _endpoint) = run(&plan, Script::new(world().alias("alias/orders", &other))).await;
    assert_eq!(finding(&report, "orders/encryption"), "wrong_key");

    let (report, endpoint) = run(&plan, Script::new(world())).await;
    assert_eq!(finding(&report, "orders/encryption"), "blind");
    // KMS resolves aliases for cryptography, but takes none for grants.
    assert_eq!(
        endpoint.requests_of("Decrypt")[0].body["KeyId"],
        "alias/orders"
    );
    assert_eq!(endpoint.requests_of("CreateGrant").len(), 0);
    assert_eq!(finding(&report, "reader/kms:CreateGrant/orders"), "blind");
}

/// In the principal's own account the alias may be of any key.
#[tokio::test]
async fn an_alias_that_nobody_could_resolve_is_asked_in_the_account_alone_that_it_is_of() {
    for (reader, asked) in [("111122223333", true), ("444455556666", false)] {
        let plan = parse(&format!(
            "keyproof: plan/v1\nname: far\nregion: us-east-1\ntables:\n\
             \x20 orders: {{ table: 'arn:aws:dynamodb:us-east-1:111122223333:table/orders', key: alias/orders, canary: {{ key: {{ pk: {{ S: keyproof#canary }} }} }} }}\n\
             principals:\n  reader: {{ role: 'arn:aws:iam::{reader}:role/reader' }}\nexpectations:\n\
             \x20 - {{ principal: reader, on: orders, actions: [kms:Decrypt], decision: allowed }}\n"
        ));

        let (report, endpoint) = run(&plan, Script::new(world())).await;

        let id = "reader/kms:Decrypt/orders";
        assert_eq!(endpoint.requests_of("Decrypt").len(), usize::from(asked));
        assert_eq!(finding(&report, id), "blind");
        let message = row(&report, id).observed.message.as_deref();
        let unsent = "which key `alias/orders` is of is not known: `DescribeKey` brought no answer";
        assert_eq!(message == Some(unsent), !asked, "{message:?}");
    }
}

/// The same alias in two accounts is two keys, which one principal of neither is asked about each.
#[tokio::test]
async fn one_accounts_answer_about_an_alias_is_not_anothers() {
    let other = KEY.replace("111122223333", "444455556666");
    let tables = [("one", "111122223333"), ("two", "444455556666")].map(|(name, account)| {
        format!(
            "  {name}: {{ table: 'arn:aws:dynamodb:us-east-1:{account}:table/{name}', key: alias/orders, \
             inspect_as: looks-at-{name}, canary: {{ key: {{ pk: {{ S: keyproof#canary }} }} }} }}\n"
        )
    });
    let principals = [("one", "111122223333"), ("two", "444455556666")].map(|(name, account)| {
        format!("  looks-at-{name}: {{ role: 'arn:aws:iam::{account}:role/looks-at-{name}' }}\n")
    });
    let plan = parse(&format!(
        "keyproof: plan/v1\nname: aliases\nregion: us-east-1\ntables:\n{}principals:\n{}\
         \x20 reader: {{ role: 'arn:aws:iam::777788889999:role/reader' }}\n\
         \x20 outsider: {{ role: 'arn:aws:iam::777788889999:role/outsider' }}\nexpectations:\n\
         \x20 - {{ principal: reader, on: [one, two], actions: [dynamodb:GetItem], decision: allowed }}\n\
         \x20 - {{ principal: outsider, on: [one, two], actions: [kms:CreateGrant], decision: denied, by: kms }}\n",
        tables.concat(),
        principals.concat(),
    ));
    let table = |account: &str, key: &str| Table {
        account: account.to_owned(),
        ..Table::encrypted(canary(), key)
    };
    let world = world()
        .key(&other, KeyState::Enabled)
        .table("one", table("111122223333", KEY))
        .table("two", table("444455556666", &other));
    let described = |key: &str| {
        let id = key.rsplit('/').next();
        Reply::body(
            &json!({ "KeyMetadata": {
                "KeyId": id, "Arn": key, "KeyState": "Enabled", "KeyManager": "CUSTOMER",
            }})
            .to_string(),
        )
    };
    let script = Script::new(world)
        .rule(
            Rule::new(described(KEY))
                .on("DescribeKey")
                .by("looks-at-one"),
        )
        .rule(
            Rule::new(described(&other))
                .on("DescribeKey")
                .by("looks-at-two"),
        )
        .rule(
            Rule::new(Reply::Deny(Layer::Service, String::new()))
                .on("CreateGrant")
                .of(KEY),
        );

    let (report, endpoint) = run(&plan, script).await;

    assert_eq!(finding(&report, "outsider/kms:CreateGrant/one"), "pass");
    assert_eq!(finding(&report, "outsider/kms:CreateGrant/two"), "exposed");
    let mut asked: Vec<_> = endpoint
        .requests_of("CreateGrant")
        .iter()
        .map(|request| request.body["KeyId"].clone())
        .collect();
    asked.sort_by_key(ToString::to_string);
    assert_eq!(asked, [json!(KEY), json!(other)]);
}

#[tokio::test]
async fn descriptions_that_say_nothing_are_blind() {
    let tables = [
        json!({ "Status": "UPDATING", "SSEType": "KMS", "KMSMasterKeyArn": KEY }),
        json!({ "Status": "ENABLING" }),
        json!({ "Status": "ENABLED", "SSEType": "KMS" }),
        json!({ "Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": "1234abcd" }),
        json!({ "Status": "NEW_WORD", "SSEType": "KMS", "KMSMasterKeyArn": KEY }),
        json!({}),
    ];
    for sse in tables {
        let table = Table {
            sse: Some(sse.clone()),
            ..Table::aws_owned(canary())
        };
        let (report, _endpoint) =
            run(&plan(READ), Script::new(world().table("orders", table))).await;
        assert_eq!(finding(&report, "orders/encryption"), "blind", "{sse}");
    }
    for body in [
        "{}",
        "{\"Table\":{}}",
        "{\"Table\":{\"TableName\":\"others\"}}",
    ] {
        let rule = Rule::new(Reply::body(body))
            .on("DescribeTable")
            .of("orders");
        let (report, _endpoint) = run(&plan(READ), Script::new(world()).rule(rule)).await;
        assert_eq!(finding(&report, "orders/encryption"), "blind", "{body}");
    }
}

#[tokio::test]
async fn a_description_of_another_key_tells_nothing_of_this_one() {
    let other = KEY.replace("1234abcd", "5678abcd");
    let body =
        json!({ "KeyMetadata": { "KeyId": "5678abcd", "Arn": other, "KeyState": "Disabled" } });
    let rule = Rule::new(Reply::body(&body.to_string())).on("DescribeKey");
    let (report, _endpoint) = run(&plan(READ), Script::new(world()).rule(rule)).await;

    assert_eq!(finding(&report, "reader/dynamodb:GetItem/orders"), "pass");
}

#[tokio::test]
async fn an_unavailable_key_makes_refusals_prove_nothing() {
    let text = READ.to_owned()
        + "  - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }\n";
    let rule = Rule::new(Reply::DenyOld).by("outsider").on("GetItem");
    let script = Script::new(world().key(KEY, KeyState::Unavailable)).rule(rule);
    let (report, _endpoint) = run(&plan(&text), script).await;

    assert_eq!(
        finding(&report, "outsider/dynamodb:GetItem/orders"),
        "key_unusable"
    );
}

#[tokio::test]
async fn a_table_of_another_account_is_called_by_its_arn() {
    let arn = "arn:aws:dynamodb:us-east-1:444455556666:table/orders";
    let text = format!(
        "keyproof: plan/v1\nname: far\nregion: us-east-1\ntables:\n  orders: {{ table: '{arn}', key: '{KEY}', canary: {{ key: {{ pk: {{ S: keyproof#canary }} }} }} }}\nprincipals:\n  reader: {{ role: 'arn:aws:iam::111122223333:role/reader' }}\nexpectations:\n  - {{ principal: reader, on: orders, actions: [dynamodb:GetItem, dynamodb:BatchGetItem, dynamodb:PartiQLSelect, kms:Decrypt], decision: allowed }}\n"
    );
    let table = Table {
        account: "444455556666".to_owned(),
        ..Table::encrypted(canary(), KEY)
    };
    let (report, endpoint) = run(&parse(&text), Script::new(world().table("orders", table))).await;

    assert_eq!(report.summary.pass, report.summary.planned);
    let body = |operation: &str| endpoint.requests_of(operation)[0].body.clone();
    assert_eq!(body("GetItem")["TableName"], arn);
    assert_eq!(body("DescribeTable")["TableName"], arn);
    assert_eq!(
        body("ExecuteStatement")["Statement"],
        format!("SELECT * FROM \"{arn}\" WHERE \"pk\" = ?")
    );
    assert_eq!(
        body("Decrypt")["EncryptionContext"]["aws:dynamodb:subscriberId"],
        "444455556666"
    );
    assert_eq!(
        row(&report, "reader/dynamodb:GetItem/orders")
            .resource
            .as_deref(),
        Some(arn)
    );
}

#[tokio::test]
async fn the_aws_managed_key_is_the_wrong_key_even_where_the_plan_names_it() {
    let described = json!({ "KeyMetadata": {
        "KeyId": KEY.rsplit('/').next(), "Arn": KEY, "KeyState": "Enabled", "KeyManager": "AWS",
    }});
    let rule = Rule::new(Reply::body(&described.to_string())).on("DescribeKey");
    let (report, _endpoint) = run(&plan_on(KEY, "", READ), Script::new(world()).rule(rule)).await;

    assert_eq!(finding(&report, "orders/encryption"), "wrong_key");
}

#[tokio::test]
async fn an_alias_may_be_named_by_its_arn() {
    let alias = "arn:aws:kms:us-east-1:111122223333:alias/orders";
    let described = json!({ "KeyMetadata": {
        "KeyId": KEY.rsplit('/').next(), "Arn": KEY, "KeyState": "Enabled", "KeyManager": "CUSTOMER",
    }});
    let rule = Rule::new(Reply::body(&described.to_string())).on("DescribeKey");
    let (report, _endpoint) = run(&plan_on(alias, "", READ), Script::new(world()).rule(rule)).await;

    assert_eq!(finding(&report, "orders/encryption"), "pass");
}
