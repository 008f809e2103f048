// SPDX-License-Identifier: Apache-2.0
//! CloudFormation's requests, and that each is answered, whatever happens.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use keyproof_aws::{CanaryOutcome, CanaryState};
use keyproof_plan::Plan;
use keyproof_state::StackConfig;
use keyproof_store::memory::MemoryTable;
use keyproof_store::{Store, TableError};
use keyproof_verdict::{Answer as Seen, Blindness, Observation};
use serde_json::{Value, json};

use crate::{Answer, AnswerError, Canaries, Deliver, Https, Service, Status, handle};

const PLAN: &str = include_str!("../../../plans/orders.yaml");
const MINUTE: Duration = Duration::from_mins(1);
const ID: &str = "keyproof-Canaries";

/// Canaries that do as they are told, and remember the tables that they were asked for.
#[derive(Default)]
struct Fake {
    /// The states of the tables of coming calls; what always succeeds when there are none left.
    coming: RefCell<VecDeque<CanaryState>>,
    asked: RefCell<Vec<String>>,
    panics: bool,
    hangs: bool,
}

impl Fake {
    async fn act(&self, verb: &str, plan: &Plan, otherwise: &CanaryState) -> Vec<CanaryOutcome> {
        assert!(!self.panics, "as it was told to");
        if self.hangs {
            std::future::pending::<()>().await;
        }
        let names: Vec<_> = plan.tables.keys().cloned().collect();
        self.asked
            .borrow_mut()
            .push(format!("{verb} {}", names.join(" ")));
        let state = || {
            self.coming
                .borrow_mut()
                .pop_front()
                .unwrap_or_else(|| otherwise.clone())
        };
        names
            .into_iter()
            .map(|table| CanaryOutcome {
                table,
                state: state(),
            })
            .collect()
    }
}

impl Canaries for &Fake {
    async fn plant(&self, plan: &Plan) -> Vec<CanaryOutcome> {
        self.act("plant", plan, &CanaryState::Planted).await
    }

    async fn remove(&self, plan: &Plan) -> Vec<CanaryOutcome> {
        self.act("remove", plan, &CanaryState::Removed).await
    }
}

/// Keeps the answers.
#[derive(Default)]
struct Kept(RefCell<Vec<(String, Answer)>>);

impl Deliver for Kept {
    async fn deliver(&self, url: &str, answer: &Answer) -> Result<(), AnswerError> {
        self.0.borrow_mut().push((url.to_owned(), answer.clone()));
        Ok(())
    }
}

fn failed(code: &str) -> CanaryState {
    CanaryState::Failed(Box::new(Observation {
        answer: Seen::Unknown(Blindness::Conflict),
        resource: None,
        error_code: Some(code.to_owned()),
        message: Some("said so".to_owned()),
        request_id: None,
        attempts: 1,
        latency_ms: None,
    }))
}

fn stack() -> Value {
    json!({
        "stack": "keyproof", "queue_url": "https://sqs/q", "queue_arn": "arn:aws:sqs:::q",
        "dead_letter_queues": {"runs": "https://sqs/d"}, "report_bucket": "reports",
        "evidence_bucket": "evidence", "signing_key": "arn:aws:kms:::key/k", "schedule_group": "group",
        "scheduler_role_arn": "arn:aws:iam::111122223333:role/s",
        "scheduler_dead_letter_arn": "arn:aws:sqs:::d", "api_url": "https://api",
    })
}

fn properties(plan: &str) -> Value {
    json!({
        "ServiceToken": "arn:aws:lambda:us-east-1:111122223333:function:canary",
        "ServiceTimeout": "300", "IntervalMinutes": "15", "Plan": plan, "Stack": stack(),
    })
}

fn event(request_type: &str, properties: &Value) -> Value {
    let mut event = json!({
        "RequestType": request_type,
        "ResponseURL": "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/signed",
        "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/keyproof/1a2b",
        "RequestId": "7bfe2d54",
        "ResourceType": "Custom::KeyproofCanaries",
        "LogicalResourceId": "Canaries",
        "ResourceProperties": properties,
    });
    if request_type != "Create" {
        event["PhysicalResourceId"] = ID.into();
    }
    event
}

struct World {
    table: MemoryTable,
    fake: Fake,
    kept: Kept,
}

impl World {
    fn new(fake: Fake) -> Self {
        Self {
            table: MemoryTable::default(),
            fake,
            kept: Kept::default(),
        }
    }

    async fn handle(&self, event: &Value) -> Answer {
        self.handle_within(event, MINUTE).await
    }

    async fn handle_within(&self, event: &Value, remaining: Duration) -> Answer {
        let service = async {
            Ok(Service {
                store: self.store(),
                canaries: &self.fake,
                pause: Duration::from_millis(1),
            })
        };
        let answer = handle(event, remaining, service, &self.kept).await.unwrap();
        let [(url, kept)] = <[_; 1]>::try_from(self.kept.0.take()).unwrap();
        assert_eq!(
            (&url, &kept),
            (&event["ResponseURL"].as_str().unwrap().to_owned(), &answer)
        );
        assert_eq!(answer.physical_resource_id, ID);
        answer
    }

    fn store(&self) -> Store<MemoryTable> {
        Store::new(self.table.clone())
    }

    fn asked(&self) -> Vec<String> {
        self.fake.asked.take()
    }
}

fn told(answer: &Answer) -> (Status, Option<&str>) {
    (answer.status, answer.reason.as_deref())
}

#[tokio::test]
async fn a_deployment_plants_the_canaries_and_stores_the_plan_and_the_stack() {
    let world = World::new(Fake::default());

    let answer = world.handle(&event("Create", &properties(PLAN))).await;

    assert_eq!(
        serde_json::to_value(&answer).unwrap(),
        json!({
            "Status": "SUCCESS", "PhysicalResourceId": ID, "RequestId": "7bfe2d54",
            "LogicalResourceId": "Canaries",
            "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/keyproof/1a2b",
        })
    );
    assert_eq!(world.asked(), ["plant orders control"]);
    let head = world.store().head("orders").await.unwrap().unwrap();
    assert_eq!((head.version, head.interval_minutes), (1, Some(15)));
    let version = world.store().version("orders", 1).await.unwrap().unwrap();
    assert_eq!(version.text, PLAN);
    let config = world.store().config().await.unwrap().unwrap();
    let mut expected = stack();
    expected["version"] = env!("CARGO_PKG_VERSION").into();
    assert_eq!(
        config,
        serde_json::from_value::<StackConfig>(expected).unwrap()
    );
}

#[tokio::test]
async fn an_update_plants_anew_and_clears_the_tables_that_the_plan_no_longer_has() {
    let world = World::new(Fake::default());
    world.handle(&event("Create", &properties(PLAN))).await;
    world.asked();
    let other = PLAN.replace("table: keyproof-control", "table: other-control");
    let mut update = event("Update", &properties(&other));
    update["OldResourceProperties"] = properties(PLAN);

    let changed = world.handle(&update).await;
    update["OldResourceProperties"] = properties(&other);
    let asked = world.asked();
    let same = world.handle(&update).await;

    assert_eq!(
        (told(&changed), told(&same)),
        ((Status::Success, None), (Status::Success, None))
    );
    assert_eq!(asked, ["plant orders control", "remove control"]);
    assert_eq!(world.asked(), ["plant orders control"]);
    let head = world.store().head("orders").await.unwrap().unwrap();
    assert_eq!(head.version, 2);
}

#[tokio::test]
async fn a_former_table_that_is_out_of_reach_holds_no_update_up() {
    let fake = Fake::default();
    let planted = [CanaryState::AlreadyThere, CanaryState::Planted];
    fake.coming
        .borrow_mut()
        .extend(planted.into_iter().chain([failed("AccessDeniedException")]));
    let world = World::new(fake);
    let other = PLAN.replace("table: keyproof-control", "table: other-control");
    let mut update = event("Update", &properties(&other));
    update["OldResourceProperties"] = properties(PLAN);

    assert_eq!(told(&world.handle(&update).await), (Status::Success, None));
}

#[tokio::test]
async fn the_end_removes_the_canaries_and_nothing_else() {
    let world = World::new(Fake::default());
    world.handle(&event("Create", &properties(PLAN))).await;
    let before = world.table.items();
    world.asked();

    let answer = world.handle(&event("Delete", &properties(PLAN))).await;

    assert_eq!(told(&answer), (Status::Success, None));
    assert_eq!(world.asked(), ["remove orders control"]);
    assert_eq!(world.table.items(), before);
}

#[tokio::test]
async fn what_holds_no_canary_lets_a_stack_go_and_what_may_hold_one_does_not() {
    for (state, status) in [
        (CanaryState::AlreadyGone, Status::Success),
        (CanaryState::Foreign, Status::Success),
        (failed("ResourceNotFoundException"), Status::Success),
        (failed("AccessDeniedException"), Status::Failed),
    ] {
        let fake = Fake::default();
        fake.coming.borrow_mut().push_back(state.clone());
        let answer = World::new(fake)
            .handle(&event("Delete", &properties(PLAN)))
            .await;

        assert_eq!(answer.status, status, "{state:?}");
    }
    // A resource whose making failed for its properties is deleted with the very same.
    for wrong in [json!({}), properties("no plan"), Value::Null] {
        let world = World::new(Fake::default());
        let answer = world.handle(&event("Delete", &wrong)).await;
        assert_eq!(
            (told(&answer), world.asked()),
            ((Status::Success, None), Vec::new())
        );
    }
}

#[tokio::test]
async fn planting_is_tried_again_while_a_new_role_becomes_known() {
    let fake = Fake::default();
    let denied = || failed("AccessDeniedException");
    fake.coming
        .borrow_mut()
        .extend([denied(), CanaryState::Planted, denied(), denied()]);
    let world = World::new(fake);

    let answer = world.handle(&event("Create", &properties(PLAN))).await;

    assert_eq!(told(&answer), (Status::Success, None));
    assert_eq!(world.asked(), ["plant orders control"; 3]);
}

#[tokio::test]
async fn a_canary_that_cannot_be_planted_fails_the_deployment_with_its_reason() {
    let fake = Fake::default();
    fake.coming.borrow_mut().push_back(CanaryState::Foreign);
    let foreign = World::new(fake);
    let fake = Fake::default();
    fake.coming
        .borrow_mut()
        .extend(vec![failed("AccessDeniedException"); 10_000]);
    let denied = World::new(fake);
    let create = event("Create", &properties(PLAN));

    let left_alone = foreign.handle(&create).await;
    let denied_to_the_end = denied
        .handle_within(&create, Duration::from_millis(200))
        .await;

    let reason = "orders: another item has the canary's key and was left alone";
    assert_eq!(told(&left_alone), (Status::Failed, Some(reason)));
    assert_eq!(foreign.asked().len(), 1);
    let reason = "orders: AccessDeniedException: said so; control: AccessDeniedException: said so";
    assert_eq!(told(&denied_to_the_end), (Status::Failed, Some(reason)));
    assert!(denied.asked().len() > 1);
    // Without canaries the plan would fail: it is not stored.
    assert_eq!(denied.table.items(), []);
}

#[tokio::test]
async fn properties_that_the_template_never_writes_are_refused() {
    let mut unknown = properties(PLAN);
    unknown["Intervall"] = "15".into();
    let mut interval = properties(PLAN);
    interval["IntervalMinutes"] = "often".into();
    let plan = properties("keyproof: plan/v1");
    for (properties, reason) in [
        (
            unknown,
            "the properties can't be read: unknown field `Intervall`",
        ),
        (
            interval,
            "`IntervalMinutes` is `often`; expected a number of minutes",
        ),
        (plan, "`Plan` is not valid: 1:1: "),
        (Value::Null, "the properties can't be read: "),
    ] {
        let world = World::new(Fake::default());
        let answer = world.handle(&event("Create", &properties)).await;

        assert_eq!(answer.status, Status::Failed);
        let told = answer.reason.unwrap();
        assert!(told.starts_with(reason), "{told}");
        assert_eq!(world.asked(), [""; 0]);
    }
}

#[tokio::test]
async fn a_panic_is_answered() {
    let world = World::new(Fake {
        panics: true,
        ..Fake::default()
    });

    let answer = world.handle(&event("Create", &properties(PLAN))).await;

    let reason = "the function failed; its log says why";
    assert_eq!(told(&answer), (Status::Failed, Some(reason)));
}

#[tokio::test]
async fn what_takes_too_long_is_answered_before_lambda_ends_it() {
    let world = World::new(Fake {
        hangs: true,
        ..Fake::default()
    });

    let create = event("Create", &properties(PLAN));
    let answer = world
        .handle_within(&create, Duration::from_millis(100))
        .await;

    let reason = "there was no time left; the function's log says what took it";
    assert_eq!(told(&answer), (Status::Failed, Some(reason)));
}

#[tokio::test]
async fn a_table_that_is_out_of_order_is_answered() {
    let world = World::new(Fake::default());
    let error = TableError::NoTable {
        table: "state".to_owned(),
        region: "us-east-1".to_owned(),
    };
    world.table.fail_after(0, error);

    let answer = world.handle(&event("Create", &properties(PLAN))).await;

    assert_eq!(answer.status, Status::Failed);
}

#[tokio::test]
async fn a_function_without_its_variables_says_so_to_cloudformation() {
    let kept = Kept::default();
    let service = async {
        let made = Box::pin(crate::Aws::of(|_| None)).await;
        made.map_err(|error| error.to_string())
    };

    let answer = handle(&event("Create", &properties(PLAN)), MINUTE, service, &kept)
        .await
        .unwrap();

    let reason = "the variable `KEYPROOF_STATE_TABLE` is not set; the template sets it";
    assert_eq!(told(&answer), (Status::Failed, Some(reason)));
}

#[tokio::test]
async fn a_payload_that_is_no_request_has_nobody_to_answer() {
    let world = World::new(Fake::default());
    let service = async {
        Ok(Service {
            store: world.store(),
            canaries: &world.fake,
            pause: MINUTE,
        })
    };

    let refused = handle(&json!({"plan": "orders"}), MINUTE, service, &world.kept).await;

    assert!(
        matches!(refused, Err(AnswerError::NoRequest(_))),
        "{refused:?}"
    );
}

/// A server that answers with these statuses, one for each connection, and sends on what it got.
fn server(statuses: &'static [u16]) -> (String, Receiver<(String, Vec<String>, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "http://{}/signed?X-Amz-Signature=1",
        listener.local_addr().unwrap()
    );
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for status in statuses {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                lines.push(line.trim().to_lowercase());
            }
            let length = lines
                .iter()
                .find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.unwrap().parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            let reply =
                format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            reader.get_mut().write_all(reply.as_bytes()).unwrap();
            let first = lines.remove(0);
            sender
                .send((first, lines, String::from_utf8(body).unwrap()))
                .unwrap();
        }
    });
    (url, receiver)
}

fn an_answer(outcome: Result<(), String>) -> Answer {
    let event = crate::Event::read(&event("Update", &Value::Null)).unwrap();
    Answer::new(&event, outcome)
}

#[tokio::test]
async fn an_answer_is_put_without_a_content_type_and_sent_again_when_it_did_not_arrive() {
    let (url, received) = server(&[503, 200]);
    let answer = an_answer(Err("why".to_owned()));

    Https.deliver(&url, &answer).await.unwrap();

    for _ in 0..2 {
        let (first, headers, body) = received.recv().unwrap();
        assert_eq!(first, "put /signed?x-amz-signature=1 http/1.1");
        // The address is signed for a body of no type.
        assert!(headers.contains(&"content-type:".to_owned()), "{headers:?}");
        assert_eq!(
            serde_json::from_str::<Value>(&body).unwrap(),
            serde_json::to_value(&answer).unwrap()
        );
    }
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_an_error_that_keeps_the_address_secret() {
    let (url, _received) = server(&[403, 403, 403, 403]);

    let error = Https.deliver(&url, &an_answer(Ok(()))).await.unwrap_err();
    let nowhere = Https
        .deliver(
            "http://127.0.0.1:1/signed?X-Amz-Signature=1",
            &an_answer(Ok(())),
        )
        .await;

    assert_eq!(
        error.to_string(),
        "CloudFormation could not be answered: HTTP status 403"
    );
    assert!(!nowhere.unwrap_err().to_string().contains("Signature"));
}

#[test]
fn an_answer_fits_into_what_cloudformation_takes() {
    let answer = an_answer(Err("ü".repeat(5000)));

    assert!(serde_json::to_string(&answer).unwrap().len() < 4096);
    assert!(answer.reason.unwrap().ends_with("ü…"));
}
