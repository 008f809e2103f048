// SPDX-License-Identifier: Apache-2.0
//! Numbers: what is stored, what is refused, order and arithmetic.

use proptest::prelude::*;

use super::*;

fn number(text: &str) -> Number {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_number_comes_back_in_its_shortest_plain_form() {
    for (written, returned) in [
        ("1", "1"),
        ("1.0", "1"),
        ("+7", "7"),
        ("-0", "0"),
        ("0.000", "0"),
        ("0e999", "0"),
        ("007.50", "7.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-12.340", "-12.34"),
        ("1e3", "1000"),
        ("1E-5", "0.00001"),
        ("123456789e-4", "12345.6789"),
        (
            "99999999999999999999999999999999999999",
            "99999999999999999999999999999999999999",
        ),
    ] {
        assert_eq!(number(written).to_string(), returned, "{written}");
    }
    assert_eq!(number("1e125").to_string(), format!("1{}", "0".repeat(125)));
    assert_eq!(
        number("-1e-130").to_string(),
        format!("-0.{}1", "0".repeat(129))
    );
}

#[test]
fn what_is_no_storable_number_is_refused_in_the_words_of_aws() {
    for (written, refusal) in [
        ("", NumberError::Empty),
        ("x", NumberError::NotNumeric("x".into())),
        (".", NumberError::NotNumeric(".".into())),
        ("1e", NumberError::NotNumeric("1e".into())),
        ("1 ", NumberError::NotNumeric("1 ".into())),
        ("--1", NumberError::NotNumeric("--1".into())),
        ("NaN", NumberError::NotNumeric("NaN".into())),
        ("1e126", NumberError::Overflow),
        ("1e99999999999999999999", NumberError::Overflow),
        ("1e-131", NumberError::Underflow),
        (
            "100000000000000000000000000000000000001",
            NumberError::Precision,
        ),
    ] {
        assert_eq!(written.parse::<Number>(), Err(refusal), "{written}");
    }
}

#[test]
fn numbers_are_ordered_by_value() {
    let ascending = [
        "-1e125", "-100", "-99.1", "-2", "-1.5", "-1", "-0.1", "-1e-130", "0", "1e-130", "0.09",
        "0.1", "1", "1.5", "2", "10", "99.1", "100", "1e125",
    ]
    .map(number);
    assert!(ascending.is_sorted_by(|left, right| left < right));
}

#[test]
fn arithmetic_is_exact_or_refused() {
    for (left, right, sum, difference) in [
        ("0.1", "0.2", "0.3", "-0.1"),
        ("5", "5", "10", "0"),
        ("-5", "5", "0", "-10"),
        ("0", "-3", "-3", "3"),
        ("-3", "0", "-3", "-3"),
        ("999", "1", "1000", "998"),
        ("1e20", "1", "100000000000000000001", "99999999999999999999"),
    ] {
        assert_eq!(
            number(left).plus(number(right)),
            Ok(number(sum)),
            "{left} + {right}"
        );
        assert_eq!(
            number(left).minus(number(right)),
            Ok(number(difference)),
            "{left} - {right}"
        );
    }
    assert_eq!(
        number("1e38").minus(number("1")),
        Ok(number(&"9".repeat(38)))
    );
    assert_eq!(
        number("1e40").plus(number("1")),
        Err(NumberError::Precision)
    );
    assert_eq!(
        number("9e125").plus(number("9e125")),
        Err(NumberError::Overflow)
    );
}

proptest! {
    #[test]
    fn order_and_arithmetic_agree_with_integers(left in -1_000_000_000_i64..1_000_000_000, right in -1_000_000_000_i64..1_000_000_000) {
        let (a, b) = (number(&left.to_string()), number(&right.to_string()));
        prop_assert_eq!(a.cmp(&b), left.cmp(&right));
        prop_assert_eq!(a.plus(b).unwrap().to_string(), (left + right).to_string());
        prop_assert_eq!(a.minus(b).unwrap().to_string(), (left - right).to_string());
    }

    #[test]
    fn order_agrees_with_scaled_integers(left in -1_000_000_i64..1_000_000, right in -1_000_000_i64..1_000_000, places in 0_u32..6) {
        let text = |value: i64| format!("{value}e-{places}");
        prop_assert_eq!(number(&text(left)).cmp(&number(&text(right))), left.cmp(&right));
    }

    #[test]
    fn a_returned_number_reads_as_itself(coefficient in 0_u128..100_000_000_000_000_000_000_000_000_000_000_000_000, exponent in -120_i32..80) {
        let once = number(&format!("{coefficient}e{exponent}"));
        prop_assert_eq!(number(&once.to_string()), once);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*") {
        let _ = text.parse::<Number>();
    }
}
