// SPDX-License-Identifier: Apache-2.0
//! Pages as people get them: `pages/*.txt`, subject first.

use std::path::Path;

use keyproof_publish::{Archive, Location};
use keyproof_state::PolicyChange;

use crate::world::{WIDENED, World, counted, excepted, failing, passing, widened};

/// Compares with a file, or writes it where `UPDATE_GOLDEN=1`.
#[track_caller]
pub(crate) fn golden(path: &Path, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        text,
        expected,
        "{} (UPDATE_GOLDEN=1 rewrites it)",
        path.display()
    );
}

/// The change that takes the reader's policy away.
fn detached() -> PolicyChange {
    PolicyChange {
        event: "DeleteRolePolicy".to_owned(),
        source: "iam.amazonaws.com".to_owned(),
        event_id: "3c0f1c1e-8f0a-4d0e-a5b5-000000000001".to_owned(),
        at: "2026-11-24T02:09:31Z".parse().unwrap(),
        by: Some("arn:aws:sts::111122223333:assumed-role/deployer/ci-4711".to_owned()),
        account: Some("111122223333".to_owned()),
        touches: ["ROLE#111122223333/reader".parse().unwrap()].into(),
        document: Some("arn:aws:iam::111122223333:role/keyproof/reader".to_owned()),
    }
}

const READER: &[&str] = &["reader/dynamodb:GetItem/orders"];

/// A story for each page: the last message of each is the page.
pub(crate) async fn scenarios() -> Vec<(&'static str, World)> {
    let mut all = Vec::new();
    let begin = async || {
        let world = World::new();
        world.commit(&passing(0)).await;
        world
    };

    let world = begin().await;
    world.commit(&widened(10)).await;
    all.push(("exposed", world));

    let world = begin().await;
    world
        .commit_by(&failing(10, READER), Some(&detached()))
        .await;
    world.commit(&failing(16, READER)).await;
    all.push(("locked-out-confirmed", world));

    let world = begin().await;
    world.commit(&failing(10, &["orders/encryption"])).await;
    all.push(("wrong-key", world));

    let world = begin().await;
    world.commit(&widened(10)).await;
    world.commit(&passing(95)).await;
    all.push(("recovered", world));

    let world = begin().await;
    world.commit(&widened(10)).await;
    world.commit(&widened(10 + 24 * 60)).await;
    all.push(("reminder", world));

    let world = begin().await;
    world
        .commit(&excepted(widened(10), "in_force", "2026-11-24"))
        .await;
    world
        .commit(&excepted(widened(24 * 60), "expired", "2026-11-24"))
        .await;
    all.push(("exception-expired", world));

    let world = begin().await;
    // The third run overtakes the second, which is committed after it.
    world.commit_as(&passing(20), 3, None).await;
    world.commit_as(&widened(10), 2, None).await;
    all.push(("late-exposed", world));

    for (_, world) in &all {
        world.publish().await;
    }
    all
}

#[tokio::test]
async fn every_page_reads_as_it_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/publish/pages");
    for (name, world) in scenarios().await {
        let messages = world.heard.messages.borrow();
        let page = messages.last().unwrap();
        let attributes = page.attributes.iter();
        let attributes: Vec<_> = attributes
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let attributes = attributes.join("\n");
        let text = format!("{}\n\n{}\n--\n{attributes}\n", page.subject, page.body);
        golden(&folder.join(format!("{name}.txt")), &text);
    }
}

#[tokio::test]
async fn who_is_paged_and_who_is_not() {
    let mut paged = Vec::new();
    for (name, world) in scenarios().await {
        paged.push((name, world.heard.subjects().len()));
    }
    assert_eq!(
        paged,
        [
            ("exposed", 1),
            ("locked-out-confirmed", 1),
            ("wrong-key", 1),
            ("recovered", 2),
            ("reminder", 2),
            // While the exception held, nobody.
            ("exception-expired", 1),
            ("late-exposed", 1),
        ]
    );
}

#[tokio::test]
async fn a_lockout_that_is_over_before_it_is_confirmed_pages_nobody() {
    let world = World::new();
    world.commit(&passing(0)).await;
    world
        .commit_by(&failing(10, READER), Some(&detached()))
        .await;
    world.commit(&passing(16)).await;
    world.publish().await;

    assert_eq!(world.heard.subjects(), Vec::<String>::new());
    // The bus is told of both.
    assert_eq!(world.heard.events.borrow().len(), 3 + 12 + 1 + 1);
}

#[tokio::test]
async fn what_is_inconclusive_pages_nobody() {
    let world = World::new();
    world.commit(&passing(0)).await;
    world
        .commit(&failing(10, &["outsider/dynamodb:Scan/orders"]))
        .await;
    world.publish().await;

    assert_eq!(world.heard.subjects(), Vec::<String>::new());
}

#[tokio::test]
async fn two_principals_are_two_pages_and_three_ways_in_are_one() {
    let mut report = failing(10, &[WIDENED, READER].concat());
    for row in &mut report.probes {
        if row.id == "reader/dynamodb:Query/orders" {
            row.verdict = keyproof_verdict::Verdict::Fail;
            row.finding = Some(keyproof_verdict::Finding::Exposed);
        }
    }
    let world = World::new();
    world.commit(&passing(0)).await;
    world.commit(&counted(report)).await;
    world.publish().await;

    assert_eq!(
        world.heard.subjects(),
        [
            "keyproof: EXPOSED: reader gets into orders [orders]",
            "keyproof: EXPOSED: outsider gets into orders [orders]",
        ]
    );
}

#[tokio::test]
async fn a_hostile_sentence_stays_on_its_line_and_a_long_name_leaves_the_subject_short() {
    let mut report = widened(10);
    for row in &mut report.probes {
        row.reason = "let in\r\nWhat to do\u{1b}[2J nothing".to_owned();
        row.principal = row
            .principal
            .take()
            .map(|name| format!("{name}-ä-{}", "x".repeat(120)));
    }
    let world = World::new();
    world.commit(&passing(0)).await;
    world.commit(&report).await;
    world.publish().await;

    let messages = world.heard.messages.borrow();
    let page = &messages[0];
    assert_eq!(page.subject.len(), 99);
    assert!(
        page.subject
            .starts_with("keyproof: EXPOSED: outsider-?-xxx"),
        "{}",
        page.subject
    );
    assert_eq!(
        page.body.matches("\nWhat to do").count(),
        1,
        "{}",
        page.body
    );
    assert!(!page.body.contains(['\r', '\u{1b}']));
}

/// The words that a shell makes of a command.
fn words(command: &str) -> Vec<String> {
    let script = format!("set -- {command}; printf '%s\\0' \"$@\"");
    let done = std::process::Command::new("sh")
        .args(["-c", &script])
        .output()
        .unwrap();
    assert!(done.status.success(), "{command}: {done:?}");
    let words = String::from_utf8(done.stdout).unwrap();
    words.split_terminator('\0').map(str::to_owned).collect()
}

/// Whoever may write to the table could have an operator copy what was never a name.
#[test]
fn a_command_of_a_page_is_words_for_a_shell() {
    let archive = Archive {
        table: "keyproof-state".to_owned(),
        bucket: Some("keyproof-reports".to_owned()),
        region: "us-east-1".to_owned(),
    };
    for hostile in [
        "$(id)",
        "`id`",
        "; id #",
        "'; id; '",
        "\" $HOME \"",
        "a\nid",
        "",
        "* ?",
        "\u{1b}[2J",
    ] {
        let bucket = Location::Bucket {
            bucket: "keyproof-reports".to_owned(),
            key: hostile.to_owned(),
        };
        let table = Location::Table {
            table: "keyproof-state".to_owned(),
            pk: format!("PLAN#{hostile}"),
            sk: "RUN#000000000001".to_owned(),
        };
        let (bucket, table) = (archive.command(&bucket), archive.command(&table));

        let shown = keyproof_report::visible(hostile);
        let object = format!("s3://keyproof-reports/{shown}");
        assert_eq!(
            words(&bucket),
            ["aws", "s3", "cp", "--region", "us-east-1", &object, "-"]
        );
        let words = words(&table);
        assert_eq!((words.len(), words[7].as_str()), (13, "--key"), "{words:?}");
        let key: serde_json::Value = serde_json::from_str(&words[8]).unwrap();
        assert_eq!(key["sk"]["S"], "RUN#000000000001");
        assert!(!table.contains(['\n', '\u{1b}']), "{table}");
    }
}
