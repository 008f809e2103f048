// SPDX-License-Identifier: Apache-2.0
//! KMS's lists in pages: how many come unasked, how many may be asked for, and where the next begins.
//! Numbers are those of each operation's page in the KMS API reference.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{World, role_arn};

/// Status and reply of a list, as the administrator asks for it.
async fn list(world: &World, operation: &str, input: &Value) -> (u16, Value) {
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", &*format!("TrentService.{operation}")),
    ];
    let credentials = world.administrator();
    let request = world.signed(&credentials, "kms", &headers, &input.to_string());
    let (status, body) = world.send(request).await;
    (status, serde_json::from_str(&body).unwrap())
}

/// Walks a list to its end: the entries of each page.
async fn walk(world: &World, operation: &str, member: &str, input: &Value) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut input = input.clone();
    loop {
        let (status, reply) = list(world, operation, &input).await;
        assert_eq!(status, 200, "{operation}: {reply}");
        let entries = reply.get(member).and_then(Value::as_array);
        pages.push(entries.unwrap().clone());
        assert!(pages.len() < 100, "{operation} never ends");
        let next = reply.get("NextMarker");
        let truncated = reply.get("Truncated").and_then(Value::as_bool);
        assert_eq!(truncated, Some(next.is_some()), "{operation}: {reply}");
        let Some(marker) = next else {
            return pages;
        };
        let parameters = input.as_object_mut().unwrap();
        parameters.insert("Marker".to_owned(), marker.clone());
    }
}

/// A world with more than a page of everything that a key can have many of.
async fn crowded() -> World {
    let world = World::new();
    let kms = world.kms(&world.administrator());
    for number in 0..60 {
        let grant = kms
            .create_grant()
            .key_id(&world.open)
            .grantee_principal(role_arn("outsider"));
        grant
            .retiring_principal(role_arn("guarded"))
            .operations(aws_sdk_kms::types::GrantOperation::Decrypt)
            .send()
            .await
            .unwrap();
        let alias = kms.create_alias().target_key_id(&world.open);
        let name = format!("alias/number-{number}");
        alias.alias_name(name).send().await.unwrap();
    }
    for key in ["a", "b", "ключ"] {
        let tag = aws_sdk_kms::types::Tag::builder().tag_key(key);
        let tag = tag.tag_value("x").build().unwrap();
        let tagging = kms.tag_resource().key_id(&world.open).tags(tag);
        tagging.send().await.unwrap();
        let rotating = kms.rotate_key_on_demand().key_id(&world.open);
        rotating.send().await.unwrap();
    }
    world
}

#[tokio::test]
async fn each_list_has_its_own_page_and_limit() {
    let world = crowded().await;
    let key = json!({ "KeyId": world.open });
    let retiring = json!({ "RetiringPrincipal": role_arn("guarded") });
    for (operation, member, input, usual, most) in [
        ("ListAliases", "Aliases", &json!({}), 50, 100),
        ("ListGrants", "Grants", &key, 50, 100),
        ("ListRetirableGrants", "Grants", &retiring, 50, 100),
        ("ListResourceTags", "Tags", &key, 50, 50),
        ("ListKeys", "Keys", &json!({}), 100, 1000),
        ("ListKeyPolicies", "PolicyNames", &key, 100, 1000),
        ("ListKeyRotations", "Rotations", &key, 100, 1000),
    ] {
        let limited = |limit: i64| {
            let mut input = input.clone();
            input["Limit"] = limit.into();
            input
        };
        let whole = walk(&world, operation, member, &limited(most))
            .await
            .concat();
        assert!(!whole.is_empty(), "{operation}");

        let unasked = walk(&world, operation, member, input).await;
        assert_eq!(unasked[0].len(), whole.len().min(usual), "{operation}");
        assert_eq!(unasked.concat(), whole, "{operation}");

        let each = walk(&world, operation, member, &limited(1)).await;
        assert!(each.iter().all(|page| page.len() == 1), "{operation}");
        assert_eq!(each.concat(), whole, "{operation}");
        let apart: BTreeSet<String> = whole.iter().map(Value::to_string).collect();
        assert_eq!(apart.len(), whole.len(), "{operation}");

        for limit in [0, most + 1] {
            let (status, refused) = list(&world, operation, &limited(limit)).await;
            assert_eq!(status, 400, "{operation} {limit}");
            let code = refused["__type"].as_str().unwrap();
            assert!(code.ends_with("ValidationException"), "{operation}: {code}");
        }
        for marker in ["nonsense", "default", "bm9uc2Vuc2U"] {
            let mut input = input.clone();
            input["Marker"] = marker.into();
            let (status, refused) = list(&world, operation, &input).await;
            assert_eq!(status, 400, "{operation} {marker}");
            let code = refused["__type"].as_str().unwrap();
            assert!(
                code.ends_with("InvalidMarkerException"),
                "{operation}: {code}"
            );
        }
    }
}
