// SPDX-License-Identifier: Apache-2.0
//! Schedules: which intervals prove something, and what they are called.

use keyproof_store::memory::MemorySchedules;
use keyproof_store::{Schedule, Schedules, schedule_name};

#[tokio::test]
async fn an_interval_that_the_cache_would_answer_is_refused_with_the_reason() {
    let schedules = MemorySchedules::default();
    let put = async |interval_minutes| {
        let plan = "orders";
        let schedule = Schedule {
            plan,
            interval_minutes,
        };
        schedules
            .put(&schedule)
            .await
            .map_err(|error| error.to_string())
    };

    assert_eq!(
        put(5).await.unwrap_err(),
        "an interval of 5 minutes is too short: DynamoDB answers from a cached table key until a caller has been idle for five minutes, so that a faster schedule would test the cache; choose 6 minutes or more"
    );
    assert!(put(0).await.is_err());
    assert_eq!(
        put(10_081).await.unwrap_err(),
        "an interval of 10081 minutes is too long: choose 10080 minutes (a week) or less"
    );
    assert_eq!(schedules.intervals(), [].into());
    put(6).await.unwrap();
    put(10_080).await.unwrap();
    assert_eq!(
        schedules.intervals(),
        [("orders".to_owned(), 10_080)].into()
    );
    schedules.delete("orders").await.unwrap();
    schedules.delete("orders").await.unwrap();
    assert_eq!(schedules.intervals(), [].into());
}

#[test]
fn names_keep_to_the_scheduler_s_letters_and_apart() {
    let names = [
        "orders",
        "Bestellungen für Köln",
        "Bestellungen fur Köln",
        "a-very-long-name-of-a-plan-that-goes-on-and-on-and-on-and-on-and-on",
        "a-very-long-name-of-a-plan-that-goes-on-and-on-and-on-and-on-and-off",
        "#",
    ]
    .map(schedule_name);

    assert_eq!(names.first().unwrap(), "orders-1c168adb00d2");
    let mut unique = names.to_vec();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
    for name in names {
        assert!((1..=64).contains(&name.len()), "{name}");
        assert!(
            name.chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter)),
            "{name}"
        );
    }
}
