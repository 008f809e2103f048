// SPDX-License-Identifier: Apache-2.0

use serde_json::json;

use super::{Request, StreamChange, StreamRecord};

fn read(payload: &serde_json::Value) -> Result<Request, String> {
    Request::read(payload).map_err(|error| error.to_string())
}

#[test]
fn a_batch_is_read_leniently_and_a_request_strictly() {
    let record = json!({
        "eventID": "1", "eventName": "INSERT", "awsRegion": "us-east-1", "new_of_aws": true,
        "dynamodb": {"SequenceNumber": "7", "NewImage": {"pk": {"S": "PLAN#a"}}, "SizeBytes": 1},
    });
    assert_eq!(
        read(&json!({"Records": [record]})),
        Ok(Request::Batch(vec![StreamRecord {
            event_name: "INSERT".to_owned(),
            dynamodb: StreamChange {
                sequence_number: "7".to_owned(),
                new_image: json!({"pk": {"S": "PLAN#a"}}),
            },
        }]))
    );
    assert_eq!(
        read(&json!({"sweep": "2026-11-24T02:05:00Z"})),
        Ok(Request::Sweep {
            scheduled_at: "2026-11-24T02:05:00Z".parse().unwrap()
        })
    );
    let commit = json!({"publish": {"plan": "orders", "commit": 12}});
    let publish = Request::Publish {
        plan: "orders".to_owned(),
        commit: 12,
    };
    assert_eq!(read(&commit), Ok(publish));
}

#[test]
fn whatever_else_is_refused_with_what_is_expected() {
    let wrong = [
        json!({"swep": "2026-11-24T02:05:00Z"}),
        json!({"sweep": "now"}),
        json!({"sweep": "2026-11-24T02:05:00Z", "plan": "orders"}),
        json!({"publish": {"plan": "orders", "commit": 12, "topic": "arn:aws:sns:…"}}),
        json!({"publish": {"plan": "orders"}}),
        json!({"Records": [{"eventName": "INSERT"}]}),
        json!("sweep"),
        json!(null),
    ];
    for payload in wrong {
        let error = read(&payload).unwrap_err();
        assert!(
            error.contains(r#"expected `{"sweep": TIME}` or `{"publish": {"plan": NAME"#),
            "{payload}: {error}"
        );
    }
}
