// SPDX-License-Identifier: Apache-2.0
//! ARNs: fields, kinds, and what is refused.

use crate::{AccountId, Arn, ArnError, KeyArn, RoleArn, TableArn};

#[test]
fn an_arn_gives_its_fields_and_keeps_colons_of_the_resource() {
    let arn: Arn = "arn:aws-us-gov:logs:us-gov-west-1:111122223333:log-group:a:b"
        .parse()
        .unwrap();

    assert_eq!(
        (
            arn.partition(),
            arn.service(),
            arn.region(),
            arn.account(),
            arn.resource()
        ),
        (
            "aws-us-gov",
            "logs",
            "us-gov-west-1",
            "111122223333",
            "log-group:a:b"
        )
    );
}

#[test]
fn a_role_session_carries_the_role_name_without_its_path() {
    let role: RoleArn = "arn:aws:iam::111122223333:role/team/blue/reader"
        .parse()
        .unwrap();

    assert_eq!(
        (role.role_name(), role.path_and_name()),
        ("reader", "team/blue/reader")
    );
}

#[test]
fn other_resources_are_refused_by_kind() {
    assert!(
        "arn:aws:iam::111122223333:user/reader"
            .parse::<RoleArn>()
            .is_err()
    );
    assert!(
        "arn:aws:iam::111122223333:role/"
            .parse::<RoleArn>()
            .is_err()
    );
    assert!("arn:aws:iam::1111:role/reader".parse::<RoleArn>().is_err());
    assert!(
        "arn:aws:kms:us-east-1:111122223333:alias/orders"
            .parse::<KeyArn>()
            .is_err()
    );
    assert!("arn:aws:kms::111122223333:key/1".parse::<KeyArn>().is_err());
    assert!(
        "arn:aws:dynamodb:us-east-1:111122223333:table/t/index/i"
            .parse::<TableArn>()
            .is_err()
    );
}

#[test]
fn an_error_names_the_text_and_the_expected_shape() {
    let error = "orders".parse::<KeyArn>().unwrap_err();

    assert_eq!(
        error,
        ArnError::Malformed {
            text: "orders".to_owned()
        }
    );
    assert_eq!(
        error.to_string(),
        "`orders` is not an ARN; expected `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`"
    );
}

#[test]
fn an_account_id_is_twelve_digits_and_keeps_leading_zeros() {
    assert_eq!(
        "000011112222".parse::<AccountId>().unwrap().as_str(),
        "000011112222"
    );
    assert!("11112222333".parse::<AccountId>().is_err());
    assert!("١١١١٢٢٢٢٣٣٣٣".parse::<AccountId>().is_err());
}

#[test]
fn errors_quote_their_input_visibly() {
    let hostile = "\u{1b}[2J\u{202e}orders\u{7}\n";
    let shown = "\\u{1b}[2J\\u{202e}orders\\u{7}\\n";
    let errors = [
        hostile.parse::<KeyArn>().unwrap_err(),
        format!(
            "arn:aws:kms:us-east-1:111122223333:key/{}",
            hostile.trim_end()
        )
        .parse::<RoleArn>()
        .unwrap_err(),
        hostile.parse::<AccountId>().unwrap_err(),
    ];
    for error in errors {
        let told = error.to_string();
        assert!(!told.contains(crate::is_invisible), "{told:?}");
        assert!(told.contains(shown.trim_end_matches("\\n")), "{told}");
    }
}

#[test]
fn a_text_is_shortened_by_characters_and_shows_that_it_was() {
    let of = |text: &str| crate::shortened(text.to_owned(), 3);

    assert_eq!([of(""), of("äöü"), of("äöüß")], ["", "äöü", "äöü…"]);
}
